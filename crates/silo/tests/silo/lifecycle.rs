//! Whole containers on the real kernel: life cycle, processes, streams.

use crate::support::{Place, System, linux, until_removed};
use hcs_silo::board::{self, Notice};
use hcs_silo::client::{ClientError, connect};
use hcs_silo::protocol::{Event, Exit, ExitKind, Failure, Reply, Request, Signal, State, Step, Stream, User};

#[test]
fn a_program_runs_and_its_code_and_output_come_back() {
    let place = Place::new();
    let system = System::started(&place.spec("a"));
    let (text, exit) = system.run("echo out; echo err >&2; exit 7");
    assert_eq!((text.as_str(), exit.code), ("out\nerr\n", 7));
    system.end();
    assert!(!place.path("a").join("record").exists());
}

#[test]
fn a_second_client_finds_the_system_and_runs_in_it() {
    let place = Place::new();
    let spec = place.spec("b");
    let first = System::started(&spec);
    let long = first.shell("cat");
    let second = System::over(connect(&spec.directory).unwrap());
    assert_eq!(second.connection.first_status().state, State::Running);
    assert_eq!(second.run("exit 3").1.code, 3);
    let Reply::Process { process, .. } = second.ask(Request::OpenProcess { pid: long.pid }).unwrap() else {
        panic!("no process")
    };
    second.ask(Request::Kill { process }).unwrap();
    assert_eq!(second.exit_of(process).signal, 9);
    assert_eq!(long.finish().1.code, 137);
    second.end();
    let exit = first.until(|event| match event {
        Some(Event::Exited(exit)) => Some(*exit),
        _ => None,
    });
    assert_eq!(exit.kind, ExitKind::Forced);
}

#[test]
fn the_board_says_how_the_system_stands_as_long_as_its_supervisor_lives() {
    let place = Place::new();
    let spec = place.spec("board");
    assert!(board::open(&spec.directory).unwrap().is_none());
    let system = System::launch(&spec);
    let board = board::open(&spec.directory).unwrap().unwrap();
    let stands = || Notice::read(&board).unwrap().map(|notice| (notice.status.state, notice.handles));
    let status = Notice::read(&board).unwrap().unwrap().status;
    assert_eq!(status, system.connection.first_status());
    assert_eq!(stands(), Some((State::Created, 1)));
    system.ask(Request::Start).unwrap();
    assert_eq!(stands(), Some((State::Running, 1)));
    let second = connect(&spec.directory).unwrap();
    assert_eq!(stands(), Some((State::Running, 2)));
    second.close();
    assert_eq!(stands(), Some((State::Running, 1)));
    system.ask(Request::Pause).unwrap();
    assert_eq!(stands(), Some((State::Paused, 1)));
    system.ask(Request::Resume).unwrap();
    system.ask(Request::Terminate).unwrap();
    let exit = Notice::read(&board).unwrap().unwrap().status.exit.unwrap();
    assert_eq!((exit.kind, stands()), (ExitKind::Forced, Some((State::Stopped, 1))));
    let removed = until_removed(&spec.directory);
    // An open file keeps the news of its folder's removal back.
    drop(board);
    system.connection.close();
    removed();
}

#[test]
fn what_is_not_possible_is_refused_with_the_reason() {
    let place = Place::new();
    let system = System::launch(&place.spec("c"));
    let process = linux(&["/bin/true"], User::default(), [Stream::Null; 3]);
    let refused = |request: Request| match system.ask(request) {
        Err(ClientError::Refused(failure)) => failure,
        other => panic!("{other:?}"),
    };
    assert_eq!(refused(Request::CreateProcess(process)), Failure::InvalidState(State::Created));
    system.ask(Request::Start).unwrap();
    assert_eq!(refused(Request::Start), Failure::InvalidState(State::Running));
    assert_eq!(refused(Request::OpenProcess { pid: 4711 }), Failure::NoProcess);
    assert_eq!(refused(Request::Kill { process: 99 }), Failure::NoProcess);

    for (argv, errno) in
        [(&["/bin/nothing"], libc::ENOENT), (&["nothing"], libc::ENOENT), (&["/bin"], libc::EACCES)]
    {
        let process = linux(argv, User::default(), [Stream::Null; 3]);
        let failure = refused(Request::CreateProcess(process));
        let expected = Failure::Exec { program: argv[0].into(), step: Step::Exec, errno };
        assert_eq!(failure, expected);
    }
    let process = linux(&["/bin/true"], User::Name("nobody".into()), [Stream::Null; 3]);
    assert_eq!(refused(Request::CreateProcess(process)), Failure::UnknownUser("nobody".into()));
    system.end();
}

