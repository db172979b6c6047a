//! The user's programs held still for a moment: what is put in place meanwhile, nobody sees half done.
#![expect(unsafe_code, reason = "opens processes")]

use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};

use windows_sys::Win32::System::Threading::{OpenProcess, PROCESS_SUSPEND_RESUME};

use super::{list, nt};

/// Programs that do nothing until this value is dropped. A process that is suspended for another reason stays so.
#[derive(Debug, Default)]
pub(crate) struct Stillness(Vec<(u32, OwnedHandle)>);

impl Stillness {
    /// Suspends all programs of the user's, and those that they start meanwhile. One that can't be suspended has ended.
    pub(crate) fn of_all() -> Self {
        let mut this = Self::default();
        loop {
            let before = this.0.len();
            for row in list::processes(&[]).unwrap_or_default() {
                if this.0.iter().any(|(pid, _)| *pid == row.pid) {
                    continue;
                }
                // SAFETY: no pointers.
                let raw = unsafe { OpenProcess(PROCESS_SUSPEND_RESUME, 0, row.pid) };
                if raw.is_null() {
                    continue;
                }
                // SAFETY: not null, so a new handle that nobody else owns.
                let process = unsafe { OwnedHandle::from_raw_handle(raw) };
                if nt::suspend(process.as_raw_handle()) {
                    this.0.push((row.pid, process));
                }
            }
            // Whoever was suspended starts nobody any more.
            if this.0.len() == before {
                return this;
            }
        }
    }
}

impl Drop for Stillness {
    fn drop(&mut self) {
        for (_, process) in &self.0 {
            nt::resume(process.as_raw_handle());
        }
    }
}
