//! Bytes from inside a container: the agent's frames, init's packets, `/proc`, user databases, output.

use std::cell::RefCell;
use std::fmt::Debug;

use hcs_guest_protocol::{Decoder, FromAgent, ToAgent};
use hcs_silo::fuzzing::{self, Wire};
use hcsshim::linux::LogStream;
use hcsshim::linux::fuzzing::log_line;

use crate::parts;

/// `a` for messages to the agent, anything else for its answers; how long each piece is; then the stream: the
/// messages are the same however it is cut.
///
/// # Panics
/// When they are not.
pub fn guest_frames(bytes: &[u8]) {
    let [kind, step, stream @ ..] = bytes else { return };
    let step = usize::from(*step).max(1);
    let read = if *kind == b'a' { frames::<ToAgent> } else { frames::<FromAgent> };
    assert_eq!(read(stream, step), read(stream, stream.len().max(1)));
}

/// Messages and, at the end, whether the stream is out of step.
fn frames<T: serde::de::DeserializeOwned + Debug>(stream: &[u8], step: usize) -> (Vec<String>, bool) {
    let mut decoder = Decoder::default();
    let mut messages = Vec::new();
    for piece in stream.chunks(step) {
        decoder.push(piece);
        loop {
            match decoder.next_message::<T>() {
                Ok(Some(message)) => messages.push(format!("{message:?}")),
                Ok(None) => break,
                Err(_) => return (messages, true),
            }
        }
    }
    (messages, false)
}

thread_local! {
    /// One for all inputs: an input that puts it out of step is an error itself.
    static WIRE: RefCell<Wire> = RefCell::new(Wire::new());
}

/// The kind of a message, then a packet with it: what is decoded is the same when it is sent on.
///
/// # Panics
/// When it is not, or the socket is out of step.
pub fn silo_wire(bytes: &[u8]) {
    let [kind, packet @ ..] = bytes else { return };
    // What is longer than the receiver's buffer is tested with real containers.
    let packet = &packet[..packet.len().min(64 << 10)];
    if let Some((first, second)) = WIRE.with_borrow_mut(|wire| wire.packet(*kind, packet)) {
        assert_eq!(first, second);
    }
}

/// `stat` and, behind a NUL, `status` of a process: no name that a terminal would act upon.
///
/// # Panics
/// When there is one.
pub fn proc_files(bytes: &[u8]) {
    let at = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    let (stat, status) = bytes.split_at(at);
    let (name, _) = fuzzing::process(stat, status.get(1..).unwrap_or_default());
    assert!(name.as_ref().is_none_or(|name| !name.contains(char::is_control)), "{name:?}");
}

/// A user, `/etc/passwd` and `/etc/group`, NULs between: a number means that number.
///
/// # Panics
/// When it means another one.
pub fn users(bytes: &[u8]) {
    let [text, passwd, group] = parts(bytes, '\0');
    let found = fuzzing::user(&text, &passwd, &group);
    let (user, in_group) = text.split_once(':').map_or((text.as_str(), None), |(u, g)| (u, Some(g)));
    if let (Some((uid, gid, _)), Ok(number)) = (&found, user.parse::<u32>()) {
        assert_eq!(*uid, number);
        if let Some(Ok(number)) = in_group.map(str::parse::<u32>) {
            assert_eq!(*gid, number);
        }
    }
}

/// What a process wrote comes out of the log as it was. The first byte says the stream and whether the line has ended.
///
/// # Panics
/// When it does not.
pub fn log_lines(bytes: &[u8]) {
    let _ = log_line(bytes);
    let [kind, line @ ..] = bytes else { return };
    let line: Vec<u8> = line.iter().copied().filter(|byte| *byte != b'\n').collect();
    let (stream, whole) = (1 + kind % 2, kind & 2 != 0);
    let written = fuzzing::log_lines(stream, &line, whole);
    let mut text = Vec::new();
    let mut ended = false;
    for part in written.split_inclusive(|byte| *byte == b'\n') {
        assert!(!ended, "a line goes on behind its end");
        let part = part.strip_suffix(b"\n").and_then(log_line).expect("our own format");
        assert_eq!(part.stream, if stream == 2 { LogStream::Stderr } else { LogStream::Stdout });
        text.extend(part.text);
        ended = part.whole;
    }
    assert_eq!((text, ended), (line, whole));
}
