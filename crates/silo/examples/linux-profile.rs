//! Writes the default profile of Linux containers in the forms that other programs take, so that `./x bench` gives its
//! peers the same one: `linux.json` holds capabilities and filter as an OCI document has them, `linux.bpf` is the
//! compiled filter (`struct sock_filter[]`).
//!
//! linux-profile FOLDER

use std::collections::BTreeSet;
use std::error::Error;
use std::path::PathBuf;

use hcs_silo::capability::{Capability, CapabilitySet};
use hcs_silo::seccomp::{Abi, Action, Comparison, Condition, Filter, Profile, Syscall};
use serde_json::{Value, json};

fn main() -> Result<(), Box<dyn Error>> {
    let folder: PathBuf = std::env::args_os().nth(1).ok_or("linux-profile FOLDER")?.into();
    let profile = Profile::linux(CapabilitySet::LINUX_DEFAULT);
    let capabilities: Vec<_> = CapabilitySet::LINUX_DEFAULT.iter().filter_map(Capability::name).collect();
    let document = json!({ "capabilities": capabilities, "seccomp": oci(&profile) });
    fs_err::write(folder.join("linux.json"), document.to_string())?;
    let filter = Filter::compile(&profile)?;
    let bytes = filter.instructions().iter().flat_map(|instruction| {
        let mut bytes = [0; 8];
        bytes[..2].copy_from_slice(&instruction.code.to_ne_bytes());
        bytes[2..4].copy_from_slice(&[instruction.jump_true, instruction.jump_false]);
        bytes[4..].copy_from_slice(&instruction.operand.to_ne_bytes());
        bytes
    });
    Ok(fs_err::write(folder.join("linux.bpf"), bytes.collect::<Vec<_>>())?)
}

/// The profile as OCI's `linux.seccomp`. Two things can't be said there: what happens with calls newer than the
/// profile, and with calls of other ABIs.
///
/// Rules have no order there, so "refuse this, allow the rest" becomes "allow what is not this", as in the test that
/// compares the compiled filter with libseccomp's.
fn oci(profile: &Profile) -> Value {
    let mut decided = BTreeSet::new();
    let mut refused: Vec<(Syscall, Condition)> = Vec::new();
    let mut syscalls = Vec::new();
    for rule in &profile.rules {
        let mut plain = Vec::new();
        for &call in rule.calls.iter().filter(|call| !decided.contains(*call)) {
            if rule.action == profile.default {
                refused.extend(rule.conditions.iter().map(|condition| (call, *condition)));
                continue;
            }
            let mut args: Vec<Value> = rule.conditions.iter().map(|condition| argument(*condition)).collect();
            args.extend(refused.iter().filter(|(other, _)| *other == call).map(|(_, it)| negated(*it)));
            if args.is_empty() {
                plain.push(call.name());
            } else {
                syscalls.push(with_action(json!({ "names": [call.name()], "args": args }), rule.action));
            }
        }
        if !plain.is_empty() {
            syscalls.push(with_action(json!({ "names": plain }), rule.action));
        }
        if rule.conditions.is_empty() {
            decided.extend(rule.calls.iter().copied());
        }
    }
    let (action, errno) = action(profile.default);
    let architectures: Vec<_> = profile.abis.iter().map(|abi| architecture(*abi)).collect();
    json!({ "defaultAction": action, "defaultErrnoRet": errno, "architectures": architectures, "syscalls": syscalls })
}

fn with_action(mut rule: Value, of: Action) -> Value {
    let (action, errno) = action(of);
    rule["action"] = action.into();
    if let Some(errno) = errno {
        rule["errnoRet"] = errno.into();
    }
    rule
}

fn action(action: Action) -> (&'static str, Option<u16>) {
    match action {
        Action::KillProcess => ("SCMP_ACT_KILL_PROCESS", None),
        Action::KillThread => ("SCMP_ACT_KILL_THREAD", None),
        Action::Trap => ("SCMP_ACT_TRAP", None),
        Action::Errno(errno) => ("SCMP_ACT_ERRNO", Some(errno)),
        Action::Trace(message) => ("SCMP_ACT_TRACE", Some(message)),
        Action::Log => ("SCMP_ACT_LOG", None),
        Action::Allow => ("SCMP_ACT_ALLOW", None),
    }
}

fn argument(condition: Condition) -> Value {
    let (op, value, second) = match condition.comparison {
        Comparison::Equal(value) => ("SCMP_CMP_EQ", value, 0),
        Comparison::NotEqual(value) => ("SCMP_CMP_NE", value, 0),
        Comparison::Less(value) => ("SCMP_CMP_LT", value, 0),
        Comparison::LessOrEqual(value) => ("SCMP_CMP_LE", value, 0),
        Comparison::Greater(value) => ("SCMP_CMP_GT", value, 0),
        Comparison::GreaterOrEqual(value) => ("SCMP_CMP_GE", value, 0),
        Comparison::MaskedEqual { mask, value } => ("SCMP_CMP_MASKED_EQ", mask, value),
    };
    json!({ "index": condition.argument, "value": value, "valueTwo": second, "op": op })
}

/// "Not equal" knows no mask there, so all 64 bits count.
fn negated(condition: Condition) -> Value {
    let comparison = match condition.comparison {
        Comparison::Equal(value) | Comparison::MaskedEqual { value, .. } => Comparison::NotEqual(value),
        Comparison::NotEqual(value) => Comparison::Equal(value),
        Comparison::Less(value) => Comparison::GreaterOrEqual(value),
        Comparison::LessOrEqual(value) => Comparison::Greater(value),
        Comparison::Greater(value) => Comparison::LessOrEqual(value),
        Comparison::GreaterOrEqual(value) => Comparison::Less(value),
    };
    argument(Condition { comparison, ..condition })
}

const fn architecture(abi: Abi) -> &'static str {
    match abi {
        Abi::X86_64 => "SCMP_ARCH_X86_64",
        Abi::I386 => "SCMP_ARCH_X86",
        Abi::X32 => "SCMP_ARCH_X32",
        Abi::Aarch64 => "SCMP_ARCH_AARCH64",
    }
}
