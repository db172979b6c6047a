//! What only version 2 has. The tests beside this one run on version 2 as well, where it is what the machine has.

use hcs_silo::cgroup::{
    Controllers, DeviceAccess, DeviceKind, DeviceRule, Devices, Hierarchies, Limits, Maximum,
};
use libtest_mimic::Trial;

use crate::support::{Group, ignored, trial};

pub(crate) fn trials() -> Vec<Trial> {
    let hierarchies = Hierarchies::detect().unwrap();
    let elsewhere = hierarchies.legacy_controllers().contains(Controllers::MEMORY);
    let on_v2 =
        |name, body| ignored(name, "this machine's controllers are bound to version 1", elsewhere, body);
    vec![
        // A device program needs no controller, so this one works on hybrid hosts too.
        trial("v2_device_program_refuses", device_program),
        on_v2("v2_controllers_are_handed_down", handed_down),
        on_v2("v2_swap_is_limited_apart", swap),
        on_v2("v2_block_requests_are_counted", requests),
    ]
}

fn device_program() {
    let group = Group::unified_only(&Limits { devices: Some(Devices::standard()), ..Limits::default() });
    let open = |path: &str| group.start("open", &[path]).line();
    for path in ["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"] {
        assert_eq!(open(path), "opened", "{path}");
    }
    assert_eq!(open("/dev/kmsg"), "PermissionDenied");

    // Replaced, not added to.
    let rules = [DeviceRule {
        kind: DeviceKind::Character,
        major: Some(1),
        minor: Some(11),
        access: DeviceAccess::READ,
    }];
    group.cgroup.apply(&Limits { devices: Some(Devices::Only(rules.into())), ..Limits::default() }).unwrap();
    assert_eq!(open("/dev/kmsg"), "opened");
    assert_eq!(open("/dev/null"), "PermissionDenied");
    group.cgroup.apply(&Limits { devices: Some(Devices::All), ..Limits::default() }).unwrap();
    assert_eq!(open("/dev/null"), "opened");
    assert_eq!(open("/dev/kmsg"), "opened");
}

fn handed_down() {
    let group = Group::new(&Limits::default());
    for controller in
        [Controllers::CPU, Controllers::CPUSET, Controllers::MEMORY, Controllers::BLKIO, Controllers::PIDS]
    {
        assert!(group.cgroup.has(controller), "{controller:?}");
    }
}

fn swap() {
    let limits =
        Limits { memory: Some(Maximum::At(64 << 20)), swap: Some(Maximum::At(8 << 20)), ..Limits::default() };
    let group = Group::new(&limits);
    let kept = group.cgroup.limits().unwrap();
    assert_eq!(kept.memory, limits.memory);
    assert!(kept.swap == limits.swap || kept.swap.is_none(), "{:?}", kept.swap);
}

fn requests() {
    let group = Group::new(&Limits::default());
    let folder = tempfile::tempdir_in(std::env::current_exe().unwrap().parent().unwrap()).unwrap();
    let path = folder.path().join("data");
    let mut helper = group.start("write", &[path.to_str().unwrap(), "4194304"]);
    assert_eq!(helper.line(), "written");
    let io = group.cgroup.stats().unwrap().io;
    assert!(io.write_operations.unwrap() > 0, "{io:?}");
}
