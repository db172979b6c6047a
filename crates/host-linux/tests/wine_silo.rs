//! Windows programs in a real silo: streams, exit codes, refusals, control events, lists, the end.

mod windows;

use hcs_guest_protocol::{Console, ControlEvent, CreateProcess};
use hcs_silo::protocol::{ExitKind, Reply, Request, Signal};
use windows::{Place, System, Terminal, images, line, probe};

const CONTROL_C_EXIT: u32 = 0xc000_013a;

#[test]
fn output_and_exit_code_come_back_whole() {
    let system = System::new();
    let ran = system.run("cmd /c echo hello");
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str(), ran.code), ("hello\n", "", 0));
    for code in [0u32, 3010, 0xc000_0135, 0x1234_5678, 0x8000_0003, u32::MAX] {
        assert_eq!(system.run(&format!(r"C:\probe\probe.exe exit {code}")).code, code);
    }
    let ran = system.run(r"C:\probe\probe both");
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("to stdout\n", "to stderr\n"));
}

#[test]
fn bytes_pass_unchanged_through_standard_input_and_output() {
    let system = System::new();
    // Every byte value, and no period that fits a buffer.
    let input: Vec<u8> = (0..1u32 << 20).map(|i| (i ^ (i >> 7)).to_le_bytes()[0]).collect();
    let running = system.spawn(line(r"C:\probe\probe.exe cat")).unwrap();
    let (ran, output) = running.finish(input.clone());
    assert_eq!(ran.code, 0);
    assert!(output == input, "{} bytes came back", output.len());
}

#[test]
fn a_program_gets_its_environment_folder_and_arguments() {
    let system = System::new();
    let program = CreateProcess {
        working_directory: Some(r"C:\windows\temp".into()),
        environment: vec![("GREETING".into(), "grüß dich".into()), ("path".into(), r"C:\probe".into())],
        ..line("cmd /u /c cd & echo %GREETING%& probe exit 5")
    };
    let (ran, bytes) = system.spawn(program).unwrap().finish(Vec::new());
    let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
    assert_eq!(String::from_utf16(&units).unwrap(), "C:\\windows\\temp\r\ngrüß dich\r\n");
    assert_eq!(ran.code, 5);
    let variables = system.run("cmd /c set").stdout;
    for hidden in ["HCS_", "WINEPREFIX", "WINEDEBUG"] {
        assert!(!variables.contains(hidden), "{variables}");
    }
    for line in [
        r"USERNAME=ContainerAdministrator",
        r"USERPROFILE=C:\users\ContainerAdministrator",
        r"TEMP=C:\users\ContainerAdministrator\AppData\Local\Temp",
        "COMPUTERNAME=CONTAINER",
    ] {
        assert!(variables.lines().any(|have| have == line), "{line} in {variables}");
    }
}

#[test]
fn what_cannot_start_is_refused_with_windows_own_code() {
    let system = System::new();
    let folder = tempfile::tempdir_in(probe()).unwrap();
    let inside =
        |name: &str| format!(r"C:\probe\{}\{name}", folder.path().file_name().unwrap().to_str().unwrap());
    let mut i386 = vec![0; 0x100];
    i386[..2].copy_from_slice(b"MZ");
    i386[0x3c] = 0x80;
    i386[0x80..0x86].copy_from_slice(b"PE\0\0\x4c\x01");
    fs_err::write(folder.path().join("old.exe"), i386).unwrap();
    fs_err::write(folder.path().join("text.exe"), "no program").unwrap();
    let check = |command: &str, code: u32, words: &str| {
        let (call, got) = system.refusal(line(command));
        assert_eq!(got, code, "{command}: {call}");
        assert!(call.contains(words), "{command}: {call}");
    };
    check("nosuchprogram a b", 2, "nosuchprogram");
    check(r"C:\nosuchfolder\x.exe", 3, "nosuchfolder");
    check(&inside("text.exe"), 193, "no Windows program");
    check(&inside("old.exe"), 216, "0x014c");
    check("tasklist /v", 120, "pretends");
    check("powershell -Command 1", 120, "pretends");
    let application = CreateProcess { application: Some("probe".into()), ..CreateProcess::default() };
    assert_eq!(system.refusal(application).1, 2, "an application is neither searched nor completed");

    // The image's own program of a pretended one's name runs.
    fs_err::copy(probe().join("probe.exe"), folder.path().join("tasklist.exe")).unwrap();
    assert_eq!(system.run(&format!("{} exit 6", inside("tasklist.exe"))).code, 6);
    // Nor does a shell find the pretended one.
    let ran = system.run("cmd /c tasklist");
    assert!(ran.code != 0 && ran.stderr.contains("tasklist"), "{ran:?}");
}

#[test]
fn a_crash_and_a_missing_dll_end_with_their_status() {
    let system = System::new();
    let started = std::time::Instant::now();
    assert_eq!(system.run(r"C:\probe\probe.exe crash").code, 0xc000_0005);
    assert!(started.elapsed().as_secs() < 10, "no debugger holds it up");
    assert_eq!(system.run(r"C:\probe\needy.exe").code, 0xc000_0135);
}

#[test]
fn terminating_takes_the_whole_tree() {
    let system = System::new();
    let mut tree = system.spawn(line(r"C:\probe\probe.exe tree")).unwrap();
    assert_eq!(tree.line(), "ready");
    assert_eq!(images(&system), ["probe.exe", "probe.exe"]);
    system.ask(Request::Kill { process: tree.process }).unwrap();
    tree.exit_code();
    assert!(images(&system).is_empty());
}

