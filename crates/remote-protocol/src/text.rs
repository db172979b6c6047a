//! Small encodings of texts in paths and headers.

use std::fmt::Write as _;

/// A text as one component of a path or query: all but unreserved characters are percent-encoded (RFC 3986), and so
/// are dots, so that no text is a step through folders to whatever stands between client and server.
pub fn encode_component(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'~') {
            encoded.push(char::from(byte));
        } else {
            // Writing to a string can't fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

/// Bytes as lower-case hexadecimal digits.
pub fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// A number that is written as exactly 32 hexadecimal digits; `None` for any other text.
pub fn from_hex(text: &str) -> Option<u128> {
    (text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit()))
        .then(|| u128::from_str_radix(text, 16).ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_an_id_is_a_separator_or_a_step() {
        assert_eq!(encode_component("web-1_~"), "web-1_~");
        assert_eq!(encode_component("../a?b#c%00&d=e f"), "%2E%2E%2Fa%3Fb%23c%2500%26d%3De%20f");
        assert_eq!(encode_component("é\u{0}"), "%C3%A9%00");
    }

    #[test]
    fn hexadecimal_digits() {
        assert_eq!(to_hex(&[0, 0xAB, 7]), "00ab07");
        assert_eq!(from_hex("000000000000000000000000000000ff"), Some(255));
        for bad in ["", "ff", "+00000000000000000000000000000ff", "zz000000000000000000000000000000"] {
            assert_eq!(from_hex(bad), None, "{bad}");
        }
    }
}
