//! What the tests of Windows containers share: a base, a silo over it, and calls that wait.
#![allow(unreachable_pub, reason = "shared by several test programs")]
#![allow(dead_code, reason = "each test program uses a part of it")]
#![allow(clippy::unwrap_used, reason = "a helper that fails fails the test")]

use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use hcs_contract::Deadline;
use hcs_guest_protocol::{Console, CreateProcess};
use hcs_host_linux::wine::{
    Base, BaseStore, GuestFiles, Identity, LaunchCommand, PREFIX_INSIDE, Sandbox, WineError, WineInstall,
    agent_command, launcher_command,
};
use hcs_silo::client::{ClientError, Connection, Launcher, Outcome};
use hcs_silo::protocol::{Event, Process, ProcessExit, Program, Reply, Request, Stream};
use hcs_silo::spec::{Command, Guest, IdRange, Mount, Root, Seccomp, Source, Spec};

/// Longer than anything here takes on a busy machine; a hang fails instead of hanging the run.
pub const PATIENCE: Duration = Duration::from_mins(1);

const FIRST_ID: u32 = 700_000;

/// What `./x` has built, in the folder that the environment names; builds it where there is none.
fn built(name: &str, build: impl FnOnce(&Path) -> PathBuf) -> PathBuf {
    if let Some(folder) = std::env::var_os("HCS_LIBEXEC") {
        return Path::new(&folder).join(name);
    }
    let mut folder = std::env::current_exe().unwrap();
    while !folder.join(".cargo-lock").exists() && folder.pop() {}
    build(folder.parent().unwrap())
}

#[expect(clippy::disallowed_methods, reason = "builds the programs under test")]
fn tool(program: &str, arguments: &[&str]) {
    let status = std::process::Command::new(program)
        .args(arguments)
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../../crates/host-linux"))
        .status();
    let status = status.unwrap_or_else(|error| panic!("{program}: {error}; `./x test` installs it"));
    assert!(status.success(), "{program} {arguments:?}: {status}");
}

fn cargo(package: &str, target: &str, file: &str, folder: &Path) -> PathBuf {
    let common = ["build", "--quiet", "--profile", "guest", "--package", package, "--target", target];
    tool(env!("CARGO"), &[&common[..], &["--target-dir", folder.to_str().unwrap()]].concat());
    folder.join(target).join("guest").join(file)
}

pub fn supervisor() -> PathBuf {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    let build = |folder: &Path| cargo("hcs-init", "x86_64-unknown-linux-musl", "hcs-init", folder);
    PATH.get_or_init(|| built("hcs-init", build)).clone()
}

/// The files that go into a base.
pub fn guest_files() -> GuestFiles {
    static FILES: OnceLock<GuestFiles> = OnceLock::new();
    let make = || GuestFiles {
        agent: built("agent.exe", |folder| cargo("hcs-agent", "x86_64-pc-windows-gnu", "agent.exe", folder)),
        bcryptprimitives: built("bcryptprimitives.dll", |_| {
            let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../guest/bcryptprimitives");
            let source =
                |kind: &str| source.join("bcryptprimitives").with_extension(kind).display().to_string();
            let dll = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bcryptprimitives.dll");
            let options = "-shared -Os -s -nostdlib -nostartfiles -Wl,--entry=0 -Wl,--file-alignment=4096 \
                           -Wl,--no-insert-timestamp -o";
            let options: Vec<&str> = options.split(' ').collect();
            let files = [dll.to_str().unwrap(), &source("c"), &source("def"), "-ladvapi32"];
            tool("x86_64-w64-mingw32-gcc", &[&options[..], &files].concat());
            dll
        }),
    };
    FILES.get_or_init(make).clone()
}

/// The base that all tests use; kept from run to run.
pub fn base() -> Base {
    make_base(&Path::new(env!("CARGO_TARGET_TMPDIR")).join("bases"))
        .unwrap_or_else(|error| panic!("{error:?}"))
}

