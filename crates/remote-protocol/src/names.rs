//! The names of the contract's numbers and cases on the wire: they stay what they are when Rust's change.

use hcs_contract::{ObjectKind, OperationKind};

macro_rules! names {
    ($to:ident, $from:ident, $type:ident, $default:expr, $($variant:ident = $name:literal,)*) => {
        pub(crate) fn $to(kind: $type) -> &'static str {
            match kind {
                $($type::$variant => $name,)*
                _ => $default,
            }
        }

        pub(crate) fn $from(name: &str) -> Option<$type> {
            match name {
                $($name => Some($type::$variant),)*
                _ => None,
            }
        }
    };
}

names! { operation_name, operation, OperationKind, "",
    Enumerate = "Enumerate",
    Create = "Create",
    Start = "Start",
    Shutdown = "Shutdown",
    Pause = "Pause",
    Resume = "Resume",
    Save = "Save",
    Terminate = "Terminate",
    Modify = "Modify",
    GetProperties = "GetProperties",
    CreateProcess = "CreateProcess",
    SignalProcess = "SignalProcess",
    GetProcessInfo = "GetProcessInfo",
    GetProcessProperties = "GetProcessProperties",
    ModifyProcess = "ModifyProcess",
    Crash = "Crash",
    TerminateProcess = "TerminateProcess",
    OpenSystem = "OpenSystem",
    OpenProcess = "OpenProcess",
    OpenNetworkObject = "OpenNetworkObject",
    Delete = "Delete",
    HnsCall = "HnsCall",
    Subscribe = "Subscribe",
    GetServiceProperties = "GetServiceProperties",
    WaitSystemExit = "WaitSystemExit",
    WaitProcessExit = "WaitProcessExit",
}

names! { object_kind_name, object_kind, ObjectKind, "Element",
    System = "System",
    Process = "Process",
    Service = "Service",
    Network = "Network",
    Endpoint = "Endpoint",
    Namespace = "Namespace",
    LoadBalancer = "LoadBalancer",
    Route = "Route",
    Port = "Port",
    Policy = "Policy",
    Layer = "Layer",
    Image = "Image",
    Element = "Element",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_has_a_name_that_leads_back() {
        for kind in OperationKind::ALL {
            assert_eq!(operation(operation_name(*kind)), Some(*kind));
        }
        assert_eq!(operation(""), None);
    }
}
