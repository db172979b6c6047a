//! Images in files, whole and damaged.

use hcs_images::{Digest, ImageError};
use serde_json::json;

use crate::support::{MANIFEST, Made, Place, descriptor, name, tar, unused};

fn image() -> Made {
    Made::new(&[tar(&[("a/", ""), ("a/b", "one")]), tar(&[("a/c", "two")])])
}

#[test]
fn what_is_saved_is_loaded_with_the_same_digest_and_the_same_bytes() {
    let (place, other) = (Place::new(), Place::new());
    image().layout(&place.path("layout"));
    let entry = place.load(&place.path("layout")).unwrap().remove(0);
    let save = |place: &Place| {
        let mut bytes = Vec::new();
        place.store.save(&place.store.list().unwrap(), &mut bytes).unwrap();
        bytes
    };
    let bytes = save(&place);
    fs_err::write(place.path("x.tar"), &bytes).unwrap();
    let again = other.store.load(&place.path("x.tar"), None, None).unwrap().remove(0);
    assert_eq!((again.manifest.digest, again.name), (entry.manifest.digest, name("x:1")));
    assert_eq!(save(&other), bytes);

    let layout = place.path("saved");
    place.store.save_layout(std::slice::from_ref(&entry), &layout).unwrap();
    let third = Place::new();
    assert_eq!(third.store.load(&layout, None, None).unwrap()[0].manifest.digest, entry.manifest.digest);
    assert!(matches!(place.store.save_layout(&[entry], &layout), Err(ImageError::Invalid { .. })));
}

#[test]
fn an_archive_that_is_cut_off_anywhere_makes_no_image() {
    let place = Place::new();
    image().layout(&place.path("layout"));
    place.load(&place.path("layout")).unwrap();
    let mut bytes = Vec::new();
    place.store.save(&place.store.list().unwrap(), &mut bytes).unwrap();
    let cut = place.path("cut.tar");
    let other = Place::new();
    // All but the blocks of zeros at its end, which may be missing.
    for end in (0..bytes.len() - 1024).step_by(512) {
        fs_err::write(&cut, &bytes[..end]).unwrap();
        assert!(other.store.load(&cut, None, None).is_err(), "cut off at {end} of {}", bytes.len());
    }
}

#[test]
fn parts_that_do_not_belong_together_are_refused() {
    let check = |made: &Made, damage: &dyn Fn(&std::path::Path), expected: &str| {
        let place = Place::new();
        let layout = place.path("layout");
        made.layout(&layout);
        damage(&layout);
        let error = place.load(&layout).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
        assert!(place.store.list().unwrap().is_empty());
    };
    let made = image();
    let layer = format!("blobs/sha256/{}", Digest::of(&made.blobs[1]).hex());
    check(&made, &|layout| fs_err::remove_file(layout.join(&layer)).unwrap(), "is not in the store");
    check(&made, &|layout| fs_err::write(layout.join(&layer), "x").unwrap(), "was announced");
    check(&made, &|layout| fs_err::remove_file(layout.join("oci-layout")).unwrap(), "no whole OCI layout");
    check(&made, &|layout| fs_err::write(layout.join("index.json"), "[]").unwrap(), "no document");
    let fewer = image().with_config(|config| config["rootfs"]["diff_ids"] = json!([]));
    check(&fewer, &|_| {}, "has 0 layers, and its manifest 2");
    let mut many = image();
    many.manifest["layers"] = vec![many.manifest["layers"][0].clone(); 501].into();
    check(&many, &|_| {}, "501 layers");
    let mut foreign = image();
    foreign.manifest["layers"][0]["mediaType"] = json!("application/vnd.cyclonedx+json");
    check(&foreign, &|_| {}, "cyclonedx");
}

#[test]
fn nothing_of_an_archive_leads_elsewhere() {
    let place = Place::new();
    for entry in ["../x", "/etc/x", "a/../../x"] {
        fs_err::write(place.path("bad.tar"), tar(&[(entry, "x")])).unwrap();
        let error = place.store.load(&place.path("bad.tar"), None, None).unwrap_err();
        assert!(error.to_string().contains("leads elsewhere"), "{error}");
    }
    let docker = r#"[{"Config":"../../etc/passwd","RepoTags":["x:1"],"Layers":[]}]"#;
    fs_err::write(place.path("bad.tar"), tar(&[("manifest.json", docker)])).unwrap();
    let error = place.store.load(&place.path("bad.tar"), None, None).unwrap_err();
    assert!(error.to_string().contains("not in the archive"), "{error}");
    let swept = place.store.sweep(unused).unwrap();
    assert_eq!((swept.busy, place.names("blobs")), (false, vec![]));
}

