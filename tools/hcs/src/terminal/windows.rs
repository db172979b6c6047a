//! Consoles of Windows.

#![expect(unsafe_code, reason = "the console's calls")]

use std::io;
use std::os::windows::io::{AsRawHandle as _, RawHandle};
use std::sync::Mutex;

use windows_sys::Win32::System::Console::{
    CONSOLE_MODE, CONSOLE_SCREEN_BUFFER_INFO, ENABLE_ECHO_INPUT, ENABLE_LINE_INPUT, ENABLE_PROCESSED_INPUT,
    ENABLE_PROCESSED_OUTPUT, ENABLE_VIRTUAL_TERMINAL_INPUT, ENABLE_VIRTUAL_TERMINAL_PROCESSING,
    GetConsoleMode, GetConsoleScreenBufferInfo, SetConsoleMode,
};

/// The modes of input and output before raw mode. Not in `RawMode`, whose drop a panic does not run.
static SAVED: Mutex<Option<[CONSOLE_MODE; 2]>> = Mutex::new(None);

/// Keys that the console itself would act upon.
const COOKED: CONSOLE_MODE = ENABLE_PROCESSED_INPUT | ENABLE_LINE_INPUT | ENABLE_ECHO_INPUT;

pub(super) fn save() -> io::Result<()> {
    let modes = [mode(input())?, mode(output())?];
    *SAVED.lock().expect("nothing panics with the lock held") = Some(modes);
    Ok(())
}

pub(super) fn make_raw() -> io::Result<()> {
    set(input(), mode(input())? & !COOKED | ENABLE_VIRTUAL_TERMINAL_INPUT)?;
    let escapes = ENABLE_PROCESSED_OUTPUT | ENABLE_VIRTUAL_TERMINAL_PROCESSING;
    set(output(), mode(output())? | escapes)
}

pub(super) fn restore() {
    if let Ok(mut saved) = SAVED.try_lock()
        && let Some([old_input, old_output]) = saved.take()
    {
        // The console may be gone, and then there is nothing to restore.
        let _ = set(input(), old_input);
        let _ = set(output(), old_output);
    }
}

/// Columns and rows of the console's window, by the first of our outputs that leads there.
pub(crate) fn size() -> Option<(u16, u16)> {
    [output(), io::stderr().as_raw_handle()].into_iter().find_map(|handle| {
        let mut info = CONSOLE_SCREEN_BUFFER_INFO::default();
        // SAFETY: the handle is one of our streams, which stay open; the structure may be written to.
        if unsafe { GetConsoleScreenBufferInfo(handle, &raw mut info) } == 0 {
            return None;
        }
        let window = info.srWindow;
        let length = |from: i16, to: i16| u16::try_from(i32::from(to) - i32::from(from) + 1).ok();
        Some((length(window.Left, window.Right)?, length(window.Top, window.Bottom)?))
    })
}

/// Sequences are only shown as such when the console was told to take them; where it can't, it is an old one.
pub(super) fn knows_escapes() -> bool {
    [output(), io::stderr().as_raw_handle()].into_iter().any(|handle| {
        mode(handle).is_ok_and(|mode| set(handle, mode | ENABLE_VIRTUAL_TERMINAL_PROCESSING).is_ok())
    })
}

fn input() -> RawHandle {
    io::stdin().as_raw_handle()
}

fn output() -> RawHandle {
    io::stdout().as_raw_handle()
}

fn mode(handle: RawHandle) -> io::Result<CONSOLE_MODE> {
    let mut mode = 0;
    // SAFETY: the handle is one of our streams, which stay open; the mode may be written to.
    if unsafe { GetConsoleMode(handle, &raw mut mode) } == 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(mode)
}

fn set(handle: RawHandle, mode: CONSOLE_MODE) -> io::Result<()> {
    // SAFETY: the handle is one of our streams, which stay open.
    if unsafe { SetConsoleMode(handle, mode) } == 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
