//! What a container is made from: a document from options, or the user's own.

use std::path::Path;

use hcsshim::Host;
use hcsshim::schema::LinuxHost;
use hcsshim::schema::compute::v1::{ContainerConfig, Layer, MappedDir, MappedVirtualDisk};
use hcsshim::schema::compute::{OsType, SystemType};

use crate::args::run::Container;
use crate::config::Config;
use crate::failure::Failure;
use crate::network;
use crate::stand::Stand;

/// The owner of all that this tool makes.
pub(crate) const OWNER: &str = "hcs";

/// For whom the container is there, and so what becomes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// For whoever comes, until it is removed.
    Create,
    /// For one program.
    Run { detached: bool, rm: bool },
}

impl Fate {
    /// Its record stays until it is removed.
    pub(crate) fn keeps_record(self) -> bool {
        !matches!(self, Self::Run { rm: true, .. })
    }

    /// It ends when nobody has a handle on it any more.
    pub(crate) fn ends_with_last_handle(self) -> bool {
        matches!(self, Self::Run { detached: false, .. })
    }

    /// It ends with its first program. `None`: as its document says.
    pub(crate) fn ends_with_program(self) -> Option<bool> {
        matches!(self, Self::Run { .. }).then_some(true)
    }

    /// The command line that wants it so.
    pub(crate) fn command(self) -> &'static str {
        match self {
            Self::Create => "hcs create",
            Self::Run { detached: false, rm: false } => "hcs run",
            Self::Run { detached: false, rm: true } => "hcs run --rm",
            Self::Run { detached: true, rm: false } => "hcs run -d",
            Self::Run { detached: true, rm: true } => "hcs run -d --rm",
        }
    }
}

/// What a container is made from, read and checked before anything is made.
#[derive(Debug)]
pub(crate) enum Source<'a> {
    Options(&'a Container, Fate, Option<&'a Stand>),
    Config(Config),
}

impl<'a> Source<'a> {
    /// `stand`: of a container of an image.
    pub(crate) fn new(options: &'a Container, fate: Fate, stand: Option<&'a Stand>) -> Result<Self, Failure> {
        Ok(match &options.config {
            Some(path) => Self::Config(Config::read(path, fate)?),
            None => Self::Options(options, fate, stand),
        })
    }

    /// Whether the container stands on the default Windows base, which is made when it is not there.
    #[cfg(target_os = "linux")]
    pub(crate) fn needs_base(&self) -> bool {
        match self {
            Self::Options(options, _, stand) => options.rootfs.is_none() && stand.is_none(),
            Self::Config(config) => config.on_default_base,
        }
    }

    /// Makes the container.
    pub(crate) fn create(&self, host: &Host, id: &str) -> Result<hcsshim::Container, Failure> {
        Ok(match self {
            Self::Options(options, fate, stand) => {
                let mut document = from_options(id, options, *fate, *stand)?;
                if let Some(part) = &mut document.linux_host {
                    network::connect(host, &options.connection, part)?;
                }
                host.create_container(id, &document)?
            }
            Self::Config(config) => host.create_container(id, &config.text)?,
        })
    }
}

fn from_options(
    id: &str,
    options: &Container,
    fate: Fate,
    stand: Option<&Stand>,
) -> Result<ContainerConfig, Failure> {
    if options.keep_scratch && !fate.keeps_record() {
        return Err(Failure::Usage {
            problem: "--keep-scratch keeps what --rm removes".into(),
            hint: "leave one of them out".into(),
        });
    }
    let mut document = ContainerConfig {
        system_type: SystemType::CONTAINER,
        name: id.into(),
        owner: OWNER.into(),
        host_name: options.hostname.clone().unwrap_or_default(),
        memory_maximum_in_mb: options.memory.map_or(0, |size| size.get().cast_signed()),
        terminate_on_last_handle_closed: fate.ends_with_last_handle(),
        ..ContainerConfig::default()
    };
    if let Some(millicpus) = options.cpus {
        match Processors::new(millicpus.get(), processors())? {
            Processors::Count(count) => document.processor_count = count,
            Processors::Parts(parts) => document.processor_maximum = parts.into(),
        }
    }
    if let Some(root) = &options.rootfs {
        document.container_type = OsType::LINUX;
        document.volume_path = text(&absolute(root)?)?;
    }
    for volume in &options.volume {
        document.mapped_directories.push(MappedDir {
            host_path: text(&volume.host)?,
            container_path: volume.container.clone(),
            read_only: volume.read_only,
            ..MappedDir::default()
        });
    }
    for disk in &options.disk {
        document.mapped_virtual_disks.push(MappedVirtualDisk {
            host_path: text(&disk.host)?,
            container_path: disk.container.clone(),
            read_only: disk.read_only,
            ..MappedVirtualDisk::default()
        });
    }
    let mut os_version = options.os_version.clone();
    let mut labels = Vec::new();
    if let Some(stand) = stand {
        if !stand.is_windows {
            document.container_type = OsType::LINUX;
        }
        for path in &stand.layers {
            document.layers.push(Layer { path: text(path)?, ..Layer::default() });
        }
        os_version = os_version.or_else(|| Some(stand.os_version.clone()));
        labels.clone_from(&stand.labels);
    }
    labels.extend(options.label.iter().map(|label| (label.key.clone(), label.value.clone())));
    document.linux_host = Some(LinuxHost {
        labels: labels.into_iter().collect(),
        os_version: os_version.unwrap_or_default(),
        keep_scratch: options.keep_scratch || (stand.is_some() && fate.keeps_record()),
        keep_after_exit: fate.keeps_record(),
        end_with_first_process: fate.ends_with_program().unwrap_or_default(),
        processor_affinity: options.cpuset.clone().unwrap_or_default(),
        ..LinuxHost::default()
    });
    Ok(document)
}

