//! The storage part of the contract: layers of Windows images, at the level of the functions that the service's DLLs
//! export (vmcompute's layer functions, computestorage).
//!
//! A layer is a folder, named by its path. Layers below it are [`LayerDescriptor`]s, the direct parent first, the base
//! last. What the functions do with a layer has an order:
//!
//! | State | next | back |
//! |---|---|---|
//! | there is none | [`create_sandbox_layer`](StorageService::create_sandbox_layer) | |
//! | a scratch layer | [`activate_layer`](StorageService::activate_layer) | [`destroy_layer`](StorageService::destroy_layer) |
//! | activated | [`prepare_layer`](StorageService::prepare_layer) | [`deactivate_layer`](StorageService::deactivate_layer) |
//! | prepared: its volume shows it and what is below | | [`unprepare_layer`](StorageService::unprepare_layer) |
//!
//! Rules for every method:
//! - It blocks until it is done, and waits for other calls on the same layer at most as long as
//!   [`Deadlines::storage`](crate::Deadlines::storage) says.
//! - A read-only layer may be activated, prepared and put back; nothing happens.
//! - A scratch layer that is not activated is not ready to be prepared (`ERROR_NOT_READY`). What is prepared can't be
//!   deactivated, what is activated can't be expanded or destroyed (`ERROR_BUSY`).
//! - Whoever is killed within a call leaves nothing that the next call on that layer does not put right.

use std::fmt;

use crate::{Error, Guid, Result};

/// A layer below another one (`WC_LAYER_DESCRIPTOR`).
#[doc(alias = "WC_LAYER_DESCRIPTOR")]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LayerDescriptor {
    /// What the service calls it: [`StorageService::name_to_guid`] of its folder's name. The Linux host goes by the path.
    pub id: Guid,
    /// Bit 31: made from a scratch as a snapshot; the others are reserved.
    pub flags: u32,
    /// Its folder.
    pub path: String,
}

/// A host's layers.
pub trait StorageService: fmt::Debug + Send + Sync {
    /// Makes an empty read-only layer on top of `parent` (`CreateLayer`).
    ///
    /// # Errors
    /// Already exists, when the folder is there and not empty.
    fn create_layer(&self, layer: &str, parent: &str) -> Result<()>;

    /// Makes a writable layer (`CreateSandboxLayer`): a folder with a `sandbox.vhdx`.
    ///
    /// # Errors
    /// Already exists, when it is there; not found, for a parent that is not; invalid argument, without parents.
    fn create_sandbox_layer(&self, layer: &str, parents: &[LayerDescriptor]) -> Result<()>;

    /// Lets a writable layer hold at least `bytes` (`ExpandSandboxSize`). It is not activated meanwhile.
    ///
    /// # Errors
    /// Invalid argument, below its present size.
    fn expand_sandbox_size(&self, layer: &str, bytes: u64) -> Result<()>;

    /// Mounts a writable layer's disk (`ActivateLayer`).
    ///
    /// # Errors
    /// Not found, for no layer.
    fn activate_layer(&self, layer: &str) -> Result<()>;

    /// Shows a writable layer with those below it (`PrepareLayer`), as the volume of
    /// [`StorageService::layer_mount_path`].
    ///
    /// # Errors
    /// `ERROR_NOT_READY` before it is activated; invalid argument, for other parents than it was made with; already
    /// exists, when it is prepared.
    fn prepare_layer(&self, layer: &str, parents: &[LayerDescriptor]) -> Result<()>;

    /// Where a layer is seen (`GetLayerMountPath`): of a writable one `\\?\Volume{GUID}`, of a read-only one its folder;
    /// empty, for a writable one that is not activated.
    ///
    /// # Errors
    /// Not found, for no layer.
    fn layer_mount_path(&self, layer: &str) -> Result<String>;

    /// Undoes [`StorageService::prepare_layer`] (`UnprepareLayer`).
    ///
    /// # Errors
    /// `ERROR_NOT_READY`, when it is not prepared; `ERROR_BUSY`, while something in it is open.
    fn unprepare_layer(&self, layer: &str) -> Result<()>;

    /// Undoes [`StorageService::activate_layer`] (`DeactivateLayer`).
    ///
    /// # Errors
    /// `ERROR_BUSY` while it is prepared; `ERROR_NOT_READY`, when it is not activated.
    fn deactivate_layer(&self, layer: &str) -> Result<()>;

    /// Removes a layer with all its files (`DestroyLayer`, `HcsDestroyLayer`).
    ///
    /// # Errors
    /// `ERROR_BUSY` while it is activated, or something is mounted in it; not found.
    fn destroy_layer(&self, layer: &str) -> Result<()>;

