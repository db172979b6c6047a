//! Times as Windows counts them, and what every file says of itself.
//!
//! Source: Windows SDK, `FILETIME`, `FILE_BASIC_INFO`.

/// Ticks from 1601 to 1970.
const EPOCH: i64 = 116_444_736_000_000_000;
const SECOND: i64 = 10_000_000;

/// 100 ns since 1601-01-01 00:00 UTC. 0 stands for "not set".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileTime(pub i64);

impl FileTime {
    /// From seconds since 1970, and nanoseconds counted forward from them. What is below 100 ns is cut off, and what is
    /// out of range becomes the nearest that can be.
    pub fn from_unix(seconds: i64, nanoseconds: u32) -> Self {
        let ticks =
            i128::from(seconds) * i128::from(SECOND) + i128::from(nanoseconds / 100) + i128::from(EPOCH);
        let clamped = ticks.clamp(i128::from(i64::MIN), i128::from(i64::MAX));
        Self(i64::try_from(clamped).unwrap_or_default())
    }

    /// Seconds since 1970, and nanoseconds counted forward from them.
    pub fn to_unix(self) -> (i64, u32) {
        // As 128 bits, because the earliest ticks are before what is left of 64.
        let ticks = i128::from(self.0) - i128::from(EPOCH);
        let second = i128::from(SECOND);
        let seconds = i64::try_from(ticks.div_euclid(second)).unwrap_or_default();
        (seconds, u32::try_from(ticks.rem_euclid(second) * 100).unwrap_or_default())
    }
}

/// Attributes that this crate looks at.
pub mod attributes {
    /// A folder.
    pub const DIRECTORY: u32 = 0x10;
    /// To be archived: what a new file has.
    pub const ARCHIVE: u32 = 0x20;
    /// The file has holes.
    pub const SPARSE_FILE: u32 = 0x200;
    /// The file has a reparse buffer.
    pub const REPARSE_POINT: u32 = 0x400;
}

/// Attributes and times of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[doc(alias = "FileBasicInfo")]
pub struct BasicInfo {
    /// When it was made.
    pub created: FileTime,
    /// When it was read.
    pub accessed: FileTime,
    /// When its content was written.
    pub written: FileTime,
    /// When anything of it was changed.
    pub changed: FileTime,
    /// Bits; see [`attributes`].
    pub attributes: u32,
}

impl BasicInfo {
    /// Whether it is a folder.
    pub fn is_directory(&self) -> bool {
        self.attributes & attributes::DIRECTORY != 0
    }

    /// Whether it has a reparse buffer.
    pub fn is_reparse_point(&self) -> bool {
        self.attributes & attributes::REPARSE_POINT != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tick_comes_back() {
        for ticks in [i64::MIN, -1, 0, 1, EPOCH - 1, EPOCH, EPOCH + 15, 48_491_090_211_286_549, i64::MAX] {
            let (seconds, nanoseconds) = FileTime(ticks).to_unix();
            assert_eq!(FileTime::from_unix(seconds, nanoseconds), FileTime(ticks));
        }
        assert_eq!(FileTime(0).to_unix(), (-11_644_473_600, 0));
        assert_eq!(FileTime::from_unix(-1, 999_999_999), FileTime(EPOCH - 1));
        assert_eq!(FileTime::from_unix(i64::MAX, 0), FileTime(i64::MAX));
    }
}
