//! Lists of real processes.

use std::time::{Duration, SystemTime};

use hcs_silo::cgroup::Limits;
use hcs_silo::process_list::{PidNamespace, processes};
use libtest_mimic::Trial;

use crate::support::{Group, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("a_process_is_described", described),
        trial("a_hostile_name_is_only_a_name", hostile_name),
        trial("processes_that_come_and_go_are_no_error", churn),
    ]
}

fn described() {
    let group = Group::new(&Limits::default());
    assert_eq!(processes(&group.cgroup, PidNamespace::Own).unwrap(), []);
    let mut helper = group.start_in_pid_namespace("burn", &["150"]);
    helper.line();
    let list = processes(&group.cgroup, PidNamespace::Own).unwrap();
    let [process] = list.as_slice() else { panic!("{list:?}") };
    assert_eq!(process.pid, 1);
    assert_ne!(process.host_pid, 1);
    let program = std::env::current_exe().unwrap();
    // The kernel keeps 15 bytes of the name; the rest comes from the file.
    assert_eq!(process.name, program.file_name().unwrap().to_str().unwrap());
    let age = SystemTime::now().duration_since(process.started).unwrap();
    assert!(age < Duration::from_mins(1), "{age:?}");
    assert!(process.user_100ns + process.kernel_100ns >= 200_000, "{process:?}");
    assert!(process.private_bytes > 0 && process.shared_bytes > 0, "{process:?}");
    assert!(process.commit_bytes() >= process.private_bytes);

    let shared = processes(&group.cgroup, PidNamespace::Shared).unwrap();
    assert_eq!(shared[0].pid, process.host_pid);
    helper.go();
    assert_eq!(helper.finish().1, 0);
}

fn hostile_name() {
    let group = Group::new(&Limits::default());
    let mut helper = group.start_in_pid_namespace("named", &["x) Z 9\n(\u{1b}[2J"]);
    assert_eq!(helper.line(), "named");
    let list = processes(&group.cgroup, PidNamespace::Own).unwrap();
    assert_eq!(
        list.iter().map(|p| (p.pid, p.name.as_str())).collect::<Vec<_>>(),
        [(1, "x) Z 9\u{fffd}(\u{fffd}[2J")]
    );
    helper.go();
    assert_eq!(helper.finish().1, 0);
}

fn churn() {
    let group = Group::new(&Limits::default());
    let mut helper = group.start_in_pid_namespace("churn", &[]);
    helper.line();
    let mut most = 0;
    for _ in 0..300 {
        let list = processes(&group.cgroup, PidNamespace::Own).unwrap();
        assert!(list.iter().any(|process| process.pid == 1), "{list:?}");
        assert!(list.windows(2).all(|pair| pair[0].pid < pair[1].pid), "{list:?}");
        most = most.max(list.len());
    }
    assert!(most > 1, "no child was ever seen");
}