/// The base in the store in `folder`, made if need be.
pub fn make_base(folder: &Path) -> Result<Base, WineError> {
    assert!(rustix::process::geteuid().is_root(), "these tests make containers and need root");
    let wine = WineInstall::find().unwrap_or_else(|error| panic!("{error}"));
    let sandbox = sandbox();
    let base = BaseStore::new(folder).ensure(
        &wine,
        &guest_files(),
        &sandbox,
        Deadline::after(4 * PATIENCE),
        &mut |_| {},
    );
    remove_instance(&sandbox.instance);
    base
}

/// Ends what is left of a test's instance, and removes its cgroups.
fn remove_instance(name: &str) {
    let hierarchies = hcs_silo::cgroup::Hierarchies::detect().unwrap();
    let instance = hcs_silo::cgroup::Instance::open(&hierarchies, "", name).unwrap();
    for system in instance.systems().unwrap() {
        let cgroup = instance.system(&system).unwrap();
        let _ = cgroup.kill();
        let _ = cgroup.remove_when_empty(PATIENCE);
    }
    let _ = instance.engine().unwrap().remove_when_empty(PATIENCE);
    let _ = instance.remove();
}

/// Where set-ups run.
pub fn sandbox() -> Sandbox {
    Sandbox {
        supervisor: supervisor(),
        cgroup_parent: String::new(),
        instance: format!("base-{}-{:?}", std::process::id(), std::thread::current().id())
            .replace(['(', ')'], ""),
    }
}

/// Folder that holds `probe.exe`, `needy.exe` and `server.exe`.
pub fn probe() -> PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    let make = || {
        let place = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let library = place.join(format!("nowhere-{}.a", std::process::id()));
        let library = library.to_str().unwrap();
        tool("x86_64-w64-mingw32-dlltool", &["--def", "tests/guest/nowhere.def", "--output-lib", library]);
        let folder = place.join("probe");
        fs_err::create_dir_all(&folder).unwrap();
        for (program, libraries) in [("probe", &[][..]), ("needy", &[library]), ("server", &["-lws2_32"])] {
            // Built aside and renamed: several test programs may do this at once.
            let half = place.join(format!("{program}-{}.exe", std::process::id()));
            let source = format!("tests/guest/{program}.c");
            let options = ["-O1", "-Wall", "-Werror", "-s", "-o", half.to_str().unwrap(), &source];
            tool("x86_64-w64-mingw32-gcc", &[&options[..], libraries].concat());
            fs_err::rename(half, folder.join(program).with_extension("exe")).unwrap();
        }
        fs_err::remove_file(library).unwrap();
        folder
    };
    FOLDER.get_or_init(make).clone()
}

/// Folders of one silo, removed with it.
#[derive(Debug)]
pub struct Place {
    folder: tempfile::TempDir,
    instance: String,
}

