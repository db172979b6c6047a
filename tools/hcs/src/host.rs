//! The host that the environment names, and what only a Linux one can do.

use hcsshim::linux::LinuxHost;
use hcsshim::{Error, Host, Options};

use crate::failure::Failure;

/// Opens the host.
pub(crate) fn open() -> Result<Host, Failure> {
    Ok(Host::open(Options::from_env()?)?)
}

/// The engine behind the host, for a command that no other host can do.
pub(crate) fn engine<'a>(host: &'a Host, command: &'static str) -> Result<&'a LinuxHost, Failure> {
    host.linux().map(|engine| &**engine).ok_or_else(|| {
        let error = Error::not_supported(
            format!("hcs {command}"),
            "it works on what the engine itself keeps, and HCS_HOST names another host",
        );
        Failure::Hcs(error.with_hint("run it on the machine of the containers, without HCS_HOST"))
    })
}
