//! A process 1 and agents that send the supervisor whatever they like: after each message the system goes on, or ends as
//! an unexpected exit, and nothing of it is left behind.
//!
//! To speak as process 1, the test takes a copy of that one's socket (it may: it is the host's root). To speak as an
//! agent, it has scripts write bytes (see [`crate::script`]).

use std::os::fd::{AsFd, OwnedFd};

use crate::script::{answer, idle, launcher, no_launcher, out, process, raw, ready, say, spec};
use crate::support::{Place, Stopped, System, linux, until_removed};
use hcs_guest_protocol::{self as guest, FromAgent, Response};
use hcs_silo::protocol::{Event, ExitKind, Reply, Request, State, Stream, User};
use rustix::net::{SendFlags, SocketType};
use rustix::process::{PidfdFlags, PidfdGetfdFlags, pidfd_getfd, pidfd_open};

/// What a system makes of what was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    GoesOn,
    Ends,
}
use Fate::{Ends, GoesOn};

/// Whether it goes on; then it must still do what it is for. Ends it in any case, and looks what is left of it.
fn must(system: System, place: &Place, fate: Fate, what: &str) {
    let exit = |event: &Option<Event>| match event {
        Some(Event::Exited(exit)) => Some(exit.kind),
        _ => None,
    };
    if fate == GoesOn {
        let Ok(Reply::Status(status)) = system.ask(Request::Status) else { panic!("{what}: no status") };
        assert_eq!(status.state, State::Running, "{what}");
        system.ask(Request::Terminate).unwrap();
        assert_eq!(system.until(exit), ExitKind::Forced, "{what}");
    } else {
        assert_eq!(system.until(exit), ExitKind::Unexpected, "{what}");
        // Asked while it clears away, it answers when it has.
        system.ask(Request::Terminate).unwrap_err();
    }
    // The folder with all sockets and pipes goes with the last handle; the place looks after cgroups.
    let gone = until_removed(&place.path("a"));
    drop(system);
    gone();
}

/// Process 1's end of its socket.
fn socket_of_init(system: &System) -> OwnedFd {
    let init = system.pids()[0];
    let pidfd = pidfd_open(init, PidfdFlags::empty()).unwrap();
    let sockets = fs_err::read_dir(format!("/proc/{init}/fd")).unwrap().filter_map(|entry| {
        let number = entry.unwrap().file_name().to_str()?.parse().ok()?;
        let fd = pidfd_getfd(&pidfd, number, PidfdGetfdFlags::empty()).ok()?;
        (rustix::net::sockopt::socket_type(&fd) == Ok(SocketType::SEQPACKET)).then_some(fd)
    });
    let mut sockets: Vec<OwnedFd> = sockets.collect();
    assert_eq!(sockets.len(), 1, "process 1 has one socket");
    sockets.remove(0)
}

/// A packet of process 1: a byte that says that the message is in the packet, then the message.
fn packet(socket: &OwnedFd, bytes: &[u8], fds: &[OwnedFd]) {
    let fds: Vec<_> = fds.iter().map(AsFd::as_fd).collect();
    hcs_silo::wire::send_packet(socket, bytes, None, &fds, SendFlags::empty()).unwrap();
}

/// Descriptors that nobody wants.
fn unwanted(count: usize) -> Vec<OwnedFd> {
    (0..count).map(|_| rustix::event::eventfd(0, rustix::event::EventfdFlags::CLOEXEC).unwrap()).collect()
}

/// Messages as postcard has them (`FromInit`): the variant, then its members.
const EXITED_99: &[u8] = &[0, 3, 99, 0];

