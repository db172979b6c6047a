//! Where systemd is process 1: the engine's cgroups live in a scope that it has delegated to us.
//!
//! Cgroups have one writer, which on such a host is systemd. A scope with `Delegate=yes` is the part of the tree that it
//! leaves alone, and a unit of its own: whatever becomes of the service whose process started a container, the container
//! stays. An instance of the engine has one, `hcs-<instance>.scope` in `machine.slice`.
//!
//! A scope begins with a process and ends with its last one. So whoever finds nobody in it asks systemd to put it there.
//! Between a look at the scope and the birth of a supervisor in it the last of the others may end; hence the supervisor
//! asks once whether the unit still is, and systemd, which handles one thing after the other, answers after it has done
//! what it had to do about the end.
//!
//! Sources: systemd's "Control Group APIs and Delegation"; org.freedesktop.systemd1(5).

mod bus;
mod message;

use std::fmt::Write as _;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use rustix::fs::{FlockOperation, Mode, OFlags, flock, openat};
use rustix::io::Errno;

pub use bus::BusError;

use super::create::{DIRECTORY, ENGINE, open_or_make};
use super::{CgroupError, Hierarchies, Instance, Layout, file};
use bus::Bus;
use message::{Call, Message, Writer};

/// Where containers belong, beside those of other engines. systemd brings it along.
const SLICE: &str = "machine.slice";
/// sd_booted(3): there if and only if systemd is process 1.
const BOOTED: &str = "/run/systemd/system";
/// How long the scope's processes have when it is stopped, as at a shutdown, before they are killed.
const STOP_MICROSECONDS: u64 = 10_000_000;
/// What ends or begins anew while we ask has done so the next time; nobody is unlucky this many times.
const TRIES: usize = 16;

const DESTINATION: &str = "org.freedesktop.systemd1";
const MANAGER_PATH: &str = "/org/freedesktop/systemd1";
const MANAGER: &str = "org.freedesktop.systemd1.Manager";
const UNIT_EXISTS: &str = "org.freedesktop.systemd1.UnitExists";
/// What AttachProcessesToUnit says of a unit that ends; the last is what systemd 252 does.
const ENDING: [&str; 3] = [
    "org.freedesktop.systemd1.NoSuchUnit",
    "org.freedesktop.systemd1.UnitInactive",
    "org.freedesktop.DBus.Error.InvalidArgs",
];

/// The folder below which an instance works: `parent` if that is given, else the instance's scope where systemd is
/// process 1 and version 2 is alone, else the roots.
///
/// Where version 1 is in use too, systemd neither needs nor manages what we make beside its own groups.
pub fn parent(hierarchies: &Hierarchies, parent: &str, instance: &str) -> String {
    match Scope::of(hierarchies, parent, instance) {
        Some(scope) => scope.path(),
        None => parent.to_owned(),
    }
}

/// The scope of one instance.
#[derive(Debug)]
pub(crate) struct Scope {
    instance: String,
    /// Where the process came from that opened it.
    origin: Option<OwnedFd>,
}

/// Holds off others who would make or join the scope, until it is dropped in every process that has it.
#[derive(Debug)]
pub(crate) struct Held {
    _lock: OwnedFd,
}

impl Scope {
    /// `None` where the instance has none.
    pub(crate) fn of(hierarchies: &Hierarchies, parent: &str, instance: &str) -> Option<Self> {
        let wanted = parent.is_empty() && hierarchies.layout() == Layout::V2 && Path::new(BOOTED).is_dir();
        wanted.then(|| Self { instance: instance.to_owned(), origin: None })
    }

    fn unit(&self) -> String {
        format!("hcs-{}.scope", self.instance)
    }

    fn path(&self) -> String {
        format!("{SLICE}/{}", self.unit())
    }

    /// Opens the instance for a supervisor to be born in it while the lock is held.
    ///
    /// If nobody is there the calling process itself goes into the engine's leaf, and stays there.
    pub(crate) fn open(&mut self, hierarchies: &Hierarchies) -> Result<(Instance, Held), CgroupError> {
        self.origin = own_group(hierarchies);
        let lock = self.lock(hierarchies, FlockOperation::LockShared)?;
        if self.is_populated(hierarchies) {
            match self.instance(hierarchies) {
                // The last one has ended since then.
                Err(error) if is_gone(error.errno()) => {}
                other => return Ok((other?, Held { _lock: lock })),
            }
        }
        drop(lock);
        let lock = self.lock(hierarchies, FlockOperation::LockExclusive)?;
        // Somebody else may have been first.
        if !self.is_populated(hierarchies) {
            self.join(hierarchies)?;
        }
        Ok((self.instance(hierarchies)?, Held { _lock: lock }))
    }

