//! `hcs image`, `hcs commit`, and `hcs run IMAGE`, together with the tools that others use for images.

use std::path::{Path, PathBuf};

use super::running::{Output, Running, program};
use super::support::Engine;

/// A name that a shared store has from no other test.
fn own(name: &str) -> String {
    format!("test-{}/{name}:1", std::process::id())
}

/// What a call printed that succeeded. On standard error it may have told how far it was.
#[track_caller]
fn good(output: &Output) -> String {
    assert_eq!(output.code, 0, "{output:?}");
    output.stdout.clone()
}

/// Runs another tool, which has to succeed.
#[track_caller]
fn tool(name: &str, arguments: &[&str]) -> String {
    let mut command = program(name);
    command.args(arguments).env("TMPDIR", "/var/tmp");
    let started = Running::try_start(&mut command);
    good(&started.unwrap_or_else(|_| panic!("{name} is missing: apt-get install {name}")).finish())
}

/// A layout with an image of busybox, made by umoci; its name for umoci.
fn layout(engine: &Engine, settings: &[&str]) -> PathBuf {
    let (layout, bundle) = (engine.path("layout"), engine.path("bundle"));
    let (text, image) = (layout.to_str().unwrap(), format!("{}:base", layout.display()));
    let bundle_text = bundle.to_str().unwrap();
    tool("umoci", &["init", "--layout", text]);
    tool("umoci", &["new", "--image", &image]);
    tool("umoci", &["unpack", "--image", &image, bundle_text]);
    tool("cp", &["-a", &format!("{}/.", engine.rootfs()), &format!("{bundle_text}/rootfs")]);
    tool("umoci", &["repack", "--image", &image, bundle_text]);
    tool("umoci", &[&["config", "--image", &image], settings].concat());
    layout
}

/// What `hcs image` printed: the digest behind the name.
fn digest(output: &str) -> String {
    output.trim().rsplit_once('@').unwrap_or_else(|| panic!("{output:?}")).1.to_owned()
}

#[test]
fn what_others_make_runs_is_committed_and_is_what_others_take() {
    let engine = Engine::new();
    let settings = ["--config.cmd", "/bin/sh", "--config.cmd", "-c", "--config.cmd", "pwd; id; echo $A"];
    let more = ["--config.env", "A=b c", "--config.workingdir", "/made/for/it", "--config.volume", "/data"];
    let layout = layout(&engine, &[&settings[..], &more].concat());
    good(&engine.hcs(&["image", "load", "-i", layout.to_str().unwrap(), "--name", "base"]));
    assert_eq!(good(&engine.hcs(&["run", "--rm", "base"])), "/made/for/it\nuid=0(root) gid=0\nb c\n");
    let options = ["run", "--rm", "-e", "A=x", "-w", "/", "--user", "33:44", "base"];
    assert_eq!(good(&engine.hcs(&options)), "/\nuid=33(web) gid=44\nx\n");
    assert_eq!(
        good(&engine.hcs(&["run", "--rm", "base", "/bin/echo", "--rm", "--", "a b"])),
        "--rm -- a b\n"
    );
    let entry = ["run", "--rm", "--entrypoint", "/bin/echo", "base", "x"];
    assert_eq!(good(&engine.hcs(&entry)), "x\n");

    let script = "echo new > /new; rm /etc/passwd; echo v > /data/v; exit 3";
    assert_eq!(engine.hcs(&["run", "--name", "made", "base", "/bin/sh", "-c", script]).code, 3);
    let change = ["commit", "-m", "why", "-c", "CMD [\"/bin/cat\", \"/new\"]", "made", "r.example/mine:2"];
    let made = digest(&good(&engine.hcs(&change)));
    good(&engine.hcs(&["rm", "made"]));
    good(&engine.hcs(&["image", "rm", "base"]));
    assert_eq!(good(&engine.hcs(&["run", "--rm", "r.example/mine:2"])), "new\n");
    let gone = "test ! -e /etc/passwd && test ! -e /data/v && test -d /data";
    good(&engine.hcs(&["run", "--rm", "r.example/mine:2", "/bin/sh", "-c", gone]));

    // One archive in both forms, and a folder.
    let archive = engine.path("mine.tar");
    let archive = archive.to_str().unwrap();
    good(&engine.hcs(&["image", "save", "-o", archive, "r.example/mine:2"]));
    for form in ["oci-archive", "docker-archive"] {
        let copy = engine.path(form);
        tool("skopeo", &["copy", &format!("{form}:{archive}"), &format!("oci:{}:x", copy.display())]);
        let unpacked = engine.path(&format!("{form}-unpacked"));
        tool("umoci", &["unpack", "--image", &format!("{}:x", copy.display()), unpacked.to_str().unwrap()]);
        assert_eq!(fs_err::read_to_string(unpacked.join("rootfs/new")).unwrap(), "new\n");
        assert!(!unpacked.join("rootfs/etc/passwd").exists());
    }
    let docker = engine.path("docker.tar");
    let to_docker = format!("docker-archive:{}:other:1", docker.display());
    tool("skopeo", &["copy", &format!("oci-archive:{archive}"), &to_docker]);
    good(&engine.hcs(&["image", "load", "-i", docker.to_str().unwrap()]));
    assert_eq!(good(&engine.hcs(&["run", "--rm", "other:1"])), "new\n");

    // Containers hold their image, and the same image comes back.
    good(&engine.hcs(&["image", "tag", "r.example/mine:2", "two"]));
    good(&engine.hcs(&["run", "--name", "holder", "two", "/bin/true"]));
    good(&engine.hcs(&["image", "rm", "two"]));
    let held = engine.hcs(&["image", "rm", "r.example/mine:2"]).failed(125);
    assert!(held.contains("container holder"), "{held}");
    good(&engine.hcs(&["rm", "holder"]));
    good(&engine.hcs(&["image", "rm", "r.example/mine:2", "other:1"]));
    assert_eq!(good(&engine.hcs(&["image", "ls", "-q"])), "");
    assert_eq!(digest(&good(&engine.hcs(&["image", "load", "-i", archive]))), made);
    assert_eq!(good(&engine.hcs(&["run", "--rm", "r.example/mine:2"])), "new\n");
    let history = engine.hcs(&["image", "inspect", "r.example/mine:2"]).json();
    assert_eq!(history[0]["Image"]["history"].as_array().unwrap().last().unwrap()["comment"], "why");
}

