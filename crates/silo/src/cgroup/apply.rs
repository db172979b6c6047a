//! Limits into files, and back. One function per limit; each knows version 1 and version 2.

use rustix::io::Errno;

use super::create::Part;
use super::limits::{CpuQuota, CpuWeight, IoLimit, Limits, Maximum};
use super::{Cgroup, CgroupError, Controllers, Devices, device_program, file};

/// What version 1 says for "no memory limit": the largest multiple of the page size in an `i64`.
const V1_NO_MEMORY_LIMIT: u64 = 0x7fff_ffff_ffff_f000;

impl Cgroup {
    /// Sets every limit that is given, on a new cgroup or on one with processes in it.
    ///
    /// A memory limit below what the processes hold makes the kernel reclaim first. If they still hold more, nothing
    /// is killed: the old limit stays and the error says so.
    ///
    /// # Errors
    /// [`CgroupError::NoController`] for a limit that this host can't enforce; [`CgroupError::MemoryInUse`];
    /// [`CgroupError::Io`] when the kernel refuses a value. Limits before the failing one are set.
    pub fn apply(&self, limits: &Limits) -> Result<(), CgroupError> {
        // Taken apart by name, so that a new field can't be forgotten here.
        let Limits { memory, swap, cpu_quota, cpu_weight, cpus, memory_nodes, pids, io, devices } = limits;
        if let Some(devices) = devices {
            self.set_devices(devices)?;
        }
        if let Some(pids) = *pids {
            let part = self.need(Controllers::PIDS, "a limit of processes")?;
            self.write(part, "pids.max", &text(pids, "max"))?;
        }
        if let Some(memory) = *memory {
            self.set_memory(memory, *swap)?;
        } else if let Some(swap) = swap {
            let value = if let Maximum::At(bytes) = swap { *bytes } else { u64::MAX };
            return Err(CgroupError::Range {
                limit: "swap",
                value,
                rule: "it needs a memory limit beside it",
            });
        }
        if let Some(weight) = *cpu_weight {
            self.set_cpu_weight(weight)?;
        }
        if let Some(quota) = *cpu_quota {
            self.set_cpu_quota(quota)?;
        }
        for (list, name, limit) in
            [(cpus, "cpuset.cpus", "a set of CPUs"), (memory_nodes, "cpuset.mems", "a set of memory nodes")]
        {
            if let Some(list) = list {
                let part = self.need(Controllers::CPUSET, limit)?;
                self.write(part, name, list.as_bytes())?;
            }
        }
        for limit in io {
            self.set_io(limit)?;
        }
        Ok(())
    }

    fn need(&self, controller: Controllers, limit: &'static str) -> Result<&Part, CgroupError> {
        self.part(controller).ok_or_else(|| CgroupError::NoController {
            cgroup: self.path.as_str().into(),
            controller,
            limit,
        })
    }

    fn set_memory(&self, memory: Maximum, swap: Option<Maximum>) -> Result<(), CgroupError> {
        let part = self.need(Controllers::MEMORY, "a memory limit")?;
        let swap = swap.unwrap_or(match memory {
            Maximum::Unlimited => Maximum::Unlimited,
            Maximum::At(_) => Maximum::At(0),
        });
        if part.unified {
            self.set_unified_memory(part, memory, swap)
        } else {
            self.set_legacy_memory(part, memory, swap)
        }
    }

    fn set_unified_memory(&self, part: &Part, memory: Maximum, swap: Maximum) -> Result<(), CgroupError> {
        if let Maximum::At(limit) = memory {
            let mut usage = self.read_number(part, "memory.current")?;
            if usage > limit {
                // memory.max would reclaim too, and then kill. EAGAIN only says that not all of it could be had.
                match file::write(part.dir(), "memory.reclaim", (usage - limit).to_string().as_bytes()) {
                    Ok(()) | Err(Errno::AGAIN | Errno::NOENT) => {}
                    Err(errno) => return Err(self.io(part, "write", "memory.reclaim", errno)),
                }
                usage = self.read_number(part, "memory.current")?;
                if usage > limit {
                    return Err(CgroupError::MemoryInUse { cgroup: self.label(part), limit, usage });
                }
            }
        }
        self.write(part, "memory.max", &text(memory, "max"))?;
        match file::write(part.dir(), "memory.swap.max", &text(swap, "max")) {
            // A kernel without swap has nothing to limit.
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(errno) => Err(self.io(part, "write", "memory.swap.max", errno)),
        }
    }

