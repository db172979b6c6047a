//! What only a Linux host knows about a container: one typed member beside the service's own.

use std::collections::BTreeMap;

use crate::network::hcn::HostComputeEndpoint;

document! {
    /// The member `LinuxHost` of a container's document, in both schemas. Other hosts refuse it unless it is
    /// absent.
    pub struct LinuxHost {
        /// Names and values of the owner's choice, to list and filter by; at most what fits a document.
        pub labels: BTreeMap<String, String> = "Labels" omit,
        /// The version that Windows programs see, such as `10.0.17763.0`; empty: that of the base layer.
        pub os_version: String = "OsVersion" omit,
        /// Name in the IANA time zone database, such as `Europe/Paris`; empty: what a Linux container's own files say,
        /// UTC for Windows programs.
        pub time_zone: String = "TimeZone" omit,
        /// Whose user ids the container's are. Empty: `Auto` for Windows programs, `Host` for Linux ones.
        pub user_namespace: UserNamespace = "UserNamespace" omit,
        /// Which system calls are allowed: `Default`, `Unconfined`, or the absolute path of a profile in the OCI
        /// runtime specification's form. Empty: `Default`. See [`seccomp`].
        pub seccomp_profile: String = "SeccompProfile" omit,
        /// Keep the record and the logs of the stopped container until somebody deletes them.
        pub keep_after_exit: bool = "KeepAfterExit" omit,
        /// The container ends, gracefully, with the first process that is started in it: for a container that is
        /// there for one program.
        pub end_with_first_process: bool = "EndWithFirstProcess" omit,
        /// The host's processors that its programs may run on, such as `0-3,6`; empty: all. The service's documents
        /// have none of this for containers.
        pub processor_affinity: String = "ProcessorAffinity" omit,
        /// Keep with the record what the container wrote, so that a layer can be made of it. The record is kept then,
        /// whatever `KeepAfterExit` says. Not for a root folder, which takes writes itself.
        pub keep_scratch: bool = "KeepScratch" omit,
        /// Endpoints that are made for the container, in the network namespace that it is born in, and go with it. Each
        /// names its network, by `HostComputeNetwork`.
        pub endpoints: Vec<HostComputeEndpoint> = "Endpoints" omit,
        /// The id of the network namespace that the container enters, for documents of schema 1, which has no member of
        /// its own for it.
        pub network_namespace: String = "NetworkNamespace" omit,
    }
}

open_enum! {
    /// Whose user ids a container's are.
    pub enum UserNamespace {
        /// A range of 65,536 ids of its own.
        AUTO = "Auto",
        /// The host's: root within is root without.
        HOST = "Host",
    }
}

/// The values of `SeccompProfile` that are not paths.
pub mod seccomp {
    /// The built-in list of allowed calls.
    pub const DEFAULT: &str = "Default";
    /// No filter at all.
    pub const UNCONFINED: &str = "Unconfined";
}
