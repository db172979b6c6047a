//! One instance's networks: the record of what there is to be, and the part of the kernel that is made to have it.
//!
//! A change is made by one process at a time, which holds the lock of `$HCS_RUN/network`:
//!
//! 1. One transaction writes what is intended, and that the kernel may now differs from the record.
//! 2. The kernel's side is made, by steps that may be made again.
//! 3. One transaction writes that it is done.
//!
//! Who finds the second sentence of 1 with the lock in hand finds what somebody left who was killed, or who failed:
//! [`World::settle_if_needed`] forgets what was half made or half removed, and brings the kernel to the record. After a
//! reboot it does so too, and makes all of it. A network that the kernel refuses keeps no other from being made.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use hcs_contract::{Deadline, Error, ErrorEvent, Result};
use hcs_dataplane::{Action, Change, Endpoint, Fence, Instance, Netns, Network, Plane, Wanted};
use hcs_fault::Point;
use rustix::fs::FlockOperation;

use super::store::{EndpointRow, Holder, Kind, NamespaceRow, State, Store, Tables};
use super::{endpoint_plan, errors, given, netns, network_plan};
use crate::compute::Engine;
use crate::ids::Life;
use crate::lock::FolderLock;
use crate::record::boot_id;

/// What an engine keeps open of its networks from the first call that asks for them.
#[derive(Debug, Default)]
pub(crate) struct Networks {
    open: Mutex<Option<Open>>,
}

#[derive(Debug)]
struct Open {
    store: Store,
    plane: Plane,
}

/// The networks, to be changed: nobody else changes them meanwhile.
pub(super) struct World<'a> {
    pub(super) engine: &'a Engine,
    pub(super) store: &'a mut Store,
    pub(super) plane: &'a mut Plane,
    /// Why the kernel could not be brought to the record. Whoever changes the networks goes on, as what is wrong may be
    /// what is to be removed; the next who looks tries again.
    pub(super) broken: Option<Error>,
    /// What the kernel was changed in, to be brought to the record.
    mended: Vec<Change>,
}

