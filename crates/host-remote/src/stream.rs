//! Standard streams of a process, each a connection of its own.

use std::io::{self, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use hcs_contract::{ProcessInformation, Result, Stream};
use hcs_remote_protocol::Information;

use crate::session::Session;
use crate::transport::Transport;

/// The streams of a process that there are. `written` counts what goes into its input.
///
/// The input is connected to at once, because closing it must tell. An output is when it is first read: the server
/// sends what it can, and of two readers one that never reads must not have what the other waits for.
pub(crate) fn connect(
    session: &Arc<Session>,
    information: &Information,
    written: &Arc<AtomicU64>,
) -> Result<ProcessInformation> {
    let Information { process_id, std_in, std_out, std_err } = information;
    let output = |number: &u64| Stream::remote(Output::Waiting(Arc::clone(session), *number));
    // First, so that they are given back when the input can't be had.
    let (stdout, stderr) = (std_out.as_ref().map(output), std_err.as_ref().map(output));
    let stdin = match std_in {
        None => None,
        Some(number) => {
            let (transport, _) = session.stream(*number)?;
            Some(Stream::remote(Input { transport, written: Arc::clone(written) }))
        }
    };
    Ok(ProcessInformation::new(*process_id, stdin, stdout, stderr))
}

/// What a process reads. It counts, so that a request to close the input can say what comes before it.
#[derive(Debug)]
struct Input {
    transport: Transport,
    written: Arc<AtomicU64>,
}

impl Read for Input {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::new(io::ErrorKind::Unsupported, "a process's input is written, not read"))
    }
}

impl Write for Input {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.transport.write(bytes)?;
        self.written.fetch_add(count as u64, Ordering::AcqRel);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.transport.flush()
    }
}

impl Drop for Input {
    fn drop(&mut self) {
        self.transport.finish();
    }
}

/// What a process writes.
#[derive(Debug)]
enum Output {
    /// Nobody has read it yet: the session, and the stream's number there.
    Waiting(Arc<Session>, u64),
    /// What came with the answer's head, and the rest.
    Connected { early: Vec<u8>, transport: Transport },
    /// It could not be connected to.
    Failed,
}

impl Read for Output {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Self::Waiting(session, number) = self {
            let connected = session.stream(*number);
            // Whatever came of it, there is no second try: a stream is connected to once.
            *self = match connected {
                Ok((transport, early)) => Self::Connected { early, transport },
                Err(error) => {
                    *self = Self::Failed;
                    return Err(io::Error::other(error));
                }
            };
        }
        match self {
            Self::Connected { early, .. } if !early.is_empty() => {
                let count = early.len().min(buffer.len());
                buffer[..count].copy_from_slice(&early[..count]);
                early.drain(..count);
                Ok(count)
            }
            Self::Connected { transport, .. } => transport.read(buffer),
            Self::Waiting(..) | Self::Failed => Err(io::ErrorKind::NotConnected.into()),
        }
    }
}

impl Write for Output {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::Error::new(io::ErrorKind::Unsupported, "a process's output is read, not written"))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        match self {
            Self::Waiting(session, number) => session.give_back(*number),
            Self::Connected { transport, .. } => transport.finish(),
            Self::Failed => {}
        }
    }
}
