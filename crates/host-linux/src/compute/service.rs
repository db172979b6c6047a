//! The host: makes, finds, lists and removes systems.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use hcs_contract::{
    ComputeService, ComputeSystem, Error, Object, Operation, OperationKind, Records, Result, SystemEvents,
};
use hcs_schema::compute::{ComputeSystemQuery, v1, v2};
use hcs_schema::{Document, Version};
use hcs_silo::client::Connection;

use super::engine::{Engine, Found};
use super::errors::state_name;
use super::events::Events;
use super::gc::GcReport;
use super::live::Live;
use super::properties;
use super::refuse;
use super::system::System;
use crate::ids::IdName;
use crate::options::Options;
use crate::record::{FinalState, Meta};

/// The engine on Linux.
///
/// Any number of these may be open on the same folders, in one program or in many: they are one engine.
#[derive(Debug, Clone)]
pub struct LinuxHost {
    pub(super) engine: Arc<Engine>,
}

impl LinuxHost {
    /// Opens the engine and makes its folders where they are missing.
    ///
    /// # Errors
    /// Invalid argument for options that no call could work with; the operating system's, when the folders can't be
    /// made; access denied, when somebody else made them.
    pub fn open(options: Options) -> Result<Self> {
        Ok(Self { engine: Arc::new(Engine::open(options)?) })
    }

    /// The settings it was opened with.
    pub fn options(&self) -> &Options {
        &self.engine.options
    }

    /// The engine's name on this kernel: 16 hexadecimal digits that its cgroups carry.
    pub fn instance(&self) -> &str {
        self.engine.layout.instance()
    }

    /// Clears away what no living system of this engine holds, or only says what that is.
    ///
    /// Safe at any time, also several times at once. What could not be cleared away stands in the report.
    ///
    /// # Errors
    /// When the engine's folders can't be listed.
    pub fn gc(&self, dry_run: bool) -> Result<GcReport> {
        self.engine.collect(dry_run)
    }

    pub(crate) fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }

    pub(super) fn attach(&self, id: &str) -> Result<System> {
        let name = IdName::new(id)?;
        let deadline = self.engine.options.deadlines.deadline(OperationKind::OpenSystem);
        match self.engine.find::<Arc<Connection>>(&name, id, deadline)? {
            Found::Live(connection) => {
                let folder = self.engine.layout.system(&name);
                let meta = Meta::read(&folder)?.filter(|meta| meta.id == id);
                let meta = meta.ok_or_else(|| Error::not_found(Object::system(id)))?;
                let live = Live::new(id, connection);
                return Ok(System::live(Arc::clone(&self.engine), meta, live));
            }
            Found::Dead(lock) => drop(self.engine.reclaim(lock)?),
            Found::Nothing => {}
        }
        let (meta, state) =
            self.engine.record(&name, id)?.ok_or_else(|| Error::not_found(Object::system(id)))?;
        Ok(System::record(Arc::clone(&self.engine), meta, state))
    }

    fn list(&self, query: &str) -> Result<String> {
        let ComputeSystemQuery { ids, types, names, owners, unknown: _ } = refuse::parse_options(query)?;
        let matches = |meta: &Meta| {
            (ids.is_empty() || ids.contains(&meta.id))
                && (types.is_empty() || types.iter().any(|kind| kind.as_str() == meta.system_type))
                && (names.is_empty() || names.contains(&meta.name))
                && (owners.is_empty() || owners.contains(&meta.owner))
        };
        let entries: Vec<v1::ContainerProperties> = self
            .engine
            .survey(matches)?
            .into_iter()
            .map(|found| properties::list_entry(&found.meta, found.state(), found.exit_type()))
            .collect();
        Ok(serde_json::to_string(&entries).expect("documents have string keys and values that JSON can hold"))
    }
}

impl ComputeService for LinuxHost {
    fn create_system(&self, id: &str, document: &str) -> Result<(Arc<dyn ComputeSystem>, Operation)> {
        let kind = OperationKind::Create;
        let object = Object::system(id);
        let (meta, connection) = self.engine.make(id, document).map_err(|error| {
            error.with_operation(kind).with_object(object.clone()).with_document(document)
        })?;
        let live = Live::new(id, connection);
        let system = System::live(Arc::clone(&self.engine), meta, live);
        Ok((Arc::new(system), Operation::done(kind, object, Ok(String::new()))))
    }

    fn open_system(&self, id: &str) -> Result<Arc<dyn ComputeSystem>> {
        let named =
            |error: Error| error.with_operation(OperationKind::OpenSystem).with_object(Object::system(id));
        Ok(Arc::new(self.attach(id).map_err(named)?))
    }

    fn enumerate_systems(&self, query: &str) -> Operation {
        Operation::done(OperationKind::Enumerate, Object::service(), self.list(query))
    }

    fn service_properties(&self, query: &str) -> Operation {
        let kind = OperationKind::GetServiceProperties;
        Operation::done(kind, Object::service(), service_properties(query))
    }

    fn events(&self) -> Result<Box<dyn SystemEvents>> {
        let named =
            |error: Error| error.with_operation(OperationKind::Subscribe).with_object(Object::service());
        Ok(Box::new(Events::new(Arc::clone(&self.engine)).map_err(named)?))
    }

    fn records(&self) -> Option<&dyn Records> {
        Some(self)
    }
}

