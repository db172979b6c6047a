//! The session of a test: the memory that all of its processes share.
#![expect(unsafe_code, reason = "a file that several processes map is memory that Rust knows nothing of")]

use std::io;
use std::mem::size_of;
use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use fs_err::{File, OpenOptions};
use rustix::io::Errno;
use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};
use rustix::process::{Pid, Signal, getpid, kill_process};

use crate::{Point, Role};

/// Names the file of the session.
pub const VARIABLE: &str = "HCSSHIM_FAULTS";

/// What is to happen at a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// A process of the session is killed with SIGKILL.
    Kill(Role),
    /// The system call fails with ENOSPC.
    NoSpace,
    /// The system call fails with EROFS.
    ReadOnly,
}

impl Action {
    /// All of them, those that every point knows first.
    pub const ALL: [Self; 6] = [
        Self::Kill(Role::Client),
        Self::Kill(Role::Supervisor),
        Self::Kill(Role::Init),
        Self::Kill(Role::Agent),
        Self::NoSpace,
        Self::ReadOnly,
    ];

    /// The failure of a system call, if it is that.
    pub const fn errno(self) -> Option<Errno> {
        match self {
            Self::Kill(_) => None,
            Self::NoSpace => Some(Errno::NOSPC),
            Self::ReadOnly => Some(Errno::ROFS),
        }
    }
}

/// What the file holds. All zeros: nothing is planned.
#[repr(C)]
struct Shared {
    /// One more than the planned point's number.
    point: AtomicU32,
    /// One more than the action's place in [`Action::ALL`].
    action: AtomicU32,
    /// Which visit it is to be, counted from 0.
    visit: AtomicU32,
    /// Whether it has happened.
    fired: AtomicU32,
    /// Whether there was nobody to kill.
    missed: AtomicU32,
    /// Process ids by role; 0: nobody.
    roles: [AtomicU32; 4],
    visits: [AtomicU32; Point::ALL.len()],
}

/// A mapping of the file, for as long as the value lives.
#[derive(Debug)]
struct Mapping(*mut Shared);

// SAFETY: the memory is atomics only, which any thread may use, and belongs to no thread.
unsafe impl Send for Mapping {}
// SAFETY: as above.
unsafe impl Sync for Mapping {}

impl Mapping {
    fn new(file: &File) -> io::Result<Self> {
        let length = size_of::<Shared>();
        if file.metadata()?.len() < length as u64 {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "the file of a fault session is too short",
            ));
        }
        // SAFETY: a new mapping at an address of the kernel's choice touches no memory of ours; the file is as long as
        // the mapping, so that every page of it is there.
        let address = unsafe {
            let (protection, flags) = (ProtFlags::READ | ProtFlags::WRITE, MapFlags::SHARED);
            mmap(std::ptr::null_mut(), length, protection, flags, file, 0)?
        };
        Ok(Self(address.cast()))
    }

    fn shared(&self) -> &Shared {
        // SAFETY: the mapping is as long as the type, page-aligned, and lives as long as self; any bytes are valid
        // atomics, and nobody has other references than shared ones.
        unsafe { &*self.0 }
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: made by `new` with this length; no reference outlives self.
        let _ = unsafe { munmap(self.0.cast(), size_of::<Shared>()) };
    }
}

/// A test's side of it.
#[derive(Debug)]
pub struct Session {
    mapping: Mapping,
}

impl Session {
    /// Makes the file; nothing is planned.
    ///
    /// # Errors
    /// The operating system's.
    pub fn create(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).write(true).create_new(true).open(path)?;
        file.set_len(size_of::<Shared>() as u64)?;
        Ok(Self { mapping: Mapping::new(&file)? })
    }

    /// Forgets everything and plans this: `visit` counts from 0.
    pub fn plan(&self, point: Point, visit: u32, action: Action) {
        self.clear();
        let shared = self.mapping.shared();
        let number = Action::ALL.iter().zip(1..).find(|(known, _)| **known == action).map_or(0, |(_, n)| n);
        shared.action.store(number, Ordering::SeqCst);
        shared.visit.store(visit, Ordering::SeqCst);
        shared.point.store(point as u32 + 1, Ordering::SeqCst);
    }

    /// Forgets everything: nothing is planned.
    pub fn clear(&self) {
        let Shared { point, action, visit, fired, missed, roles, visits } = self.mapping.shared();
        for number in [point, action, visit, fired, missed].into_iter().chain(roles).chain(visits) {
            number.store(0, Ordering::SeqCst);
        }
    }

    /// Whether the planned point was reached, at the planned visit.
    pub fn fired(&self) -> bool {
        self.mapping.shared().fired.load(Ordering::SeqCst) != 0
    }

    /// Whether nobody had the role of who was to be killed then.
    pub fn missed(&self) -> bool {
        self.mapping.shared().missed.load(Ordering::SeqCst) != 0
    }

    /// How often a point was reached.
    pub fn visits(&self, point: Point) -> u32 {
        self.mapping.shared().visits[point as usize].load(Ordering::SeqCst)
    }
}

