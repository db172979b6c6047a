//! Reading an archive entry by entry.

use std::io;

use super::entry::{Entry, Kind};
use super::header::{self, Header, field};
use super::input::{Input, Source};
use super::sparse::{self, ContentMap, SparseKeys};
use super::{RECORD, TarError, TarProblem, pax};
use crate::write::text;

/// Bytes of an extended header, or of a long name, that are read.
pub(super) const EXTENDED: u64 = 8 << 20;
/// Bytes of records for all entries, which are gone through for each.
const GLOBAL: usize = 64 << 10;
/// Bytes of headers of one entry that are kept as they are.
const RAW: usize = 16 << 20;
/// Extended headers before one entry.
const HEADERS: usize = 64;

/// Reads an archive.
#[derive(Debug)]
pub struct Reader<'a> {
    input: Input<'a>,
    /// Records of headers that hold for all entries that follow.
    global: Vec<u8>,
    /// Content of the last entry that has not been read.
    left: u64,
    /// Zeros behind it.
    padding: u64,
    /// Whether an archive without end marker is one.
    end_is_optional: bool,
    done: bool,
    keep_records: bool,
    /// What was read and is no content, if that is kept.
    raw: Option<Vec<u8>>,
    /// Of the last entry, for errors.
    name: Vec<u8>,
    offset: u64,
    entries: u64,
}

impl<'a> Reader<'a> {
    /// Reads from `source`. Nothing is read yet.
    pub fn new(source: Source<'a>) -> Self {
        Self {
            input: Input::new(source),
            global: Vec::new(),
            left: 0,
            padding: 0,
            end_is_optional: false,
            done: false,
            keep_records: false,
            raw: None,
            name: Vec::new(),
            offset: 0,
            entries: 0,
        }
    }

    /// Takes an archive as whole that just ends, without the zeros that all programs write.
    #[must_use]
    pub fn end_is_optional(mut self, yes: bool) -> Self {
        self.end_is_optional = yes;
        self
    }

    /// Puts records that this crate has no use for into [`Entry::records`].
    #[must_use]
    pub fn keep_records(mut self, yes: bool) -> Self {
        self.keep_records = yes;
        self
    }

    /// Keeps the bytes of headers and padding as they are, for [`Reader::take_raw`].
    #[must_use]
    pub fn keep_raw(mut self, yes: bool) -> Self {
        self.raw = yes.then(Vec::new);
        self
    }

    /// All bytes since the last call that were no content, if they are kept. After [`Reader::next`]: the padding of the
    /// last entry and the headers of this one; at the end: the end marker's first block.
    pub fn take_raw(&mut self, into: &mut Vec<u8>) {
        into.clear();
        if let Some(raw) = &mut self.raw {
            std::mem::swap(raw, into);
        }
    }

    /// How many bytes have been read.
    pub fn offset(&self) -> u64 {
        self.input.offset()
    }

    /// The next entry; false at the archive's end. Content of the last one that was not read is passed over.
    ///
    /// # Errors
    /// [`TarError`]
    pub fn next(&mut self, entry: &mut Entry) -> Result<bool, TarError> {
        self.finish_entry()?;
        entry.clear();
        self.entries += 1;
        self.name.clear();
        self.offset = self.input.offset();
        if self.done {
            return Ok(false);
        }
        let result = self.read_entry(entry);
        if self.name.is_empty() && !entry.name.is_empty() && result.is_err() {
            entry.name.clone_into(&mut self.name);
        }
        let found = result.map_err(|problem| self.error(problem))?;
        self.done = !found;
        Ok(found)
    }

    /// Content of the last entry: some of what is left, nothing at its end.
    ///
    /// # Errors
    /// [`TarProblem::CutOff`], [`TarProblem::Read`]
    pub fn content(&mut self) -> Result<&[u8], TarError> {
        if self.left == 0 {
            return Ok(&[]);
        }
        let (offset, name) = (self.offset, &self.name);
        let error = |problem| TarError { entry: text(name), offset, problem };
        let bytes = self.input.some(self.left).map_err(|source| error(TarProblem::Read { source }))?;
        if bytes.is_empty() {
            return Err(error(TarProblem::CutOff));
        }
        self.left -= bytes.len() as u64;
        Ok(bytes)
    }

    /// Content of the last entry, straight to where it is wanted; 0 at its end.
    ///
    /// # Errors
    /// As [`Reader::content`].
    pub fn content_into(&mut self, out: &mut [u8]) -> Result<usize, TarError> {
        let count = out.len().min(crate::format::length(self.left));
        let read =
            self.input.read(&mut out[..count]).map_err(|source| self.error(TarProblem::Read { source }))?;
        if read == 0 && count > 0 {
            return Err(self.error(TarProblem::CutOff));
        }
        self.left -= read as u64;
        Ok(read)
    }

