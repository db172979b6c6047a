//! Fault points: named places in the engine at which a test kills a program or makes a system call fail.
//!
//! [`points!`](self) below declares them all, and so lists them: [`Point::ALL`]. Code that reaches one says so by
//! [`step`] or [`call`]. In a build without the feature `points`, which is every build but those of tests, both are
//! empty and nothing of this crate is in the program.
//!
//! A test makes a [`Session`](session::Session): a file that client, supervisor and process 1 map into their memory. It
//! holds the plan (at which visit of which point what is to happen), counts the visits, and knows the process ids of
//! those who can be killed. The file's path is in the environment variable `HCSSHIM_FAULTS` of the client, which hands
//! it on to its supervisor, whose clone process 1 is.
#![cfg(target_os = "linux")]

mod point;
#[cfg(feature = "points")]
pub mod session;

pub use point::{Kind, Point};
#[cfg(not(feature = "points"))]
use rustix::io::Errno;

/// What a process is to a session, so that it can be killed from elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The program that uses the library.
    Client,
    /// The supervisor of the system.
    Supervisor,
    /// Process 1 of the container.
    Init,
    /// The agent in a Windows container.
    Agent,
}

/// The program is at this point. A kill that is planned here happens now.
#[cfg(not(feature = "points"))]
#[inline]
pub const fn step(_: Point) {}

/// The program is about to make the system call of this point. A failure that is planned here is its outcome.
///
/// # Errors
/// The planned one; none in ordinary builds.
#[cfg(not(feature = "points"))]
#[inline]
#[expect(clippy::missing_const_for_fn, reason = "in builds of tests it is none")]
pub fn call(_: Point) -> Result<(), Errno> {
    Ok(())
}

/// From now on the process `pid`, as the host counts, has this role.
#[cfg(not(feature = "points"))]
#[inline]
pub const fn role(_: Role, _: u32) {}

/// The variable that a client hands on to its supervisor, if there is a session.
#[cfg(not(feature = "points"))]
#[inline]
pub const fn inherited() -> Option<(&'static str, String)> {
    None
}

#[cfg(feature = "points")]
pub use session::{call, inherited, role, step};
