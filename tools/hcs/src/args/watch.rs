//! Options of the commands that show what happens.

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
