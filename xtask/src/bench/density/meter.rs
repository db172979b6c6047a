//! Processor time of clients and supervisors together.
//!
//! Every supervisor, process 1 and program of an engine is in the engine's cgroup, whose own count outlives them. What
//! a client uses is its `rusage`; with it comes what it has started and waited for. Not counted are the microseconds
//! for which a new supervisor is not yet in its cgroup.

use std::path::PathBuf;
use std::time::Duration;

use crate::bench::timer::Timed;
use crate::error::Error;
use crate::mountinfo;
use crate::process::pause;

/// A supervisor gives memory back when nothing was asked of it for 200 ms, which is part of what asking costs.
const AFTERMATH: Duration = Duration::from_millis(500);

/// What calls have cost, a figure for each.
#[derive(Debug, Default)]
pub(super) struct Costs {
    /// Milliseconds of processor time.
    pub(super) processor: Vec<f64>,
    /// Milliseconds on the clock, from the first call's begin to the last one's end.
    pub(super) wall: Vec<f64>,
}

/// Reads an engine's count.
#[derive(Debug)]
pub(super) struct Meter {
    file: PathBuf,
}

impl Meter {
    /// `cgroup`: path of the engine's cgroup in the unified hierarchy.
    pub(super) fn new(cgroup: &str) -> Result<Self, Error> {
        let mounts = mountinfo::all()?;
        let unified = mounts.iter().find(|mount| mount.kind == "cgroup2").ok_or_else(|| Error::Measure {
            row: "processor time".to_owned(),
            problem: "no unified hierarchy is mounted".to_owned(),
        })?;
        let this = Self { file: unified.point.join(cgroup.trim_start_matches('/')).join("cpu.stat") };
        this.used()?;
        Ok(this)
    }

    /// What the engine has used up to now.
    pub(super) fn used(&self) -> Result<Duration, Error> {
        let text = fs_err::read_to_string(&self.file)?;
        usage(&text).ok_or_else(|| Error::Measure {
            row: self.file.display().to_string(),
            problem: "has no usage_usec".to_owned(),
        })
    }

    /// What several calls cost, one after the other, with their aftermath.
    pub(super) fn calls(&self, calls: &[Timed]) -> Result<(Duration, Duration), Error> {
        let before = self.used()?;
        let (mut wall, mut clients) = (Duration::ZERO, Duration::ZERO);
        for call in calls {
            let used = call.used()?;
            wall += used.wall;
            clients += used.processor;
        }
        Ok((clients + self.since(before)?, wall))
    }

    /// The same, several times.
    pub(super) fn repeated(&self, rounds: usize, calls: &[Timed]) -> Result<Costs, Error> {
        each(rounds, || self.calls(calls))
    }

    /// Lets the aftermath of what was begun at `before` pass, and says what all of it has cost.
    pub(super) fn since(&self, before: Duration) -> Result<Duration, Error> {
        pause(AFTERMATH)?;
        Ok(self.used()?.saturating_sub(before))
    }
}

/// Something else that is measured several times; the first does not count.
pub(super) fn each(
    rounds: usize,
    mut once: impl FnMut() -> Result<(Duration, Duration), Error>,
) -> Result<Costs, Error> {
    let mut costs = Costs::default();
    // Whatever was done before may still have its aftermath.
    pause(AFTERMATH)?;
    for round in 0..=rounds {
        let (processor, wall) = once()?;
        if round > 0 {
            costs.processor.push(processor.as_secs_f64() * 1e3);
            costs.wall.push(wall.as_secs_f64() * 1e3);
        }
    }
    Ok(costs)
}

fn usage(text: &str) -> Option<Duration> {
    let line = text.lines().find_map(|line| line.strip_prefix("usage_usec "))?;
    Some(Duration::from_micros(line.trim().parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_count_of_a_cgroup() {
        assert_eq!(usage("usage_usec 1500\nuser_usec 7\n"), Some(Duration::from_micros(1500)));
        assert_eq!(usage("user_usec 7\n"), None);
    }

    #[test]
    fn the_root_s_count_grows_and_the_first_round_does_not_count() {
        let meter = Meter::new("/").unwrap();
        let mut rounds = 0;
        let costs = each(2, || {
            rounds += 1;
            let before = meter.used()?;
            Ok((meter.since(before)?, Duration::from_millis(rounds)))
        });
        assert_eq!(costs.unwrap().wall, [2.0, 3.0]);
    }
}
