//! The `hcs` command: runs and manages containers by the Host Compute Service contract.
//!
//! It parses, calls the API of `hcsshim`, and prints; whatever it can do, the API can do.
//! A start of a container takes a few milliseconds, so nothing is set up here that the command at hand does not
//! need: no logging unless asked for, no runtime, no threads where the kernel can pass streams on.

mod args;
mod commands;
mod config;
mod control;
mod document;
mod failure;
mod host;
mod log;
mod name;
mod network;
mod outcome;
mod printer;
#[cfg(target_os = "linux")]
mod progress;
mod pump;
mod report;
mod row;
mod session;
mod signals;
mod size;
mod stand;
mod terminal;

use std::process::ExitCode;

use clap::Parser as _;
use clap::error::ErrorKind;

use crate::args::{Cli, Format};
use crate::failure::{Code, Failure};
use crate::printer::Printer;

/// The static C library's own maps and unmaps pages for each size that is asked for: of the 2 ms of an `exec`, 0.3.
#[cfg(target_os = "linux")]
#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(mut cli) => {
            if let args::Command::Run(run) = &mut cli.command {
                run.look(&std::env::args_os().collect::<Vec<_>>());
            }
            cli
        }
        Err(error) => return explained(&error),
    };
    if let Some((level, format)) = cli.global.log() {
        log::start(level, format);
    }
    let printer = Printer::new(cli.global.format);
    ExitCode::from(match commands::dispatch(&cli, printer) {
        Ok(outcome) => outcome.code(),
        Err(failure) => {
            if !matches!(failure, Failure::ClosedPipe | Failure::Reported) {
                printer.failure(&failure);
            }
            failure.exit_code()
        }
    })
}

/// Help, or what is wrong with the command line.
fn explained(error: &clap::Error) -> ExitCode {
    let asked_for = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
    if !asked_for && args::ask_for_json(std::env::args_os()) {
        Printer::new(Format::Json).failure(&args::failure(error));
    } else {
        printer::usage(error);
    }
    ExitCode::from(if asked_for { Code::Success } else { Code::Engine } as u8)
}
