//! Completions that are due: what vmcompute.dll answers "pending" completes by a notification, which may come before the
//! call that asked for it has returned.
//!
//! Each expectation is one call's. One whose caller has given up stays until its completion has come, so that a late
//! completion is not taken for that of the next call of its kind.

use hcs_contract::{Error, NotificationType, Result};

/// What is done with a completion.
pub(crate) type Complete = Box<dyn FnOnce(Result<String>) + Send>;

/// All expectations of a handle, the oldest first.
#[derive(Default)]
pub(crate) struct Expected {
    last: u64,
    all: Vec<Expectation>,
}

struct Expectation {
    number: u64,
    kind: NotificationType,
    state: State,
}

enum State {
    /// The call has not returned.
    Called,
    /// It has not, and its completion, or that of another such call, is there.
    Early(Result<String>),
    /// It answered "pending".
    Pending(Complete),
}

impl Expected {
    /// A call begins that may complete so.
    pub(crate) fn begin(&mut self, kind: NotificationType) -> u64 {
        self.last += 1;
        self.all.push(Expectation { number: self.last, kind, state: State::Called });
        self.last
    }

    /// The call answered "pending". Gives back what to do now, when the completion is there already.
    #[must_use]
    pub(crate) fn pending(&mut self, number: u64, complete: Complete) -> Option<(Complete, Result<String>)> {
        let index = self.all.iter().position(|one| one.number == number)?;
        if let State::Early(_) = self.all[index].state {
            let State::Early(result) = self.all.remove(index).state else { return None };
            return Some((complete, result));
        }
        self.all[index].state = State::Pending(complete);
        None
    }

    /// The call is over by its own answer. A completion that came meanwhile is another's.
    #[must_use]
    pub(crate) fn withdraw(&mut self, number: u64) -> Option<(Complete, Result<String>)> {
        let index = self.all.iter().position(|one| one.number == number)?;
        let Expectation { kind, state, .. } = self.all.remove(index);
        match state {
            State::Early(result) => self.completed(kind, result),
            State::Called | State::Pending(_) => None,
        }
    }

    /// A completion came: of the oldest that is pending, or else of the oldest that has not returned. One that nobody
    /// asked for is nobody's.
    #[must_use]
    pub(crate) fn completed(
        &mut self,
        kind: NotificationType,
        result: Result<String>,
    ) -> Option<(Complete, Result<String>)> {
        let of = |wanted: fn(&State) -> bool| {
            self.all.iter().position(|one| one.kind == kind && wanted(&one.state))
        };
        if let Some(index) = of(|state| matches!(state, State::Pending(_))) {
            let State::Pending(complete) = self.all.remove(index).state else { return None };
            return Some((complete, result));
        }
        if let Some(index) = of(|state| matches!(state, State::Called)) {
            self.all[index].state = State::Early(result);
        }
        None
    }

    /// None of those that are pending completes any more.
    #[must_use]
    pub(crate) fn fail(&mut self, error: &Error) -> Vec<(Complete, Result<String>)> {
        let pending = self.all.extract_if(.., |one| matches!(one.state, State::Pending(_)));
        pending
            .filter_map(|one| match one.state {
                State::Pending(complete) => Some((complete, Err(error.clone()))),
                State::Called | State::Early(_) => None,
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, channel};

    use super::*;

    const START: NotificationType = NotificationType::SYSTEM_START_COMPLETED;
    const PAUSE: NotificationType = NotificationType::SYSTEM_PAUSE_COMPLETED;

    fn teller() -> (Complete, Receiver<Result<String>>) {
        let (send, told) = channel();
        (Box::new(move |result| send.send(result).unwrap()), told)
    }

    fn act(due: Option<(Complete, Result<String>)>) -> bool {
        due.map(|(complete, result)| complete(result)).is_some()
    }

    #[test]
    fn a_completion_may_come_before_the_call_returns() {
        let mut expected = Expected::default();
        let call = expected.begin(START);
        assert!(!act(expected.completed(PAUSE, Ok("other".into()))));
        assert!(!act(expected.completed(START, Ok("early".into()))));
        let (complete, told) = teller();
        assert!(act(expected.pending(call, complete)));
        assert_eq!(told.recv().unwrap().unwrap(), "early");
    }

    #[test]
    fn a_late_completion_is_that_of_the_call_that_was_given_up() {
        let mut expected = Expected::default();
        let ((first, told_first), (second, told_second)) = (teller(), teller());
        let call = expected.begin(START);
        assert!(!act(expected.pending(call, first)));
        let call = expected.begin(START);
        assert!(!act(expected.pending(call, second)));
        assert!(act(expected.completed(START, Ok("1".into()))));
        assert_eq!(told_first.recv().unwrap().unwrap(), "1");
        assert!(told_second.try_recv().is_err());
        assert!(act(expected.completed(START, Ok("2".into()))));
        assert_eq!(told_second.recv().unwrap().unwrap(), "2");
        assert!(!act(expected.completed(START, Ok("3".into()))), "nobody asked");
    }

    #[test]
    fn a_refused_call_passes_an_early_completion_on() {
        let mut expected = Expected::default();
        let (refused, accepted) = (expected.begin(START), expected.begin(START));
        assert!(!act(expected.completed(START, Ok("x".into()))));
        assert!(!act(expected.withdraw(refused)));
        let (complete, told) = teller();
        assert!(act(expected.pending(accepted, complete)));
        assert_eq!(told.recv().unwrap().unwrap(), "x");
    }

    #[test]
    fn an_exit_fails_what_is_pending() {
        let mut expected = Expected::default();
        let (complete, told) = teller();
        let call = expected.begin(START);
        assert!(!act(expected.pending(call, complete)));
        let _unanswered = expected.begin(START);
        for (complete, result) in expected.fail(&Error::disconnected()) {
            complete(result);
        }
        assert_eq!(told.recv().unwrap().unwrap_err().code(), "service-disconnected");
        assert_eq!(expected.all.len(), 1);
    }
}