#[test]
fn what_a_hostile_process_1_sends_ends_the_system_or_changes_nothing() {
    let place = Place::new();
    let mut oversized = EXITED_99.to_vec();
    oversized.resize(150 << 10, 0);
    let mut truncated = EXITED_99.to_vec();
    truncated.resize(200 << 10, 0);
    let spawned_unasked: &[u8] = &[0, 2, 77, 0, 5];
    let text_without_end: &[u8] = &[0, 2, 1, 1, 3, 0xff, 0xff, 0xff, 0xff, 0x0f, b'x'];
    for (what, bytes, fds, fate) in [
        ("no message at all", &[0][..], 0, Ends),
        ("half a message", &[0, 3, 99], 0, Ends),
        ("an unknown message", &[0, 9, 1, 2, 3], 0, Ends),
        ("an unknown message of a huge number", &[0, 0xff, 0xff, 0xff, 0xff, 0x0f], 0, Ends),
        ("a number without end", &[0, 3, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], 0, Ends),
        ("an unknown way of sending", &[7, 3, 99, 0], 0, Ends),
        ("a file instead of a message", &[1], 1, Ends),
        ("no file where one is said to be", &[1], 0, Ends),
        ("that the container is made, once more", &[0, 0], 0, Ends),
        ("that the container can't be made", &[0, 1, 2], 0, Ends),
        ("the answer to no question", spawned_unasked, 0, Ends),
        ("the answer to no question, with descriptors", spawned_unasked, 3, Ends),
        ("a text that is longer than the packet", text_without_end, 0, Ends),
        ("a message with a long tail", &oversized, 0, GoesOn),
        ("a message over the buffer", &truncated, 0, Ends),
        ("the end of a process that was none", EXITED_99, 0, GoesOn),
        ("an end with descriptors", EXITED_99, 1, GoesOn),
        ("an end with as many descriptors as a message can have", EXITED_99, 64, GoesOn),
        ("an end of pid 0", &[0, 3, 0, 0], 0, GoesOn),
        (
            "an end of the last pid",
            &[0, 3, 0xff, 0xff, 0xff, 0xff, 0x0f, 0xff, 0xff, 0xff, 0xff, 0x0f],
            0,
            GoesOn,
        ),
    ] {
        let system = System::started(&place.spec("a"));
        let before = system.supervisor_descriptors();
        packet(&socket_of_init(&system), bytes, &unwanted(fds));
        if fate == GoesOn {
            // What came before an answer has been read.
            assert_eq!(system.run("exit 5").1.code, 5, "{what}");
            system.until_descriptors_are(before + 4);
        }
        must(system, &place, fate, what);
    }
}

#[test]
fn no_bytes_of_process_1_hang_the_supervisor_or_make_it_fail() {
    let place = Place::new();
    // The same in every run: a failure can be repeated.
    let mut random = Random(0x0068_6373_7368_696d);
    for round in 0..12 {
        let system = System::started(&place.spec("a"));
        let socket = socket_of_init(&system);
        for _ in 0..40 {
            let length = usize::try_from(random.next() % 24).unwrap() + 1;
            let mut bytes: Vec<u8> = (0..length).map(|_| random.byte()).collect();
            // Mostly what looks like one of its messages.
            if !random.next().is_multiple_of(8) {
                bytes[0] = 0;
            }
            if length > 1 && !random.next().is_multiple_of(4) {
                bytes[1] %= 4;
            }
            let fds = unwanted(usize::try_from(random.next() % 3).unwrap());
            let borrowed: Vec<_> = fds.iter().map(AsFd::as_fd).collect();
            // Once the system has ended, there is nobody to send to.
            let _ = hcs_silo::wire::send_packet(&socket, &bytes, None, &borrowed, SendFlags::DONTWAIT);
        }
        drop(socket);
        // Whatever it made of that: it answers, or has told that it is gone, and leaves nothing.
        match system.ask(Request::Terminate) {
            Ok(_) | Err(hcs_silo::client::ClientError::Refused(_) | hcs_silo::client::ClientError::Gone) => {}
            Err(error) => panic!("round {round}: {error}"),
        }
        let gone = until_removed(&place.path("a"));
        drop(system);
        gone();
    }
}

/// Xorshift: enough to have many different bytes.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[3]
    }
}

#[test]
fn an_answer_for_another_one_s_process_is_not_believed() {
    let place = Place::new();
    let system = System::started(&place.spec("a"));
    let socket = socket_of_init(&system);
    let stopped = Stopped::new(system.pids()[0]);
    let request = Request::CreateProcess(linux(&["/bin/true"], User::default(), [Stream::Null; 3]));
    let asked = system.ask_many(1, &request);
    // A status is answered behind the question that process 1 did not yet hear.
    system.ask(Request::Status).unwrap();
    // The first token is 1. "It runs as 5", without the pidfd that must come along.
    packet(&socket, &[0, 2, 1, 0, 5], &[]);
    assert!(asked()[0].is_err());
    drop(stopped);
    must(system, &place, Ends, "an answer without its pidfd");
}