/// `Basic`, the one property of the service that containers need: which documents it takes.
pub(super) fn service_properties(query: &str) -> Result<String> {
    let v2::PropertyQuery { property_types, queries, unknown: _ } = refuse::parse_options(query)?;
    refuse::unless_default("Queries", &queries, "properties are asked for by PropertyTypes here")?;
    let mut properties = Vec::new();
    for (index, property) in property_types.iter().enumerate() {
        if property.as_str() != "Basic" {
            let field = format!("PropertyTypes[{index}]");
            return Err(Error::not_supported(field, format!("this host has no property {property:?}")));
        }
        properties.push(serde_json::json!({
            "SupportedSchemaVersions": [Version::v1_0(), Version::v2_1()],
        }));
    }
    Ok(v2::ServiceProperties { properties, ..v2::ServiceProperties::default() }.to_json())
}

/// A system that is there, or whose record is.
#[derive(Debug, Clone)]
pub(super) struct Surveyed {
    pub(super) meta: Meta,
    pub(super) condition: Condition,
    pub(super) folder: PathBuf,
}

/// How a system fares.
#[derive(Debug, Clone)]
pub(super) enum Condition {
    /// What its supervisor says.
    Alive(hcs_silo::protocol::Status),
    /// What it says can't be read.
    Unknown,
    /// It has ended, and its record was kept.
    Kept(FinalState),
}

impl Surveyed {
    pub(super) fn state(&self) -> &'static str {
        match &self.condition {
            Condition::Alive(status) => state_name(status.state),
            Condition::Unknown => "Unknown",
            Condition::Kept(_) => "Stopped",
        }
    }

    pub(super) fn exit_type(&self) -> Option<&str> {
        match &self.condition {
            Condition::Alive(status) => status.exit.map(|exit| match exit.kind {
                hcs_silo::protocol::ExitKind::Graceful => "GracefulExit",
                hcs_silo::protocol::ExitKind::Forced => "ForcedExit",
                hcs_silo::protocol::ExitKind::Unexpected => "UnexpectedExit",
            }),
            Condition::Unknown => None,
            Condition::Kept(state) => Some(&state.exit_type),
        }
    }
}

impl Engine {
    /// Every system that `wanted` takes, and every kept record, in the order of their names. Dead ones are cleared
    /// away on the way.
    pub(super) fn survey(&self, wanted: impl Fn(&Meta) -> bool) -> Result<Vec<Surveyed>> {
        self.survey_of(&self.system_names()?, wanted, || self.record_names())
    }

    /// [`Engine::survey`] of one system: what that costs does not grow with the number of the others.
    pub(super) fn survey_one(&self, id: &str) -> Result<Option<Surveyed>> {
        // What can't be an id nobody has.
        let Ok(name) = IdName::new(id) else { return Ok(None) };
        let names = [name];
        let found = self.survey_of(&names, |meta| meta.id == id, || Ok(names.to_vec()))?;
        Ok(found.into_iter().next())
    }

    /// `records` is called once the living are known: one that ends meanwhile is found by its record.
    fn survey_of(
        &self,
        systems: &[IdName],
        wanted: impl Fn(&Meta) -> bool,
        records: impl FnOnce() -> Result<Vec<IdName>>,
    ) -> Result<Vec<Surveyed>> {
        let mut found: Vec<Surveyed> = Vec::new();
        let mut living = BTreeSet::new();
        for name in systems {
            let folder = self.layout.system(name);
            let meta = match Meta::read(&folder) {
                Ok(Some(meta)) if wanted(&meta) => meta,
                // Being made: it is not there yet. Or a newer engine's: it is that one's to list.
                Ok(_) | Err(_) => continue,
            };
            let condition = match self.glance(name, &meta) {
                Ok(Some(Found::Live(notice))) => Condition::Alive(notice.status),
                Ok(Some(Found::Dead(lock))) => {
                    // What can't be cleared away does not hide the living: the collection of garbage tells of it.
                    let _ = self.reclaim(lock);
                    continue;
                }
                Ok(Some(Found::Nothing) | None) => continue,
                Err(_) => Condition::Unknown,
            };
            found.push(Surveyed { meta, condition, folder });
            living.insert(name);
        }
        for name in records()? {
            // Of one that lives the record says nothing more, and need not be read.
            if living.contains(&name) {
                continue;
            }
            let folder = self.layout.record(&name);
            let Ok(Some(meta)) = Meta::read(&folder) else { continue };
            if wanted(&meta)
                && let Ok(Some((meta, state))) = self.record(&name, &meta.id)
            {
                found.push(Surveyed { meta, condition: Condition::Kept(state), folder });
            }
        }
        Ok(found)
    }

    /// The record of an ended system.
    pub(super) fn record(&self, name: &IdName, id: &str) -> Result<Option<(Meta, FinalState)>> {
        let folder = self.layout.record(name);
        let Some(meta) = Meta::read(&folder)?.filter(|meta| meta.id == id) else { return Ok(None) };
        if let Some(state) = FinalState::read(&folder)? {
            return Ok(Some((meta, state)));
        }
        // It is being made or runs, unless its runtime folder went in a reboot.
        let Some(life) = meta.life() else { return Ok(None) };
        if Meta::read(&self.layout.system(name))?.is_some() {
            return Ok(None);
        }
        self.close_record(&meta, &life)?;
        Ok(FinalState::read(&folder)?.map(|state| (meta, state)))
    }
}
