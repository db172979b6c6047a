//! Reading the log of a container: what its processes printed that nobody else took.
//!
//! The log is in the line format of Kubernetes' container runtimes, which its supervisor writes:
//! `2026-11-24T14:00:00.123456789Z stdout F text`, with `P` for a part of a line that goes on in the next.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};

use hcs_contract::{Error, Object, Result};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::inotify::{self, CreateFlags, WatchFlags};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

use super::LinuxHost;

/// Which stream of a process a line came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LogStream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// A line of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// When it was read from the process: UTC, RFC 3339, to the nanosecond.
    pub time: String,
    /// Where it came from.
    pub stream: LogStream,
    /// The text, as the process wrote it, without the end of the line.
    pub text: Vec<u8>,
    /// The line ends here; otherwise the next one of this stream goes on, or the process ended within it.
    pub whole: bool,
}

impl LogLine {
    /// Reads a line of the file, or of what [`crate::Records::log`] gives, without its end. `None`: it is not of this
    /// format.
    pub fn parse(line: &[u8]) -> Option<Self> {
        let mut fields = line.splitn(4, |byte| *byte == b' ');
        let (time, stream, tag, text) = (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
        Some(Self {
            time: str::from_utf8(time).ok()?.to_owned(),
            stream: match stream {
                b"stdout" => LogStream::Stdout,
                b"stderr" => LogStream::Stderr,
                _ => return None,
            },
            text: text.to_owned(),
            whole: match tag {
                b"F" => true,
                b"P" => false,
                _ => return None,
            },
        })
    }
}

/// A container's log, line by line, the oldest first, across its rotation.
///
/// ```no_run
/// # let host = hcsshim::Host::open(hcsshim::Options::from_env()?)?;
/// let engine = host.linux().expect("opened on Linux");
/// let mut log = hcsshim::linux::LogReader::open(engine, "job")?;
/// while let Some(line) = log.next_line()? {
///     println!("{}", String::from_utf8_lossy(&line.text));
/// }
/// # Ok::<(), hcsshim::Error>(())
/// ```
#[derive(Debug)]
pub struct LogReader {
    id: String,
    folder: PathBuf,
    file: Option<File>,
    /// Read and not yet handed out.
    rest: Vec<u8>,
    /// How much of `rest` has been handed out.
    start: usize,
    /// The older of the two files is behind us.
    at_newest: bool,
}

/// Name of the file that is written to.
const NEWEST: &str = "log";
/// Name of its predecessor.
const OLDER: &str = "log.1";

impl LogReader {
    /// Opens the log of a container that runs, or whose record was kept. It may be empty as yet.
    ///
    /// # Errors
    /// Not found; the operating system's.
    pub fn open(host: &LinuxHost, id: &str) -> Result<Self> {
        Ok(Self::in_folder(id, host.log_folder(id)?))
    }

    fn in_folder(id: &str, folder: PathBuf) -> Self {
        Self { id: id.into(), folder, file: None, rest: Vec::new(), start: 0, at_newest: false }
    }

    /// The next line; `None` at the end, which may be the end for now only: see [`LogReader::watch`].
    ///
    /// # Errors
    /// The operating system's; unexpected value, for a file of another format.
    pub fn next_line(&mut self) -> Result<Option<LogLine>> {
        loop {
            if let Some(length) = self.rest[self.start..].iter().position(|byte| *byte == b'\n') {
                let line = &self.rest[self.start..self.start + length];
                self.start += length + 1;
                return LogLine::parse(line).map(Some).ok_or_else(|| {
                    let what = format!("a line of another format in the log in {}", self.folder.display());
                    Error::unexpected_value(what).with_object(Object::system(&*self.id))
                });
            }
            self.rest.drain(..self.start);
            self.start = 0;
            if !self.fill()? {
                return Ok(None);
            }
        }
    }

    /// Reads more; false at the end of the newest file.
    fn fill(&mut self) -> Result<bool> {
        loop {
            if self.file.is_none() {
                let name = if self.at_newest { NEWEST } else { OLDER };
                self.file = self.open_file(name)?;
            }
            let length = self.rest.len();
            if let Some(file) = &mut self.file {
                self.rest.resize(length + (64 << 10), 0);
                let read = file.read(&mut self.rest[length..]);
                self.rest.truncate(length + *read.as_ref().unwrap_or(&0));
                if read.map_err(|error| self.os("read", error))? > 0 {
                    return Ok(true);
                }
            }
            if !self.at_newest {
                self.at_newest = true;
            } else if self.names_us(NEWEST)? {
                return Ok(false);
            } else {
                // It was full and was renamed. Perhaps the next one was too, since we last looked.
                self.at_newest = self.names_us(OLDER)?;
            }
            self.file = None;
        }
    }

    /// Whether a name stands for the file that we read. With no file, or none of this name, there is nothing newer.
    fn names_us(&self, name: &str) -> Result<bool> {
        let Some(file) = &self.file else { return Ok(true) };
        let identity = |stat: rustix::fs::Stat| (stat.st_dev, stat.st_ino);
        let ours = rustix::fs::fstat(file).map(identity);
        let named = rustix::fs::stat(self.folder.join(name)).map(identity);
        match (ours, named) {
            (Ok(ours), Ok(named)) => Ok(ours == named),
            (_, Err(Errno::NOENT)) => Ok(true),
            (Err(errno), _) | (_, Err(errno)) => Err(self.os("look at", errno.into())),
        }
    }

