//! What happens to all systems of an engine, gathered without a daemon and without looking again and again.
//!
//! Whoever wants to know watches the folder where systems come and go ([`folders`]), and connects to the supervisor of
//! each as an onlooker, which is no handle and holds nobody up. A system that has come and gone in the meantime is
//! known by its farewell (`hcs_silo::farewell`). All of it is one set of descriptors that the reader waits for: no
//! thread, no timer, and nothing to do while nothing happens.
//!
//! What is guaranteed: of every system that is created from the call on, create, start and exit are told, however short
//! its life; what happens in between is told from the moment when its supervisor was reached, which is tried as soon as
//! it listens. What is lost because the reader does not read (a supervisor keeps 64 messages beyond what the socket
//! takes, the kernel 16,384 changes of folders) is told as missed. Not told is a system whose supervisor was killed
//! before it could be reached. An id of more than 180 bytes that came
//! and went in the meantime is given as the name of its folder, since nobody can be asked for it any more.

mod folders;
mod story;

use std::collections::{BTreeMap, VecDeque};
use std::os::fd::{AsFd as _, AsRawFd, OwnedFd};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use hcs_contract::{Deadline, Error, EventStopper, Result, SystemEvent, SystemEventKind, SystemEvents};
use hcs_schema::Time;
use hcs_silo::client::{Glimpse, LaunchError, Onlooker};
use hcs_silo::farewell::Farewell;
use hcs_silo::protocol::Happening;
use hcs_silo::wire::Receiver;
use rustix::event::epoll::{self, EventData, EventFlags};
use rustix::event::{EventfdFlags, Timespec, eventfd};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

use self::folders::{Change, Folders};
use self::story::{Story, Told};
use super::engine::Engine;
use crate::ids::{IdName, Life};
use crate::record::Meta;

/// How long the call waits for the supervisors that there are to take it as an onlooker. Each does so at once, unless it
/// is stopped or stuck; then the stream is made without it, and has it as soon as it goes on.
const GREETING: Duration = Duration::from_secs(2);

/// Number of the watched folders in the set of descriptors; sockets count from [`FIRST`].
const FOLDERS: u64 = 0;
/// Number of what stops the stream.
const STOP: u64 = 1;
const FIRST: u64 = 2;

/// See [`SystemEvents`].
#[derive(Debug)]
pub(super) struct Events {
    engine: Arc<Engine>,
    epoll: OwnedFd,
    folders: Folders,
    changes: VecDeque<Change>,
    systems: BTreeMap<IdName, Watched>,
    sockets: BTreeMap<u64, IdName>,
    next_socket: u64,
    receiver: Receiver,
    ready: VecDeque<SystemEvent>,
    /// Readable for ever once the stream was stopped.
    stop: Arc<OwnedFd>,
    removed: bool,
}

/// A system that is there.
#[derive(Debug)]
struct Watched {
    id: String,
    /// Known once its supervisor was reached.
    life: Option<String>,
    story: Story,
    socket: Option<(u64, Onlooker)>,
    /// Its supervisor closed a connection without a welcome.
    sent_away: bool,
    /// Its supervisor has told us that it tells us no more.
    cut_off: bool,
    /// Said while we were connected: what else the connection has to tell comes first.
    farewell: Option<Farewell>,
}

