//! The processes of a container, as a list for people and for HCS's "ProcessList".
//!
//! Everything in `/proc` about a process of a container is that process's own word: names hold any byte, a process
//! ends while it is looked at, and its pid may be another one's by then.
//!
//! Sources: proc_pid_stat(5), proc_pid_status(5), pid_namespaces(7).

use std::os::fd::AsFd;
use std::time::{Duration, SystemTime};

use rustix::fs::{CWD, Mode, OFlags, openat, readlinkat};
use rustix::io::Errno;
use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};

use crate::cgroup::{Cgroup, CgroupError, file};

/// One process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    /// Inside the container. 1 is the container's own init, unless the user's program is process 1.
    pub pid: u32,
    /// In the pid namespace of the caller's `/proc`.
    pub host_pid: u32,
    /// The name of its program, without folders. What is not UTF-8, and control characters, are replaced by U+FFFD.
    pub name: String,
    /// When it was started, to 10 ms.
    pub started: SystemTime,
    /// CPU time in its program in units of 100 ns, counted in steps of 10 ms.
    pub user_100ns: u64,
    /// CPU time in the kernel, likewise.
    pub kernel_100ns: u64,
    /// Bytes of RAM that it has for itself: its private working set.
    pub private_bytes: u64,
    /// Bytes of RAM that it shares with others: program files, mapped files, shared memory.
    pub shared_bytes: u64,
    /// Bytes of its private memory that are swapped out.
    pub swapped_bytes: u64,
}

impl Process {
    /// Private memory in RAM or swap: what Windows calls committed.
    pub fn commit_bytes(&self) -> u64 {
        self.private_bytes + self.swapped_bytes
    }
}

/// Which pid of a process is the one inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PidNamespace {
    /// The container has its own.
    Own,
    /// It shares the caller's.
    Shared,
}

/// The processes of `cgroup`, by pid. Those that end meanwhile are left out.
///
/// # Errors
/// [`CgroupError::Io`], [`CgroupError::NotFound`] when the list itself can't be had.
pub fn processes(cgroup: &Cgroup, namespace: PidNamespace) -> Result<Vec<Process>, CgroupError> {
    let boot = boot_time();
    let mut list: Vec<Process> =
        cgroup.pids()?.into_iter().filter_map(|pid| look_at(pid, namespace, boot)).collect();
    // A pid that was given to someone else between the list and the look is not in the list any more.
    let still = cgroup.pids()?;
    list.retain(|process| still.contains(&process.host_pid));
    list.sort_unstable_by_key(|process| process.pid);
    Ok(list)
}

fn look_at(host_pid: u32, namespace: PidNamespace, boot: SystemTime) -> Option<Process> {
    // The folder stands for one process: when that ends, its files fail, whoever has the pid then.
    let folder = openat(
        CWD,
        format!("/proc/{host_pid}"),
        OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC,
        Mode::empty(),
    )
    .ok()?;
    let stat = file::read(folder.as_fd(), "stat").ok()?;
    let status = file::read(folder.as_fd(), "status").ok()?;
    let stat = Stat::parse(&stat)?;
    if matches!(stat.state, b'Z' | b'X') {
        return None;
    }
    let executable = match readlinkat(&folder, "exe", Vec::new()) {
        Ok(path) => path.into_bytes(),
        // A kernel thread, or one that is on its way out.
        Err(Errno::NOENT | Errno::SRCH | Errno::ACCESS) => Vec::new(),
        Err(_) => return None,
    };
    let bytes = |key| file::keyed_bytes(&status, key);
    Some(Process {
        pid: inner_pid(&status, namespace)?,
        host_pid,
        name: program_name(stat.name, &executable),
        started: boot.checked_add(ticks(stat.started)).unwrap_or(boot),
        user_100ns: hundred_nanoseconds(stat.user),
        kernel_100ns: hundred_nanoseconds(stat.kernel),
        private_bytes: bytes("RssAnon:"),
        shared_bytes: bytes("RssFile:").saturating_add(bytes("RssShmem:")),
        swapped_bytes: bytes("VmSwap:"),
    })
}

/// What is used of `/proc/PID/stat`; times in clock ticks.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Stat<'a> {
    pub(crate) name: &'a [u8],
    state: u8,
    user: u64,
    kernel: u64,
    started: u64,
}

impl<'a> Stat<'a> {
    /// `PID (NAME) STATE …`: the name may hold spaces, parentheses and line feeds, but nothing after it holds a `)`.
    pub(crate) fn parse(text: &'a [u8]) -> Option<Self> {
        let open = text.iter().position(|&b| b == b'(')?;
        let close = text.iter().rposition(|&b| b == b')')?;
        let name = text.get(open + 1..close)?;
        let mut fields = text[close + 1..].split(u8::is_ascii_whitespace).filter(|field| !field.is_empty());
        let state = *fields.next()?.first()?;
        // Numbers as in proc_pid_stat(5): the state is field 3.
        let user = file::number(fields.nth(14 - 4)?)?;
        let kernel = file::number(fields.next()?)?;
        let started = file::number(fields.nth(22 - 16)?)?;
        Some(Self { name, state, user, kernel, started })
    }
}

