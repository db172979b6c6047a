//! Every code of the compute and the network service, and the general ones that they use.
//!
//! Source: winerror.h as windows-sys 0.61 has it (a test compares), and `networking.md` 2.7 for what they mean.

use super::Hresult;

macro_rules! codes {
    ($($(#[$alias:meta])* $name:ident = $value:literal, $meaning:literal;)*) => {
        impl Hresult {
            $(
                $(#[$alias])*
                #[doc = concat!($meaning, " (`", stringify!($value), "`).")]
                pub const $name: Self = Self($value);
            )*
        }
        /// Name and meaning of every code that has one, by value.
        pub(super) const CODES: &[(Hresult, &str, &str)] = &[$((Hresult($value), stringify!($name), $meaning),)*];
    };
}

codes! {
    S_OK = 0x0000_0000, "success";
    S_FALSE = 0x0000_0001, "success, nothing was to be done";
    E_NOTIMPL = 0x8000_4001, "not implemented";
    E_NOINTERFACE = 0x8000_4002, "no such interface";
    E_POINTER = 0x8000_4003, "invalid pointer";
    E_ABORT = 0x8000_4004, "the operation was aborted";
    E_FAIL = 0x8000_4005, "unspecified failure";
    E_UNEXPECTED = 0x8000_FFFF, "unexpected failure";

    // 0x8007xxxx: a Win32 code in the low word.
    ERROR_FILE_NOT_FOUND = 0x8007_0002, "the file was not found";
    ERROR_PATH_NOT_FOUND = 0x8007_0003, "the path was not found";
    ERROR_TOO_MANY_OPEN_FILES = 0x8007_0004, "too many open files";
    #[doc(alias = "ErrVmcomputeOperationAccessIsDenied")]
    E_ACCESSDENIED = 0x8007_0005, "access is denied";
    E_HANDLE = 0x8007_0006, "the handle is invalid";
    #[doc(alias = "ErrInvalidData")]
    ERROR_INVALID_DATA = 0x8007_000D, "the data is invalid";
    E_OUTOFMEMORY = 0x8007_000E, "out of memory";
    ERROR_NOT_SAME_DEVICE = 0x8007_0011, "the file can't be moved to a different disk";
    ERROR_WRITE_PROTECT = 0x8007_0013, "the medium is write-protected";
    ERROR_NOT_READY = 0x8007_0015, "the device is not ready";
    ERROR_GEN_FAILURE = 0x8007_001F, "a device is not functioning";
    ERROR_SHARING_VIOLATION = 0x8007_0020, "the file is used by another process";
    #[doc(alias = "ErrNotSupported")]
    ERROR_NOT_SUPPORTED = 0x8007_0032, "the request is not supported";
    ERROR_FILE_EXISTS = 0x8007_0050, "the file exists";
    E_INVALIDARG = 0x8007_0057, "the parameter is incorrect";
    ERROR_BROKEN_PIPE = 0x8007_006D, "the pipe has been ended";
    ERROR_DISK_FULL = 0x8007_0070, "not enough space on the disk";
    #[doc(alias = "ErrProcNotFound")]
    ERROR_PROC_NOT_FOUND = 0x8007_007F, "the procedure (an export of a DLL) was not found";
    ERROR_DIR_NOT_EMPTY = 0x8007_0091, "the directory is not empty";
    ERROR_BUSY = 0x8007_00AA, "the resource is in use";
    ERROR_ALREADY_EXISTS = 0x8007_00B7, "the object already exists";
    ERROR_BAD_EXE_FORMAT = 0x8007_00C1, "not a valid program";
    ERROR_FILENAME_EXCED_RANGE = 0x8007_00CE, "the file name is too long";
    ERROR_EXE_MACHINE_TYPE_MISMATCH = 0x8007_00D8, "the program is for another kind of machine";
    WAIT_TIMEOUT = 0x8007_0102, "the wait timed out";
    ERROR_DIRECTORY = 0x8007_010B, "the directory name is invalid";
    ERROR_OPERATION_ABORTED = 0x8007_03E3, "the operation was aborted";
    ERROR_SERVICE_NOT_ACTIVE = 0x8007_0426, "the service is not running";
    ERROR_SHUTDOWN_IN_PROGRESS = 0x8007_045B, "a shutdown is in progress";
    ERROR_DEVICE_NOT_CONNECTED = 0x8007_048F, "the device is not connected";
    #[doc(alias = "ErrElementNotFound")]
    ERROR_NOT_FOUND = 0x8007_0490, "the element was not found";
    ERROR_CANCELLED = 0x8007_04C7, "the operation was cancelled";
    ERROR_PRIVILEGE_NOT_HELD = 0x8007_0522, "a required privilege is not held";
    ERROR_NO_SYSTEM_RESOURCES = 0x8007_05AA, "the system's resources are exhausted";
    ERROR_TIMEOUT = 0x8007_05B4, "the time limit was reached";
    WSAEINVAL = 0x8007_2726, "an invalid argument was given to a socket";

    // 0x8037xxxx: computecore.
    HCS_E_TERMINATED_DURING_START = 0x8037_0100, "the compute system was terminated while it started";
    HCS_E_IMAGE_MISMATCH = 0x8037_0101, "the image does not fit the host's operating system";
    HCS_E_HYPERV_NOT_INSTALLED = 0x8037_0102, "Hyper-V is not installed";
    HCS_E_INVALID_STATE = 0x8037_0105, "the request is not valid in the present state";
    HCS_E_UNEXPECTED_EXIT = 0x8037_0106, "the compute system exited unexpectedly";
    HCS_E_TERMINATED = 0x8037_0107, "the compute system was forcefully terminated";
    HCS_E_CONNECT_FAILED = 0x8037_0108, "no connection to the guest could be made";
    HCS_E_CONNECTION_TIMEOUT = 0x8037_0109, "the guest did not answer in time";
    HCS_E_CONNECTION_CLOSED = 0x8037_010A, "the guest closed its connection";
    HCS_E_UNKNOWN_MESSAGE = 0x8037_010B, "the guest does not know the message";
    HCS_E_UNSUPPORTED_PROTOCOL_VERSION = 0x8037_010C, "the guest does not speak this version of the protocol";
    HCS_E_INVALID_JSON = 0x8037_010D, "the document is invalid";
    HCS_E_SYSTEM_NOT_FOUND = 0x8037_010E, "no compute system with this identifier exists";
    HCS_E_SYSTEM_ALREADY_EXISTS = 0x8037_010F, "a compute system with this identifier already exists";
    HCS_E_SYSTEM_ALREADY_STOPPED = 0x8037_0110, "the compute system is already stopped";
    HCS_E_PROTOCOL_ERROR = 0x8037_0111, "a protocol error occurred";
    HCS_E_INVALID_LAYER = 0x8037_0112, "a layer is missing or invalid";
    HCS_E_WINDOWS_INSIDER_REQUIRED = 0x8037_0113, "the image needs a Windows Insider host";
    HCS_E_SERVICE_NOT_AVAILABLE = 0x8037_0114, "the compute service is not available";
    HCS_E_OPERATION_NOT_STARTED = 0x8037_0115, "the operation has not been started";
    HCS_E_OPERATION_ALREADY_STARTED = 0x8037_0116, "the operation was already started";
    HCS_E_OPERATION_PENDING = 0x8037_0117, "the operation is still pending";
    HCS_E_OPERATION_TIMEOUT = 0x8037_0118, "the operation did not complete in time";
    HCS_E_OPERATION_SYSTEM_CALLBACK_ALREADY_SET = 0x8037_0119, "a callback is already set";
    HCS_E_OPERATION_RESULT_ALLOCATION_FAILED = 0x8037_011A, "no memory for the operation's result";
    HCS_E_ACCESS_DENIED = 0x8037_011B, "access to the compute system is denied";
    HCS_E_GUEST_CRITICAL_ERROR = 0x8037_011C, "the guest reported a critical error";
    HCS_E_PROCESS_INFO_NOT_AVAILABLE = 0x8037_011D, "the process information is not available";
    HCS_E_SERVICE_DISCONNECT = 0x8037_011E, "the connection to the compute service was lost";
    HCS_E_PROCESS_ALREADY_STOPPED = 0x8037_011F, "the process has already exited";
    HCS_E_SYSTEM_NOT_CONFIGURED_FOR_OPERATION = 0x8037_0120, "the compute system is not configured for the operation";
    HCS_E_OPERATION_ALREADY_CANCELLED = 0x8037_0121, "the operation was cancelled";

    // 0xC037xxxx: vmcompute.
    ERROR_VMCOMPUTE_TERMINATED_DURING_START = 0xC037_0100, "the compute system was terminated while it started";
    ERROR_VMCOMPUTE_IMAGE_MISMATCH = 0xC037_0101, "the image does not fit the host's operating system";
    ERROR_VMCOMPUTE_HYPERV_NOT_INSTALLED = 0xC037_0102, "Hyper-V is not installed";
    #[doc(alias = "ErrVmcomputeOperationPending")]
    ERROR_VMCOMPUTE_OPERATION_PENDING = 0xC037_0103, "the operation is still pending";
    ERROR_VMCOMPUTE_TOO_MANY_NOTIFICATIONS = 0xC037_0104, "too many notifications are waiting for their callback";
    #[doc(alias = "ErrVmcomputeOperationInvalidState")]
    ERROR_VMCOMPUTE_INVALID_STATE = 0xC037_0105, "the request is not valid in the present state";
    ERROR_VMCOMPUTE_UNEXPECTED_EXIT = 0xC037_0106, "the compute system exited unexpectedly";
    ERROR_VMCOMPUTE_TERMINATED = 0xC037_0107, "the compute system was forcefully terminated";
    ERROR_VMCOMPUTE_CONNECT_FAILED = 0xC037_0108, "no connection to the guest could be made";
    ERROR_VMCOMPUTE_TIMEOUT = 0xC037_0109, "the guest did not answer in time";
    ERROR_VMCOMPUTE_CONNECTION_CLOSED = 0xC037_010A, "the guest closed its connection";
    #[doc(alias = "ErrVmcomputeUnknownMessage")]
    ERROR_VMCOMPUTE_UNKNOWN_MESSAGE = 0xC037_010B, "the guest does not know the message";
    ERROR_VMCOMPUTE_UNSUPPORTED_PROTOCOL_VERSION = 0xC037_010C, "the guest does not speak this version of the protocol";
    #[doc(alias = "ErrVmcomputeInvalidJSON")]
    ERROR_VMCOMPUTE_INVALID_JSON = 0xC037_010D, "the document is invalid";
    #[doc(alias = "ErrComputeSystemDoesNotExist")]
    ERROR_VMCOMPUTE_SYSTEM_NOT_FOUND = 0xC037_010E, "no compute system with this identifier exists";
    ERROR_VMCOMPUTE_SYSTEM_ALREADY_EXISTS = 0xC037_010F, "a compute system with this identifier already exists";
    #[doc(alias = "ErrVmcomputeAlreadyStopped")]
    ERROR_VMCOMPUTE_SYSTEM_ALREADY_STOPPED = 0xC037_0110, "the compute system is already stopped";
    ERROR_VMCOMPUTE_PROTOCOL_ERROR = 0xC037_0111, "a protocol error occurred";
    ERROR_VMCOMPUTE_INVALID_LAYER = 0xC037_0112, "a layer is missing or invalid";
    ERROR_VMCOMPUTE_WINDOWS_INSIDER_REQUIRED = 0xC037_0113, "the image needs a Windows Insider host";

    // 0x803Bxxxx: the network service.
    HCN_E_NETWORK_NOT_FOUND = 0x803B_0001, "the network was not found";
    HCN_E_ENDPOINT_NOT_FOUND = 0x803B_0002, "the endpoint was not found";
    HCN_E_LAYER_NOT_FOUND = 0x803B_0003, "the network layer was not found";
    HCN_E_SWITCH_NOT_FOUND = 0x803B_0004, "the switch was not found";
    HCN_E_SUBNET_NOT_FOUND = 0x803B_0005, "no subnet of the network fits";
    HCN_E_ADAPTER_NOT_FOUND = 0x803B_0006, "the network adapter was not found";
    HCN_E_PORT_NOT_FOUND = 0x803B_0007, "the port was not found";
    HCN_E_POLICY_NOT_FOUND = 0x803B_0008, "the policy was not found";
    HCN_E_VFP_PORTSETTING_NOT_FOUND = 0x803B_0009, "the filter's port setting was not found";
    HCN_E_INVALID_NETWORK = 0x803B_000A, "the network document is invalid";
    HCN_E_INVALID_NETWORK_TYPE = 0x803B_000B, "the network type is unknown";
    HCN_E_INVALID_ENDPOINT = 0x803B_000C, "the endpoint document is invalid";
    HCN_E_INVALID_POLICY = 0x803B_000D, "the policy's settings are invalid";
    HCN_E_INVALID_POLICY_TYPE = 0x803B_000E, "the policy type is unknown";
    HCN_E_INVALID_REMOTE_ENDPOINT_OPERATION = 0x803B_000F, "the operation is invalid for a remote endpoint";
    HCN_E_NETWORK_ALREADY_EXISTS = 0x803B_0010, "the network already exists";
    HCN_E_LAYER_ALREADY_EXISTS = 0x803B_0011, "the network layer already exists";
    HCN_E_POLICY_ALREADY_EXISTS = 0x803B_0012, "the policy already exists";
    HCN_E_PORT_ALREADY_EXISTS = 0x803B_0013, "the port is already mapped";
    HCN_E_ENDPOINT_ALREADY_ATTACHED = 0x803B_0014, "the endpoint is already attached";
    HCN_E_REQUEST_UNSUPPORTED = 0x803B_0015, "the request is not supported by this kind of network";
    HCN_E_MAPPING_NOT_SUPPORTED = 0x803B_0016, "port mapping is not supported by this kind of network";
    HCN_E_DEGRADED_OPERATION = 0x803B_0017, "the network works in a degraded mode";
    HCN_E_SHARED_SWITCH_MODIFICATION = 0x803B_0018, "a shared switch can't be changed";
    HCN_E_GUID_CONVERSION_FAILURE = 0x803B_0019, "an identifier is not a GUID";
    HCN_E_REGKEY_FAILURE = 0x803B_001A, "the service's registry key can't be used";
    HCN_E_INVALID_JSON = 0x803B_001B, "the document is invalid";
    HCN_E_INVALID_JSON_REFERENCE = 0x803B_001C, "the document holds an invalid reference";
    HCN_E_ENDPOINT_SHARING_DISABLED = 0x803B_001D, "endpoint sharing is disabled";
    HCN_E_INVALID_IP = 0x803B_001E, "an address is invalid";
    HCN_E_SWITCH_EXTENSION_NOT_FOUND = 0x803B_001F, "the switch extension was not found";
    HCN_E_MANAGER_STOPPED = 0x803B_0020, "the network service is stopping";
    GCN_E_MODULE_NOT_FOUND = 0x803B_0021, "the guest's network module was not found";
    GCN_E_NO_REQUEST_HANDLERS = 0x803B_0022, "the guest has no handler for the request";
    GCN_E_REQUEST_UNSUPPORTED = 0x803B_0023, "the guest does not support the request";
    GCN_E_RUNTIMEKEYS_FAILED = 0x803B_0024, "the guest could not write its runtime keys";
    GCN_E_NETADAPTER_TIMEOUT = 0x803B_0025, "the guest's network adapter did not appear in time";
    GCN_E_NETADAPTER_NOT_FOUND = 0x803B_0026, "the guest's network adapter was not found";
    GCN_E_NETCOMPARTMENT_NOT_FOUND = 0x803B_0027, "the guest's network compartment was not found";
    GCN_E_NETINTERFACE_NOT_FOUND = 0x803B_0028, "the guest's network interface was not found";
    GCN_E_DEFAULTNAMESPACE_EXISTS = 0x803B_0029, "the guest's default namespace already exists";
    HCN_E_ICS_DISABLED = 0x803B_002A, "internet connection sharing is disabled";
    HCN_E_ENDPOINT_NAMESPACE_ALREADY_EXISTS = 0x803B_002B, "the endpoint is already in a namespace";
    HCN_E_ENTITY_HAS_REFERENCES = 0x803B_002C, "the object is still in use";
    HCN_E_INVALID_INTERNAL_PORT = 0x803B_002D, "the internal port is invalid";
    HCN_E_NAMESPACE_ATTACH_FAILED = 0x803B_002E, "attaching to the namespace failed";
    HCN_E_ADDR_INVALID_OR_RESERVED = 0x803B_002F, "the address is invalid, reserved or in use";
    HCN_E_INVALID_PREFIX = 0x803B_0030, "the address prefix is invalid";
    HCN_E_OBJECT_USED_AFTER_UNLOAD = 0x803B_0031, "the object was used after the service unloaded it";
    HCN_E_INVALID_SUBNET = 0x803B_0032, "the subnet is invalid";
    HCN_E_INVALID_IP_SUBNET = 0x803B_0033, "the address is not in the subnet";
    HCN_E_ENDPOINT_NOT_ATTACHED = 0x803B_0034, "the endpoint is not attached";
    HCN_E_ENDPOINT_NOT_LOCAL = 0x803B_0035, "the endpoint is not of this host";
    HCN_INTERFACEPARAMETERS_ALREADY_APPLIED = 0x803B_0036, "the interface parameters are already applied";
    HCN_E_VFP_NOT_ALLOWED = 0x803B_0037, "the switch filter is not allowed here";
}
