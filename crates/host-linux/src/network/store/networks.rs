//! Networks and the prefixes that they have.

use hcs_contract::Result;
use rusqlite::{Row, params};

use super::{Phase, Tables};

/// A network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::network) struct NetworkRow {
    pub(in crate::network) number: i64,
    pub(in crate::network) id: String,
    /// What a query answers, as JSON.
    pub(in crate::network) document: String,
}

const COLUMNS: &str = "SELECT number, id, document FROM networks WHERE phase = 0";

fn row(row: &Row<'_>) -> rusqlite::Result<NetworkRow> {
    Ok(NetworkRow { number: row.get(0)?, id: row.get(1)?, document: row.get(2)? })
}

impl Tables<'_> {
    /// Adds a network that is being made. `None`: the id is taken. `volatile`: it ends with this boot.
    pub(in crate::network) fn add_network(
        &self,
        id: &str,
        name: &str,
        volatile: bool,
    ) -> Result<Option<i64>> {
        self.one(
            "INSERT INTO networks (id, name, volatile, document, phase) VALUES (?1, ?2, ?3, '', ?4)
             ON CONFLICT DO NOTHING RETURNING number",
            params![id, name, volatile, Phase::Making as i64],
            |row| row.get(0),
        )
    }

    pub(in crate::network) fn set_network_document(&self, number: i64, document: &str) -> Result<()> {
        let sql = "UPDATE networks SET document = ?2 WHERE number = ?1";
        self.execute(sql, params![number, document]).map(drop)
    }

    pub(in crate::network) fn set_network_phase(&self, number: i64, phase: Phase) -> Result<()> {
        let sql = "UPDATE networks SET phase = ?2 WHERE number = ?1";
        self.execute(sql, params![number, phase as i64]).map(drop)
    }

    pub(in crate::network) fn network(&self, id: &str) -> Result<Option<NetworkRow>> {
        self.one(&format!("{COLUMNS} AND id = ?1"), params![id], row)
    }

    /// Also one that is being removed: its endpoints are to be taken off.
    pub(in crate::network) fn network_of_number(&self, number: i64) -> Result<Option<NetworkRow>> {
        let sql = "SELECT number, id, document FROM networks WHERE number = ?1";
        self.one(sql, params![number], row)
    }

    /// All of them, or those of a name, in the order of their creation.
    pub(in crate::network) fn networks(&self, name: Option<&str>) -> Result<Vec<NetworkRow>> {
        match name {
            None => self.all(&format!("{COLUMNS} ORDER BY number"), [], row),
            Some(name) => self.all(&format!("{COLUMNS} AND name = ?1 ORDER BY number"), params![name], row),
        }
    }

    /// Removes a network with its endpoints, and whatever they hold.
    pub(in crate::network) fn remove_network(&self, number: i64) -> Result<()> {
        self.drop_pools(&format!("ip/{number}/"))?;
        self.drop_pools(&format!("mac/{number}/"))?;
        let endpoints =
            self.all("SELECT number FROM endpoints WHERE network = ?1", params![number], |row| {
                row.get::<_, i64>(0)
            })?;
        for endpoint in endpoints {
            self.release_ports(endpoint)?;
        }
        self.execute("DELETE FROM networks WHERE number = ?1", params![number]).map(drop)
    }

    /// What has to go once nobody is at it: networks that are half made or half removed, and of an earlier boot those
    /// that end with it.
    pub(in crate::network) fn networks_to_forget(&self, boot_has_changed: bool) -> Result<Vec<i64>> {
        let sql = "SELECT number FROM networks WHERE phase != 0 OR (volatile AND ?1)";
        self.all(sql, params![boot_has_changed], |row| row.get(0))
    }

    /// Notes that the network has the addresses from `first` to `last`, in the form of [`super::Runs`].
    pub(in crate::network) fn add_prefix(&self, network: i64, first: u128, last: u128) -> Result<()> {
        self.execute(
            "INSERT OR IGNORE INTO prefixes (network, first, last) VALUES (?1, ?2, ?3)",
            params![network, first.to_be_bytes(), last.to_be_bytes()],
        )
        .map(drop)
    }

    /// The id of a network that has one of these addresses. Prefixes of networks that are noted do not overlap, so the
    /// last that begins before their end is the only one that can.
    pub(in crate::network) fn network_with(&self, first: u128, last: u128) -> Result<Option<String>> {
        self.one(
            "SELECT id FROM networks WHERE number = (
                SELECT network FROM (
                    SELECT network, last FROM prefixes WHERE first <= ?2 ORDER BY first DESC LIMIT 1
                ) WHERE last >= ?1
             )",
            params![first.to_be_bytes(), last.to_be_bytes()],
            |row| row.get(0),
        )
    }
}
