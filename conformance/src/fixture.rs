//! What a host must say about itself before the suite can run on it.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use hcs_contract::{ComputeService, NetworkService};
use serde_json::Value;

/// The version of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Schema {
    /// `ContainerConfig`, `ProcessConfig`.
    One,
    /// `ComputeSystem`, `ProcessParameters`.
    Two,
}

impl Schema {
    /// Both, for cases that must hold in either.
    pub const BOTH: [Self; 2] = [Self::One, Self::Two];
}

/// What runs in the containers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GuestOs {
    /// Exit codes have 8 bits, signals are numbers.
    Linux,
    /// Exit codes have 32 bits, signals are control events.
    Windows,
}

/// A program by what it does; the fixture says how it is called.
///
/// Lines end with `\n` or `\r\n`, as the guest has it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Program {
    /// Ends with this code and says nothing.
    Exit(u32),
    /// Writes one line to each of its outputs (none where the text is empty), then ends with 0.
    Print {
        /// To the standard output.
        out: &'static str,
        /// To the standard error.
        err: &'static str,
    },
    /// Copies its input to its output, byte for byte, until the input ends; then ends with 0.
    Copy,
    /// Writes the line `ready` and waits until it is ended from outside.
    Hang,
    /// Writes the line `ready`, waits until it is asked to end (SIGTERM, a control event), and ends with 0. Its input
    /// is a pipe that stays open.
    EndWhenAsked,
    /// Writes `NAME=value` of its environment; nothing if there is no such variable.
    PrintEnvironment(&'static str),
    /// Writes the path of the folder that it runs in.
    PrintFolder,
    /// Writes the computer's name; letters may have another case than in the document.
    PrintHostName,
    /// Writes the line `ready`; then, for each line of input, `size WIDTHxHEIGHT` of its console.
    PrintConsoleSize,
    /// Writes the content of a file of the guest.
    PrintFile(String),
    /// Writes one line of text into a file of the guest. Its exit code is not looked at.
    WriteFile {
        /// Where.
        path: String,
        /// What.
        text: &'static str,
    },
    /// One that is not there, so that it can't be started.
    Missing,
}

/// A case that a host refuses, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// [`crate::Case::name`].
    pub case: &'static str,
    /// Why this host can't do it.
    pub reason: &'static str,
}

static LAST_ID: AtomicU64 = AtomicU64::new(0);

/// A host under test, with one kind of guest.
pub trait Fixture: fmt::Debug + Send + Sync {
    /// What tables call it.
    fn name(&self) -> &str;

    /// The host.
    fn service(&self) -> Arc<dyn ComputeService>;

    /// The same host as another program sees it. Hosts that live in one program only give themselves.
    fn other_client(&self) -> Arc<dyn ComputeService> {
        self.service()
    }

    /// The host's network service. Without one the cases of networks are left out.
    fn networks(&self) -> Option<Arc<dyn NetworkService>> {
        None
    }

    /// What runs in its containers.
    fn guest(&self) -> GuestOs;

    /// An id that no system of this host has or had.
    fn fresh_id(&self) -> String {
        let number = LAST_ID.fetch_add(1, Ordering::Relaxed) + 1;
        format!("conformance-{}-{number}", std::process::id())
    }

    /// The document of a container that can run every [`Program`]; a JSON object, which cases change.
    ///
    /// Its owner is `conformance`; with schema 1 its name is `id`.
    fn container(&self, schema: Schema, id: &str) -> Value;

    /// The document of a process; a JSON object without console and pipes, which cases add.
    fn process(&self, schema: Schema, program: &Program) -> Value;

    /// A folder of the guest that programs do not start in by default.
    fn guest_folder(&self) -> String;

    /// A new empty folder of the host, as documents name it, to be mapped into containers; the fixture removes it in
    /// the end. The second part is where the guest may have it.
    fn mapped_folder(&self) -> (String, String);

    /// How long one step may take; a case may take some of it. Short where a violation that hangs is looked for.
    fn patience(&self) -> Duration {
        Duration::from_mins(1)
    }

    /// The cases that this host refuses. An entry that is not met fails, as does a refusal without one.
    fn refusals(&self) -> &[Refusal] {
        &[]
    }
}
