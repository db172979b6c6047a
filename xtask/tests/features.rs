//! The features that are only for tests are on in nothing that is built without asking for them.

use std::path::Path;

use cargo_metadata::{Metadata, MetadataCommand};

/// What they are for: `docs/decisions.md`, "A member is dropped where the host reads it …" and "Fault points are places …".
const FEATURES: [&str; 3] = ["drop-member", "fault-points", "points"];

/// Any that the project is built for: crates for others are never fetched.
const PLATFORM: &str = "x86_64-unknown-linux-gnu";

/// The ids of the workspace's packages that have it on.
fn with_it_on(metadata: &Metadata) -> Vec<String> {
    let resolve = metadata.resolve.as_ref().expect("metadata with dependencies");
    let on = resolve
        .nodes
        .iter()
        .filter(|node| node.features.iter().any(|name| FEATURES.contains(&name.as_str())));
    on.map(|node| node.id.to_string()).collect()
}

fn metadata() -> MetadataCommand {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the workspace");
    let mut command = MetadataCommand::new();
    command
        .manifest_path(root.join("Cargo.toml"))
        .other_options(["--locked", "--filter-platform", PLATFORM].map(str::to_owned).to_vec());
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
