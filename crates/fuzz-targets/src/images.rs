//! Archives on their way into ext4 images, and such images as they are read.

use std::io::Read as _;
use std::sync::{Arc, OnceLock};

use hcs_ext4::read::{Export, FileSystem};
use hcs_ext4::tar::Source;
use hcs_ext4::{Convert, Memory, Metadata, Node, Options, Result, Storage, Time, Whiteouts, Writer};

/// Memory that outlives its writer.
type Shared = Arc<Memory>;

/// A byte of options, then a tar, whose checksums are put right. If it can be converted, the image has all checksums
/// right, and the tar of it makes an image with as many files.
///
/// # Panics
/// When it has not.
pub fn tar_to_ext4(bytes: &[u8]) {
    let Some((flags, tar)) = bytes.split_first() else { return };
    let mut tar = tar.to_vec();
    set_checksums(&mut tar);
    let whiteouts = [Whiteouts::Keep, Whiteouts::Overlay, Whiteouts::Apply][usize::from(flags % 3)];
    let options =
        Options::new().inline_data(flags & 0x40 != 0).verity(flags & 0x20 != 0).maximum_size(64 << 20);
    let convert =
        Convert::new().whiteouts(whiteouts).backslashes(flags & 0x80 != 0).end_is_optional(flags & 0x10 != 0);
    let Some((image, inodes)) = make(convert, options.clone(), &[&tar, &tar]) else { return };
    let system = FileSystem::open(image).expect("what was written is a file system");
    let found = system.verify().expect("memory can be read");
    assert!(found.holds(), "{:?}", found.damage);
    let mut exported = Vec::new();
    let size = sizes(&system);
    if size > 1 << 26 {
        return; // holes would become bytes
    }
    Export::new().run(&system, &mut exported).expect("what was written can be read");
    let again = make(Convert::new(), options, &[&exported]);
    // The second image may need more room: it has no holes below 4096 bytes.
    assert!(again.is_none_or(|(_, again)| again == inodes), "another number of files");
}

/// Puts the checksums of all that look like headers right.
pub(crate) fn set_checksums(tar: &mut [u8]) {
    for header in tar.chunks_exact_mut(512).filter(|block| block[257..262] == *b"ustar") {
        header[148..156].fill(b' ');
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    }
}

fn sizes(system: &FileSystem<Shared>) -> u64 {
    let mut sum = 0_u64;
    let mut walk = system.walk(2).expect("there is a root");
    while let Some(step) = walk.next() {
        sum = sum.saturating_add(step.expect("what was written can be read").1.size);
    }
    sum
}

fn make(convert: Convert, options: Options, layers: &[&[u8]]) -> Option<(Shared, u32)> {
    let memory = Shared::default();
    let mut writer = Writer::new(memory.clone(), options).ok()?;
    for (n, layer) in layers.iter().enumerate() {
        if n > 0 {
            writer.next_layer().ok()?;
        }
        convert.run(Source::from_reader(*layer), &mut writer, |_| {}).ok()?;
    }
    let inodes = writer.finish().ok()?.inodes;
    Some((memory, inodes))
}

/// Changes of an image, four bytes each: three for the place, one for the new value. Whatever they make of it, the
/// reader comes to an end.
///
/// # Panics
/// When it does not.
pub fn ext4_image(bytes: &[u8]) {
    static IMAGE: OnceLock<Vec<u8>> = OnceLock::new();
    let image = IMAGE.get_or_init(|| {
        let memory = Shared::default();
        sample(memory.clone()).expect("a sound tree");
        let mut image = vec![0; usize::try_from(memory.length().expect("memory")).expect("a small image")];
        memory.read_exact_at(&mut image, 0).expect("memory");
        image
    });
    let mut image = image.clone();
    for change in bytes.chunks_exact(4).take(4096) {
        let place = change[..3].iter().fold(0, |place, byte| place << 8 | usize::from(*byte));
        let length = image.len();
        image[place % length] = change[3];
    }
    // Without it nothing behind would be looked at.
    let sum = !crc32c::crc32c_append(0, &image[1024..2044]);
    image[2044..2048].copy_from_slice(&sum.to_le_bytes());
    let Ok(system) = FileSystem::open(Memory::new(image)) else { return };
    let _ = system.verify();
    let Ok(mut walk) = system.walk(2) else { return };
    for _ in 0..1000 {
        let Some(step) = walk.next() else { break };
        let Ok((path, stat)) = step else { continue };
        let _ = system.lookup(path, true);
        let _ = (system.xattrs(stat.inode), system.read_link(stat.inode));
        if let Ok(reader) = system.read_file(stat.inode) {
            let _ = std::io::copy(&mut reader.take(1 << 16), &mut std::io::sink());
        }
    }
}

/// A tree with something of everything.
fn sample(memory: Shared) -> Result<()> {
    let mut metadata = Metadata::new(0o755, 1, 2, Time::from_seconds(5));
    let mut writer = Writer::new(memory, Options::new().inline_data(true))?;
    writer.create(b"dev", Node::BlockDevice { major: 8, minor: 300 }, &metadata)?;
    writer.create(b"link", Node::Symlink(b"folder/../link"), &metadata)?;
    writer.create(b"folder/long", Node::Symlink(&[b'x'; 1000]), &metadata)?;
    for n in 0..120 {
        writer.create(format!("folder/file-with-a-long-name-{n}").as_bytes(), Node::Fifo, &metadata)?;
    }
    metadata.xattrs = vec![(b"user.big".to_vec(), vec![1; 1000]), (b"user.small".to_vec(), vec![1; 10])];
    writer.create_file(b"small", &metadata, 100)?;
    writer.write(&[7; 100])?;
    let parts: Vec<_> = (0..6).map(|n| hcs_ext4::Part { offset: n * 10_000, length: 10 }).collect();
    writer.create_sparse_file(b"sparse", &metadata, 100_000, &parts)?;
    writer.write(&[9; 60])?;
    writer.finish().map(|_| ())
}
