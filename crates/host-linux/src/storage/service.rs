//! The calls of the contract.

use std::path::Path;

use hcs_contract::{Error, Guid, LayerDescriptor, Object, OperationKind, Result, StorageService};
use hcs_layers::metadata::MetadataError;
use hcs_layers::{LayerError, LayerOptions, LayerReader, LayerWriter, transport};

use super::error::layer as failure;
use super::layer::{self, FILES, Kind};
use super::scratch::Call;
use super::{base, data};
use crate::compute::LinuxHost;

/// The namespace of layers' identifiers: ours, because that of Windows is not known.
const NAMES: Guid = Guid(*b"\x9d\x3c\x71\x0e\x52\xb8\x0d\x44\xa1\x6f\x25\xc4\xe7\x18\x93\x5a");

impl LinuxHost {
    fn storage(&self) -> Call<'_> {
        let deadlines = &self.engine().options().deadlines;
        Call { layout: self.engine().layout(), deadline: deadlines.deadline(OperationKind::PrepareLayer) }
    }

    /// Reads a layer, entry by entry. One that is writable is not prepared meanwhile, and with a size it is activated.
    ///
    /// # Errors
    /// As [`StorageService::export_layer`].
    #[doc(alias = "NewLayerReader")]
    pub fn layer_reader(&self, layer: &str, parents: &[LayerDescriptor]) -> Result<LayerReader> {
        named(OperationKind::ExportLayer, layer, || {
            self.storage().read(layer, parents, |files, parents| {
                LayerReader::open_above(files, parents).map_err(failure)
            })
        })
    }

    /// Makes a read-only layer, entry by entry.
    ///
    /// # Errors
    /// As [`StorageService::import_layer`].
    #[doc(alias = "NewLayerWriter")]
    pub fn layer_writer(&self, layer: &str, parents: &[LayerDescriptor]) -> Result<LayerWriter> {
        named(OperationKind::ImportLayer, layer, || {
            let parents = layer::parents(parents)?;
            let layer = layer::real(layer)?;
            self.storage().with(&layer, |_| {
                remove_unfinished(&layer)?;
                LayerWriter::create(&layer, LayerOptions { parents }).map_err(failure)
            })
        })
    }

    /// Shows a prepared layer at a folder too, as `SetVolumeMountPoint` of Windows does it.
    ///
    /// # Errors
    /// `ERROR_NOT_READY`, for one that is not prepared; the operating system's.
    #[doc(alias = "SetVolumeMountPoint")]
    pub fn add_mount_point(&self, layer: &str, folder: &Path) -> Result<()> {
        named(OperationKind::PrepareLayer, layer, || self.storage().add_point(layer, folder))
    }

    /// Undoes [`LinuxHost::add_mount_point`]. Until then the layer stays prepared.
    ///
    /// # Errors
    /// Invalid argument, for a folder that shows it not; `ERROR_BUSY`, while something in it is open.
    #[doc(alias = "DeleteVolumeMountPoint")]
    pub fn remove_mount_point(&self, layer: &str, folder: &Path) -> Result<()> {
        named(OperationKind::UnprepareLayer, layer, || self.storage().remove_point(layer, folder))
    }

    /// The folder behind a path of a volume that [`StorageService::layer_mount_path`] gave out, `\\?\Volume{GUID}` with or
    /// without more behind it.
    ///
    /// # Errors
    /// Not found, for a volume that shows no layer now; invalid argument, for other paths.
    pub fn volume_path(&self, path: &str) -> Result<std::path::PathBuf> {
        match super::volume::resolve(self.engine().layout(), path) {
            Ok(Some((folder, _))) => Ok(folder),
            Ok(None) => Err(Error::invalid_argument("path", format!("{path:?} is no path of a volume"))),
            Err(message) => Err(Error::not_found(Object::layer(path)).with_message(message)),
        }
    }
}

fn named<T>(kind: OperationKind, layer: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    if !rustix::process::geteuid().is_root() {
        return Err(Error::access_denied("layers are made and mounted with root's rights on this host")
            .with_hint("run the program as root, with sudo")
            .with_operation(kind)
            .with_object(Object::layer(layer)));
    }
    work().map_err(|error| error.with_operation(kind).with_object(Object::layer(layer)))
}

impl StorageService for LinuxHost {
    fn create_layer(&self, layer: &str, parent: &str) -> Result<()> {
        named(OperationKind::CreateLayer, layer, || {
            let parents = if parent.is_empty() { Vec::new() } else { vec![descriptor(parent)] };
            let parents = layer::parents(&parents)?;
            let folder = layer::real(layer)?;
            self.storage().with(&folder, |_| {
                remove_unfinished(&folder)?;
                let make = || {
                    let mut writer = LayerWriter::create(&folder, LayerOptions { parents })?;
                    writer.add(FILES, &folder_now())?;
                    writer.finish()
                };
                make().map_err(failure)
            })
        })
    }

    fn create_sandbox_layer(&self, layer: &str, parents: &[LayerDescriptor]) -> Result<()> {
        named(OperationKind::CreateLayer, layer, || self.storage().create(layer, parents))
    }

    fn expand_sandbox_size(&self, layer: &str, bytes: u64) -> Result<()> {
        named(OperationKind::ExpandLayer, layer, || self.storage().expand(layer, bytes))
    }

    fn activate_layer(&self, layer: &str) -> Result<()> {
        named(OperationKind::ActivateLayer, layer, || self.storage().activate(layer).map(drop))
    }

