//! Layers as tars: our form comes back byte by byte, others by their record; what can't be kept is refused by name.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a step that fails fails its test")]
#![expect(clippy::disallowed_methods, reason = "GNU tar and bsdtar are what is compared with")]

mod trees;

use std::path::{Path, PathBuf};
use std::process::Command;

use hcs_ext4::Time;
use hcs_ext4::tar::{Item, Kind, Source, Writer};
use hcs_layers::filetime::{BasicInfo, FileTime};
use hcs_layers::tar::{Export, Import, ImportReport, RECORD, TarLayerError};
use hcs_layers::{LayerOptions, LayerReader, LayerWriter};
use proptest::prelude::*;

use trees::{Node, SECURITY, any_info, any_name, any_node, build};

struct Place {
    dir: tempfile::TempDir,
    made: u32,
}

impl Place {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap(), made: 0 }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// A layer with nothing in it, for those above.
    fn base(&self) -> Vec<PathBuf> {
        let path = self.path("base");
        if !path.exists() {
            LayerWriter::create(&path, LayerOptions::default()).unwrap().finish().unwrap();
        }
        vec![path]
    }

    fn import(&mut self, tar: &[u8]) -> Result<(PathBuf, ImportReport), TarLayerError> {
        self.made += 1;
        let path = self.path(&format!("layer-{}", self.made));
        let report = Import::new().parents(self.base()).run(Source::from_reader(tar), &path, |_| {})?;
        Ok((path, report))
    }

    /// Error and causes of an import that fails; it leaves nothing.
    fn refused(&mut self, tar: &[u8]) -> String {
        let before = names(self.dir.path());
        let error = self.import(tar).expect_err("it is refused");
        self.base();
        let mut after = names(self.dir.path());
        after.retain(|name| name != "base" || before.contains(name));
        assert_eq!(after, before, "something is left");
        chain(&error)
    }
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs_err::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn chain(error: &dyn std::error::Error) -> String {
    std::iter::successors(Some(error), |error| error.source())
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}

fn export(layer: &Path) -> Vec<u8> {
    let mut out = Vec::new();
    let report = Export::new().run(layer, &mut out, |_| {}).unwrap();
    assert_eq!(report.written, out.len() as u64);
    out
}

fn item(name: &str) -> Item<'_> {
    Item {
        name: name.as_bytes(),
        mode: 0o644,
        modified: Time::from_seconds(1_600_000_000),
        ..Item::default()
    }
}

