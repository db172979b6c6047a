//! What content looks like on disk: large, sparse, small, and copied by the kernel.

use std::io::{Read as _, Seek as _};

use hcs_ext4::read::FileSystem;
use hcs_ext4::tar::Source;
use hcs_ext4::{Convert, Metadata, Options, Part, Time, Writer};

use crate::archive::{Archive, Header};
use crate::tools::{Shared, assert_clean, folder, image};

fn metadata() -> Metadata {
    Metadata::new(0o644, 0, 0, Time::from_seconds(1_700_000_000))
}

fn content<S: hcs_ext4::Storage>(system: &FileSystem<S>, path: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let stat = system.lookup(path.as_bytes(), true).unwrap();
    system.read_file(stat.inode).unwrap().read_to_end(&mut bytes).unwrap();
    bytes
}

#[test]
fn holes_stay_holes_and_read_as_zeros() {
    let dir = folder();
    let size = 5_u64 << 30;
    // Within a block, over blocks, at odd places, and far away.
    let parts: Vec<Part> = [(0, 5), (10, 7), (4090, 20), (20_000, 1), (1 << 32, 4096), (size - 3, 3)]
        .map(|(offset, length)| Part { offset, length })
        .to_vec();
    let total: u64 = parts.iter().map(|part| part.length).sum();
    let bytes: Vec<u8> = (0..total).map(|n| u8::try_from(n % 251 + 1).unwrap()).collect();
    let (path, summary) = image(dir.path(), Options::new(), |writer| {
        writer.create_sparse_file(b"sparse", &metadata(), size, &parts)?;
        writer.write(&bytes)
    });
    assert!(summary.size < 1 << 20, "{summary:?}");
    let system = FileSystem::open(fs_err::File::open(path).unwrap().into_parts().0).unwrap();
    let stat = system.lookup(b"sparse", true).unwrap();
    assert_eq!((stat.size, stat.allocated), (size, 5 * 4096));
    let mut reader = system.read_file(stat.inode).unwrap();
    let mut at = 0;
    for part in &parts {
        let length = usize::try_from(part.length).unwrap();
        let mut found = vec![0; length];
        reader.seek(std::io::SeekFrom::Start(part.offset)).unwrap();
        reader.read_exact(&mut found).unwrap();
        assert_eq!(found, bytes[at..at + length]);
        at += length;
    }
    let mut between = [1; 4];
    reader.seek(std::io::SeekFrom::Start(6)).unwrap();
    reader.read_exact(&mut between).unwrap();
    assert_eq!(between, [0; 4]);
}

#[test]
fn files_of_over_4_gib_have_trees_of_extents() {
    let dir = folder();
    for count in [5_u64, 341, 1361] {
        let place = |n: u64| n * 8192 * 500 + 4096;
        let size = place(count - 1) + 5;
        let parts: Vec<Part> = (0..count).map(|n| Part { offset: place(n), length: 5 }).collect();
        let (path, summary) = image(dir.path(), Options::new(), |writer| {
            writer.create_sparse_file(b"large", &metadata(), size, &parts)?;
            (0..count).try_for_each(|n| writer.write(&n.to_be_bytes()[3..]))
        });
        assert!(summary.size < (count + 40) * 4096);
        let system = FileSystem::open(fs_err::File::open(path).unwrap().into_parts().0).unwrap();
        let stat = system.lookup(b"large", true).unwrap();
        assert_eq!(stat.size, size);
        let mut reader = system.read_file(stat.inode).unwrap();
        for n in 0..count {
            let mut bytes = [0; 5];
            reader.seek(std::io::SeekFrom::Start(place(n))).unwrap();
            reader.read_exact(&mut bytes).unwrap();
            assert_eq!(bytes, n.to_be_bytes()[3..]);
        }
        assert!(system.verify().unwrap().holds());
    }
}

#[test]
fn a_file_and_a_pipe_make_the_same_image() {
    let dir = folder();
    let big: Vec<u8> = (0..3_000_001_u32).map(|n| n.to_le_bytes()[0] ^ n.to_le_bytes()[1]).collect();
    let mut archive = Archive::default();
    archive.folder("d").file("d/small", b"small").file("d/big", &big).file("d/last", &big[..200_000]);
    let tar = dir.path().join("tar");
    fs_err::write(&tar, archive.end()).unwrap();
    let make = |source: Source<'_>, name: &str, verity: bool| {
        let path = dir.path().join(name);
        let out = fs_err::File::options().read(true).write(true).create_new(true).open(&path).unwrap();
        let mut writer = Writer::new(out.into_parts().0, Options::new().verity(verity)).unwrap();
        Convert::new().run(source, &mut writer, |_| {}).unwrap();
        let size = writer.finish().unwrap().size;
        let mut bytes = fs_err::read(&path).unwrap();
        bytes.truncate(usize::try_from(size).unwrap());
        assert_clean(&path);
        bytes
    };
    let file = || Source::from_file(fs_err::File::open(&tar).unwrap().into_parts().0).unwrap();
    let archive = archive.end();
    let copied = make(file(), "copied", false);
    assert!(copied == make(Source::from_reader(&archive[..]), "piped", false));
    assert!(copied == make(file(), "hashed", true));
    let system = FileSystem::open(hcs_ext4::Memory::new(copied)).unwrap();
    assert!(content(&system, "d/big") == big);
}

