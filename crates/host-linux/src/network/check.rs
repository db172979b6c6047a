//! What of the kernel's side differs from the record, and the end of a system's share.

use hcs_contract::{Error, Result};

use crate::compute::LinuxHost;
use crate::ids::Life;

/// What a look at the kernel's side of all networks has found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NetworkReport {
    /// Each thing that differs from the record, as what is done about it: `made bridge …`, `changed set …`,
    /// `removed link …`.
    pub differences: Vec<String>,
}

/// What a look at one endpoint's link has found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EndpointReport {
    /// The name of the link's end at the host.
    pub host_link: String,
    /// The name of its end where it is attached; `None`: it is attached to nothing, or to what is gone.
    pub name: Option<String>,
    /// Its largest packet.
    pub mtu: Option<u32>,
    /// Each thing that differs from the record, as in [`NetworkReport::differences`].
    pub differences: Vec<String>,
}

impl LinuxHost {
    /// Compares both ends of an endpoint's link, with their addresses and routes, with the record. What the host's own
    /// table of rules has of it is not looked at: see [`LinuxHost::check_networks`].
    ///
    /// # Errors
    /// Not found, for the endpoint; as [`LinuxHost::check_networks`].
    pub fn check_endpoint(&self, id: &str) -> Result<EndpointReport> {
        self.engine().look_at_networks(|world| world.look_at_endpoint(id))
    }

    /// Compares links, addresses, routes, rules and published ports with the record of networks, and with `repair` makes
    /// them what the record says.
    ///
    /// # Errors
    /// The operating system's; timeout, while another process changes networks.
    pub fn check_networks(&self, repair: bool) -> Result<NetworkReport> {
        let changes = self.engine().inspect_networks(repair)?.unwrap_or_default();
        Ok(NetworkReport { differences: changes.iter().map(ToString::to_string).collect() })
    }

    /// Gives back what a system that has ended had of networks. What names it is known to the supervisor, which has the
    /// helper program call this.
    ///
    /// # Errors
    /// Invalid argument for what is no name of a system's life; as [`LinuxHost::check_networks`].
    pub fn release_network(&self, life: &str) -> Result<()> {
        let named = Life::parse(life).ok_or_else(|| {
            Error::invalid_argument("life", format!("{life:?} is no name of a system's life"))
        })?;
        self.engine().release_network(&named)
    }
}
