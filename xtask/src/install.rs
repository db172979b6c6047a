//! `install`: the tools and their helpers below a prefix.

use std::path::Path;

use crate::error::Error;
use crate::layout::Layout;
use crate::{build, print};

/// Builds, then puts each file in place; says where.
pub(crate) fn run(layout: &Layout, prefix: &Path) -> Result<(), Error> {
    for built in build::all(layout)? {
        let place = prefix.join(&built.relative);
        build::put(&built.file, &place)?;
        print::line(place.display());
    }
    Ok(())
}
