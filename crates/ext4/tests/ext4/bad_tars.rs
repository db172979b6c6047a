//! Archives that are damaged or that ask for what can't be: a clear error with the entry's name and place, never a panic
//! and never an image.

use std::error::Error as _;

use hcs_ext4::tar::Source;
use hcs_ext4::{Convert, Options, Writer};

use crate::archive::{Archive, Header};
use crate::tools::Shared;

/// All words of the error that a conversion ends with.
fn convert(archive: &[u8]) -> Result<(), String> {
    let text = |error: &dyn std::error::Error| {
        let mut text = error.to_string();
        let mut next = error.source();
        while let Some(cause) = next {
            text = format!("{text}: {cause}");
            next = cause.source();
        }
        text
    };
    let mut writer = Writer::new(Shared::default(), Options::new()).unwrap();
    Convert::new().run(Source::from_reader(archive), &mut writer, |_| {}).map_err(|error| text(&error))?;
    writer.finish().map(|_| ()).map_err(|error| text(&error))
}

/// Methods of archives hand the archive on; here nobody wants it.
fn drop_it(_: &mut Archive) {}

/// The conversion fails with each of these words.
#[track_caller]
fn refused(archive: &[u8], words: &[&str]) {
    let text = convert(archive).expect_err("it was converted");
    for word in words {
        assert!(text.contains(word), "{text:?} lacks {word:?}");
    }
}

fn sample() -> Archive {
    let mut archive = Archive::default();
    archive.folder("d").file("d/one", &[1; 700]).link(b'1', "d/hard", "d/one").link(b'2', "d/soft", "one");
    archive.pax(&[("mtime", b"1.5"), ("SCHILY.xattr.user.a", b"b")]).file("d/two", b"two");
    let long = "n".repeat(200);
    archive.header(Header { name: b"././@LongLink", kind: b'L', size: 201, ..Header::default() });
    archive.content(format!("{long}\0").as_bytes()).file("cut", b"long");
    archive
}

#[test]
fn every_cut_of_a_small_archive_is_noticed() {
    let whole = sample().end();
    convert(&whole).unwrap();
    let end = whole.len() - 1024;
    for length in (0..end).step_by(64) {
        refused(&whole[..length], &["tar entry", "cut off"]);
    }
    // The end marker itself may lack its second half, as it does in archives of some programs.
    convert(&whole[..end + 512]).unwrap();
    let mut writer = Writer::new(Shared::default(), Options::new()).unwrap();
    let report =
        Convert::new().end_is_optional(true).run(Source::from_reader(&whole[..end]), &mut writer, |_| {});
    assert_eq!(report.unwrap().entries, 6);
}

#[test]
fn every_damaged_block_is_noticed_or_is_content() {
    let whole = sample().end();
    for at in (0..whole.len() - 1024).step_by(512) {
        for with in [0x00, 0xff, b'7'] {
            let mut damaged = whole.clone();
            damaged[at..at + 512].fill(with);
            // Content may be anything. No panic is what counts; a header is never taken for another.
            let _ = convert(&damaged);
        }
        let mut damaged = whole.clone();
        damaged[at + 130] ^= 1;
        let _ = convert(&damaged);
    }
    refused(&[b'x'; 2048], &["number 1", "byte 0", "checksum"]);
}

#[test]
fn names_that_lead_out_or_can_not_be_are_refused() {
    for (name, word) in
        [("../x", "leads out"), ("a/../../x", "leads out"), ("a/..", ""), ("x/../..", "leads out")]
    {
        let mut archive = Archive::default();
        archive.folder("a").folder("x").file(name, b"");
        let result = convert(&archive.end());
        let text = result.expect_err(name);
        assert!(text.contains(word) && text.contains("at byte 1024"), "{text}");
    }
    // A leading slash means the root of the image.
    convert(&Archive::default().file("/absolute", b"").end()).unwrap();
    let long = |name: &str| Archive::default().pax(&[("path", name.as_bytes())]).file("x", b"").end();
    refused(&long(&"n".repeat(256)), &["nnn", "invalid name", "255"]);
    convert(&long(&"n".repeat(255))).unwrap();
    refused(&long(&"n/".repeat(2050)), &["4,096"]);
    refused(&long("a\0b"), &["invalid name"]);
    // An error shows no control characters.
    let text = convert(&long(&format!("\u{1b}[2J{}", "n".repeat(255)))).unwrap_err();
    assert!(!text.contains('\u{1b}'), "{text}");
}

