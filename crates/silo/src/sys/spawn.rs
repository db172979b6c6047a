//! Starting a program from process 1: one clone that shares memory until the program runs.
//!
//! The child shares init's memory (`CLONE_VM`) while init waits (`CLONE_VFORK`), on a stack of its own. It therefore
//! allocates nothing and reports an error by writing it where init looks. All it needs is prepared before.

#![expect(unsafe_code, reason = "clone with a shared address space and execve have no safe wrapper")]

use std::ffi::{CString, c_char, c_int, c_void};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::ptr;

use rustix::io::Errno;

use crate::protocol::Step;

const STACK: usize = 64 << 10;

/// Memory for the children's stack: used by one child at a time, with a page below that must not be touched.
#[derive(Debug)]
pub(crate) struct ChildStack {
    bottom: *mut c_void,
}

impl ChildStack {
    /// Reserves the addresses; pages are made when they are used.
    ///
    /// # Errors
    /// `ENOMEM`.
    pub(crate) fn new() -> Result<Self, Errno> {
        // SAFETY: a fresh private mapping anywhere; nothing else refers to it.
        let bottom = unsafe {
            libc::mmap(
                ptr::null_mut(),
                STACK,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_STACK | libc::MAP_NORESERVE,
                -1,
                0,
            )
        };
        if bottom == libc::MAP_FAILED {
            return Err(super::last_errno());
        }
        // SAFETY: the first page of the mapping just made; an overflow then faults instead of writing elsewhere.
        unsafe { libc::mprotect(bottom, 4096, libc::PROT_NONE) };
        Ok(Self { bottom })
    }

    fn top(&self) -> *mut c_void {
        // SAFETY: one past the end of the mapping, which is where a stack that grows down begins.
        unsafe { self.bottom.byte_add(STACK) }
    }

    /// Gives the used pages back to the kernel.
    pub(crate) fn trim(&self) {
        // SAFETY: the mapping is ours and no child runs on it between two calls of `spawn`.
        unsafe { libc::madvise(self.bottom, STACK, libc::MADV_DONTNEED) };
    }
}

impl Drop for ChildStack {
    fn drop(&mut self) {
        // SAFETY: the mapping made in `new`; children that used it have run their program or ended.
        unsafe { libc::munmap(self.bottom, STACK) };
    }
}

/// A program to start, all of it prepared.
#[derive(Debug)]
pub(crate) struct Program<'a> {
    /// Paths to try in order: one, or one for each folder of the search path.
    pub(crate) paths: Vec<CString>,
    pub(crate) argv: Vec<CString>,
    pub(crate) env: Vec<CString>,
    pub(crate) directory: CString,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    pub(crate) groups: &'a [u32],
    /// Standard input, output, error; all three the terminal when there is one.
    pub(crate) streams: [BorrowedFd<'a>; 3],
    pub(crate) terminal: bool,
}

struct Plan<'a> {
    program: &'a Program<'a>,
    argv: Vec<*const c_char>,
    env: Vec<*const c_char>,
    streams: [RawFd; 3],
    failed: Option<(Step, c_int)>,
}

fn pointers(strings: &[CString]) -> Vec<*const c_char> {
    strings.iter().map(|s| s.as_ptr()).chain([ptr::null()]).collect()
}

/// Starts the program and returns when it runs, with its process id and a descriptor of it.
///
/// # Errors
/// The step that failed and the kernel's reason; then there is no process.
pub(crate) fn spawn(stack: &ChildStack, program: &Program<'_>) -> Result<(i32, OwnedFd), (Step, Errno)> {
    let mut plan = Plan {
        program,
        argv: pointers(&program.argv),
        env: pointers(&program.env),
        streams: program.streams.map(|fd| fd.as_raw_fd()),
        failed: None,
    };
    let mut pidfd: RawFd = -1;
    let flags = libc::CLONE_VM | libc::CLONE_VFORK | libc::CLONE_PIDFD | libc::SIGCHLD;
    // SAFETY: `run` gets the plan by a pointer that stays valid, since CLONE_VFORK keeps this function from going on
    // until the child has run a program or ended. The stack is used by no other child for the same reason. With
    // CLONE_PIDFD the kernel writes one descriptor to the address given.
    let pid =
        unsafe { libc::clone(run, stack.top(), flags, (&raw mut plan).cast::<c_void>(), &raw mut pidfd) };
    if pid < 0 {
        return Err((Step::Clone, super::last_errno()));
    }
    // SAFETY: made by the kernel for us, see above.
    let pidfd = unsafe { OwnedFd::from_raw_fd(pidfd) };
    // The child wrote through its pointer; the compiler must look again.
    // SAFETY: a valid, initialised member of a local variable.
    match unsafe { ptr::read_volatile(&raw const plan.failed) } {
        None => Ok((pid, pidfd)),
        Some((step, errno)) => {
            // It has ended already; take it off the list of children.
            // SAFETY: asks for no status.
            unsafe { libc::waitpid(pid, ptr::null_mut(), 0) };
            Err((step, Errno::from_raw_os_error(errno)))
        }
    }
}

