//! Options of the commands that change containers which run.

use std::num::NonZeroU64;

use clap::{ArgAction, ArgGroup, Args};

use super::values::{self, NamedPipe, Volume};
use crate::size;

#[derive(Args, Debug)]
#[command(after_help = "Example:\n  hcs pause web && hcs resume web")]
pub(crate) struct Pause {
    /// Names of the containers
    #[arg(value_name = "ID", required = true)]
    pub(crate) ids: Vec<String>,
}

#[derive(Args, Debug)]
#[command(after_help = "Example:\n  hcs resume web")]
pub(crate) struct Resume {
    /// Names of the containers
    #[arg(value_name = "ID", required = true)]
    pub(crate) ids: Vec<String>,
}

#[derive(Args, Debug)]
#[command(
    group = ArgGroup::new("change").required(true).multiple(true).args([
        "memory", "cpus", "cpu_weight", "cpu_maximum", "add_volume", "rm_volume", "add_pipe", "rm_pipe",
    ]),
    group = ArgGroup::new("processors").args(["cpus", "cpu_weight", "cpu_maximum"]),
    after_help = "Examples:\n  hcs update --memory 512m web\n  hcs update --memory 1g --cpus 1.5 web build\n  \
                  hcs update --add-volume /srv/data:/data:ro web\n  hcs update --rm-volume /data web"
)]
pub(crate) struct Update {
    /// Most memory, such as 512m or 1g
    #[arg(long, value_name = "SIZE", value_parser = size::mebibytes)]
    pub(crate) memory: Option<NonZeroU64>,
    /// Most processors' time, such as 0.5 or 2, up to what the host has
    #[arg(long, value_name = "NUMBER", value_parser = size::millicpus)]
    pub(crate) cpus: Option<NonZeroU64>,
    /// Share of the processors beside other containers, 1 to 10000; one that was given none has 5000
    #[arg(long, value_name = "WEIGHT", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) cpu_weight: Option<u32>,
    /// Most processors' time, in 1/100 percent of all that the host has, 1 to 10000
    #[arg(long, value_name = "PARTS", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) cpu_maximum: Option<u32>,
    /// Show one more folder of the host inside
    #[arg(long, value_name = "HOST:CONTAINER[:ro]", action = ArgAction::Append, value_parser = values::volume)]
    pub(crate) add_volume: Vec<Volume>,
    /// Show a folder no longer; one in which a program has something open stays
    #[arg(long, value_name = "CONTAINER", action = ArgAction::Append)]
    pub(crate) rm_volume: Vec<String>,
    /// Serve one more named pipe, whose clients speak with a socket of the host (Windows containers)
    #[arg(long, value_name = "SOCKET:NAME", action = ArgAction::Append, value_parser = values::pipe)]
    pub(crate) add_pipe: Vec<NamedPipe>,
    /// Serve a named pipe no longer; clients that are connected stay so
    #[arg(long, value_name = "NAME", action = ArgAction::Append)]
    pub(crate) rm_pipe: Vec<String>,
    /// Names of the containers
    #[arg(value_name = "ID", required = true)]
    pub(crate) ids: Vec<String>,
}
