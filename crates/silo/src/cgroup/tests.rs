//! Version 2 on a plain folder: what is written into which file. `tests/kernel` asks the real kernel, and on a machine
//! with version 2 it asks for the same.

use tempfile::TempDir;

use super::create::Part;
use super::*;

/// A cgroup in a plain folder that has these files.
fn folder(controllers: Controllers, files: &[(&str, &str)]) -> (TempDir, Cgroup) {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in [("cgroup.procs", "")].iter().chain(files) {
        fs_err::write(dir.path().join(name), text).unwrap();
    }
    let (fd, _) = fs_err::File::open(dir.path()).unwrap().into_parts();
    let part = Part { controllers, unified: true, skip: 0, dir: fd.into() };
    (dir, Cgroup { path: "hcs-x/web.silo".into(), parts: vec![part] })
}

fn all() -> Controllers {
    Controllers::from_v2(b"cpu cpuset io memory pids")
}

fn written(dir: &TempDir, file: &str) -> String {
    fs_err::read_to_string(dir.path().join(file)).unwrap()
}

#[test]
fn v2_limits_are_written_where_the_kernel_looks() {
    let names = [
        "memory.max",
        "memory.swap.max",
        "cpu.max",
        "cpu.weight",
        "cpuset.cpus",
        "cpuset.mems",
        "pids.max",
        "io.max",
    ];
    let mut files: Vec<_> = names.map(|name| (name, "")).into();
    files.push(("memory.current", "4096\n"));
    let (dir, cgroup) = folder(all(), &files);
    let device = BlockDevice { major: 8, minor: 16 };
    let limits = Limits {
        memory: Some(Maximum::At(1 << 30)),
        swap: None,
        cpu_quota: Some(CpuQuota::cpus(2)),
        cpu_weight: Some(CpuWeight::from_hcs(2500).unwrap()),
        cpus: Some("0-1".into()),
        memory_nodes: Some("0".into()),
        pids: Some(Maximum::Unlimited),
        io: vec![IoLimit {
            device,
            read_bytes: Some(Maximum::At(1000)),
            write_bytes: None,
            read_operations: Some(Maximum::Unlimited),
            write_operations: Some(Maximum::At(7)),
        }],
        devices: None,
    };
    cgroup.apply(&limits).unwrap();
    let found = names.map(|name| written(&dir, name));
    assert_eq!(
        found.each_ref().map(String::as_str),
        ["1073741824", "0", "200000 100000", "50", "0-1", "0", "max", "8:16 rbps=1000 riops=max wiops=7"]
    );
    let kept = cgroup.limits().unwrap();
    assert_eq!((kept.memory, kept.swap), (limits.memory, Some(Maximum::At(0))));
    assert_eq!((kept.cpu_quota, kept.pids, kept.cpus), (limits.cpu_quota, limits.pids, limits.cpus));
}

#[test]
fn v2_memory_in_use_is_not_limited_away() {
    let files = [("memory.max", "max"), ("memory.current", "9000\n"), ("memory.reclaim", "")];
    let (dir, cgroup) = folder(all(), &files);
    let limits = Limits { memory: Some(Maximum::At(4096)), ..Limits::default() };
    let error = cgroup.apply(&limits).unwrap_err();
    assert!(matches!(error, CgroupError::MemoryInUse { limit: 4096, usage: 9000, .. }), "{error}");
    assert_eq!(written(&dir, "memory.reclaim"), "4904");
    assert_eq!(written(&dir, "memory.max"), "max");
}

#[test]
fn v2_without_swap_the_memory_limit_is_enough() {
    let (dir, cgroup) = folder(all(), &[("memory.max", ""), ("memory.current", "0\n")]);
    cgroup.apply(&Limits { memory: Some(Maximum::At(4096)), ..Limits::default() }).unwrap();
    assert_eq!(written(&dir, "memory.max"), "4096");
    assert_eq!(cgroup.limits().unwrap_err().errno(), Some(rustix::io::Errno::NOENT), "cpu.max is missing");
}

#[test]
fn errors_say_what_to_look_at() {
    let (_dir, cgroup) = folder(Controllers::PIDS, &[("pids.max", "many\n")]);
    let error = cgroup.apply(&Limits { memory: Some(Maximum::At(1)), ..Limits::default() }).unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("MEMORY") && text.contains("subtree_control") && text.contains("web.silo"),
        "{text}"
    );

    let text = cgroup.limits().unwrap_err().to_string();
    assert!(
        text.contains("pids.max") && text.contains("many") && text.contains("unified:/hcs-x/web.silo"),
        "{text}"
    );

    let (dir, cgroup) = folder(Controllers::PIDS, &[]);
    assert!(cgroup.limits().unwrap_err().to_string().contains("read pids.max"));
    fs_err::remove_file(dir.path().join("cgroup.procs")).unwrap();
    assert!(matches!(cgroup.limits(), Err(CgroupError::NotFound { .. })), "a folder without it is no cgroup");
}

#[test]
fn v2_stats_are_converted() {
    let (_dir, cgroup) = folder(
        all(),
        &[
            ("cpu.stat", "usage_usec 30\nuser_usec 20\nsystem_usec 10\nnice_usec 0\n"),
            ("memory.current", "9000\n"),
            ("memory.peak", "10000\n"),
            ("memory.swap.current", "5\n"),
            ("memory.stat", "anon 4000\nfile 3000\nkernel 1\nshmem 1000\n"),
            ("io.stat", "8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=0 dios=0\n"),
        ],
    );
    let stats = cgroup.stats().unwrap();
    assert_eq!(stats.cpu, CpuStats { total_100ns: 300, user_100ns: 200, kernel_100ns: 100 });
    let memory = MemoryStats { usage: 9000, peak: 10_000, private: 4000, shared: 1000, cache: 2000, swap: 5 };
    assert_eq!(stats.memory, Some(memory));
    assert_eq!(memory.commit(), 5005);
    let io = IoStats { read_bytes: 1, write_bytes: 2, read_operations: Some(3), write_operations: Some(4) };
    assert_eq!(stats.io, io);
}

#[test]
fn controllers_that_are_not_here_are_not_counted() {
    let (_dir, cgroup) =
        folder(Controllers::empty(), &[("cpu.stat", "usage_usec 1\nuser_usec 1\nsystem_usec 0\n")]);
    let stats = cgroup.stats().unwrap();
    assert_eq!((stats.memory, stats.io), (None, IoStats::default()));
    assert_eq!(cgroup.limits().unwrap(), Limits::default());
    assert!(cgroup.watch_oom().unwrap().is_none());
}