impl Events {
    /// Begins to watch. Whatever happens after this returns is told.
    pub(super) fn new(engine: Arc<Engine>) -> Result<Self> {
        let failed = |errno: Errno| Error::os("wait for", "what happens to systems", errno.into());
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC).map_err(failed)?;
        let stop = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK).map_err(failed)?;
        let folders = Folders::new(&engine.layout)?;
        for (fd, number) in [(folders.as_fd(), FOLDERS), (stop.as_fd(), STOP)] {
            epoll::add(&epoll, fd, EventData::new_u64(number), EventFlags::IN).map_err(failed)?;
        }
        let mut this = Self {
            engine,
            epoll,
            folders,
            changes: VecDeque::new(),
            systems: BTreeMap::new(),
            sockets: BTreeMap::new(),
            next_socket: FIRST,
            receiver: Receiver::new(false),
            ready: VecDeque::new(),
            stop: Arc::new(stop),
            removed: false,
        };
        // The folder is watched by now, so what comes after this listing is told by it.
        let since = now();
        for name in this.engine.system_names()? {
            this.look(&name, since);
        }
        let deadline = Deadline::after(GREETING);
        while this.expects_welcomes() && this.turn(deadline)? {}
        Ok(this)
    }

    fn expects_welcomes(&self) -> bool {
        self.systems.values().any(|system| {
            matches!(&system.socket, Some((_, onlooker)) if !onlooker.is_welcomed()) && !system.sent_away
        })
    }

    /// Waits until something happens and takes it in. False: the deadline passed, or the stream was stopped.
    fn turn(&mut self, deadline: Deadline) -> Result<bool> {
        let mut ready = Vec::with_capacity(16);
        loop {
            let timeout = deadline.remaining().and_then(|left| Timespec::try_from(left).ok());
            let spare = rustix::buffer::spare_capacity(&mut ready);
            match epoll::wait(&self.epoll, spare, timeout.as_ref()) {
                Ok(0) => return Ok(false),
                Ok(_) => break,
                Err(Errno::INTR) => {}
                Err(errno) => {
                    return Err(Error::os("wait for", "what happens to systems", errno.into()));
                }
            }
        }
        let numbers: Vec<u64> = ready.iter().map(|event| event.data.u64()).collect();
        if numbers.contains(&STOP) {
            return Ok(false);
        }
        for number in &numbers {
            // One message of each, so that a system where much happens does not keep the others from being heard.
            if let Some(name) = self.sockets.get(number).cloned() {
                self.receive(&name);
            }
        }
        if numbers.contains(&FOLDERS) {
            self.folders.read(&mut self.changes);
        }
        while let Some(change) = self.changes.pop_front() {
            self.changed(change)?;
        }
        Ok(true)
    }

    fn changed(&mut self, change: Change) -> Result<()> {
        match change {
            Change::Appeared(name) => self.look(&name, 0),
            Change::Listens(name) => {
                if let Some(system) = self.systems.get_mut(&name) {
                    system.sent_away = false;
                }
                self.look(&name, 0);
            }
            Change::Gone(name) => {
                self.receive_all(&name);
                // Its supervisor may have some steps to its end, or there is already another system of this name.
                if self.systems.get(&name).is_some_and(|system| system.socket.is_none())
                    && !self.engine.layout.system(&name).exists()
                {
                    self.systems.remove(&name);
                }
            }
            Change::Farewell(farewell) => self.farewell(farewell),
            Change::Overflow => {
                self.missed(String::new());
                for name in self.engine.system_names()? {
                    self.look(&name, 0);
                }
            }
            Change::Removed => self.removed = true,
        }
        Ok(())
    }

    /// Connects to a system's supervisor, unless that is done or nobody listens (yet, or any more).
    fn look(&mut self, name: &IdName, since: u64) {
        let path = self.engine.layout.system(name);
        let there = self.folders.watch(&path, name);
        if matches!(there, Ok(false)) {
            self.systems.remove(name);
            return;
        }
        let system = self.systems.entry(name.clone()).or_insert_with(|| Watched {
            id: name.id(),
            life: None,
            story: Story::new(since),
            socket: None,
            sent_away: false,
            cut_off: false,
            farewell: None,
        });
        if system.socket.is_some() {
            return;
        }
        // Through one descriptor, so that both are of the same system: its folder may be replaced at any time.
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let Ok(folder) = rustix::fs::open(&path, flags, Mode::empty()) else { return };
        let inside = PathBuf::from(format!("/proc/self/fd/{}", folder.as_raw_fd()));
        let reached = match Onlooker::new(&inside) {
            Err(LaunchError::NotThere { .. }) if there.is_ok() => return,
            Err(_) => None,
            Ok(onlooker) => {
                let number = self.next_socket;
                let added =
                    epoll::add(&self.epoll, &onlooker, EventData::new_u64(number), EventFlags::IN).is_ok();
                added.then_some((number, onlooker))
            }
        };
        let Some((number, onlooker)) = reached else {
            let id = system.id.clone();
            self.missed(id);
            return;
        };
        self.next_socket += 1;
        if let Ok(Some(meta)) = Meta::read(&inside) {
            if system.life.as_ref() != Some(&meta.life) {
                if system.life.is_some() {
                    system.story = Story::new(0);
                }
                system.life = Some(meta.life);
            }
            system.id = meta.id;
        }
        system.socket = Some((number, onlooker));
        self.sockets.insert(number, name.clone());
    }

    /// Takes in one message of a system's supervisor. False: there was none.
    fn receive(&mut self, name: &IdName) -> bool {
        let Some(system) = self.systems.get_mut(name) else { return false };
        let Some((_, onlooker)) = &mut system.socket else { return false };
        let told = match onlooker.next(&mut self.receiver) {
            Ok(Glimpse::Nothing) => return false,
            Ok(Glimpse::Stands(status)) => system.story.stands(status, now()),
            Ok(Glimpse::Saw(sight)) => {
                system.cut_off = sight.what == Happening::Missed;
                system.story.saw(sight)
            }
            Ok(Glimpse::End) => {
                self.ended(name);
                return true;
            }
            // A supervisor of another version, or one that talks nonsense.
            Err(_) => {
                let id = system.id.clone();
                self.hang_up(name);
                self.missed(id);
                return true;
            }
        };
        let id = system.id.clone();
        self.tell(&id, told);
        true
    }

    fn receive_all(&mut self, name: &IdName) {
        while self.receive(name) {}
    }

    fn hang_up(&mut self, name: &IdName) -> Option<Onlooker> {
        let (number, onlooker) = self.systems.get_mut(name)?.socket.take()?;
        // The kernel takes a socket that is closed out of the set by itself.
        self.sockets.remove(&number);
        Some(onlooker)
    }

    /// A connection has ended: with its supervisor, unless that has only cut us off.
    fn ended(&mut self, name: &IdName) {
        let Some(onlooker) = self.hang_up(name) else { return };
        // The farewell was said before the connection ended. Nobody must come upon it later.
        self.folders.read(&mut self.changes);
        let Some(system) = self.systems.get_mut(name) else { return };
        let (id, life) = (system.id.clone(), system.life.clone());
        let farewell = system.farewell.take().or_else(|| take_farewell(&mut self.changes, life.as_deref()?));
        let cut_off = std::mem::replace(&mut system.cut_off, false);
        let sent_away = std::mem::replace(&mut system.sent_away, !onlooker.is_welcomed());
        let mut told = Vec::new();
        if let Some(farewell) = farewell {
            if onlooker.is_welcomed() && !cut_off && !system.story.has_ended() {
                // It was to tell us, and ended before we had read what was before that.
                told.push((farewell.exited_100ns, SystemEventKind::Missed));
            }
            told.extend(system.story.farewell(&farewell));
        }
        let mut story = system.story;
        self.tell(&id, told);
        if !onlooker.is_welcomed() && sent_away {
            // It listens and does not want us: it knows no onlookers.
            self.missed(id);
            return;
        }
        self.look(name, 0);
        let back =
            self.systems.get(name).is_some_and(|system| system.socket.is_some() && system.life == life);
        // One without a welcome most likely could not be made, and so was never there.
        if onlooker.is_welcomed() && !back && !story.has_ended() {
            let told = story.lost(now());
            if let Some(system) = self.systems.get_mut(name).filter(|system| system.life == life) {
                system.story = story;
            }
            self.tell(&id, told);
        }
    }

    fn farewell(&mut self, farewell: Farewell) {
        let Some(life) = Life::parse(&farewell.life) else { return };
        let name = life.id_name();
        // One that was never reached has no life as yet, and this is its end.
        let is_this = |system: &&mut Watched| system.life.as_deref().is_none_or(|life| life == farewell.life);
        let Some(system) = self.systems.get_mut(&name).filter(is_this) else {
            // It came and went before it could be looked for, and perhaps has a successor by now.
            let id = self.systems.get(&name).map_or_else(|| name.id(), |system| system.id.clone());
            let told = Story::new(0).farewell(&farewell);
            self.tell(&id, told);
            return;
        };
        if system.socket.is_some() {
            // What its supervisor has said before comes first, and mostly that is the exit itself.
            system.farewell = Some(farewell);
            return;
        }
        system.life = Some(farewell.life.clone());
        let (id, told) = (system.id.clone(), system.story.farewell(&farewell));
        self.tell(&id, told);
    }

    fn missed(&mut self, id: String) {
        self.ready.push_back(SystemEvent::new(time(now()), id, SystemEventKind::Missed));
    }

    fn tell(&mut self, id: &str, told: Vec<Told>) {
        self.ready.extend(told.into_iter().map(|(at, kind)| SystemEvent::new(time(at), id, kind)));
    }
}

