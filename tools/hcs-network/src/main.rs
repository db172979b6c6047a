//! `hcs-network release LIFE`: gives back what a container that has ended had of networks.
//!
//! A container's supervisor runs it; it is no tool for people. The environment says which engine's, as for all of them.

use std::process::ExitCode;
use std::time::Duration;

use hcs_host_linux::{LinuxHost, Options};

const USAGE: &str = "usage: hcs-network release LIFE (run by containers' supervisors)";

/// A supervisor waits for half a minute; what is not done by then is so by who clears away after it.
const LIMIT: Duration = Duration::from_secs(20);

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let done = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["release", life] => {
            let with_limit = |mut options: Options| {
                options.deadlines.network = LIMIT;
                options
            };
            Options::from_env()
                .map(with_limit)
                .and_then(LinuxHost::open)
                .and_then(|host| host.release_network(life))
        }
        _ => return say(USAGE, 2),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => say(&error.to_string(), 1),
    }
}

#[expect(clippy::print_stderr, reason = "the one line that it may have to say")]
fn say(text: &str, code: u8) -> ExitCode {
    eprintln!("hcs-network: {text}");
    ExitCode::from(code)
}
