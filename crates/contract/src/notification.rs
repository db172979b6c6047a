//! What a system or process reports by itself, in the numbers of both APIs.
//!
//! The two number spaces look alike and differ: 0x01000000 is "service gone" in v1 and "operation complete" in
//! v2. So they are two types, with the one mapping between them (`hcs.md` 4.1, 4.4).

use std::fmt;

use crate::Hresult;

/// Something that happened to a system or process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notification {
    /// What happened.
    pub kind: EventType,
    /// Success, or why it failed; for an exit, how it ended.
    pub status: Hresult,
    /// A JSON document: `{Status, ExitType}` for a system's exit, the process status for a process's.
    pub data: Option<String>,
}

impl Notification {
    /// A successful one without data.
    pub const fn new(kind: EventType) -> Self {
        Self { kind, status: Hresult::S_OK, data: None }
    }

    /// The same with data.
    #[must_use]
    pub fn with_data(mut self, data: impl Into<String>) -> Self {
        self.data = Some(data.into());
        self
    }

    /// The same with another status.
    #[must_use]
    pub const fn with_status(mut self, status: Hresult) -> Self {
        self.status = status;
        self
    }
}

macro_rules! open_numbers {
    ($(#[$type_doc:meta])* $type:ident { $($(#[$doc:meta])* $name:ident = $value:literal,)* }) => {
        $(#[$type_doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $type(pub u32);

        impl $type {
            $($(#[$doc])* #[doc = concat!("(`", stringify!($value), "`)")] pub const $name: Self = Self($value);)*

            /// The constant's name, if the number has one.
            pub const fn name(self) -> Option<&'static str> {
                match self.0 { $($value => Some(stringify!($name)),)* _ => None }
            }

            /// Every number that has a name.
            pub const ALL: &'static [Self] = &[$(Self($value)),*];
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self.name() {
                    Some(name) => f.write_str(name),
                    None => write!(f, "0x{:08X}", self.0),
                }
            }
        }

        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({self})", stringify!($type))
            }
        }
    };
}

pub(crate) use open_numbers;

open_numbers! {
    /// The events of computecore (`HCS_EVENT_TYPE`), which hosts speak. Unknown numbers stay representable.
    EventType {
        /// Not an event.
        INVALID = 0x0000_0000,
        /// The system has exited.
        SYSTEM_EXITED = 0x0000_0001,
        /// The guest has begun to crash.
        SYSTEM_CRASH_INITIATED = 0x0000_0002,
        /// The guest wrote a crash report.
        SYSTEM_CRASH_REPORT = 0x0000_0003,
        /// The enhanced console changed.
        SYSTEM_RDP_ENHANCED_MODE_STATE_CHANGED = 0x0000_0004,
        /// The silo's job exists.
        SYSTEM_SILO_JOB_CREATED = 0x0000_0005,
        /// The connection to the guest was closed.
        SYSTEM_GUEST_CONNECTION_CLOSED = 0x0000_0006,
        /// The process has exited.
        PROCESS_EXITED = 0x0001_0000,
        /// An operation is complete.
        OPERATION_CALLBACK = 0x0100_0000,
        /// The service is gone, and every handle with it.
        SERVICE_DISCONNECT = 0x0200_0000,
        /// Steps in a virtual machine's life.
        GROUP_VM_LIFECYCLE = 0x8000_0002,
        /// Steps of a live migration.
        GROUP_LIVE_MIGRATION = 0x8000_0003,
        /// Progress of an operation.
        GROUP_OPERATION_INFO = 0xC000_0001,
    }
}

