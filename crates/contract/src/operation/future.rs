//! An operation as a future: for any runtime, and for none.
//!
//! Nothing here knows a runtime. Whoever completes the operation wakes the task; on a host with connections that is its
//! one thread for all of them ([`crate::Drive::drive_in_background`]), so no call has a thread of its own.

use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use super::{Operation, State};
use crate::alarm::Alarm;
use crate::{Deadline, Deadlines, Error, Result};

/// Resolves to an operation's result, or to [`crate::ErrorKind::Timeout`] at its deadline. Made by awaiting an
/// [`Operation`], or by [`Operation::within`].
///
/// Dropped earlier, it leaves nothing behind and waits for nothing: as with a deadline that passes, the operation goes on,
/// and what it gives is closed when nobody else has it ([`Operation::cancel`] ends the operation itself).
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct OperationFuture<T: Clone + Send = String> {
    operation: Operation<T>,
    deadline: Deadline,
    began: Instant,
    /// The place of its waker in the operation, once it has one.
    place: Option<u64>,
    alarm: Option<Alarm>,
}

impl<T: Clone + Send> Operation<T> {
    /// A future of the result that gives up at the deadline. [`Deadline::Never`] is for exits; other operations take
    /// their limit of [`Deadlines::default`], which is also what awaiting the operation itself does.
    ///
    /// ```
    /// # use hcs_contract::{Deadline, Object, Operation, OperationKind};
    /// # fn block_on<F: Future>(future: F) -> F::Output {
    /// #     let mut future = std::pin::pin!(future);
    /// #     let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    /// #     match future.as_mut().poll(&mut context) {
    /// #         std::task::Poll::Ready(output) => output,
    /// #         std::task::Poll::Pending => unreachable!("it is done"),
    /// #     }
    /// # }
    /// let start = Operation::done(OperationKind::Start, Object::system("web"), Ok(String::new()));
    /// let result = block_on(async { start.within(std::time::Duration::from_secs(30)).await });
    /// assert!(result.is_ok());
    /// ```
    pub fn within(&self, deadline: impl Into<Deadline>) -> OperationFuture<T> {
        let deadline = match deadline.into() {
            Deadline::Never => Deadlines::default().deadline(self.kind()),
            at @ Deadline::At(_) => at,
        };
        OperationFuture { operation: self.clone(), deadline, began: Instant::now(), place: None, alarm: None }
    }
}

impl<T: Clone + Send> IntoFuture for Operation<T> {
    type Output = Result<T>;
    type IntoFuture = OperationFuture<T>;

    fn into_future(self) -> OperationFuture<T> {
        self.within(Deadline::Never)
    }
}

impl<T: Clone + Send> Future for OperationFuture<T> {
    type Output = Result<T>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<T>> {
        let this = self.get_mut();
        let shared = &this.operation.0;
        let mut replaced = None;
        {
            let mut state = shared.lock();
            let wakers = match &mut *state {
                State::Done(result) => return Poll::Ready(result.clone()),
                State::Pending { .. } if this.deadline.has_passed() => {
                    drop(state);
                    return Poll::Ready(Err(this.operation.timed_out(this.began)));
                }
                State::Pending { wakers, .. } => wakers,
            };
            if let Some(place) = this.place {
                if wakers.get(&place).is_none_or(|waker| !waker.will_wake(context.waker())) {
                    replaced = wakers.insert(place, context.waker().clone());
                }
            } else {
                let place = wakers.last_key_value().map_or(0, |(last, _)| last + 1);
                wakers.insert(place, context.waker().clone());
                this.place = Some(place);
            }
        }
        // Outside the lock: a runtime's waker may do anything when it goes.
        drop(replaced);
        match (&this.alarm, this.deadline.instant()) {
            (Some(alarm), _) => alarm.wakes(context.waker()),
            (None, Some(at)) => match Alarm::set(at, context.waker().clone()) {
                Ok(alarm) => this.alarm = Some(alarm),
                Err(error) => {
                    return Poll::Ready(Err(Error::os("start", "the thread for deadlines", error)
                        .with_operation(shared.kind)
                        .with_object(shared.object.clone())));
                }
            },
            (None, None) => {}
        }
        // Last, and each time: it is cheap, and a connection may have been driven by a waiter that is gone.
        if let Some(driver) = &shared.driver {
            driver.drive_in_background();
        }
        Poll::Pending
    }
}

impl<T: Clone + Send> Drop for OperationFuture<T> {
    fn drop(&mut self) {
        let Some(place) = self.place else { return };
        let mut state = self.operation.0.lock();
        let waker = match &mut *state {
            State::Pending { wakers, .. } => wakers.remove(&place),
            State::Done(_) => None,
        };
        drop(state);
        drop(waker);
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Arc, Mutex};
    use std::task::{Wake, Waker};
    use std::thread::{self, Thread};
    use std::time::Duration;

    use super::*;
    use crate::{Completer, Drive, Object, OperationKind};

    /// A runtime of one task.
    struct Task {
        thread: Thread,
        wakes: AtomicUsize,
    }

    impl Wake for Task {
        fn wake(self: Arc<Self>) {
            self.wakes.fetch_add(1, Ordering::SeqCst);
            self.thread.unpark();
        }
    }

    fn task() -> (Arc<Task>, Waker) {
        let task = Arc::new(Task { thread: thread::current(), wakes: AtomicUsize::new(0) });
        (Arc::clone(&task), Waker::from(task))
    }