#[test]
fn the_list_has_the_users_programs_by_name_and_pid() {
    let system = System::new();
    assert!(images(&system).is_empty());
    let mut sleeping = system.spawn(line(r"C:\probe\probe.exe sleep")).unwrap();
    assert_eq!(sleeping.line(), "ready");
    let Reply::Processes(rows) = system.ask(Request::Processes).unwrap() else { panic!("no list") };
    assert_eq!(rows.len(), 1);
    assert_eq!((rows[0].pid, rows[0].image.as_str()), (sleeping.pid, "probe.exe"));
    // One whose parent has ended stays in the list, and its tree's end is not the parent's.
    assert_eq!(system.spawn(line(r"C:\probe\probe.exe orphan")).unwrap().exit_code(), 0);
    assert_eq!(images(&system), ["probe.exe", "probe.exe"]);
}

#[test]
fn control_events_reach_programs_without_a_console() {
    let system = System::new();
    let sent = |mode: &str, event: ControlEvent| {
        let mut running = system.spawn(line(&format!(r"C:\probe\probe.exe {mode}"))).unwrap();
        assert_eq!(running.line(), "ready");
        let signal = Request::Signal { process: running.process, signal: Signal::Windows(event) };
        system.ask(signal).unwrap();
        let (ran, _) = running.finish(Vec::new());
        (ran.stdout, ran.code)
    };
    assert_eq!(sent("sleep", ControlEvent::CtrlC), (String::new(), CONTROL_C_EXIT));
    assert_eq!(sent("sleep", ControlEvent::CtrlShutdown), (String::new(), CONTROL_C_EXIT));
    for (event, number) in [
        (ControlEvent::CtrlC, 0),
        (ControlEvent::CtrlBreak, 1),
        (ControlEvent::CtrlClose, 2),
        (ControlEvent::CtrlLogoff, 5),
        (ControlEvent::CtrlShutdown, 6),
    ] {
        // Its own handler decides, and exit code 0 stays 0.
        assert_eq!(sent("handle", event), (format!("event {number}\n"), 0));
    }
    // A shell hands the event on to what it runs.
    let mut shell = system.spawn(line(r"cmd /c C:\probe\probe.exe handle")).unwrap();
    assert_eq!(shell.line(), "ready");
    let signal = Request::Signal { process: shell.process, signal: Signal::Windows(ControlEvent::CtrlBreak) };
    system.ask(signal).unwrap();
    assert_eq!(shell.line(), "event 1");
}

#[test]
fn a_graceful_end_asks_programs_and_keeps_the_registry() {
    let place = Place::new();
    let system = System::start(place.lasting_spec("a"));
    assert_eq!(system.run(r"reg add HKLM\Software\Kept /v machine /d yes").code, 0);
    assert_eq!(system.run(r"reg add HKCU\Software\Kept /v user /d yes").code, 0);
    let mut handling = system.spawn(line(r"C:\probe\probe.exe handle")).unwrap();
    let mut sleeping = system.spawn(line(r"C:\probe\probe.exe sleep")).unwrap();
    assert_eq!((handling.line(), sleeping.line()), ("ready".into(), "ready".into()));
    system.ask(Request::Shutdown).unwrap();
    assert_eq!(system.exited().kind, ExitKind::Graceful);
    assert_eq!(handling.line(), "event 6");
    assert_eq!((handling.exit_code(), sleeping.exit_code()), (0, CONTROL_C_EXIT));
    drop((handling, sleeping));
    drop(system);

    let system = System::start(place.lasting_spec("a"));
    assert!(system.run(r"reg query HKLM\Software\Kept").stdout.contains("yes"));
    assert!(system.run(r"reg query HKCU\Software\Kept").stdout.contains("yes"));
    let volatile =
        system.run(r"reg query HKLM\System\CurrentControlSet\Control\ComputerName\ActiveComputerName");
    assert!(volatile.stdout.contains("CONTAINER"), "{volatile:?}");
}

#[test]
fn a_console_has_the_terminals_size_and_follows_it() {
    let system = System::new();
    let size = Some(Console { columns: 91, rows: 33 });
    let running = system.spawn_on(line(r"C:\probe\probe.exe console"), size).unwrap();
    let mut terminal = Terminal::new(&running);
    terminal.until("ready");
    terminal.send("\r");
    terminal.until("size 91x33");
    let console = Console { columns: 132, rows: 40 };
    system.ask(Request::Resize { process: running.process, console }).unwrap();
    terminal.send("\r");
    terminal.until("size 132x40");
    assert!(images(&system) == ["probe.exe"], "neither the launcher nor the console's host is the user's");
    terminal.send("\x03");
    assert_eq!(running.exit_code(), CONTROL_C_EXIT);
    assert!(!terminal.seen().contains("Wine"), "Wine itself has nothing to say there: {:?}", terminal.seen());

    // One with a handler of its own is told, and its exit code stays.
    let running = system.spawn_on(line(r"C:\probe\probe.exe handle"), size).unwrap();
    let mut terminal = Terminal::new(&running);
    terminal.until("ready");
    terminal.send("\x03");
    terminal.until("event 0");
    assert_eq!(running.exit_code(), 0);
}
