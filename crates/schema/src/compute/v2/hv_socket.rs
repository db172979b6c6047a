//! Who may use the sockets between host and guest.

use std::collections::BTreeMap;

document! {
    /// The sockets of a system.
    pub struct HvSocketSystemConfig {
        /// Who may listen, as a security descriptor in SDDL.
        pub default_bind_security_descriptor: String = "DefaultBindSecurityDescriptor" omit,
        /// Who may connect, as a security descriptor in SDDL.
        pub default_connect_security_descriptor: String = "DefaultConnectSecurityDescriptor" omit,
        /// Exceptions, by the service's GUID.
        pub service_table: BTreeMap<String, HvSocketServiceConfig> = "ServiceTable" omit,
    }

    /// One service's sockets.
    pub struct HvSocketServiceConfig {
        /// Who may listen, as a security descriptor in SDDL.
        pub bind_security_descriptor: String = "BindSecurityDescriptor" omit,
        /// Who may connect, as a security descriptor in SDDL.
        pub connect_security_descriptor: String = "ConnectSecurityDescriptor" omit,
        /// Listeners may bind to every system at once.
        pub allow_wildcard_binds: bool = "AllowWildcardBinds" omit,
        /// Nobody may use it.
        pub disabled: bool = "Disabled" omit,
    }
}
