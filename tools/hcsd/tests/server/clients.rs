//! Clients that die, lose their connection, or are there when the server ends.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use hcs_contract::{ComputeService as _, ErrorKind, ProcessStreams};
use hcs_host_remote::{Options, RemoteHost};

use crate::support::{DOCUMENT, PATIENCE, Served, client, started};

const ENDS_WITH_HANDLE: &str = r#"{"SystemType":"Container","ContainerType":"Linux","VolumePath":"/srv/root","TerminateOnLastHandleClosed":true}"#;
const CAT: &str = r#"{"CommandArgs":["/bin/sh","-c","cat"],"CreateStdInPipe":true,"CreateStdOutPipe":true}"#;
const CLOSE: &str = r#"{"Operation":"CloseHandle","CloseHandle":{"Handle":"StdIn"}}"#;

/// No test: what the test below runs as another program, and kills.
#[test]
#[ignore = "a part of another test"]
fn as_a_client_that_is_killed() {
    let host = client(&std::env::var("HCSD_TEST_ADDRESS").unwrap());
    let _ends = started(&host, "ends", ENDS_WITH_HANDLE);
    let _stays = started(&host, "stays", DOCUMENT);
    println!("\nready");
    loop {
        std::thread::park();
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "runs itself as another program")]
fn a_killed_client_s_handles_are_closed_and_what_ends_with_them_ends() {
    let served = Served::new(|_| {});
    let mut child = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "clients::as_a_client_that_is_killed", "--ignored", "--nocapture"])
        .env("HCSD_TEST_ADDRESS", format!("unix://{}", served.socket().display()))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    assert!(output.lines().any(|line| line.unwrap() == "ready"), "the client did not come up");
    assert_eq!(served.metric("hcsd_handles"), 2);
    child.kill().unwrap();
    child.wait().unwrap();
    served.until("hcsd_handles", 0);
    served.until("hcsd_sessions", 0);
    assert!(served.fake.open_system("ends").unwrap_err().is_not_exist());
    let stays = served.client().open_system("stays").unwrap();
    assert!(stays.properties("").wait(PATIENCE).unwrap().contains("Running"));
}

#[test]
fn a_host_that_is_dropped_ends_its_session_at_once() {
    let served = Served::new(|_| {});
    let host = served.client();
    let system = started(&host, "held", ENDS_WITH_HANDLE);
    drop(host);
    // Handles hold the session, not the host.
    assert!(system.properties("").wait(PATIENCE).unwrap().contains("Running"));
    drop(system);
    assert_eq!(served.metric("hcsd_sessions"), 0);
    assert!(served.fake.open_system("held").unwrap_err().is_not_exist());
}

/// Passes connections on, until it cuts them.
struct Cutter {
    address: SocketAddr,
    to: Arc<Mutex<SocketAddr>>,
    /// Two of each connection, in the order in which they came.
    sockets: Arc<Mutex<Vec<TcpStream>>>,
}

impl Cutter {
    fn new(to: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (to, sockets) = (Arc::new(Mutex::new(to)), Arc::new(Mutex::new(Vec::new())));
        let (next, all) = (Arc::clone(&to), Arc::clone(&sockets));
        std::thread::spawn(move || {
            for near in listener.incoming().flatten() {
                let to = *next.lock().unwrap();
                let Ok(far) = TcpStream::connect(to) else { return };
                all.lock().unwrap().extend([near.try_clone().unwrap(), far.try_clone().unwrap()]);
                for (mut from, mut to) in [(near.try_clone().unwrap(), far.try_clone().unwrap()), (far, near)]
                {
                    std::thread::spawn(move || {
                        let _ = std::io::copy(&mut from, &mut to);
                        let _ = to.shutdown(Shutdown::Both);
                    });
                }
            }
        });
        Self { address, to, sockets }
    }

    fn cut(&self) {
        self.cut_behind(0);
    }

    /// Cuts all but the first so many connections.
    fn cut_behind(&self, first: usize) {
        for socket in self.sockets.lock().unwrap().drain(2 * first..) {
            let _ = socket.shutdown(Shutdown::Both);
        }
    }

    /// Those that come from now on lead there.
    fn lead_to(&self, to: SocketAddr) {
        *self.to.lock().unwrap() = to;
    }

    /// A client of a server of [`Served`], by way of this.
    fn client(&self, served: &Served) -> RemoteHost {
        let mut options = Options::new(format!("http://{}", self.address).parse().unwrap());
        options.token_file = Some(served.folder.path().join("token"));
        RemoteHost::open(options).unwrap()
    }
}

#[test]
fn no_call_fails_because_the_server_was_started_anew() {
    type Call = fn(&RemoteHost) -> hcs_contract::Result<()>;
    let list: Call = |host| host.enumerate_systems("").wait(PATIENCE).map(drop);
    let calls: [Call; 4] = [
        list,
        |host| host.service_properties("").wait(PATIENCE).map(drop),
        |host| host.open_system("there").map(drop),
        |host| host.create_system("new", DOCUMENT).and_then(|(_, created)| created.wait(PATIENCE)).map(drop),
    ];
    for call in calls {
        let (first, second) = (Served::new(|_| {}), Served::new(|_| {}));
        let _there = started(&second.fake, "there", DOCUMENT);
        let cutter = Cutter::new(first.tcp);
        let host = cutter.client(&first);
        // The session's lines are one connection, and another is kept for the next request.
        list(&host).unwrap();
        // As it is when the server has gone and come again, before the client has read the end of its lines.
        cutter.lead_to(second.tcp);
        cutter.cut_behind(1);
        call(&host).unwrap();
        assert_eq!(second.metric("hcsd_sessions"), 1);
    }
}

