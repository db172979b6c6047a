//! A schema 2 document (`ComputeSystem`) as a plan.
//!
//! Schema 2 does not say what runs inside. Storage does: no storage, or a Wine base as the lowest layer, is a Windows
//! container; a `Path` without layers is the root folder of a Linux container, other layers are its lower folders.

use std::path::{Path, PathBuf};

use hcs_contract::{Error, Result};
use hcs_schema::Version;
use hcs_schema::compute::CacheMode;
use hcs_schema::compute::v2::{
    self, ComputeSystem, Container, GuestOs, Layer, MappedDirectory, MappedPipe, Memory, PathType,
    Processor as Cpu, Storage,
};

use super::create_v1::{NO_CREDENTIALS, NO_DEVICE, NO_SCRATCH, NO_SHARING, NO_VM};
use super::plan::{self, Guest, HostPart, LinuxRoot, Mapped, Networking, Plan, Processor};
use super::refuse::{no, no_nul, unless_default, unless_empty_part, unless_null};
use super::registry;
use super::throttle::Throttle;
use crate::network::SystemNetwork;

/// The last version that is known: 2.5.
const LAST_MINOR: u32 = 5;

/// Takes the document apart; each member is used, or refused by name. `is_base`: whether a folder is a Wine base.
pub(super) fn plan(system: ComputeSystem, is_base: &dyn Fn(&Path) -> bool) -> Result<Plan> {
    let ComputeSystem {
        owner,
        schema_version,
        hosting_system_id,
        hosted_system,
        container,
        virtual_machine,
        should_terminate_on_last_handle_closed,
        linux_host,
        // Refused before, all at once and by path.
        unknown: _,
    } = system;
    if let Some(Version { major, minor, unknown: _ }) = schema_version
        && (major != 2 || minor > LAST_MINOR)
    {
        let reason =
            format!("{major}.{minor} is not known; documents of this form are 2.0 to 2.{LAST_MINOR}");
        return Err(Error::not_supported("SchemaVersion", reason));
    }
    unless_default("HostingSystemId", &hosting_system_id, NO_VM)?;
    unless_empty_part("HostedSystem", hosted_system.as_ref(), NO_VM)?;
    unless_null("VirtualMachine", &virtual_machine, NO_VM)?;
    let Some(container) = container else {
        let message = "the document needs a Container, with {} for all defaults";
        return Err(Error::invalid_document("Container", message));
    };
    let mut plan = container_plan(container, linux_host, is_base)?;
    plan.owner = owner;
    plan.ends_with_last_handle = should_terminate_on_last_handle_closed;
    Ok(plan)
}

fn pipes(windows: bool, pipes: Vec<MappedPipe>) -> Result<Vec<plan::MappedPipe>> {
    let field = |at: usize| format!("Container.MappedPipes[{at}]");
    let pipes: Vec<_> = pipes
        .into_iter()
        .enumerate()
        .map(|(at, mapped)| pipe(&field(at), windows, mapped, true))
        .collect::<Result<_>>()?;
    plan::each_once(pipes)
}

/// Also for `Container/MappedPipes` in a change of a running container, where one that goes needs no path.
pub(super) fn pipe(field: &str, windows: bool, pipe: MappedPipe, added: bool) -> Result<plan::MappedPipe> {
    let MappedPipe { container_pipe_name, host_path, host_path_type, unknown: _ } = pipe;
    if !host_path_type.as_str().is_empty() && host_path_type != PathType::ABSOLUTE_PATH {
        return Err(no(&format!("{field}.HostPathType"), "the path of a socket is absolute here"));
    }
    let host = (added || !host_path.is_empty()).then_some(host_path);
    plan::pipe(field, windows, host, container_pipe_name)
}

