//! The feature that makes a host forget a member of its documents is on in nothing that is built without asking for it.

use std::path::Path;

use cargo_metadata::{Metadata, MetadataCommand};

/// What it is for: `docs/decisions.md`, "A member is dropped where the host reads it …".
const FEATURE: &str = "drop-member";

/// The ids of the workspace's packages that have it on.
fn with_it_on(metadata: &Metadata) -> Vec<String> {
    let resolve = metadata.resolve.as_ref().expect("metadata with dependencies");
    let on = resolve.nodes.iter().filter(|node| node.features.iter().any(|name| name.as_str() == FEATURE));
    on.map(|node| node.id.to_string()).collect()
}

fn metadata() -> MetadataCommand {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the workspace");
    let mut command = MetadataCommand::new();
    command.manifest_path(root.join("Cargo.toml")).other_options(["--offline".to_owned()]);
    command
}

#[test]
fn what_is_built_by_default_has_it_nowhere() {
    let metadata = metadata().exec().expect("cargo metadata runs");
    assert_eq!(with_it_on(&metadata), [""; 0]);
}

#[test]
fn it_is_found_where_it_is_on() {
    let metadata =
        metadata().features(cargo_metadata::CargoOpt::AllFeatures).exec().expect("cargo metadata runs");
    let found = with_it_on(&metadata);
    for folder in ["schema", "contract", "host-linux"] {
        let is = |id: &String| id.contains(&format!("/crates/{folder}#"));
        assert!(found.iter().any(is), "{folder}: {found:?}");
    }
}
