//! Many of everything: names in a folder, folders in a folder, links, files.

use hcs_ext4::read::FileSystem;
use hcs_ext4::{Error, Metadata, Node, Options, Time};

use crate::kernel::Mounted;
use crate::tools::{folder, image};

fn metadata() -> Metadata {
    Metadata::new(0o755, 0, 0, Time::from_seconds(1))
}

#[test]
fn a_folder_of_very_many_names_has_an_index_that_the_kernel_uses() {
    let dir = folder();
    // Long names: an index of two levels, which begins beyond some 500 blocks of them.
    let name = |n: u32| format!("big/{n:06}-{}", "n".repeat(170));
    let count = 14_000;
    let (path, _) = image(dir.path(), Options::new(), |writer| {
        (0..count).try_for_each(|n| writer.create(name(n).as_bytes(), Node::Fifo, &metadata()))
    });
    let system = FileSystem::open(fs_err::File::open(&path).unwrap().into_parts().0).unwrap();
    assert!(system.verify().unwrap().holds());
    let big = system.lookup(b"big", true).unwrap();
    assert!(big.size > 512 * 4096, "{big:?}");
    assert_eq!(system.read_dir(big.inode).unwrap().len(), 14_000);
    // Each name is found by its hash.
    if let Some(_mounted) = Mounted::new(&path, &dir.path().join("mounted")) {
        for n in 0..count {
            fs_err::symlink_metadata(dir.path().join("mounted").join(name(n))).unwrap();
        }
        assert!(fs_err::symlink_metadata(dir.path().join("mounted").join(name(count))).is_err());
    }
}

#[test]
fn bytes_above_127_are_hashed_as_the_kernel_does() {
    let dir = folder();
    let name = |n: u32| format!("{n}-ä€😀-{}", "ü".repeat(usize::try_from(n % 100).unwrap()));
    let (path, _) = image(dir.path(), Options::new(), |writer| {
        (0..500).try_for_each(|n| writer.create(name(n).as_bytes(), Node::Fifo, &metadata()))
    });
    if let Some(_mounted) = Mounted::new(&path, &dir.path().join("mounted")) {
        for n in 0..500 {
            fs_err::symlink_metadata(dir.path().join("mounted").join(name(n))).unwrap();
        }
    }
}

#[test]
fn a_file_has_65_000_links_and_no_more() {
    let dir = folder();
    let (path, _) = image(dir.path(), Options::new(), |writer| {
        writer.create(b"file", Node::Fifo, &metadata())?;
        for n in 1..65_000 {
            writer.link(b"file", format!("l{n}").as_bytes())?;
        }
        for n in 65_000..70_000 {
            let refused = writer.link(b"file", format!("l{n}").as_bytes());
            assert!(matches!(refused, Err(Error::TooManyLinks { .. })), "{refused:?}");
        }
        Ok(())
    });
    let system = FileSystem::open(fs_err::File::open(&path).unwrap().into_parts().0).unwrap();
    assert_eq!(system.lookup(b"l64999", true).unwrap().links, 65_000);
    assert!(system.lookup(b"l65000", true).is_err());
}

#[test]
fn a_folder_takes_more_than_65_000_folders() {
    let dir = folder();
    let (path, _) = image(dir.path(), Options::new(), |writer| {
        (0..65_100).try_for_each(|n| writer.create(format!("d/{n}").as_bytes(), Node::Directory, &metadata()))
    });
    let system = FileSystem::open(fs_err::File::open(&path).unwrap().into_parts().0).unwrap();
    // The count is not kept: 1 says so.
    assert_eq!(system.lookup(b"d", true).unwrap().links, 1);
    assert_eq!(system.lookup(b"d/65099", true).unwrap().links, 2);
}

#[test]
fn very_many_small_files_make_no_free_space() {
    let dir = folder();
    let (_, summary) = image(dir.path(), Options::new().inline_data(true), |writer| {
        (0..70_000_u32).try_for_each(|n| {
            writer.create_file(format!("d{}/f{n}", n / 1000).as_bytes(), &metadata(), 4)?;
            writer.write(&n.to_le_bytes())
        })
    });
    // Three groups' worth of inodes, which fit into a third of a usual group.
    assert!(summary.size < 70_000 * 512 + 6_000_000, "{summary:?}");
}
