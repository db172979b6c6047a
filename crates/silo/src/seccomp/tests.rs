//! Compiled filters against the definition: a machine of our own runs them.

#[cfg(target_arch = "x86_64")]
mod libseccomp;

use proptest::prelude::*;

use super::assemble::{
    AND, ARCHITECTURE, ARGUMENTS, JUMP, JUMP_EQUAL, JUMP_GREATER, JUMP_GREATER_EQUAL, LOAD, NUMBER, RETURN,
};
use super::*;
use crate::capability::{Capability, CapabilitySet};

/// Runs a program as the kernel does, and holds it to the kernel's rules.
fn run(code: &[Instruction], audit_arch: u32, number: u32, arguments: &[u64; 6]) -> u32 {
    let mut accumulator = 0;
    let mut at = 0;
    loop {
        let Instruction { code: operation, jump_true, jump_false, operand } = code[at];
        at += 1;
        let jump = |holds: bool| usize::from(if holds { jump_true } else { jump_false });
        match operation {
            LOAD => {
                accumulator = match operand {
                    NUMBER => number,
                    ARCHITECTURE => audit_arch,
                    _ => {
                        let half = (operand - ARGUMENTS) / 4;
                        let argument = arguments[usize::try_from(half / 2).unwrap()];
                        u32::try_from(argument >> (half % 2 * 32) & 0xffff_ffff).unwrap()
                    }
                }
            }
            AND => accumulator &= operand,
            JUMP => at += usize::try_from(operand).unwrap(),
            JUMP_EQUAL => at += jump(accumulator == operand),
            JUMP_GREATER => at += jump(accumulator > operand),
            JUMP_GREATER_EQUAL => at += jump(accumulator >= operand),
            RETURN => return operand,
            other => panic!("instruction {other:#x} at {}", at - 1),
        }
    }
}

/// Argument values at and around those that rules compare with.
fn samples(profile: &Profile) -> Vec<u64> {
    let mut values = vec![0, 1, u64::MAX, 1 << 32, 0xffff_ffff, 0x7e02_0000, 0x11, 0x0100_0028];
    for condition in profile.rules.iter().flat_map(|rule| rule.conditions.iter()) {
        let bases = match condition.comparison {
            Comparison::MaskedEqual { mask, value } => (0..64)
                .map(|bit| 1 << bit & mask)
                .filter(|&bit| bit != 0)
                .take(8)
                .chain([value, !mask | value, !mask])
                .collect(),
            Comparison::Equal(v)
            | Comparison::NotEqual(v)
            | Comparison::Less(v)
            | Comparison::LessOrEqual(v)
            | Comparison::Greater(v)
            | Comparison::GreaterOrEqual(v) => vec![v],
        };
        for base in bases {
            values.extend([base, base.wrapping_add(1), base.wrapping_sub(1), base | 1 << 32, base ^ 1 << 63]);
        }
    }
    values.sort_unstable();
    values.dedup();
    values
}

/// The calls whose arguments matter.
fn with_conditions(profile: &Profile) -> Vec<Syscall> {
    let rules = profile.rules.iter().filter(|rule| !rule.conditions.is_empty());
    rules.flat_map(|rule| rule.calls.iter().copied()).collect()
}

const ABIS: [Abi; 4] = [Abi::X86_64, Abi::I386, Abi::X32, Abi::Aarch64];

/// Every number up to 1000 of every ABI.
fn compare(profile: &Profile) {
    compare_numbers(profile, &(0..=1000).collect::<Vec<u32>>());
}