/// The child. Nothing here allocates, locks or returns early without leaving its reason in the plan.
extern "C" fn run(plan: *mut c_void) -> c_int {
    // SAFETY: `spawn` passes its own `Plan`, and waits while we use it.
    let plan = unsafe { &mut *plan.cast::<Plan<'_>>() };
    let (step, errno) = prepare_and_exec(plan);
    // SAFETY: as above; volatile because the reader is another process that the compiler does not know.
    unsafe { ptr::write_volatile(&raw mut plan.failed, Some((step, errno))) };
    127
}

fn errno() -> c_int {
    std::io::Error::last_os_error().raw_os_error().unwrap_or(libc::EIO)
}

fn prepare_and_exec(plan: &Plan<'_>) -> (Step, c_int) {
    // SAFETY: each call gets plain numbers or pointers into the plan, which outlives them (see `spawn`); all strings
    // are NUL-terminated CStrings and both pointer lists end with null. The raw system calls for ids avoid libc's
    // wrappers, which would signal threads that do not exist.
    unsafe {
        let mut mask: libc::sigset_t = std::mem::zeroed();
        // Streams may overlap 0, 1, 2 themselves: lift them out of the way first.
        let mut lifted = [0; 3];
        for (to, from) in lifted.iter_mut().zip(plan.streams) {
            *to = libc::fcntl(from, libc::F_DUPFD_CLOEXEC, 3);
            if *to < 0 {
                return (Step::Streams, errno());
            }
        }
        for (number, fd) in (0..).zip(lifted) {
            if libc::dup2(fd, number) < 0 {
                return (Step::Streams, errno());
            }
        }
        if libc::setsid() < 0 {
            return (Step::Terminal, errno());
        }
        if plan.program.terminal && libc::ioctl(0, libc::TIOCSCTTY as _, 0) < 0 {
            return (Step::Terminal, errno());
        }
        let groups = plan.program.groups;
        let changes_user = plan.program.uid != 0 || plan.program.gid != 0 || !groups.is_empty();
        if changes_user {
            if libc::syscall(libc::SYS_setgroups, groups.len(), groups.as_ptr()) < 0 {
                return (Step::Groups, errno());
            }
            let gid = plan.program.gid;
            if libc::syscall(libc::SYS_setresgid, gid, gid, gid) < 0 {
                return (Step::Group, errno());
            }
            let uid = plan.program.uid;
            if libc::syscall(libc::SYS_setresuid, uid, uid, uid) < 0 {
                return (Step::User, errno());
            }
        }
        if libc::chdir(plan.program.directory.as_ptr()) < 0 {
            return (Step::Directory, errno());
        }
        // A path through `/proc/self/fd` leads to whatever is open, and may end outside (CVE-2024-21626). Of such a
        // folder the kernel says "(unreachable)".
        let mut folder = [0u8; libc::PATH_MAX as usize];
        if libc::syscall(libc::SYS_getcwd, folder.as_mut_ptr(), folder.len()) < 0 {
            return (Step::Directory, errno());
        }
        if folder[0] != b'/' {
            return (Step::Directory, libc::ENOENT);
        }
        libc::sigemptyset(&raw mut mask);
        libc::sigprocmask(libc::SIG_SETMASK, &raw const mask, ptr::null_mut());
        // As execvp(3): the first file that is there and may be run; "may not" is told only if none could be.
        let mut reason = libc::ENOENT;
        for path in &plan.program.paths {
            libc::execve(path.as_ptr(), plan.argv.as_ptr(), plan.env.as_ptr());
            match errno() {
                libc::ENOENT | libc::ENOTDIR => {}
                libc::EACCES => reason = libc::EACCES,
                other => return (Step::Exec, other),
            }
        }
        (Step::Exec, reason)
    }
}
