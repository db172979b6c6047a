//! How systems and processes ended.

use super::ExitType;

document! {
    /// What the exit notification of a system says.
    pub struct SystemExitStatus {
        /// The HRESULT of the exit, signed.
        pub status: i32 = "Status" always,
        /// How it ended.
        pub exit_type: ExitType = "ExitType" omit,
    }

    /// The state of a process. A result: all of it is written, so that an exit code of 0 is said.
    pub struct ProcessStatus {
        /// The process's number within its system.
        pub process_id: u32 = "ProcessId" always,
        /// Whether it has ended.
        pub exited: bool = "Exited" always,
        /// The full 32-bit code that it ended with; 0 before.
        pub exit_code: u32 = "ExitCode" always,
        /// The HRESULT or Win32 code of the service's wait for it; not 0 when that failed.
        pub last_wait_result: i32 = "LastWaitResult" always,
    }
}
