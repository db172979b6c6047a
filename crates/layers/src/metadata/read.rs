//! Reading a layer's metadata: an index over the paths, and the record of one.

use std::collections::HashMap;
use std::fs::File;
use std::hash::{BuildHasher as _, RandomState};
use std::io::{BufReader, Read, Seek as _, SeekFrom};
use std::os::unix::fs::FileExt as _;

use hashbrown::HashTable;

use super::{FRAME, HEADER, MAGIC, MOST, MetadataError, Object, VERSION, kind, member};
use crate::bytes;
use crate::filetime::{BasicInfo, FileTime};

/// Links that lead to links.
const HOPS: u32 = 40;
/// Bytes that are read at once: paths are mostly asked for in the order in which they were written.
const WINDOW: usize = 16 << 10;
/// Bytes of descriptors that are kept.
const DESCRIPTORS: usize = 1 << 20;

/// What a path's record says.
#[derive(Debug)]
pub(crate) enum Found {
    Object(Object),
    Tombstone,
    Opaque,
    Folder,
}

/// An alternate stream: where its pieces begin.
#[derive(Clone, Debug)]
pub(crate) struct StreamAt {
    pub(crate) name: String,
    pub(crate) size: u64,
    /// Whose it is: 0 of this layer, else of the n-th below.
    pub(crate) layer: usize,
    at: u64,
}

/// A path's hash, and where its record lies: sixteen bytes for each.
#[derive(Debug)]
struct Slot {
    hash: u32,
    at: u64,
}

/// The metadata of a finished layer.
#[derive(Debug)]
pub(crate) struct MetadataReader {
    file: File,
    hasher: RandomState,
    index: HashTable<Slot>,
    descriptors: Vec<u64>,
    /// Those that were asked for.
    known: HashMap<u32, Vec<u8>>,
    known_bytes: usize,
    record: Vec<u8>,
    window: Vec<u8>,
    window_at: u64,
}

impl MetadataReader {
    /// Reads all records once, and checks them.
    pub(crate) fn open(file: File) -> Result<Self, MetadataError> {
        let mut this = Self {
            file,
            hasher: RandomState::new(),
            index: HashTable::new(),
            descriptors: Vec::new(),
            known: HashMap::new(),
            known_bytes: 0,
            record: Vec::new(),
            window: Vec::new(),
            window_at: 0,
        };
        this.scan()?;
        Ok(this)
    }

    fn scan(&mut self) -> Result<(), MetadataError> {
        let file = self.file.try_clone()?;
        let length = file.metadata()?.len();
        let mut input = BufReader::with_capacity(256 << 10, file);
        input.seek(SeekFrom::Start(0))?;
        let mut header = [0; 16];
        // The header is written with the first records: a killed writer leaves an empty file too.
        if length < HEADER {
            return Err(MetadataError::Unfinished);
        }
        input.read_exact(&mut header)?;
        if !header.starts_with(MAGIC) {
            return Err(MetadataError::Magic);
        }
        match bytes::u32(&header, MAGIC.len()).unwrap_or_default() {
            VERSION => {}
            found => return Err(MetadataError::Version { found }),
        }
        let (mut at, mut record, mut ended, mut records) = (HEADER, Vec::new(), false, 0_u64);
        while at < length {
            read_record(&mut input, at, length, &mut record)?;
            let damaged = |what| MetadataError::Damaged { at, what };
            ended = false;
            match record[0] {
                kind::OBJECT | kind::LINK | kind::TOMBSTONE | kind::OPAQUE | kind::FOLDER => {
                    let path =
                        Fields::new(&record[1..]).text().ok_or(damaged("a path is no text"))?.to_owned();
                    self.insert(&path, at)?;
                }
                kind::STREAM | kind::PIECE => {}
                kind::DESCRIPTOR => self.descriptors.push(at),
                kind::END => {
                    ended = true;
                    if bytes::array(&record, 1).map(u64::from_le_bytes) != Some(records) {
                        return Err(damaged("records are missing"));
                    }
                }
                _ => return Err(damaged("a record of a kind that is not known")),
            }
            records += 1;
            at += (FRAME + record.len()) as u64;
        }
        if ended { Ok(()) } else { Err(MetadataError::Unfinished) }
    }

    /// Half of a hash: what the index keeps, so that it can grow without reading all paths again.
    fn hash(&self, path: &str) -> u32 {
        bytes::low(self.hasher.hash_one(path))
    }

