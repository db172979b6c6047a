//! What a filter is to do: rules over calls and their arguments.

use std::borrow::Cow;

use super::syscall::{Abi, Syscall};

/// What the kernel does with a call (`SECCOMP_RET_…`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// The whole process ends as if by SIGSYS.
    KillProcess,
    /// The calling thread ends.
    KillThread,
    /// SIGSYS is sent.
    Trap,
    /// The call returns this error number (at most 4095) without being made.
    Errno(u16),
    /// A tracer decides; without one the call returns ENOSYS.
    Trace(u16),
    /// The call is made and logged.
    Log,
    /// The call is made.
    Allow,
}

impl Action {
    /// "Operation not permitted", the usual answer for a call that is not allowed.
    pub const EPERM: Self = Self::Errno(1);
    /// "Function not implemented": C libraries then use an older call.
    pub const ENOSYS: Self = Self::Errno(38);

    /// The value that a filter returns for it.
    pub const fn word(self) -> u32 {
        match self {
            Self::KillProcess => 0x8000_0000,
            Self::KillThread => 0,
            Self::Trap => 0x0003_0000,
            Self::Errno(errno) => 0x0005_0000 | errno as u32,
            Self::Trace(message) => 0x7ff0_0000 | message as u32,
            Self::Log => 0x7ffc_0000,
            Self::Allow => 0x7fff_0000,
        }
    }
}

/// How an argument is compared. All 64 bits count; the upper half is 0 for 32-bit programs.
///
/// Beware of calls that take an `int`: the kernel looks at the lower half only, a program can put anything into the
/// upper. [`Comparison::MaskedEqual`] with a mask of 32 bits is then the right one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Comparison {
    /// `argument == value`
    Equal(u64),
    /// `argument != value`
    NotEqual(u64),
    /// `argument < value`
    Less(u64),
    /// `argument <= value`
    LessOrEqual(u64),
    /// `argument > value`
    Greater(u64),
    /// `argument >= value`
    GreaterOrEqual(u64),
    /// `argument & mask == value`
    MaskedEqual {
        /// Which bits count.
        mask: u64,
        /// What they have to be.
        value: u64,
    },
}

impl Comparison {
    /// Does `argument` fulfil it?
    pub const fn holds(self, argument: u64) -> bool {
        match self {
            Self::Equal(value) => argument == value,
            Self::NotEqual(value) => argument != value,
            Self::Less(value) => argument < value,
            Self::LessOrEqual(value) => argument <= value,
            Self::Greater(value) => argument > value,
            Self::GreaterOrEqual(value) => argument >= value,
            Self::MaskedEqual { mask, value } => argument & mask == value,
        }
    }
}

/// A comparison of one argument of the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Condition {
    /// 0 to 5.
    pub argument: u8,
    /// What has to hold.
    pub comparison: Comparison,
}

/// What happens with some calls when all conditions hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Calls that an ABI does not have are left out there.
    pub calls: Cow<'static, [Syscall]>,
    /// All of them; none means always.
    pub conditions: Cow<'static, [Condition]>,
    /// What is done.
    pub action: Action,
}

impl Rule {
    /// `action` for `calls`, whatever their arguments.
    pub const fn always(calls: &'static [Syscall], action: Action) -> Self {
        Self { calls: Cow::Borrowed(calls), conditions: Cow::Borrowed(&[]), action }
    }

    /// `action` for `calls` when all of `conditions` hold.
    pub const fn when(calls: &'static [Syscall], conditions: &'static [Condition], action: Action) -> Self {
        Self { calls: Cow::Borrowed(calls), conditions: Cow::Borrowed(conditions), action }
    }
}

/// A whole filter. The first rule that fits a call decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// For calls that no rule fits.
    pub default: Action,
    /// For numbers above the newest call that this version knows: not refused, but not there, so that programs that
    /// try a new call go on with an older one.
    pub newer: Action,
    /// The ABIs in which programs may call at all.
    pub abis: Cow<'static, [Abi]>,
    /// For the other ABIs. Their numbers mean other calls, so nothing can be said about a single one.
    pub other_abi: Action,
    /// In order.
    pub rules: Vec<Rule>,
}

impl Profile {
    /// What the profile says of one call, by going through its rules: the definition that compiled filters are tested
    /// against. `number` has the x32 bit for x32.
    pub fn decide(&self, abi: Abi, number: u32, arguments: &[u64; 6]) -> Action {
        if !self.abis.contains(&abi) {
            return self.other_abi;
        }
        if number.wrapping_sub(abi.base()) > super::syscall::newest(abi).into() {
            return self.newer;
        }
        let fits = |rule: &&Rule| {
            rule.calls.iter().any(|call| call.number(abi) == Some(number))
                && rule.conditions.iter().all(|c| c.comparison.holds(arguments[usize::from(c.argument)]))
        };
        self.rules.iter().find(fits).map_or(self.default, |rule| rule.action)
    }
}
