//! Capabilities: which of root's powers a process has, by the kernel's names.
//!
//! Sources: capabilities(7); Linux, include/uapi/linux/capability.h and security/commoncap.c.

use std::fmt;
use std::str::FromStr;

use rustix::io::Errno;
use rustix::process::{Gid, Uid};
use rustix::thread::{self, CapabilitySets};
use serde::{Deserialize, Serialize};

/// One capability; its number is the kernel's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Capability(u8);

/// A set of capabilities: bit `n` is the capability with the number `n`.
///
/// Bits without a name (a newer kernel's) are kept.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CapabilitySet(u64);

macro_rules! capabilities {
    ($($name:ident = $number:literal, $meaning:literal;)*) => {
        impl Capability {
            $(#[doc = concat!("`CAP_", stringify!($name), "`: ", $meaning, ".")]
            pub const $name: Self = Self($number);)*
        }
        /// By number.
        const NAMES: &[&str] = &[$(concat!("CAP_", stringify!($name))),*];
        const _: () = {
            // A gap or a swapped row would shift every name after it.
            let numbers: &[u8] = &[$($number),*];
            let mut i = 0;
            while i < numbers.len() {
                assert!(numbers[i] as usize == i);
                i += 1;
            }
        };
    };
}

capabilities! {
    CHOWN = 0, "change owners of files";
    DAC_OVERRIDE = 1, "pass over file permissions";
    DAC_READ_SEARCH = 2, "read any file, open by handle";
    FOWNER = 3, "act as owner of any file";
    FSETID = 4, "keep set-id bits of changed files";
    KILL = 5, "signal any process";
    SETGID = 6, "change group ids";
    SETUID = 7, "change user ids";
    SETPCAP = 8, "drop from the bounding set, change securebits";
    LINUX_IMMUTABLE = 9, "change immutable and append-only flags";
    NET_BIND_SERVICE = 10, "bind ports below 1024";
    NET_BROADCAST = 11, "broadcast (unused by the kernel)";
    NET_ADMIN = 12, "configure the network";
    NET_RAW = 13, "raw and packet sockets";
    IPC_LOCK = 14, "lock memory";
    IPC_OWNER = 15, "pass over System V IPC permissions";
    SYS_MODULE = 16, "load kernel modules";
    SYS_RAWIO = 17, "raw I/O ports and memory";
    SYS_CHROOT = 18, "chroot, enter mount namespaces";
    SYS_PTRACE = 19, "trace any process";
    SYS_PACCT = 20, "process accounting";
    SYS_ADMIN = 21, "mount, namespaces and much else";
    SYS_BOOT = 22, "reboot, kexec";
    SYS_NICE = 23, "raise priorities";
    SYS_RESOURCE = 24, "pass over resource limits";
    SYS_TIME = 25, "set the clocks";
    SYS_TTY_CONFIG = 26, "vhangup, privileged tty calls";
    MKNOD = 27, "make device nodes";
    LEASE = 28, "leases on any file";
    AUDIT_WRITE = 29, "write the kernel's audit log";
    AUDIT_CONTROL = 30, "configure auditing";
    SETFCAP = 31, "set capabilities of files";
    MAC_OVERRIDE = 32, "pass over mandatory access control";
    MAC_ADMIN = 33, "configure mandatory access control";
    SYSLOG = 34, "privileged syslog calls";
    WAKE_ALARM = 35, "timers that wake the machine";
    BLOCK_SUSPEND = 36, "keep the machine from suspending";
    AUDIT_READ = 37, "read the audit log";
    PERFMON = 38, "performance monitoring";
    BPF = 39, "privileged BPF calls";
    CHECKPOINT_RESTORE = 40, "checkpoint and restore";
}

impl Capability {
    /// The kernel's name, such as `CAP_CHOWN`; `None` for a number that this version has no name for.
    pub fn name(self) -> Option<&'static str> {
        NAMES.get(usize::from(self.0)).copied()
    }

    /// The kernel's number, below 64.
    pub fn number(self) -> u8 {
        self.0
    }
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "CAP_{}", self.0),
        }
    }
}

/// The text is not the name of a capability that this version knows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown capability {name:?}; names are the kernel's, such as CAP_NET_ADMIN")]
pub struct UnknownCapability {
    /// What was given.
    pub name: Box<str>,
}

/// Accepts any case, with or without `CAP_`: `CAP_CHOWN` (OCI), `chown` (command lines).
impl FromStr for Capability {
    type Err = UnknownCapability;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bare = text.get(..4).filter(|p| p.eq_ignore_ascii_case("CAP_")).map_or(text, |_| &text[4..]);
        (0..)
            .zip(NAMES)
            .find(|(_, name)| name[4..].eq_ignore_ascii_case(bare))
            .map(|(number, _)| Self(number))
            .ok_or_else(|| UnknownCapability { name: text.into() })
    }
}

