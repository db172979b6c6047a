//! What idle Linux containers hold, and what costs more the more of them there are.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use rustix::process::Pid;

use super::meter::{self, Costs, Meter};
use crate::bench::compute::engine::{Engine, TRUE};
use crate::bench::compute::{memory, processes};
use crate::bench::row::Row;
use crate::error::Error;
use crate::print;

/// KiB that a supervisor and process 1 may hold together, as in the group compute.
const BUDGET: f64 = 200.0;
/// Processor time in ms for 500 systems: the list, and the list with statistics.
const LIST: f64 = 50.0;
const STATISTICS: f64 = 300.0;
const FOR: f64 = 500.0;
/// More than this by which a cost at the end exceeds that at the beginning is growth; less is the machine.
const FLAT: f64 = 1.25;

const ROUNDS: usize = 5;
/// In a row, so that one that meets another program's work moves the figure less.
const CYCLES: u32 = 10;
/// As many are made at a time.
const MAKERS: u32 = 8;

/// What was measured with so many systems.
struct At {
    systems: u32,
    list: Costs,
    statistics: Costs,
    events: Costs,
    changes: Vec<(&'static str, Costs)>,
}

pub(super) fn rows(engine: &Engine, document: &Path, most: u32) -> Result<Vec<Row>, Error> {
    let mut sizes = vec![1, most / 10, most / 2, most];
    sizes.retain(|size| *size > 0);
    sizes.dedup();
    let mut measured = Vec::new();
    let mut made = 0;
    for systems in sizes {
        make(engine, document, made..systems)?;
        made = systems;
        let meter = Meter::new(&engine.cgroup(&id(0))?)?;
        let at = At {
            systems,
            list: meter.repeated(ROUNDS, &[engine.timed(["ls"])])?,
            statistics: meter.repeated(ROUNDS, &[engine.timed(["stats"])])?,
            events: meter::each(ROUNDS, || events(engine, &meter))?,
            changes: changes(engine, document, &meter)?,
        };
        note(&at);
        measured.push(at);
    }
    let each = each(engine, &id(0), most)?;
    let (Some(first), Some(last)) = (measured.first(), measured.last()) else { return Ok(Vec::new()) };
    let mut rows = vec![
        Row::budget(&format!("each of {most} idle Linux containers, KiB"), &[each], BUDGET),
        beside(last, "list", &last.list.processor, LIST),
        beside(last, "list with statistics", &last.statistics.processor, STATISTICS),
    ];
    for ((name, now), (_, then)) in last.changes.iter().zip(&first.changes) {
        let title = format!("{name} beside {} systems, processor ms", last.systems);
        let peer = format!("beside {}", first.systems);
        rows.push(Row::growth(&title, &now.processor, &then.processor, &peer, FLAT));
    }
    Ok(rows)
}

/// The goal is for 500: with fewer there is as much less allowed.
fn beside(at: &At, what: &str, ours: &[f64], goal: f64) -> Row {
    let name = format!("{what} of {} systems, processor ms", at.systems);
    Row::budget(&name, ours, goal * f64::from(at.systems) / FOR)
}

/// Growth for people to see, as soon as it is known.
fn note(at: &At) {
    let ms = |values: &[f64]| crate::bench::alternate::spread(values);
    let n = at.systems;
    for (what, costs) in [("ls", &at.list), ("stats", &at.statistics), ("events", &at.events)] {
        let each = crate::bench::alternate::median(costs.processor.clone()) / f64::from(n);
        print::note(format_args!(
            "{n} systems: {what}: processor {} ms ({each:.3} ms each), clock {} ms",
            ms(&costs.processor),
            ms(&costs.wall)
        ));
    }
    for (what, costs) in &at.changes {
        print::note(format_args!("{n} systems: {what}: processor {} ms", ms(&costs.processor)));
    }
}

fn id(number: u32) -> String {
    format!("idle{number}")
}

/// Makes and starts systems, some at a time.
fn make(engine: &Engine, document: &Path, numbers: std::ops::Range<u32>) -> Result<(), Error> {
    let one = |number| {
        let id = id(number);
        let create = ["create", "--name", &id, "--config"].map(std::ffi::OsStr::new);
        engine.act(create.iter().chain(&[document.as_os_str()]))?;
        engine.act(["start", &id])
    };
    std::thread::scope(|scope| {
        let numbers = &numbers;
        let makers: Vec<_> = (0..MAKERS)
            .map(|maker| {
                scope.spawn(move || numbers.clone().filter(|n| n % MAKERS == maker).try_for_each(one))
            })
            .collect();
        makers.into_iter().try_for_each(|maker| match maker.join() {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        })
    })
}

/// What it costs, with all the others there, to do something to one system.
fn changes(engine: &Engine, document: &Path, meter: &Meter) -> Result<Vec<(&'static str, Costs)>, Error> {
    let config = document.to_string_lossy();
    let ids: Vec<String> = (0..CYCLES).map(|number| format!("more{number}")).collect();
    let all = |words: &[&str]| -> Vec<_> {
        let call =
            |id: &String| engine.timed(words.iter().map(|word| if *word == "ID" { &**id } else { *word }));
        ids.iter().map(call).collect()
    };
    let steps = [
        ("create", all(&["create", "--name", "ID", "--config", &config])),
        ("start", all(&["start", "ID"])),
        ("exec", all(&["exec", "ID", "--", TRUE])),
        ("inspect", all(&["inspect", "ID"])),
        ("delete", all(&["rm", "--force", "ID"])),
    ];
    let mut costs: Vec<_> = steps.iter().map(|(name, _)| (*name, Costs::default())).collect();
    for round in 0..=ROUNDS {
        for ((_, calls), (_, costs)) in steps.iter().zip(&mut costs) {
            let (processor, wall) = meter.calls(calls)?;
            if round > 0 {
                let each = |time: Duration| time.as_secs_f64() * 1e3 / f64::from(CYCLES);
                costs.processor.push(each(processor));
                costs.wall.push(each(wall));
            }
        }
    }
    Ok(costs)
}

/// A stream of events that is ended when this is dropped.
struct Stream(Child);

impl Drop for Stream {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What it costs to subscribe to the events of all systems, and to leave: until it has said that it misses nothing.
fn events(engine: &Engine, meter: &Meter) -> Result<(Duration, Duration), Error> {
    let problem =
        |problem: &str| Error::Measure { row: "hcs events".to_owned(), problem: problem.to_owned() };
    let before = meter.used()?;
    let begun = Instant::now();
    let child = engine.tool(["events"]).streams(Stdio::null(), Stdio::piped(), Stdio::inherit()).spawn()?;
    let mut stream = Stream(child);
    let output = stream.0.stdout.take().ok_or_else(|| problem("has no output"))?;
    let mut line = String::new();
    BufReader::new(output).read_line(&mut line)?;
    let wall = begun.elapsed();
    if line.is_empty() {
        return Err(problem("ended"));
    }
    // Before it ends: then nobody knows any more. One thread does all.
    let used = processes::file(Pid::from_child(&stream.0), "schedstat")?;
    let used = used.split(' ').next().and_then(|word| word.parse().ok()).map(Duration::from_nanos);
    let used = used.ok_or_else(|| problem("has no processor time in schedstat"))?;
    drop(stream);
    Ok((used + meter.since(before)?, wall))
}

/// KiB of each of the engine's systems, with all processes.
pub(super) fn each(engine: &Engine, one: &str, systems: u32) -> Result<f64, Error> {
    let cgroup = engine.cgroup(one)?;
    let ours = |pid: &Pid| {
        processes::file(*pid, "cgroup").is_ok_and(|text| {
            text.lines().any(|line| {
                line.strip_prefix("0::")
                    .and_then(|path| path.strip_prefix(&*cgroup))
                    .is_some_and(|rest| rest.starts_with('/'))
            })
        })
    };
    let all = || Ok(processes::all()?.into_iter().filter(ours).collect());
    Ok(memory::when_idle("idle containers, all of them", &all)? / f64::from(systems))
}
