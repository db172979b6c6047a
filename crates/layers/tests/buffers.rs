//! Backup streams and the buffers within them: what is written is read, and no damage is taken for data.

#![expect(clippy::unwrap_used, reason = "a step that fails fails its test")]

use std::io::{Read as _, Write as _};

use hcs_layers::backup::{
    BackupError, Event, Push, Reader, SPARSE_ATTRIBUTE, StreamHeader, StreamId, Writer,
};
use hcs_layers::ea::{self, Ea, EaError};
use hcs_layers::reparse::Reparse;
use hcs_layers::security;
use proptest::prelude::*;

type Stream = (StreamHeader, Vec<u8>);

fn write(streams: &[Stream]) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new());
    for (header, bytes) in streams {
        writer.begin(header).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap()
}

fn read(bytes: &[u8]) -> Result<Vec<Stream>, BackupError> {
    let mut reader = Reader::new(bytes);
    let mut streams = Vec::new();
    while let Some(header) = reader.next()? {
        let mut bytes = Vec::new();
        reader.read_to_end(&mut bytes)?;
        streams.push((header, bytes));
    }
    Ok(streams)
}

fn push(bytes: &[u8], piece: usize) -> Result<Vec<Stream>, BackupError> {
    let (mut push, mut streams) = (Push::new(), Vec::<Stream>::new());
    for mut piece in bytes.chunks(piece) {
        while !piece.is_empty() {
            match push.take(&mut piece)? {
                Some(Event::Begin(header)) => streams.push((header, Vec::new())),
                Some(Event::Bytes(bytes)) => streams.last_mut().unwrap().1.extend(bytes),
                None => assert!(piece.is_empty(), "more is wanted although there is some"),
            }
        }
    }
    push.finish().map(|()| streams)
}

fn any_stream() -> impl Strategy<Value = Stream> {
    let bytes = proptest::collection::vec(any::<u8>(), 0..100);
    let name = proptest::collection::vec(any::<u16>(), 0..20);
    (1..=10_u32, bytes, name, 0..=i64::MAX.cast_unsigned(), any::<u32>()).prop_map(
        |(id, bytes, name, offset, attributes)| {
            let mut header = StreamHeader::new(StreamId(id), bytes.len() as u64);
            header.name = name;
            header.attributes = attributes;
            header.offset = if header.id == StreamId::SPARSE_BLOCK { offset } else { 0 };
            (header, bytes)
        },
    )
}

proptest! {
    #[test]
    fn streams_come_back_whole_and_in_pieces(
        streams in proptest::collection::vec(any_stream(), 0..6),
        piece in 1..70_usize,
    ) {
        let bytes = write(&streams);
        prop_assert_eq!(&read(&bytes).unwrap(), &streams);
        prop_assert_eq!(&push(&bytes, piece).unwrap(), &streams);
        // A cut is noticed anywhere but between two streams.
        let mut borders = vec![0];
        for n in 1..=streams.len() {
            borders.push(write(&streams[..n]).len());
        }
        for at in 0..bytes.len() {
            let whole = borders.contains(&at);
            prop_assert_eq!(read(&bytes[..at]).is_ok(), whole, "read up to {}", at);
            prop_assert_eq!(push(&bytes[..at], piece).is_ok(), whole, "pushed up to {}", at);
        }
    }

    #[test]
    fn attributes_come_back(
        all in proptest::collection::vec((any::<u8>(), proptest::collection::vec(any::<u8>(), 0..=255),
            proptest::collection::vec(any::<u8>(), 0..300)), 0..5),
    ) {
        let all: Vec<Ea> = all.into_iter().map(|(flags, name, value)| Ea { flags, name, value }).collect();
        let buffer = ea::encode(&all).unwrap();
        prop_assert!(buffer.len().is_multiple_of(4));
        prop_assert_eq!(ea::decode(&buffer).unwrap(), all);
    }

    #[test]
    fn links_come_back(target in ".{0,200}", mount_point: bool) {
        let link = Reparse::to(&target, mount_point);
        prop_assert_eq!(link.target().unwrap(), target);
        let buffer = link.encode().unwrap();
        prop_assert_eq!(Reparse::decode(&buffer).unwrap(), link);
        for at in 0..buffer.len() {
            prop_assert!(Reparse::decode(&buffer[..at]).is_err());
        }
    }

    #[test]
    fn no_bytes_break_a_parser(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = (ea::decode(&bytes), Reparse::decode(&bytes), security::check(&bytes), read(&bytes));
    }
}

#[test]
fn a_header_lies_as_windows_lays_it() {
    let mut header = StreamHeader::new(StreamId::ALTERNATE_DATA, 2);
    header.name = ":a:$DATA".encode_utf16().collect();
    let bytes = write(&[(header, b"hi".to_vec())]);
    let expected = b"\x04\0\0\0\0\0\0\0\x02\0\0\0\0\0\0\0\x10\0\0\0:\0a\0:\0$\0D\0A\0T\0A\0hi";
    assert_eq!(bytes, expected);

    let mut header = StreamHeader::new(StreamId::SPARSE_BLOCK, 1);
    (header.offset, header.attributes) = (0x1000, SPARSE_ATTRIBUTE);
    let bytes = write(&[(header, b"x".to_vec())]);
    assert_eq!(bytes, b"\x09\0\0\0\x08\0\0\0\x09\0\0\0\0\0\0\0\0\0\0\0\0\x10\0\0\0\0\0\0x");
}