impl CapabilitySet {
    /// No capability: what processes of a Windows silo have. Nothing that Wine does needs one.
    pub const EMPTY: Self = Self(0);

    /// Every capability that has a name here.
    pub const ALL: Self = Self((1 << NAMES.len()) - 1);

    /// What root in a Linux container has when the document says nothing.
    ///
    /// The customary set of fourteen (moby's), without three, as podman has it:
    /// - `MKNOD`: the container's device nodes are made by us, and its cgroup refuses all others;
    /// - `NET_RAW`: lets one container forge another's ARP and DNS answers on the shared bridge; ping works without,
    ///   by `net.ipv4.ping_group_range`;
    /// - `AUDIT_WRITE`: writes into the host's one audit log.
    pub const LINUX_DEFAULT: Self = Self::of(&[
        Capability::CHOWN,
        Capability::DAC_OVERRIDE,
        Capability::FOWNER,
        Capability::FSETID,
        Capability::KILL,
        Capability::NET_BIND_SERVICE,
        Capability::SETFCAP,
        Capability::SETGID,
        Capability::SETPCAP,
        Capability::SETUID,
        Capability::SYS_CHROOT,
    ]);

    /// The set of these.
    pub const fn of(capabilities: &[Capability]) -> Self {
        let mut bits = 0;
        let mut i = 0;
        while i < capabilities.len() {
            bits |= 1 << capabilities[i].0;
            i += 1;
        }
        Self(bits)
    }

    /// The set with these bits, as `/proc/PID/status` shows them.
    pub const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// The kernel's form.
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// Is it in the set?
    pub const fn contains(self, capability: Capability) -> bool {
        self.0 >> capability.0 & 1 == 1
    }

    /// With `capability` in it.
    #[must_use]
    pub const fn with(self, capability: Capability) -> Self {
        Self(self.0 | 1 << capability.0)
    }

    /// Without `capability`.
    #[must_use]
    pub const fn without(self, capability: Capability) -> Self {
        Self(self.0 & !(1 << capability.0))
    }

    /// What is in both.
    #[must_use]
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Nothing in it?
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The members, by number.
    pub fn iter(self) -> impl Iterator<Item = Capability> {
        (0..64).map(Capability).filter(move |&c| self.contains(c))
    }

    fn raw(self) -> thread::CapabilitySet {
        thread::CapabilitySet::from_bits_retain(self.0)
    }
}

impl fmt::Debug for CapabilitySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter().map(|c| c.name().unwrap_or("?"))).finish()
    }
}

impl FromIterator<Capability> for CapabilitySet {
    fn from_iter<I: IntoIterator<Item = Capability>>(iter: I) -> Self {
        iter.into_iter().fold(Self::EMPTY, Self::with)
    }
}

/// Who a process is and what it may do: the last thing that a child sets before its filter and its exec.
#[derive(Clone, Copy, Debug)]
pub struct Credentials<'a> {
    /// Real, effective and saved user id, inside the user namespace.
    pub uid: Uid,
    /// Real, effective and saved group id.
    pub gid: Gid,
    /// Supplementary groups; `None` leaves them (a user namespace may forbid `setgroups`).
    pub groups: Option<&'a [Gid]>,
    /// What no exec can ever give back.
    pub bounding: CapabilitySet,
    /// Limit of `effective`. For a user other than 0, exec keeps only what is also in `ambient`.
    pub permitted: CapabilitySet,
    /// In force until the exec.
    pub effective: CapabilitySet,
    /// Kept over exec for files that ask for it.
    pub inheritable: CapabilitySet,
    /// Kept over exec by users other than 0; must be in `permitted` and `inheritable`.
    pub ambient: CapabilitySet,
    /// No exec gains privileges any more: set-id bits and file capabilities are void, filters may be loaded.
    pub no_new_privs: bool,
}

impl<'a> Credentials<'a> {
    /// User `uid` with `capabilities` as upper limit: what container engines give by default.
    ///
    /// Root gets them all; other users none until they become root by a set-id file, which `no_new_privs` forbids.
    pub fn limited_to(capabilities: CapabilitySet, uid: Uid, gid: Gid, groups: &'a [Gid]) -> Self {
        let own = if uid.is_root() { capabilities } else { CapabilitySet::EMPTY };
        Self {
            uid,
            gid,
            groups: Some(groups),
            bounding: capabilities,
            permitted: own,
            effective: own,
            inheritable: CapabilitySet::EMPTY,
            ambient: CapabilitySet::EMPTY,
            no_new_privs: true,
        }
    }

