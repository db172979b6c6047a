//! How much memory idle processes hold: their proportional share (PSS), each page divided by those who map it.

use std::time::{Duration, Instant};

use rustix::process::Pid;

use super::processes::{self, file, program};
use crate::error::Error;
use crate::process::pause;

/// Between two looks at whether anything has happened. Nothing tells when a process will do nothing any more.
const LOOK: Duration = Duration::from_millis(500);
/// So many looks in a row, with the same processes and next to no processor time used, are idleness.
const QUIET: u32 = 4;
/// Hundredths of a second that all of them together may use from look to look: Wine's server looks at its timers every
/// 16 ms, which is a tick now and then where there are fifty of them.
const NEXT_TO_NOTHING: u64 = 5;
/// Wine starts services for seconds after its first program has ended.
const LIMIT: Duration = Duration::from_mins(1);

/// KiB that the processes hold, once they have done nothing for a while. They may come and go before.
pub(in crate::bench) fn when_idle(
    row: &str,
    all: &impl Fn() -> Result<Vec<Pid>, Error>,
) -> Result<f64, Error> {
    let problem = |problem: String| Error::Measure { row: row.to_owned(), problem };
    let deadline = Instant::now() + LIMIT;
    let mut last = Vec::new();
    let mut quiet = 0;
    while quiet < QUIET {
        if Instant::now() > deadline {
            return Err(problem(format!("still busy after {} s", LIMIT.as_secs())));
        }
        pause(LOOK)?;
        // One that ends while it is looked at: the next look has others.
        let used = |pid| Some((pid, ticks(&file(pid, "stat").ok()?)?));
        let now: Vec<(Pid, u64)> = all()?.into_iter().filter_map(used).collect();
        quiet = if idle(&last, &now) { quiet + 1 } else { 0 };
        last = now;
    }
    let measured: Vec<Pid> = last.into_iter().map(|(pid, _)| pid).collect();
    if measured.is_empty() {
        return Err(problem("no process is left".to_owned()));
    }
    if let Some((other, its)) = sharer(&measured)? {
        let text =
            format!("process {other} runs the same program as {its}, and would be counted as its sharer");
        return Err(problem(text));
    }
    let mut sum = 0;
    for pid in measured {
        let rollup = file(pid, "smaps_rollup")?;
        sum += pss(&rollup).ok_or_else(|| problem("smaps_rollup has no Pss".to_owned()))?;
    }
    Ok(f64::from(sum))
}

/// Whether nobody came or went, and next to nothing was used in between.
fn idle(last: &[(Pid, u64)], now: &[(Pid, u64)]) -> bool {
    let same = last.iter().map(|(pid, _)| pid).eq(now.iter().map(|(pid, _)| pid));
    let used = |ticks: &[(Pid, u64)]| ticks.iter().map(|(_, used)| used).sum::<u64>();
    same && used(now).saturating_sub(used(last)) <= NEXT_TO_NOTHING
}

/// A process that is not measured and runs a measured program: pages that both map would be counted by half.
fn sharer(measured: &[Pid]) -> Result<Option<(i32, i32)>, Error> {
    let number = |pid: Pid| pid.as_raw_nonzero().get();
    let programs: Vec<_> = measured.iter().filter_map(|pid| Some((program(*pid)?, *pid))).collect();
    let others = processes::all()?.into_iter().filter(|pid| !measured.contains(pid));
    let mut shared = others.filter_map(|pid| {
        let its = program(pid)?;
        programs.iter().find(|(one, _)| *one == its).map(|(_, its)| (number(pid), number(*its)))
    });
    Ok(shared.next())
}

/// Processor time that a process has used, in the kernel's ticks: `utime` and `stime` of proc(5). The program's name
/// may hold blanks and parentheses.
fn ticks(stat: &str) -> Option<u64> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut numbers = rest.split_whitespace().skip(11).map(str::parse::<u64>);
    Some(numbers.next()?.ok()? + numbers.next()?.ok()?)
}

fn pss(rollup: &str) -> Option<u32> {
    let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_of_the_kernel_s_files() {
        let stat = "7 (a b) c) S 1 7 7 0 -1 4194560 1 2 3 4 50 6 0 0 20 0 1 0 99 1 2\n";
        assert_eq!(ticks(stat), Some(56));
        assert_eq!(ticks("7 cat"), None);
        let rollup = "55d0-7fff ---p 0 00:00 0 [rollup]\nRss:   1400 kB\nPss:    123 kB\nPss_Dirty:  5 kB\n";
        assert_eq!(pss(rollup), Some(123));
    }

    #[test]
    fn a_timer_of_wine_s_is_idleness_and_a_program_that_works_is_none() {
        let [one, two] = [1, 2].map(|pid| Pid::from_raw(pid).unwrap());
        assert!(idle(&[(one, 10), (two, 20)], &[(one, 11), (two, 23)]));
        assert!(!idle(&[(one, 10), (two, 20)], &[(one, 10), (two, 26)]));
        assert!(!idle(&[(one, 10)], &[(one, 10), (two, 0)]));
        assert!(!idle(&[(one, 10)], &[(two, 10)]));
    }

    #[test]
    fn another_who_runs_the_same_program_is_found() {
        let dir = tempfile::tempdir().unwrap();
        let copy = dir.path().join("cat");
        fs_err::copy("/bin/cat", &copy).unwrap();
        let start = || {
            let pipe = std::process::Stdio::piped;
            crate::process::Tool::new(&copy).streams(pipe(), pipe(), pipe()).spawn().unwrap()
        };
        let mut first = start();
        let measured = vec![Pid::from_child(&first)];
        let kib = when_idle("row", &|| Ok(measured.clone())).unwrap();
        assert!(kib > 0.0, "{kib}");
        let mut second = start();
        let text = when_idle("row", &|| Ok(measured.clone())).unwrap_err().to_string();
        assert!(text.contains("row: process"), "{text}");
        for child in [&mut first, &mut second] {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }
}
