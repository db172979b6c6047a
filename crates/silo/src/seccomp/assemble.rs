//! From ranges to instructions.
//!
//! Jumps of the classic BPF machine go forward only, and conditional ones by at most 255 instructions. So the program
//! is built from its end: whatever an instruction jumps to is there already, and its place is known.

use super::classify::{Block, Range, Verdict, classify};
use super::profile::{Action, Comparison, Condition, Profile, Rule};

/// `struct sock_filter`.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instruction {
    /// What to do.
    pub code: u16,
    /// How many instructions to skip when a comparison holds.
    pub jump_true: u8,
    /// And when it doesn't.
    pub jump_false: u8,
    /// The operand.
    pub operand: u32,
}

const _: () = assert!(size_of::<Instruction>() == size_of::<libc::sock_filter>());

// Operation codes, linux/bpf_common.h.
pub(super) const LOAD: u16 = 0x20; // BPF_LD | BPF_W | BPF_ABS
pub(super) const AND: u16 = 0x54; // BPF_ALU | BPF_AND | BPF_K
pub(super) const JUMP: u16 = 0x05; // BPF_JMP | BPF_JA
pub(super) const JUMP_EQUAL: u16 = 0x15; // BPF_JMP | BPF_JEQ | BPF_K
pub(super) const JUMP_GREATER: u16 = 0x25; // BPF_JMP | BPF_JGT | BPF_K
pub(super) const JUMP_GREATER_EQUAL: u16 = 0x35; // BPF_JMP | BPF_JGE | BPF_K
pub(super) const RETURN: u16 = 0x06; // BPF_RET | BPF_K

// Offsets in `struct seccomp_data`.
pub(super) const NUMBER: u32 = 0;
pub(super) const ARCHITECTURE: u32 = 4;
pub(super) const ARGUMENTS: u32 = 16;

/// The longest program that the kernel takes (`BPF_MAXINSNS`).
const LONGEST: usize = 4096;

/// A profile can't be made into a filter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CompileError {
    /// More instructions than the kernel takes.
    #[error("the system call filter would have {instructions} instructions, the kernel takes {LONGEST}")]
    TooLong {
        /// How many there would be.
        instructions: usize,
    },
    /// A rule compares an argument that calls don't have.
    #[error(
        "rule {rule} of the system call filter compares argument {argument}; calls have arguments 0 to 5"
    )]
    Argument {
        /// Index of the rule.
        rule: usize,
        /// What it asks for.
        argument: u8,
    },
    /// An error number that the kernel would cut off.
    #[error(
        "rule or default {rule} of the system call filter answers with errno {errno}; the largest is 4095"
    )]
    Errno {
        /// Index of the rule; the number of rules for a default.
        rule: usize,
        /// What it asks for.
        errno: u16,
    },
}

/// A compiled profile, ready to be loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    instructions: Vec<Instruction>,
}

impl Filter {
    /// Compiles `profile`.
    ///
    /// # Errors
    /// [`CompileError`] for a profile that is not the default ones: those are compiled by tests.
    pub fn compile(profile: &Profile) -> Result<Self, CompileError> {
        check(profile)?;
        let (architectures, blocks) = classify(profile);
        // Every block has at least one instruction. Checked here, because blocks are followed by recursion.
        if blocks.len() > LONGEST {
            return Err(CompileError::TooLong { instructions: blocks.len() });
        }
        let mut program = Program::new(&profile.rules, &blocks);
        let mut start = program.to(Verdict::Always(profile.other_abi));
        for architecture in architectures.iter().rev() {
            let search = program.search(&architecture.ranges);
            let search = program.put(LOAD, NUMBER, search);
            start = program.branch(JUMP_EQUAL, architecture.audit_arch, search, start);
        }
        program.put(LOAD, ARCHITECTURE, start);
        program.finish()
    }

    /// The program.
    pub fn instructions(&self) -> &[Instruction] {
        &self.instructions
    }
}