#[test]
fn too_much_and_too_little_are_refused() {
    let mut writer = Writer::new(Vec::new());
    writer.begin(&StreamHeader::new(StreamId::DATA, 3)).unwrap();
    assert_eq!(
        writer.write(b"four").unwrap_err().to_string(),
        "too many bytes by 1 in backup stream 1 (data)"
    );
    writer.write_all(b"ab").unwrap();
    let error = writer.begin(&StreamHeader::new(StreamId::DATA, 0)).unwrap_err();
    assert_eq!(error.to_string(), "missing 1 bytes of backup stream 1 (data)");
}

#[test]
fn headers_that_lie_are_refused() {
    let header = |id: u32, size: i64, name: u32| {
        let mut bytes = id.to_le_bytes().to_vec();
        bytes.extend([0; 4]);
        bytes.extend(size.to_le_bytes());
        bytes.extend(name.to_le_bytes());
        bytes
    };
    let refused = |bytes: &[u8]| read(bytes).unwrap_err().to_string();
    assert_eq!(refused(&header(1, -1, 0)), "backup stream 1 (data): -1 is no size or offset");
    assert_eq!(refused(&header(9, 7, 0)), "backup stream 9 (sparse block): 7 is no size or offset");
    assert_eq!(refused(&header(4, 0, 3)), "backup stream 4 (alternate data): a name of 3 bytes");
    assert_eq!(refused(&header(77, 0, u32::MAX)), "backup stream 77: a name of 4294967295 bytes");
    // A size that lies makes nobody allocate.
    assert_eq!(refused(&header(1, i64::MAX, 0)), "the backup stream ends within a stream");
}

#[test]
fn links_lie_as_windows_lays_them() {
    let check = |target: &str, substitute: &str, is_relative: bool| {
        let Reparse::Symlink { substitute: found, relative, .. } = Reparse::to(target, false) else {
            panic!()
        };
        assert_eq!((String::from_utf16(&found).unwrap().as_str(), relative), (substitute, is_relative));
    };
    check(r"C:\a", r"\??\C:\a", false);
    check(r"\\?\Volume{1}\a", r"\??\Volume{1}\a", false);
    check(r"\\server\share", r"\??\UNC\server\share", false);
    check(r"..\a", r"..\a", true);
    check(r"\rooted", r"\rooted", true);

    let buffer = Reparse::to("a", false).encode().unwrap();
    let expected = b"\x0c\0\0\xa0\x14\0\0\0\0\0\x02\0\x04\0\x02\0\x01\0\0\0a\0\0\0a\0\0\0";
    assert_eq!(buffer, expected);
    let buffer = Reparse::to(r"C:\", true).encode().unwrap();
    assert_eq!(&buffer[..8], b"\x03\0\0\xa0\x20\0\0\0");
    let long = "x".repeat(9000);
    assert!(Reparse::to(&long, false).encode().unwrap_err().to_string().contains("18000 UTF-16 units"));

    let other = b"\x1c\0\0\xa0\x02\0\0\0ab";
    assert_eq!(Reparse::decode(other).unwrap().encode().unwrap(), other);
}

#[test]
fn damaged_attributes_are_refused() {
    let one = Ea { flags: 0, name: b"NAME".to_vec(), value: b"value".to_vec() };
    let buffer = ea::encode(&[one.clone(), one.clone()]).unwrap();
    let mut changed = buffer.clone();
    changed[0] = 4; // the next one within this one
    assert_eq!(ea::decode(&changed), Err(EaError::Damaged { at: 0 }));
    changed[0] = 200;
    assert_eq!(ea::decode(&changed), Err(EaError::Damaged { at: 0 }));
    assert_eq!(ea::decode(&buffer[..buffer.len() - 4]), Err(EaError::Damaged { at: 20 }));
    let long = Ea { name: vec![b'x'; 256], ..one.clone() };
    assert_eq!(ea::encode(&[long]), Err(EaError::Name { length: 256 }));
    let long = Ea { value: vec![0; 65536], ..one };
    assert_eq!(ea::encode(&[long]), Err(EaError::Value { length: 65536 }));
}

/// Owner and group SYSTEM, one entry that gives everybody all rights.
const DESCRIPTOR: &[u8] = b"\x01\0\x04\x80\x14\0\0\0\x20\0\0\0\0\0\0\0\x2c\0\0\0\
    \x01\x01\0\0\0\0\0\x05\x12\0\0\0\x01\x01\0\0\0\0\0\x05\x12\0\0\0\
    \x02\0\x1c\0\x01\0\0\0\0\0\x14\0\xff\x01\x1f\0\x01\x01\0\0\0\0\0\x01\0\0\0\0";

#[test]
fn descriptors_are_looked_at_whole() {
    security::check(DESCRIPTOR).unwrap();
    for at in 0..DESCRIPTOR.len() {
        assert!(security::check(&DESCRIPTOR[..at]).is_err(), "cut at {at}");
    }
    let changed = |at: usize, value: u8| {
        let mut descriptor = DESCRIPTOR.to_vec();
        descriptor[at] = value;
        security::check(&descriptor).unwrap_err().what
    };
    assert_eq!(changed(0, 2), "its revision is not 1");
    assert_eq!(changed(3, 0), "it is not self-relative");
    assert_eq!(changed(4, 1), "the owner lies outside");
    assert_eq!(changed(5, 1), "the owner lies outside");
    assert_eq!(changed(21, 16), "the owner is no SID");
    assert_eq!(changed(48, 9), "the list of rights is damaged");
    assert_eq!(changed(54, 0), "the list of rights is damaged");
}