    fn set_legacy_memory(&self, part: &Part, memory: Maximum, swap: Maximum) -> Result<(), CgroupError> {
        const MEMORY: &str = "memory.limit_in_bytes";
        const WITH_SWAP: &str = "memory.memsw.limit_in_bytes";
        let together = match (memory, swap) {
            (Maximum::At(memory), Maximum::At(swap)) => Maximum::At(memory.saturating_add(swap)),
            _ => Maximum::Unlimited,
        };
        let set_memory = || match file::write(part.dir(), MEMORY, &text(memory, "-1")) {
            Err(Errno::BUSY) => {
                let usage = self.read_number(part, "memory.usage_in_bytes")?;
                let limit = if let Maximum::At(bytes) = memory { bytes } else { u64::MAX };
                Err(CgroupError::MemoryInUse { cgroup: self.label(part), limit, usage })
            }
            other => other.map_err(|errno| self.io(part, "write", MEMORY, errno)),
        };
        let set_together = || match file::write(part.dir(), WITH_SWAP, &text(together, "-1")) {
            // A kernel without swap has nothing to limit.
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(errno) => Err(self.io(part, "write", WITH_SWAP, errno)),
        };
        // The kernel wants memory <= memory and swap together at every moment, so the order depends on the direction.
        if self.legacy_memory_max(part)? < value(memory) {
            set_together()?;
            set_memory()
        } else {
            set_memory()?;
            set_together()
        }
    }

    fn set_cpu_weight(&self, weight: CpuWeight) -> Result<(), CgroupError> {
        let part = self.need(Controllers::CPU, "a CPU weight")?;
        if part.unified {
            self.write(part, "cpu.weight", weight.weight().to_string().as_bytes())
        } else {
            self.write(part, "cpu.shares", weight.shares().to_string().as_bytes())
        }
    }

    fn set_cpu_quota(&self, quota: CpuQuota) -> Result<(), CgroupError> {
        const PERIOD: &str = "cpu.cfs_period_us";
        const QUOTA: &str = "cpu.cfs_quota_us";
        let part = self.need(Controllers::CPU, "a CPU quota")?;
        match quota {
            CpuQuota::Unlimited if part.unified => self.write(part, "cpu.max", b"max"),
            CpuQuota::Of { quota, period } if part.unified => {
                self.write(part, "cpu.max", format!("{quota} {period}").as_bytes())
            }
            CpuQuota::Unlimited => self.write(part, QUOTA, b"-1"),
            CpuQuota::Of { quota, period } => {
                // Two files, and after each write the kernel compares the ratio with the parent's and the children's:
                // one of the two orders passes.
                let (quota, period) = (quota.to_string(), period.to_string());
                match file::write(part.dir(), PERIOD, period.as_bytes()) {
                    Ok(()) => self.write(part, QUOTA, quota.as_bytes()),
                    Err(Errno::INVAL) => {
                        self.write(part, QUOTA, quota.as_bytes())?;
                        self.write(part, PERIOD, period.as_bytes())
                    }
                    Err(errno) => Err(self.io(part, "write", PERIOD, errno)),
                }
            }
        }
    }

    fn set_io(&self, limit: &IoLimit) -> Result<(), CgroupError> {
        let part = self.need(Controllers::BLKIO, "a limit of a block device")?;
        let IoLimit { device, read_bytes, write_bytes, read_operations, write_operations } = *limit;
        let device = format!("{}:{}", device.major, device.minor);
        let given = [
            (read_bytes, "rbps", "blkio.throttle.read_bps_device"),
            (write_bytes, "wbps", "blkio.throttle.write_bps_device"),
            (read_operations, "riops", "blkio.throttle.read_iops_device"),
            (write_operations, "wiops", "blkio.throttle.write_iops_device"),
        ];
        let given = given.into_iter().filter_map(|(maximum, key, file)| Some((maximum?, key, file)));
        if part.unified {
            let line = given.fold(device, |line, (maximum, key, _)| match maximum {
                Maximum::Unlimited => format!("{line} {key}=max"),
                Maximum::At(number) => format!("{line} {key}={number}"),
            });
            self.write(part, "io.max", line.as_bytes())
        } else {
            // 0 is version 1's word for no limit.
            given.into_iter().try_for_each(|(maximum, _, file)| {
                let number = if let Maximum::At(number) = maximum { number } else { 0 };
                self.write(part, file, format!("{device} {number}").as_bytes())
            })
        }
    }

    fn set_devices(&self, devices: &Devices) -> Result<(), CgroupError> {
        match self.part(Controllers::DEVICES) {
            Some(part) => self.set_legacy_devices(part, devices),
            None => device_program::replace(self, devices),
        }
    }

