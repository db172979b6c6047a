//! Every fault point, with every action that it knows.
//!
//! Each case runs a client (`victim.rs`) in which one thing happens at one visit of one point: somebody is killed, or a
//! system call fails. Afterwards another client finds the system and ends it as a user would, nothing is left, and
//! the same id lives once more.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::io::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock};

use hcs_contract::{ComputeService as _, Error};
use hcs_fault::session::{Action, Session, VARIABLE};
use hcs_fault::{Kind, Point, Role};
use hcs_host_linux::LinuxHost;

use super::support::{Ended, Engine, PATIENCE, code, done};
use super::victim::{self, REPORT};
use super::windows;

/// How many rounds of all cases in place of a short run: `./x test --full` sets it.
const ROUNDS: &str = "HCSSHIM_TEST_FAULT_ROUNDS";

/// Only cases whose text has this in it, for whoever looks for a fault's cause.
const ONLY: &str = "HCSSHIM_TEST_FAULT";

/// Points that only a Windows container has.
const WINDOWS_ONLY: [Point; 5] =
    [Point::MakeFifo, Point::AgentStarted, Point::AgentReady, Point::AgentAsked, Point::AgentAnswered];

/// Points of what changes networks, which `tests/network/crashes.rs` visits.
const NETWORK_ONLY: [Point; 5] = [
    Point::CommitNetworks,
    Point::SettleNetworks,
    Point::NetworkIntended,
    Point::NetworkApplied,
    Point::MountNetns,
];

/// The folder with a supervisor that has the points.
fn faulty_libexec() -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    let find = || match std::env::var_os("HCS_FAULTY_LIBEXEC") {
        Some(folder) => PathBuf::from(folder),
        None => build_faulty(),
    };
    BUILT.get_or_init(find).clone()
}

#[expect(clippy::disallowed_methods, reason = "builds the program under test")]
fn build_faulty() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("faulty");
    let built = std::process::Command::new(env!("CARGO"))
        .args([
            "build",
            "--quiet",
            "--package",
            "hcs-init",
            "--features",
            "fault-points",
            "--profile",
            "guest",
        ])
        .args(["--target", "x86_64-unknown-linux-musl", "--target-dir"])
        .arg(&folder)
        .status()
        .unwrap();
    assert!(built.success(), "cannot build hcs-init for x86_64-unknown-linux-musl (rustup target add it)");
    folder.join("x86_64-unknown-linux-musl/guest")
}

/// One thing that happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Case {
    point: Point,
    visit: u32,
    action: Action,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} visit {}: {:?}", self.point.name(), self.visit, self.action)
    }
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Happened,
    /// Nobody had the role of who was to be killed.
    NobodyThere,
    /// This time the point had fewer visits.
    NotReached,
}

/// An engine, and clients in it to which things happen.
struct Scene {
    engine: Engine,
    session: Session,
    path: PathBuf,
    base: Option<PathBuf>,
    /// Ends with the folder of the supervisor that has points.
    libexec: PathBuf,
}

impl Scene {
    fn new(base: Option<&Path>) -> Self {
        let engine = Engine::new();
        let path = engine.path("faults");
        let session = Session::create(&path).unwrap();
        Self { engine, session, path, base: base.map(Into::into), libexec: faulty_libexec() }
    }

    /// A client from its begin to its end, whatever that is.
    fn run_client(&self) -> std::process::ExitStatus {
        let _ = fs_err::remove_file(self.engine.path(REPORT));
        let folder = self.engine.path("");
        let mut client = victim::command(&folder, &self.libexec, self.base.as_deref())
            .env(VARIABLE, &self.path)
            .spawn()
            .unwrap();
        let ended = Ended::of(client.id());
        // Waits at most as long as a step may take, and then fails.
        ended.wait_or(|| {
            for task in
                fs_err::read_dir(format!("/proc/{}/task", client.id())).into_iter().flatten().flatten()
            {
                let what =
                    ["comm", "wchan", "syscall"].map(|file| fs_err::read_to_string(task.path().join(file)));
                eprintln!("{what:?}");
            }
            let _ = client.kill();
        });
        client.wait().unwrap()
    }

    fn report(&self) -> String {
        fs_err::read_to_string(self.engine.path(REPORT)).unwrap_or_default()
    }

