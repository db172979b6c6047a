//! Folders of the host that are mapped into containers while they run.

use std::io::{BufRead as _, BufReader};

use hcs_contract::ComputeService;
use serde_json::{Value, json};

use super::support::{Engine, PATIENCE, code, done, run, shell, spawn};
use super::windows_guests::{document, run as run_windows, started};

pub(crate) fn change(path: &str, request: &str, settings: &Value) -> String {
    json!({"ResourcePath": path, "RequestType": request, "Settings": settings}).to_string()
}

fn folder(request: &str, settings: &Value) -> String {
    change("Container/MappedDirectories", request, settings)
}

fn with_file(engine: &Engine, name: &str) -> std::path::PathBuf {
    let path = engine.path(name);
    fs_err::create_dir(&path).unwrap();
    fs_err::write(path.join("file"), format!("{name}\n")).unwrap();
    path
}

/// What a system sees of the host, as container paths.
fn seen(engine: &Engine, id: &str) -> Vec<String> {
    engine.other().mapped(id).unwrap().folders.into_iter().map(|folder| folder.container).collect()
}

#[test]
fn folders_come_and_go_while_a_linux_container_runs() {
    let engine = Engine::new();
    let (one, two) = (with_file(&engine, "one"), with_file(&engine, "two"));
    for namespace in ["Host", "Auto"] {
        let more = format!(
            r#""LinuxHost":{{"UserNamespace":"{namespace}"}},
               "MappedDirectories":[{{"HostPath":"{}","ContainerPath":"/one"}}]"#,
            one.display()
        );
        let system = engine.started("folders", &more);
        let add = json!({"HostPath": two, "ContainerPath": "/tmp/two", "ReadOnly": true});
        done(&system.modify(&folder("Add", &add)));
        assert_eq!(run(&system, "cat /one/file /tmp/two/file").0, "one\ntwo\n");
        assert_ne!(run(&system, "echo x 2> /dev/null > /tmp/two/no || exit 1").1, 0);
        // A client that comes later sees them, and takes them away.
        assert_eq!(seen(&engine, "folders"), ["/one", "/tmp/two"]);
        let other = engine.other().open_system("folders").unwrap();
        done(&other.modify(&folder("Remove", &json!({"ContainerPath": "/one", "HostPath": one}))));
        assert_eq!(seen(&engine, "folders"), ["/tmp/two"]);

        // What is in use stays, and the error says so.
        let busy = spawn(&system, &shell("cd /tmp/two && echo in && read line"));
        let mut line = String::new();
        BufReader::new(busy.information.take_stdout().unwrap()).read_line(&mut line).unwrap();
        let remove = folder("Remove", &json!({"ContainerPath": "/tmp/two"}));
        let error = system.modify(&remove).wait(PATIENCE).unwrap_err();
        assert_eq!(error.hresult().0, 0x8007_00AA, "{error}");
        let text = format!("{error} {}", error.hint().unwrap_or_default());
        assert!(text.contains("/tmp/two") && text.contains("open there"), "{text}");
        done(&busy.process.terminate(""));
        done(&busy.process.wait_exit());
        done(&system.modify(&remove));
        assert!(seen(&engine, "folders").is_empty());
        assert_eq!(code(&system.modify(&remove)), 0x8007_0490);
        done(&system.modify(&folder("Add", &add)));
        done(&system.terminate(""));
        assert_eq!(code(&system.modify(&remove)), 0x8037_0110);
        assert!(engine.host.mapped("folders").unwrap_err().is_already_stopped());
    }
    let mounts = fs_err::read_to_string("/proc/self/mountinfo").unwrap();
    assert!(!mounts.contains(two.to_str().unwrap()), "{mounts}");
}

#[test]
fn what_can_not_be_mapped_is_refused_by_name() {
    let engine = Engine::new();
    let there = with_file(&engine, "there");
    let system = engine.started("refused", "");
    for (settings, code, word) in [
        (json!({"HostPath": engine.path("absent"), "ContainerPath": "/x"}), 0x8007_0003, "absent"),
        (json!({"HostPath": there, "ContainerPath": "x"}), 0x8037_010D, "Settings.ContainerPath"),
        (json!({"HostPath": there, "ContainerPath": "/proc/x"}), 0x8037_010D, "Settings.ContainerPath"),
        (json!({"HostPath": r"C:\x", "ContainerPath": "/x"}), 0x8007_0032, "Settings.HostPath"),
        (
            json!({"HostPath": there, "ContainerPath": "/x", "HostPathType": "VirtualSmbShareName"}),
            0x8007_0032,
            "Settings.HostPathType",
        ),
    ] {
        let error = system.modify(&folder("Add", &settings)).wait(PATIENCE).unwrap_err();
        assert_eq!(error.hresult().0, code, "{settings}: {error}");
        assert!(error.to_string().contains(word), "{settings}: {error}");
        assert!(error.document().is_some());
    }
    assert!(seen(&engine, "refused").is_empty());
    done(&system.terminate(""));
}

#[test]
fn the_speed_of_storage_holds_for_a_folder_that_comes_later() {
    let engine = Engine::new();
    let there = with_file(&engine, "there");
    let device = rustix::fs::stat(&there).unwrap().st_dev;
    if rustix::fs::major(device) == 0 {
        println!("skipped: {} is on no disk that the kernel limits", there.display());
        return;
    }
    // The root folder is on the same disk; what is asserted is that the change is taken with limits in force.
    let system = engine.started("slow", r#""StorageBandwidthMaximum":1048576"#);
    done(&system.modify(&folder("Add", &json!({"HostPath": there, "ContainerPath": "/there"}))));
    assert_eq!(run(&system, "cat /there/file").0, "there\n");
    done(&system.terminate(""));
}

#[test]
fn folders_come_and_go_while_a_windows_container_runs() {
    let engine = Engine::new();
    let there = with_file(&engine, "there");
    let system = started(&engine, "winfolders", &document("", ""));
    assert_eq!(run_windows(&system, r"cmd /c mkdir C:\Own").1, 0);
    let mapped = |request: &str, path: &str| {
        done(&system.modify(&folder(request, &json!({"HostPath": there, "ContainerPath": path}))));
    };
    mapped("Add", r"C:\data\deep");
    // What is there already keeps its spelling.
    mapped("Add", r"c:\own\sub");
    assert_eq!(run_windows(&system, r"cmd /c type C:\DATA\Deep\file").0, "there\n");
    assert_eq!(run_windows(&system, r"cmd /c type C:\Own\sub\file").0, "there\n");
    assert_eq!(run_windows(&system, r"cmd /c dir /b C:\Own").0, "sub\n");
    assert_eq!(run_windows(&system, r"cmd /c echo x> C:\data\deep\new").1, 0);
    assert!(there.join("new").exists());
    assert_eq!(seen(&engine, "winfolders"), [r"C:\data\deep", r"C:\own\sub"]);
    mapped("Remove", r"C:\Data\DEEP");
    mapped("Remove", r"C:\own\sub");
    assert_eq!(run_windows(&system, r"cmd /c dir /b C:\data\deep").0.trim_end(), "");
    assert!(seen(&engine, "winfolders").is_empty());
    done(&system.terminate(""));
}