fn container_plan(
    container: Container,
    linux_host: Option<hcs_schema::LinuxHost>,
    is_base: &dyn Fn(&Path) -> bool,
) -> Result<Plan> {
    let Container {
        guest_os,
        storage,
        mapped_directories,
        mapped_pipes,
        memory,
        processor,
        networking,
        hv_socket,
        container_credential_guard,
        registry_changes,
        assigned_devices,
        additional_device_namespace,
        isolation_type,
        unknown: _,
    } = container;
    let network = network(networking.unwrap_or_default(), linux_host.as_ref())?;
    unless_empty_part("Container.HvSocket", hv_socket.as_ref(), NO_VM)?;
    let guard = container_credential_guard.as_ref();
    unless_empty_part("Container.ContainerCredentialGuard", guard, NO_CREDENTIALS)?;
    unless_default("Container.AssignedDevices", &assigned_devices, NO_DEVICE)?;
    unless_null("Container.AdditionalDeviceNamespace", &additional_device_namespace, NO_DEVICE)?;
    unless_default(
        "Container.IsolationType",
        &isolation_type,
        "every container here is isolated from the host",
    )?;

    let storage = storage.unwrap_or_default();
    let qos = storage.qos.clone().unwrap_or_default();
    let mut guest = guest(storage, is_base)?;
    let windows = matches!(guest, Guest::Windows { .. });
    let changes = registry_changes.unwrap_or_default();
    let mapped_pipes = pipes(windows, mapped_pipes)?;
    match &mut guest {
        Guest::Windows { registry, pipes, .. } => {
            *registry = registry::changes(changes)?;
            *pipes = mapped_pipes;
        }
        Guest::Linux(_) => {
            unless_default("Container.RegistryChanges", &changes, "a Linux container has no registry")?;
        }
    }

    let mut limits = plan::default_limits();
    let Memory { size_in_mb, unknown: _ } = memory.unwrap_or_default();
    limits.memory = plan::memory("Container.Memory.SizeInMB", size_in_mb)?;
    apply_processor(&processor.unwrap_or_default(), "Container.Processor", &mut limits)?;

    let GuestOs { host_name, unknown: _ } = guest_os.unwrap_or_default();
    Ok(Plan {
        schema: 2,
        owner: String::new(),
        name: String::new(),
        host_name: plan::host_name("Container.GuestOs.HostName", host_name)?,
        guest,
        limits,
        throttle: Throttle {
            operations: ("Container.Storage.QoS.IopsMaximum".into(), qos.iops_maximum),
            bytes: ("Container.Storage.QoS.BandwidthMaximum".into(), qos.bandwidth_maximum),
        },
        mapped: mapped_directories
            .into_iter()
            .enumerate()
            .map(|(index, directory)| mapped(&format!("Container.MappedDirectories[{index}]"), directory))
            .collect::<Result<_>>()?,
        disks: Vec::new(),
        network,
        ends_with_last_handle: false,
        host: HostPart::new(linux_host, windows)?,
    })
}

fn network(networking: v2::Networking, linux_host: Option<&hcs_schema::LinuxHost>) -> Result<SystemNetwork> {
    let v2::Networking {
        allow_unqualified_dns_query,
        dns_search_list,
        network_shared_container_name,
        namespace,
        network_adapters,
        unknown: _,
    } = networking;
    let field = "Container.Networking.NetworkSharedContainerName";
    unless_default(field, &network_shared_container_name, NO_SHARING)?;
    let search = ("Container.Networking.DnsSearchList", dns_search_list);
    plan::network(
        Networking {
            endpoints: ("Container.Networking.NetworkAdapters", network_adapters),
            search,
            unqualified: ("Container.Networking.AllowUnqualifiedDnsQuery", allow_unqualified_dns_query),
            namespace: Some(("Container.Networking.Namespace", namespace)),
        },
        linux_host,
    )
}

