//! Does this machine have what containers need? Each answer is found by trying, and a missing thing is named with
//! what to do about it.

mod cgroups;
mod kernel;
mod mounts;
mod storage;
mod sys;

use std::path::PathBuf;

use crate::error::Error;
use crate::print;

/// One thing that containers need.
#[derive(Debug)]
pub(crate) struct Finding {
    /// What was looked at.
    pub(crate) name: &'static str,
    /// What came of it.
    pub(crate) state: State,
}

/// Whether a thing is there.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// It is; what was seen.
    Good(String),
    /// Containers run, but not all of their abilities do.
    Limited { seen: String, then: String },
    /// Containers can't run.
    Missing { seen: String, todo: String },
}

impl Finding {
    fn good(name: &'static str, seen: impl Into<String>) -> Self {
        Self { name, state: State::Good(seen.into()) }
    }

    fn limited(name: &'static str, seen: impl Into<String>, then: impl Into<String>) -> Self {
        Self { name, state: State::Limited { seen: seen.into(), then: then.into() } }
    }

    fn missing(name: &'static str, seen: impl Into<String>, todo: impl Into<String>) -> Self {
        Self { name, state: State::Missing { seen: seen.into(), todo: todo.into() } }
    }

    /// As [`print::table`] takes it.
    fn row(&self) -> Vec<String> {
        let (word, text) = match &self.state {
            State::Good(seen) => ("good", seen.clone()),
            State::Limited { seen, then } => ("limited", format!("{seen}: {then}")),
            State::Missing { seen, todo } => ("MISSING", format!("{seen}: {todo}")),
        };
        vec![self.name.to_owned(), word.to_owned(), text]
    }
}

/// Where containers' files go: as the tools decide it.
pub(crate) fn storage_root() -> PathBuf {
    std::env::var_os("HCS_ROOT").map_or_else(|| PathBuf::from("/var/lib/hcs"), PathBuf::from)
}

/// Everything, in the order in which a reader should mend it.
pub(crate) fn findings() -> Vec<Finding> {
    let root = storage_root();
    let mut all =
        vec![kernel::root(), kernel::version(), kernel::namespaces(), kernel::limits(), kernel::seccomp()];
    all.push(mounts::overlay());
    all.extend(mounts::id_mapped(&root));
    all.push(cgroups::finding());
    all.push(storage::finding(&root));
    all
}

/// Prints what was found (`only_problems`: nothing when all is good) and fails when something is missing.
pub(crate) fn run(only_problems: bool) -> Result<(), Error> {
    let findings = findings();
    let shown = findings.iter().filter(|f| !only_problems || !matches!(f.state, State::Good(_)));
    let rows: Vec<_> = shown.map(Finding::row).collect();
    for line in print::table(&rows).lines() {
        if only_problems { print::note(line) } else { print::line(line) }
    }
    match findings.iter().filter(|f| matches!(f.state, State::Missing { .. })).count() {
        0 => Ok(()),
        count => Err(Error::NotReady { count }),
    }
}
