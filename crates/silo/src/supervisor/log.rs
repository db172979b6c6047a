//! The log of detached processes, in the line format of Kubernetes' container runtimes:
//! `2026-11-24T14:00:00.123456789Z stdout F text`, `P` for a line whose end has not come.

use std::collections::BTreeMap;
use std::io::Write;
use std::os::fd::OwnedFd;

use hcs_fault::Point;
use rustix::event::epoll::EventFlags;
use rustix::fs::{Mode, OFlags};

use super::poll::{Poll, Source};
use crate::spec::Log;

/// A line longer than this is written in parts.
const PART: usize = 16 << 10;

/// One stream of one process.
#[derive(Debug)]
struct Feed {
    fd: OwnedFd,
    stream: u8,
    rest: Vec<u8>,
}

/// The log and what flows into it.
#[derive(Debug)]
pub(super) struct LogWriter {
    log: Option<Log>,
    file: Option<OwnedFd>,
    written: u64,
    feeds: BTreeMap<u32, Feed>,
    next: u32,
}

impl LogWriter {
    pub(super) fn new(log: Option<Log>) -> Self {
        Self { log, file: None, written: 0, feeds: BTreeMap::new(), next: 0 }
    }

    /// From now on what comes from the pipe is logged.
    pub(super) fn follow(&mut self, poll: &Poll, stream: u8, fd: OwnedFd) {
        let number = self.next;
        self.next += 1;
        let _ = rustix::io::ioctl_fionbio(&fd, true);
        if poll.add(Source::Log(number), &fd, EventFlags::IN).is_ok() {
            self.feeds.insert(number, Feed { fd, stream, rest: Vec::new() });
        }
    }

    /// The pipe has something, or its end.
    pub(super) fn readable(&mut self, poll: &Poll, number: u32) {
        self.take(poll, number, usize::MAX);
    }

    /// Takes some of what is in the pipe, and says how much.
    fn take(&mut self, poll: &Poll, number: u32, most: usize) -> usize {
        let mut buffer = [0; 8 << 10];
        let most = most.min(buffer.len());
        let Some(feed) = self.feeds.get_mut(&number) else { return 0 };
        match rustix::io::read(&feed.fd, &mut buffer[..most]) {
            Ok(0) => self.end(poll, number),
            Ok(count) => {
                let stream = feed.stream;
                feed.rest.extend_from_slice(&buffer[..count]);
                let mut lines = Vec::new();
                let mut start = 0;
                while let Some(length) = feed.rest[start..].iter().position(|byte| *byte == b'\n') {
                    format_parts(&mut lines, stream, &feed.rest[start..start + length], true);
                    start += length + 1;
                }
                feed.rest.drain(..start);
                if feed.rest.len() >= PART {
                    format_parts(&mut lines, stream, &feed.rest, false);
                    feed.rest.clear();
                }
                self.write(&lines);
                return count;
            }
            Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) => {}
            Err(_) => self.end(poll, number),
        }
        0
    }

    /// Takes what is in all pipes now: the system has ended. What comes later is from somebody else who was given the
    /// other end, perhaps in another container, and may be without end.
    pub(super) fn finish(&mut self, poll: &Poll) {
        let numbers: Vec<u32> = self.feeds.keys().copied().collect();
        for number in numbers {
            let waiting = self.feeds.get(&number).and_then(|feed| rustix::io::ioctl_fionread(&feed.fd).ok());
            let mut left = usize::try_from(waiting.unwrap_or(0)).unwrap_or(usize::MAX);
            while left > 0 {
                match self.take(poll, number, left) {
                    0 => break,
                    count => left -= count,
                }
            }
            self.end(poll, number);
        }
    }

    fn end(&mut self, poll: &Poll, number: u32) {
        if let Some(feed) = self.feeds.remove(&number) {
            poll.remove(&feed.fd);
            if !feed.rest.is_empty() {
                let mut lines = Vec::new();
                format_parts(&mut lines, feed.stream, &feed.rest, false);
                self.write(&lines);
            }
        }
    }

    fn write(&mut self, lines: &[u8]) {
        if lines.is_empty() {
            return;
        }
        let Some(log) = &self.log else { return };
        if self.file.is_some() && self.written + lines.len() as u64 > log.limit {
            let mut old = log.path.clone().into_os_string();
            old.push(".1");
            // Without a predecessor the log is cut, which is better than a full disk.
            let _ = rustix::fs::rename(&log.path, std::path::PathBuf::from(old));
            self.file = None;
        }
        if self.file.is_none() {
            let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::APPEND | OFlags::CLOEXEC | OFlags::NOFOLLOW;
            let opened = hcs_fault::call(Point::OpenLog)
                .and_then(|()| rustix::fs::open(&log.path, flags, Mode::from_raw_mode(0o600)));
            self.file = opened.ok();
            let size = self.file.as_ref().and_then(|file| rustix::fs::fstat(file).ok());
            self.written = size.map_or(0, |stat| stat.st_size.cast_unsigned());
        }
        if let Some(file) = &self.file {
            let mut rest = lines;
            // A full disk loses lines; the container goes on.
            while let Ok(count @ 1..) = rustix::io::write(file, rest) {
                self.written += count as u64;
                rest = &rest[count..];
                if rest.is_empty() {
                    break;
                }
            }
        }
    }
}