/// Also for `Container/Processor` in a change of a running container.
pub(super) fn apply_processor(
    processor: &Cpu,
    path: &str,
    limits: &mut hcs_silo::cgroup::Limits,
) -> Result<()> {
    let Cpu { count, maximum, weight, unknown: _ } = *processor;
    let path = |name: &str| format!("{path}.{name}");
    Processor {
        count: (&path("Count"), count.into()),
        maximum: (&path("Maximum"), maximum.into()),
        weight: (&path("Weight"), weight.into()),
    }
    .apply(limits)
}

fn guest(storage: Storage, is_base: &dyn Fn(&Path) -> bool) -> Result<Guest> {
    let Storage { layers, path, qos: _, privileged_container_root_path, unknown: _ } = storage;
    let reason = "every container here is isolated from the host";
    unless_default("Container.Storage.PrivilegedContainerRootPath", &privileged_container_root_path, reason)?;
    let field = "Container.Storage.Path";
    let lowers: Vec<PathBuf> =
        layers.into_iter().enumerate().map(|(index, layer)| lower(index, layer)).collect::<Result<_>>()?;
    let base = lowers.last().is_some_and(|last| is_base(last));
    match lowers.len() {
        0 if path.is_empty() => Ok(plan::windows_guest(lowers, is_base, Vec::new())),
        0 => Ok(Guest::Linux(LinuxRoot::Folder(plan::host_path(field, &path)?))),
        _ if base => {
            unless_default(field, &path, NO_SCRATCH)?;
            Ok(plan::windows_guest(lowers, is_base, Vec::new()))
        }
        _ => {
            let scratch = if path.is_empty() { None } else { Some(plan::host_path(field, &path)?) };
            Ok(Guest::Linux(LinuxRoot::Layers { lowers, scratch }))
        }
    }
}

fn lower(index: usize, layer: Layer) -> Result<PathBuf> {
    // An id only names the layer for the service.
    let Layer { id: _, path, path_type, cache, unknown: _ } = layer;
    let field = format!("Container.Storage.Layers[{index}]");
    absolute_path_type(&format!("{field}.PathType"), &path_type)?;
    if ![CacheMode::UNSPECIFIED, CacheMode::ENABLED].contains(&cache) {
        unless_default(&format!("{field}.Cache"), &cache, "Linux caches every file, and one copy for all")?;
    }
    plan::host_path(&format!("{field}.Path"), &path)
}

fn absolute_path_type(field: &str, path_type: &PathType) -> Result<()> {
    if path_type.as_str().is_empty() || *path_type == PathType::ABSOLUTE_PATH {
        Ok(())
    } else {
        Err(no(field, NO_VM))
    }
}

/// A mapped folder that is to go: by its place, and if it is given by what lies there.
pub(super) fn unmapped(field: &str, directory: MappedDirectory) -> Result<Mapped> {
    let MappedDirectory { host_path, host_path_type, container_path, read_only, unknown: _ } = directory;
    absolute_path_type(&format!("{field}.HostPathType"), &host_path_type)?;
    no_nul(&format!("{field}.ContainerPath"), &container_path)?;
    if container_path.is_empty() {
        let message = "it says what to remove";
        return Err(Error::invalid_document(format!("{field}.ContainerPath"), message));
    }
    let host = match host_path.as_str() {
        "" => PathBuf::new(),
        path => plan::host_path(&format!("{field}.HostPath"), path)?,
    };
    Ok(Mapped { field: field.into(), host, container: container_path, read_only })
}

/// Also for `Container/MappedDirectories` in a change of a running container.
pub(super) fn mapped(field: &str, directory: MappedDirectory) -> Result<Mapped> {
    let MappedDirectory { host_path, host_path_type, container_path, read_only, unknown: _ } = directory;
    absolute_path_type(&format!("{field}.HostPathType"), &host_path_type)?;
    no_nul(&format!("{field}.ContainerPath"), &container_path)?;
    Ok(Mapped {
        field: field.into(),
        host: plan::host_path(&format!("{field}.HostPath"), &host_path)?,
        container: container_path,
        read_only,
    })
}
