//! The folders: one per engine instance, one per system in it, in every hierarchy.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use hcs_fault::Point;
use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, mkdirat, openat, statat, unlinkat};
use rustix::io::Errno;

use super::{CgroupError, Controllers, Hierarchies, Limits, Removal, file};

/// Every folder of a system ends so: no file of the kernel does, and neither does [`ENGINE`].
const SUFFIX: &str = ".silo";
/// The leaf where supervisors live; version 2 allows no processes in the instance's own folder.
pub(super) const ENGINE: &str = "engine";

pub(super) const DIRECTORY: OFlags =
    OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);
const FOLDER_MODE: Mode = Mode::from_raw_mode(0o755);

/// One folder in one hierarchy.
#[derive(Debug)]
pub(super) struct Part {
    /// What is controlled here. On version 2 this is what the parent hands down.
    pub(super) controllers: Controllers,
    /// Version 2?
    pub(super) unified: bool,
    /// How many bytes of the path are missing here: the engine's parent folder need not be in every hierarchy.
    pub(super) skip: usize,
    pub(super) dir: OwnedFd,
}

impl Part {
    pub(super) fn dir(&self) -> BorrowedFd<'_> {
        self.dir.as_fd()
    }

    pub(super) fn label(&self, path: &str) -> Box<str> {
        let hierarchy = if self.unified { "unified".to_owned() } else { self.controllers.v1_label() };
        format!("{hierarchy}:/{}", path.get(self.skip..).unwrap_or(path)).into()
    }

    pub(super) fn io(&self, path: &str, action: &'static str, file: &str, source: Errno) -> CgroupError {
        CgroupError::Io { cgroup: self.label(path), file: file.into(), action, source }
    }

    /// The part of the folder `name` in this one.
    fn child(&self, dir: OwnedFd) -> Self {
        Self { controllers: self.controllers, unified: self.unified, skip: self.skip, dir }
    }
}

/// Opens the folder `name` in `dir`, making it where it is missing.
pub(super) fn open_or_make(dir: BorrowedFd<'_>, name: &str) -> Result<OwnedFd, Errno> {
    match openat(dir, name, DIRECTORY, Mode::empty()) {
        Err(Errno::NOENT) => {
            match hcs_fault::call(Point::MakeEngineCgroup).and_then(|()| mkdirat(dir, name, FOLDER_MODE)) {
                // Another start of the same instance may have been first.
                Ok(()) | Err(Errno::EXIST) => {}
                Err(errno) => return Err(errno),
            }
            openat(dir, name, DIRECTORY, Mode::empty())
        }
        other => other,
    }
}

/// The parent's path, with a slash at its end unless it is a root, and the name of the instance's folder in it.
fn place(parent: &str, instance: &str) -> Result<(String, String), CgroupError> {
    check_name(instance)?;
    let mut path = String::new();
    for component in parent.split('/').filter(|c| !c.is_empty()) {
        check_name(component)?;
        path.push_str(component);
        path.push('/');
    }
    Ok((path, format!("hcs-{instance}")))
}

/// The folders of one engine instance; systems of other instances on the same kernel are out of its reach.
#[derive(Debug)]
pub struct Instance {
    path: String,
    parts: Vec<Part>,
}

impl Instance {
    /// Opens `hcs-<instance>` in every hierarchy, making what is missing.
    ///
    /// `parent` is the folder below which the engine may work, relative to the roots: empty for the root itself, or
    /// the path of a delegated scope (which then may hold no processes of its own). It must be in the unified
    /// hierarchy; version 1 hierarchies that lack it (systemd does not delegate all of them) are used at their root.
    ///
    /// On version 2 the controllers are handed down by `parent` and by the instance. What the kernel refuses to hand
    /// down is left out here, and reported by [`CgroupError::NoController`] when a limit needs it.
    ///
    /// # Errors
    /// [`CgroupError::Name`] for an `instance` or `parent` that is no name or path; [`CgroupError::Io`] when a folder
    /// can't be made: `EROFS` or `EACCES` in a container that was not given its cgroups.
    pub fn open(hierarchies: &Hierarchies, parent: &str, instance: &str) -> Result<Self, CgroupError> {
        let (mut path, name) = place(parent, instance)?;
        let parts = super::root::open(hierarchies, &path, &name)?;
        path.push_str(&name);
        Ok(Self { path, parts })
    }

