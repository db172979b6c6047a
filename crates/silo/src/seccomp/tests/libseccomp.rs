//! The same profile, compiled by libseccomp, decides the same. Needs its development files (`libseccomp-dev`).
//!
//! Source of the declarations: seccomp_rule_add(3), seccomp_export_bpf(3), seccomp.h of version 2.5.
#![expect(unsafe_code, reason = "a C library")]

use std::ffi::{CString, c_char, c_int, c_void};
use std::io::{Read, Seek};
use std::os::fd::AsRawFd;

use super::{
    Abi, Action, Comparison, Condition, Filter, Instruction, Profile, Syscall, run, samples, with_conditions,
};
use crate::capability::CapabilitySet;

#[repr(C)]
struct Compare {
    argument: u32,
    operator: c_int,
    a: u64,
    b: u64,
}

#[link(name = "seccomp")]
unsafe extern "C" {
    fn seccomp_init(default_action: u32) -> *mut c_void;
    fn seccomp_release(context: *mut c_void);
    fn seccomp_arch_add(context: *mut c_void, arch: u32) -> c_int;
    fn seccomp_attr_set(context: *mut c_void, attribute: c_int, value: u32) -> c_int;
    fn seccomp_rule_add_array(
        context: *mut c_void,
        action: u32,
        call: c_int,
        count: u32,
        comparisons: *const Compare,
    ) -> c_int;
    fn seccomp_export_bpf(context: *mut c_void, fd: c_int) -> c_int;
    fn seccomp_syscall_resolve_name(name: *const c_char) -> c_int;
    fn seccomp_syscall_resolve_name_arch(arch: u32, name: *const c_char) -> c_int;
}

const BAD_ARCHITECTURE: c_int = 2; // SCMP_FLTATR_ACT_BADARCH
const OPTIMIZE: c_int = 8; // SCMP_FLTATR_CTL_OPTIMIZE
const UNKNOWN: c_int = -1; // __NR_SCMP_ERROR
const X32: u32 = 0x4000_003e; // SCMP_ARCH_X32

/// libseccomp's token of each ABI.
const ABIS: [(Abi, u32); 3] = [(Abi::X86_64, 0xc000_003e), (Abi::I386, 0x4000_0003), (Abi::X32, X32)];

/// Is the call known to this libseccomp under the numbers that we have for it?
fn known(call: Syscall) -> bool {
    let name = CString::new(call.name()).unwrap();
    ABIS.iter().all(|&(abi, arch)| {
        // SAFETY: `name` is NUL-terminated and only read.
        let theirs = unsafe { seccomp_syscall_resolve_name_arch(arch, name.as_ptr()) };
        match (u32::try_from(theirs).ok(), call.number(abi)) {
            (Some(theirs), Some(ours)) => {
                assert_eq!(theirs & 0xffff, ours & 0xffff, "{call:?} in {abi:?}");
                true
            }
            // It has numbers below -100 for the parts of socketcall and ipc, other negative ones for "not here".
            (None, None) => theirs != UNKNOWN,
            _ => false,
        }
    })
}

/// The conditions of a rule as libseccomp has them.
fn comparisons(conditions: &[Condition]) -> Vec<Compare> {
    let one = |&Condition { argument, comparison }: &Condition| {
        let (operator, a, b) = match comparison {
            Comparison::NotEqual(value) => (1, value, 0),
            Comparison::Less(value) => (2, value, 0),
            Comparison::LessOrEqual(value) => (3, value, 0),
            Comparison::Equal(value) => (4, value, 0),
            Comparison::GreaterOrEqual(value) => (5, value, 0),
            Comparison::Greater(value) => (6, value, 0),
            Comparison::MaskedEqual { mask, value } => (7, mask, value),
        };
        Compare { argument: argument.into(), operator, a, b }
    };
    conditions.iter().map(one).collect()
}

