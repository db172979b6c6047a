//! Why an archive could not be read.

use std::io;

/// What is wrong, and where.
#[derive(Debug, thiserror::Error)]
#[error("tar entry {entry} at byte {offset}")]
pub struct TarError {
    /// The entry's name, as far as it is known; else its number.
    pub entry: String,
    /// Of its header.
    pub offset: u64,
    /// What is wrong.
    #[source]
    pub problem: TarProblem,
}

/// What is wrong with an archive.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the messages say what the fields are")]
pub enum TarProblem {
    /// It could not be read.
    #[error("cannot read the archive")]
    Read { source: io::Error },
    /// It ends within an entry.
    #[error("the archive is cut off: it ends within this entry")]
    CutOff,
    /// It ends without the zeros that every archive ends with.
    #[error("the archive ends without its end marker, so it may be cut off; if it is whole, allow that")]
    NoEnd,
    /// A header's checksum is wrong: these are other data, or damaged.
    #[error(
        "this is no tar header, its checksum is wrong; is the archive compressed in a way not known here, or damaged?"
    )]
    Checksum,
    /// A number is none, or too large.
    #[error("the field {field} holds no number that can be")]
    Number { field: &'static str },
    /// An extended header is none.
    #[error("the extended header is damaged: {what}")]
    Extended { what: &'static str },
    /// Longer than a hostile archive may make us allocate.
    #[error("{what} has {length} bytes, more than the {limit} that are read")]
    TooLong { what: &'static str, length: u64, limit: u64 },
    /// The list of a sparse file's parts is none.
    #[error("the map of the sparse file is damaged: {what}")]
    Sparse { what: &'static str },
    /// A type of which nobody says what to make of it.
    #[error("entries of type {kind:?} are not known")]
    Kind { kind: char },
    /// An archive over several volumes.
    #[error("the entry goes on from another volume; join the volumes first")]
    Volume,
}
