//! What a system answers about itself, in the shape of the schema that it was created with.

use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, PoisonError};

use hcs_contract::{Error, Result, reading};
use hcs_schema::compute::{
    ExitType, GuestConnectionInfo, GuestDefinedCapabilities, MemoryStats, OsType, ProcessorStats,
    PropertyType, State as StateName, StorageStats, SystemType, v1, v2,
};
use hcs_schema::{Document, Time, Version};
use hcs_silo::client::ClientError;
use hcs_silo::protocol::{ExitKind, ProcessRow, Reply, Request, State, Statistics, Status};

use super::errors::state_name;
use super::handle::Pending;
use super::live::Live;
use super::refuse;
use crate::record::{FinalState, GuestOs, Meta};

/// Which parts of the properties are asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Wanted {
    statistics: bool,
    processes: bool,
    guest_connection: bool,
    /// Of a schema 1 system; others have none.
    pub(super) disks: bool,
}

impl Wanted {
    /// Whether nothing is asked for but what a board says.
    pub(super) fn is_posted(self) -> bool {
        !self.statistics && !self.processes
    }
}

/// Reads a `PropertyQuery` for a system that was created from a document of `schema`.
///
/// # Errors
/// Invalid document; not supported for a property that this host has not.
pub(super) fn query(text: &str, schema: u32) -> Result<Wanted> {
    let property_types = property_types(text, schema)?;
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
        } else if *property == PropertyType::TERMINATE_ON_LAST_HANDLE_CLOSED {
            // It is always in the answer.
        } else {
            let field = format!("PropertyTypes[{index}]");
            let reason = format!("a container of this host has no property {property:?}");
            return Err(Error::not_supported(field, reason));
        }
    }
    Ok(wanted)
}

/// Schema 1 knows a part of what schema 2 does: what it does not know may still be refused by name.
fn property_types(text: &str, schema: u32) -> Result<Vec<PropertyType>> {
    if schema == 1 && !text.trim().is_empty() {
        let v1::PropertyQuery { property_types, unknown } = reading::read(text)?;
        if unknown.is_empty() {
            return Ok(property_types);
        }
    }
    let v2::PropertyQuery { property_types, queries, unknown: _ } = refuse::parse_options(text)?;
    refuse::unless_default("Queries", &queries, "properties are asked for by PropertyTypes here")?;
    Ok(property_types)
}

/// The document of a system that stands so; `wanted` is no more than that tells.
pub(super) fn of_status(
    meta: &Meta,
    wanted: Wanted,
    status: Status,
    disks: Vec<v1::MappedVirtualDisk>,
) -> Result<String> {
    let state = Some((status.state, status.exit.map(|exit| exit.kind)));
    document(meta, wanted, Answers { state, ..Answers::default() }, disks)
}

/// What the supervisor said.
#[derive(Debug, Default)]
struct Answers {
    state: Option<(State, Option<ExitKind>)>,
    statistics: Option<Statistics>,
    processes: Option<Vec<ProcessRow>>,
    failure: Option<Error>,
    missing: usize,
}

/// Asks the supervisor and completes `pending` with the document. `disks`: those of the system's own document.
pub(super) fn ask(
    live: &Arc<Live>,
    meta: &Arc<Meta>,
    wanted: Wanted,
    disks: Vec<v1::MappedVirtualDisk>,
    pending: Pending,
) {
    let mut requests = vec![Request::Status];
    requests.extend(wanted.statistics.then_some(Request::Statistics));
    requests.extend(wanted.processes.then_some(Request::Processes));
    let answers = Answers { missing: requests.len(), ..Answers::default() };
    let shared = Arc::new(Mutex::new((answers, Some((pending, disks)))));
    for request in requests {
        let (shared, live_again, meta) = (Arc::clone(&shared), Arc::clone(live), Arc::clone(meta));
        live.connection().request(
            request,
            &[],
            Box::new(move |outcome: std::result::Result<(Reply, Vec<OwnedFd>), ClientError>| {
                let mut shared = shared.lock().unwrap_or_else(PoisonError::into_inner);
                let (answers, pending) = &mut *shared;
                match outcome.map(|(reply, _)| reply) {
                    Ok(Reply::Status(status)) => {
                        answers.state = Some((status.state, status.exit.map(|exit| exit.kind)));
                    }
                    Ok(Reply::Statistics(statistics)) => answers.statistics = Some(statistics),
                    Ok(Reply::Processes(rows)) => answers.processes = Some(rows),
                    Ok(other) => {
                        answers.failure =
                            Some(Error::unexpected_value(format!("the supervisor's {other:?}")));
                    }
                    Err(error) => answers.failure = Some(live_again.failed_request(error)),
                }
                answers.missing -= 1;
                if answers.missing == 0
                    && let Some((pending, disks)) = pending.take()
                {
                    let answers = std::mem::take(answers);
                    drop(shared);
                    pending.complete(document(&meta, wanted, answers, disks));
                }
            }),
        );
    }
}