    /// Reads what follows the end marker, so that a program that writes into a pipe is not killed.
    ///
    /// # Errors
    /// [`TarProblem::Read`]
    pub fn drain(&mut self) -> Result<(), TarError> {
        while self.input.skip(u64::MAX >> 1).map_err(|source| self.error(TarProblem::Read { source }))? > 0 {}
        Ok(())
    }

    /// The same, some of it at a time; nothing at its end.
    ///
    /// # Errors
    /// [`TarProblem::Read`]
    pub fn rest(&mut self) -> Result<&[u8], TarError> {
        let (offset, name) = (self.offset, &self.name);
        let error = |source| TarError { entry: text(name), offset, problem: TarProblem::Read { source } };
        self.input.some(u64::MAX).map_err(error)
    }

    fn finish_entry(&mut self) -> Result<(), TarError> {
        let (left, padding) = (std::mem::take(&mut self.left), std::mem::take(&mut self.padding));
        let result = self.skip(left).and_then(|()| self.skip_raw(padding));
        result.map_err(|problem| self.error(problem))
    }

    /// Passes over content.
    fn skip(&mut self, count: u64) -> Result<(), TarProblem> {
        let skipped = self.input.skip(count).map_err(|source| TarProblem::Read { source })?;
        if skipped == count { Ok(()) } else { Err(TarProblem::CutOff) }
    }

    /// Passes over what is no content.
    fn skip_raw(&mut self, count: u64) -> Result<(), TarProblem> {
        if self.raw.is_none() {
            return self.skip(count);
        }
        let mut left = count;
        while left > 0 {
            let bytes = self.input.some(left).map_err(|source| TarProblem::Read { source })?;
            if bytes.is_empty() {
                return Err(TarProblem::CutOff);
            }
            left -= bytes.len() as u64;
            keep(&mut self.raw, bytes)?;
        }
        Ok(())
    }

    fn error(&self, problem: TarProblem) -> TarError {
        let entry = if self.name.is_empty() { format!("number {}", self.entries) } else { text(&self.name) };
        TarError { entry, offset: self.offset, problem }
    }

    /// A header, or `None` at the end of all.
    fn header(&mut self, first: bool) -> Result<Option<Header>, TarProblem> {
        let mut header = [0; RECORD];
        match self.input.exact(&mut header).map_err(|source| TarProblem::Read { source })? {
            RECORD => {}
            0 if first => {
                return if self.end_is_optional { Ok(None) } else { Err(TarProblem::NoEnd) };
            }
            _ => return Err(TarProblem::CutOff),
        }
        keep(&mut self.raw, &header)?;
        // Most headers have a name; zeros have none.
        if header[0] == 0 && header.iter().all(|byte| *byte == 0) {
            return if first { Ok(None) } else { Err(TarProblem::CutOff) };
        }
        if header::checksum_holds(&header) { Ok(Some(header)) } else { Err(TarProblem::Checksum) }
    }

    fn read_entry(&mut self, entry: &mut Entry) -> Result<bool, TarProblem> {
        let mut extended = Vec::new();
        let (mut long_name, mut long_link) = (None, None);
        let mut count = 0;
        loop {
            if count > HEADERS {
                return Err(TarProblem::Extended { what: "too many of them before one entry" });
            }
            let Some(header) = self.header(count == 0)? else { return Ok(false) };
            count += 1;
            match header[field::TYPE] {
                b'x' | b'X' => extended = self.block(&header, "an extended header")?,
                b'g' => {
                    let block = self.block(&header, "an extended header")?;
                    if self.global.len() + block.len() > GLOBAL {
                        return Err(TarProblem::Extended { what: "too many records for all entries" });
                    }
                    self.global.extend(block);
                    // It belongs to no entry: the archive may end here.
                    count -= 1;
                    if count == 0 {
                        self.offset = self.input.offset();
                    }
                }
                b'L' => long_name = Some(self.block(&header, "a name")?),
                b'K' => long_link = Some(self.block(&header, "a link's target")?),
                b'V' => self.pass(&header)?, // a volume's label
                _ => {
                    for (long, field) in [(long_name, &mut entry.name), (long_link, &mut entry.link)] {
                        if let Some(long) = long {
                            *field = header::text(&long).to_vec();
                        }
                    }
                    self.complete(entry, &header, &extended)?;
                    return Ok(true);
                }
            }
        }
    }

