//! `install`: the tools and their helpers below a prefix, and the units by which systemd starts the server.

use std::path::Path;

use crate::error::Error;
use crate::layout::Layout;
use crate::{build, print};

/// Units of systemd's, below `tools/hcsd/systemd`.
const UNITS: [&str; 2] = ["hcsd.service", "hcsd.socket"];
/// What the service starts, as its unit has it.
const SERVER: &str = "ExecStart=/usr/bin/hcsd";

/// Builds, then puts each file in place; says where.
pub(crate) fn run(layout: &Layout, prefix: &Path) -> Result<(), Error> {
    for built in build::all(layout)? {
        let place = prefix.join(&built.relative);
        build::put(&built.file, &place)?;
        print::line(place.display());
    }
    for unit in UNITS {
        let text = fs_err::read_to_string(layout.root.join("tools/hcsd/systemd").join(unit))?;
        let folder = prefix.join("lib/systemd/system");
        fs_err::create_dir_all(&folder)?;
        let place = folder.join(unit);
        fs_err::write(&place, below(&text, prefix))?;
        print::line(place.display());
    }
    Ok(())
}

/// A unit for a server that lies below this prefix.
fn below(unit: &str, prefix: &Path) -> String {
    unit.replace(SERVER, &format!("ExecStart={}", prefix.join("bin/hcsd").display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_service_starts_what_was_installed() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let unit = fs_err::read_to_string(root.join("tools/hcsd/systemd/hcsd.service")).unwrap();
        let lines: Vec<String> = below(&unit, Path::new("/opt/hcs")).lines().map(str::to_owned).collect();
        assert!(lines.contains(&"ExecStart=/opt/hcs/bin/hcsd".to_owned()), "{lines:?}");
        assert!(!lines.iter().any(|line| line.contains("/usr/bin")), "{lines:?}");
    }
}