fn document(
    meta: &Meta,
    wanted: Wanted,
    answers: Answers,
    disks: Vec<v1::MappedVirtualDisk>,
) -> Result<String> {
    let Answers { state, statistics, processes, failure, missing: _ } = answers;
    let stopped = matches!(state, Some((State::Stopped, _)));
    // A stopped system has no cgroup to count and no processes to list; what it still knows is answered.
    if let Some(failure) = failure.filter(|_| !stopped) {
        return Err(failure);
    }
    let Some((state, exit)) = state else {
        return Err(Error::unexpected_value("properties without a state"));
    };
    let mut basics = Basics::new(meta, state_name(state), exit.map(exit_type));
    basics.statistics = statistics;
    basics.processes = processes;
    basics.guest_connection = wanted.guest_connection && !stopped;
    if !stopped {
        basics.disks = disks;
    }
    Ok(basics.to_json())
}

/// The properties of a system that is known by its record only.
pub(super) fn of_record(meta: &Meta, state: &FinalState) -> String {
    Basics::new(meta, "Stopped", Some(ExitType::from(state.exit_type.as_str()))).to_json()
}

/// One entry of a list of systems: schema 1's properties, whatever the system's own schema.
pub(super) fn list_entry(meta: &Meta, state: &str, exit: Option<&str>) -> v1::ContainerProperties {
    Basics::new(meta, state, exit.map(ExitType::from)).v1()
}

pub(super) fn exit_type(kind: ExitKind) -> ExitType {
    match kind {
        ExitKind::Graceful => ExitType::GRACEFUL_EXIT,
        ExitKind::Forced => ExitType::FORCED_EXIT,
        ExitKind::Unexpected => ExitType::UNEXPECTED_EXIT,
    }
}

struct Basics<'a> {
    meta: &'a Meta,
    state: &'a str,
    exit: Option<ExitType>,
    statistics: Option<Statistics>,
    processes: Option<Vec<ProcessRow>>,
    guest_connection: bool,
    disks: Vec<v1::MappedVirtualDisk>,
}

impl<'a> Basics<'a> {
    fn new(meta: &'a Meta, state: &'a str, exit: Option<ExitType>) -> Self {
        Self {
            meta,
            state,
            exit,
            statistics: None,
            processes: None,
            guest_connection: false,
            disks: Vec::new(),
        }
    }

    fn to_json(&self) -> String {
        if self.meta.schema == 1 { self.v1().to_json() } else { self.v2().to_json() }
    }

    fn os(&self) -> OsType {
        match self.meta.guest {
            GuestOs::Linux => OsType::LINUX,
            GuestOs::Windows => OsType::WINDOWS,
        }
    }

    fn guest_connection(&self) -> Option<GuestConnectionInfo> {
        self.guest_connection.then(|| GuestConnectionInfo {
            supported_schema_versions: vec![Version::v1_0(), Version::v2_1()],
            // The version that HEAD's clients ask for, and whose abilities these are.
            protocol_version: 4,
            guest_defined_capabilities: GuestDefinedCapabilities {
                signal_process_supported: true,
                ..GuestDefinedCapabilities::default()
            },
            ..GuestConnectionInfo::default()
        })
    }

    fn v1(&self) -> v1::ContainerProperties {
        v1::ContainerProperties {
            id: self.meta.id.clone(),
            state: StateName::from(self.state),
            name: self.meta.name.clone(),
            system_type: SystemType::from(self.meta.system_type.as_str()),
            owner: self.meta.owner.clone(),
            runtime_os_type: self.os(),
            stopped: self.state == "Stopped",
            exit_type: self.exit.clone().unwrap_or_default(),
            mapped_virtual_disk_controllers: v1::MappedVirtualDiskController::one_of(&self.disks),
            statistics: self.statistics.map(|statistics| v1::Statistics {
                timestamp: time(statistics.at_100ns),
                container_start_time: time(statistics.started_100ns),
                uptime_100ns: uptime(&statistics),
                memory: memory(&statistics),
                processor: processor(&statistics),
                storage: storage(&statistics),
                ..v1::Statistics::default()
            }),
            process_list: self
                .processes
                .iter()
                .flatten()
                .map(|row| v1::ProcessListItem {
                    create_timestamp: time(row.created_100ns),
                    image_name: row.image.clone(),
                    kernel_time_100ns: row.kernel_100ns,
                    memory_commit_bytes: row.commit_bytes,
                    memory_working_set_private_bytes: row.private_bytes,
                    memory_working_set_shared_bytes: row.shared_bytes,
                    process_id: row.pid,
                    user_time_100ns: row.user_100ns,
                    ..v1::ProcessListItem::default()
                })
                .collect(),
            guest_connection_info: self.guest_connection(),
            ..v1::ContainerProperties::default()
        }
    }

