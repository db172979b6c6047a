//! Which Wine base a Windows container stands on.

use std::path::Path;

use hcs_contract::{Deadline, Error, ErrorEvent, Hresult, Object, ObjectKind, OperationKind, Result};
use hcs_silo::cgroup::Instance;
use hcs_silo::spec::Command;

use super::engine::Engine;
use super::gc::{Garbage, GcReport};
use super::reclaim::{cgroup_error, remove_cgroup};
use super::service::LinuxHost;
use super::spec::WindowsBase;
use crate::helpers;
use crate::ids::Life;
use crate::record::Meta;
use crate::wine::{
    self, Base, BaseStore, GuestFiles, Identity, LaunchCommand, OsVersion, Progress, Sandbox, WineError,
    WineInstall, agent_command, launcher_command,
};

impl Engine {
    fn store(&self) -> BaseStore {
        BaseStore::new(self.layout.root().join("bases"))
    }

    /// Whether a folder is a Wine base.
    pub(super) fn is_base(path: &Path) -> bool {
        path.join("base.json").is_file()
    }

    /// The base in `folder`, or the one of the options, or the one for the Wine that is installed.
    pub(super) fn base(
        &self,
        folder: Option<&Path>,
        deadline: Deadline,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Base> {
        if let Some(folder) = folder {
            let store = folder.parent().map(BaseStore::new);
            let name = folder.file_name().and_then(|name| name.to_str());
            let found = store.zip(name).map(|(store, name)| store.get(name));
            return match found {
                Some(Err(WineError::NotFound { .. })) | None => {
                    Err(Error::not_supported("Layers", format!("{} is no Wine base", folder.display())))
                }
                Some(found) => found.map_err(from_wine),
            };
        }
        if let Some(id) = &self.options.base {
            return self.store().get(id).map_err(from_wine);
        }
        let guest = GuestFiles {
            agent: helpers::find(&self.options, helpers::AGENT)?,
            bcryptprimitives: helpers::find(&self.options, "bcryptprimitives.dll")?,
        };
        let wine = WineInstall::find().map_err(from_wine)?;
        let sandbox = Sandbox {
            supervisor: helpers::find(&self.options, helpers::INIT)?,
            cgroup_parent: self.options.cgroup_parent.clone(),
            instance: self.layout.instance().into(),
        };
        self.store().ensure(&wine, &guest, &sandbox, deadline, progress).map_err(from_wine)
    }

    /// What interrupted makers of bases left: folders, and the cgroups of their containers. Finished bases are no
    /// garbage, nor is anything while a maker is at work.
    pub(super) fn unfinished_bases(&self, dry_run: bool, report: &mut GcReport) -> Result<()> {
        let store = self.store();
        let Some(alone) = store.alone().map_err(from_wine)? else { return Ok(()) };
        let folders = alone.collect_garbage(dry_run).map_err(from_wine)?;
        let mut found = !folders.is_empty();
        let instance = self.instance()?;
        let names = instance.as_ref().map_or_else(|| Ok(Vec::new()), Instance::systems);
        for name in names.map_err(|error| cgroup_error(&error))? {
            // A system of that name carries a life's mark too.
            if name.starts_with(wine::SANDBOX) && Life::parse(&name).is_none() {
                found = true;
                if !dry_run && let Some(instance) = &instance {
                    report.fail(remove_cgroup(instance, &name));
                }
            }
        }
        if found {
            report.found.push(Garbage::UnfinishedBase);
        }
        Ok(())
    }
}

/// A base as the supervisor needs it, for a container with this identity.
pub(super) fn windows_base(base: &Base, host_name: &str, os_version: &str) -> Result<WindowsBase> {
    let os_version = match os_version {
        "" => None,
        text => Some(OsVersion::parse(text).ok_or_else(|| {
            let message = format!("{text:?} is not major.minor.build or major.minor.build.revision");
            Error::invalid_document("LinuxHost.OsVersion", message)
        })?),
    };
    let identity = Identity { host_name: host_name.into(), user: String::new(), os_version };
    let loader = &base.info().loader;
    Ok(WindowsBase {
        root: base.root(),
        prefix: base.prefix(),
        agent: command(agent_command(loader, &identity)),
        launcher: command(launcher_command(loader, &identity)),
    })
}

fn command(command: LaunchCommand) -> Command {
    let LaunchCommand { argv, env } = command;
    Command { argv, env }
}

pub(crate) fn from_wine(error: WineError) -> Error {
    let text = error.to_string();
    match error {
        WineError::NotRoot { .. } => Error::access_denied(text),
        WineError::DiskFull { .. } => Error::service_unavailable(text).with_hresult(Hresult::ERROR_DISK_FULL),
        WineError::NotFound { id } => Error::not_found(Object::new(ObjectKind::Layer, id))
            .with_hint("`hcs base ls` shows the Wine bases that are there"),
        WineError::Timeout { waiting, waited } => Error::timeout(waiting, waited),
        WineError::NoPrefix { .. } => Error::invalid_argument("prefix", text),
        WineError::PrefixInUse { .. } => {
            Error::invalid_argument("prefix", text).with_hresult(Hresult::ERROR_BUSY)
        }
        WineError::NoTimeZone { .. } => Error::invalid_document("LinuxHost.TimeZone", text),
        WineError::Io { step, path, source } => Error::os(step, path.display().to_string(), source),
        // The others say in their text what is missing and what to do.
        error => {
            let cause =
                std::error::Error::source(&error).map(|cause| ErrorEvent::new("wine", cause.to_string()));
            Error::service_unavailable(text).with_events(cause)
        }
    }
}

impl LinuxHost {
    /// The Wine base that Windows containers stand on when their document names none. Made when it is not there,
    /// which takes about ten seconds and tells `progress`.
    ///
    /// Creating such a container does the same, so this is for those who want to see how far it is.
    ///
    /// # Errors
    /// Service not available, with what is missing (Wine, a helper program) and how to install it; disk full; timeout,
    /// by the limit of creating a system.
    pub fn ensure_base(&self, progress: &mut dyn FnMut(Progress)) -> Result<Base> {
        let deadline = self.engine.options.deadlines.deadline(OperationKind::Create);
        self.engine.base(None, deadline, progress)
    }

    /// All Wine bases of this engine, the newest first.
    ///
    /// # Errors
    /// The operating system's.
    pub fn bases(&self) -> Result<Vec<Base>> {
        self.engine.store().list().map_err(from_wine)
    }

    /// Removes a Wine base. The next container that needs it makes it again.
    ///
    /// # Errors
    /// Not found; invalid state, when a container uses it.
    pub fn remove_base(&self, id: &str) -> Result<()> {
        let object = Object::new(ObjectKind::Layer, id);
        let uses = |meta: &Meta| meta.base.as_deref() == Some(id);
        let users = self.engine.survey(uses)?;
        if let Some(user) = users.iter().find(|user| user.state() != "Stopped") {
            return Err(Error::invalid_state(object, format!("used by compute system {}", user.meta.id))
                .with_hint("end the containers that use it first"));
        }
        let deadline = self.engine.options.deadlines.deadline(OperationKind::Create);
        self.engine.store().remove(id, deadline).map_err(|error| from_wine(error).with_object(object))
    }
}
