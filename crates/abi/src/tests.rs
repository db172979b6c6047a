//! The layouts are the platform's, for 64 and for 32 bits.

use std::mem::{align_of, offset_of, size_of};

use windows_sys::Win32::System::HostComputeSystem as hcs;

use crate::computecore::{self, Event, event_options};
use crate::{ProcessInformation, computenetwork, vmcompute};

#[test]
fn structures_have_the_documented_offsets() {
    let pointer = size_of::<usize>();
    assert_eq!(offset_of!(ProcessInformation, process_id), 0);
    assert_eq!(offset_of!(ProcessInformation, reserved), 4);
    assert_eq!(offset_of!(ProcessInformation, std_input), 8);
    assert_eq!(offset_of!(ProcessInformation, std_output), 8 + pointer);
    assert_eq!(offset_of!(ProcessInformation, std_error), 8 + 2 * pointer);
    assert_eq!(size_of::<ProcessInformation>(), 8 + 3 * pointer);
    assert_eq!(offset_of!(Event, kind), 0);
    assert_eq!(offset_of!(Event, data), pointer);
    assert_eq!(offset_of!(Event, operation), 2 * pointer);
}

#[test]
fn structures_are_the_headers() {
    type Theirs = hcs::HCS_PROCESS_INFORMATION;
    assert_eq!(size_of::<ProcessInformation>(), size_of::<Theirs>());
    assert_eq!(align_of::<ProcessInformation>(), align_of::<Theirs>());
    assert_eq!(offset_of!(ProcessInformation, process_id), offset_of!(Theirs, ProcessId));
    assert_eq!(offset_of!(ProcessInformation, std_input), offset_of!(Theirs, StdInput));
    assert_eq!(offset_of!(ProcessInformation, std_output), offset_of!(Theirs, StdOutput));
    assert_eq!(offset_of!(ProcessInformation, std_error), offset_of!(Theirs, StdError));
    assert_eq!(size_of::<Event>(), size_of::<hcs::HCS_EVENT>());
    assert_eq!(offset_of!(Event, data), offset_of!(hcs::HCS_EVENT, EventData));
    assert_eq!(offset_of!(Event, operation), offset_of!(hcs::HCS_EVENT, Operation));
    assert_eq!(event_options::NONE, hcs::HcsEventOptionNone.cast_unsigned());
    let callbacks = hcs::HcsEventOptionEnableOperationCallbacks;
    assert_eq!(event_options::OPERATION_CALLBACKS, callbacks.cast_unsigned());
    assert_eq!(event_options::VM_LIFECYCLE, hcs::HcsEventOptionEnableVmLifecycle.cast_unsigned());
}

#[test]
fn no_export_is_named_twice() {
    let first = [vmcompute::EXPORTS, vmcompute::OTHER_DOMAINS].concat();
    for names in [first, computecore::EXPORTS.to_vec(), computenetwork::EXPORTS.to_vec()] {
        let mut sorted = names.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(sorted.len(), names.len());
    }
    let counts = [vmcompute::EXPORTS, computecore::EXPORTS, computenetwork::EXPORTS].map(<[&str]>::len);
    assert_eq!(counts, [27, 60, 52]);
}
