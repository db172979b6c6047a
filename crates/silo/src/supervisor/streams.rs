//! The standard streams of a new process: pipes and descriptors for Linux, FIFOs for Windows.
//!
//! The supervisor keeps its end of each pipe until the process has ended and nobody has it open any more, because
//! any client may ask for a duplicate, as the service allows. So the end of a process's input is a request
//! (`CloseStream`), not the closing of one client's copy.

use std::os::fd::OwnedFd;
use std::path::Path;

use hcs_fault::Point;
use hcs_guest_protocol::Streams as Paths;
use rustix::fs::{CWD, FileType, Mode, OFlags};
use rustix::io::Errno;
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::{Gid, Uid};

use super::build::failure;
use crate::protocol::{Failure, Stream};
use crate::spec::IdRange;

/// Where Windows programs find their FIFOs.
pub(crate) const INSIDE: &str = "/run/hcs/io";
/// The folder of the FIFOs below the system's runtime folder.
pub(crate) const FOLDER: &str = "io";

/// Both ends of a new process's streams.
#[derive(Debug, Default)]
pub(super) struct Streams {
    /// The process's ends; for Windows those that hold the FIFOs open until the process has opened them.
    pub(super) theirs: Vec<OwnedFd>,
    /// Ours, for clients.
    pub(super) ours: [Option<OwnedFd>; 3],
    /// Ours, for the log: the stream's number with its pipe.
    pub(super) logged: Vec<(u8, OwnedFd)>,
}

/// Pipes and descriptors for a Linux process.
pub(super) fn for_linux(wanted: [Stream; 3], given: Vec<OwnedFd>) -> Result<Streams, Failure> {
    let mut given = given.into_iter();
    let mut streams = Streams::default();
    for (number, stream) in (0u8..).zip(wanted) {
        let theirs = match stream {
            Stream::Null => {
                let flags = if number == 0 { OFlags::RDONLY } else { OFlags::WRONLY };
                rustix::fs::open("/dev/null", flags | OFlags::CLOEXEC, Mode::empty())
                    .map_err(|errno| failure("open", "/dev/null", errno))?
            }
            Stream::Given => given
                .next()
                .ok_or_else(|| failure("take the descriptor of standard stream", number, Errno::BADF))?,
            Stream::Pipe | Stream::Log => {
                let (read, write) = pipe_with(PipeFlags::CLOEXEC)
                    .map_err(|errno| failure("make a pipe for standard stream", number, errno))?;
                let (ours, theirs) = if number == 0 { (write, read) } else { (read, write) };
                if stream == Stream::Log {
                    streams.logged.push((number, ours));
                } else {
                    streams.ours[usize::from(number)] = Some(ours);
                }
                theirs
            }
        };
        streams.theirs.push(theirs);
    }
    Ok(streams)
}

/// FIFOs for a Windows process, and their names inside.
pub(super) fn for_windows(
    wanted: [Stream; 3],
    directory: &Path,
    process: u32,
    ids: Option<IdRange>,
) -> Result<(Streams, Paths), Failure> {
    let made = fifos(wanted, directory, process, ids);
    if made.is_err() {
        remove_fifos(directory, process);
    }
    made
}

fn fifos(
    wanted: [Stream; 3],
    directory: &Path,
    process: u32,
    ids: Option<IdRange>,
) -> Result<(Streams, Paths), Failure> {
    let mut streams = Streams::default();
    let mut paths = [None, None, None];
    for (number, stream) in (0u8..).zip(wanted) {
        match stream {
            Stream::Null => continue,
            Stream::Given => {
                return Err(Failure::NotSupported(
                    "a Windows process can't take a descriptor of the host as a standard stream; use a pipe"
                        .into(),
                ));
            }
            Stream::Pipe | Stream::Log => {}
        }
        let name = format!("{process}.{number}");
        let (read, write) = fifo(directory, &name, ids)?;
        let (ours, theirs) = if number == 0 { (write, read) } else { (read, write) };
        rustix::io::ioctl_fionbio(&ours, false).map_err(|errno| failure("open the FIFO", &name, errno))?;
        if stream == Stream::Log {
            streams.logged.push((number, ours));
        } else {
            streams.ours[usize::from(number)] = Some(ours);
        }
        streams.theirs.push(theirs);
        paths[usize::from(number)] = Some(format!("{INSIDE}/{name}"));
    }
    let [stdin, stdout, stderr] = paths;
    Ok((streams, Paths::Paths { stdin, stdout, stderr }))
}

/// Makes a FIFO that the container's root may open, and opens both ends.
pub(super) fn fifo(
    directory: &Path,
    name: &str,
    ids: Option<IdRange>,
) -> Result<(OwnedFd, OwnedFd), Failure> {
    let path = directory.join(FOLDER).join(name);
    let at = |errno| failure("make the FIFO", path.display(), errno);
    hcs_fault::call(Point::MakeFifo).map_err(at)?;
    rustix::fs::mknodat(CWD, &path, FileType::Fifo, Mode::from_raw_mode(0o600), 0).map_err(at)?;
    if let Some(ids) = ids {
        rustix::fs::chown(&path, Some(Uid::from_raw(ids.base)), Some(Gid::from_raw(ids.base))).map_err(at)?;
    }
    // The reading end first: opening the other without one would fail.
    let flags = OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    let read = rustix::fs::open(&path, OFlags::RDONLY | flags, Mode::empty()).map_err(at)?;
    let write = rustix::fs::open(&path, OFlags::WRONLY | flags, Mode::empty()).map_err(at)?;
    Ok((read, write))
}

/// Removes the names of a process's FIFOs; who has them open keeps them.
pub(super) fn remove_fifos(directory: &Path, process: u32) {
    for number in 0..3 {
        // Not all three need to be there.
        let _ = rustix::fs::unlink(directory.join(FOLDER).join(format!("{process}.{number}")));
    }
}
