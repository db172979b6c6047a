//! A Wine prefix of somebody's own Windows programs, in which they find the service's DLLs and the way to hcsd.
//!
//! Files are put in place and the registry is edited as text: that takes no display, starts nothing, and is done in
//! milliseconds. It must not be done under a running Wine server, which writes its own view of the registry when it
//! ends; so such a prefix is refused.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, fcntl_lock};

use super::WineError;
use super::registry::RegistryFile;

/// Where programs look for the service's DLLs.
const SYSTEM: &str = "drive_c/windows/system32";

/// The stand-ins; see `dll/`.
pub(crate) const DLLS: [&str; 3] = ["vmcompute.dll", "computecore.dll", "computenetwork.dll"];

/// What Rust's standard library imports and Wine 8.0 does not have. A prefix that has one of its own keeps it.
pub(crate) const STUB: &str = "bcryptprimitives.dll";

/// What the DLLs read: `dll/bridge/src/settings.rs`.
const SETTINGS: &str = "hcs-client.conf";
const TOKEN: &str = "hcs-client.token";

/// Where Wine keeps which DLLs are a prefix's own: without the word one that Wine brings would come first.
const OVERRIDES: &str = r"Software\Wine\DllOverrides";

/// What is put into a prefix.
#[derive(Debug)]
pub(crate) struct Client<'a> {
    /// The files of [`DLLS`] and [`STUB`].
    pub(crate) dlls: &'a [PathBuf],
    /// What `HCS_HOST` would say: `http://127.0.0.1:PORT`.
    pub(crate) host: &'a str,
    /// The server's token.
    pub(crate) token: &'a str,
}

/// A prefix that nobody uses while this lives.
#[derive(Debug)]
pub(crate) struct Prefix {
    folder: PathBuf,
    owner: (u32, u32),
    /// The server's own: none starts meanwhile.
    #[cfg_attr(not(test), expect(dead_code, reason = "held, and looked at by nobody"))]
    locks: Vec<fs_err::File>,
}

impl Prefix {
    pub(crate) fn open(folder: &Path) -> Result<Self, WineError> {
        let unfit = |what| WineError::NoPrefix { folder: folder.to_owned(), what };
        if !folder.join(SYSTEM).is_dir() {
            return Err(unfit("it has no drive_c/windows/system32"));
        }
        let machine = fs_err::read(folder.join("system.reg"))?;
        if !String::from_utf8_lossy(&machine).lines().take(8).any(|line| line == "#arch=win64") {
            return Err(unfit("it is not a 64-bit one"));
        }
        let metadata = fs_err::metadata(folder)?;
        Ok(Self {
            folder: folder.to_owned(),
            owner: (metadata.uid(), metadata.gid()),
            locks: locks(folder, &metadata)?,
        })
    }

    /// Puts everything in place; gives the files that were written.
    pub(crate) fn install(&self, client: &Client<'_>) -> Result<Vec<PathBuf>, WineError> {
        let mut written = Vec::new();
        for dll in client.dlls {
            let name = dll.file_name().unwrap_or_default();
            let place = self.system().join(name);
            if name == STUB && place.exists() && fs_err::read(&place)? != fs_err::read(dll)? {
                continue;
            }
            written.push(self.write(place, &fs_err::read(dll)?, 0o644)?);
        }
        written.push(self.write(self.system().join(TOKEN), client.token.as_bytes(), 0o600)?);
        let settings = format!(
            "# Where hcsd is; written by `hcs wine-prefix install`.\nHCS_HOST={}\nHCS_TOKEN_FILE={TOKEN}\n",
            client.host
        );
        written.push(self.write(self.system().join(SETTINGS), settings.as_bytes(), 0o644)?);
        written.push(self.registry(|registry| {
            for dll in DLLS {
                registry.set_text(OVERRIDES, stem(dll), "native");
            }
        })?);
        Ok(written)
    }

    /// Takes everything out again, but for the stub: other programs may have come to need it. Gives the files that were
    /// removed or changed.
    pub(crate) fn uninstall(&self) -> Result<Vec<PathBuf>, WineError> {
        let mut removed = Vec::new();
        for name in DLLS.into_iter().chain([SETTINGS, TOKEN]) {
            let place = self.system().join(name);
            match fs_err::remove_file(&place) {
                Ok(()) => removed.push(place),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => return Err(error.into()),
            }
        }
        if !removed.is_empty() {
            removed.push(self.registry(|registry| {
                for dll in DLLS {
                    registry.remove_value(OVERRIDES, stem(dll));
                }
            })?);
        }
        Ok(removed)
    }