#[test]
fn signals_shutdown_and_exit_kinds() {
    let place = Place::new();
    let system = System::started(&place.spec("d"));
    let trap = system.shell("trap 'echo got; exit 5' TERM; echo ready; while :; do sleep 0.1; done");
    let mut ready = [0; 6];
    rustix::io::read(&trap.fds[1], &mut ready).unwrap();
    system.ask(Request::Signal { process: trap.process, signal: Signal::Linux(15) }).unwrap();
    assert_eq!(trap.finish().1.code, 5);

    let sleeper = system.shell("exec sleep 1000");
    system.ask(Request::Shutdown).unwrap();
    assert_eq!(system.exit_of(sleeper.process).signal, 15);
    let exit: Exit = system.until(|event| match event {
        Some(Event::Exited(exit)) => Some(*exit),
        _ => None,
    });
    assert_eq!(exit.kind, ExitKind::Graceful);
    assert_eq!(
        system
            .ask(Request::Status)
            .map(|reply| match reply {
                Reply::Status(status) => status.state,
                other => panic!("{other:?}"),
            })
            .unwrap(),
        State::Stopped
    );
}

#[test]
fn a_paused_container_stands_still_and_can_be_ended() {
    let place = Place::new();
    let system = System::started(&place.spec("e"));
    let counter = system.shell("while :; do echo x; done");
    system.ask(Request::Pause).unwrap();
    let before = match system.ask(Request::Statistics).unwrap() {
        Reply::Statistics(statistics) => statistics.cpu_total_100ns,
        other => panic!("{other:?}"),
    };
    assert!(before > 0);
    assert!(matches!(
        system.ask(Request::Pause),
        Err(ClientError::Refused(Failure::InvalidState(State::Paused)))
    ));
    system.ask(Request::Resume).unwrap();
    system.ask(Request::Pause).unwrap();
    drop(counter);
    system.end();
}

#[test]
fn processes_are_listed_by_the_ids_that_programs_see() {
    let place = Place::new();
    let system = System::started(&place.mapped_spec("f"));
    let sleeper = system.shell("sleep 1000 & echo up; wait");
    rustix::io::read(&sleeper.fds[1], &mut [0; 3]).unwrap();
    let Reply::Processes(rows) = system.ask(Request::Processes).unwrap() else { panic!() };
    assert_eq!(rows.len(), 2, "{rows:?}");
    assert!(rows.iter().any(|row| row.pid == sleeper.pid && row.image == "sh"), "{rows:?}");
    assert!(rows.iter().all(|row| row.pid > 1 && row.created_100ns > 0), "{rows:?}");
    drop(sleeper);
    system.end();
}

#[test]
fn a_container_for_one_program_ends_with_the_first() {
    let place = Place::new();
    let mut spec = place.spec("first");
    spec.end_with_first_process = true;
    let system = System::started(&spec);
    let refused = linux(&["/bin/nothing"], User::default(), [Stream::Null; 3]);
    system.ask(Request::CreateProcess(refused)).unwrap_err();
    let first = system.shell("read line; exit 9");
    assert_eq!(system.run("exit 1").1.code, 1, "the end of another process changes nothing");
    system.ask(Request::CloseStream { process: first.process, stream: 0 }).unwrap();
    drop(first);
    let exit: Exit = system.until(|event| match event {
        Some(Event::Exited(exit)) => Some(*exit),
        _ => None,
    });
    assert_eq!((exit.kind, exit.first_process.map(|process| process.code)), (ExitKind::Graceful, Some(9)));
    // Asked while it clears away, so answered when it has.
    system.ask(Request::Terminate).unwrap_err();
}