#[test]
fn a_windows_image_is_built_here_runs_and_comes_back_with_the_same_digest() {
    let engine = Engine::shared();
    let (built, mine) = (own("built"), own("mine"));
    let context = engine.path("context");
    fs_err::create_dir_all(context.join("bin")).unwrap();
    fs_err::write(context.join("bin/tool.cmd"), "@echo tool %1 in %CD%\r\n").unwrap();
    let file = "# escape=`\nFROM scratch\nWORKDIR C:\\App\nCOPY bin/ bin\\\nENV WHAT=windows\n\
                RUN echo made by %WHAT%> made.txt& `\n  del C:\\windows\\win.ini\nCMD type made.txt& bin\\tool.cmd \"a b\"\n";
    fs_err::write(context.join("Dockerfile"), file).unwrap();
    let context = context.to_str().unwrap();
    good(&engine.hcs(&["image", "build", "--platform", "windows/amd64", "-t", &built, context]));
    assert_eq!(good(&engine.hcs(&["run", "--rm", &built])), "made by windows\r\ntool \"a b\" in C:\\App\r\n");

    let name = engine.name("windows-image");
    let line = "echo more>> MADE.TXT& if exist C:\\windows\\win.ini exit 9";
    good(&engine.hcs(&["run", "--name", &name, &built, "cmd", "/c", line]));
    let digest_of = |output: &Output| digest(&output.stdout);
    let committed = engine.hcs(&["commit", &name, &mine]);
    let made = digest_of(&committed);
    assert!(committed.stderr.contains("registry"), "{}", committed.stderr);
    good(&engine.hcs(&["rm", &name]));
    let archive = engine.path("windows.tar");
    let archive = archive.to_str().unwrap();
    good(&engine.hcs(&["image", "save", "-o", archive, &mine]));
    good(&engine.hcs(&["image", "rm", &mine, &built]));
    assert_eq!(digest_of(&engine.hcs(&["image", "load", "-i", archive])), made);
    let text = good(&engine.hcs(&["run", "--rm", &mine, "cmd", "/c", "type made.txt"]));
    assert_eq!(text, "made by windows\r\nmore\r\n");
    let copy = engine.path("copy");
    tool("skopeo", &["copy", &format!("oci-archive:{archive}"), &format!("oci:{}:x", copy.display())]);
    good(&engine.hcs(&["image", "rm", &mine]));
}

