//! What callers get wrong: each is a clear error, and leaves nothing.

use super::support::{Engine, PATIENCE, code, done};
use hcs_contract::{ComputeService, Error, ErrorKind, Hresult, ProcessStreams};

fn refused(engine: &Engine, document: &str) -> Error {
    engine.try_create("bad", document).unwrap_err()
}

#[test]
fn ids_that_are_unknown_taken_or_hostile() {
    let engine = Engine::new();
    let error = engine.host.open_system("nobody").unwrap_err();
    assert_eq!(error.hresult(), Hresult::HCS_E_SYSTEM_NOT_FOUND);
    assert!(error.is_not_exist() && error.to_string().contains("nobody"), "{error}");
    let first = engine.create("twice", "");
    let error = engine.try_create("twice", &engine.document("")).unwrap_err();
    assert_eq!(error.hresult(), Hresult::HCS_E_SYSTEM_ALREADY_EXISTS);
    assert!(error.hint().is_some());
    done(&first.terminate(""));
    let long = "x/".repeat(150);
    for id in ["../../../tmp/x", "a\0b", "a b\n", "%2e", "..", "ü", &long] {
        let system = engine.started(id, "");
        assert_eq!(engine.host.open_system(id).unwrap().id(), id);
        let listed = done(&engine.host.enumerate_systems(""));
        assert!(listed.contains(&serde_json::to_string(id).unwrap()), "{listed}");
        done(&system.terminate(""));
    }
    assert_eq!(engine.try_create("", &engine.document("")).unwrap_err().hresult(), Hresult::E_INVALIDARG);
}

#[test]
fn broken_documents_have_their_place() {
    let engine = Engine::new();
    for (document, place) in [
        ("", "line 1"),
        ("{\n  \"SystemType\": \"Container\",\n  oops\n}", "line 3, column 3"),
        ("{\"SystemType\":\"Container\",\"Name\":7}", "Name"),
        ("{\"Container\":{\"Storage\":{\"Layers\":[{\"Path\":[]}]}}}", "Container.Storage.Layers[0].Path"),
        ("{\"Container\":{\"Storag\":{}}}", "Container.Storag"),
        ("{\"SystemType\":\"Container\",\"Colour\":1}", "Colour"),
        ("{}", "SystemType"),
        ("{\"SchemaVersion\":{\"Major\":2}}", "Container"),
    ] {
        let error = refused(&engine, document);
        assert_eq!(error.hresult(), Hresult::HCS_E_INVALID_JSON, "{document}: {error}");
        assert!(error.to_string().contains(place), "{document}: {error}");
    }
}

