//! The device allow list of version 2: a BPF program that the kernel asks at every open and mknod of a device.
//!
//! Sources: Linux, Documentation/admin-guide/cgroup-v2.rst "Device controller"; include/uapi/linux/bpf.h
//! (`bpf_cgroup_dev_ctx`, `union bpf_attr`); Documentation/bpf/standardization/instruction-set.rst.
#![expect(unsafe_code, reason = "bpf(2) has no safe wrapper")]

use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use rustix::io::Errno;

use super::devices::{DeviceAccess, DeviceKind, DeviceRule, Devices};
use super::{Cgroup, CgroupError};

/// `struct bpf_insn`.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Instruction {
    code: u8,
    /// Destination in the low half, source in the high half.
    registers: u8,
    offset: i16,
    immediate: u32,
}

const _: () = assert!(size_of::<Instruction>() == 8);

// Operation codes: class, source and operation in one byte.
const LOAD_WORD: u8 = 0x61; // BPF_LDX | BPF_MEM | BPF_W
const MOVE_REGISTER: u8 = 0xbc; // BPF_ALU | BPF_MOV | BPF_X
const AND: u8 = 0x54; // BPF_ALU | BPF_AND | BPF_K
const SHIFT_RIGHT: u8 = 0x74; // BPF_ALU | BPF_RSH | BPF_K
const JUMP_UNEQUAL: u8 = 0x56; // BPF_JMP32 | BPF_JNE | BPF_K
const MOVE: u8 = 0xb7; // BPF_ALU64 | BPF_MOV | BPF_K
const EXIT: u8 = 0x95; // BPF_JMP | BPF_EXIT

// Registers: the verdict, the context, and what is unpacked from it.
const VERDICT: u8 = 0;
const CONTEXT: u8 = 1;
const ACCESS: u8 = 2;
const KIND: u8 = 3;
const MAJOR: u8 = 4;
const MINOR: u8 = 5;

const fn instruction(code: u8, destination: u8, source: u8, offset: i16, immediate: u32) -> Instruction {
    Instruction { code, registers: destination | source << 4, offset, immediate }
}

/// The program that allows what any of `rules` allows and refuses the rest.
fn program(rules: &[DeviceRule]) -> Vec<Instruction> {
    let mut code = vec![
        // struct bpf_cgroup_dev_ctx { u32 access_type; u32 major; u32 minor; }, access_type = access << 16 | kind.
        instruction(LOAD_WORD, ACCESS, CONTEXT, 0, 0),
        instruction(MOVE_REGISTER, KIND, ACCESS, 0, 0),
        instruction(AND, KIND, 0, 0, 0xffff),
        instruction(SHIFT_RIGHT, ACCESS, 0, 0, 16),
        instruction(LOAD_WORD, MAJOR, CONTEXT, 4, 0),
        instruction(LOAD_WORD, MINOR, CONTEXT, 8, 0),
    ];
    for rule in rules {
        let start = code.len();
        let kind = match rule.kind {
            DeviceKind::Block => 1,     // BPF_DEVCG_DEV_BLOCK
            DeviceKind::Character => 2, // BPF_DEVCG_DEV_CHAR
        };
        code.push(instruction(JUMP_UNEQUAL, KIND, 0, 0, kind));
        // DeviceAccess has the kernel's bits: BPF_DEVCG_ACC_MKNOD 1, READ 2, WRITE 4.
        let forbidden = DeviceAccess::all().difference(rule.access).bits();
        if forbidden != 0 {
            code.push(instruction(MOVE_REGISTER, VERDICT, ACCESS, 0, 0));
            code.push(instruction(AND, VERDICT, 0, 0, forbidden.into()));
            code.push(instruction(JUMP_UNEQUAL, VERDICT, 0, 0, 0));
        }
        for (register, number) in [(MAJOR, rule.major), (MINOR, rule.minor)] {
            if let Some(number) = number {
                code.push(instruction(JUMP_UNEQUAL, register, 0, 0, number));
            }
        }
        code.push(instruction(MOVE, VERDICT, 0, 0, 1));
        code.push(instruction(EXIT, 0, 0, 0, 0));
        // Every comparison of this rule leaves for the next one.
        let end = code.len();
        for (i, at) in code[start..].iter_mut().enumerate().filter(|(_, at)| at.code == JUMP_UNEQUAL) {
            // A rule has at most nine instructions.
            #[expect(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "at most 8")]
            let skip = (end - start - i - 1) as i16;
            at.offset = skip;
        }
    }
    code.push(instruction(MOVE, VERDICT, 0, 0, 0));
    code.push(instruction(EXIT, 0, 0, 0, 0));
    code
}

