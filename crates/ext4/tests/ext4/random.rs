//! Random trees: what is written is what the kernel, our reader and a tar of it say.

use std::collections::BTreeMap;

use hcs_ext4::read::{Export, FileSystem};
use hcs_ext4::tar::Source;
use hcs_ext4::{Convert, Options, Writer};
use proptest::prelude::*;

use crate::kernel::Mounted;
use crate::model::{self, File, Kind, Tree};
use crate::tools::{self, Shared, image, in_memory};

fn name() -> impl Strategy<Value = Vec<u8>> {
    let byte = any::<u8>().prop_filter("no slash, no NUL", |byte| !matches!(byte, 0 | b'/'));
    prop_oneof![
        4 => "[a-z]{1,12}".prop_map(String::into_bytes),
        1 => proptest::collection::vec(byte, 1..20),
        1 => "[a-z]{250,255}".prop_map(String::into_bytes),
    ]
    .prop_filter("no dots", |name| name != b"." && name != b".." && name != b"lost+found")
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let lengths = prop_oneof![
        Just(0_usize),
        1..61_usize,
        130..140_usize,
        390..395_usize,
        4090..4100_usize,
        5000..200_000_usize,
    ];
    (lengths, any::<u64>()).prop_map(|(length, seed)| {
        let mut state = seed | 1;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            state.to_be_bytes()[0]
        };
        (0..length).map(|_| next()).collect()
    })
}

fn kind() -> impl Strategy<Value = Kind> {
    let target = prop_oneof![1..60_usize, 59..62_usize, 380..400_usize, 4090..4095_usize];
    let device = (0..4096_u32, 0..(1_u32 << 20));
    prop_oneof![
        6 => bytes().prop_map(Kind::Content),
        4 => Just(Kind::Folder),
        2 => target.prop_map(|length| Kind::Symlink(vec![b'x'; length])),
        1 => device.clone().prop_map(|(major, minor)| Kind::Char(major, minor)),
        1 => device.prop_map(|(major, minor)| Kind::Block(major, minor)),
        1 => Just(Kind::Fifo),
        1 => Just(Kind::Socket),
    ]
}

fn time() -> impl Strategy<Value = (i64, u32)> {
    let seconds =
        prop_oneof![-0x8000_0000_i64..=0x2_7fff_ffff, Just(-1), Just(0), 1_600_000_000_i64..1_800_000_000];
    (seconds, prop_oneof![Just(0_u32), 0..1_000_000_000_u32])
}

fn xattrs() -> impl Strategy<Value = BTreeMap<Vec<u8>, Vec<u8>>> {
    let name = "(trusted|security)\\.[a-z]{1,30}".prop_map(String::into_bytes);
    let value = |most| proptest::collection::vec(any::<u8>(), 0..most);
    let value = prop_oneof![value(20_usize), value(600)];
    prop_oneof![3 => Just(BTreeMap::new()), 1 => proptest::collection::btree_map(name, value, 0..5)]
}

prop_compose! {
    fn file()(
        kind in kind(),
        permissions in 0..0o10000_u16,
        uid in any::<u32>(),
        gid in prop_oneof![Just(0), any::<u32>()],
        modified in time(),
        accessed in time(),
        changed in time(),
        xattrs in xattrs(),
    ) -> File {
        let permissions = if matches!(kind, Kind::Symlink(_)) { 0o777 } else { permissions };
        File { kind, first: Vec::new(), permissions, uid, gid, modified, accessed, changed, xattrs }
    }
}

/// Files, each with a name, and where it goes: among the folders so far, or as another name of a file so far.
fn tree() -> impl Strategy<Value = Tree> {
    let one = (
        name(),
        file(),
        any::<prop::sample::Index>(),
        prop::option::weighted(0.1, any::<prop::sample::Index>()),
    );
    proptest::collection::vec(one, 0..60).prop_map(|list| {
        let (mut tree, mut folders) = (Tree::default(), vec![Vec::new()]);
        for (name, mut file, folder, link) in list {
            let parent: &Vec<u8> = folder.get(&folders);
            let path = if parent.is_empty() { name } else { [parent, &b"/"[..], &name].concat() };
            if tree.contains_key(&path) || path.len() > 2000 {
                continue;
            }
            let others: Vec<_> = tree.iter().filter(|(_, file)| file.kind != Kind::Folder).collect();
            match link.filter(|_| !others.is_empty()) {
                Some(link) => file = link.get(&others).1.clone(),
                None => file.first.clone_from(&path),
            }
            if file.kind == Kind::Folder {
                folders.push(path.clone());
            }
            tree.insert(path, file);
        }
        // First names by the order of paths.
        let mut firsts = BTreeMap::new();
        for (path, file) in &tree {
            firsts.entry(file.first.clone()).or_insert_with(|| path.clone());
        }
        for file in tree.values_mut() {
            file.first = firsts[&file.first].clone();
        }
        tree
    })
}

fn options(inline: bool, verity: bool) -> Options {
    Options::new().inline_data(inline).verity(verity)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, max_shrink_iters: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_is_what_everybody_reads(tree in tree(), inline in any::<bool>(), verity in any::<bool>()) {
        let dir = tools::folder();
        let (path, summary) = image(dir.path(), options(inline, verity), |writer| model::write(&tree, writer));
        let file = fs_err::File::open(&path).unwrap().into_parts().0;
        let system = FileSystem::open(file).unwrap();
        prop_assert_eq!(system.size(), summary.size);
        prop_assert_eq!(system.used_inodes(), summary.inodes);
        model::assert_same(&model::read(&system), &tree, "our reader");
        let found = system.verify().unwrap();
        prop_assert!(found.holds() && found.checksums > 0, "{:?}", found.damage);
        if let Some(mounted) = Mounted::new(&path, &dir.path().join("mounted")) {
            model::assert_same(&mounted.tree(), &tree, "the kernel");
        }
        let again = in_memory(options(inline, verity), |writer| model::write(&tree, writer)).unwrap();
        prop_assert!(fs_err::read(&path).unwrap() == again, "equal trees make different images");
    }

    #[test]
    fn a_tar_of_an_image_makes_the_same_tree(tree in tree(), inline in any::<bool>()) {
        let mut tree = tree;
        // A tar can't hold sockets.
        tree.retain(|_, file| file.kind != Kind::Socket);
        let bytes = in_memory(options(inline, false), |writer| model::write(&tree, writer)).unwrap();
        let system = FileSystem::open(hcs_ext4::Memory::new(bytes)).unwrap();
        let mut tar = Vec::new();
        let report = Export::new().run(&system, &mut tar).unwrap();
        prop_assert!(report.skipped.is_empty());
        let memory = Shared::default();
        let mut writer = Writer::new(memory.clone(), options(inline, false)).unwrap();
        let converted = Convert::new().run(Source::from_reader(&tar[..]), &mut writer, |_| {}).unwrap();
        prop_assert_eq!(converted.entries, report.entries);
        writer.finish().unwrap();
        model::assert_same(&model::read(&FileSystem::open(memory).unwrap()), &tree, "the tar's image");
    }
}
