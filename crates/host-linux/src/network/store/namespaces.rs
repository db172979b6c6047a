//! Namespaces.

use hcs_contract::Result;
use rusqlite::{Row, params};

use super::{Phase, Tables};

/// A namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::network) struct NamespaceRow {
    pub(in crate::network) number: i64,
    pub(in crate::network) id: String,
    pub(in crate::network) kind: Kind,
    /// What a query answers, as JSON, but for what is in it.
    pub(in crate::network) document: String,
}

/// What a namespace is on this host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::network) enum Kind {
    /// A network namespace of its own.
    Host = 0,
    /// The host's own network namespace.
    HostDefault = 1,
    /// One of a guest that does not run here: a record.
    Guest = 2,
    /// As [`Kind::Guest`].
    GuestDefault = 3,
    /// Somebody else's network namespace, which a document names by its path. It ends with the boot.
    Given = 4,
}

impl Kind {
    fn of(number: i64) -> Self {
        match number {
            0 => Self::Host,
            1 => Self::HostDefault,
            2 => Self::Guest,
            4 => Self::Given,
            _ => Self::GuestDefault,
        }
    }
}

const COLUMNS: &str = "SELECT number, id, kind, document FROM namespaces WHERE phase = 0";

fn row(row: &Row<'_>) -> rusqlite::Result<NamespaceRow> {
    let kind = Kind::of(row.get(2)?);
    Ok(NamespaceRow { number: row.get(0)?, id: row.get(1)?, kind, document: row.get(3)? })
}

impl Tables<'_> {
    /// Adds a namespace. `None`: the id is taken.
    pub(in crate::network) fn add_namespace(
        &self,
        id: &str,
        kind: Kind,
        document: &str,
    ) -> Result<Option<i64>> {
        self.one(
            "INSERT INTO namespaces (id, kind, document, phase) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT DO NOTHING RETURNING number",
            params![id, kind as i64, document, Phase::Making as i64],
            |row| row.get(0),
        )
    }

    pub(in crate::network) fn set_namespace_phase(&self, number: i64, phase: Phase) -> Result<()> {
        let sql = "UPDATE namespaces SET phase = ?2 WHERE number = ?1";
        self.execute(sql, params![number, phase as i64]).map(drop)
    }

    pub(in crate::network) fn namespace(&self, id: &str) -> Result<Option<NamespaceRow>> {
        self.one(&format!("{COLUMNS} AND id = ?1"), params![id], row)
    }

    /// Also one that is being removed: what is in it is to be taken out.
    pub(in crate::network) fn namespace_of_number(&self, number: i64) -> Result<Option<NamespaceRow>> {
        let sql = "SELECT number, id, kind, document FROM namespaces WHERE number = ?1";
        self.one(sql, params![number], row)
    }

    /// The host's own; of several the first.
    pub(in crate::network) fn host_default(&self) -> Result<Option<NamespaceRow>> {
        let sql = format!("{COLUMNS} AND kind = ?1 ORDER BY number LIMIT 1");
        self.one(&sql, params![Kind::HostDefault as i64], row)
    }

    /// All of them, in the order of their creation.
    pub(in crate::network) fn namespaces(&self) -> Result<Vec<NamespaceRow>> {
        self.all(&format!("{COLUMNS} ORDER BY number"), [], row)
    }

    /// Removes a namespace; its endpoints stay, attached to nothing.
    pub(in crate::network) fn remove_namespace(&self, number: i64) -> Result<()> {
        self.execute("DELETE FROM namespaces WHERE number = ?1", params![number]).map(drop)
    }

    /// Namespaces that are half made or half removed, and `after_boot` those that a boot ends.
    pub(in crate::network) fn namespaces_to_forget(&self, after_boot: bool) -> Result<Vec<NamespaceRow>> {
        let sql = COLUMNS.replace("phase = 0", "(phase != 0 OR (?1 AND kind = ?2))");
        self.all(&sql, params![after_boot, Kind::Given as i64], row)
    }
}
