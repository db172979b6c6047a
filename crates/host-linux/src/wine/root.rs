//! A container's `/`: Wine, the libraries that it needs, and the few files that the C library reads.
//!
//! Everything is a copy, so that an upgrade of the host's packages does not change a base under running containers,
//! and nothing in it leads to the host.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::elf::Elf;
use super::{WineError, WineInstall, pe};

/// Wine's modules for Linux that are left out: they serve screens, sound, cameras, scanners, cards and capturing, which
/// a container has none of, and each would bring a chain of libraries.
const LEFT_OUT: &[&str] = &[
    "avicap32.so",
    "capi2032.so",
    "ctapi32.so",
    "gphoto2.so",
    "opencl.so",
    "qcap.so",
    "winealsa.so",
    "winebus.so",
    "winegstreamer.so",
    "winepulse.so",
    "wineusb.so",
    "winevulkan.so",
    "winex11.so",
    "wpcap.so",
];

/// Libraries that are opened by name at run time. `libgcc_s`: the C library's `pthread_exit` aborts the process without
/// it. GnuTLS: TLS, certificates and hashes. FreeType is left out on purpose: with it every program that loads
/// user32.dll reads fonts for milliseconds, and with it but without any font Wine 8 crashes there; without it Wine goes
/// on without text output on screens that a container does not have.
const OPENED_AT_RUN_TIME: &[(&str, bool)] = &[("libgcc_s.so.1", true), ("libgnutls.so.30", false)];

/// Where libraries are looked for, in this order.
const LIBRARY_FOLDERS: &[&str] =
    &["/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib64", "/usr/lib64", "/lib", "/usr/lib"];

/// Where libraries stand inside; the dynamic loader's own default.
const LIBRARIES_INSIDE: &str = "usr/lib/x86_64-linux-gnu";

/// Copied as they are when the host has them: certificates that Wine's crypt32 takes as roots, the encoding of file
/// names, the time zones.
const DATA: &[&str] =
    &["/etc/ssl/certs/ca-certificates.crt", "/usr/lib/locale/C.utf8", "/usr/share/zoneinfo"];

/// Folders on which a container gets mounts, and `/tmp`, where Wine's server makes its socket.
const MOUNT_POINTS: &[(&str, u32)] =
    &[("dev", 0o755), ("prefix", 0o755), ("proc", 0o555), ("run", 0o755), ("sys", 0o555), ("tmp", 0o1777)];

/// Small files of our own. Wine takes the user's name from the first, unless the container has another.
const OWN_FILES: &[(&str, &str)] = &[
    ("etc/passwd", "ContainerAdministrator:x:0:0:ContainerAdministrator:/:/nonexistent\n"),
    ("etc/group", "ContainerAdministrator:x:0:\n"),
    ("etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n"),
    ("etc/hosts", "127.0.0.1 localhost\n::1 localhost\n"),
    ("etc/resolv.conf", ""),
    ("etc/hostname", "container\n"),
    ("etc/host.conf", "multi on\n"),
];

/// Makes the tree in the empty folder `root`. `progress` gets the part that is done, 0 to 1.
pub(super) fn make(root: &Path, wine: &WineInstall, progress: &mut dyn FnMut(f32)) -> Result<(), WineError> {
    for (link, target) in [("lib", "usr/lib"), ("lib64", "usr/lib64")] {
        fs_err::os::unix::fs::symlink(target, root.join(link))?;
    }
    for (name, mode) in MOUNT_POINTS {
        folder(root, name, *mode)?;
    }
    for (name, text) in OWN_FILES {
        write(root, name, text.as_bytes())?;
    }
    for path in DATA.iter().map(Path::new).filter(|path| path.exists()) {
        copy_tree(path, &inside(root, path))?;
    }
    let utc = Path::new("/usr/share/zoneinfo/Etc/UTC");
    if utc.is_file() {
        copy(utc, &root.join("etc/localtime"))?;
    }
    programs(root, wine)?;
    copy_tree(&wine.share.join("nls"), &inside(root, &wine.share.join("nls")))?;
    if wine.share.join("fonts").is_dir() {
        copy_tree(&wine.share.join("fonts"), &inside(root, &wine.share.join("fonts")))?;
    }
    copy(&wine.share.join("wine.inf"), &inside(root, &wine.share.join("wine.inf")))?;
    progress(0.1);
    windows_modules(root, wine, &mut |part| progress(0.9f32.mul_add(part, 0.1)))
}

