//! Transport folders: what a layer is made of comes back, what can't be is refused by name, and a scratch layer's files keep
//! what the layers below know of them.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a step that fails fails its test")]

mod trees;

use std::path::{Path, PathBuf};

use hcs_layers::filetime::{BasicInfo, FileTime};
use hcs_layers::reparse::Reparse;
use hcs_layers::tar::Export;
use hcs_layers::{LayerOptions, LayerReader, LayerWriter, What, transport};
use proptest::prelude::*;
use rustix::fs::{CWD, FileType, Mode, XattrFlags};

use trees::{Node, SECURITY, any_info, any_name, any_node, build};

struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// A layer with one file of everything, and nothing below it.
    fn base(&self) -> Vec<PathBuf> {
        let mut layer = LayerWriter::create(&self.path("base"), LayerOptions::default()).unwrap();
        for folder in ["Files", "Files/a", "Files/a/b"] {
            layer.add(folder, &info(0x10)).unwrap();
        }
        for file in ["Files/a/one", "Files/a/two", "Files/a/b/three"] {
            layer.add(file, &info(0x22)).unwrap();
            layer.security(SECURITY).unwrap();
            layer.data(3).unwrap();
            layer.write(b"old").unwrap();
            layer.stream("s", 6).unwrap();
            layer.stream_bytes(b"stream").unwrap();
        }
        layer.add("Files/a/link", &info(0x400)).unwrap();
        layer.reparse(&Reparse::to("C:\\a\\one", false).encode().unwrap()).unwrap();
        layer.finish().unwrap();
        vec![self.path("base")]
    }

    fn import(&self, folder: &Path, name: &str) -> Result<PathBuf, String> {
        let layer = self.path(name);
        transport::import(folder, &layer, vec![self.path("base")]).map_err(|error| chain(&error))?;
        Ok(layer)
    }
}

fn info(attributes: u32) -> BasicInfo {
    let time = |n: i64| FileTime(131_000_000_000_000_000 + n);
    BasicInfo { attributes, created: time(1), accessed: time(2), written: time(3), changed: time(4) }
}

fn chain(error: &dyn std::error::Error) -> String {
    std::iter::successors(Some(error), |error| error.source())
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}

fn tar(layer: &Path) -> Vec<u8> {
    let mut out = Vec::new();
    Export::new().canonical(true).run(layer, &mut out, |_| {}).unwrap();
    out
}

/// Without what a transport folder has no form for: names of one file come as files, and of a folder that hides all below it
/// comes what is below.
fn plain(node: Node) -> Option<Node> {
    match node {
        Node::HardLink => None,
        Node::Folder { info, children, .. } => {
            let children = children.into_iter().filter_map(|(name, node)| Some((name, plain(node)?)));
            Some(Node::Folder { info, children: children.collect(), opaque: false })
        }
        node => Some(node),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20, failure_persistence: None, ..ProptestConfig::default() })]

    /// Layer → transport folder → layer: the same tar comes of both.
    #[test]
    fn a_layer_comes_back_from_a_transport_folder(
        children in proptest::collection::vec((any_name(), any_node()), 0..10), info in any_info(),
    ) {
        let place = Place::new();
        let parents = place.base();
        let path = place.path("made");
        let mut layer = LayerWriter::create(&path, LayerOptions { parents }).unwrap();
        let root = plain(Node::Folder { info, children, opaque: false }).unwrap();
        build(&mut layer, "Files", &root, &mut None);
        layer.add("Hives", &info).ok();
        layer.finish().unwrap();
        let folder = place.path("transport");
        transport::export(&mut LayerReader::open(&path).unwrap(), &folder).unwrap();
        let again = place.import(&folder, "again").unwrap();
        prop_assert!(tar(&again) == tar(&path), "the bytes differ");
    }
}

