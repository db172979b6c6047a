//! The program itself, over the engine: killed, started anew, started by systemd. Needs root.

#[path = "../../../../crates/host-linux/tests/compute/support.rs"]
#[allow(dead_code, reason = "shared with the tests of whole systems, which use more of it")]
mod engine;

use std::io::Read as _;
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use hcs_contract::{ComputeService as _, ErrorKind, ProcessStreams};

use crate::support::{PATIENCE, client, started, status, tcp, unix};
use engine::Engine;

/// The program in the engine's folders; killed with the test.
struct Daemon(Child);

impl Daemon {
    fn command(engine: &Engine, program: &str) -> Command {
        #[expect(clippy::disallowed_methods, reason = "runs the program under test")]
        let mut command = Command::new(program);
        command
            .env("HCS_ROOT", engine.path("state"))
            .env("HCS_RUN", engine.path("run"))
            .env("HCS_LIBEXEC", engine::libexec())
            .env_remove("HCS_HOST")
            .stdin(Stdio::null());
        command
    }

    fn start(engine: &Engine) -> Self {
        let this = Self(Self::command(engine, env!("CARGO_BIN_EXE_hcsd")).spawn().unwrap());
        let until = Instant::now() + PATIENCE;
        while UnixStream::connect(engine.path("run/hcsd.sock")).is_err() {
            assert!(Instant::now() < until, "hcsd did not come up");
            std::thread::yield_now();
        }
        this
    }

    /// Started with this as its third descriptor, as systemd does it.
    fn given(engine: &Engine, socket: OwnedFd, more: impl FnOnce(&mut Command)) -> Self {
        let script = r#"exec 3<&0 </dev/null; LISTEN_PID=$$ LISTEN_FDS=1 exec "$HCSD""#;
        let mut command = Self::command(engine, "/bin/sh");
        command.args(["-c", script]).env("HCSD", env!("CARGO_BIN_EXE_hcsd")).stdin(socket);
        more(&mut command);
        Self(command.spawn().unwrap())
    }

    fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_child(&self.0);
        rustix::process::kill_process(pid, signal).unwrap();
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_killed_server_leaves_containers_and_the_next_one_sees_them() {
    let engine = Engine::new();
    let mut first = Daemon::start(&engine);
    let host = client(&format!("unix://{}", engine.path("run/hcsd.sock").display()));
    let system = started(&host, "survivor", &engine.document(""));
    let sleep = r#"{"CommandArgs":["/bin/sleep","1000"]}"#;
    let process = system.create_process(sleep, ProcessStreams::default()).wait(PATIENCE).unwrap();
    let exit = system.wait_exit();
    first.0.kill().unwrap();
    first.0.wait().unwrap();
    let error = exit.wait(PATIENCE).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Disconnected), "{error}");
    let error = system.properties("").wait(PATIENCE).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Disconnected), "{error}");
    // It lives on, and whoever looks without the server sees it.
    assert!(engine.host.enumerate_systems("").wait(PATIENCE).unwrap().contains("survivor"));

    let mut second = Daemon::start(&engine);
    let again = host.open_system("survivor").unwrap();
    assert!(again.properties("").wait(PATIENCE).unwrap().contains("Running"));
    assert!(again.open_process(process.process.pid()).is_ok());
    // And so it is when the server is told to end.
    second.signal(rustix::process::Signal::TERM);
    assert!(second.0.wait().unwrap().success());
    assert!(!engine.path("run/hcsd.sock").exists());
    let local = engine.host.open_system("survivor").unwrap();
    assert!(local.properties("").wait(PATIENCE).unwrap().contains("Running"));
    local.terminate("").wait(PATIENCE).unwrap();
    local.wait_exit().wait(PATIENCE).unwrap();
}

