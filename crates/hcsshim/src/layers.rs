//! Layers of Windows images: made, mounted, handed over, removed.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use hcs_contract::{Error, Guid, LayerDescriptor, Result, StorageService};

use crate::Host;

/// Where a caller keeps its layers, as the Go library has it: a folder, below which a layer's id is its name.
///
/// ```
/// let info = hcsshim::DriverInfo { flavour: 1, home_dir: "/srv/layers".into() };
/// assert_eq!(info.layer("app"), std::path::Path::new("/srv/layers/app"));
/// assert_eq!(hcsshim::DriverInfo::default().layer("/srv/app"), std::path::Path::new("/srv/app"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DriverInfo {
    /// Which driver of Windows: not looked at, there is one.
    pub flavour: i32,
    /// The folder. Empty: ids are paths.
    pub home_dir: String,
}

impl DriverInfo {
    /// The path of the layer `id`.
    pub fn layer(&self, id: &str) -> PathBuf {
        if self.home_dir.is_empty() {
            id.into()
        } else {
            Path::new(&self.home_dir).join(id.trim_start_matches('/'))
        }
    }
}

/// The layers of a host: [`Host::layers`].
///
/// A layer is a folder, named by its path. Layers below it are given as a list, the direct parent first, the base last.
///
/// ```no_run
/// # let host = hcsshim::Host::open(hcsshim::Options::from_env()?)?;
/// let layers = host.layers()?;
/// let parents = ["/srv/layers/app", "/srv/layers/base"];
/// layers.create_scratch("/srv/scratch", &parents)?;
/// let volume = layers.mount("/srv/scratch", &parents)?;
/// println!("{volume} shows the three of them");
/// layers.unmount("/srv/scratch")?;
/// layers.destroy("/srv/scratch")?;
/// # Ok::<(), hcsshim::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Layers {
    service: Arc<dyn StorageService>,
}

impl Host {
    /// The host's layers.
    ///
    /// # Errors
    /// Not supported, by a host that has none.
    pub fn layers(&self) -> Result<Layers> {
        match self.storage() {
            Some(service) => Ok(Layers { service: Arc::clone(service) }),
            None => Err(Error::not_supported("layers", "this host has no storage service")),
        }
    }
}

impl Layers {
    /// The layers of a storage service of your own.
    pub fn from_service(service: Arc<dyn StorageService>) -> Self {
        Self { service }
    }

    /// The contract below this API.
    pub fn service(&self) -> &Arc<dyn StorageService> {
        &self.service
    }

    /// Makes an empty read-only layer on top of `parent`. Service call: `CreateLayer`.
    ///
    /// # Errors
    /// Already exists; the service's own.
    #[doc(alias = "CreateLayer")]
    pub fn create(&self, layer: impl AsRef<Path>, parent: impl AsRef<Path>) -> Result<()> {
        self.service.create_layer(text(layer.as_ref())?, text(parent.as_ref())?)
    }

    /// Makes a writable layer. Service call: `CreateSandboxLayer`.
    ///
    /// # Errors
    /// Already exists; not found, for a parent; the service's own.
    #[doc(alias = "CreateScratchLayer")]
    #[doc(alias = "CreateSandboxLayer")]
    pub fn create_scratch(&self, layer: impl AsRef<Path>, parents: &[impl AsRef<Path>]) -> Result<()> {
        self.service.create_sandbox_layer(text(layer.as_ref())?, &self.descriptors(parents)?)
    }

    /// The same where there is none yet.
    ///
    /// # Errors
    /// As [`Layers::create_scratch`].
    pub fn ensure_scratch(&self, layer: impl AsRef<Path>, parents: &[impl AsRef<Path>]) -> Result<()> {
        match self.create_scratch(layer, parents) {
            Err(error) if error.is_already_exists() => Ok(()),
            result => result,
        }
    }

