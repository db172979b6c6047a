//! What a system answers about itself.

use std::collections::BTreeMap;

use super::super::{ExitType, GuestConnectionInfo, OsType, PropertyType, State, SystemType};
use super::{MappedVirtualDisk, ProcessListItem, Statistics};

document! {
    /// Which properties to ask for; none: the basic ones.
    pub struct PropertyQuery {
        /// The properties.
        pub property_types: Vec<PropertyType> = "PropertyTypes" omit,
    }

    /// A compute system's properties, schema 1; also the rows of a list. A result: what was not asked for is
    /// absent, where Go's encoder would write zeros.
    pub struct ContainerProperties {
        /// Its id.
        pub id: String = "Id" always,
        /// Its state.
        pub state: State = "State" always,
        /// Its name.
        pub name: String = "Name" always,
        /// What it is.
        pub system_type: SystemType = "SystemType" always,
        /// Who manages it.
        pub owner: String = "Owner" always,
        /// The GUID of its silo.
        pub silo_guid: String = "SiloGuid" omit,
        /// The GUID of its virtual machine, by which sockets reach it.
        pub runtime_id: String = "RuntimeId" omit,
        /// Others are cloned from it.
        pub is_runtime_template: bool = "IsRuntimeTemplate" omit,
        /// The folder of its virtual machine's image.
        pub runtime_image_path: String = "RuntimeImagePath" omit,
        /// The operating system within; absent before Windows build 17763.
        pub runtime_os_type: OsType = "RuntimeOsType" omit,
        /// It has exited.
        pub stopped: bool = "Stopped" omit,
        /// How it exited.
        pub exit_type: ExitType = "ExitType" omit,
        /// Updates wait for its restart.
        pub are_updates_pending: bool = "AreUpdatesPending" omit,
        /// The root of its objects' names.
        pub ob_root: String = "ObRoot" omit,
        /// Its counters, when asked for.
        pub statistics: Option<Statistics> = "Statistics" omit,
        /// Its processes, when asked for.
        pub process_list: Vec<ProcessListItem> = "ProcessList" omit,
        /// Its virtual disks by controller, when asked for.
        pub mapped_virtual_disk_controllers: BTreeMap<u32, MappedVirtualDiskController> = "MappedVirtualDiskControllers" omit,
        /// What its guest can do, when asked for.
        pub guest_connection_info: Option<GuestConnectionInfo> = "GuestConnectionInfo" omit,
    }

    /// The virtual disks of one controller.
    pub struct MappedVirtualDiskController {
        /// The disks by their place (LUN).
        pub mapped_virtual_disks: BTreeMap<u32, MappedVirtualDisk> = "MappedVirtualDisks" omit,
    }
}

impl MappedVirtualDiskController {
    /// All disks on one controller, in their order, as [`ContainerProperties`] has them; none for no disks.
    pub fn one_of(disks: &[MappedVirtualDisk]) -> BTreeMap<u32, Self> {
        if disks.is_empty() {
            return BTreeMap::new();
        }
        let mapped_virtual_disks = (0..).zip(disks.iter().cloned()).collect();
        BTreeMap::from([(0, Self { mapped_virtual_disks, ..Self::default() })])
    }
}