#[test]
fn a_dockerfile_is_built_step_by_step_and_what_is_not_supported_is_named() {
    let engine = Engine::new();
    let context = engine.path("context");
    fs_err::create_dir_all(context.join("d/e")).unwrap();
    tool("cp", &["-a", &engine.rootfs(), context.join("root").to_str().unwrap()]);
    fs_err::write(context.join("d/e/f"), "one\n").unwrap();
    let build = |file: &str| {
        fs_err::write(context.join("Dockerfile"), file).unwrap();
        engine.hcs(&["image", "build", "--build-arg", "WHAT=you", "-t", "built", context.to_str().unwrap()])
    };
    let start = "FROM scratch\nARG WHAT=me\nCOPY root/ /\nENV A=\"hello $WHAT\"\nWORKDIR /app\nCOPY --chmod=0600 d/ x/\n";
    let steps = "RUN echo $A > out && /bin/cat x/e/f >> out\nRUN [\"/bin/busybox\", \"rm\", \"x/e/f\"]\n";
    let end = "USER 0:7\nLABEL k=v\nEXPOSE 80\nCMD /bin/cat out; /bin/id; test ! -e x/e/f\n";
    good(&build(&format!("{start}{steps}{end}")));
    assert_eq!(good(&engine.hcs(&["run", "--rm", "built"])), "hello you\none\nuid=0(root) gid=7\n");
    let config = engine.hcs(&["image", "inspect", "built"]).json()[0]["Image"]["config"].clone();
    assert_eq!((&config["Labels"]["k"], config["ExposedPorts"]["80/tcp"].is_object()), (&"v".into(), true));
    let failed = build(&format!("{start}RUN exit 5\n")).failed(125);
    assert!(failed.contains("exit code 5"), "{failed}");
    for (step, word) in [
        ("HEALTHCHECK NONE", "HEALTHCHECK"),
        ("COPY --from=x a b", "--from"),
        ("ADD http://x/y /", "ADD of what is elsewhere"),
        ("COPY ../../etc/passwd /", "passwd"),
        ("COPY * /", "patterns"),
        ("FROM scratch", "stages"),
        ("RUN --mount=type=cache x", "--mount"),
    ] {
        let failed = build(&format!("{start}{step}\n")).failed(125);
        assert!(failed.contains(word), "{step}: {failed}");
    }
    // Nothing of a build that failed is an image, and no container stays.
    assert_eq!(good(&engine.hcs(&["image", "ls", "-q"])), "built:latest\n");
}

#[test]
fn a_program_stands_behind_two_dashes_and_an_image_before_them() {
    let engine = Engine::new();
    let missing = engine.hcs(&["run", "--rm", "cmd", "/c", "ver"]).failed(125);
    assert!(missing.contains("no image cmd") && missing.contains("hcs run -- PROGRAM"), "{missing}");
    let rootfs = engine.rootfs();
    assert_eq!(good(&engine.hcs(&["run", "--rm", "--rootfs", &rootfs, "/bin/echo", "x"])), "x\n");
    let both = engine.hcs(&["run", "--rm", "--keep-scratch", "--", "x"]).failed(125);
    assert!(both.contains("--keep-scratch"), "{both}");
    let remote = engine.command(&["image", "ls"]).env("HCS_HOST", "http://127.0.0.1:1").output().unwrap();
    assert!(String::from_utf8_lossy(&remote.stderr).contains("HCS_HOST names another host"));
}

#[test]
fn an_image_goes_through_a_registry_and_a_killed_pull_is_gone_on_with() {
    let engine = Engine::new();
    let layout = layout(&engine, &["--config.cmd", "/bin/true"]);
    let text = layout.to_str().unwrap();
    let made = digest(&good(&engine.hcs(&["image", "load", "-i", text, "--name", "base", "--no-unpack"])));
    let registry = Registry::start(&engine.path("registry"));
    let there = format!("{}/some/base:1", registry.address);
    good(&engine.hcs(&["image", "push", "base", &there]));
    good(&engine.hcs(&["image", "rm", "base"]));
    tool("skopeo", &["inspect", "--tls-verify=false", &format!("docker://{there}")]);
    let copied = format!("docker://{}/copied:2", registry.address);
    let insecure = ["--src-tls-verify=false", "--dest-tls-verify=false"];
    tool("skopeo", &[&["copy"], &insecure[..], &[&format!("docker://{there}"), &copied]].concat());
    let by_digest = format!("{}/copied@{made}", registry.address);
    assert_eq!(digest(&good(&engine.hcs(&["image", "pull", &by_digest]))), made);
    good(&engine.hcs(&["run", "--rm", &by_digest]));
    let verdict = engine.hcs(&["image", "pull", "--platform", "windows/amd64", &there]).failed(125);
    assert!(verdict.contains("windows/amd64") && verdict.contains("linux/amd64"), "{verdict}");
    let missing = engine.hcs(&["image", "pull", &format!("{}/none", registry.address)]).failed(125);
    assert!(missing.contains("404"), "{missing}");
    good(&engine.hcs(&["image", "rm", &by_digest]));

    // Killed while a blob comes: the registry says nothing more behind its first bytes.
    let stalled = Stalling::start(registry.address.clone());
    let name = format!("{}/some/base:1", stalled.address);
    let mut pull = engine.command(&["image", "pull", &name]).spawn().unwrap();
    stalled.wait();
    pull.kill().unwrap();
    pull.wait().unwrap();
    assert_eq!(digest(&good(&engine.hcs(&["image", "pull", &there]))), made);
    assert!(good(&engine.hcs(&["image", "fsck"])).starts_with("1 images"));
}

