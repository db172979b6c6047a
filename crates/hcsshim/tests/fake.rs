//! The public API on the host in memory: what a user's test can do with it, on every system.

#![cfg(feature = "fake")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs::File;
use std::io::{Read as _, Seek as _, Write as _};

use hcsshim::fake::{FakeHost, Fault};
use hcsshim::schema::compute::{ComputeSystemQuery, OsType, SystemType, v1};
use hcsshim::{Container, EventType, Guest, Host, OperationKind, Stdio};

fn container(host: &Host, kind: OsType) -> Container {
    let document = v1::ContainerConfig {
        system_type: SystemType::CONTAINER,
        name: "test".into(),
        volume_path: if kind == OsType::LINUX { "/srv/root".into() } else { String::new() },
        container_type: kind,
        ..v1::ContainerConfig::default()
    };
    let container = host.create_container("test", &document).unwrap();
    container.start().unwrap();
    container
}

#[test]
fn commands_run_with_every_kind_of_stream() {
    for kind in [OsType::LINUX, OsType::WINDOWS] {
        let host = Host::fake(&FakeHost::new());
        let container = container(&host, kind.clone());
        let output = container.command("echo").args(["a", "b"]).output().unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap().trim_end(), "a b");
        let copy = container.command("cat").stdin(Stdio::Pipe).stdout(Stdio::Pipe).spawn().unwrap();
        let mut pipes = copy.stdio().unwrap();
        let mut stdin = pipes.stdin.take().unwrap();
        stdin.write_all(b"\0\xff").unwrap();
        stdin.close().unwrap();
        let mut bytes = Vec::new();
        pipes.stdout.take().unwrap().read_to_end(&mut bytes).unwrap();
        assert_eq!((&bytes[..], copy.wait().unwrap().code()), (&b"\0\xff"[..], 0), "{kind}");
        let mut file: File = tempfile::tempfile().unwrap();
        let given = Stdio::from(file.try_clone().unwrap());
        assert_eq!(container.command("echo").arg("straight").stdout(given).status().unwrap().code(), 0);
        let mut text = String::new();
        file.rewind().unwrap();
        file.read_to_string(&mut text).unwrap();
        assert_eq!(text.trim_end(), "straight");
        assert_eq!(container.command("echo").stdout(Stdio::Inherit).status().unwrap().code(), 0);
        let process = container.command("size").console(132, 40).stdout(Stdio::Pipe).output().unwrap();
        assert_eq!(process.stdout, b"size 132x40\r\n");
    }
}

#[test]
fn a_container_lives_and_ends() {
    let fake = FakeHost::new();
    let host = Host::fake(&fake);
    let container = container(&host, OsType::LINUX);
    assert_eq!(container.guest().unwrap(), Guest::Linux);
    let (send, seen) = std::sync::mpsc::channel();
    let _subscription = container.subscribe(move |event| send.send(event.kind).unwrap()).unwrap();
    let list = host.containers(&ComputeSystemQuery::default()).unwrap();
    assert_eq!(list.iter().map(|found| found.name.as_str()).collect::<Vec<_>>(), ["test"]);
    let process = container.command("hang").spawn().unwrap();
    assert_eq!(container.process_list().unwrap()[0].process_id, process.pid());
    fake.faults().add(Fault::on(OperationKind::TerminateProcess).nth(1).deny());
    assert!(process.kill().unwrap_err().is_access_denied());
    process.kill().unwrap();
    assert_eq!(process.wait().unwrap().code(), 137);
    container.terminate().unwrap();
    container.terminate().unwrap();
    container.wait().unwrap();
    assert_eq!(seen.recv().unwrap(), EventType::SYSTEM_EXITED);
    // The service goes away: what was open is dead, what is there is found again.
    let again = host.open_container("test").unwrap();
    fake.disconnect();
    assert!(again.properties(&[]).is_err());
}
