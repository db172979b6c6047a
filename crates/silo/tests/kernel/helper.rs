//! What the helper processes do. Each has one thread.
#![expect(unsafe_code, reason = "clone3(2) has no safe wrapper")]
#![expect(clippy::print_stdout, reason = "the channel to the test")]

use std::io::{BufRead, Write, stdin, stdout};
use std::os::fd::AsRawFd;

use hcs_silo::capability::{Capability, CapabilitySet, Credentials};
use hcs_silo::cgroup::{Cgroup, CpuQuota, Devices, Limits, Maximum};
use hcs_silo::seccomp::{Filter, Profile};
use rustix::process::{Gid, Uid};
use rustix::time::TimerfdFlags;

use crate::support::open_instance;

pub(crate) fn run(mode: &str, rest: &[String]) -> i32 {
    let rest: Vec<&str> = rest.iter().map(String::as_str).collect();
    match (mode, rest.as_slice()) {
        ("inside", [hierarchies, instance, system, namespace, work, rest @ ..]) => {
            let instance = open_instance(instance, *hierarchies == "unified");
            inside(&instance.system(system).unwrap(), *namespace == "pid", work, rest)
        }
        ("credentials", [uid, capabilities, ambient]) => credentials(uid, capabilities, ambient),
        ("filtered", [profile, last]) => filtered(profile, last),
        ("filter-figures", [profile]) => filter_figures(profile),
        ("cgroup-figures", [instance]) => cgroup_figures(instance),
        ("status", []) => {
            print!("{}", fs_err::read_to_string("/proc/self/status").unwrap());
            0
        }
        other => panic!("no helper for {other:?}"),
    }
}

/// From linux/sched.h; the libc crate's constant is too narrow for it.
const CLONE_INTO_CGROUP: u64 = 0x2_0000_0000;

/// Forks a child into the cgroup, as the supervisor does, and waits for it.
fn inside(cgroup: &Cgroup, pid_namespace: bool, work: &str, rest: &[&str]) -> i32 {
    let target = cgroup.clone_target().unwrap();
    let mut arguments: libc::clone_args = unsafe {
        // SAFETY: clone_args is plain integers, for which all zeros is a valid value.
        std::mem::zeroed()
    };
    arguments.flags = CLONE_INTO_CGROUP;
    if pid_namespace {
        arguments.flags |= libc::CLONE_NEWPID as u64;
    }
    arguments.exit_signal = libc::SIGCHLD as u64;
    arguments.cgroup = target.as_raw_fd().cast_unsigned().into();
    // SAFETY: no CLONE_VM, so this is a fork: the child has a copy of everything. This process has one thread, so no
    // lock is held by a thread that the copy lacks.
    let pid = unsafe { libc::syscall(libc::SYS_clone3, &raw mut arguments, size_of_val(&arguments)) };
    assert!(pid >= 0, "clone3: {}", std::io::Error::last_os_error());
    if pid == 0 {
        cgroup.enter_self().unwrap();
        std::process::exit(inside_work(work, rest));
    }
    let pid = rustix::process::Pid::from_raw(i32::try_from(pid).unwrap());
    let (_, status) = rustix::process::waitpid(pid, rustix::process::WaitOptions::empty()).unwrap().unwrap();
    status.exit_status().unwrap_or_else(|| 128 + status.terminating_signal().unwrap())
}

fn inside_work(work: &str, rest: &[&str]) -> i32 {
    match (work, rest) {
        ("hold", []) => {
            say(&format!("{}", std::process::id()));
            wait_for_go();
        }
        ("spin", []) => {
            say(&format!("{}", std::process::id()));
            loop {
                std::hint::black_box(());
            }
        }
        ("burn", [milliseconds]) => {
            let end =
                std::time::Instant::now() + std::time::Duration::from_millis(milliseconds.parse().unwrap());
            while std::time::Instant::now() < end {
                std::hint::black_box(rustix::process::getppid());
            }
            say("burnt");
            wait_for_go();
        }
        ("allocate", [bytes]) => {
            let bytes = bytes.parse().unwrap();
            wait_for_go();
            // Not zero, so that every page is touched.
            let memory = std::hint::black_box(vec![1_u8; bytes]);
            say("allocated");
            wait_for_go();
            drop(memory);
        }
        ("write", [path, bytes]) => {
            let mut file = fs_err::File::create(path).unwrap();
            file.write_all(&vec![1; bytes.parse().unwrap()]).unwrap();
            file.sync_all().unwrap();
            say("written");
            wait_for_go();
        }
        ("open", [path]) => match fs_err::File::open(path) {
            Ok(_) => say("opened"),
            Err(error) => say(&format!("{:?}", error.kind())),
        },
        ("named", [name]) => {
            rustix::thread::set_name(&std::ffi::CString::new(*name).unwrap()).unwrap();
            say("named");
            wait_for_go();
        }
        ("churn", []) => {
            say("ready");
            loop {
                // SAFETY: this process has one thread, so the copy is complete; it leaves at once.
                #[expect(clippy::disallowed_methods, reason = "single-threaded helper")]
                if unsafe { libc::fork() } == 0 {
                    std::process::exit(0);
                }
                rustix::process::wait(rustix::process::WaitOptions::empty()).unwrap();
            }
        }
        ("children", [count]) => {
            // Each ends when this process does: they hang on the same input.
            let mut forked = 0;
            for _ in 0..count.parse().unwrap() {
                // SAFETY: this process has one thread, so the copy is complete; it only waits and leaves.
                #[expect(clippy::disallowed_methods, reason = "single-threaded helper")]
                let pid = unsafe { libc::fork() };
                match pid {
                    0 => {
                        wait_for_go();
                        std::process::exit(0);
                    }
                    -1 => break,
                    _ => forked += 1,
                }
            }
            say(&format!("{forked}"));
            wait_for_go();
        }
        other => panic!("no work called {other:?}"),
    }
    0
}

