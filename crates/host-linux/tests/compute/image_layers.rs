//! What containers of images stand on: layers above a Wine base, and writes that stay with the record.

use super::support::{Engine, done, run};
use super::{windows, windows_guests};

#[test]
fn what_a_container_wrote_stays_when_its_document_asks_for_it() {
    let engine = Engine::new();
    let document = |host: &str| {
        format!(
            r#"{{"SystemType":"Container","ContainerType":"Linux","Layers":[{{"Path":"{}"}}],"LinuxHost":{{{host}}}}}"#,
            engine.root.display()
        )
    };
    for (host, kept) in [(r#""KeepScratch":true"#, true), (r#""KeepAfterExit":true"#, false)] {
        let system = engine.try_create("kept", &document(host)).unwrap();
        done(&system.start(""));
        assert_eq!(run(&system, "echo new > /new; rm /bin/cat; echo $?").0, "0\n");
        assert!(engine.host.written("kept").is_err(), "it runs");
        done(&system.terminate(""));
        drop(system);
        let written = engine.host.written("kept");
        assert_eq!(written.is_ok(), kept, "{host}: {written:?}");
        if let Ok(written) = written {
            assert_eq!(fs_err::read_to_string(written.folder.join("new")).unwrap(), "new\n");
            assert!(fs_err::symlink_metadata(written.folder.join("bin/cat")).is_ok(), "a whiteout");
            assert_eq!(written.first_id, 0);
        }
        engine.host.remove("kept").unwrap();
    }
    let refused =
        engine.try_create("root", &engine.document(r#""LinuxHost":{"KeepScratch":true}"#)).unwrap_err();
    assert!(refused.to_string().contains("KeepScratch"), "{refused}");
}

#[test]
fn layers_of_windows_lie_above_the_base_s_drive_and_writes_go_above_them() {
    let engine = Engine::new();
    let layer = |name: &str, files: &[(&str, &str)]| {
        let folder = engine.path(name);
        for (file, content) in files {
            let file = folder.join("Files").join(file);
            fs_err::create_dir_all(file.parent().unwrap()).unwrap();
            fs_err::write(file, content).unwrap();
        }
        folder
    };
    let lower = layer("lower", &[("App/a.txt", "lower"), ("App/b.txt", "b")]);
    let upper = layer("upper", &[("App/a.txt", "upper")]);
    let base = windows::base();
    let paths = [&upper, &lower, &base.path().to_owned()];
    let layers = paths.map(|path| format!(r#"{{"Path":"{}"}}"#, path.display())).join(",");
    let schemas = [
        format!(r#"{{"SystemType":"Container","Layers":[{layers}],"LinuxHost":{{"KeepScratch":true}}}}"#),
        format!(
            r#"{{"Container":{{"Storage":{{"Layers":[{layers}]}}}},"LinuxHost":{{"KeepScratch":true}}}}"#
        ),
    ];
    for document in schemas {
        let system = windows_guests::started(&engine, "layers", &document);
        let text = windows_guests::run(
            &system,
            r"cmd /c type C:\app\A.TXT& type C:\App\b.txt& echo new> C:\App\c.txt",
        );
        assert_eq!(text, ("upperb".into(), 0));
        done(&system.terminate(""));
        drop(system);
        let written = engine.host.written("layers").unwrap();
        assert!(written.folder.join("App/c.txt").is_file() && !written.folder.join("App/a.txt").exists());
        engine.host.remove("layers").unwrap();
    }
    fs_err::remove_dir_all(upper.join("Files")).unwrap();
    let document = format!(r#"{{"SystemType":"Container","Layers":[{layers}]}}"#);
    let error = engine.try_create("layers", &document).unwrap_err();
    assert!(error.to_string().contains("upper/Files"), "{error}");
}
