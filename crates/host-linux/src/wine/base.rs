//! The store of bases: find, make, list and remove.
//!
//! A base is made in a folder beside its place and renamed when it is whole and on disk, so that one that can be seen
//! is complete. One lock file serves all makers; finding a base takes no lock.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Instant;

use hcs_contract::Deadline;
use hcs_silo::tree::remove_tree;
use rustix::fs::FlockOperation;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::session::SetUp;
use super::{Sandbox, WineError, WineInstall, prefix, root};
use crate::lock;

/// Goes up with every change of what a base contains.
const RECIPE: u32 = 3;

/// Version of `base.json`.
const FORMAT: u32 = 1;

/// Free bytes that making a base takes at its highest point: 0.2 GB of root, 0.7 GB of prefix before it is cut down.
const NEEDED: u64 = 1100 << 20;

const INFO: &str = "base.json";
const LOCK: &str = ".lock";
/// Folder of links: fingerprint of the sources → base, so that finding a base reads no source file.
const KNOWN: &str = ".known";
const UNDER_CONSTRUCTION: &str = ".new-";

/// The files of ours that go into a base.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuestFiles {
    /// `agent.exe`
    pub agent: PathBuf,
    /// `bcryptprimitives.dll`, which Rust programs import and Wine 8 lacks.
    pub bcryptprimitives: PathBuf,
}

/// What the maker is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// Another process makes a base.
    WaitForOther,
    /// Copy Wine and its libraries.
    CopyWine,
    /// Wine's own set-up of the prefix; takes the longest and tells nothing meanwhile.
    SetUpPrefix,
    /// Cut the prefix down and change its registry.
    FitPrefix,
    /// Write all of it to disk.
    Sync,
}

impl Step {
    /// For people.
    pub fn text(self) -> &'static str {
        match self {
            Self::WaitForOther => "waiting for another process that makes a Wine base",
            Self::CopyWine => "copying Wine",
            Self::SetUpPrefix => "letting Wine set up its prefix",
            Self::FitPrefix => "fitting the prefix for containers",
            Self::Sync => "writing to disk",
        }
    }
}

/// How far making a base has come.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// What is being done.
    pub step: Step,
    /// Part of the whole, 0 to 1, by time as measured.
    pub fraction: f32,
}

/// `base.json`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BaseInfo {
    /// Version of this document.
    pub format: u32,
    /// The base's id, which is the name of its folder.
    pub id: String,
    /// Wine's version, such as `8.0 (Debian 8.0~repack-4)`.
    pub wine: String,
    /// Number of the recipe.
    pub recipe: u32,
    /// SHA-256 of agent.exe, hexadecimal.
    pub agent: String,
    /// Windows version that containers report by default.
    pub os_version: String,
    /// UTC, RFC 3339.
    pub created: String,
    /// Path of Wine's loader inside.
    pub loader: PathBuf,
    /// Bytes on disk of the whole folder.
    pub bytes: u64,
}

impl BaseInfo {
    /// All but what the store knows.
    fn new(wine: &WineInstall) -> Self {
        Self {
            format: FORMAT,
            id: String::new(),
            wine: String::new(),
            recipe: RECIPE,
            agent: String::new(),
            os_version: prefix::OS_VERSION.to_owned(),
            created: jiff::Timestamp::now().to_string(),
            loader: wine.loader.clone(),
            bytes: 0,
        }
    }
}

/// A base that is ready for use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Base {
    path: PathBuf,
    info: BaseInfo,
}

impl Base {
    fn open(path: PathBuf) -> Result<Self, WineError> {
        let file = path.join(INFO);
        let text = fs_err::read(&file)?;
        let info =
            serde_json::from_slice(&text).map_err(|source| WineError::BadInfo { path: file, source })?;
        Ok(Self { path, info })
    }

    /// What the base was made from.
    pub fn info(&self) -> &BaseInfo {
        &self.info
    }

    /// The base's folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The container's `/`, to be mounted read-only.
    pub fn root(&self) -> PathBuf {
        self.path.join("root")
    }

    /// The lowest layer of the container's `/prefix`.
    pub fn prefix(&self) -> PathBuf {
        self.path.join("prefix")
    }

    /// Drive C: in the lowest layer.
    pub fn drive_c(&self) -> PathBuf {
        self.path.join("prefix/drive_c")
    }
}

/// What a base is made from and by.
#[derive(Debug)]
struct Maker<'a> {
    wine: &'a WineInstall,
    guest: &'a GuestFiles,
    sandbox: &'a Sandbox,
    lock: BorrowedFd<'a>,
    deadline: Deadline,
}

/// The folder of all bases, `$HCS_ROOT/bases`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseStore {
    folder: PathBuf,
}