#[test]
fn the_folder_lies_as_the_service_lays_it() {
    let place = Place::new();
    let base = place.base();
    let mut layer = LayerWriter::create(&place.path("layer"), LayerOptions { parents: base }).unwrap();
    for folder in ["Files", "Files/d", "Hives", "UtilityVM", "UtilityVM/Files"] {
        layer.add(folder, &info(0x10)).unwrap();
    }
    for file in ["Files/d/x", "Hives/System_Delta", "UtilityVM/Files/y"] {
        layer.add(file, &info(0x21)).unwrap();
        layer.security(SECURITY).unwrap();
        layer.data(2).unwrap();
        layer.write(b"hi").unwrap();
    }
    layer.remove("Files/a/b/three").unwrap();
    layer.remove("Files/z").unwrap();
    layer.finish().unwrap();
    let out = place.path("transport");
    transport::export(&mut LayerReader::open(&place.path("layer")).unwrap(), &out).unwrap();

    let mut x = vec![0x21, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    x.extend(SECURITY);
    x.extend([1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    x.extend(b"hi");
    assert_eq!(fs_err::read(out.join("Files/d/x")).unwrap(), x);
    assert_eq!(fs_err::read(out.join("Files/d.$wcidirs$")).unwrap(), [0x10, 0, 0, 0]);
    assert_eq!(fs_err::read(out.join("Hives/System_Delta")).unwrap(), b"hi");
    assert_eq!(fs_err::read(out.join("UtilityVM/Files/y")).unwrap(), b"hi");
    let list = fs_err::read_to_string(out.join("tombstones.txt")).unwrap();
    assert_eq!(list, "\u{feff}Version 1.0\n\\z\n\\a\\b\\three\n");
    let mut entries: Vec<_> =
        fs_err::read_dir(out.join("Files")).unwrap().map(|e| e.unwrap().file_name()).collect();
    entries.sort();
    assert_eq!(entries, ["d", "d.$wcidirs$"]);
}

/// A scratch's `Files`, as an overlay leaves it: `a/one` and `a/link` were there before, the rest is new.
fn scratch(place: &Place) -> PathBuf {
    let files = place.path("scratch/Files");
    fs_err::create_dir_all(files.join("a/b")).unwrap();
    fs_err::create_dir(files.join("new")).unwrap();
    fs_err::write(files.join("a/one"), "changed").unwrap();
    fs_err::write(files.join("a/four"), "new").unwrap();
    fs_err::os::unix::fs::symlink("one", files.join("a/link")).unwrap();
    fs_err::os::unix::fs::symlink("../new", files.join("a/to")).unwrap();
    let mark = |name: &str, attribute, value: &[u8]| {
        rustix::fs::lsetxattr(files.join(name), attribute, value, XattrFlags::empty()).unwrap();
    };
    for name in ["a", "a/one", "a/link"] {
        mark(name, "trusted.overlay.origin", b"handle");
    }
    mark("a/b", "trusted.overlay.opaque", b"y");
    rustix::fs::mknodat(CWD, files.join("a/two"), FileType::CharacterDevice, Mode::empty(), 0).unwrap();
    place.path("scratch")
}

#[test]
fn a_scratch_s_files_keep_what_the_layers_below_know_of_them() {
    let place = Place::new();
    let base = place.base();
    let folder = scratch(&place);
    let mut layer = LayerReader::open_above(&folder, &base).unwrap();
    let mut found = std::collections::BTreeMap::new();
    while let Some(item) = layer.next().unwrap() {
        found.insert((item.path.clone(), item.what), item);
    }
    let object = |path: &str| {
        &found.iter().find(|((name, what), _)| name == path && *what == What::Object).unwrap().1.object
    };
    let (one, four) = (object("Files/a/one"), object("Files/a/four"));
    let known = (one.info.attributes, one.info.created, one.security.as_deref());
    assert_eq!(known, (0x22, info(0).created, Some(SECURITY)));
    assert_ne!(one.info.written, info(0).written);
    assert_eq!((four.info.attributes, four.security.is_none()), (0x20, true));
    assert_eq!(object("Files/a/link").reparse, Some(Reparse::to("C:\\a\\one", false).encode().unwrap()));
    assert_eq!(object("Files/a/to").reparse, Some(Reparse::to("..\\new", false).encode().unwrap()));
    assert_eq!(object("Files/a/to").info.attributes, 0x410);
    let what: Vec<_> = found
        .values()
        .filter(|item| item.what != What::Object)
        .map(|item| (&*item.path, item.what))
        .collect();
    assert_eq!(what, [("Files/a/b", What::Opaque), ("Files/a/two", What::Tombstone)]);

    // The same in a transport folder and in the layer that is made of it, with the folder's content hidden by name.
    let out = place.path("transport");
    transport::export(&mut LayerReader::open_above(&folder, &base).unwrap(), &out).unwrap();
    let list = fs_err::read_to_string(out.join("tombstones.txt")).unwrap();
    assert_eq!(list, "\u{feff}Version 1.0\n\\a\\two\n\\a\\b\\three\n");
    let layer = place.import(&out, "layer").unwrap();
    let mut layer = LayerReader::open(&layer).unwrap();
    let one = std::iter::from_fn(|| layer.next().unwrap()).find(|item| item.path == "Files/a/one").unwrap();
    let mut stream = Vec::new();
    std::io::Read::read_to_end(&mut layer.backup(&one).unwrap(), &mut stream).unwrap();
    assert!(stream.ends_with(b"stream") && stream.windows(7).any(|bytes| bytes == b"changed"));
}

#[test]
fn what_a_transport_folder_can_not_have_is_refused_by_name() {
    let place = Place::new();
    let base = place.base();
    let folder = scratch(&place);
    let out = place.path("transport");
    let export = |parents: &[PathBuf]| {
        let mut layer = LayerReader::open_above(&folder, parents).unwrap();
        transport::export(&mut layer, &out).map_err(|error| chain(&error))
    };
    // Without the layers below nobody knows what is hidden.
    let mut alone = LayerReader::open(&folder).unwrap();
    assert!(chain(&transport::export(&mut alone, &out).unwrap_err()).contains("were not named"));
    assert!(!out.exists(), "something is left");
    fs_err::write(folder.join("Files/x.$wcidirs$"), "").unwrap();
    assert!(export(&base).unwrap_err().contains("carriers"));
    fs_err::remove_file(folder.join("Files/x.$wcidirs$")).unwrap();
    fs_err::os::unix::fs::symlink("/etc/passwd", folder.join("Files/out")).unwrap();
    assert!(export(&base).unwrap_err().contains("Files/out: a symbolic link to an absolute path"));
    fs_err::remove_file(folder.join("Files/out")).unwrap();
    export(&base).unwrap();

    let bad = |what: &str, change: &dyn Fn(&Path)| {
        let copy = place.path("copy");
        transport::export(&mut LayerReader::open_above(&folder, &base).unwrap(), &copy).unwrap();
        change(&copy);
        let error = place.import(&copy, "layer").unwrap_err();
        assert!(error.contains(what), "{what}: {error}");
        assert!(!place.path("layer").exists(), "{what}: something is left");
        fs_err::remove_dir_all(copy).unwrap();
    };
    let write = |name: &'static str, text: &'static str| {
        move |copy: &Path| fs_err::write(copy.join(name), text).unwrap()
    };
    bad("Version 1.0", &write("tombstones.txt", "Version 1.0\n"));
    bad("no path", &write("tombstones.txt", "\u{feff}Version 1.0\r\n\r\n"));
    bad("..", &write("tombstones.txt", "\u{feff}Version 1.0\n\\..\\x\n"));
    bad("tombstones.txt", &|copy| fs_err::remove_file(copy.join("tombstones.txt")).unwrap());
    bad("cannot read Files/a/four", &write("Files/a/four", "\x20\0"));
    bad("header", &write("Files/a/four", "\x20\0\0\0\x01"));
    bad("folder and the disk file", &write("Files/a/four", "\x10\0\0\0"));
    bad("new.$wcidirs$", &|copy| fs_err::remove_file(copy.join("Files/new.$wcidirs$")).unwrap());
    bad("files and folders only", &|copy| {
        fs_err::os::unix::fs::symlink("/etc", copy.join("Files/etc")).unwrap();
    });
    bad("it is there already", &write("tombstones.txt", "\u{feff}Version 1.0\n\\a\\one\n"));
}
