//! Why something about images failed.

use std::io;
use std::path::{Path, PathBuf};

use hcs_ext4::ConvertError;
use hcs_layers::LayerError;
use hcs_layers::tar::TarLayerError;

use crate::digest::{Digest, DigestError};
use crate::reference::ReferenceError;

/// Why something about images failed. The texts name the object; the cause is the source.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the messages say what the fields are")]
pub enum ImageError {
    /// The system refused a step.
    #[error("cannot {step} {}", .path.display())]
    Io { step: &'static str, path: PathBuf, source: io::Error },
    /// A name that is none.
    #[error(transparent)]
    Reference(#[from] ReferenceError),
    /// A digest that is none.
    #[error(transparent)]
    Digest(#[from] DigestError),
    /// Nothing of that name is here.
    #[error("there is no image {name}")]
    NoImage { name: String },
    /// The beginning of a digest that several images have.
    #[error("{name} is the beginning of several images' digests")]
    Ambiguous { name: String },
    /// The store is of a later version.
    #[error("the store of images in {} is of version {found:?}, and this program knows {known} only", .folder.display())]
    Version { folder: PathBuf, found: String, known: &'static str },
    /// A blob that should be here.
    #[error("blob {digest} is not in the store")]
    NoBlob { digest: Digest },
    /// Content that is not what was announced.
    #[error("{what}: {expected} was announced, and {found} is what came")]
    Mismatch { what: String, expected: String, found: String },
    /// A document that can't be read.
    #[error("{what} is no document of an image")]
    Document { what: String, source: serde_json::Error },
    /// A document that contradicts itself, or that is of a kind that is not taken.
    #[error("{what} {problem}")]
    Invalid { what: String, problem: String },
    /// More bytes than are taken.
    #[error("{what} has {size} bytes; {limit} are taken at most")]
    TooLarge { what: String, size: u64, limit: u64 },
    /// None of several images is for the system that is wanted.
    #[error("{name} has no image for {wanted}; it has {has}")]
    Platform { name: String, wanted: String, has: String },
    /// A layer can't be unpacked.
    #[error("layer {layer}")]
    Unpack { layer: Digest, source: TarLayerError },
    /// A layer can't be made.
    #[error("the new layer")]
    Layer(#[from] LayerError),
    /// A layer can't become a tar.
    #[error("the new layer")]
    Export(#[source] TarLayerError),
    /// An image of a file system can't be made.
    #[error("layer {layer}")]
    Ext4 { layer: String, source: ConvertError },
    /// A file that a container wrote has no form in a layer.
    #[error("{name}: {what}, which a layer has no form for")]
    Diff { name: String, what: &'static str },
    /// An image that something needs.
    #[error("image {name} is in use by {user}")]
    InUse { name: String, user: String },
    /// The registry's answer.
    #[error("{registry} answered {status} to {request}{detail}")]
    Registry { registry: String, request: String, status: u16, detail: String },
    /// The registry asks for credentials that are not there, or not right.
    #[error("{registry} does not let this user {request}")]
    Unauthorized { registry: String, request: String },
    /// The way to the registry.
    #[error("cannot reach {registry} for {request}")]
    Transport { registry: String, request: String, source: Box<ureq::Error> },
    /// The registry breaks its own contract.
    #[error("{registry} {problem}")]
    Protocol { registry: String, problem: String },
    /// An archive.
    #[error("{}", .path.display())]
    Archive { path: PathBuf, source: hcs_ext4::tar::TarError },
}

/// The outcome of what is done with images.
pub type Result<T, E = ImageError> = std::result::Result<T, E>;

impl ImageError {
    /// What to do about it, where that is known.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::NoImage { .. } => Some(
                "`hcs image ls` shows the images that are here; `hcs image pull` gets one from a registry; for a program \
                 without an image put -- before it: `hcs run -- PROGRAM`",
            ),
            Self::Ambiguous { .. } => Some("give more of its digits"),
            Self::Version { .. } => Some("use the program that made it, or another HCS_ROOT"),
            Self::NoBlob { .. } => Some("pull or load the image again"),
            Self::Platform { .. } => Some("choose one of those with --platform"),
            Self::InUse { .. } => Some("remove the containers that stand on it first, or unmount it"),
            Self::Unauthorized { .. } => Some(
                "put credentials into docker's file: `docker login`, `skopeo login` or `podman login` write it",
            ),
            Self::Registry { status: 404, .. } => {
                Some("look for a slip in the name; a private image may be hidden too")
            }
            Self::Registry { status: 429, .. } => {
                Some("wait some minutes, or log in: that raises most registries' limit")
            }
            Self::Transport { source, .. } if is_plain_http(source) => {
                Some("if the registry has no TLS, say --plain-http")
            }
            Self::Io { source, .. } if source.kind() == io::ErrorKind::StorageFull => {
                Some("free some disk space; `hcs image rm` frees what an image holds")
            }
            _ => None,
        }
    }
}

fn is_plain_http(error: &ureq::Error) -> bool {
    matches!(error, ureq::Error::Tls(_) | ureq::Error::Rustls(_))
        || matches!(error, ureq::Error::Io(source) if source.kind() == io::ErrorKind::InvalidData)
}

/// An error of the system about a path.
pub(crate) fn at(step: &'static str, path: &Path) -> impl FnOnce(io::Error) -> ImageError {
    move |source| ImageError::Io { step, path: path.into(), source }
}

/// A document that contradicts itself.
pub(crate) fn invalid(what: impl Into<String>, problem: impl Into<String>) -> ImageError {
    ImageError::Invalid { what: what.into(), problem: problem.into() }
}