    fn complete(&mut self, entry: &mut Entry, header: &Header, extended: &[u8]) -> Result<(), TarProblem> {
        entry.offset = self.offset;
        header::fill(entry, header)?;
        self.name.clear();
        let (mut size, mut sparse) = (None, SparseKeys::default());
        if !self.global.is_empty() {
            let global = std::mem::take(&mut self.global);
            let result = pax::apply(entry, &global, &mut size, &mut sparse, self.keep_records);
            self.global = global;
            result?;
        }
        pax::apply(entry, extended, &mut size, &mut sparse, self.keep_records)?;
        if let Some(name) = sparse.name.take() {
            entry.name = name;
        }
        entry.name.clone_into(&mut self.name);
        entry.kind = match header[field::TYPE] {
            // Before there was a type, a slash at the end was a folder's.
            0 | b'0' | b'7' if entry.name.ends_with(b"/") => Kind::Directory,
            0 | b'0' | b'7' | b'S' => Kind::File,
            b'1' => Kind::HardLink,
            b'2' => Kind::Symlink,
            b'3' => Kind::CharDevice,
            b'4' => Kind::BlockDevice,
            b'5' | b'D' => Kind::Directory,
            b'6' => Kind::Fifo,
            b'M' => return Err(TarProblem::Volume),
            other => return Err(TarProblem::Kind { kind: char::from(other) }),
        };
        let stated = match size {
            Some(size) => size,
            None => header::size(header)?,
        };
        // Only files have content, and the list of a folder's names in GNU's incremental archives.
        let stored = if entry.kind == Kind::File || header[field::TYPE] == b'D' { stated } else { 0 };
        self.left = stored;
        self.padding = stored.wrapping_neg() % RECORD as u64;
        if entry.kind != Kind::File {
            self.padding += std::mem::take(&mut self.left);
            return Ok(());
        }
        (entry.size, entry.stored) = (stored, stored);
        if header[field::TYPE] == b'S' {
            self.gnu_sparse(entry, header)?;
        } else if sparse.in_content || sparse.listed {
            self.pax_sparse(entry, sparse)?;
        }
        Ok(())
    }

    fn gnu_sparse(&mut self, entry: &mut Entry, header: &Header) -> Result<(), TarProblem> {
        let mut parts = Vec::new();
        let mut more = sparse::gnu_parts(header, true, &mut parts)?;
        while more {
            let record = self.record()?;
            more = sparse::gnu_parts(&record, false, &mut parts)?;
        }
        entry.size = sparse::gnu_size(header)?;
        set_parts(entry, parts)
    }

    fn pax_sparse(&mut self, entry: &mut Entry, keys: SparseKeys) -> Result<(), TarProblem> {
        let mut parts = keys.parts;
        if keys.in_content {
            let mut map = ContentMap::default();
            loop {
                let record = self.record()?;
                let left = self.left.checked_sub(RECORD as u64);
                self.left = left.ok_or(TarProblem::Sparse { what: "the map is longer than the entry" })?;
                if map.take(&record)? {
                    break;
                }
            }
            entry.stored = self.left;
            parts = map.parts;
        }
        entry.size = keys.real_size.ok_or(TarProblem::Sparse { what: "the file's size is missing" })?;
        set_parts(entry, parts)
    }

    fn record(&mut self) -> Result<Header, TarProblem> {
        let mut record = [0; RECORD];
        let read = self.input.exact(&mut record).map_err(|source| TarProblem::Read { source })?;
        keep(&mut self.raw, &record[..read])?;
        if read == RECORD { Ok(record) } else { Err(TarProblem::CutOff) }
    }

    /// The content of a header that belongs to the next entry.
    fn block(&mut self, header: &Header, what: &'static str) -> Result<Vec<u8>, TarProblem> {
        let length = header::size(header)?;
        if length > EXTENDED {
            return Err(TarProblem::TooLong { what, length, limit: EXTENDED });
        }
        let mut block = Vec::new();
        let mut left = length;
        let read = |source: io::Error| TarProblem::Read { source };
        while left > 0 {
            // A length that lies makes us read no more than there is.
            let bytes = self.input.some(left).map_err(read)?;
            if bytes.is_empty() {
                return Err(TarProblem::CutOff);
            }
            left -= bytes.len() as u64;
            block.extend_from_slice(bytes);
            keep(&mut self.raw, bytes)?;
        }
        self.skip_raw(length.wrapping_neg() % RECORD as u64)?;
        Ok(block)
    }

    fn pass(&mut self, header: &Header) -> Result<(), TarProblem> {
        let length = header::size(header)?.checked_next_multiple_of(RECORD as u64).unwrap_or(u64::MAX);
        self.skip_raw(length)
    }
}

/// Keeps bytes that are no content.
fn keep(raw: &mut Option<Vec<u8>>, bytes: &[u8]) -> Result<(), TarProblem> {
    if let Some(raw) = raw {
        let length = raw.len() + bytes.len();
        if length > RAW {
            let (length, limit) = (length as u64, RAW as u64);
            return Err(TarProblem::TooLong { what: "what stands between two entries", length, limit });
        }
        raw.extend_from_slice(bytes);
    }
    Ok(())
}

/// Sets the parts, which must be what is stored. Empty ones only say where the file ends.
fn set_parts(entry: &mut Entry, mut parts: Vec<crate::write::Part>) -> Result<(), TarProblem> {
    parts.retain(|part| part.length > 0);
    let total = parts.iter().try_fold(0_u64, |sum, part| sum.checked_add(part.length));
    if total != Some(entry.stored) {
        return Err(TarProblem::Sparse { what: "its parts are not as long as what is stored" });
    }
    entry.parts = Some(parts);
    Ok(())
}