    /// How often each point is visited when nothing happens.
    fn visits(&self) -> BTreeMap<Point, u32> {
        self.session.clear();
        let status = self.run_client();
        let report = self.report();
        assert!(status.success() && !report.contains("failed"), "nothing was to happen: {status}\n{report}");
        self.assert_nothing_is_left("nothing");
        Point::ALL.iter().map(|point| (*point, self.session.visits(*point))).filter(|(_, n)| *n > 0).collect()
    }

    fn run(&self, case: Case) -> Outcome {
        let Case { point, visit, action } = case;
        if point == Point::MakeEngineCgroup {
            // It goes with an engine's last system and this call.
            self.engine.host.gc(false).unwrap();
        }
        self.session.plan(point, visit, action);
        let status = self.run_client();
        let (fired, missed) = (self.session.fired(), self.session.missed());
        let report = self.report();
        let client_killed = fired && !missed && action == Action::Kill(Role::Client);
        if client_killed {
            assert!(!status.success(), "{case}: the client lives\n{report}");
        } else {
            assert!(status.success(), "{case}: {status}\n{report}");
        }
        for failed in report.lines().filter(|line| line.starts_with("failed")) {
            assert!(fired && !missed, "{case}: failed although nothing happened: {report}");
            match action {
                Action::NoSpace => assert!(failed.contains("No space left"), "{case}: {report}"),
                Action::ReadOnly => assert!(failed.contains("Read-only file"), "{case}: {report}"),
                Action::Kill(_) => {
                    assert!(
                        !failed.contains("0x800705b4"),
                        "{case}: a timeout where a death was to be told: {report}"
                    );
                }
            }
        }
        // What was planned happens in the last part, and the parts before it know nothing of it.
        let parts = report.lines().filter(|line| line.starts_with("phase ")).count();
        let done = report.lines().filter(|line| *line == "ok").count();
        assert!(done + 1 >= parts, "{case}: failed before anything happened: {report}");
        if let Some(id) = report.lines().filter_map(|line| line.strip_prefix("phase ")).next_back() {
            self.end_as_a_user_would(id, &case.to_string());
        }
        self.assert_nothing_is_left(&case.to_string());
        match (fired, missed) {
            (false, _) => Outcome::NotReached,
            (true, true) => Outcome::NobodyThere,
            (true, false) => Outcome::Happened,
        }
    }

    /// Another client finds what there is, ends and removes it, and makes it anew.
    fn end_as_a_user_would(&self, id: &str, case: &str) {
        let host = &self.engine.host;
        let gone = |error: &Error| error.is_not_exist() || error.is_already_stopped();
        match host.open_system(id) {
            Ok(system) => {
                if let Err(error) = system.terminate("").wait(PATIENCE) {
                    assert!(gone(&error), "{case}: {error:?}");
                }
                drop(system);
            }
            Err(error) => assert!(gone(&error), "{case}: {error:?}"),
        }
        if let Err(error) = host.remove(id) {
            assert!(gone(&error), "{case}: {error:?}");
        }
        self.assert_nothing_is_left(case);
        if self.base.is_none() {
            self.live_again(host, id, case);
        }
    }

    fn live_again(&self, host: &LinuxHost, id: &str, case: &str) {
        let document = victim::document(&self.engine.path(""), self.base.as_deref(), false, false);
        let (system, operation) =
            host.create_system(id, &document).unwrap_or_else(|error| panic!("{case}: again: {error:?}"));
        done(&operation);
        done(&system.start(""));
        done(&system.terminate(""));
        assert_ne!(code(&system.start("")), 0);
    }

    fn assert_nothing_is_left(&self, case: &str) {
        let report = self.engine.host.gc(true).unwrap();
        assert!(
            report.found.is_empty() && report.failures.is_empty(),
            "{case}: left behind: {report:?}\n{}",
            self.report()
        );
        for folder in ["run/systems", "run/ids", "run/farewells", "state/scratch", "state/systems"] {
            let names: Vec<_> = fs_err::read_dir(self.engine.path(folder))
                .unwrap()
                .map(|entry| entry.unwrap().file_name())
                .collect();
            assert!(names.is_empty(), "{case}: in {folder}: {names:?}\n{}", self.report());
        }
    }
}

