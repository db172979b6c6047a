//! A schema 1 document (`ContainerConfig`) as a plan.

use std::path::{Path, PathBuf};

use hcs_contract::{Error, Result};
use hcs_schema::compute::OsType;
use hcs_schema::compute::SystemType;
use hcs_schema::compute::v1::{ContainerConfig, Layer, MappedDir, MappedPipe};

use super::disk;
use super::plan::{self, Guest, HostPart, LinuxRoot, Mapped, Networking, Plan, Processor};
use super::refuse::{self, no, unless_default, unless_empty_part};
use super::throttle::Throttle;

pub(super) const NO_SHARING: &str =
    "containers share a network by a namespace that both enter (Container.Networking.Namespace, schema 2)";
pub(super) const NO_VM: &str = "this host runs no virtual machines: containers share its kernel";
pub(super) const NO_DEVICE: &str = "devices of the host are not handed to containers";
const NO_THROTTLE: &str = "the kernel limits disks, not folders; limit the container";
pub(super) const NO_CREDENTIALS: &str = "there is no Active Directory behind this host";
pub(super) const NO_SCRATCH: &str =
    "the scratch of a Windows container is the engine's own and is thrown away with it";

/// Takes the document apart; each member is used, or refused by name.
pub(super) fn plan(config: ContainerConfig, is_base: &dyn Fn(&Path) -> bool) -> Result<Plan> {
    let ContainerConfig {
        system_type,
        name,
        owner,
        volume_path,
        // A hint for the service's own start of Windows. Nothing of ours is flushed while a container starts.
        ignore_flushes_during_boot: _,
        layer_folder_path,
        layers,
        credentials,
        processor_count,
        processor_weight,
        processor_maximum,
        storage_iops_maximum,
        storage_bandwidth_maximum,
        storage_sandbox_size,
        memory_maximum_in_mb,
        host_name,
        mapped_directories,
        mapped_pipes,
        hv_partition,
        network_shared_container_name,
        endpoint_list,
        hv_runtime,
        servicing,
        allow_unqualified_dns_query,
        dns_search_list,
        container_type,
        terminate_on_last_handle_closed,
        mapped_virtual_disks,
        assigned_devices,
        linux_host,
        // Refused before, all at once and by path.
        unknown: _,
    } = config;

    if system_type != SystemType::CONTAINER {
        return Err(match system_type.as_str() {
            "" => Error::invalid_document("SystemType", "it must say \"Container\""),
            _ => no("SystemType", NO_VM),
        });
    }
    unless_default("Credentials", &credentials, NO_CREDENTIALS)?;
    unless_default(
        "StorageSandboxSize",
        &storage_sandbox_size,
        "the size of scratch folders is not limited yet",
    )?;
    unless_default("HvPartition", &hv_partition, NO_VM)?;
    unless_default("NetworkSharedContainerName", &network_shared_container_name, NO_SHARING)?;
    unless_empty_part("HvRuntime", hv_runtime.as_ref(), NO_VM)?;
    unless_default("Servicing", &servicing, "there are no Windows updates to install here")?;
    let network = plan::network(
        Networking {
            endpoints: ("EndpointList", endpoint_list),
            search: ("DNSSearchList", dns_search_list),
            unqualified: ("AllowUnqualifiedDNSQuery", allow_unqualified_dns_query),
            namespace: None,
        },
        linux_host.as_ref(),
    )?;
    unless_default("AssignedDevices", &assigned_devices, NO_DEVICE)?;

    let windows = is_windows(&container_type)?;
    let pipes: Vec<_> = mapped_pipes
        .into_iter()
        .enumerate()
        .map(|(at, MappedPipe { host_path, container_pipe_name, unknown: _ })| {
            plan::pipe(&format!("MappedPipes[{at}]"), windows, Some(host_path), container_pipe_name)
        })
        .collect::<Result<_>>()?;
    let pipes = plan::each_once(pipes)?;
    let guest = if windows {
        unless_default("VolumePath", &volume_path, NO_SCRATCH)?;
        unless_default("LayerFolderPath", &layer_folder_path, NO_SCRATCH)?;
        plan::windows_guest(lowers(&layers)?, is_base, pipes)
    } else {
        Guest::Linux(linux_root(&volume_path, &layer_folder_path, &layers)?)
    };

    let mut limits = plan::default_limits();
    let memory = plan::not_negative("MemoryMaximumInMB", memory_maximum_in_mb)?;
    limits.memory = plan::memory("MemoryMaximumInMB", memory)?;
    let maximum = plan::not_negative("ProcessorMaximum", processor_maximum)?;
    Processor {
        count: ("ProcessorCount", processor_count.into()),
        maximum: ("ProcessorMaximum", maximum),
        weight: ("ProcessorWeight", processor_weight),
    }
    .apply(&mut limits)?;

    Ok(Plan {
        schema: 1,
        owner,
        name,
        host_name: plan::host_name("HostName", host_name)?,
        guest,
        limits,
        throttle: Throttle {
            operations: ("StorageIOPSMaximum".into(), storage_iops_maximum),
            bytes: ("StorageBandwidthMaximum".into(), storage_bandwidth_maximum),
        },
        mapped: mapped_directories
            .into_iter()
            .enumerate()
            .map(|(index, directory)| mapped(index, directory, windows))
            .collect::<Result<_>>()?,
        disks: mapped_virtual_disks
            .into_iter()
            .enumerate()
            .map(|(index, disk)| disk::mapped(&format!("MappedVirtualDisks[{index}]"), disk))
            .collect::<Result<_>>()?,
        network,
        ends_with_last_handle: terminate_on_last_handle_closed,
        host: HostPart::new(linux_host, windows)?,
    })
}