/// A tar of entries, each with its content.
fn tar(entries: &[(Item<'_>, &[u8])]) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new());
    for (item, content) in entries {
        writer.entry(&Item { stored: content.len() as u64, ..item.clone() }).unwrap();
        writer.content(content).unwrap();
    }
    writer.finish().unwrap()
}

fn record(key: &str, value: &str) -> Vec<(Vec<u8>, Vec<u8>)> {
    vec![(key.as_bytes().to_vec(), value.as_bytes().to_vec())]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    /// Export → import → export: the same bytes, and no record is needed. The same entries in another order: by record.
    #[test]
    fn our_form_comes_back_byte_by_byte(
        children in proptest::collection::vec((any_name(), any_node()), 0..10), info in any_info(),
    ) {
        let mut place = Place::new();
        let parents = place.base();
        let path = place.path("made");
        let mut layer = LayerWriter::create(&path, LayerOptions { parents }).unwrap();
        let root = Node::Folder { info, children, opaque: false };
        build(&mut layer, "Files", &root, &mut None);
        layer.finish().unwrap();
        let tar = export(&path);
        let (again, report) = place.import(&tar).unwrap();
        prop_assert!(report.canonical, "{report:?}");
        prop_assert!(!again.join(RECORD).exists());
        prop_assert!(export(&again) == tar, "the bytes differ");
    }
}

#[test]
fn what_other_programs_make_comes_back_by_its_record() {
    let mut place = Place::new();
    let tree = place.path("tree");
    fs_err::create_dir_all(tree.join("Files/a/deep")).unwrap();
    fs_err::write(tree.join("Files/a/file"), vec![b'x'; 100_000]).unwrap();
    fs_err::write(tree.join("Files/a/deep/empty"), "").unwrap();
    fs_err::write(tree.join("Files/a").join("n".repeat(150)), "long").unwrap();
    fs_err::hard_link(tree.join("Files/a/file"), tree.join("Files/a/again")).unwrap();
    std::os::unix::fs::symlink("../a/file", tree.join("Files/a/link")).unwrap();
    let sparse = fs_err::File::create(tree.join("Files/a/sparse")).unwrap().into_parts().0;
    std::os::unix::fs::FileExt::write_all_at(&sparse, b"end", 5_000_000).unwrap();
    drop(sparse);
    for command in [
        "tar c --format=gnu -S .",
        "tar c --format=pax -S Files",
        "tar c --format=ustar --exclude=nnn* Files",
        "tar c --format=v7 --exclude=nnn* Files",
        "bsdtar c --format pax -f - Files",
        "bsdtar c --format gnutar -f - ./Files",
    ] {
        let mut parts = command.split(' ');
        let output = Command::new(parts.next().unwrap()).args(parts).current_dir(&tree).output().unwrap();
        assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
        let (layer, report) = place.import(&output.stdout).unwrap();
        assert!(!report.canonical, "{command}");
        assert!(export(&layer) == output.stdout, "{command}: the bytes differ");
        let record = fs_err::metadata(layer.join(RECORD)).unwrap().len();
        assert!(record < 6000, "{command}: a record of {record} bytes");

        // In our form it is another tar, of the same files, and that one needs no record.
        let mut ours = Vec::new();
        Export::new().canonical(true).run(&layer, &mut ours, |_| {}).unwrap();
        let (layer, report) = place.import(&ours).unwrap();
        assert!(report.canonical, "{command}");
        assert!(export(&layer) == ours);
        assert_eq!(fs_err::metadata(layer.join("Files/a/sparse")).unwrap().len(), 5_000_003);

        // The other programs read ours.
        for program in ["tar", "bsdtar"] {
            let out = place.path(&format!("out-{program}"));
            fs_err::create_dir(&out).unwrap();
            fs_err::write(place.path("ours.tar"), &ours).unwrap();
            let status = Command::new(program)
                .arg("xf")
                .arg(place.path("ours.tar"))
                .arg("-C")
                .arg(&out)
                .output()
                .unwrap();
            assert!(status.status.success(), "{program}: {}", String::from_utf8_lossy(&status.stderr));
            assert_eq!(fs_err::read(out.join("Files/a/again")).unwrap(), vec![b'x'; 100_000]);
            fs_err::remove_dir_all(out).unwrap();
        }
    }
}

/// The bytes themselves, as upstream's latest commit lays them.
#[test]
fn entries_lie_as_upstream_lays_them() {
    let place = Place::new();
    let path = place.path("layer");
    let mut layer = LayerWriter::create(&path, LayerOptions { parents: place.base() }).unwrap();
    let time = |n: i64| FileTime(116_444_736_000_000_000 + n);
    let info = BasicInfo {
        created: time(10_000_000),
        accessed: time(25_000_000),
        written: time(30_000_001),
        changed: time(-5_000_000),
        attributes: 0x20,
    };
    layer.add("Files", &BasicInfo { attributes: 0x10, ..info }).unwrap();
    layer.add("Files/x", &info).unwrap();
    layer.security(SECURITY).unwrap();
    layer.data(2).unwrap();
    layer.write(b"hi").unwrap();
    layer.stream("s", 1).unwrap();
    layer.stream_bytes(b"!").unwrap();
    layer.remove("Files/gone").unwrap();
    layer.add_link("Files/y", "Files/x").unwrap();
    layer.finish().unwrap();
    let tar = export(&path);
    let mut blocks = tar.chunks(512);
    let mut next = |what: &str| {
        let block = blocks.next().unwrap();
        assert_eq!(block.len(), 512, "{what}");
        block
    };
    let text = |block: &[u8]| String::from_utf8_lossy(block).trim_end_matches('\0').to_owned();
    let records = "22 LIBARCHIVE.creationtime=1\n".replace("22", "29");
    assert_eq!(text(&next("extended")[..100]), "PaxHeaders.0/Files");
    assert_eq!(
        text(next("records")),
        format!("{records}25 MSWINDOWS.fileattr=16\n13 atime=2.5\n14 ctime=-0.5\n19 mtime=3.0000001\n")
    );
    let header = next("folder");
    assert_eq!(&header[..8], b"Files\0\0\0");
    assert_eq!(&header[100..148], b"0040000\x000000000\x000000000\x0000000000000\x0000000000003\x00");
    assert_eq!(&header[154..156], b"\x00 ");
    assert_eq!(header[156], b'5');
    assert_eq!(&header[257..265], b"ustar\x0000");
    assert_eq!(&header[329..345], b"0000000\x000000000\x00");
    let header = next("tombstone");
    assert_eq!((text(&header[..100]).as_str(), header[156]), ("Files/.wh.gone", b'0'));
    assert_eq!(&header[100..148], b"0000000\x000000000\x000000000\x0000000000000\x0000000000000\x00");
    assert_eq!(text(&next("extended")[..100]), "Files/PaxHeaders.0/x");
    let with_security = text(next("records"));
    assert!(
        with_security.contains("\n48 MSWINDOWS.rawsd=AQAEgAAAAAAAAAAAAAAAAAAAAAA=\n13 atime"),
        "{with_security}"
    );
    assert_eq!(&next("file")[100..108], b"0100000\0");
    assert_eq!(text(next("content")), "hi");
    assert_eq!(text(&next("extended")[..100]), "Files/PaxHeaders.0/x:s");
    assert_eq!(text(next("records")), "13 atime=2.5\n14 ctime=-0.5\n19 mtime=3.0000001\n");
    next("stream");
    assert_eq!(text(next("content")), "!");
    next("extended");
    assert!(text(next("records")).starts_with(&format!("{records}25 MSWINDOWS.fileattr=32\n13 atime")));
    let header = next("link");
    assert_eq!(
        (&header[100..108], header[156], text(&header[157..257]).as_str()),
        (&b"0000644\0"[..], b'1', "Files/x")
    );
    assert_eq!((next("end"), next("end"), blocks.next()), (&[0; 512][..], &[0; 512][..], None));
}

#[test]
fn every_cut_of_a_small_archive_is_noticed_and_leaves_nothing() {
    let mut place = Place::new();
    place.base();
    let mut whole = tar(&[
        (Item { kind: Kind::Directory, mode: 0o755, ..item("Files") }, b""),
        (Item { records: &record("MSWINDOWS.fileattr", "32"), ..item("Files/a") }, &[b'a'; 700]),
        (item("Files/a:stream"), b"alternate"),
        (Item { kind: Kind::HardLink, link: b"Files/a", ..item("Files/b") }, b""),
        (item("Files/.wh.c"), b""),
    ]);
    // One block of zeros is end enough.
    whole.truncate(whole.len() - 512);
    for at in (0..whole.len()).step_by(64) {
        let error = place.refused(&whole[..at]);
        assert!(error.contains("cut off") || error.contains("end marker"), "{at}: {error}");
    }
    let (layer, _) = place.import(&whole).unwrap();
    assert!(export(&layer) == whole);
}

#[test]
fn bad_entries_are_refused_by_name_and_place() {
    let mut place = Place::new();
    place.base();
    let folder = || (Item { kind: Kind::Directory, mode: 0o755, ..item("Files") }, &b""[..]);
    let mut check = |entries: &[(Item<'_>, &[u8])], expected: &str| {
        let error = place.refused(&tar(entries));
        assert!(error.contains(expected) && error.contains("at byte"), "{error} has no {expected}");
    };
    let one = |name| [folder(), (item(name), &b""[..])];
    check(&one("../etc/passwd"), "tar entry ../etc/passwd at byte 512");
    check(&one("Files/../../etc/passwd"), "component ..");
    check(&one("/Files/x"), "absolute");
    check(&one(r"Files\x"), "invalid character '\\\\'");
    check(&one("Files/C:"), "invalid character ':'");
    check(&one("Files/nul.txt"), "device");
    check(&one("Files/x "), "dot or a space");
    check(&one("etc/passwd"), "outside of Files");
    check(&one("Files"), "has to be a folder");
    check(&[folder(), folder()], "there already");
    check(&[(item("Files/a"), b""), (item("Files/A"), b"")], "upper and lower case");
    check(&[(item("Files/a"), b""), (item("Files/a/b"), b"")], "no folder");
    check(
        &[(item("Files/a"), b""), (Item { kind: Kind::Directory, ..item("Files/a") }, b"")],
        "there already",
    );
    check(&[(item("Files/a"), b""), (item("Files/.wh.a"), b"")], "there already");
    check(&[(item("Files/b:s"), b"")], "invalid character ':'");
    check(&[(item("Files/b"), b""), (item("Files/b:s/../../x"), b"")], "invalid character");
    check(&[(item("Files/.wh."), b"")], "");
    check(&[(item("Hives/.wh.x"), b"")], "invalid tombstone");
    check(&[(item("Files/.wh.x"), b"content")], "no content");
    let link = |kind, name, link| (Item { kind, link, ..item(name) }, &b""[..]);
    check(&[link(Kind::HardLink, "Files/l", b"Files/none")], "failed to find link target");
    check(&[link(Kind::HardLink, "Files/l", b"../../etc/passwd")], "component ..");
    check(&[link(Kind::HardLink, "Files/l", b"/etc/passwd")], "absolute");
    check(&[folder(), link(Kind::HardLink, "Files/l", b"Files")], "invalid hard link");
    check(&[link(Kind::Symlink, "Files/l", b"/etc"), (item("Files/l/passwd"), b"")], "link or mount point");
    check(
        &[link(Kind::Symlink, "Files/l", b"sub"), link(Kind::HardLink, "Files/h", b"Files/l/x")],
        "failed to find link target",
    );
    check(&[link(Kind::Symlink, "Files/l", b"\xff")], "target is no text");
    check(&[link(Kind::Symlink, "Files/l", &[b'x'; 9000])], "no room");
    check(&[(Item { kind: Kind::CharDevice, ..item("Files/d") }, b"")], "character device");
    check(&[(Item { kind: Kind::Fifo, ..item("Files/d") }, b"")], "named pipe");
    let mut with = |key: &str, value: &str, expected: &str| {
        check(&[(Item { records: &record(key, value), ..item("Files/x") }, b"")], expected);
    };
    with("MSWINDOWS.fileattr", "-1", "no number");
    with("MSWINDOWS.fileattr", "4294967296", "no number");
    with("MSWINDOWS.fileattr", "16", "contrary");
    with("MSWINDOWS.rawsd", "!", "no base64");
    with("MSWINDOWS.rawsd", "AAAA", "security descriptor");
    with("MSWINDOWS.sd", "D:(A;;FA;;;WD)", "text form");
    with("MSWINDOWS.xattr.A", "A", "no base64");
    with(&format!("MSWINDOWS.xattr.{}", "x".repeat(256)), "QQ==", "a name of 256 bytes");
    let long = tar(&[(item(&"Files/x/".repeat(700)), b"")]);
    assert!(place.refused(&long).contains("at most 4095"), "a long path");
}

#[test]
fn a_base_layer_has_no_tombstones() {
    let place = Place::new();
    let tar = tar(&[(item("Files/.wh.x"), b"")]);
    let error = Import::new().run(Source::from_reader(&tar[..]), &place.path("layer"), |_| {}).unwrap_err();
    assert!(chain(&error).contains("base layer cannot have tombstones"), "{}", chain(&error));
}

/// Takes the beginning.
struct Start(Vec<u8>);
impl std::io::Write for Start {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let room = 4096 - self.0.len();
        self.0.extend(&bytes[..bytes.len().min(room)]);
        if room == 0 { Err(std::io::ErrorKind::StorageFull.into()) } else { Ok(bytes.len().min(room)) }
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn files_of_many_gigabytes_are_taken() {
    let mut place = Place::new();
    let size = 9_u64 << 30;
    let map = format!("2\n{}\n3\n{size}\n0\n", size - 3);
    let mut content = map.into_bytes();
    content.resize(512, 0);
    content.extend(b"end");
    let big = tar(&[(Item { sparse: Some(size), ..item("Files/big") }, &content)]);
    let (layer, report) = place.import(&big).unwrap();
    assert_eq!(report.size, size);
    assert_eq!(fs_err::metadata(layer.join("Files/big")).unwrap().len(), size);
    assert!(export(&layer) == big);

    let mut start = Start(Vec::new());
    let error = Export::new().canonical(true).run(&layer, &mut start, |_| {}).unwrap_err();
    assert!(chain(&error).starts_with("cannot write the tar"), "{}", chain(&error));
    assert!(String::from_utf8_lossy(&start.0).contains("\n19 size=9663676416\n"));
}

#[test]
fn boot_data_of_the_utility_vm_is_copied() {
    let mut place = Place::new();
    let name = "UtilityVM/Files/EFI/Microsoft/Boot/BCD";
    let (layer, _) =
        place.import(&tar(&[(item(name), b"boot"), (item(&format!("{name}.LOG1")), b"log")])).unwrap();
    assert_eq!(fs_err::read(layer.join("bcd.bak")).unwrap(), b"boot");
    assert_eq!(fs_err::read(layer.join("bcd.log1.bak")).unwrap(), b"log");
    assert!(!layer.join("bcd.log.bak").exists());
}

#[test]
fn what_a_layer_has_no_place_for_is_told() {
    let mut place = Place::new();
    let xattrs = [(b"user.x".to_vec(), b"1".to_vec())];
    let (layer, report) = place.import(&tar(&[(Item { xattrs: &xattrs, ..item("Files/x") }, b"")])).unwrap();
    assert_eq!(report.warnings, ["Files/x: extended attributes of Linux have no place in a Windows layer"]);
    assert_eq!(LayerReader::open(&layer).unwrap().next().unwrap().unwrap().path, "Files/x");
}

#[test]
fn a_damaged_record_is_noticed() {
    let mut place = Place::new();
    let (layer, report) = place.import(&tar(&[(item("Files/x"), b"content")])).unwrap();
    assert!(!report.canonical);
    let path = layer.join(RECORD);
    let whole = fs_err::read(&path).unwrap();
    for at in 0..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 0x55;
        fs_err::write(&path, &changed).unwrap();
        assert!(Export::new().run(&layer, std::io::sink(), |_| {}).is_err(), "changed at {at}");
        fs_err::write(&path, &whole[..at]).unwrap();
        assert!(Export::new().run(&layer, std::io::sink(), |_| {}).is_err(), "cut at {at}");
    }
    fs_err::write(&path, &whole).unwrap();
    fs_err::write(layer.join("Files/x"), "short").unwrap();
    let error = Export::new().run(&layer, std::io::sink(), |_| {}).unwrap_err();
    assert!(chain(&error).contains("cannot read Files/x"), "{}", chain(&error));
}
