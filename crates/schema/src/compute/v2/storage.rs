//! A container's layers, and what it sees of the host's files.

use super::super::CacheMode;

document! {
    /// A container's storage.
    pub struct Storage {
        /// The read-only layers, top-most first.
        pub layers: Vec<Layer> = "Layers" omit,
        /// The scratch volume or folder. On a Linux host with Linux programs: the root folder.
        pub path: String = "Path" omit,
        /// Limits of the system drive.
        pub qos: Option<StorageQoS> = "QoS" omit,
        /// The root of a host process container.
        pub privileged_container_root_path: String = "PrivilegedContainerRootPath" omit,
    }

    /// A read-only layer.
    pub struct Layer {
        /// GUID text, made from the folder's name.
        pub id: String = "Id" omit,
        /// The layer's folder.
        pub path: String = "Path" omit,
        /// What the path is.
        pub path_type: PathType = "PathType" omit,
        /// How the host caches it.
        pub cache: CacheMode = "Cache" omit,
    }

    /// Limits of a drive.
    pub struct StorageQoS {
        /// Operations per second. 0: no limit.
        pub iops_maximum: u64 = "IopsMaximum" omit,
        /// Bytes per second. 0: no limit.
        pub bandwidth_maximum: u64 = "BandwidthMaximum" omit,
    }

    /// A folder of the host within the container.
    pub struct MappedDirectory {
        /// The folder on the host.
        pub host_path: String = "HostPath" omit,
        /// What that path is.
        pub host_path_type: PathType = "HostPathType" omit,
        /// Where it is seen within.
        pub container_path: String = "ContainerPath" omit,
        /// Nothing can be written from within.
        pub read_only: bool = "ReadOnly" omit,
    }

    /// A named pipe of the host within the container.
    pub struct MappedPipe {
        /// The name within, behind `\\.\pipe\`.
        pub container_pipe_name: String = "ContainerPipeName" omit,
        /// The whole path of the host's pipe.
        pub host_path: String = "HostPath" omit,
        /// What that path is.
        pub host_path_type: PathType = "HostPathType" omit,
    }
}

open_enum! {
    /// What a path is. Empty: absolute.
    pub enum PathType {
        /// A path of the host.
        ABSOLUTE_PATH = "AbsolutePath",
        /// The name of a share of the virtual machine.
        VIRTUAL_SMB_SHARE_NAME = "VirtualSmbShareName",
        /// The name of a pipe of the virtual machine.
        VIRTUAL_SMB_PIPE_NAME = "VirtualSmbPipeName",
    }
}
