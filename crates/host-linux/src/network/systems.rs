//! Compute systems and their endpoints.
//!
//! A system with endpoints is born in a network namespace that was made for it and has its life's name, with the
//! endpoints in it already. Who holds what is recorded by that life, so that whatever a system held is found when it is
//! gone, however it went: its supervisor runs [`Engine::release_network`] by a helper program, the next who looks at a
//! dead system does, and so does [`super::engine`] before it brings the kernel to the record.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use hcs_contract::{Error, ErrorEvent, Result};
use hcs_schema::Document as _;
use hcs_schema::network::hcn::{Dns, HostComputeEndpoint};

use super::engine::World;
use super::errors::invalid;
use super::store::{EndpointRow, Holder, Kind, Tables};
use super::{endpoints, errors, netns};
use crate::compute::{Engine, host_netns_path};
use crate::helpers;
use crate::ids::Life;
use crate::paths::not_writable;

/// What a compute document asks of networks.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct SystemNetwork {
    /// The id of the namespace that it enters, with the member that names it.
    pub(crate) namespace: Option<(String, String)>,
    /// Ids of endpoints that are attached to it, each with the member that names it.
    pub(crate) endpoints: Vec<(String, String)>,
    /// Endpoints that are made for it and go with it, each with the member that describes it.
    pub(crate) own: Vec<(String, HostComputeEndpoint)>,
    /// Names that are completed by these domains.
    pub(crate) search: Vec<String>,
}

impl SystemNetwork {
    /// It asks for nothing.
    pub(crate) fn is_none(&self) -> bool {
        self.namespace.is_none() && self.endpoints.is_empty() && self.own.is_empty()
    }
}

/// What a system is born into.
#[derive(Debug)]
pub(crate) struct Prepared {
    /// A file that stands for its network namespace.
    pub(crate) netns: PathBuf,
    /// What it resolves names with, as resolv.conf says it.
    pub(crate) resolver: String,
}

/// This file in a system's runtime folder says that networks have something of it.
pub(crate) const MARK: &str = "network";

impl Engine {
    /// Makes what a system that is being made is to be born into.
    pub(crate) fn prepare_network(
        &self,
        life: &Life,
        directory: &Path,
        wanted: &SystemNetwork,
    ) -> Result<Prepared> {
        // Before anything is held.
        mark(directory)?;
        self.change_networks(|world| {
            if let Some((field, id)) = &wanted.namespace {
                if !wanted.endpoints.is_empty() || !wanted.own.is_empty() {
                    let reason =
                        "endpoints are attached to the namespace itself, not to the container that enters it";
                    return Err(Error::not_supported(field.clone(), reason));
                }
                return world.enter_namespace(field, id, &wanted.search);
            }
            let (_, netns) = netns::make(&world.engine.layout().netns(), life.as_str())?;
            match world.equip(life, wanted) {
                Ok(dns) => Ok(Prepared { netns, resolver: resolver(&dns, &wanted.search) }),
                // What was half made when it failed is taken away by who settles.
                Err(error) => {
                    Err(match world.release(life.as_str()).and_then(|()| world.intend(|_| Ok(()))) {
                        Ok(()) => error,
                        Err(undo) => error.with_events([ErrorEvent::new("undo", undo.to_string())]),
                    })
                }
            }
        })
    }

    /// Gives back whatever a system that is gone had of networks. No error if it had nothing.
    pub(crate) fn release_network(&self, life: &Life) -> Result<()> {
        self.change_networks(|world| world.release(life.as_str()))
    }

    /// Attaches an endpoint to a system that runs, or detaches it.
    pub(crate) fn change_network_of(
        &self,
        life: &Life,
        directory: &Path,
        endpoint: &str,
        attach: bool,
    ) -> Result<()> {
        if attach {
            // Who gives back at the end what is attached.
            helpers::find(self.options(), helpers::NETWORK)?;
            mark(directory)?;
        }
        let holder = Holder::System(life.as_str().to_owned());
        self.change_networks(|world| {
            if attach {
                return world.attach(endpoint, &holder);
            }
            let row = world.referred(endpoint)?;
            world.detach(&row, &holder)
        })
    }

