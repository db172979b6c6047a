//! What `/proc` tells of processes: who lives in a namespace, and ending those that live in one of ours.

use std::os::unix::fs::MetadataExt;
use std::time::{Duration, Instant};

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use crate::error::Error;
use crate::process::ended;

/// Far more than a killed process takes to go.
const GRACE: Duration = Duration::from_secs(20);

/// A text file of a process.
pub(in crate::bench) fn file(pid: Pid, name: &str) -> Result<String, Error> {
    Ok(fs_err::read_to_string(format!("/proc/{}/{name}", pid.as_raw_nonzero()))?)
}

/// A value of `/proc/PID/status`; numbers are parted by one blank.
pub(in crate::bench) fn status(pid: Pid, key: &str) -> Result<String, Error> {
    Ok(value(&file(pid, "status")?, key).unwrap_or_default())
}

fn value(status: &str, key: &str) -> Option<String> {
    let rest = status.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'))?;
    Some(rest.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// The parent.
pub(in crate::bench) fn parent(pid: Pid) -> Result<Pid, Error> {
    pid_of(&status(pid, "PPid")?, "the parent of a process")
}

/// A process id in a text.
pub(in crate::bench) fn pid_of(text: &str, what: &str) -> Result<Pid, Error> {
    let pid = text.trim().parse().ok().and_then(Pid::from_raw);
    pid.ok_or_else(|| Error::Measure { row: what.to_owned(), problem: format!("{text:?} is no process id") })
}

/// The kernel's number of a process's namespace of a kind, such as `mnt`.
pub(in crate::bench) fn namespace(pid: Pid, kind: &str) -> Result<u64, Error> {
    Ok(fs_err::metadata(format!("/proc/{}/ns/{kind}", pid.as_raw_nonzero()))?.ino())
}

/// Every process that lives in this namespace. One that ends meanwhile is as good as not there.
pub(in crate::bench) fn within(kind: &str, number: u64) -> Result<Vec<Pid>, Error> {
    Ok(all()?.into_iter().filter(|pid| namespace(*pid, kind).is_ok_and(|its| its == number)).collect())
}

/// Every process.
pub(in crate::bench) fn all() -> Result<Vec<Pid>, Error> {
    let entries = fs_err::read_dir("/proc")?.flatten();
    Ok(entries.filter_map(|entry| Pid::from_raw(entry.file_name().to_str()?.parse().ok()?)).collect())
}

/// The program that a process runs, by its file's device and number.
pub(in crate::bench) fn program(pid: Pid) -> Option<(u64, u64)> {
    let file = fs_err::metadata(format!("/proc/{}/exe", pid.as_raw_nonzero())).ok()?;
    Some((file.dev(), file.ino()))
}

/// Kills every process of the namespace and waits until none is left. Only for a namespace that is ours alone.
pub(in crate::bench) fn end_all(kind: &str, number: u64) -> Result<(), Error> {
    let deadline = Instant::now() + GRACE;
    loop {
        // By descriptor: a number may meanwhile be another process's.
        let open = |pid| pidfd_open(pid, PidfdFlags::empty()).ok().map(|fd| (pid, fd));
        let found: Vec<_> = within(kind, number)?.into_iter().filter_map(open).collect();
        let ours = |pid| namespace(pid, kind).is_ok_and(|its| its == number);
        let found: Vec<_> = found.into_iter().filter(|(pid, _)| ours(*pid)).collect();
        if found.is_empty() {
            return Ok(());
        }
        for (_, fd) in &found {
            // It may have ended by itself.
            let _ = pidfd_send_signal(fd, Signal::KILL);
        }
        for (pid, fd) in &found {
            if !ended(fd, deadline.saturating_duration_since(Instant::now()))? {
                let problem = "it was killed and is still there".to_owned();
                return Err(Error::Measure { row: format!("process {}", pid.as_raw_nonzero()), problem });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_of_the_status_file() {
        let status = "Name:\tcat\nUid:\t0\t0\t0\t0\nGroups:\t \nSeccomp:\t2\nSeccomp_filters:\t1\n";
        for (key, expected) in
            [("Uid", "0 0 0 0"), ("Groups", ""), ("Seccomp", "2"), ("Seccomp_filters", "1")]
        {
            assert_eq!(value(status, key).as_deref(), Some(expected), "{key}");
        }
        assert_eq!(value(status, "Sec"), None);
    }

    #[test]
    fn we_live_in_our_own_namespaces() {
        let me = rustix::process::getpid();
        assert!(within("pid", namespace(me, "pid").unwrap()).unwrap().contains(&me));
        assert!(!within("pid", 1).unwrap().contains(&me));
        assert!(all().unwrap().contains(&parent(me).unwrap()));
        assert!(program(me).is_some());
    }
}
