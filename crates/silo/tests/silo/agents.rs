//! What the supervisor makes of agents and launchers, sound ones and others (scripts, see [`crate::script`]).

use std::os::fd::OwnedFd;

use crate::script::{
    WAIT, answer, created, exit, exited, fifo, go, idle, launcher, no_launcher, out, process, ready, refusal,
    say, spec, start,
};
use crate::support::{Place, Stopped, System};
use hcs_guest_protocol::{self as guest, FromAgent, Response};
use hcs_silo::client::ClientError;
use hcs_silo::protocol::{Event, ExitKind, Failure, Program, Reply, Request, State};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{PidfdFlags, Signal, kill_process, pidfd_open};

/// Wine's processes are orphans that process 1 reaps, under Linux ids that Windows processes also have.
#[test]
fn the_end_of_a_linux_process_is_not_the_end_of_the_windows_process_with_that_number() {
    let place = Place::new();
    let (_pid, end) = (fifo(&place, "pid"), fifo(&place, "end"));
    let agent = [
        ready(),
        "take\n (sh -c 'echo $$ >/pid; read x </end' &)\n read p </pid\n".into(),
        created(0, "$p"),
        // The answer to this is that process 1 has reaped the orphan: nobody has its id any more.
        "take\n while kill -0 $p 2>/dev/null; do :; done\n".into(),
        answer(1, Response::Processes(Vec::new())),
        "read x </end\n".into(),
        exited("$p", 7),
        "take\n".into(),
    ];
    let mut spec = spec(&place, "a", &agent.concat(), no_launcher());
    spec.end_with_first_process = true;
    let system = System::started(&spec);
    let started = start(&system, false);
    assert!(started.pid > 1 && started.fds.len() == 3);
    go(&end);
    system.ask(Request::Processes).unwrap();
    // Process 1 refuses this, after it has reported what it reaped.
    system.ask(process(true)).unwrap_err();
    assert_eq!(exit(&system, started.process), None);
    let Reply::Status(status) = system.ask(Request::Status).unwrap() else { panic!() };
    assert_eq!(status.state, State::Running);
    go(&end);
    assert_eq!(system.exit_of(started.process).code, 7);
    let exit = system.until(|event| match event {
        Some(Event::Exited(exit)) => Some(*exit),
        _ => None,
    });
    assert_eq!((exit.kind, exit.first_process.map(|exit| exit.code)), (ExitKind::Graceful, Some(7)));
    // Asked while it clears away, so answered when it has.
    system.ask(Request::Terminate).unwrap_err();
}

/// A process of Wine's may end before its first word, and the agent is one.
#[test]
fn an_agent_that_ends_before_its_first_word_is_started_again_twice() {
    let place = Place::new();
    for (deaths, starts) in [(2, true), (3, false)] {
        let die = format!("echo >>/{deaths}\n [ $(wc -l </{deaths}) -gt {deaths} ] || exit 1\n");
        let id = deaths.to_string();
        let system = System::launch(&spec(&place, &id, &[die, idle()].concat(), no_launcher()));
        let started = system.ask(Request::Start);
        assert_eq!(started.is_ok(), starts, "after {deaths} deaths: {started:?}");
        if starts {
            system.end();
        } else {
            system.until(|event| matches!(event, Some(Event::Exited(_))).then_some(()));
            // Answered when it has cleared away.
            let _ = system.ask(Request::Terminate);
        }
    }
}

/// And so is a launcher.
#[test]
fn a_launcher_that_ends_before_its_first_word_is_started_again_twice() {
    let place = Place::new();
    for (deaths, starts) in [(2, true), (3, false)] {
        let die = format!("echo >>/l{deaths}\n [ $(wc -l </l{deaths}) -gt {deaths} ] || exit 1\n");
        let launcher = launcher(&[
            die,
            out(&ready()),
            "take <&3\n".into(),
            out(&answer(0, Response::Created { pid: 40 })),
            out(&say(&FromAgent::Exited { pid: 40, code: 7 })),
        ]);
        let system = System::started(&spec(&place, &deaths.to_string(), &idle(), launcher));
        let before = system.supervisor_descriptors();
        if starts {
            let started = start(&system, true);
            assert_eq!(system.exit_of(started.process).code, 7);
            drop(started.fds);
            system.ask(Request::CloseProcess { process: started.process }).unwrap();
        } else {
            let failure = refusal(&system, process(true));
            assert!(matches!(failure, Failure::Lost(_)), "{failure:?}");
        }
        system.until_descriptors_are(before);
        assert_eq!(fs_err::read_dir(place.path(&format!("{deaths}/io"))).unwrap().count(), 0);
        system.end();
    }
}

/// What comes until the terminal's last slave is closed.
fn to_the_end(master: &OwnedFd) -> String {
    let mut text = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let mut fds = [PollFd::new(master, PollFlags::IN)];
        let limit = Timespec { tv_sec: 60, tv_nsec: 0 };
        assert_eq!(poll(&mut fds, Some(&limit)).unwrap(), 1, "after {text:?} no end");
        match rustix::io::read(master, &mut buffer) {
            Ok(count) => text.extend_from_slice(&buffer[..count]),
            Err(errno) => {
                assert_eq!(errno, rustix::io::Errno::IO, "a terminal's end");
                return String::from_utf8(text).unwrap();
            }
        }
    }
}

