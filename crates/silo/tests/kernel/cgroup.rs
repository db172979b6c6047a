//! Cgroups on the real hierarchies of this machine, whichever versions they are.

use hcs_silo::cgroup::{
    CgroupError, Controllers, CpuQuota, CpuWeight, DeviceRule, Devices, Events, Hierarchies, Instance,
    Limits, Maximum, Removal,
};
use libtest_mimic::Trial;
use rustix::event::PollFlags;

use crate::support::{Engine, Group, Helper, PATIENCE, SYSTEM, ignored, trial, wait_for};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("limits_are_read_back", limits_are_read_back),
        trial("limits_change_in_both_directions", limits_change),
        trial("a_child_is_in_every_hierarchy", child_is_everywhere),
        trial("leftovers_are_listed_and_removed", leftovers),
        trial("names_are_used_once", names_are_used_once),
        trial("removal_waits_for_the_last_process", removal_waits),
        trial("subgroups_are_removed_too", subgroups),
        trial("stats_grow", stats_grow),
        trial("io_is_counted", io_is_counted),
        trial("devices_are_refused", devices),
        trial("process_limit_holds", process_limit),
        trial("a_delegated_folder_need_not_be_everywhere", delegated),
        trial("engine_leaf_goes_with_the_instance", engine_leaf),
        ignored("cgroup_figures", "prints times; run it with --ignored in a release build", true, figures),
    ]
}

const MIB: u64 = 1 << 20;

fn limits_are_read_back() {
    let limits = Limits {
        memory: Some(Maximum::At(64 * MIB)),
        cpu_quota: Some(CpuQuota::of_host(2500, 2).unwrap()),
        cpu_weight: Some(CpuWeight::from_hcs(10_000).unwrap()),
        cpus: Some("0".into()),
        pids: Some(Maximum::At(33)),
        devices: Some(Devices::standard()),
        ..Limits::default()
    };
    let group = Group::new(&limits);
    let kept = group.cgroup.limits().unwrap();
    assert_eq!(kept.memory, Some(Maximum::At(64 * MIB)));
    assert!(matches!(kept.swap, Some(Maximum::At(0)) | None), "{:?}", kept.swap);
    assert_eq!(kept.cpu_quota, Some(CpuQuota::Of { quota: 50_000, period: 100_000 }));
    assert_eq!(kept.cpu_weight.unwrap().shares(), 2048);
    assert_eq!(kept.cpus.as_deref(), Some("0"));
    assert_eq!(kept.pids, Some(Maximum::At(33)));
}

fn limits_change() {
    let group = Group::new(&Limits::default());
    assert_eq!(group.cgroup.limits().unwrap().memory, Some(Maximum::Unlimited));
    let set = |memory, swap, cpu_quota, pids| {
        let limits = Limits {
            memory: Some(memory),
            swap,
            cpu_quota: Some(cpu_quota),
            pids: Some(pids),
            ..Limits::default()
        };
        group.cgroup.apply(&limits).unwrap();
        let kept = group.cgroup.limits().unwrap();
        assert_eq!((kept.memory, kept.cpu_quota, kept.pids), (limits.memory, limits.cpu_quota, limits.pids));
        kept.swap
    };
    let small = CpuQuota::of_host(1, 1).unwrap();
    set(Maximum::At(64 * MIB), None, CpuQuota::cpus(1), Maximum::At(10));
    let swap = set(Maximum::At(128 * MIB), Some(Maximum::At(MIB)), small, Maximum::At(20));
    assert!(matches!(swap, Some(Maximum::At(MIB)) | None), "{swap:?}");
    set(Maximum::At(32 * MIB), None, CpuQuota::cpus(2), Maximum::At(5));
    set(Maximum::Unlimited, None, CpuQuota::Unlimited, Maximum::Unlimited);

    let only_swap = Limits { swap: Some(Maximum::At(1)), ..Limits::default() };
    assert!(matches!(group.cgroup.apply(&only_swap), Err(CgroupError::Range { limit: "swap", .. })));
    let bad = Limits { cpus: Some("0-9999".into()), ..Limits::default() };
    let error = group.cgroup.apply(&bad).unwrap_err();
    let text = error.to_string();
    assert!(text.contains("cpuset.cpus") && text.contains(group.cgroup.path()), "{text}");
}

