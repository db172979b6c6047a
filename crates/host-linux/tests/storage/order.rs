//! The order of the calls: what each finds, what it makes, what it refuses.

use std::path::Path;

use hcs_contract::{Hresult, LayerDescriptor, StorageService as _};

use super::support::{Place, fails};

#[test]
fn a_writable_layer_is_made_shown_written_to_and_goes_in_the_service_s_order() {
    let place = Place::new();
    let (host, base) = (&place.host, place.base());
    let path = place.scratch("scratch");
    assert!(Path::new(&path).join("sandbox.vhdx").is_file());
    assert!(host.layer_exists(&path).unwrap());
    fails(host.create_sandbox_layer(&path, &base), Hresult::ERROR_ALREADY_EXISTS, "scratch");
    // Nothing before its time.
    fails(host.prepare_layer(&path, &base), Hresult::ERROR_NOT_READY, "not activated");
    fails(host.unprepare_layer(&path), Hresult::ERROR_NOT_READY, "not activated");
    fails(host.deactivate_layer(&path), Hresult::ERROR_NOT_READY, "not activated");
    assert_eq!(host.layer_mount_path(&path).unwrap(), "");
    assert_eq!(place.volumes(), 0, "something is left of calls that failed");

    host.activate_layer(&path).unwrap();
    // As the roll-back of clients needs it.
    host.activate_layer(&path).unwrap();
    let volume = host.layer_mount_path(&path).unwrap();
    assert!(volume.starts_with(r"\\?\Volume{") && volume.ends_with('}') && volume.len() == 48, "{volume}");
    fails(host.volume_path(&volume), Hresult::ERROR_NOT_FOUND, "not prepared");
    fails(host.expand_sandbox_size(&path, 1 << 30), Hresult::ERROR_BUSY, "activated");
    fails(host.destroy_layer(&path), Hresult::ERROR_BUSY, "activated");
    fails(host.unprepare_layer(&path), Hresult::ERROR_NOT_READY, "not prepared");
    fails(host.prepare_layer(&path, &[]), Hresult::E_INVALIDARG, "parents");

    host.prepare_layer(&path, &base).unwrap();
    fails(host.prepare_layer(&path, &base), Hresult::ERROR_ALREADY_EXISTS, "scratch");
    fails(host.deactivate_layer(&path), Hresult::ERROR_BUSY, "unprepare");
    assert_eq!(host.layer_mount_path(&path).unwrap(), volume);
    let folder = host.volume_path(&format!(r"{volume}\data\")).unwrap();
    assert_eq!(fs_err::read(folder.join("one")).unwrap(), b"hello");
    fs_err::write(folder.join("three"), "new").unwrap();
    fs_err::remove_file(folder.join("one")).unwrap();
    // Links that a container wrote lead where they lead for it.
    let root = host.volume_path(&volume).unwrap();
    for (name, target) in
        [("up", "/"), ("etc", "../../../../../../etc"), ("there", "/data"), ("loop", "loop")]
    {
        std::os::unix::fs::symlink(target, root.join(name)).unwrap();
    }
    assert_eq!(host.volume_path(&format!(r"{volume}\up")).unwrap(), root);
    assert_eq!(host.volume_path(&format!(r"{volume}\there\three")).unwrap(), folder.join("three"));
    for outside in ["etc", r"up\etc\passwd", "loop", "missing"] {
        let verdict = host.volume_path(&format!(r"{volume}\{outside}"));
        fails(verdict, Hresult::ERROR_NOT_FOUND, "cannot open");
    }
    fails(host.destroy_layer(&base[0].path), Hresult::ERROR_BUSY, "stands on it");
    // While a file in it is open it stays.
    let open = fs_err::File::open(folder.join("three")).unwrap();
    fails(host.unprepare_layer(&path), Hresult::ERROR_BUSY, "open");
    drop(open);
    place.hide(&path);
    assert_eq!(place.volumes(), 0);
    fails(host.volume_path(&volume), Hresult::ERROR_NOT_FOUND, "no layer of this host");

    // What was written is there again.
    let folder = place.show(&path).unwrap();
    assert_eq!(fs_err::read(folder.join("data/three")).unwrap(), b"new");
    assert!(!folder.join("data/one").exists() && folder.join("hello.txt").exists());
    assert!(Path::new(&base[0].path).join("Files/data/one").exists());
    place.hide(&path);
    host.destroy_layer(&path).unwrap();
    assert!(!host.layer_exists(&path).unwrap() && !Path::new(&path).exists());
    fails(host.destroy_layer(&path), Hresult::ERROR_NOT_FOUND, "scratch");
    assert_eq!(place.volumes(), 0);
}

#[test]
fn read_only_layers_are_shown_where_they_lie_and_chains_from_the_top() {
    let place = Place::new();
    let (host, base) = (&place.host, place.base());
    let path = &base[0].path;
    host.activate_layer(path).unwrap();
    host.prepare_layer(path, &[]).unwrap();
    assert_eq!(&host.layer_mount_path(path).unwrap(), path);
    host.unprepare_layer(path).unwrap();
    host.deactivate_layer(path).unwrap();
    let upper = place.path("upper");
    host.create_layer(&upper, path).unwrap();
    fails(host.create_layer(&upper, path), Hresult::ERROR_ALREADY_EXISTS, "upper");
    fs_err::write(Path::new(&upper).join("Files/hello.txt"), "from above").unwrap();
    let chain: Vec<_> = [&upper, path]
        .map(|path| LayerDescriptor { path: path.clone(), ..LayerDescriptor::default() })
        .into();
    let scratch = place.path("scratch");
    host.create_sandbox_layer(&scratch, &chain).unwrap();
    host.activate_layer(&scratch).unwrap();
    let reversed: Vec<_> = chain.iter().rev().cloned().collect();
    fails(host.prepare_layer(&scratch, &reversed), Hresult::E_INVALIDARG, "made with");
    host.prepare_layer(&scratch, &chain).unwrap();
    let folder = host.volume_path(&host.layer_mount_path(&scratch).unwrap()).unwrap();
    assert_eq!(fs_err::read(folder.join("hello.txt")).unwrap(), b"from above");
    assert_eq!(fs_err::read(folder.join("data/two")).unwrap(), b"hello");
    place.hide(&scratch);
}

#[test]
fn the_storage_filter_shows_a_layer_in_its_own_folder() {
    let place = Place::new();
    let (host, base) = (&place.host, place.base());
    let path = place.path("scratch");
    fs_err::create_dir(&path).unwrap();
    let data = format!(
        r#"{{"SchemaVersion":{{"Major":2,"Minor":0}},"Layers":[{{"Id":"","Path":"{}"}}]}}"#,
        base[0].path
    );
    host.initialize_writable_layer(&path, &data, "").unwrap();
    fails(host.detach_layer_storage_filter(&path), Hresult::ERROR_NOT_READY, "not activated");
    // With other layers below it is not shown, and stays as it was.
    let none = r#"{"SchemaVersion":{"Major":2,"Minor":0},"Layers":[]}"#;
    fails(host.attach_layer_storage_filter(&path, none), Hresult::E_INVALIDARG, "parents");
    assert_eq!(place.volumes(), 0);
    // A half of it can be undone too.
    host.activate_layer(&path).unwrap();
    host.detach_layer_storage_filter(&path).unwrap();
    assert_eq!(place.volumes(), 0);
    host.attach_layer_storage_filter(&path, &data).unwrap();
    let file = Path::new(&path).join("hello.txt");
    assert_eq!(fs_err::read(&file).unwrap(), b"hello");
    fs_err::write(&file, "changed").unwrap();
    fails(host.attach_layer_storage_filter(&path, &data), Hresult::ERROR_ALREADY_EXISTS, "scratch");
    fails(host.destroy_layer(&path), Hresult::ERROR_BUSY, "activated");
    host.detach_layer_storage_filter(&path).unwrap();
    assert_eq!(fs_err::read(Path::new(&path).join("Files/hello.txt")).unwrap(), b"changed");
    host.destroy_layer(&path).unwrap();
    assert_eq!(place.volumes(), 0);
}

#[test]
fn what_is_no_layer_is_refused_by_name_and_stays() {
    let place = Place::new();
    let (host, base) = (&place.host, place.base());
    let none = place.path("none");
    for result in [host.activate_layer(&none), host.destroy_layer(&none), host.deactivate_layer(&none)] {
        fails(result, Hresult::ERROR_NOT_FOUND, "none");
    }
    fails(host.create_sandbox_layer(&none, &[]), Hresult::E_INVALIDARG, "parents");
    let missing = [LayerDescriptor { path: none.clone(), ..LayerDescriptor::default() }];
    fails(host.create_sandbox_layer(&place.path("x"), &missing), Hresult::ERROR_NOT_FOUND, "none");
    fails(host.create_sandbox_layer("relative", &base), Hresult::E_INVALIDARG, "absolute");
    fails(host.create_sandbox_layer("/a\0b", &base), Hresult::E_INVALIDARG, "NUL");
    assert!(!Path::new(&none).exists() && !host.layer_exists(&none).unwrap());
    // Somebody's folder.
    let full = place.path("full");
    fs_err::create_dir(&full).unwrap();
    fs_err::write(Path::new(&full).join("letter"), "dear").unwrap();
    fails(host.create_sandbox_layer(&full, &base), Hresult::ERROR_ALREADY_EXISTS, "full");
    fails(host.destroy_layer(&full), Hresult::ERROR_NOT_FOUND, "full");
    assert!(Path::new(&full).join("letter").exists());
    // A scratch is no parent, and a disk of Windows is none of ours.
    let scratch = place.scratch("scratch");
    let parent = [LayerDescriptor { path: scratch.clone(), ..LayerDescriptor::default() }];
    fails(host.create_sandbox_layer(&place.path("y"), &parent), Hresult::E_INVALIDARG, "writable");
    fs_err::write(Path::new(&scratch).join("sandbox.vhdx"), b"vhdxfile").unwrap();
    fails(host.activate_layer(&scratch), Hresult::ERROR_NOT_SUPPORTED, "sandbox.vhdx");
    fails(host.grant_vm_access("vm", "/x"), Hresult::ERROR_NOT_SUPPORTED, "GrantVmAccess");
}

#[test]
fn names_have_identifiers_that_last() {
    let place = Place::new();
    let one = place.host.name_to_guid("4").unwrap();
    assert_eq!(one, place.host.name_to_guid("4").unwrap());
    assert_ne!(one, place.host.name_to_guid("5").unwrap());
    assert_eq!(one.to_string(), "563bf35b-111b-5474-9867-515ea631db96");
    assert!(place.host.base_images().unwrap().starts_with(r#"{"Images":["#));
}

#[test]
fn calls_that_race_are_told_what_one_order_gives_and_leave_nothing() {
    let place = Place::new();
    let (host, base) = (&place.host, place.base());
    let path = place.scratch("scratch");
    host.activate_layer(&path).unwrap();
    let done: Vec<bool> = std::thread::scope(|scope| {
        let run = || host.prepare_layer(&path, &base).is_ok();
        let runs: Vec<_> = (0..8).map(|_| scope.spawn(run)).collect();
        runs.into_iter().map(|run| run.join().unwrap()).collect()
    });
    assert_eq!(done.iter().filter(|done| **done).count(), 1);
    place.hide(&path);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..20 {
                    let _ = host.activate_layer(&path);
                    let _ = host.prepare_layer(&path, &base);
                    let _ = host.unprepare_layer(&path);
                    let _ = host.deactivate_layer(&path);
                }
            });
        }
    });
    let _ = host.unprepare_layer(&path);
    let _ = host.deactivate_layer(&path);
    host.destroy_layer(&path).unwrap();
    assert_eq!(place.volumes(), 0);
}

#[test]
fn a_chain_of_128_layers_is_shown() {
    let place = Place::new();
    let host = &place.host;
    let mut chain = place.base();
    for number in 1..128 {
        let path = place.path(&format!("layer-{number}"));
        host.create_layer(&path, &chain[0].path).unwrap();
        fs_err::write(Path::new(&path).join("Files/top"), number.to_string()).unwrap();
        chain.insert(0, LayerDescriptor { path, ..LayerDescriptor::default() });
    }
    let scratch = place.path("scratch");
    host.create_sandbox_layer(&scratch, &chain).unwrap();
    host.activate_layer(&scratch).unwrap();
    host.prepare_layer(&scratch, &chain).unwrap();
    let folder = host.volume_path(&host.layer_mount_path(&scratch).unwrap()).unwrap();
    assert_eq!(fs_err::read(folder.join("top")).unwrap(), b"127");
    assert_eq!(fs_err::read(folder.join("hello.txt")).unwrap(), b"hello");
    place.hide(&scratch);
    host.destroy_layer(&scratch).unwrap();
}
