//! What a container's document asks for, whichever schema it came in.
//!
//! The fake honours names, owner, guest, mapped folders, limits in their form, and how the system ends. Files are
//! the fake's own, in memory: paths are checked for their form, not looked at on any disk. It refuses networks,
//! virtual machines, devices, credentials, named pipes, servicing, throttles and the registry. A virtual disk is a folder
//! to it.

use hcs_contract::{Error, Result, reading};
use hcs_schema::compute::v2::{self, ComputeSystem, Container, GuestOs as GuestOsPart, Storage};
use hcs_schema::compute::{OsType, SystemType, v1};
use hcs_schema::{LinuxHost, UserNamespace, Version, seccomp};

use crate::refuse::Reader;
use crate::violation::Violation;

pub(crate) const NO_NETWORK: &str = "the fake has no networks";
pub(crate) const NO_VM: &str = "the fake has no virtual machines";
pub(crate) const NO_DEVICE: &str = "the fake has no devices";
pub(crate) const NO_PIPES: &str = "the fake has no named pipes to hand in";
const NO_THROTTLE: &str = "the fake has no storage whose speed could be limited";
const NO_CREDENTIALS: &str = "there is no Active Directory behind the fake";
const ISOLATED: &str = "every container here is isolated from the host";

/// What kind of programs a container runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Guest {
    Linux,
    Windows,
}

/// A container to be made.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) schema: u32,
    pub(crate) owner: String,
    /// Empty: the id.
    pub(crate) name: String,
    /// Empty: made from the id.
    pub(crate) host_name: String,
    pub(crate) guest: Guest,
    pub(crate) mapped: Vec<Mapped>,
    /// Its virtual disks, as they were given; `mapped` has them too.
    pub(crate) disks: Vec<v1::MappedVirtualDisk>,
    pub(crate) ends_with_last_handle: bool,
    pub(crate) keep: bool,
    pub(crate) ends_with_first_process: bool,
}

/// A folder of the host that the container sees.
#[derive(Clone, Debug)]
pub(crate) struct Mapped {
    pub(crate) host: String,
    pub(crate) container: String,
    pub(crate) read_only: bool,
    /// It stands for a virtual disk.
    pub(crate) disk: bool,
}

/// Reads a document of either schema.
///
/// # Errors
/// Invalid document, with its place; not supported, with the member's name.
pub(crate) fn plan(reader: Reader<'_>, text: &str) -> Result<Plan> {
    let members = reader.members(text)?;
    let has =
        |names: &[&str]| members.keys().any(|key| names.iter().any(|name| key.eq_ignore_ascii_case(name)));
    if has(&["Container", "HostedSystem", "VirtualMachine", "SchemaVersion"]) {
        of_schema_2(reader, reader.parse(text)?)
    } else if has(&["SystemType"]) {
        of_schema_1(reader, reader.parse(text)?)
    } else {
        let message = "neither SystemType (schema 1) nor Container (schema 2) is in the document";
        Err(Error::invalid_document("", message))
    }
}