    /// Whether there is such a layer (`LayerExists`).
    ///
    /// # Errors
    /// The operating system's.
    fn layer_exists(&self, layer: &str) -> Result<bool>;

    /// Writes a layer as a transport folder (`ExportLayer`): files as backup streams, tombstones in a list.
    ///
    /// # Errors
    /// Already exists, when the folder is not empty.
    fn export_layer(&self, layer: &str, folder: &str, parents: &[LayerDescriptor]) -> Result<()>;

    /// Makes a read-only layer of a transport folder (`ImportLayer`).
    ///
    /// # Errors
    /// Already exists, when the layer is not empty; `ERROR_INVALID_DATA`, with the file, for a folder that is none.
    fn import_layer(&self, layer: &str, folder: &str, parents: &[LayerDescriptor]) -> Result<()>;

    /// [`StorageService::import_layer`] with the layers below in a `LayerData` document (`HcsImportLayer`).
    ///
    /// # Errors
    /// As that; invalid document.
    fn import_layer_data(&self, layer: &str, folder: &str, layer_data: &str) -> Result<()>;

    /// [`StorageService::export_layer`] with the layers below in a `LayerData` document (`HcsExportLayer`). `options` is an
    /// `ExportLayerOptions` document.
    ///
    /// # Errors
    /// As that; invalid document.
    fn export_layer_data(&self, layer: &str, folder: &str, layer_data: &str, options: &str) -> Result<()>;

    /// Makes a base layer of a folder with `Files` (`ProcessBaseImage`).
    ///
    /// # Errors
    /// Not found, without `Files`.
    fn process_base_image(&self, layer: &str) -> Result<()>;

    /// Makes a base layer of a folder with `Files` and perhaps `UtilityVM/Files`, as somebody made it by hand: hives that
    /// are not there are made empty (`ConvertToBaseLayer` of the Go library). Hosts without it leave this default.
    ///
    /// # Errors
    /// Not supported; as [`StorageService::process_base_image`].
    fn convert_to_base_layer(&self, layer: &str) -> Result<()> {
        let _ = layer;
        Err(Error::not_supported("ConvertToBaseLayer", "this host makes no hives"))
    }

    /// The same for the image of a utility VM (`ProcessUtilityImage`).
    ///
    /// # Errors
    /// Not found, without `Files`.
    fn process_utility_image(&self, path: &str) -> Result<()>;

    /// The images of the central store (`GetBaseImages`), as a JSON document.
    ///
    /// # Errors
    /// The operating system's.
    fn base_images(&self) -> Result<String>;

    /// The id of a layer by its name (`NameToGuid`). The same name has always the same id on one kind of host.
    ///
    /// # Errors
    /// The service's own.
    fn name_to_guid(&self, name: &str) -> Result<Guid>;

    /// Lets a virtual machine use a file (`GrantVmAccess`).
    ///
    /// # Errors
    /// Not supported, where there are no virtual machines: hosts without them leave this default.
    fn grant_vm_access(&self, vm: &str, file: &str) -> Result<()> {
        let _ = (vm, file);
        Err(Error::not_supported("GrantVmAccess", "this host has no virtual machines"))
    }

    /// Makes a folder a writable layer (`HcsInitializeWritableLayer`). `layer_data` is a `LayerData` document, whose
    /// `Layers` are the parents; `options` is reserved.
    ///
    /// # Errors
    /// As [`StorageService::create_sandbox_layer`]; invalid document.
    fn initialize_writable_layer(&self, layer: &str, layer_data: &str, options: &str) -> Result<()>;

    /// Shows a writable layer with those below it in its own folder (`HcsAttachLayerStorageFilter`).
    ///
    /// # Errors
    /// Already exists, when it is attached; invalid document.
    fn attach_layer_storage_filter(&self, layer: &str, layer_data: &str) -> Result<()>;

    /// Undoes [`StorageService::attach_layer_storage_filter`] (`HcsDetachLayerStorageFilter`).
    ///
    /// # Errors
    /// `ERROR_NOT_READY`, when it is not attached; `ERROR_BUSY`, while something in it is open.
    fn detach_layer_storage_filter(&self, layer: &str) -> Result<()>;

    /// Makes a base layer's disks (`HcsSetupBaseOSLayer`). `options` is an `OsLayerOptions` document. Only the type
    /// `Container`, which needs no disk, has no handle.
    ///
    /// # Errors
    /// Not supported, for the type `Vm`; invalid document.
    fn setup_base_os_layer(&self, layer: &str, options: &str) -> Result<()>;
}
