//! What no host behind hcsd does: guest network services are those of virtual machines. These answer that they are not
//! implemented, with a record where there is a place for one.
#![expect(unsafe_code, reason = "exports: a client's pointers")]

use std::ffi::c_void;
use std::ptr::null_mut;

use hcs_abi::computenetwork::{
    Answer, CallbackHandle, EndpointHandle, GuestServiceHandle, IdIn, NotificationCallback,
};
use hcs_abi::{Handle, TextIn, TextOut};
use hcs_contract::{Error, Hresult};

use super::answer;

/// The answer of them all.
///
/// # Safety
/// `record` is null, or may be written to.
unsafe fn refuse(name: &'static str, record: *mut TextOut, why: &'static str) -> Answer {
    let refused = || Err(Error::not_supported(name, why).with_hresult(Hresult::E_NOTIMPL));
    // SAFETY: the same contract.
    unsafe { answer(record, refused) }
}

const NO_MACHINES: &str = "there are no virtual machines";

macro_rules! refused {
    ($($name:ident($($type:ty),*) $(, $record:ident)?: $why:expr;)*) => {
        $(refused!(@one $name, ($($type),*), ($($record)?), $why);)*
    };
    (@one $name:ident, ($($type:ty),*), ($record:ident), $why:expr) => {
        /// # Safety
        /// The record is null, or may be written to.
        #[unsafe(no_mangle)]
        pub(super) unsafe extern "system" fn $name($(_: $type,)* $record: *mut TextOut) -> Answer {
            // SAFETY: the client's promise.
            unsafe { refuse(stringify!($name), $record, $why) }
        }
    };
    (@one $name:ident, ($($type:ty),*), (), $why:expr) => {
        /// # Safety
        /// Nothing that is given is looked at.
        #[unsafe(no_mangle)]
        pub(super) unsafe extern "system" fn $name($(_: $type),*) -> Answer {
            // SAFETY: null may not be written to.
            unsafe { refuse(stringify!($name), null_mut(), $why) }
        }
    };
}

refused! {
    HcnQueryEndpointAddresses(EndpointHandle, TextIn, *mut TextOut), record:
        "an endpoint's addresses stand in its properties";
    HcnCreateGuestNetworkService(IdIn, TextIn, *mut GuestServiceHandle), record: NO_MACHINES;
    HcnModifyGuestNetworkService(GuestServiceHandle, TextIn), record: NO_MACHINES;
    HcnDeleteGuestNetworkService(IdIn), record: NO_MACHINES;
    HcnCloseGuestNetworkService(GuestServiceHandle): NO_MACHINES;
    HcnRegisterGuestNetworkServiceCallback(
        GuestServiceHandle,
        Option<NotificationCallback>,
        *mut c_void,
        *mut CallbackHandle
    ): NO_MACHINES;
    HcnUnregisterGuestNetworkServiceCallback(CallbackHandle): NO_MACHINES;
    HcnReserveGuestNetworkServicePort(GuestServiceHandle, i32, i32, u16, *mut Handle): NO_MACHINES;
    HcnReserveGuestNetworkServicePortRange(GuestServiceHandle, u16, *mut [u16; 2], *mut Handle): NO_MACHINES;
    HcnReleaseGuestNetworkServicePortReservationHandle(Handle): NO_MACHINES;
    HcnEnumerateGuestNetworkPortReservations(*mut u32, *mut *mut c_void): NO_MACHINES;
}

/// Frees a list of reservations, of which no client can have one.
///
/// # Safety
/// Nothing that is given is looked at.
#[unsafe(no_mangle)]
pub(super) unsafe extern "system" fn HcnFreeGuestNetworkPortReservations(_: *mut c_void) {}