/// A line, or what has come of one, as lines of the log.
pub(crate) fn format_parts(out: &mut Vec<u8>, stream: u8, line: &[u8], whole: bool) {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Realtime);
    let stamp = Stamp { seconds: now.tv_sec, nanoseconds: now.tv_nsec };
    let name = if stream == 2 { "stderr" } else { "stdout" };
    let mut parts = line.chunks(PART).peekable();
    if parts.peek().is_none() && whole {
        let _ = writeln!(out, "{stamp} {name} F ");
    }
    while let Some(part) = parts.next() {
        let tag = if whole && parts.peek().is_none() { 'F' } else { 'P' };
        // Writing to memory can't fail.
        let _ = write!(out, "{stamp} {name} {tag} ");
        out.extend_from_slice(part);
        out.push(b'\n');
    }
}

/// A time as RFC 3339 in UTC.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stamp {
    pub(super) seconds: i64,
    pub(super) nanoseconds: i64,
}

impl std::fmt::Display for Stamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (days, rest) = (self.seconds.div_euclid(86_400), self.seconds.rem_euclid(86_400));
        let (year, month, day) = civil(days);
        let (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60);
        let nanoseconds = self.nanoseconds;
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{nanoseconds:09}Z")
    }
}

/// Days since 1970-01-01 as a date: the well-known algorithm over eras of 400 years, which begin in March.
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps() {
        for (seconds, expected) in [
            (0, "1970-01-01T00:00:00.000000007Z"),
            (951_782_400, "2000-02-29T00:00:00.000000007Z"),
            (1_795_531_419, "2026-11-24T14:43:39.000000007Z"),
            (4_107_542_399, "2100-02-28T23:59:59.000000007Z"),
        ] {
            assert_eq!(Stamp { seconds, nanoseconds: 7 }.to_string(), expected);
        }
    }

    #[test]
    fn the_end_does_not_wait_for_a_writer_that_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let mut log = LogWriter::new(Some(Log { path: path.clone(), limit: u64::MAX }));
        let poll = Poll::new().unwrap();
        let (read, write) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC).unwrap();
        rustix::io::write(&write, b"first\n").unwrap();
        log.follow(&poll, 1, read);
        let writer = std::thread::spawn(move || while rustix::io::write(&write, &[b'x'; 4096]).is_ok() {});
        log.finish(&poll);
        writer.join().unwrap();
        assert!(fs_err::read_to_string(path).unwrap().contains("stdout F first\n"));
    }

    #[test]
    fn long_lines_come_in_parts_and_nothing_is_lost() {
        let mut out = Vec::new();
        format_parts(&mut out, 2, &vec![b'x'; PART + 5], true);
        let text = String::from_utf8(out).unwrap();
        let fields: Vec<Vec<&str>> = text.lines().map(|line| line.splitn(4, ' ').collect()).collect();
        assert_eq!(
            fields.iter().map(|f| (f[1], f[2], f[3].len())).collect::<Vec<_>>(),
            [("stderr", "P", PART), ("stderr", "F", 5)]
        );
    }
}
