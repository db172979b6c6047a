//! What of the host a running system sees: what its document maps, and what was changed of that since.

use std::path::PathBuf;
use std::sync::Arc;

use hcs_contract::{Error, OperationKind, Result};
use hcs_silo::protocol::{Mapped, Reply, Request};
use hcs_silo::spec::{HostPipe, Mount, Source};

use super::process::unexpected;
use super::service::LinuxHost;
use super::system::System;
use super::windows_path;
use crate::record::GuestOs;

/// What of the host a system sees.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct MappedNow {
    /// Folders and files, in the order in which they were mapped.
    pub folders: Vec<MappedFolder>,
    /// Sockets, as named pipes of a Windows container.
    pub pipes: Vec<MappedSocket>,
}

/// A folder or file of the host, as a system sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct MappedFolder {
    /// Its path on the host.
    pub host: PathBuf,
    /// Its path inside, as the guest writes paths.
    pub container: String,
    /// No write reaches it.
    pub read_only: bool,
}

/// A socket of the host, as a named pipe.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct MappedSocket {
    /// Its path on the host.
    pub host: PathBuf,
    /// What follows `\\.\pipe\`.
    pub name: String,
}

impl MappedNow {
    fn new(mapped: Mapped, guest: GuestOs) -> Self {
        // Disks stand in the properties.
        let is_folder = |mount: &Mount| matches!(mount.source, Source::Bind { .. });
        let folder = |Mount { target, source, read_only }: Mount| MappedFolder {
            host: source.path().map(PathBuf::from).unwrap_or_default(),
            container: match guest {
                GuestOs::Linux => target,
                GuestOs::Windows => windows_path::outside(&target),
            },
            read_only,
        };
        let pipe = |HostPipe { name, path }: HostPipe| MappedSocket { host: path, name };
        Self {
            folders: mapped.folders.into_iter().filter(is_folder).map(folder).collect(),
            pipes: mapped.pipes.into_iter().map(pipe).collect(),
        }
    }
}

impl LinuxHost {
    /// What of the host a system sees now: what its document maps, with what was added and taken away while it ran.
    ///
    /// # Errors
    /// Not found; already stopped, for one that has ended and sees nothing any more.
    pub fn mapped(&self, id: &str) -> Result<MappedNow> {
        self.attach(id)?.mapped()
    }
}

impl System {
    fn mapped(&self) -> Result<MappedNow> {
        let (kind, guest) = (OperationKind::GetProperties, self.meta().guest);
        let live = Arc::clone(self.connected()?);
        let Ok((operation, pending)) = self.handle().begin::<MappedNow>(kind) else {
            return Err(Error::already_closed(self.handle().object().clone()));
        };
        live.request(self.handle().object(), pending, Request::Mapped, &[], move |_, reply, _| match reply {
            Reply::Mapped(mapped) => Ok(MappedNow::new(mapped, guest)),
            other => Err(unexpected(&other)),
        });
        operation.wait(self.deadline(kind))
    }
}
