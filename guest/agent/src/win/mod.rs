//! The agent's Windows side: thin wrappers over the calls, one module per kind of object.

mod agent;
mod boot;
mod channel;
mod console;
mod control;
mod entry;
mod failure;
mod hardware;
mod job;
mod launcher;
mod linux;
mod list;
mod making;
mod nt;
mod pipe;
mod pipes;
mod placeholder;
mod process;
mod program;
mod registry;
mod relay;
mod server;
mod services;
mod session;
mod shared_data;
mod size;
mod stillness;
mod streams;

use hcs_agent::mode::Mode;
use windows_sys::Win32::Foundation::ERROR_BAD_ARGUMENTS;

/// Exit codes of all three programs.
mod exit {
    pub(super) const SUCCESS: u32 = 0;
    pub(super) const FAILURE: u32 = 1;
}

/// Does what the program's name says; returns the exit code.
pub(crate) fn run() -> u32 {
    let mut arguments = std::env::args();
    let program = arguments.next().unwrap_or_default();
    match Mode::from_program(&program) {
        Some(Mode::Agent) => agent::run(),
        Some(Mode::Boot) => boot::run(),
        Some(Mode::Launcher) => launcher::run(arguments),
        // Whoever renamed the file finds out why nothing happens.
        None => ERROR_BAD_ARGUMENTS,
    }
}
