//! Volumes of layers in the documents of containers.

use std::sync::Arc;

use hcs_contract::{ComputeService as _, ComputeSystem, Hresult, LayerDescriptor, StorageService as _};
use serde_json::json;

use super::support::{Ended, Engine, code, done, run, supervisor_of};

/// Ends a system, and waits until nothing is left of it.
fn end(engine: &Engine, id: &str, system: Arc<dyn ComputeSystem>) {
    let supervisor = Ended::of(supervisor_of(&engine.host, id));
    done(&system.terminate(""));
    done(&system.wait_exit());
    drop(system);
    supervisor.wait();
}

#[test]
fn a_container_runs_on_a_layer_s_volume_which_stays_as_long_as_it_runs() {
    let engine = Engine::new();
    let host = &engine.host;
    let layer = |name: &str| engine.path(name).display().to_string();
    fs_err::create_dir(engine.path("base")).unwrap();
    fs_err::rename(&engine.root, engine.path("base/Files")).unwrap();
    let base = [LayerDescriptor { path: layer("base"), ..LayerDescriptor::default() }];
    let scratch = layer("scratch");
    host.create_sandbox_layer(&scratch, &base).unwrap();
    host.activate_layer(&scratch).unwrap();
    let volume = host.layer_mount_path(&scratch).unwrap();
    let document = |path: &str| {
        json!({"SystemType": "Container", "ContainerType": "Linux", "VolumePath": path}).to_string()
    };
    let start = |id: &str, path: &str| {
        let (system, made) = host.create_system(id, &document(path)).unwrap();
        done(&made);
        done(&system.start(""));
        system
    };
    let error = host.create_system("early", &document(&volume)).unwrap_err();
    assert!(
        error.hresult() == Hresult::HCS_E_INVALID_JSON && error.to_string().contains("VolumePath"),
        "{error}"
    );
    host.prepare_layer(&scratch, &base).unwrap();

    let system = start("on-volume", &volume);
    assert_eq!(run(&system, "echo written > /tmp/file; cat /tmp/file").0, "written\n");
    let error = host.unprepare_layer(&scratch).unwrap_err();
    assert!(error.hresult() == Hresult::ERROR_BUSY && error.to_string().contains("on-volume"), "{error}");
    end(&engine, "on-volume", system);

    // A folder of a volume in a container that has another root.
    let system = start("beside", &layer("base/Files"));
    let map = json!({"ResourcePath": "Container/MappedDirectories", "RequestType": "Add",
        "Settings": {"HostPath": format!(r"{volume}\tmp"), "ContainerPath": "/mnt"}});
    done(&system.modify(&map.to_string()));
    assert_eq!(run(&system, "cat /mnt/file").0, "written\n");
    assert_eq!(host.unprepare_layer(&scratch).unwrap_err().hresult(), Hresult::ERROR_BUSY);
    end(&engine, "beside", system);
    host.unprepare_layer(&scratch).unwrap();
    let system = start("late", &layer("base/Files"));
    assert_eq!(code(&system.modify(&map.to_string())), Hresult::HCS_E_INVALID_JSON.0);
    end(&engine, "late", system);
    host.deactivate_layer(&scratch).unwrap();
    host.destroy_layer(&scratch).unwrap();
}
