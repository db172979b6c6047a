//! The stream of what happens to all systems of an engine.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use hcs_contract::{ComputeService, ComputeSystem, Deadline, SystemEvent, SystemEventKind, SystemEvents};
use hcs_host_linux::{Garbage, LinuxHost, Options};

use rustix::process::{Pid, Signal, kill_process};

use super::support::{Engine, PATIENCE, done, kill_and_wait, libexec, run, state, supervisor_of};

fn next(events: &mut Box<dyn SystemEvents>) -> SystemEvent {
    events.next(Deadline::after(PATIENCE)).unwrap().expect("an event that does not come")
}

/// The next so many, each as `id kind`.
fn names(events: &mut Box<dyn SystemEvents>, count: usize) -> Vec<String> {
    let all: Vec<_> = (0..count).map(|_| next(events)).collect();
    assert!(all.is_sorted_by_key(|event| event.time.timestamp()), "{all:?}");
    all.iter().map(|event| format!("{} {}", event.id, event.kind)).collect()
}

fn nothing_more(events: &mut Box<dyn SystemEvents>) {
    assert_eq!(events.next(Deadline::now()).unwrap(), None);
}

fn end(system: &Arc<dyn ComputeSystem>) {
    done(&system.terminate(""));
}

#[test]
fn all_that_other_programs_do_with_systems_is_told() {
    let engine = Engine::new();
    let before = engine.started("before", "");
    let mut events = engine.other().events().unwrap();
    let system = engine.create("a/b ü", "");
    done(&system.start(""));
    assert_eq!(names(&mut events, 2), ["a/b ü create", "a/b ü start"]);
    done(&system.pause(""));
    done(&system.resume(""));
    done(&system.modify(r#"{"ResourcePath":"Container/Memory/SizeInMB","Settings":64}"#));
    assert_eq!(names(&mut events, 3), ["a/b ü pause", "a/b ü resume", "a/b ü modify"]);
    done(&before.pause(""));
    assert_eq!(names(&mut events, 1), ["before pause"], "what was there before is told from now on");
    run(&system, "exit 9");
    end(&system);
    let exit = next(&mut events);
    assert_eq!(exit.id, "a/b ü");
    let SystemEventKind::Exited { exit_type, exit_code } = exit.kind else { panic!("{exit:?}") };
    assert_eq!((exit_type.as_str(), exit_code), ("ForcedExit", Some(9)));
    end(&before);
    assert_eq!(names(&mut events, 1), ["before exit"]);
    drop((system, before));
    nothing_more(&mut events);
}

#[test]
fn a_system_that_comes_and_goes_while_nobody_reads_is_told_whole() {
    let engine = Engine::new();
    let mut events = engine.host.events().unwrap();
    let long = "x".repeat(100) + "/" + &"ü".repeat(10);
    for id in ["one", "two", "one", "one", &long] {
        let system = engine.started(id, "");
        assert_eq!(run(&system, "exit 3").1, 3);
        end(&system);
        system.close();
    }
    let never = engine.create("never", "");
    end(&never);
    never.close();
    // A life is told whole and in order, and each once.
    let mut lives: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for _ in 0..5 * 3 + 2 {
        let event = next(&mut events);
        let word = match event.kind {
            SystemEventKind::Exited { exit_code: Some(code), .. } => format!("exit {code}"),
            kind => kind.to_string(),
        };
        lives.entry(event.id).or_default().push(word);
    }
    nothing_more(&mut events);
    let life = ["create", "start", "exit 3"].map(str::to_owned);
    assert_eq!(lives["one"], [&life[..], &life[..], &life[..]].concat());
    assert_eq!(lives["two"], life);
    assert_eq!(lives[&long], life);
    assert_eq!(lives["never"], ["create", "exit"]);
}

#[test]
fn many_at_once_are_each_told_once() {
    const EACH: usize = 8;
    let engine = Engine::new();
    let mut events = engine.host.events().unwrap();
    let mut told: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    std::thread::scope(|scope| {
        for thread in 0..3 {
            let engine = &engine;
            scope.spawn(move || {
                for number in 0..EACH {
                    let system = engine.started(&format!("s{thread}-{number}"), "");
                    end(&system);
                }
            });
        }
        for _ in 0..3 * EACH * 3 {
            let event = next(&mut events);
            told.entry(event.id).or_default().push(event.kind.name());
        }
    });
    nothing_more(&mut events);
    assert_eq!(told.len(), 3 * EACH);
    assert!(told.values().all(|words| words == &["create", "start", "exit"]), "{told:?}");
}

#[test]
fn running_out_of_memory_is_told_before_the_exit_that_it_leads_to() {
    let engine = Engine::new();
    let mut events = engine.host.events().unwrap();
    let system = engine.started("hungry", r#""MemoryMaximumInMB":16"#);
    assert_eq!(names(&mut events, 2), ["hungry create", "hungry start"]);
    let command = "dd if=/dev/zero of=/dev/null bs=64M 2>/dev/null";
    fs_err::os::unix::fs::symlink("busybox", engine.root.join("bin/dd")).unwrap();
    run(&system, command);
    assert_eq!(names(&mut events, 1), ["hungry oom"]);
    end(&system);
    assert_eq!(next(&mut events).kind.name(), "exit");
}

#[test]
fn a_supervisor_that_is_killed_is_told_as_an_unexpected_exit() {
    let engine = Engine::new();
    let system = engine.started("victim", "");
    let mut events = engine.host.events().unwrap();
    kill_and_wait(supervisor_of(&engine.host, "victim"));
    let exit = next(&mut events);
    let SystemEventKind::Exited { exit_type, exit_code } = exit.kind else { panic!("{exit:?}") };
    assert_eq!((exit_type.as_str(), exit_code), ("UnexpectedExit", None));
    // Its id is taken again, in its own folder.
    drop(system);
    let again = engine.started("victim", "");
    assert_eq!(names(&mut events, 2), ["victim create", "victim start"]);
    end(&again);
    assert_eq!(names(&mut events, 1), ["victim exit"]);
}

/// Makes more events than anybody keeps for a reader that does not read.
fn make_it_busy(system: &Arc<dyn ComputeSystem>) {
    for _ in 0..2_000 {
        done(&system.modify(r#"{"ResourcePath":"Container/Memory/SizeInMB","Settings":64}"#));
    }
}

/// How many changes are told before it is told that some were missed.
fn modified_until_missed(events: &mut Box<dyn SystemEvents>) -> u32 {
    let mut modified = 0;
    loop {
        match next(events).kind {
            SystemEventKind::Modified => modified += 1,
            SystemEventKind::Missed => return modified,
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn an_end_that_came_among_what_was_missed_is_told_once_and_as_it_was() {
    let engine = Engine::new();
    let system = engine.started("busy", "");
    let mut events = engine.host.events().unwrap();
    make_it_busy(&system);
    run(&system, "exit 3");
    end(&system);
    system.close();
    modified_until_missed(&mut events);
    let exit = next(&mut events);
    let SystemEventKind::Exited { exit_type, exit_code } = exit.kind else { panic!("{exit:?}") };
    assert_eq!((exit_type.as_str(), exit_code), ("ForcedExit", Some(3)));
    nothing_more(&mut events);
}

#[test]
fn whoever_does_not_read_holds_nobody_up_and_is_told_that_it_missed_something() {
    let engine = Engine::new();
    let system = engine.started("busy", "");
    let mut events = engine.host.events().unwrap();
    make_it_busy(&system);
    let modified = modified_until_missed(&mut events);
    assert!((1..2_000).contains(&modified), "{modified}");
    // From here on it hears again.
    nothing_more(&mut events);
    done(&system.pause(""));
    assert_eq!(names(&mut events, 1), ["busy pause"]);
    end(&system);
    assert_eq!(names(&mut events, 1), ["busy exit"]);
}

#[test]
fn when_the_kernels_queue_is_full_the_stream_says_so_and_finds_what_is_there() {
    let engine = Engine::new();
    // In memory, as /run is: a disk would take long for so many folders.
    let run = tempfile::tempdir_in("/dev/shm").unwrap();
    let options = Options {
        root: engine.path("other"),
        run: run.path().to_owned(),
        libexec: vec![libexec()],
        ..Options::default()
    };
    let host = LinuxHost::open(options).unwrap();
    let mut events = host.events().unwrap();
    let most = fs_err::read_to_string("/proc/sys/fs/inotify/max_queued_events").unwrap();
    let folder = run.path().join("systems/coming-and-going");
    for _ in 0..=most.trim().parse::<u32>().unwrap() / 2 {
        fs_err::create_dir(&folder).unwrap();
        fs_err::remove_dir(&folder).unwrap();
    }
    let (system, created) = host.create_system("late", &engine.document("")).unwrap();
    done(&created);
    done(&system.start(""));
    let missed = next(&mut events);
    assert_eq!((&*missed.id, missed.kind), ("", SystemEventKind::Missed));
    assert_eq!(names(&mut events, 2), ["late create", "late start"]);
    end(&system);
    assert_eq!(names(&mut events, 1), ["late exit"]);
    drop(system);
    assert_eq!(host.gc(false).unwrap().found, []);
}

#[test]
fn a_stream_ends_at_its_deadline_and_from_another_thread_and_holds_no_system() {
    let engine = Engine::new();
    let mut events = engine.host.events().unwrap();
    assert_eq!(events.next(Deadline::after(Duration::from_millis(1))).unwrap(), None);
    let system = engine.started("held", r#""TerminateOnLastHandleClosed":true"#);
    assert_eq!(names(&mut events, 2), ["held create", "held start"]);
    drop(system);
    assert_eq!(names(&mut events, 1), ["held exit"]);
    let stopper = events.stopper();
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| events.next(Deadline::Never).unwrap());
        stopper.stop();
        assert_eq!(waiting.join().unwrap(), None);
    });
    assert_eq!(events.next(Deadline::Never).unwrap(), None, "it stays stopped");
}

/// A process that stands still until the value is dropped, also by a test that fails.
struct Stopped(Pid);

impl Stopped {
    fn new(pid: u32) -> Self {
        let pid = Pid::from_raw(pid.cast_signed()).unwrap();
        kill_process(pid, Signal::STOP).unwrap();
        Self(pid)
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        let _ = kill_process(self.0, Signal::CONT);
    }
}

#[test]
fn a_supervisor_that_stands_still_keeps_the_others_from_nothing() {
    let engine = Engine::new();
    let stuck = engine.started("stuck", "");
    let stopped = Stopped::new(supervisor_of(&engine.host, "stuck"));
    let mut events = engine.host.events().unwrap();
    let other = engine.started("other", "");
    assert_eq!(names(&mut events, 2), ["other create", "other start"]);
    end(&other);
    assert_eq!(names(&mut events, 1), ["other exit"]);
    drop(stopped);
    // It is reached as soon as it goes on, and then told of as any other: by the second answer it has let us in.
    for _ in 0..2 {
        assert_eq!(state(&stuck), "Running");
    }
    nothing_more(&mut events);
    done(&stuck.pause(""));
    assert_eq!(names(&mut events, 1), ["stuck pause"]);
    end(&stuck);
    assert_eq!(names(&mut events, 1), ["stuck exit"]);
}

/// How often this thread has waited.
fn waits() -> u64 {
    let text = fs_err::read_to_string("/proc/thread-self/status").unwrap();
    let count = text.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
    count.unwrap().trim().parse().unwrap()
}

#[test]
fn while_nothing_happens_the_reader_sleeps() {
    let engine = Engine::new();
    let system = engine.started("idle", "");
    let mut events = engine.host.events().unwrap();
    let before = waits();
    assert_eq!(events.next(Deadline::after(Duration::from_secs(2))).unwrap(), None);
    let made = waits() - before;
    assert!(made <= 1, "it woke {made} times");
    end(&system);
}

#[test]
fn garbage_and_strangers_in_the_folders_tell_nothing_and_gc_takes_them_away() {
    let engine = Engine::new();
    let mut events = engine.host.events().unwrap();
    let farewells = engine.path("run/farewells");
    let unsaid = farewells.join(format!("gone.0123456789abcdef~{:042x}g000000070000", 1));
    fs_err::create_dir(&unsaid).unwrap();
    fs_err::create_dir(farewells.join("nonsense")).unwrap();
    fs_err::write(engine.path("run/systems/file"), "").unwrap();
    fs_err::create_dir(engine.path("run/systems/empty")).unwrap();
    assert_eq!(names(&mut events, 2)[1], "gone exit", "what is said is believed: the folder is root's");
    nothing_more(&mut events);
    fs_err::remove_file(engine.path("run/systems/file")).unwrap();
    let found = engine.host.gc(false).unwrap();
    assert!(found.found.contains(&Garbage::Farewell(unsaid)), "{found:?}");
    assert_eq!(fs_err::read_dir(farewells).unwrap().count(), 0);
    nothing_more(&mut events);
}

#[test]
fn when_the_engines_folder_goes_the_stream_says_so() {
    let engine = Engine::new();
    let mut events = engine.other().events().unwrap();
    fs_err::remove_dir(engine.path("run/systems")).unwrap();
    let error = events.next(Deadline::after(PATIENCE)).unwrap_err();
    assert!(error.to_string().contains("run/systems"), "{error}");
    let _again: LinuxHost = engine.other();
}
