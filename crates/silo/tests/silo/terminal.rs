//! Processes with a terminal, and the log of detached ones.

use crate::support::{Place, System, linux};
use hcs_guest_protocol::Console;
use hcs_silo::protocol::{Reply, Request, Stream, User};
use hcs_silo::spec::Log;

/// Reads the terminal until the text has come.
pub(crate) fn read_until(master: &std::os::fd::OwnedFd, wanted: &str) -> String {
    let mut text = Vec::new();
    let mut buffer = [0; 4096];
    while !String::from_utf8_lossy(&text).contains(wanted) {
        let mut fds = [rustix::event::PollFd::new(master, rustix::event::PollFlags::IN)];
        let limit = rustix::event::Timespec { tv_sec: 60, tv_nsec: 0 };
        assert_eq!(rustix::event::poll(&mut fds, Some(&limit)).unwrap(), 1, "only came: {text:?}");
        // A terminal whose program has ended reads as an error.
        let Ok(count) = rustix::io::read(master, &mut buffer) else { break };
        text.extend_from_slice(&buffer[..count]);
    }
    String::from_utf8_lossy(&text).into_owned()
}

#[test]
fn a_terminal_has_a_size_takes_keys_and_can_be_resized() {
    let place = Place::new();
    for spec in [place.spec("a"), place.mapped_spec("b")] {
        let system = System::started(&spec);
        let mut process = linux(&["/bin/sh"], User::default(), [Stream::Null; 3]);
        process.console = Some(Console { columns: 81, rows: 25 });
        let (reply, fds) = system.ask_with(Request::CreateProcess(process), &[]).unwrap();
        let Reply::Process { process, pipes, .. } = reply else { panic!("{reply:?}") };
        assert_eq!(pipes, [true, false, false]);
        let master = &fds[0];
        rustix::io::write(master, b"tty; stty size\n").unwrap();
        let text = read_until(master, "25 81");
        assert!(text.contains("/dev/pts/0"), "{text}");
        system.ask(Request::Resize { process, console: Console { columns: 132, rows: 40 } }).unwrap();
        rustix::io::write(master, b"stty size\n").unwrap();
        read_until(master, "40 132");
        // Once cat has answered it runs for sure: a shell on its way to a program may lose the key.
        rustix::io::write(master, b"echo u''p; cat\n").unwrap();
        read_until(master, "up\r\n");
        rustix::io::write(master, b"line\n").unwrap();
        read_until(master, "line\r\nline\r\n");
        // Ctrl-C ends the program in the foreground, not the shell.
        rustix::io::write(master, b"\x03").unwrap();
        read_until(master, "# ");
        rustix::io::write(master, b"exit 9\n").unwrap();
        assert_eq!(system.exit_of(process).code, 9);
        system.end();
    }
}

#[test]
fn output_of_a_detached_process_is_logged_with_times_and_rotated() {
    let place = Place::new();
    let mut spec = place.spec("c");
    let path = place.path("log");
    spec.log = Some(Log { path: path.clone(), limit: 100_000 });
    let system = System::started(&spec);
    let script = "echo one; echo two >&2; printf three; seq 1 20000";
    let process =
        linux(&["/bin/sh", "-c", script], User::default(), [Stream::Null, Stream::Log, Stream::Log]);
    let Reply::Process { process, .. } = system.ask(Request::CreateProcess(process)).unwrap() else {
        panic!()
    };
    assert_eq!(system.exit_of(process).code, 0);
    system.end();
    let newest = fs_err::read_to_string(&path).unwrap();
    let older = fs_err::read_to_string(place.path("log.1")).unwrap();
    assert!(newest.len() <= 100_000 + 64_000 && older.len() <= 100_000 + 64_000);
    assert!(newest.ends_with(" stdout F 20000\n"), "{:?}", newest.lines().last());
    for line in newest.lines() {
        let fields: Vec<&str> = line.splitn(4, ' ').collect();
        assert!(fields[0].ends_with('Z') && fields[0].len() == 30, "{line}");
        assert!(matches!(fields[1], "stdout" | "stderr") && matches!(fields[2], "F" | "P"), "{line}");
    }
}