fn child_is_everywhere() {
    let group = Group::new(&Limits::default());
    let mut helper = group.start("hold", &[]);
    let pid = helper.line();
    let text = fs_err::read_to_string(format!("/proc/{pid}/cgroup")).unwrap();
    let hierarchies = Hierarchies::detect().unwrap();
    let expected = hierarchies.legacy_controllers();
    let mut entered = 0;
    for line in text.lines() {
        let mut fields = line.splitn(3, ':');
        let (controllers, path) = (fields.nth(1).unwrap(), fields.next().unwrap());
        let ours = path == format!("/{}", group.cgroup.path());
        let named = |set: Controllers| {
            set.iter_names().any(|(n, _)| controllers.split(',').any(|c| c == n.to_lowercase()))
        };
        assert_eq!(ours, controllers.is_empty() || named(expected), "{line}");
        entered += usize::from(ours);
    }
    assert!(entered > 0);
    helper.go();
    assert_eq!(helper.finish().1, 0);
}

fn leftovers() {
    let engine = Engine::new();
    let instance = engine.open();
    let first = instance.create("b\u{fc}ro 1", &Limits::default()).unwrap();
    let second = instance.create("tasks", &Limits::default()).unwrap();
    assert_eq!(instance.systems().unwrap(), ["b\u{fc}ro 1", "tasks"]);
    assert!(!engine.open().remove().unwrap(), "an instance with systems stays");

    // What a crash leaves: some hierarchies only. The reopened one must cope.
    drop(first);
    let part = instance.system("tasks").unwrap();
    assert_eq!(second.remove().unwrap(), Removal::Gone);
    assert_eq!(part.remove().unwrap(), Removal::Gone, "gone already is no error");
    assert!(matches!(part.stats(), Err(CgroupError::NotFound { .. })));
    assert!(matches!(instance.system("tasks"), Err(CgroupError::NotFound { .. })));

    // A new one of the same name is not what the old handle removes.
    let again = instance.create("tasks", &Limits::default()).unwrap();
    assert_eq!(part.remove().unwrap(), Removal::Gone);
    assert_eq!(instance.systems().unwrap(), ["b\u{fc}ro 1", "tasks"]);

    assert_eq!(again.remove().unwrap(), Removal::Gone);
    assert_eq!(instance.system("b\u{fc}ro 1").unwrap().remove().unwrap(), Removal::Gone);
    assert!(instance.remove().unwrap());
    let name = &engine.name;
    let text = fs_err::read_to_string("/proc/self/mountinfo").unwrap();
    for point in text.lines().filter(|l| l.contains(" - cgroup")).filter_map(|l| l.split(' ').nth(4)) {
        assert!(!std::path::Path::new(point).join(format!("hcs-{name}")).exists(), "{point}");
    }
}

fn names_are_used_once() {
    let group = Group::new(&Limits::default());
    let error = group.engine.open().create(SYSTEM, &Limits::default()).unwrap_err();
    assert!(matches!(error, CgroupError::Exists { .. }), "{error}");
    // And the failed attempt took nothing away from the first.
    group.cgroup.stats().unwrap();
}

fn removal_waits() {
    let group = Group::new(&Limits::default());
    let mut helper = group.start("hold", &[]);
    helper.line();
    assert_eq!(group.cgroup.remove().unwrap(), Removal::Busy);
    assert_eq!(group.cgroup.remove_when_empty(std::time::Duration::from_millis(20)).unwrap(), Removal::Busy);
    let events = group.cgroup.events().unwrap();
    assert!(events.state().unwrap().populated);
    helper.go();
    // While it is on its way out.
    assert_eq!(group.cgroup.remove_when_empty(PATIENCE).unwrap(), Removal::Gone);
    assert!(matches!(events.state(), Err(CgroupError::NotFound { .. })));
    assert_eq!(helper.finish().1, 0);
}

