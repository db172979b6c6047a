//! The client at which the faults happen: a program of its own, which does all that a client does with a system, says
//! what came of each part, and may be killed at any moment.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use hcs_contract::{ComputeService, ComputeSystem, CreatedProcess, Error, ProcessStreams, Result};
use hcs_host_linux::{LinuxHost, Options};
use hcs_schema::Document as _;
use hcs_schema::compute::v2::ProcessParameters;

use super::support::{PATIENCE, kill_and_wait};

/// Where the client works, and with which supervisor.
const FOLDER: &str = "HCS_TEST_FOLDER";
const LIBEXEC: &str = "HCS_TEST_LIBEXEC";
/// The Wine base of a client of Windows containers.
const BASE: &str = "HCS_TEST_BASE";

/// What happened, one line each: `phase NAME`, `ok`, `failed CODE TEXT`.
pub(crate) const REPORT: &str = "report";

/// A part of what the client does, with a system of that id, which is gone when the part has succeeded.
type Phase = (&'static str, fn(&Client, &str) -> Result<()>);

const LINUX: &[Phase] = &[
    ("whole", Client::whole_life),
    ("bound", Client::bound_to_its_handle),
    ("asked", Client::asked_to_end),
    ("orphan", Client::orphan),
    ("reused", Client::reused),
];

const WINDOWS: &[Phase] = &[("win-whole", Client::whole_life), ("win-asked", Client::asked_to_end)];

struct Client {
    host: LinuxHost,
    folder: PathBuf,
    base: Option<PathBuf>,
}

/// The engine of a client in `folder`.
pub(crate) fn options(folder: &Path, libexec: PathBuf) -> Options {
    Options {
        root: folder.join("state"),
        run: folder.join("run"),
        libexec: vec![libexec],
        ..Options::default()
    }
}

/// The program that is a client there.
#[expect(clippy::disallowed_methods, reason = "a client to be killed")]
pub(crate) fn command(folder: &Path, libexec: &Path, base: Option<&Path>) -> std::process::Command {
    let mut command = std::process::Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "victim::client", "--ignored", "--nocapture"])
        .env(FOLDER, folder)
        .env(LIBEXEC, libexec)
        .env_remove(BASE)
        .envs(base.map(|base| (BASE, base)))
        .stdout(std::process::Stdio::null());
    command
}

/// The document of a system: of everything that leaves traces there is something in it.
pub(crate) fn document(folder: &Path, base: Option<&Path>, kept: bool, bound: bool) -> String {
    match base {
        None => format!(
            r#"{{"SystemType":"Container","ContainerType":"Linux","Layers":[{{"ID":"1","Path":"{}/rootfs"}}],
                "MemoryMaximumInMB":64,"TerminateOnLastHandleClosed":{bound},
                "LinuxHost":{{"KeepAfterExit":{kept},"UserNamespace":"Auto"}}}}"#,
            folder.display()
        ),
        Some(base) => format!(
            r#"{{"Owner":"tests","SchemaVersion":{{"Major":2,"Minor":1}},"LinuxHost":{{"KeepAfterExit":{kept}}},
                "ShouldTerminateOnLastHandleClosed":{bound},"Container":{{"Memory":{{"SizeInMB":512}},
                "Storage":{{"Layers":[{{"Path":"{}"}}]}}}}}}"#,
            base.display()
        ),
    }
}

#[test]
#[ignore = "the client at which the faults of points.rs happen"]
fn client() {
    let folder = PathBuf::from(std::env::var_os(FOLDER).unwrap());
    hcs_fault::role(hcs_fault::Role::Client, std::process::id());
    let host = LinuxHost::open(options(&folder, std::env::var_os(LIBEXEC).unwrap().into())).unwrap();
    let base = std::env::var_os(BASE).map(PathBuf::from);
    let phases = if base.is_some() { WINDOWS } else { LINUX };
    let client = Client { host, folder, base };
    for (id, phase) in phases {
        client.report(&format!("phase {id}"));
        match phase(&client, id) {
            Ok(()) => client.report("ok"),
            Err(error) => {
                client.report(&format!("failed {:#010x} {}", error.hresult().0, whole_text(&error)));
            }
        }
        if hcs_fault::session::happened() {
            return;
        }
    }
}

fn whole_text(error: &Error) -> String {
    // The second form has the causes and events too.
    format!("{error} {error:?}").replace('\n', " ")
}

impl Client {
    fn report(&self, line: &str) {
        use std::io::Write as _;
        let path = self.folder.join(REPORT);
        let mut file = fs_err::OpenOptions::new().append(true).create(true).open(path).unwrap();
        writeln!(file, "{line}").unwrap();
    }

