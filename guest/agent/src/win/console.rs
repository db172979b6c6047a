//! The console that a launcher sits in.
#![expect(unsafe_code, reason = "console calls")]

use std::os::windows::io::AsRawHandle;
use std::sync::OnceLock;

use hcs_guest_protocol::{Console, ControlEvent, Failure};
use windows_sys::Win32::Foundation::{ERROR_INVALID_PARAMETER, GENERIC_READ, GENERIC_WRITE};
use windows_sys::Win32::System::Console::{
    COORD, CTRL_BREAK_EVENT, CTRL_C_EVENT, SMALL_RECT, SetConsoleCtrlHandler, SetConsoleScreenBufferSize,
    SetConsoleWindowInfo,
};

use super::failure::{check, failure};
use super::streams::file;

/// Gives the console a new size. Wine 8 does not follow the terminal by itself.
pub(crate) fn resize(size: Console) -> Result<(), Failure> {
    let too_big = |_| failure("SetConsoleScreenBufferSize", ERROR_INVALID_PARAMETER);
    let columns = i16::try_from(size.columns).map_err(too_big)?;
    let rows = i16::try_from(size.rows).map_err(too_big)?;
    if columns == 0 || rows == 0 {
        return Err(failure("SetConsoleScreenBufferSize", ERROR_INVALID_PARAMETER));
    }
    let output = file("CONOUT$", GENERIC_READ | GENERIC_WRITE, false)?;
    let console = output.as_raw_handle();
    let window = SMALL_RECT { Left: 0, Top: 0, Right: columns - 1, Bottom: rows - 1 };
    let smallest = SMALL_RECT { Left: 0, Top: 0, Right: 0, Bottom: 0 };
    // The buffer may not be smaller than the window, nor the window larger than the buffer: shrink, set, grow.
    // SAFETY: the handle is an open screen buffer, the rectangle a live local that is only read.
    check("SetConsoleWindowInfo", unsafe { SetConsoleWindowInfo(console, 1, &raw const smallest) })?;
    // SAFETY: the handle is an open screen buffer.
    check("SetConsoleScreenBufferSize", unsafe {
        SetConsoleScreenBufferSize(console, COORD { X: columns, Y: rows })
    })?;
    // SAFETY: as for the first call.
    check("SetConsoleWindowInfo", unsafe { SetConsoleWindowInfo(console, 1, &raw const window) })
}

/// What is done with a control event of the console.
type Handler = Box<dyn Fn(ControlEvent) + Send + Sync>;

static HANDLER: OnceLock<Handler> = OnceLock::new();

/// From now on control events of the console come to `handler`, on threads of their own, and do not end this process.
///
/// The programs in the console do not get them from the terminal (see `process::create`).
pub(crate) fn on_event(handler: Handler) -> Result<(), Failure> {
    // A process has one console, so this is called once.
    let _ = HANDLER.set(handler);
    // SAFETY: the handler is a function of this program, which is never unloaded.
    check("SetConsoleCtrlHandler", unsafe { SetConsoleCtrlHandler(Some(handled), 1) })
}

extern "system" fn handled(event: u32) -> i32 {
    let event = match event {
        CTRL_C_EVENT => ControlEvent::CtrlC,
        CTRL_BREAK_EVENT => ControlEvent::CtrlBreak,
        _ => return 1,
    };
    if let Some(handler) = HANDLER.get() {
        handler(event);
    }
    1
}
