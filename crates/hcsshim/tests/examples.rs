//! The examples, run as their readers would: on the engine of the test run, with its folders in the environment.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use hcsshim::schema::compute::v1::ContainerConfig;
use hcsshim::schema::compute::{OsType, SystemType};
use hcsshim::{Host, Options, Stdio};

/// Runs an example and gives its standard output.
fn example(name: &str, arguments: &[&str]) -> String {
    example_with(name, arguments, "")
}

/// The same with something to read.
fn example_with(name: &str, arguments: &[&str], input: &str) -> String {
    assert!(rustix::process::geteuid().is_root(), "the examples make containers: run this test as root");
    // Beside this test's own folder; cargo builds examples with the tests.
    let program = std::env::current_exe().unwrap().parent().unwrap().join("../examples").join(name);
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(input.as_bytes()).unwrap();
    file.rewind().unwrap();
    #[expect(clippy::disallowed_methods, reason = "the program under test")]
    let output = Command::new(program).args(arguments).envs(environment()).stdin(file).output().unwrap();
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn environment() -> [(&'static str, PathBuf); 3] {
    let place =
        |name: &'static str, made: PathBuf| (name, std::env::var_os(name).map_or(made, PathBuf::from));
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    [
        place("HCS_ROOT", folder.join("HCS_ROOT")),
        place("HCS_RUN", folder.join("HCS_RUN")),
        place("HCS_LIBEXEC", libexec()),
    ]
}

/// Where a build puts the supervisor for tests that run without `./x test`.
fn libexec() -> PathBuf {
    let deps = std::env::current_exe().unwrap();
    deps.ancestors().nth(3).unwrap().join("x86_64-unknown-linux-musl/guest")
}

/// A root folder with a shell.
fn rootfs() -> tempfile::TempDir {
    let folder = tempfile::tempdir_in("/var/tmp").unwrap();
    let busybox = ["/bin/busybox", "/usr/bin/busybox"].into_iter().find(|path| Path::new(path).exists());
    let busybox = busybox.expect("busybox is missing: apt-get install busybox-static");
    fs_err::create_dir(folder.path().join("bin")).unwrap();
    fs_err::copy(busybox, folder.path().join("bin/sh")).unwrap();
    folder
}

#[test]
fn a_linux_container() {
    let folder = rootfs();
    let text = example("run_linux", &[folder.path().to_str().unwrap(), "echo hello; echo error >&2; exit 7"]);
    assert_eq!(text, "exit code 7\nhello\nerror\nthe container ended: GracefulExit\n");
}

#[test]
fn a_windows_container() {
    let text = example("run_windows", &["ver& exit 3010"]);
    assert_eq!(text, "\r\nMicrosoft Windows 10.0.17763\r\nexit code 3010 (0x00000BC2)\n");
    // A command processor that reads what to do until the end of its input.
    let text = example_with("run_windows", &["cmd"], "echo from the input\r\n");
    assert!(text.contains(">from the input\r\n") && text.ends_with("exit code 0\n"), "{text:?}");
}

#[test]
fn what_the_readme_shows() {
    let readme = include_str!("../../../README.md");
    let source = include_str!("../examples/readme.rs");
    let (_, code) = source.split_once("\n\n").unwrap();
    assert!(readme.contains(&format!("```rust,no_run\n{code}```\n")), "README.md and the example differ");
    assert_eq!(example("readme", &[]), "\r\nMicrosoft Windows 10.0.17763\r\n");
}

#[test]
fn a_list() {
    let folder = rootfs();
    let lookup = |name: &str| {
        environment().into_iter().find(|(known, _)| *known == name)?.1.into_os_string().into_string().ok()
    };
    let host = Host::open(Options::from_lookup(lookup).unwrap()).unwrap();
    let id = format!("list-{}", std::process::id());
    let document = ContainerConfig {
        system_type: SystemType::CONTAINER,
        container_type: OsType::LINUX,
        volume_path: folder.path().to_str().unwrap().into(),
        terminate_on_last_handle_closed: true,
        ..ContainerConfig::default()
    };
    let container = host.create_container(&id, &document).unwrap();
    container.start().unwrap();
    let shell = container.command("/bin/sh").args(["-c", "read line"]).stdin(Stdio::Pipe).spawn().unwrap();
    let text = example("list", &[]);
    assert!(text.contains(&format!("{id} Running (Linux)\n  {} sh\n", shell.pid())), "{text}");
    // Others may run on this engine; what is shown is one line each, and lines of processes below.
    for line in text.lines() {
        assert!(line.starts_with("  ") || line.ends_with(')'), "{line}");
    }
    container.terminate().unwrap();
    container.wait().unwrap();
}
