//! Moments as the service writes them: RFC 3339, to 100 ns.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::de::{Deserializer, Error as _};
use serde::ser::Serializer;

use crate::MemberType;

/// A moment, in steps of 100 ns, in UTC. The default is Go's zero time, 0001-01-01T00:00:00Z, which stands for
/// "never".
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Time(Timestamp);

/// Seconds from the zero time to 1970.
const ZERO_SECOND: i64 = -62_135_596_800;
/// Steps from 1601, where Windows counts from, to 1970.
const FILETIME_1970: i128 = 116_444_736_000_000_000;
const STEP: i128 = 100;

impl Time {
    /// The zero time.
    pub const ZERO: Self = Self(Timestamp::constant(ZERO_SECOND, 0));

    /// This moment, cut to 100 ns.
    pub fn new(moment: Timestamp) -> Self {
        let nanoseconds = moment.as_nanosecond();
        Self(Timestamp::from_nanosecond(nanoseconds - nanoseconds.rem_euclid(STEP)).unwrap_or(moment))
    }

    /// The moment that a Windows file time counts: steps of 100 ns since 1601. `None` beyond the year 9999.
    pub fn from_file_time(steps: u64) -> Option<Self> {
        Timestamp::from_nanosecond((i128::from(steps) - FILETIME_1970) * STEP).ok().map(Self)
    }

    /// The file time of this moment; `None` before 1601.
    pub fn to_file_time(self) -> Option<u64> {
        u64::try_from(self.0.as_nanosecond().div_euclid(STEP) + FILETIME_1970).ok()
    }

    /// The moment as a `jiff` value, to calculate with.
    pub fn timestamp(self) -> Timestamp {
        self.0
    }

    /// Whether this is the zero time.
    pub fn is_zero(self) -> bool {
        self == Self::ZERO
    }
}

impl Default for Time {
    fn default() -> Self {
        Self::ZERO
    }
}

impl From<Timestamp> for Time {
    fn from(moment: Timestamp) -> Self {
        Self::new(moment)
    }
}

impl FromStr for Time {
    type Err = jiff::Error;

    /// Reads RFC 3339 with any offset and up to nine digits; what is finer than 100 ns is cut off.
    fn from_str(text: &str) -> Result<Self, jiff::Error> {
        text.parse().map(Self::new)
    }
}

/// RFC 3339 in UTC with as many digits as needed, as Go writes it.
impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl MemberType for Time {
    fn is_empty(&self) -> bool {
        self.is_zero()
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Option::<String>::read(deserializer)? {
            None => Ok(Self::ZERO),
            Some(text) => {
                text.parse().map_err(|_| D::Error::custom(format_args!("{text:?} is not a time of RFC 3339")))
            }
        }
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

document!(@serde Time);

#[cfg(test)]
mod tests {
    use super::Time;

    #[test]
    fn digits_are_kept_to_100_ns_and_written_without_zeros() {
        for (text, written) in [
            ("2019-01-24T10:20:30Z", "2019-01-24T10:20:30Z"),
            ("2019-01-24T10:20:30.1234567Z", "2019-01-24T10:20:30.1234567Z"),
            ("2019-01-24T10:20:30.1200000Z", "2019-01-24T10:20:30.12Z"),
            ("2019-01-24T10:20:30.123456789Z", "2019-01-24T10:20:30.1234567Z"),
            ("2019-01-24T10:20:30.1234567+02:00", "2019-01-24T08:20:30.1234567Z"),
            ("1969-12-31T23:59:59.99999995Z", "1969-12-31T23:59:59.9999999Z"),
            ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
        ] {
            assert_eq!(text.parse::<Time>().unwrap().to_string(), written);
        }
        assert_eq!(Time::default().to_string(), "0001-01-01T00:00:00Z");
        for text in ["", "2019-01-24", "2019-01-24T10:20:30", "now"] {
            assert!(text.parse::<Time>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn file_times_count_from_1601() {
        let time: Time = "2019-01-24T10:20:30.1234567Z".parse().unwrap();
        assert_eq!(time.to_file_time(), Some(131_927_988_301_234_567));
        assert_eq!(Time::from_file_time(131_927_988_301_234_567), Some(time));
        assert_eq!(Time::from_file_time(0).unwrap().to_string(), "1601-01-01T00:00:00Z");
        assert_eq!(Time::ZERO.to_file_time(), None);
        assert_eq!(Time::from_file_time(u64::MAX), None);
    }
}