    /// Lets a writable layer that is not mounted hold at least `bytes`. Service call: `ExpandSandboxSize`.
    ///
    /// # Errors
    /// Invalid argument, for less than it holds; busy, while it is activated.
    #[doc(alias = "ExpandScratchSize")]
    #[doc(alias = "ExpandSandboxSize")]
    pub fn expand_scratch(&self, layer: impl AsRef<Path>, bytes: u64) -> Result<()> {
        self.service.expand_sandbox_size(text(layer.as_ref())?, bytes)
    }

    /// Mounts a writable layer's disk. Service call: `ActivateLayer`.
    ///
    /// # Errors
    /// Not found; the service's own.
    #[doc(alias = "ActivateLayer")]
    pub fn activate(&self, layer: impl AsRef<Path>) -> Result<()> {
        self.service.activate_layer(text(layer.as_ref())?)
    }

    /// Shows an activated layer with those below it. Service call: `PrepareLayer`.
    ///
    /// # Errors
    /// Not ready, before it is activated; already exists, when it is shown; the service's own.
    #[doc(alias = "PrepareLayer")]
    pub fn prepare(&self, layer: impl AsRef<Path>, parents: &[impl AsRef<Path>]) -> Result<()> {
        self.service.prepare_layer(text(layer.as_ref())?, &self.descriptors(parents)?)
    }

    /// Where a layer is seen: of a writable one the path of its volume, of a read-only one its folder. Service call:
    /// `GetLayerMountPath`.
    ///
    /// # Errors
    /// Not found; the service's own.
    #[doc(alias = "GetLayerMountPath")]
    pub fn mount_path(&self, layer: impl AsRef<Path>) -> Result<String> {
        self.service.layer_mount_path(text(layer.as_ref())?)
    }

    /// Undoes [`Layers::prepare`]. Service call: `UnprepareLayer`.
    ///
    /// # Errors
    /// Busy, while something in it is open; not ready; the service's own.
    #[doc(alias = "UnprepareLayer")]
    pub fn unprepare(&self, layer: impl AsRef<Path>) -> Result<()> {
        self.service.unprepare_layer(text(layer.as_ref())?)
    }

    /// Undoes [`Layers::activate`]. Service call: `DeactivateLayer`.
    ///
    /// # Errors
    /// Busy, while it is prepared; not ready; the service's own.
    #[doc(alias = "DeactivateLayer")]
    pub fn deactivate(&self, layer: impl AsRef<Path>) -> Result<()> {
        self.service.deactivate_layer(text(layer.as_ref())?)
    }

    /// Activates and prepares a layer, and says where it is. What fails half way is undone.
    ///
    /// # Errors
    /// As the three calls.
    pub fn mount(&self, layer: impl AsRef<Path>, parents: &[impl AsRef<Path>]) -> Result<String> {
        let layer = layer.as_ref();
        self.activate(layer)?;
        let prepared = self.prepare(layer, parents);
        if let Err(error) = prepared {
            // One that is shown already is somebody else's to undo.
            if !error.is_already_exists() {
                let _ = self.deactivate(layer);
            }
            return Err(error);
        }
        self.mount_path(layer).inspect_err(|_| {
            let _ = self.unmount(layer);
        })
    }

    /// Undoes [`Layers::mount`].
    ///
    /// # Errors
    /// As the two calls; that of the second one, when both fail.
    pub fn unmount(&self, layer: impl AsRef<Path>) -> Result<()> {
        let layer = layer.as_ref();
        let unprepared = self.unprepare(layer);
        self.deactivate(layer).and(unprepared)
    }

    /// Removes a layer with all its files. Service call: `DestroyLayer`.
    ///
    /// # Errors
    /// Not found; busy, while it is activated; the service's own.
    #[doc(alias = "DestroyLayer")]
    pub fn destroy(&self, layer: impl AsRef<Path>) -> Result<()> {
        self.service.destroy_layer(text(layer.as_ref())?)
    }

