//! `agent.exe`: the first program of a session, and the one that stays.
#![expect(unsafe_code, reason = "standard handles are taken over as files")]

use std::fs::File;
use std::os::windows::io::FromRawHandle;

use windows_sys::Win32::Foundation::{HANDLE_FLAG_INHERIT, INVALID_HANDLE_VALUE, SetHandleInformation};
use windows_sys::Win32::System::Console::{GetStdHandle, STD_HANDLE, STD_INPUT_HANDLE, STD_OUTPUT_HANDLE};

use super::boot::BOOT_EVENT;
use super::channel::{Receiver, Sender};
use super::services::Services;
use super::session::{self, Kind};
use super::{exit, nt};

pub(crate) fn run() -> u32 {
    // Wine boots again for the next program started from outside when nobody holds this event. The one that was set by
    // the boot program went with its last holder, and this one is new.
    let Ok(boot_event) = nt::event(BOOT_EVENT) else { return exit::FAILURE };
    if !nt::set_event(&boot_event) {
        return exit::FAILURE;
    }
    let (Some(input), Some(output)) = (take(STD_INPUT_HANDLE), take(STD_OUTPUT_HANDLE)) else {
        return exit::FAILURE;
    };
    // Without them a program that asks for a service gets Wine's error, as it would if the service had failed.
    if let Ok(services) = Services::new() {
        let _ = std::thread::Builder::new().stack_size(256 << 10).spawn(move || services.serve());
    }
    session::serve(Kind::Agent, Receiver::new(input), Sender::new(output))
}

/// A standard handle of ours as a file that no child inherits.
fn take(which: STD_HANDLE) -> Option<File> {
    // SAFETY: no pointers.
    let handle = unsafe { GetStdHandle(which) };
    if handle.is_null() || handle == INVALID_HANDLE_VALUE {
        return None;
    }
    // SAFETY: the handle is open; the call changes a flag of it.
    if unsafe { SetHandleInformation(handle, HANDLE_FLAG_INHERIT, 0) } == 0 {
        return None;
    }
    // SAFETY: each standard handle is taken once, and nothing else in this program uses it.
    Some(unsafe { File::from_raw_handle(handle) })
}
