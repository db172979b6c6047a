//! Calls of the storage service as a message: one form for both sides, and one route.

use hcs_contract::{Error, Guid, LayerDescriptor, Object, OperationKind, Result, StorageService};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A layer below another one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct WireLayer {
    /// The GUID, as text.
    pub id: String,
    /// As [`LayerDescriptor::flags`].
    #[serde(default)]
    pub flags: u32,
    /// Its folder.
    pub path: String,
}

macro_rules! calls {
    ($($(#[$doc:meta])* $name:ident $kind:ident { $($member:ident: $type:ty),* } = |$service:ident| $call:expr;)*) => {
        /// A call of [`StorageService`], by the name of the DLLs' function.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(tag = "Call", rename_all_fields = "PascalCase", deny_unknown_fields)]
        #[expect(missing_docs, reason = "the members are the parameters of the service's methods")]
        pub enum StorageCall {
            $($(#[$doc])* $name { $($member: $type),* },)*
        }

        impl StorageCall {
            /// What kind of operation it is.
            pub fn kind(&self) -> OperationKind {
                match self {
                    $(Self::$name { .. } => OperationKind::$kind,)*
                }
            }

            /// Makes the call; its result, null where there is none.
            ///
            /// # Errors
            /// The service's; invalid argument, for identifiers that are none.
            pub fn make(&self, service: &dyn StorageService) -> Result<Value> {
                match self {
                    $(Self::$name { $($member),* } => {
                        let $service = service;
                        $call
                    })*
                }
            }
        }
    };
}

calls! {
    /// `create_layer`
    CreateLayer CreateLayer { layer: String, parent: String } = |it| done(it.create_layer(layer, parent));
    /// `create_sandbox_layer`
    CreateSandboxLayer CreateLayer { layer: String, parents: Vec<WireLayer> } =
        |it| done(it.create_sandbox_layer(layer, &descriptors(parents)?));
    /// `expand_sandbox_size`
    ExpandSandboxSize ExpandLayer { layer: String, size: u64 } = |it| done(it.expand_sandbox_size(layer, *size));
    /// `activate_layer`
    ActivateLayer ActivateLayer { layer: String } = |it| done(it.activate_layer(layer));
    /// `prepare_layer`
    PrepareLayer PrepareLayer { layer: String, parents: Vec<WireLayer> } =
        |it| done(it.prepare_layer(layer, &descriptors(parents)?));
    /// `layer_mount_path`: a text
    GetLayerMountPath InspectLayer { layer: String } = |it| it.layer_mount_path(layer).map(Value::from);
    /// `unprepare_layer`
    UnprepareLayer UnprepareLayer { layer: String } = |it| done(it.unprepare_layer(layer));
    /// `deactivate_layer`
    DeactivateLayer DeactivateLayer { layer: String } = |it| done(it.deactivate_layer(layer));
    /// `destroy_layer`
    DestroyLayer DestroyLayer { layer: String } = |it| done(it.destroy_layer(layer));
    /// `layer_exists`: a boolean
    LayerExists InspectLayer { layer: String } = |it| it.layer_exists(layer).map(Value::from);
    /// `export_layer`
    ExportLayer ExportLayer { layer: String, folder: String, parents: Vec<WireLayer> } =
        |it| done(it.export_layer(layer, folder, &descriptors(parents)?));
    /// `import_layer`
    ImportLayer ImportLayer { layer: String, folder: String, parents: Vec<WireLayer> } =
        |it| done(it.import_layer(layer, folder, &descriptors(parents)?));
    /// `import_layer_data`
    HcsImportLayer ImportLayer { layer: String, folder: String, layer_data: String } =
        |it| done(it.import_layer_data(layer, folder, layer_data));
    /// `export_layer_data`
    HcsExportLayer ExportLayer { layer: String, folder: String, layer_data: String, options: String } =
        |it| done(it.export_layer_data(layer, folder, layer_data, options));
    /// `process_base_image`
    ProcessBaseImage ProcessLayer { layer: String } = |it| done(it.process_base_image(layer));
    /// `process_utility_image`
    ProcessUtilityImage ProcessLayer { layer: String } = |it| done(it.process_utility_image(layer));
    /// `convert_to_base_layer`
    ConvertToBaseLayer ProcessLayer { layer: String } = |it| done(it.convert_to_base_layer(layer));
    /// `base_images`: a document, as text
    GetBaseImages InspectLayer {} = |it| it.base_images().map(Value::from);
    /// `name_to_guid`: a GUID, as text
    NameToGuid InspectLayer { name: String } = |it| it.name_to_guid(name).map(|guid| guid.to_string().into());
    /// `grant_vm_access`
    GrantVmAccess ProcessLayer { vm: String, file: String } = |it| done(it.grant_vm_access(vm, file));
    /// `initialize_writable_layer`
    HcsInitializeWritableLayer CreateLayer { layer: String, layer_data: String, options: String } =
        |it| done(it.initialize_writable_layer(layer, layer_data, options));
    /// `attach_layer_storage_filter`
    HcsAttachLayerStorageFilter PrepareLayer { layer: String, layer_data: String } =
        |it| done(it.attach_layer_storage_filter(layer, layer_data));
    /// `detach_layer_storage_filter`
    HcsDetachLayerStorageFilter UnprepareLayer { layer: String } =
        |it| done(it.detach_layer_storage_filter(layer));
    /// `setup_base_os_layer`
    HcsSetupBaseOSLayer ProcessLayer { layer: String, options: String } =
        |it| done(it.setup_base_os_layer(layer, options));
}

impl StorageCall {
    /// From its JSON text.
    ///
    /// # Errors
    /// Invalid document.
    pub fn read(text: &str) -> Result<Self> {
        serde_json::from_str(text).map_err(|error| Error::invalid_document("", error.to_string()))
    }

    /// Its JSON text.
    pub fn write(&self) -> String {
        // Texts and numbers can always be written.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// What it is about.
    pub fn object(&self) -> Object {
        let Ok(Value::Object(members)) = serde_json::to_value(self) else { return Object::service() };
        match members.get("Layer").and_then(Value::as_str) {
            Some(layer) => Object::layer(layer),
            None => Object::service(),
        }
    }
}

fn done(result: Result<()>) -> Result<Value> {
    result.map(|()| json!(null))
}

fn descriptors(layers: &[WireLayer]) -> Result<Vec<LayerDescriptor>> {
    let one = |layer: &WireLayer| {
        let id: Guid = layer.id.parse()?;
        Ok(LayerDescriptor { id, flags: layer.flags, path: layer.path.clone() })
    };
    layers.iter().map(one).collect()
}

impl From<&LayerDescriptor> for WireLayer {
    fn from(layer: &LayerDescriptor) -> Self {
        Self { id: layer.id.to_string(), flags: layer.flags, path: layer.path.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_read_as_it_is_written_and_what_it_does_not_have_is_refused() {
        let layer = LayerDescriptor { id: Guid([7; 16]), flags: 1, path: "/base".into() };
        let call = StorageCall::PrepareLayer { layer: "/l".into(), parents: vec![WireLayer::from(&layer)] };
        let text = call.write();
        assert!(
            text.starts_with(r#"{"Call":"PrepareLayer","Layer":"/l","Parents":[{"Id":"07070707-"#),
            "{text}"
        );
        assert_eq!(StorageCall::read(&text).unwrap(), call);
        assert_eq!((call.kind(), call.object()), (OperationKind::PrepareLayer, Object::layer("/l")));
        for bad in [
            r#"{"Call":"Nothing"}"#,
            r#"{"Call":"ActivateLayer"}"#,
            r#"{"Call":"GetBaseImages","Layer":"x"}"#,
            "{",
        ] {
            StorageCall::read(bad).unwrap_err();
        }
    }
}
