//! Damaged images: the reader ends with an error or with what it can read, and says in `verify` what is wrong.

use std::io::Read as _;

use hcs_ext4::read::{Export, FileSystem, file_system_size, is_ext4};
use hcs_ext4::{Memory, Metadata, Node, Options, Storage, Time, Writer};

use crate::tools::{Shared, in_memory};

fn fill(writer: &mut Writer<Shared>) -> hcs_ext4::Result<()> {
    let mut metadata = Metadata::new(0o755, 1, 2, Time::from_seconds(5));
    writer.create(b"folder", Node::Directory, &metadata)?;
    writer.create(b"folder/link", Node::Symlink(&[b'x'; 100]), &metadata)?;
    for n in 0..120 {
        writer.create(format!("folder/file-with-a-long-name-{n}").as_bytes(), Node::Fifo, &metadata)?;
    }
    metadata.xattrs = vec![(b"user.big".to_vec(), vec![1; 1000]), (b"user.small".to_vec(), vec![1; 10])];
    writer.create_file(b"file", &metadata, 10_000)?;
    writer.write(&[7; 10_000])?;
    let parts: Vec<_> = (0..6).map(|n| hcs_ext4::Part { offset: n * 10_000, length: 10 }).collect();
    writer.create_sparse_file(b"sparse", &metadata, 100_000, &parts)?;
    writer.write(&[9; 60])
}

/// Does all that a reader can do.
fn read_all(bytes: Vec<u8>) -> Result<bool, String> {
    let text = |error: hcs_ext4::read::ReadError| error.to_string();
    let system = FileSystem::open(Memory::new(bytes)).map_err(text)?;
    let holds = system.verify().map_err(text)?.holds();
    let _ = Export::new().run(&system, std::io::sink());
    let _ = system.lookup(b"folder/link/x", true);
    let mut walk = system.walk(2).map_err(text)?;
    while let Some(step) = walk.next() {
        let Ok((_, stat)) = step else { continue };
        let _ = (system.xattrs(stat.inode), system.read_link(stat.inode), system.read_dir(stat.inode));
        if let Ok(reader) = system.read_file(stat.inode) {
            let _ = std::io::copy(&mut reader.take(1 << 20), &mut std::io::sink());
        }
    }
    Ok(holds)
}

#[test]
fn each_changed_byte_of_metadata_is_noticed_and_none_breaks_the_reader() {
    for inline in [false, true] {
        let image = in_memory(Options::new().inline_data(inline), fill).unwrap();
        assert_eq!(read_all(image.clone()), Ok(true));
        let system = FileSystem::open(Memory::new(image.clone())).unwrap();
        let file = system.lookup(b"file", true).unwrap();
        drop(system);
        assert!(file.size == 10_000);
        let mut unnoticed = Vec::new();
        // A few hundred places, at all bytes of structures: the fuzzers try others.
        for at in (0..image.len()).step_by((image.len() / 400) | 1) {
            let mut damaged = image.clone();
            damaged[at] ^= 1 << (at % 8);
            if read_all(damaged) == Ok(true) {
                unnoticed.push(at);
            }
        }
        // Content has no checksums, nor have the bytes before and behind structures.
        let content =
            unnoticed.iter().filter(|at| image[**at] == 7 || image[**at] == 9 || image[**at] == b'x').count();
        let free = unnoticed.iter().filter(|at| image[**at] == 0 || image[**at] == 0xff).count();
        assert_eq!(content + free, unnoticed.len(), "{unnoticed:?}");
    }
}

#[test]
fn images_cut_off_anywhere_are_refused() {
    let image = in_memory(Options::new(), fill).unwrap();
    for length in (0..image.len()).step_by(517) {
        assert!(read_all(image[..length].to_vec()).is_err(), "{length}");
    }
}

#[test]
fn what_is_no_file_system_is_told_apart() {
    let image = in_memory(Options::new(), fill).unwrap();
    let size = image.len() as u64;
    let memory = Memory::new(image);
    assert!(is_ext4(&memory).unwrap());
    assert_eq!(file_system_size(&memory).unwrap(), (size, 4096));
    for other in [vec![], vec![0; 5000], vec![b'x'; 1500]] {
        let memory = Memory::new(other);
        assert!(!is_ext4(&memory).unwrap());
        assert!(file_system_size(&memory).unwrap_err().to_string().contains("not an ext4 file system"));
        assert!(memory.length().is_ok());
    }
}
