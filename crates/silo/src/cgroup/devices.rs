//! Which device nodes a container may open and make: an allow list, everything else is refused.
//!
//! Version 1 has the `devices` controller, version 2 a BPF program on the group (`device_program.rs`). Both look at a
//! device's kind and numbers, so a node that is made or found inside the container opens no way around.
//!
//! Source: Linux, Documentation/admin-guide/cgroup-v1/devices.rst; numbers: Documentation/admin-guide/devices.txt.

use std::io::Write;

use hcs_fault::Point;
use serde::de::{Error, Unexpected};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::create::Part;
use super::{Cgroup, CgroupError, file};

/// Character or block device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DeviceKind {
    /// `c`
    Character,
    /// `b`
    Block,
}

bitflags::bitflags! {
    /// What may be done with a device.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct DeviceAccess: u8 {
        /// `m`: make a node of it.
        const MAKE = 1;
        /// `r`: open it for reading.
        const READ = 2;
        /// `w`: open it for writing.
        const WRITE = 4;
    }
}

impl Serialize for DeviceAccess {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.bits().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for DeviceAccess {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let bits = u8::deserialize(deserializer)?;
        let expected = "bits of make (1), read (2) and write (4)";
        Self::from_bits(bits)
            .ok_or_else(|| D::Error::invalid_value(Unexpected::Unsigned(bits.into()), &expected))
    }
}

/// Allows one device, or all of a major number, or all of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceRule {
    /// Character or block.
    pub kind: DeviceKind,
    /// `None` is every number.
    pub major: Option<u32>,
    /// `None` is every number.
    pub minor: Option<u32>,
    /// What is allowed. An open for reading and writing needs both in the same rule.
    pub access: DeviceAccess,
}

impl DeviceRule {
    /// Allows the character device `major`:`minor` (all minors for `None`) for everything.
    pub const fn character(major: u32, minor: Option<u32>) -> Self {
        Self { kind: DeviceKind::Character, major: Some(major), minor, access: DeviceAccess::all() }
    }
}

/// The devices of a cgroup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Devices {
    /// Every device of the host: for privileged containers only.
    All,
    /// These and no other.
    Only(Box<[DeviceRule]>),
}

/// What every container needs: null, zero, full, random, urandom, tty, ptmx, and the ptys (majors 136 to 143 are one
/// driver, but the kernel gives out 136 only).
///
/// Making other nodes is not allowed either, unlike with other engines: such a node could not be opened, and its
/// existence only helps who later finds a way to use it.
pub const STANDARD_DEVICES: [DeviceRule; 8] = [
    DeviceRule::character(1, Some(3)),
    DeviceRule::character(1, Some(5)),
    DeviceRule::character(1, Some(7)),
    DeviceRule::character(1, Some(8)),
    DeviceRule::character(1, Some(9)),
    DeviceRule::character(5, Some(0)),
    DeviceRule::character(5, Some(2)),
    DeviceRule::character(136, None),
];

impl Devices {
    /// [`STANDARD_DEVICES`] and no other.
    pub fn standard() -> Self {
        Self::Only(STANDARD_DEVICES.into())
    }
}

/// The file of version 1 to which each rule is written.
const ALLOW: &str = "devices.allow";

impl Cgroup {
    /// Puts the allow list of the version 1 controller in place of the present one.
    pub(super) fn set_legacy_devices(&self, part: &Part, devices: &Devices) -> Result<(), CgroupError> {
        let Devices::Only(rules) = devices else {
            return self.write(part, ALLOW, b"a");
        };
        self.write(part, "devices.deny", b"a")?;
        let at = |errno| self.io(part, "write", ALLOW, errno);
        let file = file::open_to_write(part.dir(), ALLOW).map_err(at)?;
        let mut line = Vec::with_capacity(32);
        for rule in rules {
            line.clear();
            rule.write_v1(&mut line);
            hcs_fault::call(Point::WriteCgroup)
                .and_then(|()| rustix::io::pwrite(&file, &line, 0).map(drop))
                .map_err(at)?;
        }
        Ok(())
    }
}

impl DeviceRule {
    /// `c 1:3 rwm`. Writing to a `Vec` does not fail.
    fn write_v1(&self, line: &mut Vec<u8>) {
        line.extend_from_slice(match self.kind {
            DeviceKind::Character => b"c ",
            DeviceKind::Block => b"b ",
        });
        for (number, end) in [(self.major, b':'), (self.minor, b' ')] {
            match number {
                Some(number) => {
                    let _ = write!(line, "{number}");
                }
                None => line.push(b'*'),
            }
            line.push(end);
        }
        for (access, letter) in
            [(DeviceAccess::READ, b'r'), (DeviceAccess::WRITE, b'w'), (DeviceAccess::MAKE, b'm')]
        {
            if self.access.contains(access) {
                line.push(letter);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_written_as_the_kernel_reads_them() {
        let check = |rule: DeviceRule, text: &str| {
            let mut line = Vec::new();
            rule.write_v1(&mut line);
            assert_eq!(String::from_utf8(line).unwrap(), text);
        };
        check(DeviceRule::character(1, Some(3)), "c 1:3 rwm");
        check(DeviceRule::character(136, None), "c 136:* rwm");
        let access = DeviceAccess::MAKE;
        check(DeviceRule { kind: DeviceKind::Block, major: None, minor: None, access }, "b *:* m");
    }
}
