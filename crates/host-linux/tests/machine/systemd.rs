//! With systemd as process 1: containers live in a scope of their own, which systemd leaves alone and which goes with
//! the last of them.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;

use hcs_contract::ComputeService;
use hcs_host_linux::{LinuxHost, Options};

use super::client;
use super::support::{Engine, PATIENCE, done, kill_and_wait, run, state, supervisor_of};

const CGROUPS: &str = "/sys/fs/cgroup";
/// 64 MiB and half of the processors.
const LIMITED: &str = r#""MemoryMaximumInMB":64,"ProcessorMaximum":5000"#;

/// systemd answers nobody while it executes itself anew: systemctl fails then, which is not what is tested.
static REACHABLE: RwLock<()> = RwLock::new(());

fn reachable() -> RwLockReadGuard<'static, ()> {
    REACHABLE.read().unwrap_or_else(PoisonError::into_inner)
}

fn unit(engine: &Engine) -> String {
    format!("hcs-{}.scope", engine.host.instance())
}

fn scope(engine: &Engine) -> PathBuf {
    Path::new(CGROUPS).join("machine.slice").join(unit(engine))
}

fn property(unit: &str, name: &str) -> String {
    client::run(&["systemctl", "show", "--property", name, "--value", unit])
}

/// The cgroup of a process, below the hierarchy's root.
fn group_of(pid: u32) -> String {
    let text = fs_err::read_to_string(format!("/proc/{pid}/cgroup")).unwrap();
    text.lines().find_map(|line| line.strip_prefix("0::/")).unwrap().to_owned()
}

/// Waits until systemd has taken the scope away: it does so when it has handled the last process's end.
fn until_gone(engine: &Engine) {
    use rustix::fs::inotify::{self, CreateFlags, WatchFlags};
    let slice = Path::new(CGROUPS).join("machine.slice");
    let watch = inotify::init(CreateFlags::CLOEXEC).unwrap();
    inotify::add_watch(&watch, slice, WatchFlags::DELETE).unwrap();
    while scope(engine).exists() {
        let mut fds = [rustix::event::PollFd::new(&watch, rustix::event::PollFlags::IN)];
        let limit = rustix::event::Timespec::try_from(PATIENCE).unwrap();
        assert_eq!(rustix::event::poll(&mut fds, Some(&limit)).unwrap(), 1, "the scope stays");
        rustix::io::read(&watch, &mut [0; 4096]).unwrap();
    }
    assert_eq!(property(&unit(engine), "ActiveState"), "inactive");
}

/// What the kernel has in force for a system.
fn limits(engine: &Engine, id: &str) -> Vec<String> {
    let group = Path::new(CGROUPS).join(group_of(engine.host.inspect(id).unwrap().init_pid.unwrap()));
    let files = ["memory.max", "memory.swap.max", "cpu.max", "cpu.weight", "pids.max", "cgroup.controllers"];
    files.map(|file| fs_err::read_to_string(group.join(file)).unwrap_or_else(|_| "none".into())).into()
}

#[test]
#[ignore = "needs systemd as process 1: ./x test --vm"]
fn containers_live_in_a_delegated_scope_that_goes_with_the_last_of_them() {
    let _reachable = reachable();
    let engine = Engine::new();
    assert!(!scope(&engine).exists(), "nothing is there before the first container");
    let first = engine.started("first", LIMITED);
    let second = engine.started("second", "");
    let unit = unit(&engine);
    for (name, expected) in
        [("ActiveState", "active"), ("Slice", "machine.slice"), ("Delegate", "yes"), ("TasksMax", "infinity")]
    {
        assert_eq!(property(&unit, name), expected, "{name}");
    }
    for id in ["first", "second"] {
        let init = engine.host.inspect(id).unwrap().init_pid.unwrap();
        let place = format!("machine.slice/{unit}/hcs-{}/", engine.host.instance());
        let group = group_of(init);
        assert!(group.starts_with(&format!("{place}{id}.")), "{group}");
        assert_eq!(group_of(supervisor_of(&engine.host, id)), format!("{place}engine"));
    }
    // The client, whose process was not moved, is where it was.
    assert!(!group_of(std::process::id()).contains(&unit));
    let text = fs_err::read_to_string(scope(&engine).join("cgroup.procs")).unwrap();
    assert_eq!(text, "", "no process is in the scope's own folder");
    done(&first.terminate(""));
    drop(first);
    assert_eq!(run(&second, "exit 7").1, 7);
    assert_eq!(property(&unit, "ActiveState"), "active");
    done(&second.terminate(""));
    drop(second);
    until_gone(&engine);
    // And comes again with the next.
    let third = engine.started("third", LIMITED);
    assert_eq!(property(&unit, "ActiveState"), "active");
    done(&third.terminate(""));
    drop(third);
    until_gone(&engine);
}

