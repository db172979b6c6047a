//! What a system answers about itself, in the shape of the schema that it was created with.

use std::collections::BTreeMap;
use std::sync::Arc;

use hcs_contract::{Error, Result};
use hcs_schema::compute::{
    ExitType, GuestConnectionInfo, GuestDefinedCapabilities, MemoryStats, OsType, ProcessorStats,
    PropertyType, State as StateName, SystemType, v1, v2,
};
use hcs_schema::{Document, Time, Version};

use crate::machine::{Machine, State};
use crate::plan::Guest;
use crate::refuse::Reader;
use crate::task::Task;
use crate::violation::Violation;

/// Bytes that a program of the fake is said to use.
const MEMORY: u64 = 1 << 20;
/// Processor time that a program of the fake is said to have used, in 100 ns.
const RUNTIME: u64 = 10_000;

/// Which parts are asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Wanted {
    statistics: bool,
    processes: bool,
    guest_connection: bool,
    disks: bool,
}

fn query(reader: Reader<'_>, text: &str) -> Result<Wanted> {
    let v2::PropertyQuery { property_types, queries, unknown: _ } = reader.parse_options(text)?;
    reader.unless_default("Queries", &queries, "properties are asked for by PropertyTypes here")?;
    let mut wanted = Wanted::default();
    for (index, property) in property_types.iter().enumerate() {
        if *property == PropertyType::STATISTICS {
            wanted.statistics = true;
        } else if *property == PropertyType::PROCESS_LIST {
            wanted.processes = true;
        } else if *property == PropertyType::GUEST_CONNECTION {
            wanted.guest_connection = true;
        } else if *property == PropertyType::MAPPED_VIRTUAL_DISK {
            wanted.disks = true;
        } else if *property == PropertyType::TERMINATE_ON_LAST_HANDLE_CLOSED
            || reader.breaks(Violation::UnknownPropertyAccepted)
        {
            // It is always in the answer.
        } else {
            let field = format!("PropertyTypes[{index}]");
            let reason = format!("a container of this host has no property {property:?}");
            return Err(Error::not_supported(field, reason));
        }
    }
    Ok(wanted)
}

/// `Basic`, the one property of the service that containers need: which documents it takes.
pub(crate) fn of_service(reader: Reader<'_>, text: &str) -> Result<String> {
    let v2::PropertyQuery { property_types, queries, unknown: _ } = reader.parse_options(text)?;
    reader.unless_default("Queries", &queries, "properties are asked for by PropertyTypes here")?;
    let mut properties = Vec::new();
    for (index, property) in property_types.iter().enumerate() {
        if property.as_str() != "Basic" {
            let field = format!("PropertyTypes[{index}]");
            return Err(Error::not_supported(field, format!("this host has no property {property:?}")));
        }
        let versions = if reader.breaks(Violation::SchemaVersionsMissing) {
            Vec::new()
        } else {
            vec![Version::v1_0(), Version::v2_1()]
        };
        properties.push(serde_json::json!({ "SupportedSchemaVersions": versions }));
    }
    Ok(v2::ServiceProperties { properties, ..v2::ServiceProperties::default() }.to_json())
}

impl Machine {
    /// Answers a `PropertyQuery`.
    pub(crate) fn properties(&self, text: &str) -> Result<String> {
        let wanted = query(self.rules.reader(), text)?;
        let view = View::of(self, wanted);
        let first = (self.plan.schema == 1) != self.breaks(Violation::PropertiesOfOtherSchema);
        Ok(if first { view.v1().to_json() } else { view.v2().to_json() })
    }

    /// Its entry in a list of systems: schema 1's properties, whatever its own schema.
    pub(crate) fn list_entry(&self) -> v1::ContainerProperties {
        View::of(self, Wanted::default()).v1()
    }
}

/// A system at one moment.
struct View<'a> {
    machine: &'a Machine,
    state: State,
    exit: Option<ExitType>,
    started: u64,
    counted: u64,
    statistics: bool,
    processes: Vec<Arc<Task>>,
    guest_connection: bool,
    disks: bool,
}

impl<'a> View<'a> {
    fn of(machine: &'a Machine, wanted: Wanted) -> Self {
        let breaks = |violation| machine.breaks(violation);
        let mut inner = machine.lock();
        let state = match inner.stale.take() {
            Some(stale) => {
                if breaks(Violation::ResumedStaysPaused) && inner.state == State::Running {
                    inner.stale = Some(stale);
                }
                stale
            }
            None => inner.state,
        };
        let state = match state {
            State::Stopped if breaks(Violation::StoppedSaysRunning) => State::Running,
            State::Paused if breaks(Violation::PausedSaysRunning) => State::Running,
            state => state,
        };
        let exit = inner.exit.map(crate::machine::Exit::exit_type);
        let exit = exit.filter(|_| !breaks(Violation::ExitTypeIsMissing));
        let stopped = inner.state == State::Stopped;
        let tasks: Vec<_> = inner.tasks.values().cloned().collect();
        inner.counted += u64::from(wanted.statistics);
        let (started, counted) = (inner.started, inner.counted);
        drop(inner);
        let listed =
            |task: &Arc<Task>| task.exit_code().is_none() || breaks(Violation::ProcessListKeepsExited);
        let processes = wanted.processes && !stopped && !breaks(Violation::ProcessListIsMissing);
        Self {
            machine,
            state,
            exit,
            started,
            counted,
            // A stopped system has nothing to count and no processes to list.
            statistics: wanted.statistics && !stopped && !breaks(Violation::StatisticsAreMissing),
            processes: if processes { tasks.into_iter().filter(listed).collect() } else { Vec::new() },
            guest_connection: wanted.guest_connection && !stopped,
            disks: wanted.disks && !stopped,
        }
    }