    /// As [`Instance::open`], making nothing: `None` when no hierarchy has the instance's folder.
    ///
    /// # Errors
    /// As [`Instance::open`].
    pub fn find(
        hierarchies: &Hierarchies,
        parent: &str,
        instance: &str,
    ) -> Result<Option<Self>, CgroupError> {
        let (mut path, name) = place(parent, instance)?;
        let parts = super::root::find(hierarchies, &path, &name)?;
        path.push_str(&name);
        Ok((!parts.is_empty()).then_some(Self { path, parts }))
    }

    /// The path below the roots, for messages: `hcs-4f2a`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Makes the cgroup of `system` and sets `limits`. Nothing is left behind on an error.
    ///
    /// # Errors
    /// [`CgroupError::Exists`] when there is one; those of [`Cgroup::apply`].
    pub fn create(&self, system: &str, limits: &Limits) -> Result<Cgroup, CgroupError> {
        check_name(system)?;
        let folder = format!("{system}{SUFFIX}");
        let path = format!("{}/{folder}", self.path);
        let mut cgroup = Cgroup { path, parts: Vec::with_capacity(self.parts.len()) };
        for parent in &self.parts {
            if let Err(error) = cgroup.add(parent, &folder) {
                let _ = cgroup.remove();
                return Err(error);
            }
        }
        if let Err(error) = cgroup.apply(limits) {
            let _ = cgroup.remove();
            return Err(error);
        }
        Ok(cgroup)
    }

    /// The cgroup of `system`, complete or what a crash has left of it.
    ///
    /// # Errors
    /// [`CgroupError::NotFound`] when it is in no hierarchy.
    pub fn system(&self, system: &str) -> Result<Cgroup, CgroupError> {
        check_name(system)?;
        self.existing(&format!("{system}{SUFFIX}"))
    }

    /// The leaf where the instance's supervisors live, made where it is missing.
    ///
    /// # Errors
    /// [`CgroupError::Io`] when a folder can't be made.
    pub fn engine(&self) -> Result<Cgroup, CgroupError> {
        let path = format!("{}/{ENGINE}", self.path);
        let mut parts = Vec::with_capacity(self.parts.len());
        for parent in &self.parts {
            let dir = open_or_make(parent.dir(), ENGINE)
                .map_err(|errno| parent.io(&self.path, "open or make the folder", ENGINE, errno))?;
            parts.push(parent.child(dir));
        }
        Ok(Cgroup { path, parts })
    }

    /// The systems that have a folder in any hierarchy, sorted. Those without a supervisor are left-overs.
    ///
    /// # Errors
    /// [`CgroupError::Io`] when a folder can't be listed.
    pub fn systems(&self) -> Result<Vec<String>, CgroupError> {
        let mut systems = Vec::new();
        for part in &self.parts {
            let names = folders(part.dir()).map_err(|errno| part.io(&self.path, "list", ".", errno))?;
            systems.extend(names.into_iter().filter_map(|mut name| {
                name.truncate(name.strip_suffix(SUFFIX)?.len());
                Some(name)
            }));
        }
        systems.sort_unstable();
        systems.dedup();
        Ok(systems)
    }

    /// Removes the instance's own folders. `false` when a system or a supervisor is still there, or some other
    /// instance of the engine took them into use at the same moment.
    ///
    /// # Errors
    /// [`CgroupError::Io`] for anything but that.
    pub fn remove(self) -> Result<bool, CgroupError> {
        if let Ok(engine) = self.existing(ENGINE)
            && !engine.remove()?.is_gone()
        {
            return Ok(false);
        }
        let whole = Cgroup { path: self.path, parts: self.parts };
        whole.remove_empty().map(Removal::is_gone)
    }

    fn existing(&self, folder: &str) -> Result<Cgroup, CgroupError> {
        let path = format!("{}/{folder}", self.path);
        let mut parts = Vec::with_capacity(self.parts.len());
        for parent in &self.parts {
            match openat(parent.dir(), folder, DIRECTORY, Mode::empty()) {
                Ok(dir) => parts.push(parent.child(dir)),
                Err(Errno::NOENT) => {}
                Err(errno) => return Err(parent.io(&self.path, "open the folder", folder, errno)),
            }
        }
        if parts.is_empty() {
            return Err(CgroupError::NotFound { cgroup: path.into() });
        }
        Ok(Cgroup { path, parts })
    }
}

/// A system's cgroup: its folder in every hierarchy, held open, so that a reused name can't mislead us.
#[derive(Debug)]
pub struct Cgroup {
    pub(super) path: String,
    pub(super) parts: Vec<Part>,
}

impl Cgroup {
    /// The path below the roots of the hierarchies: `hcs-4f2a/web.silo`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Whether `controller` (one of them) can be used here.
    pub fn has(&self, controller: Controllers) -> bool {
        self.part(controller).is_some()
    }

