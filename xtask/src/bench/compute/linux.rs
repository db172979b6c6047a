//! Linux containers beside crun, and beside the floor.

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::time::Duration;

use rustix::process::Pid;
use serde_json::json;

use super::crun::{ADDED_DEVICES, Crun};
use super::engine::{CAT, Engine, TRUE, root_folder};
use super::held::Held;
use super::memory;
use super::profile::Profile;
use super::same::Confinement;
use crate::bench::alternate::{Contender, Plan, alternate};
use crate::bench::row::Row;
use crate::bench::timer::Timed;
use crate::bench::{Bench, compiled};
use crate::error::Error;

const PLAN: Plan = Plan { warm_ups: 3, rounds: 40, pause: Duration::from_millis(60) };
/// KiB that a supervisor and process 1 may hold together.
const BUDGET: f64 = 200.0;
/// Memory hardly varies. Each round has a container of its own.
const IDLE_ROUNDS: usize = 3;
/// The container that is held, and the one that idles.
const HELD: &str = "held";

pub(super) fn rows(bench: &Bench<'_>, engine: &Engine) -> Result<Vec<Row>, Error> {
    let root = root_folder(bench.dir)?;
    // Layers and no folder for writes: an overlay that is thrown away. A plain root folder would save its mount, and
    // does so for crun.
    let document = bench.dir.join("linux-document.json");
    let layers = json!([{ "ID": "lower", "Path": root }]);
    let container = json!({ "SystemType": "Container", "ContainerType": "Linux", "Layers": layers });
    fs_err::write(&document, container.to_string())?;
    let profile = Profile::write(bench)?;
    let crun = Crun::new(bench.dir, &root, &profile.oci)?;

    let held = run(&document, &["--interactive", "--name", HELD], CAT);
    let (ours, theirs) = (Held::start(engine.tool(held))?, crun.held()?);
    compare(engine, &crun)?;
    let exec = alternate(
        &mut [
            Contender::timed("ours", engine.timed(["exec", HELD, "--", TRUE])),
            Contender { name: "crun exec".to_owned(), once: Box::new(crun.exec_true()) },
        ],
        PLAN,
    )?;
    ours.end()?;
    theirs.end()?;

    let start = alternate(
        &mut [
            Contender::timed("ours", engine.timed(run(&document, &[], TRUE))),
            Contender { name: "crun run".to_owned(), once: Box::new(crun.run_true()) },
            Contender::timed("floor", floor(bench, &profile.filter, &root)?),
        ],
        PLAN,
    )?;
    let idle = (0..IDLE_ROUNDS).map(|_| idle(engine, &document)).collect::<Result<Vec<_>, _>>()?;
    Ok(vec![
        Row::times("Linux container, start to removal", &start[0], &start[1], 0.2),
        Row::times("Linux container, start to removal", &start[0], &start[2], 1.3),
        Row::times("program in a running Linux container", &exec[0], &exec[1], 0.12),
        Row::sizes(IDLE, &idle, &[BUDGET; IDLE_ROUNDS], "budget", 1.0),
    ])
}

const IDLE: &str = "idle Linux container, supervisor and process 1";

/// `hcs run` with a document and further options.
fn run(document: &Path, options: &[&str], program: &str) -> Vec<OsString> {
    let first = [OsStr::new("run"), "--rm".as_ref(), "--config".as_ref(), document.as_os_str()];
    let last = ["--", program];
    let rest = options.iter().chain(&last).map(OsStr::new);
    first.into_iter().chain(rest).map(OsStr::to_owned).collect()
}

/// The floor with all that ours does: limits, no sync, a group in the unified hierarchy, the filter.
fn floor(bench: &Bench<'_>, filter: &Path, root: &Path) -> Result<Timed, Error> {
    let floor = compiled::compile(bench, "floor")?;
    let scratch = bench.dir.join("scratch");
    fs_err::create_dir_all(&scratch)?;
    let options = ["-l", "-v", "-u", "-f"].map(OsStr::new);
    let paths = [filter.as_os_str(), root.as_os_str(), scratch.as_os_str(), OsStr::new(TRUE)];
    Ok(Timed::new(floor, options.iter().chain(&paths)))
}

/// Voids the run when one of the two confines less.
fn compare(engine: &Engine, crun: &Crun) -> Result<(), Error> {
    let init = engine.init(HELD)?;
    let ours: Vec<Pid> = engine.inside(HELD)?.into_iter().filter(|pid| *pid != init).collect();
    let problem = |problem| Err(Error::Measure { row: "Linux containers".to_owned(), problem });
    let &[program] = &ours[..] else {
        return problem(format!("{} processes in ours, where there should be one", ours.len()));
    };
    let ours = Confinement::of(program, &[])?;
    let theirs = Confinement::of(crun.held_process()?, &ADDED_DEVICES)?;
    let differences = ours.differences("ours", &theirs, "crun");
    if differences.is_empty() {
        return Ok(());
    }
    problem(format!("not confined alike, so there is nothing to compare:\n  {}", differences.join("\n  ")))
}

/// KiB of the supervisor and process 1 of a container that has run a program and now does nothing.
fn idle(engine: &Engine, document: &Path) -> Result<f64, Error> {
    engine
        .act(["create", "--name", HELD, "--config"].map(OsStr::new).iter().chain(&[document.as_os_str()]))?;
    engine.act(["start", HELD])?;
    engine.act(["exec", HELD, "--", TRUE])?;
    let both = vec![engine.supervisor(HELD)?, engine.init(HELD)?];
    let kib = memory::when_idle(IDLE, &|| Ok(both.clone()))?;
    engine.act(["rm", "--force", HELD])?;
    Ok(kib)
}
