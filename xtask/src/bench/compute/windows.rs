//! Windows containers beside bare Wine.

use std::path::PathBuf;
use std::time::Duration;

use rustix::process::Pid;

use super::engine::Engine;
use super::held::Held;
use super::memory;
use super::processes;
use super::wine::{FOLDER, QUICK, SERVICES, Wine};
use crate::bench::alternate::{Contender, Plan, alternate};
use crate::bench::row::Row;
use crate::bench::{Bench, compiled};
use crate::error::Error;
use crate::print;

const PLAN: Plan = Plan { warm_ups: 3, rounds: 20, pause: Duration::from_millis(60) };
/// Memory hardly varies. Each round has sessions of its own.
const IDLE_ROUNDS: usize = 3;
/// The container that is held, and the one that idles.
const HELD: &str = "held";
const IDLE: &str = "idle Windows container, all of it";

pub(super) fn rows(bench: &Bench<'_>, engine: &Engine) -> Result<Vec<Row>, Error> {
    let folder = program(bench)?;
    print::note("making a base of ours, and a stock prefix");
    engine.act(["base", "build"])?;
    let wine = Wine::new(bench.dir, &folder)?;
    let volume = format!("{}:{FOLDER}", folder.display());
    let run = ["run", "--rm", "--volume", &*volume];

    let start = alternate(
        &mut [
            Contender::timed("ours", engine.timed(run.iter().chain(&["--", QUICK]))),
            Contender { name: "wine64, no server".to_owned(), once: Box::new(wine.first()) },
        ],
        PLAN,
    )?;

    let ours = run.iter().chain(&["--interactive", "--name", HELD, "--", QUICK, "hold"]);
    let (ours, theirs) = (Held::start(engine.tool(ours))?, wine.held()?);
    // Stock Wine has its services already; ours has them once they were asked for.
    engine.act(["exec", HELD, "--"].iter().chain(&SERVICES))?;
    wine.run(&SERVICES)?;
    compare(&engine.inside(HELD)?, &wine.processes()?)?;
    let further = alternate(
        &mut [
            Contender::timed("ours", engine.timed(["exec", HELD, "--", QUICK])),
            Contender { name: "wine64, same session".to_owned(), once: Box::new(wine.further()) },
        ],
        PLAN,
    )?;
    ours.end()?;
    theirs.end()?;
    wine.end()?;

    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..IDLE_ROUNDS {
        ours.push(idle(engine, &volume)?);
        theirs.push(idle_wine(&wine)?);
    }
    Ok(vec![
        Row::times("Windows container, start to removal", &start[0], &start[1], 0.35),
        Row::times("program in a running Windows container", &further[0], &further[1], 1.0),
        Row::sizes(IDLE, &ours, &theirs, "wine64 session", 0.3),
    ])
}

/// A folder with the measured program.
fn program(bench: &Bench<'_>) -> Result<PathBuf, Error> {
    let folder = bench.dir.join("program");
    fs_err::create_dir_all(&folder)?;
    compiled::compile_windows(bench, "quick", &folder)?;
    Ok(folder)
}

/// Voids the run when only one of the two has services.
fn compare(ours: &[Pid], theirs: &[Pid]) -> Result<(), Error> {
    let has = |pids: &[Pid]| {
        let name = |pid: &Pid| processes::file(*pid, "comm").unwrap_or_default();
        pids.iter().any(|pid| name(pid).trim() == "services.exe")
    };
    if has(ours) && has(theirs) {
        return Ok(());
    }
    let problem = format!("services run: ours {}, bare Wine {}", has(ours), has(theirs));
    Err(Error::Measure { row: "programs in Windows sessions".to_owned(), problem })
}

/// KiB of a container and its supervisor, after a program has run in it.
fn idle(engine: &Engine, volume: &str) -> Result<f64, Error> {
    engine.act(["create", "--name", HELD, "--volume", volume])?;
    engine.act(["start", HELD])?;
    engine.act(["exec", HELD, "--", QUICK])?;
    let (supervisor, namespace) =
        (engine.supervisor(HELD)?, processes::namespace(engine.init(HELD)?, "pid")?);
    let all = || {
        let mut all = processes::within("pid", namespace)?;
        all.push(supervisor);
        Ok(all)
    };
    let kib = memory::when_idle(IDLE, &all)?;
    engine.act(["rm", "--force", HELD])?;
    Ok(kib)
}

/// The same of a bare session.
fn idle_wine(wine: &Wine) -> Result<f64, Error> {
    wine.kept()?;
    wine.run(&[QUICK])?;
    let kib = memory::when_idle(IDLE, &|| wine.processes())?;
    wine.end()?;
    Ok(kib)
}