fn is_windows(container_type: &OsType) -> Result<bool> {
    if *container_type == OsType::LINUX {
        Ok(false)
    } else if container_type.as_str().is_empty() || *container_type == OsType::WINDOWS {
        Ok(true)
    } else {
        Err(Error::invalid_document(
            "ContainerType",
            format!("{container_type:?} is neither \"Windows\" nor \"Linux\""),
        ))
    }
}

fn lowers(layers: &[Layer]) -> Result<Vec<PathBuf>> {
    let path = |(index, layer): (usize, &Layer)| {
        let Layer { id: _, path, unknown: _ } = layer;
        plan::host_path(&format!("Layers[{index}].Path"), path)
    };
    layers.iter().enumerate().map(path).collect()
}

fn linux_root(volume_path: &str, layer_folder_path: &str, layers: &[Layer]) -> Result<LinuxRoot> {
    if layers.is_empty() {
        unless_default(
            "LayerFolderPath",
            &layer_folder_path.to_owned(),
            "it needs Layers; a root folder takes writes itself",
        )?;
        if volume_path.is_empty() {
            let message = "a Linux container needs its root folder here, or read-only folders in Layers";
            return Err(Error::invalid_document("VolumePath", message));
        }
        return Ok(LinuxRoot::Folder(plan::host_path("VolumePath", volume_path)?));
    }
    unless_default("VolumePath", &volume_path.to_owned(), "it excludes Layers")?;
    let lowers = lowers(layers)?;
    let scratch = match layer_folder_path {
        "" => None,
        path => Some(plan::host_path("LayerFolderPath", path)?),
    };
    Ok(LinuxRoot::Layers { lowers, scratch })
}

fn mapped(index: usize, directory: MappedDir, windows: bool) -> Result<Mapped> {
    let MappedDir {
        host_path,
        container_path,
        read_only,
        bandwidth_maximum,
        iops_maximum,
        create_in_utility_vm,
        linux_metadata,
        unknown: _,
    } = directory;
    let field = format!("MappedDirectories[{index}]");
    unless_default(&format!("{field}.BandwidthMaximum"), &bandwidth_maximum, NO_THROTTLE)?;
    unless_default(&format!("{field}.IOPSMaximum"), &iops_maximum, NO_THROTTLE)?;
    unless_default(&format!("{field}.CreateInUtilityVM"), &create_in_utility_vm, NO_VM)?;
    refuse::no_nul(&format!("{field}.ContainerPath"), &container_path)?;
    if windows {
        let reason = "Windows programs see no Linux metadata";
        unless_default(&format!("{field}.LinuxMetadata"), &linux_metadata, reason)?;
    }
    Ok(Mapped {
        host: plan::host_path(&format!("{field}.HostPath"), &host_path)?,
        field,
        container: container_path,
        read_only,
    })
}
