//! What the tests of whole containers share: a root folder, a supervisor, and calls that wait.

use std::io::Read;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use hcs_silo::capability::CapabilitySet;
use hcs_silo::client::{ClientError, Connection, Launcher, Outcome};
use hcs_silo::protocol::{Event, LinuxProgram, Process, ProcessExit, Program, Reply, Request, Stream, User};
use hcs_silo::spec::{Command, Guest, IdRange, Root, Seccomp, Source, Spec};
use rustix::mount::{MountFlags, UnmountFlags};
use rustix::process::{Pid, Signal};

/// Longer than anything here takes on a busy machine; a hang fails instead of hanging the run.
const PATIENCE: Duration = Duration::from_mins(1);

/// The supervisor's program: built by the test command and named by `HCS_INIT`, or built here.
pub(crate) fn supervisor() -> PathBuf {
    if let Some(path) = std::env::var_os("HCS_INIT") {
        return path.into();
    }
    let mut folder = std::env::current_exe().unwrap();
    while !folder.join(".cargo-lock").exists() && folder.pop() {}
    let target = folder.parent().unwrap().to_owned();
    #[expect(clippy::disallowed_methods, reason = "builds the program under test")]
    let built = std::process::Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--package", "hcs-init", "--profile", "guest"])
        .args(["--target", "x86_64-unknown-linux-musl", "--target-dir"])
        .arg(&target)
        .status()
        .unwrap();
    assert!(built.success(), "cannot build hcs-init");
    target.join("x86_64-unknown-linux-musl/guest/hcs-init")
}

/// Folders of one test, removed with it.
pub(crate) struct Place {
    folder: tempfile::TempDir,
    pub(crate) root: PathBuf,
    pub(crate) instance: String,
}

impl Place {
    /// A root folder with busybox.
    pub(crate) fn new() -> Self {
        assert!(rustix::process::geteuid().is_root(), "these tests make containers and need root");
        let folder = tempfile::tempdir_in("/var/tmp").unwrap();
        let root = folder.path().join("root");
        fs_err::create_dir_all(root.join("bin")).unwrap();
        let busybox = ["/bin/busybox", "/usr/bin/busybox"].into_iter().find(|path| Path::new(path).exists());
        let busybox = busybox.expect("busybox is missing: apt-get install busybox-static");
        fs_err::copy(busybox, root.join("bin/busybox")).unwrap();
        for name in [
            "sh", "true", "false", "cat", "sleep", "echo", "id", "ls", "mount", "kill", "dd", "ps", "stat",
            "hostname", "touch", "mkdir", "grep", "head", "tty", "stty", "seq", "yes", "ip", "test", "ln",
            "mknod", "chroot", "unshare", "dmesg", "wc", "od", "readlink",
        ] {
            std::os::unix::fs::symlink("busybox", root.join("bin").join(name)).unwrap();
        }
        let instance =
            format!("test-{}", folder.path().file_name().unwrap().to_str().unwrap().trim_start_matches('.'));
        Self { folder, root, instance }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A container over the root folder.
    pub(crate) fn spec(&self, id: &str) -> Spec {
        let directory = self.path(id);
        fs_err::create_dir(&directory).unwrap();
        Spec {
            id: id.into(),
            directory,
            cgroup_parent: String::new(),
            instance: self.instance.clone(),
            cgroup: id.into(),
            limits: hcs_silo::cgroup::Limits::default(),
            hostname: "box".into(),
            root: Root {
                source: Source::Bind { path: self.root.clone(), id_mapped: false },
                read_only: false,
            },
            mounts: Vec::new(),
            mapped: Vec::new(),
            ids: None,
            capabilities: CapabilitySet::LINUX_DEFAULT.bits(),
            seccomp: Seccomp::Linux,
            guest: Guest::Linux,
            end_with_last_handle: false,
            end_with_first_process: false,
            log: None,
            record: None,
            farewells: None,
            remove: Vec::new(),
            network: None,
            at_end: None,
        }
    }

    /// The same in a user namespace.
    pub(crate) fn mapped_spec(&self, id: &str) -> Spec {
        let mut spec = self.spec(id);
        spec.ids = Some(IdRange { base: 300_000, length: 65_536 });
        spec.root.source = Source::Bind { path: self.root.clone(), id_mapped: true };
        spec
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let hierarchies = hcs_silo::cgroup::Hierarchies::detect().unwrap();
        let instance = hcs_silo::cgroup::Instance::open(&hierarchies, "", &self.instance).unwrap();
        let left = instance.systems().unwrap();
        if !std::thread::panicking() {
            assert!(left.is_empty(), "cgroups left behind: {left:?}");
        }
        for system in left {
            let cgroup = instance.system(&system).unwrap();
            let _ = cgroup.kill();
            let _ = cgroup.remove_when_empty(PATIENCE);
        }
        let _ = instance.engine().unwrap().remove_when_empty(PATIENCE);
        let _ = instance.remove();
    }
}

/// A file system of memory, mounted on the host until the value is dropped.
pub(crate) struct OnHost {
    pub(crate) path: PathBuf,
}

impl OnHost {
    pub(crate) fn new(path: &Path) -> Self {
        rustix::mount::mount("tmpfs", path, "tmpfs", MountFlags::empty(), None).unwrap();
        Self { path: path.to_owned() }
    }
}

impl Drop for OnHost {
    fn drop(&mut self) {
        let _ = rustix::mount::unmount(&self.path, UnmountFlags::DETACH);
    }
}

/// A system under test, ended with the test.
pub(crate) struct System {
    pub(crate) connection: Arc<Connection>,
    events: Arc<Mutex<Vec<Option<Event>>>>,
}

impl System {
    pub(crate) fn launch(spec: &Spec) -> Self {
        Self::over(Launcher::new(supervisor()).launch(spec).unwrap_or_else(|error| {
            panic!(
                "{error}: {}",
                std::error::Error::source(&error).map_or(String::new(), ToString::to_string)
            )
        }))
    }