    fn v2(&self) -> v2::Properties {
        v2::Properties {
            id: self.meta.id.clone(),
            system_type: SystemType::from(self.meta.system_type.as_str()),
            runtime_os_type: self.os(),
            name: self.meta.name.clone(),
            owner: self.meta.owner.clone(),
            state: StateName::from(self.state),
            stopped: self.state == "Stopped",
            exit_type: self.exit.clone().unwrap_or_default(),
            statistics: self.statistics.map(|statistics| v2::Statistics {
                timestamp: time(statistics.at_100ns),
                container_start_time: time(statistics.started_100ns),
                uptime_100ns: uptime(&statistics),
                processor: Some(processor(&statistics)),
                memory: Some(memory(&statistics)),
                storage: Some(storage(&statistics)),
                ..v2::Statistics::default()
            }),
            process_list: self
                .processes
                .iter()
                .flatten()
                .map(|row| v2::ProcessDetails {
                    process_id: row.pid,
                    image_name: row.image.clone(),
                    create_timestamp: time(row.created_100ns),
                    user_time_100ns: row.user_100ns,
                    kernel_time_100ns: row.kernel_100ns,
                    memory_commit_bytes: row.commit_bytes,
                    memory_working_set_private_bytes: row.private_bytes,
                    memory_working_set_shared_bytes: row.shared_bytes,
                    ..v2::ProcessDetails::default()
                })
                .collect(),
            terminate_on_last_handle_closed: self.meta.ends_with_last_handle,
            guest_connection_info: self.guest_connection(),
            ..v2::Properties::default()
        }
    }
}

/// A moment in 100 ns since the Unix epoch; 0 stands for never.
fn time(steps: u64) -> Time {
    match steps {
        0 => Time::ZERO,
        steps => jiff::Timestamp::from_nanosecond(i128::from(steps) * 100).map_or(Time::ZERO, Time::new),
    }
}

fn uptime(statistics: &Statistics) -> u64 {
    match statistics.started_100ns {
        0 => 0,
        started => statistics.at_100ns.saturating_sub(started),
    }
}

fn memory(statistics: &Statistics) -> MemoryStats {
    MemoryStats {
        usage_commit_bytes: statistics.memory_bytes,
        usage_commit_peak_bytes: statistics.memory_peak_bytes,
        usage_private_working_set_bytes: statistics.memory_private_bytes,
        ..MemoryStats::default()
    }
}

fn processor(statistics: &Statistics) -> ProcessorStats {
    ProcessorStats {
        total_runtime_100ns: statistics.cpu_total_100ns,
        runtime_user_100ns: statistics.cpu_user_100ns,
        runtime_kernel_100ns: statistics.cpu_kernel_100ns,
        ..ProcessorStats::default()
    }
}

fn storage(statistics: &Statistics) -> StorageStats {
    StorageStats {
        read_count_normalized: statistics.read_operations,
        read_size_bytes: statistics.read_bytes,
        write_count_normalized: statistics.write_operations,
        write_size_bytes: statistics.write_bytes,
        ..StorageStats::default()
    }
}

#[cfg(test)]
mod tests {
    use hcs_contract::Hresult;

    use super::*;
    use crate::record::tests::meta;

