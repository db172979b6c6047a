//! One suite for every host of the contract: named cases over its traits, each with what it proves.
//!
//! A host implements [`Fixture`], which says how its documents and programs look, and [`run`] does the rest: every
//! case of [`cases`] with systems of its own, by a deadline, cleared away afterwards. A case is passed, failed, or
//! refused: the host answered ERROR_NOT_SUPPORTED where the case says that it may. Which cases a host refuses stands
//! in its fixture, each with the reason; a refusal that is not listed fails, and so does one that is listed and not
//! met any more.
//!
//! Nothing here knows an operating system, so the same cases run as a Windows program against the service's own
//! DLLs. "§" in [`Case::proves`] counts the sections of `hcs.md`, the reference of the service's behaviour.

#![forbid(unsafe_code)]

mod case;
mod cases;
mod check;
mod context;
mod fixture;
mod io;
mod program;
mod recorder;
mod report;
mod runner;

pub use case::Case;
pub use cases::cases;
pub use check::Failure;
pub use context::{Context, Pipes};
pub use fixture::{Fixture, GuestOs, Program, Refusal, Schema};
pub use program::{Host, program};
pub use report::{Report, Row};
pub use runner::{Outcome, run, run_case};
