//! The engine instance's own folder in each hierarchy, ready for systems to be made in it.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{Mode, openat};
use rustix::io::Errno;

use super::create::{DIRECTORY, Part, open_or_make};
use super::detect::Legacy;
use super::{CgroupError, Controllers, Hierarchies, file};

/// Opens the folder `name` in `parent` (empty, or a path with a slash at its end) of every hierarchy, making it where
/// it is missing. The unified part is always the first.
pub(super) fn open(hierarchies: &Hierarchies, parent: &str, name: &str) -> Result<Vec<Part>, CgroupError> {
    let mut parts = Vec::with_capacity(1 + hierarchies.legacy.len());
    parts.push(open_unified(hierarchies, parent, name)?);
    for legacy in &hierarchies.legacy {
        parts.push(open_legacy(legacy, parent, name)?);
    }
    Ok(parts)
}

/// As [`open`], without making anything: the parts that are there.
pub(super) fn find(hierarchies: &Hierarchies, parent: &str, name: &str) -> Result<Vec<Part>, CgroupError> {
    let unified = (hierarchies.unified.as_fd(), true, Controllers::empty());
    let legacy = hierarchies.legacy.iter().map(|one| (one.root.as_fd(), false, one.controllers));
    let mut parts = Vec::new();
    for (root, unified, controllers) in std::iter::once(unified).chain(legacy) {
        let (above, skip) = match open_parent(root, parent) {
            Ok(above) => (above, 0),
            // Used at its root: see `open_legacy`.
            Err(Errno::NOENT) if !unified => (None, parent.len()),
            Err(Errno::NOENT) => continue,
            Err(errno) => return Err(missing(unified, controllers, parent, errno)),
        };
        match openat(above.as_ref().map_or(root, AsFd::as_fd), name, DIRECTORY, Mode::empty()) {
            Ok(dir) => {
                let controllers = if unified { given(dir.as_fd()) } else { controllers };
                parts.push(Part { controllers, unified, skip, dir });
            }
            Err(Errno::NOENT) => {}
            Err(errno) => return Err(missing(unified, controllers, name, errno)),
        }
    }
    Ok(parts)
}

fn missing(unified: bool, controllers: Controllers, file: &str, source: Errno) -> CgroupError {
    let hierarchy = if unified { "unified".to_owned() } else { controllers.v1_label() };
    CgroupError::Io {
        cgroup: format!("{hierarchy}:/").into(),
        file: file.into(),
        action: "open the folder",
        source,
    }
}

fn open_unified(hierarchies: &Hierarchies, parent: &str, name: &str) -> Result<Part, CgroupError> {
    let failed = |action| {
        move |source| CgroupError::Io {
            cgroup: format!("unified:/{parent}").into(),
            file: name.into(),
            action,
            source,
        }
    };
    let above =
        open_parent(hierarchies.unified.as_fd(), parent).map_err(failed("open the parent folder of"))?;
    let above = above.as_ref().map_or(hierarchies.unified.as_fd(), AsFd::as_fd);
    // The root of a delegated tree needs the controllers from above; those are its owner's to hand down.
    let wanted = hierarchies.unified_controllers.difference(hierarchies.legacy_controllers());
    let wanted = hand_down(above, wanted);
    let dir = open_or_make(above, name).map_err(failed("open or make the folder"))?;
    let controllers = hand_down(dir.as_fd(), wanted);
    Ok(Part { controllers, unified: true, skip: 0, dir })
}

fn open_legacy(legacy: &Legacy, parent: &str, name: &str) -> Result<Part, CgroupError> {
    let failed = |action, file: &str, source| CgroupError::Io {
        cgroup: format!("{}:/", legacy.controllers.v1_label()).into(),
        file: file.into(),
        action,
        source,
    };
    let root = legacy.root.as_fd();
    let (above, skip) = match open_parent(root, parent) {
        Ok(above) => (above, 0),
        Err(Errno::NOENT) => (None, parent.len()),
        Err(errno) => return Err(failed("open the parent folder", parent, errno)),
    };
    let above = above.as_ref().map_or(root, AsFd::as_fd);
    let dir = open_or_make(above, name).map_err(|errno| failed("open or make the folder", name, errno))?;
    if legacy.controllers.contains(Controllers::CPUSET) {
        fill_cpuset(dir.as_fd(), above)
            .map_err(|(file, errno)| failed("copy from the parent", file, errno))?;
    }
    Ok(Part { controllers: legacy.controllers, unified: false, skip, dir })
}

/// `None` for the root itself, which is open already.
fn open_parent(root: BorrowedFd<'_>, path: &str) -> Result<Option<OwnedFd>, Errno> {
    let mut dir: Option<OwnedFd> = None;
    for component in path.split('/').filter(|c| !c.is_empty()) {
        let from = dir.as_ref().map_or(root, AsFd::as_fd);
        dir = Some(openat(from, component, DIRECTORY, Mode::empty())?);
    }
    Ok(dir)
}

const HANDED_DOWN: &str = "cgroup.subtree_control";

/// What the children of the folder have.
fn given(dir: BorrowedFd<'_>) -> Controllers {
    file::read(dir, HANDED_DOWN).map_or(Controllers::empty(), |line| Controllers::from_v2(&line))
}

/// Lets the children of the folder have `wanted`; returns what they get.
fn hand_down(dir: BorrowedFd<'_>, wanted: Controllers) -> Controllers {
    if wanted.is_empty() {
        return wanted;
    }
    let missing = wanted.difference(given(dir));
    if missing.is_empty() {
        return wanted;
    }
    // All at once is one write; but one that the kernel can't give (cpu with real-time tasks about) spoils the lot.
    if file::write(dir, HANDED_DOWN, missing.v2_enable().as_bytes()).is_err() {
        for one in missing {
            let _ = file::write(dir, HANDED_DOWN, one.v2_enable().as_bytes());
        }
    }
    wanted.intersection(given(dir))
}

/// A new version 1 cpuset is empty, and nothing can enter it; with `clone_children` its children start as copies.
///
/// The flag is written last, so it tells whether an earlier start got this far.
fn fill_cpuset(dir: BorrowedFd<'_>, parent: BorrowedFd<'_>) -> Result<(), (&'static str, Errno)> {
    const FLAG: &str = "cgroup.clone_children";
    let flag = file::read(dir, FLAG).map_err(|errno| (FLAG, errno))?;
    if file::number(&flag) == Some(1) {
        return Ok(());
    }
    for name in ["cpuset.cpus", "cpuset.mems"] {
        file::read(parent, name)
            .and_then(|text| file::write(dir, name, &text))
            .map_err(|errno| (name, errno))?;
    }
    file::write(dir, FLAG, b"1").map_err(|errno| (FLAG, errno))
}