fn of_schema_1(reader: Reader<'_>, config: v1::ContainerConfig) -> Result<Plan> {
    let v1::ContainerConfig {
        system_type,
        name,
        owner,
        volume_path,
        // Hints for the start of Windows and where the layers of an image are: the fake has no files of images.
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
        unknown: _,
    } = config;
    if system_type != SystemType::CONTAINER {
        if system_type.as_str().is_empty() {
            return Err(Error::invalid_document("SystemType", "it must say \"Container\""));
        }
        reader.no("SystemType", NO_VM)?;
    }
    reader.unless_default("Credentials", &credentials, NO_CREDENTIALS)?;
    reader.unless_default("StorageIOPSMaximum", &storage_iops_maximum, NO_THROTTLE)?;
    reader.unless_default("StorageBandwidthMaximum", &storage_bandwidth_maximum, NO_THROTTLE)?;
    reader.unless_default("StorageSandboxSize", &storage_sandbox_size, NO_THROTTLE)?;
    reader.unless_default("MappedPipes", &mapped_pipes, NO_PIPES)?;
    reader.unless_default("HvPartition", &hv_partition, NO_VM)?;
    reader.unless_default("NetworkSharedContainerName", &network_shared_container_name, NO_NETWORK)?;
    reader.unless_default("EndpointList", &endpoint_list, NO_NETWORK)?;
    reader.unless_empty_part("HvRuntime", hv_runtime.as_ref(), NO_VM)?;
    reader.unless_default("Servicing", &servicing, "there are no Windows updates to install here")?;
    reader.unless_default("AllowUnqualifiedDNSQuery", &allow_unqualified_dns_query, NO_NETWORK)?;
    reader.unless_default("DNSSearchList", &dns_search_list, NO_NETWORK)?;
    reader.unless_default("AssignedDevices", &assigned_devices, NO_DEVICE)?;

    let guest = if container_type == OsType::LINUX {
        Guest::Linux
    } else if container_type.as_str().is_empty() || container_type == OsType::WINDOWS {
        Guest::Windows
    } else {
        let message = format!("{container_type:?} is neither \"Windows\" nor \"Linux\"");
        return Err(Error::invalid_document("ContainerType", message));
    };
    for (index, v1::Layer { id: _, path, unknown: _ }) in layers.iter().enumerate() {
        host_path(&format!("Layers[{index}].Path"), path)?;
    }
    for (field, path) in [("VolumePath", &volume_path), ("LayerFolderPath", &layer_folder_path)] {
        if !path.is_empty() {
            host_path(field, path)?;
        }
    }
    if guest == Guest::Linux && layers.is_empty() && volume_path.is_empty() {
        let message = "a Linux container needs its root folder here, or read-only folders in Layers";
        return Err(Error::invalid_document("VolumePath", message));
    }
    not_negative("MemoryMaximumInMB", memory_maximum_in_mb)?;
    processor([
        ("ProcessorCount", processor_count.into()),
        ("ProcessorMaximum", not_negative("ProcessorMaximum", processor_maximum)?),
        ("ProcessorWeight", processor_weight),
    ])?;
    let mut mapped = Vec::new();
    for (index, directory) in mapped_directories.into_iter().enumerate() {
        mapped.push(mapped_v1(reader, &format!("MappedDirectories[{index}]"), directory)?);
    }
    for (index, disk) in mapped_virtual_disks.iter().enumerate() {
        mapped.push(disk_v1(reader, &format!("MappedVirtualDisks[{index}]"), disk)?);
    }
    let (keep, ends_with_first_process) = host_part(reader, linux_host, guest)?;
    Ok(Plan {
        disks: mapped_virtual_disks,
        schema: 1,
        owner,
        name,
        host_name: reading::host_name("HostName", host_name)?,
        guest,
        mapped,
        ends_with_last_handle: terminate_on_last_handle_closed,
        keep,
        ends_with_first_process,
    })
}

fn mapped_v1(reader: Reader<'_>, field: &str, directory: v1::MappedDir) -> Result<Mapped> {
    let v1::MappedDir {
        host_path: host,
        container_path: container,
        read_only,
        bandwidth_maximum,
        iops_maximum,
        create_in_utility_vm,
        // How Linux programs see Windows files, which the fake has none of.
        linux_metadata: _,
        unknown: _,
    } = directory;
    reader.unless_default(&format!("{field}.BandwidthMaximum"), &bandwidth_maximum, NO_THROTTLE)?;
    reader.unless_default(&format!("{field}.IOPSMaximum"), &iops_maximum, NO_THROTTLE)?;
    reader.unless_default(&format!("{field}.CreateInUtilityVM"), &create_in_utility_vm, NO_VM)?;
    mapped(field, host, container, read_only)
}

fn disk_v1(reader: Reader<'_>, field: &str, disk: &v1::MappedVirtualDisk) -> Result<Mapped> {
    let v1::MappedVirtualDisk {
        host_path: host,
        container_path: container,
        create_in_utility_vm,
        read_only,
        // How it is cached only a disk can tell.
        cache: _,
        attach_only,
        unknown: _,
    } = disk;
    reader.unless_default(&format!("{field}.CreateInUtilityVM"), create_in_utility_vm, NO_VM)?;
    let reason = "a container sees no device of the host; its disks are mounted";
    reader.unless_default(&format!("{field}.AttachOnly"), attach_only, reason)?;
    let mapped = mapped(field, host.clone(), container.clone(), *read_only)?;
    Ok(Mapped { disk: true, ..mapped })
}

fn of_schema_2(reader: Reader<'_>, system: ComputeSystem) -> Result<Plan> {
    let ComputeSystem {
        owner,
        schema_version,
        hosting_system_id,
        hosted_system,
        container,
        virtual_machine,
        should_terminate_on_last_handle_closed,
        linux_host,
        unknown: _,
    } = system;
    if let Some(Version { major, minor, unknown: _ }) = schema_version
        && (major != 2 || minor > 5)
        && !reader.breaks(Violation::AnySchemaVersionAccepted)
    {
        let reason = format!("{major}.{minor} is not known; documents of this form are 2.0 to 2.5");
        return Err(Error::not_supported("SchemaVersion", reason));
    }
    reader.unless_default("HostingSystemId", &hosting_system_id, NO_VM)?;
    reader.unless_empty_part("HostedSystem", hosted_system.as_ref(), NO_VM)?;
    reader.unless_null("VirtualMachine", &virtual_machine, NO_VM)?;
    let Some(container) = container else {
        let message = "the document needs a Container, with {} for all defaults";
        return Err(Error::invalid_document("Container", message));
    };
    let mut plan = container_plan(reader, container, linux_host)?;
    plan.owner = owner;
    plan.ends_with_last_handle = should_terminate_on_last_handle_closed;
    Ok(plan)
}