    pub(crate) fn over(connection: Arc<Connection>) -> Self {
        let events = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&events);
        connection.listen(move |event| sink.lock().unwrap().push(event));
        Self { connection, events }
    }

    pub(crate) fn started(spec: &Spec) -> Self {
        let system = Self::launch(spec);
        system.ask(Request::Start).unwrap();
        system
    }

    pub(crate) fn ask(&self, request: Request) -> Result<Reply, ClientError> {
        self.ask_with(request, &[]).map(|(reply, _)| reply)
    }

    pub(crate) fn ask_with(&self, request: Request, fds: &[OwnedFd]) -> Outcome {
        use std::os::fd::AsFd;
        let slot = Arc::new(Mutex::new(None));
        let answer = Arc::clone(&slot);
        let borrowed: Vec<_> = fds.iter().map(AsFd::as_fd).collect();
        self.connection.request(
            request,
            &borrowed,
            Box::new(move |outcome| *answer.lock().unwrap() = Some(outcome)),
        );
        let done = || slot.lock().unwrap().is_some();
        assert!(self.connection.drive(Some(Instant::now() + PATIENCE), &done) || done(), "no answer");
        slot.lock().unwrap().take().unwrap()
    }

    /// Waits for an event.
    pub(crate) fn until<T>(&self, wanted: impl Fn(&Option<Event>) -> Option<T>) -> T {
        let find = || self.events.lock().unwrap().iter().find_map(&wanted);
        self.connection.drive(Some(Instant::now() + PATIENCE), &|| find().is_some());
        find().expect("the event did not come")
    }

    /// What has happened until now is of no interest any more.
    pub(crate) fn forget_events(&self) {
        self.events.lock().unwrap().clear();
    }

