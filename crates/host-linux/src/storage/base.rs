//! Base layers: what is made of a tree of files, and the store of bases.

use std::path::Path;

use hcs_contract::{Error, Result};
use rustix::fs::Mode;
use rustix::io::Errno;
use serde::Serialize;

use super::error::{io, object, os};
use super::layer::{FILES, absolute};
use super::volume::make_folder;
use crate::paths::Layout;
use crate::wine::BaseStore;

/// A hive's name among the files, and in `Hives`.
pub(super) const HIVES: [(&str, &str); 5] = [
    ("SYSTEM", "SYSTEM_BASE"),
    ("SOFTWARE", "SOFTWARE_BASE"),
    ("SAM", "SAM_BASE"),
    ("SECURITY", "SECURITY_BASE"),
    ("DEFAULT", "DEFAULTUSER_BASE"),
];
/// Where Windows has its hives.
pub(super) const CONFIG: &str = "Files/Windows/System32/config";

/// Makes a base layer of a folder with `Files`: its hives are there by their names as a layer's too. The disks that Windows
/// makes beside them nobody needs here: a writable layer is a folder or a disk of its own.
pub(super) fn process(layer: &str) -> Result<()> {
    let layer = absolute("layer", layer)?;
    files(&layer)?;
    below(&layer, CONFIG)?;
    let hives = layer.join("Hives");
    make_folder(&hives, Mode::from_raw_mode(0o755))?;
    for (name, base) in HIVES {
        let (from, to) = (layer.join(CONFIG).join(name), hives.join(base));
        let kind = fs_err::symlink_metadata(&from).map_err(|error| io("find the hive", &from, error))?;
        if !kind.is_file() {
            return Err(Error::invalid_argument("layer", format!("{} is no file", from.display())));
        }
        match rustix::fs::link(&from, &to) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(errno) => return Err(os("link the hive", &to, errno)),
        }
    }
    Ok(())
}

/// The same of a folder that somebody made by hand: hives that are not there are empty ones.
pub(super) fn convert(layer: &str) -> Result<()> {
    let folder = absolute("layer", layer)?;
    files(&folder)?;
    let config = folder.join(CONFIG);
    below(&folder, CONFIG)?;
    fs_err::create_dir_all(&config).map_err(|error| io("make", &config, error))?;
    for (name, _) in HIVES {
        let path = config.join(name);
        match fs_err::symlink_metadata(&path) {
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                fs_err::write(&path, hcs_layers::hive::empty()).map_err(|error| io("write", &path, error))?;
            }
            Err(error) => return Err(io("look at", &path, error)),
        }
    }
    let utility = folder.join("UtilityVM");
    let boot = utility.join("Files/EFI/Microsoft/Boot/BCD");
    let has_utility = utility.join(FILES).symlink_metadata().is_ok();
    if has_utility {
        below(&folder, "UtilityVM/Files/EFI/Microsoft/Boot")?;
        if !boot.symlink_metadata().is_ok_and(|found| found.is_file()) {
            return Err(Error::invalid_argument("layer", format!("{} is no file", boot.display())));
        }
    }
    process(layer)?;
    if has_utility { files(&utility) } else { Ok(()) }
}

/// No folder on the way is a link, which would lead out of the layer.
fn below(layer: &Path, path: &str) -> Result<()> {
    let mut folder = layer.to_owned();
    for part in path.split('/') {
        folder.push(part);
        match fs_err::symlink_metadata(&folder) {
            Ok(found) if found.is_dir() => {}
            Ok(_) => {
                return Err(Error::invalid_argument("layer", format!("{} is no folder", folder.display())));
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(io("look at", &folder, error)),
        }
    }
    Ok(())
}

/// Checks that a utility VM's image has files. What Windows makes of them, disks and boot data, only such a VM would use, and
/// none is started here.
pub(super) fn process_utility(path: &str) -> Result<()> {
    files(&absolute("path", path)?)
}

fn files(layer: &Path) -> Result<()> {
    match fs_err::symlink_metadata(layer.join(FILES)) {
        Ok(found) if found.is_dir() => Ok(()),
        Ok(_) => Err(Error::invalid_argument("layer", format!("{}/{FILES} is no folder", layer.display()))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(Error::not_found(object(layer))),
        Err(error) => Err(io("look at", layer, error)),
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Images {
    images: Vec<Image>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Image {
    name: String,
    version: String,
    path: String,
}

/// The Wine bases, which are what containers here stand on.
pub(super) fn images(layout: &Layout) -> Result<String> {
    let bases = BaseStore::new(layout.root().join("bases")).list().map_err(crate::compute::from_wine)?;
    let images = bases.iter().map(|base| Image {
        name: base.info().id.clone(),
        version: base.info().os_version.clone(),
        path: base.path().display().to_string(),
    });
    Ok(serde_json::to_string(&Images { images: images.collect() }).expect("plain texts"))
}
