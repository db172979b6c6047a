//! Those who only look on: they see everything, hold nothing, and hold nobody up.

use std::os::fd::OwnedFd;

use hcs_silo::cgroup::Limits;
use hcs_silo::client::{Glimpse, Onlooker, connect};
use hcs_silo::farewell::Farewell;
use hcs_silo::protocol::{ExitKind, Happening, Request, State};
use hcs_silo::spec::Spec;
use hcs_silo::wire::{Receiver, send};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::inotify;
use rustix::net::{AddressFamily, RecvFlags, SocketAddrUnix, SocketFlags, SocketType};

use crate::support::{Place, System, until_removed};

/// The next message, whenever it comes.
fn next(onlooker: &mut Onlooker) -> Glimpse {
    let limit = Timespec { tv_sec: 60, tv_nsec: 0 };
    let ready = poll(&mut [PollFd::new(&*onlooker, PollFlags::IN)], Some(&limit)).unwrap();
    assert_eq!(ready, 1, "nothing came");
    onlooker.next(&mut Receiver::new(true)).unwrap()
}

pub(super) fn saw(onlooker: &mut Onlooker) -> Happening {
    match next(onlooker) {
        Glimpse::Saw(sight) => {
            assert!(sight.at_100ns > 0);
            sight.what
        }
        other => panic!("{other:?}"),
    }
}

pub(super) fn watch(spec: &Spec, state: State) -> Onlooker {
    let mut onlooker = Onlooker::new(&spec.directory).unwrap();
    assert!(matches!(next(&mut onlooker), Glimpse::Stands(status) if status.state == state));
    assert_eq!(onlooker.next(&mut Receiver::new(true)).unwrap(), Glimpse::Nothing);
    onlooker
}

#[test]
fn an_onlooker_sees_all_that_happens_and_is_no_handle() {
    let place = Place::new();
    let mut spec = place.spec("a");
    spec.end_with_last_handle = true;
    let system = System::launch(&spec);
    let mut onlooker = watch(&spec, State::Created);
    for (request, what) in [
        (Request::Start, Happening::Started),
        (Request::Pause, Happening::Paused),
        (Request::Resume, Happening::Resumed),
        (Request::Update(Limits::default()), Happening::Modified),
    ] {
        system.ask(request).unwrap();
        assert_eq!(saw(&mut onlooker), what);
    }
    let other = connect(&spec.directory).unwrap();
    assert_eq!(other.first_others(), 1, "the onlooker is none");
    other.close();
    let removed = until_removed(&spec.directory);
    system.connection.close();
    // Its last handle is gone, whoever looks on.
    let Happening::Exited(exit) = saw(&mut onlooker) else { panic!("no exit") };
    assert_eq!((exit.kind, exit.first_process), (ExitKind::Forced, None));
    removed();
    assert_eq!(next(&mut onlooker), Glimpse::End);
}

#[test]
fn an_onlooker_that_goes_or_does_not_read_holds_nobody_up() {
    let place = Place::new();
    let spec = place.spec("a");
    let system = System::started(&spec);
    drop(watch(&spec, State::Running));
    let mut sleepy = watch(&spec, State::Running);
    let change = Request::Update(Limits::default());
    for _ in 0..4 {
        let changes = system.ask_many(500, &change);
        assert!(changes().iter().all(Result::is_ok));
    }
    let mut seen = 0;
    while saw(&mut sleepy) == Happening::Modified {
        seen += 1;
    }
    assert!((1..2_000).contains(&seen), "{seen}: the last was another, that it has missed some");
    assert_eq!(next(&mut sleepy), Glimpse::End);
    let mut again = watch(&spec, State::Running);
    system.end();
    assert!(matches!(saw(&mut again), Happening::Exited(_)));
}

#[test]
fn an_onlooker_that_asks_for_something_is_sent_away() {
    let place = Place::new();
    let spec = place.spec("a");
    let system = System::started(&spec);
    let mut onlooker = watch(&spec, State::Running);
    let request = hcs_silo::protocol::ToSupervisor { id: 1, request: Request::Terminate };
    send(&onlooker, &request, &[]).unwrap();
    assert_eq!(next(&mut onlooker), Glimpse::End);
    assert_eq!(system.run("exit 4").1.code, 4);
    system.end();
}

#[test]
fn clients_of_the_first_version_are_served_as_before() {
    let place = Place::new();
    let spec = place.spec("a");
    let system = System::started(&spec);
    // Version 1, and the flag "only a look": what that version sent, byte by byte.
    for (hello, others) in [([0, 1, 1], 1), ([0, 1, 0], 1)] {
        let flags = SocketFlags::CLOEXEC;
        let socket: OwnedFd =
            rustix::net::socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None).unwrap();
        let path = spec.directory.join(hcs_silo::client::SOCKET);
        rustix::net::connect(&socket, &SocketAddrUnix::new(path).unwrap()).unwrap();
        rustix::io::write(&socket, &hello).unwrap();
        let welcome = Receiver::new(true).receive::<hcs_silo::protocol::Welcome>(&socket, RecvFlags::empty());
        let (welcome, _) = welcome.unwrap().unwrap();
        assert_eq!((welcome.version, welcome.others), (1, others), "{hello:?}");
    }
    system.end();
}

#[test]
fn a_farewell_tells_those_who_came_too_late() {
    let place = Place::new();
    let mut spec = place.spec("a");
    let folder = place.path("farewells");
    fs_err::create_dir(&folder).unwrap();
    spec.farewells = Some(folder.clone());
    spec.end_with_first_process = true;
    let watch = inotify::init(inotify::CreateFlags::CLOEXEC).unwrap();
    inotify::add_watch(&watch, &folder, inotify::WatchFlags::CREATE).unwrap();
    let system = System::started(&spec);
    let removed = until_removed(&spec.directory);
    assert_eq!(system.run("exit 3").1.code, 3);
    system.connection.close();
    removed();
    let mut buffer = [std::mem::MaybeUninit::uninit(); 4096];
    let mut events = inotify::Reader::new(&watch, &mut buffer);
    let event = events.next().unwrap();
    let name = event.file_name().unwrap().to_str().unwrap();
    let farewell = Farewell::parse(name).unwrap();
    assert_eq!(
        (farewell.life.as_str(), farewell.kind, farewell.code),
        ("a", ExitKind::Graceful, Some(3)),
        "{name}"
    );
    assert!(farewell.created_100ns < farewell.started_100ns, "{farewell:?}");
    assert!(farewell.started_100ns < farewell.exited_100ns, "{farewell:?}");
    assert_eq!(fs_err::read_dir(&folder).unwrap().count(), 0);
}
