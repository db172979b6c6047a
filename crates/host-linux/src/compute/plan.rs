//! What a document asks for, in the engine's own terms, whichever schema it came in.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub(super) use hcs_contract::reading::host_name;
use hcs_contract::reading::{endpoint_id, processors};
use hcs_contract::{Error, Result};
use hcs_guest_protocol::RegistryChange;
use hcs_schema::{LinuxHost, UserNamespace, seccomp};
use hcs_silo::cgroup::{CgroupError, CpuQuota, CpuWeight, Devices, Limits, Maximum};
use hcs_silo::spec::Seccomp;

use super::refuse;
use super::throttle::Throttle;
use crate::network::SystemNetwork;

/// A container to be made.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Plan {
    pub(super) schema: u32,
    pub(super) owner: String,
    /// Empty: the id.
    pub(super) name: String,
    /// Empty: made from the id.
    pub(super) host_name: String,
    pub(super) guest: Guest,
    pub(super) limits: Limits,
    /// What `limits` lacks, because it depends on where the container's folders are.
    pub(super) throttle: Throttle,
    pub(super) mapped: Vec<Mapped>,
    /// Virtual disks, which only schema 1 has.
    pub(super) disks: Vec<Mapped>,
    pub(super) network: SystemNetwork,
    pub(super) ends_with_last_handle: bool,
    pub(super) host: HostPart,
}

/// What runs inside, and from which files.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Guest {
    Linux(LinuxRoot),
    Windows {
        /// Folder of a Wine base; `None`: the default one.
        base: Option<PathBuf>,
        /// Folders of layers that lie above it, top-most first.
        layers: Vec<PathBuf>,
        registry: Vec<RegistryChange>,
        pipes: Vec<MappedPipe>,
    },
}

/// A named pipe inside that stands for a socket of the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct MappedPipe {
    /// Its place in the document, for messages.
    pub(super) field: String,
    pub(super) host: PathBuf,
    /// What follows `\\.\pipe\`.
    pub(super) name: String,
}

/// The file system of a Linux container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum LinuxRoot {
    /// A folder of the host; writes go into it.
    Folder(PathBuf),
    /// Read-only folders, top-most first, and where writes go.
    Layers {
        lowers: Vec<PathBuf>,
        /// A folder that is kept; `None`: thrown away with the container.
        scratch: Option<PathBuf>,
    },
}

/// A folder, file or disk of the host that the container sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mapped {
    /// Its place in the document, for messages.
    pub(super) field: String,
    pub(super) host: PathBuf,
    /// As the guest writes paths.
    pub(super) container: String,
    pub(super) read_only: bool,
}

/// What the document's `LinuxHost` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct HostPart {
    pub(super) labels: BTreeMap<String, String>,
    /// Empty: the base's own.
    pub(super) os_version: String,
    /// Empty: what a Linux container's own files say, UTC for Windows.
    pub(super) time_zone: String,
    pub(super) user_namespace: bool,
    pub(super) seccomp: Seccomp,
    pub(super) keep: bool,
    /// What it wrote stays with its record.
    pub(super) keep_scratch: bool,
    pub(super) ends_with_first_process: bool,
    /// The processors that its programs may run on, as the kernel writes a list; `None`: all.
    pub(super) processors: Option<Box<str>>,
}

