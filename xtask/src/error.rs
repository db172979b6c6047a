//! What can go wrong in a developer action. Each message names the object and the step; the cause is the source.

use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;

/// Why an action stopped.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// A file could not be read or written; the inner error names the path.
    #[error(transparent)]
    File(#[from] std::io::Error),
    /// A program could not be started at all.
    #[error("cannot start {program}; is it installed?")]
    Start { program: String, source: std::io::Error },
    /// A program ran and said no.
    #[error("`{line}` ended with {status}")]
    Failed { line: String, status: ExitStatus },
    /// A program was ended because it took too long.
    #[error("`{line}` was ended after its {} s", limit.as_secs())]
    TooSlow { line: String, limit: Duration },
    /// A program's output was not what its interface promises.
    #[error("the output of `{line}` is not {expected}")]
    Output { line: String, expected: &'static str },
    /// A system call failed.
    #[error("{step} failed")]
    Kernel { step: &'static str, source: rustix::io::Errno },
    /// `cargo metadata` failed.
    #[error("cargo metadata")]
    Metadata(#[from] cargo_metadata::Error),
    /// A JSON text is not what it should be.
    #[error("{what} is not the JSON that was expected")]
    Json { what: String, source: serde_json::Error },
    /// Something that must be there is not.
    #[error("{what} is missing: {path}", path = path.display())]
    Missing { what: &'static str, path: PathBuf },
    /// A downloaded file is not the one whose digest is in the repository.
    #[error("{file}: expected {expected}, got {got}; nothing of it was kept")]
    Integrity { file: String, expected: String, got: String },
    /// `check` found something missing; it has said what.
    #[error("{count} of the things that containers need are missing; see above")]
    NotReady { count: usize },
    /// Phases of the test run failed; the table has said which.
    #[error("failed: {}", names.join(", "))]
    Phases { names: Vec<String> },
    /// The action needs root.
    #[error("{action} needs root: it makes namespaces, mounts and cgroups; run it with sudo")]
    NotRoot { action: &'static str },
    /// A test run left objects on the host.
    #[error("left behind:\n  {}", left.join("\n  "))]
    Leftovers { left: Vec<String> },
    /// The virtual machine ended without its last line.
    #[error("the virtual machine ended before its tests did; its console is in {console}", console = console.display())]
    MachineDied { console: PathBuf },
    /// Tests in the virtual machine failed.
    #[error("tests failed in the virtual machine; its console is in {console}", console = console.display())]
    MachineTests { console: PathBuf },
    /// A program for users was built with a feature of test builds.
    #[error("{file} obeys {variable}: it was built with the feature drop-member, which is for tests", file = file.display())]
    Switch { file: PathBuf, variable: &'static str },
    /// There is no honoured member of that name.
    #[error("docs/support/compute.md calls no member honoured whose name contains {filter:?}")]
    NoMember { filter: String },
    /// Tests of honoured members pass without them, or prove nothing.
    #[error("not proven: {}", names.join(", "))]
    Unproven { names: Vec<String> },
    /// There is no fuzz target of that name.
    #[error("no fuzz target {name:?}; there are: {known}")]
    NoTarget { name: String, known: String },
    /// There is no benchmark group of that name.
    #[error("no benchmark group {name:?}; there are: {known}")]
    NoGroup { name: String, known: String },
    /// Two sides of a measurement were not comparable, or a measured program failed.
    #[error("{row}: {problem}")]
    Measure { row: String, problem: String },
}

impl Error {
    /// The message and, indented below it, each cause.
    pub(crate) fn chain(&self) -> String {
        let mut text = self.to_string();
        let mut source = std::error::Error::source(self);
        while let Some(cause) = source {
            text.push_str("\n  because ");
            text.push_str(&cause.to_string());
            source = cause.source();
        }
        text
    }
}
