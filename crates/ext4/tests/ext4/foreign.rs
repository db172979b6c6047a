//! Images of other programs: our reader reads what mke2fs makes, in all its forms.

use std::collections::BTreeMap;

use hcs_ext4::read::FileSystem;

use crate::kernel::Mounted;
use crate::model;
use crate::tools::{folder, has, run};

#[test]
fn images_of_mke2fs_are_read() {
    if !has("mke2fs") {
        return;
    }
    let dir = folder();
    let source = dir.path().join("source");
    fs_err::create_dir_all(source.join("folder")).unwrap();
    let mut files =
        BTreeMap::from([("empty", vec![]), ("small", vec![b'x'; 50]), ("large", vec![b'y'; 3_000_000])]);
    files.insert("holes", [&vec![b'z'; 5000][..], &vec![0; 200_000], b"end"].concat());
    for (name, bytes) in &files {
        fs_err::write(source.join("folder").join(name), bytes).unwrap();
    }
    for n in 0..500 {
        fs_err::write(source.join("folder").join(format!("one-of-many-names-{n}")), []).unwrap();
    }
    std::os::unix::fs::symlink("y".repeat(200), source.join("link")).unwrap();
    let source = source.to_string_lossy().into_owned();
    for options in [
        &["-t", "ext2", "-b", "1024"][..],
        &["-t", "ext3", "-b", "4096"],
        &["-t", "ext4"],
        &["-t", "ext4", "-b", "1024", "-O", "meta_bg,^resize_inode"],
        &["-t", "ext4", "-O", "inline_data,^metadata_csum", "-I", "512"],
        &["-t", "ext4", "-O", "^64bit,^has_journal,sparse_super2"],
    ] {
        let image = dir.path().join("image");
        let text = image.to_string_lossy().into_owned();
        let _ = fs_err::remove_file(&image);
        let args = [&["-q", "-F", "-d", &source][..], options, &[&text, "40M"]].concat();
        let output = run("mke2fs", &args).unwrap();
        assert!(output.status.success(), "{options:?}: {}", String::from_utf8_lossy(&output.stderr));
        let system = FileSystem::open(fs_err::File::open(&image).unwrap().into_parts().0).unwrap();
        let found = system.verify().unwrap();
        assert!(found.holds(), "{options:?}: {:?}", found.damage);
        let tree = model::read(&system);
        for (name, bytes) in &files {
            let file = &tree[format!("folder/{name}").as_bytes()];
            assert!(file.kind == model::Kind::Content(bytes.clone()), "{options:?}: {name}");
        }
        if let Some(mounted) = Mounted::new(&image, &dir.path().join("mounted")) {
            model::assert_same(&tree, &mounted.tree(), &format!("{options:?}"));
        }
    }
}
