//! The host that the environment names, and what only a Linux one can do.

use hcsshim::linux::LinuxHost;
use hcsshim::{Error, Host, Options};

use crate::failure::Failure;

/// Opens the host.
pub(crate) fn open() -> Result<Host, Failure> {
    Ok(Host::open(Options::from_env()?)?)
}

/// The engine behind the host.
pub(crate) fn engine(host: &Host) -> Result<&LinuxHost, Failure> {
    host.linux().map(|engine| &**engine).ok_or_else(|| {
        Failure::Hcs(Error::not_supported(
            "this command",
            "records, logs and bases are kept by the engine on Linux only",
        ))
    })
}