fn subgroups() {
    let group = Group::new(&Limits::default());
    let text = fs_err::read_to_string("/proc/self/mountinfo").unwrap();
    let mut made = 0;
    for point in text.lines().filter(|l| l.contains(" - cgroup")).filter_map(|l| l.split(' ').nth(4)) {
        let folder = std::path::Path::new(point).join(group.cgroup.path());
        if folder.exists() {
            fs_err::create_dir_all(folder.join("a/b/c")).unwrap();
            fs_err::create_dir_all(folder.join("a/d")).unwrap();
            fs_err::create_dir_all(folder.join("e")).unwrap();
            made += 1;
        }
    }
    assert!(made > 0);
    assert_eq!(group.cgroup.remove().unwrap(), Removal::Gone);
}

fn stats_grow() {
    let group = Group::new(&Limits::default());
    let before = group.cgroup.stats().unwrap();
    assert_eq!(before.cpu.total_100ns, 0);
    assert!(group.cgroup.pids().unwrap().is_empty());
    let mut helper = group.start("burn", &["300"]);
    helper.line();
    let after = group.cgroup.stats().unwrap();
    // 300 ms of wall time on a machine that may be busy.
    assert!((200_000..60_000_000).contains(&after.cpu.total_100ns), "{after:?}");
    let sum = after.cpu.user_100ns + after.cpu.kernel_100ns;
    assert!(sum.abs_diff(after.cpu.total_100ns) <= 20, "{after:?}");
    assert!(after.cpu.kernel_100ns > 0 && after.cpu.user_100ns > 0, "{after:?}");
    assert_eq!(group.cgroup.pids().unwrap().len(), 1);
    drop(helper);

    let bytes = 32 * MIB;
    let mut helper = group.start("allocate", &[&bytes.to_string()]);
    let before = group.cgroup.stats().unwrap().memory.unwrap();
    helper.go();
    assert_eq!(helper.line(), "allocated");
    let after = group.cgroup.stats().unwrap().memory.unwrap();
    assert!(after.private >= before.private + bytes * 9 / 10, "{before:?} {after:?}");
    assert!(after.usage >= after.private && after.peak >= after.usage, "{after:?}");
    assert!(after.commit() >= after.private);
    helper.go();
    assert_eq!(helper.finish().1, 0);
    let end = group.cgroup.stats().unwrap().memory.unwrap();
    assert!(end.private < after.private - bytes / 2, "{end:?}");
    assert!(end.peak >= after.peak, "{end:?}");
}

fn io_is_counted() {
    let group = Group::new(&Limits::default());
    // Beside the test binary: a disk, where /tmp may be memory.
    let folder = tempfile::tempdir_in(std::env::current_exe().unwrap().parent().unwrap()).unwrap();
    let path = folder.path().join("data");
    let mut helper = group.start("write", &[path.to_str().unwrap(), &(4 * MIB).to_string()]);
    assert_eq!(helper.line(), "written");
    let io = group.cgroup.stats().unwrap().io;
    assert!((4 * MIB..64 * MIB).contains(&io.write_bytes), "{io:?}");
}

fn devices() {
    let group = Group::new(&Limits { devices: Some(Devices::standard()), ..Limits::default() });
    let open = |path: &str| group.start("open", &[path]).line();
    for path in ["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"] {
        assert_eq!(open(path), "opened", "{path}");
    }
    assert_eq!(open("/dev/console"), "PermissionDenied");
    assert_eq!(open("/dev/kmsg"), "PermissionDenied");

    let rules = [DeviceRule::character(1, Some(11))];
    group.cgroup.apply(&Limits { devices: Some(Devices::Only(rules.into())), ..Limits::default() }).unwrap();
    assert_eq!(open("/dev/kmsg"), "opened");
    assert_eq!(open("/dev/null"), "PermissionDenied");
    group.cgroup.apply(&Limits { devices: Some(Devices::All), ..Limits::default() }).unwrap();
    assert_eq!(open("/dev/null"), "opened");
}

