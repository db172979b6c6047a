//! The archives that are converted: the same bytes on every machine, of the shapes that people have.

use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::error::Error;

/// An archive's shape.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    pub(super) name: &'static str,
    folders: u64,
    files: u64,
    /// Of all files' content; some bytes less come out.
    bytes: u64,
    sizes: Sizes,
}

impl Shape {
    /// Files and folders.
    pub(super) fn entries(self) -> u64 {
        self.folders + self.files
    }
}

#[derive(Debug, Clone, Copy)]
enum Sizes {
    /// From some bytes to a megabyte, as programs and their texts have them.
    Spread,
    /// 5 to 300 bytes.
    Tiny,
    /// All bytes in one.
    One,
}

/// As large as a minimal Debian.
pub(super) const SYSTEM: Shape = Shape {
    name: "A: a system of 204 MB",
    folders: 500,
    files: 6_268,
    bytes: 200_000_000,
    sizes: Sizes::Spread,
};
/// As large as a developer's `/usr`.
pub(super) const USR: Shape = Shape {
    name: "U: 68,000 files, 1.4 GB",
    folders: 6_000,
    files: 61_849,
    bytes: 1_370_000_000,
    sizes: Sizes::Spread,
};
/// One file.
pub(super) const LARGE: Shape =
    Shape { name: "B: one file of 2 GB", folders: 0, files: 1, bytes: 2 << 30, sizes: Sizes::One };
/// Nothing but small files.
pub(super) const TINY: Shape =
    Shape { name: "C: 200,000 tiny files", folders: 200, files: 200_000, bytes: 0, sizes: Sizes::Tiny };

/// Numbers that look random and are the same each time.
struct Random(u64);

impl Random {
    fn next(&mut self, below: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % below.max(1)
    }
}

/// Writes the archive, and reads it once, so that it is in memory. Names begin with `prefix`.
pub(super) fn write(shape: Shape, prefix: &str, dir: &Path, file: &str) -> Result<PathBuf, Error> {
    let path = dir.join(file);
    let mut out = BufWriter::with_capacity(1 << 20, fs_err::File::create(&path)?);
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let noise: Vec<u8> = (0..1 << 20).map(|_| random.next(256).to_le_bytes()[0]).collect();
    let sizes = sizes(shape, &mut random);
    let each = shape.files.div_ceil(shape.folders.max(1));
    for (n, size) in (0..).zip(sizes) {
        if shape.folders > 0 && n % each == 0 {
            header(&mut out, &format!("{prefix}folder-{}/", n / each), b'5', 0)?;
        }
        let name = if shape.folders > 0 {
            format!("{prefix}folder-{}/file-{n:06}.txt", n / each)
        } else {
            format!("{prefix}file")
        };
        header(&mut out, &name, b'0', size)?;
        let (mut left, mut at) = (size, usize::try_from(random.next(1 << 19)).unwrap_or_default());
        while left > 0 {
            let count = usize::try_from(left).unwrap_or(usize::MAX).min(noise.len() - at);
            out.write_all(&noise[at..at + count])?;
            left -= count as u64;
            at = 0;
        }
        let padding = usize::try_from(size.wrapping_neg() % 512).unwrap_or_default();
        out.write_all(&[0; 512][..padding])?;
    }
    out.write_all(&[0; 1024])?;
    out.flush()?;
    drop(out);
    std::io::copy(&mut fs_err::File::open(&path)?, &mut std::io::sink())?;
    Ok(path)
}

fn sizes(shape: Shape, random: &mut Random) -> Vec<u64> {
    let mut sizes: Vec<u64> = (0..shape.files)
        .map(|_| match shape.sizes {
            Sizes::One => shape.bytes,
            Sizes::Tiny => 5 + random.next(296),
            // As many from 1 to 2 KiB as from 256 to 512.
            Sizes::Spread => {
                let power = 5 + random.next(15);
                (1 << power) + random.next(1 << power)
            }
        })
        .collect();
    if let Sizes::Spread = shape.sizes {
        let total: u64 = sizes.iter().sum();
        for size in &mut sizes {
            *size = size.saturating_mul(shape.bytes) / total;
        }
    }
    sizes
}

fn header(out: &mut impl Write, name: &str, kind: u8, size: u64) -> std::io::Result<()> {
    let mut raw = [0_u8; 512];
    raw[..name.len()].copy_from_slice(name.as_bytes());
    let mode = if kind == b'5' { "0000755\0" } else { "0000644\0" };
    raw[100..108].copy_from_slice(mode.as_bytes());
    raw[108..124].copy_from_slice(b"0000000\x000000000\0");
    raw[124..135].copy_from_slice(format!("{size:011o}").as_bytes());
    raw[136..147].copy_from_slice(b"14524610400");
    raw[148..156].fill(b' ');
    raw[156] = kind;
    raw[257..265].copy_from_slice(b"ustar\x0000");
    let sum: u32 = raw.iter().map(|byte| u32::from(*byte)).sum();
    raw[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    out.write_all(&raw)
}