impl BaseStore {
    /// The store in `folder`, which need not exist yet.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// The base for this Wine and these files of ours; made when it is not there, which takes about ten seconds.
    ///
    /// Any number of processes may ask at once: one makes the base, the others wait and use it.
    ///
    /// # Errors
    /// Any [`WineError`]; nothing half made is left that a later call would take for a base.
    pub fn ensure(
        &self,
        wine: &WineInstall,
        guest: &GuestFiles,
        sandbox: &Sandbox,
        deadline: Deadline,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Base, WineError> {
        let fingerprint = fingerprint(wine, guest)?;
        if let Some(base) = self.known(&fingerprint) {
            return Ok(base);
        }
        if !rustix::process::geteuid().is_root() {
            return Err(WineError::NotRoot { uid: rustix::process::geteuid().as_raw() });
        }
        fs_err::create_dir_all(self.folder.join(KNOWN))?;
        let lock = self.lock(deadline, progress)?;
        if let Some(base) = self.known(&fingerprint) {
            return Ok(base);
        }
        for left in self.unfinished()? {
            // Whoever made it is gone. What can't be removed now is removed by the next one.
            let _ = remove_tree(&left);
        }
        let version = wine.version()?;
        let agent = digest(&guest.agent)?;
        let id = id(&version, &agent, &digest(&guest.bcryptprimitives)?);
        let place = self.folder.join(&id);
        // The same sources at another time or place.
        let base = if let Ok(base) = Base::open(place.clone()) {
            base
        } else {
            let info = BaseInfo { wine: version, agent, id, ..BaseInfo::new(wine) };
            let maker = Maker { wine, guest, sandbox, lock: lock.as_fd(), deadline };
            self.make(&maker, info, progress)?
        };
        self.remember(&fingerprint, &base)?;
        Ok(base)
    }

    /// All bases, the newest first. Folders that are no bases are passed over.
    ///
    /// # Errors
    /// [`WineError::Io`] when the store can't be read; a store that does not exist is empty.
    pub fn list(&self) -> Result<Vec<Base>, WineError> {
        let entries = match fs_err::read_dir(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut bases = Vec::new();
        for entry in entries {
            let name = entry?.file_name();
            if !name.as_encoded_bytes().starts_with(b".") {
                bases.extend(Base::open(self.folder.join(name)).ok());
            }
        }
        bases.sort_by(|a, b| b.info.created.cmp(&a.info.created));
        Ok(bases)
    }

    /// The base with this id.
    ///
    /// # Errors
    /// [`WineError::NotFound`], [`WineError::BadInfo`]
    pub fn get(&self, id: &str) -> Result<Base, WineError> {
        let plain = !id.starts_with('.') && !id.contains('/') && !id.is_empty();
        let path = self.folder.join(id);
        if !plain || !path.join(INFO).is_file() {
            return Err(WineError::NotFound { id: id.into() });
        }
        Base::open(path)
    }

    /// Removes a base. Whether a container uses it is the caller's to know.
    ///
    /// # Errors
    /// [`WineError::NotFound`], [`WineError::Timeout`] while another process makes a base, [`WineError::Io`]
    pub fn remove(&self, id: &str, deadline: Deadline) -> Result<(), WineError> {
        let base = self.get(id)?;
        let _lock = self.lock(deadline, &mut |_| {})?;
        // Out of sight first: a base that can be seen is whole.
        let doomed = self.folder.join(format!("{UNDER_CONSTRUCTION}{id}"));
        fs_err::rename(base.path(), &doomed)?;
        Ok(remove_tree(&doomed)?)
    }

    /// Keeps makers away while the value lives; `None` when one is at work. Changes nothing else.
    ///
    /// # Errors
    /// [`WineError::Io`] when the store can't be read.
    pub fn alone(&self) -> Result<Option<Alone<'_>>, WineError> {
        if !self.folder.is_dir() {
            return Ok(Some(Alone { store: self, _lock: None }));
        }
        let file = self.open_lock()?;
        let locked = lock::try_lock(&file, FlockOperation::NonBlockingLockExclusive)
            .map_err(WineError::io("lock", self.folder.join(LOCK)))?;
        Ok(locked.map(|()| Alone { store: self, _lock: Some(file) }))
    }

    /// What interrupted makers left; what is being made too, for who has no lock.
    fn unfinished(&self) -> Result<Vec<PathBuf>, WineError> {
        let entries = match fs_err::read_dir(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut found = Vec::new();
        for entry in entries {
            let entry = entry?;
            if entry.file_name().as_encoded_bytes().starts_with(UNDER_CONSTRUCTION.as_bytes()) {
                found.push(entry.path());
            }
        }
        Ok(found)
    }

    fn known(&self, fingerprint: &str) -> Option<Base> {
        let target = fs_err::read_link(self.folder.join(KNOWN).join(fingerprint)).ok()?;
        Base::open(self.folder.join(target.file_name()?)).ok()
    }

    fn remember(&self, fingerprint: &str, base: &Base) -> Result<(), WineError> {
        let link = self.folder.join(KNOWN).join(fingerprint);
        match fs_err::remove_file(&link) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
        Ok(fs_err::os::unix::fs::symlink(base.path.file_name().unwrap_or(OsStr::new("")), link)?)
    }

    fn open_lock(&self) -> Result<fs_err::File, WineError> {
        Ok(fs_err::OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(self.folder.join(LOCK))?)
    }

    fn lock(
        &self,
        deadline: Deadline,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<fs_err::File, WineError> {
        let begun = Instant::now();
        let path = self.folder.join(LOCK);
        let file = self.open_lock()?;
        let failed = |step, errno: rustix::io::Errno| WineError::io(step, &path)(errno);
        let mut tries = 0;
        let locked = lock::until(&path, deadline, failed, || {
            tries += 1;
            if tries == 2 {
                progress(Progress { step: Step::WaitForOther, fraction: 0.0 });
            }
            lock::try_lock(&file, FlockOperation::NonBlockingLockExclusive)
                .map_err(|errno| failed("lock", errno))
        })?;
        let waiting = "another process that makes a Wine base";
        locked
            .map(|()| file)
            .ok_or_else(|| WineError::Timeout { waiting: waiting.into(), waited: begun.elapsed() })
    }

    fn make(
        &self,
        maker: &Maker<'_>,
        mut info: BaseInfo,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Base, WineError> {
        let Maker { wine, guest, .. } = *maker;
        self.check_space()?;
        let mut at = |step, fraction| progress(Progress { step, fraction });
        let site = Site {
            path: self.folder.join(format!("{UNDER_CONSTRUCTION}{}-{}", std::process::id(), info.id)),
        };
        let (root, prefix) = (site.path.join("root"), site.path.join("prefix"));
        fs_err::create_dir_all(&root)?;
        fs_err::create_dir_all(&prefix)?;

        root::make(&root, wine, &mut |part| at(Step::CopyWine, part * 0.2))?;
        at(Step::SetUpPrefix, 0.2);
        let set_up = |name| {
            let container = SetUp {
                sandbox: maker.sandbox,
                lock: maker.lock,
                directory: &site.path.join(name),
                root: &root,
                prefix: &prefix,
                deadline: maker.deadline,
            };
            prefix::set_up(&container, wine)
        };
        // Wine's set-up of an empty prefix is a race between several programs; one time in some thirty it was seen to
        // fail for want of a kernel32.dll that another one was still to bring. From the start, it succeeds.
        if let Err(WineError::SetupFailed { .. }) = set_up("run") {
            remove_tree(&prefix)?;
            fs_err::create_dir(&prefix)?;
            set_up("run-again")?;
        }
        at(Step::FitPrefix, 0.85);
        prefix::fit(&root, &prefix, wine, guest)?;
        at(Step::Sync, 0.95);
        info.bytes = prefix::disk_usage(&site.path)?;
        let text = serde_json::to_vec_pretty(&info).map_err(|e| WineError::Io {
            step: "describe",
            path: site.path.clone(),
            source: e.into(),
        })?;
        fs_err::write(site.path.join(INFO), text)?;
        let folder = fs_err::File::open(&site.path)?;
        rustix::fs::syncfs(&folder).map_err(WineError::io("write to disk", &site.path))?;
        let place = self.folder.join(&info.id);
        if place.exists() {
            // A base without a description: what a disk error or a human hand left of one.
            remove_tree(&place)?;
        }
        fs_err::rename(&site.path, &place)?;
        Ok(Base { path: place, info })
    }

    fn check_space(&self) -> Result<(), WineError> {
        let stat = rustix::fs::statvfs(&self.folder).map_err(WineError::io("look at", &self.folder))?;
        let available = stat.f_bavail.saturating_mul(stat.f_frsize);
        if available < NEEDED {
            return Err(WineError::DiskFull { folder: self.folder.clone(), available, needed: NEEDED });
        }
        Ok(())
    }
}

/// See [`BaseStore::alone`].
#[derive(Debug)]
pub struct Alone<'a> {
    store: &'a BaseStore,
    _lock: Option<fs_err::File>,
}

impl Alone<'_> {
    /// The folders that interrupted makers left; removed unless `dry_run`.
    ///
    /// # Errors
    /// [`WineError::Io`]
    pub fn collect_garbage(&self, dry_run: bool) -> Result<Vec<PathBuf>, WineError> {
        let found = self.store.unfinished()?;
        if !dry_run {
            for path in &found {
                remove_tree(path)?;
            }
        }
        Ok(found)
    }
}

/// A folder under construction; removed unless it was renamed.
struct Site {
    path: PathBuf,
}

impl Drop for Site {
    fn drop(&mut self) {
        // What can't be removed now is removed by the next maker.
        let _ = remove_tree(&self.path);
    }
}

fn digest(path: &Path) -> Result<String, WineError> {
    let bytes = fs_err::read(path).map_err(|source| WineError::NoGuestFile { path: path.into(), source })?;
    Ok(hex(&Sha256::digest(&bytes)))
}

fn id(version: &str, agent: &str, bcryptprimitives: &str) -> String {
    let mut all = Sha256::new();
    for part in [version, agent, bcryptprimitives] {
        all.update(part.as_bytes());
        all.update([0]);
    }
    let number = version.split(' ').next().unwrap_or_default();
    format!("wine-{number}-r{RECIPE}-{}", &hex(&all.finalize())[..12])
}

/// Names, sizes, times and places of all source files: cheap, and different whenever one of them was replaced.
fn fingerprint(wine: &WineInstall, guest: &GuestFiles) -> Result<String, WineError> {
    let mut all = Sha256::new();
    let ours = [guest.agent.clone(), guest.bcryptprimitives.clone()];
    for path in ours {
        let metadata = fs_err::metadata(&path)
            .map_err(|source| WineError::NoGuestFile { path: path.clone(), source })?;
        add(&mut all, &path, &metadata);
    }
    for path in wine.key_files() {
        add(&mut all, &path, &fs_err::metadata(&path)?);
    }
    all.update(RECIPE.to_le_bytes());
    Ok(hex(&all.finalize())[..32].to_owned())
}

fn add(all: &mut Sha256, path: &Path, metadata: &std::fs::Metadata) {
    all.update(path.as_os_str().as_encoded_bytes());
    all.update([0]);
    for number in [metadata.dev(), metadata.ino(), metadata.size()] {
        all.update(number.to_le_bytes());
    }
    for number in [metadata.mtime(), metadata.mtime_nsec(), metadata.ctime(), metadata.ctime_nsec()] {
        all.update(number.to_le_bytes());
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string can't fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_that_lead_out_of_the_store_are_unknown() {
        let folder = tempfile::tempdir().unwrap();
        let store = BaseStore::new(folder.path().join("bases"));
        assert!(store.list().unwrap().is_empty());
        fs_err::write(folder.path().join(INFO), "{}").unwrap();
        for id in ["", "..", ".known", "a/b", "none"] {
            assert!(matches!(store.get(id), Err(WineError::NotFound { .. })), "{id:?}");
        }
    }

    #[test]
    fn a_broken_description_says_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let store = BaseStore::new(folder.path());
        fs_err::create_dir(folder.path().join("b")).unwrap();
        fs_err::write(folder.path().join("b").join(INFO), "{").unwrap();
        let text = store.get("b").unwrap_err().to_string();
        assert!(text.contains("remove the folder"), "{text}");
        assert!(store.list().unwrap().is_empty());
    }

    #[test]
    fn leftovers_of_makers_are_garbage_and_bases_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let store = BaseStore::new(folder.path());
        let collect = |dry_run| store.alone().unwrap().unwrap().collect_garbage(dry_run).unwrap().len();
        assert_eq!(collect(false), 0);
        fs_err::create_dir_all(folder.path().join(".new-1-x/prefix")).unwrap();
        fs_err::create_dir_all(folder.path().join("wine-8.0-r1-x")).unwrap();
        let maker = store.lock(Deadline::now(), &mut |_| {}).unwrap();
        assert!(store.alone().unwrap().is_none(), "with a maker at work it is no garbage");
        drop(maker);
        assert_eq!((collect(true), collect(false), collect(false)), (1, 1, 0));
        assert!(!folder.path().join(".new-1-x").exists());
        assert!(folder.path().join("wine-8.0-r1-x").exists());
    }

    #[test]
    fn who_waits_for_another_maker_waits_until_its_deadline() {
        let folder = tempfile::tempdir().unwrap();
        let store = BaseStore::new(folder.path());
        let maker = store.lock(Deadline::now(), &mut |_| {}).unwrap();
        let mut seen = Vec::new();
        let soon = Deadline::after(std::time::Duration::from_millis(50));
        let error = store.lock(soon, &mut |progress| seen.push(progress.step)).unwrap_err();
        assert!(matches!(error, WineError::Timeout { .. }), "{error}");
        assert_eq!(seen, [Step::WaitForOther]);
        drop(maker);
        store.lock(Deadline::now(), &mut |_| {}).unwrap();
    }
}
