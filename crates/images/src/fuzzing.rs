//! Parsers of what comes from outside, for the fuzz targets.

use crate::build;
use crate::digest::Digest;
use crate::platform;
use crate::reference::Reference;
use crate::registry;
use crate::spec::{Image, Index, Manifest};
use crate::store;

/// Any of an image's documents, and the texts that lead to them.
///
/// # Panics
/// When what was read is something else once it is written and read again.
pub fn image_documents(bytes: &[u8]) {
    if let Ok(index) = store::parse::<Index>("x", bytes) {
        let _ = platform::choose("x", &index.manifests, None);
    }
    if let Ok(manifest) = store::parse::<Manifest>("x", bytes) {
        let _ = store::check_manifest(Digest::of(bytes), &manifest);
        let again = serde_json::to_vec(&manifest).expect("it was JSON");
        assert_eq!(store::parse::<Manifest>("x", &again).expect("it is a manifest"), manifest);
    }
    if let Ok(image) = store::parse::<Image>("x", bytes) {
        assert_eq!(image.chains().len(), image.rootfs.diff_ids.len());
        let _ = image.launch(&[], None);
        let again = serde_json::to_vec(&image).expect("it was JSON");
        assert_eq!(store::parse::<Image>("x", &again).expect("it is a configuration"), image);
    }
    let text = String::from_utf8_lossy(bytes);
    if let Ok(reference) = text.parse::<Reference>() {
        assert_eq!(reference.to_string().parse(), Ok(reference));
    }
    registry::challenge(&text);
}

/// A Dockerfile, gone through as far as that makes nothing.
pub fn dockerfile(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for windows in [false, true] {
        build::dry(&text, windows);
    }
}
