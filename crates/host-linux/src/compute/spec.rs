//! A plan as the supervisor's specification: every path checked, every folder named.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use hcs_contract::{Error, Hresult, Result};
use hcs_silo::capability::CapabilitySet;
use hcs_silo::spec::{AtEnd, Command, Guest as SpecGuest, HostPipe, IdRange, Log, Mount, Root, Source, Spec};

use super::disk::{self, Content};
use super::plan::{Guest, LinuxRoot, Mapped, MappedPipe, Plan};
use super::windows_path::{self, DRIVE_C};
use crate::ids::Life;
use crate::network::{MARK, Prepared};
use crate::options::Options;
use crate::paths::{LOG, Layout, not_writable};
use crate::record::{GuestOs, write_atomically};
use crate::wine::PREFIX_INSIDE;

/// Name of a system's resolv.conf in its runtime folder.
const RESOLVER: &str = "resolv.conf";

/// Where zones are on this host.
const ZONES: &str = "/usr/share/zoneinfo";

/// Folders of a scratch folder: what was written, and the kernel's work folder beside it; of a Windows container on
/// layers the same once more for its drive.
const UPPER: &str = "upper";
const WORK: &str = "work";
const DRIVE_UPPER: &str = "drive";
const DRIVE_WORK: &str = "drive-work";
/// The drive's files, in a layer.
const FILES: &str = "Files";

/// What a Windows container is made of.
#[derive(Debug, Clone)]
pub(super) struct WindowsBase {
    /// Its `/`.
    pub(super) root: PathBuf,
    /// The lowest layer of its prefix.
    pub(super) prefix: PathBuf,
    pub(super) agent: Command,
    pub(super) launcher: Command,
}

/// Where a life's things are.
#[derive(Debug)]
pub(super) struct Places<'a> {
    pub(super) layout: &'a Layout,
    pub(super) options: &'a Options,
    pub(super) directory: &'a Path,
    pub(super) life: &'a Life,
    /// Takes the writes of a container that has no other place for them.
    pub(super) scratch: PathBuf,
    pub(super) ids: Option<IdRange>,
    /// Throw-away folders and files beside the scratch folder.
    pub(super) remove: Vec<PathBuf>,
    /// The record's folder, when it is kept.
    pub(super) record: Option<PathBuf>,
    /// What it is born into, if that is not a network namespace of its own with loopback only.
    pub(super) network: Option<&'a Prepared>,
    /// The program that gives back what it had of networks.
    pub(super) helper: PathBuf,
}

/// Bytes of a log that goes away with the system: it is in memory.
const VOLATILE_LOG: u64 = 1 << 20;

/// Whether the plan needs a scratch folder of its own.
pub(super) fn needs_scratch(plan: &Plan) -> bool {
    match &plan.guest {
        Guest::Linux(LinuxRoot::Folder(_) | LinuxRoot::Layers { scratch: Some(_), .. }) => false,
        Guest::Linux(LinuxRoot::Layers { scratch: None, .. }) | Guest::Windows { .. } => true,
    }
}

/// The host name of a container: its document's, or one made from its id.
pub(super) fn host_name(id: &str, plan: &Plan) -> String {
    match plan.host_name.as_str() {
        "" => host_name_of(id),
        name => name.to_owned(),
    }
}