    fn insert(&mut self, path: &str, at: u64) -> Result<(), MetadataError> {
        let old = self.position(path)?;
        let hash = self.hash(path);
        // A later record takes the earlier one's place.
        match old.and_then(|old| self.index.find_mut(spread(hash), |slot| slot.at == old)) {
            Some(slot) => slot.at = at,
            None => {
                self.index.insert_unique(spread(hash), Slot { hash, at }, |slot| spread(slot.hash));
            }
        }
        Ok(())
    }

    /// Where a path's record lies.
    fn position(&mut self, path: &str) -> Result<Option<u64>, MetadataError> {
        let hash = self.hash(path);
        let same = self.index.iter_hash(spread(hash)).filter(|slot| slot.hash == hash);
        let found: Vec<u64> = same.map(|slot| slot.at).collect();
        for at in found {
            self.load(at)?;
            if Fields::new(&self.record[1..]).text() == Some(path) {
                return Ok(Some(at));
            }
        }
        Ok(None)
    }

    /// Reads the record at `at`, which the scan has checked.
    fn load(&mut self, at: u64) -> Result<(), MetadataError> {
        let changed = || MetadataError::Damaged { at, what: "it has changed while it was read" };
        let frame = self.bytes(at, FRAME)?.ok_or_else(changed)?;
        let length = bytes::length(bytes::u32(frame, 0).unwrap_or_default().into());
        if length == 0 || length > MOST {
            return Err(changed());
        }
        let mut record = std::mem::take(&mut self.record);
        record.clear();
        record.extend_from_slice(self.bytes(at + FRAME as u64, length)?.ok_or_else(changed)?);
        self.record = record;
        Ok(())
    }

    /// Bytes of the file, from the window if they are in it; `None` when the file ends before them.
    fn bytes(&mut self, at: u64, count: usize) -> Result<Option<&[u8]>, MetadataError> {
        let start = at.checked_sub(self.window_at).map(bytes::length);
        let inside = start.filter(|start| start.saturating_add(count) <= self.window.len());
        let start = if let Some(start) = inside {
            start
        } else {
            self.window.resize(WINDOW.max(count), 0);
            self.window_at = at;
            let mut have = 0;
            while have < self.window.len() {
                match self.file.read_at(&mut self.window[have..], at + have as u64) {
                    Ok(0) => break,
                    Ok(count) => have += count,
                    Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                    Err(error) => return Err(error.into()),
                }
            }
            self.window.truncate(have);
            0
        };
        Ok(self.window.get(start..start + count))
    }

    /// A security descriptor by its number.
    fn descriptor(&mut self, number: u32) -> Result<Vec<u8>, MetadataError> {
        if let Some(known) = self.known.get(&number) {
            return Ok(known.clone());
        }
        let missing = MetadataError::Damaged { at: 0, what: "a descriptor is missing" };
        let at = *self.descriptors.get(bytes::length(number.into())).ok_or(missing)?;
        self.load(at)?;
        let descriptor = self.record[1..].to_vec();
        if self.known_bytes < DESCRIPTORS {
            self.known_bytes += descriptor.len();
            self.known.insert(number, descriptor.clone());
        }
        Ok(descriptor)
    }

    /// What is known of a path. Of a link: of what it is another name of.
    pub(crate) fn find(&mut self, path: &str) -> Result<Option<Found>, MetadataError> {
        let mut path = path.to_owned();
        for _ in 0..HOPS {
            let Some(at) = self.position(&path)? else { return Ok(None) };
            let damaged = |what| MetadataError::Damaged { at, what };
            match self.record[0] {
                kind::TOMBSTONE => return Ok(Some(Found::Tombstone)),
                kind::OPAQUE => return Ok(Some(Found::Opaque)),
                kind::FOLDER => return Ok(Some(Found::Folder)),
                kind::LINK => {
                    let mut fields = Fields::new(&self.record[1..]);
                    fields.text();
                    path = fields.text().ok_or(damaged("a link leads nowhere"))?.to_owned();
                }
                _ => {
                    let record = std::mem::take(&mut self.record);
                    let found = object(&record[1..]).ok_or(damaged("an object is cut off"))?;
                    self.record = record;
                    let (mut object, descriptor) = found;
                    if let Some(number) = descriptor.checked_sub(1) {
                        object.security = Some(self.descriptor(number)?);
                    }
                    return Ok(Some(Found::Object(object)));
                }
            }
        }
        Err(MetadataError::Damaged { at: 0, what: "links lead in a circle" })
    }

