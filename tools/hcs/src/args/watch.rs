//! Options of the commands that show what happens.

use std::num::NonZeroU32;

use clap::{ArgAction, Args};

use super::values::{self, EventFilter};

/// Show what happens to all containers, as it happens
///
/// From now on and until it is interrupted: create, start, pause, resume, modify, oom (the memory limit ended
/// processes) and exit, whoever made it happen. With --format json each event is one line. The type missed says that
/// something is not in the list, because nobody read it in time; no filter hides it.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  hcs events --filter type=exit --filter type=oom\n  hcs events --filter id=web --format json"
)]
pub(crate) struct Events {
    /// Only those that match: id=NAME, type=TYPE; filters of one kind add up, kinds narrow
    #[arg(long, value_name = "FILTER", action = ArgAction::Append, value_parser = values::event_filter)]
    pub(crate) filter: Vec<EventFilter>,
}

/// Show the processes of containers and what they use, again and again
///
/// Refreshes until the containers have stopped or it is interrupted: on a terminal in place, elsewhere one table below
/// the other, with --format json one line each. Figures under CPU% are for the time since the last refresh; the first
/// table has none.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  hcs top web\n  hcs top --once --format json web build")]
pub(crate) struct Top {
    /// Time between refreshes
    #[arg(long, value_name = "SECONDS", default_value = "2")]
    pub(crate) interval: NonZeroU32,
    /// Print one table and end
    #[arg(long, conflicts_with = "interval")]
    pub(crate) once: bool,
    /// Names of the containers
    #[arg(value_name = "ID", required = true)]
    pub(crate) ids: Vec<String>,
}

/// Show what this host can do, and why it can't do the rest
///
/// Kinds of guests, schema versions, Wine, cgroups and the limits that can be set, isolation. Nothing is made to find
/// out.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  hcs features --format json")]
pub(crate) struct Features {}
