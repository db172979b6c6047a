//! Layers as folders, and folders as layers.

use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::Path;

use hcs_images::{Change, Digest, ImageError, Platform};
use rustix::fs::{CWD, FileType, Mode, XattrFlags};
use serde_json::json;

use crate::support::{Made, Place, name, tar};

#[test]
fn a_layer_of_another_digest_leaves_nothing() {
    let place = Place::new();
    let made = Made::new(&[tar(&[("a", "1")])]);
    let lying = made.with_config(|config| {
        config["rootfs"]["diff_ids"][0] = json!(Digest::of(b"another").to_string());
    });
    lying.layout(&place.path("layout"));
    let entry = place.load(&place.path("layout")).unwrap().remove(0);
    let error = place.prepare(&entry).unwrap_err();
    assert!(matches!(error, ImageError::Mismatch { .. }), "{error}");
    assert!(place.names("layers").is_empty());
    assert!(
        place.names("work").iter().all(|name| Path::new(name).extension().is_some_and(|end| end == "lock"))
    );
}

#[test]
fn a_chain_is_unpacked_once_whoever_needs_it() {
    let place = Place::new();
    let layer = tar(&[("a", "1")]);
    for (folder, above) in [("one", "2"), ("two", "3")] {
        Made::new(&[layer.clone(), tar(&[("b", above)])]).layout(&place.path(folder));
    }
    let one = place.load(&place.path("one")).unwrap().remove(0);
    let two = place.store.load(&place.path("two"), Some(&name("y:1")), None).unwrap().remove(0);
    let folders = std::thread::scope(|scope| {
        let threads = [&one, &two, &one, &two].map(|entry| scope.spawn(|| place.prepare(entry).unwrap()));
        threads.map(|thread| thread.join().unwrap())
    });
    assert_eq!((&folders[0], &folders[1]), (&folders[2], &folders[3]));
    assert_eq!(folders[0][0], folders[1][0]);
    assert_ne!(folders[0][1], folders[1][1]);
    assert_eq!(place.names("layers").len(), 3);
}

#[test]
fn an_image_of_another_system_with_the_same_layers_has_other_folders() {
    let place = Place::new();
    let layer = tar(&[("Files/", ""), ("Files/a", "1")]);
    Made::new(std::slice::from_ref(&layer)).layout(&place.path("linux"));
    let windows = Made::new(&[layer]).with_config(|config| {
        (config["os"], config["os.version"]) = (json!("windows"), json!("10.0.20348.1"));
    });
    windows.layout(&place.path("windows"));
    let linux = place.load(&place.path("linux")).unwrap().remove(0);
    let wanted = "windows/amd64".parse().unwrap();
    let windows =
        place.store.load(&place.path("windows"), Some(&name("w:1")), Some(&wanted)).unwrap().remove(0);
    let folders = [linux, windows].map(|entry| place.prepare(&entry).unwrap().remove(0));
    assert!(folders[0].join("Files/a").is_file() && folders[1].join("a").is_file());
    assert!(!folders[1].join("Files").exists());
}

/// An upper folder as a kernel leaves it.
fn upper(folder: &Path) {
    fs_err::create_dir_all(folder.join("new/deep")).unwrap();
    fs_err::write(folder.join("new/deep/file"), "content").unwrap();
    fs_err::hard_link(folder.join("new/deep/file"), folder.join("new/name")).unwrap();
    fs_err::os::unix::fs::symlink("deep/file", folder.join("new/link")).unwrap();
    std::os::unix::fs::chown(folder.join("new/deep/file"), Some(100_007), Some(100_008)).unwrap();
    rustix::fs::setxattr(folder.join("new/deep/file"), "user.x", b"y", XattrFlags::empty()).unwrap();
    fs_err::create_dir(folder.join("opaque")).unwrap();
    rustix::fs::setxattr(folder.join("opaque"), "trusted.overlay.opaque", b"y", XattrFlags::empty()).unwrap();
    rustix::fs::setxattr(folder.join("new"), "trusted.overlay.impure", b"y", XattrFlags::empty()).unwrap();
    rustix::fs::mknodat(CWD, folder.join("gone"), FileType::CharacterDevice, Mode::empty(), 0).unwrap();
    rustix::fs::mknodat(CWD, folder.join("socket"), FileType::Socket, Mode::empty(), 0).unwrap();
    fs_err::create_dir_all(folder.join("volume/within")).unwrap();
    for name in ["new", "new/deep", "new/link", "opaque", "socket", "volume", "volume/within"] {
        std::os::unix::fs::lchown(folder.join(name), Some(100_000), Some(100_000)).unwrap();
    }
}

