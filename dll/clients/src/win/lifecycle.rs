//! A container's life by operations.
#![expect(unsafe_code, reason = "calls of the DLL")]

use std::ffi::c_void;
use std::io::{Read as _, Write as _};
use std::os::windows::io::{AsRawHandle as _, FromRawHandle as _, OwnedHandle};
use std::ptr::{null, null_mut};
use std::sync::mpsc;
use std::time::Duration;

use hcs_abi::computecore::{Event, GENERIC_ALL, OperationHandle, event_options};
use hcs_abi::{Handle, ProcessHandle, SystemHandle};
use windows_sys::Win32::Foundation::{ERROR_BROKEN_PIPE, ERROR_IO_PENDING, GetLastError};
use windows_sys::Win32::Storage::FileSystem::{ReadFile, WriteFile};
use windows_sys::Win32::System::IO::{GetOverlappedResult, OVERLAPPED};
use windows_sys::Win32::System::Threading::CreateEventW;

use super::dll::{export, take};
use super::operation::{request, request_process};
use super::{PATIENCE, wide};

/// An end of a pipe in overlapped mode, read and written as a stream.
struct Pipe(OwnedHandle);

impl Pipe {
    fn new(handle: Handle) -> Self {
        assert!(!handle.is_null(), "a pipe was asked for");
        // SAFETY: the DLL gave the handle to us.
        Self(unsafe { OwnedHandle::from_raw_handle(handle) })
    }

    fn transfer(&self, start: impl FnOnce(Handle, *mut OVERLAPPED) -> i32) -> std::io::Result<usize> {
        // SAFETY: null security and no name ask for the defaults.
        let event = unsafe { OwnedHandle::from_raw_handle(CreateEventW(null(), 1, 0, null())) };
        let mut overlapped = OVERLAPPED { hEvent: event.as_raw_handle(), ..OVERLAPPED::default() };
        let started = start(self.0.as_raw_handle(), &raw mut overlapped);
        // SAFETY: a number of this thread's.
        let error = unsafe { GetLastError() };
        if started == 0 && error != ERROR_IO_PENDING {
            return at_end(error);
        }
        let mut count = 0;
        let raw = self.0.as_raw_handle();
        // SAFETY: the structure is that of the call on this handle, and lives until it is over, which this waits for.
        if unsafe { GetOverlappedResult(raw, &raw const overlapped, &raw mut count, 1) } == 0 {
            // SAFETY: a number of this thread's.
            return at_end(unsafe { GetLastError() });
        }
        Ok(count as usize)
    }
}

/// A broken pipe is the end; everything else a failure.
fn at_end(error: u32) -> std::io::Result<usize> {
    if error == ERROR_BROKEN_PIPE {
        return Ok(0);
    }
    Err(std::io::Error::from_raw_os_error(error.cast_signed()))
}

impl std::io::Read for Pipe {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let size = u32::try_from(buffer.len()).unwrap_or(u32::MAX);
        // SAFETY: the buffer lives until the call is over, which `transfer` waits for.
        self.transfer(|handle, overlapped| unsafe {
            ReadFile(handle, buffer.as_mut_ptr(), size, null_mut(), overlapped)
        })
    }
}

