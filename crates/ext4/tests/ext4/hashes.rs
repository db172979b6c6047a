//! dm-verity: trees that veritysetup accepts, made while writing or afterwards, and what a changed byte does.

use hcs_ext4::verity::{self, ReadError};
use hcs_ext4::vhd::{self, Footer};
use hcs_ext4::{Memory, Metadata, Options, Storage as _, Time, Writer};

use crate::tools::{folder, has, image, run};

fn fill<S: hcs_ext4::Storage + 'static>(writer: &mut Writer<S>) -> hcs_ext4::Result<()> {
    let metadata = Metadata::new(0o644, 0, 0, Time::default());
    for n in 0..40_u8 {
        writer.create_file(&[b'a' + n], &metadata, 100_000)?;
        writer.write(&vec![n; 100_000])?;
    }
    Ok(())
}

#[test]
fn veritysetup_accepts_the_tree_and_notices_a_change() {
    let dir = folder();
    let (path, summary) = image(dir.path(), Options::new().verity(true), fill);
    let tree = summary.verity.unwrap();
    assert_eq!(tree.hash_offset(), summary.size);
    let file = fs_err::File::options().read(true).write(true).open(&path).unwrap().into_parts().0;
    assert!(verity::check(&file, summary.size, &tree.root_hash).unwrap().holds());
    assert_eq!(verity::read(&file, summary.size).unwrap(), tree);
    let setup = || {
        let (name, offset) = (path.to_string_lossy().into_owned(), summary.size.to_string());
        let hash = tree.root_hash_hex();
        let offset = format!("--hash-offset={offset}");
        run("veritysetup", &["verify", &offset, &name, &name, &hash]).unwrap().status.success()
    };
    let there = has("veritysetup");
    assert!(!there || setup());
    let mut byte = [0];
    file.read_exact_at(&mut byte, 300_000).unwrap();
    file.write_all_at(&[byte[0] ^ 1], 300_000).unwrap();
    assert_eq!(verity::check(&file, summary.size, &tree.root_hash).unwrap().damaged, [300_000 / 4096]);
    assert!(!there || !setup());
}

#[test]
fn a_tree_made_afterwards_is_the_same_and_a_footer_fits_behind() {
    let dir = folder();
    let (path, summary) = image(dir.path(), Options::new().verity(true), fill);
    let with = fs_err::read(&path).unwrap();
    let memory = Memory::new(with[..usize::try_from(summary.size).unwrap()].to_vec());
    let tree = verity::append(&memory, summary.size, None).unwrap();
    assert_eq!(Some(&tree), summary.verity.as_ref());
    let length = memory.length().unwrap();
    vhd::append(&memory, Footer::derived(length, &summary.uuid)).unwrap();
    assert_eq!(vhd::remove(&memory).unwrap().size, length);
    assert!(memory.into_bytes() == with);
}

#[test]
fn what_is_no_tree_says_so() {
    let memory = Memory::new(vec![7; 8192]);
    assert!(matches!(verity::read(&memory, 8192), Err(ReadError::Superblock { .. })));
    assert!(matches!(verity::read(&memory, 6000), Err(ReadError::Superblock { .. })));
    assert!(matches!(verity::read(&memory, 0), Err(ReadError::NotVerity { .. })));
    for length in [0, 4095, 4097] {
        assert!(verity::append(&memory, length, None).unwrap_err().to_string().contains("4096"));
    }
    let tree = verity::append(&memory, 4096, None).unwrap();
    assert_eq!(verity::read(&memory, 4096).unwrap(), tree);
    memory.set_length(8192).unwrap();
    assert!(matches!(verity::read(&memory, 4096), Err(ReadError::RootHash { .. })));
    // A super block that speaks of blocks that are not there.
    memory.write_all_at(&u64::MAX.to_le_bytes(), 4096 + 72).unwrap();
    memory.set_length(12_288).unwrap();
    assert!(verity::check(&memory, 4096, &tree.root_hash).is_err());
}
