//! Registries: images in and out by HTTP.
//!
//! Over `ureq`, which blocks and brings little: what a registry needs beyond plain requests (tokens, ranges, uploads) is
//! less than what the crates for registries bring with them, and those neither resume nor say why they stopped.
//!
//! Source: OCI distribution specification 1.1; distribution, "Token Authentication Specification".

mod auth;
mod client;
mod credentials;
mod pull;
mod push;

pub use credentials::Credentials;

/// Whether a header can be read, for the fuzz targets.
#[cfg(feature = "fuzzing")]
pub(crate) fn challenge(header: &str) -> bool {
    auth::challenge(header).is_some()
}

use std::time::Duration;

use crate::platform::Wanted;

/// How to speak to registries.
#[derive(Clone, Debug)]
pub struct Options {
    /// Of several systems, the image for this one.
    pub platform: Option<Wanted>,
    /// Without TLS. A registry on this machine's loopback is also asked without TLS when this is not set.
    pub plain_http: bool,
    /// Blobs at once.
    pub parallel: usize,
    /// How long a registry may be silent.
    pub silence: Duration,
    /// Files with credentials, in docker's form; the first that knows the registry counts.
    pub credentials: Credentials,
    /// Further certificates of authorities, as a file in PEM form.
    pub authorities: Option<std::path::PathBuf>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            platform: None,
            plain_http: false,
            parallel: 3,
            silence: Duration::from_secs(30),
            credentials: Credentials::default(),
            authorities: None,
        }
    }
}

/// What happens while images come or go.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// So many bytes, of so many blobs that were not there.
    Total {
        /// Blobs.
        blobs: usize,
        /// Bytes of them.
        bytes: u64,
    },
    /// So many bytes more have passed.
    Bytes(u64),
    /// A blob is whole.
    Done {
        /// Which.
        digest: crate::Digest,
        /// Its bytes.
        size: u64,
    },
}
