//! `CreateProcessW`, suspended, and what is done with the process after it.
#![expect(unsafe_code, reason = "process calls")]

use std::os::windows::io::{AsHandle, AsRawHandle, BorrowedHandle, FromRawHandle, OwnedHandle};
use std::ptr::null;

use hcs_agent::environment::Environment;
use hcs_guest_protocol::{CreateProcess, Failure, Streams};
use windows_sys::Win32::Foundation::ERROR_INTERNAL_ERROR;
use windows_sys::Win32::System::Environment::{FreeEnvironmentStringsW, GetEnvironmentStringsW};
use windows_sys::Win32::System::Threading::{
    CREATE_NEW_PROCESS_GROUP, CREATE_SUSPENDED, CREATE_UNICODE_ENVIRONMENT, CreateProcessW,
    GetExitCodeProcess, PROCESS_INFORMATION, ResumeThread, STARTF_USESTDHANDLES, STARTUPINFOW,
    TerminateProcess,
};

use super::control;
use super::failure::{check, last, wide};
use super::job::Job;
use super::making;
use super::program;
use super::size::size_of_u32;
use super::streams::Standard;

/// Where a process starts when the request names no folder.
const DEFAULT_FOLDER: &str = r"C:\";

/// A process that we made.
#[derive(Debug)]
pub(crate) struct Process {
    handle: OwnedHandle,
    pid: u32,
}

/// A process that has not run yet.
#[derive(Debug)]
pub(crate) struct Suspended {
    process: Process,
    thread: OwnedHandle,
}

impl Process {
    /// The Windows process id.
    pub(crate) fn pid(&self) -> u32 {
        self.pid
    }

    /// The exit code, all 32 bits; meaningful only after the process has ended.
    pub(crate) fn exit_code(&self) -> Result<u32, Failure> {
        let mut code = 0;
        // SAFETY: the handle is an open process, the code goes to a live local.
        let ok = unsafe { GetExitCodeProcess(self.handle.as_raw_handle(), &raw mut code) };
        check("GetExitCodeProcess", ok)?;
        Ok(code)
    }
}

impl AsHandle for Process {
    fn as_handle(&self) -> BorrowedHandle<'_> {
        self.handle.as_handle()
    }
}

impl Suspended {
    /// Puts the process into its job, still before its first instruction, and hands both out.
    pub(crate) fn into_job(self, job: &Job) -> Result<(Process, OwnedHandle), Failure> {
        if let Err(error) = job.assign(self.process.as_handle()) {
            self.discard();
            return Err(error);
        }
        Ok((self.process, self.thread))
    }

    fn discard(self) {
        // SAFETY: the handle is an open process of ours that has run nothing yet.
        unsafe { TerminateProcess(self.process.handle.as_raw_handle(), 1) };
    }
}

/// Lets a suspended process run.
pub(crate) fn resume(thread: &OwnedHandle) -> Result<(), Failure> {
    // SAFETY: the handle is an open thread.
    let count = unsafe { ResumeThread(thread.as_raw_handle()) };
    if count == u32::MAX { Err(last("ResumeThread")) } else { Ok(()) }
}

/// How often a process is made again that ended before Wine's server knew it: with eight containers started at a time one
/// of 160 did. It has run nothing of its program, so another try is as good as the first.
const STILLBORN: usize = 2;

/// Starts the process of a request, suspended.
///
/// One in a console gets a process group of its own, which in Wine takes it out of the terminal's session: Ctrl-C is
/// then the launcher's to deliver, and what it ends has Windows' exit code. A group of its own would ignore Ctrl-C for
/// ever, so that is undone.
pub(crate) fn create(request: &CreateProcess, own: &str) -> Result<Suspended, Failure> {
    let mut environment = Environment::inherited(own.split('\0'));
    if let Some(user) = &request.user {
        environment.set_user(user);
    }
    for (name, value) in &request.environment {
        environment.set(name, value);
    }
    let folder = request.working_directory.as_deref().unwrap_or(DEFAULT_FOLDER);
    let program = program::find(request, folder, &environment)?;

    let call = format!("CreateProcessW({:?})", program.path);
    let path = wide(&call, &program.path)?;
    let command_line = wide(&call, &program.command_line)?;
    let folder = wide(&call, folder)?;
    let block = environment.to_block();
    let streams = Standard::open(&request.streams)?;
    let [input, output, error] = streams.raw();
    let startup = STARTUPINFOW {
        cb: size_of_u32::<STARTUPINFOW>(),
        dwFlags: STARTF_USESTDHANDLES,
        hStdInput: input,
        hStdOutput: output,
        hStdError: error,
        ..Default::default()
    };
    let in_console = request.streams == Streams::Console;
    let group = if in_console { CREATE_NEW_PROCESS_GROUP } else { 0 };
    let mut made = PROCESS_INFORMATION::default();
    let mut once = || {
        let mut command_line = command_line.clone();
        // SAFETY: the strings end with a NUL (`wide`), the command line is writable as the call demands, the block ends
        // with two NULs (`to_block`) and the flag says that it is UTF-16; `streams` keeps the handles open over the
        // call.
        let ok = making::program(|| unsafe {
            CreateProcessW(
                path.as_ptr(),
                command_line.as_mut_ptr(),
                null(),
                null(),
                1,
                CREATE_SUSPENDED | CREATE_UNICODE_ENVIRONMENT | group,
                block.as_ptr().cast(),
                folder.as_ptr(),
                &raw const startup,
                &raw mut made,
            )
        });
        check(&call, ok)
    };
    let mut created = once();
    for _ in 0..STILLBORN {
        if !matches!(&created, Err(failure) if failure.code == ERROR_INTERNAL_ERROR) {
            break;
        }
        created = once();
    }
    created?;
    // SAFETY: success gives two new handles that nobody else owns.
    let (handle, thread) =
        unsafe { (OwnedHandle::from_raw_handle(made.hProcess), OwnedHandle::from_raw_handle(made.hThread)) };
    let suspended = Suspended { process: Process { handle, pid: made.dwProcessId }, thread };
    if in_console && let Err(error) = control::accept_events(suspended.process.as_handle()) {
        suspended.discard();
        return Err(error);
    }
    Ok(suspended)
}

/// The agent's own environment: `NAME=value` entries with a NUL between them. Read once, since only the agent itself
/// could change it.
pub(crate) fn own_environment() -> Result<String, Failure> {
    // SAFETY: no arguments; the result is checked below and freed before the function returns.
    let block = unsafe { GetEnvironmentStringsW() };
    if block.is_null() {
        return Err(last("GetEnvironmentStringsW"));
    }
    let mut length = 0;
    // SAFETY: the block ends with two NULs; the loop stops at the first NUL that follows another (or begins it).
    while unsafe { *block.add(length) != 0 || (length > 0 && *block.add(length - 1) != 0) } {
        length += 1;
    }
    // SAFETY: `length` units before the final NUL were read just now.
    let text = String::from_utf16_lossy(unsafe { std::slice::from_raw_parts(block, length) });
    // SAFETY: the block came from GetEnvironmentStringsW and is not used after this.
    unsafe { FreeEnvironmentStringsW(block) };
    Ok(text)
}