/// Puts the program for `devices` in place of those that are attached to the cgroup itself.
///
/// Programs of one cgroup and of its ancestors all have to agree, so between the two steps the old and the new list
/// are both in force: at no moment is more allowed than one of them allows. Groups that the container makes may get
/// programs of their own, which can only take away.
pub(super) fn replace(cgroup: &Cgroup, devices: &Devices) -> Result<(), CgroupError> {
    let part = cgroup.need_unified()?;
    let failed = |action| move |errno| cgroup.io(part, action, "the device program", errno);
    let old = attached(part.dir()).map_err(failed("list"))?;
    if let Devices::Only(rules) = devices {
        let new = load(&program(rules)).map_err(failed("load"))?;
        attach(part.dir(), &new).map_err(failed("attach"))?;
    }
    for id in old {
        match by_id(id) {
            Ok(old) => detach(part.dir(), &old).map_err(failed("detach"))?,
            // Gone since it was listed.
            Err(Errno::NOENT) => {}
            Err(errno) => return Err(failed("open")(errno)),
        }
    }
    Ok(())
}

const BPF_PROG_LOAD: libc::c_int = 5;
const BPF_PROG_ATTACH: libc::c_int = 8;
const BPF_PROG_DETACH: libc::c_int = 9;
const BPF_PROG_GET_FD_BY_ID: libc::c_int = 13;
const BPF_PROG_QUERY: libc::c_int = 16;

const BPF_PROG_TYPE_CGROUP_DEVICE: u32 = 15;
const BPF_CGROUP_DEVICE: u32 = 6;
const BPF_F_ALLOW_MULTI: u32 = 2;

/// How many programs on one cgroup we can replace. The kernel's own limit is 64.
const MOST_PROGRAMS: usize = 64;

// The members of `union bpf_attr` that each command uses, up to the last one needed; the kernel takes the rest as 0.

#[repr(C)]
struct LoadAttributes {
    kind: u32,
    instruction_count: u32,
    instructions: u64,
    license: u64,
    log_level: u32,
    log_size: u32,
    log_buffer: u64,
    kernel_version: u32,
    flags: u32,
    name: [u8; 16],
    interface: u32,
    attach_kind: u32,
}

#[repr(C)]
struct AttachAttributes {
    target: u32,
    program: u32,
    kind: u32,
    flags: u32,
}

#[repr(C)]
struct QueryAttributes {
    target: u32,
    kind: u32,
    query_flags: u32,
    attach_flags: u32,
    ids: u64,
    count: u32,
    padding: u32,
}

/// # Safety
/// `T` is `repr(C)`, has no padding, and is laid out as the union's members for `command`; pointers in it are valid
/// for what `command` does with them.
unsafe fn bpf<T>(command: libc::c_int, attributes: &mut T) -> Result<libc::c_int, Errno> {
    // SAFETY: the pointer and size describe `attributes`, which we hold mutably; the rest is the caller's contract.
    let result =
        unsafe { libc::syscall(libc::SYS_bpf, command, std::ptr::from_mut(attributes), size_of::<T>()) };
    match result {
        // bpf(2) returns descriptors and 0, which are in the range of int.
        #[expect(clippy::cast_possible_truncation, reason = "an int by the call's definition")]
        0.. => Ok(result as libc::c_int),
        _ => Err(Errno::from_io_error(&std::io::Error::last_os_error()).unwrap_or(Errno::INVAL)),
    }
}

fn number(fd: &impl AsRawFd) -> u32 {
    // Open descriptors are never negative.
    fd.as_raw_fd().cast_unsigned()
}

