//! Writes the JSON Schema files below `docs/schema`, and removes those of documents that are no more: `./x schema`.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use fs_err as fs;
use hcs_schema::json_schema::ROOTS;

fn main() -> io::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/schema");
    let mut written = BTreeSet::<PathBuf>::new();
    for root in ROOTS {
        let path = folder.join(root.file());
        fs::create_dir_all(path.parent().expect("the folder's path was joined with a file's"))?;
        fs::write(&path, root.text())?;
        written.insert(path);
    }
    for below in ["", "v1", "v2", "hns", "hcn"] {
        for entry in fs::read_dir(folder.join(below))? {
            let path = entry?.path();
            if path.extension().is_some_and(|end| end == "json") && !written.contains(&folder.join(&path)) {
                fs::remove_file(&path)?;
            }
        }
    }
    Ok(())
}