    fn block_on<F: IntoFuture>(future: F) -> F::Output {
        let (_, waker) = task();
        let mut future = pin!(future.into_future());
        loop {
            if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
                return output;
            }
            thread::park_timeout(Duration::from_mins(1));
        }
    }

    fn start() -> (Operation, Completer) {
        Operation::new(OperationKind::Start, Object::system("web"))
    }

    fn poll_once(future: &mut OperationFuture, waker: &Waker) -> Poll<Result<String>> {
        Pin::new(future).poll(&mut Context::from_waker(waker))
    }

    fn wakers(operation: &Operation) -> usize {
        match &*operation.0.lock() {
            State::Pending { wakers, .. } => wakers.len(),
            State::Done(_) => 0,
        }
    }

    #[test]
    fn it_resolves_on_whatever_thread_completes_the_operation() {
        let (operation, completer) = start();
        let other = thread::spawn(move || completer.complete(Ok("{}".into())));
        assert_eq!(block_on(async { operation.clone().await }).unwrap(), "{}");
        other.join().unwrap();
        assert_eq!(block_on(operation.within(Deadline::now())).unwrap(), "{}", "what is done is never late");
    }

    #[test]
    fn many_may_await_one_operation() {
        let (operation, completer) = start();
        let (task, waker) = task();
        let mut futures: Vec<_> = (0..3).map(|_| operation.within(Deadline::Never)).collect();
        for future in &mut futures {
            assert!(poll_once(future, &waker).is_pending() && poll_once(future, &waker).is_pending());
        }
        assert_eq!(wakers(&operation), 3, "one place each, however often they are polled");
        completer.complete(Ok(String::new()));
        assert_eq!(task.wakes.load(Ordering::SeqCst), 3);
        for future in &mut futures {
            assert!(poll_once(future, &waker).is_ready());
        }
    }

    #[test]
    fn a_deadline_ends_the_wait_and_not_the_operation() {
        let (operation, completer) = start();
        let error = block_on(operation.within(Duration::from_millis(5))).unwrap_err();
        assert!(error.is_timeout() && error.to_string().contains("web"), "{error}");
        assert_eq!(wakers(&operation), 0);
        completer.complete(Ok("late".into()));
        assert_eq!(block_on(operation).unwrap(), "late");
    }

    #[test]
    fn the_task_that_polled_last_is_the_one_that_is_woken() {
        let (operation, completer) = start();
        let [(first, before), (second, after)] = [task(), task()];
        let mut future = operation.within(Duration::from_mins(1));
        assert!(poll_once(&mut future, &before).is_pending() && poll_once(&mut future, &after).is_pending());
        completer.complete(Ok(String::new()));
        assert_eq!(first.wakes.load(Ordering::SeqCst), 0);
        assert_eq!(second.wakes.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn a_dropped_future_leaves_nothing() {
        let (operation, completer) = start();
        let (task, waker) = task();
        let mut future = operation.within(Duration::from_mins(1));
        assert!(poll_once(&mut future, &waker).is_pending());
        drop(waker);
        drop(future);
        assert_eq!(
            (wakers(&operation), Arc::strong_count(&task)),
            (0, 1),
            "neither here nor with the alarms"
        );
        drop(operation);
        assert!(completer.is_abandoned());
    }

    #[test]
    fn alarms_ring_in_the_order_of_their_moments() {
        struct Ring(Arc<Mutex<Vec<u64>>>, u64, Thread);
        impl Wake for Ring {
            fn wake(self: Arc<Self>) {
                self.0.lock().unwrap().push(self.1);
                self.2.unpark();
            }
        }
        let rung = Arc::new(Mutex::new(Vec::new()));
        let set = |millis| {
            let waker = Waker::from(Arc::new(Ring(Arc::clone(&rung), millis, thread::current())));
            Alarm::set(Instant::now() + Duration::from_millis(millis), waker).unwrap()
        };
        // The later one first: the thread that sleeps to it must hear of the earlier one.
        let _alarms = [set(40), set(5)];
        let called_off = set(20);
        drop(called_off);
        let until = Instant::now() + Duration::from_mins(1);
        while rung.lock().unwrap().len() < 2 {
            assert!(Instant::now() < until, "they do not ring");
            thread::park_timeout(Duration::from_mins(1));
        }
        assert_eq!(*rung.lock().unwrap(), [5, 40]);
    }

    #[test]
    fn a_host_with_a_connection_is_asked_to_drive_it() {
        #[derive(Default)]
        struct Connection(AtomicUsize);
        impl Drive for Connection {
            fn drive(&self, _: Option<Instant>, _: &dyn Fn() -> bool) -> Result<()> {
                unreachable!("nobody waits")
            }
            fn wake(&self) {}
            fn drive_in_background(&self) {
                self.0.fetch_add(1, Ordering::SeqCst);
            }
        }
        let connection = Arc::new(Connection::default());
        let driver = Arc::clone(&connection) as Arc<dyn Drive>;
        let (operation, completer) =
            Operation::<String>::driven(OperationKind::Start, Object::system("web"), driver);
        let mut future = operation.within(Deadline::Never);
        assert_eq!(connection.0.load(Ordering::SeqCst), 0, "a future does nothing unless polled");
        assert!(poll_once(&mut future, Waker::noop()).is_pending());
        assert!(connection.0.load(Ordering::SeqCst) > 0);
        completer.complete(Ok(String::new()));
        assert!(poll_once(&mut future, Waker::noop()).is_ready());
    }
}