/// libseccomp has no order of rules, so "refuse this, allow the rest" becomes "allow what is not this".
fn compile(profile: &Profile) -> Vec<Instruction> {
    // SAFETY: no preconditions; checked for null below.
    let context = unsafe { seccomp_init(profile.default.word()) };
    assert!(!context.is_null());
    let ok = |result: c_int, what: &str| assert_eq!(result, 0, "libseccomp: {what}");
    // SAFETY: `context` came from seccomp_init and is released at the end of this function.
    unsafe {
        ok(seccomp_attr_set(context, BAD_ARCHITECTURE, profile.other_abi.word()), "bad architecture");
        ok(seccomp_attr_set(context, OPTIMIZE, 2), "optimize");
        for (_, arch) in &ABIS[1..] {
            ok(seccomp_arch_add(context, *arch), "architecture");
        }
    }
    let mut decided = Vec::new();
    let mut refused: Vec<(Syscall, Condition)> = Vec::new();
    for rule in &profile.rules {
        for &call in rule.calls.iter() {
            if decided.contains(&call) {
                continue;
            }
            if rule.action == profile.default {
                refused.extend(rule.conditions.iter().map(|condition| (call, *condition)));
                continue;
            }
            let mut conditions = rule.conditions.to_vec();
            for &(_, Condition { argument, comparison }) in refused.iter().filter(|(c, _)| *c == call) {
                let Comparison::MaskedEqual { mask: 0xffff_ffff, value } = comparison else {
                    panic!("{comparison:?}")
                };
                conditions.push(Condition { argument, comparison: Comparison::NotEqual(value) });
            }
            if rule.conditions.is_empty() {
                decided.push(call);
            }
            let list = comparisons(&conditions);
            let name = CString::new(call.name()).unwrap();
            // SAFETY: `name` is NUL-terminated; `list` holds as many comparisons as said; both live for the calls.
            unsafe {
                let number = seccomp_syscall_resolve_name(name.as_ptr());
                let count = u32::try_from(list.len()).unwrap();
                let action = rule.action.word();
                ok(seccomp_rule_add_array(context, action, number, count, list.as_ptr()), call.name());
            }
        }
    }
    let mut file = tempfile::tempfile().unwrap();
    // SAFETY: `context` as above; the descriptor is open and writable.
    unsafe {
        ok(seccomp_export_bpf(context, file.as_raw_fd()), "export");
        seccomp_release(context);
    }
    file.rewind().unwrap();
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).unwrap();
    let instruction = |b: &[u8]| Instruction {
        code: u16::from_ne_bytes([b[0], b[1]]),
        jump_true: b[2],
        jump_false: b[3],
        operand: u32::from_ne_bytes([b[4], b[5], b[6], b[7]]),
    };
    bytes.chunks_exact(8).map(instruction).collect()
}

/// `profile` with the calls that this libseccomp knows; how many it does not.
fn reduced(profile: &Profile) -> (Profile, usize) {
    let mut left_out = 0;
    let mut profile = profile.clone();
    for rule in &mut profile.rules {
        let calls: Vec<Syscall> = rule.calls.iter().copied().filter(|&call| known(call)).collect();
        left_out += rule.calls.len() - calls.len();
        rule.calls = calls.into();
    }
    // libseccomp has no idea of calls that are newer than it.
    profile.newer = profile.default;
    (profile, left_out)
}

fn agree(capabilities: CapabilitySet) {
    let (profile, left_out) = reduced(&Profile::linux(capabilities));
    assert!(left_out < 60, "{left_out} calls are unknown to libseccomp: is it older than 2.5?");
    let theirs = compile(&profile);
    let ours = Filter::compile(&profile).unwrap();
    // The one deliberate difference: we compare the family of a socket in the 32 bits that the kernel looks at,
    // libseccomp's "not equal" compares 64.
    let socket = Syscall::named("socket").unwrap();
    let samples = samples(&profile);
    let with_conditions: Vec<Syscall> = with_conditions(&profile);
    for (abi, _) in ABIS {
        for bare in 0..=1000 {
            let number = bare | if abi == Abi::X32 { 0x4000_0000 } else { 0 };
            let argued = with_conditions.iter().any(|call| call.number(abi) == Some(number));
            // A 32-bit program has no upper halves. An x32 program has, but libseccomp does not look at them.
            let narrow = abi != Abi::X86_64 || socket.number(abi) == Some(number);
            for argument in 0..2 {
                let first = if argued { samples.len() } else { 1 };
                for &value in &samples[..first] {
                    if narrow && value > u64::from(u32::MAX) {
                        continue;
                    }
                    let mut arguments = [0; 6];
                    arguments[argument] = value;
                    let expected = run(&theirs, abi.audit_arch(), number, &arguments);
                    let found = run(ours.instructions(), abi.audit_arch(), number, &arguments);
                    assert_eq!(found, expected, "{abi:?} {bare} argument {argument} {value:#x}");
                }
            }
        }
    }
    let stranger = run(&theirs, 0xc000_00b7, 0, &[0; 6]);
    assert_eq!(stranger, Action::KillProcess.word());
    assert_eq!(run(ours.instructions(), 0xc000_00b7, 0, &[0; 6]), stranger);
}

#[test]
fn libseccomp_agrees_without_capabilities() {
    agree(CapabilitySet::EMPTY);
}

#[test]
fn libseccomp_agrees_with_the_default_capabilities() {
    agree(CapabilitySet::LINUX_DEFAULT);
}

#[test]
fn libseccomp_agrees_with_all_capabilities() {
    agree(CapabilitySet::ALL);
}