    fn prepare_layer(&self, layer: &str, parents: &[LayerDescriptor]) -> Result<()> {
        named(OperationKind::PrepareLayer, layer, || self.storage().prepare(layer, parents))
    }

    fn layer_mount_path(&self, layer: &str) -> Result<String> {
        named(OperationKind::InspectLayer, layer, || self.storage().mount_path(layer))
    }

    fn unprepare_layer(&self, layer: &str) -> Result<()> {
        named(OperationKind::UnprepareLayer, layer, || self.storage().unprepare(layer))
    }

    fn deactivate_layer(&self, layer: &str) -> Result<()> {
        named(OperationKind::DeactivateLayer, layer, || self.storage().deactivate(layer))
    }

    fn destroy_layer(&self, layer: &str) -> Result<()> {
        named(OperationKind::DestroyLayer, layer, || self.storage().destroy(layer))
    }

    fn layer_exists(&self, layer: &str) -> Result<bool> {
        named(OperationKind::InspectLayer, layer, || match layer::real(layer) {
            Ok(folder) => Ok(Kind::of(&folder)?.is_some()),
            Err(error) if error.is_not_exist() => Ok(false),
            Err(error) => Err(error),
        })
    }

    fn export_layer(&self, layer: &str, folder: &str, parents: &[LayerDescriptor]) -> Result<()> {
        named(OperationKind::ExportLayer, layer, || {
            let folder = layer::absolute("folder", folder)?;
            self.storage().read(layer, parents, |files, parents| {
                let export = || {
                    let mut layer = LayerReader::open_above(files, parents)?;
                    transport::export(&mut layer, &folder)
                };
                export().map_err(failure)
            })
        })
    }

    fn import_layer(&self, layer: &str, folder: &str, parents: &[LayerDescriptor]) -> Result<()> {
        named(OperationKind::ImportLayer, layer, || {
            let from = layer::absolute("folder", folder)?;
            let parents = layer::parents(parents)?;
            let layer = layer::real(layer)?;
            self.storage().with(&layer, |_| {
                remove_unfinished(&layer)?;
                transport::import(&from, &layer, parents).map_err(failure)
            })
        })
    }

    fn process_base_image(&self, layer: &str) -> Result<()> {
        named(OperationKind::ProcessLayer, layer, || base::process(layer))
    }

    fn convert_to_base_layer(&self, layer: &str) -> Result<()> {
        named(OperationKind::ProcessLayer, layer, || base::convert(layer))
    }

    fn process_utility_image(&self, path: &str) -> Result<()> {
        named(OperationKind::ProcessLayer, path, || base::process_utility(path))
    }

    fn base_images(&self) -> Result<String> {
        let images = base::images(self.engine().layout());
        images.map_err(|error| error.with_operation(OperationKind::InspectLayer))
    }

    fn name_to_guid(&self, name: &str) -> Result<Guid> {
        Ok(Guid::of_name(NAMES, name.as_bytes()))
    }

    fn initialize_writable_layer(&self, layer: &str, layer_data: &str, options: &str) -> Result<()> {
        named(OperationKind::CreateLayer, layer, || {
            if !options.trim().is_empty() {
                return Err(Error::not_supported("options", "none are known"));
            }
            self.storage().create(layer, &data::layers(layer_data)?)
        })
    }

    fn attach_layer_storage_filter(&self, layer: &str, layer_data: &str) -> Result<()> {
        named(OperationKind::PrepareLayer, layer, || self.storage().attach(layer, &data::layers(layer_data)?))
    }

    fn detach_layer_storage_filter(&self, layer: &str) -> Result<()> {
        named(OperationKind::UnprepareLayer, layer, || self.storage().detach(layer))
    }

    fn setup_base_os_layer(&self, layer: &str, options: &str) -> Result<()> {
        named(OperationKind::ProcessLayer, layer, || {
            data::os_layer(options)?;
            base::process(layer)
        })
    }

    fn import_layer_data(&self, layer: &str, folder: &str, layer_data: &str) -> Result<()> {
        let parents = named(OperationKind::ImportLayer, layer, || data::layers(layer_data))?;
        self.import_layer(layer, folder, &parents)
    }

    fn export_layer_data(&self, layer: &str, folder: &str, layer_data: &str, options: &str) -> Result<()> {
        let parents = named(OperationKind::ExportLayer, layer, || {
            data::export_options(options)?;
            data::layers(layer_data)
        })?;
        self.export_layer(layer, folder, &parents)
    }
}

fn descriptor(path: &str) -> LayerDescriptor {
    LayerDescriptor { path: path.to_owned(), ..LayerDescriptor::default() }
}

/// A folder that is made now.
fn folder_now() -> hcs_layers::filetime::BasicInfo {
    use hcs_layers::filetime::{BasicInfo, FileTime, attributes};
    let now = jiff::Timestamp::now();
    let time =
        FileTime::from_unix(now.as_second(), u32::try_from(now.subsec_nanosecond()).unwrap_or_default());
    BasicInfo {
        created: time,
        accessed: time,
        written: time,
        changed: time,
        attributes: attributes::DIRECTORY,
    }
}

/// What a call left that was killed over making a read-only layer.
fn remove_unfinished(layer: &Path) -> Result<()> {
    match LayerReader::open(layer) {
        Err(LayerError::Metadata(MetadataError::Unfinished)) => hcs_layers::destroy(layer).map_err(failure),
        _ => Ok(()),
    }
}
