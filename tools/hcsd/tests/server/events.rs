//! Streams of events, and slow readers.

use std::io::Write as _;
use std::os::unix::net::UnixStream;

use hcs_contract::{ComputeService as _, Deadline, SystemEventKind};

use crate::support::{DOCUMENT, PATIENCE, Served, started};

/// Whether the fake tells of all systems: then a stream of events by way of the server does.
#[test]
fn events_are_those_of_the_host_or_its_refusal() {
    let served = Served::new(|_| {});
    match (served.fake.events(), served.client().events()) {
        (Ok(_), Ok(mut events)) => {
            let system = started(&served.client(), "told", DOCUMENT);
            let event = events.next(Deadline::after(PATIENCE)).unwrap().unwrap();
            assert_eq!((event.id.as_str(), event.kind), ("told", SystemEventKind::Created));
            system.terminate("").wait(PATIENCE).unwrap();
        }
        (Err(local), Err(remote)) => assert_eq!(remote.to_string(), local.to_string()),
        (local, remote) => panic!("{local:?}, but by way of the server {remote:?}"),
    }
}

#[test]
fn a_client_that_does_not_read_its_lines_holds_nobody_up() {
    let served = Served::new(|config| config.max_lines = 500);
    let host = served.client();
    let system = started(&host, "talkative", DOCUMENT);
    // A session by hand, whose lines are never read.
    let mut silent = UnixStream::connect(served.socket()).unwrap();
    silent.set_read_timeout(Some(PATIENCE)).unwrap();
    silent.write_all(b"POST /v1/sessions HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n").unwrap();
    let mut text = String::new();
    while !text.contains("\"Version\"") {
        let mut bytes = [0; 512];
        let count = std::io::Read::read(&mut silent, &mut bytes).unwrap();
        text.push_str(std::str::from_utf8(&bytes[..count]).unwrap());
    }
    let name = &text.split_once("\"Session\":\"").unwrap().1[..32];
    let post = |path: &str, more: &str| {
        let request = format!(
            "POST /v1/sessions/{name}/{path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{more}content-length: 0\r\n\r\n"
        );
        crate::support::unix(&served.socket(), &request)
    };
    let opened = post("open?id=talkative", "");
    let handle = opened.split_once("\"Handle\":").unwrap().1.trim_end_matches(['}', '\r', '\n']).to_owned();
    // Waits for the exit, a thousand of them: their ends are more lines than it may leave unread.
    served.until("hcsd_sessions", 2);
    for number in 1..=1000 {
        let answer = post(&format!("systems/{handle}/wait"), &format!("hcs-operation: {number}\r\n"));
        assert_eq!(crate::support::status(&answer), 202, "{answer}");
    }
    let exit = system.wait_exit();
    system.terminate("").wait(PATIENCE).unwrap();
    exit.wait(PATIENCE).unwrap();
    // The other client is served on, whatever became of the silent one, which ends with its connection at the latest.
    assert!(host.enumerate_systems("").wait(PATIENCE).is_ok());
    drop(silent);
    served.until("hcsd_sessions", 1);
}
