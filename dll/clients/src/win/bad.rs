//! What no client should hand to computecore.dll: it must answer, and go on.
#![expect(unsafe_code, reason = "calls of the DLL")]

use std::ffi::c_void;
use std::ptr::{null, null_mut, without_provenance_mut};

use hcs_abi::computecore::OperationHandle;
use hcs_abi::{ProcessInformation, SystemHandle};

use super::dll::{export, take};
use super::operation::{request, request_process};
use super::wide;

const HANDLE: u32 = 0x8007_0006;
const POINTER: u32 = 0x8000_4003;
const ARGUMENT: u32 = 0x8007_0057;
const NOT_IMPLEMENTED: u32 = 0x8000_4001;

/// Requests on a system: operation and text.
fn on_system(system: SystemHandle) -> Vec<u32> {
    let options = wide("{}");
    let calls = [
        export!(HcsStartComputeSystem),
        export!(HcsShutDownComputeSystem),
        export!(HcsTerminateComputeSystem),
        export!(HcsPauseComputeSystem),
        export!(HcsResumeComputeSystem),
        export!(HcsSaveComputeSystem),
        export!(HcsGetComputeSystemProperties),
    ];
    // SAFETY: texts end with a NUL, places may be written to. So it is with every call in this file.
    calls.map(|call| request(|operation| unsafe { call(system, operation, options.as_ptr()) }).0).to_vec()
}

