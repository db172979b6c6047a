//! With no memory left in the machine: calls succeed or fail with an error, containers that nobody killed live, nothing
//! leaks, and with memory again all is as before.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

use hcs_contract::{ComputeService, ProcessStreams, Result};

use super::support::{Engine, PATIENCE, done, run, shell, state, supervisor_of};

/// How many bytes the hog leaves to others; 0: it goes on until it is killed.
const LEAVES: &str = "HCS_TEST_LEAVES";
const MEBIBYTE: usize = 1 << 20;

fn available() -> usize {
    let text = fs_err::read_to_string("/proc/meminfo").unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:")).unwrap();
    line.trim().strip_suffix(" kB").unwrap().parse::<usize>().unwrap() * 1024
}

/// This process is what is tested with, not what is to be killed.
fn spare_this_process() {
    fs_err::write("/proc/self/oom_score_adj", "-900").unwrap();
}

/// Run by [`Hog`]: takes memory, says how much, and gives it back when its input ends.
#[test]
#[ignore = "the other half of the tests of memory: ./x test --vm"]
fn a_hog() {
    let Ok(leaves) = std::env::var(LEAVES) else { return };
    let leaves: usize = leaves.parse().unwrap();
    // One that is to stay is not the kernel's to take, one that takes all is like any other program.
    fs_err::write("/proc/self/oom_score_adj", if leaves == 0 { "0" } else { "-950" }).unwrap();
    let mut held: Vec<Vec<u8>> = Vec::new();
    while leaves == 0 || available() > leaves {
        held.push(vec![0x5a; MEBIBYTE]);
    }
    let mut out = std::io::stdout();
    writeln!(out, "\nholds {}", held.len()).and_then(|()| out.flush()).unwrap();
    let _ = std::io::stdin().lines().count();
}

struct Hog(Child);

impl Hog {
    fn start(leaves: usize) -> Self {
        #[expect(clippy::disallowed_methods, reason = "a process that takes memory")]
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "memory::a_hog", "--ignored", "--nocapture"])
            .env(LEAVES, leaves.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        Self(child)
    }

    fn until_it_holds(&mut self) {
        let lines = BufReader::new(self.0.stdout.as_mut().unwrap()).lines();
        assert!(lines.map_while(std::result::Result::ok).any(|line| line.starts_with("holds ")), "it ended");
    }
}

impl Drop for Hog {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// One container's whole life, as far as it comes. Each step that fails is an error of the engine's that says something.
fn one_life(engine: &Engine, id: &str) -> Result<()> {
    let (system, operation) = engine.host.create_system(id, &engine.document(""))?;
    operation.wait(PATIENCE)?;
    let mut result = system.start("").wait(PATIENCE).map(drop);
    if result.is_ok() {
        let created = system.create_process(&shell("exit 3"), ProcessStreams::default()).wait(PATIENCE);
        result = created.and_then(|created| created.process.wait_exit().wait(PATIENCE)).map(drop);
    }
    let ended = system.terminate("").wait(PATIENCE).map(drop);
    result.and(ended)
}

/// Lives of containers until `stop`, and how many of them were whole. An error without a text is none.
fn lives(engine: &Engine, name: &str, mut go_on: impl FnMut(usize) -> bool) -> (usize, Vec<String>) {
    let (mut whole, mut errors, mut number) = (0, Vec::new(), 0);
    while go_on(number) {
        match one_life(engine, &format!("{name}-{number}")) {
            Ok(()) => whole += 1,
            Err(error) => {
                assert!(!error.is_timeout(), "a call hangs: {error:?}");
                errors.push(error.to_string());
            }
        }
        number += 1;
    }
    let told = format!("{name}: {whole} of {number} whole; {errors:?}\n");
    std::io::stdout().write_all(told.as_bytes()).unwrap();
    (whole, errors)
}

fn all_is_well(engine: &Engine) {
    // What was killed in the middle is cleared away by whoever looks.
    engine.host.systems().unwrap();
    let report = engine.host.gc(true).unwrap();
    assert!(report.found.is_empty() && report.failures.is_empty(), "{report:?}");
    assert_eq!(lives(engine, "after", |number| number < 5), (5, Vec::new()));
}

#[test]
#[ignore = "takes all of the machine's memory: ./x test --vm"]
fn who_takes_all_memory_is_killed_and_no_container() {
    spare_this_process();
    let engine = Engine::new();
    let steady = engine.started("steady", "");
    let process = done(&steady.create_process(&shell("cat"), ProcessStreams::default()));
    let init = engine.host.inspect("steady").unwrap().init_pid;
    let supervisor = supervisor_of(&engine.host, "steady");
    let ended = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..3 {
                let mut hog = Hog::start(0);
                let status = hog.0.wait().unwrap();
                assert_eq!(status.signal(), Some(9), "the kernel ends it: {status}");
            }
            ended.store(true, Ordering::Relaxed);
        });
        lives(&engine, "beside", |_| !ended.load(Ordering::Relaxed));
    });
    assert_eq!(state(&steady), "Running");
    assert_eq!(engine.host.inspect("steady").unwrap().init_pid, init);
    assert_eq!(supervisor_of(&engine.host, "steady"), supervisor);
    assert!(!done(&process.process.properties()).contains("\"Exited\":true"), "its program lives");
    assert_eq!(run(&steady, "exit 4").1, 4);
    done(&steady.terminate(""));
    drop((process, steady));
    all_is_well(&engine);
}

#[test]
#[ignore = "takes all of the machine's memory: ./x test --vm"]
fn with_next_to_no_memory_every_call_ends_and_supervisors_live() {
    spare_this_process();
    let engine = Engine::new();
    let steady = engine.started("steady", "");
    let supervisor = supervisor_of(&engine.host, "steady");
    for leaves in [24, 8, 2] {
        let mut hog = Hog::start(leaves * MEBIBYTE);
        hog.until_it_holds();
        lives(&engine, &format!("with-{leaves}"), |number| number < 8);
        drop(hog);
        assert_eq!(supervisor_of(&engine.host, "steady"), supervisor, "with {leaves} MiB");
    }
    assert_eq!(run(&steady, "exit 4").1, 4);
    done(&steady.terminate(""));
    drop(steady);
    all_is_well(&engine);
}
