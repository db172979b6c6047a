//! Moving bytes between our standard streams and a process's pipes, as they are.
//!
//! Not by `std::io::copy`, which calls splice(2): that takes a file's position when it begins to wait for bytes, and
//! sets it from there afterwards. Of two streams on their way to one file (`>log 2>&1`), or beside whoever else writes
//! to it, one overwrites the other.

use std::fs::File;
use std::io::{self, Read, Write};
#[cfg(unix)]
use std::os::fd::AsFd;
#[cfg(windows)]
use std::os::windows::io::AsHandle;
use std::thread::{self, JoinHandle};

use hcsshim::{Process, Stdin, Stream};

use crate::control::thread as thread_failed;
use crate::failure::Failure;

/// A stream of a process on its way to one of ours.
#[derive(Debug)]
#[must_use = "output is complete only after finish"]
pub(crate) struct Output(JoinHandle<io::Result<()>>);

/// Passes our standard input on, and then its end. Nobody waits for the thread: it may hang in a read when the
/// process has ended, and goes with this process.
pub(crate) fn input(stdin: Stdin, process: Process, tty: bool) -> Result<(), Failure> {
    let mut from = own(&io::stdin(), "duplicate standard input")?;
    let mut to = stdin.into_stream();
    thread::Builder::new()
        .name("hcs-stdin".into())
        .spawn(move || {
            // However it ended, on our side or theirs, nothing more will come.
            let _ = copy(&mut from, &mut to);
            if !tty {
                drop(to);
                let _ = process.close_stdin();
            }
        })
        .map(drop)
        .map_err(thread_failed("start the thread for standard input"))
}

/// Passes a stream of the process to ours.
pub(crate) fn output(stream: Stream, to: File) -> Result<Output, Failure> {
    let (mut from, mut to) = (stream, to);
    thread::Builder::new()
        .name("hcs-output".into())
        .spawn(move || match copy(&mut from, &mut to) {
            // Nobody reads ours; the process will notice, since its pipe goes too.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe || is_gone(&error) => Ok(()),
            result => result,
        })
        .map(Output)
        .map_err(thread_failed("start the thread for output"))
}

/// Standard output, for [`output`].
pub(crate) fn standard_output() -> Result<File, Failure> {
    own(&io::stdout(), "duplicate standard output")
}

/// Standard error, for [`output`].
pub(crate) fn standard_error() -> Result<File, Failure> {
    own(&io::stderr(), "duplicate standard error")
}

/// The other side of a terminal is gone, which is its end of file.
#[cfg(unix)]
fn is_gone(error: &io::Error) -> bool {
    error.raw_os_error() == Some(rustix::io::Errno::IO.raw_os_error())
}

/// A console that is gone ends this process.
#[cfg(windows)]
fn is_gone(_: &io::Error) -> bool {
    false
}

impl Output {
    /// Waits until the stream has ended and all of it is written.
    pub(crate) fn finish(self) -> Result<(), Failure> {
        match self.0.join() {
            Ok(result) => result.map_err(Failure::Output),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }
}

fn copy(from: &mut impl Read, to: &mut impl Write) -> io::Result<()> {
    let mut buffer = vec![0; 1 << 16]; // as much as a pipe holds
    loop {
        match from.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(count) => to.write_all(&buffer[..count])?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(unix)]
fn own(stream: &impl AsFd, step: &'static str) -> Result<File, Failure> {
    let copy = stream.as_fd().try_clone_to_owned();
    copy.map(File::from).map_err(|source| Failure::System { step, source })
}

#[cfg(windows)]
fn own(stream: &impl AsHandle, step: &'static str) -> Result<File, Failure> {
    let copy = stream.as_handle().try_clone_to_owned();
    copy.map(File::from).map_err(|source| Failure::System { step, source })
}

#[cfg(test)]
mod tests {
    use std::os::fd::OwnedFd;

    use super::*;

    #[test]
    fn bytes_pass_unchanged_and_a_closed_reader_is_no_failure() {
        let bytes: Vec<u8> = (0..1_000_000_u32).flat_map(u32::to_le_bytes).collect();
        let (from, mut source) = io::pipe().unwrap();
        let (mut sink, to) = io::pipe().unwrap();
        let pump = output(Stream::from(OwnedFd::from(from)), OwnedFd::from(to).into()).unwrap();
        let sent = bytes.clone();
        let writer = thread::spawn(move || source.write_all(&sent));
        let mut received = Vec::new();
        sink.read_to_end(&mut received).unwrap();
        writer.join().unwrap().unwrap();
        pump.finish().unwrap();
        assert!(received == bytes);

        let (from, mut source) = io::pipe().unwrap();
        let (sink, to) = io::pipe().unwrap();
        drop(sink);
        let pump = output(Stream::from(OwnedFd::from(from)), OwnedFd::from(to).into()).unwrap();
        source.write_all(b"x").unwrap();
        pump.finish().unwrap();
    }

    /// `(hcs run …; echo end) >log 2>&1`: each goes on where the last one ended.
    #[test]
    fn both_outputs_may_be_one_file() {
        let mut file = tempfile::tempfile().unwrap();
        let [(silent, err), (mut source, out)] = std::array::from_fn(|_| {
            let (from, source) = io::pipe().unwrap();
            (source, output(Stream::from(OwnedFd::from(from)), file.try_clone().unwrap()).unwrap())
        });
        source.write_all(b"out\n").unwrap();
        drop(source);
        out.finish().unwrap();
        // It has waited for bytes since before there was anything in the file.
        drop(silent);
        err.finish().unwrap();
        file.write_all(b"end\n").unwrap();
        let mut text = String::new();
        io::Seek::rewind(&mut file).unwrap();
        file.read_to_string(&mut text).unwrap();
        assert_eq!(text, "out\nend\n");
    }
}
