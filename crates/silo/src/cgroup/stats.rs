//! What the processes of a cgroup have used, in the units of HCS documents.

use rustix::fs::CWD;
use rustix::io::Errno;
use serde::{Deserialize, Serialize};

use super::create::Part;
use super::{Cgroup, CgroupError, Controllers, file};

/// One look at a cgroup. What no controller of this host counts is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stats {
    /// CPU times, ended processes included.
    pub cpu: CpuStats,
    /// Memory, now and at most.
    pub memory: Option<MemoryStats>,
    /// Traffic with block devices.
    pub io: IoStats,
}

/// CPU times in units of 100 ns, summed over the CPUs. The parts add up to the total, but for a rounding of 1 µs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CpuStats {
    /// All of it.
    pub total_100ns: u64,
    /// In programs.
    pub user_100ns: u64,
    /// In the kernel.
    pub kernel_100ns: u64,
}

/// Memory in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemoryStats {
    /// Everything that counts against the limit: private memory, page cache, kernel memory.
    pub usage: u64,
    /// The most that `usage` has been.
    pub peak: u64,
    /// Private memory that is in RAM: what Windows calls the private working set.
    pub private: u64,
    /// Shared memory and tmpfs files.
    pub shared: u64,
    /// Page cache of files, shared memory left out; the kernel takes it back when it needs room.
    pub cache: u64,
    /// What is swapped out. 0 on kernels without swap.
    pub swap: u64,
}

impl MemoryStats {
    /// Memory that has no other place to live than RAM and swap: what Windows calls committed.
    pub fn commit(&self) -> u64 {
        self.private + self.shared + self.swap
    }
}

/// Traffic with block devices since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IoStats {
    /// Bytes.
    pub read_bytes: u64,
    /// Bytes.
    pub write_bytes: u64,
    /// Requests; `None` where the kernel counts bytes only (see [`Cgroup::stats`]).
    pub read_operations: Option<u64>,
    /// Requests.
    pub write_operations: Option<u64>,
}

impl Cgroup {
    /// Reads what every controller has counted.
    ///
    /// Version 1 counts block traffic only for devices that it throttles (seen on Linux 6.1 and 6.18), so there (and
    /// where version 2 does not hand its io controller down) the
    /// counters of the processes are summed: those of the ended ones are in their parents'. They count bytes only, and
    /// what is written through the page cache when it is written there.
    ///
    /// # Errors
    /// [`CgroupError::Io`], [`CgroupError::Unexpected`], [`CgroupError::NotFound`] when the cgroup is gone.
    pub fn stats(&self) -> Result<Stats, CgroupError> {
        Ok(Stats {
            cpu: self.cpu_stats()?,
            memory: self.part(Controllers::MEMORY).map(|part| self.memory_stats(part)).transpose()?,
            io: self.io_stats()?,
        })
    }

    /// Every version 2 group has these, also where the cpu controller is not.
    fn cpu_stats(&self) -> Result<CpuStats, CgroupError> {
        const FILE: &str = "cpu.stat";
        let part = self.need_unified()?;
        let text = self.read(part, FILE)?;
        let time = |key| {
            file::keyed(&text, key)
                .map(|microseconds| microseconds * 10)
                .ok_or_else(|| self.unexpected(part, FILE, &text, "usage_usec, user_usec and system_usec"))
        };
        Ok(CpuStats {
            total_100ns: time("usage_usec")?,
            user_100ns: time("user_usec")?,
            kernel_100ns: time("system_usec")?,
        })
    }

    fn memory_stats(&self, part: &Part) -> Result<MemoryStats, CgroupError> {
        const FILE: &str = "memory.stat";
        let text = self.read(part, FILE)?;
        let value = |key| {
            file::keyed(&text, key).ok_or_else(|| {
                self.unexpected(part, FILE, &text, "counters of anonymous, file and shared memory")
            })
        };
        // Version 1: the plain keys are this group's alone, `total_` has its children with it.
        let (private, file_and_shared, shared) = if part.unified {
            (value("anon")?, value("file")?, value("shmem")?)
        } else {
            (value("total_rss")?, value("total_cache")?, value("total_shmem")?)
        };
        let (usage, peak) = if part.unified {
            ("memory.current", "memory.peak")
        } else {
            ("memory.usage_in_bytes", "memory.max_usage_in_bytes")
        };
        let swap = if part.unified {
            match self.read_number(part, "memory.swap.current") {
                Err(error) if error.errno() == Some(Errno::NOENT) => 0,
                other => other?,
            }
        } else {
            file::keyed(&text, "total_swap").unwrap_or(0)
        };
        Ok(MemoryStats {
            usage: self.read_number(part, usage)?,
            peak: self.read_number(part, peak)?,
            private,
            shared,
            cache: file_and_shared.saturating_sub(shared),
            swap,
        })
    }

    fn io_stats(&self) -> Result<IoStats, CgroupError> {
        if let Some(part) = self.part(Controllers::BLKIO).filter(|part| part.unified) {
            return Ok(unified_io(&self.read(part, "io.stat")?));
        }
        let mut sum = IoStats::default();
        for pid in self.pids()? {
            // A process that ended since it was listed has left its counters with its parent.
            let Ok(text) = file::read(CWD, &format!("/proc/{pid}/io")) else { continue };
            sum.read_bytes += file::keyed(&text, "read_bytes:").unwrap_or(0);
            sum.write_bytes += file::keyed(&text, "write_bytes:").unwrap_or(0);
        }
        Ok(sum)
    }
}

/// `8:0 rbytes=4096 wbytes=0 rios=1 wios=0 dbytes=0 dios=0`, one line per device.
fn unified_io(text: &[u8]) -> IoStats {
    let mut sum = [0_u64; 4];
    for word in file::lines(text).flat_map(str::split_ascii_whitespace) {
        for (total, key) in sum.iter_mut().zip(["rbytes=", "wbytes=", "rios=", "wios="]) {
            *total += word.strip_prefix(key).and_then(|n| n.parse::<u64>().ok()).unwrap_or(0);
        }
    }
    let [read_bytes, write_bytes, reads, writes] = sum;
    IoStats { read_bytes, write_bytes, read_operations: Some(reads), write_operations: Some(writes) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn block_traffic_is_summed_over_devices() {
        let text = b"8:0 rbytes=100 wbytes=20 rios=3 wios=4 dbytes=9 dios=9\n254:0 rbytes=1 wbytes=2 rios=1 wios=1\n7:0 \n";
        let sum = unified_io(text);
        assert_eq!((sum.read_bytes, sum.write_bytes), (101, 22));
        assert_eq!((sum.read_operations, sum.write_operations), (Some(4), Some(5)));

        assert_eq!(unified_io(b"8:0 rbytes=x\n\xff\n"), unified_io(b""));
    }
}
