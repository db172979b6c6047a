//! Virtual disks of the host in containers. Needs loop devices and mkfs.ext4; without them the tests say so and are skipped.

use std::path::{Path, PathBuf};
use std::time::Instant;

use hcs_schema::Document as _;
use hcs_schema::compute::v1::ContainerProperties;

use super::support::{Engine, PATIENCE, done, kill_and_wait, run, supervisor_of};
use super::windows;
use super::windows_guests::run as run_windows;

/// Whether this machine has what disks need; a test that is skipped says why.
#[expect(clippy::print_stdout, reason = "a test that is skipped says why")]
fn possible() -> bool {
    let missing = if !Path::new("/dev/loop-control").exists() {
        "this kernel has no loop devices (/dev/loop-control)"
    } else if !Path::new("/sbin/mkfs.ext4").exists() {
        "mkfs.ext4 is not installed (e2fsprogs)"
    } else {
        return true;
    };
    println!("skipped: {missing}");
    false
}

/// An image with an empty ext4. With `footer` it is a fixed VHD.
fn image(engine: &Engine, name: &str, footer: bool) -> PathBuf {
    let path = engine.path(name);
    let file = fs_err::File::create(&path).unwrap();
    file.set_len(16 << 20).unwrap();
    #[expect(clippy::disallowed_methods, reason = "makes the file system under test")]
    let made = std::process::Command::new("/sbin/mkfs.ext4").arg("-q").arg(&path).status().unwrap();
    assert!(made.success());
    if footer {
        let mut vhd = vec![0; 512];
        vhd[..8].copy_from_slice(b"conectix");
        vhd[60..64].copy_from_slice(&2u32.to_be_bytes());
        std::os::unix::fs::FileExt::write_all_at(file.file(), &vhd, 16 << 20).unwrap();
    }
    path
}

