//! Text as the DLLs have it: UTF-16 that ends with NUL, borrowed by them or owned by us.

#![expect(unsafe_code, reason = "text of the service is read by pointer, and given back to its allocator")]

use std::ffi::c_void;

use hcs_abi::TextOut;
use hcs_contract::{Error, Result};

/// Gives memory back that a DLL handed out.
pub(crate) type Free = unsafe fn(*mut c_void);

/// Text for a call. A call that may outlive its caller owns it.
#[derive(Clone, Debug)]
pub(crate) struct Wide(Vec<u16>);

impl Wide {
    /// An id of a system.
    ///
    /// # Errors
    /// Invalid argument: it holds a NUL, at which the service would take it for ended.
    pub(crate) fn id(text: &str) -> Result<Self> {
        Self::new(text).ok_or_else(|| Error::invalid_argument("id", "it holds a NUL character"))
    }

    /// A document.
    ///
    /// # Errors
    /// Invalid document, for the same reason.
    pub(crate) fn document(text: &str) -> Result<Self> {
        Self::new(text).ok_or_else(|| Error::invalid_document("", "the text holds a NUL character"))
    }

    /// A query, which says "nothing" by an empty object.
    pub(crate) fn query(text: &str) -> Result<Self> {
        Self::document(if text.trim().is_empty() { "{}" } else { text })
    }

    fn new(text: &str) -> Option<Self> {
        if text.contains('\0') { None } else { Some(Self(text.encode_utf16().chain([0]).collect())) }
    }

    /// Valid as long as this is, and ended by NUL.
    pub(crate) fn as_ptr(&self) -> *const u16 {
        self.0.as_ptr()
    }

    /// The same, or null for the empty text: how an absent parameter is passed.
    pub(crate) fn as_optional_ptr(&self) -> *const u16 {
        if self.0.len() == 1 { std::ptr::null() } else { self.as_ptr() }
    }
}

/// Text that a DLL hands out; ours from the moment on when it does, whatever the call returns.
#[derive(Debug)]
pub(crate) struct Given {
    pointer: TextOut,
    free: Free,
}

impl Given {
    /// No text yet.
    pub(crate) fn none(free: Free) -> Self {
        Self { pointer: std::ptr::null_mut(), free }
    }

    /// Where a call puts its text, once.
    pub(crate) fn out(&mut self) -> *mut TextOut {
        &raw mut self.pointer
    }

    /// The text; `None` for null. What is no UTF-16 is replaced: explanations are for people.
    pub(crate) fn lossy(&self) -> Option<String> {
        // SAFETY: the DLL put null or a text that ends with NUL here, which is ours until it is dropped.
        unsafe { units(self.pointer) }.map(String::from_utf16_lossy)
    }

    /// A document that must be there.
    ///
    /// # Errors
    /// Unexpected value: there is none, or it is no UTF-16.
    pub(crate) fn document(&self) -> Result<String> {
        // SAFETY: as in `lossy`.
        let units = unsafe { units(self.pointer) };
        let units = units.ok_or_else(|| Error::unexpected_value("no document, where one was due"))?;
        String::from_utf16(units).map_err(|_| Error::unexpected_value("a document that is not UTF-16"))
    }

    /// The same where a call may have nothing to say.
    ///
    /// # Errors
    /// Unexpected value: it is no UTF-16.
    pub(crate) fn optional_document(&self) -> Result<String> {
        if self.pointer.is_null() { Ok(String::new()) } else { self.document() }
    }
}

impl Drop for Given {
    fn drop(&mut self) {
        if !self.pointer.is_null() {
            // SAFETY: the DLL allocated it for us by the allocator that `free` belongs to, and nobody else frees it.
            unsafe { (self.free)(self.pointer.cast()) };
        }
    }
}

// SAFETY: the memory belongs to no thread, and is read through shared references only.
unsafe impl Send for Given {}

/// The text at `pointer`, if it is not null.
///
/// # Safety
/// It is null, or points to units that end with NUL and stay unchanged for `'a`.
pub(crate) unsafe fn units<'a>(pointer: *const u16) -> Option<&'a [u16]> {
    if pointer.is_null() {
        return None;
    }
    let mut length = 0;
    // SAFETY: all units up to and with the NUL may be read, by the caller's word.
    while unsafe { pointer.add(length).read() } != 0 {
        length += 1;
    }
    // SAFETY: so many were just read.
    Some(unsafe { std::slice::from_raw_parts(pointer, length) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nul_within_is_refused_before_any_call() {
        assert_eq!(Wide::id("a\0b").unwrap_err().code(), "invalid-argument");
        assert_eq!(Wide::document("{\0}").unwrap_err().code(), "invalid-document");
        assert_eq!(Wide::id("größe").unwrap().0, "größe\0".encode_utf16().collect::<Vec<_>>());
    }

    #[test]
    fn nothing_is_null_or_the_empty_document() {
        assert!(Wide::document("").unwrap().as_optional_ptr().is_null());
        assert!(!Wide::document("{}").unwrap().as_optional_ptr().is_null());
        assert_eq!(Wide::query(" ").unwrap().0, "{}\0".encode_utf16().collect::<Vec<_>>());
    }
}
