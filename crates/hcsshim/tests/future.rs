//! Awaited calls: over a service in memory, without a runtime and with tokio's; and over the engine, many at once.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use hcsshim::future::tokio::{AsyncStdin, AsyncStream};
use hcsshim::future::{Container, Host};
use hcsshim::schema::compute::v1::ContainerConfig;
use hcsshim::schema::compute::{OsType, SystemType};
use hcsshim::{ErrorKind, Options, Stdio};
use support::{Script, host, host_with};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// A runtime of one task and one thread.
fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        thread::park_timeout(PATIENCE);
    }
}

/// Whether a future is still pending after one look.
fn is_pending<F: Future>(future: std::pin::Pin<&mut F>) -> bool {
    future.poll(&mut Context::from_waker(Waker::noop())).is_pending()
}

fn tokio() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

async fn container() -> (Container, Arc<Script>) {
    let (host, script) = host();
    let container = Host::from(host).create_container("a", "{}").await.unwrap();
    script.calls();
    (container, script)
}

fn send<T: Send>(value: T) -> T {
    value
}

#[test]
fn without_a_runtime_the_calls_are_those_that_wait() {
    let (host, script) = host();
    let host = Host::from(host);
    block_on(send(async {
        let container = host.create_container("a", "{}").await.unwrap();
        container.start().await.unwrap();
        container.pause().await.unwrap();
        container.resume().await.unwrap();
        script.answer("properties", Ok(r#"{"Id":"a","State":"Running","RuntimeOsType":"Linux"}"#));
        assert_eq!(container.properties(&[]).await.unwrap().id, "a");
        script.answer("properties", Ok(r#"{"RuntimeOsType":"Linux"}"#));
        script.answer("wait process", Ok(r#"{"ProcessId":4,"Exited":true,"ExitCode":3}"#));
        let status = container.command("/bin/x").status_async().await.unwrap();
        assert_eq!(status.code(), 3);
        script.answer("wait", Ok(r#"{"ExitType":"GracefulExit"}"#));
        container.stop(PATIENCE).await.unwrap();
        assert!(host.open_container("a").await.is_ok());
    }));
    let calls = script.calls();
    let names: Vec<_> = calls.iter().map(|call| call.split(" {").next().unwrap()).collect();
    let expected = [
        "create",
        "start",
        "pause",
        "resume",
        "properties",
        "properties",
        "create process",
        "wait process",
        "shutdown",
        "wait",
        "open a",
    ];
    // Handles are closed when the last clone goes, on whatever thread.
    let names: Vec<_> = names.into_iter().filter(|name| !name.starts_with("close")).collect();
    assert_eq!(names, expected);
}

#[test]
fn deadlines_are_those_of_the_table() {
    block_on(async {
        let (container, script) = container().await;
        // 50 ms, as the support has it.
        script.silence("start");
        let error = container.start().await.unwrap_err();
        assert!(error.is_timeout() && error.to_string().contains("start"), "{error}");
        script.silence("wait");
        let error = container.wait_timeout(Duration::from_millis(5)).await.unwrap_err();
        assert!(error.is_timeout(), "{error}");
    });
    let (host, script) = host();
    script.silence("create");
    let error = block_on(Host::from(host).create_container("late", "{}")).unwrap_err();
    assert!(error.is_timeout(), "{error}");
    assert_eq!(script.calls(), ["create {}", "terminate", "close"]);
}

#[test]
fn a_dropped_future_ends_the_wait_and_nothing_else() {
    let (container, script) = block_on(container());
    script.silence("start").silence("wait");
    {
        let mut start = pin!(container.start());
        assert!(is_pending(start.as_mut()));
        let mut wait = pin!(container.wait());
        assert!(is_pending(wait.as_mut()));
    }
    assert_eq!(script.calls(), ["start", "wait"]);
    // The service was told nothing of it, and answers as if nothing had happened.
    script.release();
    script.release();
    block_on(container.pause()).unwrap();
}

#[test]
fn a_dropped_create_closes_what_comes_of_it() {
    let mut options = Options::default();
    options.deadlines.create = PATIENCE;
    let (host, script) = host_with(options);
    script.silence("create");
    let calls = script.watch();
    {
        let host = Host::from(host);
        let mut create = pin!(host.create_container("a", "{}"));
        assert!(is_pending(create.as_mut()));
        assert_eq!(calls.recv_timeout(PATIENCE).unwrap(), "create");
    }
    script.release();
    // Nobody has the container: its one handle is closed, as that of one who has seen it and let it go.
    assert_eq!(calls.recv_timeout(PATIENCE).unwrap(), "dropped");
}

#[test]
fn waiting_for_a_place_to_start_blocks_no_task() {
    let mut options = Options::default();
    options.max_parallel_start = std::num::NonZeroUsize::new(1);
    options.deadlines.start = PATIENCE;
    let (host, script) = host_with(options);
    let host = Host::from(host);
    block_on(async {
        let (first, second) = (
            host.create_container("a", "{}").await.unwrap(),
            host.create_container("b", "{}").await.unwrap(),
        );
        let calls = script.watch();
        script.silence("start");
        let (mut a, mut b) = (pin!(first.start()), pin!(second.start()));
        assert!(is_pending(a.as_mut()));
        assert_eq!(calls.recv_timeout(PATIENCE).unwrap(), "start");
        assert!(is_pending(b.as_mut()));
        assert!(calls.try_recv().is_err(), "the second has no place yet");
        script.release();
        a.await.unwrap();
        b.await.unwrap();
        assert_eq!(calls.recv_timeout(PATIENCE).unwrap(), "start");
    });
}

#[test]
fn errors_are_the_same() {
    block_on(async {
        let (container, script) = container().await;
        script.answer("properties", Ok(r#"{"RuntimeOsType":"Linux"}"#));
        let error = container.command("x").command_line("x").spawn_async().await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::InvalidArgument { .. }), "{error}");
        script.answer("modify", Err(hcsshim::Error::disconnected()));
        let error = container.modify(r#"{"ResourceType":"Memory"}"#).await.unwrap_err();
        assert!(error.document().unwrap().contains("Memory"), "{error}");
    });
}

/// An engine of a test's own, of which nothing is left.
struct Engine {
    host: Host,
    folder: tempfile::TempDir,
}

impl Engine {
    fn new() -> Self {
        let folder = tempfile::tempdir_in("/var/tmp").unwrap();
        Self { host: open(folder.path()), folder }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        let linux = self.host.blocking().linux().unwrap();
        if !thread::panicking() {
            let report = linux.gc(true).unwrap();
            assert!(report.found.is_empty(), "{report:?}");
        }
        // The engine's own cgroups too.
        let _ = linux.gc(false);
    }
}

fn open(folder: &Path) -> Host {
    assert!(rustix::process::geteuid().is_root(), "containers are made here: run this test as root");
    let libexec = std::env::var_os("HCS_LIBEXEC").map_or_else(
        || {
            std::env::current_exe()
                .unwrap()
                .ancestors()
                .nth(3)
                .unwrap()
                .join("x86_64-unknown-linux-musl/guest")
        },
        PathBuf::from,
    );
    let lookup = |name: &str| match name {
        "HCS_ROOT" => Some(folder.join("state").display().to_string()),
        "HCS_RUN" => Some(folder.join("run").display().to_string()),
        "HCS_LIBEXEC" => Some(libexec.display().to_string()),
        _ => None,
    };
    hcsshim::Host::open(Options::from_lookup(lookup).unwrap()).unwrap().into()
}

fn rootfs(folder: &Path) -> String {
    let busybox = ["/bin/busybox", "/usr/bin/busybox"].into_iter().find(|path| Path::new(path).exists());
    let busybox = busybox.expect("busybox is missing: apt-get install busybox-static");
    let root = folder.join("rootfs");
    fs_err::create_dir_all(root.join("bin")).unwrap();
    fs_err::copy(busybox, root.join("bin/sh")).unwrap();
    root.display().to_string()
}

#[test]
fn ten_containers_at_once_on_one_thread() {
    const MANY: usize = 10;
    let engine = Engine::new();
    let (host, root) = (engine.host.clone(), rootfs(engine.folder.path()));
    let document = ContainerConfig {
        system_type: SystemType::CONTAINER,
        container_type: OsType::LINUX,
        volume_path: root,
        terminate_on_last_handle_closed: true,
        ..ContainerConfig::default()
    };
    let one = |number: usize| {
        let (host, document) = (host.clone(), document.clone());
        async move {
            let container = host.create_container(&format!("async-{number}"), &document).await?;
            container.start().await?;
            let script = format!("echo {number}; echo error >&2; exit {number}");
            let output = container.command("/bin/sh").args(["-c", &script]).output_async().await?;
            container.terminate().await?;
            container.wait().await?;
            Ok::<_, hcsshim::Error>(output)
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let tasks: Vec<_> = (0..MANY).map(|number| tokio::task::spawn(one(number))).collect();
        for (number, task) in tasks.into_iter().enumerate() {
            let output = task.await.unwrap().unwrap();
            assert_eq!(output.status.code(), u32::try_from(number).unwrap());
            assert_eq!(output.stdout, format!("{number}\n").into_bytes());
            assert_eq!(output.stderr, b"error\n");
        }
    });
}

#[test]
fn streams_are_tokios_readers_and_writers() {
    let engine = Engine::new();
    let (host, root) = (engine.host.clone(), rootfs(engine.folder.path()));
    let document = ContainerConfig {
        system_type: SystemType::CONTAINER,
        container_type: OsType::LINUX,
        volume_path: root,
        terminate_on_last_handle_closed: true,
        ..ContainerConfig::default()
    };
    let runtime = tokio();
    runtime.block_on(async {
        let container = host.create_container("streams", &document).await.unwrap();
        container.start().await.unwrap();
        let cat = container.command("/bin/sh").args(["-c", "cat; echo end"]);
        let process = cat.stdin(Stdio::Pipe).stdout(Stdio::Pipe).spawn_async().await.unwrap();
        let mut stdin = AsyncStdin::new(process.take_stdin().await.unwrap().unwrap()).unwrap();
        let mut stdout = AsyncStream::new(process.take_stdout().await.unwrap().unwrap()).unwrap();
        // More than a pipe holds, so both sides wait for each other.
        let bytes: Vec<u8> = (0..1_000_000_u32).map(|number| (number % 251) as u8).collect();
        let sent = bytes.clone();
        let writer = tokio::task::spawn(async move {
            stdin.write_all(&sent).await.unwrap();
            stdin.shutdown().await.unwrap();
            assert!(stdin.write_all(b"x").await.is_err());
        });
        let mut got = Vec::new();
        tokio::time::timeout(PATIENCE, stdout.read_to_end(&mut got)).await.unwrap().unwrap();
        writer.await.unwrap();
        assert!(got.len() == bytes.len() + 4 && got.starts_with(&bytes) && got.ends_with(b"end\n"));
        assert_eq!(process.wait().await.unwrap().code(), 0);

        // A terminal ends too.
        let tty = container.command("/bin/sh").args(["-c", "echo on a terminal"]).console(80, 25);
        let process = tty.stdout(Stdio::Pipe).spawn_async().await.unwrap();
        let mut terminal = AsyncStream::new(process.take_stdout().await.unwrap().unwrap()).unwrap();
        let mut text = String::new();
        tokio::time::timeout(PATIENCE, terminal.read_to_string(&mut text)).await.unwrap().unwrap();
        assert_eq!(text, "on a terminal\r\n");
        container.terminate().await.unwrap();
        container.wait().await.unwrap();
    });
}
