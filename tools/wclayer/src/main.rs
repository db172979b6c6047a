//! The `wclayer` command: layers of Windows images from tars and to tars, and what is in them.
//!
//! Commands, flags and exit codes are those of hcsshim's own command of this name: 0, or 1 with the reason on standard
//! error.

mod args;
mod commands;
mod failure;
mod output;
mod printer;
mod progress;

use std::process::ExitCode;

use clap::Parser as _;
use clap::error::ErrorKind;

use args::{Cli, Format};

/// The static C library's own maps and unmaps pages for each size that is asked for.
#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => {
            // Nobody to tell if that fails.
            let _ = error.print();
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            let _ = error.print();
            printer::note("invalid command usage");
            return ExitCode::FAILURE;
        }
    };
    let json = cli.format == Format::Json;
    match commands::run(&cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) if failure.is_closed_pipe() => ExitCode::SUCCESS,
        Err(failure) => {
            printer::failure(&failure, json);
            ExitCode::FAILURE
        }
    }
}