/// These numbers in every ABI, and a few odd ones, with all samples as each argument that matters.
fn compare_numbers(profile: &Profile, numbers: &[u32]) {
    let filter = Filter::compile(profile).unwrap();
    let code = filter.instructions();
    let samples = samples(profile);
    let with_conditions = with_conditions(profile);
    for abi in ABIS {
        let x32 = abi == Abi::X32;
        let odd = [0x3fff_ffff, 0x8000_0000, u32::MAX, if x32 { 0x7fff_ffff } else { 0x1000 }];
        let numbers = numbers.iter().map(|n| n | if x32 { 0x4000_0000 } else { 0 }).chain(odd);
        for number in numbers {
            // x86-64 and x32 are told apart by one bit, and so is what is asked here.
            let real = match abi {
                Abi::X86_64 | Abi::X32 if number >> 30 & 1 == 1 || number >= 0x8000_0000 => Abi::X32,
                Abi::X86_64 | Abi::X32 => Abi::X86_64,
                other => other,
            };
            let check = |arguments: &[u64; 6]| {
                let expected = profile.decide(real, number, arguments);
                let found = run(code, abi.audit_arch(), number, arguments);
                assert_eq!(
                    found,
                    expected.word(),
                    "{abi:?} {number:#x} {arguments:x?}: expected {expected:?}"
                );
            };
            check(&[0; 6]);
            let argued = with_conditions.iter().any(|call| call.number(real) == Some(number));
            for &value in samples.iter().filter(|_| argued) {
                for argument in 0..6 {
                    let mut arguments = [0x5555_5555_5555_5555; 6];
                    arguments[argument] = value;
                    check(&arguments);
                }
            }
        }
    }
    assert_eq!(
        run(code, 0xc000_0015, 0, &[0; 6]),
        profile.other_abi.word(),
        "an architecture that nobody named"
    );
}

#[test]
fn default_profiles_are_compiled_to_what_they_say() {
    compare(&Profile::linux(CapabilitySet::EMPTY));
    compare(&Profile::linux(CapabilitySet::LINUX_DEFAULT));
    compare(&Profile::linux(CapabilitySet::ALL));
    compare(&Profile::windows());
}

#[test]
fn other_machines_and_single_abis_are_compiled_too() {
    for abis in [&[Abi::Aarch64][..], &[Abi::X32], &[Abi::I386, Abi::X86_64], &[Abi::X86_64], &[], &ABIS] {
        compare(&Profile { abis: abis.to_vec().into(), ..Profile::linux(CapabilitySet::LINUX_DEFAULT) });
    }
}

/// One verdict for everything: the number is loaded and then not looked at.
#[test]
fn a_profile_without_rules_is_compiled() {
    let mut profile = Profile { rules: Vec::new(), newer: Action::EPERM, ..Profile::windows() };
    for abis in [&[][..], &ABIS, &[Abi::I386, Abi::Aarch64]] {
        profile.abis = abis.to_vec().into();
        compare(&profile);
        compare(&Profile { default: Action::KillProcess, newer: Action::KillProcess, ..profile.clone() });
    }
}

#[test]
fn default_filters_are_short() {
    let length = |profile: &Profile| Filter::compile(profile).unwrap().instructions().len();
    let linux = length(&Profile::linux(CapabilitySet::LINUX_DEFAULT));
    let windows = length(&Profile::windows());
    // The load time grows with it. libseccomp needs 1284 for the same.
    assert!(linux <= 340 && windows <= 130, "linux {linux}, windows {windows}");
}

