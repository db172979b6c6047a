//! Requests that nobody means well with.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use hcs_contract::{ComputeService as _, Hresult};

use crate::support::{DOCUMENT, PATIENCE, Served, say, started, status, unix};

fn post(path: &str, more: &str, body: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{more}content-length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// A session that lives while the socket does, and its name.
fn session(served: &Served) -> (UnixStream, String) {
    let mut socket = UnixStream::connect(served.socket()).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket.write_all(b"POST /v1/sessions HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n").unwrap();
    let mut text = String::new();
    while !text.contains("\"Version\"") {
        let mut bytes = [0; 1024];
        let count = socket.read(&mut bytes).unwrap();
        assert!(count > 0, "{text}");
        text.push_str(std::str::from_utf8(&bytes[..count]).unwrap());
    }
    let (_, rest) = text.split_once("\"Session\":\"").unwrap();
    (socket, rest[..32].to_owned())
}

#[test]
fn ids_are_texts_and_no_paths() {
    let served = Served::new(|_| {});
    let host = served.client();
    for id in ["../../etc/passwd", "a/b", "..", ".", "ä ö?#&=%2F%00", "日本", "a%2Fb", "x\"y\\z"] {
        let local =
            hcs_contract::ComputeService::create_system(&hcs_host_fake::FakeHost::new(), id, DOCUMENT);
        let remote = host.create_system(id, DOCUMENT);
        match (local, remote) {
            (Ok((local, _)), Ok((system, created))) => {
                created.wait(PATIENCE).unwrap();
                assert_eq!(system.id(), local.id());
                assert_eq!(host.open_system(id).unwrap().id(), id);
                assert!(served.fake.open_system(id).is_ok(), "{id}");
                assert!(
                    host.enumerate_systems("")
                        .wait(PATIENCE)
                        .unwrap()
                        .contains(&serde_json::to_string(id).unwrap())
                );
                system.terminate("").wait(PATIENCE).unwrap();
            }
            (Err(local), Err(remote)) => assert_eq!(remote.to_string(), local.to_string()),
            (local, remote) => panic!("{id}: {local:?}, but by way of the server {remote:?}"),
        }
    }
    // No id at all, or one too many, is the host's to judge too; paths are not put together.
    let (local, remote) = (served.fake.open_system(""), host.open_system(""));
    assert_eq!(remote.unwrap_err().to_string(), local.unwrap_err().to_string());
    let (_socket, session) = session(&served);
    for path in [
        format!("/v1/sessions/{session}/../../health"),
        format!("/v1/sessions/{session}%2F..%2F..%2Fhealth"),
        "//health".to_owned(),
        "/v1/sessions/../sessions".to_owned(),
    ] {
        let answer = unix(&served.socket(), &post(&path, "", ""));
        assert!([404, 405, 410].contains(&status(&answer)), "{path}: {answer}");
    }
}

#[test]
fn bodies_have_a_limit_and_must_come() {
    let served = Served::new(|config| {
        config.max_body = 1000;
        config.request_timeout = Duration::from_millis(300);
    });
    let (_socket, session) = session(&served);
    let path = format!("/v1/sessions/{session}/systems?id=x");
    let answer = unix(&served.socket(), &post(&path, "", &"x".repeat(2000)));
    assert_eq!(status(&answer), 413, "{answer}");
    assert!(answer.contains("1000 bytes"), "{answer}");
    // More than there is memory is refused before it comes.
    let huge = format!(
        "POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 99999999999\r\n\r\n"
    );
    assert_eq!(status(&unix(&served.socket(), &huge)), 413);
    let chunked = format!(
        "POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n{}0\r\n\r\n",
        format!("{:x}\r\n{}\r\n", 200, "x".repeat(200)).repeat(10)
    );
    assert_eq!(status(&unix(&served.socket(), &chunked)), 413);
    // Half a body.
    let half =
        format!("POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 10\r\n\r\n{{");
    assert_eq!(status(&unix(&served.socket(), &half)), 408);
    // No UTF-8: by its status, and by the contract's error.
    let mut socket = UnixStream::connect(served.socket()).unwrap();
    let request =
        format!("POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 2\r\n\r\n");
    let answer = say(&mut socket, &[request.as_bytes(), &[0xFF, 0xFE]].concat());
    assert_eq!(status(&answer), 400);
    assert!(answer.contains("invalid-argument"), "{answer}");
}

#[test]
fn slow_heads_are_cut_off_and_hold_nobody_up() {
    let served = Served::new(|config| config.request_timeout = Duration::from_millis(500));
    let began = Instant::now();
    let mut slow: Vec<_> = (0..100)
        .map(|_| {
            let mut socket = UnixStream::connect(served.socket()).unwrap();
            socket.set_read_timeout(Some(PATIENCE)).unwrap();
            socket.write_all(b"GET /health HTTP/1.1\r\nx-slow: ").unwrap();
            socket
        })
        .collect();
    let answer = unix(&served.socket(), "GET /health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    assert_eq!(status(&answer), 200);
    for socket in &mut slow {
        // Cut off: the end, or a reset of what was never read.
        let _ = socket.read_to_end(&mut Vec::new());
    }
    assert!(began.elapsed() < PATIENCE);
}

#[test]
fn nonsense_does_not_disturb_others() {
    let served = Served::new(|_| {});
    let host = served.client();
    let system = started(&host, "calm", DOCUMENT);
    let long = format!("GET /{} HTTP/1.1\r\nhost: x\r\n\r\n", "x".repeat(100_000));
    let many = format!("GET /health HTTP/1.1\r\n{}\r\n", "x: y\r\n".repeat(1000));
    for nonsense in [
        "",
        "\0\0\0\0",
        "nonsense\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n",
        "POST /v1/sessions HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n",
        "POST /v1/sessions HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        &long,
        &many,
    ] {
        let mut socket = UnixStream::connect(served.socket()).unwrap();
        let _ = socket.write_all(nonsense.as_bytes());
        socket.shutdown(std::net::Shutdown::Write).unwrap();
        let mut answer = Vec::new();
        let _ = socket.read_to_end(&mut answer);
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.is_empty() || (400..600).contains(&status(&answer)), "{nonsense:?}: {answer}");
    }
    // Of a session that is there: wrong numbers, wrong names, wrong headers.
    let (_socket, name) = session(&served);
    let base = format!("/v1/sessions/{name}");
    for (path, more, wanted) in [
        (format!("{base}/systems/1/start"), "", 404),
        (format!("{base}/systems/99999999999999999999999/start"), "", 400),
        (format!("{base}/systems/-1/start"), "", 400),
        (format!("{base}/processes/1/signal"), "", 404),
        (format!("{base}/enumerate"), "hcs-operation: x\r\n", 400),
        (format!("{base}/systems"), "", 400),
        (format!("{base}/open?id=nobody"), "", 404),
        ("/v1/sessions/00000000000000000000000000000000/enumerate".to_owned(), "", 410),
    ] {
        let answer = unix(&served.socket(), &post(&path, more, ""));
        assert_eq!(status(&answer), wanted, "{path}: {answer}");
    }
    assert!(system.properties("").wait(PATIENCE).unwrap().contains("Running"));
}

#[test]
fn connections_have_a_limit_and_a_thousand_can_come() {
    let served = Served::new(|config| config.max_connections = 50);
    let host = served.client();
    let system = started(&host, "busy", DOCUMENT);
    let mut open = Vec::new();
    let mut refused = 0;
    for _ in 0..1000 {
        let mut socket = UnixStream::connect(served.socket()).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        socket.write_all(b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
        let mut bytes = [0; 2048];
        let count = socket.read(&mut bytes).unwrap_or(0);
        let answer = String::from_utf8_lossy(&bytes[..count]).into_owned();
        match status(&answer) {
            200 => open.push(socket),
            503 => {
                assert!(answer.contains("50 connections already"), "{answer}");
                refused += 1;
            }
            0 => refused += 1, // more at once than are told why
            other => panic!("{other}: {answer}"),
        }
    }
    assert!(open.len() < 50 && refused > 900, "{} open, {refused} refused", open.len());
    // Those that are in are served.
    assert!(system.properties("").wait(PATIENCE).unwrap().contains("Running"));
    drop(open);
    served.until("hcsd_connections", 3);
    assert!(served.client().open_system("busy").is_ok());
}

#[test]
fn ten_thousand_connections_at_once_keep_nobody_from_being_served() {
    const MANY: u64 = 10_000;
    // Of this process, in which the server is too; to raise what is most takes a right that root may not have.
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    let wanted = rustix::process::Rlimit { current: limit.maximum, ..limit };
    rustix::process::setrlimit(rustix::process::Resource::Nofile, wanted).unwrap();
    let many = limit.maximum.map_or(MANY, |most| MANY.min(most / 3));
    if many < MANY {
        eprintln!("{many} connections instead of {MANY}: no more descriptors are allowed");
    }
    let served = Served::new(|_| {});
    let host = served.client();
    let system = started(&host, "busy", DOCUMENT);
    // None of them says anything, and all of them stay.
    let open: Vec<_> = (0..many).map(|_| UnixStream::connect(served.socket()).unwrap()).collect();
    assert!(system.properties("").wait(PATIENCE).unwrap().contains("Running"));
    // Who comes too late is told so, and hung up on.
    let mut last = open.last().unwrap();
    last.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut text = Vec::new();
    let _ = last.read_to_end(&mut text);
    assert!(text.is_empty() || status(&String::from_utf8_lossy(&text)) == 503, "{text:?}");
    drop(open);
    served.until("hcsd_connections", 3);
    assert!(served.client().open_system("busy").is_ok());
}

#[test]
fn handles_and_sessions_have_limits() {
    let served = Served::new(|config| {
        config.max_handles = 5;
        config.max_sessions = 2;
    });
    let host = served.client();
    let _system = started(&host, "many", DOCUMENT);
    let opened: Vec<_> = (0..4).map(|_| host.open_system("many").unwrap()).collect();
    let error = host.open_system("many").unwrap_err();
    assert_eq!(error.hresult(), Hresult::HCS_E_SERVICE_NOT_AVAILABLE);
    assert!(error.to_string().contains("5 handles and streams"), "{error}");
    drop(opened);
    assert!(host.open_system("many").is_ok());
    let second = served.client();
    second.enumerate_systems("").wait(PATIENCE).unwrap();
    let error = served.client().enumerate_systems("").wait(PATIENCE).unwrap_err();
    assert!(error.to_string().contains("2 sessions"), "{error}");
    drop(second);
    served.until("hcsd_sessions", 1);
    assert!(served.client().enumerate_systems("").wait(PATIENCE).is_ok());
}