/// Takes on credentials, then becomes `status`, so that the test sees what an exec leaves.
fn credentials(uid: &str, capabilities: &str, ambient: &str) -> i32 {
    let uid = Uid::from_raw(uid.parse().unwrap());
    let parse = |list: &str| -> CapabilitySet {
        list.split(',').filter(|n| !n.is_empty()).map(|n| n.parse::<Capability>().unwrap()).collect()
    };
    let groups = [Gid::from_raw(77), Gid::from_raw(78)];
    let mut credentials = Credentials::limited_to(parse(capabilities), uid, Gid::from_raw(70), &groups);
    if !ambient.is_empty() {
        let ambient = parse(ambient);
        credentials = Credentials {
            permitted: ambient,
            effective: ambient,
            inheritable: ambient,
            ambient,
            ..credentials
        };
    }
    if let Err(error) = credentials.apply() {
        say(&format!("{error}: {}", error.errno));
        return 1;
    }
    print!("{}", fs_err::read_to_string("/proc/self/status").unwrap());
    say("== exec ==");
    #[expect(clippy::disallowed_methods, reason = "replaces this helper")]
    let error = std::os::unix::process::CommandExt::exec(
        std::process::Command::new("/proc/self/exe").args([crate::support::HELPER_FLAG, "status"]),
    );
    panic!("exec: {error}");
}

fn profile(name: &str) -> Profile {
    match name {
        "linux" => Profile::linux(CapabilitySet::LINUX_DEFAULT),
        "windows" => Profile::windows(),
        other => panic!("no profile {other}"),
    }
}

/// Loads a filter and tells what becomes of some calls under it, at last of one in another ABI.
fn filtered(name: &str, last: &str) -> i32 {
    const SOCK_DGRAM: u64 = 2;
    let filter = Filter::compile(&profile(name)).unwrap();
    rustix::thread::set_no_new_privs(true).unwrap();
    filter.load().unwrap();
    let call = |label: &str, number: libc::c_long, first: u64, second: u64| {
        // SAFETY: the calls below take integers, or pointers of which null is refused.
        let result = unsafe { libc::syscall(number, first, second, 0, 0, 0, 0) };
        let error = std::io::Error::last_os_error().raw_os_error().unwrap_or(0);
        say(&format!("{label} {}", if result < 0 { error } else { 0 }));
    };
    call("getppid", libc::SYS_getppid, 0, 0);
    call("unshare", libc::SYS_unshare, 0x1000_0000, 0);
    call("mount", libc::SYS_mount, 0, 0);
    call("keyctl", libc::SYS_keyctl, 0, 0);
    call("clone3", libc::SYS_clone3, 0, 0);
    call("personality", libc::SYS_personality, 0xffff_ffff, 0);
    call("no-randomize", libc::SYS_personality, 0x004_0000, 0);
    call("unix-socket", libc::SYS_socket, 1, SOCK_DGRAM);
    call("vsock", libc::SYS_socket, 40, SOCK_DGRAM);
    call("vsock-disguised", libc::SYS_socket, 40 + (1 << 32), SOCK_DGRAM);
    call("newer", 5000, 0, 0);
    print!("{}", fs_err::read_to_string("/proc/self/status").unwrap());
    stdout().flush().unwrap();
    if last == "x32" {
        call("x32", 0x4000_0000 + libc::SYS_getppid, 0, 0);
    }
    #[cfg(target_arch = "x86_64")]
    if last == "i386" {
        let result: i64;
        // SAFETY: getppid (64) of the i386 ABI takes nothing and writes nothing but rax; int 0x80 keeps the stack, and
        // r8 to r11 are declared lost.
        unsafe {
            std::arch::asm!(
                "int 0x80", inlateout("rax") 64_i64 => result,
                out("r8") _, out("r9") _, out("r10") _, out("r11") _,
            );
        };
        say(&format!("i386 {}", i64::from(result > 0)));
    }
    0
}

