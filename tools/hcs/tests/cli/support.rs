//! An engine for one test, a root folder with busybox, and calls of the command on them.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, Once, OnceLock};

use rustix::fs::{CWD, FileType, Mode, OFlags};

use super::running::{self, Deadline, Output, PATIENCE, PATIENCE_TO_BUILD, Running};

/// An engine, and a folder for one test. Dropped, it ends what a failed test left, and checks that nothing stays.
pub(crate) struct Engine {
    folder: tempfile::TempDir,
    root: PathBuf,
    run: PathBuf,
    /// Others work on it at the same time: only these containers are ours.
    shared: Option<Mutex<Vec<String>>>,
    /// What stands for the network namespace that is its host's.
    netns: Option<PathBuf>,
}

impl Engine {
    /// An engine in folders of its own.
    pub(crate) fn new() -> Self {
        let folder = folder();
        let (root, run) = (folder.path().join("state"), folder.path().join("run"));
        Self { folder, root, run, shared: None, netns: None }
    }

    /// The same, on a host whose network is the one that `netns` stands for.
    pub(crate) fn in_network(netns: PathBuf) -> Self {
        let mut engine = Self::new();
        engine.netns = Some(netns);
        engine
    }

    /// The engine of the whole test run, for the sake of its Wine base, which takes seconds to make and is there when
    /// this returns: no call of a test tells of its progress.
    pub(crate) fn shared() -> Self {
        static BASE: Once = Once::new();
        let place = |name: &str| {
            let made = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
            std::env::var_os(name).map_or(made, PathBuf::from)
        };
        let engine = Self {
            folder: folder(),
            root: place("HCS_ROOT"),
            run: place("HCS_RUN"),
            shared: Some(Mutex::default()),
            netns: None,
        };
        BASE.call_once(|| {
            let build = Running::start(&mut engine.command(&["base", "build"]));
            let built = build.finish_within(PATIENCE_TO_BUILD);
            assert_eq!(built.code, 0, "{}", built.stderr);
        });
        engine
    }

    /// A name that nobody else has on a shared engine. The container goes when this engine is dropped.
    pub(crate) fn name(&self, name: &str) -> String {
        let name = format!("{name}-{}", std::process::id());
        self.shared.as_ref().unwrap().lock().unwrap().push(name.clone());
        name
    }

    /// A folder of the host for this test.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Its folder of state.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Its folder of what runs.
    pub(crate) fn run(&self) -> &Path {
        &self.run
    }

    /// The path of a root folder for Linux containers.
    pub(crate) fn rootfs(&self) -> String {
        let root = self.path("rootfs");
        if !root.exists() {
            let busybox =
                ["/bin/busybox", "/usr/bin/busybox"].into_iter().find(|path| Path::new(path).exists());
            let busybox = busybox.expect("busybox is missing: apt-get install busybox-static");
            for folder in ["bin", "etc", "tmp"] {
                fs_err::create_dir_all(root.join(folder)).unwrap();
            }
            fs_err::copy(busybox, root.join("bin/busybox")).unwrap();
            for name in
                ["sh", "cat", "echo", "env", "head", "id", "kill", "pwd", "sleep", "stty", "tail", "true"]
            {
                fs_err::os::unix::fs::symlink("busybox", root.join("bin").join(name)).unwrap();
            }
            fs_err::write(root.join("etc/passwd"), "root:x:0:0::/:/bin/sh\nweb:x:33:44::/:/bin/sh\n")
                .unwrap();
        }
        root.to_str().unwrap().to_owned()
    }