fn disk(path: &Path, more: &str) -> String {
    format!(r#""MappedVirtualDisks":[{{"HostPath":"{}","ContainerPath":"/disk"{more}}}]"#, path.display())
}

/// The loop devices that are on a file.
fn devices_on(path: &Path) -> usize {
    let entries = fs_err::read_dir("/sys/block").unwrap().flatten();
    let files =
        entries.filter_map(|entry| fs_err::read_to_string(entry.path().join("loop/backing_file")).ok());
    files.filter(|file| Path::new(file.trim_end()) == path).count()
}

/// The kernel gives a device back when its last mount is gone, which has no event.
fn until_detached(path: &Path) {
    let until = Instant::now() + PATIENCE;
    while devices_on(path) > 0 {
        assert!(Instant::now() < until, "{} stays attached", path.display());
    }
}

#[test]
fn a_disk_is_mounted_and_keeps_what_is_written() {
    if !possible() {
        return;
    }
    let engine = Engine::new();
    for (name, footer, namespace) in [("raw.img", false, "Host"), ("fixed.vhd", true, "Auto")] {
        let path = image(&engine, name, footer);
        let more = format!(r#"{},"LinuxHost":{{"UserNamespace":"{namespace}"}}"#, disk(&path, ""));
        let system = engine.started("disk", &more);
        assert_eq!(devices_on(&path), 1);
        assert_eq!(run(&system, "echo kept > /disk/file && cat /disk/file").0, "kept\n");
        let (device, _) = run(&system, "busybox grep ' /disk ' /proc/self/mountinfo");
        assert!(device.contains("nosuid,nodev") && device.contains(" ext4 "), "{device}");
        let (size, _) = run(&system, "busybox df -m /disk | busybox tail -n 1");
        assert!(size.split_whitespace().nth(1).unwrap().parse::<u32>().unwrap() < 17, "{size}");

        let text = done(&system.properties(r#"{"PropertyTypes":["MappedVirtualDisk"]}"#));
        let properties = ContainerProperties::from_json(&text).unwrap();
        let there = &properties.mapped_virtual_disk_controllers[&0].mapped_virtual_disks[&0];
        assert_eq!(
            (there.host_path.as_str(), there.container_path.as_str()),
            (path.to_str().unwrap(), "/disk")
        );

        // Nobody else writes to it meanwhile, and a container that was refused has made nothing.
        let error = engine.try_create("second", &engine.document(&disk(&path, ""))).unwrap_err();
        assert_eq!(error.hresult().0, 0x8007_00AA, "{error}");
        assert!(error.to_string().contains(name), "{error}");
        done(&system.terminate(""));
        until_detached(&path);
        let text = done(&system.properties(r#"{"PropertyTypes":["MappedVirtualDisk"]}"#));
        assert!(!text.contains("MappedVirtualDiskControllers"), "{text}");
        drop(system);
        let system = engine.started("disk", &more);
        assert_eq!(run(&system, "cat /disk/file").0, "kept\n");
        done(&system.terminate(""));
        drop(system);
        until_detached(&path);
    }
}

#[test]
fn a_read_only_disk_stays_as_it_is_and_is_shared() {
    if !possible() {
        return;
    }
    let engine = Engine::new();
    let path = image(&engine, "shared.img", false);
    let writer = engine.started("writer", &disk(&path, ""));
    run(&writer, "echo there > /disk/file");
    done(&writer.terminate(""));
    until_detached(&path);
    let before = fs_err::read(&path).unwrap();
    let more = disk(&path, r#","ReadOnly":true"#);
    let readers = ["one", "two"].map(|id| engine.started(id, &more));
    for reader in &readers {
        assert_eq!(run(reader, "cat /disk/file").0, "there\n");
        assert_ne!(run(reader, "echo x 2> /dev/null > /disk/no || exit 1").1, 0);
    }
    for reader in &readers {
        done(&reader.terminate(""));
    }
    until_detached(&path);
    assert!(fs_err::read(&path).unwrap() == before, "not even a superblock is written");
}

#[test]
fn a_killed_supervisor_leaves_no_device() {
    if !possible() {
        return;
    }
    let engine = Engine::new();
    let path = image(&engine, "killed.img", false);
    let system = engine.started("killed", &disk(&path, ""));
    assert_eq!(devices_on(&path), 1);
    kill_and_wait(supervisor_of(&engine.host, "killed"));
    done(&system.wait_exit());
    drop(system);
    until_detached(&path);
    engine.host.gc(false).unwrap();
    // And it can be attached again.
    let system = engine.started("killed", &disk(&path, ""));
    done(&system.terminate(""));
    drop(system);
    until_detached(&path);
}

#[test]
fn a_windows_container_has_it_as_a_folder() {
    if !possible() {
        return;
    }
    let engine = Engine::new();
    let path = image(&engine, "windows.vhd", true);
    let document = format!(
        r#"{{"SystemType":"Container","Layers":[{{"ID":"x","Path":"{}"}}],
            "MappedVirtualDisks":[{{"HostPath":"{}","ContainerPath":"C:\\disk"}}]}}"#,
        windows::base().path().display(),
        path.display(),
    );
    let system = engine.try_create("windisk", &document).unwrap();
    done(&system.start(""));
    assert_eq!(run_windows(&system, r"cmd /c echo kept> C:\disk\file& type C:\disk\file").0, "kept\n");
    done(&system.terminate(""));
    drop(system);
    until_detached(&path);
}

#[test]
fn what_can_not_be_attached_is_refused_with_the_reason() {
    let engine = Engine::new();
    let file = |name: &str, content: &[u8]| {
        let path = engine.path(name);
        fs_err::write(&path, content).unwrap();
        path
    };
    for (path, code, word) in [
        (file("a.vhdx", b"vhdxfile"), 0x8007_0032, "VHDX"),
        (file("a.img", &[0; 4096]), 0x8007_0032, "no file system"),
        (engine.path("absent"), 0x8007_0003, "absent"),
        (engine.root.clone(), 0x8007_0032, "HostPath"),
    ] {
        let error = engine.try_create("refused", &engine.document(&disk(&path, ""))).unwrap_err();
        assert_eq!(error.hresult().0, code, "{error}");
        assert!(error.to_string().contains(word), "{error}");
    }
    assert!(engine.host.gc(true).unwrap().found.is_empty());
}