impl std::io::Write for Pipe {
    fn write(&mut self, buffer: &[u8]) -> std::io::Result<usize> {
        let size = u32::try_from(buffer.len()).unwrap_or(u32::MAX);
        // SAFETY: as above.
        self.transfer(|handle, overlapped| unsafe {
            WriteFile(handle, buffer.as_ptr(), size, null_mut(), overlapped)
        })
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// What comes to the callback of a system: the event's number, its document, and whether it names an operation.
type Told = (u32, String, bool);

extern "system" fn told(event: *const Event, context: *mut c_void) {
    // SAFETY: the context is the sender that the callback was set with, which outlives the handle.
    let sender = unsafe { &*context.cast::<mpsc::Sender<Told>>() };
    // SAFETY: the event is valid until this returns.
    let Event { kind, data, operation } = unsafe { *event };
    let mut text = Vec::new();
    if !data.is_null() {
        // SAFETY: the event's text ends with a NUL.
        while let unit @ 1.. = unsafe { *data.add(text.len()) } {
            text.push(unit);
        }
    }
    // Nobody listens any more when the test has failed.
    let _ = sender.send((kind, String::from_utf16_lossy(&text), !operation.is_null()));
}

extern "system" fn completed(operation: OperationHandle, context: *mut c_void) {
    let mut text = null_mut();
    // SAFETY: `text` may be written to.
    let code = unsafe { export!(HcsGetOperationResult)(operation, &raw mut text) };
    take(text);
    // Closing it from within is what callers do.
    // SAFETY: any handle may be given.
    unsafe { export!(HcsCloseOperation)(operation) };
    // SAFETY: the context is the sender that the operation was made with, which outlives it.
    let _ = unsafe { &*context.cast::<mpsc::Sender<i32>>() }.send(code);
}

/// Opens, uses and leaves everything that there is.
pub(crate) fn lifecycle(id: &str, document: &str) {
    let (name, text) = (wide(id), wide(document));
    let (mut system, mut process): (SystemHandle, ProcessHandle) = (null_mut(), null_mut());
    // SAFETY: texts end with a NUL, places may be written to. So it is with every call below.
    let created = request(|operation| unsafe {
        export!(HcsCreateComputeSystem)(name.as_ptr(), text.as_ptr(), operation, null(), &raw mut system)
    });
    assert_eq!(created.0, 0, "{}", created.1);
    assert!(!system.is_null());
    let (sender, events) = mpsc::channel::<Told>();
    let context = std::ptr::from_ref(&sender).cast_mut().cast();
    let set = export!(HcsSetComputeSystemCallback);
    // SAFETY: as above; the sender outlives the handle.
    assert_eq!(unsafe { set(system, event_options::OPERATION_CALLBACKS, context, Some(told)) }, 0);
    // SAFETY: as above.
    let twice = unsafe { set(system, event_options::NONE, context, Some(told)) };
    assert_eq!(twice.cast_unsigned(), 0x8037_0119, "it is set once");

    // SAFETY: as above.
    let started = request(|operation| unsafe { export!(HcsStartComputeSystem)(system, operation, null()) });
    assert_eq!(started.0, 0, "{}", started.1);
    assert_eq!(told_next(&events), (0x0100_0000, String::new(), true), "an operation without a callback");
    let (done, results) = mpsc::channel::<i32>();
    // SAFETY: as above; the sender outlives the operation.
    let own =
        unsafe { export!(HcsCreateOperation)(std::ptr::from_ref(&done).cast_mut().cast(), Some(completed)) };
    // SAFETY: as above.
    assert_eq!(unsafe { export!(HcsGetComputeSystemProperties)(system, own, wide("{}").as_ptr()) }, 0);
    assert_eq!(results.recv_timeout(Duration::from_mins(1)).unwrap_or(-1), 0, "by its own callback");

    run(system, &mut process);
    // Handles may be closed by any thread.
    let address = process.expose_provenance();
    let closing = std::thread::spawn(move || {
        // SAFETY: any handle may be given.
        unsafe { export!(HcsCloseProcess)(std::ptr::with_exposed_provenance_mut(address)) };
    });
    assert!(closing.join().is_ok());
    // SAFETY: as above.
    let after = request(|operation| unsafe { export!(HcsGetProcessProperties)(process, operation, null()) });
    assert_eq!(after.0, 0x8007_0006, "{}", after.1);

    let mut again = null_mut();
    // SAFETY: as above.
    assert_eq!(unsafe { export!(HcsOpenComputeSystem)(name.as_ptr(), GENERIC_ALL, &raw mut again) }, 0);
    let mut exit = null_mut();
    // SAFETY: as above.
    let early = unsafe { export!(HcsWaitForComputeSystemExit)(again, 0, &raw mut exit) };
    assert_eq!(early.cast_unsigned(), 0x8037_0118, "it runs");
    take(exit);
    // SAFETY: as above.
    let ended = request(|operation| unsafe { export!(HcsTerminateComputeSystem)(system, operation, null()) });
    assert_eq!(ended.0, 0, "{}", ended.1);
    // SAFETY: as above.
    assert_eq!(unsafe { export!(HcsWaitForComputeSystemExit)(again, PATIENCE, &raw mut exit) }, 0);
    let exit = take(exit);
    assert!(exit.contains("ExitType"), "{exit}");
    let told = std::iter::from_fn(|| Some(told_next(&events))).find(|event| event.0 == 1);
    assert!(told.is_some_and(|(_, document, _)| document.contains("ExitType")), "the exit is an event");
    for handle in [system, again] {
        // SAFETY: any handle may be given.
        unsafe { export!(HcsCloseComputeSystem)(handle) };
    }
}

fn told_next(events: &mpsc::Receiver<Told>) -> Told {
    events.recv_timeout(Duration::from_mins(1)).expect("an event comes")
}

/// A program with all its streams.
fn run(system: SystemHandle, process: &mut ProcessHandle) {
    let script = "read line; echo out $line; echo err >&2; cat >/dev/null; exit 70000";
    let parameters = format!(
        r#"{{"CommandArgs":["/bin/sh","-c","{script}"],"CreateStdInPipe":true,
            "CreateStdOutPipe":true,"CreateStdErrPipe":true}}"#
    );
    let parameters = wide(&parameters);
    let create = export!(HcsCreateProcess);
    // SAFETY: as in `lifecycle`.
    let (created, information) = request_process(|operation| unsafe {
        create(system, parameters.as_ptr(), operation, null(), &raw mut *process)
    });
    assert_eq!(created.0, 0, "{}", created.1);
    assert!(information.process_id > 0);
    let mut stdin = Pipe::new(information.std_input);
    let (mut stdout, mut stderr) = (Pipe::new(information.std_output), Pipe::new(information.std_error));
    stdin.write_all(b"hello\n").expect("the process reads");
    let closing = wide(r#"{"Operation":"CloseHandle","CloseHandle":{"Handle":"StdIn"}}"#);
    let process = *process;
    // SAFETY: as in `lifecycle`.
    let closed =
        request(|operation| unsafe { export!(HcsModifyProcess)(process, operation, closing.as_ptr()) });
    assert_eq!(closed.0, 0, "{}", closed.1);
    drop(stdin);
    let (mut out, mut err) = (String::new(), String::new());
    stdout.read_to_string(&mut out).expect("the output ends");
    stderr.read_to_string(&mut err).expect("the errors end");
    assert_eq!((&*out, &*err), ("out hello\n", "err\n"));
    let mut status = null_mut();
    // SAFETY: as in `lifecycle`.
    assert_eq!(unsafe { export!(HcsWaitForProcessExit)(process, PATIENCE, &raw mut status) }, 0);
    let status = take(status);
    // A shell's codes have 8 bits.
    assert!(status.contains(&format!(r#""ExitCode":{}"#, 70000 % 256)), "{status}");
    // SAFETY: as in `lifecycle`.
    let (_, more) = request_process(|operation| unsafe { export!(HcsGetProcessInfo)(process, operation) });
    assert_eq!(more.process_id, information.process_id);
    for handle in [more.std_input, more.std_output, more.std_error] {
        drop(Pipe::new(handle));
    }
}
