//! Another program reads the hives that we make.

#[test]
#[expect(clippy::disallowed_methods, reason = "hivexml is what is compared with")]
fn an_empty_hive_is_one_to_another_program() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("SYSTEM");
    fs_err::write(&path, hcs_layers::hive::empty()).unwrap();
    let output = std::process::Command::new("hivexml").arg(&path).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.contains(r#"<node name="ROOT" root="1""#) && !text.contains("<value"), "{text}");
}
