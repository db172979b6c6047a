//! The golden prefix: what Wine's own set-up makes, then cut down and fitted for containers.

use std::collections::BTreeMap;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use fs_err::File;
use hcs_guest_protocol::is_pretended;

use super::base::GuestFiles;
use super::registry::RegistryFile;
use super::session::{Session, SetUp};
use super::{WineError, WineInstall};

/// The Windows that a container says it is when its document names no version: Windows Server 2019.
pub(super) const OS_VERSION: &str = "10.0.17763";
const BUILD: &str = "17763";

/// The user whose profile the set-up makes: the container's root, by `/etc/passwd` of the base.
const ADMINISTRATOR: &str = "ContainerAdministrator";

/// The user without rights that Windows' base images have.
const USER: &str = "ContainerUser";

/// Taken out with the pretended programs: the crash debugger, which would hold up every crash for seconds.
const DEBUGGER: &str = "winedbg.exe";

/// Services whose Linux half is left out of the root.
const WITHOUT_HARDWARE: &[&str] = &["winebus", "winehid", "wineusb"];

/// Lets Wine set up the prefix in the empty folder `prefix`, with `root` as `/`. `directory` is a place for the
/// container in which that is done.
pub(super) fn set_up(container: &SetUp<'_>, wine: &WineInstall) -> Result<(), WineError> {
    let loader = wine.loader.to_string_lossy();
    let server = wine.server.to_string_lossy();
    let session = Session::start(container)?;
    // The first program returns before all is set up: services go on in the background, and the server writes the
    // registry when the last of them has ended. `-w` waits for that.
    let result = session.run(&[&*loader, "wineboot.exe", "-i"]).and_then(|()| session.run(&[&*server, "-w"]));
    let ended = session.end();
    result.and(ended)
}

/// Cuts the prefix down and makes it a container's.
pub(super) fn fit(
    root: &Path,
    prefix: &Path,
    wine: &WineInstall,
    guest: &GuestFiles,
) -> Result<(), WineError> {
    drives(prefix)?;
    // The set-up's server left its name here.
    let server = prefix.join("wineserver");
    if server.exists() {
        fs_err::remove_file(server)?;
    }
    let modules = wine.windows_modules.strip_prefix("/").unwrap_or(&wine.windows_modules);
    link_modules(&prefix.join("drive_c/windows"), &root.join(modules))?;
    let users = prefix.join("drive_c/users");
    folders_for_links(&users)?;
    // Temporary files go where Windows has them.
    fs_err::create_dir_all(users.join(ADMINISTRATOR).join("AppData/Local/Temp"))?;
    copy_profile(&users.join(ADMINISTRATOR), &users.join(USER))?;
    own_programs(&prefix.join("drive_c/windows/system32"), guest)?;
    edit(&prefix.join("system.reg"), system)?;
    edit(&prefix.join("user.reg"), user)
}