#[test]
fn conflicts_and_links_to_nothing_are_refused() {
    let mut base = Archive::default();
    base.folder("d").file("f", b"f").file("d/inner", b"");
    let with = |change: &dyn Fn(&mut Archive)| {
        let mut archive = base.clone();
        change(&mut archive);
        archive.end()
    };
    refused(
        &with(&|a| drop_it(a.file("d", b""))),
        &["tar entry d at byte", "cannot replace a directory with a file"],
    );
    refused(&with(&|a| drop_it(a.folder("f"))), &["f", "cannot replace a file with a directory"]);
    refused(&with(&|a| drop_it(a.file("f/x", b""))), &["f/x", "path not found", "f is not a folder"]);
    refused(&with(&|a| drop_it(a.link(b'1', "l", "nothing"))), &["file not found: nothing"]);
    refused(&with(&|a| drop_it(a.link(b'1', "l", "d"))), &["d is a folder"]);
    refused(&with(&|a| drop_it(a.link(b'1', "l", ""))), &["folder"]);
    refused(&with(&|a| drop_it(a.link(b'2', "l", ""))), &["target has 0 bytes"]);
    refused(&with(&|a| drop_it(a.link(b'2', "d", "x"))), &["cannot replace a directory"]);
    refused(&with(&|a| drop_it(a.link(b'1', "d", "f"))), &["cannot replace a directory"]);
    refused(&with(&|a| drop_it(a.file(".", b""))), &["the root can only be a folder"]);
    // What only repeats or replaces is taken.
    convert(&with(&|a| drop_it(a.folder("d").file("f", b"other").link(b'1', "f", "f")))).unwrap();
}

#[test]
fn loops_of_links_end() {
    let mut archive = Archive::default();
    archive.link(b'2', "a", "b").link(b'2', "b", "a").file("a/x", b"");
    refused(&archive.end(), &["a/x", "40 symbolic links"]);
    let mut archive = Archive::default();
    archive.link(b'2', "self", "self/self").file("self/x", b"");
    refused(&archive.end(), &["40 symbolic links"]);
}

#[test]
fn sizes_and_numbers_that_lie_are_refused() {
    let sized =
        |size: u64| Archive::default().header(Header { name: b"big", size, ..Header::default() }).end();
    refused(&sized(1 << 32), &["big", "at byte 0", "cut off"]);
    let pax = |key: &str, value: &[u8]| Archive::default().pax(&[(key, value)]).file("x", b"").end();
    refused(&pax("size", b"18446744073709551615"), &["file too big"]);
    refused(&pax("size", b"-1"), &["size"]);
    refused(&pax("size", b"99999999999999999999999"), &["size"]);
    refused(&pax("uid", b"4294967296"), &["uid"]);
    refused(&pax("mtime", b"soon"), &["mtime"]);
    for map in ["1", "0,4,2,4", "9,1", "0,18446744073709551615"] {
        let records = [("GNU.sparse.size", &b"8"[..]), ("GNU.sparse.map", map.as_bytes())];
        refused(&Archive::default().pax(&records).file("x", b"").end(), &["x"]);
    }
    // An extended header that says to be larger than anybody should believe.
    let huge = Header { name: b"x", kind: b'x', size: (1 << 33) - 1, ..Header::default() };
    refused(&Archive::default().header(huge).end(), &["more than"]);
    let endless: Vec<u8> =
        (0..70).flat_map(|_| Archive::default().pax(&[("comment", b"x")]).0.clone()).collect();
    refused(&endless, &["too many"]);
    let unknown = Header { name: b"odd", kind: b'Z', ..Header::default() };
    refused(&Archive::default().header(unknown).end(), &["odd", "type 'Z'"]);
    let volume = Header { name: b"rest", kind: b'M', ..Header::default() };
    refused(&Archive::default().header(volume).end(), &["volume"]);
}

