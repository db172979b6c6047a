//! The command as a user calls it: flags, pipes, compression, results, exit codes, and what is left after a failure.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a step that fails fails its test")]

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

struct Session(tempfile::TempDir);

impl Session {
    /// With a tree of a layer, and its tar by GNU tar.
    fn new() -> Self {
        let session = Self(tempfile::tempdir().unwrap());
        fs_err::create_dir_all(session.path("tree/Files/a")).unwrap();
        fs_err::write(session.path("tree/Files/a/b"), "content\n".repeat(50_000)).unwrap();
        assert!(session.start("tar", "-C tree -cf layer.tar Files", b"").status.success());
        session
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn run(&self, args: &str, input: &[u8]) -> Output {
        self.start(env!("CARGO_BIN_EXE_wclayer"), args, input)
    }

    #[expect(clippy::disallowed_methods, reason = "the one place of this test where commands are started")]
    fn start(&self, program: &str, args: &str, input: &[u8]) -> Output {
        let mut child = Command::new(program)
            .args(args.split_whitespace())
            .current_dir(self.0.path())
            .env("HCS_ROOT", self.path("state"))
            .env("HCS_RUN", self.path("run"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let input = input.to_vec();
        // A command that fails does not read to the end.
        let writer = std::thread::spawn(move || stdin.write_all(&input));
        let output = child.wait_with_output().unwrap();
        let _ = writer.join().unwrap();
        output
    }

    /// Standard output of a command that succeeds.
    fn ok(&self, args: &str, input: &[u8]) -> Vec<u8> {
        let output = self.run(args, input);
        assert!(output.status.success(), "{args}: {}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    }

    /// Standard error of a command that fails.
    fn fails(&self, args: &str, input: &[u8]) -> String {
        let output = self.run(args, input);
        assert_eq!(output.status.code(), Some(1), "{args}");
        assert!(output.stdout.is_empty(), "{args}");
        String::from_utf8(output.stderr).unwrap()
    }
}

#[test]
fn a_tar_goes_in_and_comes_out_through_files_and_pipes_plain_and_compressed() {
    let session = Session::new();
    let tar = fs_err::read(session.path("layer.tar")).unwrap();
    assert!(session.ok("import -i layer.tar one", b"").is_empty());
    assert_eq!(session.ok("export one", b""), tar);
    for (flag, program) in [("-z", "gzip"), ("--zstd", "zstd")] {
        assert!(session.ok(&format!("export {flag} -o out one"), b"").is_empty());
        let packed = fs_err::read(session.path("out")).unwrap();
        assert!(packed.len() < tar.len() / 10, "{program}: {} bytes", packed.len());
        // Another program reads it, and so do we.
        let unpacked = session.start(program, "-dc", &packed);
        assert!(unpacked.status.success() && unpacked.stdout == tar, "{program}");
        session.ok(&format!("import --input - {program}"), &packed);
        assert_eq!(session.ok(&format!("export --layer one -l one --output - {program}"), b""), tar);
    }
    let canonical = session.ok("export --canonical one", b"");
    assert_ne!(canonical, tar);
    session.ok("import two", &canonical);
    assert_eq!(session.ok("export two", b""), canonical);
}

#[test]
fn layers_of_linux_images_are_unpacked_as_they_are() {
    let session = Session::new();
    fs_err::write(session.path("tree/a:b"), "no name on Windows").unwrap();
    assert!(session.start("tar", "-C tree -cf linux.tar .", b"").status.success());
    assert!(session.fails("import -i linux.tar one", b"").contains("invalid character ':'"));
    session.ok("import --linux -i linux.tar one", b"");
    assert_eq!(fs_err::read(session.path("one/Files/a:b")).unwrap(), b"no name on Windows");
    assert_eq!(session.ok("export one", b""), fs_err::read(session.path("linux.tar")).unwrap());
    assert!(session.fails("export --canonical one", b"").contains("layer of a Linux image"));
    assert!(session.fails("inspect one", b"").contains("layer of a Linux image"));
}

#[test]
fn results_are_told_to_programs() {
    let session = Session::new();
    let json = |args: &str| serde_json::from_slice::<serde_json::Value>(&session.ok(args, b"")).unwrap();
    let result = json("import --format json -i layer.tar one");
    assert_eq!((&result["Entries"], &result["Size"]), (&3.into(), &400_000.into()));
    assert_eq!(result["Canonical"], false);
    assert_eq!(json("--format json export -o out.tar one")["Recorded"], true);
    let result = json("inspect --format json one");
    assert_eq!(
        (&result["Files"], &result["Folders"], &result["Recorded"]),
        (&1.into(), &2.into(), &true.into())
    );
    assert_eq!(json("verify --format json one"), result);
    let text = String::from_utf8(session.ok("inspect one", b"")).unwrap();
    assert!(text.contains("Files          1\nFolders        2\n"), "{text}");
    let shown = session.run("import --progress -i layer.tar two", b"");
    assert!(String::from_utf8(shown.stderr).unwrap().contains("0 entries"));
}

#[test]
fn what_fails_leaves_nothing_and_says_where() {
    let session = Session::new();
    let tar = fs_err::read(session.path("layer.tar")).unwrap();
    let error = session.fails("import cut", &tar[..5000]);
    assert!(
        error.starts_with("standard input: tar entry Files/a/b at byte 1024: the archive is cut off"),
        "{error}"
    );
    let error = session.fails("import empty", b"");
    assert!(error.contains("without its end marker"), "{error}");
    let error = session.fails(
        "import --format json none",
        b"not a tar, but as long as a header of one".repeat(20).as_slice(),
    );
    let error: serde_json::Value = serde_json::from_str(&error).unwrap();
    assert!(error["Causes"][1].as_str().unwrap().contains("checksum"), "{error}");
    for folder in ["cut", "empty", "none"] {
        assert!(!session.path(folder).exists(), "{folder}");
    }
    session.ok("import -i layer.tar one", b"");
    fs_err::write(session.path("one/Files/a/b"), "short").unwrap();
    let error = session.fails("export -o out.tar one", b"");
    assert!(error.contains("cannot read Files/a/b"), "{error}");
    assert!(!session.path("out.tar").exists());
    let error = session.fails("import -i layer.tar one", b"");
    assert!(error.contains("a layer needs a folder that is new or empty"), "{error}");
    let error = session.fails("import -i layer.tar -l missing two", b"");
    assert!(error.contains("missing"), "{error}");
    assert!(!session.path("two").exists());
}

#[test]
fn a_full_disk_leaves_nothing_and_a_killed_import_no_layer() {
    let session = Session::new();
    // A limit of a file's size, in blocks of 512 bytes, is met as a full disk is: in the middle of a write.
    let limited = |traps: &str| {
        let script =
            format!("{traps} ulimit -f 500; exec {} import -i layer.tar one", env!("CARGO_BIN_EXE_wclayer"));
        fs_err::write(session.path("script"), script).unwrap();
        session.start("sh", "script", b"")
    };
    let output = limited("trap '' XFSZ;");
    assert_eq!(output.status.code(), Some(1));
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("cannot write Files/a/b: File too large"), "{error}");
    assert!(!session.path("one").exists());
    // The same without a handler kills.
    assert!(limited("").status.code().is_none());
    assert!(session.path("one").exists());
    for command in ["export", "inspect"] {
        let error = session.fails(&format!("{command} one"), b"");
        assert!(error.contains("layer.meta has no end"), "{error}");
    }
    session.ok("remove one", b"");
    session.ok("import -i layer.tar one", b"");
}

#[test]
fn usage_is_as_in_the_original() {
    let session = Session::new();
    assert!(session.fails("import", b"").ends_with("invalid command usage\n"));
    assert!(session.fails("import a b", b"").ends_with("invalid command usage\n"));
    assert!(session.fails("nothing", b"").ends_with("invalid command usage\n"));
    for command in ["create scratch", "mount scratch"] {
        assert_eq!(session.fails(command, b""), "at least one read-only layer must be specified\n");
    }
    for command in ["create -l missing none", "mount -l tree none", "unmount none", "makebaselayer none"] {
        let error = session.fails(command, b"");
        assert!(error.contains("no such layer"), "{error}");
    }
    assert!(session.fails("grantvmgroupaccess x", b"").contains("GrantVmAccess is not supported here"));
    assert!(session.fails("create -l tree --size 5X scratch", b"").ends_with("invalid command usage\n"));
    let help = String::from_utf8(session.ok("--help", b"")).unwrap();
    for command in
        ["create", "export", "import", "mount", "remove", "unmount", "makebaselayer", "diff", "verify"]
    {
        assert!(help.contains(&format!("\n  {command} ")), "{command}");
    }
    assert!(session.ok("--version", b"").starts_with(b"wclayer "));
}

#[test]
fn only_layers_are_removed() {
    let session = Session::new();
    session.ok("import -i layer.tar one", b"");
    session.ok("remove one", b"");
    assert!(!session.path("one").exists());
    fs_err::create_dir_all(session.path("home/documents")).unwrap();
    let error = session.fails("remove home", b"");
    assert!(error.contains("has nothing of a layer in it"), "{error}");
    assert!(session.path("home/documents").exists());
    assert!(session.fails("remove missing", b"").contains("missing"));
}

#[test]
fn a_scratch_is_made_mounted_changed_and_exported_as_a_layer() {
    let session = Session::new();
    session.ok("import -i layer.tar base", b"");
    session.ok("create -l base --size 64M sized", b"");
    assert!(session.path("sized/scratch.ext4").exists());
    session.ok("create -l base scratch", b"");
    assert!(session.fails("create -l base scratch", b"").contains("already exists"));
    assert_eq!(session.fails("export scratch", b""), "at least one read-only layer must be specified\n");
    let folder = String::from_utf8(session.ok("mount -l base scratch", b"")).unwrap();
    let folder = std::path::Path::new(folder.trim_end());
    assert_eq!(fs_err::metadata(folder.join("a/b")).unwrap().len(), 400_000);
    fs_err::write(folder.join("new"), "new").unwrap();
    fs_err::remove_file(folder.join("a/b")).unwrap();
    let error = session.fails("remove base", b"");
    assert!(error.contains("stands on it") && error.contains("base"), "{error}");
    assert!(session.fails("export -l base scratch", b"").contains("unprepare it first"));
    session.ok("unmount scratch", b"");
    assert!(session.fails("unmount scratch", b"").contains("not activated"));

    // At a folder of choice, too, and its volume for programs.
    fs_err::create_dir(session.path("here")).unwrap();
    let shown = session.ok("mount --format json -l base scratch here", b"");
    let shown: serde_json::Value = serde_json::from_slice(&shown).unwrap();
    assert!(shown["Volume"].as_str().unwrap().starts_with(r"\\?\Volume{"), "{shown}");
    assert!(session.path("here/new").exists());
    assert!(session.fails("unmount scratch", b"").contains("mount point"));
    session.ok("unmount scratch here", b"");
    assert!(!session.path("here/new").exists());

    let tar = session.ok("export -l base scratch", b"");
    session.ok("import -l base upper", &tar);
    let difference = session.run("diff base upper", b"");
    assert_eq!(difference.status.code(), Some(1));
    let text = String::from_utf8(difference.stdout).unwrap();
    assert!(text.contains("added    Files/a/.wh.b\n") && text.contains("added    Files/new\n"), "{text}");
    assert!(text.contains("removed  Files/a/b\n"), "{text}");
    assert!(session.ok("diff --format json upper upper", b"").starts_with(b"[]"));
    for layer in ["scratch", "sized", "upper", "base"] {
        session.ok(&format!("remove {layer}"), b"");
        assert!(!session.path(layer).exists());
    }
    fs_err::create_dir(session.path("tree/UtilityVM")).unwrap();
    session.ok("makebaselayer tree", b"");
    assert!(session.path("tree/Hives/SYSTEM_BASE").exists());
}