    fn system(&self) -> PathBuf {
        self.folder.join(SYSTEM)
    }

    fn registry(&self, change: impl FnOnce(&mut RegistryFile)) -> Result<PathBuf, WineError> {
        let path = self.folder.join("user.reg");
        let text = fs_err::read(&path)?;
        // The server writes ASCII alone, and escapes the rest.
        let parsed = String::from_utf8(text).ok().as_deref().and_then(RegistryFile::parse);
        let mut registry = parsed.ok_or_else(|| WineError::NoPrefix {
            folder: self.folder.clone(),
            what: "its user.reg is none",
        })?;
        change(&mut registry);
        let mode = fs_err::metadata(&path)?.permissions().mode() & 0o777;
        self.write(path, registry.text().as_bytes(), mode)
    }

    /// Writes a file of the prefix's owner, whole or not at all.
    fn write(&self, path: PathBuf, bytes: &[u8], mode: u32) -> Result<PathBuf, WineError> {
        let mut half = path.clone().into_os_string();
        half.push(".hcs-new");
        let half = PathBuf::from(half);
        // With its rights from the start: one of them is a secret.
        let file = fs_err::OpenOptions::new();
        let written = write_new(file, &half, bytes, mode)
            .and_then(|()| fs_err::os::unix::fs::lchown(&half, Some(self.owner.0), Some(self.owner.1)))
            .and_then(|()| fs_err::rename(&half, &path));
        if let Err(error) = written {
            // What matters is why it could not be written.
            let _ = fs_err::remove_file(&half);
            return Err(error.into());
        }
        Ok(path)
    }
}

fn write_new(mut options: fs_err::OpenOptions, path: &Path, bytes: &[u8], mode: u32) -> std::io::Result<()> {
    use std::io::Write as _;

    use fs_err::os::unix::fs::OpenOptionsExt as _;

    match fs_err::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = options.write(true).create_new(true).mode(mode).open(path)?;
    file.write_all(bytes)?;
    // The umask may have taken some away.
    file.set_permissions(std::fs::Permissions::from_mode(mode))
}

fn stem(dll: &str) -> &str {
    dll.trim_end_matches(".dll")
}

/// Takes the locks that a prefix's server holds while it runs (Wine, `server/request.c`, `acquire_lock`): a record lock on a
/// file in a folder named after the prefix's device and inode. Where there is none, none runs.
fn locks(folder: &Path, metadata: &std::fs::Metadata) -> Result<Vec<fs_err::File>, WineError> {
    let server = format!("server-{:x}-{:x}/lock", metadata.dev(), metadata.ino());
    let places = server_folders(folder, metadata.uid())?;
    places.iter().filter_map(|place| lock(folder, &place.join(&server)).transpose()).collect()
}

