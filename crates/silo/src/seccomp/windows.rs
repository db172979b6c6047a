//! The profile of Windows silos: what Wine needs, and with it every program that runs on Wine.
//!
//! A Windows program can make Linux calls itself, so this is the border and not a suggestion. The starting point is
//! what was seen in traced runs of Wine 8 (loader, server, network, jobs, consoles), within the calls of Linux
//! containers that need no capability: Wine is a Linux program like others, and a call that only a rare DLL makes (a
//! print spooler's `flock`, a codec's `shmget`) must not fail at some customer. Against that set:
//!
//! - no capability groups: processes of a silo have no capabilities;
//! - `ptrace`, `process_vm_readv`, `process_vm_writev`, `kill`, `tgkill` stay: the server reads and writes other
//!   processes' memory and thread contexts with them (debuggers, CreateRemoteThread, TerminateProcess). The kernel
//!   holds them to the silo: its pid namespace, its user namespace, its user;
//! - one ABI only. Wine's new WoW64 runs 32-bit code in 64-bit processes, and a base with 32-bit Wine is not supported.
//!   So `int 0x80` ends the program; on Windows it is an access violation;
//! - sockets of the families that Winsock has here, others answer `EAFNOSUPPORT`, which Wine passes on as
//!   WSAEAFNOSUPPORT: much of what was found in the kernel in the last years stood in rare socket families;
//! - `arch_prctl`, `modify_ldt` (both in the common set) set the segment bases that Windows code expects;
//! - no `chroot`, no key rings, no `userfaultfd`, no `io_uring`: as for Linux containers without capabilities.

use std::borrow::Cow;

use super::linux::{COMMON, SOCKET, restricted};
use super::profile::{Action, Comparison, Condition, Profile, Rule};
use super::syscall::Abi;

/// `EAFNOSUPPORT`.
const NO_SUCH_FAMILY: Action = Action::Errno(97);

/// `AF_UNIX`, `AF_INET`, `AF_INET6`; `AF_NETLINK` for the list of interfaces.
static FAMILIES: [[Condition; 1]; 4] = [family(1), family(2), family(10), family(16)];

/// The kernel takes the family as an `int`, so the upper half of the argument must not count.
const fn family(number: u64) -> [Condition; 1] {
    [Condition { argument: 0, comparison: Comparison::MaskedEqual { mask: 0xffff_ffff, value: number } }]
}

#[cfg(target_arch = "aarch64")]
const ABIS: &[Abi] = &[Abi::Aarch64];
#[cfg(not(target_arch = "aarch64"))]
const ABIS: &[Abi] = &[Abi::X86_64];

impl Profile {
    /// The default profile of Windows silos.
    pub fn windows() -> Self {
        let mut rules: Vec<Rule> = COMMON.iter().map(|calls| Rule::always(calls, Action::Allow)).collect();
        rules.extend(FAMILIES.iter().map(|only| Rule::when(SOCKET, only, Action::Allow)));
        rules.push(Rule::always(SOCKET, NO_SUCH_FAMILY));
        rules.extend(restricted());
        Self {
            default: Action::EPERM,
            newer: Action::ENOSYS,
            abis: Cow::Borrowed(ABIS),
            other_abi: Action::KillProcess,
            rules,
        }
    }
}
