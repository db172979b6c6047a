//! A new process's standard streams, as inheritable handles.
#![expect(unsafe_code, reason = "CreateFileW with an inheritable handle, which std cannot ask for")]

use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle, RawHandle};
use std::ptr::null_mut;

use hcs_agent::unix_path;
use hcs_guest_protocol::{Failure, Streams};
use windows_sys::Win32::Foundation::{ERROR_BAD_PATHNAME, GENERIC_READ, GENERIC_WRITE, INVALID_HANDLE_VALUE};
use windows_sys::Win32::Security::SECURITY_ATTRIBUTES;
use windows_sys::Win32::Storage::FileSystem::{
    CreateFileW, FILE_ATTRIBUTE_NORMAL, FILE_SHARE_READ, FILE_SHARE_WRITE, OPEN_EXISTING,
};

use super::failure::{failure, last, wide};
use super::size::size_of_u32;

/// Standard input, output and error of a process to be made.
#[derive(Debug)]
pub(crate) struct Standard([OwnedHandle; 3]);

impl Standard {
    /// Opens what the request names; `NUL` for the rest. A launcher's console is opened anew: descriptor 2 of a launcher is
    /// not the terminal.
    pub(crate) fn open(streams: &Streams) -> Result<Self, Failure> {
        let (stdin, stdout, stderr) = match streams {
            Streams::Null => (None, None, None),
            Streams::Paths { stdin, stdout, stderr } => (stdin.as_ref(), stdout.as_ref(), stderr.as_ref()),
            Streams::Console => {
                const BOTH: u32 = GENERIC_READ | GENERIC_WRITE;
                let console = |name| file(name, BOTH, true);
                return Ok(Self([console("CONIN$")?, console("CONOUT$")?, console("CONOUT$")?]));
            }
        };
        Ok(Self([open(stdin, GENERIC_READ)?, open(stdout, GENERIC_WRITE)?, open(stderr, GENERIC_WRITE)?]))
    }

    /// The three handles in the order of `STARTUPINFOW`; open as long as `self` lives.
    pub(crate) fn raw(&self) -> [RawHandle; 3] {
        [self.0[0].as_raw_handle(), self.0[1].as_raw_handle(), self.0[2].as_raw_handle()]
    }
}

fn open(path: Option<&String>, access: u32) -> Result<OwnedHandle, Failure> {
    let name = match path {
        None => "NUL".to_owned(),
        Some(path) => unix_path::to_windows(path)
            .ok_or_else(|| failure(format!("CreateFileW({path:?})"), ERROR_BAD_PATHNAME))?,
    };
    file(&name, access, true)
}

/// Opens an existing file by its Windows path, for a child to inherit if asked.
pub(crate) fn file(name: &str, access: u32, inherit: bool) -> Result<OwnedHandle, Failure> {
    let call = format!("CreateFileW({name:?})");
    let wide = wide(&call, name)?;
    let attributes = SECURITY_ATTRIBUTES {
        nLength: size_of_u32::<SECURITY_ATTRIBUTES>(),
        lpSecurityDescriptor: null_mut(),
        bInheritHandle: i32::from(inherit),
    };
    // SAFETY: the name ends with a NUL (`wide`), the attributes are a live local, no template is given.
    let raw = unsafe {
        CreateFileW(
            wide.as_ptr(),
            access,
            FILE_SHARE_READ | FILE_SHARE_WRITE,
            &raw const attributes,
            OPEN_EXISTING,
            FILE_ATTRIBUTE_NORMAL,
            null_mut(),
        )
    };
    if raw == INVALID_HANDLE_VALUE {
        return Err(last(call));
    }
    // SAFETY: a valid new handle that nobody else owns.
    Ok(unsafe { OwnedHandle::from_raw_handle(raw) })
}
