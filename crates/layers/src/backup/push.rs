//! Streams that come in pieces from outside, as callers of a layer writer hand them over.

use super::{BackupError, HEADER, StreamHeader, StreamId};
use crate::bytes;

/// What a piece was made of.
#[derive(Debug)]
pub enum Event<'a> {
    /// A stream begins.
    Begin(StreamHeader),
    /// Bytes of it.
    Bytes(&'a [u8]),
}

/// Takes streams apart piece by piece; memory for one header.
#[derive(Debug, Default)]
pub struct Push {
    /// Bytes of a header that is not whole yet.
    header: Vec<u8>,
    /// Of the stream that is being taken.
    left: u64,
    id: Option<StreamId>,
}

impl Push {
    /// At a header's start.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes some of `input` and says what it was; `None` when more is needed. Call it until `input` is empty.
    ///
    /// # Errors
    /// Sizes and names that can't be.
    pub fn take<'a>(&mut self, input: &mut &'a [u8]) -> Result<Option<Event<'a>>, BackupError> {
        if self.left > 0 {
            let (now, rest) = input.split_at(input.len().min(bytes::length(self.left)));
            *input = rest;
            self.left -= now.len() as u64;
            return Ok((!now.is_empty()).then_some(Event::Bytes(now)));
        }
        if !self.gather(input, HEADER) {
            return Ok(None);
        }
        let fixed = bytes::array(&self.header, 0).ok_or(BackupError::CutOff { within: "a header" })?;
        let (mut header, name, offset) = StreamHeader::decode(&fixed)?;
        if !self.gather(input, HEADER + name + if offset { 8 } else { 0 }) {
            return Ok(None);
        }
        header.complete(&self.header[HEADER..], name)?;
        self.header.clear();
        (self.left, self.id) = (header.size, Some(header.id));
        Ok(Some(Event::Begin(header)))
    }

    /// The streams end here.
    ///
    /// # Errors
    /// [`BackupError::CutOff`], [`BackupError::Missing`] when they don't.
    pub fn finish(self) -> Result<(), BackupError> {
        match (self.left, self.id, self.header.is_empty()) {
            (0, _, true) => Ok(()),
            (0, _, false) | (_, None, _) => Err(BackupError::CutOff { within: "a header" }),
            (missing, Some(id), _) => Err(BackupError::Missing { id, missing }),
        }
    }

    /// Whether the header has `wanted` bytes now.
    fn gather(&mut self, input: &mut &[u8], wanted: usize) -> bool {
        let count = wanted.saturating_sub(self.header.len()).min(input.len());
        let (now, rest) = input.split_at(count);
        self.header.extend_from_slice(now);
        *input = rest;
        self.header.len() >= wanted
    }
}