#[test]
fn systemd_hands_the_socket_over_and_is_told_how_it_goes() {
    let engine = Engine::new();
    let socket = engine.path("given.sock");
    let listener = UnixListener::bind(&socket).unwrap();
    let notify = engine.path("notify.sock");
    let told = UnixDatagram::bind(&notify).unwrap();
    told.set_read_timeout(Some(PATIENCE)).unwrap();
    // Before it runs: systemd keeps what comes.
    let early = std::thread::spawn({
        let socket = socket.clone();
        move || unix(&socket, "GET /health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
    });
    let mut daemon = Daemon::given(&engine, listener.into(), |command| {
        command.env("NOTIFY_SOCKET", &notify);
    });
    let hear = || {
        let mut bytes = [0; 256];
        let count = told.recv(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes[..count]).trim().to_owned()
    };
    assert_eq!(hear(), "READY=1");
    assert!(early.join().unwrap().contains("\"ok\""));
    assert!(!engine.path("run/hcsd.sock").exists(), "it listens where systemd says, and nowhere else");
    let host = client(&format!("unix://{}", socket.display()));
    assert_eq!(host.enumerate_systems("").wait(PATIENCE).unwrap(), "[]");
    daemon.signal(rustix::process::Signal::TERM);
    assert_eq!(hear(), "STOPPING=1");
    assert!(daemon.0.wait().unwrap().success());
    assert!(socket.exists(), "the socket is systemd's");
}

#[test]
fn tcp_that_systemd_hands_over_is_for_those_who_have_the_token() {
    let engine = Engine::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let ask = |authorization: &str| {
        let request = format!("GET /health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{authorization}\r\n");
        tcp(address, &request)
    };
    let _daemon = Daemon::given(&engine, listener.into(), |_| {});
    // The kernel keeps what comes before the server is there.
    assert_eq!(status(&ask("")), 401);
    assert_eq!(status(&ask("authorization: Bearer 0123456789abcdef\r\n")), 401);
    let token = fs_err::read_to_string(engine.path("run/hcsd.token")).unwrap();
    assert_eq!(status(&ask(&format!("authorization: Bearer {}\r\n", token.trim()))), 200);
}

#[test]
fn tcp_of_systemd_s_that_others_reach_needs_tls_and_other_sockets_are_refused() {
    let engine = Engine::new();
    let everywhere = TcpListener::bind("0.0.0.0:0").unwrap().into();
    let datagrams = std::net::UdpSocket::bind("127.0.0.1:0").unwrap().into();
    for (socket, reason) in [(everywhere, "use TLS"), (datagrams, "no listening Unix or TCP socket")] {
        let mut daemon = Daemon::given(&engine, socket, |command| {
            command.stderr(Stdio::piped());
        });
        let mut text = String::new();
        daemon.0.stderr.take().unwrap().read_to_string(&mut text).unwrap();
        assert!(!daemon.0.wait().unwrap().success(), "{text}");
        assert!(text.contains(reason), "{text}");
    }
}

#[test]
fn events_of_the_engine_come_by_way_of_the_server() {
    use hcs_contract::{Deadline, SystemEventKind};
    let engine = Engine::new();
    let _daemon = Daemon::start(&engine);
    let address = format!("unix://{}", engine.path("run/hcsd.sock").display());
    let host = client(&address);
    let slow = host.events().unwrap();
    let mut events = host.events().unwrap();
    for _ in 0..3 {
        let system = started(&host, "seen", &engine.document(""));
        system.terminate("").wait(PATIENCE).unwrap();
        system.wait_exit().wait(PATIENCE).unwrap();
        drop(system);
        // The other stream is never read, which holds nobody up.
        for wanted in ["create", "start", "exit"] {
            let event = events.next(Deadline::after(PATIENCE)).unwrap().unwrap();
            assert_eq!((event.id.as_str(), event.kind.name()), ("seen", wanted));
            assert!(!matches!(event.kind, SystemEventKind::Missed));
        }
    }
    assert_eq!(events.next(Deadline::now()).unwrap(), None);
    let stopper = events.stopper();
    let waiting = std::thread::spawn(move || events.next(Deadline::Never).unwrap());
    stopper.stop();
    assert_eq!(waiting.join().unwrap(), None);
    drop(slow);
}
