//! Options of the commands that show what happens.

use std::num::NonZeroU32;

use clap::{ArgAction, Args};

use super::values::{self, EventFilter};

#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  hcs events --filter type=exit --filter type=oom\n  hcs events --filter id=web --format json"
)]
pub(crate) struct Events {
    /// Only those that match: id=NAME, type=TYPE; filters of one kind add up, kinds narrow
    #[arg(long, value_name = "FILTER", action = ArgAction::Append, value_parser = values::event_filter)]
    pub(crate) filter: Vec<EventFilter>,
}

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

#[derive(Args, Debug)]
#[command(after_help = "Example:\n  hcs features --format json")]
pub(crate) struct Features {}
