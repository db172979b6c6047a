//! Registry changes, and the few keys that the session itself needs.
#![expect(unsafe_code, reason = "registry calls")]

use std::ffi::c_void;
use std::ptr::{null, null_mut};

use hcs_agent::registry_path::{self, Root};
use hcs_agent::unix_path;
use hcs_guest_protocol::{Failure, PREFIX, RegistryChange, RegistryData};
use windows_sys::Win32::Foundation::{ERROR_BAD_PATHNAME, ERROR_FILE_NOT_FOUND, ERROR_SUCCESS};

use super::failure::{failure, wide};
use super::nt;

/// `HKEY`; kernelbase.dll has the functions as well as advapi32.dll. windows-sys names the latter, which takes
/// milliseconds to load with all that it imports.
type HKey = *mut c_void;

const REG_OPTION_NON_VOLATILE: u32 = 0;
const REG_OPTION_VOLATILE: u32 = 1;
const KEY_ALL_ACCESS: u32 = 0x000f_003f;
const KEY_READ: u32 = 0x0002_0019;
const REG_NONE: u32 = 0;
const REG_SZ: u32 = 1;
const REG_EXPAND_SZ: u32 = 2;
const REG_BINARY: u32 = 3;
const REG_DWORD: u32 = 4;
const REG_MULTI_SZ: u32 = 7;
const REG_QWORD: u32 = 11;

mod kernelbase {
    use super::HKey;

    windows_link::link!("kernelbase.dll" "system" fn RegCreateKeyExW(
        key: HKey, subkey: *const u16, reserved: u32, class: *const u16, options: u32, access: u32,
        security: *const core::ffi::c_void, result: *mut HKey, disposition: *mut u32) -> u32);
    windows_link::link!("kernelbase.dll" "system" fn RegSetValueExW(
        key: HKey, name: *const u16, reserved: u32, kind: u32, data: *const u8, size: u32) -> u32);
    windows_link::link!("kernelbase.dll" "system" fn RegDeleteTreeW(key: HKey, subkey: *const u16) -> u32);
    windows_link::link!("kernelbase.dll" "system" fn RegCloseKey(key: HKey) -> u32);
    windows_link::link!("kernelbase.dll" "system" fn RegOpenKeyExW(
        key: HKey, subkey: *const u16, options: u32, access: u32, result: *mut HKey) -> u32);
    windows_link::link!("kernelbase.dll" "system" fn RegSaveKeyExW(
        key: HKey, file: *const u16, security: *const core::ffi::c_void, flags: u32) -> u32);
}

/// An open key.
#[derive(Debug)]
pub(crate) struct Key(HKey);

impl Drop for Key {
    fn drop(&mut self) {
        // SAFETY: the key was opened by `create` or `open` and is closed only here, or is a predefined one, for which
        // the call does nothing.
        unsafe { kernelbase::RegCloseKey(self.0) };
    }
}

impl Key {
    /// Opens the key below `root`, made if need be.
    pub(crate) fn create(root: Root, path: &str, volatile: bool) -> Result<Self, Failure> {
        let call = format!("RegCreateKeyExW({path:?})");
        let name = wide(&call, path)?;
        let options = if volatile { REG_OPTION_VOLATILE } else { REG_OPTION_NON_VOLATILE };
        let mut key = null_mut();
        // SAFETY: the root is a predefined key, the name ends with a NUL, the result goes to a live local.
        let code = unsafe {
            kernelbase::RegCreateKeyExW(
                handle(root),
                name.as_ptr(),
                0,
                null(),
                options,
                KEY_ALL_ACCESS,
                null(),
                &raw mut key,
                null_mut(),
            )
        };
        if code == ERROR_SUCCESS { Ok(Self(key)) } else { Err(failure(call, code)) }
    }

    /// Opens the key below `root` for reading.
    fn open(root: Root, path: &str) -> Result<Self, Failure> {
        let call = format!("RegOpenKeyExW({path:?})");
        let name = wide(&call, path)?;
        let mut key = null_mut();
        // SAFETY: the root is a predefined key, the name ends with a NUL, the result goes to a live local.
        let code =
            unsafe { kernelbase::RegOpenKeyExW(handle(root), name.as_ptr(), 0, KEY_READ, &raw mut key) };
        if code == ERROR_SUCCESS { Ok(Self(key)) } else { Err(failure(call, code)) }
    }

    /// Sets a value; the empty name is the key's default value.
    pub(crate) fn set(&self, name: &str, data: &RegistryData) -> Result<(), Failure> {
        let call = format!("RegSetValueExW({name:?})");
        let name = wide(&call, name)?;
        let (kind, bytes) = encode(&call, data)?;
        let size = u32::try_from(bytes.len()).expect("a frame is far below 4 GiB");
        // The pointer of an empty vector points nowhere, which Wine looks at.
        let data = if bytes.is_empty() { null() } else { bytes.as_ptr() };
        // SAFETY: the key is open, the name ends with a NUL, the data is readable for `size` bytes, or null for none.
        let code = unsafe { kernelbase::RegSetValueExW(self.0, name.as_ptr(), 0, kind, data, size) };
        if code == ERROR_SUCCESS { Ok(()) } else { Err(failure(call, code)) }
    }

