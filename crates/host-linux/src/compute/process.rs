//! A handle of a process.

use std::os::fd::OwnedFd;
use std::sync::Arc;

use hcs_contract::{
    Callback, ComputeProcess, Error, ErrorKind, Hresult, ObjectKind, Operation, OperationKind,
    ProcessInformation, Result, Stream, Subscription, reading,
};
use hcs_guest_protocol::{Console, ControlEvent};
use hcs_schema::compute::{
    CloseHandle, ConsoleSize, ProcessModifyRequest, ProcessOperation, Signal as SignalDocument,
    SignalProcessOptions,
};
use hcs_silo::protocol::{Reply, Request, Signal};

use super::handle::Handle;
use super::live::{Live, ProcessState};
use super::process_doc;
use super::refuse::{self, no_options};
use crate::record::GuestOs;

/// See [`ComputeProcess`].
#[derive(Debug)]
pub(super) struct Process {
    live: Arc<Live>,
    state: Arc<ProcessState>,
    handle: Handle,
    guest: GuestOs,
}

impl Process {
    /// A handle on a process that the supervisor has counted as opened by this connection.
    pub(super) fn new(live: Arc<Live>, number: u32, pid: u32, guest: GuestOs) -> Self {
        let state = live.process(number, pid);
        let handle = Handle::new(state.object.clone(), Some(live.connection()));
        Self { live, state, handle, guest }
    }

    /// Sends a request of this process, or the error that kept it from being made.
    fn send(&self, kind: OperationKind, request: Result<Request>) -> Operation {
        self.exchange(kind, request, |reply| match reply {
            Reply::Done => Ok(String::new()),
            other => Err(unexpected(&other)),
        })
    }

    fn exchange(
        &self,
        kind: OperationKind,
        request: Result<Request>,
        read: impl FnOnce(Reply) -> Result<String> + Send + 'static,
    ) -> Operation {
        let request = match request {
            Ok(request) => request,
            Err(error) => return self.handle.done(kind, Err(error)),
        };
        match self.handle.begin(kind) {
            Ok((operation, pending)) => {
                self.live.request(self.handle.object(), pending, request, &[], |_, reply, _| read(reply));
                operation
            }
            Err(closed) => closed,
        }
    }
}

/// The request of a `SignalProcessOptions` document for the process of this number.
pub(super) fn signal_request(process: u32, guest: GuestOs, options: &str) -> Result<Request> {
    let SignalProcessOptions { signal, unknown: _ } = refuse::parse_options(options)?;
    let Some(signal) = signal else { return Ok(Request::Kill { process }) };
    let signal = match guest {
        GuestOs::Windows => Signal::Windows(control_event(&signal)?),
        GuestOs::Linux => match reading::linux_signal(&signal)? {
            // Documents that leave out 0 mean an end without a word.
            0 | SIGKILL => return Ok(Request::Kill { process }),
            number => Signal::Linux(number),
        },
    };
    Ok(Request::Signal { process, signal })
}

/// The requests of a `ProcessModifyRequest` document, likewise.
pub(super) fn modify_requests(process: u32, settings: &str) -> Result<Vec<Request>> {
    let ProcessModifyRequest { operation, console_size, close_handle, unknown: _ } = refuse::parse(settings)?;
    if operation == ProcessOperation::CONSOLE_SIZE {
        refuse::unless_empty_part("CloseHandle", close_handle.as_ref(), "the operation is ConsoleSize")?;
        let Some(ConsoleSize { height, width, unknown: _ }) = console_size else {
            return Err(Error::invalid_document("ConsoleSize", "the operation needs it"));
        };
        if height == 0 || width == 0 {
            return Err(Error::invalid_document("ConsoleSize", "a console has at least one row and column"));
        }
        return Ok(vec![Request::Resize { process, console: Console { columns: width, rows: height } }]);
    }
    if operation == ProcessOperation::CLOSE_HANDLE {
        refuse::unless_empty_part("ConsoleSize", console_size.as_ref(), "the operation is CloseHandle")?;
        let Some(CloseHandle { handle, unknown: _ }) = close_handle else {
            return Err(Error::invalid_document("CloseHandle", "the operation needs it"));
        };
        let streams = reading::closed_streams(&handle)?;
        return Ok(streams.iter().map(|&stream| Request::CloseStream { process, stream }).collect());
    }
    let message = format!("{operation:?} is neither \"ConsoleSize\" nor \"CloseHandle\"");
    Err(Error::invalid_document("Operation", message))
}

const SIGKILL: u8 = 9;

fn control_event(signal: &SignalDocument) -> Result<ControlEvent> {
    use ControlEvent::{CtrlBreak, CtrlC, CtrlClose, CtrlLogoff, CtrlShutdown};
    reading::control_event(signal, [CtrlC, CtrlBreak, CtrlClose, CtrlLogoff, CtrlShutdown])
}

pub(super) fn unexpected(reply: &Reply) -> Error {
    Error::unexpected_value(format!("the supervisor's {reply:?}"))
}

