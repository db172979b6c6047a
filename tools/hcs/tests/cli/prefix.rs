//! `hcs wine-prefix`: what is put into a prefix and taken out again. That programs then find it is the DLLs' test.

use std::path::Path;

use super::support::{Engine, libexec};

/// As much of a prefix as the command looks at.
fn prefix(folder: &Path) {
    fs_err::create_dir_all(folder.join("drive_c/windows/system32")).unwrap();
    for name in ["system.reg", "user.reg"] {
        fs_err::write(folder.join(name), "WINE REGISTRY Version 2\n;; x\n\n#arch=win64\n\n").unwrap();
    }
}

#[test]
fn a_prefix_gets_the_dlls_and_gives_them_back() {
    let engine = Engine::new();
    let (folder, token) = (engine.path("prefix"), engine.path("token"));
    prefix(&folder);
    fs_err::write(&token, "0123456789abcdef\n").unwrap();
    let (folder, token) = (folder.to_str().unwrap(), token.to_str().unwrap());
    let address = "http://127.0.0.1:8376";
    let install = ["wine-prefix", "install", folder, "--host", address, "--token-file", token];
    let output = engine.hcs(&install).ok();
    let system = Path::new(folder).join("drive_c/windows/system32");
    for name in ["vmcompute.dll", "bcryptprimitives.dll", "hcs-client.conf", "hcs-client.token"] {
        let file = system.join(name);
        assert!(output.contains(file.to_str().unwrap()), "{name}: {output}");
        if let Some(stem) = name.strip_suffix(".dll") {
            let ours = fs_err::read(libexec().join(name)).unwrap();
            assert!(fs_err::read(file).unwrap() == ours, "{stem} is another file");
        }
    }
    assert!(fs_err::read_to_string(system.join("hcs-client.conf")).unwrap().contains(address));
    let output = engine.hcs(&["wine-prefix", "uninstall", folder, "--format", "json"]).ok();
    assert!(output.contains("vmcompute.dll") && output.contains("hcs-client.token"), "{output}");
    assert!(!system.join("vmcompute.dll").exists() && !system.join("hcs-client.token").exists());
    engine.assert_empty();
}

#[test]
fn what_can_not_work_is_refused_by_name() {
    let engine = Engine::new();
    let (folder, token) = (engine.path("prefix"), engine.path("token"));
    prefix(&folder);
    fs_err::write(&token, "\n").unwrap();
    let (folder, token) = (folder.to_str().unwrap(), token.to_str().unwrap());
    let tcp = "http://127.0.0.1:1";
    for (arguments, word) in [
        (["install", "/nowhere", "--host", tcp, "--token-file", "/etc/hostname"], "/nowhere"),
        (["install", folder, "--host", "unix:///run/x", "--token-file", token], "--tcp"),
        (["install", folder, "--host", "https://h:1", "--token-file", token], "http alone"),
        (["install", folder, "--host", "tcp://x", "--token-file", token], "unix:///PATH"),
        (["install", folder, "--host", tcp, "--token-file", token], "holds no token"),
        (["install", folder, "--host", tcp, "--token-file", "/nowhere"], "/nowhere"),
    ] {
        let text = engine.hcs(&[&["wine-prefix"][..], &arguments].concat()).failed(125);
        assert!(text.contains(word), "{arguments:?}: {text}");
    }
    assert!(!Path::new(folder).join("drive_c/windows/system32/vmcompute.dll").exists());
    engine.assert_empty();
}
