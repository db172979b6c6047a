//! Ports of the host: which endpoint has which, and the lowest that nobody has.
//!
//! The rules are those of [`hcs_dataplane::ipam::PortPool`]: a port at all addresses excludes the same port at one of
//! them, and the reverse.

use std::net::IpAddr;

use hcs_contract::Result;
use hcs_dataplane::{PortMap, Transport};
use rusqlite::{Row, params};

use super::{Runs, Tables};

/// Ports that are handed out to who asks for any: those of Windows (and of RFC 6335) for that purpose.
const HANDED_OUT: (u128, u128) = (49_152, 65_535);

/// `tcp4`, `udp6`: what has ports of its own.
fn space(map: &PortMap) -> String {
    format!("{}{}", map.transport, if map.to.is_ipv4() { 4 } else { 6 })
}

fn at(map: &PortMap) -> String {
    map.at.map_or_else(String::new, |at| at.to_string())
}

fn row(row: &Row<'_>) -> rusqlite::Result<Option<PortMap>> {
    let (space, port, at, to): (String, u16, String, String) =
        (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
    let transport = if space.starts_with("tcp") { Transport::Tcp } else { Transport::Udp };
    Ok(to.parse().ok().map(|to| PortMap { transport, at: at.parse::<IpAddr>().ok(), port, to }))
}

impl Tables<'_> {
    /// Gives the endpoint this port; `false`: another has it.
    pub(in crate::network) fn take_port(&self, endpoint: i64, map: &PortMap) -> Result<bool> {
        let (space, at) = (space(map), at(map));
        let claims = self.all(
            "SELECT at FROM ports WHERE space = ?1 AND port = ?2",
            params![space, map.port],
            |row| row.get::<_, String>(0),
        )?;
        if claims.iter().any(|claim| at.is_empty() || claim.is_empty() || *claim == at) {
            return Ok(false);
        }
        self.execute(
            "INSERT INTO ports (space, port, at, inside, endpoint) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![space, map.port, at, map.to.to_string(), endpoint],
        )?;
        if claims.is_empty() {
            // One below the range is nobody's by itself.
            self.handed_out(&space).take(map.port.into())?;
        }
        Ok(true)
    }

    /// Gives the endpoint the lowest port that nobody has at any address and that `is_free` takes, too, in place of the
    /// one that `map` names. `None`: there is none.
    pub(in crate::network) fn take_lowest_port(
        &self,
        endpoint: i64,
        map: &PortMap,
        is_free: impl Fn(&PortMap) -> Result<bool>,
    ) -> Result<Option<PortMap>> {
        let space = space(map);
        let mut passed_over = Vec::new();
        let found = loop {
            let lowest = self.handed_out(&space).take_lowest()?;
            let Some(port) = lowest.and_then(|port| u16::try_from(port).ok()) else { break None };
            let map = PortMap { port, ..*map };
            passed_over.push(port);
            if is_free(&map)? {
                break Some(map);
            }
        };
        // Those that another program has at this time are none of ours to keep.
        for port in passed_over {
            self.handed_out(&space).release(port.into())?;
        }
        if let Some(map) = &found {
            self.take_port(endpoint, map)?;
        }
        Ok(found)
    }

    /// The ports of an endpoint.
    pub(in crate::network) fn ports(&self, endpoint: i64) -> Result<Vec<PortMap>> {
        let sql = "SELECT space, port, at, inside FROM ports WHERE endpoint = ?1";
        let found = self.all(sql, params![endpoint], row)?;
        Ok(found.into_iter().flatten().collect())
    }

    /// Takes all its ports from an endpoint.
    pub(in crate::network) fn release_ports(&self, endpoint: i64) -> Result<()> {
        for map in self.ports(endpoint)? {
            let space = space(&map);
            let sql = "DELETE FROM ports WHERE space = ?1 AND port = ?2 AND at = ?3";
            self.execute(sql, params![space, map.port, at(&map)])?;
            let others = self.one(
                "SELECT 1 FROM ports WHERE space = ?1 AND port = ?2",
                params![space, map.port],
                |_| Ok(()),
            )?;
            if others.is_none() {
                self.handed_out(&space).release(map.port.into())?;
            }
        }
        Ok(())
    }

    fn handed_out(&self, space: &str) -> Runs<'_> {
        Runs::new(self, format!("port/{space}"), HANDED_OUT.0, HANDED_OUT.1)
    }
}
