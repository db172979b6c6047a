//! What can go wrong with cgroups. Every error of the kernel names the cgroup, the file and the action.

use rustix::io::Errno;

use super::Controllers;

/// Why something could not be done with a cgroup.
///
/// `cgroup` is `<hierarchy>:/<path>`, as in `/proc/PID/cgroup`, with `unified` for version 2.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the messages say what the fields are")]
pub enum CgroupError {
    /// The kernel's list of mounts could not be read.
    #[error("cannot read /proc/self/mountinfo, where cgroup mounts are looked up; is /proc mounted?")]
    Mounts(#[source] Errno),
    /// No cgroup2 mount, and making one was refused.
    #[error(
        "no cgroup2 is mounted, and it cannot be mounted here ({action}); the engine needs CAP_SYS_ADMIN"
    )]
    NoUnified { action: &'static str, source: Errno },
    /// The name can't be a cgroup's folder.
    #[error("{name:?} cannot name a cgroup: {rule}")]
    Name { name: Box<str>, rule: &'static str },
    /// A limit needs a controller which this host doesn't give us.
    #[error(
        "cgroup {cgroup}: {limit} needs the controller {controller:?}, which is neither mounted as version 1 nor \
         handed down by the parent's cgroup.subtree_control"
    )]
    NoController { cgroup: Box<str>, controller: Controllers, limit: &'static str },
    /// There is already one of this name: a running system, or the left-over of a crash that `gc` removes.
    #[error(
        "cgroup {cgroup} exists already; a system of that name runs, or `hcs gc` has to remove its remains"
    )]
    Exists { cgroup: Box<str> },
    /// The cgroup is not there (any more).
    #[error("cgroup {cgroup} does not exist")]
    NotFound { cgroup: Box<str> },
    /// The kernel refused a call.
    #[error("cgroup {cgroup}: cannot {action} {file}")]
    Io { cgroup: Box<str>, file: Box<str>, action: &'static str, source: Errno },
    /// The kernel answered in a form that this version does not know.
    #[error("cgroup {cgroup}: {file} holds {text:?}, expected {expected}")]
    Unexpected { cgroup: Box<str>, file: &'static str, text: Box<str>, expected: &'static str },
    /// The new memory limit is below what the processes use and the kernel could not reclaim; the old one stays.
    #[error(
        "cgroup {cgroup}: {limit} bytes are less than its processes hold ({usage} bytes after reclaim); the limit \
         was not changed"
    )]
    MemoryInUse { cgroup: Box<str>, limit: u64, usage: u64 },
    /// systemd did not give the engine a place of its own.
    #[error(
        "cannot {action} the unit {unit} of systemd, in which containers live: {source}; HCS_CGROUP_PARENT can name \
         another cgroup, delegated to the engine, or / for the root"
    )]
    Systemd { unit: Box<str>, action: &'static str, source: super::BusError },
    /// A limit is outside of what the kernel takes.
    #[error("{limit} = {value} is out of range: {rule}")]
    Range { limit: &'static str, value: u64, rule: &'static str },
    /// Several steps of a clean-up failed; the others were done.
    #[error("{} steps failed: {}", .0.len(), Joined(.0))]
    Several(Vec<CgroupError>),
}

struct Joined<'a>(&'a [CgroupError]);

impl std::fmt::Display for Joined<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (i, error) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str("; ")?;
            }
            write!(f, "{error}")?;
            // The list has no single source, so the causes belong in the text.
            if let Some(cause) = std::error::Error::source(error) {
                write!(f, ": {cause}")?;
            }
        }
        Ok(())
    }
}

impl CgroupError {
    /// Nothing for no error, the error itself for one, a list for more.
    pub(super) fn collect(mut errors: Vec<Self>) -> Result<(), Self> {
        match errors.len() {
            0 => Ok(()),
            1 => Err(errors.remove(0)),
            _ => Err(Self::Several(errors)),
        }
    }

    /// The kernel's answer, where one is at the bottom of it.
    pub fn errno(&self) -> Option<Errno> {
        match self {
            Self::Io { source, .. } | Self::NoUnified { source, .. } | Self::Mounts(source) => Some(*source),
            _ => None,
        }
    }
}