#[test]
fn what_a_container_wrote_is_a_layer_that_unpacks_to_the_same() {
    let place = Place::new();
    upper(&place.path("upper"));
    let config = hcs_images::Config {
        volumes: Some([("/volume".to_owned(), json!({}))].into()),
        ..Default::default()
    };
    let change = Change {
        platform: Platform { os: "linux".into(), architecture: "amd64".into(), ..Platform::default() },
        written: Some((place.path("upper"), 100_000)),
        config: Some(config),
        created: Some("2026-01-01T00:00:00Z".into()),
        created_by: "test".into(),
        ..Change::default()
    };
    let (entry, warnings) = place.store.commit(&change, &name("made:1")).unwrap();
    assert!(warnings.len() == 1 && warnings[0].contains("socket"), "{warnings:?}");
    let files = place.prepare(&entry).unwrap().remove(0);
    let found = fs_err::metadata(files.join("new/deep/file")).unwrap();
    assert_eq!((found.uid(), found.gid(), found.nlink()), (7, 8, 2));
    assert_eq!(fs_err::read_to_string(files.join("new/name")).unwrap(), "content");
    assert_eq!(fs_err::read_link(files.join("new/link")).unwrap(), Path::new("deep/file"));
    let attribute = |path: &str, name: &str| {
        let mut value = [0; 8];
        rustix::fs::getxattr(files.join(path), name, &mut value).map(|count| value[..count].to_vec())
    };
    assert_eq!(attribute("new/deep/file", "user.x").unwrap(), b"y");
    assert_eq!(attribute("opaque", "trusted.overlay.opaque").unwrap(), b"y");
    assert!(attribute("new", "trusted.overlay.impure").is_err());
    let gone = fs_err::symlink_metadata(files.join("gone")).unwrap();
    assert!(gone.file_type().is_char_device() && gone.rdev() == 0);
    assert!(files.join("volume").is_dir() && !files.join("volume/within").exists());
    // The same again is the same image.
    let (again, _) = place.store.commit(&change, &name("made:2")).unwrap();
    assert_eq!(again.manifest, entry.manifest);
    // Nobody becomes root by it.
    std::os::unix::fs::chown(place.path("upper/opaque"), Some(5), None).unwrap();
    let error = place.store.commit(&change, &name("made:3")).unwrap_err();
    assert!(error.to_string().starts_with("opaque: its owner"), "{error}");
}

#[test]
fn content_that_lies_in_a_lower_layer_is_refused_by_name() {
    let place = Place::new();
    fs_err::create_dir_all(place.path("upper/moved")).unwrap();
    rustix::fs::setxattr(place.path("upper/moved"), "trusted.overlay.redirect", b"/x", XattrFlags::empty())
        .unwrap();
    let written = Some((place.path("upper"), 0));
    let error = place.store.commit(&Change { written, ..Change::default() }, &name("x:1")).unwrap_err();
    assert!(error.to_string().starts_with("moved: "), "{error}");
    assert!(place.store.list().unwrap().is_empty());
}

#[test]
fn a_windows_layer_comes_back_as_it_was_written() {
    let place = Place::new();
    let upper = place.path("upper");
    fs_err::create_dir_all(upper.join("App/sub")).unwrap();
    fs_err::write(upper.join("App/a.txt"), "a").unwrap();
    fs_err::hard_link(upper.join("App/a.txt"), upper.join("App/b.txt")).unwrap();
    rustix::fs::mknodat(CWD, upper.join("App/old.txt"), FileType::CharacterDevice, Mode::empty(), 0).unwrap();
    let platform = Platform { os: "windows".into(), architecture: "amd64".into(), ..Platform::default() };
    let change = Change { platform, written: Some((upper.clone(), 0)), ..Change::default() };
    let (entry, _) = place.store.commit(&change, &name("w:1")).unwrap();
    let files = place.prepare(&entry).unwrap().remove(0);
    assert_eq!(fs_err::read_to_string(files.join("App/b.txt")).unwrap(), "a");
    assert!(fs_err::symlink_metadata(files.join("App/old.txt")).unwrap().file_type().is_char_device());
    fs_err::os::unix::fs::symlink("x", upper.join("link")).unwrap();
    let error = place.store.commit(&change, &name("w:2")).unwrap_err();
    assert!(error.to_string().contains("link"), "{error}");
}

#[test]
fn one_layer_or_all_of_them_are_a_file_system() {
    let place = Place::new();
    let made = Made::new(&[tar(&[("a", "1"), ("b", "2")]), tar(&[(".wh.a", ""), ("c", "3")])]);
    made.layout(&place.path("layout"));
    let entry = place.load(&place.path("layout")).unwrap().remove(0);
    let documents = place.store.documents(&entry.manifest).unwrap();
    let export = |layer| {
        let path = place.path("out.img");
        let file =
            fs_err::File::options().read(true).write(true).create(true).truncate(true).open(&path).unwrap();
        place.store.export_ext4(&documents, layer, file.into_parts().0, false).map(|_| path)
    };
    let has = |layer, file: &str| {
        let image = fs_err::File::open(export(layer).unwrap()).unwrap().into_parts().0;
        hcs_ext4::read::FileSystem::open(image).unwrap().lookup(file.as_bytes(), false).is_ok()
    };
    assert!(!has(None, "a") && has(None, "b") && has(None, "c"));
    assert!(has(Some(1), "a") && !has(Some(1), "c"));
    assert!(has(Some(2), "a") && has(Some(2), "c"), "a whiteout is a device");
    assert!(matches!(export(Some(3)), Err(ImageError::Invalid { .. })));
}
