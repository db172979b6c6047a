//! Times: seconds since 1970 in 34 bits, nanoseconds in 30.

/// A point in time, to the nanosecond.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time {
    /// Since 1970-01-01 00:00 UTC; negative before.
    pub seconds: i64,
    /// 0 to 999,999,999, counted forward from `seconds`, before 1970 too.
    pub nanoseconds: u32,
}

impl Time {
    /// The earliest that an inode can hold: 1901-12-13.
    pub const MIN: Self = Self { seconds: -0x8000_0000, nanoseconds: 0 };
    /// The latest: 2310-04-04. There is room up to 2446, but e2fsck takes what is beyond for a mistake of old kernels
    /// and would set it back.
    pub const MAX: Self = Self { seconds: 0x2_7fff_ffff, nanoseconds: 999_999_999 };

    /// A whole second.
    pub const fn from_seconds(seconds: i64) -> Self {
        Self { seconds, nanoseconds: 0 }
    }

    /// The nearest time that an inode can hold.
    #[must_use]
    pub fn clamped(self) -> Self {
        self.clamp(Self::MIN, Self::MAX)
    }

    /// The field of 32 bits, and the extra one: two bits that carry the seconds on, and the nanoseconds.
    pub(crate) fn encode(self) -> (u32, u32) {
        let this = self.clamped();
        let low = super::low32(this.seconds.cast_unsigned());
        // The kernel takes the low field as signed and adds the epoch to it.
        let epoch = (this.seconds - i64::from(low.cast_signed())) >> 32;
        let epoch = u32::try_from(epoch & 3).unwrap_or_default();
        (low, epoch | this.nanoseconds << 2)
    }

    /// From the two fields.
    pub(crate) fn decode(low: u32, extra: u32) -> Self {
        let seconds = i64::from(low.cast_signed()) + (i64::from(extra & 3) << 32);
        Self { seconds, nanoseconds: (extra >> 2).min(999_999_999) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_second_that_fits_comes_back() {
        for seconds in
            [-0x8000_0000, -0x7fff_ffff, -2, -1, 0, 1, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 1 << 33]
        {
            for nanoseconds in [0, 1, 999_999_999] {
                let time = Time { seconds, nanoseconds };
                let (low, extra) = time.encode();
                assert_eq!(Time::decode(low, extra), time);
            }
        }
        for (far, near) in [(i64::MIN, Time::MIN), (i64::MAX, Time::MAX)] {
            let (low, extra) = Time::from_seconds(far).encode();
            assert_eq!(Time::decode(low, extra), near);
        }
    }
}
