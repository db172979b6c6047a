//! What happens when memory runs out, and who is said to have run out of it. The agents are scripts, see
//! [`crate::script`].

use crate::script::{
    answer, created, exit, exited, fifo, go, idle, launcher, native, no_launcher, out, ready, spec, start,
};
use crate::support::{Place, System};
use hcs_guest_protocol::Response;
use hcs_silo::cgroup::Maximum;
use hcs_silo::protocol::{Event, ProcessExit, Request};

/// Windows' exit code for the want of memory.
const NO_MEMORY: u32 = 0xc000_0017;

/// Takes more than there is, once somebody reads from `/gone`, which ends with it. Until then that somebody must only
/// wait: whatever needs memory while there is none can be killed in the hog's place, or beside it.
const HOG: &str = "exec dd if=/dev/zero of=/dev/null bs=300M 9>/gone";

/// With the session's own processes all of its programs would end.
#[test]
fn when_memory_runs_out_programs_die_before_the_agent() {
    let place = Place::new();
    let launcher = launcher(&[
        "cat /proc/self/oom_score_adj >/launcher\n".into(),
        out(&ready()),
        "take <&3\n".into(),
        out(&answer(0, Response::Created { pid: 40 })),
    ]);
    let agent = "echo $$ $(cat /proc/1/oom_score_adj /proc/self/oom_score_adj) >/agent\n";
    let system = System::started(&spec(&place, "a", &[agent, &idle()].concat(), launcher));
    start(&system, true);
    let told = |name: &str| fs_err::read_to_string(place.root.join(name)).unwrap();
    let agent = told("agent");
    assert!(agent.ends_with(" 0 0\n"), "{agent}");
    assert_eq!(told("launcher"), "100\n");
    system.end();
}

/// A container of 32 MiB whose agent starts this shell script as its one program, and then does as told.
fn system(place: &Place, id: &str, program: &str, agent: &[String]) -> System {
    let first = format!("take\n (sh -c 'echo $$ >/pid; read x </end; {program}' &)\n read p </pid\n");
    let all = [ready(), first, created(0, "$p"), agent.concat(), "take\n".into()];
    let mut spec = spec(place, id, &all.concat(), no_launcher());
    spec.limits.memory = Some(Maximum::At(32 << 20));
    System::started(&spec)
}

/// Until process 1 has reaped the program.
fn until_gone() -> String {
    "while kill -0 $p 2>/dev/null; do :; done\n".into()
}

/// The program's exit with 0, as Wine's server tells it of all that did not end by themselves.
fn exit_of_0(place: &Place, id: &str, program: &str, agent: &[String]) -> ProcessExit {
    let system = system(place, id, program, agent);
    let started = start(&system, false);
    go(&place.root.join("end"));
    let exit = system.exit_of(started.process);
    system.until(|event| matches!(event, Some(Event::OutOfMemory)).then_some(()));
    system.end();
    exit
}

fn place() -> Place {
    let place = Place::new();
    for name in ["pid", "end", "gone", "dead"] {
        fifo(&place, name);
    }
    place
}

/// A program of which one child runs out of memory, which the program does not mind. As in Wine it is an orphan.
fn parent_of_hog() -> String {
    format!("(sh -c \"{HOG}\" &); read y </gone; echo >/dead")
}

#[test]
fn a_windows_program_that_the_kernel_has_killed_has_not_succeeded() {
    let place = place();
    let killed = ProcessExit { code: NO_MEMORY, signal: 0, out_of_memory: true };
    let agent = [native("$p", "$p"), "read x </gone\n".into(), until_gone(), exited("$p", 0)];
    assert_eq!(exit_of_0(&place, "a", HOG, &agent), killed);
    // From an agent that can't tell what a program is to Linux.
    assert_eq!(exit_of_0(&place, "b", HOG, &agent[1..]), killed);
}

#[test]
fn a_windows_program_whose_child_was_killed_has_its_own_exit_code() {
    let place = place();
    let agent = [native("$p", "$p"), "read x </dead\n".into(), until_gone(), exited("$p", 0)];
    let exit = exit_of_0(&place, "a", &parent_of_hog(), &agent);
    assert_eq!(exit, ProcessExit { code: 0, signal: 0, out_of_memory: false });
}

/// The agent may be faster than process 1.
#[test]
fn an_exit_that_may_be_a_kill_waits_for_process_1() {
    let place = place();
    // Another FIFO than the one it begins with, of which it could see the end.
    let more = fifo(&place, "more");
    let program = format!("{}; read x </more", parent_of_hog());
    let agent = [
        native("$p", "$p"),
        "read x </dead\n".into(),
        "take\n".into(),
        answer(1, Response::Processes(Vec::new())),
        exited("$p", 0),
        "take\n".into(),
        answer(2, Response::Processes(Vec::new())),
    ];
    let system = system(&place, "a", &program, &agent);
    let started = start(&system, false);
    go(&place.root.join("end"));
    system.until(|event| matches!(event, Some(Event::OutOfMemory)).then_some(()));
    system.ask(Request::Processes).unwrap();
    system.ask(Request::Processes).unwrap();
    assert_eq!(exit(&system, started.process), None);
    go(&more);
    let exit = system.exit_of(started.process);
    assert_eq!(exit, ProcessExit { code: 0, signal: 0, out_of_memory: false });
    system.end();
}

#[test]
fn what_a_client_kills_has_not_run_out_of_memory() {
    let place = place();
    let mut spec = place.spec("a");
    spec.limits.memory = Some(Maximum::At(32 << 20));
    let system = System::started(&spec);
    let mut parents = [(); 2].map(|()| {
        let parent = system.shell(&format!("(sh -c '{HOG}' &); read y </gone; echo killed; read x"));
        let mut text = [0; 7];
        assert_eq!(rustix::io::read(&parent.fds[1], &mut text).unwrap(), 7);
        parent
    });
    system.ask(Request::Kill { process: parents[0].process }).unwrap();
    let killed = ProcessExit { code: 137, signal: 9, out_of_memory: false };
    assert_eq!(system.exit_of(parents[0].process), killed);
    let ended = parents[1].process;
    for parent in &mut parents {
        parent.fds.clear();
    }
    system.ask(Request::Terminate).unwrap();
    assert_eq!(system.exit_of(ended), killed);
}