fn absolute(path: &Path) -> Result<std::path::PathBuf, Failure> {
    std::path::absolute(path).map_err(|source| Failure::Config { path: path.into(), source })
}

pub(crate) fn text(path: &Path) -> Result<String, Failure> {
    path.to_str().map(str::to_owned).ok_or_else(|| Failure::Usage {
        problem: format!("the path {} is not UTF-8, which documents are", path.display()),
        hint: "rename it, or mount it elsewhere".into(),
    })
}

/// As many as the service takes for the whole.
pub(crate) fn processors() -> u64 {
    std::thread::available_parallelism().map_or(1, |count| u64::try_from(count.get()).unwrap_or(u64::MAX))
}

/// A limit of processors as the service's documents say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Processors {
    /// So many.
    Count(u32),
    /// 1/100 percent of all that the host has.
    Parts(u32),
}

impl Processors {
    /// From thousandths of a processor. More than there are is no limit, and hardly what was meant.
    pub(crate) fn new(millicpus: u64, host_has: u64) -> Result<Self, Failure> {
        if millicpus.div_ceil(1000) > host_has {
            return Err(Failure::Usage {
                problem: format!("--cpus asks for more processors than the host has ({host_has})"),
                hint: "give a smaller number, or leave --cpus out for no limit".into(),
            });
        }
        Ok(match u32::try_from(millicpus / 1000) {
            // Whole ones can be said exactly.
            Ok(count) if millicpus.is_multiple_of(1000) => Self::Count(count),
            // At most 10,000, since it is part of the whole.
            _ => Self::Parts(u32::try_from(millicpus * 10 / host_has).unwrap_or(10_000).max(1)),
        })
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;
    use hcsshim::schema::Document as _;

    use super::*;

    #[derive(clap::Parser)]
    struct Options {
        #[command(flatten)]
        container: Container,
    }

    fn options(arguments: &[&str]) -> Container {
        let all = ["create"].iter().chain(arguments);
        Options::try_parse_from(all).unwrap().container
    }

    fn document(id: &str, options: &Container, fate: Fate) -> Result<String, Failure> {
        from_options(id, options, fate, None).map(|document| document.to_json())
    }

    #[test]
    fn options_become_a_document_of_schema_1() {
        let plain = document("x", &options(&[]), Fate::Create).unwrap();
        assert_eq!(
            plain,
            r#"{"SystemType":"Container","Name":"x","Owner":"hcs","Layers":null,"HvPartition":false,"LinuxHost":{"KeepAfterExit":true}}"#
        );
        let full = options(&[
            "--rootfs",
            "/r",
            "--memory",
            "64m",
            "-v",
            "/a:/b:ro",
            "--hostname",
            "h",
            "--label",
            "k=v",
            "--cpuset",
            "0-1",
            "--disk",
            "/d.vhd:/d:ro",
        ]);
        assert_eq!(
            document("x", &full, Fate::Run { detached: false, rm: true }).unwrap(),
            concat!(
                r#"{"SystemType":"Container","Name":"x","Owner":"hcs","VolumePath":"/r","Layers":null,"#,
                r#""MemoryMaximumInMB":64,"HostName":"h","MappedDirectories":[{"HostPath":"/a","ContainerPath":"/b","#,
                r#""ReadOnly":true,"BandwidthMaximum":0,"IOPSMaximum":0,"CreateInUtilityVM":false}],"HvPartition":false,"#,
                r#""ContainerType":"Linux","TerminateOnLastHandleClosed":true,"#,
                r#""MappedVirtualDisks":[{"HostPath":"/d.vhd","ContainerPath":"/d","ReadOnly":true,"AttachOnly":false}],"#,
                r#""LinuxHost":{"Labels":{"k":"v"},"EndWithFirstProcess":true,"ProcessorAffinity":"0-1"}}"#
            )
        );
    }

    #[test]
    fn processors_are_counted_or_parts_of_the_whole_and_no_more_than_there_are() {
        let check = |millicpus, host_has| Processors::new(millicpus, host_has).ok();
        assert_eq!(check(500, 2), Some(Processors::Parts(2500)));
        assert_eq!(check(1999, 2), Some(Processors::Parts(9995)));
        assert_eq!(check(2000, 2), Some(Processors::Count(2)));
        assert_eq!(check(2001, 2), None);
        assert_eq!(check(3000, 2), None);
        assert_eq!(check(1, 64), Some(Processors::Parts(1)));
    }
}