open_numbers! {
    /// The notifications of vmcompute (`HCS_NOTIFICATIONS`). Unknown numbers stay representable.
    NotificationType {
        /// Not a notification.
        INVALID = 0x0000_0000,
        /// The system has exited.
        SYSTEM_EXITED = 0x0000_0001,
        /// A create is complete.
        SYSTEM_CREATE_COMPLETED = 0x0000_0002,
        /// A start is complete.
        SYSTEM_START_COMPLETED = 0x0000_0003,
        /// A pause is complete.
        SYSTEM_PAUSE_COMPLETED = 0x0000_0004,
        /// A resume is complete.
        SYSTEM_RESUME_COMPLETED = 0x0000_0005,
        /// The guest wrote a crash report.
        SYSTEM_CRASH_REPORT = 0x0000_0006,
        /// The silo's job exists.
        SYSTEM_SILO_JOB_CREATED = 0x0000_0007,
        /// A save is complete.
        SYSTEM_SAVE_COMPLETED = 0x0000_0008,
        /// The enhanced console changed.
        SYSTEM_RDP_ENHANCED_MODE_STATE_CHANGED = 0x0000_0009,
        /// A shutdown failed; newer headers call the number "shutdown completed" too.
        SYSTEM_SHUTDOWN_FAILED = 0x0000_000A,
        /// A query is complete.
        SYSTEM_GET_PROPERTIES_COMPLETED = 0x0000_000B,
        /// A change is complete.
        SYSTEM_MODIFY_COMPLETED = 0x0000_000C,
        /// The guest has begun to crash.
        SYSTEM_CRASH_INITIATED = 0x0000_000D,
        /// The connection to the guest was closed.
        SYSTEM_GUEST_CONNECTION_CLOSED = 0x0000_000E,
        /// An operation is complete.
        SYSTEM_OPERATION_COMPLETION = 0x0000_000F,
        /// Passed through from the guest.
        SYSTEM_PASS_THRU = 0x0000_0010,
        /// Progress of an operation.
        OPERATION_PROGRESS_UPDATE = 0x0000_0100,
        /// The process has exited.
        PROCESS_EXITED = 0x0001_0000,
        /// The service is gone, and every handle with it.
        SERVICE_DISCONNECT = 0x0100_0000,
    }
}

/// Which number of v1 says the same as which of v2.
const SAME: &[(NotificationType, EventType)] = &[
    (NotificationType::INVALID, EventType::INVALID),
    (NotificationType::SYSTEM_EXITED, EventType::SYSTEM_EXITED),
    (NotificationType::SYSTEM_CRASH_INITIATED, EventType::SYSTEM_CRASH_INITIATED),
    (NotificationType::SYSTEM_CRASH_REPORT, EventType::SYSTEM_CRASH_REPORT),
    (
        NotificationType::SYSTEM_RDP_ENHANCED_MODE_STATE_CHANGED,
        EventType::SYSTEM_RDP_ENHANCED_MODE_STATE_CHANGED,
    ),
    (NotificationType::SYSTEM_SILO_JOB_CREATED, EventType::SYSTEM_SILO_JOB_CREATED),
    (NotificationType::SYSTEM_GUEST_CONNECTION_CLOSED, EventType::SYSTEM_GUEST_CONNECTION_CLOSED),
    (NotificationType::SYSTEM_OPERATION_COMPLETION, EventType::OPERATION_CALLBACK),
    (NotificationType::OPERATION_PROGRESS_UPDATE, EventType::GROUP_OPERATION_INFO),
    (NotificationType::PROCESS_EXITED, EventType::PROCESS_EXITED),
    (NotificationType::SERVICE_DISCONNECT, EventType::SERVICE_DISCONNECT),
];

impl EventType {
    /// What vmcompute calls it; `None` for what it never reports.
    pub fn to_v1(self) -> Option<NotificationType> {
        SAME.iter().find(|(_, v2)| *v2 == self).map(|(v1, _)| *v1)
    }
}

impl NotificationType {
    /// Flag beside the number in what vmcompute hands to a callback: what it reports has failed.
    pub const FAILURE: u32 = 0x8000_0000;

    /// The bits for flags in what vmcompute hands to a callback. Clear them before you compare the number. Not for
    /// an [`EventType`], whose numbers use these bits.
    pub const RESERVED: u32 = 0xF000_0000;

    /// What computecore calls it; `None` for completions, which computecore reports by the operation.
    pub fn to_v2(self) -> Option<EventType> {
        SAME.iter().find(|(v1, _)| *v1 == self).map(|(_, v2)| *v2)
    }