    /// Makes the calling thread be this. Async-signal-safe: no allocation, system calls only.
    ///
    /// The thread must be the process's only one: the kernel keeps all of it per thread. On an error the thread is
    /// something in between; the only sound thing to do then is to exit.
    ///
    /// # Errors
    /// [`CredentialsError`] with the step that failed: `EPERM` when the caller lacks the capability which that step
    /// needs, or asks for one that it does not hold itself.
    pub fn apply(&self) -> Result<(), CredentialsError> {
        // While still privileged: this needs CAP_SETPCAP, which the id change below may cost us.
        drop_bounding(self.bounding).map_err(CredentialsError::at("drop from the bounding set"))?;
        if let Some(groups) = self.groups {
            thread::set_thread_groups(groups).map_err(CredentialsError::at("set supplementary groups"))?;
        }
        thread::set_thread_res_gid(self.gid, self.gid, self.gid)
            .map_err(CredentialsError::at("set the group id"))?;
        // Without it the kernel clears all sets when the last of the three user ids stops being 0.
        let keep = !self.uid.is_root() && !self.permitted.is_empty();
        if keep {
            thread::set_keep_capabilities(true).map_err(CredentialsError::at("keep capabilities"))?;
        }
        thread::set_thread_res_uid(self.uid, self.uid, self.uid)
            .map_err(CredentialsError::at("set the user id"))?;
        thread::clear_ambient_capability_set().map_err(CredentialsError::at("clear the ambient set"))?;
        let sets = CapabilitySets {
            effective: self.effective.raw(),
            permitted: self.permitted.raw(),
            inheritable: self.inheritable.raw(),
        };
        thread::set_capabilities(None, sets).map_err(CredentialsError::at("set capabilities"))?;
        for capability in self.ambient.iter() {
            thread::configure_capability_in_ambient_set(CapabilitySet::of(&[capability]).raw(), true)
                .map_err(CredentialsError::at("raise the ambient set"))?;
        }
        if keep {
            thread::set_keep_capabilities(false).map_err(CredentialsError::at("keep no capabilities"))?;
        }
        if self.no_new_privs {
            thread::set_no_new_privs(true).map_err(CredentialsError::at("set no_new_privs"))?;
        }
        Ok(())
    }
}

/// Which step of [`Credentials::apply`] the kernel refused. Plain data, so that a child can hand it to its parent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("credentials: cannot {step}")]
pub struct CredentialsError {
    /// What was tried.
    pub step: &'static str,
    /// The kernel's answer.
    #[source]
    pub errno: Errno,
}

impl CredentialsError {
    fn at(step: &'static str) -> impl Fn(Errno) -> Self {
        move |errno| Self { step, errno }
    }
}

/// Drops all but `keep`, also those that are newer than this program.
fn drop_bounding(keep: CapabilitySet) -> Result<(), Errno> {
    for number in 0..64 {
        let one = Capability(number);
        if keep.contains(one) {
            continue;
        }
        let raw = CapabilitySet::of(&[one]).raw();
        match thread::capability_is_in_bounding_set(raw) {
            Ok(true) => thread::remove_capability_from_bounding_set(raw)?,
            Ok(false) => {}
            // Past the kernel's last one: numbers have no gaps.
            Err(Errno::INVAL) => break,
            Err(errno) => return Err(errno),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_both_ways() {
        for number in 0..=40 {
            let name = Capability(number).name().unwrap();
            assert_eq!(name.parse(), Ok(Capability(number)));
            assert_eq!(name[4..].to_lowercase().parse(), Ok(Capability(number)));
        }
        assert_eq!(Capability(41).name(), None);
        for bad in ["", "CAP_", "CAP_CHOWN ", "CAP_CAP_CHOWN", "ÄÖÜ"] {
            assert_eq!(bad.parse::<Capability>(), Err(UnknownCapability { name: bad.into() }));
        }
    }

    #[test]
    fn default_set_has_the_documented_members() {
        // The value that a running container shows as CapBnd; computed by hand from capability.h.
        assert_eq!(CapabilitySet::LINUX_DEFAULT.bits(), 0x8004_05fb);
        for absent in [Capability::MKNOD, Capability::NET_RAW, Capability::AUDIT_WRITE, Capability::SYS_ADMIN]
        {
            assert!(!CapabilitySet::LINUX_DEFAULT.contains(absent), "{absent}");
        }
    }

    #[test]
    fn sets_are_sets() {
        let set: CapabilitySet =
            ["CAP_KILL", "CAP_BPF"].iter().map(|n| n.parse::<Capability>().unwrap()).collect();
        assert_eq!(set.iter().collect::<Vec<_>>(), [Capability::KILL, Capability::BPF]);
        assert!(set.without(Capability::KILL).without(Capability::BPF).is_empty());
        assert_eq!(format!("{set:?}"), r#"{"CAP_KILL", "CAP_BPF"}"#);
        assert_eq!(CapabilitySet::ALL.bits(), 0x1ff_ffff_ffff);
    }
}
