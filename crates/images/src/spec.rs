//! Documents of images: index, manifest and configuration, of OCI and of docker's schema 2.
//!
//! Ours, and not those of a crate: what came is always kept as bytes, so that types need only what is read here, and hold
//! no more than their limits.
//!
//! Source: OCI image specification 1.1; distribution, "Image Manifest Version 2, Schema 2".

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::digest::Digest;

/// Media types that this crate writes, and knows.
pub(crate) mod media {
    pub(crate) const INDEX: &str = "application/vnd.oci.image.index.v1+json";
    pub(crate) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
    pub(crate) const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
    pub(crate) const LAYER_GZIP: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
    pub(crate) const LAYER_ZSTD: &str = "application/vnd.oci.image.layer.v1.tar+zstd";
    pub(crate) const LAYER: &str = "application/vnd.oci.image.layer.v1.tar";
    pub(crate) const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
    pub(crate) const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
}

/// Bytes of an index or manifest, as registries limit them.
pub(crate) const MOST_MANIFEST: u64 = 4 << 20;
/// Bytes of a configuration.
pub(crate) const MOST_CONFIG: u64 = 8 << 20;
/// Layers of an image: what an overlay takes.
pub(crate) const MOST_LAYERS: usize = 500;

/// What a document says about a blob.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    /// What it is.
    pub media_type: String,
    /// Its digest.
    pub digest: Digest,
    /// Its bytes.
    pub size: u64,
    /// Where else it is to be had.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub urls: Vec<String>,
    /// For which system it is, in an index.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<Platform>,
    /// Remarks.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

impl Descriptor {
    /// Of these bytes.
    pub(crate) fn of(media_type: &str, bytes: &[u8]) -> Self {
        Self::new(media_type, Digest::of(bytes), bytes.len() as u64)
    }

    pub(crate) fn new(media_type: &str, digest: Digest, size: u64) -> Self {
        let (urls, platform, annotations) = (Vec::new(), None, BTreeMap::new());
        Self { media_type: media_type.into(), digest, size, urls, platform, annotations }
    }

    /// A layer that must not be handed on: Microsoft's base layers once had this mark. It stays where it is.
    pub fn is_foreign(&self) -> bool {
        self.media_type.contains(".nondistributable.") || self.media_type.contains(".foreign.")
    }

    /// A list of manifests.
    pub(crate) fn is_index(&self) -> bool {
        self.media_type == media::INDEX || self.media_type == media::DOCKER_LIST
    }

    /// How the layer is compressed, from its media type.
    pub(crate) fn is_layer(&self) -> bool {
        let end = self.media_type.rsplit('.').next().unwrap_or_default();
        matches!(end, "tar" | "tar+gzip" | "tar+zstd" | "gzip")
    }
}

/// For which system an image is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Platform {
    /// Such as `amd64`.
    pub architecture: String,
    /// Such as `linux` or `windows`.
    pub os: String,
    /// Of Windows, such as `10.0.17763.2114`.
    #[serde(rename = "os.version", default, skip_serializing_if = "String::is_empty")]
    pub os_version: String,
    /// Such as `v8`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub variant: String,
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        for part in [&self.variant, &self.os_version] {
            if !part.is_empty() {
                write!(f, "/{part}")?;
            }
        }
        Ok(())
    }
}

/// A list of manifests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Index {
    /// 2.
    pub schema_version: u32,
    /// What it says it is.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub media_type: String,
    /// The manifests.
    pub manifests: Vec<Descriptor>,
}

/// What an image is made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// 2.
    pub schema_version: u32,
    /// What it says it is.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub media_type: String,
    /// The configuration.
    pub config: Descriptor,
    /// The lowest first.
    pub layers: Vec<Descriptor>,
}

/// An image's configuration, as far as it is read or made here. What else it has stays with it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Image {
    /// When it was made, in RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<String>,
    /// For which system.
    #[serde(flatten)]
    pub platform: Platform,
    /// How its program is started.
    #[serde(default)]
    pub config: Config,
    /// Its layers, as tars.
    pub rootfs: RootFs,
    /// How it came about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<History>,
    /// Members that nothing above stands for.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// Layers by the digests of their tars.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RootFs {
    /// `layers`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The lowest first.
    pub diff_ids: Vec<Digest>,
}

/// A step by which an image came about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct History {
    /// When.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<String>,
    /// By what.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_by: Option<String>,
    /// A remark.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// Without a layer of its own.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub empty_layer: bool,
}

/// How an image's program is started.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Config {
    /// The user inside.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub user: String,
    /// Ports that its program serves. Recorded only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exposed_ports: Option<BTreeMap<String, Value>>,
    /// `NAME=VALUE`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub env: Option<Vec<String>>,
    /// The program, and its first arguments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entrypoint: Option<Vec<String>>,
    /// Further arguments, unless others are given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cmd: Option<Vec<String>>,
    /// Folders whose content is the container's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub volumes: Option<BTreeMap<String, Value>>,
    /// Where the program starts.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub working_dir: String,
    /// Marks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labels: Option<BTreeMap<String, String>>,
    /// By which signal it is stopped.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub stop_signal: String,
    /// Of Windows: entry point and command are whole command lines.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub args_escaped: bool,
    /// The shell of commands in a Dockerfile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shell: Option<Vec<String>>,
    /// Members that nothing above stands for.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

impl Image {
    /// The ids of its chains of layers, the lowest first.
    pub fn chains(&self) -> Vec<Digest> {
        let mut chain: Option<Digest> = None;
        let next = |layer: &Digest| *chain.insert(chain.map_or(*layer, |chain| chain.chained(layer)));
        self.rootfs.diff_ids.iter().map(next).collect()
    }

    /// Whether it is one of Windows.
    pub fn is_windows(&self) -> bool {
        self.platform.os == "windows"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_stays_with_a_configuration() {
        let text = r#"{"created":"2020-01-01T00:00:00Z","architecture":"amd64","os":"windows","os.version":"10.0.1",
            "config":{"Env":["A=b"],"Healthcheck":{"Test":["NONE"]},"Cmd":null},
            "rootfs":{"type":"layers","diff_ids":[]},"os.features":["win32k"],"author":"x"}"#;
        let image: Image = serde_json::from_str(text).unwrap();
        assert!(image.is_windows() && image.config.cmd.is_none());
        assert_eq!(image.platform.to_string(), "windows/amd64/10.0.1");
        let again = serde_json::to_value(&image).unwrap();
        assert_eq!(again["os.features"][0], "win32k");
        assert_eq!(again["config"]["Healthcheck"]["Test"][0], "NONE");
        assert_eq!(again["os.version"], "10.0.1");
    }

    #[test]
    fn kinds_of_layers_are_known_by_their_media_types() {
        let of = |media_type: &str| Descriptor::new(media_type, Digest::of(b""), 0);
        assert!(of("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip").is_foreign());
        assert!(of("application/vnd.oci.image.layer.nondistributable.v1.tar+gzip").is_foreign());
        for layer in [media::LAYER, media::LAYER_GZIP, "application/vnd.docker.image.rootfs.diff.tar.gzip"] {
            assert!(of(layer).is_layer() && !of(layer).is_foreign(), "{layer}");
        }
        assert!(!of("application/vnd.cyclonedx+json").is_layer());
    }
}