/// Where the server may have its folder: by upstream's rule; and Debian's makes one of a random name, which it notes in the
/// prefix, below its `TMPDIR` (ours, if it was started from the same session), `/run/user/UID` or `/tmp`.
fn server_folders(folder: &Path, uid: u32) -> Result<Vec<PathBuf>, WineError> {
    let mut folders = vec![PathBuf::from(format!("/tmp/.wine-{uid}"))];
    match fs_err::read(folder.join("wineserver")) {
        Ok(name) => {
            let name = String::from_utf8_lossy(&name);
            let name = name.trim_end_matches(['\0', '\n']);
            // The prefix's owner may have written anything there.
            if !name.starts_with("wine-") || name.contains('/') {
                return Err(WineError::NoPrefix {
                    folder: folder.to_owned(),
                    what: "its wineserver names no folder",
                });
            }
            let runtime = PathBuf::from(format!("/run/user/{uid}"));
            let places = [std::env::temp_dir(), runtime, "/tmp".into()].map(|parent| parent.join(name));
            folders.extend(places);
            folders.sort_unstable();
            folders.dedup();
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(error.into()),
    }
    Ok(folders)
}

fn lock(folder: &Path, place: &Path) -> Result<Option<fs_err::File>, WineError> {
    let file = match fs_err::OpenOptions::new().read(true).write(true).open(place) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    match fcntl_lock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(Some(file)),
        Err(rustix::io::Errno::AGAIN | rustix::io::Errno::ACCESS) => {
            Err(WineError::PrefixInUse { folder: folder.to_owned() })
        }
        Err(error) => Err(WineError::io("lock", place)(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prefix(arch: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs_err::create_dir_all(folder.path().join(SYSTEM)).unwrap();
        let head = format!("WINE REGISTRY Version 2\n;; x\n\n#arch={arch}\n\n");
        fs_err::write(folder.path().join("system.reg"), &head).unwrap();
        fs_err::write(folder.path().join("user.reg"), format!("{head}[Software\\\\A] 1\n\"x\"=\"y\"\n\n"))
            .unwrap();
        folder
    }

    fn dlls(folder: &Path) -> Vec<PathBuf> {
        let names = DLLS.into_iter().chain([STUB]);
        let files: Vec<_> = names.map(|name| folder.join(name)).collect();
        for file in &files {
            fs_err::write(file, "MZ").unwrap();
        }
        files
    }

    #[test]
    fn what_is_put_in_is_taken_out() {
        let (folder, files) = (prefix("win64"), tempfile::tempdir().unwrap());
        let before = fs_err::read_to_string(folder.path().join("user.reg")).unwrap();
        let dlls = dlls(files.path());
        let client = Client { dlls: &dlls, host: "http://127.0.0.1:1", token: "secret" };
        let opened = Prefix::open(folder.path()).unwrap();
        for _ in 0..2 {
            let written = opened.install(&client).unwrap();
            assert_eq!(written.len(), dlls.len() + 3);
            assert!(written.iter().all(|path| path.exists()));
        }
        let system = folder.path().join(SYSTEM);
        let settings = fs_err::read_to_string(system.join(SETTINGS)).unwrap();
        assert!(settings.contains("HCS_HOST=http://127.0.0.1:1\nHCS_TOKEN_FILE=hcs-client.token\n"));
        let token = fs_err::metadata(system.join(TOKEN)).unwrap();
        assert_eq!(token.permissions().mode() & 0o777, 0o600);
        let registry = fs_err::read_to_string(folder.path().join("user.reg")).unwrap();
        assert_eq!(registry.matches("\"vmcompute\"=\"native\"").count(), 1, "{registry}");

        opened.uninstall().unwrap();
        let left: Vec<_> =
            fs_err::read_dir(&system).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, [STUB]);
        let after = fs_err::read_to_string(folder.path().join("user.reg")).unwrap();
        assert!(!after.contains("native") && after.starts_with(&before), "{after}");
        assert_eq!(opened.uninstall().unwrap(), [""; 0].map(PathBuf::from));
    }

    #[test]
    fn a_wine_that_has_the_stub_s_functions_keeps_its_own() {
        let (folder, files) = (prefix("win64"), tempfile::tempdir().unwrap());
        let own = folder.path().join(SYSTEM).join(STUB);
        fs_err::write(&own, "MZ of Wine's").unwrap();
        let dlls = dlls(files.path());
        let client = Client { dlls: &dlls, host: "http://127.0.0.1:1", token: "secret" };
        Prefix::open(folder.path()).unwrap().install(&client).unwrap();
        assert_eq!(fs_err::read_to_string(own).unwrap(), "MZ of Wine's");
    }

    #[test]
    fn a_server_that_runs_is_found_where_either_kind_has_its_folder() {
        let folder = prefix("win64");
        let metadata = fs_err::metadata(folder.path()).unwrap();
        let server = format!("server-{:x}-{:x}", metadata.dev(), metadata.ino());
        // As Debian's: a folder below /tmp, whose name the prefix has.
        let place = tempfile::Builder::new().prefix("wine-").tempdir_in("/tmp").unwrap();
        fs_err::create_dir(place.path().join(&server)).unwrap();
        fs_err::write(place.path().join(server).join("lock"), "").unwrap();
        fs_err::write(folder.path().join("wineserver"), place.path().file_name().unwrap().as_encoded_bytes())
            .unwrap();
        // Nobody has it: it is ours until the prefix is let go of. (That another process's is seen is seen with a real
        // server, by the DLLs' tests: locks of one process do not hinder each other.)
        assert_eq!(Prefix::open(folder.path()).unwrap().locks.len(), 1);
        for odd in ["../x", "wine-/../../etc", ""] {
            fs_err::write(folder.path().join("wineserver"), odd).unwrap();
            let text = Prefix::open(folder.path()).unwrap_err().to_string();
            assert!(text.contains("wineserver"), "{odd}: {text}");
        }
    }

    #[test]
    fn what_is_no_prefix_is_refused() {
        let empty = tempfile::tempdir().unwrap();
        for (folder, word) in [(empty, "system32"), (prefix("win32"), "64-bit")] {
            let text = Prefix::open(folder.path()).unwrap_err().to_string();
            assert!(text.contains(word), "{text}");
        }
    }
}
