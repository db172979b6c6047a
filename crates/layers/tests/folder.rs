//! A layer's folder: what is written is read, what can't be is refused, and nothing leads out.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a step that fails fails its test")]

use std::io::{Read as _, Write as _};
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use hcs_layers::backup::{self, StreamHeader, StreamId};
use hcs_layers::filetime::{BasicInfo, FileTime};
use hcs_layers::layer_stream::BackupWrite;
use hcs_layers::reparse::Reparse;
use hcs_layers::{LayerError, LayerOptions, LayerReader, LayerWriter, What, ea};

const FOLDER: u32 = 0x10;
const FILE: u32 = 0x20;
const SECURITY: &[u8] = b"\x01\0\x04\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";

fn info(attributes: u32) -> BasicInfo {
    let time = |n: i64| FileTime(131_000_000_000_000_000 + n);
    BasicInfo { attributes, created: time(1), accessed: time(2), written: time(3), changed: time(4) }
}

struct Place {
    dir: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn base(&self) -> LayerWriter {
        LayerWriter::create(&self.path("base"), LayerOptions::default()).unwrap()
    }

    fn upper(&self) -> LayerWriter {
        let parents = vec![self.path("base")];
        LayerWriter::create(&self.path("upper"), LayerOptions { parents }).unwrap()
    }
}

fn file(layer: &mut LayerWriter, name: &str, content: &[u8]) -> Result<(), LayerError> {
    layer.add(name, &info(FILE))?;
    layer.data(content.len() as u64)?;
    layer.write(content)
}

/// Error and causes in one line.
fn chain(error: &dyn std::error::Error) -> String {
    std::iter::successors(Some(error), |error| error.source())
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}

fn refused<T>(result: Result<T, LayerError>, expected: &str) {
    let error = result.err().expect("it is refused");
    assert!(chain(&error).contains(expected), "{}", chain(&error));
}

fn names(folder: &Path) -> Vec<(String, What)> {
    let mut reader = LayerReader::open(folder).unwrap();
    std::iter::from_fn(|| reader.next().unwrap()).map(|item| (item.path, item.what)).collect()
}

#[test]
fn a_backup_stream_comes_back_byte_by_byte() {
    let place = Place::new();
    let mut stream = backup::Writer::new(Vec::new());
    let eas = [ea::Ea { flags: 0x80, name: b"A".to_vec(), value: vec![1, 2, 3] }];
    for (id, bytes) in [
        (StreamId::SECURITY, SECURITY.to_vec()),
        (StreamId::EA_DATA, ea::encode(&eas).unwrap()),
        (StreamId::OBJECT_ID, vec![7; 64]),
        (StreamId::DATA, vec![b'x'; 3_000_000]),
        (StreamId::ALTERNATE_DATA, b"alternate".to_vec()),
        (StreamId::ALTERNATE_DATA, vec![9; 200_000]),
    ] {
        let mut header = StreamHeader::new(id, bytes.len() as u64);
        if id == StreamId::ALTERNATE_DATA {
            header.name = format!(":s{}:$DATA", bytes.len()).encode_utf16().collect();
        }
        stream.begin(&header).unwrap();
        stream.write_all(&bytes).unwrap();
    }
    let stream = stream.finish().unwrap();

    let mut layer = place.base();
    layer.add("Files", &info(FOLDER)).unwrap();
    layer.add("Files/x", &info(FILE | 1)).unwrap();
    let mut out = BackupWrite::new(&mut layer, "Files/x");
    stream.chunks(70_001).for_each(|piece| out.take(piece).unwrap());
    out.finish().unwrap();
    layer.finish().unwrap();

    let mut layer = LayerReader::open(&place.path("base")).unwrap();
    assert_eq!(layer.next().unwrap().unwrap().object.info, info(FOLDER));
    let item = layer.next().unwrap().unwrap();
    assert_eq!((item.path.as_str(), item.size, item.object.info), ("Files/x", 3_000_000, info(FILE | 1)));
    let mut read = Vec::new();
    layer.backup(&item).unwrap().read_to_end(&mut read).unwrap();
    assert!(read == stream, "{} and {} bytes", read.len(), stream.len());
    assert!(layer.next().unwrap().is_none());
    let stat = fs_err::metadata(place.path("base/Files/x")).unwrap();
    assert_eq!((stat.mode() & 0o777, stat.mtime_nsec()), (0o444, 300));
}

