//! Threads for calls of the service that block, and for what callbacks leave to be done.
//!
//! There are as many as calls block at once. One that has nothing to do stays for a while, so that calls in a row share
//! it. A call is never abandoned: who waits for it may give up, and its thread, with all that the service was given, stays
//! until it returns.

use std::collections::VecDeque;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::channel;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hcs_contract::Deadline;

/// How long a thread without work stays.
const IDLE: Duration = Duration::from_secs(10);

type Job = Box<dyn FnOnce() + Send>;

struct Pool {
    jobs: VecDeque<Job>,
    threads: usize,
    /// Threads that wait, and are not yet meant for a job that is queued.
    idle: usize,
}

static POOL: Mutex<Pool> = Mutex::new(Pool { jobs: VecDeque::new(), threads: 0, idle: 0 });
static WORK: Condvar = Condvar::new();

fn pool() -> MutexGuard<'static, Pool> {
    // Nothing panics while it is held.
    POOL.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Has a thread of its own do this.
///
/// # Errors
/// The operating system gives no thread; nothing is done then.
pub(crate) fn submit(job: impl FnOnce() + Send + 'static) -> io::Result<()> {
    let mut pool = pool();
    if pool.idle > 0 {
        pool.idle -= 1;
        pool.jobs.push_back(Box::new(job));
        drop(pool);
        WORK.notify_one();
        return Ok(());
    }
    pool.threads += 1;
    drop(pool);
    let name = "hcs service call".to_owned();
    let spawned = std::thread::Builder::new().name(name).spawn(move || work(Box::new(job)));
    match spawned {
        Ok(_) => Ok(()),
        Err(error) => {
            self::pool().threads -= 1;
            Err(error)
        }
    }
}

/// The same for what must be done: where there is no thread for it, on this one.
pub(crate) fn submit_or_run(job: impl FnOnce() + Send + 'static) {
    let job = std::sync::Arc::new(Mutex::new(Some(job)));
    let take = |job: &Mutex<Option<_>>| job.lock().unwrap_or_else(PoisonError::into_inner).take();
    let on_thread = std::sync::Arc::clone(&job);
    let submitted = submit(move || {
        if let Some(job) = take(&on_thread) {
            job();
        }
    });
    if submitted.is_err()
        && let Some(job) = take(&job)
    {
        job();
    }
}

/// Does a call that blocks on a thread of its own, and waits for what it gives. `None`: the deadline passed. What the
/// call gives later is dropped there.
///
/// # Errors
/// The operating system gives no thread.
pub(crate) fn run<T: Send + 'static>(
    deadline: Deadline,
    call: impl FnOnce() -> T + Send + 'static,
) -> io::Result<Option<T>> {
    let (send, answer) = channel();
    submit(move || {
        // Nobody waits any more after the deadline.
        drop(send.send(call()));
    })?;
    Ok(match deadline.remaining() {
        None => answer.recv().ok(),
        Some(left) => answer.recv_timeout(left).ok(),
    })
}

fn work(first: Job) {
    let mut job = first;
    loop {
        // A panic is this job's only. Its completers are dropped by it, which tells who waits.
        drop(catch_unwind(AssertUnwindSafe(job)));
        let mut pool = pool();
        pool.idle += 1;
        job = loop {
            if let Some(job) = pool.jobs.pop_front() {
                break job;
            }
            let (guard, waited) = WORK.wait_timeout(pool, IDLE).unwrap_or_else(PoisonError::into_inner);
            pool = guard;
            // A queued job was promised to one that waits: it is not us who leaves then.
            if waited.timed_out() && pool.jobs.is_empty() && pool.idle > 0 {
                pool.idle -= 1;
                pool.threads -= 1;
                return;
            }
        };
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Barrier};
    use std::time::Duration;

    use super::*;

    const PATIENCE: Duration = Duration::from_mins(1);

    #[test]
    fn as_many_calls_as_block_run_at_once() {
        let together = Arc::new(Barrier::new(9));
        for _ in 0..8 {
            let together = Arc::clone(&together);
            submit(move || {
                together.wait();
            })
            .unwrap();
        }
        together.wait();
    }

    #[test]
    fn a_call_outlives_who_waits_and_what_it_gives_is_dropped() {
        struct Given(std::sync::mpsc::Sender<()>);
        impl Drop for Given {
            fn drop(&mut self) {
                self.0.send(()).unwrap();
            }
        }
        let (go, may_return) = channel::<()>();
        let (dropped_in, dropped) = channel();
        let call = move || {
            may_return.recv().unwrap();
            Given(dropped_in)
        };
        assert!(run(Deadline::after(Duration::from_millis(10)), call).unwrap().is_none());
        go.send(()).unwrap();
        dropped.recv_timeout(PATIENCE).unwrap();
    }

    #[test]
    fn a_panic_ends_its_job_only() {
        assert!(run(PATIENCE.into(), || panic!("a job's own")).unwrap().is_none());
        assert_eq!(run(PATIENCE.into(), || 7).unwrap(), Some(7));
    }
}