/// Leaves `C:` alone: `Z:` is the whole root, `COM1` a serial line of the host.
fn drives(prefix: &Path) -> Result<(), WineError> {
    for entry in fs_err::read_dir(prefix.join("dosdevices"))? {
        let entry = entry?;
        if entry.file_name() != "c:" {
            fs_err::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Wine's set-up copies every module into the prefix, 630 MB. The loader only wants a file of that name there, so each
/// copy becomes another name of the module in `root`.
fn link_modules(folder: &Path, modules: &Path) -> Result<(), WineError> {
    let mut known = BTreeMap::new();
    for entry in fs_err::read_dir(modules)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_ascii_lowercase();
        known.insert(name, path);
    }
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs_err::read_dir(&folder)? {
            let entry = entry?;
            let path = entry.path();
            if entry.file_type()?.is_dir() {
                folders.push(path);
                continue;
            }
            let name = entry.file_name().to_ascii_lowercase();
            let taken_out = name == DEBUGGER || name.to_str().is_some_and(is_pretended);
            if taken_out {
                fs_err::remove_file(&path)?;
            } else if let Some(module) = known.get(&name).filter(|module| same(&path, module)) {
                fs_err::remove_file(&path)?;
                fs_err::hard_link(module, &path)?;
            }
        }
    }
    Ok(())
}

/// Whether two files are one module: same size, same first page, which holds checksum and time of the build. The rest
/// differs in the debugging information only, which `pe::copy` left out of one of them.
fn same(a: &Path, b: &Path) -> bool {
    let head = |path: &Path| -> Option<(u64, Vec<u8>)> {
        let file = File::open(path).ok()?;
        let length = file.metadata().ok()?.len();
        let mut head = Vec::new();
        file.take(4096).read_to_end(&mut head).ok()?;
        Some((length, head))
    };
    head(a).is_some_and(|a| Some(a) == head(b))
}

/// Wine makes links to the home folder of the user who ran the set-up; a container's profiles have folders.
fn folders_for_links(users: &Path) -> Result<(), WineError> {
    let mut folders = vec![users.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs_err::read_dir(folder)? {
            let entry = entry?;
            if entry.file_type()?.is_symlink() {
                fs_err::remove_file(entry.path())?;
                fs_err::create_dir(entry.path())?;
            } else if entry.file_type()?.is_dir() {
                folders.push(entry.path());
            }
        }
    }
    Ok(())
}

fn copy_profile(from: &Path, to: &Path) -> Result<(), WineError> {
    fs_err::create_dir_all(to)?;
    for entry in fs_err::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_profile(&entry.path(), &target)?;
        } else {
            fs_err::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

fn own_programs(system32: &Path, guest: &GuestFiles) -> Result<(), WineError> {
    let put = |from: &PathBuf, name: &str| -> Result<(), WineError> {
        let target = system32.join(name);
        if target.exists() {
            // A new file, never new content: the old one is another name of a module.
            fs_err::remove_file(&target)?;
        }
        fs_err::copy(from, target)?;
        Ok(())
    };
    put(&guest.agent, "agent.exe")?;
    put(&guest.bcryptprimitives, "bcryptprimitives.dll")?;
    for name in ["wineboot.exe", "launcher.exe"] {
        let target = system32.join(name);
        if target.exists() {
            fs_err::remove_file(&target)?;
        }
        fs_err::hard_link(system32.join("agent.exe"), target)?;
    }
    Ok(())
}

fn edit(path: &Path, change: impl FnOnce(&mut RegistryFile)) -> Result<(), WineError> {
    let text = fs_err::read_to_string(path)?;
    let mut file = RegistryFile::parse(&text)
        .ok_or_else(|| WineError::UnexpectedPrefix { path: path.into(), what: "not a registry file" })?;
    change(&mut file);
    fs_err::write(path, file.text())?;
    Ok(())
}

fn system(registry: &mut RegistryFile) {
    const VERSION: &str = r"Software\Microsoft\Windows NT\CurrentVersion";
    // Wine takes the first two numbers from here; Windows itself says 6.3 for compatibility's sake.
    registry.set_text(VERSION, "CurrentVersion", "10.0");
    registry.set_dword(VERSION, "CurrentMajorVersionNumber", 10);
    registry.set_dword(VERSION, "CurrentMinorVersionNumber", 0);
    registry.set_text(VERSION, "CurrentBuild", BUILD);
    registry.set_text(VERSION, "CurrentBuildNumber", BUILD);
    registry.set_text(VERSION, "CSDVersion", "");
    registry.set_text(VERSION, "ProductName", "Windows Server 2019 Datacenter");
    registry.set_text(VERSION, "EditionID", "ServerDatacenter");
    registry.set_text(VERSION, "InstallationType", "Server Core");
    registry.set_text(VERSION, "ReleaseId", "1809");
    registry.set_text(r"System\CurrentControlSet\Control\ProductOptions", "ProductType", "ServerNT");
    registry.set_text(r"System\CurrentControlSet\Control\Windows", "CSDVersion", "");
    registry.remove_key(r"Software\Microsoft\Windows NT\CurrentVersion\AeDebug");
    for service in WITHOUT_HARDWARE {
        const DISABLED: u32 = 4;
        registry.set_dword(&format!(r"System\CurrentControlSet\Services\{service}"), "Start", DISABLED);
    }
}

fn user(registry: &mut RegistryFile) {
    // Without the override Wine loads its own program in place of the file.
    registry.set_text(r"Software\Wine\DllOverrides", "wineboot.exe", "native");
    let temporary = format!(r"C:\users\{ADMINISTRATOR}\AppData\Local\Temp");
    registry.set_text("Environment", "TEMP", &temporary);
    registry.set_text("Environment", "TMP", &temporary);
}

/// Bytes on disk of all below `folder`, files with several names counted once.
pub(super) fn disk_usage(folder: &Path) -> Result<u64, WineError> {
    let (mut folders, mut seen, mut bytes) =
        (vec![folder.to_path_buf()], std::collections::BTreeSet::new(), 0);
    while let Some(folder) = folders.pop() {
        for entry in fs_err::read_dir(&folder)? {
            let entry = entry?;
            let metadata = entry.metadata()?;
            if metadata.is_dir() {
                folders.push(entry.path());
            }
            if seen.insert((metadata.dev(), metadata.ino())) {
                bytes += metadata.blocks() * 512;
            }
        }
    }
    Ok(bytes)
}
