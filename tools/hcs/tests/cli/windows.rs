//! Windows programs, on Wine. Needs Wine, and the compiler that `./x` installs for the agent.

use std::path::PathBuf;
use std::sync::OnceLock;

use super::running::{Output, Running, finish, program};
use super::support::Engine;

/// `hcs run --rm -- cmd /c LINE` with further options.
fn cmd(engine: &Engine, options: &[&str], line: &str) -> Output {
    engine.hcs(&[&["run", "--rm"], options, &["--", "cmd", "/c", line]].concat())
}

/// The folder of the programs of `guest/`, compiled once.
fn programs() -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT
        .get_or_init(|| {
            let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("windows-programs");
            fs_err::create_dir_all(&folder).unwrap();
            for name in ["cat", "events", "size"] {
                let mut compiler = program("x86_64-w64-mingw32-gcc");
                compiler
                    .args(["-O1", "-s", "-o"])
                    .arg(folder.join(format!("{name}.exe")))
                    .arg(format!("{}/tests/cli/guest/{name}.c", env!("CARGO_MANIFEST_DIR")));
                let compiling = Running::try_start(&mut compiler)
                    .expect("the compiler is missing: apt-get install gcc-mingw-w64-x86-64-win32");
                compiling.finish().ok();
            }
            folder
        })
        .clone()
}

#[test]
fn a_code_over_8_bits_is_printed_in_full_and_ends_with_255() {
    let engine = Engine::shared();
    let output = cmd(&engine, &[], "echo hello& exit 3010");
    assert_eq!((output.code, &*output.stdout), (255, "hello\r\n"), "{output:?}");
    assert_eq!(output.stderr, "hcs: the program ended with exit code 3010 (0x00000BC2)\n");
    let output = cmd(&engine, &["--format", "json"], "exit 3010");
    assert_eq!((output.code, &*output.stderr), (255, "{\"ExitCode\":3010}\n"));
    let output = cmd(&engine, &[], "exit 7");
    assert_eq!((output.code, &*output.stdout, &*output.stderr), (7, "", ""));
    let output = cmd(&engine, &[], "exit -1073741515");
    assert_eq!(output.stderr, "hcs: the program ended with exit code 3221225781 (0xC0000135)\n");
}

#[test]
fn output_and_errors_stay_apart_and_the_options_are_seen_inside() {
    let engine = Engine::shared();
    let output = cmd(&engine, &[], "echo out& echo err>&2");
    assert_eq!((output.code, &*output.stdout, &*output.stderr), (0, "out\r\n", "err\r\n"));
    let options = ["-e", "A=b c", "--hostname", "BOX", "--os-version", "10.0.20348", "-w", r"C:\windows"];
    let text = cmd(&engine, &options, "echo %A%& echo %COMPUTERNAME%& cd& ver").ok();
    assert_eq!(text, "b c\r\nBOX\r\nC:\\windows\r\n\r\nMicrosoft Windows 10.0.20348\r\n");
}

#[test]
fn sixty_four_mebibytes_pass_through_unchanged() {
    let engine = Engine::shared();
    let mut seed = 0x9E37_79B9_7F4A_7C15_u64;
    let bytes: Vec<u8> = std::iter::repeat_with(|| {
        // xorshift: every byte value in every order, and the same on every run.
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed.to_le_bytes()
    })
    .take(8 << 20)
    .flatten()
    .collect();
    let (input, output) = (engine.path("in"), engine.path("out"));
    fs_err::write(&input, &bytes).unwrap();
    let volume = format!(r"{}:C:\t:ro", programs().display());
    let mut cat = engine.command(&["run", "--rm", "-i", "-v", &volume, "--", r"C:\t\cat.exe"]);
    cat.stdin(std::fs::File::from(fs_err::File::open(&input).unwrap()));
    cat.stdout(std::fs::File::from(fs_err::File::create(&output).unwrap()));
    let result = finish(&mut cat);
    assert_eq!((result.code, &*result.stderr), (0, "67108864 bytes"));
    assert!(fs_err::read(&output).unwrap() == bytes);
}

#[test]
fn the_making_of_the_first_base_is_watched_and_ends_with_the_command() {
    let engine = Engine::new();
    let path = engine.path("document.json");
    for document in [r#"{"SystemType":"Container"}"#, r#"{"Container":{}}"#] {
        fs_err::write(&path, document).unwrap();
        let mut create = engine.start(&["create", "--config", path.to_str().unwrap()]);
        create.read_error_until("hcs: Wine base: copying Wine\n");
        // Before Wine itself runs, which would take seconds.
        create.signal(rustix::process::Signal::TERM);
        assert_eq!(create.finish().code, 128 + 15);
        engine.hcs(&["gc"]).ok();
        engine.assert_empty();
    }
}

