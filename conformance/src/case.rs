//! One case: its name, what it proves, and what it does.

use std::fmt;

use crate::{Context, Failure};

/// A named proof of a part of the contract.
#[derive(Clone, Copy)]
pub struct Case {
    /// Module and name, as `lifecycle::start_twice`.
    pub name: &'static str,
    /// What it proves: a section of `hcs.md` and words of it, or "contract" and a promise of the traits.
    pub proves: &'static [&'static str],
    /// Does it. Systems that it leaves are cleared away by the runner.
    pub run: fn(&Context) -> Result<(), Failure>,
    networks: bool,
}

impl Case {
    pub(crate) const fn new(
        name: &'static str,
        proves: &'static [&'static str],
        run: fn(&Context) -> Result<(), Failure>,
    ) -> Self {
        Self { name, proves, run, networks: false }
    }

    /// One about networks, which hosts without a network service leave out.
    pub(crate) const fn of_networks(
        name: &'static str,
        proves: &'static [&'static str],
        run: fn(&Context) -> Result<(), Failure>,
    ) -> Self {
        Self { name, proves, run, networks: true }
    }

    /// Whether it is about networks.
    pub(crate) fn needs_networks(&self) -> bool {
        self.networks
    }
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Case").field("name", &self.name).field("proves", &self.proves).finish_non_exhaustive()
    }
}