/// What compiling and loading cost. Each load stays for ever, so each is done by a child of its own.
fn filter_figures(name: &str) -> i32 {
    use std::time::Instant;
    let profile = profile(name);
    let mut compile: Vec<f64> = Vec::new();
    let mut load: Vec<f64> = Vec::new();
    let mut instructions = 0;
    for _ in 0..200 {
        let start = Instant::now();
        let filter = std::hint::black_box(Filter::compile(&profile).unwrap());
        compile.push(start.elapsed().as_secs_f64() * 1e6);
        instructions = filter.instructions().len();
    }
    rustix::thread::set_no_new_privs(true).unwrap();
    let filter = Filter::compile(&profile).unwrap();
    for _ in 0..40 {
        let (read, write) = rustix::pipe::pipe().unwrap();
        // SAFETY: this process has one thread, so the copy is complete.
        #[expect(clippy::disallowed_methods, reason = "single-threaded helper")]
        if unsafe { libc::fork() } == 0 {
            let start = Instant::now();
            filter.load().unwrap();
            let took = u64::try_from(start.elapsed().as_nanos()).unwrap();
            rustix::io::write(&write, &took.to_ne_bytes()).unwrap();
            std::process::exit(0);
        }
        let mut took = [0; 8];
        rustix::io::read(&read, &mut took).unwrap();
        rustix::process::wait(rustix::process::WaitOptions::empty()).unwrap();
        #[expect(clippy::cast_precision_loss, reason = "microseconds for people")]
        load.push(u64::from_ne_bytes(took) as f64 / 1e3);
    }
    say(&format!(
        "{name}: {instructions} instructions; us min / median: compile {}, load {}",
        figures(compile),
        figures(load)
    ));
    0
}

/// What the steps of a start and an end cost, 30 ms apart, as real starts are.
fn cgroup_figures(instance: &str) -> i32 {
    use std::time::{Duration, Instant};
    let limits = Limits {
        memory: Some(Maximum::At(256 << 20)),
        cpu_quota: Some(CpuQuota::cpus(1)),
        pids: Some(Maximum::At(100)),
        devices: Some(Devices::standard()),
        ..Limits::default()
    };
    let mut steps: [(&str, Vec<f64>); 5] =
        ["find and open", "create, no limits", "apply limits", "enter (child)", "remove"]
            .map(|name| (name, Vec::new()));
    open_instance(instance, false);
    let timer =
        rustix::time::timerfd_create(rustix::time::TimerfdClockId::Monotonic, TimerfdFlags::empty()).unwrap();
    for _ in 0..40 {
        let pause = rustix::time::Timespec { tv_sec: 0, tv_nsec: 30_000_000 };
        let once =
            rustix::time::Itimerspec { it_interval: rustix::time::Timespec::default(), it_value: pause };
        rustix::time::timerfd_settime(&timer, rustix::time::TimerfdTimerFlags::empty(), &once).unwrap();
        rustix::io::read(&timer, &mut [0; 8]).unwrap();
        let mut last = Instant::now();
        let mut step = |index: usize, took: Option<Duration>| {
            let took = took.unwrap_or(last.elapsed());
            steps[index].1.push(took.as_secs_f64() * 1e6);
            last = Instant::now();
        };
        let engine = open_instance(instance, false);
        step(0, None);
        let cgroup = engine.create("figures", &Limits::default()).unwrap();
        step(1, None);
        cgroup.apply(&limits).unwrap();
        step(2, None);
        let (read, write) = rustix::pipe::pipe().unwrap();
        // SAFETY: this process has one thread, so the copy is complete.
        #[expect(clippy::disallowed_methods, reason = "single-threaded helper")]
        if unsafe { libc::fork() } == 0 {
            let start = Instant::now();
            cgroup.enter_self().unwrap();
            let took = u64::try_from(start.elapsed().as_nanos()).unwrap();
            rustix::io::write(&write, &took.to_ne_bytes()).unwrap();
            std::process::exit(0);
        }
        let mut took = [0; 8];
        rustix::io::read(&read, &mut took).unwrap();
        rustix::process::wait(rustix::process::WaitOptions::empty()).unwrap();
        step(3, Some(Duration::from_nanos(u64::from_ne_bytes(took))));
        assert!(cgroup.remove().unwrap().is_gone());
        step(4, None);
    }
    for (name, values) in steps {
        say(&format!("{name}: us min / median {}", figures(values)));
    }
    0
}

fn figures(mut values: Vec<f64>) -> String {
    values.sort_unstable_by(f64::total_cmp);
    format!("{:.1} / {:.1}", values[0], values[values.len() / 2])
}

fn say(line: &str) {
    println!("{line}");
    stdout().flush().unwrap();
}

/// A line, or the end of the input.
fn wait_for_go() {
    stdin().lock().read_line(&mut String::new()).unwrap();
}