#[test]
fn an_image_is_mounted_written_as_ext4_and_checked() {
    let engine = Engine::new();
    let layout = layout(&engine, &[]);
    good(&engine.hcs(&["image", "load", "-i", layout.to_str().unwrap(), "--name", "base"]));
    let (mounted, image) = (engine.path("mounted"), engine.path("root.img"));
    fs_err::create_dir(&mounted).unwrap();
    good(&engine.hcs(&["image", "mount", "base", mounted.to_str().unwrap()]));
    let seen = fs_err::read_to_string(mounted.join("etc/passwd"));
    let written = fs_err::write(mounted.join("x"), "x");
    let removed = engine.hcs(&["image", "rm", "base"]);
    tool("umount", &[mounted.to_str().unwrap()]);
    assert!(seen.unwrap().contains("root") && written.is_err());
    assert!(removed.code == 125 && removed.stderr.contains("in use by the mount at"), "{removed:?}");
    good(&engine.hcs(&["image", "export", "--ext4", "-o", image.to_str().unwrap(), "base"]));
    tool("e2fsck", &["-fn", image.to_str().unwrap()]);
    // A blob that the disk has changed is found, and the image can be had again.
    let blobs = engine.root().join("images/blobs");
    let largest = fs_err::read_dir(&blobs).unwrap().map(|entry| entry.unwrap().path());
    let largest = largest.max_by_key(|path| fs_err::metadata(path).unwrap().len()).unwrap();
    let length = fs_err::metadata(&largest).unwrap().len();
    fs_err::write(&largest, vec![0; usize::try_from(length).unwrap()]).unwrap();
    for options in [&[][..], &["--repair"]] {
        let found = engine.hcs(&[&["image", "fsck"], options].concat());
        assert_eq!((found.code, &*found.stdout), (125, "0 images and 6 blobs are whole\n"));
        assert!(found.stderr.contains("another content") && found.stderr.contains("image base"), "{found:?}");
    }
    good(&engine.hcs(&["image", "load", "-i", layout.to_str().unwrap(), "--name", "base"]));
    good(&engine.hcs(&["image", "fsck"]));
}

/// Debian's registry on loopback.
struct Registry {
    process: std::process::Child,
    address: String,
}

impl Registry {
    fn start(folder: &Path) -> Self {
        fs_err::create_dir(folder).unwrap();
        let port = free_port();
        let address = format!("127.0.0.1:{port}");
        let config = folder.join("config.yml");
        let text = format!(
            "version: 0.1\nlog: {{level: info}}\nstorage: {{filesystem: {{rootdirectory: {}}}}}\nhttp: {{addr: '{address}'}}\n",
            folder.display()
        );
        fs_err::write(&config, text).unwrap();
        let mut command = program("docker-registry");
        command.arg("serve").arg(&config).stderr(std::process::Stdio::piped());
        command.stdout(std::process::Stdio::null());
        let mut process =
            command.spawn().expect("docker-registry is missing: apt-get install docker-registry");
        // It says when it listens.
        let mut lines = std::io::BufRead::lines(std::io::BufReader::new(process.stderr.take().unwrap()));
        assert!(lines.any(|line| line.unwrap().contains("listening on")), "the registry did not start");
        std::thread::spawn(move || lines.for_each(drop));
        Self { process, address }
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A way to a registry on which layers stop behind their first bytes.
struct Stalling {
    address: String,
    begun: std::sync::mpsc::Receiver<()>,
}

impl Stalling {
    fn start(registry: String) -> Self {
        use std::io::{Read as _, Write as _};
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (send, begun) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (registry, send) = (registry.clone(), send.clone());
                std::thread::spawn(move || {
                    let mut server = std::net::TcpStream::connect(registry).unwrap();
                    let (mut from, mut to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
                    std::thread::spawn(move || std::io::copy(&mut from, &mut to));
                    let (mut client, mut piece, mut passed) = (client, [0; 4096], 0);
                    // Documents are smaller than this.
                    while passed < 100_000 {
                        match server.read(&mut piece) {
                            Ok(count) if count > 0 && client.write_all(&piece[..count]).is_ok() => {
                                passed += count;
                            }
                            _ => return,
                        }
                    }
                    let _ = send.send(());
                    // Nothing more comes until the client is gone.
                    std::thread::park();
                });
            }
        });
        Self { address, begun }
    }

    fn wait(&self) {
        self.begun.recv_timeout(super::running::PATIENCE).unwrap();
    }
}
