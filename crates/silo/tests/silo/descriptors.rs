//! A supervisor that runs out of descriptors refuses what needs one, and goes on.

use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use crate::support::{Place, System, linux};
use hcs_guest_protocol::Console;
use hcs_silo::client::{ClientError, LaunchError, connect, connect_until};
use hcs_silo::protocol::{Failure, Reply, Request, Stream, User};
use rustix::process::{Pid, Resource, Rlimit, getrlimit, prlimit, setrlimit};

/// Leaves a process room for this many more descriptors, and returns the limit that it had.
fn leave_room(pid: Pid, count: usize) -> Rlimit {
    let used: Vec<u64> = fs_err::read_dir(format!("/proc/{pid}/fd"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_str().unwrap().parse().unwrap())
        .collect();
    // New descriptors take the lowest free numbers, and the limit is the first number that none may have.
    let current = (0..).filter(|number| !used.contains(number)).nth(count);
    let maximum = getrlimit(Resource::Nofile).maximum;
    prlimit(Some(pid), Resource::Nofile, Rlimit { current, maximum }).unwrap()
}

fn limit_again(pid: Pid, limit: Rlimit) {
    prlimit(Some(pid), Resource::Nofile, limit).unwrap();
}

#[test]
fn the_supervisor_takes_what_the_host_allows_and_programs_get_what_the_client_had() {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let (soft, hard) = (current.unwrap(), maximum.unwrap());
    if soft == hard {
        // One less than all is as good for the tests beside this one.
        setrlimit(Resource::Nofile, Rlimit { current: Some(soft - 1), maximum }).unwrap();
    }
    let soft = getrlimit(Resource::Nofile).current.unwrap();
    let place = Place::new();
    let system = System::started(&place.mapped_spec("a"));
    let limits = fs_err::read_to_string(format!("/proc/{}/limits", system.pids()[1])).unwrap();
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files")).unwrap();
    let fields: Vec<u64> = line.split_whitespace().take(2).map(|field| field.parse().unwrap()).collect();
    assert_eq!(fields, [hard, hard]);
    assert_eq!(system.run("ulimit -Sn; ulimit -Hn").0, format!("{soft}\n{hard}\n"));
    system.end();
}

#[test]
fn the_supervisor_keeps_nothing_open_that_its_client_left_open() {
    let place = Place::new();
    // As a shell gives its own descriptors to all that it starts: without close-on-exec.
    let (_read, write) = rustix::pipe::pipe().unwrap();
    let left = fs_err::read_link(format!("/proc/self/fd/{}", write.as_raw_fd())).unwrap();
    let system = System::started(&place.spec("a"));
    for pid in system.pids() {
        for entry in fs_err::read_dir(format!("/proc/{pid}/fd")).unwrap() {
            let open = fs_err::read_link(entry.unwrap().path()).unwrap();
            assert_ne!(open, left, "process {pid}");
        }
    }
    system.end();
}

#[test]
fn a_start_without_room_for_its_descriptors_fails_alone() {
    let place = Place::new();
    let system = System::started(&place.spec("a"));
    let supervisor = system.pids()[1];
    for console in [None, Some(Console { columns: 80, rows: 25 })] {
        let (mut started, mut refused) = (0, 0);
        for room in 0..12 {
            let mut process = linux(&["/bin/true"], User::default(), [Stream::Pipe; 3]);
            process.console = console;
            let before = leave_room(supervisor, room);
            let outcome = system.ask_with(Request::CreateProcess(process), &[]);
            limit_again(supervisor, before);
            match outcome {
                Ok((Reply::Process { process, pipes, .. }, fds)) => {
                    assert_eq!(pipes, if console.is_some() { [true, false, false] } else { [true; 3] });
                    assert_eq!(fds.len(), pipes.into_iter().filter(|pipe| *pipe).count());
                    assert_eq!(system.exit_of(process).code, 0);
                    system.ask(Request::CloseProcess { process }).unwrap();
                    started += 1;
                }
                Err(ClientError::Refused(Failure::Os { errno: libc::EMFILE, .. })) => refused += 1,
                other => panic!("with room for {room}: {other:?}"),
            }
        }
        assert!(started > 0 && refused > 0, "{started} started, {refused} refused");
    }
    assert_eq!(system.run("exit 5").1.code, 5);
    system.end();
}

#[test]
fn a_client_without_room_for_its_connection_waits_and_costs_nothing() {
    let place = Place::new();
    let spec = place.spec("a");
    let system = System::started(&spec);
    let supervisor = system.pids()[1];
    // In hundredths of a second.
    let used = || {
        let text = fs_err::read_to_string(format!("/proc/{supervisor}/stat")).unwrap();
        let fields: Vec<&str> = text.rsplit_once(") ").unwrap().1.split(' ').collect();
        fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
    };
    let before = leave_room(supervisor, 0);
    let start = used();
    let error = connect_until(&spec.directory, Some(Instant::now() + Duration::from_secs(1))).unwrap_err();
    assert!(matches!(error, LaunchError::Timeout { .. }), "{error}");
    assert!(used() - start < 25, "it turned without end for {} ms", (used() - start) * 10);
    // Other clients are served meanwhile, and the next one once there is room.
    system.ask(Request::Status).unwrap();
    std::thread::scope(|scope| {
        let second = scope.spawn(|| connect(&spec.directory).unwrap());
        limit_again(supervisor, before);
        system.ask(Request::Status).unwrap();
        assert_eq!(System::over(second.join().unwrap()).run("exit 3").1.code, 3);
    });
    system.end();
}