    /// For a supervisor that was born in the scope: sees to it that the unit is there, whatever has ended meanwhile. If
    /// that was the scope, the instance's folders went with it, and those of the new one are returned.
    pub(crate) fn confirm(&self, hierarchies: &Hierarchies) -> Result<Option<Instance>, CgroupError> {
        if self.is_active().map_err(|source| self.failed("ask for the state of", source))? {
            return Ok(None);
        }
        // systemd forgets no unit in whose cgroup there are processes, and until then the name is not free.
        if let Some(origin) = &self.origin {
            file::write(origin.as_fd(), "cgroup.procs", b"0")
                .map_err(self.io("go back from", &self.unit()))?;
        }
        let _lock = self.lock(hierarchies, FlockOperation::LockExclusive)?;
        self.join(hierarchies)?;
        self.instance(hierarchies).map(Some)
    }

    fn instance(&self, hierarchies: &Hierarchies) -> Result<Instance, CgroupError> {
        Instance::open(hierarchies, &self.path(), &self.instance)
    }

    fn failed(&self, action: &'static str, source: BusError) -> CgroupError {
        CgroupError::Systemd { unit: self.unit().into(), action, source }
    }

    fn io(&self, action: &'static str, file: &str) -> impl Fn(Errno) -> CgroupError {
        let (cgroup, file) = (format!("unified:/{}", self.path()), file.to_owned());
        move |source| CgroupError::Io {
            cgroup: cgroup.as_str().into(),
            file: file.as_str().into(),
            action,
            source,
        }
    }

    /// Who joins has it alone: while a process is in the scope's own folder, controllers can't be handed down.
    fn lock(&self, hierarchies: &Hierarchies, operation: FlockOperation) -> Result<OwnedFd, CgroupError> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root = openat(hierarchies.unified.as_fd(), ".", flags, Mode::empty());
        root.and_then(|root| flock(&root, operation).map(|()| root))
            .map_err(self.io("lock", "the hierarchy's root"))
    }

    /// Whether a supervisor lives there, or somebody who has just joined.
    fn is_populated(&self, hierarchies: &Hierarchies) -> bool {
        let leaf = format!("{}/hcs-{}/{ENGINE}", self.path(), self.instance);
        openat(hierarchies.unified.as_fd(), leaf, DIRECTORY, Mode::empty())
            .and_then(|leaf| file::read(leaf.as_fd(), "cgroup.events"))
            .is_ok_and(|text| file::keyed(&text, "populated") == Some(1))
    }

    fn is_active(&self) -> Result<bool, BusError> {
        again(|| self.ask_state())
    }

    fn ask_state(&self) -> Result<bool, BusError> {
        let mut body = Writer::default();
        body.string("org.freedesktop.systemd1.Unit");
        body.string("ActiveState");
        let state = Bus::connect()?.call(&Call {
            destination: DESTINATION,
            path: &object_of(&self.unit()),
            interface: "org.freedesktop.DBus.Properties",
            member: "Get",
            signature: "ss",
            body,
        })?;
        let mut body = state.body();
        match (body.signature(), body.string()) {
            (Some("s"), Some(state)) => Ok(state == "active"),
            _ => Err(BusError::Protocol("with no state of a unit")),
        }
    }

    /// Has systemd put the calling process into the scope, which is made if need be, and goes to the engine's leaf.
    fn join(&self, hierarchies: &Hierarchies) -> Result<(), CgroupError> {
        again(|| self.enter_unit()).map_err(|source| self.failed("make", source))?;
        let opened = openat(hierarchies.unified.as_fd(), self.path(), DIRECTORY, Mode::empty());
        let scope = opened.map_err(self.io("open the folder of", &self.unit()))?;
        let name = format!("hcs-{}", self.instance);
        let made = open_or_make(scope.as_fd(), &name).map_err(self.io("make the folder", &name))?;
        let engine = open_or_make(made.as_fd(), ENGINE).map_err(self.io("make the folder", ENGINE))?;
        // The one place where a process is moved, which waits for a grace period of the kernel's: no one is there to be
        // cloned from.
        file::write(engine.as_fd(), "cgroup.procs", b"0").map_err(self.io("enter", ENGINE))
    }

    fn enter_unit(&self) -> Result<(), BusError> {
        let mut bus = Bus::connect()?;
        for _ in 1..TRIES {
            match self.start_unit(&mut bus) {
                Err(error) if error.is(UNIT_EXISTS) => {}
                other => return other,
            }
            match self.attach(&mut bus) {
                // It ends, or has: its name is free when systemd has forgotten it.
                Err(error) if ENDING.iter().any(|refusal| error.is(refusal)) => {
                    bus.until_removed(&self.unit())?;
                }
                // Somebody's process is in it who is no supervisor: one that outlived its own, and still ends.
                other => return other,
            }
        }
        self.start_unit(&mut bus)
    }

    fn start_unit(&self, bus: &mut Bus) -> Result<(), BusError> {
        let mut body = Writer::default();
        body.string(&self.unit());
        body.string("fail");
        body.array(8, |all| {
            let description = format!("Containers of the engine {}", self.instance);
            all.property("Description", "s", |value| value.string(&description));
            all.property("Slice", "s", |value| value.string(SLICE));
            all.property("Delegate", "b", |value| value.boolean(true));
            // 0 is whoever is at the other end of the socket, whatever its pid is to us.
            all.property("PIDs", "au", |value| value.array(4, |pids| pids.u32(0)));
            // Containers have limits of their own.
            all.property("TasksMax", "t", |value| value.u64(u64::MAX));
            all.property("TimeoutStopUSec", "t", |value| value.u64(STOP_MICROSECONDS));
            // Nobody has to reset it before its name can be used again.
            all.property("CollectMode", "s", |value| value.string("inactive-or-failed"));
        });
        body.array(8, |_no_other_units| {});
        let answer = manager(bus, "StartTransientUnit", "ssa(sv)a(sa(sv))", body)?;
        let job = answer.body().string().ok_or(BusError::Protocol("with no job"))?.to_owned();
        bus.finish(&job)
    }

    fn attach(&self, bus: &mut Bus) -> Result<(), BusError> {
        let mut body = Writer::default();
        body.string(&self.unit());
        body.string("");
        body.array(4, |pids| pids.u32(0));
        manager(bus, "AttachProcessesToUnit", "ssau", body).map(drop)
    }
}