#[test]
fn programs_that_are_not_there_or_cannot_run_have_codes_of_their_own() {
    let engine = Engine::shared();
    let name = engine.name("windows-missing");
    let missing = engine.hcs(&["run", "--name", &name, "--", "nothing.exe"]).failed(127);
    assert!(missing.contains("nothing.exe") && missing.contains("ERROR_FILE_NOT_FOUND"), "{missing}");
    assert!(!engine.hcs(&["ls", "-aq"]).ok().contains(&name));
    let volume = format!(r"{}:C:\t:ro", engine.path("bad").display());
    fs_err::create_dir(engine.path("bad")).unwrap();
    fs_err::write(engine.path("bad/bad.exe"), "MZ is not enough").unwrap();
    engine.hcs(&["run", "--rm", "-v", &volume, "--", r"C:\t\bad.exe"]).failed(126);
}

#[test]
fn a_detached_program_is_listed_logged_and_joined_by_others() {
    let engine = Engine::shared();
    let name = engine.name("windows-detached");
    let line = "echo bad>&2& echo logged& ping -n 1000 127.0.0.1 >nul";
    assert_eq!(
        engine.hcs(&["run", "-d", "--name", &name, "--", "cmd", "/c", line]).ok(),
        format!("{name}\n")
    );
    let mut log = engine.start(&["logs", "--follow", &name]);
    log.read_until("logged\r\n");
    let second = engine.hcs(&["exec", &name, "--", "cmd", "/c", "echo second& exit 77"]);
    assert_eq!((second.code, &*second.stdout), (77, "second\r\n"), "{second:?}");
    let pid = engine.hcs(&["exec", "-d", &name, "--", "ping", "-n", "1000", "127.0.0.1"]).ok();
    let rows = engine.hcs(&["ps", "--format", "json", &name]).json();
    let images: Vec<_> =
        rows.as_array().unwrap().iter().map(|row| row["ImageName"].as_str().unwrap_or_default()).collect();
    assert!(images.contains(&"cmd.exe") && images.contains(&"ping.exe"), "{images:?}");
    assert!(
        rows.as_array().unwrap().iter().any(|row| row["ProcessId"].as_u64() == pid.trim().parse().ok()),
        "{pid} {rows}"
    );
    assert!(rows.as_array().unwrap().iter().all(|row| row["ProcessId"].as_u64().unwrap() % 4 == 0), "{rows}");
    assert_eq!(engine.hcs(&["inspect", &name]).json()[0]["Guest"], "Windows");
    assert_eq!(engine.hcs(&["stop", &name]).ok(), format!("{name}\n"));
    assert_eq!(log.finish().code, 0);
    let logs = engine.hcs(&["logs", &name]);
    // Behind it stands what the other detached program printed.
    assert!(logs.stdout.starts_with("logged\r\n") && logs.stderr == "bad\r\n", "{logs:?}");
    engine.hcs(&["rm", &name]).ok();
}

#[test]
fn signals_are_control_events_for_windows_programs() {
    use rustix::process::Signal;
    let engine = Engine::shared();
    let volume = format!(r"{}:C:\t:ro", programs().display());
    // The numbers that Windows gives its events.
    for (signal, event) in [(Signal::INT, 0), (Signal::QUIT, 1), (Signal::HUP, 2), (Signal::TERM, 6)] {
        let mut run = engine.start(&["run", "--rm", "-v", &volume, "--", r"C:\t\events.exe"]);
        run.read_until("ready\n");
        run.signal(signal);
        let output = run.finish();
        assert_eq!((output.code, output.stdout), (20 + event, format!("event {event}\n")), "{signal:?}");
    }
}

#[test]
fn a_windows_program_has_a_console_of_the_terminals_size() {
    let engine = Engine::shared();
    let volume = format!(r"{}:C:\t:ro", programs().display());
    let cmd = ["run", "--rm", "-it", "-v", &volume, "--", "cmd"];
    let mut terminal = super::terminal::Terminal::new(&engine, &cmd, "");
    terminal.screen(">");
    terminal.keys("echo con^sole\r");
    terminal.screen("console");
    for (columns, rows) in [(80, 24), (132, 43)] {
        terminal.resize(columns, rows);
        terminal.keys(&format!("C:\\t\\size.exe {columns} {rows}\r"));
        terminal.screen(&format!("now {columns}x{rows}"));
    }
    terminal.keys("exit 5\r");
    assert_eq!(terminal.end().0, 5);
}
