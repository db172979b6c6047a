//! Changes of a running system: its limits, and what of the host it sees. What else a document can ask to change is
//! refused by name.

use hcs_contract::reading::{endpoint_id, is_added};
use hcs_contract::{Error, Result};
use hcs_schema::compute::RequestType;
use hcs_schema::compute::v1::ResourceModificationRequestResponse;
use hcs_schema::compute::v2::{self, MappedDirectory, ModifySettingRequest, Processor, resource_path};
use hcs_schema::from_json;
use hcs_silo::cgroup::Limits;
use hcs_silo::protocol::Request;

use super::create_v1::{NO_DEVICE, NO_VM};
use super::plan::{Mapped, MappedPipe};
use super::refuse::{self, unless_null};
use super::throttle::Throttle;
use super::{create_v2, plan, spec};
use crate::record::GuestOs;

/// What a document asks to change, its form checked.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Change {
    Limits(Limits),
    Map(Mapped),
    Unmap(Mapped),
    MapPipe(MappedPipe),
    UnmapPipe(MappedPipe),
}

/// Whose the change is to make.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Asked {
    /// The supervisor's.
    OfSupervisor(Change),
    /// That of the networks: an endpoint is attached, or detached.
    OfNetworks { endpoint: String, attach: bool },
}

/// Reads a document of either schema, for a container of this kind.
///
/// # Errors
/// Invalid document, or not supported with the name of what can't be changed.
pub(super) fn asked(text: &str, guest: GuestOs) -> Result<Asked> {
    let members: serde_json::Map<String, serde_json::Value> = from_json(text)?;
    if members.keys().any(|name| name.eq_ignore_ascii_case("ResourceType")) {
        return v1(refuse::parse(text)?);
    }
    v2(refuse::parse(text)?, guest).map(Asked::OfSupervisor)
}

/// Schema 1 knows no change but of networks and devices.
fn v1(request: ResourceModificationRequestResponse) -> Result<Asked> {
    let ResourceModificationRequestResponse { resource, data, request, unknown: _ } = request;
    match resource.as_str() {
        "Network" => {
            let endpoint = endpoint_id("Settings", &data)?.to_owned();
            Ok(Asked::OfNetworks { endpoint, attach: is_added(&request)? })
        }
        other => Err(Error::not_supported(
            format!("ResourceType {other:?}"),
            "a schema 1 request changes no limits and no mapped folders; send a schema 2 request, by ResourcePath",
        )),
    }
}

fn v2(request: ModifySettingRequest, guest: GuestOs) -> Result<Change> {
    let ModifySettingRequest { resource_path: path, request_type, settings, guest_request, unknown: _ } =
        request;
    unless_null("GuestRequest", &guest_request, NO_VM)?;
    let mut limits = Limits::default();
    match path.as_str() {
        resource_path::MEMORY_SIZE_IN_MB => {
            must_update(&request_type)?;
            let Some(size) = settings.as_u64().filter(|size| *size > 0) else {
                return Err(Error::invalid_document(
                    "Settings",
                    "it must be the new size, a number of MiB above 0",
                ));
            };
            limits.memory = plan::memory("Settings", size)?;
        }
        resource_path::PROCESSOR => {
            must_update(&request_type)?;
            let processor: Processor = refuse::parse(&settings.to_string())?;
            create_v2::apply_processor(&processor, "Settings", &mut limits)?;
            if limits == Limits::default() {
                return Err(Error::invalid_document(
                    "Settings",
                    "it must have a Count, a Maximum or a Weight",
                ));
            }
        }
        resource_path::MAPPED_DIRECTORIES => {
            let added = is_added(&request_type)?;
            let directory: MappedDirectory = refuse::parse(&settings.to_string())?;
            let mapped = if added {
                create_v2::mapped("Settings", directory)?
            } else {
                create_v2::unmapped("Settings", directory)?
            };
            return Ok(if added { Change::Map(mapped) } else { Change::Unmap(mapped) });
        }
        resource_path::MAPPED_PIPES => {
            let added = is_added(&request_type)?;
            let pipe: v2::MappedPipe = refuse::parse(&settings.to_string())?;
            let pipe = create_v2::pipe("Settings", guest == GuestOs::Windows, pipe, added)?;
            return Ok(if added { Change::MapPipe(pipe) } else { Change::UnmapPipe(pipe) });
        }
        resource_path::DEVICES => return Err(refused(&path, NO_DEVICE)),
        resource_path::REGISTRY_FLUSH_STATE => {
            return Err(refused(&path, "the registry is written when the container shuts down"));
        }
        "" => return Err(Error::invalid_document("ResourcePath", "it must name what to change")),
        path if path.starts_with("VirtualMachine/") => return Err(refused(path, NO_VM)),
        path => return Err(refused(path, "this host knows no such resource of a container")),
    }
    Ok(Change::Limits(limits))
}

impl Change {
    /// The request to the supervisor of a container that runs. What was checked at creation is checked here: that what is
    /// to be mapped is there, and that the container's storage keeps its speed. `throttle` is asked for when it is needed.
    ///
    /// # Errors
    /// Invalid document, not supported, and the operating system's, by the member that names what can't be used.
    pub(super) fn request(
        self,
        guest: GuestOs,
        user_namespace: bool,
        throttle: impl FnOnce() -> Result<Throttle>,
    ) -> Result<Request> {
        Ok(match self {
            Self::Limits(limits) => Request::Update(limits),
            Self::Map(mapped) => {
                let mount = spec::live_mount(mapped, guest, user_namespace)?;
                let io = match mount.source.path() {
                    Some(path) => throttle()?.of(path)?,
                    None => Vec::new(),
                };
                Request::Map { mount, io }
            }
            Self::Unmap(mapped) => {
                let Mapped { field, host, container, read_only: _ } = mapped;
                let target = spec::live_target(&format!("{field}.ContainerPath"), &container, guest)?;
                Request::Unmap { target, source: Some(host).filter(|host| !host.as_os_str().is_empty()) }
            }
            Self::MapPipe(pipe) => Request::MapPipe(spec::host_pipe(pipe)?),
            Self::UnmapPipe(pipe) => {
                let MappedPipe { field: _, host, name } = pipe;
                Request::UnmapPipe { name, path: Some(host).filter(|host| !host.as_os_str().is_empty()) }
            }
        })
    }
}