#[test]
fn links_lead_where_windows_goes_or_nowhere() {
    let place = Place::new();
    let mut layer = place.base();
    for (name, to, attributes) in [
        ("Files/in", r"C:\a\file", 0x400),
        ("Files/a/up", r"..\b", 0x410),
        ("Files/out", r"..\..\etc", 0x410),
        ("Files/share", r"\\server\share", 0x400),
    ] {
        layer.add(name, &info(attributes)).unwrap();
        layer.reparse(&Reparse::to(to, false).encode().unwrap()).unwrap();
    }
    refused(
        file(&mut layer, "Files/a/up/x", b"").and_then(|()| layer.add("Files/z", &info(FILE))),
        "link or mount point \"Files/a/up\"",
    );
    drop(layer);
    let mut layer = place.base();
    layer.add("Files/out", &info(0x410)).unwrap();
    layer.reparse(&Reparse::to(r"..\..\etc", false).encode().unwrap()).unwrap();
    refused(file(&mut layer, "Files/out/x/y", b""), "link or mount point \"Files/out\"");
    drop(layer);

    let mut layer = place.base();
    for (name, to) in [("Files/in", r"C:\a\file"), ("Files/share", r"\\server\share")] {
        layer.add(name, &info(0x400)).unwrap();
        layer.reparse(&Reparse::to(to, false).encode().unwrap()).unwrap();
    }
    refused(layer.data(1), "links have no content");
    layer.finish().unwrap();
    assert_eq!(fs_err::read_link(place.path("base/Files/in")).unwrap(), Path::new("a/file"));
    assert_eq!(fs_err::metadata(place.path("base/Files/share")).unwrap().len(), 0);
    let mut layer = LayerReader::open(&place.path("base")).unwrap();
    let item = layer.next().unwrap().unwrap();
    let target = Reparse::decode(item.object.reparse.as_deref().unwrap()).unwrap().target();
    assert_eq!((item.path.as_str(), target.as_deref()), ("Files/in", Some(r"C:\a\file")));
}

#[test]
fn names_that_windows_has_not_are_refused() {
    let place = Place::new();
    let mut layer = place.base();
    file(&mut layer, "Files/Dir/a", b"1").unwrap();
    refused(file(&mut layer, "Files/Dir/A", b""), "differs from \"a\" only by upper and lower case");
    refused(file(&mut layer, "Files/dir/b", b""), "differs from \"Dir\"");
    refused(file(&mut layer, "Files/Dir/a", b""), "it is there already");
    refused(file(&mut layer, "Files/Dir/a/b", b""), "leads through \"Files/Dir/a\", which is no folder");
    refused(file(&mut layer, "Files/Dir/a/b/c", b""), "leads through \"Files/Dir/a\", which is no folder");
    for (name, expected) in [
        ("../x", ".."),
        ("/Files/x", "absolute"),
        ("Files/a:b", "invalid character ':'"),
        ("Files/NUL", "device"),
        ("other/x", "outside"),
        ("UtilityVM/x", "outside"),
        ("", "names nothing"),
    ] {
        refused(layer.add(name, &info(FILE)), expected);
        if !name.is_empty() {
            refused(layer.add_link("Files/l", name), expected);
        }
    }
    refused(layer.add("Files", &info(FILE)), "has to be a folder");
    refused(layer.remove("Files/x"), "base layer cannot have tombstones");
    // The folder that was made for a file may be announced later, once.
    layer.add("Files/Dir", &info(FOLDER)).unwrap();
    layer.add("Files/Dir", &info(FOLDER)).unwrap();
    refused(layer.finish(), "it is there already");
    assert!(!place.path("base").exists(), "nothing is left of a layer that failed");
}

