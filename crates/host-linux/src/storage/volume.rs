//! A writable layer that is activated: its folder in `$HCS_RUN`, its lock, and where it is shown.

use std::ffi::OsString;
use std::os::fd::AsRawFd as _;
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};

use hcs_contract::{Deadline, Error, Guid, Result};
use rustix::fs::{FlockOperation, Mode, OFlags, ResolveFlags};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};

use super::error::os;
use super::mount;
use crate::lock::{FolderLock, Knocker, TryLock};
use crate::paths::Layout;
use crate::record::{boot_id, check_version, parse, read_text, write_json};

/// The namespace of volumes' identifiers.
const NAMESPACE: Guid = Guid(*b"\x4e\x5b\x0d\x51\x7f\x9a\x1e\x47\x8c\x21\x66\xd0\x3b\x94\x2a\xe7");
/// What a volume's path begins with, and what its identifier ends with.
const PREFIX: &str = r"\\?\Volume{";
const STATE: &str = "state.json";
const MOUNT: &str = "mount";
const DISK: &str = "disk";
const VERSION: u32 = 1;

/// What [`STATE`] says. What is mounted says the kernel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct State {
    version: u32,
    /// The boot in which it was activated: after another one it is not.
    boot: String,
    /// The layer.
    pub(super) layer: PathBuf,
    /// The layers that it is shown with, while or after that was asked for.
    pub(super) parents: Vec<PathBuf>,
    /// Where it is shown.
    pub(super) target: PathBuf,
    /// Where else it is shown.
    #[serde(default)]
    pub(super) points: Vec<PathBuf>,
    /// It is shown: the call that mounted it came to its end.
    pub(super) prepared: bool,
}

/// A layer that no other call works on.
#[derive(Debug)]
pub(super) struct Volume {
    pub(super) guid: Guid,
    pub(super) layer: PathBuf,
    lock: FolderLock,
}

impl Volume {
    /// Takes the layer at this real path, and waits for whoever has it.
    pub(super) fn take(layout: &Layout, layer: &Path, deadline: Deadline) -> Result<Self> {
        let guid = guid(layer);
        let folder = layout.volumes().join(guid.to_string());
        loop {
            make_folder(&folder, Mode::RWXU)?;
            // The one that had it may have removed the folder meanwhile.
            match FolderLock::wait(&folder, FlockOperation::NonBlockingLockExclusive, deadline) {
                Ok(lock) if lock.is_there()? => return Ok(Self { guid, layer: layer.to_owned(), lock }),
                Err(error) if error.is_timeout() || folder.exists() => return Err(error),
                _ => {}
            }
        }
    }

    /// Where its overlay is mounted, unless it is shown elsewhere.
    pub(super) fn target(&self) -> PathBuf {
        self.lock.path().join(MOUNT)
    }

    /// Where its disk is mounted.
    pub(super) fn disk(&self) -> PathBuf {
        self.lock.path().join(DISK)
    }

    /// Where containers that use it leave their names.
    pub(super) fn users(&self) -> PathBuf {
        self.lock.path().join("users")
    }

    /// `None`: it is not activated.
    pub(super) fn state(&self) -> Result<Option<State>> {
        read(self.lock.path())
    }

    /// A state as activation makes it.
    pub(super) fn new_state(&self) -> Result<State> {
        Ok(State {
            version: VERSION,
            boot: boot_id()?,
            layer: self.layer.clone(),
            parents: Vec::new(),
            target: self.target(),
            points: Vec::new(),
            prepared: false,
        })
    }

    pub(super) fn set(&self, state: &State) -> Result<()> {
        write_json(&self.lock.path().join(STATE), state)
    }

    /// It is not activated any more.
    pub(super) fn unset(&self) -> Result<()> {
        let path = self.lock.path().join(STATE);
        match rustix::fs::unlink(&path) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(errno) => Err(os("remove", &path, errno)),
        }
    }

    /// Nothing is activated: the folder goes. Those who wait for it make a new one.
    pub(super) fn forget(self) -> Result<()> {
        forget(self.lock)
    }

    /// The call is over: an idle layer leaves nothing.
    pub(super) fn leave(self) -> Result<()> {
        if self.state()?.is_none() { self.forget() } else { Ok(()) }
    }
}

/// Makes a folder, unless it is there.
pub(super) fn make_folder(path: &Path, mode: Mode) -> Result<()> {
    match rustix::fs::mkdir(path, mode) {
        Ok(()) | Err(Errno::EXIST) => Ok(()),
        Err(errno) => Err(os("make", path, errno)),
    }
}

/// The identifier of a layer's volume.
pub(super) fn guid(layer: &Path) -> Guid {
    Guid::of_name(NAMESPACE, layer.as_os_str().as_encoded_bytes())
}