fn check(profile: &Profile) -> Result<(), CompileError> {
    let actions = profile.rules.iter().map(|rule| rule.action);
    let defaults = [profile.default, profile.newer, profile.other_abi];
    for (rule, action) in actions.enumerate().chain(defaults.map(|action| (profile.rules.len(), action))) {
        if let Action::Errno(errno @ 4096..) = action {
            return Err(CompileError::Errno { rule, errno });
        }
    }
    for (rule, conditions) in profile.rules.iter().map(|rule| &rule.conditions).enumerate() {
        if let Some(bad) = conditions.iter().find(|c| c.argument > 5) {
            return Err(CompileError::Argument { rule, argument: bad.argument });
        }
    }
    Ok(())
}

/// An instruction by its distance from the program's end; the last one is 1.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Place(usize);

struct Program<'a> {
    /// From the last to the first.
    backwards: Vec<Instruction>,
    rules: &'a [Rule],
    blocks: &'a [Block],
    /// Where each block begins, once it is there.
    block_places: Vec<Option<Place>>,
    /// Where each action was last returned.
    returns: Vec<(Action, Place)>,
}

impl<'a> Program<'a> {
    fn new(rules: &'a [Rule], blocks: &'a [Block]) -> Self {
        Self {
            backwards: Vec::with_capacity(640),
            rules,
            blocks,
            block_places: vec![None; blocks.len()],
            returns: Vec::with_capacity(8),
        }
    }

    /// Writes a comparison before all else; it continues at `yes` or `no`.
    fn branch(&mut self, code: u16, operand: u32, yes: Place, no: Place) -> Place {
        // Two targets that are far away may each need an instruction for the jump.
        let yes = self.near(yes);
        let no = self.near(no);
        let (yes, no) = (self.distance(yes), self.distance(no));
        #[expect(clippy::cast_possible_truncation, reason = "near() keeps targets within reach")]
        self.backwards.push(Instruction { code, jump_true: yes as u8, jump_false: no as u8, operand });
        Place(self.backwards.len())
    }

    /// Writes any other instruction before all else; it continues at `next`.
    fn put(&mut self, code: u16, operand: u32, next: Place) -> Place {
        if next.0 != self.backwards.len() {
            // What comes next is shared code somewhere else.
            self.jump(next);
        }
        self.backwards.push(Instruction { code, jump_true: 0, jump_false: 0, operand });
        Place(self.backwards.len())
    }

    fn jump(&mut self, target: Place) -> Place {
        // LONGEST is checked in the end; a program that is longer is never used.
        let operand = u32::try_from(self.distance(target)).unwrap_or(u32::MAX);
        self.backwards.push(Instruction { code: JUMP, jump_true: 0, jump_false: 0, operand });
        Place(self.backwards.len())
    }

    /// How many instructions one that is written now has to skip.
    fn distance(&self, target: Place) -> usize {
        self.backwards.len() - target.0
    }

    /// `target`, or a jump to it that is within reach for the next few instructions.
    fn near(&mut self, target: Place) -> Place {
        // One less than the field holds: the other target of the same instruction may put a jump in between.
        const REACH: usize = 254;
        if self.distance(target) <= REACH { target } else { self.jump(target) }
    }

    /// Code for `verdict`, shared where it is near.
    fn to(&mut self, verdict: Verdict) -> Place {
        match verdict {
            Verdict::Always(action) => self.give(action),
            Verdict::Block(index) => {
                let index = usize::from(index);
                if let Some(place) = self.block_places[index] {
                    return place;
                }
                let place = self.block(self.blocks[index]);
                self.block_places[index] = Some(place);
                place
            }
        }
    }

    fn give(&mut self, action: Action) -> Place {
        // A return is as short as the jump to a far one.
        const REACH: usize = 250;
        let known = self.returns.iter().position(|(known, _)| *known == action);
        if let Some(at) = known {
            let place = self.returns[at].1;
            if self.distance(place) <= REACH {
                return place;
            }
        }
        let place = self.put(RETURN, action.word(), Place(self.backwards.len()));
        match known {
            Some(at) => self.returns[at].1 = place,
            None => self.returns.push((action, place)),
        }
        place
    }

