//! What the tests of whole systems share: an engine of their own with a root folder, and calls that wait.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::OnceLock;
use std::time::Duration;

use hcs_contract::{
    ComputeProcess, ComputeService, ComputeSystem, CreatedProcess, Hresult, Operation, ProcessStreams, Result,
};
use hcs_host_linux::{LinuxHost, Options};
use hcs_schema::Document;
use hcs_schema::compute::{ProcessStatus, v2};

/// Longer than anything here takes on a busy machine: a hang fails instead of hanging the run.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// The folder of `hcs-init` and `hcs-network`: named by `HCS_LIBEXEC`, or built here, once.
pub(crate) fn libexec() -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT
        .get_or_init(|| {
            if let Some(path) = std::env::var_os("HCS_LIBEXEC") {
                return path.into();
            }
            let mut folder = std::env::current_exe().unwrap();
            while !folder.join(".cargo-lock").exists() {
                assert!(
                    folder.pop(),
                    "the test is not in a target folder: set HCS_LIBEXEC to that of hcs-init"
                );
            }
            let target = folder.parent().unwrap().to_owned();
            #[expect(clippy::disallowed_methods, reason = "builds the program under test")]
            let built = std::process::Command::new(env!("CARGO"))
                .args(["build", "--quiet", "--package", "hcs-init", "--package", "hcs-network"])
                .args(["--profile", "guest"])
                .args(["--target", "x86_64-unknown-linux-musl", "--target-dir"])
                .arg(&target)
                .status()
                .unwrap();
            assert!(
                built.success(),
                "cannot build the helpers for x86_64-unknown-linux-musl (rustup target add it)"
            );
            target.join("x86_64-unknown-linux-musl/guest")
        })
        .clone()
}

/// For what comes at once or never: shorter than [`PATIENCE`], so that its absence is told from a test that hangs.
pub(crate) const SOON: Duration = Duration::from_secs(20);

/// An engine in folders of its own, and a root folder with busybox. Nothing of it is left when it is dropped.
pub(crate) struct Engine {
    folder: tempfile::TempDir,
    pub(crate) host: LinuxHost,
    pub(crate) root: PathBuf,
    netns: Option<PathBuf>,
}

impl Engine {
    pub(crate) fn new() -> Self {
        Self::prepared(|_folder| {})
    }

    /// An engine whose host's network is that of the namespace that `netns` stands for.
    #[allow(dead_code, reason = "the tests of networks have it")]
    pub(crate) fn in_network(netns: PathBuf) -> Self {
        Self::made(|_folder| {}, Some(netns))
    }

    /// `prepare` has the engine's folder before the engine has it.
    pub(crate) fn prepared(prepare: impl FnOnce(&Path)) -> Self {
        Self::made(prepare, None)
    }

    fn made(prepare: impl FnOnce(&Path), netns: Option<PathBuf>) -> Self {
        assert!(rustix::process::geteuid().is_root(), "these tests make containers and need root");
        let folder = tempfile::tempdir_in("/var/tmp").unwrap();
        let root = folder.path().join("rootfs");
        fs_err::create_dir_all(root.join("bin")).unwrap();
        fs_err::create_dir_all(root.join("tmp")).unwrap();
        let busybox = ["/bin/busybox", "/usr/bin/busybox"].into_iter().find(|path| Path::new(path).exists());
        let busybox = busybox.expect("busybox is missing: apt-get install busybox-static");
        fs_err::copy(busybox, root.join("bin/busybox")).unwrap();
        for name in
            ["sh", "true", "cat", "sleep", "echo", "id", "hostname", "pwd", "env", "stty", "date", "kill"]
        {
            fs_err::os::unix::fs::symlink("busybox", root.join("bin").join(name)).unwrap();
        }
        prepare(folder.path());
        let host = LinuxHost::open(Self::options(folder.path(), netns.clone())).unwrap();
        Self { folder, host, root, netns }
    }

    fn options(folder: &Path, netns: Option<PathBuf>) -> Options {
        Options {
            root: folder.join("state"),
            run: folder.join("run"),
            libexec: vec![libexec()],
            netns,
            ..Options::default()
        }
    }

