//! This program run as another: a client of an engine, as a service of systemd's or a tool would be.

use std::path::Path;
use std::process::{Command, Output};

use super::support::{Engine, done, libexec};
use hcs_contract::ComputeService;
use hcs_host_linux::{LinuxHost, Options};

/// Names the engine's folder to the half that is a client.
const FOLDER: &str = "HCS_TEST_FOLDER";
/// What more the container's document has.
const MEMBERS: &str = "HCS_TEST_MEMBERS";

/// The command line of a client that makes and starts a container and then stays.
pub(crate) fn command(engine: &Engine, members: &str) -> Vec<String> {
    let folder = engine.path("").display().to_string();
    let variables = [
        format!("{FOLDER}={}", folder.trim_end_matches('/')),
        format!("{MEMBERS}={members}"),
        format!("HCS_LIBEXEC={}", libexec().display()),
    ];
    let program = std::env::current_exe().unwrap().display().to_string();
    let arguments = ["--exact", "client::a_client", "--ignored", "--nocapture"].map(str::to_owned);
    ["/usr/bin/env".into()].into_iter().chain(variables).chain([program]).chain(arguments).collect()
}

/// Run by [`command`]: makes what is not there yet, says so by a file, and stays until it is ended.
#[test]
#[ignore = "the other half of the tests of services: ./x test --vm"]
fn a_client() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let folder = Path::new(&folder);
    let options = Options {
        root: folder.join("state"),
        run: folder.join("run"),
        libexec: vec![libexec()],
        ..Options::default()
    };
    let host = LinuxHost::open(options).unwrap();
    let members = std::env::var(MEMBERS).unwrap();
    let id = format!("{}", std::process::id());
    let document = format!(
        r#"{{"SystemType":"Container","ContainerType":"Linux","VolumePath":"{}"{members}}}"#,
        folder.join("rootfs").display()
    );
    let (system, operation) = host.create_system(&id, &document).unwrap();
    done(&operation);
    done(&system.start(""));
    std::mem::forget(system);
    fs_err::write(folder.join("started.new"), &id).unwrap();
    fs_err::rename(folder.join("started.new"), folder.join("started")).unwrap();
    // For ever: nobody sends anything.
    let (reader, _writer) = std::io::pipe().unwrap();
    let _ = std::io::Read::read(&mut { reader }, &mut [0]);
}

/// Runs a program of the machine's to its end, which must be a success.
pub(crate) fn run(words: &[&str]) -> String {
    let output = try_run(words);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{words:?}: {}{}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout).trim().to_owned()
}

pub(crate) fn try_run(words: &[&str]) -> Output {
    #[expect(clippy::disallowed_methods, reason = "the machine's own tools are what is tested against")]
    let mut command = Command::new(words[0]);
    command.args(&words[1..]).output().unwrap()
}