#[test]
fn attributes_and_devices_that_do_not_fit_are_refused_by_name() {
    let pax = |key: &str, value: &[u8]| Archive::default().pax(&[(key, value)]).file("x", b"").end();
    refused(&pax("SCHILY.xattr.user.big", &[b'v'; 5000]), &["x: could not fit xattr user.big"]);
    refused(&pax("SCHILY.xattr.user.", b"v"), &["x: xattr user."]);
    refused(&pax("SCHILY.xattr.system.posix_acl_access", b"no list"), &["system.posix_acl_access"]);
    convert(&pax("SCHILY.xattr.user.fits", &[b'v'; 3900])).unwrap();
    let device = |major: &[u8]| {
        let header = Header { name: b"dev", kind: b'3', ..Header::default() };
        Archive::default().pax(&[("SCHILY.devmajor", major)]).header(header).end()
    };
    refused(&device(b"4096"), &["dev: device 4096:0"]);
    convert(&device(b"4095")).unwrap();
}

#[test]
fn negative_and_far_times_are_kept_or_clamped_with_a_warning() {
    let mut archive = Archive::default();
    archive.pax(&[("mtime", b"-1.25")]).file("before", b"");
    archive.pax(&[("mtime", b"99999999999999")]).file("far", b"");
    archive.pax(&[("mtime", b"-99999999999999")]).file("long ago", b"");
    let memory = Shared::default();
    let mut writer = Writer::new(memory.clone(), Options::new()).unwrap();
    let archive = archive.end();
    let report = Convert::new().run(Source::from_reader(&archive[..]), &mut writer, |_| {}).unwrap();
    writer.finish().unwrap();
    assert_eq!(report.warning_count, 2);
    assert!(
        report.warnings[0].contains("far") && report.warnings[0].contains("2310"),
        "{:?}",
        report.warnings
    );
    let system = hcs_ext4::read::FileSystem::open(memory).unwrap();
    let modified = |name: &[u8]| system.lookup(name, true).unwrap().modified;
    assert_eq!(modified(b"before"), hcs_ext4::Time { seconds: -2, nanoseconds: 750_000_000 });
    assert_eq!((modified(b"far"), modified(b"long ago")), (hcs_ext4::Time::MAX, hcs_ext4::Time::MIN));
}

#[test]
fn a_full_disk_is_an_error_of_the_image() {
    /// Takes a megabyte.
    #[derive(Debug)]
    struct Full(Shared);
    impl hcs_ext4::Storage for Full {
        fn read_at(&self, buffer: &mut [u8], offset: u64) -> std::io::Result<usize> {
            self.0.read_at(buffer, offset)
        }
        fn write_all_at(&self, bytes: &[u8], offset: u64) -> std::io::Result<()> {
            if offset + bytes.len() as u64 > 1 << 20 {
                return Err(std::io::ErrorKind::StorageFull.into());
            }
            self.0.write_all_at(bytes, offset)
        }
        fn set_length(&self, length: u64) -> std::io::Result<()> {
            self.0.set_length(length)
        }
        fn length(&self) -> std::io::Result<u64> {
            self.0.length()
        }
    }
    let memory = Shared::default();
    let mut writer = Writer::new(Full(memory.clone()), Options::new()).unwrap();
    let mut archive = Archive::default();
    for n in 0..40 {
        archive.file(&format!("f{n}"), &vec![7; 300_000]);
    }
    let archive = archive.end();
    let result = Convert::new().run(Source::from_reader(&archive[..]), &mut writer, |_| {});
    let error = match result {
        Err(error) => error.to_string() + &error.source().map_or(String::new(), ToString::to_string),
        Ok(_) => writer.finish().unwrap_err().to_string(),
    };
    assert!(error.contains("cannot write the image"), "{error}");
    // What is there is no file system.
    assert!(!hcs_ext4::read::is_ext4(&memory).unwrap());
}

#[test]
fn the_limit_of_an_image_s_size_is_kept() {
    let write = |limit: u64| {
        let mut writer = Writer::new(Shared::default(), Options::new().maximum_size(limit)).unwrap();
        let archive = Archive::default().file("f", &vec![7; 1 << 20]).end();
        Convert::new().run(Source::from_reader(&archive[..]), &mut writer, |_| {}).map_err(|error| {
            format!("{error}: {}", error.source().map_or(String::new(), ToString::to_string))
        })?;
        writer.finish().map_err(|error| error.to_string())
    };
    let size = write(u64::MAX).unwrap().size;
    assert_eq!(write(size).unwrap().size, size);
    for less in [size - 1, size / 2, 4096, 0] {
        assert!(write(less).unwrap_err().contains(&format!("disk exceeded maximum size of {less} bytes")));
    }
}