fn container_plan(reader: Reader<'_>, container: Container, linux_host: Option<LinuxHost>) -> Result<Plan> {
    let Container {
        guest_os,
        storage,
        mapped_directories,
        mapped_pipes,
        memory,
        processor: processors,
        networking,
        hv_socket,
        container_credential_guard,
        registry_changes,
        assigned_devices,
        additional_device_namespace,
        isolation_type,
        unknown: _,
    } = container;
    reader.unless_default("Container.MappedPipes", &mapped_pipes, NO_PIPES)?;
    reader.unless_empty_part("Container.Networking", networking.as_ref(), NO_NETWORK)?;
    reader.unless_empty_part("Container.HvSocket", hv_socket.as_ref(), NO_VM)?;
    let guard = container_credential_guard.as_ref();
    reader.unless_empty_part("Container.ContainerCredentialGuard", guard, NO_CREDENTIALS)?;
    reader.unless_default("Container.AssignedDevices", &assigned_devices, NO_DEVICE)?;
    let namespace = &additional_device_namespace;
    reader.unless_null("Container.AdditionalDeviceNamespace", namespace, NO_DEVICE)?;
    reader.unless_default("Container.IsolationType", &isolation_type, ISOLATED)?;
    let changes = registry_changes.as_ref();
    reader.unless_empty_part("Container.RegistryChanges", changes, "the fake has no registry")?;
    // Sizes need no more than their form: the fake has nothing that could run out.
    let v2::Memory { size_in_mb: _, unknown: _ } = memory.unwrap_or_default();
    processor_v2("Container.Processor", &processors.unwrap_or_default())?;
    let guest = guest(reader, storage.unwrap_or_default())?;
    let mut mapped = Vec::new();
    for (index, directory) in mapped_directories.into_iter().enumerate() {
        mapped.push(mapped_v2(reader, &format!("Container.MappedDirectories[{index}]"), directory)?);
    }
    let GuestOsPart { host_name, unknown: _ } = guest_os.unwrap_or_default();
    let (keep, ends_with_first_process) = host_part(reader, linux_host, guest)?;
    Ok(Plan {
        disks: Vec::new(),
        schema: 2,
        owner: String::new(),
        name: String::new(),
        host_name: reading::host_name("Container.GuestOs.HostName", host_name)?,
        guest,
        mapped,
        ends_with_last_handle: false,
        keep,
        ends_with_first_process,
    })
}

/// Schema 2 does not say what runs inside. Storage does: none, or paths of Windows, is a Windows container; paths of
/// Linux are a Linux container's.
fn guest(reader: Reader<'_>, storage: Storage) -> Result<Guest> {
    let Storage { layers, path, qos, privileged_container_root_path, unknown: _ } = storage;
    reader.unless_empty_part("Container.Storage.QoS", qos.as_ref(), NO_THROTTLE)?;
    let root = &privileged_container_root_path;
    reader.unless_default("Container.Storage.PrivilegedContainerRootPath", root, ISOLATED)?;
    let mut linux = path.starts_with('/');
    if !path.is_empty() {
        host_path("Container.Storage.Path", &path)?;
    }
    for (index, layer) in layers.into_iter().enumerate() {
        // An id only names the layer for the service, and how layers are cached only a disk can tell.
        let v2::Layer { id: _, path, path_type, cache: _, unknown: _ } = layer;
        let field = format!("Container.Storage.Layers[{index}]");
        absolute(reader, &format!("{field}.PathType"), &path_type)?;
        host_path(&format!("{field}.Path"), &path)?;
        linux |= path.starts_with('/');
    }
    Ok(if linux { Guest::Linux } else { Guest::Windows })
}

fn absolute(reader: Reader<'_>, field: &str, path_type: &v2::PathType) -> Result<()> {
    if path_type.as_str().is_empty() || *path_type == v2::PathType::ABSOLUTE_PATH {
        Ok(())
    } else {
        reader.no(field, NO_VM)
    }
}

pub(crate) fn mapped_v2(reader: Reader<'_>, field: &str, directory: v2::MappedDirectory) -> Result<Mapped> {
    let v2::MappedDirectory { host_path: host, host_path_type, container_path, read_only, unknown: _ } =
        directory;
    absolute(reader, &format!("{field}.HostPathType"), &host_path_type)?;
    mapped(field, host, container_path, read_only)
}

