//! The predicates of the Go library, as methods, by one truth table.
//!
//! v0.8.4 and its later versions differ; what we decided and why stands in `docs/truth-table.md`, and the table is
//! the test of this module. Both families of codes count everywhere.

use super::{Error, ErrorKind, ObjectKind};
use crate::Hresult;

impl Error {
    /// The object does not exist: system, process, or what else the error names.
    #[doc(alias = "IsElementNotFoundError")]
    #[doc(alias = "IsNotExist")]
    #[doc(alias = "IsNotFoundError")]
    pub fn is_not_exist(&self) -> bool {
        matches!(self.kind(), ErrorKind::NotFound(_))
            || matches!(self.code_v2(), Hresult::HCS_E_SYSTEM_NOT_FOUND | Hresult::ERROR_NOT_FOUND)
    }

    /// This handle was closed, before the call or while it waited.
    #[doc(alias = "IsAlreadyClosed")]
    pub fn is_already_closed(&self) -> bool {
        matches!(self.kind(), ErrorKind::AlreadyClosed(_))
    }

    /// Not completed yet.
    #[doc(alias = "IsPending")]
    pub fn is_pending(&self) -> bool {
        self.code_v2() == Hresult::HCS_E_OPERATION_PENDING
    }

    /// A deadline passed: ours, the service's, or the guest's.
    #[doc(alias = "IsTimeout")]
    #[doc(alias = "IsTimeoutError")]
    pub fn is_timeout(&self) -> bool {
        matches!(self.kind(), ErrorKind::Timeout { .. })
            || matches!(
                self.code_v2(),
                Hresult::HCS_E_OPERATION_TIMEOUT
                    | Hresult::HCS_E_CONNECTION_TIMEOUT
                    | Hresult::ERROR_TIMEOUT
                    | Hresult::WAIT_TIMEOUT
            )
    }

    /// The system or process has ended; a process that can't be found any more counts as ended.
    #[doc(alias = "IsAlreadyStopped")]
    pub fn is_already_stopped(&self) -> bool {
        match self.code_v2() {
            Hresult::HCS_E_SYSTEM_ALREADY_STOPPED | Hresult::HCS_E_PROCESS_ALREADY_STOPPED => true,
            Hresult::ERROR_NOT_FOUND => {
                matches!(self.kind(), ErrorKind::NotFound(ObjectKind::Process | ObjectKind::Element))
            }
            _ => false,
        }
    }

    /// The host, the guest or the document's version can't do this.
    #[doc(alias = "IsNotSupported")]
    pub fn is_not_supported(&self) -> bool {
        matches!(
            self.code_v2(),
            Hresult::HCS_E_INVALID_JSON
                | Hresult::HCS_E_UNKNOWN_MESSAGE
                | Hresult::ERROR_INVALID_DATA
                | Hresult::ERROR_NOT_SUPPORTED
        )
    }

    /// The call does not fit the object's present state.
    #[doc(alias = "IsOperationInvalidState")]
    pub fn is_operation_invalid_state(&self) -> bool {
        self.code_v2() == Hresult::HCS_E_INVALID_STATE
    }

    /// The caller may not do this.
    #[doc(alias = "IsAccessIsDenied")]
    pub fn is_access_denied(&self) -> bool {
        matches!(self.code_v2(), Hresult::E_ACCESSDENIED | Hresult::HCS_E_ACCESS_DENIED)
    }

    /// The service does not know the handle. A handle that was closed on our side is
    /// [`Error::is_already_closed`] instead.
    #[doc(alias = "IsErrorInvalidHandle")]
    pub fn is_invalid_handle(&self) -> bool {
        self.code_v2() == Hresult::E_HANDLE && !self.is_already_closed()
    }

    /// The object, or something that its document claims, exists already.
    pub fn is_already_exists(&self) -> bool {
        matches!(self.kind(), ErrorKind::AlreadyExists(_))
    }

    /// A port that the document publishes is taken, by another endpoint or by another program.
    #[doc(alias = "IsPortAlreadyExistsError")]
    pub fn is_port_already_exists(&self) -> bool {
        self.hresult() == Hresult::HCN_E_PORT_ALREADY_EXISTS
    }

    /// The service knows the function and has nothing behind it.
    #[doc(alias = "IsNotImplemented")]
    pub fn is_not_implemented(&self) -> bool {
        self.hresult() == Hresult::E_NOTIMPL
    }

    /// The service is not there, or the connection to it is gone.
    pub fn is_service_unavailable(&self) -> bool {
        matches!(self.kind(), ErrorKind::ServiceUnavailable { .. } | ErrorKind::Disconnected)
    }

    /// The code is one of these; families don't matter.
    #[doc(alias = "IsAny")]
    pub fn is_any(&self, codes: &[Hresult]) -> bool {
        codes.iter().any(|code| code.to_v2() == self.code_v2())
    }

    fn code_v2(&self) -> Hresult {
        self.hresult().to_v2()
    }
}
