//! Faults on demand: what may go wrong with a service, at a chosen call of a chosen system, as often as is said.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hcs_contract::{EventType, Hresult, OperationKind};

type Work = Box<dyn FnOnce() + Send>;

/// What shall go wrong, where and when. Made by [`Fault::on`] and [`Fault::on_event`], given to [`Faults::add`].
#[derive(Clone, Debug)]
#[must_use = "give it to Faults::add"]
pub struct Fault {
    at: Place,
    system: Option<String>,
    first: u64,
    times: Option<u64>,
    effect: Effect,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Call(OperationKind),
    Event(EventType),
}

#[derive(Clone, Debug)]
pub(crate) enum Effect {
    Fail(Hresult),
    Hold(Hold),
    Delay(Duration),
    Never,
    NeverAnswered,
    Disconnect,
    Event(Delivery),
}

/// How a notification goes astray.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Delivery {
    Usual,
    Lost,
    Early,
    Twice,
}

/// A fault at a call, without its effect.
#[derive(Clone, Debug)]
#[must_use = "say what shall happen there"]
pub struct AtCall(Fault);

/// A fault at a notification, without its effect.
#[derive(Clone, Debug)]
#[must_use = "say what shall happen there"]
pub struct AtEvent(Fault);

impl Fault {
    /// At calls of this kind: every one, of any system, unless more is said.
    ///
    /// ```
    /// use hcs_host_fake::{Fault, FakeHost};
    /// use hcs_contract::{Hresult, OperationKind};
    /// let host = FakeHost::new();
    /// host.faults().add(Fault::on(OperationKind::Start).of("web").nth(1).fail(Hresult::HCS_E_CONNECTION_TIMEOUT));
    /// ```
    pub fn on(call: OperationKind) -> AtCall {
        AtCall(Self::at(Place::Call(call)))
    }

    /// At notifications of this kind: [`EventType::SYSTEM_EXITED`] or [`EventType::PROCESS_EXITED`].
    pub fn on_event(event: EventType) -> AtEvent {
        AtEvent(Self::at(Place::Event(event)))
    }

    fn at(at: Place) -> Self {
        Self { at, system: None, first: 1, times: None, effect: Effect::Never }
    }

    fn with(mut self, effect: Effect) -> Self {
        self.effect = effect;
        self
    }

    fn nth(mut self, nth: u64) -> Self {
        (self.first, self.times) = (nth.max(1), Some(1));
        self
    }
}

impl AtCall {
    /// Only calls about this system, or a process of it.
    pub fn of(mut self, system: impl Into<String>) -> Self {
        self.0.system = Some(system.into());
        self
    }

    /// Only the n-th such call from when the fault was added, counted from 1.
    pub fn nth(self, nth: u64) -> Self {
        Self(self.0.nth(nth))
    }

    /// Only the first `times` such calls from when the fault was added, or from the [`AtCall::nth`] on.
    pub fn times(mut self, times: u64) -> Self {
        self.0.times = Some(times);
        self
    }

    /// The call does nothing and fails with this code, of either family.
    pub fn fail(self, code: Hresult) -> Fault {
        self.0.with(Effect::Fail(code))
    }

    /// The call does nothing and is denied: `E_ACCESSDENIED`, as the service says of a container that is just ending.
    pub fn deny(self) -> Fault {
        self.fail(Hresult::E_ACCESSDENIED)
    }

    /// The call stays pending, and nothing happens, until the hold is released; then it does what it would have done.
    ///
    /// A call without an operation (opening, subscribing) holds its thread.
    pub fn hold(self, hold: &Hold) -> Fault {
        self.0.with(Effect::Hold(hold.clone()))
    }

    /// As [`AtCall::hold`], until the host's [`crate::Clock`] has been moved by this much.
    pub fn delay(self, by: Duration) -> Fault {
        self.0.with(Effect::Delay(by))
    }

    /// The call stays pending for ever, and nothing happens. Closing the handle ends the wait for it.
    ///
    /// A call without an operation fails with the host's own timeout instead: `HCS_E_OPERATION_TIMEOUT`.
    pub fn never(self) -> Fault {
        self.0.with(Effect::Never)
    }

    /// The call is done, and stays pending for ever: its completion was lost. Closing the handle ends the wait.
    ///
    /// A call without an operation fails with the host's own timeout: `HCS_E_OPERATION_TIMEOUT`.
    pub fn unanswered(self) -> Fault {
        self.0.with(Effect::NeverAnswered)
    }

    /// The service goes away before the call is done: [`crate::FakeHost::disconnect`].
    pub fn disconnect(self) -> Fault {
        self.0.with(Effect::Disconnect)
    }
}

impl AtEvent {
    /// Only of this system, or a process of it.
    pub fn of(mut self, system: impl Into<String>) -> Self {
        self.0.system = Some(system.into());
        self
    }

    /// Only the n-th from when the fault was added, counted from 1.
    pub fn nth(self, nth: u64) -> Self {
        Self(self.0.nth(nth))
    }

    /// Nobody learns of it: no subscriber is called, and no wait that has begun ends. What is asked afterwards is
    /// answered by the true state, also a new wait or subscription.
    pub fn lose(self) -> Fault {
        self.0.with(Effect::Event(Delivery::Lost))
    }

