//! Amounts as people write them: `64m`, `1g`, `1.5`.

use std::num::NonZeroU64;

/// Why a text is no amount of memory.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SizeError {
    #[error("expected a number with an optional unit b, k, m, g or t (powers of 1024), such as 512m or 1g")]
    Form,
    #[error("too large")]
    TooLarge,
    #[error("the service counts memory in MiB (1m): give a whole number of them, at least 1")]
    NotMebibytes,
}

/// A whole number of MiB, the unit of the service's memory limit. Anything finer is refused rather than rounded.
pub(crate) fn mebibytes(text: &str) -> Result<NonZeroU64, SizeError> {
    const MEBIBYTE: u128 = 1 << 20;
    let bytes = bytes(text)?;
    if bytes % MEBIBYTE != 0 {
        return Err(SizeError::NotMebibytes);
    }
    // The document's member is a signed number.
    let mebibytes = i64::try_from(bytes / MEBIBYTE).map_err(|_| SizeError::TooLarge)?;
    NonZeroU64::new(mebibytes.unsigned_abs()).ok_or(SizeError::NotMebibytes)
}

fn bytes(text: &str) -> Result<u128, SizeError> {
    let lower = text.trim().to_ascii_lowercase();
    let digits = lower.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let shift = match &lower[digits.len()..] {
        "" | "b" => 0,
        "k" | "kb" | "kib" => 10,
        "m" | "mb" | "mib" => 20,
        "g" | "gb" | "gib" => 30,
        "t" | "tb" | "tib" => 40,
        _ => return Err(SizeError::Form),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() || !whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit()) {
        return Err(SizeError::Form);
    }
    if whole.len() > 20 || fraction.len() > 12 {
        return Err(SizeError::TooLarge);
    }
    // At most 32 digits and 2^40: below 2^128 once the fraction's scale is taken off again.
    let scale = 10_u128.pow(u32::try_from(fraction.len()).map_err(|_| SizeError::TooLarge)?);
    let number: u128 = format!("{whole}{fraction}").parse().map_err(|_| SizeError::TooLarge)?;
    let scaled = number.checked_mul(1 << shift).ok_or(SizeError::TooLarge)?;
    if scaled % scale == 0 { Ok(scaled / scale) } else { Err(SizeError::NotMebibytes) }
}

/// A number of processors, such as `0.5` or `2`, in thousandths.
pub(crate) fn millicpus(text: &str) -> Result<NonZeroU64, String> {
    const FORM: &str =
        "expected a number of processors above 0 with at most three decimals, such as 0.5 or 2";
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || whole.len() > 6 || fraction.len() > 3 || !digits(whole) || !digits(fraction) {
        return Err(FORM.into());
    }
    format!("{whole}{fraction:0<3}").parse().map_err(|_| FORM.into())
}

/// Bytes for a table: at most four digits and a binary unit.
pub(crate) fn human_bytes(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    // Rounding may carry into the next unit, which is why this asks the rounded figure.
    let mut tenths = bytes.saturating_mul(10) / 1024;
    let mut unit = 0;
    let mut rest = bytes;
    while tenths >= 10_240 && unit + 1 < UNITS.len() {
        rest /= 1024;
        tenths = rest.saturating_mul(10) / 1024;
        unit += 1;
    }
    format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit])
}

/// A length of time for a table, from units of 100 ns: `0.04s`, `1m05s`, `3h10m`, `2d04h`.
pub(crate) fn human_time(units_100ns: u64) -> String {
    let seconds = units_100ns / 10_000_000;
    match seconds {
        0..60 => format!("{seconds}.{:02}s", units_100ns / 100_000 % 100),
        60..3_600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        3_600..86_400 => format!("{}h{:02}m", seconds / 3_600, seconds / 60 % 60),
        _ => format!("{}d{:02}h", seconds / 86_400, seconds / 3_600 % 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory() {
        let check = |text: &str, mebibytes_: u64| {
            assert_eq!(mebibytes(text).map(NonZeroU64::get), Ok(mebibytes_), "{text}");
        };
        check("64m", 64);
        check("64M", 64);
        check("64MiB", 64);
        check("1g", 1024);
        check("1.5g", 1536);
        check("2048k", 2);
        check("1048576", 1);
        check("0.5t", 512 * 1024);
        for (text, error) in [
            ("", SizeError::Form),
            ("m", SizeError::Form),
            ("-1m", SizeError::Form),
            ("1e3", SizeError::Form),
            ("1x", SizeError::Form),
            ("1.2.3m", SizeError::Form),
            ("0", SizeError::NotMebibytes),
            ("64", SizeError::NotMebibytes),
            ("1.5m", SizeError::NotMebibytes),
            ("0.0000001m", SizeError::NotMebibytes),
            ("99999999999999999999t", SizeError::TooLarge),
            ("999999999999999999999999", SizeError::TooLarge),
        ] {
            assert_eq!(mebibytes(text), Err(error), "{text}");
        }
    }

    #[test]
    fn processors() {
        let check = |text: &str| millicpus(text).map(NonZeroU64::get).ok();
        assert_eq!(check("2"), Some(2000));
        assert_eq!(check("0.5"), Some(500));
        assert_eq!(check("1.125"), Some(1125));
        for text in ["", "0", "0.000", "-1", "1.0005", ".5", "1,5", "9999999"] {
            assert_eq!(check(text), None, "{text}");
        }
    }

    #[test]
    fn bytes_for_people() {
        for (bytes, text) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 KiB"),
            (1536, "1.5 KiB"),
            (1 << 20, "1.0 MiB"),
            ((1 << 20) - 1, "1023.9 KiB"),
            (u64::MAX, "15.9 EiB"),
        ] {
            assert_eq!(human_bytes(bytes), text);
        }
    }

    #[test]
    fn times_for_people() {
        for (seconds, text) in [
            (0, "0.00s"),
            (59, "59.00s"),
            (60, "1m00s"),
            (3_661, "1h01m"),
            (90_000, "1d01h"),
            (8_640_000, "100d00h"),
        ] {
            assert_eq!(human_time(seconds * 10_000_000), text);
        }
        assert_eq!(human_time(419_999), "0.04s");
    }
}