/// The volume's path, as Windows writes it.
pub(super) fn name(guid: Guid) -> String {
    format!("{PREFIX}{guid}}}")
}

/// Layers that are activated.
pub(super) fn all(layout: &Layout) -> Result<Vec<State>> {
    folders(layout)?.iter().filter_map(|folder| read(folder).transpose()).collect()
}

fn read(folder: &Path) -> Result<Option<State>> {
    let path = folder.join(STATE);
    let Some(text) = read_text(&path)? else { return Ok(None) };
    check_version(&path, &text)?;
    let boot = boot_id()?;
    Ok(parse::<State>(&text).filter(|state| state.boot == boot))
}

/// The folder behind a path that begins with a volume's, where one of this host's layers is shown, and that layer; `None`
/// for other paths.
///
/// Containers write links into volumes. They lead where the container sees them lead, never out of the volume, and the
/// result has none. A container that writes to the volume while the result is used can put a link there again: whoever
/// shares a part of a volume ends the containers that write to it first.
///
/// # Errors
/// What is wrong with it, for the caller to say of which member.
pub(super) fn resolve(
    layout: &Layout,
    path: &str,
) -> std::result::Result<Option<(PathBuf, PathBuf)>, String> {
    let Some(rest) = path.strip_prefix(PREFIX) else { return Ok(None) };
    let unknown =
        || format!("{path}: no layer of this host is shown at this volume; ask for its mount path again");
    let (guid, rest) = rest.split_once('}').ok_or_else(unknown)?;
    let guid: Guid = guid.parse().map_err(|_| unknown())?;
    let state = read(&layout.volumes().join(guid.to_string())).map_err(|error| error.to_string())?;
    let state = state.ok_or_else(unknown)?;
    if !mount::is_overlay(&state.target).unwrap_or(false) {
        return Err(format!("{path}: the layer {} is activated but not prepared", state.layer.display()));
    }
    let mut below = PathBuf::from(".");
    for part in rest.split(['\\', '/']) {
        match part {
            "" | "." => {}
            ".." => return Err(format!("{path}: a path of a volume can't go up")),
            part => below.push(part),
        }
    }
    let folder = inside(&state.target, &below).map_err(|errno| {
        format!("{path}: cannot open {} in the layer {}: {errno}", below.display(), state.layer.display())
    })?;
    Ok(Some((folder, state.layer)))
}

/// The path of what `below` leads to with `root` as `/` for every link on the way (`openat2(2)`, `RESOLVE_IN_ROOT`).
fn inside(root: &Path, below: &Path) -> rustix::io::Result<PathBuf> {
    let (flags, mode) = (OFlags::PATH | OFlags::CLOEXEC, Mode::empty());
    let root_fd = rustix::fs::open(root, flags | OFlags::DIRECTORY, mode)?;
    let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
    let found = rustix::fs::openat2(&root_fd, below, flags, mode, resolve)?;
    let path = rustix::fs::readlink(format!("/proc/self/fd/{}", found.as_raw_fd()), Vec::new())?;
    let path = PathBuf::from(OsString::from_vec(path.into_bytes()));
    // What was moved away or removed since has no path there.
    let real = rustix::fs::readlink(format!("/proc/self/fd/{}", root_fd.as_raw_fd()), Vec::new())?;
    if path.starts_with(OsString::from_vec(real.into_bytes())) && path.exists() {
        Ok(path)
    } else {
        Err(Errno::NOENT)
    }
}

/// Folders of layers that are not activated and that nobody works on: of a call that was killed, or of an earlier boot.
pub(crate) fn idle(layout: &Layout) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for folder in folders(layout)? {
        if read(&folder)?.is_none() && matches!(Knocker::new(&folder).knock()?, TryLock::Ours(_)) {
            found.push(folder);
        }
    }
    Ok(found)
}

/// Removes such a folder, unless it is used again.
pub(crate) fn remove_idle(folder: &Path) -> Result<()> {
    let TryLock::Ours(lock) = Knocker::new(folder).knock()? else { return Ok(()) };
    if read(folder)?.is_some() { Ok(()) } else { forget(lock) }
}

/// What may be mounted there is not shown to anybody: its call was killed.
fn forget(lock: FolderLock) -> Result<()> {
    for name in [MOUNT, DISK] {
        let path = lock.path().join(name);
        if mount::is_mounted(&path).map_err(|errno| os("look at", &path, errno))? {
            mount::detach(&path).map_err(|errno| os("unmount", &path, errno))?;
        }
    }
    lock.remove()
}

fn folders(layout: &Layout) -> Result<Vec<PathBuf>> {
    let folder = layout.volumes();
    let list = || fs_err::read_dir(&folder)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>();
    list().map_err(|error| Error::os("list", folder.display().to_string(), error))
}