impl Place {
    pub fn new() -> Self {
        let folder = tempfile::tempdir_in("/var/tmp").unwrap();
        let name = folder.path().file_name().unwrap().to_str().unwrap().trim_start_matches('.').to_owned();
        Self { instance: format!("test-{name}"), folder }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A container whose writes are there for the next one of the same id.
    pub fn lasting_spec(&self, id: &str) -> Spec {
        let mut spec = self.spec(id, &Identity::default());
        for mount in &mut spec.mounts {
            if let Source::Overlay { volatile, .. } = &mut mount.source {
                *volatile = false;
            }
        }
        spec
    }

    /// A container that Wine's own boot program boots, services and all.
    pub fn stock_spec(&self, id: &str, identity: &Identity) -> Spec {
        let spec = self.spec(id, identity);
        let registry = base().prefix().join("user.reg");
        let text = fs_err::read_to_string(registry).unwrap();
        let stock = text.replace("\"wineboot.exe\"=\"native\"", "\"wineboot.exe\"=\"builtin\"");
        assert!(stock != text);
        let file = self.path(&format!("{id}-upper")).join("user.reg");
        fs_err::write(&file, stock).unwrap();
        std::os::unix::fs::chown(&file, Some(FIRST_ID), Some(FIRST_ID)).unwrap();
        spec
    }

    /// A Windows container over the base, with the probe in `C:\probe`.
    pub fn spec(&self, id: &str, identity: &Identity) -> Spec {
        let base = base();
        let folder = self.path(id);
        let (upper, work) = (self.path(&format!("{id}-upper")), self.path(&format!("{id}-work")));
        for folder in [&folder, &upper, &work] {
            fs_err::create_dir_all(folder).unwrap();
        }
        for folder in [&upper, &work] {
            std::os::unix::fs::chown(folder, Some(FIRST_ID), Some(FIRST_ID)).unwrap();
        }
        let bind = |path: PathBuf| Source::Bind { path, id_mapped: true };
        let mount = |target: String, source, read_only| Mount { target, source, read_only };
        let loader = &base.info().loader;
        Spec {
            id: id.into(),
            directory: folder,
            cgroup_parent: String::new(),
            instance: self.instance.clone(),
            cgroup: id.into(),
            limits: hcs_silo::cgroup::Limits::default(),
            hostname: if identity.host_name.is_empty() { "container" } else { &identity.host_name }.into(),
            root: Root { source: bind(base.root()), read_only: true },
            mapped: Vec::new(),
            mounts: vec![
                mount("/tmp".into(), Source::Tmpfs { size: 1 << 26, mode: 0o1777 }, false),
                mount("/run".into(), Source::Tmpfs { size: 1 << 20, mode: 0o755 }, false),
                mount(
                    PREFIX_INSIDE.into(),
                    Source::Overlay { lowers: vec![base.prefix()], upper, work, volatile: true },
                    false,
                ),
                mount(format!("{PREFIX_INSIDE}/drive_c/probe"), bind(probe()), true),
            ],
            ids: Some(IdRange { base: FIRST_ID, length: 65_536 }),
            capabilities: 0,
            seccomp: Seccomp::Windows,
            guest: Guest::Windows {
                agent: command(agent_command(loader, identity)),
                launcher: command(launcher_command(loader, identity)),
                registry: Vec::new(),
                pipes: Vec::new(),
            },
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
}

impl Drop for Place {
    fn drop(&mut self) {
        remove_instance(&self.instance);
    }
}

fn command(launch: LaunchCommand) -> Command {
    Command { argv: launch.argv, env: launch.env }
}

/// A running Windows container.
pub struct System {
    connection: Arc<Connection>,
    events: Arc<Mutex<Vec<Option<Event>>>>,
    pub spec: Spec,
    place: Option<Place>,
}

/// A program's output and exit code.
#[derive(Debug, PartialEq, Eq)]
pub struct Ran {
    pub stdout: String,
    pub stderr: String,
    pub code: u32,
}

impl System {
    /// With the default identity, in a place of its own.
    pub fn new() -> Self {
        Self::of(&Identity::default())
    }

    pub fn of(identity: &Identity) -> Self {
        let place = Place::new();
        let spec = place.spec("a", identity);
        let mut system = Self::start(spec);
        system.place = Some(place);
        system
    }

    pub fn start(spec: Spec) -> Self {
        let connection = Launcher::new(supervisor()).launch(&spec).unwrap_or_else(|error| {
            panic!("{error}: {:?}", std::error::Error::source(&error).map(ToString::to_string))
        });
        let events = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&events);
        connection.listen(move |event| sink.lock().unwrap().push(event));
        let system = Self { connection, events, spec, place: None };
        system.ask(Request::Start).unwrap();
        system
    }

    pub fn ask(&self, request: Request) -> Result<Reply, ClientError> {
        self.ask_with(request).map(|(reply, _)| reply)
    }

    fn ask_with(&self, request: Request) -> Outcome {
        let slot = Arc::new(Mutex::new(None));
        let answer = Arc::clone(&slot);
        let keep = Box::new(move |outcome| *answer.lock().unwrap() = Some(outcome));
        self.connection.request(request, &[], keep);
        let done = || slot.lock().unwrap().is_some();
        assert!(self.connection.drive(Some(Instant::now() + PATIENCE), &done) || done(), "no answer");
        slot.lock().unwrap().take().unwrap()
    }

    fn until<T>(&self, wanted: impl Fn(&Option<Event>) -> Option<T>) -> T {
        let find = || self.events.lock().unwrap().iter().find_map(&wanted);
        self.connection.drive(Some(Instant::now() + PATIENCE), &|| find().is_some());
        find().expect("the event did not come")
    }

    /// Starts a program with pipes for all streams.
    pub fn spawn(&self, program: CreateProcess) -> Result<Running<'_>, ClientError> {
        self.spawn_on(program, None)
    }

    pub fn spawn_on(
        &self,
        program: CreateProcess,
        console: Option<Console>,
    ) -> Result<Running<'_>, ClientError> {
        let streams = if console.is_some() { [Stream::Null; 3] } else { [Stream::Pipe; 3] };
        let process = Process { program: Program::Windows(program), streams, console };
        let (reply, fds) = self.ask_with(Request::CreateProcess(process))?;
        let Reply::Process { process, pid, .. } = reply else { panic!("{reply:?}") };
        Ok(Running { system: self, process, pid, fds })
    }