/// The specification of a plan. `base`: of a Windows container.
pub(super) fn spec(id: &str, plan: Plan, base: Option<&WindowsBase>, places: Places<'_>) -> Result<Spec> {
    let host_name = host_name(id, &plan);
    let keep = plan.host.keep_scratch;
    let mut drive: Vec<PathBuf> = base.map(|base| base.prefix.join(DRIVE_C)).into_iter().collect();
    let mut mounts = Vec::new();
    let (root, guest, capabilities) = match (plan.guest, base) {
        (Guest::Linux(root), _) => {
            let root = linux_root(root, &places, keep)?;
            (root, SpecGuest::Linux, CapabilitySet::LINUX_DEFAULT)
        }
        (Guest::Windows { layers, registry, pipes, .. }, Some(base)) => {
            drive.splice(0..0, layers.iter().map(|layer| layer.join(FILES)));
            mounts.extend(windows_mounts(base, &layers, &drive, &places, keep)?);
            let root = Source::Bind { path: base.root.clone(), id_mapped: places.ids.is_some() };
            let (agent, launcher) = (base.agent.clone(), base.launcher.clone());
            let pipes = pipes.into_iter().map(host_pipe).collect::<Result<_>>()?;
            let guest = SpecGuest::Windows { agent, launcher, registry, pipes };
            // Wine needs none of root's powers.
            (Root { source: root, read_only: true }, guest, CapabilitySet::EMPTY)
        }
        (Guest::Windows { .. }, None) => {
            return Err(Error::unexpected_value("a Windows container without a base"));
        }
    };
    if !plan.host.time_zone.is_empty() {
        mounts.push(time_zone(&plan.host.time_zone, base)?);
    }
    if let Some(network) = places.network {
        mounts.push(resolver(network, places.directory)?);
    }
    let folders = plan.mapped.into_iter().map(|mapped| mapped_mount(mapped, &drive, places.ids.is_some()));
    let disks = plan.disks.into_iter().map(|disk| disk_mount(disk, &drive, places.ids.is_some()));
    let mapped: Vec<Mount> = folders.chain(disks).collect::<Result<_>>()?;
    let mut limits = plan.limits;
    limits.cpus = plan.host.processors;
    limits.io = plan.throttle.limits(&root, mounts.iter().chain(&mapped))?;
    let at_end = at_end(&places);
    let mut remove = places.remove;
    if !keep && uses_scratch(&root, &mounts, &places.scratch) {
        remove.push(places.scratch);
    }
    Ok(Spec {
        id: id.into(),
        directory: places.directory.into(),
        cgroup_parent: places.options.cgroup_parent.clone(),
        instance: places.layout.instance().into(),
        cgroup: places.life.as_str().into(),
        limits,
        hostname: host_name,
        root,
        mounts,
        mapped,
        ids: places.ids,
        capabilities: capabilities.bits(),
        seccomp: plan.host.seccomp,
        guest,
        end_with_last_handle: plan.ends_with_last_handle,
        end_with_first_process: plan.host.ends_with_first_process,
        log: Some(match &places.record {
            Some(record) => Log { path: record.join(LOG), limit: places.options.log_limit },
            None => {
                Log { path: places.directory.join(LOG), limit: places.options.log_limit.min(VOLATILE_LOG) }
            }
        }),
        record: places.record,
        farewells: Some(places.layout.farewells()),
        remove,
        network: places.network.map(|network| network.netns.clone()),
        at_end: Some(at_end),
    })
}

/// What the system's programs resolve names with.
fn resolver(network: &Prepared, directory: &Path) -> Result<Mount> {
    let path = directory.join(RESOLVER);
    write_atomically(&path, &network.resolver)?;
    fs_err::set_permissions(&path, PermissionsExt::from_mode(0o644))
        .map_err(|error| not_writable("make readable", &path, error))?;
    let source = Source::Bind { path, id_mapped: false };
    Ok(Mount { target: "/etc/resolv.conf".into(), source, read_only: true })
}

/// Endpoints may be attached later, too, so each system has it.
fn at_end(places: &Places<'_>) -> AtEnd {
    let Places { layout, options, directory, life, helper, .. } = places;
    let path = |path: &Path| path.display().to_string();
    let mut env =
        vec![format!("HCS_ROOT={}", path(&options.root)), format!("HCS_RUN={}", path(&options.run))];
    env.extend(options.netns.as_deref().map(|netns| format!("HCS_NETNS={}", path(netns))));
    if options.allow_unmatched {
        // It may be the one who makes rules anew.
        env.push("HCS_ALLOW_UNMATCHED=1".into());
    }
    debug_assert!(layout.system(&life.id_name()) == **directory, "the mark is in the runtime folder");
    let argv = vec![path(helper), "release".into(), life.as_str().into()];
    AtEnd { mark: directory.join(MARK), command: Command { argv, env } }
}

fn uses_scratch(root: &Root, mounts: &[Mount], scratch: &Path) -> bool {
    let sources = std::iter::once(&root.source).chain(mounts.iter().map(|mount| &mount.source));
    sources
        .into_iter()
        .any(|source| matches!(source, Source::Overlay { upper, .. } if upper.starts_with(scratch)))
}

fn linux_root(root: LinuxRoot, places: &Places<'_>, keep: bool) -> Result<Root> {
    let source = match root {
        LinuxRoot::Folder(path) => {
            must_be_folder("the root folder", &path)?;
            Source::Bind { path, id_mapped: places.ids.is_some() }
        }
        LinuxRoot::Layers { lowers, scratch } => {
            for lower in &lowers {
                must_be_folder("a layer", lower)?;
            }
            let volatile = scratch.is_none() && !keep;
            let scratch = match scratch {
                None => places.scratch.clone(),
                Some(_) if places.ids.is_some() => {
                    let reason = "each life of a container gets other ids, so files of a kept scratch folder would \
                                  change hands; leave it out, or set UserNamespace to Host";
                    return Err(Error::not_supported("LinuxHost.UserNamespace", reason));
                }
                Some(path) => {
                    must_be_folder("the scratch folder", &path)?;
                    path
                }
            };
            Source::Overlay { lowers, upper: scratch.join(UPPER), work: scratch.join(WORK), volatile }
        }
    };
    Ok(Root { source, read_only: false })
}

