//! Making a process: one at a time, and with the score by which the kernel chooses whom to kill.
//!
//! While Wine makes a process, the streams meant for it are descriptors that every process inherits which is made at the
//! same moment. A service that was started just then would hold a program's output open for as long as it lives.
//!
//! When memory runs out, the user's programs are to die before the agent and Wine's server. A process begins with the
//! score of its maker. Process 1 starts the agent with none, so that Wine's server has none either; here the agent takes
//! the programs' score for the moment in which it makes one. The file has to be written by the agent itself: opened by
//! Windows' calls, `/proc/self` is Wine's server. So these are calls of Linux.
#![expect(unsafe_code, reason = "system calls of Linux")]

use std::arch::asm;
use std::ffi::CStr;
use std::sync::{Mutex, MutexGuard, PoisonError};

const FILE: &CStr = c"/proc/self/oom_score_adj";

/// As process 1 gives to Linux programs.
const PROGRAMS: &[u8] = b"100";
const OURS: &[u8] = b"0";

const WRITE: usize = 1;
const OPEN: usize = 2;
const CLOSE: usize = 3;
const WRITE_ONLY: usize = 1;
const CLOSE_ON_EXEC: usize = 0o2_000_000;

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
    if !super::server::is_wine() {
        return;
    }
    // SAFETY: the path ends with a NUL and lives; nothing else is passed.
    let file = unsafe { call(OPEN, FILE.as_ptr().addr(), WRITE_ONLY | CLOSE_ON_EXEC, 0) };
    let Ok(file) = usize::try_from(file) else { return };
    // SAFETY: the descriptor was opened just now and nobody else knows it; the slice lives and has this length.
    unsafe {
        call(WRITE, file, score.as_ptr().addr(), score.len());
        call(CLOSE, file, 0, 0);
    }
}

/// A system call of Linux with its result, negative for an error.
///
/// # Safety
/// The process runs on Linux, and the arguments are what the call demands.
unsafe fn call(number: usize, first: usize, second: usize, third: usize) -> isize {
    let result: isize;
    // SAFETY: by the kernel's convention the call changes rax, rcx and r11 alone; what it reads and writes is the
    // caller's to answer for.
    unsafe {
        asm!(
            "syscall",
            inlateout("rax") number.cast_signed() => result,
            in("rdi") first,
            in("rsi") second,
            in("rdx") third,
            lateout("rcx") _,
            lateout("r11") _,
            options(nostack),
        );
    }
    result
}