#[test]
fn a_flood_of_ends_does_not_keep_clients_waiting() {
    let place = Place::new();
    let system = System::started(&place.spec("a"));
    let socket = socket_of_init(&system);
    let before = system.supervisor_descriptors();
    let flood = std::thread::spawn(move || {
        let mut sent = 0;
        while sent < 20_000
            && hcs_silo::wire::send_packet(&socket, EXITED_99, None, &[], SendFlags::empty()).is_ok()
        {
            sent += 1;
        }
        sent
    });
    for _ in 0..20 {
        system.ask(Request::Status).unwrap();
    }
    assert_eq!(flood.join().unwrap(), 20_000);
    assert_eq!(system.run("exit 6").1.code, 6);
    system.until_descriptors_are(before + 4);
    must(system, &place, GoesOn, "a flood");
}

/// Clients are root, and still one that is broken is not to break the others.
#[test]
fn nonsense_of_a_client_costs_its_own_connection_only() {
    const HELLO: &[u8] = &[0, 1, 0];
    let place = Place::new();
    let system = System::started(&place.spec("a"));
    let process = system.shell("read x; exit 3");
    let before = system.supervisor_descriptors();
    let unsealed = || {
        use rustix::fs::MemfdFlags;
        vec![rustix::fs::memfd_create("m", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING).unwrap()]
    };
    for (what, greets, bytes, fds) in [
        ("no greeting", false, vec![0, 0xff, 0xff, 0xff, 0xff, 0xff], unwanted(3)),
        ("a greeting of version 0", false, vec![0, 0, 0], unwanted(0)),
        ("a request in place of a greeting", false, vec![0, 9, 9, 9], unwanted(0)),
        ("half a request", true, vec![0, 1], unwanted(1)),
        ("an unknown request", true, vec![0, 1, 99], unwanted(64)),
        ("a file that can change while it is read", true, vec![1], unsealed()),
        ("something that is no file", true, vec![1], unwanted(1)),
        ("a message over the buffer", true, vec![0; 200 << 10], unwanted(0)),
    ] {
        let flags = rustix::net::SocketFlags::CLOEXEC;
        let family = rustix::net::AddressFamily::UNIX;
        let socket = rustix::net::socket_with(family, SocketType::SEQPACKET, flags, None).unwrap();
        let address = rustix::net::SocketAddrUnix::new(place.path("a/control.sock")).unwrap();
        rustix::net::connect(&socket, &address).unwrap();
        if greets {
            packet(&socket, HELLO, &[]);
            assert!(rustix::io::read(&socket, &mut [0; 100]).unwrap() > 0, "{what}: no welcome");
        }
        packet(&socket, &bytes, &fds);
        // Perhaps an answer, and then the end of the connection; an error when it had not read all.
        while matches!(rustix::io::read(&socket, &mut [0; 100]), Ok(1..)) {}
        drop((socket, fds));
        system.until_descriptors_are(before);
    }
    rustix::io::write(&process.fds[0], b"\n").unwrap();
    assert_eq!(process.finish().1.code, 3);
    must(system, &place, GoesOn, "broken clients");
}

/// A frame of these bytes, which need not be a message.
fn frame(bytes: &[u8]) -> Vec<u8> {
    let length = u32::try_from(bytes.len()).unwrap();
    [&length.to_le_bytes()[..], bytes].concat()
}

const BEGUN: &str = "the beginning of a long frame, and no more";

