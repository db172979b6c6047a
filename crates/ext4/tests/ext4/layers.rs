//! Layers: whiteouts kept, turned into those of overlays, or applied; and entries in whatever order.

use hcs_ext4::read::{FileSystem, FileType};
use hcs_ext4::tar::Source;
use hcs_ext4::{Convert, Options, Whiteouts, Writer};

use crate::archive::{Archive, Header};
use crate::tools::{assert_clean, folder};

type System = FileSystem<std::fs::File>;

/// The image of some layers, which e2fsck accepts.
fn convert(convert: Convert, layers: &[Archive]) -> System {
    let dir = folder();
    let path = dir.path().join("image");
    let file = fs_err::File::options().read(true).write(true).create_new(true).open(&path).unwrap();
    let mut writer = Writer::new(file.into_parts().0, Options::new()).unwrap();
    for (n, layer) in layers.iter().enumerate() {
        if n > 0 {
            writer.next_layer().unwrap();
        }
        let bytes = layer.end();
        convert.run(Source::from_reader(&bytes[..]), &mut writer, |_| {}).unwrap();
    }
    writer.finish().unwrap();
    assert_clean(&path);
    FileSystem::open(fs_err::File::open(&path).unwrap().into_parts().0).unwrap()
}

fn names(system: &System) -> Vec<String> {
    let mut names = Vec::new();
    let mut walk = system.walk(2).unwrap();
    while let Some(step) = walk.next() {
        let (path, _) = step.unwrap();
        names.push(String::from_utf8_lossy(path).into_owned());
    }
    names.retain(|name| name != "lost+found");
    names
}

fn content(system: &System, path: &str) -> String {
    let stat = system.lookup(path.as_bytes(), true).unwrap();
    std::io::read_to_string(system.read_file(stat.inode).unwrap()).unwrap()
}

#[test]
fn whiteouts_become_devices_and_marks() {
    let mut layer = Archive::default();
    // Markers before and after the folders that they are about, and in one that nothing else names.
    layer.file("a/.wh..wh..opq", b"").folder("a").file("a/.wh.gone", b"").file("b/.wh..wh..opq", b"");
    layer.pax(&[("SCHILY.xattr.trusted.x", b"1")]).folder("c").file("c/.wh..wh..opq", b"");
    let system = convert(Convert::new().whiteouts(Whiteouts::Overlay), std::slice::from_ref(&layer));
    assert_eq!(names(&system), ["a", "a/gone", "b", "c"]);
    let gone = system.lookup(b"a/gone", false).unwrap();
    assert_eq!((gone.file_type, gone.device, gone.permissions), (FileType::CharDevice, (0, 0), 0));
    let opaque = (b"trusted.overlay.opaque".to_vec(), b"y".to_vec());
    for name in ["a", "b", "c"] {
        let inode = system.lookup(name.as_bytes(), false).unwrap().inode;
        let xattrs = system.xattrs(inode).unwrap();
        assert!(xattrs.contains(&opaque), "{name}: {xattrs:?}");
        assert_eq!(xattrs.len(), if name == "c" { 2 } else { 1 });
    }
    let plain = convert(Convert::new(), &[layer]);
    assert!(names(&plain).contains(&"a/.wh.gone".to_owned()));
}