impl Engine {
    /// Changes the networks. What fails half way is undone.
    pub(super) fn change_networks<T>(&self, f: impl FnOnce(&mut World<'_>) -> Result<T>) -> Result<T> {
        must_be_root()?;
        let _alone = self.lock_networks()?;
        let mut open = self.open_networks()?;
        let mut world = World::new(self, &mut open);
        world.settle_if_needed()?;
        match f(&mut world) {
            Ok(done) => Ok(done),
            // What could not be undone either is so by the next who looks.
            Err(error) => Err(match world.settle_if_needed().err().or(world.broken) {
                None => error,
                Some(undo) => error.with_events([ErrorEvent::new("undo", undo.to_string())]),
            }),
        }
    }

    /// Before [`Self::open_networks`]: who has that waits for nobody.
    fn lock_networks(&self) -> Result<FolderLock> {
        let deadline = Deadline::after(self.options().deadlines.network);
        FolderLock::wait(&self.layout().network(), FlockOperation::NonBlockingLockExclusive, deadline)
    }

    /// Looks at what the kernel has, or mends it; nobody else changes it meanwhile. `None`: there were networks never.
    pub(super) fn inspect_networks(&self, mend: bool) -> Result<Option<Vec<Change>>> {
        if !self.has_networks() {
            return Ok(None);
        }
        if mend {
            return self.change_networks(|world| {
                let mut changes = std::mem::take(&mut world.mended);
                changes.extend(world.bring()?);
                Ok(Some(changes))
            });
        }
        self.look_at_networks(|world| world.drift().map(Some))
    }

    /// Looks at the record and the kernel's side, as somebody may have left them, and changes neither; nobody else
    /// changes them meanwhile.
    pub(super) fn look_at_networks<T>(&self, f: impl FnOnce(&mut World<'_>) -> Result<T>) -> Result<T> {
        must_be_root()?;
        let _alone = self.lock_networks()?;
        let mut open = self.open_networks()?;
        f(&mut World::new(self, &mut open))
    }

    /// Reads the record.
    pub(super) fn read_networks<T>(&self, f: impl FnOnce(&Tables<'_>) -> Result<T>) -> Result<T> {
        let boot = boot_id()?;
        let f = {
            let mut open = self.open_networks()?;
            let Open { store, .. } = open.as_mut().expect("it was opened just now");
            let read = store.read(|tables| {
                let is_of_this_boot = tables.state(State::Boot)?.as_deref() == Some(&boot);
                if is_of_this_boot { f(tables).map(Ok) } else { Ok(Err(f)) }
            });
            match read? {
                Ok(found) => return Ok(found),
                Err(f) => f,
            }
        };
        // The first look after a boot.
        self.change_networks(|world| world.store.read(f))
    }

    /// Whether there were networks ever: a look that makes nothing.
    pub(super) fn has_networks(&self) -> bool {
        self.layout().network_database().exists()
    }

    fn open_networks(&self) -> Result<MutexGuard<'_, Option<Open>>> {
        let mut open = self.networks().open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.is_none() {
            must_be_root()?;
            let store = Store::open(&self.layout().network_database())?;
            let instance = Instance::new(self.layout().instance()).map_err(errors::of_plane)?;
            let plane = Plane::open(instance, self.host_netns()?).map_err(errors::of_plane)?;
            *open = Some(Open { store, plane });
        }
        Ok(open)
    }

    /// The network namespace that is the host's for this engine.
    pub(super) fn host_netns(&self) -> Result<Netns> {
        match &self.options().netns {
            Some(path) => Netns::open(path),
            // Not the calling thread's, which may be in a container's.
            None => Netns::open(crate::compute::host_netns_path()?),
        }
        .map_err(errors::of_plane)
    }

    /// Where the network namespace of a system is, or of one that is being made: by name, or by its process 1. `None`:
    /// there is no such system.
    pub(super) fn netns_of_system(&self, life: &str) -> Result<Option<Netns>> {
        if let Some(netns) = netns::open(&self.layout().netns().join(life))? {
            return Ok(Some(netns));
        }
        let Some(life) = Life::parse(life) else { return Ok(None) };
        let Some(pid) = self.init_of(&life)? else { return Ok(None) };
        // Its process 1 may have ended since, and the number be another's by now: asked again.
        let netns = Netns::open(format!("/proc/{pid}/ns/net")).ok();
        Ok(netns.filter(|_| matches!(self.init_of(&life), Ok(Some(again)) if again == pid)))
    }
}

fn must_be_root() -> Result<()> {
    if rustix::process::geteuid().is_root() {
        return Ok(());
    }
    Err(Error::access_denied("networks are made with root's rights on this host")
        .with_hint("run the program as root, with sudo"))
}

/// What there is to be, as the data plane takes it.
#[derive(Debug, Default)]
pub(super) struct Intended {
    networks: Vec<(Network, Vec<(Endpoint, Netns)>)>,
    ports: Vec<hcs_dataplane::PortMap>,
    fence: Fence,
}

impl Intended {
    pub(super) fn wanted(&self) -> Wanted<'_> {
        let networks = self.networks.iter().map(|(network, endpoints)| {
            let endpoints = endpoints.iter().map(|(endpoint, netns)| (endpoint.clone(), netns)).collect();
            (network.clone(), endpoints)
        });
        Wanted { networks: networks.collect(), ports: self.ports.clone(), fence: self.fence.clone() }
    }
}

impl<'a> World<'a> {
    fn new(engine: &'a Engine, open: &'a mut Option<Open>) -> Self {
        let Open { store, plane } = open.as_mut().expect("it was opened just now");
        Self { engine, store, plane, broken: None, mended: Vec::new() }
    }
}

impl World<'_> {
    /// # Errors
    /// The database's. What the kernel refuses is in [`World::broken`].
    fn settle_if_needed(&mut self) -> Result<()> {
        let boot = boot_id()?;
        let (unsettled, last_boot) =
            self.store.read(|tables| Ok((tables.is_unsettled()?, tables.state(State::Boot)?)))?;
        if !unsettled && last_boot.as_deref() == Some(&boot) {
            return Ok(());
        }
        hcs_fault::step(Point::SettleNetworks);
        let gone = self.forget_halves(&boot, last_boot.as_deref())?;
        match self.make_good(gone) {
            Ok(changes) => {
                self.mended.extend(changes);
                self.broken = None;
            }
            Err(error) => self.broken = Some(error),
        }
        self.settled(|_| Ok(()))
    }