    /// Whether there is such a layer. Service call: `LayerExists`.
    ///
    /// # Errors
    /// The service's own.
    #[doc(alias = "LayerExists")]
    pub fn exists(&self, layer: impl AsRef<Path>) -> Result<bool> {
        self.service.layer_exists(text(layer.as_ref())?)
    }

    /// Writes a layer as a transport folder, which is new or empty. Service call: `ExportLayer`.
    ///
    /// # Errors
    /// Already exists; the service's own.
    #[doc(alias = "ExportLayer")]
    pub fn export(
        &self,
        layer: impl AsRef<Path>,
        folder: impl AsRef<Path>,
        parents: &[impl AsRef<Path>],
    ) -> Result<()> {
        self.service.export_layer(text(layer.as_ref())?, text(folder.as_ref())?, &self.descriptors(parents)?)
    }

    /// Makes a read-only layer of a transport folder. Service call: `ImportLayer`.
    ///
    /// # Errors
    /// Already exists; the service's own, with the file that is wrong.
    #[doc(alias = "ImportLayer")]
    pub fn import(
        &self,
        layer: impl AsRef<Path>,
        folder: impl AsRef<Path>,
        parents: &[impl AsRef<Path>],
    ) -> Result<()> {
        self.service.import_layer(text(layer.as_ref())?, text(folder.as_ref())?, &self.descriptors(parents)?)
    }

    /// Makes a base layer of a folder with `Files` and hives in it. Service call: `ProcessBaseImage`.
    ///
    /// # Errors
    /// Not found; the service's own.
    #[doc(alias = "ProcessBaseLayer")]
    pub fn process_base(&self, layer: impl AsRef<Path>) -> Result<()> {
        self.service.process_base_image(text(layer.as_ref())?)
    }

    /// The same of the image of a utility VM. Service call: `ProcessUtilityImage`.
    ///
    /// # Errors
    /// Not found; the service's own.
    #[doc(alias = "ProcessUtilityVMImage")]
    pub fn process_utility_vm_image(&self, path: impl AsRef<Path>) -> Result<()> {
        self.service.process_utility_image(text(path.as_ref())?)
    }

    /// Makes a base layer of a tree that was made by hand: hives that are not there are empty ones.
    ///
    /// # Errors
    /// Not found; not supported, by hosts that make no hives.
    #[doc(alias = "ConvertToBaseLayer")]
    pub fn convert_to_base(&self, layer: impl AsRef<Path>) -> Result<()> {
        self.service.convert_to_base_layer(text(layer.as_ref())?)
    }

    /// The images of the host's central store, as the service's JSON document. Service call: `GetBaseImages`.
    ///
    /// # Errors
    /// The service's own.
    #[doc(alias = "GetSharedBaseImages")]
    pub fn shared_base_images(&self) -> Result<String> {
        self.service.base_images()
    }

    /// The id that the service gives a name. Service call: `NameToGuid`.
    ///
    /// # Errors
    /// The service's own.
    #[doc(alias = "NameToGuid")]
    pub fn name_to_guid(&self, name: &str) -> Result<Guid> {
        self.service.name_to_guid(name)
    }

    /// The id of a layer: that of its folder's name.
    ///
    /// # Errors
    /// The service's own.
    #[doc(alias = "LayerID")]
    pub fn layer_id(&self, layer: impl AsRef<Path>) -> Result<Guid> {
        let layer = text(layer.as_ref())?;
        self.name_to_guid(layer.rsplit(['/', '\\']).next().unwrap_or_default())
    }

    fn descriptors(&self, parents: &[impl AsRef<Path>]) -> Result<Vec<LayerDescriptor>> {
        let one = |parent: &Path| {
            Ok(LayerDescriptor { id: self.layer_id(parent)?, flags: 0, path: text(parent)?.to_owned() })
        };
        parents.iter().map(|parent| one(parent.as_ref())).collect()
    }
}

fn text(path: &Path) -> Result<&str> {
    path.to_str().ok_or_else(|| Error::invalid_argument("path", format!("{} is no text", path.display())))
}
