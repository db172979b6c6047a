//! `launcher.exe`: sits in a terminal's console, starts one process there and passes on sizes and events.
//!
//! Process 1 starts it with a pty as descriptors 0, 1 and 2; the arguments are the unix paths of two FIFOs, requests in
//! and answers out, that the supervisor holds open.

use std::fs::{File, OpenOptions};

use hcs_agent::unix_path;

use super::channel::{Receiver, Sender};
use super::exit;
use super::session::{self, Kind};

pub(crate) fn run(mut arguments: impl Iterator<Item = String>) -> u32 {
    let mut open = |options: &OpenOptions| -> Option<File> {
        let path = unix_path::to_windows(&arguments.next()?)?;
        options.open(path).ok()
    };
    let input = open(OpenOptions::new().read(true));
    let output = open(OpenOptions::new().write(true));
    let (Some(input), Some(output)) = (input, output) else { return exit::FAILURE };
    session::serve(Kind::Launcher, Receiver::new(input), Sender::new(output))
}