fn process_limit() {
    let group = Group::new(&Limits { pids: Some(Maximum::At(5)), ..Limits::default() });
    let mut helper = group.start("children", &["20"]);
    assert_eq!(helper.line(), "4", "the worker itself is the fifth");
    assert_eq!(group.cgroup.pids().unwrap().len(), 5);
    let events = group.cgroup.events().unwrap();
    group.cgroup.kill().unwrap();
    wait_for(&events, PollFlags::PRI, || !events.state().unwrap().populated);
    assert_eq!(Events::INTEREST.bits(), u32::from(PollFlags::PRI.bits()), "epoll and poll name it alike");
    assert_eq!(helper.finish().1, 128 + 9);
}

fn engine_leaf() {
    let engine = Engine::new();
    let instance = engine.open();
    let leaf = instance.engine().unwrap();
    assert!(leaf.path().ends_with("/engine"));
    instance.engine().unwrap();
    assert!(instance.systems().unwrap().is_empty(), "the leaf is no system");
    assert!(instance.remove().unwrap());
    assert!(matches!(leaf.stats(), Err(CgroupError::NotFound { .. })));
}

/// Where each version 1 hierarchy is mounted.
fn legacy_mounts() -> Vec<String> {
    let text = fs_err::read_to_string("/proc/self/mountinfo").unwrap();
    let lines = text.lines().filter(|line| line.contains(" - cgroup ") && !line.contains("name="));
    lines.filter_map(|line| line.split(' ').nth(4)).map(str::to_owned).collect()
}

struct Cleanup<F: Fn()>(F);

impl<F: Fn()> Drop for Cleanup<F> {
    fn drop(&mut self) {
        self.0();
    }
}

fn delegated() {
    let above = Engine::new();
    let parent = above.open().path().to_owned();
    let missing: Vec<String> =
        legacy_mounts().into_iter().filter(|mount| mount.ends_with("cpuset")).collect();
    for mount in &missing {
        fs_err::remove_dir(format!("{mount}/{parent}")).unwrap();
    }
    let hierarchies = Hierarchies::detect().unwrap();
    let open = || Instance::open(&hierarchies, &parent, "inner").unwrap();
    // Also when an assertion fails; before `above`, in which it is.
    let _cleanup = Cleanup(|| {
        let inner = open();
        let _ = inner.system("web").and_then(|web| web.remove());
        let removed = inner.remove();
        assert!(std::thread::panicking() || removed.unwrap(), "inner stayed");
    });
    let inner = open();
    assert_eq!(inner.path(), format!("{parent}/hcs-inner"));
    let limits = Limits { memory: Some(Maximum::At(64 * MIB)), cpus: Some("0".into()), ..Limits::default() };
    let cgroup = inner.create("web", &limits).unwrap();
    let kept = cgroup.limits().unwrap();
    assert_eq!((kept.memory, kept.cpus.as_deref()), (Some(Maximum::At(64 * MIB)), Some("0")));
    for mount in &missing {
        assert!(std::path::Path::new(&format!("{mount}/hcs-inner/web.silo")).exists(), "{mount}");
    }
    let text =
        cgroup.apply(&Limits { cpus: Some("0-9999".into()), ..Limits::default() }).unwrap_err().to_string();
    assert!(missing.is_empty() || text.contains("cpuset:/hcs-inner/web.silo"), "{text}");
    assert!(cgroup.remove().unwrap().is_gone());
    let error = Instance::open(&hierarchies, "no/such/scope", "inner").unwrap_err();
    assert!(error.to_string().contains("no/such/scope"), "{error}");
}

fn figures() {
    let engine = Engine::new();
    let (text, code) = Helper::start("cgroup-figures", &[&engine.name]).finish();
    assert_eq!(code, 0);
    eprint!("{text}");
}
