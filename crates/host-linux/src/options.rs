//! How an engine is set up: where it keeps things, what it runs, which ids it may use, how long it waits.

use std::path::{Path, PathBuf};

use hcs_contract::{Deadlines, Error, Result};

/// The settings of one engine. Two engines with different `root` or `run` know nothing of each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// What outlives a reboot: Wine bases, scratch folders, records of ended systems. Default `/var/lib/hcs`.
    pub root: PathBuf,
    /// Runtime state: one folder per system. Default `/run/hcs`. The path must be absolute, as `root`'s.
    pub run: PathBuf,
    /// Folders in which helper programs (`hcs-init`, `agent.exe`, …) are looked for before the usual ones: beside
    /// the executable, `../libexec/hcs` from there, `/usr/libexec/hcs`, `/usr/local/libexec/hcs`.
    pub libexec: Vec<PathBuf>,
    /// Where user namespaces take their ids from.
    pub ids: IdPool,
    /// How long calls may take.
    pub deadlines: Deadlines,
    /// Id of the Wine base that Windows containers without layers use; `None`: the base for the Wine that is
    /// installed, made at the first need.
    pub base: Option<String>,
    /// Folder of the cgroup hierarchies below which the engine works, relative to their roots, such as a delegated unit
    /// of one's own. `/`: the roots. Empty, the default: a scope that the engine asks systemd for where that is process 1
    /// and cgroup v2 is alone, otherwise the roots.
    pub cgroup_parent: String,
    /// Bytes after which a system's log is rotated; two files of this size are kept at most. Default 16 MiB.
    pub log_limit: u64,
    /// The network namespace that counts as the host's: a file that stands for it, such as one below `/run/netns`. `None`,
    /// the default: that of whoever uses the engine.
    pub netns: Option<PathBuf>,
    /// Packets that none of an endpoint's rules fits pass. Default: they are dropped, as on Windows, from the first rule on
    /// that an endpoint has.
    pub allow_unmatched: bool,
}

/// Host ids for user namespaces: `count` ranges of [`IdPool::RANGE`] ids each, from `first` on.
///
/// Systems with a user namespace get one range each, for as long as they exist, so that no two share an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdPool {
    /// First id of the first range.
    pub first: u32,
    /// How many ranges.
    pub count: u32,
}

impl IdPool {
    /// Ids per system.
    pub const RANGE: u32 = 0x1_0000;
}

/// The default lies between two areas that others give out. Below: `useradd` hands sub-ids up to 600,100,000 to
/// users (login.defs, `SUB_UID_MAX`). Above: systemd reserves 524,288 to 1,879,048,191 for containers
/// (<https://systemd.io/UIDS-GIDS>) and nothing beyond. 603,979,776 to 1,879,048,191 is free of users and is
/// meant for this: 19,456 ranges.
impl Default for IdPool {
    fn default() -> Self {
        Self { first: 0x2400_0000, count: 0x4C00 }
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            root: "/var/lib/hcs".into(),
            run: "/run/hcs".into(),
            libexec: Vec::new(),
            ids: IdPool::default(),
            deadlines: Deadlines::default(),
            base: None,
            cgroup_parent: String::new(),
            log_limit: 16 << 20,
            netns: None,
            allow_unmatched: false,
        }
    }
}

impl Options {
    /// The defaults, changed by what the environment says: `HCS_ROOT`, `HCS_RUN`, `HCS_LIBEXEC` (folders joined by
    /// `:`), `HCS_BASE`, `HCS_IDS` (`first:count`), `HCS_CGROUP_PARENT`, `HCS_NETNS` (a path), `HCS_ALLOW_UNMATCHED` (`0` or
    /// `1`), and the `HCSSHIM_TIMEOUT_*` of [`Deadlines::from_lookup`].
    ///
    /// # Errors
    /// Invalid argument, named by its variable, when a value has another form.
    pub fn from_env() -> Result<Self> {
        Self::from_lookup(|name| std::env::var(name).ok())
    }