/// `drive`: the layers' files, top-most first, and the base's own drive.
fn windows_mounts(
    base: &WindowsBase,
    layers: &[PathBuf],
    drive: &[PathBuf],
    places: &Places<'_>,
    keep: bool,
) -> Result<Vec<Mount>> {
    for layer in layers {
        must_be_folder("a layer of Windows files", &layer.join(FILES))?;
    }
    let scratch = &places.scratch;
    let overlay = |lowers, upper, work| Source::Overlay {
        lowers,
        upper: scratch.join(upper),
        work: scratch.join(work),
        volatile: !keep,
    };
    let prefix = overlay(vec![base.prefix.clone()], UPPER, WORK);
    let memory = |target: &str, mode| Mount {
        target: target.into(),
        source: Source::Tmpfs { size: 0, mode },
        read_only: false,
    };
    let mut mounts = vec![
        Mount { target: PREFIX_INSIDE.into(), source: prefix, read_only: false },
        memory("/tmp", 0o1777),
        memory("/run", 0o755),
    ];
    if !layers.is_empty() {
        let source = overlay(drive.to_vec(), DRIVE_UPPER, DRIVE_WORK);
        mounts.push(Mount { target: format!("{PREFIX_INSIDE}/{DRIVE_C}"), source, read_only: false });
    }
    Ok(mounts)
}

/// Where of a kept scratch folder lies what the container wrote to its drive or root.
pub(super) fn written(scratch: &Path, guest: GuestOs) -> PathBuf {
    match guest {
        GuestOs::Linux => scratch.join(UPPER),
        GuestOs::Windows => {
            let drive = scratch.join(DRIVE_UPPER);
            // Without layers the drive is a folder of the prefix.
            if drive.exists() { drive } else { scratch.join(UPPER).join(DRIVE_C) }
        }
    }
}

fn time_zone(name: &str, base: Option<&WindowsBase>) -> Result<Mount> {
    let plain = name.split('/').all(|part| !matches!(part, "" | "." | ".."));
    let zones = base.map_or_else(|| PathBuf::from(ZONES), |base| base.root.join(&ZONES[1..]));
    let path = zones.join(name);
    if !plain || !path.is_file() {
        let message =
            format!("{name:?} is not in the zone database (package tzdata); such as \"Europe/Paris\"");
        return Err(Error::invalid_document("LinuxHost.TimeZone", message));
    }
    let source = Source::Bind { path, id_mapped: false };
    Ok(Mount { target: "/etc/localtime".into(), source, read_only: true })
}

/// `drive`: what lies over each other as a Windows container's drive; nothing for a Linux one.
fn mapped_mount(mapped: Mapped, drive: &[PathBuf], user_namespace: bool) -> Result<Mount> {
    bind(mapped, user_namespace, |field, path| match drive {
        [] => linux_target(field, path),
        drive => windows_path::inside(field, path, drive),
    })
}

/// Of a disk what it holds.
fn disk_mount(disk: Mapped, drive: &[PathBuf], user_namespace: bool) -> Result<Mount> {
    let (host, read_only) = (disk.host.clone(), disk.read_only);
    let field = format!("{}.HostPath", disk.field);
    let mount = mapped_mount(disk, drive, user_namespace)?;
    let Content { length, file_system } = disk::look(&field, &host, read_only)?;
    let source =
        Source::Disk { path: host, length, file_system: file_system.into(), id_mapped: user_namespace };
    Ok(Mount { source, ..mount })
}

/// The same for a container that runs.
pub(super) fn live_mount(mapped: Mapped, guest: GuestOs, user_namespace: bool) -> Result<Mount> {
    bind(mapped, user_namespace, |field, path| live_target(field, path, guest))
}

/// A place inside a container that runs. How a Windows name is spelled there is seen inside only.
pub(super) fn live_target(field: &str, path: &str, guest: GuestOs) -> Result<String> {
    match guest {
        GuestOs::Windows => windows_path::as_given(field, path),
        GuestOs::Linux => linux_target(field, path),
    }
}

fn bind(
    mapped: Mapped,
    user_namespace: bool,
    target: impl FnOnce(&str, &str) -> Result<String>,
) -> Result<Mount> {
    let Mapped { field, host, container, read_only } = mapped;
    if let Err(error) = fs_err::metadata(&host) {
        return Err(path_error(&format!("{field}.HostPath"), &host, error));
    }
    let target = target(&format!("{field}.ContainerPath"), &container)?;
    Ok(Mount { target, source: Source::Bind { path: host, id_mapped: user_namespace }, read_only })
}