fn load(code: &[Instruction]) -> Result<OwnedFd, Errno> {
    let mut attributes = LoadAttributes {
        kind: BPF_PROG_TYPE_CGROUP_DEVICE,
        instruction_count: u32::try_from(code.len()).map_err(|_| Errno::TOOBIG)?,
        instructions: code.as_ptr() as u64,
        license: c"MIT".as_ptr() as u64,
        log_level: 0,
        log_size: 0,
        log_buffer: 0,
        kernel_version: 0,
        flags: 0,
        name: *b"hcs_devices\0\0\0\0\0",
        interface: 0,
        attach_kind: BPF_CGROUP_DEVICE,
    };
    // SAFETY: LoadAttributes follows the members of BPF_PROG_LOAD; `instructions` points to `instruction_count`
    // readable instructions (asserted to be 8 bytes each) and `license` to a NUL-terminated text, both alive for the
    // call.
    let fd = unsafe { bpf(BPF_PROG_LOAD, &mut attributes) }?;
    // SAFETY: a successful BPF_PROG_LOAD returns a new descriptor that nobody else owns.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

fn attach(target: BorrowedFd<'_>, program: &OwnedFd) -> Result<(), Errno> {
    let mut attributes = AttachAttributes {
        target: number(&target),
        program: number(program),
        kind: BPF_CGROUP_DEVICE,
        flags: BPF_F_ALLOW_MULTI,
    };
    // SAFETY: AttachAttributes follows the members of BPF_PROG_ATTACH and holds no pointers.
    unsafe { bpf(BPF_PROG_ATTACH, &mut attributes) }.map(|_| ())
}

fn detach(target: BorrowedFd<'_>, program: &OwnedFd) -> Result<(), Errno> {
    let mut attributes = AttachAttributes {
        target: number(&target),
        program: number(program),
        kind: BPF_CGROUP_DEVICE,
        flags: 0,
    };
    // SAFETY: BPF_PROG_DETACH has the members of BPF_PROG_ATTACH; no pointers.
    match unsafe { bpf(BPF_PROG_DETACH, &mut attributes) } {
        Ok(_) | Err(Errno::NOENT) => Ok(()),
        Err(errno) => Err(errno),
    }
}

/// The ids of the device programs on the cgroup itself.
fn attached(target: BorrowedFd<'_>) -> Result<Vec<u32>, Errno> {
    let mut ids = vec![0_u32; MOST_PROGRAMS];
    let mut attributes = QueryAttributes {
        target: number(&target),
        kind: BPF_CGROUP_DEVICE,
        query_flags: 0,
        attach_flags: 0,
        ids: ids.as_mut_ptr() as u64,
        count: 64,
        padding: 0,
    };
    // SAFETY: QueryAttributes follows the members of BPF_PROG_QUERY; `ids` points to `count` writable u32.
    unsafe { bpf(BPF_PROG_QUERY, &mut attributes) }?;
    ids.truncate(attributes.count as usize);
    Ok(ids)
}

fn by_id(id: u32) -> Result<OwnedFd, Errno> {
    /// `prog_id`, `next_id`, `open_flags`.
    #[repr(C)]
    struct IdAttributes([u32; 3]);
    // SAFETY: three u32 are the members of BPF_PROG_GET_FD_BY_ID; no pointers.
    let fd = unsafe { bpf(BPF_PROG_GET_FD_BY_ID, &mut IdAttributes([id, 0, 0])) }?;
    // SAFETY: a successful BPF_PROG_GET_FD_BY_ID returns a new descriptor that nobody else owns.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::STANDARD_DEVICES;
    use super::*;

    /// What the kernel would do with the few instructions used here.
    fn run(code: &[Instruction], access: u32, kind: u32, major: u32, minor: u32) -> u32 {
        let context = [access << 16 | kind, major, minor];
        let mut registers = [0_u32; 6];
        let mut at = 0;
        loop {
            let i = code[at];
            let (destination, source) = (usize::from(i.registers & 15), usize::from(i.registers >> 4));
            at += 1;
            match i.code {
                LOAD_WORD => registers[destination] = context[usize::try_from(i.offset).unwrap() / 4],
                MOVE_REGISTER => registers[destination] = registers[source],
                AND => registers[destination] &= i.immediate,
                SHIFT_RIGHT => registers[destination] >>= i.immediate,
                JUMP_UNEQUAL if registers[destination] != i.immediate => {
                    at += usize::try_from(i.offset).unwrap();
                }
                JUMP_UNEQUAL => {}
                MOVE => registers[destination] = i.immediate,
                EXIT => return registers[0],
                other => panic!("instruction {other:#x}"),
            }
        }
    }

    fn expected(rules: &[DeviceRule], access: u32, kind: u32, major: u32, minor: u32) -> u32 {
        rules
            .iter()
            .any(|rule| {
                let same_kind = kind == if rule.kind == DeviceKind::Block { 1 } else { 2 };
                same_kind
                    && access & !u32::from(rule.access.bits()) == 0
                    && rule.major.is_none_or(|n| n == major)
                    && rule.minor.is_none_or(|n| n == minor)
            })
            .into()
    }

    #[test]
    fn the_standard_list_allows_its_devices_only() {
        let code = program(&STANDARD_DEVICES);
        for (major, minor, allowed) in
            [(1, 3, 1), (1, 1, 0), (1, 11, 0), (5, 0, 1), (5, 1, 0), (136, 77, 1), (137, 0, 0), (10, 200, 0)]
        {
            assert_eq!(run(&code, 2 | 4, 2, major, minor), allowed, "c {major}:{minor}");
            assert_eq!(run(&code, 2, 1, major, minor), 0, "b {major}:{minor}");
        }
    }

    proptest! {
        #[test]
        fn the_program_is_the_list(
            rules in proptest::collection::vec(
                (any::<bool>(), proptest::option::of(0_u32..4), proptest::option::of(0_u32..4), 0_u8..8).prop_map(
                    |(block, major, minor, access)| DeviceRule {
                        kind: if block { DeviceKind::Block } else { DeviceKind::Character },
                        major,
                        minor,
                        access: DeviceAccess::from_bits_truncate(access),
                    },
                ),
                0..6,
            ),
        ) {
            let code = program(&rules);
            for (access, kind, major, minor) in
                (1..8).flat_map(|a| (1..3).flat_map(move |k| (0..5).flat_map(move |x| (0..5).map(move |y| (a, k, x, y)))))
            {
                prop_assert_eq!(
                    run(&code, access, kind, major, minor),
                    expected(&rules, access, kind, major, minor)
                );
            }
        }
    }
}