fn refused(path: &str, reason: &'static str) -> Error {
    Error::not_supported(format!("ResourcePath {path:?}"), reason)
}

fn must_update(request_type: &RequestType) -> Result<()> {
    // Go's clients leave the type out where there is only one.
    if request_type.as_str().is_empty() || *request_type == RequestType::UPDATE {
        Ok(())
    } else {
        Err(Error::not_supported("RequestType", "a limit can only be updated"))
    }
}

#[cfg(test)]
mod tests {
    use hcs_contract::Hresult;
    use hcs_silo::cgroup::{CpuQuota, Maximum};

    use super::*;

    fn change(text: &str, guest: GuestOs) -> Result<Change> {
        match asked(text, guest)? {
            Asked::OfSupervisor(change) => Ok(change),
            Asked::OfNetworks { .. } => panic!("{text} is not the supervisor's"),
        }
    }

    #[test]
    fn endpoints_are_attached_and_detached() {
        let id = "5fbdb8ff-0000-4f52-9d19-57e9f4a8e8b2";
        for (request, attach) in [("Add", true), ("Remove", false)] {
            let text = format!(r#"{{"ResourceType":"Network","Settings":"{id}","RequestType":"{request}"}}"#);
            let wanted = Asked::OfNetworks { endpoint: id.into(), attach };
            assert_eq!(asked(&text, GuestOs::Windows).unwrap(), wanted);
        }
    }

    #[test]
    fn limits_can_be_changed() {
        let memory = r#"{"ResourcePath":"Container/Memory/SizeInMB","RequestType":"Update","Settings":64}"#;
        let limits = Limits { memory: Some(Maximum::At(64 << 20)), ..Limits::default() };
        assert_eq!(change(memory, GuestOs::Linux).unwrap(), Change::Limits(limits));
        let processor = r#"{"ResourcePath":"Container/Processor","Settings":{"Count":2}}"#;
        let limits = Limits { cpu_quota: Some(CpuQuota::cpus(2)), ..Limits::default() };
        assert_eq!(change(processor, GuestOs::Linux).unwrap(), Change::Limits(limits));
    }

    #[test]
    fn everything_else_is_refused_by_name() {
        for (text, code, name) in [
            (r#"{"ResourceType":"Network","Settings":null,"RequestType":"Add"}"#, 0x8037_010D, "Settings"),
            (r#"{"ResourceType":"Network","Settings":"eth0"}"#, 0x8037_010D, "Settings"),
            (
                r#"{"ResourceType":"Network","Settings":"5fbdb8ff-0000-4f52-9d19-57e9f4a8e8b2","RequestType":"Update"}"#,
                0x8007_0032,
                "RequestType",
            ),
            (r#"{"ResourceType":"Memory","Settings":1}"#, 0x8007_0032, "Memory"),
            (
                r#"{"ResourcePath":"Container/MappedPipes","Settings":{"HostPath":"/s","ContainerPipeName":"p"}}"#,
                0x8007_0032,
                "Settings",
            ),
            (r#"{"ResourcePath":"Container/MappedDirectories"}"#, 0x8037_010D, "Settings.HostPath"),
            (
                r#"{"ResourcePath":"Container/MappedDirectories","Settings":{}}"#,
                0x8037_010D,
                "Settings.HostPath",
            ),
            (
                r#"{"ResourcePath":"Container/MappedDirectories","RequestType":"Update","Settings":{"HostPath":"/"}}"#,
                0x8007_0032,
                "RequestType",
            ),
            (
                r#"{"ResourcePath":"Container/MappedDirectories","RequestType":"Remove","Settings":{"HostPath":"/"}}"#,
                0x8037_010D,
                "Settings.ContainerPath",
            ),
            (r#"{"ResourcePath":"VirtualMachine/Devices/Scsi/0"}"#, 0x8007_0032, "VirtualMachine/Devices"),
            (r#"{"ResourcePath":"Nowhere"}"#, 0x8007_0032, "Nowhere"),
            (r#"{"GuestRequest":{"ResourceType":"Network"}}"#, 0x8007_0032, "GuestRequest"),
            (
                r#"{"ResourcePath":"Container/Memory/SizeInMB","RequestType":"Remove","Settings":1}"#,
                0x8007_0032,
                "RequestType",
            ),
            (r#"{"ResourcePath":"Container/Memory/SizeInMB","Settings":"1"}"#, 0x8037_010D, "Settings"),
            (r#"{"ResourcePath":"Container/Processor","Settings":{}}"#, 0x8037_010D, "Settings"),
            (r#"{"ResourcePath":"Container/Processor","Settings":{"Limit":1}}"#, 0x8037_010D, "Limit"),
            ("{}", 0x8037_010D, "ResourcePath"),
            ("[", 0x8037_010D, "line 1"),
        ] {
            let error = change(text, GuestOs::Linux).unwrap_err();
            assert_eq!(error.hresult(), Hresult(code), "{text}: {error}");
            assert!(error.to_string().contains(name), "{text}: {error}");
        }
    }
}
