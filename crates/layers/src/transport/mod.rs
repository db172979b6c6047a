//! The transport folder, by which the service's ExportLayer and ImportLayer hand a layer over: each file below `Files` as
//! its attributes and its backup stream.
//!
//! | In the folder | What |
//! |---|---|
//! | `tombstones.txt` | a byte order mark and `Version 1.0`, then a line for each hidden path below `Files`, from `\` on |
//! | a file below `Files` | a carrier: the attributes in 32 bits, then the backup stream; its times are the file's |
//! | a folder `D` below `Files` | a folder, and beside it the carrier `D.$wcidirs$` |
//! | `Hives`, `UtilityVM` | plain files |
//!
//! A file on Linux has no time of creation that could be set, and no attributes: those of an object stand also in its
//! carrier's extended attribute `user.hcs.info`, as far as the file system has such. A folder without them is taken too.
//!
//! Source: `storage.md` 3.2 to 3.5 of the contract's notes.

mod export;
mod import;

pub use export::export;
pub use import::import;

use rustix::fd::AsFd;
use rustix::fs::{self, XattrFlags};
use rustix::io::Errno;

use crate::LayerError;
use crate::filetime::{BasicInfo, FileTime};

/// The list of what is hidden.
const TOMBSTONES: &str = "tombstones.txt";
/// Its first line.
const FIRST_LINE: &str = "\u{feff}Version 1.0";
/// What the name of a folder's carrier ends with.
const CARRIER: &str = ".$wcidirs$";
/// Attributes and times, for file systems that have no place for them.
const INFO: &str = "user.hcs.info";
/// Bytes of [`INFO`]: attributes, and four times.
const INFO_SIZE: usize = 36;
/// Bytes that are copied at once.
const BUFFER: usize = 64 << 10;
/// Longest line of the list.
const LINE: u64 = 64 << 10;

/// The name of a folder's carrier.
fn carrier(path: &str) -> String {
    format!("{path}{CARRIER}")
}

/// Whether the entry has a carrier: what lies strictly below `Files`.
fn is_carried(path: &str) -> bool {
    path.starts_with("Files/")
}

fn put_info(fd: impl AsFd, name: &str, info: &BasicInfo) -> Result<(), LayerError> {
    let mut value = Vec::with_capacity(INFO_SIZE);
    value.extend(info.attributes.to_le_bytes());
    for time in [info.created, info.accessed, info.written, info.changed] {
        value.extend(time.0.to_le_bytes());
    }
    match fs::fsetxattr(fd, INFO, &value, XattrFlags::empty()) {
        Ok(()) | Err(Errno::OPNOTSUPP) => Ok(()),
        Err(error) => Err(LayerError::io("describe", name.as_bytes(), error)),
    }
}

/// What [`put_info`] wrote; `None` where nobody did.
fn get_info(fd: impl AsFd, name: &str) -> Result<Option<BasicInfo>, LayerError> {
    let mut value = [0; INFO_SIZE];
    match fs::fgetxattr(fd, INFO, &mut value) {
        Ok(INFO_SIZE) => {}
        Ok(_) | Err(Errno::NODATA | Errno::OPNOTSUPP | Errno::RANGE) => return Ok(None),
        Err(error) => return Err(LayerError::io("read the description of", name.as_bytes(), error)),
    }
    let time = |at| FileTime(crate::bytes::array(&value, at).map(i64::from_le_bytes).unwrap_or_default());
    let (created, accessed, written, changed) = (time(4), time(12), time(20), time(28));
    let attributes = crate::bytes::u32(&value, 0).unwrap_or_default();
    Ok(Some(BasicInfo { created, accessed, written, changed, attributes }))
}