#[test]
fn paths_that_are_not_there_or_no_folders() {
    let engine = Engine::new();
    let file = engine.path("file");
    fs_err::write(&file, "").unwrap();
    let with =
        |path: &str| format!(r#"{{"SystemType":"Container","ContainerType":"Linux","VolumePath":"{path}"}}"#);
    for (path, expected) in [
        ("/nowhere/at/all", Hresult::ERROR_PATH_NOT_FOUND),
        (file.to_str().unwrap(), Hresult::ERROR_DIRECTORY),
        (r"\\\\?\\Volume{26a21bda-a627-11d7-9931-806e6f6e6963}\\", Hresult::HCS_E_INVALID_JSON),
        ("relative", Hresult::ERROR_NOT_SUPPORTED),
        ("", Hresult::HCS_E_INVALID_JSON),
    ] {
        let error = refused(&engine, &with(path));
        assert_eq!(error.hresult(), expected, "{path}: {error}");
    }
    let mapped = |rest: &str| engine.document(&format!("\"MappedDirectories\":[{{{rest}}}]"));
    for (rest, expected, name) in [
        (r#""HostPath":"/nowhere","ContainerPath":"/x""#, Hresult::ERROR_PATH_NOT_FOUND, "[0].HostPath"),
        (r#""HostPath":"/tmp","ContainerPath":"/proc/x""#, Hresult::HCS_E_INVALID_JSON, "[0].ContainerPath"),
        (r#""HostPath":"/tmp","ContainerPath":"C:\\x""#, Hresult::HCS_E_INVALID_JSON, "[0].ContainerPath"),
        (r#""HostPath":"C:\\x","ContainerPath":"/x""#, Hresult::ERROR_NOT_SUPPORTED, "[0].HostPath"),
    ] {
        let error = refused(&engine, &mapped(rest));
        assert_eq!(error.hresult(), expected, "{rest}: {error}");
        assert!(error.to_string().contains(name), "{rest}: {error}");
    }
}

#[test]
fn members_that_cannot_be_honoured_are_named() {
    let engine = Engine::new();
    for (member, name) in [
        (r#""HvPartition":true"#, "HvPartition"),
        (r#""NetworkSharedContainerName":"x""#, "NetworkSharedContainerName"),
        (r#""StorageSandboxSize":1"#, "StorageSandboxSize"),
        (r#""Credentials":"{}""#, "Credentials"),
        (r#""LinuxHost":{"OsVersion":"10.0.1"}"#, "LinuxHost.OsVersion"),
    ] {
        let error = refused(&engine, &engine.document(member));
        assert_eq!(error.hresult(), Hresult::ERROR_NOT_SUPPORTED, "{member}: {error}");
        assert!(matches!(error.kind(), ErrorKind::NotSupported { field, .. } if field == name), "{error}");
    }
    for version in [r#"{"Major":3}"#, r#"{"Major":1}"#, r#"{"Major":2,"Minor":6}"#] {
        let error = refused(&engine, &format!(r#"{{"SchemaVersion":{version},"Container":{{}}}}"#));
        assert_eq!(error.hresult(), Hresult::ERROR_NOT_SUPPORTED, "{version}: {error}");
    }
    let system = engine.started("good", "");
    let error =
        system.create_process(r#"{"CommandArgs":["x"],"RestrictedToken":true}"#, ProcessStreams::default());
    assert_eq!(code(&error), 0x8007_0032);
    assert_eq!(code(&system.save("")), 0x8007_0032);
    assert_eq!(code(&system.start(r#"{"Force":true}"#)), 0x8007_0032);
    assert_eq!(code(&system.properties(r#"{"PropertyTypes":["Memory"]}"#)), 0x8007_0032);
    assert_eq!(code(&system.modify("nonsense")), 0x8037_010D);
    assert_eq!(code(&engine.host.enumerate_systems("[]")), 0x8037_010D);
    assert_eq!(code(&engine.host.service_properties(r#"{"PropertyTypes":["CpuGroup"]}"#)), 0x8007_0032);
    let basic = done(&engine.host.service_properties(r#"{"PropertyTypes":["Basic"]}"#));
    assert!(basic.contains(r#"{"Major":2,"Minor":1}"#), "{basic}");
    done(&system.terminate(""));
}

#[test]
fn a_container_that_cannot_be_made_leaves_nothing() {
    let engine = Engine::new();
    // The kernel refuses a mount over a file's child; that is found by process 1 only.
    fs_err::write(engine.root.join("file"), "").unwrap();
    let document = engine.document(
        r#""MappedDirectories":[{"HostPath":"/var/tmp","ContainerPath":"/file/below"}],
           "LinuxHost":{"KeepAfterExit":true,"UserNamespace":"Auto"}"#,
    );
    let error = refused(&engine, &document);
    assert!(error.to_string().contains("/file/below"), "{error}");
    assert!(error.document().is_some());
    assert_eq!(engine.host.systems().unwrap(), []);
    // The id is free at once.
    let system = engine.create("bad", "");
    done(
        &system
            .terminate("")
            .wait(PATIENCE)
            .map(|_| ())
            .map_or_else(|error| panic!("{error}"), |()| system.wait_exit()),
    );
}

#[test]
fn without_the_helper_program_the_error_says_how_to_install_it() {
    let engine = Engine::new();
    let mut options = engine.host.options().clone();
    options.libexec = vec![engine.path("empty")];
    let host = hcs_host_linux::LinuxHost::open(options).unwrap();
    let error = host.create_system("x", &engine.document("")).map(drop).unwrap_err();
    assert_eq!(error.hresult(), Hresult::HCS_E_SERVICE_NOT_AVAILABLE);
    assert!(error.to_string().contains("hcs-init") && error.hint().unwrap().contains("install"), "{error}");
}

/// A file system of its own for the engine's folders, gone with this value.
struct SmallDisk(std::path::PathBuf);

impl SmallDisk {
    fn at(path: std::path::PathBuf) -> Self {
        fs_err::create_dir(&path).unwrap();
        let flags = rustix::mount::MountFlags::empty();
        rustix::mount::mount("tmpfs", &path, "tmpfs", flags, Some(c"size=64k")).unwrap();
        Self(path)
    }

    /// Fills it to the last byte; gives the file that does.
    fn fill(&self) -> std::path::PathBuf {
        let path = self.0.join("filler");
        let mut file = fs_err::File::create(&path).unwrap();
        while std::io::Write::write_all(&mut file, &[0; 4096]).is_ok() {}
        path
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = rustix::mount::unmount(&self.0, rustix::mount::UnmountFlags::DETACH);
    }
}

#[test]
fn a_full_disk_is_said_and_nothing_half_made_stays() {
    let engine = Engine::new();
    let disk = SmallDisk::at(engine.path("small"));
    let mut options = engine.host.options().clone();
    (options.root, options.run) = (disk.0.join("root"), disk.0.join("run"));
    let host = hcs_host_linux::LinuxHost::open(options).unwrap();
    let filler = disk.fill();
    let kept = engine.document(r#""LinuxHost":{"KeepAfterExit":true,"UserNamespace":"Auto"}"#);
    let error = host.create_system("x", &kept).map(drop).unwrap_err();
    assert_eq!(error.hresult(), Hresult::ERROR_DISK_FULL, "{error}");
    assert!(error.hint().unwrap().contains("space"), "{error:?}");
    let report = host.gc(true).unwrap();
    assert_eq!((report.found.len(), report.failures.len()), (0, 0), "{report:?}");
    fs_err::remove_file(filler).unwrap();
    let (system, operation) = host.create_system("x", &kept).unwrap();
    done(&operation);
    done(&system.terminate(""));
    drop(system);
    host.remove("x").unwrap();
    host.gc(false).unwrap();
    assert!(!super::support::cgroup_exists(host.instance()));
}

#[test]
fn without_roots_rights_the_error_says_what_to_do() {
    let engine = Engine::new();
    let theirs = engine.path("theirs");
    fs_err::create_dir(&theirs).unwrap();
    let nobody = (rustix::process::Uid::from_raw(65_534), rustix::process::Gid::from_raw(65_534));
    rustix::fs::chown(&theirs, Some(nobody.0), Some(nobody.1)).unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs_err::set_permissions(engine.path(""), mode).unwrap();
    let document = engine.document("");
    let roots = engine.host.options().clone();
    // Ids are a thread's own to the kernel; this one ends as nobody.
    let refused = std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            rustix::thread::set_thread_res_uid(nobody.0, nobody.0, nobody.0).unwrap();
            let closed = hcs_host_linux::LinuxHost::open(roots.clone()).unwrap_err();
            let mut options = roots;
            (options.root, options.run) = (theirs.join("root"), theirs.join("run"));
            let host = hcs_host_linux::LinuxHost::open(options).unwrap();
            [closed, host.create_system("x", &document).map(drop).unwrap_err()]
        });
        thread.join().unwrap()
    });
    for error in refused {
        assert_eq!(error.hresult(), Hresult::E_ACCESSDENIED, "{error}");
        assert!(error.hint().unwrap().contains("root"), "{error:?}");
    }
}
