//! A job object per process, and the one port on which all of them report.
//!
//! A completion port serves any number of processes with one waiting thread; waiting on process handles stops at 64.
#![expect(unsafe_code, reason = "job object and completion port calls")]

use std::os::windows::io::{AsRawHandle, BorrowedHandle, FromRawHandle, OwnedHandle};
use std::ptr::{null, null_mut};

use hcs_guest_protocol::Failure;
use windows_sys::Win32::Foundation::INVALID_HANDLE_VALUE;
use windows_sys::Win32::System::IO::{CreateIoCompletionPort, GetQueuedCompletionStatus};
use windows_sys::Win32::System::JobObjects::{
    AssignProcessToJobObject, CreateJobObjectW, JOBOBJECT_ASSOCIATE_COMPLETION_PORT,
    JobObjectAssociateCompletionPortInformation, JobObjectBasicProcessIdList, QueryInformationJobObject,
    SetInformationJobObject, TerminateJobObject,
};
use windows_sys::Win32::System::SystemServices::{
    JOB_OBJECT_MSG_ABNORMAL_EXIT_PROCESS, JOB_OBJECT_MSG_ACTIVE_PROCESS_ZERO, JOB_OBJECT_MSG_EXIT_PROCESS,
};
use windows_sys::Win32::System::Threading::INFINITE;

use super::failure::{check, last};
use super::size::{bytes_u32, size_of_u32};

/// What a job reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    /// A process of the job has ended. Not sent for the processes that `terminate` ends.
    Exited {
        /// Its Windows process id.
        pid: u32,
    },
    /// The job has no process left.
    Empty,
    /// Anything else.
    Other,
}

/// Where jobs report.
#[derive(Debug)]
pub(crate) struct Port(OwnedHandle);

impl Port {
    pub(crate) fn new() -> Result<Self, Failure> {
        // SAFETY: INVALID_HANDLE_VALUE with a null port asks for a new port without a file.
        let raw = unsafe { CreateIoCompletionPort(INVALID_HANDLE_VALUE, null_mut(), 0, 1) };
        if raw.is_null() {
            return Err(last("CreateIoCompletionPort"));
        }
        // SAFETY: not null, so a new handle that nobody else owns.
        Ok(Self(unsafe { OwnedHandle::from_raw_handle(raw) }))
    }

    /// Waits for the next report: the job's key and what happened.
    pub(crate) fn wait(&self) -> Result<(usize, Event), Failure> {
        let (mut message, mut key, mut detail) = (0, 0, null_mut());
        // SAFETY: the handle is an open port, the three results go to live locals.
        let ok = unsafe {
            GetQueuedCompletionStatus(
                self.0.as_raw_handle(),
                &raw mut message,
                &raw mut key,
                &raw mut detail,
                INFINITE,
            )
        };
        check("GetQueuedCompletionStatus", ok)?;
        let event = match message {
            // Jobs put the process id where files put the OVERLAPPED's address.
            JOB_OBJECT_MSG_EXIT_PROCESS | JOB_OBJECT_MSG_ABNORMAL_EXIT_PROCESS => {
                Event::Exited { pid: process_id(detail.addr()) }
            }
            JOB_OBJECT_MSG_ACTIVE_PROCESS_ZERO => Event::Empty,
            _ => Event::Other,
        };
        Ok((key, event))
    }
}

/// A job object. Dropping it does not end its processes.
#[derive(Debug)]
pub(crate) struct Job(OwnedHandle);

impl Job {
    /// A job that reports to `port` under `key`.
    pub(crate) fn new(port: &Port, key: usize) -> Result<Self, Failure> {
        // SAFETY: null security and null name ask for the defaults.
        let raw = unsafe { CreateJobObjectW(null(), null()) };
        if raw.is_null() {
            return Err(last("CreateJobObjectW"));
        }
        // SAFETY: not null, so a new handle that nobody else owns.
        let job = Self(unsafe { OwnedHandle::from_raw_handle(raw) });
        let associate = JOBOBJECT_ASSOCIATE_COMPLETION_PORT {
            CompletionKey: std::ptr::without_provenance_mut(key),
            CompletionPort: port.0.as_raw_handle(),
        };
        // SAFETY: the structure is that of the class, of the size given, and only read.
        let ok = unsafe {
            SetInformationJobObject(
                job.0.as_raw_handle(),
                JobObjectAssociateCompletionPortInformation,
                (&raw const associate).cast(),
                size_of_u32::<JOBOBJECT_ASSOCIATE_COMPLETION_PORT>(),
            )
        };
        check("SetInformationJobObject", ok)?;
        Ok(job)
    }

    /// Puts a process into the job; its children to come are in it as well.
    pub(crate) fn assign(&self, process: BorrowedHandle<'_>) -> Result<(), Failure> {
        // SAFETY: both handles are open: one is ours, the other borrowed for the call.
        let ok = unsafe { AssignProcessToJobObject(self.0.as_raw_handle(), process.as_raw_handle()) };
        check("AssignProcessToJobObject", ok)
    }

    /// Ends every process of the job with this exit code.
    pub(crate) fn terminate(&self, exit_code: u32) -> Result<(), Failure> {
        // SAFETY: the handle is an open job.
        let ok = unsafe { TerminateJobObject(self.0.as_raw_handle(), exit_code) };
        check("TerminateJobObject", ok)
    }

    /// The Windows ids of the job's processes.
    pub(crate) fn processes(&self) -> Result<Vec<u32>, Failure> {
        const HEADER: usize = 2 * size_of::<u32>();
        // A list of usize, the first holding the two counts of JOBOBJECT_BASIC_PROCESS_ID_LIST.
        let mut list = vec![0usize; 64];
        loop {
            let bytes = size_of_val(list.as_slice());
            // SAFETY: the buffer is writable for `bytes`, and aligned as the structure (a usize array) is.
            let ok = unsafe {
                QueryInformationJobObject(
                    self.0.as_raw_handle(),
                    JobObjectBasicProcessIdList,
                    list.as_mut_ptr().cast(),
                    bytes_u32(&list),
                    null_mut(),
                )
            };
            let (assigned, listed) = (list[0] & 0xffff_ffff, list[0] >> 32);
            if ok != 0 && listed < (bytes - HEADER) / size_of::<usize>() {
                return Ok(list[1..].iter().take(listed).map(|&pid| process_id(pid)).collect());
            }
            if list.len() > 1 << 16 || (ok == 0 && assigned < list.len() - 1) {
                return Err(last("QueryInformationJobObject"));
            }
            let longer = list.len() * 2;
            list.resize(longer, 0);
        }
    }
}

/// Process ids have 32 bits; job objects hand them out in pointers.
#[expect(clippy::cast_possible_truncation, reason = "process ids have 32 bits")]
fn process_id(word: usize) -> u32 {
    word as u32
}