    /// Starts a shell command with pipes for all streams.
    pub(crate) fn shell(&self, script: &str) -> Running<'_> {
        self.start(&["/bin/sh", "-c", script], User::default())
    }

    pub(crate) fn start(&self, argv: &[&str], user: User) -> Running<'_> {
        let process = linux(argv, user, [Stream::Pipe; 3]);
        let (reply, fds) = self.ask_with(Request::CreateProcess(process), &[]).unwrap();
        let Reply::Process { process, pid, pipes } = reply else { panic!("{reply:?}") };
        assert_eq!(pipes, [true; 3]);
        Running { system: self, process, pid, fds }
    }

    /// Output and exit of a shell command.
    pub(crate) fn run(&self, script: &str) -> (String, ProcessExit) {
        self.shell(script).finish()
    }

    pub(crate) fn exit_of(&self, process: u32) -> ProcessExit {
        self.until(|event| match event {
            Some(Event::ProcessExited { process: ended, exit }) if *ended == process => Some(*exit),
            _ => None,
        })
    }

    /// Process 1 as the host sees it, and the supervisor.
    pub(crate) fn pids(&self) -> [Pid; 2] {
        let Ok(Reply::Status(status)) = self.ask(Request::Status) else { panic!("no status") };
        let text = fs_err::read_to_string(format!("/proc/{}/status", status.init_pid)).unwrap();
        let parent = text.lines().find_map(|line| line.strip_prefix("PPid:\t")).unwrap();
        [status.init_pid.cast_signed(), parent.parse().unwrap()].map(|pid| Pid::from_raw(pid).unwrap())
    }

    /// How many descriptors the supervisor has.
    pub(crate) fn supervisor_descriptors(&self) -> usize {
        fs_err::read_dir(format!("/proc/{}/fd", self.pids()[1])).unwrap().count()
    }

    /// Waits until it has no more than this. What it closes on the word of several others, in any order, has no event.
    pub(crate) fn until_descriptors_are(&self, count: usize) {
        let until = Instant::now() + PATIENCE;
        while self.supervisor_descriptors() > count {
            assert!(Instant::now() < until, "more than {count} descriptors stay");
        }
    }

    /// Sends the same request many times. The function returned waits for the answers.
    pub(crate) fn ask_many(
        &self,
        count: usize,
        request: &Request,
    ) -> impl FnOnce() -> Vec<Result<Reply, ClientError>> {
        let answers = Arc::new(Mutex::new(Vec::new()));
        for _ in 0..count {
            let answers = Arc::clone(&answers);
            let keep = move |outcome: Outcome| answers.lock().unwrap().push(outcome.map(|(reply, _)| reply));
            self.connection.request(request.clone(), &[], Box::new(keep));
        }
        move || {
            let done = || answers.lock().unwrap().len() == count;
            assert!(self.connection.drive(Some(Instant::now() + PATIENCE), &done) || done(), "no answer");
            std::mem::take(&mut *answers.lock().unwrap())
        }
    }

    /// Ends the system and waits until it is gone.
    pub(crate) fn end(self) {
        self.ask(Request::Terminate).unwrap();
    }
}

/// A process that stands still until the value is dropped.
pub(crate) struct Stopped(Pid);

impl Stopped {
    pub(crate) fn new(pid: Pid) -> Self {
        rustix::process::kill_process(pid, Signal::STOP).unwrap();
        // The signal is sent; the process stops on its next way out of the kernel.
        let state = || {
            let text = fs_err::read_to_string(format!("/proc/{pid}/stat")).unwrap();
            text.rsplit_once(") ").unwrap().1.chars().next()
        };
        while state() != Some('T') {}
        Self(pid)
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        let _ = rustix::process::kill_process(self.0, Signal::CONT);
    }
}

/// A process request.
pub(crate) fn linux(argv: &[&str], user: User, streams: [Stream; 3]) -> Process {
    let command = Command {
        argv: argv.iter().map(ToString::to_string).collect(),
        env: vec!["PATH=/bin".into(), "HOME=/".into()],
    };
    let program = Program::Linux(LinuxProgram { command, directory: "/".into(), user });
    Process { program, streams, console: None }
}

/// A process under test.
pub(crate) struct Running<'a> {
    pub(crate) system: &'a System,
    pub(crate) process: u32,
    pub(crate) pid: u32,
    pub(crate) fds: Vec<OwnedFd>,
}

impl Running<'_> {
    /// Closes its input, reads its output and error to the end, and waits for its exit.
    pub(crate) fn finish(mut self) -> (String, ProcessExit) {
        self.system.ask(Request::CloseStream { process: self.process, stream: 0 }).ok();
        let mut fds = self.fds.drain(..);
        drop(fds.next());
        let mut text = String::new();
        for fd in fds {
            std::fs::File::from(fd).read_to_string(&mut text).unwrap();
        }
        let exit = self.system.exit_of(self.process);
        (text, exit)
    }
}

/// Watches a folder from now on; the function returned waits until it is removed.
pub(crate) fn until_removed(path: &Path) -> impl FnOnce() + use<> {
    use rustix::fs::inotify;
    let watch = inotify::init(inotify::CreateFlags::CLOEXEC).unwrap();
    inotify::add_watch(&watch, path, inotify::WatchFlags::DELETE_SELF).unwrap();
    let path = path.to_owned();
    move || {
        let mut fds = [rustix::event::PollFd::new(&watch, rustix::event::PollFlags::IN)];
        let limit = rustix::event::Timespec { tv_sec: 60, tv_nsec: 0 };
        assert_eq!(rustix::event::poll(&mut fds, Some(&limit)).unwrap(), 1, "{} stays", path.display());
        assert!(!path.exists());
    }
}
