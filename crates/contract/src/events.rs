//! What happens to all systems of a host, whoever makes them happen: a stream that anybody may read.
//!
//! A [`crate::Subscription`] tells of one system to who has it open. A stream of events tells of every system, also of
//! those that other programs make, and holds none of them.

use std::fmt;
use std::sync::Arc;

use hcs_schema::Time;
use hcs_schema::compute::ExitType;

use crate::{Deadline, Result};

/// Something that happened to a system.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SystemEvent {
    /// When it happened.
    pub time: Time,
    /// The system's id. Empty only with [`SystemEventKind::Missed`]: of which systems is not known.
    pub id: String,
    /// What happened.
    pub kind: SystemEventKind,
}

impl SystemEvent {
    /// An event.
    pub fn new(time: Time, id: impl Into<String>, kind: SystemEventKind) -> Self {
        Self { time, id: id.into(), kind }
    }
}

/// What can happen to a system.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SystemEventKind {
    /// It was created, and can be started.
    Created,
    /// It was started, and runs.
    Started,
    /// All of its processes stand still.
    Paused,
    /// They go on.
    Resumed,
    /// Its settings were changed.
    Modified,
    /// Its memory limit ended processes: one, or several since the last such event.
    OutOfMemory,
    /// It has ended.
    Exited {
        /// Why.
        exit_type: ExitType,
        /// The exit code of the first process that ran in it; `None`: there was none, or nobody knows.
        exit_code: Option<u32>,
    },
    /// More has happened than this stream tells of, because it was not read in time or the system can't be watched.
    /// What the stream tells from here on is true again.
    Missed,
}

impl SystemEventKind {
    /// The names of all kinds.
    pub const NAMES: [&'static str; 8] =
        ["create", "start", "pause", "resume", "modify", "oom", "exit", "missed"];

    /// The kind in one word, as tools print it and filter by it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Created => "create",
            Self::Started => "start",
            Self::Paused => "pause",
            Self::Resumed => "resume",
            Self::Modified => "modify",
            Self::OutOfMemory => "oom",
            Self::Exited { .. } => "exit",
            Self::Missed => "missed",
        }
    }
}

impl fmt::Display for SystemEventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The events of all systems from the moment on when the stream was made. Dropping it ends it.
///
/// Of one system they come in order; of two, one may be told late. Reading takes no thread of the host's: the reader
/// waits itself, and what happens while nobody reads is kept, within limits: past them [`SystemEventKind::Missed`] says
/// so.
pub trait SystemEvents: fmt::Debug + Send {
    /// Waits for the next event. `None`: the deadline passed, or the stream was stopped.
    ///
    /// # Errors
    /// The operating system's or the connection's; what a stream does after that is its own matter.
    fn next(&mut self, deadline: Deadline) -> Result<Option<SystemEvent>>;

    /// What ends the waiting from another thread.
    fn stopper(&self) -> EventStopper;
}

/// Stops a stream of events, from any thread. Clones stop the same stream.
#[derive(Clone)]
pub struct EventStopper(Arc<dyn Fn() + Send + Sync>);

impl EventStopper {
    /// A stopper that does this.
    pub fn new(stop: impl Fn() + Send + Sync + 'static) -> Self {
        Self(Arc::new(stop))
    }

    /// Stops the stream: whoever waits for an event gets none, now and later.
    pub fn stop(&self) {
        (self.0)();
    }
}

impl fmt::Debug for EventStopper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EventStopper")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ComputeService, ComputeSystem, Error, Hresult, Object, Operation, OperationKind};

    /// A host without events.
    #[derive(Debug)]
    struct Without;

    impl ComputeService for Without {
        fn create_system(&self, id: &str, _: &str) -> Result<(Arc<dyn ComputeSystem>, Operation)> {
            Err(Error::already_exists(Object::system(id)))
        }

        fn open_system(&self, id: &str) -> Result<Arc<dyn ComputeSystem>> {
            Err(Error::not_found(Object::system(id)))
        }

        fn enumerate_systems(&self, _: &str) -> Operation {
            Operation::done(OperationKind::Enumerate, Object::service(), Ok("[]".into()))
        }

        fn service_properties(&self, _: &str) -> Operation {
            Operation::done(OperationKind::GetServiceProperties, Object::service(), Ok("{}".into()))
        }
    }

    #[test]
    fn a_host_without_events_refuses_by_name() {
        let error = Without.events().unwrap_err();
        assert_eq!(error.hresult(), Hresult::ERROR_NOT_SUPPORTED);
        assert_eq!(error.operation(), Some(OperationKind::Subscribe));
        assert!(error.to_string().contains("events"), "{error}");
    }

    #[test]
    fn every_kind_has_its_name_in_the_list() {
        let exited = SystemEventKind::Exited { exit_type: ExitType::NONE, exit_code: None };
        let kinds = [
            SystemEventKind::Created,
            SystemEventKind::Started,
            SystemEventKind::Paused,
            SystemEventKind::Resumed,
            SystemEventKind::Modified,
            SystemEventKind::OutOfMemory,
            exited,
            SystemEventKind::Missed,
        ];
        assert_eq!(kinds.map(|kind| kind.to_string()), SystemEventKind::NAMES);
    }
}