    /// Systems that are gone and still have endpoints, and network namespaces that nobody has. Frees them unless
    /// `dry_run`, which changes nothing. What cannot be told is noted in `failures`, and stays.
    pub(crate) fn stray_networks(
        &self,
        dry_run: bool,
        failures: &mut Vec<String>,
    ) -> Result<(Vec<String>, Vec<PathBuf>)> {
        if !self.has_networks() {
            return Ok((Vec::new(), Vec::new()));
        }
        let (systems, strays) = if dry_run {
            self.look_at_networks(|world| world.store.read(|tables| self.strays(tables, failures)))?
        } else {
            self.change_networks(|world| {
                let engine = world.engine;
                let (systems, strays) = world.store.read(|tables| engine.strays(tables, failures))?;
                for life in &systems {
                    world.release(life)?;
                }
                for stray in &strays {
                    netns::remove(stray)?;
                }
                Ok((systems, strays))
            })?
        };
        let ids = systems.into_iter().map(|life| match Life::parse(&life) {
            Some(life) => life.id_name().id(),
            None => life,
        });
        Ok((ids.collect(), strays))
    }

    /// The lives of systems that are gone and still have endpoints, and the files of namespaces that nobody has.
    fn strays(
        &self,
        tables: &Tables<'_>,
        failures: &mut Vec<String>,
    ) -> Result<(BTreeSet<String>, Vec<PathBuf>)> {
        let mut lives = |life: &str| match Life::parse(life).map(|life| self.lives(&life)) {
            Some(Ok(lives)) => lives,
            // Who can't be asked may live.
            Some(Err(error)) => {
                failures.push(error.to_string());
                true
            }
            None => false,
        };
        let systems: BTreeSet<String> =
            tables.systems_with_endpoints()?.into_iter().filter(|life| !lives(life)).collect();
        let namespaces = tables.namespaces()?.into_iter().map(|namespace| namespace.id.to_ascii_lowercase());
        let namespaces: BTreeSet<String> = namespaces.collect();
        let folder = self.layout().netns();
        let names = netns::names(&folder)?.into_iter();
        let strays = names.filter(|name| {
            !namespaces.contains(&name.to_ascii_lowercase()) && !systems.contains(name) && !lives(name)
        });
        let strays = strays.map(|name| folder.join(name)).collect();
        Ok((systems, strays))
    }
}

