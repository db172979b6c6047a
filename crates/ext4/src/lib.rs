//! ext4 images from tar streams, in one pass and as small as their files; a reader of any ext2, ext3 and ext4 file
//! system; dm-verity trees; footers of fixed VHDs.
//!
//! A tar becomes an image:
//!
//! ```
//! use hcs_ext4::{Convert, Options, Whiteouts, Writer, tar::Source};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let (input, output) = (folder.path().join("layer.tar"), folder.path().join("layer.img"));
//! # std::fs::write(&input, [0; 1024])?;
//! let image = std::fs::File::options().read(true).write(true).create_new(true).open(&output)?;
//! let mut writer = Writer::new(image, Options::new().verity(true))?;
//! let source = Source::from_file(std::fs::File::open(&input)?)?;
//! let report = Convert::new().whiteouts(Whiteouts::Overlay).run(source, &mut writer, |_| {})?;
//! let summary = writer.finish()?;
//! println!("{} entries, {} bytes, root hash {}", report.entries, summary.size,
//!     summary.verity.map_or(String::new(), |tree| tree.root_hash_hex()));
//! # Ok(())
//! # }
//! ```
//!
//! Or it is written file by file, and read again:
//!
//! ```
//! use std::sync::Arc;
//! use hcs_ext4::{Memory, Metadata, Node, Options, Time, Writer, read::FileSystem};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let memory = Arc::new(Memory::default());
//! let mut writer = Writer::new(Arc::clone(&memory), Options::new())?;
//! let metadata = Metadata::new(0o644, 0, 0, Time::from_seconds(1_700_000_000));
//! writer.create_file(b"etc/hostname", &metadata, 5)?; // the folder is made
//! writer.write(b"host\n")?;
//! writer.create(b"name", Node::Symlink(b"etc/hostname"), &metadata)?;
//! writer.finish()?;
//!
//! let system = FileSystem::open(memory)?;
//! let stat = system.lookup(b"name", true)?;
//! assert_eq!(std::io::read_to_string(system.read_file(stat.inode)?)?, "host\n");
//! assert!(system.verify()?.holds());
//! # Ok(())
//! # }
//! ```
//!
//! What an image looks like, and what becomes of each kind of entry, is in the repository's `docs/support/ext4.md`.
//! Equal input makes equal bytes. Tars and images are hostile: no input makes this crate panic, allocate without bounds
//! or follow a path out of an image; what can't be kept is an error that names it.
//!
//! Invariant: bytes in, bytes out. This crate knows nothing of layers' folders and HCS documents, and runs on any system.

mod convert;
mod format;
pub mod read;
mod storage;
pub mod tar;
pub mod verity;
pub mod vhd;
mod write;

pub use convert::{Convert, ConvertError, Progress, Report, Whiteouts};
pub use format::time::Time;
pub use format::xattr::Xattr;
pub use storage::{Memory, Storage};
pub use write::{Error, Metadata, Node, Options, Part, Result, Summary, Uuid, Writer};