    fn open_file(&self, name: &str) -> Result<Option<File>> {
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        match rustix::fs::open(self.folder.join(name), flags, Mode::empty()) {
            Ok(file) => Ok(Some(file.into())),
            Err(Errno::NOENT) => Ok(None),
            Err(errno) => Err(self.os("open", errno.into())),
        }
    }

    /// Begins to watch for more. What is written from now on ends [`LogWatch::wait`].
    ///
    /// # Errors
    /// The operating system's.
    pub fn watch(&self) -> Result<LogWatch> {
        LogWatch::new(&self.folder).map_err(|errno| self.os("watch", errno.into()))
    }

    fn os(&self, step: &'static str, error: io::Error) -> Error {
        Error::os(step, format!("the log in {}", self.folder.display()), error)
            .with_object(Object::system(&*self.id))
    }
}

/// Waits for a log to grow.
#[derive(Debug)]
pub struct LogWatch(std::os::fd::OwnedFd);

impl LogWatch {
    fn new(folder: &Path) -> Result<Self, Errno> {
        let inotify = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?;
        // In the folder itself: the file may not be there yet, and is replaced when it is full.
        let events = WatchFlags::MODIFY | WatchFlags::CREATE | WatchFlags::MOVED_TO | WatchFlags::ONLYDIR;
        inotify::add_watch(&inotify, folder, events | WatchFlags::DELETE_SELF)?;
        Ok(Self(inotify))
    }

    /// Waits until something was written since the last call, or `other` is readable. Says whether it was.
    ///
    /// # Errors
    /// The operating system's.
    pub fn wait(&self, other: BorrowedFd<'_>) -> Result<bool> {
        let failed = |errno: Errno| Error::os("wait for", "a log", errno.into());
        loop {
            let mut fds =
                [PollFd::new(&self.0, PollFlags::IN), PollFd::from_borrowed_fd(other, PollFlags::IN)];
            match poll(&mut fds, None) {
                Err(Errno::INTR) => continue,
                result => result.map_err(failed)?,
            };
            if fds[0].revents().is_empty() {
                return Ok(false);
            }
            let mut events = [0_u8; 4096];
            match rustix::io::read(&self.0, &mut events) {
                Ok(_) | Err(Errno::AGAIN | Errno::INTR) => return Ok(true),
                Err(errno) => return Err(failed(errno)),
            }
        }
    }
}

impl AsFd for LogWatch {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::os::fd::OwnedFd;

    use super::*;

    fn texts(log: &mut LogReader) -> Vec<String> {
        std::iter::from_fn(|| log.next_line().unwrap())
            .map(|line| {
                format!(
                    "{:?}{} {}",
                    line.stream,
                    if line.whole { "" } else { "+" },
                    String::from_utf8(line.text).unwrap()
                )
            })
            .collect()
    }

    #[test]
    fn lines_come_in_order_across_a_rotation_and_as_they_are_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let mut log = LogReader::in_folder("x", folder.path().into());
        assert_eq!(texts(&mut log), [""; 0]);

        fs_err::write(path("log"), "T stdout F one two\nT stderr P \nT stdo").unwrap();
        assert_eq!(texts(&mut log), ["Stdout one two", "Stderr+ "]);
        let mut file = fs_err::OpenOptions::new().append(true).open(path("log")).unwrap();
        file.write_all(b"ut F three\n").unwrap();
        assert_eq!(texts(&mut log), ["Stdout three"]);

        file.write_all(b"T stdout F last of the old\n").unwrap();
        fs_err::rename(path("log"), path("log.1")).unwrap();
        fs_err::write(path("log"), "T stdout F first of the new\n").unwrap();
        assert_eq!(texts(&mut log), ["Stdout last of the old", "Stdout first of the new"]);

        // Twice since we last looked: the file between is not passed over.
        fs_err::remove_file(path("log.1")).unwrap();
        fs_err::rename(path("log"), path("gone")).unwrap();
        fs_err::write(path("log.1"), "T stdout F between\n").unwrap();
        fs_err::write(path("log"), "T stdout F newest\n").unwrap();
        assert_eq!(texts(&mut log), ["Stdout between", "Stdout newest"]);

        let mut again = LogReader::in_folder("x", folder.path().into());
        assert_eq!(texts(&mut again), ["Stdout between", "Stdout newest"]);
    }

    #[test]
    fn another_format_is_an_error_that_names_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        for line in ["nonsense", "T stdin F x", "T stdout X x", "T stdout F", "\u{fffd}"] {
            fs_err::write(folder.path().join("log"), format!("{line}\n")).unwrap();
            let error = LogReader::in_folder("x", folder.path().into()).next_line().unwrap_err();
            assert!(error.to_string().contains(folder.path().to_str().unwrap()), "{error}");
        }
    }

    #[test]
    fn a_watch_sees_what_is_written_after_it_began_and_other_ends() {
        let folder = tempfile::tempdir().unwrap();
        let log = LogReader::in_folder("x", folder.path().into());
        let watch = log.watch().unwrap();
        let (never, sender) = io::pipe().unwrap();
        let never = OwnedFd::from(never);
        fs_err::write(folder.path().join("log"), "x").unwrap();
        assert!(watch.wait(never.as_fd()).unwrap());
        drop(sender);
        // The events of making and writing may have come one by one.
        while watch.wait(never.as_fd()).unwrap() {}
    }
}
