//! What may come to an endpoint and leave it: rules in its own namespace.
//!
//! There, and not at the host, because frames within one bridge pass no rule of the host's that IP packets pass. The
//! container cannot change them as long as its namespace belongs to the host's user namespace, or it has no right to
//! administer networks.

mod table;

use std::ops::RangeInclusive;

use ipnet::IpNet;

pub(crate) use table::table;

use crate::error::Error;
use crate::names::{Instance, LinkName};
use crate::nft::Nft;
use crate::nft::batch::Batch;
use crate::nft::read::Found;

/// What a rule does with a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// It passes.
    Allow,
    /// It is dropped without an answer.
    Block,
}

/// Where to a packet goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// To the endpoint.
    In,
    /// From the endpoint.
    Out,
}

/// One rule. A list that is empty leaves its matter open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AclRule {
    /// Of which packets.
    pub direction: Direction,
    /// What becomes of those that it fits.
    pub action: Action,
    /// The rule with the lowest number is asked first; among equal ones the one that stands first.
    pub priority: u16,
    /// Numbers of protocols above IP: 1 ICMP, 6 TCP, 17 UDP, 58 ICMPv6.
    pub protocols: Vec<u8>,
    /// The endpoint's address.
    pub local: Vec<IpNet>,
    /// The other side's address.
    pub remote: Vec<IpNet>,
    /// The endpoint's port; of TCP, UDP and SCTP.
    pub local_ports: Vec<RangeInclusive<u16>>,
    /// The other side's port; of TCP, UDP and SCTP.
    pub remote_ports: Vec<RangeInclusive<u16>>,
}

/// All rules of an endpoint.
///
/// Answers to what was allowed pass always, and so do ARP and the messages by which IPv6 neighbours find each other. A
/// rule that blocks holds for connections that are there already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acl {
    /// In any order.
    pub rules: Vec<AclRule>,
    /// What becomes of packets to the endpoint that no rule fits.
    pub otherwise_in: Action,
    /// What becomes of packets from the endpoint that no rule fits.
    pub otherwise_out: Action,
}

impl Default for Acl {
    /// Everything passes.
    fn default() -> Self {
        Self { rules: Vec::new(), otherwise_in: Action::Allow, otherwise_out: Action::Allow }
    }
}

impl Acl {
    /// Everything passes, whatever the rules: there is none that blocks.
    fn is_open(&self) -> bool {
        let blocks = |action| action == Action::Block;
        !blocks(self.otherwise_in)
            && !blocks(self.otherwise_out)
            && !self.rules.iter().any(|r| blocks(r.action))
    }

    /// # Errors
    /// [`Error::Invalid`] for a rule that fits nothing by contradiction.
    pub(crate) fn check(&self, endpoint: &LinkName) -> Result<(), Error> {
        for (n, rule) in self.rules.iter().enumerate() {
            let refuse = |what: &str| {
                let object = format!("rule {n} (priority {}) of endpoint {endpoint}", rule.priority);
                Err(Error::invalid(object, what))
            };
            let ports = rule.local_ports.iter().chain(&rule.remote_ports);
            if ports.clone().any(RangeInclusive::is_empty) {
                return refuse("a range of ports that ends before it begins");
            }
            let has_ports = ports.count() > 0;
            if has_ports && !rule.protocols.iter().all(|protocol| table::WITH_PORTS.contains(protocol)) {
                return refuse("ports of a protocol that has none");
            }
            let versions =
                |nets: &[IpNet], v4: bool| nets.is_empty() || nets.iter().any(|n| n.addr().is_ipv4() == v4);
            let fits = |v4: bool| versions(&rule.local, v4) && versions(&rule.remote, v4);
            if !fits(true) && !fits(false) {
                return refuse("addresses of one IP version here and of another there");
            }
        }
        Ok(())
    }
}

/// Makes `acl` hold for the link `name` in the namespace of `nft`, unless it is `look_only`, and returns whether
/// anything had to be changed for it.
pub(crate) fn enforce(
    instance: &Instance,
    nft: &mut Nft,
    name: &LinkName,
    acl: &Acl,
    look_only: bool,
) -> Result<bool, Error> {
    acl.check(name)?;
    let (table, elements) = table(instance, name, acl);
    let mut batch = Batch::new(&table.name);
    if acl.is_open() {
        if !nft.has_table(&table.name)? {
            return Ok(false);
        }
        batch.clear();
    } else {
        if nft.read(&table)? == Found::Elements(elements.clone()) {
            return Ok(false);
        }
        // In one: there is no time without rules, and none with half of them.
        batch.clear();
        batch.build(&table);
        for (set, elements) in table.sets.iter().zip(&elements) {
            batch.add(set, elements);
        }
    }
    if !look_only {
        nft.commit(batch)?;
    }
    Ok(true)
}