/// Every request with a handle that is none of its kind.
fn with_handle(handle: *mut c_void) {
    let text = wide("{}");
    assert!(on_system(handle).iter().all(|code| *code == HANDLE));
    let (mut process, mut result) = (null_mut(), null_mut());
    // SAFETY: as above.
    unsafe {
        let modified = request(|operation| {
            export!(HcsModifyComputeSystem)(handle, operation, text.as_ptr(), null_mut())
        });
        assert_eq!(modified.0, HANDLE);
        assert!(modified.1.contains(r#""Error":-2147024890"#), "{}", modified.1);
        let created = request_process(|operation| {
            export!(HcsCreateProcess)(handle, text.as_ptr(), operation, null(), &raw mut process)
        });
        assert_eq!((created.0.0, process), (HANDLE, null_mut()));
        for call in [
            export!(HcsTerminateProcess),
            export!(HcsSignalProcess),
            export!(HcsModifyProcess),
            export!(HcsGetProcessProperties),
        ] {
            assert_eq!(request(|operation| call(handle, operation, text.as_ptr())).0, HANDLE);
        }
        assert_eq!(request(|operation| export!(HcsGetProcessInfo)(handle, operation)).0, HANDLE);
        let opened = export!(HcsOpenProcess)(handle, 1, 0, &raw mut process);
        assert_eq!(opened.cast_unsigned(), HANDLE);
        let waited = export!(HcsWaitForComputeSystemExit)(handle, 0, &raw mut result);
        assert_eq!(waited.cast_unsigned(), HANDLE);
        take(result);
        let waited = export!(HcsWaitForProcessExit)(handle, 0, null_mut());
        assert_eq!(waited.cast_unsigned(), HANDLE);
        export!(HcsCloseComputeSystem)(handle);
        export!(HcsCloseProcess)(handle);
    }
    without_operation(handle);
}

/// Everything about an operation, with a handle that is none.
fn without_operation(handle: OperationHandle) {
    let mut text = null_mut();
    let mut information = ProcessInformation::EMPTY;
    // SAFETY: as above.
    unsafe {
        let codes = [
            export!(HcsGetOperationResult)(handle, &raw mut text),
            export!(HcsGetOperationResult)(handle, null_mut()),
            export!(HcsWaitForOperationResult)(handle, 0, null_mut()),
            export!(HcsGetOperationResultAndProcessInfo)(handle, &raw mut information, null_mut()),
            export!(HcsWaitForOperationResultAndProcessInfo)(handle, 0, &raw mut information, null_mut()),
            export!(HcsCancelOperation)(handle),
            export!(HcsSetOperationContext)(handle, null_mut()),
            export!(HcsSetOperationCallback)(handle, null_mut(), None),
            export!(HcsEnumerateComputeSystems)(null(), handle),
        ];
        take(text);
        assert!(codes.iter().all(|code| code.cast_unsigned() == HANDLE), "{codes:x?}");
        assert_eq!(export!(HcsGetOperationId)(handle), u64::MAX);
        assert_eq!(export!(HcsGetOperationType)(handle), -1);
        assert!(export!(HcsGetOperationContext)(handle).is_null());
        assert!(export!(HcsGetComputeSystemFromOperation)(handle).is_null());
        assert!(export!(HcsGetProcessFromOperation)(handle).is_null());
        export!(HcsCloseOperation)(handle);
    }
}

pub(crate) fn bad(id: &str, document: &str) {
    let (name, text) = (wide(id), wide(document));
    let mut system: SystemHandle = null_mut();
    // SAFETY: as above.
    let created = request(|operation| unsafe {
        export!(HcsCreateComputeSystem)(name.as_ptr(), text.as_ptr(), operation, null(), &raw mut system)
    });
    assert_eq!(created.0, 0, "{}", created.1);
    let made_up = [0, 1, usize::MAX, 0x1234_5678_9ABC, &raw const system as usize];
    for address in made_up {
        with_handle(without_provenance_mut(address));
    }

    // SAFETY: as above.
    unsafe {
        let operation = export!(HcsCreateOperation)(null_mut(), None);
        // A system's handle is no operation, and an operation no system.
        without_operation(system);
        assert!(on_system(operation).iter().all(|code| *code == HANDLE));
        // Nothing was asked for yet.
        let code = export!(HcsGetOperationResult)(operation, null_mut());
        assert_eq!(code.cast_unsigned(), 0x8037_0115);
        assert_eq!(export!(HcsCancelOperation)(operation).cast_unsigned(), 0x8037_0115);
        let mut information = ProcessInformation::EMPTY;
        assert_eq!(export!(HcsEnumerateComputeSystems)(null(), operation), 0);
        let wait = export!(HcsWaitForOperationResultAndProcessInfo);
        let none = wait(operation, super::PATIENCE, &raw mut information, null_mut());
        assert_eq!(none.cast_unsigned(), 0x8037_011D, "a list is no process");
        let null_place = wait(operation, 0, null_mut(), null_mut());
        assert_eq!(null_place.cast_unsigned(), POINTER);
        assert_eq!(export!(HcsGetOperationType)(operation), 0);
        // It may be used again.
        assert_eq!(export!(HcsEnumerateComputeSystems)(null(), operation), 0);
        assert_eq!(export!(HcsWaitForOperationResult)(operation, super::PATIENCE, null_mut()), 0);
        export!(HcsCloseOperation)(operation);
        without_operation(operation);

        let create = export!(HcsCreateComputeSystem);
        let mut out = null_mut();
        let no_place =
            request(|operation| create(name.as_ptr(), text.as_ptr(), operation, null(), null_mut()));
        assert_eq!(no_place.0, POINTER);
        let no_id = request(|operation| create(null(), text.as_ptr(), operation, null(), &raw mut out));
        assert_eq!((no_id.0, out), (ARGUMENT, null_mut()));
        let rights = request(|operation| {
            create(name.as_ptr(), text.as_ptr(), operation, text.as_ptr().cast(), &raw mut out)
        });
        assert_eq!(rights.0, 0x8007_0032);
        assert!(rights.1.contains("securityDescriptor"), "{}", rights.1);
        let broken = wide("{\"no");
        let broken =
            request(|operation| create(name.as_ptr(), broken.as_ptr(), operation, null(), &raw mut out));
        assert_eq!(broken.0, 0x8037_010D);
        // Texts: a lone surrogate, at an odd address, larger than any document.
        let surrogate = [0xD800, 0];
        let lone =
            request(|operation| create(surrogate.as_ptr(), text.as_ptr(), operation, null(), &raw mut out));
        assert_eq!((lone.0, out), (ARGUMENT, null_mut()));
        let odd: Vec<u8> =
            [0].into_iter().chain(wide("nobody").into_iter().flat_map(u16::to_le_bytes)).collect();
        let nobody = export!(HcsOpenComputeSystem)(odd.as_ptr().add(1).cast(), 0, &raw mut out);
        assert_eq!((nobody.cast_unsigned(), out), (0x8037_010E, null_mut()));
        let mut huge = vec![u16::from(b' '); (5 << 20) + 1];
        // More than is read, and as much as is read, which is more than hcsd takes.
        for (end, code) in [(5 << 20, Some(ARGUMENT)), (4 << 20, None)] {
            huge[end] = 0;
            let refused =
                request(|operation| create(name.as_ptr(), huge.as_ptr(), operation, null(), &raw mut out));
            assert!(
                refused.0.cast_signed() < 0 && code.is_none_or(|code| refused.0 == code),
                "{:x}",
                refused.0
            );
            assert!(out.is_null());
        }

        let options = export!(HcsSetComputeSystemCallback)(system, 0x40, null_mut(), None);
        assert_eq!(options.cast_unsigned(), ARGUMENT);
        let submit = export!(HcsSubmitWerReport)(text.as_ptr());
        assert_eq!(submit.cast_unsigned(), NOT_IMPLEMENTED);
        assert!(export!(HcsCreateOperationWithNotifications)(0, null_mut(), None).is_null());

        request(|operation| export!(HcsTerminateComputeSystem)(system, operation, null()));
        export!(HcsCloseComputeSystem)(system);
    }
    with_handle(system);
}