#[test]
fn a_console_ends_with_its_program_and_leaves_nothing() {
    let place = Place::new();
    let launcher = launcher(&[
        out(&ready()),
        "take <&3\n".into(),
        out(&answer(0, Response::Created { pid: 40 })),
        out(&say(&FromAgent::Exited { pid: 40, code: 0xc000_013a })),
        // As the real one, it goes on until its channel ends, and what it then writes is seen.
        "cat <&3 >/dev/null\n echo at the end\n".into(),
    ]);
    let system = System::started(&spec(&place, "a", &idle(), launcher));
    let before = system.supervisor_descriptors();
    for _ in 0..3 {
        let started = start(&system, true);
        assert_eq!(to_the_end(&started.fds[0]), "at the end\n");
        assert_eq!(system.exit_of(started.process).code, 0xc000_013a);
        system.ask(Request::CloseProcess { process: started.process }).unwrap();
    }
    system.until_descriptors_are(before);
    assert_eq!(fs_err::read_dir(place.path("a/io")).unwrap().count(), 0);
    system.end();
}

/// More than the supervisor reads at once, so that what is behind it waits.
fn chatter() -> String {
    say(&FromAgent::Exited { pid: 9999, code: 0 }).repeat(1000)
}

#[test]
fn what_a_dead_launcher_has_said_counts() {
    let place = Place::new();
    let end = fifo(&place, "end");
    let launcher = launcher(&[
        out(&ready()),
        "take <&3\n".into(),
        out(&answer(0, Response::Created { pid: 40 })),
        "read x </end\n".into(),
        out(&chatter()),
        out(&say(&FromAgent::Exited { pid: 40, code: 3010 })),
        "exec 5>/end\n".into(),
    ]);
    let system = System::started(&spec(&place, "a", &idle(), launcher));
    let started = start(&system, true);
    let stopped = Stopped::new(system.pids()[1]);
    go(&end);
    // Open in the launcher's last moment, so that its end is the launcher's.
    fs_err::read(&end).unwrap();
    to_the_end(&started.fds[0]);
    drop(stopped);
    assert_eq!(system.exit_of(started.process).code, 3010);
    system.end();
}

#[test]
fn what_the_agent_has_said_before_the_container_died_counts() {
    let place = Place::new();
    let end = fifo(&place, "end");
    let agent = [
        ready(),
        "take\n".into(),
        answer(0, Response::Created { pid: 40 }),
        "read x </end\n".into(),
        chatter(),
        say(&FromAgent::Exited { pid: 40, code: 3010 }),
        "echo >/end\n".into(),
        WAIT.into(),
    ];
    let system = System::started(&spec(&place, "a", &agent.concat(), no_launcher()));
    let started = start(&system, false);
    let [init, supervisor] = system.pids();
    let stopped = Stopped::new(supervisor);
    go(&end);
    fs_err::read(&end).unwrap();
    let ended = pidfd_open(init, PidfdFlags::empty()).unwrap();
    kill_process(init, Signal::KILL).unwrap();
    poll(&mut [PollFd::new(&ended, PollFlags::IN)], None).unwrap();
    drop(stopped);
    assert_eq!(system.exit_of(started.process).code, 3010);
    let exit = system.until(|event| match event {
        Some(Event::Exited(exit)) => Some(*exit),
        _ => None,
    });
    assert_eq!(exit.kind, ExitKind::Unexpected);
    system.ask(Request::Terminate).unwrap_err();
}

#[test]
fn a_console_that_cannot_be_made_is_refused_with_the_reason_and_leaves_nothing() {
    let place = Place::new();
    let system = System::started(&spec(&place, "a", &idle(), no_launcher()));
    let before = system.supervisor_descriptors();
    let failure = refusal(&system, process(true));
    assert!(matches!(failure, Failure::Exec { errno: libc::ENOENT, .. }), "{failure:?}");
    let Request::CreateProcess(mut long) = process(false) else { panic!() };
    let Program::Windows(program) = &mut long.program else { panic!() };
    program.command_line = "x".repeat(guest::MAX_FRAME);
    let failure = refusal(&system, Request::CreateProcess(long));
    assert!(matches!(failure, Failure::Os { errno: libc::E2BIG, .. }), "{failure:?}");
    system.until_descriptors_are(before);
    assert_eq!(fs_err::read_dir(place.path("a/io")).unwrap().count(), 0);
    system.end();
}

#[test]
fn what_finds_no_room_at_process_1_is_refused_and_leaves_nothing() {
    let place = Place::new();
    let system = System::started(&spec(&place, "a", &idle(), no_launcher()));
    let before = system.supervisor_descriptors();
    let stopped = Stopped::new(system.pids()[0]);
    let request = process(true);
    let answers = system.ask_many(1000, &request);
    drop(stopped);
    let failures = answers().into_iter().map(|answer| match answer {
        Err(ClientError::Refused(failure)) => failure,
        other => panic!("{other:?}"),
    });
    let (busy, tried): (Vec<_>, Vec<_>) =
        failures.partition(|failure| matches!(failure, Failure::Os { errno: libc::EAGAIN, .. }));
    assert!(!busy.is_empty(), "process 1 took {} requests", tried.len());
    for failure in tried {
        assert!(matches!(failure, Failure::Exec { errno: libc::ENOENT, .. }), "{failure:?}");
    }
    system.until_descriptors_are(before);
    assert_eq!(fs_err::read_dir(place.path("a/io")).unwrap().count(), 0);
    system.end();
}