#[test]
fn small_files_lie_in_their_inodes() {
    let dir = folder();
    let files: Vec<_> = (0..2000_usize).map(|n| (format!("f{n}"), vec![b'x'; n % 394])).collect();
    let (path, summary) = image(dir.path(), Options::new().inline_data(true), |writer| {
        files.iter().try_for_each(|(name, bytes)| {
            writer.create_file(name.as_bytes(), &metadata(), bytes.len() as u64)?;
            writer.write(bytes)
        })
    });
    // 2000 inodes of 512 bytes, five files of 393 bytes in blocks, one folder.
    assert!(summary.size < 1_200_000, "{summary:?}");
    let system = FileSystem::open(fs_err::File::open(path).unwrap().into_parts().0).unwrap();
    for (name, bytes) in &files {
        assert!(content(&system, name) == *bytes, "{name}");
    }
}

#[test]
fn every_form_of_sparse_tar_is_read() {
    let expected = [&b"abcd"[..], &[0; 8188], b"wxyz", &[0; 4]].concat();
    let stored = b"abcdwxyz";
    let size = expected.len() as u64;
    let mut archive = Archive::default();
    // GNU tar's own header.
    let mut raw = [0_u8; 512];
    raw[..3].copy_from_slice(b"gnu");
    raw[100..108].copy_from_slice(b"0000644\0");
    raw[124..135].copy_from_slice(format!("{:011o}", stored.len()).as_bytes());
    raw[136..147].copy_from_slice(b"00000000000");
    raw[156] = b'S';
    raw[257..265].copy_from_slice(b"ustar  \0");
    for (at, value) in [(386, 0), (398, 4), (410, 8192), (422, 4), (434, size), (446, 0), (483, size)] {
        raw[at..at + 11].copy_from_slice(format!("{value:011o}").as_bytes());
    }
    archive.raw(raw).content(stored);
    let text = size.to_string();
    let header =
        |name: &'static [u8], length: usize| Header { name, size: length as u64, ..Header::default() };
    archive.pax(&[
        ("GNU.sparse.size", text.as_bytes()),
        ("GNU.sparse.numblocks", b"2"),
        ("GNU.sparse.offset", b"0"),
        ("GNU.sparse.numbytes", b"4"),
        ("GNU.sparse.offset", b"8192"),
        ("GNU.sparse.numbytes", b"4"),
    ]);
    archive.header(header(b"pax00", stored.len())).content(stored);
    archive.pax(&[
        ("GNU.sparse.size", text.as_bytes()),
        ("GNU.sparse.name", b"pax01"),
        ("GNU.sparse.map", b"0,4,8192,4"),
    ]);
    archive.header(header(b"GNUSparseFile.0/pax01", stored.len())).content(stored);
    archive.pax(&[
        ("GNU.sparse.major", b"1"),
        ("GNU.sparse.minor", b"0"),
        ("GNU.sparse.name", b"pax10"),
        ("GNU.sparse.realsize", text.as_bytes()),
    ]);
    let mut with_map = b"2\n0\n4\n8192\n4\n".to_vec();
    with_map.resize(512, 0);
    with_map.extend_from_slice(stored);
    archive.header(header(b"GNUSparseFile.0/pax10", with_map.len())).content(&with_map);
    archive.file("after", b"after");
    let memory = Shared::default();
    let mut writer = Writer::new(memory.clone(), Options::new()).unwrap();
    let archive = archive.end();
    Convert::new().run(Source::from_reader(&archive[..]), &mut writer, |_| {}).unwrap();
    writer.finish().unwrap();
    let system = FileSystem::open(memory).unwrap();
    for name in ["gnu", "pax00", "pax01", "pax10"] {
        assert!(content(&system, name) == expected, "{name}");
        assert_eq!(system.lookup(name.as_bytes(), true).unwrap().allocated, 2 * 4096, "{name}");
    }
    assert_eq!(content(&system, "after"), b"after");
}
