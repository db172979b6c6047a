//! Making a process: one at a time, and with the score by which the kernel chooses whom to kill.
//!
//! While Wine makes a process, the streams meant for it are descriptors that every process inherits which is made at the
//! same moment. A service that was started just then would hold a program's output open for as long as it lives.
//!
//! When memory runs out, the user's programs are to die before the agent and Wine's server. A process begins with the
//! score of its maker. Process 1 starts the agent with none, so that Wine's server has none either; here the agent takes
//! the programs' score for the moment in which it makes one.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{linux, server};

/// As process 1 gives to Linux programs.
const PROGRAMS: &[u8] = b"100";
const OURS: &[u8] = b"0";

/// While it lives nobody else makes a process.
#[derive(Debug)]
pub(crate) struct Alone(#[expect(dead_code, reason = "held")] MutexGuard<'static, ()>);

/// Waits until nobody else makes a process.
pub(crate) fn alone() -> Alone {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    Alone(ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Makes a user's program: the first to go when memory runs out.
pub(crate) fn program<T>(make: impl FnOnce() -> T) -> T {
    let _alone = alone();
    set(PROGRAMS);
    let made = make();
    set(OURS);
    made
}

/// A kernel that refuses keeps all alike.
fn set(score: &[u8]) {
    if server::is_wine() {
        linux::write_file(c"/proc/self/oom_score_adj", score);
    }
}
