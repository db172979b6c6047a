//! The same API with futures in place of calls that wait (feature `async`).
//!
//! [`Host`], [`Container`] and [`Process`] here stand over those of the crate's root, and either is made from the other.
//! Nothing here needs a runtime: the futures run on any of them, and wherever a future is polled.
//! [`crate::Command`] starts processes from both sides (`spawn_async`, `status_async`, `output_async`).
//!
//! With the feature `tokio`, `future::tokio` has its readers and writers over the streams of processes.
//!
//! # Threads
//! What the service answers later costs no thread: waiting for exits and completions, changes, signals, properties.
//! Calls in which a host does its work before it returns (creating, opening and listing containers) and reading the
//! output for [`crate::Command::output_async`] have a thread of their own for as long as they last.
//!
//! # Dropping a future
//! As with a deadline that passes, the call goes on and only its result is lost: no future leaks, blocks in its drop or
//! stops the service half-way. What the result would have been is closed when it comes. So a container whose `create` is
//! dropped exists or not, which [`Host::open_container`] tells; one that is to end with its last handle ends then.
//!
//! # Deadlines
//! Those of the other calls ([`crate::Deadlines`]), kept by one thread for all futures of the program.
//!
//! ```no_run
//! # async fn example() -> hcsshim::Result<()> {
//! use hcsshim::future::Host;
//!
//! let host = Host::from(hcsshim::Host::open(hcsshim::Options::from_env()?)?);
//! let container = host.open_container("web").await?;
//! let output = container.command("/bin/hostname").output_async().await?;
//! println!("{}", String::from_utf8_lossy(&output.stdout));
//! container.stop(std::time::Duration::from_secs(10)).await?;
//! # Ok(())
//! # }
//! ```

mod apart;
mod command;
mod container;
mod host;
mod process;
#[cfg(all(feature = "tokio", target_os = "linux"))]
pub mod tokio;

pub use container::Container;
pub use host::Host;
pub use process::Process;
