//! `agent.exe`, `wineboot.exe` and `launcher.exe`: what of ours runs inside a Windows container on Linux.
//!
//! One PE file for all three, because an idle container then shares its pages, and the base has one file to digest.
#![cfg_attr(windows, no_main)]

#[cfg(windows)]
mod win;

/// The workspace builds for Linux as well; there is nothing to serve there.
#[cfg(not(windows))]
fn main() -> std::process::ExitCode {
    use std::io::Write;

    let text = "agent: this program runs inside Windows containers; \
                build it with --target x86_64-pc-windows-gnu\n";
    // Nothing is left to tell when standard error is closed: the exit code says the rest.
    let _ = std::io::stderr().write_all(text.as_bytes());
    std::process::ExitCode::FAILURE
}
