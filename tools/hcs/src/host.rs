//! The host that the environment names, and what only a Linux one can do.

use hcsshim::{Error, Host, Options};

use crate::failure::Failure;

/// Opens the host.
pub(crate) fn open() -> Result<Host, Failure> {
    Ok(Host::open(Options::from_env()?)?)
}

/// The engine behind the host, for a command that no other host can do.
#[cfg(target_os = "linux")]
pub(crate) fn engine<'a>(
    host: &'a Host,
    command: &'static str,
) -> Result<&'a hcsshim::linux::LinuxHost, Failure> {
    host.linux().map(|engine| &**engine).ok_or_else(|| elsewhere(command))
}

/// Why a command is refused with HCS_HOST.
#[cfg(target_os = "linux")]
pub(crate) fn elsewhere(command: &'static str) -> Failure {
    let other = "it works on what the engine itself keeps, and HCS_HOST names another host";
    refused(command, other, "run it on the machine of the containers, without HCS_HOST")
}

/// Why a command is refused off Linux.
#[cfg(not(target_os = "linux"))]
pub(crate) fn linux_only(command: &'static str) -> Failure {
    let hint = "run it on the Linux machine of the containers";
    refused(command, "it works on what the engine on Linux keeps, and this is not Linux", hint)
}

fn refused(command: &'static str, reason: &'static str, hint: &'static str) -> Failure {
    Failure::Hcs(Error::not_supported(format!("hcs {command}"), reason).with_hint(hint))
}
