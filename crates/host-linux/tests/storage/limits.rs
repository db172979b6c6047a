//! Writable layers with a size. Needs loop devices and mkfs.ext4; without them the tests say so and are skipped.

use std::path::Path;

use hcs_contract::{Hresult, StorageService as _};
use hcs_host_linux::LinuxHost;

use super::support::{Place, fails};

const MIB: u64 = 1 << 20;

fn available() -> bool {
    let there = Path::new("/dev/loop-control").exists() && Path::new("/usr/sbin/mkfs.ext4").exists();
    if !there {
        eprintln!("skipped: no loop devices, or no mkfs.ext4");
    }
    there
}

fn free(folder: &Path) -> u64 {
    let found = rustix::fs::statvfs(folder).unwrap();
    found.f_blocks * found.f_frsize
}

#[test]
fn a_size_is_a_limit_grows_and_keeps_what_was_written() {
    if !available() {
        return;
    }
    let place = Place::new();
    let host = &place.host;
    let path = place.scratch("scratch");
    host.expand_sandbox_size(&path, 100 * MIB).unwrap();
    fails(host.expand_sandbox_size(&path, 64 * MIB), Hresult::E_INVALIDARG, "less than");
    fails(host.expand_sandbox_size(&path, u64::MAX), Hresult::E_INVALIDARG, "at most");
    let folder = place.show(&path).unwrap();
    assert_eq!(fs_err::read(folder.join("hello.txt")).unwrap(), b"hello");
    let content = vec![7; 1 << 20];
    let full = (0..200).find(|n| fs_err::write(folder.join(format!("f{n}")), &content).is_err()).unwrap();
    assert!((50..100).contains(&full), "{full} MiB went into 100");
    fs_err::remove_file(folder.join("f0")).unwrap();
    fs_err::write(folder.join("data/one"), "kept").unwrap();
    place.hide(&path);
    assert_eq!(place.volumes(), 0);

    // The disk behind it is sparse.
    host.expand_sandbox_size(&path, 40 << 30).unwrap();
    let folder = place.show(&path).unwrap();
    assert!(free(&folder) > 35 << 30, "{}", free(&folder));
    assert_eq!(fs_err::read(folder.join("data/one")).unwrap(), b"kept");
    place.hide(&path);
    let image = fs_err::metadata(Path::new(&path).join("scratch.ext4")).unwrap();
    assert!(std::os::unix::fs::MetadataExt::blocks(&image) * 512 < 400 * MIB);
    host.destroy_layer(&path).unwrap();

    // What was used without a size keeps its files where they are.
    let (path, folder) = place.shown("other");
    // The size it has is no other one, also when it was made larger than was asked for.
    let small = place.scratch("small");
    host.expand_sandbox_size(&small, 1).unwrap();
    host.expand_sandbox_size(&small, 1).unwrap();
    host.destroy_layer(&small).unwrap();
    fs_err::write(folder.join("x"), "x").unwrap();
    place.hide(&path);
    fails(host.expand_sandbox_size(&path, 100 * MIB), Hresult::HCS_E_INVALID_STATE, "used without a size");
}

#[test]
fn two_programs_use_no_disk_at_once_and_one_s_layers_are_the_other_s() {
    if !available() {
        return;
    }
    let place = Place::new();
    let other = LinuxHost::open(super::support::options(place.folder.path())).unwrap();
    let path = place.scratch("scratch");
    other.expand_sandbox_size(&path, 64 * MIB).unwrap();
    place.host.activate_layer(&path).unwrap();
    other.activate_layer(&path).unwrap();
    other.prepare_layer(&path, &place.base()).unwrap();
    assert_eq!(place.host.layer_mount_path(&path).unwrap(), other.layer_mount_path(&path).unwrap());
    // Another engine knows nothing of it, but finds the disk in use.
    let foreign = LinuxHost::open(super::support::options(&place.folder.path().join("foreign"))).unwrap();
    fails(foreign.activate_layer(&path), Hresult::ERROR_BUSY, "disk");
    place.hide(&path);
}