    /// What the kernel has in force: memory, swap, CPU, cpuset and processes. Devices and block devices are not read
    /// back; fields of controllers that are not here are `None`.
    ///
    /// # Errors
    /// [`CgroupError::Io`] and [`CgroupError::Unexpected`].
    pub fn limits(&self) -> Result<Limits, CgroupError> {
        let mut limits = Limits::default();
        if let Some(part) = self.part(Controllers::MEMORY) {
            let (memory, swap) = self.memory_limits(part)?;
            limits.memory = Some(memory);
            limits.swap = swap;
        }
        if let Some(part) = self.part(Controllers::CPU) {
            limits.cpu_quota = Some(self.cpu_quota(part)?);
            limits.cpu_weight = Some(if part.unified {
                let weight = u32::try_from(self.read_number(part, "cpu.weight")?).unwrap_or(u32::MAX);
                CpuWeight::from_weight(weight)?
            } else {
                CpuWeight::from_shares(self.read_number(part, "cpu.shares")?)
            });
        }
        if let Some(part) = self.part(Controllers::CPUSET) {
            limits.cpus = Some(self.read_list(part, "cpuset.cpus")?);
            limits.memory_nodes = Some(self.read_list(part, "cpuset.mems")?);
        }
        if let Some(part) = self.part(Controllers::PIDS) {
            limits.pids = Some(self.read_maximum(part, "pids.max")?);
        }
        Ok(limits)
    }

    fn memory_limits(&self, part: &Part) -> Result<(Maximum, Option<Maximum>), CgroupError> {
        let swap = |file: &'static str, memory: Maximum| match self.read(part, file) {
            Ok(raw) => Ok(Some(match (self.parse_maximum(part, file, &raw)?, memory) {
                (Maximum::At(V1_NO_MEMORY_LIMIT), _) => Maximum::Unlimited,
                (Maximum::At(sum), Maximum::At(memory)) if !part.unified => {
                    Maximum::At(sum.saturating_sub(memory))
                }
                (other, _) => other,
            })),
            Err(error) if error.errno() == Some(Errno::NOENT) => Ok(None),
            Err(error) => Err(error),
        };
        if part.unified {
            let memory = self.read_maximum(part, "memory.max")?;
            return Ok((memory, swap("memory.swap.max", memory)?));
        }
        let memory = match self.legacy_memory_max(part)? {
            V1_NO_MEMORY_LIMIT => Maximum::Unlimited,
            bytes => Maximum::At(bytes),
        };
        Ok((memory, swap("memory.memsw.limit_in_bytes", memory)?))
    }

    fn legacy_memory_max(&self, part: &Part) -> Result<u64, CgroupError> {
        self.read_number(part, "memory.limit_in_bytes")
    }

    fn cpu_quota(&self, part: &Part) -> Result<CpuQuota, CgroupError> {
        if part.unified {
            let raw = self.read(part, "cpu.max")?;
            let text = String::from_utf8_lossy(&raw);
            return match text.trim().split_once(' ') {
                Some(("max", _)) => Ok(CpuQuota::Unlimited),
                Some((quota, period)) => match (quota.parse(), period.parse()) {
                    (Ok(quota), Ok(period)) => Ok(CpuQuota::Of { quota, period }),
                    _ => Err(self.unexpected(part, "cpu.max", &raw, "two numbers")),
                },
                None => Err(self.unexpected(part, "cpu.max", &raw, "two numbers")),
            };
        }
        let raw = self.read(part, "cpu.cfs_quota_us")?;
        if raw.starts_with(b"-1") {
            return Ok(CpuQuota::Unlimited);
        }
        let quota = self.parse_number(part, "cpu.cfs_quota_us", &raw)?;
        Ok(CpuQuota::Of { quota, period: self.read_number(part, "cpu.cfs_period_us")? })
    }

    fn read_list(&self, part: &Part, file: &'static str) -> Result<Box<str>, CgroupError> {
        let raw = self.read(part, file)?;
        Ok(String::from_utf8_lossy(&raw).trim().into())
    }

    pub(super) fn read_number(&self, part: &Part, file: &'static str) -> Result<u64, CgroupError> {
        let raw = self.read(part, file)?;
        self.parse_number(part, file, &raw)
    }

    fn parse_number(&self, part: &Part, file: &'static str, raw: &[u8]) -> Result<u64, CgroupError> {
        file::number(raw).ok_or_else(|| self.unexpected(part, file, raw, "a number"))
    }

    fn read_maximum(&self, part: &Part, file: &'static str) -> Result<Maximum, CgroupError> {
        let raw = self.read(part, file)?;
        self.parse_maximum(part, file, &raw)
    }

    fn parse_maximum(&self, part: &Part, file: &'static str, raw: &[u8]) -> Result<Maximum, CgroupError> {
        if raw.trim_ascii() == b"max" {
            return Ok(Maximum::Unlimited);
        }
        self.parse_number(part, file, raw).map(Maximum::At)
    }
}

fn text(maximum: Maximum, unlimited: &str) -> Vec<u8> {
    match maximum {
        Maximum::Unlimited => unlimited.as_bytes().to_vec(),
        Maximum::At(number) => number.to_string().into_bytes(),
    }
}

/// For comparing: no limit is above every limit.
fn value(maximum: Maximum) -> u64 {
    if let Maximum::At(number) = maximum { number } else { u64::MAX }
}