/// A service whose process starts a container, and a look at it.
struct Service<'a> {
    engine: &'a Engine,
    unit: String,
}

impl<'a> Service<'a> {
    fn start(engine: &'a Engine, properties: &[&str]) -> Self {
        let unit = format!("test-{}.service", engine.host.instance());
        let words = client::command(engine, &format!(",{LIMITED}"));
        let mut line = vec!["systemd-run", "--quiet", "--collect", "--unit", &unit];
        // The machine has no more of systemd's units than it needs.
        let defaults = ["DefaultDependencies=no", "StandardOutput=null", "TimeoutStopSec=20"];
        line.extend(defaults.iter().chain(properties).flat_map(|property| ["--property", property]));
        line.push("--");
        line.extend(words.iter().map(String::as_str));
        let this = Self { engine, unit: unit.clone() };
        let watch = this.watch();
        client::run(&line);
        this.wait(&watch);
        this
    }

    fn watch(&self) -> std::os::fd::OwnedFd {
        use rustix::fs::inotify::{self, CreateFlags, WatchFlags};
        let watch = inotify::init(CreateFlags::CLOEXEC).unwrap();
        inotify::add_watch(&watch, self.engine.path(""), WatchFlags::MOVED_TO).unwrap();
        watch
    }

    fn wait(&self, watch: &std::os::fd::OwnedFd) {
        while !self.engine.path("started").exists() {
            let mut fds = [rustix::event::PollFd::new(watch, rustix::event::PollFlags::IN)];
            let limit = rustix::event::Timespec::try_from(PATIENCE).unwrap();
            let ready = rustix::event::poll(&mut fds, Some(&limit)).unwrap();
            assert_eq!(ready, 1, "{}", client::run(&["systemctl", "show", &self.unit]));
            rustix::io::read(watch, &mut [0; 4096]).unwrap();
        }
    }

    /// The id of the container that it has started last.
    fn container(&self) -> String {
        fs_err::read_to_string(self.engine.path("started")).unwrap()
    }

    fn restart(&self) {
        fs_err::remove_file(self.engine.path("started")).unwrap();
        let watch = self.watch();
        client::run(&["systemctl", "restart", &self.unit]);
        self.wait(&watch);
    }
}

impl Drop for Service<'_> {
    fn drop(&mut self) {
        let _ = client::try_run(&["systemctl", "stop", &self.unit]);
    }
}

#[test]
#[ignore = "needs systemd as process 1: ./x test --vm"]
fn a_service_that_is_restarted_or_stopped_leaves_its_containers_alone() {
    let _reachable = reachable();
    let engine = Engine::new();
    // As most services are: the end of it is the end of all in its cgroup.
    let service = Service::start(&engine, &["KillMode=control-group"]);
    let first = service.container();
    let init = engine.host.inspect(&first).unwrap().init_pid.unwrap();
    let before = limits(&engine, &first);
    service.restart();
    let second = service.container();
    assert_ne!(first, second);
    assert_eq!(engine.host.inspect(&first).unwrap().init_pid, Some(init), "it is the same container");
    let stopped = service.unit.clone();
    drop(service);
    assert_eq!(property(&stopped, "ActiveState"), "inactive");
    for id in [&first, &second] {
        let system = engine.host.open_system(id).unwrap();
        assert_eq!(state(&system), "Running");
        assert_eq!(run(&system, "echo here").0, "here\n");
        assert_eq!(limits(&engine, id), before);
        done(&system.terminate(""));
    }
    until_gone(&engine);
}

#[test]
#[ignore = "needs systemd as process 1: ./x test --vm"]
fn what_systemd_does_to_itself_changes_no_limit() {
    let _alone = REACHABLE.write().unwrap_or_else(PoisonError::into_inner);
    let engine = Engine::new();
    let system = engine.started("limited", LIMITED);
    let before = limits(&engine, "limited");
    assert_eq!(before[0], "67108864\n");
    assert!(!before[2].starts_with("max"), "{before:?}");
    for word in ["daemon-reload", "daemon-reexec", "daemon-reload"] {
        client::run(&["systemctl", word]);
        assert_eq!(limits(&engine, "limited"), before, "after {word}");
        assert_eq!(property(&unit(&engine), "ActiveState"), "active", "after {word}");
        assert_eq!(run(&system, "exit 3").1, 3, "after {word}");
        // Also for those who come later.
        let other = engine.started("other", LIMITED);
        assert_eq!(limits(&engine, "other"), before, "after {word}");
        done(&other.terminate(""));
    }
    done(&system.terminate(""));
    drop(system);
    until_gone(&engine);
    // Who starts while systemd is away for a moment waits for it: the first of a scope, and later ones.
    let ended = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..5 {
                client::run(&["systemctl", "daemon-reexec"]);
            }
            ended.store(true, Ordering::Relaxed);
        });
        let mut number = 0;
        while !ended.load(Ordering::Relaxed) {
            let system = engine.started(&format!("meanwhile-{number}"), LIMITED);
            assert_eq!(limits(&engine, &format!("meanwhile-{number}")), before);
            done(&system.terminate(""));
            number += 1;
        }
    });
    until_gone(&engine);
}