#[test]
fn what_may_have_been_done_is_not_asked_twice() {
    let served = Served::new(|config| config.grace = PATIENCE);
    let cutter = Cutter::new(served.tcp);
    let host = cutter.client(&served);
    let system = started(&host, "once", DOCUMENT);
    cutter.cut_behind(1);
    // What only asks is asked over a new connection.
    assert!(system.properties("").wait(PATIENCE).unwrap().contains("Running"));
    cutter.cut_behind(1);
    // Nobody can know whether the server has read this.
    let error = system.pause("").wait(PATIENCE).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Disconnected), "{error}");
    system.pause("").wait(PATIENCE).unwrap();
}

#[test]
fn a_session_outlives_a_connection_that_the_network_lost() {
    let served = Served::new(|config| config.grace = PATIENCE);
    let cutter = Cutter::new(served.tcp);
    let host = cutter.client(&served);
    let system = started(&host, "far", ENDS_WITH_HANDLE);
    let exit = system.wait_exit();
    cutter.cut();
    let local = served.fake.open_system("far").unwrap();
    assert!(!exit.is_done());
    local.terminate("").wait(PATIENCE).unwrap();
    // Told by a line of the session, over a new connection.
    assert!(exit.wait(PATIENCE).unwrap().contains("ExitType"));
    assert_eq!(served.metric("hcsd_sessions"), 1);
}

#[test]
fn a_session_whose_client_does_not_come_again_ends_after_its_grace() {
    let served = Served::new(|config| config.grace = Duration::from_millis(200));
    let mut socket = TcpStream::connect(served.tcp).unwrap();
    let token = crate::support::TOKEN;
    let request = format!(
        "POST /v1/sessions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\ncontent-length: 0\r\n\r\n"
    );
    socket.write_all(request.as_bytes()).unwrap();
    let mut bytes = [0; 512];
    assert!(socket.read(&mut bytes).unwrap() > 0);
    assert_eq!(served.metric("hcsd_sessions"), 1);
    drop(socket);
    served.until("hcsd_sessions", 0);
}

#[test]
fn a_running_program_ends_before_a_server_that_is_told_to_end() {
    let mut served = Served::new(|config| config.drain = PATIENCE);
    let host = served.client();
    let idle = served.client();
    idle.enumerate_systems("").wait(PATIENCE).unwrap();
    let system = started(&host, "drained", DOCUMENT);
    let created = system.create_process(CAT, ProcessStreams::default()).wait(PATIENCE).unwrap();
    let exit = created.process.wait_exit();
    let mut input = created.information.take_stdin().unwrap();
    let mut output = created.information.take_stdout().unwrap();
    input.write_all(b"before\n").unwrap();
    let mut line = [0; 7];
    output.read_exact(&mut line).unwrap();

    served.stop();
    let refused = loop {
        // It is told on a thread of its own.
        match served.client().enumerate_systems("").wait(PATIENCE) {
            Err(error) => break error,
            Ok(_) => std::thread::yield_now(),
        }
    };
    assert!(matches!(refused.kind(), ErrorKind::ServiceUnavailable { .. }), "{refused}");
    let refused = system.create_process(CAT, ProcessStreams::default()).wait(PATIENCE).unwrap_err();
    assert!(refused.to_string().contains("about to end"), "{refused}");
    input.write_all(b"after\n").unwrap();
    let mut rest = String::new();
    created.process.modify(CLOSE).wait(PATIENCE).unwrap();
    drop(input);
    output.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "after\n");
    assert!(exit.wait(PATIENCE).unwrap().contains("\"Exited\":true"));
    drop(output);

    let began = Instant::now();
    served.ended();
    assert!(began.elapsed() < PATIENCE / 2, "it waited although nothing went on");
    let error = system.properties("").wait(PATIENCE).unwrap_err();
    assert!(
        matches!(error.kind(), ErrorKind::Disconnected | ErrorKind::ServiceUnavailable { .. }),
        "{error}"
    );
    assert!(served.fake.open_system("drained").is_ok(), "containers stay");
}

#[test]
fn what_does_not_end_is_cut_off_when_the_drain_is_over() {
    let mut served = Served::new(|config| config.drain = Duration::from_millis(100));
    let host = served.client();
    let system = started(&host, "endless", DOCUMENT);
    let exit = system.wait_exit();
    served.stop();
    served.ended();
    let error = exit.wait(PATIENCE).unwrap_err();
    assert!(error.kind().code() == "service-disconnected" || error.kind().code() == "cancelled", "{error}");
    assert!(served.fake.open_system("endless").is_ok(), "containers stay");
}
