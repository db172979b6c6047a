//! The way to hcsd: found once, kept for the process's life.
#![expect(unsafe_code, reason = "asks for the DLL's own path")]

use std::path::Path;
use std::ptr::null_mut;
use std::sync::{Mutex, PoisonError};

use hcs_contract::{Error, Result};
use hcs_host_remote::RemoteHost;
use windows_sys::Win32::Foundation::HMODULE;
use windows_sys::Win32::System::LibraryLoader::{
    GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS, GET_MODULE_HANDLE_EX_FLAG_PIN, GetModuleFileNameW,
    GetModuleHandleExW,
};

use crate::documents::Document;
use crate::settings::{FILE, Settings};
use crate::win::{os, wine};

static HOST: Mutex<Option<RemoteHost>> = Mutex::new(None);

/// Units of a path: more than any that Windows makes.
const LONGEST: usize = 1 << 15;

/// The host that hcsd serves. With the first call the DLL stays loaded until the process ends: threads of it run.
///
/// # Errors
/// Service not available: nothing says where it is. Whether it is there is seen with the first call on it.
pub fn host() -> Result<RemoteHost> {
    let mut host = HOST.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(host) = &*host {
        return Ok(host.clone());
    }
    let folder = own_folder()?;
    let file = || match fs_err::read_to_string(Path::new(&folder).join(FILE)) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::os("read", FILE, error)),
    };
    let options = Settings::options(|name| std::env::var(name).ok(), file, &folder)?;
    let opened = RemoteHost::open(options)?;
    *host = Some(opened.clone());
    Ok(opened)
}

/// A client's document as the host must have it: with the host's paths.
///
/// # Errors
/// A path that has no place on the host.
pub fn document_for_host(document: Document, text: String) -> Result<String> {
    document.translated(text, &wine::host_path)
}

/// The folder that this DLL lies in. It is pinned there.
fn own_folder() -> Result<String> {
    let mut module: HMODULE = null_mut();
    let flags = GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_PIN;
    // SAFETY: with that flag the name is an address within the module; `module` may be written to.
    if unsafe { GetModuleHandleExW(flags, (&raw const HOST).cast(), &raw mut module) } == 0 {
        return Err(os("find", "this DLL"));
    }
    let mut path = vec![0_u16; LONGEST];
    let capacity = u32::try_from(path.len()).expect("it is a small constant");
    // SAFETY: the module stays loaded; the buffer has that many units.
    let length = unsafe { GetModuleFileNameW(module, path.as_mut_ptr(), capacity) };
    if length == 0 || length >= capacity {
        return Err(os("find", "this DLL's path"));
    }
    let path = String::from_utf16_lossy(&path[..length as usize]);
    Ok(path.rsplit_once('\\').map_or(String::new(), |(folder, _)| folder.to_owned()))
}
