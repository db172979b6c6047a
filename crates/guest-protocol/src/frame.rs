//! Frames on a byte stream: a little-endian `u32` length, then that many bytes of postcard.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// The largest payload in bytes. A process list of 10,000 rows fits; a hostile length does not make us allocate.
pub const MAX_FRAME: usize = 4 << 20;

const PREFIX: usize = size_of::<u32>();

/// Why bytes are not a frame.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FrameError {
    /// The length is over [`MAX_FRAME`]; the stream can't be read any further.
    #[error("frame of {length} bytes, at most {MAX_FRAME} are allowed")]
    TooLong {
        /// What the prefix said.
        length: usize,
    },
    /// The payload is not the expected message.
    #[error("frame does not hold the expected message")]
    Malformed(#[source] postcard::Error),
}

/// One message as the bytes that go on the stream.
///
/// # Errors
/// [`FrameError::TooLong`] when the message needs more than [`MAX_FRAME`] bytes.
pub fn encode<T: Serialize>(message: &T) -> Result<Vec<u8>, FrameError> {
    let mut bytes = postcard::to_extend(message, vec![0; PREFIX]).map_err(FrameError::Malformed)?;
    let length = bytes.len() - PREFIX;
    if length > MAX_FRAME {
        return Err(FrameError::TooLong { length });
    }
    // The check above keeps the length far below u32::MAX.
    #[expect(clippy::cast_possible_truncation, reason = "at most MAX_FRAME")]
    bytes[..PREFIX].copy_from_slice(&(length as u32).to_le_bytes());
    Ok(bytes)
}

/// Takes bytes as they come and gives messages as they are complete.
#[derive(Debug, Default)]
pub struct Decoder {
    buffer: Vec<u8>,
    /// Bytes of `buffer` that were already given out.
    start: usize,
}

impl Decoder {
    /// Adds what was read from the stream.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.start == self.buffer.len() {
            self.buffer.clear();
            self.start = 0;
        } else if self.start > MAX_FRAME {
            self.buffer.drain(..self.start);
            self.start = 0;
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// The next message, or `None` until more bytes come.
    ///
    /// # Errors
    /// [`FrameError`]; after one the stream is out of step and must be closed.
    pub fn next_message<T: DeserializeOwned>(&mut self) -> Result<Option<T>, FrameError> {
        let rest = &self.buffer[self.start..];
        let Some((prefix, rest)) = rest.split_first_chunk::<PREFIX>() else { return Ok(None) };
        let length = u32::from_le_bytes(*prefix) as usize;
        if length > MAX_FRAME {
            return Err(FrameError::TooLong { length });
        }
        let Some(payload) = rest.get(..length) else { return Ok(None) };
        let message = postcard::from_bytes(payload).map_err(FrameError::Malformed)?;
        self.start += PREFIX + length;
        Ok(Some(message))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_length_over_the_limit_is_refused_before_its_bytes_come() {
        let mut decoder = Decoder::default();
        decoder.push(&u32::MAX.to_le_bytes());
        let error = decoder.next_message::<String>().unwrap_err();
        assert!(matches!(error, FrameError::TooLong { .. }), "{error}");
    }

    proptest! {
        #[test]
        fn messages_survive_any_cut_of_the_stream(texts: Vec<String>, step in 1usize..40) {
            let mut stream = Vec::new();
            for text in &texts {
                stream.extend(encode(text).unwrap());
            }
            let mut decoder = Decoder::default();
            let mut seen = Vec::<String>::new();
            for piece in stream.chunks(step) {
                decoder.push(piece);
                while let Some(text) = decoder.next_message().unwrap() {
                    seen.push(text);
                }
            }
            prop_assert_eq!(seen, texts);
        }

        #[test]
        fn garbage_never_panics(bytes: Vec<u8>) {
            let mut decoder = Decoder::default();
            decoder.push(&bytes);
            while let Ok(Some(_)) = decoder.next_message::<Vec<String>>() {}
        }
    }
}
