//! Sparse files as GNU tar stores them: in its own headers, and in three versions within PAX.

use super::header::{self, Header};
use super::pax::decimal;
use super::{RECORD, TarProblem};
use crate::write::Part;

/// Parts of a file: more make no sense, and a hostile list would fill memory.
pub(super) const MOST: usize = 1 << 20;

fn bad(what: &'static str) -> TarProblem {
    TarProblem::Sparse { what }
}

/// What the records of a PAX header say.
#[derive(Debug, Default)]
pub(super) struct SparseKeys {
    pub(super) name: Option<Vec<u8>>,
    pub(super) real_size: Option<u64>,
    pub(super) parts: Vec<Part>,
    /// The list stands before the content.
    pub(super) in_content: bool,
    /// There is a list, even if it is empty.
    pub(super) listed: bool,
    offset: Option<u64>,
}

impl SparseKeys {
    pub(super) fn take(&mut self, key: &[u8], value: &[u8]) -> Result<(), TarProblem> {
        let number = || decimal::<u64>(value).ok_or(bad("a value is no number"));
        match key {
            b"major" => self.in_content = number()? == 1,
            b"minor" | b"numblocks" => {}
            b"name" => self.name = Some(value.to_vec()),
            b"realsize" | b"size" => {
                self.real_size = Some(number()?);
                self.listed = true;
            }
            b"offset" => self.offset = Some(number()?),
            b"numbytes" => {
                let offset = self.offset.take().ok_or(bad("a length without an offset"))?;
                self.push(offset, number()?)?;
            }
            b"map" => {
                let mut numbers = value.split(|byte| *byte == b',').filter(|text| !text.is_empty());
                while let Some(offset) = numbers.next() {
                    let length = numbers.next().ok_or(bad("an offset without a length"))?;
                    let number = |text| decimal::<u64>(text).ok_or(bad("a value is no number"));
                    self.push(number(offset)?, number(length)?)?;
                }
            }
            _ => return Err(bad("an unknown key")),
        }
        Ok(())
    }

    fn push(&mut self, offset: u64, length: u64) -> Result<(), TarProblem> {
        if self.parts.len() >= MOST {
            return Err(bad("too many parts"));
        }
        self.parts.push(Part { offset, length });
        Ok(())
    }
}

/// The parts in a GNU header, or in a block that follows one. The result says whether another one follows.
pub(super) fn gnu_parts(header: &Header, first: bool, parts: &mut Vec<Part>) -> Result<bool, TarProblem> {
    let (start, count, more) = if first { (386, 4, 482) } else { (0, 21, 504) };
    for n in 0..count {
        let at = start + n * 24;
        let offset = &header[at..at + 12];
        if offset[0] == 0 {
            break;
        }
        let number = |field: &[u8]| {
            u64::try_from(header::number(field, "sparse map")?).map_err(|_| bad("a negative offset"))
        };
        if parts.len() >= MOST {
            return Err(bad("too many parts"));
        }
        parts.push(Part { offset: number(offset)?, length: number(&header[at + 12..at + 24])? });
    }
    Ok(header[more] != 0)
}

/// The size of a file in a GNU header.
pub(super) fn gnu_size(header: &Header) -> Result<u64, TarProblem> {
    u64::try_from(header::number(&header[483..495], "real size")?).map_err(|_| bad("a negative size"))
}

/// The list that stands before a file's content, which is read record by record.
#[derive(Debug, Default)]
pub(super) struct ContentMap {
    left: Option<usize>,
    offset: Option<u64>,
    digits: Vec<u8>,
    pub(super) parts: Vec<Part>,
}

impl ContentMap {
    /// Takes a record; true when the list is whole.
    pub(super) fn take(&mut self, record: &[u8; RECORD]) -> Result<bool, TarProblem> {
        for byte in record {
            if *byte != b'\n' {
                if self.digits.len() > 20 {
                    return Err(bad("a value is no number"));
                }
                self.digits.push(*byte);
                continue;
            }
            let number: u64 = decimal(&self.digits).ok_or(bad("a value is no number"))?;
            self.digits.clear();
            match (self.left, self.offset.take()) {
                (None, _) => {
                    let left = usize::try_from(number).ok().filter(|left| *left <= MOST);
                    self.left = Some(left.ok_or(bad("too many parts"))?);
                }
                (Some(_), None) => self.offset = Some(number),
                (Some(left), Some(offset)) => {
                    self.parts.push(Part { offset, length: number });
                    self.left = Some(left - 1);
                }
            }
            if self.left == Some(0) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