    /// Forgets what is half made, half removed, or of an earlier boot; namespaces that have to go from the kernel.
    fn forget_halves(&mut self, boot: &str, last_boot: Option<&str>) -> Result<Vec<NamespaceRow>> {
        let engine = self.engine;
        self.store.transact(|tables| {
            tables.set_unsettled(true)?;
            for endpoint in tables.endpoints_to_forget()? {
                super::endpoints::forget(tables, &endpoint)?;
            }
            for network in tables.networks_to_forget(last_boot != Some(boot))? {
                tables.remove_network(network)?;
            }
            let namespaces = tables.namespaces_to_forget(last_boot != Some(boot))?;
            for namespace in &namespaces {
                tables.remove_namespace(namespace.number)?;
            }
            super::namespaces::keep_host_default(tables)?;
            for life in tables.systems_with_endpoints()? {
                // One that can't be looked at is kept.
                if matches!(engine.netns_of_system(&life), Ok(None)) {
                    super::systems::let_go(tables, &life)?;
                }
            }
            tables.set_state(State::Boot, Some(boot))?;
            Ok(namespaces)
        })
    }

    fn make_good(&mut self, gone: Vec<NamespaceRow>) -> Result<Vec<Change>> {
        for NamespaceRow { id, .. } in gone {
            netns::remove(&self.engine.netns_path(&id))?;
        }
        self.bring()
    }

    /// Makes the kernel have what is recorded; what was changed for it.
    pub(super) fn bring(&mut self) -> Result<Vec<Change>> {
        let intended = self.intended(true)?;
        self.plane.apply(&intended.wanted()).map_err(errors::of_plane)
    }

    /// What would have to be changed.
    pub(super) fn drift(&mut self) -> Result<Vec<Change>> {
        let intended = self.intended(false)?;
        self.plane.drift(&intended.wanted()).map_err(errors::of_plane)
    }

    /// All that is recorded. `make`: namespaces that are missing, too.
    fn intended(&mut self, make: bool) -> Result<Intended> {
        let engine = self.engine;
        self.store.read(|tables| {
            let mut intended = Intended { fence: read_fence(tables)?, ..Intended::default() };
            let mut namespaces: BTreeMap<i64, Option<Netns>> = BTreeMap::new();
            for namespace in tables.namespaces()? {
                namespaces.insert(namespace.number, engine.netns_of_namespace(&namespace, make)?);
            }
            for network in tables.networks(None)? {
                let plan = network_plan::of_row(&network, self.plane.instance())?;
                let mut attached = Vec::new();
                for endpoint in tables.endpoints_of_network(network.number)? {
                    let netns = match &endpoint.holder {
                        None => None,
                        Some(Holder::Namespace(number)) => match namespaces.get(number) {
                            Some(Some(netns)) => Some(netns.try_clone().map_err(errors::of_plane)?),
                            _ => None,
                        },
                        Some(Holder::System(life)) => engine.netns_of_system(life)?,
                    };
                    let Some(netns) = netns else { continue };
                    intended.ports.extend(tables.ports(endpoint.number)?);
                    attached.push((engine.endpoint_of_row(tables, &plan, &endpoint, self.plane)?, netns));
                }
                intended.networks.push((plan.network, attached));
            }
            Ok(intended)
        })
    }

