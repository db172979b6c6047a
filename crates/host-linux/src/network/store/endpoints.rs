//! Endpoints, and where they are.

use std::collections::BTreeSet;

use hcs_contract::Result;
use rusqlite::{Row, params};

use super::{Phase, Tables};

/// An endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::network) struct EndpointRow {
    pub(in crate::network) number: i64,
    pub(in crate::network) id: String,
    /// Number of its network.
    pub(in crate::network) network: i64,
    pub(in crate::network) holder: Option<Holder>,
    /// Its place among the endpoints of what it is attached to, from 0.
    pub(in crate::network) slot: u32,
    /// It was made for the system that it is attached to, and goes with it.
    pub(in crate::network) owned: bool,
    /// What a query answers, as JSON, but for where the endpoint is.
    pub(in crate::network) document: String,
}

/// What an endpoint is attached to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::network) enum Holder {
    /// A namespace, by its number.
    Namespace(i64),
    /// The network namespace of a compute system, by its life.
    System(String),
}

const COLUMNS: &str =
    "SELECT number, id, network, namespace, system, slot, owned, document FROM endpoints WHERE phase = 0";

fn row(row: &Row<'_>) -> rusqlite::Result<EndpointRow> {
    let namespace = row.get::<_, Option<i64>>(3)?.map(Holder::Namespace);
    let system = row.get::<_, Option<String>>(4)?.map(Holder::System);
    Ok(EndpointRow {
        number: row.get(0)?,
        id: row.get(1)?,
        network: row.get(2)?,
        holder: namespace.or(system),
        slot: row.get(5)?,
        owned: row.get(6)?,
        document: row.get(7)?,
    })
}

impl Tables<'_> {
    /// Adds an endpoint. `None`: the id is taken.
    pub(in crate::network) fn add_endpoint(
        &self,
        id: &str,
        name: &str,
        network: i64,
        owned: bool,
    ) -> Result<Option<i64>> {
        self.one(
            "INSERT INTO endpoints (id, name, network, owned, document, phase) VALUES (?1, ?2, ?3, ?4, '', ?5)
             ON CONFLICT DO NOTHING RETURNING number",
            params![id, name, network, owned, Phase::There as i64],
            |row| row.get(0),
        )
    }

    pub(in crate::network) fn set_endpoint_document(&self, number: i64, document: &str) -> Result<()> {
        let sql = "UPDATE endpoints SET document = ?2 WHERE number = ?1";
        self.execute(sql, params![number, document]).map(drop)
    }

    pub(in crate::network) fn set_endpoint_phase(&self, number: i64, phase: Phase) -> Result<()> {
        let sql = "UPDATE endpoints SET phase = ?2 WHERE number = ?1";
        self.execute(sql, params![number, phase as i64]).map(drop)
    }

    /// Attaches it to `holder`, in the first place that is free there; returns that place.
    pub(in crate::network) fn hold(&self, number: i64, holder: &Holder) -> Result<u32> {
        let taken: BTreeSet<u32> =
            self.endpoints_held(holder)?.iter().map(|endpoint| endpoint.slot).collect();
        let slot = (0..=u32::MAX)
            .find(|slot| !taken.contains(slot))
            .expect("there are fewer endpoints than numbers");
        let (namespace, system) = match holder {
            Holder::Namespace(number) => (Some(number), None),
            Holder::System(life) => (None, Some(life)),
        };
        let sql = "UPDATE endpoints SET namespace = ?2, system = ?3, slot = ?4 WHERE number = ?1";
        self.execute(sql, params![number, namespace, system, slot])?;
        Ok(slot)
    }

    /// Attaches it to nothing.
    pub(in crate::network) fn let_go(&self, number: i64) -> Result<()> {
        let sql = "UPDATE endpoints SET namespace = NULL, system = NULL, slot = 0 WHERE number = ?1";
        self.execute(sql, params![number]).map(drop)
    }

    pub(in crate::network) fn endpoint(&self, id: &str) -> Result<Option<EndpointRow>> {
        self.one(&format!("{COLUMNS} AND id = ?1"), params![id], row)
    }

    /// All of them, or those of a name, in the order of their creation.
    pub(in crate::network) fn endpoints(&self, name: Option<&str>) -> Result<Vec<EndpointRow>> {
        match name {
            None => self.all(&format!("{COLUMNS} ORDER BY number"), [], row),
            Some(name) => self.all(&format!("{COLUMNS} AND name = ?1 ORDER BY number"), params![name], row),
        }
    }

    pub(in crate::network) fn endpoints_of_network(&self, network: i64) -> Result<Vec<EndpointRow>> {
        self.all(&format!("{COLUMNS} AND network = ?1 ORDER BY number"), params![network], row)
    }

    pub(in crate::network) fn endpoints_held(&self, holder: &Holder) -> Result<Vec<EndpointRow>> {
        match holder {
            Holder::Namespace(number) => {
                self.all(&format!("{COLUMNS} AND namespace = ?1 ORDER BY number"), params![number], row)
            }
            Holder::System(life) => {
                self.all(&format!("{COLUMNS} AND system = ?1 ORDER BY number"), params![life], row)
            }
        }
    }

    /// The lives of all systems that have endpoints.
    pub(in crate::network) fn systems_with_endpoints(&self) -> Result<Vec<String>> {
        let sql = "SELECT DISTINCT system FROM endpoints WHERE system IS NOT NULL";
        self.all(sql, [], |row| row.get(0))
    }

    /// Removes an endpoint with its ports. Its addresses are the caller's to give back.
    pub(in crate::network) fn remove_endpoint(&self, number: i64) -> Result<()> {
        self.release_ports(number)?;
        self.execute("DELETE FROM endpoints WHERE number = ?1", params![number]).map(drop)
    }

    /// Endpoints that were being removed by somebody who was killed over it, and those of a system that it has lost.
    pub(in crate::network) fn endpoints_to_forget(&self) -> Result<Vec<EndpointRow>> {
        let lost = "(phase != 0 OR (owned AND namespace IS NULL AND system IS NULL))";
        let sql = COLUMNS.replace("phase = 0", lost);
        self.all(&sql, [], row)
    }
}