/// What an image expects, and what must not be there, by name.
#[test]
fn default_profiles_say_what_is_documented() {
    let linux = Profile::linux(CapabilitySet::LINUX_DEFAULT);
    let decide = |profile: &Profile, name: &str, first: u64| {
        let number = Syscall::named(name).unwrap().number(Abi::X86_64).unwrap();
        profile.decide(Abi::X86_64, number, &[first, 0, 0, 0, 0, 0])
    };
    let check = |profile: &Profile, name: &str, first: u64, action: Action| {
        assert_eq!(decide(profile, name, first), action, "{name}({first:#x})");
    };
    for name in ["read", "execve", "ptrace", "chroot", "futex_waitv", "statx", "seccomp", "arch_prctl"] {
        check(&linux, name, 0, Action::Allow);
    }
    for name in [
        "mount",
        "umount2",
        "pivot_root",
        "unshare",
        "setns",
        "bpf",
        "perf_event_open",
        "keyctl",
        "add_key",
        "request_key",
        "userfaultfd",
        "io_uring_setup",
        "io_uring_enter",
        "io_uring_register",
        "kexec_load",
        "kexec_file_load",
        "init_module",
        "finit_module",
        "delete_module",
        "reboot",
        "swapon",
        "swapoff",
        "acct",
        "settimeofday",
        "clock_settime",
        "iopl",
        "ioperm",
        "open_by_handle_at",
        "move_mount",
        "open_tree",
        "fsopen",
        "fsconfig",
        "fsmount",
        "mount_setattr",
        "open_tree_attr",
        "quotactl",
        "syslog",
        "lookup_dcookie",
        "fanotify_init",
        "kcmp",
        "pidfd_getfd",
        "process_madvise",
        "mbind",
        "set_mempolicy",
        "vhangup",
        "sethostname",
        "setdomainname",
        "nfsservctl",
        "uselib",
        "ustat",
        "sysfs",
        "create_module",
        "query_module",
    ] {
        check(&linux, name, 0, Action::EPERM);
        check(&Profile::windows(), name, 0, Action::EPERM);
    }
    check(&Profile::windows(), "chroot", 0, Action::EPERM);
    for profile in [&linux, &Profile::windows()] {
        check(profile, "clone3", 0, Action::ENOSYS);
        check(profile, "clone", 0x0100_0011, Action::Allow);
        for bit in [17, 25, 26, 27, 28, 29, 30] {
            check(profile, "clone", 0x11 | 1 << bit, Action::EPERM);
        }
        for allowed in [0, 8, 0x2_0000, 0x2_0008, 0xffff_ffff] {
            check(profile, "personality", allowed, Action::Allow);
        }
        check(profile, "personality", 0x004_0000, Action::EPERM);
        check(profile, "socket", 2, Action::Allow);
        assert_ne!(decide(profile, "socket", 40), Action::Allow);
        // The kernel looks at 32 bits of the family.
        assert_ne!(decide(profile, "socket", 0x28 | 1 << 32), Action::Allow);
        assert_eq!(profile.decide(Abi::X86_64, 100_000, &[0; 6]), Action::ENOSYS);
    }
    check(&Profile::windows(), "socket", 38, Action::Errno(97));
    assert_eq!(Profile::windows().decide(Abi::I386, 4, &[0; 6]), Action::KillProcess);

    let admin = Profile::linux(CapabilitySet::of(&[Capability::SYS_ADMIN]));
    for name in ["mount", "clone3", "unshare", "setns", "bpf"] {
        check(&admin, name, u64::MAX, Action::Allow);
    }
    check(&admin, "clone", 0x1000_0011, Action::Allow);
    check(&admin, "reboot", 0, Action::EPERM);
}

/// Calls that no container may make, whatever its capabilities. Together with the profile this is every call of the
/// table, so one that comes or goes by mistake is noticed.
#[rustfmt::skip]
const REFUSED: &[&str] = &[
    "_sysctl", "add_key", "afs_syscall", "bdflush", "break", "create_module", "ftime",
    "get_kernel_syms", "getpmsg", "gtty", "idle", "io_uring_enter", "io_uring_register",
    "io_uring_setup", "kexec_file_load", "kexec_load", "keyctl", "lock", "migrate_pages", "move_pages",
    "mpx", "nfsservctl", "nice", "oldfstat", "oldlstat", "oldolduname", "oldstat", "olduname", "prof",
    "profil", "putpmsg", "query_module", "readdir", "request_key", "security", "sgetmask", "ssetmask",
    "stty", "swapoff", "swapon", "sysfs", "tuxcall", "ulimit", "uselib", "userfaultfd", "ustat", "vm86",
    "vm86old", "vserver",
];