    /// Runs a command line to its end.
    pub fn run(&self, command_line: &str) -> Ran {
        self.run_program(line(command_line)).unwrap_or_else(|error| panic!("{command_line}: {error:?}"))
    }

    pub fn run_program(&self, program: CreateProcess) -> Result<Ran, ClientError> {
        Ok(self.spawn(program)?.finish(Vec::new()).0)
    }

    /// What the agent says when it refuses: the call and the Windows code.
    pub fn refusal(&self, program: CreateProcess) -> (String, u32) {
        match self.spawn(program) {
            Err(ClientError::Refused(hcs_silo::protocol::Failure::Windows { call, code })) => (call, code),
            Err(other) => panic!("{other:?}"),
            Ok(_) => panic!("it was started"),
        }
    }

    pub fn exit_of(&self, process: u32) -> ProcessExit {
        self.until(|event| match event {
            Some(Event::ProcessExited { process: ended, exit }) if *ended == process => Some(*exit),
            _ => None,
        })
    }

    /// Command lines of every process in the container, those of the session included, by the kernel's view.
    pub fn kernel_processes(&self) -> Vec<String> {
        let cgroup = format!("/hcs-{}/{}", self.spec.instance, self.spec.cgroup);
        let inside = |folder: &Path| {
            fs_err::read_to_string(folder.join("cgroup"))
                .is_ok_and(|text| text.lines().any(|line| line.contains(&cgroup)))
        };
        let folders = fs_err::read_dir("/proc").unwrap().flatten().map(|entry| entry.path());
        let line = |folder: PathBuf| fs_err::read_to_string(folder.join("cmdline")).ok();
        folders.filter(|folder| inside(folder)).filter_map(line).collect()
    }

    /// Waits for the end of the system itself.
    pub fn exited(&self) -> hcs_silo::protocol::Exit {
        self.until(|event| match event {
            Some(Event::Exited(exit)) => Some(*exit),
            _ => None,
        })
    }
}

impl Drop for System {
    fn drop(&mut self) {
        let removed = until_removed(&self.spec.directory);
        let _ = self.ask(Request::Terminate);
        // A stopped system is forgotten with its last handle.
        self.connection.close();
        removed();
    }
}

/// Watches a folder from now on; the function returned waits until it is removed.
fn until_removed(path: &Path) -> impl FnOnce() {
    use rustix::fs::inotify;
    let watch = inotify::init(inotify::CreateFlags::CLOEXEC).unwrap();
    let there = inotify::add_watch(&watch, path, inotify::WatchFlags::DELETE_SELF).is_ok();
    move || {
        let mut fds = [rustix::event::PollFd::new(&watch, rustix::event::PollFlags::IN)];
        let limit = rustix::event::Timespec { tv_sec: 60, tv_nsec: 0 };
        assert!(!there || rustix::event::poll(&mut fds, Some(&limit)).unwrap() == 1, "the system stays");
    }
}

/// A command line as a request.
pub fn line(command_line: &str) -> CreateProcess {
    CreateProcess { command_line: command_line.into(), ..CreateProcess::default() }
}

/// A running program.
pub struct Running<'a> {
    pub system: &'a System,
    pub process: u32,
    pub pid: u32,
    pub fds: Vec<OwnedFd>,
}

