//! Options of the commands that make containers and processes: run, create, exec.
//!
//! Flattened structs have plain comments: their doc comments would replace the command's own text in its help.

use std::num::NonZeroU64;
use std::path::PathBuf;

use clap::{ArgAction, Args};

use super::network::Connection;
use super::values::{self, Pair, Volume};
use crate::size;

#[derive(Args, Debug)]
#[command(
    override_usage = "hcs run [OPTIONS] IMAGE [ARG]...\n       hcs run [OPTIONS] -- PROGRAM [ARG]...",
    after_help = RUN_EXAMPLES
)]
pub(crate) struct Run {
    #[command(flatten)]
    pub(crate) program: Program,
    #[command(flatten)]
    pub(crate) container: Container,
    /// Remove the container, its record and its log when the program ends
    ///
    /// Without it the record stays for ls -a, inspect, logs and wait until rm.
    #[arg(long, help_heading = "Container")]
    pub(crate) rm: bool,
    /// Start this program in place of the image's entry point; empty: the arguments are the program
    #[arg(long, value_name = "PROGRAM", conflicts_with_all = ["rootfs", "config"], help_heading = "Container")]
    pub(crate) entrypoint: Option<String>,
    /// The program stands behind --, so it is no image. Not an option: what was typed says it.
    #[arg(skip)]
    pub(crate) is_program: bool,
    #[command(flatten)]
    pub(crate) process: Process,
    #[command(flatten)]
    pub(crate) streams: Streams,
}

impl Run {
    /// Looks at the words as they were typed: the first of the program's is an image unless -- stands before it, or
    /// another option says what the container is made of.
    pub(crate) fn look(&mut self, words: &[std::ffi::OsString]) {
        let before = words.len().checked_sub(self.program.argv.len() + 1).and_then(|at| words.get(at));
        let dashes = before.is_some_and(|word| word == "--");
        self.is_program = dashes || self.container.rootfs.is_some() || self.container.config.is_some();
    }

    /// The image that is to run.
    pub(crate) fn image(&self) -> Option<&str> {
        self.program.argv.first().filter(|_| !self.is_program).map(String::as_str)
    }
}

const RUN_EXAMPLES: &str = r"Examples:
  hcs run --rm -- cmd /c ver
  hcs run --rm -it debian:12 bash
  hcs run --rm --memory 256m --cpus 0.5 -v /srv/build:C:\build -w C:\build -- cmd /c build.cmd
  hcs run --rm -it --rootfs ./rootfs -- /bin/sh
  hcs run -d --name web --label team=a --rootfs ./rootfs -- /bin/httpd -f
  hcs run -d --name site -p 8080:80 -v /srv/site:C:\site -- C:\site\server.exe
  hcs run --rm --config container.json -- cmd /c set

Exit codes: the program's own, or 125 the container could not be made, 126 the program can't be run,
127 the program was not found, 255 the program's code is above 255 (printed on standard error).";

#[derive(Args, Debug)]
#[command(after_help = CREATE_EXAMPLES)]
pub(crate) struct Create {
    #[command(flatten)]
    pub(crate) container: Container,
}

const CREATE_EXAMPLES: &str = r"Examples:
  hcs create --name build --memory 1g
  hcs create --name box --rootfs ./rootfs -v /srv/data:/data:ro
  hcs create --config container.json";

#[derive(Args, Debug)]
#[command(override_usage = "hcs exec [OPTIONS] ID [--] PROGRAM [ARG]...", after_help = EXEC_EXAMPLES)]
pub(crate) struct Exec {
    /// Name of the container
    #[arg(value_name = "ID")]
    pub(crate) id: String,
    #[command(flatten)]
    pub(crate) program: Program,
    #[command(flatten)]
    pub(crate) process: Process,
    #[command(flatten)]
    pub(crate) streams: Streams,
}

const EXEC_EXAMPLES: &str = r"Examples:
  hcs exec build -- cmd /c dir C:\
  hcs exec -it box -- /bin/sh
  hcs exec -d box -- /bin/worker

Exit codes: as with run.";

