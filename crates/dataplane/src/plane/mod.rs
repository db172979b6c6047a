//! All that an instance has in the host's network namespace, and how it is made.
//!
//! Every call may be made again: what is there already is left alone, so that a process that is killed half way is
//! made good by the next one that makes the same call.

mod apply;
mod endpoint;
mod forwarding;
mod network;
mod ports;

pub use apply::{Change, Fence, TableState, Wanted};

use ipnet::IpNet;

use crate::error::Error;
use crate::host::contents::Contents;
use crate::host::table::{HostSet, table};
use crate::links::{Link, Links};
use crate::model::PortMap;
use crate::names::{Instance, LinkName};
use crate::netns::Netns;
use crate::nft::Nft;
use crate::nft::batch::Batch;
use crate::nft::layout::Table;
use crate::nft::read::Found;
use crate::nft::set::Elements;

/// One instance's share of a network namespace, mostly the host's.
#[derive(Debug)]
pub struct Plane {
    instance: Instance,
    netns: Netns,
    links: Links,
    nft: Nft,
    table: Table,
    /// What the call that runs has changed so far, or would have.
    changes: Vec<Change>,
    /// The call that runs changes nothing.
    look_only: bool,
}

impl Plane {
    /// Of `instance` in `netns`. Changes nothing.
    ///
    /// # Errors
    /// [`Error::Namespace`] if the namespace cannot be entered, [`Error::Socket`].
    pub fn open(instance: Instance, netns: Netns) -> Result<Self, Error> {
        let links = Links::open(&netns)?;
        let nft = Nft::open(&netns)?;
        let table = table(&instance);
        Ok(Self { instance, netns, links, nft, table, changes: Vec::new(), look_only: false })
    }

    /// The instance that it is of.
    pub fn instance(&self) -> &Instance {
        &self.instance
    }

    /// The published ports.
    ///
    /// # Errors
    /// [`Error::Socket`], [`Error::Refused`], [`Error::Unsettled`].
    pub fn ports(&mut self) -> Result<Vec<PortMap>, Error> {
        Ok(self.contents()?.map_or_else(Vec::new, |contents| contents.ports()))
    }

    /// The fence between the host's own links, for the caller to keep; see [`Wanted::fence`].
    ///
    /// # Errors
    /// [`Error::Socket`], [`Error::Refused`], [`Error::Unsettled`].
    pub fn fence(&mut self) -> Result<Fence, Error> {
        let mut names = |set| -> Result<_, Error> {
            Ok(self.fenced(set)?.keys().filter_map(|key| LinkName::from_key(&key.from)).collect())
        };
        Ok(Fence { v4: names(HostSet::Fence4)?, v6: names(HostSet::Fence6)? })
    }

    /// Whether the table is there, and as this version makes it.
    ///
    /// # Errors
    /// [`Error::Socket`], [`Error::Refused`], [`Error::Unsettled`].
    pub fn table_state(&mut self) -> Result<TableState, Error> {
        Ok(match self.nft.read(&self.table)? {
            Found::Nothing => TableState::Absent,
            Found::Other(difference) => TableState::Other(difference),
            Found::Elements(_) => TableState::Present,
        })
    }

    /// The links of the namespace that carry this instance's mark.
    ///
    /// # Errors
    /// As [`Links::list`].
    pub fn links(&mut self) -> Result<Vec<Link>, Error> {
        let groups = [self.instance.group(), self.instance.doomed_group()];
        Ok(self.links.list()?.into_iter().filter(|link| groups.contains(&link.group)).collect())
    }

    /// The addresses of links that are not ours, but for the loopback link's: what the host itself has.
    ///
    /// # Errors
    /// As [`Links::list`].
    pub fn host_addresses(&mut self) -> Result<Vec<IpNet>, Error> {
        let groups = [self.instance.group(), self.instance.doomed_group()];
        let others = self.links.list()?.into_iter().filter(|link| !groups.contains(&link.group));
        let others: Vec<u32> = others.filter(|link| link.name != "lo").map(|link| link.index).collect();
        let all = self.links.addresses()?.into_iter().filter(|address| others.contains(&address.link));
        Ok(all.map(|address| address.address).collect())
    }

