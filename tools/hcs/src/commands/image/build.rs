//! `hcs image build`: an image from a Dockerfile, its programs run in containers of this host.

use std::path::PathBuf;

use hcs_images::build::{Options, Runner};
use hcs_images::{Documents, Launch, Platform, Store};
use hcsshim::schema::LinuxHost;
use hcsshim::schema::compute::v1::{ContainerConfig, Layer};
use hcsshim::schema::compute::{OsType, SystemType};
use hcsshim::{Container, Host, Stdio};

use super::launch::{self, Ground};
use super::{Came, reference, store};
use crate::args::image::Build;
use crate::document::{OWNER, text};
use crate::failure::Failure;
use crate::host;
use crate::name;
use crate::printer::{self, Printer};
use crate::pump;

/// What an image without a name is called.
const BUILDING: &str = "that is being built";

pub(super) fn build(build: &Build, printer: Printer) -> Result<(), Failure> {
    let (store, name) = (store()?, reference(&build.tag)?);
    let host = host::open()?;
    let platform = platform(&host, build.platform.as_deref())?;
    let options = Options {
        context: build.context.clone(),
        file: build.file.clone().unwrap_or_else(|| build.context.join("Dockerfile")),
        arguments: build.arguments.iter().map(|pair| (pair.key.clone(), pair.value.clone())).collect(),
        platform,
    };
    let mut steps = Steps { host: &host, store: &store, ran: None };
    let built = store.build(&options, &name, &mut steps);
    let cleared = steps.done();
    let entry = built?;
    cleared?;
    printer.result(&Came::new(&entry))
}

/// For which system `FROM scratch` is: a Windows one stands on the Wine base.
fn platform(host: &Host, text: Option<&str>) -> Result<Platform, Failure> {
    let (os, os_version) = match text {
        None | Some("linux/amd64") => ("linux", String::new()),
        Some("windows/amd64") => ("windows", super::commit::host_version(host::engine(host, "image")?)?),
        Some(other) => {
            return Err(Failure::Usage {
                problem: format!("--platform {other}: images are built for linux/amd64 and windows/amd64"),
                hint: "choose one of them".into(),
            });
        }
    };
    Ok(Platform { os: os.into(), architecture: "amd64".into(), os_version, ..Platform::default() })
}

/// The steps of one build.
struct Steps<'a> {
    host: &'a Host,
    store: &'a Store,
    /// The container of the last program, whose record holds what it wrote.
    ran: Option<String>,
}

impl Runner for Steps<'_> {
    type Error = Failure;

    fn run(&mut self, documents: &Documents, program: &Launch) -> Result<(PathBuf, u32), Failure> {
        let engine = host::engine(self.host, "image build")?;
        let Ground { layers, os_version, .. } = launch::ground(self.host, self.store, documents, BUILDING)?;
        if layers.is_empty() {
            return Err(Failure::Usage {
                problem: "RUN in an image that has no files yet".into(),
                hint: "put a program into it by COPY first, or begin with another image".into(),
            });
        }
        let id = format!("build-{}", name::made_up());
        let mut document = ContainerConfig {
            system_type: SystemType::CONTAINER,
            name: id.clone(),
            owner: OWNER.into(),
            terminate_on_last_handle_closed: true,
            ..ContainerConfig::default()
        };
        if !documents.image.is_windows() {
            document.container_type = OsType::LINUX;
        }
        for path in &layers {
            document.layers.push(Layer { path: text(path)?, ..Layer::default() });
        }
        document.linux_host = Some(LinuxHost { os_version, keep_scratch: true, ..LinuxHost::default() });
        let container = self.host.create_container(&id, &document)?;
        self.ran = Some(id.clone());
        let status = run(&container, program)?;
        container.wait_timeout(self.host.deadlines().terminate)?;
        drop(container);
        if status.code() != 0 {
            return Err(Failure::Usage {
                problem: format!("{} ended with {status}", program.argv.join(" ")),
                hint: "what it printed stands above; nothing of this build is kept".into(),
            });
        }
        let written = engine.written(&id)?;
        Ok((written.folder, written.first_id))
    }

    fn done(&mut self) -> Result<(), Failure> {
        let Some(id) = self.ran.take() else { return Ok(()) };
        let engine = host::engine(self.host, "image build")?;
        if let Ok(container) = self.host.open_container(&id) {
            // Of a program that failed; what stays in spite of this is found by gc.
            let _ = container.terminate();
            let _ = container.wait_timeout(self.host.deadlines().terminate);
        }
        Ok(engine.remove(&id)?)
    }

    fn lowers(&mut self, documents: &Documents) -> Result<Vec<PathBuf>, Failure> {
        Ok(launch::ground(self.host, self.store, documents, BUILDING)?.files)
    }

    fn step(&mut self, number: usize, of: usize, text: &str) {
        printer::note(&format!("hcs: step {number} of {of}: {text}"));
    }
}

/// Runs the program, and ends the container with it. What it prints is no result, and goes to standard error.
fn run(container: &Container, program: &Launch) -> Result<hcsshim::ExitStatus, Failure> {
    container.start()?;
    let mut command = match &program.argv[..] {
        [line] if program.is_line => container.command("").command_line(line),
        [first, rest @ ..] => container.command(first).args(rest),
        [] => container.command(""),
    };
    command = command.envs(program.environment.iter().map(|(name, value)| (&**name, &**value)));
    if let Some(folder) = &program.folder {
        command = command.current_dir(folder);
    }
    if let Some(user) = &program.user {
        command = command.user(user);
    }
    let process = command.stdin(Stdio::Null).stdout(Stdio::Pipe).stderr(Stdio::Pipe).spawn();
    let process = process.map_err(Failure::Program)?;
    let mut outputs = Vec::new();
    for stream in [process.take_stdout()?, process.take_stderr()?].into_iter().flatten() {
        outputs.push(pump::output(stream, pump::standard_error()?)?);
    }
    let status = process.wait()?;
    // What it left running would hold the streams open.
    container.terminate()?;
    outputs.into_iter().try_for_each(pump::Output::finish)?;
    Ok(status)
}