/// Which visits of a point are tried: the first and the last, in a short run also the second, in a round of a full run
/// every eighth from the round's number on, so that eight rounds try all.
fn chosen(visits: u32, round: Option<u32>) -> BTreeSet<u32> {
    let Some(last) = visits.checked_sub(1) else { return BTreeSet::new() };
    let more = round.map_or(vec![1], |round| (round % 8..visits).step_by(8).collect());
    more.into_iter().filter(|visit| *visit <= last).chain([0, last]).collect()
}

fn cases(
    visits: &BTreeMap<Point, u32>,
    round: Option<u32>,
    wanted: impl Fn(Point, Action) -> bool,
) -> VecDeque<Case> {
    let only = std::env::var(ONLY).unwrap_or_default();
    let mut cases = VecDeque::new();
    for (point, count) in visits {
        for action in Action::ALL {
            if (action.errno().is_some() && point.kind() == Kind::Step) || !wanted(*point, action) {
                continue;
            }
            let chosen = chosen(*count, round).into_iter().map(|visit| Case { point: *point, visit, action });
            cases.extend(chosen.filter(|case| case.to_string().contains(&only)));
        }
    }
    cases
}

/// Runs the cases on two threads, each with an engine of its own. All are run, also when some fail.
fn run_all(cases: VecDeque<Case>, base: Option<&Path>) -> BTreeMap<Point, usize> {
    let queue = Mutex::new(cases);
    let happened: Mutex<BTreeMap<Point, usize>> = Mutex::default();
    let failures: Mutex<Vec<String>> = Mutex::default();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let scene = Scene::new(base);
                loop {
                    let Some(case) = queue.lock().unwrap().pop_front() else { break };
                    match catch_unwind(AssertUnwindSafe(|| scene.run(case))) {
                        Ok(Outcome::Happened) => {
                            *happened.lock().unwrap().entry(case.point).or_default() += 1;
                        }
                        Ok(Outcome::NobodyThere | Outcome::NotReached) => {}
                        Err(_) => {
                            failures.lock().unwrap().push(case.to_string());
                            scene.engine.clear();
                            let _ = scene.engine.host.gc(false);
                        }
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap();
    assert!(failures.is_empty(), "{} cases failed, as told above: {failures:#?}", failures.len());
    happened.into_inner().unwrap()
}

/// Fails when nothing has happened at one of these.
fn assert_visited(
    happened: &BTreeMap<Point, usize>,
    points: impl IntoIterator<Item = Point>,
    round: Option<u32>,
) {
    if std::env::var_os(ONLY).is_none() {
        for point in points {
            assert!(
                happened.contains_key(&point),
                "round {round:?}: nothing has happened at {}",
                point.name()
            );
        }
    }
}

/// The rounds of a full run, or one short one.
fn rounds() -> Vec<Option<u32>> {
    match std::env::var(ROUNDS) {
        Ok(rounds) => (0..rounds.parse().unwrap()).map(Some).collect(),
        Err(_) => vec![None],
    }
}

/// Says that a round has passed, past what holds back the output of tests that pass: twenty take half an hour.
fn told(guest: &str, round: Option<u32>) {
    if let Some(round) = round {
        let _ = writeln!(std::io::stderr(), "{guest} containers: round {round} has passed");
    }
}

#[test]
fn linux_containers_survive_every_fault() {
    let visits = Scene::new(None).visits();
    let other = |point: &Point| {
        WINDOWS_ONLY.contains(point) || NETWORK_ONLY.contains(point) || *point == Point::LayerStep
    };
    let points = || Point::ALL.iter().copied().filter(|point| !other(point));
    for round in rounds() {
        let wanted = |_, action| action != Action::Kill(Role::Agent);
        let happened = run_all(cases(&visits, round, wanted), None);
        assert_visited(&happened, points(), round);
        told("Linux", round);
    }
}

#[test]
fn windows_containers_survive_every_fault() {
    let base = windows::base();
    let visits = Scene::new(Some(base.path())).visits();
    for round in rounds() {
        let wanted = |point: Point, action| {
            let asks = matches!(point, Point::RequestReceived | Point::SendRequest);
            round.is_some() || WINDOWS_ONLY.contains(&point) || (asks && action == Action::Kill(Role::Agent))
        };
        let happened = run_all(cases(&visits, round, wanted), Some(base.path()));
        assert_visited(&happened, WINDOWS_ONLY, round);
        told("Windows", round);
    }
}
