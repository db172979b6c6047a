//! The host's own thread, on which notifications are delivered: a subscriber that blocks, or that holds a lock which
//! the caller needs, meets what it would meet on any other host.

use std::fmt;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread::{self, ThreadId};

type Job = Box<dyn FnOnce() + Send>;

/// A thread that runs jobs in order. It begins with the first job and ends with this value.
#[derive(Default)]
pub(crate) struct Dispatcher(Mutex<Option<(Sender<Job>, ThreadId)>>);

impl Dispatcher {
    /// Runs a job on the thread, later.
    pub(crate) fn run(&self, job: impl FnOnce() + Send + 'static) {
        if let Some(job) = self.send(Box::new(job)) {
            job();
        }
    }

    /// Runs a job on the thread, behind all others, and waits for it. A job that does this runs its own at once.
    pub(crate) fn run_and_wait(&self, job: impl FnOnce() + Send + 'static) {
        if self.is_here() {
            return job();
        }
        let (send, done) = channel::<()>();
        self.run(move || {
            job();
            drop(send);
        });
        // An error: the other end is gone, which is what is waited for.
        let _ = done.recv();
    }

    fn is_here(&self) -> bool {
        let thread = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        thread.as_ref().is_some_and(|(_, id)| *id == thread::current().id())
    }

    /// Gives the job back when there is no thread for it.
    fn send(&self, job: Job) -> Option<Job> {
        let mut thread = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if thread.is_none() {
            let (send, jobs) = channel::<Job>();
            let body = move || {
                for job in jobs {
                    // A callback that panics has failed its own test; the next ones are served.
                    let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(job));
                }
            };
            let begun = thread::Builder::new().name("fake notifications".into()).spawn(body);
            *thread = begun.ok().map(|begun| (send, begun.thread().id()));
        }
        match &*thread {
            Some((send, _)) => send.send(job).err().map(|error| error.0),
            None => Some(job),
        }
    }
}

impl fmt::Debug for Dispatcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Dispatcher")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn jobs_run_in_order_on_another_thread_and_may_wait_for_their_own() {
        let dispatcher = Arc::new(Dispatcher::default());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let note = |text: &'static str| {
            let seen = Arc::clone(&seen);
            move || seen.lock().unwrap().push((text, thread::current().id()))
        };
        dispatcher.run(note("first"));
        dispatcher.run(|| panic!("on purpose"));
        let (inner, nested) = (Arc::clone(&dispatcher), note("nested"));
        dispatcher.run(move || inner.run_and_wait(nested));
        dispatcher.run_and_wait(note("last"));
        let seen = seen.lock().unwrap();
        let texts: Vec<_> = seen.iter().map(|(text, _)| *text).collect();
        assert_eq!(texts, ["first", "nested", "last"]);
        assert!(seen.iter().all(|(_, id)| *id == seen[0].1 && *id != thread::current().id()));
    }
}
