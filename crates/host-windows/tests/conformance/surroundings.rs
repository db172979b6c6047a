//! What the half on Linux tells the half on Windows about what it made.

/// One variable of the environment has it all, as JSON. Paths are Windows's, by the drive that is the host's root.
pub(crate) const VARIABLE: &str = "HCS_CONFORMANCE_SURROUNDINGS";

/// Root folder of Linux containers.
pub(crate) const ROOT: &str = "Root";

/// Base of Windows containers, and the folder of the probe; absent when no case of theirs is to run.
pub(crate) const BASE: &str = "Base";

/// See [`BASE`].
pub(crate) const PROBE: &str = "Probe";

/// An empty folder for folders to be mapped.
pub(crate) const FOLDER: &str = "Folder";
