//! `hcs-cni`: a CNI plugin, spec 1.1.0, 1.0.0 and 0.4.0. A runtime calls it with variables and a network configuration on
//! standard input; it answers by one JSON object on standard output. [How to use it](../../../docs/network.md).

mod attachment;
mod config;
mod environment;
mod failure;
mod network;
mod result;
mod run;

use std::io::{Read as _, Write as _};
use std::process::ExitCode;

/// The static C library's own maps and unmaps pages for each size that is asked for.
#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

fn main() -> ExitCode {
    let mut text = String::new();
    // No runtime's configuration has so many bytes.
    let read = std::io::stdin().lock().take(run::MOST_BYTES + 1).read_to_string(&mut text);
    let answer = run::run(&|name| std::env::var(name).ok(), read.map(|_| text));
    let (text, code) = match answer {
        Ok(None) => return ExitCode::SUCCESS,
        Ok(Some(value)) => (value, ExitCode::SUCCESS),
        Err(value) => (value, ExitCode::FAILURE),
    };
    match writeln!(std::io::stdout().lock(), "{text}") {
        Ok(()) => code,
        Err(_) => ExitCode::FAILURE,
    }
}