#[test]
#[ignore = "needs systemd as process 1: ./x test --vm"]
fn the_scope_is_there_whenever_a_container_is_however_closely_they_follow() {
    let _reachable = reachable();
    let engine = Engine::new();
    // One at a time: each may be the last of the old scope or the first of a new one.
    for number in 0..40 {
        let system = engine.started(&format!("{number}"), LIMITED);
        assert_eq!(property(&unit(&engine), "ActiveState"), "active", "container {number}");
        assert_eq!(run(&system, "exit 1").1, 1);
        done(&system.terminate(""));
    }
    until_gone(&engine);
    // All at once: one makes it.
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let engine = &engine;
            scope.spawn(move || {
                for number in 0..5 {
                    let system = engine.started(&format!("{thread}-{number}"), LIMITED);
                    assert_eq!(property(&unit(engine), "ActiveState"), "active");
                    done(&system.terminate(""));
                }
            });
        }
    });
    until_gone(&engine);
}

#[test]
#[ignore = "needs systemd as process 1: ./x test --vm"]
fn after_the_death_of_all_supervisors_the_scope_takes_the_next_container() {
    let _reachable = reachable();
    let engine = Engine::new();
    for number in 0..5 {
        let system = engine.started(&format!("{number}"), LIMITED);
        kill_and_wait(supervisor_of(&engine.host, &format!("{number}")));
        drop(system);
    }
    let next = engine.started("next", LIMITED);
    assert_eq!(property(&unit(&engine), "ActiveState"), "active");
    assert_eq!(limits(&engine, "next")[0], "67108864\n");
    done(&next.terminate(""));
    drop(next);
    engine.host.gc(false).unwrap();
    until_gone(&engine);
}

#[test]
#[ignore = "needs systemd as process 1: ./x test --vm"]
fn stopping_the_scope_ends_the_containers_and_they_are_cleared_away() {
    let _reachable = reachable();
    let engine = Engine::new();
    let system = engine.started("stopped", "");
    let begun = std::time::Instant::now();
    client::run(&["systemctl", "stop", &unit(&engine)]);
    // The scope's own limit is 10 s, and the default is 90.
    assert!(begun.elapsed() < Duration::from_mins(1), "{:?}", begun.elapsed());
    done(&system.wait_exit());
    drop(system);
    engine.host.gc(false).unwrap();
    until_gone(&engine);
}

#[test]
#[ignore = "needs systemd as process 1: ./x test --vm"]
fn whoever_names_a_cgroup_has_containers_there() {
    let _reachable = reachable();
    let engine = Engine::new();
    let with = |parent: &str| {
        let options = Options { cgroup_parent: parent.into(), ..engine.host.options().clone() };
        LinuxHost::open(options).unwrap()
    };
    // A delegated unit of the user's own, and the root.
    let name = format!("own-{}.service", engine.host.instance());
    let line = ["systemd-run", "--quiet", "--unit", &name, "--property", "Delegate=yes"];
    let more = ["--property", "DefaultDependencies=no", "--property", "Type=forking", "--", "/bin/sh", "-c"];
    // Its process is in a leaf of its own, as the kernel wants it of whoever hands controllers down.
    let leaf = format!("{CGROUPS}/system.slice/{name}/leaf");
    let script = format!("mkdir {leaf}; sleep infinity & echo $! >{leaf}/cgroup.procs");
    client::run(&[&line[..], &more, &[&script]].concat());
    for parent in [format!("system.slice/{name}"), "/".into()] {
        let host = with(&parent);
        let (system, operation) = host.create_system("here", &engine.document(LIMITED)).unwrap();
        done(&operation);
        done(&system.start(""));
        let group = group_of(host.inspect("here").unwrap().init_pid.unwrap());
        let expected = format!("{}/hcs-{}/here.", parent.trim_end_matches('/'), engine.host.instance());
        assert!(group.starts_with(expected.trim_start_matches('/')), "{group}");
        assert!(!scope(&engine).exists());
        done(&system.terminate(""));
        drop(system);
        host.gc(false).unwrap();
    }
    client::run(&["systemctl", "stop", &name]);
}
