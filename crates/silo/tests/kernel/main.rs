//! What the crate does with the real kernel: capabilities, cgroups, filters, process lists.
//!
//! All of it is per process or per thread, so it is tried out in helper processes of one thread. This binary is its
//! own helper, which is why it brings its own `main` instead of the usual harness.
//!
//! Needs root, and says so.

#![expect(clippy::unwrap_used, reason = "all of this binary is tests")]

mod capability;
mod cgroup;
mod events;
mod helper;
mod process_list;
mod seccomp;
mod support;
mod v2;

use libtest_mimic::{Arguments, Trial};

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, flag, mode, rest @ ..] = arguments.as_slice()
        && flag == support::HELPER_FLAG
    {
        std::process::exit(helper::run(mode, rest));
    }
    let arguments = Arguments::from_args();
    let mut trials: Vec<Trial> = Vec::new();
    trials.extend(capability::trials());
    trials.extend(cgroup::trials());
    trials.extend(events::trials());
    trials.extend(process_list::trials());
    trials.extend(seccomp::trials());
    trials.extend(v2::trials());
    if !arguments.list && !rustix::process::geteuid().is_root() {
        eprintln!("these tests change capabilities, cgroups and filters: run them as root");
        std::process::exit(1);
    }
    libtest_mimic::run(&arguments, trials).exit();
}
