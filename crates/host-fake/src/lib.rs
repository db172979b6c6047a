//! The Host Compute Service contract in memory, for tests of programs that use it.
//!
//! [`FakeHost`] is a host like any other: it takes the documents of both schemas, and answers with the states, codes,
//! notifications and result documents of the engine on Linux, on every system, without rights and within
//! microseconds. It is a network service too ([`hcs_contract::NetworkService`]): objects of both generations, their addresses
//! and ports, without packets. What it can't honour (virtual machines, devices, credentials, named pipes, virtual disks,
//! servicing, throttles, the registry) it refuses by name. Its programs are the words of a small interpreter
//! (`echo`, `exit`, `cat`, `hang`, …: see [`FakeHost`]) and functions that a test registers; its files are in memory.
//!
//! ```
//! use hcs_contract::{ComputeService as _, ComputeSystem as _, Deadline, Hresult, OperationKind};
//! use hcs_host_fake::{FakeHost, Fault};
//!
//! let host = FakeHost::new();
//! host.faults().add(Fault::on(OperationKind::Start).nth(1).fail(Hresult::HCS_E_CONNECTION_TIMEOUT));
//! let (system, created) = host.create_system("web", r#"{"SystemType":"Container"}"#)?;
//! created.wait(Deadline::now())?;
//! assert_eq!(system.start("").wait(Deadline::now()).unwrap_err().hresult(), Hresult::HCS_E_CONNECTION_TIMEOUT);
//! system.start("").wait(Deadline::now())?;
//! # Ok::<(), hcs_contract::Error>(())
//! ```
//!
//! # Faults
//! [`Faults`] make chosen calls fail, wait for a release or for the [`Clock`], or stay pending; they lose, double and
//! hurry notifications, and take the service away. Nothing sleeps: a test says when time passes.
//!
//! # Violations
//! A [`Violation`] is a way to break the contract. Whoever has a suite of tests for hosts can see with them whether
//! it would notice.
//!
//! # Threads
//! Each running program has a thread of its own, which ends with it. Calls complete before they return, on the
//! caller's thread, unless a fault holds them; then on the thread that releases the hold or moves the clock.
//! Notifications come on one thread of the host; [`FakeHost::settle`] waits for those that are under way.

#![forbid(unsafe_code)]

mod builder;
mod clock;
mod dispatch;
mod faults;
mod files;
mod handle;
mod host;
mod launch;
mod machine;
mod modify;
mod network;
mod pipe;
mod plan;
mod process;
mod process_doc;
mod program;
mod properties;
mod refuse;
mod shell;
mod system;
mod task;
mod violation;
mod words;
mod world;

pub use builder::FakeHostBuilder;
pub use clock::Clock;
pub use faults::{AtCall, AtEvent, Fault, Faults, Hold};
pub use host::FakeHost;
pub use program::{ControlEvent, FakeProcess, ProcessEvent};
pub use violation::Violation;
