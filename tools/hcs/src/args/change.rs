//! Options of the commands that change containers which run.

use std::num::NonZeroU64;

use clap::{ArgGroup, Args};

use crate::size;

/// Stop every program of containers where it stands, until resume
///
/// The programs keep their memory and get no processor time. Prints the names of the containers.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  hcs pause web && hcs resume web")]
pub(crate) struct Pause {
    /// Names of the containers
    #[arg(value_name = "ID", required = true)]
    pub(crate) ids: Vec<String>,
}

/// Let the programs of paused containers go on
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  hcs resume web")]
pub(crate) struct Resume {
    /// Names of the containers
    #[arg(value_name = "ID", required = true)]
    pub(crate) ids: Vec<String>,
}

/// Change what running containers may use
///
/// What is not given stays as it is. Of the three limits of processors the service takes one at a time. A memory limit
/// below what is in use makes the kernel reclaim memory, and end programs where that is not enough.
#[derive(Args, Debug)]
#[command(
    group = ArgGroup::new("change").required(true).multiple(true).args(["memory", "cpus", "cpu_weight", "cpu_maximum"]),
    group = ArgGroup::new("processors").args(["cpus", "cpu_weight", "cpu_maximum"]),
    after_help = "Examples:\n  hcs update --memory 512m web\n  hcs update --memory 1g --cpus 1.5 web build"
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
    /// Names of the containers
    #[arg(value_name = "ID", required = true)]
    pub(crate) ids: Vec<String>,
}
