//! What an export answers: an HRESULT of the ABI's generation, and the document beside it.

use hcs_abi::computenetwork::Answer;
use hcs_contract::{Error, ErrorKind, ErrorRecord, Hresult, Result};

/// Which of the service's families of codes and documents a DLL speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Generation {
    /// vmcompute.dll: 0xC037xxxx.
    First,
    /// computecore.dll: 0x8037xxxx, as hosts do.
    Second,
    /// computenetwork.dll: a host's codes, explained by error records.
    Network,
}

impl Generation {
    /// A host's code as this generation says it.
    pub fn code(self, code: Hresult) -> Hresult {
        match self {
            Self::First => code.to_v1(),
            Self::Second | Self::Network => code,
        }
    }

    /// What the function returns.
    pub fn hresult(self, error: &Error) -> i32 {
        let code = self.code(error.hresult());
        // A host that fails with a success code must not look as if it had succeeded.
        if code.is_failure() { code.to_i32() } else { Hresult::E_UNEXPECTED.to_i32() }
    }

    /// The result document that explains it.
    pub fn document(self, error: &Error) -> String {
        let code = Some(Hresult::from_i32(self.hresult(error)));
        if self == Self::Network {
            let ErrorRecord { error: mut message, .. } = ErrorRecord::from(error);
            if let Some(hint) = error.hint() {
                message = format!("{message} ({hint})");
            }
            return ErrorRecord { error: message, code }.to_json();
        }
        let mut document = error.to_result();
        document.error = code;
        if let (Some(message), Some(hint)) = (&mut document.message, error.hint()) {
            *message = format!("{message} ({hint})");
        }
        document.to_json()
    }
}

/// The HRESULT in a register whose upper half is zero, as clients of the network functions read it.
pub fn full_register(hresult: i32) -> Answer {
    hresult.cast_unsigned() as Answer
}

/// The failure of a handle that is closed, of another kind, or none of ours.
pub fn invalid_handle() -> Error {
    Error::new(ErrorKind::InvalidHandle)
}

/// Refuses a token or security descriptor: hcsd's rights are the only ones there are.
///
/// # Errors
/// Not supported.
pub fn without_token<T>(name: &'static str, pointer: *const T) -> Result<()> {
    if pointer.is_null() {
        return Ok(());
    }
    Err(Error::not_supported(name, "who may reach hcsd may do all; rights of Windows mean nothing to it"))
}

#[cfg(test)]
mod tests {
    use hcs_contract::{Object, ResultDocument};

    use super::*;

    #[test]
    fn each_generation_speaks_its_family() {
        let error = Error::not_found(Object::system("web"));
        let both = [(Generation::First, 0xC037_010E), (Generation::Second, 0x8037_010E)];
        for (generation, code) in both {
            assert_eq!(generation.hresult(&error), Hresult(code).to_i32());
            let document = ResultDocument::parse(&generation.document(&error));
            assert_eq!(document.error, Some(Hresult(code)));
            assert_eq!(document.message.as_deref(), Some("no such compute system"));
        }
        let record = ErrorRecord::parse(&Generation::Network.document(&error));
        assert_eq!((record.code, &*record.error), (Some(error.hresult()), "no such compute system"));
        let odd = Error::from_hresult(Hresult::S_FALSE);
        assert_eq!(Generation::First.hresult(&odd), Hresult::E_UNEXPECTED.to_i32());
    }

    #[test]
    fn a_token_is_refused_by_name() {
        assert!(without_token("identity", std::ptr::null::<u8>()).is_ok());
        let refused = without_token("identity", c"token".as_ptr()).unwrap_err();
        assert!(refused.is_not_supported() && refused.to_string().contains("identity"));
    }
}
