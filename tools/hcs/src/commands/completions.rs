//! `hcs completions`: scripts for shells.

use clap::CommandFactory as _;

use crate::args::Cli;
use crate::args::manage::Completions;
use crate::failure::Failure;
use crate::printer;

pub(crate) fn completions(completions: &Completions) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(completions.shell, &mut Cli::command(), "hcs", &mut script);
    printer::raw(&script)
}