#[test]
fn every_call_is_allowed_or_refused_on_purpose() {
    let rules = Profile::linux(CapabilitySet::ALL).rules;
    let named = |call: &Syscall| rules.iter().any(|rule| rule.calls.contains(call));
    let refused: Vec<_> = Syscall::all().filter(|call| !named(call)).map(Syscall::name).collect();
    assert_eq!(refused, REFUSED);
}

#[test]
fn no_call_is_in_two_groups() {
    let mut calls: Vec<Syscall> = linux::COMMON.iter().flat_map(|group| group.iter().copied()).collect();
    calls.sort_unstable();
    for pair in calls.windows(2) {
        assert_ne!(pair[0], pair[1]);
    }
}

#[test]
fn what_no_filter_can_hold_is_refused() {
    let mut profile = Profile::windows();
    profile.default = Action::Errno(4096);
    let rules = profile.rules.len();
    assert_eq!(Filter::compile(&profile), Err(CompileError::Errno { rule: rules, errno: 4096 }));

    let read = Syscall::named("read").unwrap();
    let condition = Condition { argument: 6, comparison: Comparison::Equal(0) };
    let rule = Rule { calls: vec![read].into(), conditions: vec![condition].into(), action: Action::Allow };
    let mut profile = Profile { rules: vec![rule], ..Profile::windows() };
    assert_eq!(Filter::compile(&profile), Err(CompileError::Argument { rule: 0, argument: 6 }));

    let many = |value| Rule {
        calls: vec![read].into(),
        conditions: vec![Condition { argument: 0, comparison: Comparison::Less(value) }].into(),
        action: Action::Trap,
    };
    profile.rules = (0..2000).map(many).collect();
    assert!(matches!(Filter::compile(&profile), Err(CompileError::TooLong { instructions: 4097.. })));
}

fn comparison() -> impl Strategy<Value = Comparison> {
    let value = prop_oneof![0_u64..4, Just(1 << 32), Just((1 << 32) + 1), any::<u64>()];
    (0..7, value.clone(), value).prop_map(|(kind, value, mask)| match kind {
        0 => Comparison::Equal(value),
        1 => Comparison::NotEqual(value),
        2 => Comparison::Less(value),
        3 => Comparison::LessOrEqual(value),
        4 => Comparison::Greater(value),
        5 => Comparison::GreaterOrEqual(value),
        _ => Comparison::MaskedEqual { mask, value },
    })
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        Just(Action::Allow),
        Just(Action::KillProcess),
        Just(Action::KillThread),
        Just(Action::Trap),
        Just(Action::Log),
        (0_u16..4096).prop_map(Action::Errno),
        any::<u16>().prop_map(Action::Trace),
    ]
}

fn rule() -> impl Strategy<Value = Rule> {
    let calls: Vec<Syscall> = Syscall::all().collect();
    let condition =
        (0_u8..6, comparison()).prop_map(|(argument, comparison)| Condition { argument, comparison });
    (
        proptest::collection::vec(proptest::sample::select(calls), 1..10),
        proptest::collection::vec(condition, 0..3),
        action(),
    )
        .prop_map(|(calls, conditions, action)| Rule {
            calls: calls.into(),
            conditions: conditions.into(),
            action,
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Documents bring profiles of their own.
    #[test]
    fn any_profile_is_compiled_to_what_it_says(
        rules in proptest::collection::vec(rule(), 0..8),
        default in action(),
        newer in action(),
        abis in proptest::sample::subsequence(ABIS.to_vec(), 0..=4),
    ) {
        // Verdicts change at the numbers that rules name, and at the end.
        let mut numbers: Vec<u32> = rules
            .iter()
            .flat_map(|rule| rule.calls.iter())
            .flat_map(|call| ABIS.map(|abi| call.bare_number(abi).map_or(0, u32::from)))
            .flat_map(|number| [number.saturating_sub(1), number, number + 1])
            .chain(400..600)
            .collect();
        numbers.sort_unstable();
        numbers.dedup();
        compare_numbers(
            &Profile { default, newer, abis: abis.into(), other_abi: Action::KillProcess, rules },
            &numbers,
        );
    }
}
