//! Layers of Linux images: what GNU tar unpacks lies the same in ours, and the tar comes out again.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a step that fails fails its test")]
#![expect(clippy::disallowed_methods, reason = "GNU tar is what is compared with")]

use std::path::Path;
use std::process::Command;

use hcs_ext4::Time;
use hcs_ext4::tar::{Item, Kind, Source, Writer};
use hcs_layers::inspect;
use hcs_layers::tar::{Export, ImportReport, TarLayerError, Unpack};

fn script(folder: &Path, text: &str) -> Vec<u8> {
    let output = Command::new("sh").args(["-ec", text]).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "{text}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

fn unpack(tar: &[u8], folder: &Path) -> Result<ImportReport, TarLayerError> {
    Unpack::new().run(Source::from_reader(tar), folder, |_| {})
}

fn chain(error: &dyn std::error::Error) -> String {
    let all = std::iter::successors(Some(error), |error| error.source());
    all.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

fn tar(entries: &[(Item<'_>, &[u8])]) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new());
    for (item, content) in entries {
        writer.entry(&Item { stored: content.len() as u64, ..item.clone() }).unwrap();
        writer.content(content).unwrap();
    }
    writer.finish().unwrap()
}

fn item(name: &str) -> Item<'_> {
    Item {
        name: name.as_bytes(),
        mode: 0o644,
        modified: Time::from_seconds(1_600_000_000),
        ..Item::default()
    }
}

/// Owners, devices and whiteouts are root's to make.
fn is_root() -> bool {
    let root = rustix::process::geteuid().is_root();
    if !root {
        eprintln!("skipped: needs root, for owners, devices and overlay's marks");
    }
    root
}

#[test]
fn a_tree_lies_as_gnu_tar_unpacks_it_and_its_tar_comes_out_again() {
    if !is_root() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    script(
        dir.path(),
        "mkdir -p tree/usr/bin tree/etc tree/var/lib/dpkg; cd tree
        echo program > usr/bin/p; chmod 4755 usr/bin/p; ln usr/bin/p usr/bin/q; ln -s usr/bin bin; ln -s /etc/passwd abs
        echo list > var/lib/dpkg/libc6:amd64.list; echo A > etc/Name; echo a > etc/name; chown 5:6 etc/name
        mkfifo etc/fifo; mknod etc/null c 1 3; mknod etc/disk b 8 1; chmod 1777 var; chown 1000:1000 var
        ln etc/fifo etc/fifo2; printf end | dd of=etc/sparse bs=1 seek=3000000 status=none;
        touch -d '2001-02-03 04:05:06.123456789' etc/name; touch -h -d '2002-01-01' bin; touch -d '2003-01-01' etc usr",
    );
    rustix::fs::setxattr(at("tree/etc/Name"), "user.x", b"1", rustix::fs::XattrFlags::empty()).unwrap();
    let show = "cd \"$0\"; find . -type d -printf '%P %m %U:%G %T@ %n\n' | sort;
        find . ! -type d -printf '%P %y %m %U:%G %s %T@ %l %n\n' | sort;
        find . -type f -exec sha256sum {} + | sort; stat -c '%n %t:%T' etc/null etc/disk";
    for form in ["gnu", "pax"] {
        // Only PAX has attributes.
        let xattrs = if form == "pax" { "--xattrs" } else { "" };
        let make = format!("tar c --format={form} {xattrs} -S -C tree .");
        let made = script(dir.path(), &make);
        script(dir.path(), &format!("rm -rf theirs; mkdir theirs; {make} | tar x -C theirs"));
        let layer = at(form);
        let report = unpack(&made, &layer).unwrap();
        assert_eq!((report.warnings.len(), report.canonical), (0, false));
        let look = |folder: &Path| {
            let output = Command::new("sh").args(["-ec", show]).arg(folder).output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            String::from_utf8(output.stdout).unwrap()
        };
        assert_eq!(look(&layer.join("Files")), look(&at("theirs")), "{form}");
        let mut value = [0; 8];
        let length = rustix::fs::getxattr(layer.join("Files/etc/Name"), "user.x", &mut value[..]);
        assert_eq!(length.ok(), (form == "pax").then_some(1), "{form}");
        let mut again = Vec::new();
        Export::new().run(&layer, &mut again, |_| {}).unwrap();
        assert!(again == made, "{form}: the bytes differ");
        let error = Export::new().canonical(true).run(&layer, &mut again, |_| {}).unwrap_err();
        assert!(chain(&error).contains("Linux image"), "{}", chain(&error));
        assert!(chain(&inspect(&layer, true).unwrap_err()).contains("Linux image"));
    }
}

#[test]
fn whiteouts_are_those_of_overlays() {
    if !is_root() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let layer = dir.path().join("layer");
    let folder = Item { kind: Kind::Directory, mode: 0o750, ..item("d/") };
    let made =
        tar(&[(item("a/.wh.b"), b""), (folder, b""), (item("d/.wh..wh..opq"), b""), (item("d/x"), b"x")]);
    unpack(&made, &layer).unwrap();
    let found = script(&layer.join("Files"), "stat -c '%n %F %t:%T %a' a/b d");
    let expected = "a/b character special file 0:0 0\nd directory 0:0 750\n";
    assert_eq!(String::from_utf8(found).unwrap(), expected);
    let mut value = [0; 8];
    let length =
        rustix::fs::getxattr(layer.join("Files/d"), "trusted.overlay.opaque", &mut value[..]).unwrap();
    assert_eq!(&value[..length], b"y");
    let mut again = Vec::new();
    Export::new().run(&layer, &mut again, |_| {}).unwrap();
    assert!(again == made);
}

#[test]
fn bad_entries_are_refused_by_name_and_leave_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let layer = dir.path().join("layer");
    let check = |entries: &[(Item<'_>, &[u8])], expected: &str| {
        let error = chain(&unpack(&tar(entries), &layer).unwrap_err());
        assert!(error.contains(expected) && error.contains("at byte"), "{error} has no {expected}");
        assert!(!layer.exists());
    };
    let link = |kind, name, link| (Item { kind, link, ..item(name) }, &b""[..]);
    check(&[(item("../x"), b"")], "tar entry ../x at byte 0");
    check(&[(item("/x"), b"")], "absolute");
    check(&[link(Kind::Symlink, "l", b"/etc"), (item("l/passwd"), b"")], "link or mount point \"Files/l\"");
    check(&[link(Kind::Symlink, "l", b"/etc/passwd"), (item("l"), b"")], "there already");
    check(
        &[link(Kind::Symlink, "l", b"/etc"), link(Kind::HardLink, "h", b"l/passwd")],
        "failed to find link target",
    );
    check(&[link(Kind::HardLink, "h", b"../../etc/passwd")], "component ..");
    check(&[(item("a"), b""), (Item { kind: Kind::Directory, ..item("a") }, b"")], "there already");
    check(&[(Item { kind: Kind::Directory, ..item("a") }, b""), (item("a"), b"")], "there already");
    check(&[(item("a"), b""), (item("a/b"), b"")], "no folder");
    check(&[(item("a/.wh..."), b"")], "names nothing");
    check(&[(item("a/.wh."), b"")], "names nothing");
    check(&[(Item { kind: Kind::CharDevice, ..item("d") }, b"")], "device 0:0");
    check(&[(Item { name: b"\xff", ..item("x") }, b"")], "not UTF-8");
    let xattrs = [(b"trusted.overlay.redirect".to_vec(), b"/etc".to_vec())];
    check(&[(Item { xattrs: &xattrs, ..item("x") }, b"")], "steers overlays");
    let whole = tar(&[(item("a"), &[7; 2000]), (item("b"), b"b")]);
    for at in (0..whole.len() - 1024).step_by(256) {
        assert!(unpack(&whole[..at], &layer).is_err(), "cut at {at}");
        assert!(!layer.exists());
    }
}
