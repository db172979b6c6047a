//! How a host is opened.

use std::num::NonZeroUsize;

use hcs_contract::{Deadlines, Result};

/// The settings of a [`crate::Host`]. The defaults are those of the original.
///
/// ```
/// use std::time::Duration;
///
/// // Instead of the process's own environment, which `Options::from_env` reads:
/// let options = hcsshim::Options::from_lookup(|name| match name {
///     "HCSSHIM_TIMEOUT_SYSTEMSTART" => Some("30".into()),
///     "HCSSHIM_MAX_PARALLEL_START" => Some("4".into()),
///     _ => None,
/// })?;
/// assert_eq!(options.deadlines.start, Duration::from_secs(30));
/// assert_eq!(options.max_parallel_start.map(|most| most.get()), Some(4));
/// # Ok::<(), hcsshim::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Options {
    /// How long each call may take.
    pub deadlines: Deadlines,
    /// How many starts may be under way at once; `None`: any number.
    pub max_parallel_start: Option<NonZeroUsize>,
    /// JSON that is laid over the document of every container that is created; empty: nothing is.
    pub additional_json: String,
    /// Settings of the engine on Linux: its folders, helper programs, ids. Its own deadlines are taken from
    /// [`Options::deadlines`].
    #[cfg(target_os = "linux")]
    pub linux: crate::linux::Options,
    /// Settings of the host over the service of Windows: which interface it uses. Its deadlines are taken from
    /// [`Options::deadlines`].
    #[cfg(windows)]
    pub windows: crate::windows::Options,
    /// The server whose host it is, in place of this platform's own (feature `remote`).
    #[cfg(feature = "remote")]
    pub remote: Option<crate::remote::Options>,
}

impl Options {
    /// The defaults, changed by what the environment says: `HCSSHIM_TIMEOUT_*`, `HCSSHIM_MAX_PARALLEL_START`,
    /// `HCSSHIM_CREATECONTAINER_ADDITIONALJSON`, and on Linux `HCS_ROOT`, `HCS_RUN`, `HCS_LIBEXEC`, `HCS_BASE`,
    /// `HCS_IDS`, `HCS_CGROUP_PARENT`, `HCS_NETNS`, `HCS_ALLOW_UNMATCHED`, on Windows `HCS_GENERATION`. With the feature `remote` also `HCS_HOST`, `HCS_TOKEN_FILE`, `HCS_TLS_CA`,
    /// `HCS_TLS_CERT`, `HCS_TLS_KEY`; without it `HCS_HOST` is refused. Nothing else here reads the environment but the engine's own
    /// `linux::Options::from_env`, for those who set up nothing but the engine.
    ///
    /// # Errors
    /// Invalid argument, for a value of the engine's that can't be read. The `HCSSHIM_*` ones are ignored then, as
    /// the original does, except the additional JSON, which makes every create fail.
    pub fn from_env() -> Result<Self> {
        Self::from_lookup(|name| std::env::var(name).ok())
    }

    /// As [`Options::from_env`], with `lookup` in place of the environment.
    ///
    /// # Errors
    /// As [`Options::from_env`].
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self> {
        #[cfg(not(feature = "remote"))]
        if lookup("HCS_HOST").is_some_and(|host| !host.is_empty()) {
            let error =
                hcs_contract::Error::not_supported("HCS_HOST", "this program can't use a remote host");
            return Err(error.with_hint("build it with the feature `remote` of hcsshim"));
        }
        Ok(Self {
            deadlines: Deadlines::from_lookup(&lookup),
            max_parallel_start: lookup("HCSSHIM_MAX_PARALLEL_START").and_then(|text| text.parse().ok()),
            additional_json: lookup("HCSSHIM_CREATECONTAINER_ADDITIONALJSON").unwrap_or_default(),
            #[cfg(target_os = "linux")]
            linux: crate::linux::Options::from_lookup(&lookup)?,
            #[cfg(windows)]
            windows: crate::windows::Options::from_lookup(&lookup)?,
            #[cfg(feature = "remote")]
            remote: crate::remote::Options::from_lookup(&lookup)?,
        })
    }

    /// Sets how long each call may take.
    #[must_use]
    pub fn with_deadlines(mut self, deadlines: Deadlines) -> Self {
        self.deadlines = deadlines;
        self
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_environment_is_read_as_the_original_reads_it() {
        let options = |start: &'static str| {
            Options::from_lookup(move |name| match name {
                "HCSSHIM_MAX_PARALLEL_START" => Some(start.into()),
                "HCSSHIM_TIMEOUT_SYSTEMCREATE" => Some("5".into()),
                "HCSSHIM_CREATECONTAINER_ADDITIONALJSON" => Some("{}".into()),
                _ => None,
            })
            .unwrap()
        };
        let read = options("3");
        assert_eq!(read.max_parallel_start, NonZeroUsize::new(3));
        assert_eq!(read.deadlines.create, Duration::from_secs(5));
        assert_eq!(read.additional_json, "{}");
        for ignored in ["0", "-1", "x", ""] {
            assert_eq!(options(ignored).max_parallel_start, None, "{ignored:?}");
        }
    }
}