// A program and its arguments.
#[derive(Args, Debug)]
pub(crate) struct Program {
    /// The program, and behind it its arguments, which are passed on as they are
    #[arg(value_name = "PROGRAM", required = true, num_args = 1.., trailing_var_arg = true)]
    pub(crate) argv: Vec<String>,
}

// Where a process's standard streams go.
#[derive(Args, Debug)]
#[command(next_help_heading = "Streams")]
pub(crate) struct Streams {
    /// Leave it running: print the container's name (exec: the process id) and return
    ///
    /// Its output goes to the container's log.
    #[arg(short, long, conflicts_with_all = ["interactive", "tty"])]
    pub(crate) detach: bool,
    /// Pass standard input on; without it the program's input is empty
    #[arg(short, long)]
    pub(crate) interactive: bool,
    /// Give the program a terminal
    #[arg(short, long)]
    pub(crate) tty: bool,
}

// What surrounds a process.
#[derive(Args, Debug)]
#[command(next_help_heading = "Process")]
pub(crate) struct Process {
    /// Set an environment variable; NAME alone passes on the value it has here
    #[arg(short, long = "env", value_name = "NAME[=VALUE]", action = ArgAction::Append, value_parser = values::variable)]
    pub(crate) environment: Vec<Pair>,
    /// Working directory inside
    #[arg(short, long, value_name = "DIR")]
    pub(crate) workdir: Option<String>,
    /// User inside: ContainerAdministrator or ContainerUser; Linux: NAME or UID, or either with :GROUP
    #[arg(long, value_name = "USER")]
    pub(crate) user: Option<String>,
}

// What a container is.
#[derive(Args, Debug)]
#[command(next_help_heading = "Container")]
pub(crate) struct Container {
    /// Name of the container; made up when not given
    #[arg(long, value_name = "ID")]
    pub(crate) name: Option<String>,
    /// Most memory, such as 512m or 1g
    #[arg(long, value_name = "SIZE", value_parser = size::mebibytes)]
    pub(crate) memory: Option<NonZeroU64>,
    /// Most processors' time, such as 0.5 or 2, up to what the host has
    #[arg(long, value_name = "NUMBER", value_parser = size::millicpus)]
    pub(crate) cpus: Option<NonZeroU64>,
    /// Processors of the host that its programs may run on, such as 0-3,6
    #[arg(long, value_name = "LIST")]
    pub(crate) cpuset: Option<String>,
    /// Show a folder of the host inside
    #[arg(short, long, value_name = "HOST:CONTAINER[:ro]", action = ArgAction::Append, value_parser = values::volume)]
    pub(crate) volume: Vec<Volume>,
    /// Mount the file system of a disk of the host inside: a raw image or a fixed VHD
    #[arg(long, value_name = "IMAGE:CONTAINER[:ro]", action = ArgAction::Append, value_parser = values::volume)]
    pub(crate) disk: Vec<Volume>,
    /// Host name inside
    #[arg(long, value_name = "NAME")]
    pub(crate) hostname: Option<String>,
    /// Windows version that programs see, such as 10.0.17763 (Windows containers)
    #[arg(long, value_name = "VERSION", conflicts_with = "rootfs")]
    pub(crate) os_version: Option<String>,
    /// Mark the container, for ls --filter label=KEY
    #[arg(long, value_name = "KEY[=VALUE]", action = ArgAction::Append, value_parser = values::label)]
    pub(crate) label: Vec<Pair>,
    /// Make a Linux container with this folder as its root
    #[arg(long, value_name = "DIR")]
    pub(crate) rootfs: Option<PathBuf>,
    /// Keep what the container writes, for hcs commit; one that is made of an image keeps it unless --rm is given
    #[arg(long, conflicts_with = "rootfs")]
    pub(crate) keep_scratch: bool,
    /// Make the container from this document, as it would be sent to Windows (schema 1 or 2; - is standard input)
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with_all = ["memory", "cpus", "cpuset", "volume", "disk", "hostname", "os_version", "label", "rootfs", "keep_scratch", "network", "ip", "mac", "dns", "publish"]
    )]
    pub(crate) config: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) connection: Connection,
}