/// The members that ask for networks, each with its name.
pub(super) struct Networking {
    pub(super) endpoints: (&'static str, Vec<String>),
    pub(super) search: (&'static str, String),
    pub(super) unqualified: (&'static str, bool),
    /// Of schema 2; schema 1 has it in `LinuxHost`.
    pub(super) namespace: Option<(&'static str, String)>,
}

/// What a document asks of networks.
pub(super) fn network(networking: Networking, part: Option<&LinuxHost>) -> Result<SystemNetwork> {
    let Networking { endpoints, search, unqualified, namespace } = networking;
    let mut network = SystemNetwork::default();
    for (at, id) in endpoints.1.into_iter().enumerate() {
        let field = format!("{}[{at}]", endpoints.0);
        endpoint_id(&field, &serde_json::Value::String(id.clone()))?;
        if network.endpoints.iter().any(|(_, known)| known.eq_ignore_ascii_case(&id)) {
            return Err(Error::invalid_document(field, format!("endpoint {id} is named twice")));
        }
        network.endpoints.push((field, id));
    }
    for (at, endpoint) in part.into_iter().flat_map(|part| &part.endpoints).enumerate() {
        let field = format!("LinuxHost.Endpoints[{at}]");
        if endpoint.host_compute_network.is_empty() {
            return Err(Error::invalid_document(field, "it must name its network, by HostComputeNetwork"));
        }
        endpoint_id(
            &format!("{field}.HostComputeNetwork"),
            &serde_json::Value::String(endpoint.host_compute_network.clone()),
        )?;
        let reason = "it is attached to the container that it is made for";
        refuse::unless_default(
            &format!("{field}.HostComputeNamespace"),
            &endpoint.host_compute_namespace,
            reason,
        )?;
        network.own.push((field, endpoint.clone()));
    }
    let of_host = part.map(|part| ("LinuxHost.NetworkNamespace", part.network_namespace.clone()));
    let given = [namespace, of_host].into_iter().flatten().filter(|(_, id)| !id.is_empty());
    for (field, id) in given {
        if network.namespace.is_some() {
            return Err(Error::invalid_document(field, "a container enters one namespace"));
        }
        endpoint_id(field, &serde_json::Value::String(id.clone()))?;
        network.namespace = Some((field.to_owned(), id));
    }
    let none = network.is_none();
    if none {
        let reason = "it is of a container's network, and this one has none";
        refuse::unless_default(search.0, &search.1, reason)?;
        refuse::unless_default(unqualified.0, &unqualified.1, reason)?;
    }
    for domain in search.1.split(',').map(str::trim).filter(|domain| !domain.is_empty()) {
        if domain.contains(|c: char| c.is_whitespace() || c.is_control()) {
            return Err(Error::invalid_document(search.0, format!("{domain:?} is no domain")));
        }
        network.search.push(domain.to_owned());
    }
    Ok(network)
}

/// Processes and threads of one container; past it, `fork` fails. Other engines stop at 2,048, which some servers
/// need more than; the kernel's own table has 32,768 by default for the whole host.
const MOST_PROCESSES: u64 = 16_384;

/// What a container may use before its document says more.
pub(super) fn default_limits() -> Limits {
    Limits {
        pids: Some(Maximum::At(MOST_PROCESSES)),
        devices: Some(Devices::standard()),
        ..Limits::default()
    }
}

/// A memory size in MiB; 0: no limit.
pub(super) fn memory(path: &str, mebibytes: u64) -> Result<Option<Maximum>> {
    match mebibytes {
        0 => Ok(None),
        size => match size.checked_mul(1 << 20) {
            Some(bytes) => Ok(Some(Maximum::At(bytes))),
            None => Err(Error::invalid_document(path, format!("{size} MiB are more than 2^64 bytes"))),
        },
    }
}

/// Count, maximum and weight of processors with the paths of their members; 0: not given.
pub(super) struct Processor<'a> {
    pub(super) count: (&'a str, u64),
    pub(super) maximum: (&'a str, u64),
    pub(super) weight: (&'a str, u64),
}

impl Processor<'_> {
    /// Puts them into `limits`.
    pub(super) fn apply(&self, limits: &mut Limits) -> Result<()> {
        let given: Vec<&str> = [self.count, self.maximum, self.weight]
            .into_iter()
            .filter(|(_, value)| *value != 0)
            .map(|(path, _)| path)
            .collect();
        if let [_, second, ..] = given[..] {
            let message = format!("{} exclude each other, as in the service", given.join(" and "));
            return Err(Error::invalid_document(second, message));
        }
        if let (path, count @ 1..) = self.count {
            limits.cpu_quota = Some(CpuQuota::cpus(small(path, count)?));
        }
        if let (path, maximum @ 1..) = self.maximum {
            let quota = CpuQuota::of_host(small(path, maximum)?, host_processors());
            limits.cpu_quota = Some(quota.map_err(|error| out_of_range(path, &error))?);
        }
        if let (path, weight @ 1..) = self.weight {
            let weight = CpuWeight::from_hcs(small(path, weight)?);
            limits.cpu_weight = Some(weight.map_err(|error| out_of_range(path, &error))?);
        }
        Ok(())
    }
}

fn small(path: &str, value: u64) -> Result<u32> {
    // Over 2^20 processors no quota fits the kernel's numbers either.
    u32::try_from(value)
        .ok()
        .filter(|value| *value <= 1 << 20)
        .ok_or_else(|| Error::invalid_document(path, format!("{value} is out of range")))
}

fn out_of_range(path: &str, error: &CgroupError) -> Error {
    Error::invalid_document(path, error.to_string())
}

/// A list of the host's processors, in the kernel's own form.
fn affinity(field: &str, list: &str) -> Result<Option<Box<str>>> {
    /// Processors that can run something now. A set of others the kernel would take, and then use all (version 2).
    const ONLINE: &str = "/sys/devices/system/cpu/online";
    let wanted = processors(field, list)?;
    if wanted.is_empty() {
        return Ok(None);
    }
    let online = fs_err::read_to_string(ONLINE).map_err(|error| Error::os("read", ONLINE, error))?;
    let there = processors(ONLINE, online.trim())?;
    if let Some(missing) = wanted.iter().find(|number| there.binary_search(number).is_err()) {
        let reason = format!("this host has no processor {missing}; it has {}", online.trim());
        return Err(Error::not_supported(field.to_owned(), reason));
    }
    let numbers: Vec<String> = wanted.iter().map(u32::to_string).collect();
    Ok(Some(numbers.join(",").into()))
}

fn host_processors() -> u32 {
    std::thread::available_parallelism().ok().and_then(|count| u32::try_from(count.get()).ok()).unwrap_or(1)
}

/// A number of the document that must not be negative.
pub(super) fn not_negative(path: &str, value: i64) -> Result<u64> {
    u64::try_from(value).map_err(|_| Error::invalid_document(path, format!("{value} is negative")))
}

impl HostPart {
    /// Takes the member apart for a guest that is Windows or not.
    pub(super) fn new(part: Option<LinuxHost>, windows: bool) -> Result<Self> {
        let LinuxHost {
            labels,
            os_version,
            time_zone,
            user_namespace,
            seccomp_profile,
            keep_after_exit: keep,
            end_with_first_process: ends_with_first_process,
            processor_affinity,
            keep_scratch,
            // Read with the other members that ask for networks, see `network`.
            endpoints: _,
            network_namespace: _,
            unknown: _,
        } = part.unwrap_or_default();
        if !windows {
            let reason = "a Linux container sees the host's own kernel version";
            refuse::unless_default("LinuxHost.OsVersion", &os_version, reason)?;
        }
        refuse::no_nul("LinuxHost.OsVersion", &os_version)?;
        refuse::no_nul("LinuxHost.TimeZone", &time_zone)?;
        let user_namespace = match &user_namespace {
            none if none.as_str().is_empty() => windows,
            auto if *auto == UserNamespace::AUTO => true,
            host if *host == UserNamespace::HOST => false,
            other => {
                let message = format!("{other:?} is neither \"Auto\" nor \"Host\"");
                return Err(Error::invalid_document("LinuxHost.UserNamespace", message));
            }
        };
        let default = if windows { Seccomp::Windows } else { Seccomp::Linux };
        let seccomp = match seccomp_profile.as_str() {
            "" | seccomp::DEFAULT => default,
            seccomp::UNCONFINED => Seccomp::Unconfined,
            path if path.starts_with('/') => {
                let reason = "profiles in files are not read yet; use \"Default\" or \"Unconfined\"";
                return Err(refuse::no("LinuxHost.SeccompProfile", reason));
            }
            other => {
                let message =
                    format!("{other:?} is neither \"Default\" nor \"Unconfined\" nor an absolute path");
                return Err(Error::invalid_document("LinuxHost.SeccompProfile", message));
            }
        };
        let processors = affinity("LinuxHost.ProcessorAffinity", &processor_affinity)?;
        Ok(Self {
            labels,
            os_version,
            time_zone,
            user_namespace,
            seccomp,
            keep: keep || keep_scratch,
            keep_scratch,
            ends_with_first_process,
            processors,
        })
    }
}

/// Layers of a Windows container, as its document has them: those of images, the top-most first, and last maybe a Wine
/// base.
pub(super) fn windows_guest(
    mut layers: Vec<PathBuf>,
    is_base: &dyn Fn(&Path) -> bool,
    pipes: Vec<MappedPipe>,
) -> Guest {
    let base = layers.pop_if(|last| is_base(last));
    Guest::Windows { base, layers, registry: Vec::new(), pipes }
}

/// A scratch folder is kept where there is one of the container's own.
pub(super) fn check_scratch(guest: &Guest, host: &HostPart) -> Result<()> {
    match guest {
        Guest::Linux(LinuxRoot::Folder(_) | LinuxRoot::Layers { scratch: Some(_), .. }) => {
            let reason = "what the container writes goes into a folder of the document's, and stays there";
            refuse::unless_default("LinuxHost.KeepScratch", &host.keep_scratch, reason)
        }
        Guest::Linux(LinuxRoot::Layers { scratch: None, .. }) | Guest::Windows { .. } => Ok(()),
    }
}

/// A path of this host. Windows paths, and volumes that no layer call of this host gave out, are refused by name.
pub(super) fn host_path(field: &str, path: &str) -> Result<PathBuf> {
    if path.contains('\0') {
        return Err(Error::invalid_document(field, "a path can't hold a NUL character"));
    }
    if path.starts_with('/') {
        Ok(path.into())
    } else if path.is_empty() {
        Err(Error::invalid_document(field, "the path is empty"))
    } else {
        Err(refuse::no(field, "on this host it must be an absolute Linux path, such as /srv/data"))
    }
}

/// A named pipe of a document, found at `field`. `host`: `None` where a name is enough.
pub(super) fn pipe(field: &str, windows: bool, host: Option<String>, name: String) -> Result<MappedPipe> {
    /// Windows: a pipe's whole name has 256 characters at most, nine of them before the part that is given.
    const LONGEST: usize = 247;
    if !windows {
        return Err(refuse::no(field, "a Linux container has no named pipes; map the socket's folder"));
    }
    let invalid = |message: &str| Err(bad_name(field, &name, message));
    if name.encode_utf16().count() > LONGEST || name.contains('\0') {
        return invalid("a pipe's name has 1 to 247 characters, and no NUL");
    }
    if name.starts_with(r"\\") {
        return invalid(r"the name alone is given, without \\.\pipe\");
    }
    let host = match host {
        Some(host) => host_path(&format!("{field}.HostPath"), &host)?,
        None => PathBuf::new(),
    };
    if name.is_empty() {
        return invalid("a pipe needs a name");
    }
    Ok(MappedPipe { field: field.into(), host, name })
}

fn bad_name(field: &str, name: &str, message: &str) -> Error {
    Error::invalid_document(format!("{field}.ContainerPipeName"), format!("{name:?}: {message}"))
}

/// The named pipes of a document, whose names must differ.
pub(super) fn each_once(pipes: Vec<MappedPipe>) -> Result<Vec<MappedPipe>> {
    for (at, MappedPipe { field, name, .. }) in pipes.iter().enumerate() {
        if pipes[..at].iter().any(|other| other.name.to_lowercase() == name.to_lowercase()) {
            return Err(bad_name(field, name, "the name is given twice"));
        }
    }
    Ok(pipes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(count: u64, maximum: u64, weight: u64) -> Result<Limits> {
        let mut limits = Limits::default();
        let processor =
            Processor { count: ("Count", count), maximum: ("Maximum", maximum), weight: ("Weight", weight) };
        processor.apply(&mut limits).map(|()| limits)
    }

    #[test]
    fn processors_exclude_each_other_and_have_ranges() {
        assert_eq!(limits(0, 0, 0).unwrap(), Limits::default());
        assert_eq!(limits(2, 0, 0).unwrap().cpu_quota, Some(CpuQuota::cpus(2)));
        assert!(limits(0, 5000, 0).unwrap().cpu_quota.is_some());
        assert_eq!(limits(0, 0, 5000).unwrap().cpu_weight, Some(CpuWeight::DEFAULT));
        for (count, maximum, weight) in
            [(1, 1, 0), (1, 0, 1), (0, 1, 1), (0, 10_001, 0), (0, 0, 10_001), (u64::MAX, 0, 0)]
        {
            assert!(limits(count, maximum, weight).is_err(), "{count} {maximum} {weight}");
        }
    }

    #[test]
    fn host_names() {
        for good in ["", "web", "web-1.example.org", "WIN_2"] {
            host_name("HostName", good.into()).unwrap();
        }
        for bad in ["a b", "-a", "a..b", ".", "ü", &"x".repeat(65)] {
            assert!(host_name("HostName", bad.into()).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_linux_part() {
        let part = |text: &str, windows| {
            HostPart::new(Some(<LinuxHost as hcs_schema::Document>::from_json(text).unwrap()), windows)
        };
        assert!(HostPart::new(None, true).unwrap().user_namespace);
        assert!(!HostPart::new(None, false).unwrap().user_namespace);
        assert!(part(r#"{"UserNamespace":"Auto"}"#, false).unwrap().user_namespace);
        assert!(!part(r#"{"UserNamespace":"Host"}"#, true).unwrap().user_namespace);
        let affinity = part(r#"{"ProcessorAffinity":"0-0"}"#, false).unwrap().processors;
        assert_eq!(affinity.as_deref(), Some("0"));
        assert_eq!(part(r#"{"SeccompProfile":"Unconfined"}"#, false).unwrap().seccomp, Seccomp::Unconfined);
        for (text, code) in [
            (r#"{"UserNamespace":"Mine"}"#, 0x8037_010D),
            (r#"{"SeccompProfile":"/etc/profile.json"}"#, 0x8007_0032),
            (r#"{"SeccompProfile":"Strict"}"#, 0x8037_010D),
            (r#"{"OsVersion":"10.0.17763"}"#, 0x8007_0032),
            (r#"{"ProcessorAffinity":"0-"}"#, 0x8037_010D),
            (r#"{"ProcessorAffinity":"65535"}"#, 0x8007_0032),
        ] {
            assert_eq!(part(text, false).unwrap_err().hresult().0, code, "{text}");
        }
    }
}
