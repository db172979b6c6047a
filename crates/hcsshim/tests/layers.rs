//! Layers by the public API, on this host.
#![cfg(target_os = "linux")]

use hcsshim::{DriverInfo, Host, Hresult, Options};

#[test]
fn a_layer_is_mounted_used_and_unmounted_and_what_fails_half_way_is_undone() {
    let folder = tempfile::tempdir_in("/var/tmp").unwrap();
    let mut options = Options::default();
    options.linux.root = folder.path().join("state");
    options.linux.run = folder.path().join("run");
    let host = Host::open(options).unwrap();
    let layers = host.layers().unwrap();
    let info = DriverInfo { flavour: 1, home_dir: folder.path().display().to_string() };
    let (base, scratch) = (info.layer("base"), info.layer("deep/scratch"));
    layers.create(&base, "").unwrap();
    fs_err::write(base.join("Files/hello"), "hello").unwrap();
    assert!(layers.create_scratch(&scratch, &[&base]).unwrap_err().is_not_exist(), "its folder is missing");
    fs_err::create_dir(info.layer("deep")).unwrap();
    layers.ensure_scratch(&scratch, &[&base]).unwrap();
    layers.ensure_scratch(&scratch, &[&base]).unwrap();
    assert!(layers.exists(&scratch).unwrap() && !layers.exists(info.layer("none")).unwrap());
    // Prepared with other parents it fails, and is not left activated.
    assert_eq!(layers.mount(&scratch, &[&scratch]).unwrap_err().hresult(), Hresult::E_INVALIDARG);
    assert_eq!(layers.mount_path(&scratch).unwrap(), "");

    let volume = layers.mount(&scratch, &[&base]).unwrap();
    assert_eq!(volume, layers.mount_path(&scratch).unwrap());
    let shown = host.linux().unwrap().volume_path(&volume).unwrap();
    assert_eq!(fs_err::read(shown.join("hello")).unwrap(), b"hello");
    fs_err::write(shown.join("hello"), "changed").unwrap();
    assert!(layers.mount(&scratch, &[&base]).unwrap_err().is_already_exists());
    assert_eq!(layers.mount_path(&scratch).unwrap(), volume, "it is still shown");
    layers.unmount(&scratch).unwrap();
    assert_eq!(layers.unmount(&scratch).unwrap_err().hresult(), Hresult::ERROR_NOT_READY);

    let (out, copy) = (info.layer("out"), info.layer("copy"));
    layers.export(&scratch, &out, &[&base]).unwrap();
    layers.import(&copy, &out, &[&base]).unwrap();
    assert_eq!(fs_err::read(copy.join("Files/hello")).unwrap(), b"changed");
    assert_eq!(layers.layer_id(&copy).unwrap(), layers.name_to_guid("copy").unwrap());
    for layer in [&scratch, &copy, &base] {
        layers.destroy(layer).unwrap();
    }
    assert!(fs_err::read_dir(folder.path().join("run/volumes")).unwrap().next().is_none());
}

#[test]
fn a_host_without_layers_says_so() {
    let fake = hcsshim::fake::FakeHost::new();
    let error = Host::fake(&fake).layers().unwrap_err();
    assert!(
        error.hresult() == Hresult::ERROR_NOT_SUPPORTED && error.to_string().contains("layers"),
        "{error}"
    );
}