/// The socket must be there, as a mapped folder must; its server may be started anew later.
pub(super) fn host_pipe(pipe: MappedPipe) -> Result<HostPipe> {
    use std::os::unix::fs::FileTypeExt as _;
    let MappedPipe { field, host, name } = pipe;
    let field = format!("{field}.HostPath");
    let found = fs_err::metadata(&host).map_err(|error| path_error(&field, &host, error))?;
    if !found.file_type().is_socket() {
        let message = format!("{} is no unix socket, which a named pipe leads to here", host.display());
        return Err(Error::invalid_document(field, message));
    }
    if host.as_os_str().len() > SOCKET_PATH {
        let message = format!("{} has over {SOCKET_PATH} bytes, the most of a socket's path", host.display());
        return Err(Error::invalid_document(field, message));
    }
    Ok(HostPipe { name, path: host })
}

/// unix(7): 108 with the NUL.
const SOCKET_PATH: usize = 107;

/// A path of a Linux container that something may be mounted on.
fn linux_target(field: &str, path: &str) -> Result<String> {
    let invalid = |message: &str| Err(Error::invalid_document(field, format!("{path:?}: {message}")));
    if !path.starts_with('/') || path.contains('\0') {
        return invalid("a path inside a Linux container begins with /");
    }
    let mut parts = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => return invalid("no \"..\" is taken"),
            part => parts.push(part),
        }
    }
    match parts.first() {
        None => invalid("the root itself can't be mapped"),
        // What the kernel shows there is masked for a reason.
        Some(&("proc" | "sys")) => invalid("nothing is mapped into /proc and /sys"),
        Some(_) => Ok(format!("/{}", parts.join("/"))),
    }
}

fn must_be_folder(what: &'static str, path: &Path) -> Result<()> {
    match fs_err::metadata(path) {
        Ok(found) if found.is_dir() => Ok(()),
        Ok(_) => Err(path_error(what, path, std::io::ErrorKind::NotADirectory.into())),
        Err(error) => Err(path_error(what, path, error)),
    }
}

fn path_error(what: &str, path: &Path, error: std::io::Error) -> Error {
    use std::io::ErrorKind;
    let code = match error.kind() {
        ErrorKind::NotFound => Some(Hresult::ERROR_PATH_NOT_FOUND),
        ErrorKind::NotADirectory => Some(Hresult::ERROR_DIRECTORY),
        _ => None,
    };
    let error = Error::os("use", format!("{} as {what}", path.display()), error);
    match code {
        Some(code) => error.with_hresult(code).with_hint("paths in documents are paths of this host"),
        None => error,
    }
}

/// A host name from an id: what of its first 12 characters a name can have, as other engines do it.
fn host_name_of(id: &str) -> String {
    let mut name: String = id
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || *c == '-')
        .skip_while(|c| *c == '-')
        .take(12)
        .collect();
    name.truncate(name.trim_end_matches('-').len());
    if name.is_empty() { "container".into() } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_names_come_from_ids() {
        for (id, name) in [
            ("web", "web"),
            ("b4d4f2c1-0d6c-4f8c-9c57-0d1a2b3c4d5e", "b4d4f2c1-0d6"),
            ("0123456789a-bcd", "0123456789a"),
            ("../-x", "x"),
            ("äöü", "container"),
        ] {
            assert_eq!(host_name_of(id), name, "{id}");
        }
    }

    #[test]
    fn targets_inside_linux_containers() {
        for (path, target) in [("/a", "/a"), ("//a/./b/", "/a/b"), ("/procs", "/procs")] {
            assert_eq!(linux_target("f", path).unwrap(), target);
        }
        for bad in ["", "a", "/", "/.", "/a/../b", "/proc", "/proc/sys", "/./sys/fs", "C:\\x", "/a\0"] {
            assert!(linux_target("f", bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn zones_stay_in_the_database() {
        let temp = tempfile::tempdir().unwrap();
        let zone = temp.path().join("usr/share/zoneinfo/Europe/Paris");
        fs_err::create_dir_all(zone.parent().unwrap()).unwrap();
        fs_err::write(&zone, "TZif").unwrap();
        let base = WindowsBase {
            root: temp.path().into(),
            prefix: temp.path().into(),
            agent: Command::default(),
            launcher: Command::default(),
        };
        assert_eq!(
            time_zone("Europe/Paris", Some(&base)).unwrap().source,
            Source::Bind { path: zone, id_mapped: false }
        );
        for bad in ["Europe", "../../../etc/passwd", "/etc/passwd", "Mars/Base", "Europe//Paris"] {
            assert!(time_zone(bad, Some(&base)).is_err(), "{bad}");
        }
    }
}
