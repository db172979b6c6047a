//! Making a system: its id claimed, its folders made, its supervisor started; or nothing of it left.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hcs_contract::{Error, OperationKind, Result};
use hcs_fault::Point;
use hcs_schema::compute::{v1, v2};
use hcs_schema::from_json;
use hcs_silo::client::{Connection, Launcher};
use hcs_silo::supervisor::{RESERVED, RESERVED_BYTES};

use super::engine::Engine;
use super::plan::{self, Guest, HostPart, Plan};
use super::reclaim::remove_folder;
use super::spec::{self, Places};
use super::{bases, create_v1, create_v2, errors, refuse, windows_path};
use crate::ids::{IdName, Life};
use crate::lock::FolderLock;
use crate::paths::{DOCUMENT, SCRATCH, not_writable};
use crate::record::{GuestOs, Meta, VERSION, boot_id, write_atomically};
use crate::{helpers, idrange, storage};

/// Reads a document of either schema.
///
/// # Errors
/// Invalid document, with its place; not supported, with the member's name.
pub(super) fn plan(text: &str, is_base: &dyn Fn(&Path) -> bool) -> Result<Plan> {
    let members: serde_json::Map<String, serde_json::Value> = from_json(text)?;
    let has =
        |names: &[&str]| members.keys().any(|key| names.iter().any(|name| key.eq_ignore_ascii_case(name)));
    let plan = if has(&["Container", "HostedSystem", "VirtualMachine", "SchemaVersion"]) {
        create_v2::plan(refuse::parse::<v2::ComputeSystem>(text)?, is_base)?
    } else if has(&["SystemType"]) {
        create_v1::plan(refuse::parse::<v1::ContainerConfig>(text)?, is_base)?
    } else {
        let message = "neither SystemType (schema 1) nor Container (schema 2) is in the document";
        return Err(Error::invalid_document("", message));
    };
    plan::check_scratch(&plan.guest, &plan.host)?;
    if let Guest::Windows { .. } = plan.guest {
        // Before half a minute goes into a base for a document that has Linux's paths.
        for mapped in &plan.mapped {
            windows_path::check(&format!("{}.ContainerPath", mapped.field), &mapped.container)?;
        }
    }
    Ok(plan)
}

/// What of a system under construction must go again when it fails.
struct Unfinished<'a> {
    engine: &'a Engine,
    lock: Option<FolderLock>,
    life: &'a Life,
    range: Option<u32>,
    folders: Vec<PathBuf>,
    /// Networks have something of it.
    network: bool,
    /// A supervisor was started, which may have been killed over its work.
    launched: bool,
}

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        // Best effort: what stays behind has its meta file, and the next who looks clears it away.
        let Some(lock) = self.lock.take() else { return };
        let mut clean = !self.launched || self.engine.remove_cgroup(self.life).is_ok();
        clean &= !self.network || self.engine.release_network(self.life).is_ok();
        clean &= self.folders.iter().all(|folder| remove_folder(folder).is_ok());
        if let Some(number) = self.range {
            clean &= idrange::give_back(&self.engine.layout, number, self.life).is_ok();
        }
        if clean {
            let _ = lock.remove();
        }
    }
}

