//! The order in which our form has entries: a folder, what is hidden in it, what is in it, each by the bytes of its name.

use std::cmp::Ordering;

/// An entry's place in the order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    path: String,
    rank: Rank,
}

/// Of two entries in one folder, the lower comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    /// The mark that hides all.
    Opaque,
    /// A name that is hidden.
    Tombstone,
    #[default]
    Object,
}

impl Place {
    /// Of an opaque mark, `path` is the mark's.
    pub(super) fn new(path: &str, rank: Rank) -> Self {
        Self { path: path.to_owned(), rank }
    }

    fn parts(&self) -> impl Iterator<Item = (Rank, &str)> {
        let last = self.path.rfind('/').map_or(0, |at| at + 1);
        let folders = self.path[..last].split_terminator('/').map(|name| (Rank::Object, name));
        folders.chain(std::iter::once((self.rank, &self.path[last..])))
    }
}

impl PartialOrd for Place {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Place {
    fn cmp(&self, other: &Self) -> Ordering {
        self.parts().cmp(other.parts())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_come_first_then_what_is_hidden_then_what_is_in_them() {
        let order = [
            ("Files", Rank::Object),
            ("Files/.wh..wh..opq", Rank::Opaque),
            ("Files/z", Rank::Tombstone),
            ("Files/a", Rank::Object),
            ("Files/a/y", Rank::Tombstone),
            ("Files/a/b", Rank::Object),
            ("Files/a b", Rank::Object),
            ("Hives", Rank::Object),
        ];
        let places = order.map(|(path, rank)| Place::new(path, rank));
        assert!(places.is_sorted());
        assert!(Place::default() < places[0]);
    }
}