impl Running<'_> {
    /// Reads a line of its output.
    pub fn line(&mut self) -> String {
        let mut line = String::new();
        let mut byte = [0];
        loop {
            readable(&self.fds[1], &line);
            if rustix::io::read(&self.fds[1], &mut byte).unwrap() == 0 || byte[0] == b'\n' {
                break;
            }
            line.push(char::from(byte[0]));
        }
        line.trim_end().to_owned()
    }

    /// Feeds and closes its input, reads its output and error to the end, and waits for its exit.
    pub fn finish(self, input: Vec<u8>) -> (Ran, Vec<u8>) {
        let mut fds = self.fds.into_iter();
        let mut stream = || std::fs::File::from(fds.next().unwrap());
        let (mut stdin, mut stdout, mut stderr) = (stream(), stream(), stream());
        let writer = std::thread::spawn(move || stdin.write_all(&input));
        let reader = std::thread::spawn(move || {
            let mut bytes = Vec::new();
            stderr.read_to_end(&mut bytes).map(|_| bytes)
        });
        let mut bytes = vec![0; 1 << 16];
        let close = Request::CloseStream { process: self.process, stream: 0 };
        // The supervisor's own end goes when ours does; one that has ended already has none.
        let _ = self.system.ask(close);
        let mut filled = 0;
        loop {
            readable(&stdout, "");
            let count = stdout.read(&mut bytes[filled..]).unwrap();
            if count == 0 {
                break;
            }
            filled += count;
            if filled == bytes.len() {
                bytes.resize(2 * filled, 0);
            }
        }
        bytes.truncate(filled);
        writer.join().unwrap().unwrap();
        let stderr = String::from_utf8_lossy(&reader.join().unwrap().unwrap()).replace("\r\n", "\n");
        let code = self.system.exit_of(self.process).code;
        (Ran { stdout: String::from_utf8_lossy(&bytes).replace("\r\n", "\n"), stderr, code }, bytes)
    }

    pub fn exit_code(&self) -> u32 {
        self.system.exit_of(self.process).code
    }
}

/// The master of a console's terminal.
pub struct Terminal {
    file: std::fs::File,
    raw: Vec<u8>,
    seen: String,
}

impl Terminal {
    pub fn new(running: &Running<'_>) -> Self {
        Self { file: running.fds[0].try_clone().unwrap().into(), raw: Vec::new(), seen: String::new() }
    }

    /// All that has come.
    pub fn seen(&self) -> &str {
        &self.seen
    }

    pub fn send(&mut self, text: &str) {
        self.file.write_all(text.as_bytes()).unwrap();
    }

    /// Reads until the text has come.
    pub fn until(&mut self, text: &str) {
        let mut buffer = [0; 4096];
        while !self.seen.contains(text) {
            readable(&self.file, &self.seen);
            let n = self.file.read(&mut buffer).unwrap();
            self.raw.extend_from_slice(&buffer[..n]);
            self.seen = plain(&self.raw);
        }
    }
}

/// Waits until there is something to read, or the end.
fn readable(stream: &impl std::os::fd::AsFd, before: &str) {
    let limit = rustix::event::Timespec::try_from(PATIENCE).unwrap();
    let mut fds = [rustix::event::PollFd::new(stream, rustix::event::PollFlags::IN)];
    assert_eq!(rustix::event::poll(&mut fds, Some(&limit)).unwrap(), 1, "nothing more after {before:?}");
}

/// Image names of the list.
pub fn images(system: &System) -> Vec<String> {
    let Reply::Processes(rows) = system.ask(Request::Processes).unwrap() else { panic!("no list") };
    rows.into_iter().map(|row| row.image).collect()
}

/// Terminal output without its control sequences, which come between single characters.
fn plain(output: &[u8]) -> String {
    let text = String::from_utf8_lossy(output);
    let mut plain = String::new();
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        if c != '\x1b' {
            plain.push(c);
        } else if rest.next() == Some('[') {
            let is_final = |c: char| ('@'..='~').contains(&c);
            let sequence: String = rest.by_ref().take_while(|&c| !is_final(c)).collect();
            // "One column to the right" is how a blank is written.
            if sequence == "1" {
                plain.push(' ');
            }
        }
    }
    plain
}