impl Engine {
    /// Makes the system; it is Created when this returns.
    pub(super) fn make(&self, id: &str, document: &str) -> Result<(Meta, Arc<Connection>)> {
        let deadline = self.options.deadlines.deadline(OperationKind::Create);
        let (resolved, volumes) = storage::resolved(&self.layout, document)?;
        let plan = plan(&resolved, &Self::is_base)?;
        let name = IdName::new(id)?;
        if !rustix::process::geteuid().is_root() {
            return Err(Error::access_denied("containers are made with root's rights on this host")
                .with_hint("run the program as root, with sudo"));
        }
        let init = helpers::find(&self.options, helpers::INIT)?;
        let base = match &plan.guest {
            Guest::Windows { base, .. } => Some(self.base(base.as_deref(), deadline, &mut |_| {})?),
            Guest::Linux(_) => None,
        };
        let windows = match &base {
            Some(base) => {
                let host_name = spec::host_name(id, &plan);
                Some(bases::windows_base(base, &host_name, &plan.host.os_version)?)
            }
            None => None,
        };

        let lock = self.claim(&name, id, deadline)?;
        if self.layout.record(&name).exists() {
            // The run folder is ours and new; the record is what has the id.
            lock.remove()?;
            return Err(Error::already_exists(hcs_contract::Object::system(id)).with_hint(
                "a stopped container was kept under this id: remove it (`hcs rm`), or choose another id",
            ));
        }
        let life = Life::new(&name)?;
        let directory = lock.path().to_owned();
        let mut unfinished = Unfinished {
            engine: self,
            lock: Some(lock),
            life: &life,
            range: None,
            folders: Vec::new(),
            network: false,
            launched: false,
        };
        volumes.by(&self.layout, &life, deadline)?;
        let base = base.map(|base| base.info().id.clone());
        let mut meta = Self::meta(id, &plan, &life, base)?;
        if plan.host.user_namespace {
            let intend = |number| {
                meta.ids = Some(number);
                meta.write(&directory)
            };
            let range = idrange::take(&self.layout, self.options.ids, &life, deadline, intend)?;
            unfinished.range = Some(range);
        } else {
            meta.write(&directory)?;
        }
        write_atomically(&directory.join(DOCUMENT), document)?;
        if meta.scratch {
            unfinished.folders.push(self.layout.scratch(&life));
            make_folder(&self.layout.scratch(&life))?;
        }
        let record = meta.keep.then(|| self.layout.record(&name));
        let mut scratch = self.layout.scratch(&life);
        if let Some(record) = &record {
            unfinished.folders.push(record.clone());
            make_folder(record)?;
            meta.write(record)?;
            write_atomically(&record.join(DOCUMENT), document)?;
            reserve(&record.join(RESERVED))?;
            if plan.host.keep_scratch {
                scratch = record.join(SCRATCH);
                make_folder(&scratch)?;
            }
        }

        let helper = helpers::find(&self.options, helpers::NETWORK);
        let network = if plan.network.is_none() {
            None
        } else {
            if let Err(error) = &helper {
                return Err(error.clone());
            }
            unfinished.network = true;
            Some(self.prepare_network(&life, &directory, &plan.network)?)
        };
        let places = Places {
            network: network.as_ref(),
            // Who attaches endpoints later looks for it then.
            helper: helper.unwrap_or_else(|_| init.with_file_name(helpers::NETWORK)),
            layout: &self.layout,
            options: &self.options,
            directory: &directory,
            life: &life,
            scratch,
            ids: unfinished.range.map(|number| idrange::range(self.options.ids, number)),
            remove: unfinished.range.map(|number| idrange::path(&self.layout, number)).into_iter().collect(),
            record,
        };
        let spec = spec::spec(id, plan, windows.as_ref(), places)?;
        let lock = unfinished.lock.as_ref().map(std::os::fd::AsFd::as_fd);
        hcs_fault::step(Point::StartSupervisor);
        unfinished.launched = true;
        let launched = Launcher::new(init).launch_with(&spec, lock, deadline.instant());
        match launched {
            Ok(connection) => {
                hcs_fault::step(Point::SystemMade);
                // From here on the supervisor holds the lock, and clears away.
                unfinished.lock = None;
                Ok((meta, connection))
            }
            Err(error @ hcs_silo::client::LaunchError::Timeout { .. }) => {
                // It goes on, and may yet be made: what is there is its own.
                unfinished.lock = None;
                Err(errors::from_launch(error, id))
            }
            Err(error) => Err(errors::from_launch(error, id)),
        }
    }

    fn meta(id: &str, plan: &Plan, life: &Life, base: Option<String>) -> Result<Meta> {
        let HostPart { labels, keep, .. } = &plan.host;
        let now = jiff::Timestamp::now();
        Ok(Meta {
            version: VERSION,
            id: id.into(),
            life: life.as_str().into(),
            boot: boot_id()?,
            owner: plan.owner.clone(),
            name: if plan.name.is_empty() { id.into() } else { plan.name.clone() },
            system_type: "Container".into(),
            guest: match plan.guest {
                Guest::Linux(_) => GuestOs::Linux,
                Guest::Windows { .. } => GuestOs::Windows,
            },
            labels: labels
                .iter()
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect::<BTreeMap<_, _>>(),
            created: now.to_string(),
            schema: plan.schema,
            keep: *keep,
            ends_with_last_handle: plan.ends_with_last_handle,
            ids: None,
            scratch: spec::needs_scratch(plan) && !plan.host.keep_scratch,
            base,
        })
    }
}

/// Room for the supervisor's last word.
fn reserve(path: &Path) -> Result<()> {
    hcs_fault::call(Point::WriteFile)
        .map_err(std::io::Error::from)
        .and_then(|()| fs_err::write(path, [b' '; RESERVED_BYTES]))
        .map_err(|error| not_writable("write", path, error))
}

fn make_folder(path: &Path) -> Result<()> {
    hcs_fault::call(Point::MakeStateFolder)
        .and_then(|()| rustix::fs::mkdir(path, rustix::fs::Mode::RWXU))
        .map_err(|errno| not_writable("make", path, errno.into()))
}