/// The session of this process, by its environment.
fn joined() -> Option<&'static Shared> {
    static JOINED: OnceLock<Option<Mapping>> = OnceLock::new();
    let join = || {
        let path = std::env::var_os(VARIABLE)?;
        let file = OpenOptions::new().read(true).write(true).open(std::path::PathBuf::from(path)).ok()?;
        Mapping::new(&file).ok()
    };
    JOINED.get_or_init(join).as_ref().map(Mapping::shared)
}

/// See the crate's first page.
pub fn step(point: Point) {
    let _ = reached(point);
}

/// See the crate's first page.
///
/// # Errors
/// The planned one.
pub fn call(point: Point) -> Result<(), Errno> {
    reached(point).map_or(Ok(()), Err)
}

/// From now on the process `pid`, as the host counts, has this role.
pub fn role(role: Role, pid: u32) {
    if let Some(shared) = joined() {
        shared.roles[role as usize].store(pid, Ordering::SeqCst);
    }
}

/// Whether what was planned has happened, as a process of the session sees it.
pub fn happened() -> bool {
    joined().is_some_and(|shared| shared.fired.load(Ordering::SeqCst) != 0)
}

/// The variable that a client hands on to its supervisor, if there is a session.
pub fn inherited() -> Option<(&'static str, String)> {
    joined()?;
    std::env::var(VARIABLE).ok().map(|path| (VARIABLE, path))
}

fn reached(point: Point) -> Option<Errno> {
    let shared = joined()?;
    let visit = shared.visits[point as usize].fetch_add(1, Ordering::SeqCst);
    let planned = shared.point.load(Ordering::SeqCst) == point as u32 + 1
        && shared.visit.load(Ordering::SeqCst) == visit;
    if !planned || shared.fired.swap(1, Ordering::SeqCst) != 0 {
        return None;
    }
    let action = shared.action.load(Ordering::SeqCst).checked_sub(1)?;
    match *Action::ALL.get(action as usize)? {
        Action::Kill(role) => {
            if !kill(shared, role) {
                shared.missed.store(1, Ordering::SeqCst);
            }
            None
        }
        failure => failure.errno(),
    }
}

/// Whether there was somebody to kill.
fn kill(shared: &Shared, role: Role) -> bool {
    let inside = getpid() == Pid::INIT;
    if inside && role == Role::Init {
        // Its own namespace's signals can't kill process 1, and this end is as sudden.
        std::process::exit(128 + Signal::KILL.as_raw());
    }
    // Process ids are those of the host, which process 1 of a container does not see.
    if inside {
        return false;
    }
    let of = |role: Role| {
        let pid = shared.roles[role as usize].load(Ordering::SeqCst);
        i32::try_from(pid).ok().and_then(Pid::from_raw)
    };
    let victim = if role == Role::Agent { of(Role::Init).and_then(first_child) } else { of(role) };
    victim.is_some_and(|victim| kill_process(victim, Signal::KILL).is_ok())
}

/// The first process that process 1 started: in a Windows container the agent.
fn first_child(init: Pid) -> Option<Pid> {
    let init = init.as_raw_nonzero();
    let children = fs_err::read_to_string(format!("/proc/{init}/task/{init}/children")).ok()?;
    children.split(' ').next()?.parse().ok().and_then(Pid::from_raw)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_are_distinct_and_a_plan_is_forgotten_when_told() {
        let temp = tempfile::tempdir().unwrap();
        let session = Session::create(&temp.path().join("session")).unwrap();
        session.plan(Point::WriteFile, 2, Action::NoSpace);
        let shared = session.mapping.shared();
        assert_eq!(shared.point.load(Ordering::SeqCst), Point::WriteFile as u32 + 1);
        assert_eq!(Action::ALL[shared.action.load(Ordering::SeqCst) as usize - 1], Action::NoSpace);
        session.clear();
        assert_eq!(shared.point.load(Ordering::SeqCst), 0);
        for (number, point) in Point::ALL.iter().enumerate() {
            assert_eq!(*point as usize, number, "{}", point.name());
        }
    }
}