/// From the `NSpid:` line: one number per namespace, from that of `/proc` to the process's own.
pub(crate) fn inner_pid(status: &[u8], namespace: PidNamespace) -> Option<u32> {
    let line = status.split(|&b| b == b'\n').find_map(|line| line.strip_prefix(b"NSpid:"))?;
    let mut pids = std::str::from_utf8(line).ok()?.split_ascii_whitespace();
    match namespace {
        PidNamespace::Shared => pids.next(),
        PidNamespace::Own => pids.nth(1),
    }?
    .parse()
    .ok()
}

/// The longest name that the kernel keeps (`TASK_COMM_LEN` without its NUL).
const NAME_LENGTH: usize = 15;

/// The kernel's name of a process is cut off; when it is the beginning of its file's name, that is given whole. A script
/// has its own name and its interpreter's file, a Windows program its own name and Wine's loader.
pub(crate) fn program_name(name: &[u8], executable: &[u8]) -> String {
    let file = executable.rsplit(|&b| b == b'/').next().unwrap_or_default();
    let whole = if name.len() == NAME_LENGTH && file.starts_with(name) { file } else { name };
    String::from_utf8_lossy(whole)
        .chars()
        .map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c })
        .collect()
}

/// Clock ticks as `/proc` shows them: `USER_HZ`, which is 100 on every architecture that this runs on.
const TICKS: u64 = 100;

fn ticks(ticks: u64) -> Duration {
    Duration::from_millis(ticks.saturating_mul(1000 / TICKS))
}

fn hundred_nanoseconds(ticks: u64) -> u64 {
    ticks.saturating_mul(10_000_000 / TICKS)
}

/// Start times are counted from the boot, suspended time included.
fn boot_time() -> SystemTime {
    let up = clock_gettime(ClockId::Boottime);
    let up = Duration::new(up.tv_sec.cast_unsigned(), u32::try_from(up.tv_nsec).unwrap_or(0));
    SystemTime::now().checked_sub(up).unwrap_or(SystemTime::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn stat(name: &str) -> Vec<u8> {
        format!(
            "77 ({name}) S 1 77 77 0 -1 4194304 159 0 0 0 14 15 0 0 20 0 1 0 2200 3145728 250 18446744073709551615 1 1 \
             0 0 0 0 0 0 0 0 0 0 17 1 0 0 0 0 0 0 0 0 0 0 0 0 0\n"
        )
        .into_bytes()
    }

    #[test]
    fn hostile_names_do_not_shift_fields() {
        for name in ["sh", "a b", "x) Z 9 9 9", "((", "))", ") S 1", "a\nb", ""] {
            let text = stat(name);
            let parsed = Stat::parse(&text).unwrap();
            let expected = Stat { name: name.as_bytes(), state: b'S', user: 14, kernel: 15, started: 2200 };
            assert_eq!(parsed, expected);
        }
        for bad in [&b""[..], b"1 (", b")(", b"1 (x)", b"1 (x) S 1 2 3"] {
            assert_eq!(Stat::parse(bad), None);
        }
    }

    #[test]
    fn names_are_whole_and_printable() {
        let check = |name: &str, file: &str, expected: &str| {
            assert_eq!(program_name(name.as_bytes(), file.as_bytes()), expected);
        };
        check("sh", "/usr/bin/dash", "sh");
        check("a-very-long-pro", "/opt/a-very-long-program", "a-very-long-program");
        check("a-very-long-pro", "/usr/bin/python3", "a-very-long-pro");
        check("notepad.exe", "/usr/lib/wine/wine64-preloader", "notepad.exe");
        check("a\u{1b}[2Jb\n", "", "a\u{fffd}[2Jb\u{fffd}");
        assert_eq!(program_name(b"\xff\xfe", b""), "\u{fffd}\u{fffd}");
        check("", "", "");
    }

    #[test]
    fn the_pid_inside_is_the_second_one() {
        let status = b"Name:\tx\nNSpid:\t4711\t5\t1\n";
        assert_eq!(inner_pid(status, PidNamespace::Own), Some(5));
        assert_eq!(inner_pid(status, PidNamespace::Shared), Some(4711));
        assert_eq!(inner_pid(b"NSpid:\t4711\n", PidNamespace::Own), None);
        assert_eq!(inner_pid(b"Name:\tx\n", PidNamespace::Shared), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = Stat::parse(&bytes);
            let _ = inner_pid(&bytes, PidNamespace::Own);
            let _ = program_name(&bytes, &bytes);
        }
    }
}
