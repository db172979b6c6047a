//! What a container may use, as plain values; `apply.rs` turns them into files.

use serde::{Deserialize, Serialize};

use super::{CgroupError, Devices};

/// A ceiling, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Maximum {
    /// No limit here; an ancestor may still have one.
    Unlimited,
    /// At most this many, in the unit of the field.
    At(u64),
}

/// The limits of a cgroup. A field that is `None` is left as it is: for a new group the kernel's default, which is
/// no limit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Bytes of memory that the processes may hold together; the kernel rounds down to pages.
    pub memory: Option<Maximum>,
    /// Bytes of swap beside `memory`. `None` with a memory limit means no swap at all: a container that hits its limit
    /// is to fail there, not to slow the host's disks down. Needs `memory`.
    pub swap: Option<Maximum>,
    /// CPU time per period.
    pub cpu_quota: Option<CpuQuota>,
    /// Share of the CPUs against the other systems of the instance, when there is not enough for all.
    pub cpu_weight: Option<CpuWeight>,
    /// The CPUs to run on, as the kernel writes a list: `0-3,6`.
    pub cpus: Option<Box<str>>,
    /// The memory nodes to allocate from, in the same form.
    pub memory_nodes: Option<Box<str>>,
    /// Number of processes and threads.
    pub pids: Option<Maximum>,
    /// Speed of block devices.
    pub io: Vec<IoLimit>,
    /// Which device nodes may be opened and made; `None` leaves all allowed.
    pub devices: Option<Devices>,
}

/// CPU time in a period of wall time, summed over the CPUs.
///
/// This is also how a number of processors is honoured (`cpus`): the container sees all CPUs of the host and gets the
/// time of that many, which is what Windows does for process-isolated containers. A cpuset would tie the container to
/// certain CPUs, and two such containers to the same ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CpuQuota {
    /// No ceiling.
    Unlimited,
    /// `quota` of every `period` microseconds.
    Of {
        /// Microseconds of CPU time, at least 1000.
        quota: u64,
        /// Microseconds, 1000 to 1,000,000.
        period: u64,
    },
}

/// The kernel's default period, in microseconds.
const PERIOD: u64 = 100_000;
/// The kernel's bounds of the period, the lower one also of the quota, in microseconds.
const PERIOD_BOUNDS: std::ops::RangeInclusive<u64> = 1_000..=1_000_000;

impl CpuQuota {
    /// The time of `count` CPUs.
    pub const fn cpus(count: u32) -> Self {
        Self::Of { quota: count as u64 * PERIOD, period: PERIOD }
    }

    /// `parts` of 10,000 parts of `host_cpus` CPUs: HCS's ProcessorMaximum, percent × 100 of the whole host.
    ///
    /// The kernel's smallest quota is 1 ms per second, so less than a thousandth of one CPU becomes that.
    ///
    /// # Errors
    /// [`CgroupError::Range`] when `parts` is not in 1..=10,000.
    pub fn of_host(parts: u32, host_cpus: u32) -> Result<Self, CgroupError> {
        if !(1..=10_000).contains(&parts) {
            let rule = "hundredths of a percent of all CPUs, 1 to 10000";
            return Err(CgroupError::Range { limit: "processor maximum", value: parts.into(), rule });
        }
        let share = |period: u64| u64::from(parts) * u64::from(host_cpus) * period / 10_000;
        let (longest, smallest) = (*PERIOD_BOUNDS.end(), *PERIOD_BOUNDS.start());
        Ok(match share(PERIOD) {
            quota if quota >= smallest => Self::Of { quota, period: PERIOD },
            _ => Self::Of { quota: share(longest).max(smallest), period: longest },
        })
    }

    /// Quota and period as OCI documents give them, in microseconds.
    ///
    /// # Errors
    /// [`CgroupError::Range`] outside of what the kernel takes.
    pub fn of_period(quota: u64, period: u64) -> Result<Self, CgroupError> {
        if !PERIOD_BOUNDS.contains(&period) {
            let rule = "a CPU period has 1000 to 1000000 microseconds";
            return Err(CgroupError::Range { limit: "cpu period", value: period, rule });
        }
        if quota < *PERIOD_BOUNDS.start() {
            let rule = "a CPU quota has at least 1000 microseconds";
            return Err(CgroupError::Range { limit: "cpu quota", value: quota, rule });
        }
        Ok(Self::Of { quota, period })
    }
}

/// A relative share of CPU time. The ratio of two groups counts, and only while they compete.
///
/// | | smallest | default | largest |
/// |---|---|---|---|
/// | HCS weight | 1 | 5000 | 10000 |
/// | version 1 `cpu.shares` | 2 | 1024 | 262144 |
/// | version 2 `cpu.weight` | 1 | 100 | 10000 |
///
/// Scales are converted so that default stays default and ratios stay ratios; small values round up to the smallest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CpuWeight {
    shares: u32,
    weight: u32,
}

impl CpuWeight {
    /// What a group has that was never given one.
    pub const DEFAULT: Self = Self { shares: 1024, weight: 100 };

