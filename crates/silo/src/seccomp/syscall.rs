//! System calls by name, and their numbers in each ABI.

use std::fmt;

use super::numbers::{NONE, TABLE};

/// How a program talks to the kernel: call numbers and argument widths depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Abi {
    /// 64-bit programs on x86-64.
    X86_64,
    /// 32-bit programs on x86, and `int 0x80` from any program.
    I386,
    /// 64-bit programs with 32-bit pointers on x86-64; most kernels don't have it.
    X32,
    /// 64-bit programs on ARM.
    Aarch64,
}

/// The bit that tells x32 numbers from those of x86-64 (`__X32_SYSCALL_BIT`).
pub(super) const X32_BIT: u32 = 0x4000_0000;

impl Abi {
    /// What the kernel runs on this machine.
    pub const NATIVE: &'static [Self] = if cfg!(target_arch = "x86_64") {
        &[Self::X86_64, Self::I386, Self::X32]
    } else if cfg!(target_arch = "aarch64") {
        &[Self::Aarch64]
    } else {
        &[]
    };

    /// The value of `seccomp_data.arch` (`AUDIT_ARCH_…`, linux/audit.h). x32 shares that of x86-64.
    pub const fn audit_arch(self) -> u32 {
        match self {
            Self::X86_64 | Self::X32 => 0xc000_003e,
            Self::I386 => 0x4000_0003,
            Self::Aarch64 => 0xc000_00b7,
        }
    }

    /// What is added to a number of the table.
    pub(super) const fn base(self) -> u32 {
        match self {
            Self::X32 => X32_BIT,
            Self::X86_64 | Self::I386 | Self::Aarch64 => 0,
        }
    }

    const fn column(self) -> usize {
        match self {
            Self::X86_64 => 0,
            Self::I386 => 1,
            Self::X32 => 2,
            Self::Aarch64 => 3,
        }
    }
}

/// A system call that this version knows.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Syscall(u16);

impl Syscall {
    /// By the kernel's name. `None` for a name that no ABI of the table has: calls of other architectures, which
    /// profiles name as well, and calls newer than this version.
    pub fn named(name: &str) -> Option<Self> {
        // The table has a few hundred rows.
        TABLE.binary_search_by(|row| row.0.cmp(name)).ok().and_then(|at| u16::try_from(at).ok()).map(Self)
    }

    /// All of them, by name.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..).zip(TABLE).map(|(index, _)| Self(index))
    }

    /// The kernel's name.
    pub fn name(self) -> &'static str {
        TABLE[usize::from(self.0)].0
    }

    /// What `seccomp_data.nr` holds for it, the x32 bit included.
    pub fn number(self, abi: Abi) -> Option<u32> {
        self.bare_number(abi).map(|number| u32::from(number) + abi.base())
    }

    pub(super) fn bare_number(self, abi: Abi) -> Option<u16> {
        Some(TABLE[usize::from(self.0)].1[abi.column()]).filter(|&number| number != NONE)
    }
}

impl fmt::Debug for Syscall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The largest number of an ABI, without the x32 bit. What is above was added to the kernel later.
pub(super) const fn newest(abi: Abi) -> u16 {
    let mut newest = 0;
    let mut i = 0;
    while i < TABLE.len() {
        let number = TABLE[i].1[abi.column()];
        if number != NONE && number > newest {
            newest = number;
        }
        i += 1;
    }
    newest
}

/// Looks names up while the program is compiled: a misspelt one does not compile, and nothing is left to do at a
/// container's start.
pub(super) const fn named<const COUNT: usize>(names: [&str; COUNT]) -> [Syscall; COUNT] {
    let mut calls = [Syscall(0); COUNT];
    let mut i = 0;
    while i < COUNT {
        calls[i] = Syscall(index_of(names[i]));
        i += 1;
    }
    calls
}

const fn index_of(name: &str) -> u16 {
    let (mut low, mut high) = (0, TABLE.len());
    while low < high {
        let middle = usize::midpoint(low, high);
        if less(TABLE[middle].0.as_bytes(), name.as_bytes()) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    assert!(
        low < TABLE.len() && equal(TABLE[low].0.as_bytes(), name.as_bytes()),
        "no system call of this name"
    );
    #[expect(clippy::cast_possible_truncation, reason = "the table has a few hundred rows")]
    return low as u16;
}

const fn less(a: &[u8], b: &[u8]) -> bool {
    let mut i = 0;
    while i < a.len() && i < b.len() {
        if a[i] != b[i] {
            return a[i] < b[i];
        }
        i += 1;
    }
    a.len() < b.len()
}

const fn equal(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && !less(a, b) && !less(b, a)
}

// Both searches rely on it.
const _: () = {
    let mut i = 1;
    while i < TABLE.len() {
        assert!(less(TABLE[i - 1].0.as_bytes(), TABLE[i].0.as_bytes()));
        i += 1;
    }
};
