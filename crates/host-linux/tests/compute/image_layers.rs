//! What containers of images stand on: layers above a Wine base, and writes that stay with the record.

use hcs_contract::ComputeSystem as _;

use super::support::{Engine, done, run};

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
        assert_eq!(run(&system, "echo new > /new; rm /etc/passwd; echo $?").0, "0\n");
        assert!(engine.host.written("kept").is_err(), "it runs");
        done(&system.terminate(""));
        drop(system);
        let written = engine.host.written("kept");
        assert_eq!(written.is_ok(), kept, "{host}: {written:?}");
        if let Ok(written) = written {
            assert_eq!(fs_err::read_to_string(written.folder.join("new")).unwrap(), "new\n");
            assert!(fs_err::symlink_metadata(written.folder.join("etc/passwd")).is_ok(), "a whiteout");
            assert_eq!(written.first_id, 0);
        }
        engine.host.remove("kept").unwrap();
    }
    let refused =
        engine.try_create("root", &engine.document(r#""LinuxHost":{"KeepScratch":true}"#)).unwrap_err();
    assert!(refused.to_string().contains("KeepScratch"), "{refused}");
}
