//! What happens to all containers of a host.

use hcs_contract::{Deadline, EventStopper, Result, SystemEvent, SystemEvents};

use crate::Host;

/// What happens to all containers of a host, whoever makes it happen: an iterator that waits.
///
/// It begins with what happens after [`Host::events`] has returned. Its deadline is never, unless [`Events::until`] sets
/// one; [`Events::stopper`] ends it from another thread. Dropping it ends it too.
///
/// On Linux this is guaranteed: create, start and exit of every container are told, in order and once, however short its
/// life; what else happens is told from the moment when its supervisor could be reached, which is tried as soon as it
/// listens, while somebody waits for events. What is lost because nobody reads, or because a
/// container can't be watched, is told as [`crate::SystemEventKind::Missed`].
///
/// ```no_run
/// use std::time::Duration;
///
/// use hcsshim::{Host, Options, SystemEventKind};
///
/// let host = Host::open(Options::from_env()?)?;
/// for event in host.events()?.until(Duration::from_mins(10)) {
///     let event = event?;
///     match event.kind {
///         SystemEventKind::Exited { exit_type, exit_code } => {
///             println!("{} {} ended ({exit_type}, exit code {exit_code:?})", event.time, event.id);
///         }
///         kind => println!("{} {} {kind}", event.time, event.id),
///     }
/// }
/// # Ok::<(), hcsshim::Error>(())
/// ```
#[derive(Debug)]
pub struct Events {
    stream: Box<dyn SystemEvents>,
    deadline: Deadline,
    failed: bool,
}

impl Host {
    /// What happens to all containers of this host from now on, also to those that other programs make.
    ///
    /// # Errors
    /// Not supported, where the host can't tell; the operating system's: its message says which limit to raise.
    pub fn events(&self) -> Result<Events> {
        let stream = self.service().events()?;
        tracing::debug!(operation = "watch", object = "compute service", "done");
        Ok(Events { stream, deadline: Deadline::Never, failed: false })
    }
}

impl Events {
    /// Ends the iteration at this time.
    #[must_use]
    pub fn until(mut self, deadline: impl Into<Deadline>) -> Self {
        self.deadline = deadline.into();
        self
    }

    /// Waits for the next event until `deadline`, whatever [`Events::until`] says. `None`: the time is over, or the
    /// stream was stopped.
    ///
    /// # Errors
    /// The operating system's: the engine's folder was removed, for one.
    pub fn next_by(&mut self, deadline: impl Into<Deadline>) -> Result<Option<SystemEvent>> {
        self.stream.next(deadline.into())
    }

    /// What ends the waiting from another thread.
    pub fn stopper(&self) -> EventStopper {
        self.stream.stopper()
    }
}

/// Ends at the deadline, when it was stopped, and after an error.
impl Iterator for Events {
    type Item = Result<SystemEvent>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let next = self.stream.next(self.deadline);
        self.failed = next.is_err();
        next.transpose()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use hcs_contract::{
        ComputeService, ComputeSystem, Error, Object, Operation, OperationKind, SystemEventKind,
    };
    use hcs_schema::Time;

    use super::*;
    use crate::Options;

    /// A stream of so many events that ends with an error, and a host that has it.
    #[derive(Debug)]
    struct Fake(usize);

    impl SystemEvents for Fake {
        fn next(&mut self, deadline: Deadline) -> Result<Option<SystemEvent>> {
            if deadline.has_passed() {
                return Ok(None);
            }
            self.0 = self.0.checked_sub(1).ok_or_else(Error::disconnected)?;
            Ok(Some(SystemEvent::new(Time::ZERO, "x", SystemEventKind::Created)))
        }

        fn stopper(&self) -> EventStopper {
            EventStopper::new(|| {})
        }
    }

    impl ComputeService for Fake {
        fn create_system(&self, _: &str, _: &str) -> Result<(Arc<dyn ComputeSystem>, Operation)> {
            Err(Error::disconnected())
        }

        fn open_system(&self, _: &str) -> Result<Arc<dyn ComputeSystem>> {
            Err(Error::disconnected())
        }

        fn enumerate_systems(&self, _: &str) -> Operation {
            Operation::done(OperationKind::Enumerate, Object::service(), Err(Error::disconnected()))
        }

        fn service_properties(&self, _: &str) -> Operation {
            self.enumerate_systems("")
        }

        fn events(&self) -> Result<Box<dyn SystemEvents>> {
            Ok(Box::new(Self(self.0)))
        }
    }

    fn host(count: usize) -> Host {
        Host::from_service(Arc::new(Fake(count)), Options::default())
    }

    #[test]
    fn iteration_ends_after_an_error_and_at_the_deadline() {
        let events: Vec<_> = host(2).events().unwrap().collect();
        assert_eq!(events.len(), 3);
        assert!(events[..2].iter().all(Result::is_ok) && events[2].is_err());
        assert_eq!(host(2).events().unwrap().until(Duration::ZERO).count(), 0);
        let mut events = host(2).events().unwrap();
        assert!(events.next_by(Deadline::now()).unwrap().is_none());
        assert!(events.next_by(Deadline::Never).unwrap().is_some());
    }
}