    /// From HCS's ProcessorWeight. 0 is its word for the default.
    ///
    /// The default of 5000 is the middle of the scale, as the weight 5 of a Windows job object is on its scale of 1
    /// to 9.
    ///
    /// # Errors
    /// [`CgroupError::Range`] above 10,000.
    pub fn from_hcs(weight: u32) -> Result<Self, CgroupError> {
        match weight {
            0 => Ok(Self::DEFAULT),
            1..=10_000 => Ok(Self::scaled(weight, 5000)),
            _ => {
                let rule = "an HCS weight is 1 to 10000, or 0 for the default";
                Err(CgroupError::Range { limit: "processor weight", value: weight.into(), rule })
            }
        }
    }

    /// From version 1 shares, which OCI documents use. The kernel itself clamps to 2..=262144, and so do we.
    pub fn from_shares(shares: u64) -> Self {
        let shares = u32::try_from(shares.clamp(2, 262_144)).unwrap_or(262_144);
        Self { shares, ..Self::scaled(shares, 1024) }
    }

    /// From a version 2 weight.
    ///
    /// # Errors
    /// [`CgroupError::Range`] outside of 1..=10,000.
    pub fn from_weight(weight: u32) -> Result<Self, CgroupError> {
        if !(1..=10_000).contains(&weight) {
            let rule = "a cpu.weight is 1 to 10000";
            return Err(CgroupError::Range { limit: "cpu weight", value: weight.into(), rule });
        }
        Ok(Self { weight, ..Self::scaled(weight, 100) })
    }

    /// Version 1 `cpu.shares`.
    pub fn shares(self) -> u32 {
        self.shares
    }

    /// Version 2 `cpu.weight`.
    pub fn weight(self) -> u32 {
        self.weight
    }

    /// All inputs are at most 262,144, so nothing here comes near 32 bits' end after the clamp.
    fn scaled(value: u32, default: u32) -> Self {
        let to = |scale: u64| (u64::from(value) * scale + u64::from(default) / 2) / u64::from(default);
        let fit = |n: u64, low: u32, high: u32| u32::try_from(n).unwrap_or(high).clamp(low, high);
        Self { shares: fit(to(1024), 2, 262_144), weight: fit(to(100), 1, 10_000) }
    }
}

/// A block device by its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlockDevice {
    /// Major number.
    pub major: u32,
    /// Minor number; of the whole disk: the kernel throttles no partitions.
    pub minor: u32,
}

/// The speed of one block device. Version 1 throttles what is read, and written past the page cache, at once; what is
/// written through the page cache only on version 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IoLimit {
    /// Which device.
    pub device: BlockDevice,
    /// Bytes per second.
    pub read_bytes: Option<Maximum>,
    /// Bytes per second.
    pub write_bytes: Option<Maximum>,
    /// Operations per second.
    pub read_operations: Option<Maximum>,
    /// Operations per second.
    pub write_operations: Option<Maximum>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_share_becomes_quota() {
        let check = |parts, cpus, quota, period| {
            assert_eq!(
                CpuQuota::of_host(parts, cpus).unwrap(),
                CpuQuota::Of { quota, period },
                "{parts} of {cpus}"
            );
        };
        check(10_000, 2, 200_000, 100_000);
        check(5_000, 2, 100_000, 100_000);
        check(2_500, 1, 25_000, 100_000);
        check(100, 1, 1_000, 100_000);
        check(99, 1, 9_900, 1_000_000); // below 1 ms per 100 ms: the longer period keeps it exact
        check(1, 1, 1_000, 1_000_000); // the kernel's smallest
        check(10_000, 4096, 409_600_000, 100_000);
        assert!(matches!(CpuQuota::of_host(0, 2), Err(CgroupError::Range { .. })));
        assert!(matches!(CpuQuota::of_host(10_001, 2), Err(CgroupError::Range { .. })));
        assert_eq!(CpuQuota::cpus(3), CpuQuota::Of { quota: 300_000, period: 100_000 });
        assert!(CpuQuota::of_period(999, 100_000).is_err());
        assert!(CpuQuota::of_period(1000, 999).is_err());
        assert!(CpuQuota::of_period(1000, 1_000_001).is_err());
    }

    #[test]
    fn weights_keep_default_and_ratio() {
        let check = |weight: CpuWeight, shares, v2| {
            assert_eq!((weight.shares(), weight.weight()), (shares, v2), "{weight:?}");
        };
        check(CpuWeight::from_hcs(0).unwrap(), 1024, 100);
        check(CpuWeight::from_hcs(5000).unwrap(), 1024, 100);
        check(CpuWeight::from_hcs(10_000).unwrap(), 2048, 200);
        check(CpuWeight::from_hcs(500).unwrap(), 102, 10);
        check(CpuWeight::from_hcs(1).unwrap(), 2, 1);
        check(CpuWeight::from_shares(1024), 1024, 100);
        check(CpuWeight::from_shares(512), 512, 50);
        check(CpuWeight::from_shares(0), 2, 1);
        check(CpuWeight::from_shares(u64::MAX), 262_144, 10_000);
        check(CpuWeight::from_weight(100).unwrap(), 1024, 100);
        check(CpuWeight::from_weight(10_000).unwrap(), 102_400, 10_000);
        assert!(CpuWeight::from_hcs(10_001).is_err());
        assert!(CpuWeight::from_weight(0).is_err());
    }
}
