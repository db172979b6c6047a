//! hcsd beside podman's API service: requests over Unix sockets on connections that are kept, by the same few lines of
//! a client; and what both hold in memory while idle.

mod dll;
mod http;
mod service;

use std::path::Path;
use std::time::{Duration, Instant};

use super::Bench;
use super::alternate::{Contender, Plan, alternate};
use super::compute::engine::{Engine, root_folder};
use super::compute::memory::when_idle;
use super::row::Row;
use crate::build;
use crate::error::Error;
use crate::print;
use crate::process::Tool;
use http::Connection;
use service::Service;

/// Requests in one measurement: one alone is shorter than the clock's own noise.
const BATCH: u32 = 200;

const PLAN: Plan = Plan { warm_ups: 3, rounds: 40, pause: Duration::from_millis(5) };

/// Of which the list is.
const SYSTEMS: usize = 100;

/// Clients at once, and what they ask for in a second.
const CLIENTS: usize = 50;
const RATE: usize = 1000;

/// How long they ask.
const SECONDS: usize = 5;

pub(super) fn rows(bench: &Bench<'_>) -> Result<Vec<Row>, Error> {
    build::all(bench.layout)?;
    let engine = Engine::new(bench)?;
    let lower = root_folder(bench.dir)?;
    for number in 0..SYSTEMS {
        engine.act(["create", "--name", &name(number), "--rootfs", &lower.to_string_lossy()])?;
    }
    let (ours, theirs) = (bench.dir.join("hcsd.sock"), bench.dir.join("podman.sock"));
    let tcp = dll::Tcp::choose(bench.dir)?;
    let hcsd = Tool::new(bench.layout.bin().join("hcsd"))
        .args(["--log-level", "error", "--socket"])
        .arg(&ours)
        .args(["--tcp", &tcp.address.to_string(), "--token-file"])
        .arg(&tcp.token)
        .env("HCS_ROOT", bench.dir.join("root"))
        .env("HCS_RUN", bench.dir.join("run"));
    let hcsd = Service::start(hcsd, &ours)?;
    let podman = |more: &[&str]| {
        let tool = Tool::new("podman").args(["--storage-driver", "vfs", "--root"]).arg(bench.dir.join("p"));
        tool.arg("--runroot").arg(bench.dir.join("r")).args(more)
    };
    for _ in 0..SYSTEMS {
        podman(&["create", "--network", "none", "--rootfs", &lower.to_string_lossy(), "/bin/true"]).text()?;
    }
    let service = podman(&["system", "service", "--time", "0"]).arg(format!("unix://{}", theirs.display()));
    let podman = Service::start(service, &theirs)?;

    // Before they have answered anything: what a service holds that nobody uses.
    let idle = |row: &str, service: &Service| when_idle(row, &|| Ok(vec![service.pid()]));
    let memory = (idle("hcsd, idle", &hcsd)?, idle("podman, idle", &podman)?);

    let session = http::Session::open(&ours)?;
    let handle = session.handle(&ours, &name(0))?;
    let properties = http::request(
        "POST",
        &format!("{}/systems/{handle}/properties", session.path()),
        "hcs-operation: 1\r\n",
    );
    let list = http::request("POST", &format!("{}/enumerate", session.path()), "hcs-operation: 1\r\n");
    let mut rows = vec![
        compared(
            "200 property queries, connection kept",
            (&ours, &properties),
            (&theirs, &http::request("GET", "/_ping", "")),
            BATCH,
            0.7,
        )?,
        compared(
            "list of 100 systems, without statistics",
            (&ours, &list),
            (&theirs, &http::request("GET", "/v4.0.0/libpod/containers/json?all=true", "")),
            1,
            0.05,
        )?,
        Row::sizes("idle", &[memory.0], &[memory.1], "podman system service", 0.3),
    ];
    rows.push(many(&ours, &session, handle)?);
    let path = format!("{}/systems/{handle}/properties", session.path());
    rows.push(dll::row(bench, &tcp, &path, &name(0), BATCH)?);
    Ok(rows)
}

fn name(number: usize) -> String {
    format!("bench-{number}")
}

/// The same number of requests on either side, in turn.
fn compared(
    what: &str,
    ours: (&Path, &str),
    theirs: (&Path, &str),
    batch: u32,
    goal: f64,
) -> Result<Row, Error> {
    let contender = |name: &str, (socket, request): (&Path, &str)| {
        let mut connection = Connection::open(socket)?;
        let request = request.to_owned();
        let once = move || {
            let began = Instant::now();
            for _ in 0..batch {
                connection.ask(&request)?;
            }
            Ok(began.elapsed())
        };
        Ok::<_, Error>(Contender { name: name.to_owned(), once: Box::new(once) })
    };
    let mut both = [contender("hcsd", ours)?, contender("podman", theirs)?];
    let series = alternate(&mut both, PLAN)?;
    Ok(Row::times(what, &series[0], &series[1], goal))
}

/// Many clients, each at its own steady pace: how much longer the slowest of a hundred takes than the middle one.
fn many(socket: &Path, session: &http::Session, handle: u64) -> Result<Row, Error> {
    let path = format!("{}/systems/{handle}/properties", session.path());
    let pace =
        Duration::from_secs(1) * u32::try_from(CLIENTS).unwrap_or(1) / u32::try_from(RATE).unwrap_or(1);
    let start = Instant::now();
    let all: Result<Vec<Vec<f64>>, Error> = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| {
                // Without a number of the client's own, so that the answer is the end of the call however late it comes.
                let request = http::request("POST", &path, "");
                scope.spawn(move || {
                    let mut connection = Connection::open(socket)?;
                    // Spread, so that they do not ask all in one moment.
                    let mut next = start
                        + pace * u32::try_from(client).unwrap_or(0) / u32::try_from(CLIENTS).unwrap_or(1);
                    let mut times = Vec::new();
                    for _ in 0..RATE * SECONDS / CLIENTS {
                        crate::process::pause(next.saturating_duration_since(Instant::now()))?;
                        let began = Instant::now();
                        connection.ask(&request)?;
                        times.push(began.elapsed().as_secs_f64() * 1e3);
                        next += pace;
                    }
                    Ok(times)
                })
            })
            .collect();
        clients.into_iter().map(|client| client.join().expect("it does not panic")).collect()
    });
    let mut times = all?.concat();
    times.sort_by(f64::total_cmp);
    let at = |part: usize| times[(times.len() * part / 100).min(times.len() - 1)];
    print::note(format_args!(
        "{} requests of {CLIENTS} clients: p50 {:.3} ms, p99 {:.3} ms",
        times.len(),
        at(50),
        at(99)
    ));
    Ok(Row::quantiles("1,000 requests/s of 50 clients, p99 by p50", at(99), at(50), 5.0))
}