/// The streams of a reply. With a terminal its master stands for input and output.
pub(super) fn information(
    pid: u32,
    pipes: [bool; 3],
    fds: Vec<OwnedFd>,
    wanted: [bool; 3],
) -> Result<ProcessInformation> {
    let mut fds = fds.into_iter();
    let mut streams = [None, None, None];
    for (stream, there) in streams.iter_mut().zip(pipes) {
        if there {
            let fd =
                fds.next().ok_or_else(|| Error::unexpected_value("fewer streams than were announced"))?;
            *stream = Some(Stream::from(fd));
        }
    }
    let [mut stdin, mut stdout, stderr] = streams;
    let console = stdin.as_ref().and_then(Stream::as_fd).is_some_and(rustix::termios::isatty);
    if console && let Some(master) = &stdin {
        let copy = master.try_clone().map_err(|error| Error::os("duplicate", "the terminal", error))?;
        stdout = Some(copy);
    }
    if console && !wanted[0] {
        stdin = None;
    }
    if console && !wanted[1] {
        stdout = None;
    }
    Ok(ProcessInformation::new(pid, stdin, stdout, stderr))
}

impl ComputeProcess for Process {
    fn pid(&self) -> u32 {
        self.state.pid
    }

    fn terminate(&self, options: &str) -> Operation {
        let request = no_options(options).map(|()| Request::Kill { process: self.state.number });
        self.send(OperationKind::TerminateProcess, request)
    }

    fn signal(&self, options: &str) -> Operation {
        self.send(OperationKind::SignalProcess, signal_request(self.state.number, self.guest, options))
    }

    fn modify(&self, settings: &str) -> Operation {
        let kind = OperationKind::ModifyProcess;
        let mut requests = match modify_requests(self.state.number, settings) {
            Ok(requests) => requests,
            Err(error) => return self.handle.done(kind, Err(error)),
        };
        let Some(last) = requests.pop() else { return self.handle.done(kind, Ok(String::new())) };
        if let Err(closed) = self.handle.check_open() {
            return self.handle.done(kind, Err(closed));
        }
        // Answered in order, and they fail for the same reason if at all.
        for request in requests {
            self.live.tell(request);
        }
        self.send(kind, Ok(last))
    }

    fn properties(&self) -> Operation {
        let kind = OperationKind::GetProcessProperties;
        // The supervisor may be gone by now, but what it said of the exit stays.
        if let Some(Ok(document)) = self.state.exit.result() {
            return self.handle.done(kind, Ok(document));
        }
        let request = Ok(Request::ProcessStatus { process: self.state.number });
        self.exchange(kind, request, |reply| match reply {
            Reply::ProcessStatus(status) => Ok(process_doc::status(status.pid, status.exit)),
            other => Err(unexpected(&other)),
        })
    }

    fn info(&self) -> Operation<Arc<ProcessInformation>> {
        let (operation, pending) = match self.handle.begin(OperationKind::GetProcessInfo) {
            Ok(begun) => begun,
            Err(closed) => return closed,
        };
        let request = Request::ProcessInfo { process: self.state.number };
        self.live.request(self.handle.object(), pending, request, &[], |_, reply, fds| match reply {
            Reply::Process { pid, pipes, .. } => information(pid, pipes, fds, [true; 3]).map(Arc::new),
            other => Err(unexpected(&other)),
        });
        operation
    }

    fn wait_exit(&self) -> Operation {
        self.state.exit.wait(&self.handle, OperationKind::WaitProcessExit)
    }

    fn subscribe(&self, callback: Callback) -> Result<Subscription> {
        let of_this = |error: Error| {
            error.with_operation(OperationKind::Subscribe).with_object(self.handle.object().clone())
        };
        self.handle.check_open().map_err(of_this)?;
        self.live.watch().map_err(of_this)?;
        Ok(self.state.hub.subscribe(callback))
    }

    fn close(&self) {
        if self.handle.close() {
            self.live.process_closed(&self.state);
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.close();
    }
}

/// What `OpenProcess` says for a process that does not run.
pub(super) fn not_running() -> Error {
    Error::new(ErrorKind::NotFound(ObjectKind::Process)).with_hresult(Hresult::ERROR_NOT_FOUND)
}

#[cfg(test)]
mod tests {
    use hcs_contract::reading::{closed_streams, linux_signal};
    use hcs_schema::compute::StdHandle;

    use super::*;

    #[test]
    fn signals_by_number_and_name() {
        let name = |name: &str| SignalDocument::Name(name.into());
        assert_eq!(control_event(&name("ctrlshutdown")).unwrap(), ControlEvent::CtrlShutdown);
        assert_eq!(control_event(&SignalDocument::Number(1)).unwrap(), ControlEvent::CtrlBreak);
        assert_eq!(linux_signal(&SignalDocument::Number(64)).unwrap(), 64);
        for bad in [name("TERM"), SignalDocument::Number(3)] {
            assert!(control_event(&bad).is_err(), "{bad}");
        }
        for bad in [name("TERM"), SignalDocument::Number(65)] {
            assert!(linux_signal(&bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn streams_to_close() {
        assert_eq!(closed_streams(&StdHandle::ALL).unwrap(), [0, 1, 2]);
        assert_eq!(closed_streams(&StdHandle::STD_ERR).unwrap(), [2]);
        assert!(closed_streams(&StdHandle::default()).is_err());
    }
}
