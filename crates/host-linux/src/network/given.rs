//! Namespaces that are somebody else's: a document names a network namespace by its path, and the one link in it by its
//! name. The engine holds the namespace by a mount of its own, so that the path may go or become another's.

use std::os::fd::{AsFd as _, AsRawFd as _};
use std::path::PathBuf;

use hcs_contract::{Error, Hresult, Result};
use hcs_dataplane::{LinkName, Links, Netns, Route};
use hcs_schema::Document as _;
use hcs_schema::network::hcn::{HostComputeEndpoint, HostComputeNamespace};
use serde::Deserialize;

use super::endpoint_plan;
use super::engine::World;
use super::errors::{self, invalid};
use super::store::{Holder, NamespaceRow};
use crate::compute::Engine;

/// The member of a namespace's document that asks for it; it is this host's own.
pub(super) const MEMBER: &str = "LinuxHost";

/// What that member says.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Given {
    /// A file that stands for the network namespace.
    network_namespace: PathBuf,
    /// What the endpoint's link is called there.
    pub(super) interface_name: String,
}

/// What a namespace's document says of it. `None`: it is one that the engine makes.
pub(super) fn of_document(document: &HostComputeNamespace) -> Result<Option<Given>> {
    let Some(value) = document.unknown.get(MEMBER) else { return Ok(None) };
    let given: Given = serde_json::from_value(value.clone())
        .map_err(|error| invalid(Hresult::E_INVALIDARG, MEMBER, error.to_string()))?;
    if !given.network_namespace.is_absolute() {
        let message = format!("{} is no absolute path", given.network_namespace.display());
        return Err(invalid(Hresult::E_INVALIDARG, format!("{MEMBER}.NetworkNamespace"), message));
    }
    if let Err(error) = given.interface_name.parse::<LinkName>() {
        let path = format!("{MEMBER}.InterfaceName");
        return Err(invalid(Hresult::E_INVALIDARG, path, error.to_string()));
    }
    Ok(Some(given))
}

/// The same of a namespace that is recorded as given.
pub(super) fn of_row(row: &NamespaceRow) -> Result<Given> {
    let given = of_document(&HostComputeNamespace::from_json(&row.document)?)?;
    given.ok_or_else(|| Error::unexpected_value(format!("namespace {} does not say where it is", row.id)))
}

impl Engine {
    /// The network namespace that a document names; it must be one, and not the host's.
    pub(super) fn open_given(&self, given: &Given) -> Result<Netns> {
        let path = format!("{MEMBER}.NetworkNamespace");
        let name = given.network_namespace.display();
        let netns = Netns::open(&given.network_namespace);
        // Only a network namespace can be entered as one.
        let netns = netns.and_then(|netns| netns.inside(|| ()).map(|()| netns)).map_err(|error| {
            let message = format!("{name} is no network namespace that can be entered: {error}");
            invalid(Hresult::ERROR_NOT_FOUND, path.clone(), message)
        })?;
        let identity = |netns: &Netns| -> Result<(u64, u64)> {
            let file = format!("/proc/self/fd/{}", netns.as_fd().as_raw_fd());
            let stat = rustix::fs::stat(&file).map_err(|errno| Error::os("look at", file, errno.into()))?;
            Ok((stat.st_dev, stat.st_ino))
        };
        if identity(&netns)? == identity(&self.host_netns()?)? {
            let reason = format!("{name} is the host's own; for that there is the type HostDefault");
            return Err(Error::not_supported(path, reason));
        }
        Ok(netns)
    }
}

impl World<'_> {
    /// Refuses to attach an endpoint where its link would take something away: a given namespace has one endpoint, and
    /// routes of other links in it stay as they are.
    pub(super) fn check_room(&mut self, namespace: &NamespaceRow, endpoint: &str) -> Result<()> {
        let row = self.referred(endpoint)?;
        let holder = Holder::Namespace(namespace.number);
        if row.holder.as_ref() == Some(&holder) {
            return Ok(());
        }
        if !self.store.read(|tables| tables.endpoints_held(&holder))?.is_empty() {
            let reason =
                format!("a namespace with the member {MEMBER} has one endpoint: make another for the next");
            return Err(Error::not_supported("Endpoint", reason));
        }
        let Some(netns) = self.engine.netns_of_namespace(namespace, false)? else { return Ok(()) };
        let document = HostComputeEndpoint::from_json(&row.document)?;
        let wanted = endpoint_plan::routes(&document)?;
        let mut links = Links::open(&netns).map_err(errors::of_plane)?;
        for link in links.list().map_err(errors::of_plane)? {
            let present = links.routes(link.index).map_err(errors::of_plane)?;
            let taken = wanted.iter().map(Route::as_listed).find(|route| {
                present.iter().any(|p| (p.destination, p.metric) == (route.destination, route.metric))
            });
            if let Some(route) = taken {
                let message = format!(
                    "{} has a route to {} already, over {}",
                    of_row(namespace)?.network_namespace.display(),
                    route.destination,
                    link.name
                );
                let error = invalid(Hresult::ERROR_ALREADY_EXISTS, "Routes", message);
                return Err(error.with_hint("give the endpoint other routes, or this one another Metric"));
            }
        }
        Ok(())
    }
}
