//! What can be said about a fake host before it is there.

use std::sync::Arc;

use crate::clock::Clock;
use crate::faults::{Fault, Faults};
use crate::host::FakeHost;
use crate::program::FakeProcess;
use crate::violation::Violation;
use crate::world::{Rules, World};

/// Makes a [`FakeHost`].
///
/// ```
/// use std::io::Write as _;
/// let host = hcs_host_fake::FakeHost::builder()
///     .program("greet.exe", |process| {
///         let name = process.arguments().get(1).map_or("nobody", String::as_str);
///         match write!(process.stdout(), "hello, {name}") {
///             Ok(()) => 0,
///             Err(_) => 1,
///         }
///     })
///     .build();
/// # drop(host);
/// ```
#[derive(Debug)]
#[must_use = "build makes the host"]
pub struct FakeHostBuilder(Rules);

/// A folder that no container has, for tests that want one: `/nowhere` and `C:\nowhere`.
const NOWHERE: [&str; 2] = ["/nowhere", r"C:\nowhere"];

impl Default for FakeHostBuilder {
    fn default() -> Self {
        let rules = Rules::default();
        for folder in NOWHERE {
            rules.remove_folder(folder);
        }
        Self(rules)
    }
}

impl FakeHostBuilder {
    /// Adds a program to every container. Command lines name it by the whole name or its last part; on Windows in
    /// any case, with or without `.exe`.
    ///
    /// It runs on a thread of its own and returns its exit code, of which a Linux guest keeps 8 bits. A panic is a
    /// crash: 134 on Linux, 0xC0000409 on Windows.
    pub fn program(
        mut self,
        name: impl Into<String>,
        program: impl Fn(&FakeProcess) -> u32 + Send + Sync + 'static,
    ) -> Self {
        self.0.programs.add(name.into(), Arc::new(program));
        self
    }

    /// Adds a user to every container, beside `root`, `ContainerAdministrator`, `ContainerUser` and, on Linux, all
    /// numbers.
    pub fn user(mut self, name: impl Into<String>) -> Self {
        self.0.users.insert(name.into());
        self
    }

    /// A folder that neither the host nor a container has: [`FakeHost::remove_folder`].
    pub fn without_folder(self, path: impl AsRef<str>) -> Self {
        self.0.remove_folder(path.as_ref());
        self
    }

    /// Adds a fault.
    pub fn fault(self, fault: Fault) -> Self {
        self.0.faults.add(fault);
        self
    }

    /// Takes these faults, which may be another host's too.
    pub fn faults(mut self, faults: Faults) -> Self {
        self.0.faults = faults;
        self
    }

    /// Takes this clock, which may be another host's too.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.0.clock = clock;
        self
    }

    /// Breaks the contract in this way from now on: to see whether a test would notice.
    pub fn violate(mut self, violation: Violation) -> Self {
        self.0.violations.add(violation);
        self
    }

    /// The host.
    pub fn build(self) -> FakeHost {
        FakeHost::from_world(World::new(self.0))
    }
}
