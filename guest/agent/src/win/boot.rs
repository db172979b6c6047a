//! `wineboot.exe`: what a session must have before its first program, made in a millisecond where Wine's own takes a
//! third of a second because it starts every service and waits for them.
//!
//! Wine's loader starts this program when nobody has made [`BOOT_EVENT`], and goes on when the event is set.

use hcs_agent::identity::Identity;
use hcs_agent::registry_path::Root;
use hcs_guest_protocol::{Failure, RegistryData};

use super::failure::failure;
use super::registry::Key;
use super::{exit, hardware, nt, process, shared_data};

/// The event that tells Wine's loader that the session is ready.
pub(crate) const BOOT_EVENT: &str = r"\KernelObjects\__wineboot_event";

pub(crate) fn run() -> u32 {
    let Ok(event) = nt::event(BOOT_EVENT) else { return exit::FAILURE };
    let made = prepare();
    // Set also after a failure: a program without its computer name is better than none for five minutes.
    let set = nt::set_event(&event);
    if made.is_ok() && set { exit::SUCCESS } else { exit::FAILURE }
}

fn prepare() -> Result<(), Failure> {
    let own = process::own_environment()?;
    let identity = Identity::from_environment(own.split('\0'));
    version(&identity)?;
    shared_data::fill(&identity).map_err(|status| failure("NtOpenSection", nt::dos_error(status)))?;
    hardware::describe()?;
    names(&identity)?;
    user(&identity)
}

/// The Windows version, where it differs from the one that the base was made with.
fn version(identity: &Identity) -> Result<(), Failure> {
    let Some(version) = identity.version else { return Ok(()) };
    let key = Key::create(Root::LocalMachine, r"Software\Microsoft\Windows NT\CurrentVersion", false)?;
    key.set_text("CurrentVersion", &format!("{}.{}", version.major, version.minor))?;
    key.set("CurrentMajorVersionNumber", &RegistryData::Dword(version.major))?;
    key.set("CurrentMinorVersionNumber", &RegistryData::Dword(version.minor))?;
    let build = version.build.to_string();
    key.set_text("CurrentBuild", &build)?;
    key.set_text("CurrentBuildNumber", &build)
}

fn names(identity: &Identity) -> Result<(), Failure> {
    const COMPUTER_NAME: &str = r"System\CurrentControlSet\Control\ComputerName\ComputerName";
    const ACTIVE: &str = r"System\CurrentControlSet\Control\ComputerName\ActiveComputerName";
    const NETWORK: &str = r"System\CurrentControlSet\Services\Tcpip\Parameters";
    let computer = identity.computer_name();
    Key::create(Root::LocalMachine, COMPUTER_NAME, false)?.set_text("ComputerName", &computer)?;
    Key::create(Root::LocalMachine, ACTIVE, true)?.set_text("ComputerName", &computer)?;
    let network = Key::create(Root::LocalMachine, NETWORK, false)?;
    network.set_text("Hostname", identity.host())?;
    network.set_text("Domain", identity.domain())
}

fn user(identity: &Identity) -> Result<(), Failure> {
    let user = &identity.user;
    let profile = format!(r"C:\users\{user}");
    let computer = identity.computer_name();
    let key = Key::create(Root::CurrentUser, "Volatile Environment", true)?;
    for (name, value) in [
        ("APPDATA", format!(r"{profile}\AppData\Roaming")),
        ("CLIENTNAME", "Console".to_owned()),
        ("HOMEDRIVE", "C:".to_owned()),
        ("HOMEPATH", format!(r"\users\{user}")),
        ("HOMESHARE", String::new()),
        ("LOCALAPPDATA", format!(r"{profile}\AppData\Local")),
        ("LOGONSERVER", format!(r"\\{computer}")),
        ("SESSIONNAME", "Console".to_owned()),
        ("USERDOMAIN", computer.clone()),
        ("USERNAME", user.clone()),
        ("USERPROFILE", profile.clone()),
    ] {
        key.set_text(name, &value)?;
    }
    // The base has the default user's; a value that is the same already is not written to disk again.
    let temporary = format!(r"{profile}\AppData\Local\Temp");
    let environment = Key::create(Root::CurrentUser, "Environment", false)?;
    environment.set_text("TEMP", &temporary)?;
    environment.set_text("TMP", &temporary)
}