    /// Another view of the same engine, as another program has it.
    pub(crate) fn other(&self) -> LinuxHost {
        LinuxHost::open(Self::options(self.folder.path(), self.netns.clone())).unwrap()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The schema 1 document of a Linux container on the root folder; `more` are further members.
    pub(crate) fn document(&self, more: &str) -> String {
        let comma = if more.is_empty() { "" } else { "," };
        format!(
            r#"{{"SystemType":"Container","Name":"test","Owner":"tests","ContainerType":"Linux","VolumePath":"{}"{comma}{more}}}"#,
            self.root.display()
        )
    }

    /// The schema 2 document of the same container; `more` are further members of its `Container`.
    pub(crate) fn document_2(&self, more: &str) -> String {
        let comma = if more.is_empty() { "" } else { "," };
        format!(
            r#"{{"Owner":"tests","SchemaVersion":{{"Major":2,"Minor":1}},
                "Container":{{"Storage":{{"Path":"{}"}}{comma}{more}}}}}"#,
            self.root.display()
        )
    }

    /// A container with this name of its host, from a document of either schema.
    pub(crate) fn named(&self, schema: u32, id: &str, host_name: &str) -> Arc<dyn ComputeSystem> {
        let document = match schema {
            1 => self.document(&format!(r#""HostName":"{host_name}""#)),
            _ => self.document_2(&format!(r#""GuestOs":{{"HostName":"{host_name}"}}"#)),
        };
        let system = self.try_create(id, &document).unwrap();
        done(&system.start(""));
        system
    }

    pub(crate) fn create(&self, id: &str, more: &str) -> Arc<dyn ComputeSystem> {
        self.try_create(id, &self.document(more)).unwrap()
    }

    pub(crate) fn try_create(&self, id: &str, document: &str) -> Result<Arc<dyn ComputeSystem>> {
        let (system, operation) = self.host.create_system(id, document)?;
        operation.wait(PATIENCE)?;
        Ok(system)
    }

    pub(crate) fn started(&self, id: &str, more: &str) -> Arc<dyn ComputeSystem> {
        let system = self.create(id, more);
        done(&system.start(""));
        system
    }

    /// Ends what still lives, so that a failed test leaves nothing.
    pub(crate) fn clear(&self) {
        for info in self.host.systems().unwrap_or_default() {
            if let Ok(system) = self.host.open_system(&info.id) {
                let _ = system.terminate("").wait(PATIENCE);
                drop(system);
            }
            let _ = self.host.remove(&info.id);
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let report = self.host.gc(true).unwrap();
            assert!(report.found.is_empty() && report.failures.is_empty(), "left behind: {report:?}");
        }
        self.clear();
        let _ = self.host.gc(false);
        if !std::thread::panicking() {
            assert!(!cgroup_exists(self.host.instance()), "the engine's cgroup is left behind");
        }
    }
}

pub(crate) fn cgroup_exists(instance: &str) -> bool {
    let mounts = fs_err::read_to_string("/proc/self/mountinfo").unwrap();
    mounts
        .lines()
        .filter(|line| line.contains(" - cgroup"))
        .filter_map(|line| line.split(' ').nth(4))
        .any(|mount| Path::new(mount).join(format!("hcs-{instance}")).exists())
}

/// The result of an operation that must not fail.
pub(crate) fn done<T: Clone + Send>(operation: &Operation<T>) -> T {
    operation.wait(PATIENCE).unwrap_or_else(|error| panic!("{error:?}"))
}

/// The code of an operation that must fail.
pub(crate) fn code<T: Clone + Send>(operation: &Operation<T>) -> u32 {
    match operation.wait(PATIENCE) {
        Ok(_) => panic!("{operation:?} did not fail"),
        Err(error) => error.hresult().0,
    }
}

pub(crate) const ALREADY_STOPPED: u32 = Hresult::HCS_E_SYSTEM_ALREADY_STOPPED.0;
pub(crate) const INVALID_STATE: u32 = Hresult::HCS_E_INVALID_STATE.0;
pub(crate) const CLOSED: u32 = Hresult::E_HANDLE.0;

/// Starts a process with pipes for the members that `parameters` names.
pub(crate) fn spawn(system: &Arc<dyn ComputeSystem>, parameters: &str) -> Arc<CreatedProcess> {
    done(&system.create_process(parameters, ProcessStreams::default()))
}

/// The parameters of `/bin/sh -c script` with pipes for input and output.
pub(crate) fn shell(script: &str) -> String {
    v2::ProcessParameters {
        command_args: vec!["/bin/sh".into(), "-c".into(), script.into()],
        create_std_in_pipe: true,
        create_std_out_pipe: true,
        create_std_err_pipe: true,
        ..v2::ProcessParameters::default()
    }
    .to_json()
}

/// All that a process writes, and its exit code.
pub(crate) fn finish(created: &CreatedProcess) -> (String, String, u32) {
    let read = |stream: Option<hcs_contract::Stream>| {
        let (send, receive) = std::sync::mpsc::channel();
        // A thread of its own, which may be left behind: a stream that never ends fails the test.
        std::thread::spawn(move || {
            let mut text = String::new();
            let result = stream.map(|mut stream| stream.read_to_string(&mut text)).transpose();
            let _ = send.send(result.map(|_| text));
        });
        receive
    };
    let output = read(created.information.take_stdout());
    let errors = read(created.information.take_stderr());
    let [output, errors] = [output, errors]
        .map(|text| text.recv_timeout(PATIENCE).expect("output that ends with its program").unwrap());
    (output, errors, exit_code(&*created.process))
}

/// What a script prints, and its exit code.
pub(crate) fn run(system: &Arc<dyn ComputeSystem>, script: &str) -> (String, u32) {
    let created = spawn(system, &shell(script));
    let (out, errors, code) = finish(&created);
    assert_eq!(errors, "", "{script}");
    (out, code)
}

pub(crate) fn exit_code(process: &dyn ComputeProcess) -> u32 {
    let status = ProcessStatus::from_json(&done(&process.wait_exit())).unwrap();
    assert!(status.exited);
    status.exit_code
}

pub(crate) fn state(system: &Arc<dyn ComputeSystem>) -> String {
    let properties: serde_json::Value = serde_json::from_str(&done(&system.properties(""))).unwrap();
    properties["State"].as_str().unwrap().to_owned()
}

/// Process id of a live system's supervisor: the parent of its process 1.
pub(crate) fn supervisor_of(host: &LinuxHost, id: &str) -> u32 {
    let init = host.inspect(id).unwrap().init_pid.unwrap();
    let status = fs_err::read_to_string(format!("/proc/{init}/status")).unwrap();
    status.lines().find_map(|line| line.strip_prefix("PPid:")).unwrap().trim().parse().unwrap()
}

/// A process whose end can be waited for, whoever reaps it.
pub(crate) struct Ended(std::os::fd::OwnedFd);

impl Ended {
    pub(crate) fn of(pid: u32) -> Self {
        let pid = rustix::process::Pid::from_raw(pid.cast_signed()).unwrap();
        Self(rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::empty()).unwrap())
    }

    pub(crate) fn wait(&self) {
        self.wait_or(|| ());
    }

    /// The same, and does something before it fails.
    pub(crate) fn wait_or(&self, otherwise: impl FnOnce()) {
        let mut fds = [rustix::event::PollFd::new(&self.0, rustix::event::PollFlags::IN)];
        let limit = rustix::event::Timespec::try_from(PATIENCE).unwrap();
        let ended = rustix::event::poll(&mut fds, Some(&limit)).unwrap() == 1;
        if !ended {
            otherwise();
        }
        assert!(ended, "the process is still there");
    }
}

/// Kills a process and waits until it is gone.
pub(crate) fn kill_and_wait(pid: u32) {
    let process = Ended::of(pid);
    rustix::process::pidfd_send_signal(&process.0, rustix::process::Signal::KILL).unwrap();
    process.wait();
}