#[test]
fn merged_layers_are_what_an_overlay_of_them_shows() {
    let mut lower = Archive::default();
    lower
        .folder("etc")
        .file("etc/kept", b"lower")
        .file("etc/changed", &[b'l'; 9000])
        .file("etc/gone", b"lower");
    lower.folder("opaque").file("opaque/lower", b"lower").folder("opaque/deep").file("opaque/deep/er", b"");
    lower.folder("tree").folder("tree/sub").file("tree/sub/file", b"lower").file("turns", b"into a folder");
    lower
        .file("linked", b"shared")
        .link(b'1', "other-name", "linked")
        .link(b'2', "bin", "usr/bin")
        .folder("usr/bin");
    // A marker is about the layers below, of which the lowest has none.
    lower.file("own", b"").file(".wh.own", b"");
    let mut upper = Archive::default();
    upper.file("etc/changed", b"upper").file("etc/.wh.gone", b"").file("etc/.wh.never-was", b"");
    // The marker hides what is below, not what its own layer has, wherever it stands.
    upper.folder("opaque").file("opaque/upper", b"upper").file("opaque/.wh..wh..opq", b"");
    upper.file(".wh.tree", b"").folder("turns").file("turns/inside", b"").file("linked", b"own");
    // By the lower layer's link.
    upper.file("bin/tool", b"tool");
    let mut top = Archive::default();
    top.folder("tree").file("tree/new", b"top").file(".wh.turns", b"");
    let system = convert(Convert::new().whiteouts(Whiteouts::Apply), &[lower, upper, top]);
    assert_eq!(
        names(&system),
        [
            "bin",
            "etc",
            "etc/changed",
            "etc/kept",
            "linked",
            "opaque",
            "opaque/upper",
            "other-name",
            "own",
            "tree",
            "tree/new",
            "usr",
            "usr/bin",
            "usr/bin/tool",
        ]
    );
    assert_eq!(content(&system, "etc/changed"), "upper");
    assert_eq!(
        (content(&system, "linked"), content(&system, "other-name")),
        ("own".to_owned(), "shared".to_owned())
    );
    assert_eq!(system.lookup(b"linked", true).unwrap().links, 1);
    assert_eq!(content(&system, "bin/tool"), "tool");
}

#[test]
fn missing_parents_are_made_like_the_folder_above_and_corrected_later() {
    let mut archive = Archive::default();
    archive.header(Header { name: b"top/", kind: b'5', mode: 0o751, mtime: 77, ..Header::default() });
    archive.file("top/made/deep/file", b"x").file("top/later/file", b"x");
    archive.header(Header { name: b"top/later", kind: b'5', mode: 0o700, mtime: 99, ..Header::default() });
    archive.header(Header { name: b"./", kind: b'5', mode: 0o711, mtime: 55, ..Header::default() });
    let system = convert(Convert::new(), &[archive]);
    let of = |path: &str| {
        let stat = system.lookup(path.as_bytes(), true).unwrap();
        (stat.permissions, stat.modified.seconds)
    };
    assert_eq!(
        (of("top/made"), of("top/made/deep"), of("top/later")),
        ((0o751, 77), (0o751, 77), (0o700, 99))
    );
    assert_eq!(of("/"), (0o711, 55));
    assert_eq!(content(&system, "top/later/file"), "x");
}

#[test]
fn replaced_files_leave_no_trace_but_free_blocks() {
    let mut archive = Archive::default();
    archive.file("f", &vec![1; 50_000]).link(b'1', "g", "f").file("f", &[2; 10]);
    archive.pax(&[("SCHILY.xattr.user.big", &[3; 3000])]).file("x", &[4; 9000]).file("x", b"small");
    archive.folder("d").file("d/f", b"").folder("d");
    let system = convert(Convert::new(), &[archive]);
    assert_eq!(names(&system), ["d", "d/f", "f", "g", "x"]);
    assert_eq!((content(&system, "f").len(), content(&system, "g").len()), (10, 50_000));
    // Three blocks of content and one of attributes, and what no image of one group uses of its front.
    assert_eq!(system.free_blocks(), 3 + 1 + 1);
    assert!(system.verify().unwrap().holds());
}

#[test]
fn backslashes_become_slashes_when_asked_for() {
    let mut archive = Archive::default();
    archive.file("a\\b", b"x").link(b'2', "l", "a\\b");
    let system = convert(Convert::new().backslashes(true), std::slice::from_ref(&archive));
    assert_eq!(names(&system), ["a", "a/b", "l"]);
    assert_eq!(content(&system, "l"), "x");
    assert_eq!(names(&convert(Convert::new(), &[archive])), ["a\\b", "l"]);
}