    #[test]
    fn queries_ask_for_parts_and_others_are_refused_by_name() {
        for schema in [1, 2] {
            assert_eq!(query("", schema).unwrap(), Wanted::default());
            let all =
                r#"{"PropertyTypes":["Statistics","ProcessList","MappedVirtualDisk","GuestConnection"]}"#;
            let wanted = Wanted { statistics: true, processes: true, guest_connection: true, disks: true };
            assert_eq!(query(all, schema).unwrap(), wanted);
            for (text, name) in [
                (r#"{"PropertyTypes":["Statistics","Memory"]}"#, "PropertyTypes[1]"),
                (r#"{"PropertyTypes":["Nope"]}"#, "PropertyTypes[0]"),
                (r#"{"Queries":{"x":{}}}"#, "Queries"),
            ] {
                let error = query(text, schema).unwrap_err();
                assert_eq!(error.hresult(), Hresult::ERROR_NOT_SUPPORTED);
                assert!(error.to_string().contains(name), "{error}");
            }
        }
    }

    fn disks() -> Vec<v1::MappedVirtualDisk> {
        let disk = |path: &str| v1::MappedVirtualDisk { host_path: path.into(), ..Default::default() };
        vec![disk("/one"), disk("/two")]
    }

    fn answers() -> Answers {
        Answers {
            state: Some((State::Running, None)),
            statistics: Some(Statistics {
                at_100ns: 50,
                started_100ns: 20,
                cpu_total_100ns: 1,
                cpu_user_100ns: 2,
                cpu_kernel_100ns: 3,
                memory_bytes: 4,
                memory_peak_bytes: 5,
                memory_private_bytes: 6,
                read_operations: 7,
                read_bytes: 8,
                write_operations: 9,
                write_bytes: 10,
            }),
            processes: Some(vec![ProcessRow {
                pid: 4,
                image: "x".into(),
                created_100ns: 10,
                user_100ns: 1,
                kernel_100ns: 2,
                commit_bytes: 3,
                private_bytes: 4,
                shared_bytes: 5,
            }]),
            ..Answers::default()
        }
    }

    #[test]
    fn the_answer_has_the_shape_of_the_systems_schema() {
        let wanted = Wanted { statistics: true, processes: true, guest_connection: true, disks: true };
        let mut meta = meta("x");
        meta.schema = 1;
        let text = document(&meta, wanted, answers(), disks()).unwrap();
        let one = v1::ContainerProperties::from_json(&text).unwrap();
        assert!(one.unknown.is_empty());
        let statistics = one.statistics.unwrap();
        assert_eq!(statistics.uptime_100ns, 30);
        assert_eq!(statistics.timestamp.to_string(), "1970-01-01T00:00:00.000005Z");
        assert_eq!(statistics.container_start_time.to_string(), "1970-01-01T00:00:00.000002Z");
        let processor = r#"{"TotalRuntime100ns":1,"RuntimeUser100ns":2,"RuntimeKernel100ns":3}"#;
        let memory = r#"{"MemoryUsageCommitBytes":4,"MemoryUsageCommitPeakBytes":5,"MemoryUsagePrivateWorkingSetBytes":6}"#;
        let storage =
            r#"{"ReadCountNormalized":7,"ReadSizeBytes":8,"WriteCountNormalized":9,"WriteSizeBytes":10}"#;
        assert_eq!(statistics.processor.to_json(), processor);
        assert_eq!(statistics.memory.to_json(), memory);
        assert_eq!(statistics.storage.to_json(), storage);
        let guest = one.guest_connection_info.unwrap();
        assert_eq!((guest.protocol_version, guest.supported_schema_versions.len()), (4, 2));
        assert!(guest.guest_defined_capabilities.signal_process_supported);
        let row = r#"{"CreateTimestamp":"1970-01-01T00:00:00.000001Z","ImageName":"x","KernelTime100ns":2,"MemoryCommitBytes":3,"MemoryWorkingSetPrivateBytes":4,"MemoryWorkingSetSharedBytes":5,"ProcessId":4,"UserTime100ns":1}"#;
        assert_eq!(one.process_list[0].to_json(), row);
        let seen = &one.mapped_virtual_disk_controllers[&0].mapped_virtual_disks;
        assert_eq!((seen[&0].host_path.as_str(), seen[&1].host_path.as_str()), ("/one", "/two"));
        meta.schema = 2;
        let text = document(&meta, wanted, answers(), disks()).unwrap();
        let two = v2::Properties::from_json(&text).unwrap();
        assert_eq!((two.state.as_str(), two.runtime_os_type.as_str()), ("Running", "Linux"));
        assert_eq!(two.process_list[0].to_json().len(), row.len(), "the same members in another order");
        let statistics = two.statistics.unwrap();
        assert_eq!(statistics.uptime_100ns, 30);
        assert_eq!(statistics.timestamp.to_string(), "1970-01-01T00:00:00.000005Z");
        assert_eq!(statistics.container_start_time.to_string(), "1970-01-01T00:00:00.000002Z");
        assert_eq!(statistics.processor.unwrap().to_json(), processor);
        assert_eq!(statistics.memory.unwrap().to_json(), memory);
        assert_eq!(statistics.storage.unwrap().to_json(), storage);
        assert!(two.guest_connection_info.is_some());
    }

    #[test]
    fn a_stopped_system_answers_what_it_still_knows() {
        let stopped = Answers {
            state: Some((State::Stopped, Some(ExitKind::Forced))),
            failure: Some(Error::pending()),
            ..Answers::default()
        };
        let text =
            document(&meta("x"), query(r#"{"PropertyTypes":["Statistics"]}"#, 2).unwrap(), stopped, disks())
                .unwrap();
        let two = v2::Properties::from_json(&text).unwrap();
        assert_eq!((two.stopped, two.exit_type, two.statistics), (true, ExitType::FORCED_EXIT, None));
        let failed = Answers { failure: Some(Error::pending()), ..answers() };
        assert!(document(&meta("x"), Wanted::default(), failed, Vec::new()).is_err());
    }
}