    fn add(&mut self, parent: &Part, folder: &str) -> Result<(), CgroupError> {
        let made =
            hcs_fault::call(Point::MakeCgroup).and_then(|()| mkdirat(parent.dir(), folder, FOLDER_MODE));
        match made {
            Ok(()) => {}
            Err(Errno::EXIST) => return Err(CgroupError::Exists { cgroup: parent.label(&self.path) }),
            Err(errno) => return Err(parent.io(&self.path, "make the folder", folder, errno)),
        }
        match openat(parent.dir(), folder, DIRECTORY, Mode::empty()) {
            Ok(dir) => {
                self.parts.push(parent.child(dir));
                Ok(())
            }
            Err(errno) => {
                let _ = unlinkat(parent.dir(), folder, AtFlags::REMOVEDIR);
                Err(parent.io(&self.path, "open the folder", folder, errno))
            }
        }
    }

    /// The part where `controller` is, whatever the version.
    pub(super) fn part(&self, controller: Controllers) -> Option<&Part> {
        self.parts.iter().find(|part| part.controllers.contains(controller))
    }

    /// The folder in the unified hierarchy; missing only in what a crash has left.
    pub(super) fn unified(&self) -> Option<&Part> {
        self.parts.iter().find(|part| part.unified)
    }

    pub(super) fn need_unified(&self) -> Result<&Part, CgroupError> {
        self.unified()
            .ok_or_else(|| CgroupError::NotFound { cgroup: format!("unified:/{}", self.path).into() })
    }

    pub(super) fn label(&self, part: &Part) -> Box<str> {
        part.label(&self.path)
    }

    pub(super) fn io(&self, part: &Part, action: &'static str, file: &str, source: Errno) -> CgroupError {
        let gone = match source {
            // kernfs answers so for the files of a removed folder that are still open.
            Errno::NODEV => true,
            // The file is missing, or the whole folder is: this file is in every cgroup.
            Errno::NOENT => statat(part.dir(), "cgroup.procs", AtFlags::empty()).is_err(),
            _ => false,
        };
        if gone {
            CgroupError::NotFound { cgroup: part.label(&self.path) }
        } else {
            part.io(&self.path, action, file, source)
        }
    }

    pub(super) fn write(&self, part: &Part, file: &'static str, text: &[u8]) -> Result<(), CgroupError> {
        hcs_fault::call(Point::WriteCgroup)
            .and_then(|()| file::write(part.dir(), file, text))
            .map_err(|errno| self.io(part, "write", file, errno))
    }

    pub(super) fn read(&self, part: &Part, file: &'static str) -> Result<Vec<u8>, CgroupError> {
        file::read(part.dir(), file).map_err(|errno| self.io(part, "read", file, errno))
    }

    pub(super) fn unexpected(
        &self,
        part: &Part,
        file: &'static str,
        text: &[u8],
        expected: &'static str,
    ) -> CgroupError {
        let text = String::from_utf8_lossy(&text[..text.len().min(80)]).trim_end().into();
        CgroupError::Unexpected { cgroup: part.label(&self.path), file, text, expected }
    }
}

/// The subfolders of a cgroup. Names that are not UTF-8 were not made by us and are left out.
pub(super) fn folders(dir: BorrowedFd<'_>) -> Result<Vec<String>, Errno> {
    let mut names = Vec::new();
    let readable = openat(dir, ".", OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    for entry in Dir::new(readable)? {
        let entry = entry?;
        if entry.file_type() == FileType::Directory
            && let Ok(name) = entry.file_name().to_str()
            && name != "."
            && name != ".."
        {
            names.push(name.to_owned());
        }
    }
    Ok(names)
}

fn check_name(name: &str) -> Result<(), CgroupError> {
    let rule = if name.is_empty() || name == "." || name == ".." {
        "it must be the name of a folder"
    } else if name.contains(['/', '\n', '\0']) {
        "it may not hold a slash, a line feed or a NUL"
    } else if name.len() > 240 {
        "it may have at most 240 bytes"
    } else {
        return Ok(());
    };
    Err(CgroupError::Name { name: name.into(), rule })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_no_folders_are_refused() {
        for bad in ["", ".", "..", "a/b", "../a", "a\nb", "a\0b", &"x".repeat(241)] {
            let error = check_name(bad).unwrap_err();
            assert!(matches!(error, CgroupError::Name { .. }), "{bad:?}: {error}");
        }
        for good in ["web", "tasks", "cgroup.procs", "..x", "ü", &"x".repeat(240)] {
            assert!(check_name(good).is_ok(), "{good:?}");
        }
    }
}
