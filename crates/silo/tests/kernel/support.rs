//! Helper processes and throw-away cgroups, both gone when the test is, however it ends.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use hcs_silo::cgroup::{Cgroup, Hierarchies, Instance, Limits};
use libtest_mimic::{Failed, Trial};
use rustix::event::{PollFd, PollFlags, poll};

pub(crate) const HELPER_FLAG: &str = "--helper";

/// How long anything may take that the kernel does by itself. Far more than ever seen, so only a bug reaches it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A test that panics to fail, as with the usual harness.
pub(crate) fn trial(name: &str, body: fn()) -> Trial {
    Trial::test(name, move || {
        body();
        Ok::<(), Failed>(())
    })
}

/// The same, left out for a reason (which the harness prints in brackets) if that holds.
pub(crate) fn ignored(name: &str, reason: &str, holds: bool, body: fn()) -> Trial {
    let trial = trial(name, body);
    if holds { trial.with_kind(reason).with_ignored_flag(true) } else { trial }
}

/// A run of this binary as a helper, with its standard input and output as a channel of lines.
pub(crate) struct Helper {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
}

impl Helper {
    #[expect(clippy::disallowed_methods, reason = "the one place where these tests start processes")]
    pub(crate) fn start(mode: &str, arguments: &[&str]) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([HELPER_FLAG, mode])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let stdin = child.stdin.take();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        Self { child, stdin, stdout }
    }

    /// The helper's next line.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        assert!(line.ends_with('\n'), "the helper ended early, its last words were {line:?}");
        line.truncate(line.len() - 1);
        line
    }

    /// Lets the helper go on.
    pub(crate) fn go(&mut self) {
        self.stdin.as_mut().unwrap().write_all(b"go\n").unwrap();
    }

    /// Everything the helper still says, and its exit code; killed by signal `n` counts as `128 + n`.
    pub(crate) fn finish(mut self) -> (String, i32) {
        drop(self.stdin.take());
        let mut rest = String::new();
        std::io::Read::read_to_string(&mut self.stdout, &mut rest).unwrap();
        let status = self.child.wait().unwrap();
        let signal = std::os::unix::process::ExitStatusExt::signal(&status);
        (rest, status.code().unwrap_or_else(|| 128 + signal.unwrap()))
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An engine instance of its own. Whatever it holds at the end is removed, and that nothing stays is checked.
pub(crate) struct Engine {
    pub(crate) name: String,
    unified_only: bool,
}

impl Engine {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("test-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        Self { name, unified_only: false }
    }

    pub(crate) fn open(&self) -> Instance {
        open_instance(&self.name, self.unified_only)
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        let instance = self.open();
        let systems = instance.systems();
        for system in systems.iter().flatten() {
            let removal = instance.system(system).and_then(|cgroup| {
                let _ = cgroup.thaw();
                let _ = cgroup.kill();
                cgroup.remove_when_empty(PATIENCE)
            });
            assert!(std::thread::panicking() || removal.unwrap().is_gone(), "{system} stayed");
        }
        let removed = instance.remove();
        assert!(std::thread::panicking() || removed.unwrap(), "{} stayed", self.name);
    }
}

/// An engine instance with one system in it.
pub(crate) struct Group {
    pub(crate) cgroup: Cgroup,
    pub(crate) engine: Engine,
}

pub(crate) const SYSTEM: &str = "sys";

impl Group {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self::of(Engine::new(), limits)
    }

    /// As on a host with version 2 only.
    pub(crate) fn unified_only(limits: &Limits) -> Self {
        let mut engine = Engine::new();
        engine.unified_only = true;
        Self::of(engine, limits)
    }

    fn of(engine: Engine, limits: &Limits) -> Self {
        let cgroup = engine.open().create(SYSTEM, limits).unwrap();
        Self { cgroup, engine }
    }

    /// Starts a helper of which the child works inside the group.
    pub(crate) fn start(&self, work: &str, arguments: &[&str]) -> Helper {
        self.start_with("-", work, arguments)
    }

    /// The child is process 1 of a pid namespace.
    pub(crate) fn start_in_pid_namespace(&self, work: &str, arguments: &[&str]) -> Helper {
        self.start_with("pid", work, arguments)
    }

    fn start_with(&self, namespace: &str, work: &str, arguments: &[&str]) -> Helper {
        let hierarchies = if self.engine.unified_only { "unified" } else { "all" };
        let mut all = vec![hierarchies, self.engine.name.as_str(), SYSTEM, namespace, work];
        all.extend(arguments);
        Helper::start("inside", &all)
    }
}

pub(crate) fn open_instance(name: &str, unified_only: bool) -> Instance {
    let mut hierarchies = Hierarchies::detect().unwrap();
    if unified_only {
        hierarchies = hierarchies.unified_only();
    }
    Instance::open(&hierarchies, "", name).unwrap()
}

/// Waits for events on `fd` until `done` says so.
pub(crate) fn wait_for(fd: &impl std::os::fd::AsFd, flags: PollFlags, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !done() {
        let left = deadline.saturating_duration_since(Instant::now());
        assert!(!left.is_zero(), "no event within {PATIENCE:?}");
        poll(&mut [PollFd::new(fd, flags)], Some(&left.try_into().unwrap())).unwrap();
    }
}