    /// As [`Options::from_env`], with `lookup` in place of the environment.
    ///
    /// # Errors
    /// As [`Options::from_env`].
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let mut this = Self { deadlines: Deadlines::from_lookup(&lookup), ..Self::default() };
        let lookup = |name: &str| lookup(name).filter(|value| !value.is_empty());
        if let Some(root) = lookup("HCS_ROOT") {
            this.root = absolute("HCS_ROOT", root)?;
        }
        if let Some(run) = lookup("HCS_RUN") {
            this.run = absolute("HCS_RUN", run)?;
        }
        if let Some(folders) = lookup("HCS_LIBEXEC") {
            this.libexec =
                folders.split(':').map(|path| absolute("HCS_LIBEXEC", path.into())).collect::<Result<_>>()?;
        }
        if let Some(base) = lookup("HCS_BASE") {
            this.base = Some(base);
        }
        if let Some(parent) = lookup("HCS_CGROUP_PARENT") {
            this.cgroup_parent = parent;
        }
        if let Some(netns) = lookup("HCS_NETNS") {
            this.netns = Some(absolute("HCS_NETNS", netns)?);
        }
        if let Some(allow) = lookup("HCS_ALLOW_UNMATCHED") {
            this.allow_unmatched = match allow.as_str() {
                "0" => false,
                "1" => true,
                other => {
                    let reason = format!("{other:?} is neither 0 nor 1");
                    return Err(Error::invalid_argument("HCS_ALLOW_UNMATCHED", reason));
                }
            };
        }
        if let Some(ids) = lookup("HCS_IDS") {
            this.ids = parse_ids(&ids)?;
        }
        Ok(this)
    }

    /// Checks what no call could work with.
    pub(crate) fn check(&self) -> Result<()> {
        for (name, path) in [("root", &self.root), ("run", &self.run)] {
            if !path.is_absolute() {
                return Err(Error::invalid_argument(name, format!("{} is not absolute", path.display())));
            }
        }
        let IdPool { first, count } = self.ids;
        let end = u64::from(first) + u64::from(count) * u64::from(IdPool::RANGE);
        // The last id is the kernel's word for "none".
        if first == 0 || count == 0 || end > u64::from(u32::MAX) {
            return Err(Error::invalid_argument(
                "ids",
                format!(
                    "{count} ranges of {} ids from {first} do not fit above 0 and below 2^32",
                    IdPool::RANGE
                ),
            ));
        }
        Ok(())
    }
}

fn absolute(variable: &'static str, value: String) -> Result<PathBuf> {
    if Path::new(&value).is_absolute() {
        Ok(value.into())
    } else {
        Err(Error::invalid_argument(variable, format!("{value:?} is not an absolute path")))
    }
}

fn parse_ids(text: &str) -> Result<IdPool> {
    text.split_once(':')
        .and_then(|(first, count)| Some(IdPool { first: first.parse().ok()?, count: count.parse().ok()? }))
        .ok_or_else(|| {
            Error::invalid_argument("HCS_IDS", format!("{text:?} is not FIRST:COUNT, two decimal numbers"))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_changes_only_what_it_names() {
        let options = Options::from_lookup(|name| match name {
            "HCS_RUN" => Some("/run/other".into()),
            "HCS_LIBEXEC" => Some("/a:/b".into()),
            "HCS_IDS" => Some("1000000:3".into()),
            "HCS_ROOT" => Some(String::new()),
            "HCSSHIM_TIMEOUT_SYSTEMSTART" => Some("9".into()),
            _ => None,
        })
        .unwrap();
        let mut expected = Options {
            run: "/run/other".into(),
            libexec: vec!["/a".into(), "/b".into()],
            ids: IdPool { first: 1_000_000, count: 3 },
            ..Options::default()
        };
        expected.deadlines.start = std::time::Duration::from_secs(9);
        assert_eq!(options, expected);
    }

    #[test]
    fn a_bad_value_is_named_by_its_variable() {
        for (variable, value) in
            [("HCS_ROOT", "relative"), ("HCS_LIBEXEC", "/a:b"), ("HCS_IDS", "5"), ("HCS_IDS", "-1:5")]
        {
            let error = Options::from_lookup(|name| (name == variable).then(|| value.into()))
                .unwrap_err()
                .to_string();
            assert!(error.contains(variable) && error.contains(value.rsplit(':').next().unwrap()), "{error}");
        }
    }

    #[test]
    fn id_pools_that_leave_the_kernels_numbers_are_refused() {
        let with = |first, count| Options { ids: IdPool { first, count }, ..Options::default() }.check();
        assert!(with(0x2400_0000, 0x4C00).is_ok());
        assert!(with(0xFFFE_0000, 1).is_ok());
        for (first, count) in [(0, 1), (1, 0), (0xFFFF_0000, 1), (1, u32::MAX)] {
            assert!(with(first, count).is_err(), "{first} {count}");
        }
    }
}
