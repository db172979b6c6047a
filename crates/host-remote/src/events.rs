//! What happens to all systems of the server's host, from a connection of its own.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use hcs_contract::{Deadline, Error, EventStopper, Object, Result, SystemEvent, SystemEvents};
use hcs_remote_protocol::WireEvent;

use crate::connect::Connector;
use crate::http::Lines;
use crate::options::Options;
use crate::session::stream;
use crate::transport::Closer;

/// A stream of events.
#[derive(Debug)]
pub(crate) struct Events {
    lines: Lines,
    closer: Arc<Closer>,
    stopped: Arc<AtomicBool>,
}

impl Events {
    pub(crate) fn open(connector: &Connector, options: &Options) -> Result<Self> {
        let lines = stream(connector, options, "GET", "/v1/events")?;
        let closer = lines.transport().closer().map_err(failed)?;
        Ok(Self { lines, closer: Arc::new(closer), stopped: Arc::default() })
    }
}

fn failed(error: io::Error) -> Error {
    Error::os("read", "events", error).with_object(Object::service())
}

impl SystemEvents for Events {
    fn next(&mut self, deadline: Deadline) -> Result<Option<SystemEvent>> {
        loop {
            if self.stopped.load(Ordering::Acquire) {
                return Ok(None);
            }
            let left = deadline.remaining();
            // A socket has no timeout of nothing.
            let limit = left.map(|left| left.max(std::time::Duration::from_micros(1)));
            self.lines.transport().set_read_timeout(limit).map_err(failed)?;
            match self.lines.next() {
                Ok(Some(line)) => {
                    // What a newer server tells of is none of our kinds.
                    if let Some(event) =
                        serde_json::from_slice::<WireEvent>(&line).ok().and_then(WireEvent::into_event)
                    {
                        return Ok(Some(event));
                    }
                }
                Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                    return Ok(None);
                }
                Ok(None) | Err(_) if self.stopped.load(Ordering::Acquire) => return Ok(None),
                Ok(None) => return Err(Error::disconnected().with_object(Object::service())),
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                    return Err(Error::disconnected().with_object(Object::service()));
                }
                Err(error) => return Err(failed(error)),
            }
        }
    }

    fn stopper(&self) -> EventStopper {
        let (closer, stopped) = (Arc::clone(&self.closer), Arc::clone(&self.stopped));
        EventStopper::new(move || {
            stopped.store(true, Ordering::Release);
            closer.close();
        })
    }
}
