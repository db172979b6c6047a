//! Control groups: what a container may use, what it has used, and how to stop all of it.
//!
//! An engine instance has one folder, `hcs-<instance>`, in every hierarchy that matters; each compute system has
//! `<system>.silo` in it, and the supervisors live in the leaf `engine` beside them. Where systemd is process 1 that
//! folder is in a scope which systemd has delegated ([`parent`]).
//!
//! # Which hierarchies
//! The unified hierarchy (version 2) is always one of them, whatever the host runs: on a host with version 1 only, it
//! is mounted detached, visible to nobody. It has what version 1 lacks: birth into a group (`CLONE_INTO_CGROUP`),
//! freezing that can be killed and that tells when it is done, `cgroup.kill`, an event when the last process is gone,
//! exact CPU times. Version 1 hierarchies are joined for the controllers that are bound to them. The version 1
//! freezer is never used: a task frozen by it can't be killed.
//!
//! # Entering
//! A pid is never written to `cgroup.procs` or `tasks`: that takes a lock which waits for an RCU grace period
//! (7–20 ms). The child is born in its unified group ([`Cgroup::clone_target`]) and writes `0` into each version 1
//! `tasks` file while it has one thread ([`Cgroup::enter_self`]).
//!
//! Sources: Linux, Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/*.rst.

mod apply;
mod create;
mod detect;
mod device_program;
mod devices;
mod enter;
mod error;
mod events;
pub(crate) mod file;
mod freeze;
mod kill;
mod limits;
mod members;
mod remove;
mod root;
mod stats;
pub(crate) mod systemd;
#[cfg(test)]
mod tests;

pub use create::{Cgroup, Instance};
pub(crate) use detect::unescape;
pub use detect::{Controllers, Hierarchies, Layout};
pub use devices::{DeviceAccess, DeviceKind, DeviceRule, Devices, STANDARD_DEVICES};
pub use enter::EnterError;
pub use error::CgroupError;
pub use events::{Events, OomWatch, State};
pub use limits::{BlockDevice, CpuQuota, CpuWeight, IoLimit, Limits, Maximum};
pub use remove::Removal;
pub use stats::{CpuStats, IoStats, MemoryStats, Stats};
pub use systemd::{BusError, parent};