impl World<'_> {
    fn enter_namespace(&mut self, field: &str, id: &str, search: &[String]) -> Result<Prepared> {
        let namespace = self.store.read(|tables| tables.namespace(id))?;
        let namespace = namespace.ok_or_else(|| {
            let message = format!("there is no namespace {id}");
            invalid(hcs_contract::Hresult::ERROR_NOT_FOUND, field, message)
        })?;
        let netns = match namespace.kind {
            Kind::Host | Kind::Given => {
                if self.engine.netns_of_namespace(&namespace, true)?.is_none() {
                    let message = format!("the network namespace that {id} was given is gone");
                    return Err(invalid(hcs_contract::Hresult::ERROR_NOT_FOUND, field, message));
                }
                self.engine.netns_path(&namespace.id)
            }
            Kind::HostDefault => match &self.engine.options().netns {
                Some(path) => path.clone(),
                None => host_netns_path()?,
            },
            Kind::Guest | Kind::GuestDefault => {
                return Err(Error::not_supported(field.to_owned(), "it is a namespace of a virtual machine"));
            }
        };
        if namespace.kind == Kind::HostDefault {
            if !search.is_empty() {
                let reason = "in the host's own namespace names are resolved as the host does it";
                return Err(Error::not_supported("DNSSearchList", reason));
            }
            return Ok(Prepared { netns, resolver: super::networks::host_resolver()? });
        }
        let rows = self.store.read(|tables| tables.endpoints_held(&Holder::Namespace(namespace.number)))?;
        let dns = dns_of(&rows)?;
        Ok(Prepared { netns, resolver: resolver(&dns, search) })
    }

    /// Attaches and makes what the document asks for; what its endpoints resolve names with.
    fn equip(&mut self, life: &Life, wanted: &SystemNetwork) -> Result<Dns> {
        let holder = Holder::System(life.as_str().to_owned());
        let mut ids = Vec::new();
        for (field, id) in &wanted.endpoints {
            self.attach(id, &holder)
                .map_err(|error| error.with_events([errors::because(format!("{field}: {id}"))]))?;
            ids.push(id.clone());
        }
        for (field, document) in &wanted.own {
            let made = self.create_own_endpoint(document.clone(), &holder);
            ids.push(made.map_err(|error| error.with_events([errors::because(field.as_str())]))?);
        }
        let rows = ids.iter().map(|id| self.endpoint(id)).collect::<Result<Vec<_>>>()?;
        dns_of(&rows)
    }

    /// Detaches all endpoints of a system, and removes those that were made for it.
    fn release(&mut self, life: &str) -> Result<()> {
        let held = self.store.read(|tables| tables.endpoints_held(&Holder::System(life.to_owned())))?;
        if !held.is_empty() {
            self.intend(|_| Ok(()))?;
            self.take_all_off(&held)?;
            self.settled(|tables| let_go(tables, life))?;
        }
        netns::remove(&self.engine.layout().netns().join(life))
    }
}

/// Records that a system has no endpoints any more; those that were made for it are gone.
pub(super) fn let_go(tables: &Tables<'_>, life: &str) -> Result<()> {
    for row in tables.endpoints_held(&Holder::System(life.to_owned()))? {
        if row.owned {
            endpoints::forget(tables, &row)?;
        } else {
            tables.let_go(row.number)?;
        }
    }
    Ok(())
}

fn mark(directory: &Path) -> Result<()> {
    let path = directory.join(MARK);
    fs_err::write(&path, "").map_err(|error| not_writable("make", &path, error))
}

/// What several endpoints say, each thing once.
fn together<'a>(all: impl Iterator<Item = &'a Dns>) -> Dns {
    let mut found = Dns::default();
    for dns in all {
        let add = |to: &mut Vec<String>, from: &[String]| {
            for item in from {
                if !to.contains(item) {
                    to.push(item.clone());
                }
            }
        };
        add(&mut found.server_list, &dns.server_list);
        if !dns.domain.is_empty() {
            add(&mut found.search, std::slice::from_ref(&dns.domain));
        }
        add(&mut found.search, &dns.search);
        add(&mut found.options, &dns.options);
    }
    found
}

/// What several endpoints resolve names with.
fn dns_of(rows: &[EndpointRow]) -> Result<Dns> {
    let documents = rows.iter().map(|row| HostComputeEndpoint::from_json(&row.document));
    let documents: Vec<_> = documents.collect::<std::result::Result<_, _>>()?;
    Ok(together(documents.iter().map(|document| &document.dns)))
}

/// As resolv.conf says it (resolv.conf(5)): three servers are asked at most.
pub(super) fn resolver(dns: &Dns, search: &[String]) -> String {
    let mut lines: Vec<String> =
        dns.server_list.iter().take(3).map(|server| format!("nameserver {server}\n")).collect();
    let search: Vec<&str> = search.iter().chain(&dns.search).map(String::as_str).collect();
    if !search.is_empty() {
        lines.push(format!("search {}\n", search.join(" ")));
    }
    if !dns.options.is_empty() {
        lines.push(format!("options {}\n", dns.options.join(" ")));
    }
    lines.concat()
}