    fn block(&mut self, block: Block) -> Place {
        let otherwise = self.to(block.otherwise);
        let rule = &self.rules[block.rule];
        let mut fits = self.give(rule.action);
        for condition in rule.conditions.iter().rev() {
            fits = self.compare(*condition, fits, otherwise);
        }
        fits
    }

    fn compare(&mut self, Condition { argument, comparison }: Condition, yes: Place, no: Place) -> Place {
        let low_half = ARGUMENTS + u32::from(argument) * 8;
        let high_half = low_half + 4;
        match comparison {
            Comparison::NotEqual(value) => self.equal([low_half, high_half], u64::MAX, value, no, yes),
            Comparison::Equal(value) => self.equal([low_half, high_half], u64::MAX, value, yes, no),
            Comparison::MaskedEqual { mask, value } => {
                self.equal([low_half, high_half], mask, value, yes, no)
            }
            Comparison::Greater(value) => self.order([low_half, high_half], JUMP_GREATER, value, yes, no),
            Comparison::GreaterOrEqual(value) => {
                self.order([low_half, high_half], JUMP_GREATER_EQUAL, value, yes, no)
            }
            Comparison::Less(value) => self.order([low_half, high_half], JUMP_GREATER_EQUAL, value, no, yes),
            Comparison::LessOrEqual(value) => self.order([low_half, high_half], JUMP_GREATER, value, no, yes),
        }
    }

    fn equal(
        &mut self,
        [low_half, high_half]: [u32; 2],
        mask: u64,
        value: u64,
        yes: Place,
        no: Place,
    ) -> Place {
        if value & !mask != 0 {
            return self.jump(no);
        }
        let mut place = yes;
        for (offset, mask, value) in [(low_half, low(mask), low(value)), (high_half, high(mask), high(value))]
        {
            // Bits that don't count need no look; but something has to be written, so that the block has a place.
            if mask == 0 {
                continue;
            }
            place = self.branch(JUMP_EQUAL, value, place, no);
            if mask != u32::MAX {
                place = self.put(AND, mask, place);
            }
            place = self.put(LOAD, offset, place);
        }
        if place == yes { self.jump(yes) } else { place }
    }

    fn order(
        &mut self,
        [low_half, high_half]: [u32; 2],
        code: u16,
        value: u64,
        yes: Place,
        no: Place,
    ) -> Place {
        let place = self.branch(code, low(value), yes, no);
        let place = self.put(LOAD, low_half, place);
        let place = self.branch(JUMP_EQUAL, high(value), place, no);
        let place = self.branch(JUMP_GREATER, high(value), yes, place);
        self.put(LOAD, high_half, place)
    }

    /// Finds the range of the number in the accumulator by halving.
    fn search(&mut self, ranges: &[Range]) -> Place {
        match ranges {
            [only] => self.to(only.verdict),
            // One number between neighbours that agree needs one comparison, not two.
            [before, one, after] if before.verdict == after.verdict && after.start == one.start + 1 => {
                let around = self.to(before.verdict);
                let one_place = self.to(one.verdict);
                self.branch(JUMP_EQUAL, one.start, one_place, around)
            }
            _ => {
                let (left, right) = ranges.split_at(ranges.len() / 2);
                let start = right.first().map_or(0, |range| range.start);
                let right = self.search(right);
                let left = self.search(left);
                self.branch(JUMP_GREATER_EQUAL, start, right, left)
            }
        }
    }

    fn finish(mut self) -> Result<Filter, CompileError> {
        if self.backwards.len() > LONGEST {
            return Err(CompileError::TooLong { instructions: self.backwards.len() });
        }
        self.backwards.reverse();
        Ok(Filter { instructions: self.backwards })
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the lower half")]
const fn low(value: u64) -> u32 {
    value as u32
}

const fn high(value: u64) -> u32 {
    low(value >> 32)
}