    fn name(&self) -> String {
        let name = &self.machine.plan.name;
        if name.is_empty() { self.machine.id.clone() } else { name.clone() }
    }

    fn id(&self) -> String {
        let id = &self.machine.id;
        if self.machine.breaks(Violation::IdIsChanged) { id.to_uppercase() } else { id.clone() }
    }

    fn owner(&self) -> String {
        if self.machine.breaks(Violation::OwnerIsDropped) {
            String::new()
        } else {
            self.machine.plan.owner.clone()
        }
    }

    fn os(&self) -> OsType {
        let linux = self.machine.plan.guest == Guest::Linux;
        let linux = linux != self.machine.breaks(Violation::GuestIsTheOtherOne);
        if linux { OsType::LINUX } else { OsType::WINDOWS }
    }

    fn stopped(&self) -> bool {
        self.state == State::Stopped && !self.machine.breaks(Violation::StoppedFlagIsNeverSet)
    }

    fn guest_connection(&self) -> Option<GuestConnectionInfo> {
        self.guest_connection.then(|| GuestConnectionInfo {
            supported_schema_versions: vec![Version::v1_0(), Version::v2_1()],
            protocol_version: 4,
            guest_defined_capabilities: GuestDefinedCapabilities {
                signal_process_supported: true,
                ..GuestDefinedCapabilities::default()
            },
            ..GuestConnectionInfo::default()
        })
    }

    fn controllers(&self) -> BTreeMap<u32, v1::MappedVirtualDiskController> {
        let disks = if self.disks { &self.machine.plan.disks[..] } else { &[] };
        v1::MappedVirtualDiskController::one_of(disks)
    }

    fn memory(&self) -> MemoryStats {
        let bytes = MEMORY * (1 + self.machine.running().len() as u64);
        MemoryStats {
            usage_commit_bytes: bytes,
            usage_commit_peak_bytes: bytes,
            usage_private_working_set_bytes: bytes,
            ..MemoryStats::default()
        }
    }

    fn uptime(&self) -> u64 {
        // No two answers are the same, though the clock has not been moved in between.
        match self.started {
            0 => 0,
            started => self.machine.rules.clock.file_time() - started + self.counted,
        }
    }

    fn v1(&self) -> v1::ContainerProperties {
        v1::ContainerProperties {
            id: self.id(),
            state: StateName::from(self.state.name()),
            name: self.name(),
            system_type: SystemType::CONTAINER,
            owner: self.owner(),
            runtime_os_type: self.os(),
            stopped: self.stopped(),
            exit_type: self.exit.clone().unwrap_or_default(),
            mapped_virtual_disk_controllers: self.controllers(),
            statistics: self.statistics.then(|| v1::Statistics {
                timestamp: time(self.machine.rules.clock.file_time()),
                container_start_time: time(self.started),
                uptime_100ns: self.uptime(),
                memory: self.memory(),
                processor: processor(),
                ..v1::Statistics::default()
            }),
            process_list: self
                .processes
                .iter()
                .map(|task| v1::ProcessListItem {
                    create_timestamp: time(task.created),
                    image_name: task.image(),
                    memory_commit_bytes: MEMORY,
                    memory_working_set_private_bytes: MEMORY,
                    process_id: task.pid,
                    user_time_100ns: RUNTIME,
                    ..v1::ProcessListItem::default()
                })
                .collect(),
            guest_connection_info: self.guest_connection(),
            ..v1::ContainerProperties::default()
        }
    }

    fn v2(&self) -> v2::Properties {
        v2::Properties {
            id: self.id(),
            system_type: SystemType::CONTAINER,
            runtime_os_type: self.os(),
            name: self.name(),
            owner: self.owner(),
            state: StateName::from(self.state.name()),
            stopped: self.stopped(),
            exit_type: self.exit.clone().unwrap_or_default(),
            statistics: self.statistics.then(|| v2::Statistics {
                timestamp: time(self.machine.rules.clock.file_time()),
                container_start_time: time(self.started),
                uptime_100ns: self.uptime(),
                processor: Some(processor()),
                memory: Some(self.memory()),
                ..v2::Statistics::default()
            }),
            process_list: self
                .processes
                .iter()
                .map(|task| v2::ProcessDetails {
                    process_id: task.pid,
                    image_name: task.image(),
                    create_timestamp: time(task.created),
                    user_time_100ns: RUNTIME,
                    memory_commit_bytes: MEMORY,
                    memory_working_set_private_bytes: MEMORY,
                    ..v2::ProcessDetails::default()
                })
                .collect(),
            terminate_on_last_handle_closed: self.machine.plan.ends_with_last_handle,
            guest_connection_info: self.guest_connection(),
            ..v2::Properties::default()
        }
    }
}

fn processor() -> ProcessorStats {
    ProcessorStats { total_runtime_100ns: RUNTIME, runtime_user_100ns: RUNTIME, ..ProcessorStats::default() }
}

/// 0 stands for never.
fn time(steps: u64) -> Time {
    if steps == 0 { Time::ZERO } else { Time::from_file_time(steps).unwrap_or(Time::ZERO) }
}