/// A mapped folder that is to go: by its place, and if it is given by what lies there.
pub(crate) fn unmapped(reader: Reader<'_>, field: &str, directory: v2::MappedDirectory) -> Result<Mapped> {
    let v2::MappedDirectory { host_path: host, host_path_type, container_path, read_only, unknown: _ } =
        directory;
    absolute(reader, &format!("{field}.HostPathType"), &host_path_type)?;
    if !host.is_empty() {
        host_path(&format!("{field}.HostPath"), &host)?;
    }
    if container_path.is_empty() {
        return Err(Error::invalid_document(format!("{field}.ContainerPath"), "it says what to remove"));
    }
    Ok(Mapped { host, container: container_path, read_only, disk: false })
}

fn mapped(field: &str, host: String, container: String, read_only: bool) -> Result<Mapped> {
    host_path(&format!("{field}.HostPath"), &host)?;
    if container.is_empty() {
        return Err(Error::invalid_document(format!("{field}.ContainerPath"), "the path is empty"));
    }
    Ok(Mapped { host, container, read_only, disk: false })
}

/// `Container/Processor`, also of a change.
pub(crate) fn processor_v2(path: &str, processors: &v2::Processor) -> Result<bool> {
    let v2::Processor { count, maximum, weight, unknown: _ } = *processors;
    let path = |name: &str| format!("{path}.{name}");
    processor([
        (&path("Count"), count.into()),
        (&path("Maximum"), maximum.into()),
        (&path("Weight"), weight.into()),
    ])?;
    Ok(count != 0 || maximum != 0 || weight != 0)
}

/// Count, maximum and weight of processors; 0: not given.
fn processor(limits: [(&str, u64); 3]) -> Result<()> {
    let mut given = limits.iter().filter(|(_, value)| *value != 0);
    if let (Some((first, _)), Some((second, _))) = (given.next(), given.next()) {
        let message = format!("{first} and {second} exclude each other, as in the service");
        return Err(Error::invalid_document(*second, message));
    }
    for (path, value) in &limits[1..] {
        if *value > 10_000 {
            return Err(Error::invalid_document(*path, format!("{value} is not in 1 to 10000")));
        }
    }
    Ok(())
}

fn not_negative(path: &str, value: i64) -> Result<u64> {
    u64::try_from(value).map_err(|_| Error::invalid_document(path, format!("{value} is negative")))
}

/// Whether the record is kept, and whether the system ends with its first process.
fn host_part(reader: Reader<'_>, part: Option<LinuxHost>, guest: Guest) -> Result<(bool, bool)> {
    let LinuxHost {
        // For the engine's own list, a zone and a filter of system calls: a fake's programs see none of them.
        labels: _,
        os_version,
        time_zone: _,
        user_namespace,
        seccomp_profile,
        keep_after_exit,
        end_with_first_process,
        processor_affinity,
        endpoints,
        network_namespace,
        unknown: _,
    } = part.unwrap_or_default();
    let reason = "a fake's containers have no network";
    reader.unless_default("LinuxHost.Endpoints", &endpoints, reason)?;
    reader.unless_default("LinuxHost.NetworkNamespace", &network_namespace, reason)?;
    if guest == Guest::Linux {
        let reason = "a Linux container sees the host's own kernel version";
        reader.unless_default("LinuxHost.OsVersion", &os_version, reason)?;
    }
    // Which processors there are only a kernel can tell.
    reading::processors("LinuxHost.ProcessorAffinity", &processor_affinity)?;
    let namespaces = [UserNamespace::AUTO, UserNamespace::HOST];
    if !user_namespace.as_str().is_empty() && !namespaces.contains(&user_namespace) {
        let message = format!("{user_namespace:?} is neither \"Auto\" nor \"Host\"");
        return Err(Error::invalid_document("LinuxHost.UserNamespace", message));
    }
    match seccomp_profile.as_str() {
        "" | seccomp::DEFAULT | seccomp::UNCONFINED => {}
        path if path.starts_with('/') => {
            let reason = "profiles in files are not read; use \"Default\" or \"Unconfined\"";
            reader.no("LinuxHost.SeccompProfile", reason)?;
        }
        other => {
            let message = format!("{other:?} is neither \"Default\" nor \"Unconfined\"");
            return Err(Error::invalid_document("LinuxHost.SeccompProfile", message));
        }
    }
    Ok((keep_after_exit, end_with_first_process))
}

/// A path of a host, of either kind.
fn host_path(field: &str, path: &str) -> Result<()> {
    let drive = |path: &str| path.as_bytes().get(1..3).is_some_and(|rest| rest == b":\\" || rest == b":/");
    if path.contains('\0') {
        Err(Error::invalid_document(field, "a path can't hold a NUL character"))
    } else if path.is_empty() {
        Err(Error::invalid_document(field, "the path is empty"))
    } else if path.starts_with('/') || path.starts_with(r"\\") || drive(path) {
        Ok(())
    } else {
        Err(Error::not_supported(field.to_owned(), "it must be an absolute path"))
    }
}