    /// The alternate streams of a path.
    pub(crate) fn streams(&mut self, path: &str) -> Result<Vec<StreamAt>, MetadataError> {
        let mut path = path.to_owned();
        let mut at = 0;
        for _ in 0..HOPS {
            let Some(found) = self.position(&path)? else { return Ok(Vec::new()) };
            at = found + (FRAME + self.record.len()) as u64;
            if self.record[0] != kind::LINK {
                break;
            }
            let mut fields = Fields::new(&self.record[1..]);
            fields.text();
            path = fields.text().unwrap_or_default().to_owned();
        }
        let mut streams: Vec<StreamAt> = Vec::new();
        loop {
            self.load(at)?;
            let end = at + (FRAME + self.record.len()) as u64;
            match self.record[0] {
                kind::STREAM => {
                    let mut fields = Fields::new(&self.record[1..]);
                    let stream = fields.text().zip(fields.u64());
                    let (name, size) =
                        stream.ok_or(MetadataError::Damaged { at, what: "a stream is cut off" })?;
                    streams.push(StreamAt { name: name.to_owned(), size, layer: 0, at: end });
                }
                kind::PIECE => {}
                // The end record at the latest.
                _ => return Ok(streams),
            }
            at = end;
        }
    }

    /// The next bytes of a stream; empty at its end.
    pub(crate) fn stream_bytes(&mut self, stream: &mut StreamAt) -> Result<&[u8], MetadataError> {
        if stream.size == 0 {
            return Ok(&[]);
        }
        let at = stream.at;
        self.load(at)?;
        let length = self.record.len() as u64 - 1;
        if self.record[0] != kind::PIECE || length > stream.size || length == 0 {
            return Err(MetadataError::Damaged { at, what: "a stream is not as long as it says" });
        }
        stream.size -= length;
        stream.at += (FRAME + self.record.len()) as u64;
        Ok(&self.record[1..])
    }
}

/// 32 bits as a hash of 64, of which the table uses the upper ones too.
fn spread(hash: u32) -> u64 {
    u64::from(hash).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

fn read_record(
    input: &mut impl Read,
    at: u64,
    length: u64,
    record: &mut Vec<u8>,
) -> Result<(), MetadataError> {
    let damaged = |what| MetadataError::Damaged { at, what };
    if length - at < FRAME as u64 {
        return Err(MetadataError::Unfinished);
    }
    let mut frame = [0; FRAME];
    input.read_exact(&mut frame)?;
    let size = bytes::length(bytes::u32(&frame, 0).unwrap_or_default().into());
    if size == 0 || size > MOST {
        return Err(damaged("a record has no length that can be"));
    }
    if ((FRAME + size) as u64) > length - at {
        return Err(MetadataError::Unfinished);
    }
    record.resize(size, 0);
    input.read_exact(record)?;
    if bytes::u32(&frame, 4) != Some(crc32c::crc32c(record)) {
        return Err(damaged("a checksum is wrong"));
    }
    Ok(())
}

/// An object, and the number of its descriptor plus one.
fn object(record: &[u8]) -> Option<(Object, u32)> {
    let mut fields = Fields::new(record);
    fields.text()?;
    let attributes = fields.u32()?;
    let mut time = || fields.u64().map(|ticks| FileTime(ticks.cast_signed()));
    let (created, accessed, written, changed) = (time()?, time()?, time()?, time()?);
    let descriptor = fields.u32()?;
    let info = BasicInfo { created, accessed, written, changed, attributes };
    let mut object = Object { info, ..Object::default() };
    while let Some(tag) = fields.u8() {
        let value = fields.bytes()?.to_vec();
        match tag {
            member::REPARSE => object.reparse = Some(value),
            member::ATTRIBUTES => object.attributes = Some(value),
            member::SHORT_NAME => object.short_name = Some(bytes::units(&value)),
            member::OBJECT_ID => object.object_id = Some(value),
            _ => return None,
        }
    }
    Some((object, descriptor))
}

/// What is left of a record.
struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    fn new(rest: &'a [u8]) -> Self {
        Self { rest }
    }

    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (now, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        Some(now)
    }

    fn u8(&mut self) -> Option<u8> {
        self.take(1).map(|bytes| bytes[0])
    }

    fn u32(&mut self) -> Option<u32> {
        self.take(4).and_then(|bytes| bytes::u32(bytes, 0))
    }

    fn u64(&mut self) -> Option<u64> {
        self.take(8).and_then(|bytes| bytes::array(bytes, 0)).map(u64::from_le_bytes)
    }

    fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = self.u32()?;
        self.take(bytes::length(length.into()))
    }

    fn text(&mut self) -> Option<&'a str> {
        self.bytes().and_then(|bytes| std::str::from_utf8(bytes).ok())
    }
}