#[test]
fn what_does_not_fit_together_is_refused() {
    let place = Place::new();
    let mut layer = place.base();
    layer.add("Files/a", &info(FILE)).unwrap();
    refused(layer.security(b"short"), "security descriptor: it is shorter");
    refused(layer.reparse(b"short"), "reparse data");
    refused(layer.attributes(b"short"), "extended attributes");
    layer.data(3).unwrap();
    refused(layer.data(3), "content already");
    refused(layer.write(b"four"), "more content than its size says");
    drop(layer);
}

#[test]
fn an_upper_layer_has_tombstones_and_links_to_lower_files() {
    let place = Place::new();
    let mut layer = place.base();
    layer.add("Files", &info(FOLDER)).unwrap();
    file(&mut layer, "Files/kept", b"kept").unwrap();
    layer.stream("s", 3).unwrap();
    layer.stream_bytes(b"abc").unwrap();
    file(&mut layer, "Files/gone", b"gone").unwrap();
    layer.finish().unwrap();

    let mut layer = place.upper();
    layer.add("Files", &info(FOLDER)).unwrap();
    layer.remove("Files/gone").unwrap();
    layer.remove("Files/dir/gone").unwrap();
    layer.add("Hives", &info(FOLDER)).unwrap();
    file(&mut layer, "Hives/System_Delta", b"regf").unwrap();
    layer.add_link("Files/other", "Files/kept").unwrap();
    layer.add_link("Files/third", "Files/other").unwrap();
    refused(layer.add_link("Files/fourth", "Files/missing"), "failed to find link target");
    refused(layer.add_link("Hives/x", "Files/kept"), "invalid hard link Hives/x");
    refused(layer.remove("Hives/System_Delta"), "invalid tombstone");
    layer.finish().unwrap();

    let upper = place.path("upper");
    fs_err::write(upper.join("Hives/System_Base"), "made from the layer").unwrap();
    let expected = [
        ("Files", What::Object),
        ("Files/gone", What::Tombstone),
        ("Files/dir/gone", What::Tombstone),
        ("Files/other", What::Object),
        ("Files/third", What::Object),
        ("Hives", What::Object),
        ("Hives/System_Delta", What::Object),
    ];
    assert_eq!(names(&upper), expected.map(|(name, what)| (name.to_owned(), what)));
    let mut layer = LayerReader::open(&upper).unwrap();
    while let Some(item) = layer.next().unwrap() {
        if item.path == "Files/third" {
            assert_eq!((item.links, item.size), (3, 4));
            let mut read = Vec::new();
            layer.backup(&item).unwrap().read_to_end(&mut read).unwrap();
            assert!(read.ends_with(b"abc"), "the stream came along");
        }
    }
}

#[test]
fn a_layer_without_an_end_or_with_damage_is_none() {
    let place = Place::new();
    let mut layer = place.base();
    file(&mut layer, "Files/a", b"1").unwrap();
    refused(LayerWriter::create(&place.path("base"), LayerOptions::default()), "something already");
    layer.finish().unwrap();
    let path = place.path("base/layer.meta");
    let whole = fs_err::read(&path).unwrap();
    for at in 0..whole.len() {
        fs_err::write(&path, &whole[..at]).unwrap();
        assert!(LayerReader::open(&place.path("base")).is_err(), "cut at {at}");
    }
    for at in 0..whole.len() {
        let file = fs_err::File::create(&path).unwrap().into_parts().0;
        file.write_all_at(&whole, 0).unwrap();
        file.write_all_at(&[whole[at] ^ 0x41], at as u64).unwrap();
        let opened = LayerReader::open(&place.path("base"));
        assert!(opened.is_err() || (12..16).contains(&at), "changed at {at}");
    }
}

#[test]
fn a_sparse_file_has_holes() {
    let place = Place::new();
    let mut layer = place.base();
    layer.add("Files/sparse", &info(FILE | 0x200)).unwrap();
    layer.data(0).unwrap();
    layer.part(1 << 30, 3).unwrap();
    layer.write(b"end").unwrap();
    refused(layer.part(5, 1), "not in order");
    layer.part((1 << 30) + 100, 0).unwrap();
    layer.finish().unwrap();
    let stat = fs_err::metadata(place.path("base/Files/sparse")).unwrap();
    assert_eq!(stat.len(), (1 << 30) + 100);
    assert!(stat.blocks() < 100, "{} blocks", stat.blocks());
}