    /// It comes before what it tells of has happened: state and properties still say otherwise. The call that causes
    /// it waits until every subscriber was told.
    pub fn early(self) -> Fault {
        self.0.with(Effect::Event(Delivery::Early))
    }

    /// Subscribers are called twice.
    pub fn duplicate(self) -> Fault {
        self.0.with(Effect::Event(Delivery::Twice))
    }
}

/// Holds calls back until it is released. Clones are the same hold.
#[derive(Clone, Default)]
pub struct Hold(Arc<Held>);

#[derive(Default)]
struct Held {
    state: Mutex<HoldState>,
    changed: Condvar,
}

#[derive(Default)]
struct HoldState {
    released: bool,
    reached: u64,
    work: VecDeque<Work>,
}

impl Hold {
    /// A hold that holds.
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets go of what it holds, in order, on this thread, and holds nothing any more.
    pub fn release(&self) {
        let work = {
            let mut state = self.lock();
            state.released = true;
            self.0.changed.notify_all();
            std::mem::take(&mut state.work)
        };
        for work in work {
            work();
        }
    }

    /// How many calls have reached it.
    pub fn reached(&self) -> u64 {
        self.lock().reached
    }

    /// Waits until so many calls have reached it: for tests whose program calls from another thread.
    pub fn wait_reached(&self, calls: u64) {
        let mut state = self.lock();
        while state.reached < calls {
            state = self.0.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    pub(crate) fn park(&self, work: Work) {
        let mut state = self.lock();
        state.reached += 1;
        self.0.changed.notify_all();
        if state.released {
            drop(state);
            work();
        } else {
            state.work.push_back(work);
        }
    }

    /// Blocks this thread.
    pub(crate) fn block(&self) {
        let mut state = self.lock();
        state.reached += 1;
        self.0.changed.notify_all();
        while !state.released {
            state = self.0.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HoldState> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let HoldState { released, reached, work } = &*self.lock();
        write!(f, "Hold (released: {released}, reached {reached} times, {} held)", work.len())
    }
}

/// The faults of one host. Clones are the same faults; they may change while the host is in use.
#[derive(Clone, Debug, Default)]
pub struct Faults(Arc<Mutex<Vec<Entry>>>);

#[derive(Debug)]
struct Entry {
    fault: Fault,
    matched: u64,
    fired: u64,
}

impl Faults {
    /// Adds a fault. Where several fit a call, the first that was added and is due wins; all of them count it.
    pub fn add(&self, fault: Fault) {
        self.lock().push(Entry { fault, matched: 0, fired: 0 });
    }

    /// Takes all faults away. What they hold stays held.
    pub fn clear(&self) {
        self.lock().clear();
    }

    /// How often any of the present faults has struck.
    pub fn fired(&self) -> u64 {
        self.lock().iter().map(|entry| entry.fired).sum()
    }

    pub(crate) fn at_call(&self, call: OperationKind, system: &str) -> Option<Effect> {
        self.strike(Place::Call(call), system)
    }

    pub(crate) fn at_event(&self, event: EventType, system: &str) -> Delivery {
        match self.strike(Place::Event(event), system) {
            Some(Effect::Event(delivery)) => delivery,
            _ => Delivery::Usual,
        }
    }

    fn strike(&self, place: Place, system: &str) -> Option<Effect> {
        let mut struck = None;
        for entry in self.lock().iter_mut() {
            let fault = &entry.fault;
            if fault.at != place || fault.system.as_deref().is_some_and(|wanted| wanted != system) {
                continue;
            }
            entry.matched += 1;
            let since = entry.matched.checked_sub(fault.first);
            let due = since.is_some_and(|since| fault.times.is_none_or(|times| since < times));
            if due && struck.is_none() {
                entry.fired += 1;
                struck = Some(fault.effect.clone());
            }
        }
        struck
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn struck(faults: &Faults, system: &str) -> Option<u32> {
        match faults.at_call(OperationKind::Start, system)? {
            Effect::Fail(code) => Some(code.0),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_fault_strikes_where_and_when_it_was_told() {
        let faults = Faults::default();
        faults.add(Fault::on(OperationKind::Start).of("a").nth(2).fail(Hresult(0x8000_0001)));
        faults.add(Fault::on(OperationKind::Start).nth(4).times(2).fail(Hresult(0x8000_0002)));
        let all: Vec<_> = ["a", "b", "a", "a", "a", "a"].map(|system| struck(&faults, system)).to_vec();
        let (one, two) = (Some(0x8000_0001), Some(0x8000_0002));
        assert_eq!(all, [None, None, one, two, two, None]);
        assert_eq!(faults.fired(), 3);
        assert!(faults.at_call(OperationKind::Create, "a").is_none());
        faults.clear();
        assert_eq!(struck(&faults, "a"), None);
    }

    #[test]
    fn a_hold_lets_go_in_order() {
        let hold = Hold::new();
        let seen = Arc::new(Mutex::new(Vec::new()));
        for number in 0..3 {
            let seen = Arc::clone(&seen);
            hold.park(Box::new(move || seen.lock().unwrap().push(number)));
        }
        assert_eq!((seen.lock().unwrap().len(), hold.reached()), (0, 3));
        hold.release();
        assert_eq!(*seen.lock().unwrap(), [0, 1, 2]);
        hold.block();
        hold.wait_reached(4);
    }
}
