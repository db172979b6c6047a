//! A network's kernel side on Linux: links, addresses, routes, nftables and traffic control, and the pools that
//! addresses come from.
//!
//! It takes plain values and knows no document of any API. All is done by netlink and by `/proc/sys/net`; no program
//! is started. Nothing that carries no mark of the [`Instance`] is ever changed.

mod acl;
mod conntrack;
mod error;
mod host;
pub mod ipam;
mod links;
mod model;
mod names;
mod netlink;
mod netns;
mod nft;
mod plane;
mod ranges;
mod sysctl;

pub use acl::{Acl, AclRule, Action, Direction};
pub use error::{Error, Refusal};
pub use links::{Address, Bridge, BridgePort, EgressLimit, Link, Links, Route, Veth};
pub use model::{Endpoint, Kind, Network, Outbound, PortMap, Transport};
pub use names::{Instance, LinkName, Mac};
pub use netns::Netns;
pub use plane::{Change, Fence, Plane, TableState, Wanted};

/// Addresses with the length of their network's prefix; from the crate `ipnet`.
pub use ipnet;
