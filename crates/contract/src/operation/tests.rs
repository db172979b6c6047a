//! Exactly once, to everybody, whoever waits and however it ends.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use super::*;
use crate::ErrorKind;

fn start() -> (Operation, Completer) {
    Operation::new(OperationKind::Start, Object::system("web"))
}

#[test]
fn every_waiter_gets_the_one_result() {
    let (operation, completer) = start();
    let (seen_in, seen) = mpsc::channel();
    operation.on_complete(move |result| seen_in.send(result.unwrap()).unwrap());
    thread::scope(|scope| {
        let waiters: Vec<_> =
            (0..4).map(|_| scope.spawn(|| operation.wait(Duration::from_mins(1)).unwrap())).collect();
        completer.complete(Ok("{}".into()));
        for waiter in waiters {
            assert_eq!(waiter.join().unwrap(), "{}");
        }
    });
    assert_eq!(seen.recv().unwrap(), "{}");
    assert!(seen.recv().is_err(), "called once, then dropped");
    assert_eq!(operation.wait(Deadline::now()).unwrap(), "{}", "and again");
    let (late_in, late) = mpsc::channel();
    operation.on_complete(move |result| late_in.send(result).unwrap());
    assert_eq!(late.try_recv().unwrap().unwrap(), "{}");
}

#[test]
fn a_passed_deadline_ends_the_wait_and_not_the_operation() {
    let (operation, completer) = start();
    let error = operation.wait(Deadline::now()).unwrap_err();
    assert!(error.is_timeout());
    assert!(error.to_string().contains("waiting for the result of \"start compute system web\""), "{error}");
    assert!(operation.try_result().is_none());
    completer.complete(Ok(String::new()));
    assert!(operation.wait(Deadline::now()).is_ok());

    let (exit, _completer) = Operation::<String>::new(OperationKind::WaitSystemExit, Object::system("web"));
    let error = exit.wait(Deadline::now()).unwrap_err();
    assert!(error.to_string().contains("waiting for compute system web to exit"), "{error}");
}

#[test]
fn a_dropped_completer_is_a_lost_service() {
    let (operation, completer) = start();
    drop(completer);
    let error = operation.wait(Deadline::Never).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Disconnected));
    assert_eq!(error.object_id(), "web");
    assert_eq!(error.operation(), Some(OperationKind::Start));
}

#[test]
fn a_cancelled_operation_stays_cancelled_and_its_host_is_told_once() {
    let (operation, completer) = start();
    let (told_in, told) = mpsc::channel();
    completer.on_cancel(move || told_in.send(()).unwrap());
    assert!(operation.cancel());
    assert!(!operation.cancel());
    completer.complete(Ok("too late".into()));
    assert!(matches!(operation.wait(Deadline::now()).unwrap_err().kind(), ErrorKind::Cancelled));
    assert_eq!(told.try_iter().count(), 1);

    let (plain, completer) = start();
    assert!(plain.cancel(), "without a hook too");
    assert!(completer.is_abandoned());

    let (done, completer) = start();
    completer.complete(Ok(String::new()));
    assert!(!done.cancel(), "too late to cancel");
}

#[test]
fn a_completer_knows_when_nobody_listens() {
    let (operation, completer) = start();
    assert!(!completer.is_abandoned());
    let clone = operation.clone();
    drop(operation);
    assert!(!completer.is_abandoned());
    clone.on_complete(|_| {});
    drop(clone);
    assert!(!completer.is_abandoned(), "the callback still listens");
    let (operation, completer) = start();
    drop(operation);
    assert!(completer.is_abandoned());
}

#[test]
fn numbers_are_unique_and_results_typed() {
    let done = Operation::done(OperationKind::Create, Object::service(), Ok(7_u8));
    let (pending, _completer) = start();
    assert_ne!(done.id(), pending.id());
    assert_eq!(done.try_result().unwrap().unwrap(), 7);
    assert_eq!(
        format!("{pending:?}"),
        format!("Operation {} (start compute system web, pending)", pending.id())
    );
}

/// A connection whose answers are completers in a queue: whoever leads completes the next one.
struct Line {
    state: Mutex<LineState>,
    changed: Condvar,
    background: mpsc::Sender<()>,
}

#[derive(Default)]
struct LineState {
    answers: Vec<Completer>,
    closed: bool,
    reads: usize,
    waiting: usize,
    wakes: usize,
}

impl Line {
    fn push(&self, answer: Completer) {
        self.state.lock().unwrap().answers.push(answer);
        self.changed.notify_all();
    }
}

impl Drive for Line {
    fn drive(&self, until: Option<Instant>, done: &dyn Fn() -> bool) -> Result<()> {
        let mut state = self.state.lock().unwrap();
        loop {
            if done() {
                return Ok(());
            }
            if state.closed {
                return Err(Error::disconnected());
            }
            if let Some(answer) = state.answers.pop() {
                state.reads += 1;
                drop(state);
                answer.complete(Ok(String::new()));
                self.changed.notify_all();
                state = self.state.lock().unwrap();
                continue;
            }
            let left =
                until.map_or(Duration::from_mins(1), |at| at.saturating_duration_since(Instant::now()));
            if left.is_zero() {
                return Ok(());
            }
            state.waiting += 1;
            self.changed.notify_all();
            state = self.changed.wait_timeout(state, left).unwrap().0;
            state.waiting -= 1;
        }
    }

    fn wake(&self) {
        self.state.lock().unwrap().wakes += 1;
        self.changed.notify_all();
    }

    fn drive_in_background(&self) {
        self.background.send(()).unwrap();
    }
}

fn line() -> (Arc<Line>, mpsc::Receiver<()>) {
    let (background, asked) = mpsc::channel();
    (Arc::new(Line { state: Mutex::default(), changed: Condvar::new(), background }), asked)
}

fn driven(line: &Arc<Line>) -> (Operation, Completer) {
    Operation::driven(OperationKind::Start, Object::system("web"), Arc::clone(line) as Arc<dyn Drive>)
}

#[test]
fn waiters_read_the_connection_themselves() {
    let (line, asked) = line();
    let (first, first_answer) = driven(&line);
    let (second, second_answer) = driven(&line);
    line.push(second_answer);
    line.push(first_answer);
    thread::scope(|scope| {
        for operation in [&first, &second] {
            scope.spawn(|| operation.wait(Duration::from_mins(1)).unwrap());
        }
    });
    assert_eq!(line.state.lock().unwrap().reads, 2);
    assert!(asked.try_recv().is_err(), "nobody asked for a thread");

    let (watched, _answer) = driven(&line);
    watched.on_complete(|_| {});
    assert!(asked.try_recv().is_ok(), "a callback needs a reader");
    assert!(watched.wait(Deadline::now()).unwrap_err().is_timeout());
}

#[test]
fn a_cancellation_wakes_the_reader_and_a_lost_connection_ends_it() {
    let (line, _asked) = line();
    let (operation, _answer) = driven(&line);
    thread::scope(|scope| {
        let waiter = scope.spawn(|| operation.wait(Duration::from_mins(1)).unwrap_err());
        let sleeping = line.changed.wait_while(line.state.lock().unwrap(), |state| state.waiting == 0);
        drop(sleeping.unwrap());
        operation.cancel();
        assert_eq!(line.state.lock().unwrap().wakes, 1);
        assert!(matches!(waiter.join().unwrap().kind(), ErrorKind::Cancelled));
    });
    line.state.lock().unwrap().closed = true;
    let (operation, _answer) = driven(&line);
    let error = operation.wait(Duration::from_mins(1)).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Disconnected));
    assert_eq!(error.object_id(), "web");
}
