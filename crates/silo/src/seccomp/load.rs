//! Handing a filter to the kernel.
#![expect(unsafe_code, reason = "seccomp(2) has no safe wrapper")]

use rustix::io::Errno;

use super::assemble::Filter;

/// The kernel refused a filter. Plain data, so that a child can hand it to its parent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "cannot load a system call filter of {instructions} instructions; without no_new_privs it needs CAP_SYS_ADMIN"
)]
pub struct LoadError {
    /// How long the program is.
    pub instructions: usize,
    /// The kernel's answer.
    #[source]
    pub errno: Errno,
}

impl Filter {
    /// Puts the calling thread under the filter, for ever; children and what they exec inherit it.
    /// Async-signal-safe: no allocation, one system call.
    ///
    /// The thread must have `no_new_privs` set, or CAP_SYS_ADMIN in its user namespace. Speculation stays as it is
    /// for everyone (`SECCOMP_FILTER_FLAG_SPEC_ALLOW` only changes kernels before 5.16).
    ///
    /// # Errors
    /// [`LoadError`]: `EACCES` without either of the two, `EINVAL` on a kernel without filters.
    pub fn load(&self) -> Result<(), LoadError> {
        let instructions = self.instructions();
        let failed = |errno| LoadError { instructions: instructions.len(), errno };
        let program = libc::sock_fprog {
            len: u16::try_from(instructions.len()).map_err(|_| failed(Errno::INVAL))?,
            // The kernel only reads it.
            filter: instructions.as_ptr().cast_mut().cast(),
        };
        let (mode, flags) = (libc::SECCOMP_SET_MODE_FILTER, 0);
        // SAFETY: `program` and the instructions that it points to are readable for the whole call, `len` is their
        // number, and Instruction has the size and layout of sock_filter.
        let result = unsafe { libc::syscall(libc::SYS_seccomp, mode, flags, &raw const program) };
        if result == 0 {
            return Ok(());
        }
        Err(failed(Errno::from_io_error(&std::io::Error::last_os_error()).unwrap_or(Errno::INVAL)))
    }
}