    /// Sets a string value.
    pub(crate) fn set_text(&self, name: &str, text: &str) -> Result<(), Failure> {
        self.set(name, &RegistryData::String(text.to_owned()))
    }
}

/// Applies changes in order, and stops at the first that fails.
pub(crate) fn apply(changes: &[RegistryChange]) -> Result<(), Failure> {
    changes.iter().try_for_each(|change| match change {
        RegistryChange::Set { key, name, data, volatile } => {
            let (root, path) = split("RegCreateKeyExW", key)?;
            Key::create(root, path, *volatile)?.set(name, data)
        }
        RegistryChange::DeleteKey { key } => {
            let (root, path) = split("RegDeleteTreeW", key)?;
            delete(root, path)
        }
    })
}

/// Writes the registry to the files that it was read from.
///
/// The server does so by itself every 30 s and when it ends, but a container's server is killed. `RegFlushKey` does
/// nothing in Wine 8.
pub(crate) fn save() -> Result<(), Failure> {
    nt::enable_backup_privilege()?;
    save_key(&Key(handle(Root::LocalMachine)), "system.reg")?;
    save_key(&Key(handle(Root::CurrentUser)), "user.reg")?;
    save_key(&Key::open(Root::Users, ".Default")?, "userdef.reg")
}

#[expect(clippy::disallowed_methods, reason = "a failure carries the path and the bare Windows code")]
fn save_key(key: &Key, file: &str) -> Result<(), Failure> {
    let call = format!("RegSaveKeyExW({file})");
    let path = unix_path::to_windows(&format!("{PREFIX}/{file}"))
        .ok_or_else(|| failure(&*call, ERROR_BAD_PATHNAME))?;
    // A file of the whole content takes the old one's place, so that there is a whole one at any time.
    let half = wide(&call, &format!("{path}.new"))?;
    // SAFETY: the key is open, the name ends with a NUL, null security asks for the default.
    let code = unsafe { kernelbase::RegSaveKeyExW(key.0, half.as_ptr(), null(), 0) };
    if code != ERROR_SUCCESS {
        return Err(failure(call, code));
    }
    std::fs::rename(format!("{path}.new"), &path).map_err(|error| {
        let code = error.raw_os_error().map_or(ERROR_BAD_PATHNAME, i32::cast_unsigned);
        failure(format!("MoveFileExW({file})"), code)
    })
}

fn delete(root: Root, path: &str) -> Result<(), Failure> {
    let call = format!("RegDeleteTreeW({path:?})");
    let name = wide(&call, path)?;
    // SAFETY: the root is a predefined key, the name ends with a NUL and is not empty (`registry_path::split`).
    match unsafe { kernelbase::RegDeleteTreeW(handle(root), name.as_ptr()) } {
        ERROR_SUCCESS | ERROR_FILE_NOT_FOUND => Ok(()),
        code => Err(failure(call, code)),
    }
}

fn split<'a>(call: &str, key: &'a str) -> Result<(Root, &'a str), Failure> {
    registry_path::split(key).ok_or_else(|| failure(format!("{call}({key:?})"), ERROR_BAD_PATHNAME))
}

fn handle(root: Root) -> HKey {
    match root {
        Root::LocalMachine => predefined(0x8000_0002),
        Root::CurrentUser => predefined(0x8000_0001),
        Root::Users => predefined(0x8000_0003),
    }
}

/// winreg.h has the numbers sign-extended to a pointer.
fn predefined(number: u32) -> HKey {
    std::ptr::without_provenance_mut((number.cast_signed() as isize).cast_unsigned())
}

fn encode(call: &str, data: &RegistryData) -> Result<(u32, Vec<u8>), Failure> {
    let bytes = |units: Vec<u16>| units.into_iter().flat_map(u16::to_le_bytes).collect();
    Ok(match data {
        RegistryData::None => (REG_NONE, Vec::new()),
        RegistryData::String(text) => (REG_SZ, bytes(wide(call, text)?)),
        RegistryData::ExpandString(text) => (REG_EXPAND_SZ, bytes(wide(call, text)?)),
        RegistryData::MultiString(texts) => {
            let mut units = Vec::new();
            for text in texts {
                units.extend(wide(call, text)?);
            }
            units.push(0);
            (REG_MULTI_SZ, bytes(units))
        }
        RegistryData::Binary(data) => (REG_BINARY, data.clone()),
        RegistryData::Dword(number) => (REG_DWORD, number.to_le_bytes().to_vec()),
        RegistryData::Qword(number) => (REG_QWORD, number.to_le_bytes().to_vec()),
        RegistryData::Custom { kind, bytes } => (*kind, bytes.clone()),
    })
}