/// The farewell of this life, out of the changes that are still to be looked at.
fn take_farewell(changes: &mut VecDeque<Change>, life: &str) -> Option<Farewell> {
    let is_it = |change: &Change| matches!(change, Change::Farewell(farewell) if farewell.life == life);
    let index = changes.iter().position(is_it)?;
    match changes.remove(index) {
        Some(Change::Farewell(farewell)) => Some(farewell),
        _ => None,
    }
}

impl SystemEvents for Events {
    fn next(&mut self, deadline: Deadline) -> Result<Option<SystemEvent>> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Ok(Some(event));
            }
            if self.removed {
                let folder = self.engine.layout.systems().display().to_string();
                return Err(Error::os("watch", folder, Errno::NOENT.into())
                    .with_hint("somebody removed the engine's folder: open the engine again"));
            }
            if !self.turn(deadline)? {
                return Ok(None);
            }
        }
    }

    fn stopper(&self) -> EventStopper {
        let stop = Arc::clone(&self.stop);
        EventStopper::new(move || {
            // Fails only when it is readable as it is to be.
            let _ = rustix::io::write(&stop, &1u64.to_ne_bytes());
        })
    }
}

/// Now, in 100 ns since the Unix epoch.
fn now() -> u64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Realtime);
    now.tv_sec.cast_unsigned() * 10_000_000 + now.tv_nsec.cast_unsigned() / 100
}

fn time(at_100ns: u64) -> Time {
    jiff::Timestamp::from_nanosecond(i128::from(at_100ns) * 100).map_or(Time::ZERO, Time::new)
}
