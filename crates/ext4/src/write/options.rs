//! How an image is to be.

/// The UUID of an image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Uuid {
    /// Made from all metadata: equal trees have equal ones. (The files' contents do not count.)
    #[default]
    Derived,
    /// This one.
    Fixed([u8; 16]),
}

/// How an image is to be. The default is read-only, without a limit.
///
/// ```
/// let options = hcs_ext4::Options::new().inline_data(true).label(b"layer");
/// ```
#[derive(Clone, Debug)]
#[must_use]
#[doc(alias = "Option")]
pub struct Options {
    pub(crate) inline_data: bool,
    pub(crate) limit: u64,
    pub(crate) uuid: Uuid,
    pub(crate) label: [u8; 16],
    pub(crate) time: u64,
    pub(crate) read_only: bool,
    pub(crate) verity: bool,
    pub(crate) verity_uuid: Option<[u8; 16]>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            inline_data: false,
            limit: u64::MAX,
            uuid: Uuid::default(),
            label: [0; 16],
            time: 0,
            read_only: true,
            verity: false,
            verity_uuid: None,
        }
    }
}

impl Options {
    /// The default.
    pub fn new() -> Self {
        Self::default()
    }

    /// Files of up to 392 bytes lie in their inodes, which have 512 bytes then. Smaller for trees of small files.
    #[doc(alias = "InlineData")]
    pub fn inline_data(mut self, yes: bool) -> Self {
        self.inline_data = yes;
        self
    }

    /// Bytes that the file system may have; it is an error if it would get larger.
    #[doc(alias = "MaximumDiskSize")]
    pub fn maximum_size(mut self, bytes: u64) -> Self {
        self.limit = bytes;
        self
    }

    /// The UUID.
    pub fn uuid(mut self, uuid: Uuid) -> Self {
        self.uuid = uuid;
        self
    }

    /// The volume's label, of which 16 bytes count.
    pub fn label(mut self, label: &[u8]) -> Self {
        self.label = [0; 16];
        let length = label.len().min(16);
        self.label[..length].copy_from_slice(&label[..length]);
        self
    }

    /// When the file system was made, in seconds since 1970; 0 unless it is said.
    pub fn time(mut self, seconds: u64) -> Self {
        self.time = seconds;
        self
    }

    /// Whether the kernel must not mount it for writing. It has no free space in any case, and no journal.
    pub fn read_only(mut self, yes: bool) -> Self {
        self.read_only = yes;
        self
    }

    /// A tree of hashes (dm-verity) behind the file system, made while it is written.
    pub fn verity(mut self, yes: bool) -> Self {
        self.verity = yes;
        self
    }

    /// The tree's UUID; without one it is made from the root hash.
    pub fn verity_uuid(mut self, uuid: [u8; 16]) -> Self {
        self.verity_uuid = Some(uuid);
        self
    }

    pub(crate) fn inode_size(&self) -> u16 {
        if self.inline_data { 512 } else { 256 }
    }
}
