//! The command as a user calls it: flags, pipes, compression, results, exit codes, and what is left after a failure.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a step that fails fails its test")]

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use flate2::{Compression, write::GzEncoder};

/// A tar with a folder, a file of `bytes` in it, and a link.
fn archive(bytes: &[u8]) -> Vec<u8> {
    let mut tar = Vec::new();
    let mut entry = |name: &str, kind: u8, link: &str, bytes: &[u8]| {
        let mut raw = [0_u8; 512];
        raw[..name.len()].copy_from_slice(name.as_bytes());
        raw[100..124].copy_from_slice(b"0000644\x000000000\x000000000\0");
        raw[124..136].copy_from_slice(format!("{:011o}\0", bytes.len()).as_bytes());
        raw[136..148].copy_from_slice(b"14524610400\0");
        raw[148..156].fill(b' ');
        raw[156] = kind;
        raw[157..157 + link.len()].copy_from_slice(link.as_bytes());
        raw[257..265].copy_from_slice(b"ustar\x0000");
        let sum: u32 = raw.iter().map(|byte| u32::from(*byte)).sum();
        raw[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
        tar.extend_from_slice(&raw);
        tar.extend_from_slice(bytes);
        tar.resize(tar.len().next_multiple_of(512), 0);
    };
    entry("folder/", b'5', "", b"");
    entry("folder/file", b'0', "", bytes);
    entry("link", b'2', "folder/file", b"");
    tar.resize(tar.len() + 1024, 0);
    tar
}

struct Session(tempfile::TempDir);

impl Session {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, bytes: &[u8]) -> &Self {
        fs_err::write(self.path(name), bytes).unwrap();
        self
    }

    /// Runs the command in the session's folder.
    #[expect(clippy::disallowed_methods, reason = "the one place of this test where the command is started")]
    fn run(&self, args: &str, input: &[u8]) -> Output {
        let mut child = Command::new(env!("CARGO_BIN_EXE_tar2ext4"))
            .args(args.split_whitespace())
            .current_dir(self.0.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let input = input.to_vec();
        let writer = std::thread::spawn(move || {
            let _ = stdin.write_all(&input); // it may end before it has read all
        });
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap();
        output
    }

    /// Runs it; it has to succeed.
    #[track_caller]
    fn good(&self, args: &str, input: &[u8]) -> String {
        let output = self.run(args, input);
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{args}: {error}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs it; it has to fail so.
    #[track_caller]
    fn bad(&self, args: &str, input: &[u8], code: i32, words: &[&str]) {
        let output = self.run(args, input);
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{args}: {error}");
        for word in words {
            assert!(error.contains(word), "{args}: {error:?} lacks {word:?}");
        }
    }
}

fn read(path: &Path) -> Vec<u8> {
    fs_err::read(path).unwrap()
}

#[test]
fn files_pipes_and_compressed_ones_make_the_same_image() {
    let tar = archive(&vec![7; 300_000]);
    let session = Session::new();
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(&tar).unwrap();
    let gzip = gzip.finish().unwrap();
    let zstd = ruzstd::encoding::compress_to_vec(&tar[..], ruzstd::encoding::CompressionLevel::Fastest);
    session.write("a.tar", &tar).write("a.tgz", &gzip).write("a.tzst", &zstd);
    session.good("-i a.tar -o image", b"");
    let image = read(&session.path("image"));
    for (args, input) in [
        ("-o other", &tar),
        ("-i - -o other", &tar),
        ("--i=a.tgz --o=other", &gzip),
        ("-i a.tzst -o other", &gzip),
        ("-o other", &gzip),
        ("-o other", &zstd),
    ] {
        session.good(args, input);
        assert!(read(&session.path("other")) == image, "{args}");
    }
    let piped = session.run("-i a.tar -o -", b"");
    assert!(piped.status.success() && piped.stdout == image);
    let twice = [&gzip[..20], &gzip[..]].concat();
    session.bad("-o other", &twice, 1, &["standard input", "cannot read the archive"]);
}

#[test]
fn results_come_as_text_and_as_json() {
    let session = Session::new();
    let tar = archive(b"text");
    let hash = session.good("-o image -verity", &tar);
    let hash = hash.trim().strip_prefix("root hash: ").unwrap();
    let json = session.good("-o image -verity -vhd -format json", &tar);
    for part in [format!("\"RootHash\":\"{hash}\""), "\"Entries\":3".into(), "\"Vhd\":true".into()] {
        assert!(json.contains(&part), "{json} lacks {part}");
    }
    assert_eq!(session.good("-o image", &tar), "");
    session.good("-o image -verity", &tar);
    let verified = session.good(&format!("verify image -root-hash {hash}"), b"");
    assert!(verified.contains("checksums compared"), "{verified}");
    let mut damaged = read(&session.path("image"));
    let at = damaged.windows(4).position(|window| window == b"text").unwrap();
    damaged[at] = b'T';
    session.write("image", &damaged);
    session.good("verify image", b"");
    session.bad(&format!("verify image -root-hash {hash}"), b"", 1, &["damaged"]);
}

#[test]
fn images_are_listed_read_and_exported() {
    let session = Session::new();
    session.good("-o image -inline", &archive(b"text"));
    let list = session.good("ls image", b"");
    assert!(list.contains("folder\n") && list.contains("link -> folder/file"), "{list}");
    assert!(session.good("ls -r image", b"").contains(" folder/file\n"));
    assert!(session.good("ls image folder -format=json", b"").contains("\"Name\":\"file\""));
    assert_eq!(session.good("cat image link", b""), "text");
    session.bad("cat image nothing", b"", 1, &["image: nothing: no such file"]);
    session.bad("cat image folder", b"", 1, &["not a regular file"]);
    let tar = session.run("tar image", b"");
    assert!(tar.status.success());
    session.good("-o again -inline", &tar.stdout);
    assert!(session.good("ls -r again", b"") == session.good("ls -r image", b""));
    session.bad("ls missing", b"", 1, &["missing"]);
    session.write("other", &[0; 4096]).bad("ls other", b"", 1, &["not an ext4 file system"]);
}

#[test]
fn layers_are_merged_and_footers_are_added() {
    let session = Session::new();
    session.write("lower", &archive(b"lower")).write("upper", &archive(b"upper"));
    session.good("-merge -i lower -i upper -o image", b"");
    assert_eq!(session.good("cat image folder/file", b""), "upper");
    session.good("-only-vhd -i image -o image.vhd", b"");
    let (image, vhd) = (read(&session.path("image")), read(&session.path("image.vhd")));
    assert!(
        vhd.len() == image.len() + 512
            && vhd.starts_with(&image)
            && vhd[image.len()..].starts_with(b"conectix")
    );
}

#[test]
fn what_fails_leaves_no_image_and_says_where() {
    let session = Session::new();
    let tar = archive(&vec![1; 100_000]);
    let cut = &tar[..50_000];
    session.bad(
        "-o image",
        cut,
        1,
        &["tar2ext4: standard input: tar entry folder/file at byte 512", "cut off"],
    );
    assert!(!session.path("image").exists());
    session.bad("-i missing -o image", b"", 1, &["missing"]);
    assert!(!session.path("image").exists());
    session.bad("-o image -max-size 16K", &tar, 1, &["disk exceeded maximum size of 16384 bytes"]);
    session.bad("-o no/such/folder", &tar, 1, &["no/such/folder"]);
    session.bad("-o image -format json", cut, 1, &["{\"Error\":", "cut off"]);
    session.bad("", b"", 1, &["-o is missing", "Usage of tar2ext4"]);
    session.bad("-bogus", b"", 2, &["flag provided but not defined: -bogus", "Usage"]);
    let help = session.run("-h", b"");
    assert!(help.status.success() && String::from_utf8_lossy(&help.stderr).contains("-only-vhd"));
}
