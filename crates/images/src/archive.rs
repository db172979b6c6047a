//! Images in files: OCI layouts, as folders or in a tar, and docker's archives.
//!
//! What is written is both: a tar with an OCI layout and docker's `manifest.json` beside it, so that every tool takes it.
//!
//! Source: OCI image specification 1.1, image-layout.md; docker's image specification 1.2, "Combined Image JSON".

mod load;
mod save;

pub use load::Loaded;

use serde::{Deserialize, Serialize};

/// The mark of a layout, and what it holds.
const MARK: &str = "oci-layout";
const MARK_CONTENT: &str = r#"{"imageLayoutVersion":"1.0.0"}"#;
const INDEX: &str = "index.json";
const DOCKER: &str = "manifest.json";
/// Annotations of an index by which its images have names: docker's whole one, and the specification's, which often is a
/// tag only.
const NAME: &str = "io.containerd.image.name";
const REF_NAME: &str = "org.opencontainers.image.ref.name";

/// An image of a docker archive.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DockerImage {
    config: String,
    #[serde(default)]
    repo_tags: Option<Vec<String>>,
    layers: Vec<String>,
}
