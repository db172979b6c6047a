//! How fast containers and programs in them start, beside crun: with one client and with eight at a time.

use std::ffi::OsStr;
use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::bench::Bench;
use crate::bench::alternate::{Contender, Plan, alternate};
use crate::bench::compute::crun::Crun;
use crate::bench::compute::engine::{CAT, Engine, TRUE};
use crate::bench::compute::held::Held;
use crate::bench::compute::profile::Profile;
use crate::bench::row::Row;
use crate::error::Error;

/// Each is a whole batch.
const PLAN: Plan = Plan { warm_ups: 1, rounds: 3, pause: Duration::from_millis(200) };
const BATCH: usize = 100;
const CLIENTS: usize = 8;
const HELD: &str = "held";

type Once<'a> = Box<dyn FnMut() -> Result<Duration, Error> + Send + 'a>;

pub(super) fn rows(
    bench: &Bench<'_>,
    engine: &Engine,
    root: &Path,
    document: &Path,
) -> Result<Vec<Row>, Error> {
    let profile = Profile::write(bench)?;
    let crun = Crun::new(bench.dir, root, &profile.oci)?;
    let names: Vec<String> = (0..CLIENTS).map(|number| format!("client{number}")).collect();
    for name in &names {
        crun.bundle(name, TRUE, root, &profile.oci)?;
    }
    let run = |options: &[&str], program| {
        let last = ["--", program];
        let first = ["run", "--rm", "--config"].map(OsStr::new);
        let words = options.iter().chain(&last).map(OsStr::new);
        first.into_iter().chain([document.as_os_str()]).chain(words).map(OsStr::to_owned).collect::<Vec<_>>()
    };
    let start = |_: &String| -> Once<'_> {
        let timed = engine.timed(run(&[], TRUE));
        Box::new(move || timed.once())
    };
    let exec = |_: &String| -> Once<'_> {
        let timed = engine.timed(["exec", HELD, "--", TRUE]);
        Box::new(move || timed.once())
    };
    let their_start = |name: &String| -> Once<'_> { Box::new(crun.run_bundle(name)) };
    let their_exec = |_: &String| -> Once<'_> { Box::new(crun.exec_true()) };

    let held = (Held::start(engine.tool(run(&["--interactive", "--name", HELD], CAT)))?, crun.held()?);
    let mut rows = Vec::new();
    // One after the other without a pause has no goal but crun's own time: see the group compute for single starts.
    for (clients, start_goal) in [(1, 1.0), (CLIENTS, 0.35)] {
        let names = &names[..clients];
        let series = alternate(
            &mut [
                batches("ours", names, &start),
                batches("crun run", names, &their_start),
                batches("exec", names, &exec),
                batches("crun exec", names, &their_exec),
            ],
            PLAN,
        )?;
        let name = |what| format!("{BATCH} {what}, {clients} at a time");
        rows.push(Row::times(&name("Linux containers"), &series[0], &series[1], start_goal));
        rows.push(Row::times(&name("programs in one"), &series[2], &series[3], 1.0));
    }
    held.0.end()?;
    held.1.end()?;
    Ok(rows)
}

/// A batch of calls, shared among clients that each make one after the other.
fn batches<'a>(name: &str, clients: &[String], client: &impl Fn(&String) -> Once<'a>) -> Contender<'a> {
    let mut clients: Vec<_> = clients.iter().map(client).collect();
    Contender { name: name.to_owned(), once: Box::new(move || batch(&mut clients, BATCH)) }
}

/// The time until all calls are done. The first failure ends it.
fn batch(clients: &mut [Once<'_>], calls: usize) -> Result<Duration, Error> {
    let left = Mutex::new(calls);
    let take = || {
        let mut left = left.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let taken = *left > 0;
        *left = left.saturating_sub(1);
        taken
    };
    let begun = Instant::now();
    std::thread::scope(|scope| {
        let take = &take;
        let work = |client: &mut Once<'_>| -> Result<(), Error> {
            while take() {
                client()?;
            }
            Ok(())
        };
        let threads: Vec<_> = clients.iter_mut().map(|client| scope.spawn(move || work(client))).collect();
        threads.into_iter().try_for_each(|thread| match thread.join() {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        })
    })?;
    Ok(begun.elapsed())
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn clients_share_a_batch_and_a_failure_is_told() {
        let calls = AtomicUsize::new(0);
        let mut clients: Vec<Once<'_>> = (0..3)
            .map(|_| -> Once<'_> {
                Box::new(|| {
                    calls.fetch_add(1, Ordering::Relaxed);
                    Ok(Duration::ZERO)
                })
            })
            .collect();
        batch(&mut clients, 10).unwrap();
        assert_eq!(calls.load(Ordering::Relaxed), 10);
        let problem = || Err(Error::Measure { row: "x".to_owned(), problem: "y".to_owned() });
        assert!(batch(&mut [Box::new(problem)], 2).is_err());
    }
}
