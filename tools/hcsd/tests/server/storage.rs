//! Layers by way of a server: each call arrives, and so does each error.

use hcs_contract::{Hresult, LayerDescriptor, StorageService as _};

use super::support::Served;

#[test]
fn a_layer_is_made_shown_handed_over_and_removed_by_way_of_a_server() {
    let served = Served::new(|_| {});
    let host = served.client();
    let path = |name: &str| served.folder.path().join(name).display().to_string();
    let (base, scratch, out, copy) = (path("base"), path("scratch"), path("out"), path("copy"));
    host.create_layer(&base, "").unwrap();
    fs_err::write(served.folder.path().join("base/Files/hello"), "hello").unwrap();
    let id = host.name_to_guid("base").unwrap();
    let parents = [LayerDescriptor { id, flags: 0, path: base.clone() }];
    host.create_sandbox_layer(&scratch, &parents).unwrap();
    assert!(host.layer_exists(&scratch).unwrap() && !host.layer_exists(&copy).unwrap());
    let error = host.prepare_layer(&scratch, &parents).unwrap_err();
    assert_eq!((error.hresult(), error.object_id()), (Hresult::ERROR_NOT_READY, &*scratch));
    assert!(error.to_string().starts_with("prepare layer "), "{error}");
    host.activate_layer(&scratch).unwrap();
    host.prepare_layer(&scratch, &parents).unwrap();
    let volume = host.layer_mount_path(&scratch).unwrap();
    assert!(volume.starts_with(r"\\?\Volume{"), "{volume}");
    let guid = volume.trim_start_matches(r"\\?\Volume{").trim_end_matches('}');
    let shown = served.folder.path().join("run/volumes").join(guid).join("mount/hello");
    assert_eq!(fs_err::read(shown).unwrap(), b"hello");
    host.unprepare_layer(&scratch).unwrap();
    host.export_layer(&scratch, &out, &parents).unwrap();
    host.deactivate_layer(&scratch).unwrap();
    let data = format!(r#"{{"Layers":[{{"Path":"{base}"}}]}}"#);
    host.import_layer_data(&copy, &out, &data).unwrap();
    let error = host.export_layer_data(&copy, &path("again"), r#"{"Layer":[]}"#, "").unwrap_err();
    assert_eq!(error.hresult(), Hresult::HCS_E_INVALID_JSON);
    assert!(host.base_images().unwrap().starts_with("{\"Images\""));
    assert_eq!(host.grant_vm_access("vm", "/x").unwrap_err().hresult(), Hresult::ERROR_NOT_SUPPORTED);
    for layer in [&scratch, &copy, &base] {
        host.destroy_layer(layer).unwrap();
    }
    let error = host.destroy_layer(&base).unwrap_err();
    assert!(error.is_not_exist() && error.code() == "layer-not-found", "{error}");
}
