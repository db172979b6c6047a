//! Layers of the server's host. Their paths are that host's.

use hcs_contract::{Deadline, Error, Guid, LayerDescriptor, Result, StorageService};
use hcs_remote_protocol::{StorageCall, WireLayer};
use serde::de::DeserializeOwned;

use crate::service::RemoteHost;

impl RemoteHost {
    /// Makes the call, however long it takes: a connection that is lost ends it.
    fn storage<T: DeserializeOwned>(&self, call: &StorageCall) -> Result<T> {
        let named = |error: Error| error.with_operation(call.kind()).with_object(call.object());
        let answer = self.call(call.kind(), "storage", &call.write()).wait(Deadline::Never).map_err(named)?;
        serde_json::from_str(&answer).map_err(|_| named(Error::unexpected_value("an answer of another kind")))
    }
}

fn wire(parents: &[LayerDescriptor]) -> Vec<WireLayer> {
    parents.iter().map(WireLayer::from).collect()
}

/// Methods that are one call with the parameters' names.
macro_rules! calls {
    ($($method:ident($($parameter:ident: $type:ty),*) $(-> $result:ty)? = $call:ident { $($member:ident: $value:expr),* };)*) => {
        impl StorageService for RemoteHost {
            $(fn $method(&self, $($parameter: $type),*) -> Result<calls!(@result $($result)?)> {
                self.storage(&StorageCall::$call { $($member: $value),* })
            })*

            fn name_to_guid(&self, name: &str) -> Result<Guid> {
                self.storage::<String>(&StorageCall::NameToGuid { name: name.into() })?.parse()
            }
        }
    };
    (@result) => { () };
    (@result $result:ty) => { $result };
}

calls! {
    create_layer(layer: &str, parent: &str) = CreateLayer { layer: layer.into(), parent: parent.into() };
    create_sandbox_layer(layer: &str, parents: &[LayerDescriptor]) =
        CreateSandboxLayer { layer: layer.into(), parents: wire(parents) };
    expand_sandbox_size(layer: &str, bytes: u64) = ExpandSandboxSize { layer: layer.into(), size: bytes };
    activate_layer(layer: &str) = ActivateLayer { layer: layer.into() };
    prepare_layer(layer: &str, parents: &[LayerDescriptor]) =
        PrepareLayer { layer: layer.into(), parents: wire(parents) };
    layer_mount_path(layer: &str) -> String = GetLayerMountPath { layer: layer.into() };
    unprepare_layer(layer: &str) = UnprepareLayer { layer: layer.into() };
    deactivate_layer(layer: &str) = DeactivateLayer { layer: layer.into() };
    destroy_layer(layer: &str) = DestroyLayer { layer: layer.into() };
    layer_exists(layer: &str) -> bool = LayerExists { layer: layer.into() };
    export_layer(layer: &str, folder: &str, parents: &[LayerDescriptor]) =
        ExportLayer { layer: layer.into(), folder: folder.into(), parents: wire(parents) };
    import_layer(layer: &str, folder: &str, parents: &[LayerDescriptor]) =
        ImportLayer { layer: layer.into(), folder: folder.into(), parents: wire(parents) };
    import_layer_data(layer: &str, folder: &str, layer_data: &str) =
        HcsImportLayer { layer: layer.into(), folder: folder.into(), layer_data: layer_data.into() };
    export_layer_data(layer: &str, folder: &str, layer_data: &str, options: &str) = HcsExportLayer {
        layer: layer.into(),
        folder: folder.into(),
        layer_data: layer_data.into(),
        options: options.into()
    };
    process_base_image(layer: &str) = ProcessBaseImage { layer: layer.into() };
    process_utility_image(path: &str) = ProcessUtilityImage { layer: path.into() };
    convert_to_base_layer(layer: &str) = ConvertToBaseLayer { layer: layer.into() };
    base_images() -> String = GetBaseImages {};
    grant_vm_access(vm: &str, file: &str) = GrantVmAccess { vm: vm.into(), file: file.into() };
    initialize_writable_layer(layer: &str, layer_data: &str, options: &str) = HcsInitializeWritableLayer {
        layer: layer.into(),
        layer_data: layer_data.into(),
        options: options.into()
    };
    attach_layer_storage_filter(layer: &str, layer_data: &str) =
        HcsAttachLayerStorageFilter { layer: layer.into(), layer_data: layer_data.into() };
    detach_layer_storage_filter(layer: &str) = HcsDetachLayerStorageFilter { layer: layer.into() };
    setup_base_os_layer(layer: &str, options: &str) =
        HcsSetupBaseOSLayer { layer: layer.into(), options: options.into() };
}