    /// The notification that completes an operation of the v1 API, if one does.
    pub const fn completion_of(kind: crate::OperationKind) -> Option<Self> {
        use crate::OperationKind;
        Some(match kind {
            OperationKind::Create => Self::SYSTEM_CREATE_COMPLETED,
            OperationKind::Start => Self::SYSTEM_START_COMPLETED,
            OperationKind::Pause => Self::SYSTEM_PAUSE_COMPLETED,
            OperationKind::Resume => Self::SYSTEM_RESUME_COMPLETED,
            OperationKind::Save => Self::SYSTEM_SAVE_COMPLETED,
            OperationKind::Shutdown | OperationKind::Terminate | OperationKind::WaitSystemExit => {
                Self::SYSTEM_EXITED
            }
            OperationKind::WaitProcessExit => Self::PROCESS_EXITED,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use windows_sys::Win32::System::HostComputeSystem as hcs;

    use super::{EventType, NotificationType};
    use crate::OperationKind;

    #[test]
    fn the_numbers_are_the_headers() {
        for (ours, theirs) in [
            (EventType::INVALID, hcs::HcsEventInvalid),
            (EventType::SYSTEM_EXITED, hcs::HcsEventSystemExited),
            (EventType::SYSTEM_CRASH_INITIATED, hcs::HcsEventSystemCrashInitiated),
            (EventType::SYSTEM_CRASH_REPORT, hcs::HcsEventSystemCrashReport),
            (
                EventType::SYSTEM_RDP_ENHANCED_MODE_STATE_CHANGED,
                hcs::HcsEventSystemRdpEnhancedModeStateChanged,
            ),
            (EventType::SYSTEM_SILO_JOB_CREATED, hcs::HcsEventSystemSiloJobCreated),
            (EventType::SYSTEM_GUEST_CONNECTION_CLOSED, hcs::HcsEventSystemGuestConnectionClosed),
            (EventType::PROCESS_EXITED, hcs::HcsEventProcessExited),
            (EventType::OPERATION_CALLBACK, hcs::HcsEventOperationCallback),
            (EventType::SERVICE_DISCONNECT, hcs::HcsEventServiceDisconnect),
            (EventType::GROUP_VM_LIFECYCLE, hcs::HcsEventGroupVmLifecycle),
            (EventType::GROUP_OPERATION_INFO, hcs::HcsEventGroupOperationInfo),
        ] {
            assert_eq!(ours.0, theirs.cast_unsigned(), "{ours}");
        }
        for (ours, theirs) in [
            (NotificationType::INVALID, hcs::HcsNotificationInvalid),
            (NotificationType::SYSTEM_EXITED, hcs::HcsNotificationSystemExited),
            (NotificationType::SYSTEM_CREATE_COMPLETED, hcs::HcsNotificationSystemCreateCompleted),
            (NotificationType::SYSTEM_START_COMPLETED, hcs::HcsNotificationSystemStartCompleted),
            (NotificationType::SYSTEM_PAUSE_COMPLETED, hcs::HcsNotificationSystemPauseCompleted),
            (NotificationType::SYSTEM_RESUME_COMPLETED, hcs::HcsNotificationSystemResumeCompleted),
            (NotificationType::SYSTEM_CRASH_REPORT, hcs::HcsNotificationSystemCrashReport),
            (NotificationType::SYSTEM_SILO_JOB_CREATED, hcs::HcsNotificationSystemSiloJobCreated),
            (NotificationType::SYSTEM_SAVE_COMPLETED, hcs::HcsNotificationSystemSaveCompleted),
            (
                NotificationType::SYSTEM_RDP_ENHANCED_MODE_STATE_CHANGED,
                hcs::HcsNotificationSystemRdpEnhancedModeStateChanged,
            ),
            (NotificationType::SYSTEM_SHUTDOWN_FAILED, hcs::HcsNotificationSystemShutdownFailed),
            (
                NotificationType::SYSTEM_GET_PROPERTIES_COMPLETED,
                hcs::HcsNotificationSystemGetPropertiesCompleted,
            ),
            (NotificationType::SYSTEM_MODIFY_COMPLETED, hcs::HcsNotificationSystemModifyCompleted),
            (NotificationType::SYSTEM_CRASH_INITIATED, hcs::HcsNotificationSystemCrashInitiated),
            (
                NotificationType::SYSTEM_GUEST_CONNECTION_CLOSED,
                hcs::HcsNotificationSystemGuestConnectionClosed,
            ),
            (NotificationType::SYSTEM_OPERATION_COMPLETION, hcs::HcsNotificationSystemOperationCompletion),
            (NotificationType::SYSTEM_PASS_THRU, hcs::HcsNotificationSystemPassThru),
            (NotificationType::OPERATION_PROGRESS_UPDATE, hcs::HcsNotificationOperationProgressUpdate),
            (NotificationType::PROCESS_EXITED, hcs::HcsNotificationProcessExited),
            (NotificationType::SERVICE_DISCONNECT, hcs::HcsNotificationServiceDisconnect),
        ] {
            assert_eq!(ours.0, theirs.cast_unsigned(), "{ours}");
            assert_eq!(ours.0 & NotificationType::RESERVED, 0, "{ours} has a flag");
        }
        assert_eq!(NotificationType::FAILURE, hcs::HcsNotificationFlagFailure.cast_unsigned());
        assert_eq!(NotificationType::RESERVED, hcs::HcsNotificationFlagsReserved.cast_unsigned());
    }

    #[test]
    fn operation_kinds_have_the_numbers_of_the_header() {
        for (kind, number) in [
            (OperationKind::Enumerate, hcs::HcsOperationTypeEnumerate),
            (OperationKind::Create, hcs::HcsOperationTypeCreate),
            (OperationKind::Start, hcs::HcsOperationTypeStart),
            (OperationKind::Shutdown, hcs::HcsOperationTypeShutdown),
            (OperationKind::Pause, hcs::HcsOperationTypePause),
            (OperationKind::Resume, hcs::HcsOperationTypeResume),
            (OperationKind::Save, hcs::HcsOperationTypeSave),
            (OperationKind::Terminate, hcs::HcsOperationTypeTerminate),
            (OperationKind::Modify, hcs::HcsOperationTypeModify),
            (OperationKind::GetProperties, hcs::HcsOperationTypeGetProperties),
            (OperationKind::CreateProcess, hcs::HcsOperationTypeCreateProcess),
            (OperationKind::SignalProcess, hcs::HcsOperationTypeSignalProcess),
            (OperationKind::GetProcessInfo, hcs::HcsOperationTypeGetProcessInfo),
            (OperationKind::GetProcessProperties, hcs::HcsOperationTypeGetProcessProperties),
            (OperationKind::ModifyProcess, hcs::HcsOperationTypeModifyProcess),
            (OperationKind::Crash, hcs::HcsOperationTypeCrash),
            (OperationKind::WaitSystemExit, hcs::HcsOperationTypeNone),
        ] {
            assert_eq!(kind.number(), number, "{kind:?}");
        }
    }

    #[test]
    fn numbers_that_look_alike_keep_their_meaning_across_the_apis() {
        assert_eq!(EventType::SERVICE_DISCONNECT.to_v1(), Some(NotificationType::SERVICE_DISCONNECT));
        assert_ne!(EventType::SERVICE_DISCONNECT.0, NotificationType::SERVICE_DISCONNECT.0);
        assert_eq!(NotificationType(0x2).to_v2(), None, "a completion, not a crash");
        assert_eq!(EventType(0x2).to_v1(), Some(NotificationType(0xD)));
        for event in EventType::ALL {
            if let Some(v1) = event.to_v1() {
                assert_eq!(v1.to_v2(), Some(*event));
            }
        }
        assert_eq!(EventType(0x77).to_string(), "0x00000077");
        assert_eq!(EventType::PROCESS_EXITED.to_string(), "PROCESS_EXITED");
    }
}