#[test]
fn a_docker_archive_of_old_is_loaded() {
    let (place, made) = (Place::new(), image());
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let manifest = r#"[{"Config":"c.json","RepoTags":["old:1"],"Layers":["1/layer.tar","2/layer.tar"]}]"#;
    let archive = tar(&[
        ("1/layer.tar", &text(&made.blobs[0])),
        ("2/layer.tar", &text(&made.blobs[1])),
        ("c.json", &made.config.to_string()),
        ("manifest.json", manifest),
    ]);
    fs_err::write(place.path("old.tar"), archive).unwrap();
    let entry = place.store.load(&place.path("old.tar"), None, None).unwrap().remove(0);
    assert_eq!(entry.name, name("old:1"));
    assert_eq!(place.prepare(&entry).unwrap().len(), 2);
}

#[test]
fn one_name_is_not_given_to_several_images() {
    let (place, one, two) = (Place::new(), image(), Made::new(&[tar(&[("b", "b")])]));
    one.layout(&place.path("layout"));
    two.layout(&place.path("layout"));
    let named = |made: &Made, name: &str| {
        let mut descriptor = descriptor(MANIFEST, made.manifest.to_string().as_bytes());
        descriptor["annotations"] = json!({ "io.containerd.image.name": name });
        descriptor
    };
    let index = json!({ "schemaVersion": 2, "manifests": [named(&one, "one:1"), named(&two, "two:2")] });
    fs_err::write(place.path("layout/index.json"), index.to_string()).unwrap();
    let error = place.store.load(&place.path("layout"), Some(&name("x:1")), None).unwrap_err();
    assert!(error.to_string().contains("several images"), "{error}");
    assert!(place.store.list().unwrap().is_empty());
    assert_eq!(place.store.load(&place.path("layout"), None, None).unwrap().len(), 2);
}

#[test]
fn what_can_not_be_read_now_is_not_taken_away() {
    let place = Place::new();
    let made = image();
    made.layout(&place.path("layout"));
    place.load(&place.path("layout")).unwrap();
    let config =
        place.store.folder().join("blobs").join(Digest::of(made.config.to_string().as_bytes()).hex());
    let aside = place.path("aside");
    fs_err::rename(&config, &aside).unwrap();
    std::os::unix::fs::symlink(&config, &config).unwrap();
    let error = place.store.sweep(unused).unwrap_err();
    assert!(matches!(error, ImageError::Io { .. }), "{error}");
    fs_err::remove_file(&config).unwrap();
    fs_err::rename(&aside, &config).unwrap();
    assert_eq!(place.store.fsck(false, unused).unwrap().problems, Vec::<String>::new());
}

#[test]
fn a_name_that_can_not_be_read_is_found_and_repaired() {
    let place = Place::new();
    image().layout(&place.path("layout"));
    place.load(&place.path("layout")).unwrap();
    let record = place.store.folder().join("names").join(Digest::of(b"lost").hex());
    fs_err::write(&record, "").unwrap();
    place.store.list().unwrap_err();
    assert_eq!(place.store.fsck(false, unused).unwrap().problems.len(), 1);
    assert_eq!(place.store.fsck(true, unused).unwrap().problems.len(), 1);
    let found = place.store.fsck(false, unused).unwrap();
    assert_eq!((found.images, found.problems.len()), (1, 0));
}

#[test]
fn who_uses_what_is_asked_when_nobody_can_begin_to() {
    let place = Place::new();
    image().layout(&place.path("layout"));
    let entry = place.load(&place.path("layout")).unwrap().remove(0);
    place.prepare(&entry).unwrap();
    // Somebody makes a container: the name goes, and nothing that it may stand on.
    let hold = place.store.adding().unwrap();
    let (_, swept) = place.store.remove("x:1", unused).unwrap();
    assert!(swept.busy && place.names("layers").len() == 2);
    drop(hold);
    // The other way round he waits.
    let (began, begins) = std::sync::mpsc::channel();
    let asked = || {
        let store = place.store.clone();
        std::thread::spawn(move || began.send(store.adding().map(drop)));
        assert!(begins.recv_timeout(std::time::Duration::from_millis(100)).is_err());
        unused()
    };
    assert_eq!(place.store.sweep(asked).unwrap().layers, 2);
    begins.recv().unwrap().unwrap();
}

#[test]
fn an_image_goes_with_its_last_name_and_what_others_need_stays() {
    let place = Place::new();
    image().layout(&place.path("layout"));
    let entry = place.load(&place.path("layout")).unwrap().remove(0);
    let folders = place.prepare(&entry).unwrap();
    place.store.tag("x:1", &name("y:2")).unwrap();
    place.store.remove("x:1", unused).unwrap();
    assert_eq!((place.names("blobs").len(), place.store.list().unwrap().len()), (4, 1));
    let used = [(folders[1].clone(), "container c".to_owned())];
    let error = place.store.remove("y:2", || Ok::<_, ImageError>(used.into())).unwrap_err();
    assert!(error.to_string().contains("container c"), "{error}");
    let short = &entry.manifest.digest.hex()[..8];
    assert_eq!(place.store.find(short).unwrap().name, name("y:2"));
    let (_, swept) = place.store.remove(short, unused).unwrap();
    assert_eq!((swept.blobs, swept.layers), (4, 2));
    for folder in ["blobs", "partial", "names", "layers", "work"] {
        assert!(place.names(folder).is_empty(), "{folder}");
    }
}
