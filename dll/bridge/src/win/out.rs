//! Where a client wants a result: checked once, written to as often as need be.
#![expect(unsafe_code, reason = "writes where a client says")]

use hcs_abi::TextOut;
use hcs_contract::{Error, Hresult, Result};

use crate::answer::Generation;
use crate::win::memory;

/// A place of the client's.
#[derive(Debug)]
pub struct Out<T>(*mut T);

impl<T> Out<T> {
    /// The place, with what stands there until there is a result.
    ///
    /// # Errors
    /// `E_POINTER`: it is null.
    ///
    /// # Safety
    /// `place` is null, or may be written to as long as this lives. It need not be aligned.
    pub unsafe fn new(place: *mut T, before: T) -> Result<Self> {
        if place.is_null() {
            return Err(Error::from_hresult(Hresult::E_POINTER));
        }
        let this = Self(place);
        this.set(before);
        Ok(this)
    }

    /// The result.
    pub fn set(&self, value: T) {
        // SAFETY: not null, and by the contract of `new` to be written to.
        unsafe { self.0.write_unaligned(value) };
    }
}

impl Out<TextOut> {
    /// A text as the result; the client frees it.
    ///
    /// # Errors
    /// Out of memory.
    pub fn give(&self, generation: Generation, text: &str) -> Result<()> {
        self.set(memory::give(generation, text)?);
        Ok(())
    }
}