/// The calling process's cgroup; `None` where it is out of sight.
fn own_group(hierarchies: &Hierarchies) -> Option<OwnedFd> {
    let text = file::read(rustix::fs::CWD, "/proc/self/cgroup").ok()?;
    let path = file::lines(&text).find_map(|line| line.strip_prefix("0::/"))?;
    let path = if path.is_empty() { "." } else { path };
    openat(hierarchies.unified.as_fd(), path, DIRECTORY, Mode::empty()).ok()
}

/// What the kernel says of a cgroup that systemd has removed, of one that is open too.
pub(crate) fn is_gone(errno: Option<Errno>) -> bool {
    matches!(errno, Some(Errno::NOENT | Errno::NODEV))
}

/// Does it once more if systemd executed itself anew in the middle: each attempt begins by finding out what is there.
fn again<T>(attempt: impl Fn() -> Result<T, BusError>) -> Result<T, BusError> {
    for _ in 1..TRIES {
        match attempt() {
            Err(error) if error.is_disconnected() => {}
            other => return other,
        }
    }
    attempt()
}

fn manager(bus: &mut Bus, member: &str, signature: &str, body: Writer) -> Result<Message, BusError> {
    let (destination, path, interface) = (DESTINATION, MANAGER_PATH, MANAGER);
    bus.call(&Call { destination, path, interface, member, signature, body })
}

/// A unit's object: bytes that a path can't have are written in hexadecimal.
fn object_of(unit: &str) -> String {
    unit.bytes().fold(format!("{MANAGER_PATH}/unit/"), |mut path, byte| {
        if byte.is_ascii_alphanumeric() {
            path.push(char::from(byte));
        } else {
            // Writing to a String can't fail.
            let _ = write!(path, "_{byte:02x}");
        }
        path
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_s_object_is_named_as_systemd_names_it() {
        assert_eq!(object_of("hcs-4f2a.scope"), "/org/freedesktop/systemd1/unit/hcs_2d4f2a_2escope");
    }

    #[test]
    fn who_names_a_folder_gets_that_folder() {
        let Ok(hierarchies) = Hierarchies::detect() else { return };
        for given in ["a/b", "/"] {
            assert_eq!(parent(&hierarchies, given, "4f2a"), given);
        }
    }
}