    /// Writes what is intended; from here on the kernel may differ from it.
    pub(super) fn intend<T>(&mut self, f: impl FnOnce(&Tables<'_>) -> Result<T>) -> Result<T> {
        let intended = self.store.transact(|tables| {
            tables.set_unsettled(true)?;
            f(tables)
        })?;
        hcs_fault::step(Point::NetworkIntended);
        Ok(intended)
    }

    /// Writes that it is done.
    pub(super) fn settled<T>(&mut self, f: impl FnOnce(&Tables<'_>) -> Result<T>) -> Result<T> {
        hcs_fault::step(Point::NetworkApplied);
        let unsettled = self.broken.is_some();
        self.store.transact(|tables| {
            tables.set_unsettled(unsettled)?;
            f(tables)
        })
    }

    /// Keeps the fence that the data plane has put up.
    pub(super) fn keep_fence(&mut self) -> Result<()> {
        let Fence { v4, v6 } = self.plane.fence().map_err(errors::of_plane)?;
        let names = |set: std::collections::BTreeSet<hcs_dataplane::LinkName>| -> Vec<String> {
            set.iter().map(ToString::to_string).collect()
        };
        let text = serde_json::to_string(&(names(v4), names(v6))).expect("lists of texts");
        self.store.transact(|tables| tables.set_state(State::Fence, Some(&text)))
    }
}

fn read_fence(tables: &Tables<'_>) -> Result<Fence> {
    let Some(text) = tables.state(State::Fence)? else { return Ok(Fence::default()) };
    let read = |names: Vec<String>| names.iter().filter_map(|name| name.parse().ok()).collect();
    let (v4, v6) = serde_json::from_str(&text)
        .map_err(|error| Error::unexpected_value(format!("the networks' database: fence: {error}")))?;
    Ok(Fence { v4: read(v4), v6: read(v6) })
}

impl Engine {
    /// Where the namespace with this id is mounted.
    pub(super) fn netns_path(&self, id: &str) -> PathBuf {
        self.layout().netns().join(id.to_ascii_lowercase())
    }

    /// A namespace's network namespace. `None`: it has none, as it is a guest's; or it is missing, and not to be made.
    pub(super) fn netns_of_namespace(&self, namespace: &NamespaceRow, make: bool) -> Result<Option<Netns>> {
        match namespace.kind {
            Kind::HostDefault => self.host_netns().map(Some),
            Kind::Guest | Kind::GuestDefault => Ok(None),
            Kind::Host if make => {
                let name = namespace.id.to_ascii_lowercase();
                netns::make(&self.layout().netns(), &name).map(|(netns, _)| Some(netns))
            }
            Kind::Host | Kind::Given => netns::open(&self.netns_path(&namespace.id)),
        }
    }

    /// An attached endpoint, as the data plane takes it.
    pub(super) fn endpoint_of_row(
        &self,
        tables: &Tables<'_>,
        network: &network_plan::NetworkPlan,
        endpoint: &EndpointRow,
        plane: &Plane,
    ) -> Result<Endpoint> {
        let namespace = match &endpoint.holder {
            Some(Holder::Namespace(number)) => tables.namespace_of_number(*number)?,
            _ => None,
        };
        let place = match namespace {
            Some(namespace) if namespace.kind == Kind::HostDefault => endpoint_plan::Place::Host,
            Some(namespace) if namespace.kind == Kind::Given => {
                endpoint_plan::Place::Given(given::of_row(&namespace)?.interface_name)
            }
            _ => endpoint_plan::Place::Own(endpoint.slot),
        };
        let otherwise = if self.options().allow_unmatched { Action::Allow } else { Action::Block };
        endpoint_plan::of_row(network, endpoint, place, otherwise, plane.instance())
    }
}
