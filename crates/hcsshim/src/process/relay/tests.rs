//! Over plain pipes: which bytes have passed when a wait returns, and who learns of an end.

use std::os::fd::OwnedFd;
use std::sync::mpsc;
use std::time::Duration;

use super::*;

impl ready::Sink for Stream {
    fn descriptor(&self) -> Option<std::os::fd::BorrowedFd<'_>> {
        self.as_fd()
    }
}

const SOON: Duration = Duration::from_millis(50);

fn stream(end: impl Into<OwnedFd>) -> Stream {
    Stream::from(end.into())
}

#[test]
fn all_that_was_written_before_the_end_is_there_although_the_pipe_stays_open() {
    let relay = Relay::new().unwrap();
    let (from, mut process) = io::pipe().unwrap();
    let (mut ours, to) = io::pipe().unwrap();
    relay.output(stream(from), stream(to), || panic!("nothing breaks here")).unwrap();
    // More than our pipe and the relay hold: it is behind when the process ends.
    let sent: Vec<u8> = (0..u32::try_from(5 * CHUNK / 8).unwrap()).flat_map(u32::to_le_bytes).collect();
    process.write_all(&sent).unwrap();
    assert!(!relay.finish(Deadline::now()), "nobody has read it yet");
    let mut received = vec![0; sent.len()];
    ours.read_exact(&mut received).unwrap();
    assert!(received == sent);
    assert!(relay.finish(Deadline::Never));
    assert!(relay.finish(Deadline::now()), "once is enough");
    // What a process that it left behind writes later.
    process.write_all(b"later").unwrap();
    drop(process);
    let mut later = String::new();
    ours.read_to_string(&mut later).unwrap();
    assert_eq!(later, "later");
}

#[test]
fn a_reader_of_ours_that_is_gone_is_told_and_nobody_waits_for_it() {
    let relay = Relay::new().unwrap();
    let (from, mut process) = io::pipe().unwrap();
    let (ours, to) = io::pipe().unwrap();
    drop(ours);
    let (broken_in, broken) = mpsc::channel();
    relay.output(stream(from), stream(to), move || broken_in.send(()).unwrap()).unwrap();
    process.write_all(b"x").unwrap();
    broken.recv().unwrap();
    assert!(relay.finish(Deadline::Never));
    // The process's stream is gone too.
    assert_eq!(process.write_all(b"x").unwrap_err().kind(), ErrorKind::BrokenPipe);
}

#[test]
fn a_remote_stream_has_caught_up_at_its_end() {
    let relay = Relay::new().unwrap();
    let (mut ours, to) = io::pipe().unwrap();
    relay.output(Stream::remote(io::Cursor::new(b"far".to_vec())), stream(to), || {}).unwrap();
    assert!(relay.finish(Deadline::Never));
    let mut text = String::new();
    ours.read_to_string(&mut text).unwrap();
    assert_eq!(text, "far");
}

#[test]
fn two_outputs_are_waited_for() {
    let relay = Relay::new().unwrap();
    let (from, process) = io::pipe().unwrap();
    let (mut ours, to) = io::pipe().unwrap();
    relay.output(stream(from), stream(to.try_clone().unwrap()), || {}).unwrap();
    // This one reads nothing and never ends, as long as its reader lives.
    let (silent, mut full) = io::pipe().unwrap();
    let (blocked, narrow) = io::pipe().unwrap();
    relay.output(stream(silent), stream(narrow), || {}).unwrap();
    full.write_all(&vec![0; 3 * CHUNK / 2]).unwrap();
    assert!(!relay.finish(Deadline::after(SOON)));
    drop((blocked, process));
    assert!(relay.finish(Deadline::Never));
    drop(to);
    assert_eq!(ours.read(&mut [0]).unwrap(), 0);
}

#[test]
fn input_passes_with_its_end() {
    let (from, mut user) = io::pipe().unwrap();
    let (mut process, to) = io::pipe().unwrap();
    user.write_all(b"typed").unwrap();
    drop(user);
    let mut to = stream(to);
    carry_input(&mut stream(from), &mut to).unwrap();
    drop(to);
    let mut text = String::new();
    process.read_to_string(&mut text).unwrap();
    assert_eq!(text, "typed");
}

#[test]
fn when_the_process_is_gone_our_input_is_left_alone() {
    let (from, mut user) = io::pipe().unwrap();
    let mut rest = from.try_clone().unwrap();
    let (process, to) = io::pipe().unwrap();
    let relay = thread::spawn(move || carry_input(&mut stream(from), &mut stream(to)));
    drop(process);
    relay.join().unwrap().unwrap();
    user.write_all(b"for the next").unwrap();
    drop(user);
    let mut text = String::new();
    rest.read_to_string(&mut text).unwrap();
    assert_eq!(text, "for the next");
}
