//! From rules to ranges of numbers with one verdict each.

use super::profile::{Action, Profile};
use super::syscall::{Abi, X32_BIT, newest};

/// What happens with a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// This, whatever the arguments.
    Always(Action),
    /// It depends on the arguments: the block at this index.
    Block(u16),
}

/// A rule with conditions, and what follows when they don't hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Block {
    /// Index of the rule in the profile.
    pub(super) rule: usize,
    pub(super) otherwise: Verdict,
}

/// All numbers from `start` to the next range's start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) start: u32,
    pub(super) verdict: Verdict,
}

/// The ranges of one value of `seccomp_data.arch`; the first starts at 0.
#[derive(Debug)]
pub(super) struct Architecture {
    pub(super) audit_arch: u32,
    pub(super) ranges: Vec<Range>,
}

/// The number space of every architecture of the profile, and the blocks that their verdicts point to.
pub(super) fn classify(profile: &Profile) -> (Vec<Architecture>, Vec<Block>) {
    let mut blocks = Vec::new();
    let mut architectures: Vec<Architecture> = Vec::new();
    for &abi in &*profile.abis {
        let audit_arch = abi.audit_arch();
        if architectures.iter().any(|done| done.audit_arch == audit_arch) {
            continue;
        }
        let mut ranges = Vec::with_capacity(128);
        if audit_arch == Abi::X86_64.audit_arch() {
            // Two ABIs in one space, apart by a bit.
            append(&mut ranges, profile, Abi::X86_64, &mut blocks);
            append(&mut ranges, profile, Abi::X32, &mut blocks);
        } else {
            append(&mut ranges, profile, abi, &mut blocks);
        }
        architectures.push(Architecture { audit_arch, ranges });
    }
    (architectures, blocks)
}

fn append(ranges: &mut Vec<Range>, profile: &Profile, abi: Abi, blocks: &mut Vec<Block>) {
    if !profile.abis.contains(&abi) {
        return push(ranges, abi.base(), Verdict::Always(profile.other_abi));
    }
    let mut verdicts = vec![Verdict::Always(profile.default); usize::from(newest(abi)) + 1];
    // Backwards, so that each rule finds what follows when it doesn't fit.
    for (index, rule) in profile.rules.iter().enumerate().rev() {
        for number in rule.calls.iter().filter_map(|call| call.bare_number(abi)) {
            let verdict = &mut verdicts[usize::from(number)];
            *verdict = if rule.conditions.is_empty() {
                Verdict::Always(rule.action)
            } else {
                intern(blocks, Block { rule: index, otherwise: *verdict })
            };
        }
    }
    for (number, verdict) in (0..).zip(verdicts) {
        push(ranges, abi.base() + number, verdict);
    }
    push(ranges, abi.base() + u32::from(newest(abi)) + 1, Verdict::Always(profile.newer));
}

/// A new range, unless the one before goes on.
fn push(ranges: &mut Vec<Range>, start: u32, verdict: Verdict) {
    if ranges.last().is_none_or(|last| last.verdict != verdict) {
        ranges.push(Range { start, verdict });
    }
}

/// Equal blocks are one, so that the same call of two ABIs has the same verdict. There are only a few.
fn intern(blocks: &mut Vec<Block>, block: Block) -> Verdict {
    let at = blocks.iter().position(|known| *known == block).unwrap_or_else(|| {
        blocks.push(block);
        blocks.len() - 1
    });
    // One block per rule and following verdict: a profile of 65,536 does not fit into a filter by far, and the
    // program's length is checked in the end; until then any index will do.
    Verdict::Block(u16::try_from(at).unwrap_or(u16::MAX))
}

const _: () = assert!(X32_BIT > u16::MAX as u32, "x86-64 numbers end before x32 numbers begin");