    /// Removes all that this instance has in the namespace. Forwarding, if it was switched on for our networks, is
    /// switched off again, unless links have come since that others may want it for; then the table stays, with
    /// nothing in it but the fence between the links that were there before.
    ///
    /// # Errors
    /// [`Error::Refused`], [`Error::Setting`].
    pub fn clear(&mut self) -> Result<(), Error> {
        self.begin(false);
        let links: Vec<u32> = self.links()?.iter().map(|link| link.index).collect();
        self.delete(&links)?;
        let fences = [HostSet::Fence4, HostSet::Fence6];
        let kept =
            fences.map(|set| Ok((set, self.fenced(set)?))).into_iter().collect::<Result<Vec<_>, Error>>()?;
        let mut batch = Batch::new(&self.table.name);
        batch.clear();
        if !self.stop_forwarding()? {
            batch.build(&self.table);
            for (set, elements) in &kept {
                batch.add(&set.spec(), elements);
            }
        }
        self.nft.commit(batch)
    }

    /// A call begins.
    fn begin(&mut self, look_only: bool) {
        self.changes.clear();
        self.look_only = look_only;
    }

    /// Notes a change; whether it is to be made.
    fn change(&mut self, change: Change) -> bool {
        self.changes.push(change);
        !self.look_only
    }

    /// Deletes links of ours.
    fn delete(&mut self, indices: &[u32]) -> Result<(), Error> {
        self.links.delete(indices, self.instance.doomed_group())
    }

    /// The link of this name, if it is there; one without this instance's mark is an error.
    fn own_link(&mut self, name: &LinkName) -> Result<Option<Link>, Error> {
        let Some(link) = self.links.find(name)? else { return Ok(None) };
        if link.group == self.instance.doomed_group() {
            // Who wanted it deleted was killed before that.
            if !self.look_only {
                self.delete(&[link.index])?;
            }
            return Ok(None);
        }
        if link.group != self.instance.group() {
            let what = format!("it is in group {}, ours are in {}", link.group, self.instance.group());
            return Err(Error::Foreign { name: name.to_string(), what });
        }
        Ok(Some(link))
    }

    /// Adds elements to the table, which is made if it is not there.
    fn add(&mut self, contents: &Contents) -> Result<(), Error> {
        loop {
            let there = self.nft.has_table(&self.table.name)?;
            let mut batch = Batch::new(&self.table.name);
            if !there {
                batch.build(&self.table);
            }
            for (set, elements) in contents.all() {
                batch.add(&set.spec(), elements);
            }
            match self.nft.commit(batch) {
                // Somebody else made the table meanwhile.
                Err(error)
                    if !there && error.is_already_exists() && self.nft.has_table(&self.table.name)? => {}
                other => return other,
            }
        }
    }

    /// Removes those of the elements that are there.
    fn remove(&mut self, contents: &Contents) -> Result<(), Error> {
        let mut batch = Batch::new(&self.table.name);
        for (set, elements) in contents.all() {
            batch.remove(&set.spec(), elements);
        }
        match self.nft.commit(batch) {
            Err(error) if error.is_not_found() => {}
            other => return other,
        }
        // Some of them are not there, and then the kernel removes none.
        let Some(present) = self.contents()? else { return Ok(()) };
        let mut batch = Batch::new(&self.table.name);
        for (set, elements) in contents.all() {
            let present = present.of(set);
            batch.remove(
                &set.spec(),
                elements.iter().filter(|(key, value)| present.get(*key) == Some(*value)),
            );
        }
        self.nft.commit(batch)
    }

    /// What is in the table; `None` if there is no table, or not the one that this version makes.
    fn contents(&mut self) -> Result<Option<Contents>, Error> {
        match self.nft.read(&self.table)? {
            Found::Elements(elements) => Ok(Some(Contents::from_read(elements))),
            Found::Nothing | Found::Other(_) => Ok(None),
        }
    }

    /// The links behind the fence of one IP version, as elements of its set; also of a table that somebody changed.
    fn fenced(&mut self, set: HostSet) -> Result<Elements, Error> {
        self.nft.elements_if_any(&self.table.name, &set.spec())
    }
}
