//! Running out of memory, freezing, killing: what a cgroup does to its processes, and how it tells.

use hcs_silo::cgroup::{CgroupError, Limits, Maximum, OomWatch};
use libtest_mimic::Trial;
use rustix::event::PollFlags;

use crate::support::{Group, Helper, trial, wait_for};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("the_memory_limit_kills_and_tells", memory_limit_kills),
        trial("no_kill_no_event", no_kill_no_event),
        trial("a_memory_limit_below_the_use_is_refused", lowering_is_refused),
        trial("a_memory_limit_above_the_use_can_be_lowered", lowering_reclaims),
        trial("a_frozen_process_stands_still_and_goes_on", freeze_and_thaw),
        trial("a_frozen_process_can_be_killed", kill_frozen),
        trial("kill_reaches_every_process", kill_all),
    ]
}

const MIB: u64 = 1 << 20;
const KILLED: i32 = 128 + 9;

fn poll_flags(watch: &OomWatch) -> PollFlags {
    PollFlags::from_bits(u16::try_from(watch.interest().bits()).unwrap()).unwrap()
}

fn memory_limit_kills() {
    let group = Group::new(&Limits { memory: Some(Maximum::At(32 * MIB)), ..Limits::default() });
    let watch = group.cgroup.watch_oom().unwrap().unwrap();
    assert_eq!(watch.kills().unwrap(), 0);
    let mut helper = group.start("allocate", &[&(256 * MIB).to_string()]);
    helper.go();
    // Version 1 tells before it kills, so the count may still be 0 at the event; not when the process is gone.
    let mut looks = 0;
    wait_for(&watch, poll_flags(&watch), || {
        looks += 1;
        looks == 2
    });
    watch.kills().unwrap();
    assert_eq!(helper.finish(), (String::new(), KILLED));
    assert_eq!(watch.kills().unwrap(), 1);
    let memory = group.cgroup.stats().unwrap().memory.unwrap();
    assert!((28 * MIB..=32 * MIB).contains(&memory.peak), "{memory:?}");
}

fn no_kill_no_event() {
    let group = Group::new(&Limits { memory: Some(Maximum::At(64 * MIB)), ..Limits::default() });
    let watch = group.cgroup.watch_oom().unwrap().unwrap();
    assert_eq!(watch.kills().unwrap(), 0);
    let mut helper = group.start("allocate", &[&(8 * MIB).to_string()]);
    helper.go();
    assert_eq!(helper.line(), "allocated");
    helper.go();
    assert_eq!(helper.finish().1, 0);
    let now = rustix::event::Timespec { tv_sec: 0, tv_nsec: 0 };
    let ready =
        rustix::event::poll(&mut [rustix::event::PollFd::new(&watch, poll_flags(&watch))], Some(&now));
    assert_eq!(ready, Ok(0));
    assert_eq!(watch.kills().unwrap(), 0);
}

fn allocating(group: &Group, bytes: u64) -> Helper {
    let mut helper = group.start("allocate", &[&bytes.to_string()]);
    helper.go();
    assert_eq!(helper.line(), "allocated");
    helper
}

fn lowering_is_refused() {
    let group = Group::new(&Limits { memory: Some(Maximum::At(128 * MIB)), ..Limits::default() });
    let mut helper = allocating(&group, 64 * MIB);
    let lower = Limits { memory: Some(Maximum::At(16 * MIB)), ..Limits::default() };
    let error = group.cgroup.apply(&lower).unwrap_err();
    let CgroupError::MemoryInUse { limit, usage, .. } = error else { panic!("{error:?}") };
    assert_eq!(limit, 16 * MIB);
    assert!((64 * MIB..128 * MIB).contains(&usage), "{usage}");
    assert_eq!(group.cgroup.limits().unwrap().memory, Some(Maximum::At(128 * MIB)), "the old limit stays");
    helper.go();
    assert_eq!(helper.finish().1, 0, "nobody was killed");
    group.cgroup.apply(&lower).unwrap();
}

fn lowering_reclaims() {
    let group = Group::new(&Limits { memory: Some(Maximum::At(256 * MIB)), ..Limits::default() });
    // Page cache counts as use, but can be taken back.
    let folder = tempfile::tempdir_in(std::env::current_exe().unwrap().parent().unwrap()).unwrap();
    let path = folder.path().join("data");
    let mut helper = group.start("write", &[path.to_str().unwrap(), &(64 * MIB).to_string()]);
    assert_eq!(helper.line(), "written");
    group.cgroup.apply(&Limits { memory: Some(Maximum::At(48 * MIB)), ..Limits::default() }).unwrap();
    let memory = group.cgroup.stats().unwrap().memory.unwrap();
    assert!(memory.usage <= 48 * MIB && memory.peak > 48 * MIB, "{memory:?}");
    helper.go();
    assert_eq!(helper.finish().1, 0);
}

/// The CPU time of the group, after this test itself has used some: wall time has passed for both.
fn cpu_time_after_a_while(group: &Group) -> u64 {
    let end = std::time::Instant::now() + std::time::Duration::from_millis(60);
    while std::time::Instant::now() < end {
        std::hint::black_box(());
    }
    group.cgroup.stats().unwrap().cpu.total_100ns
}

fn freeze_and_thaw() {
    let group = Group::new(&Limits::default());
    let mut helper = group.start("spin", &[]);
    helper.line();
    let events = group.cgroup.events().unwrap();
    let state = events.state().unwrap();
    assert!(state.populated && !state.frozen);

    group.cgroup.freeze().unwrap();
    wait_for(&events, PollFlags::PRI, || events.state().unwrap().frozen);
    // The last stretch is counted when the process leaves its CPU, a moment after it is called frozen.
    let before = cpu_time_after_a_while(&group);
    assert_eq!(cpu_time_after_a_while(&group), before, "a frozen process used the CPU");

    group.cgroup.thaw().unwrap();
    wait_for(&events, PollFlags::PRI, || !events.state().unwrap().frozen);
    let start = std::time::Instant::now();
    while cpu_time_after_a_while(&group) == before {
        assert!(start.elapsed() < crate::support::PATIENCE, "it does not go on");
    }
}

fn kill_frozen() {
    let group = Group::new(&Limits::default());
    let mut helper = group.start("spin", &[]);
    helper.line();
    let events = group.cgroup.events().unwrap();
    group.cgroup.freeze().unwrap();
    wait_for(&events, PollFlags::PRI, || events.state().unwrap().frozen);
    group.cgroup.kill().unwrap();
    wait_for(&events, PollFlags::PRI, || !events.state().unwrap().populated);
    assert_eq!(helper.finish().1, KILLED);
}

fn kill_all() {
    let group = Group::new(&Limits::default());
    let mut helper = group.start("children", &["30"]);
    assert_eq!(helper.line(), "30");
    assert_eq!(group.cgroup.pids().unwrap().len(), 31);
    let events = group.cgroup.events().unwrap();
    group.cgroup.kill().unwrap();
    wait_for(&events, PollFlags::PRI, || !events.state().unwrap().populated);
    assert!(group.cgroup.pids().unwrap().is_empty());
    assert_eq!(helper.finish().1, KILLED);
}
