//! Numbers and words that the original's root package exports (`hcs.md` 1.1).

/// Exit code that tools show when a program could not be run at all. The library itself never produces it.
#[doc(alias = "WaitErrExecFailed")]
pub const WAIT_ERR_EXEC_FAILED: u32 = 32767;

/// Win32 code of a failure that has no code of its own.
pub const ERROR_GEN_FAILURE: u32 = 31;

/// Win32 code: a shutdown is in progress.
pub const ERROR_SHUTDOWN_IN_PROGRESS: u32 = 1115;

/// Code of Windows Sockets: invalid argument.
pub const WSAEINVAL: u32 = 10022;

/// Milliseconds that stand for "no limit" in Win32 calls. Here a wait without a limit is [`crate::Deadline::Never`].
#[doc(alias = "TimeoutInfinite")]
pub const TIMEOUT_INFINITE: u32 = 0xFFFF_FFFF;

#[cfg(test)]
mod tests {
    use hcs_contract::Hresult;

    #[test]
    fn the_codes_are_those_of_the_contract() {
        assert_eq!(Hresult::from_win32(super::ERROR_GEN_FAILURE), Hresult::ERROR_GEN_FAILURE);
        assert_eq!(
            Hresult::from_win32(super::ERROR_SHUTDOWN_IN_PROGRESS),
            Hresult::ERROR_SHUTDOWN_IN_PROGRESS
        );
        assert_eq!(Hresult::from_win32(super::WSAEINVAL), Hresult::WSAEINVAL);
    }
}
