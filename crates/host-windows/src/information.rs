//! A process's number and its ends of pipes, ours from the moment on when the service hands them out.

#![expect(unsafe_code, reason = "kernel handles are taken over")]

use hcs_abi::{Handle, ProcessInformation};
use hcs_contract::Stream;

use crate::platform::{Direction, Platform};

/// What a call fills. Handles that nobody took are closed with it.
#[derive(Debug)]
pub(crate) struct Information {
    raw: ProcessInformation,
    platform: Platform,
}

// SAFETY: kernel handles belong to the process, not to a thread.
unsafe impl Send for Information {}

impl Information {
    pub(crate) fn empty(platform: Platform) -> Self {
        Self { raw: ProcessInformation::EMPTY, platform }
    }

    /// Where a call puts it, once.
    pub(crate) fn out(&mut self) -> *mut ProcessInformation {
        &raw mut self.raw
    }

    /// The process's number.
    pub(crate) fn pid(&self) -> u32 {
        self.raw.process_id
    }

    /// Number and streams.
    pub(crate) fn into_streams(mut self) -> hcs_contract::ProcessInformation {
        let platform = self.platform;
        let mut stream = |of: fn(&mut ProcessInformation) -> &mut Handle, direction| -> Option<Stream> {
            let handle = std::mem::replace(of(&mut self.raw), std::ptr::null_mut());
            if is_none(handle) {
                return None;
            }
            // SAFETY: the service made the handle for us, and it was just taken from where it would be closed.
            Some(unsafe { (platform.stream)(handle, direction) })
        };
        let stdin = stream(|raw| &mut raw.std_input, Direction::Write);
        let stdout = stream(|raw| &mut raw.std_output, Direction::Read);
        let stderr = stream(|raw| &mut raw.std_error, Direction::Read);
        hcs_contract::ProcessInformation::new(self.raw.process_id, stdin, stdout, stderr)
    }
}

/// Null is "no pipe"; minus 1 is no handle either, but the calling process.
fn is_none(handle: Handle) -> bool {
    handle.is_null() || handle.addr() == usize::MAX
}

impl Drop for Information {
    fn drop(&mut self) {
        for handle in [self.raw.std_input, self.raw.std_output, self.raw.std_error] {
            if !is_none(handle) {
                // SAFETY: the service made the handle for us; nobody took it over.
                unsafe { (self.platform.close)(handle) };
            }
        }
    }
}