#[test]
fn what_a_hostile_agent_says_ends_the_system_or_changes_nothing() {
    let place = Place::new();
    let most = u32::try_from(guest::MAX_FRAME).unwrap();
    let many_rows = [&frame(&[1, 0, 0, 2, 0xff, 0xff, 0xff, 0xff, 0x0f])[..], &[0; 64]].concat();
    for (what, bytes, fate) in [
        ("a length over the limit", u32::MAX.to_le_bytes().to_vec(), Ends),
        ("a length just over the limit", (most + 1).to_le_bytes().to_vec(), Ends),
        ("an empty frame", frame(&[]), Ends),
        ("half a message", frame(&[2, 40]), Ends),
        ("an unknown message", frame(&[9]), Ends),
        ("an unknown message of a huge number", frame(&[0xff, 0xff, 0xff, 0xff, 0x0f]), Ends),
        ("an unknown response", frame(&[1, 0, 0, 9]), Ends),
        ("neither success nor failure", frame(&[1, 0, 2]), Ends),
        ("a list that is longer than its frame", many_rows, Ends),
        ("a text that is no text", frame(&[1, 0, 1, 2, 0xff, 0xfe, 5]), Ends),
        (
            "the answer to no question",
            guest::encode(&FromAgent::Answer { id: 7, result: Ok(Response::Done) }).unwrap(),
            Ends,
        ),
        (
            "that it is ready, once more",
            guest::encode(&FromAgent::Ready { version: guest::PROTOCOL_VERSION }).unwrap(),
            Ends,
        ),
        (
            "that it is ready for another version",
            guest::encode(&FromAgent::Ready { version: 999 }).unwrap(),
            Ends,
        ),
        (
            "the end of nobody's process",
            guest::encode(&FromAgent::Exited { pid: 9, code: 0 }).unwrap(),
            GoesOn,
        ),
        (
            "who nobody's process is",
            guest::encode(&FromAgent::Native { pid: 9, linux_pid: 1 }).unwrap(),
            GoesOn,
        ),
        (BEGUN, most.to_le_bytes().to_vec(), GoesOn),
        ("a message with a tail in its frame", frame(&[2, 40, 0, 7, 7, 7]), GoesOn),
    ] {
        // It speaks when it is asked for a process, and then answers: an answer that is understood comes behind it all.
        let created = answer(0, Response::Created { pid: 40 });
        let agent = format!("{}take\n{}{created}{}", ready(), raw(&bytes), crate::script::WAIT);
        let system = System::started(&spec(&place, "a", &agent, no_launcher()));
        if what == BEGUN {
            // The answer is taken for a part of the frame.
            drop(system.ask_many(1, &process(false)));
        } else {
            assert_eq!(system.ask(process(false)).is_ok(), fate == GoesOn, "{what}");
        }
        must(system, &place, fate, what);
    }
}

#[test]
fn an_agent_that_answers_another_question_is_not_believed() {
    let place = Place::new();
    for (what, request, response) in [
        ("a list for a start", process(false), Response::Processes(Vec::new())),
        ("done for a start", process(false), Response::Done),
        ("a start for a list", Request::Processes, Response::Created { pid: 3 }),
        ("done for a list", Request::Processes, Response::Done),
    ] {
        let agent = format!("{}take\n{}{}", ready(), answer(0, response), crate::script::WAIT);
        let system = System::started(&spec(&place, "a", &agent, no_launcher()));
        let before = system.supervisor_descriptors();
        system.ask(request).map(|reply| panic!("{what}: {reply:?}")).unwrap_err();
        system.until_descriptors_are(before);
        must(system, &place, GoesOn, what);
    }
}

#[test]
fn a_flood_of_an_agent_does_not_keep_clients_waiting() {
    let place = Place::new();
    let flood = say(&FromAgent::Exited { pid: 9, code: 0 }).repeat(200);
    let agent = format!("{}take\nwhile :; do\n{flood}done\n", ready());
    let system = System::started(&spec(&place, "a", &agent, no_launcher()));
    // Asked, and not waited for.
    drop(system.ask_many(1, &process(false)));
    for _ in 0..50 {
        system.ask(Request::Status).unwrap();
    }
    must(system, &place, GoesOn, "a flood");
}

#[test]
fn a_launcher_that_talks_nonsense_costs_its_own_process_only() {
    let place = Place::new();
    for (what, bytes) in [
        ("nonsense", frame(&[9])),
        ("a hostile length", u32::MAX.to_le_bytes().to_vec()),
        (
            "an answer to no question",
            guest::encode(&FromAgent::Answer { id: 7, result: Ok(Response::Done) }).unwrap(),
        ),
    ] {
        for early in [true, false] {
            let greeting = if early { String::new() } else { ready() };
            let script =
                launcher(&[out(&format!("{greeting}{}", raw(&bytes))), "cat <&3 >/dev/null\n".into()]);
            let system = System::started(&spec(&place, "a", &idle(), script));
            let before = system.supervisor_descriptors();
            system.ask(process(true)).map(|reply| panic!("{what}: {reply:?}")).unwrap_err();
            system.until_descriptors_are(before);
            must(system, &place, GoesOn, what);
        }
    }
}