/// Loader, server, Wine's modules for Linux, and every library that one of them needs.
fn programs(root: &Path, wine: &WineInstall) -> Result<(), WineError> {
    let mut queue = vec![wine.loader.clone(), wine.server.clone()];
    for entry in fs_err::read_dir(&wine.unix_modules)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.ends_with(".so") && !LEFT_OUT.contains(&&*name) {
            queue.push(path);
        }
    }
    let mut libraries = BTreeMap::new();
    for (name, required) in OPENED_AT_RUN_TIME {
        match library(name) {
            Some(path) => {
                libraries.insert((*name).to_owned(), path.clone());
                queue.push(path);
            }
            None if *required => {
                return Err(WineError::NoLibrary { name: (*name).into(), needed_by: "libc.so.6".into() });
            }
            // Wine itself runs without it and says so when a program asks for what it does.
            None => {}
        }
    }
    let own: BTreeSet<PathBuf> = queue.iter().cloned().collect();
    let mut interpreter = None;
    while let Some(path) = queue.pop() {
        let elf =
            Elf::parse(&fs_err::read(&path)?).ok_or_else(|| WineError::NotElf { path: path.clone() })?;
        interpreter = interpreter.or(elf.interpreter);
        for name in elf.needed {
            let beside = wine.unix_modules.join(&name);
            if libraries.contains_key(&name) || beside.is_file() {
                continue;
            }
            let Some(found) = library(&name) else {
                return Err(WineError::NoLibrary { name, needed_by: path });
            };
            libraries.insert(name, found.clone());
            queue.push(found);
        }
    }
    for path in own.iter().filter(|path| path.starts_with(&wine.unix_modules)) {
        copy(path, &inside(root, path))?;
    }
    copy(&wine.loader, &inside(root, &wine.loader))?;
    let server = inside(root, &wine.server);
    copy(&wine.server, &server)?;
    // The loader starts `wineserver` beside itself; in Debian that is a script for a shell.
    let plain = inside(root, &wine.loader).with_file_name("wineserver");
    if plain != server {
        fs_err::hard_link(server, plain)?;
    }
    for (name, path) in &libraries {
        copy(path, &root.join(LIBRARIES_INSIDE).join(name))?;
    }
    if let Some(interpreter) = interpreter {
        // `/lib64` is a link inside; the loader's real place is below /usr.
        let target = root.join("usr").join(interpreter.trim_start_matches('/'));
        copy(Path::new(&interpreter), &target)?;
    }
    Ok(())
}

fn windows_modules(root: &Path, wine: &WineInstall, progress: &mut dyn FnMut(f32)) -> Result<(), WineError> {
    let target = inside(root, &wine.windows_modules);
    fs_err::create_dir_all(&target)?;
    let files: Vec<_> = fs_err::read_dir(&wine.windows_modules)?.collect::<Result<_, _>>()?;
    for (i, entry) in files.iter().enumerate() {
        if entry.file_type()?.is_file() {
            pe::copy(&entry.path(), &target.join(entry.file_name()))?;
        }
        #[expect(clippy::cast_precision_loss, reason = "a few hundred files")]
        progress(i as f32 / files.len() as f32);
    }
    Ok(())
}

fn library(name: &str) -> Option<PathBuf> {
    LIBRARY_FOLDERS.iter().map(|folder| Path::new(folder).join(name)).find(|path| path.is_file())
}

/// The same path below `root`.
fn inside(root: &Path, path: &Path) -> PathBuf {
    root.join(path.strip_prefix("/").unwrap_or(path))
}

fn folder(root: &Path, name: &str, mode: u32) -> Result<(), WineError> {
    let path = root.join(name);
    fs_err::create_dir_all(&path)?;
    fs_err::set_permissions(&path, Permissions::from_mode(mode))?;
    Ok(())
}

fn write(root: &Path, name: &str, bytes: &[u8]) -> Result<(), WineError> {
    let path = root.join(name);
    if let Some(parent) = path.parent() {
        fs_err::create_dir_all(parent)?;
    }
    fs_err::write(path, bytes)?;
    Ok(())
}

/// Copies a file's content and permissions, following links.
fn copy(from: &Path, to: &Path) -> Result<(), WineError> {
    if let Some(parent) = to.parent() {
        fs_err::create_dir_all(parent)?;
    }
    fs_err::copy(from, to)?;
    Ok(())
}

/// Copies a file, or a folder with all below it. Links are followed, so that none leads out of the copy.
fn copy_tree(from: &Path, to: &Path) -> Result<(), WineError> {
    if !fs_err::metadata(from)?.is_dir() {
        return copy(from, to);
    }
    fs_err::create_dir_all(to)?;
    for entry in fs_err::read_dir(from)? {
        let entry = entry?;
        // A link to nowhere is nothing that a container could use either.
        if entry.path().exists() {
            copy_tree(&entry.path(), &to.join(entry.file_name()))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_below_the_root() {
        assert_eq!(inside(Path::new("/b/root"), Path::new("/usr/lib/x")), Path::new("/b/root/usr/lib/x"));
    }

    #[test]
    fn copies_hold_no_links() {
        let folder = tempfile::tempdir().unwrap();
        let from = folder.path().join("from");
        fs_err::create_dir_all(from.join("sub")).unwrap();
        fs_err::write(from.join("sub/file"), "x").unwrap();
        fs_err::os::unix::fs::symlink("sub", from.join("link")).unwrap();
        fs_err::os::unix::fs::symlink("nowhere", from.join("dead")).unwrap();
        let to = folder.path().join("to");
        copy_tree(&from, &to).unwrap();
        assert!(fs_err::symlink_metadata(to.join("link")).unwrap().is_dir());
        assert_eq!(fs_err::read_to_string(to.join("link/file")).unwrap(), "x");
        assert!(!to.join("dead").exists());
    }
}
