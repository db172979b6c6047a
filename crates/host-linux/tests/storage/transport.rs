//! Layers in and out: by transport folders, and base layers of files.

use std::path::Path;

use hcs_contract::{Hresult, LayerDescriptor, StorageService as _};
use hcs_layers::{LayerReader, What};

use super::support::{Place, fails};

fn list(layer: &str) -> Vec<(String, What, Vec<u8>)> {
    let mut reader = LayerReader::open(Path::new(layer)).unwrap();
    let mut found = Vec::new();
    while let Some(item) = reader.next().unwrap() {
        let mut content = Vec::new();
        if let Some(mut file) = reader.content(&item).unwrap() {
            std::io::Read::read_to_end(&mut file, &mut content).unwrap();
        }
        found.push((item.path, item.what, content));
    }
    found
}

/// What programs did in a writable layer becomes a read-only one by an export and an import, and stands below the next.
#[test]
fn a_writable_layer_is_exported_and_imported_as_a_read_only_one() {
    let place = Place::new();
    let (host, base) = (&place.host, place.base());
    let (path, folder) = place.shown("scratch");
    fs_err::write(folder.join("data/one"), "changed").unwrap();
    fs_err::write(folder.join("new"), "new").unwrap();
    fs_err::remove_file(folder.join("hello.txt")).unwrap();
    // A folder that went and came again hides all that was in it.
    fs_err::create_dir(folder.join("data/deep")).unwrap();
    let out = place.path("out");
    fails(host.export_layer(&path, &out, &base), Hresult::ERROR_BUSY, "prepared");
    host.unprepare_layer(&path).unwrap();
    host.export_layer(&path, &out, &base).unwrap();
    fails(host.export_layer(&path, &out, &base), Hresult::ERROR_ALREADY_EXISTS, "out");
    host.deactivate_layer(&path).unwrap();

    let layer = place.path("layer");
    host.import_layer(&layer, &out, &base).unwrap();
    fails(host.import_layer(&layer, &out, &base), Hresult::ERROR_ALREADY_EXISTS, "layer");
    let object = |path: &str, content: &str| (path.to_owned(), What::Object, content.as_bytes().to_vec());
    let (hives, files): (Vec<_>, Vec<_>) =
        list(&layer).into_iter().partition(|(path, ..)| path.starts_with("Hives"));
    assert_eq!(hives.len(), 6);
    assert!(
        hives.iter().any(|(path, _, content)| path == "Hives/System_Delta" && content.starts_with(b"regf"))
    );
    assert_eq!(
        files,
        [
            object("Files", ""),
            ("Files/hello.txt".to_owned(), What::Tombstone, Vec::new()),
            object("Files/data", ""),
            object("Files/data/deep", ""),
            object("Files/data/one", "changed"),
            object("Files/new", "new"),
        ]
    );
    let chain: Vec<_> = [layer, base[0].path.clone()]
        .map(|path| LayerDescriptor { path, ..LayerDescriptor::default() })
        .into();
    let next = place.path("next");
    host.create_sandbox_layer(&next, &chain).unwrap();
    host.activate_layer(&next).unwrap();
    host.prepare_layer(&next, &chain).unwrap();
    let folder = host.volume_path(&host.layer_mount_path(&next).unwrap()).unwrap();
    assert_eq!(fs_err::read(folder.join("data/one")).unwrap(), b"changed");
    assert!(!folder.join("hello.txt").exists() && folder.join("data/two").exists());
    place.hide(&next);
}

#[test]
fn an_import_that_fails_or_was_killed_leaves_nothing_in_the_way() {
    let place = Place::new();
    let (host, base) = (&place.host, place.base());
    let path = place.scratch("scratch");
    let (out, layer) = (place.path("out"), place.path("layer"));
    fails(host.import_layer(&layer, &out, &base), Hresult::ERROR_FILE_NOT_FOUND, "out");
    host.export_layer(&path, &out, &base).unwrap();
    fs_err::write(Path::new(&out).join("tombstones.txt"), "none").unwrap();
    fails(host.import_layer(&layer, &out, &base), Hresult::ERROR_INVALID_DATA, "tombstones");
    assert!(!Path::new(&layer).exists());
    fs_err::write(Path::new(&out).join("tombstones.txt"), "\u{feff}Version 1.0\n").unwrap();
    // As a killed import leaves it: without an end.
    fs_err::create_dir_all(Path::new(&layer).join("Files/half")).unwrap();
    fs_err::write(Path::new(&layer).join("layer.meta"), "").unwrap();
    host.import_layer(&layer, &out, &base).unwrap();
    assert!(!Path::new(&layer).join("Files/half").exists());
}

#[test]
fn a_base_layer_is_made_of_files_with_hives() {
    let place = Place::new();
    let host = &place.host;
    let path = place.path("os");
    let config = Path::new(&path).join("Files/Windows/System32/config");
    fails(host.process_base_image(&path), Hresult::ERROR_NOT_FOUND, "os");
    fs_err::create_dir_all(&config).unwrap();
    fails(host.process_base_image(&path), Hresult::ERROR_FILE_NOT_FOUND, "config/SYSTEM");
    for hive in ["SYSTEM", "SOFTWARE", "SAM", "SECURITY", "DEFAULT"] {
        fs_err::write(config.join(hive), hive).unwrap();
    }
    host.process_base_image(&path).unwrap();
    host.setup_base_os_layer(&path, r#"{"Type":"Container"}"#).unwrap();
    assert_eq!(fs_err::read(Path::new(&path).join("Hives/DEFAULTUSER_BASE")).unwrap(), b"DEFAULT");
    fails(host.setup_base_os_layer(&path, r#"{"Type":"Vm"}"#), Hresult::ERROR_NOT_SUPPORTED, "Type");
    fails(host.process_utility_image(&place.path("os/UtilityVM")), Hresult::ERROR_NOT_FOUND, "UtilityVM");
    host.process_utility_image(&path).unwrap();
}

#[test]
fn a_hand_made_tree_becomes_a_base_layer_with_empty_hives() {
    let place = Place::new();
    let host = &place.host;
    let path = place.path("made");
    fails(host.convert_to_base_layer(&path), Hresult::ERROR_NOT_FOUND, "made");
    fs_err::create_dir_all(Path::new(&path).join("Files/Windows/System32/config")).unwrap();
    fs_err::write(Path::new(&path).join("Files/Windows/System32/config/SAM"), "kept").unwrap();
    host.convert_to_base_layer(&path).unwrap();
    host.convert_to_base_layer(&path).unwrap();
    let hive = fs_err::read(Path::new(&path).join("Hives/SOFTWARE_BASE")).unwrap();
    assert!(hive.starts_with(b"regf") && hive == hcs_layers::hive::empty());
    assert_eq!(fs_err::read(Path::new(&path).join("Hives/SAM_BASE")).unwrap(), b"kept");
    // With a utility VM its boot data is there too, and nothing leads out.
    fs_err::create_dir_all(Path::new(&path).join("UtilityVM/Files")).unwrap();
    fails(host.convert_to_base_layer(&path), Hresult::E_INVALIDARG, "BCD");
    let other = place.path("other");
    fs_err::create_dir_all(Path::new(&other).join("Files")).unwrap();
    fs_err::os::unix::fs::symlink("/var/tmp", Path::new(&other).join("Files/Windows")).unwrap();
    fails(host.convert_to_base_layer(&other), Hresult::E_INVALIDARG, "Files/Windows");
    // It stands below others.
    let parent = [LayerDescriptor { path, ..LayerDescriptor::default() }];
    host.create_sandbox_layer(&place.path("scratch"), &parent).unwrap();
}