    fn create(&self, id: &str, kept: bool, bound: bool) -> Result<Arc<dyn ComputeSystem>> {
        let document = document(&self.folder, self.base.as_deref(), kept, bound);
        let (system, operation) = self.host.create_system(id, &document)?;
        operation.wait(PATIENCE)?;
        Ok(system)
    }

    fn started(&self, id: &str, kept: bool, bound: bool) -> Result<Arc<dyn ComputeSystem>> {
        let system = self.create(id, kept, bound)?;
        system.start("").wait(PATIENCE)?;
        Ok(system)
    }

    fn process(
        &self,
        system: &Arc<dyn ComputeSystem>,
        script: &str,
        pipes: bool,
    ) -> Result<Arc<CreatedProcess>> {
        let windows = self.base.is_some();
        let parameters = ProcessParameters {
            command_line: if windows { format!("cmd /c {script}") } else { String::new() },
            command_args: if windows {
                Vec::new()
            } else {
                ["/bin/sh", "-c", script].map(String::from).to_vec()
            },
            create_std_in_pipe: pipes,
            create_std_out_pipe: pipes,
            ..ProcessParameters::default()
        };
        system.create_process(&parameters.to_json(), ProcessStreams::default()).wait(PATIENCE)
    }

    fn finished(process: &CreatedProcess) -> Result<()> {
        process.process.wait_exit().wait(PATIENCE).map(drop)
    }

    /// Everything, to the removal of the record.
    fn whole_life(&self, id: &str) -> Result<()> {
        let system = self.started(id, true, false)?;
        Self::finished(&*self.process(&system, "echo to the log", false)?)?;
        let sleeper = self.process(&system, if self.base.is_some() { "pause" } else { "cat" }, true)?;
        let memory = r#"{"ResourcePath":"Container/Memory/SizeInMB","RequestType":"Update","Settings":600}"#;
        system.modify(memory).wait(PATIENCE)?;
        system.pause("").wait(PATIENCE)?;
        system.resume("").wait(PATIENCE)?;
        system.properties(r#"{"PropertyTypes":["Statistics","ProcessList"]}"#).wait(PATIENCE)?;
        sleeper.process.terminate("").wait(PATIENCE)?;
        Self::finished(&sleeper)?;
        drop(sleeper);
        system.terminate("").wait(PATIENCE)?;
        system.wait_exit().wait(PATIENCE)?;
        drop(system);
        self.host.remove(id)
    }

    fn bound_to_its_handle(&self, id: &str) -> Result<()> {
        let system = self.started(id, false, true)?;
        drop(self.process(&system, "sleep 100", false)?);
        drop(system);
        self.gone(id)
    }

    fn asked_to_end(&self, id: &str) -> Result<()> {
        let system = self.started(id, false, false)?;
        system.shutdown("").wait(PATIENCE)?;
        system.wait_exit().wait(PATIENCE)?;
        drop(system);
        self.gone(id)
    }

    /// Its supervisor is killed, and its record tells.
    fn orphan(&self, id: &str) -> Result<()> {
        let system = self.started(id, true, false)?;
        self.kill_supervisor(id);
        drop(system);
        let record = self.host.open_system(id)?;
        record.wait_exit().wait(PATIENCE)?;
        drop(record);
        self.host.remove(id)
    }

    /// Its supervisor is killed, and the next of its name takes what is left over.
    fn reused(&self, id: &str) -> Result<()> {
        let system = self.started(id, false, false)?;
        self.kill_supervisor(id);
        drop(system);
        let system = self.started(id, false, false)?;
        system.terminate("").wait(PATIENCE)?;
        drop(system);
        self.gone(id)
    }

    fn kill_supervisor(&self, id: &str) {
        // Process 1's parent. One that a fault has killed is dead enough.
        let init = self.host.inspect(id).ok().and_then(|info| info.init_pid);
        let status = init.and_then(|init| fs_err::read_to_string(format!("/proc/{init}/status")).ok());
        let parent = status.and_then(|status| {
            status.lines().find_map(|line| line.strip_prefix("PPid:")).and_then(|pid| pid.trim().parse().ok())
        });
        if let Some(supervisor @ 2..) = parent {
            hcs_fault::role(hcs_fault::Role::Init, 0);
            hcs_fault::role(hcs_fault::Role::Supervisor, 0);
            kill_and_wait(supervisor);
        }
    }

    /// Waits for the end of a system that nobody has open, and sees that it is gone.
    fn gone(&self, id: &str) -> Result<()> {
        match self.host.open_system(id) {
            Err(error) if error.is_not_exist() => Ok(()),
            Err(error) => Err(error),
            Ok(system) => {
                let properties = system.properties("").wait(PATIENCE);
                panic!("{id} is still there: {properties:?}")
            }
        }
    }
}
