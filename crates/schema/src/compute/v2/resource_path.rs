//! What a [`super::ModifySettingRequest`] can change about a container that runs on the host itself.

/// A [`super::MappedDirectory`], added or removed.
pub const MAPPED_DIRECTORIES: &str = "Container/MappedDirectories";
/// A [`super::MappedPipe`], added or removed.
pub const MAPPED_PIPES: &str = "Container/MappedPipes";
/// The memory limit: a number of MiB.
pub const MEMORY_SIZE_IN_MB: &str = "Container/Memory/SizeInMB";
/// A [`super::Processor`].
pub const PROCESSOR: &str = "Container/Processor";
/// A device, added or removed.
pub const DEVICES: &str = "Container/Devices/Generic";
/// Whether registry changes are written to disk.
pub const REGISTRY_FLUSH_STATE: &str = "Container/RegistryFlushState";
