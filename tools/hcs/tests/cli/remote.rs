//! The command with `HCS_HOST`: containers of a host that hcsd serves.

use std::sync::Arc;
use std::time::Duration;

use hcsd::{Config, Listener, Server};
use hcsshim::{Host, Options};

use super::running::{self, Output, Running};
use super::support::{Engine, libexec};

/// An engine, and a server over it that goes with the test.
struct Served {
    engine: Engine,
    runtime: Option<tokio::runtime::Runtime>,
}

impl Served {
    fn new() -> Self {
        let engine = Engine::new();
        let mut options = Options::default();
        engine.root().clone_into(&mut options.linux.root);
        engine.run().clone_into(&mut options.linux.run);
        options.linux.libexec = vec![libexec()];
        let host = Host::open(options).unwrap();
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let socket = engine.path("hcsd.sock");
        let server = Server::new(Arc::clone(host.service()), Config::default());
        let listener = runtime.block_on(async { Listener::unix(&socket) }).unwrap();
        runtime.spawn(async move { server.serve(vec![listener], std::future::pending()).await });
        Self { engine, runtime: Some(runtime) }
    }

    /// The command with the server in its environment, and folders of an engine that is not there.
    fn command(&self, arguments: &[&str]) -> std::process::Command {
        let mut command = self.engine.command(arguments);
        command
            .env("HCS_HOST", format!("unix://{}", self.engine.path("hcsd.sock").display()))
            .env("HCS_ROOT", "/nowhere/root")
            .env("HCS_RUN", "/nowhere/run");
        command
    }

    fn hcs(&self, arguments: &[&str]) -> Output {
        running::finish(&mut self.command(arguments))
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_timeout(Duration::from_secs(5));
        }
    }
}

#[test]
fn a_program_elsewhere_runs_as_one_here() {
    let served = Served::new();
    let rootfs = served.engine.rootfs();
    let script = "cat; echo errors >&2; exit 42";
    let mut command =
        served.command(&["run", "--rm", "-i", "--rootfs", &rootfs, "--", "/bin/sh", "-c", script]);
    let mut running = Running::start(command.stdin(std::process::Stdio::piped()));
    running.write(b"over the wire\n");
    let output = running.finish();
    assert_eq!((output.code, &*output.stdout, &*output.stderr), (42, "over the wire\n", "errors\n"));
    served.engine.assert_empty();
}

#[test]
fn what_the_engine_keeps_is_seen_and_removed_from_elsewhere() {
    let served = Served::new();
    let rootfs = served.engine.rootfs();
    let script = "echo out; echo errors >&2; exit 7";
    let run = ["run", "-d", "--name", "job", "--label", "team=a", "--rootfs", &rootfs];
    let program = ["--", "/bin/sh", "-c", script];
    assert_eq!(served.hcs(&[&run[..], &program].concat()).ok(), "job\n");
    assert_eq!(served.hcs(&["wait", "job"]).ok(), "7\n");
    let logs = served.hcs(&["logs", "job"]);
    assert_eq!((logs.code, &*logs.stdout, &*logs.stderr), (0, "out\n", "errors\n"));
    assert_eq!(served.hcs(&["logs", "--tail", "0", "job"]).ok(), "");
    // Word for word what is said on the engine's own machine.
    for command in [
        &["ls", "-a", "--format", "json", "--filter", "label=team=a"][..],
        &["inspect", "job"],
        &["features", "--format", "json"],
        &["gc", "--dry-run"],
    ] {
        let (here, there) = (served.engine.hcs(command), served.hcs(command));
        assert_eq!(there, here, "{command:?}");
        assert_eq!(there.code, 0, "{command:?}");
    }
    assert!(served.hcs(&["inspect", "job"]).ok().contains("\"ExitCode\": 7"));
    assert_eq!(served.hcs(&["ls", "-a", "-q", "--filter", "label=team=b"]).ok(), "");
    served.hcs(&["rm", "job"]).ok();
    let text = served.hcs(&["rm", "job"]).failed(125);
    assert!(text.contains("job"), "{text}");
    assert!(served.hcs(&["inspect", "job"]).failed(125).contains("job"));
    served.engine.assert_empty();
}

#[test]
fn commands_that_can_not_be_done_elsewhere_say_so_by_name() {
    let served = Served::new();
    let rootfs = served.engine.rootfs();
    let run = ["run", "-d", "--name", "job", "--rootfs", &rootfs, "--", "/bin/sh", "-c", "sleep 1000"];
    assert_eq!(served.hcs(&run).ok(), "job\n");
    assert!(served.hcs(&["ls"]).ok().contains("Running"));
    assert_eq!(served.hcs(&["exec", "job", "--", "/bin/echo", "hello"]).ok(), "hello\n");
    assert!(served.hcs(&["ps", "job"]).ok().contains("sleep"));
    for command in [&["base", "ls"][..], &["logs", "--follow", "job"]] {
        let text = served.hcs(command).failed(125);
        assert!(text.contains(command[0]), "{command:?}: {text}");
        assert!(text.contains("HCS_HOST"), "{command:?}: {text}");
    }
    served.hcs(&["kill", "job"]).ok();
    served.hcs(&["wait", "job"]).ok();
    let mut absent = served.command(&["ls"]);
    let text = running::finish(absent.env("HCS_HOST", "unix:///nowhere/hcsd.sock")).failed(125);
    assert!(text.contains("/nowhere/hcsd.sock") && text.contains("systemctl status hcsd"), "{text}");
    let mut wrong = served.command(&["ls"]);
    let text = running::finish(wrong.env("HCS_HOST", "tcp://x")).failed(125);
    assert!(text.contains("unix:///PATH"), "{text}");
}
