//! The `tar2ext4` command: a tar in, a mountable ext4 image out; and `ls`, `cat`, `tar` and `verify` on such images.
//!
//! Flags and exit codes of the conversion are those of hcsshim's own command of this name, so that scripts go on to
//! work: 0, 1 for errors and wrong usage, 2 for an unknown flag.

mod args;
mod convert;
mod failure;
mod image;
mod output;
mod printer;
mod progress;

use std::process::ExitCode;

use args::{Command, Parsed, Usage};

/// The static C library's own maps and unmaps pages for each size that is asked for.
#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

fn main() -> ExitCode {
    let parsed = match args::parse(std::env::args_os().skip(1)) {
        Ok(parsed) => parsed,
        Err(Usage { message, code }) => {
            printer::note(&message);
            printer::note(args::HELP);
            return ExitCode::from(code);
        }
    };
    let json = matches!(&parsed, Parsed::Run { json: true, .. });
    let result = match parsed {
        Parsed::Help => {
            printer::note(args::HELP);
            return ExitCode::SUCCESS;
        }
        Parsed::Version => printer::line(concat!("tar2ext4 ", env!("CARGO_PKG_VERSION"))),
        Parsed::Run { command: Command::Convert(options), json } => convert::run(&options, json),
        Parsed::Run { command: Command::Image(command), json } => image::run(&command, json),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) if failure.is_closed_pipe() => ExitCode::SUCCESS,
        Err(failure) => {
            printer::failure(&failure, json);
            ExitCode::FAILURE
        }
    }
}
