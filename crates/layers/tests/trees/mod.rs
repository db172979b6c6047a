//! Random trees of a layer, and the layer that is made of one.

use hcs_layers::filetime::{BasicInfo, FileTime};
use hcs_layers::reparse::Reparse;
use hcs_layers::{LayerWriter, ea};
use proptest::prelude::*;

/// What a random tree is made of.
#[derive(Clone, Debug)]
pub(crate) enum Node {
    File { info: BasicInfo, content: Vec<u8>, ea: Option<(String, Vec<u8>)>, streams: Vec<(String, Vec<u8>)> },
    Folder { info: BasicInfo, children: Vec<(String, Node)>, opaque: bool },
    Link { info: BasicInfo, target: String, mount_point: bool },
    HardLink,
    Tombstone,
}

pub(crate) const SECURITY: &[u8] = b"\x01\0\x04\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";

pub(crate) fn any_info() -> impl Strategy<Value = BasicInfo> {
    let time = || {
        prop_oneof![
            3 => any::<u32>().prop_map(|n| FileTime(131_000_000_000_000_000 + i64::from(n))),
            1 => Just(FileTime(0)),
            1 => any::<i64>().prop_map(|n| FileTime(n & i64::MAX)),
        ]
    };
    (time(), time(), time(), time(), 0..0x400_u32).prop_map(|(created, accessed, written, changed, bits)| {
        BasicInfo { created, accessed, written, changed, attributes: bits & !0x210 }
    })
}

pub(crate) fn any_name() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-z0-9]{1,8}",
        2 => "[a-z0-9 äöü€.-]{0,20}[a-z0-9]",
        1 => "[a-z]{90,200}",
    ]
    .prop_filter("a device", |name| !matches!(name.split('.').next(), Some("con" | "nul" | "prn" | "aux")))
    .prop_filter("a whiteout", |name| !name.starts_with('.'))
}

pub(crate) fn any_node() -> impl Strategy<Value = Node> {
    let content = || proptest::collection::vec(any::<u8>(), 0..1500);
    let leaf = prop_oneof![
        5 => (any_info(), content(), proptest::option::of(("[A-Z.]{1,20}", proptest::collection::vec(any::<u8>(), 1..300))),
            proptest::collection::vec(("[a-z]{1,10}", content()), 0..2)).prop_map(|(info, content, ea, streams)| {
            Node::File { info, content, ea, streams }
        }),
        1 => (any_info(), "(C:|\\.\\.|\\\\\\\\srv)?[a-zü\\\\]{1,150}", any::<bool>())
            .prop_map(|(info, target, mount_point)| Node::Link { info, target, mount_point }),
        1 => Just(Node::HardLink),
        1 => Just(Node::Tombstone),
    ];
    leaf.prop_recursive(4, 40, 8, |inner| {
        (any_info(), proptest::collection::vec((any_name(), inner), 0..8), any::<bool>())
            .prop_map(|(info, children, opaque)| Node::Folder { info, children, opaque })
    })
}

/// Writes a tree in the order in which it comes; names that clash are left out.
pub(crate) fn build(layer: &mut LayerWriter, path: &str, node: &Node, first: &mut Option<String>) {
    match node {
        Node::File { info, content, ea, streams } => {
            layer.add(path, info).unwrap();
            layer.security(SECURITY).unwrap();
            if let Some((name, value)) = ea {
                let one = ea::Ea { flags: 0, name: name.clone().into_bytes(), value: value.clone() };
                layer.attributes(&ea::encode(&[one]).unwrap()).unwrap();
            }
            layer.data(content.len() as u64).unwrap();
            layer.write(content).unwrap();
            for (n, (name, bytes)) in streams.iter().enumerate() {
                layer.stream(&format!("{name}{n}"), bytes.len() as u64).unwrap();
                layer.stream_bytes(bytes).unwrap();
            }
            first.get_or_insert_with(|| path.to_owned());
        }
        Node::Link { info, target, mount_point } => {
            layer.add(path, &BasicInfo { attributes: info.attributes | 0x400, ..*info }).unwrap();
            layer.reparse(&Reparse::to(target, *mount_point).encode().unwrap()).unwrap();
        }
        Node::HardLink => {
            if let Some(target) = first.clone() {
                layer.add_link(path, &target).unwrap();
            }
        }
        Node::Tombstone => layer.remove(path).unwrap(),
        Node::Folder { info, children, opaque } => {
            layer.add(path, &BasicInfo { attributes: info.attributes | 0x10, ..*info }).unwrap();
            let mut seen = std::collections::BTreeSet::new();
            for (name, child) in children {
                if seen.insert(name.to_uppercase()) {
                    build(layer, &format!("{path}/{name}"), child, first);
                }
            }
            if *opaque && rustix::process::geteuid().is_root() {
                layer.hide_content(path).unwrap();
            }
        }
    }
}