    /// A call of the command on this engine.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = running::command(arguments);
        self.environment(&mut command);
        command
    }

    /// Makes a program use this engine.
    pub(crate) fn environment(&self, command: &mut Command) {
        command.env("HCS_ROOT", &self.root).env("HCS_RUN", &self.run).env("HCS_LIBEXEC", libexec());
        command.envs(self.netns.iter().map(|netns| ("HCS_NETNS", netns)));
    }

    /// Calls the command and waits for its end.
    #[track_caller]
    pub(crate) fn hcs(&self, arguments: &[&str]) -> Output {
        running::finish(&mut self.command(arguments))
    }

    /// `hcs run --rm --rootfs … -- /bin/sh -c SCRIPT` with further options.
    pub(crate) fn sh(&self, options: &[&str], script: &str) -> Output {
        self.hcs(&self.sh_arguments(options, script).iter().map(String::as_str).collect::<Vec<_>>())
    }

    fn sh_arguments(&self, options: &[&str], script: &str) -> Vec<String> {
        let rootfs = self.rootfs();
        ["run", "--rm", "--rootfs", &rootfs]
            .iter()
            .chain(options)
            .chain(&["--", "/bin/sh", "-c", script])
            .map(|&argument| argument.to_owned())
            .collect()
    }

    /// The same, still running, with pipes for all streams.
    pub(crate) fn start_sh(&self, options: &[&str], script: &str) -> Running {
        let arguments = self.sh_arguments(options, script);
        self.start(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// Starts the command with pipes for all streams.
    pub(crate) fn start(&self, arguments: &[&str]) -> Running {
        Running::start(self.command(arguments).stdin(Stdio::piped()))
    }

    /// A detached container with a shell script.
    pub(crate) fn detached(&self, name: &str, script: &str) {
        let rootfs = self.rootfs();
        let arguments = ["run", "-d", "--name", name, "--rootfs", &rootfs, "--", "/bin/sh", "-c", script];
        assert_eq!(self.hcs(&arguments).ok(), format!("{name}\n"));
    }

    /// The same, when the script has said that it is ready.
    pub(crate) fn detached_until_ready(&self, name: &str, script: &str) {
        self.detached(name, script);
        self.start(&["logs", "--follow", name]).read_until("ready\n");
    }

    /// A watch for the end of a running container.
    pub(crate) fn watch(&self, id: &str) -> Watch {
        use rustix::fs::inotify::{CreateFlags, WatchFlags, add_watch, init};
        let watch = init(CreateFlags::CLOEXEC).unwrap();
        add_watch(&watch, self.run.join("systems").join(id), WatchFlags::DELETE_SELF | WatchFlags::ONLYDIR)
            .unwrap();
        Watch { watch, id: id.to_owned() }
    }

    /// Checks that nothing runs, nothing was kept and nothing leaked.
    #[track_caller]
    pub(crate) fn assert_empty(&self) {
        assert_eq!(self.hcs(&["ls", "-aq"]).ok(), "");
        let garbage = self.hcs(&["gc", "--dry-run", "--format", "json"]).json();
        assert_eq!(garbage["Found"], serde_json::json!([]));
        assert_eq!(garbage["Failures"], serde_json::json!([]));
    }
}

fn folder() -> tempfile::TempDir {
    assert!(rustix::process::geteuid().is_root(), "this test makes containers: run it as root");
    // Not in /tmp: that may be a tmpfs, which has no id maps before Linux 6.3.
    tempfile::tempdir_in("/var/tmp").unwrap()
}

impl Engine {
    /// Ends what is left. In place of a panic, because this runs when a test has failed too.
    fn clear_away(&self) -> Result<(), String> {
        let hcs = |arguments: &[&str]| {
            let call = Running::try_start(&mut self.command(arguments)).map_err(|error| error.to_string())?;
            call.try_finish(PATIENCE)
        };
        if let Some(names) = &self.shared {
            for name in std::mem::take(&mut *names.lock().unwrap()) {
                // Mostly gone as it should be, and then this is refused.
                hcs(&["rm", "--force", &name])?;
            }
            return Ok(());
        }
        let left = hcs(&["ls", "-aq"])?.stdout;
        let ours: Vec<&str> = left.lines().collect();
        if !ours.is_empty() {
            hcs(&[&["rm", "--force"], &ours[..]].concat())?;
        }
        if !std::thread::panicking() {
            self.assert_empty();
        }
        // The engine's own cgroup too, which nobody will use again.
        hcs(&["gc"]).map(drop)
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        match self.clear_away() {
            Ok(()) => {}
            // A second panic would end the tests of all others.
            Err(problem) if std::thread::panicking() => eprintln!("{problem}"),
            Err(problem) => panic!("{problem}"),
        }
    }
}

/// See [`Engine::watch`].
pub(crate) struct Watch {
    watch: std::os::fd::OwnedFd,
    id: String,
}

impl Watch {
    /// Waits until the container is gone with all that it had.
    #[track_caller]
    pub(crate) fn wait(self) {
        let gone = Deadline::after(PATIENCE).readable(&self.watch);
        assert!(gone, "{} is still there after {PATIENCE:?}", self.id);
        let mut event = [0; 4096];
        assert!(rustix::io::read(&self.watch, &mut event).unwrap() > 0);
    }
}

/// A new FIFO. Open for both directions, so that neither opening it nor a few words into it wait for the other side.
pub(crate) fn fifo(path: &Path) -> File {
    rustix::fs::mknodat(CWD, path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    rustix::fs::open(path, OFlags::RDWR | OFlags::CLOEXEC, Mode::empty()).unwrap().into()
}

/// The folder of the helper programs: named by `HCS_LIBEXEC`, or they are built here, once.
pub(crate) fn libexec() -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT
        .get_or_init(|| {
            if let Some(path) = std::env::var_os("HCS_LIBEXEC") {
                return path.into();
            }
            let profile = Path::new(env!("CARGO_BIN_EXE_hcs")).parent().unwrap();
            let target = profile.parent().unwrap();
            let mut cargo = running::program(env!("CARGO"));
            cargo
                .args(["build", "--quiet", "--package", "hcs-init", "--package", "hcs-network"])
                .args(["--profile", "guest"])
                .args(["--target", "x86_64-unknown-linux-musl", "--target-dir"])
                .arg(target)
                // Cargo is the user's own: it has settings and a home.
                .envs(std::env::vars_os());
            let built = Running::start(&mut cargo).finish_within(PATIENCE_TO_BUILD);
            let help = "cannot build hcs-init: rustup target add x86_64-unknown-linux-musl";
            assert_eq!(built.code, 0, "{help}: {}", built.stderr);
            target.join("x86_64-unknown-linux-musl/guest")
        })
        .clone()
}
