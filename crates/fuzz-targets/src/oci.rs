//! Documents of images, names of images, what registries ask for, and Dockerfiles.

/// Manifests, lists of them, configurations, names, challenges.
///
/// # Panics
/// When what was accepted is something else once it is written and read again.
pub fn image_documents(bytes: &[u8]) {
    hcs_images::fuzzing::image_documents(bytes);
}

/// A Dockerfile.
pub fn dockerfile(bytes: &[u8]) {
    hcs_images::fuzzing::dockerfile(bytes);
}
