//! A network's kernel side on Linux: links, addresses, routes, nftables and traffic control, and the pools that
//! addresses come from.
//!
//! It takes plain values and knows no document of any API. All is done by netlink and by `/proc/sys/net`; no program
//! is started. Nothing that carries no mark of the [`Instance`] is ever changed.
//!
//! How packets go, and what stands in the tables, is described in `docs/dataplane.md`.
//!
//! ```no_run
//! use hcs_dataplane::{Acl, Endpoint, Instance, Kind, Netns, Network, Outbound, Plane, PortMap, Route, Transport};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let instance = Instance::new("example")?;
//! let network = Network {
//!     bridge: instance.link("hcb", "my network")?,
//!     kind: Kind::Nat,
//!     mac: "00-15-5D-52-C0-01".parse()?,
//!     mtu: None,
//!     gateways: vec!["192.168.100.1/24".parse()?],
//! };
//! let endpoint = Endpoint {
//!     link: instance.link("hce", "my container")?,
//!     name: "eth0".parse()?,
//!     alias: None,
//!     mac: "00-15-5D-52-C0-02".parse()?,
//!     addresses: vec!["192.168.100.2/24".parse()?],
//!     routes: vec![Route {
//!         destination: "0.0.0.0/0".parse()?,
//!         gateway: Some("192.168.100.1".parse()?),
//!         metric: None,
//!     }],
//!     mtu: None,
//!     only_its_mac: true,
//!     egress: None,
//!     outbound: Outbound::default(),
//!     acl: Acl::default(),
//! };
//! let container = Netns::open("/proc/4711/ns/net")?;
//! let mut plane = Plane::open(instance, Netns::current()?)?;
//! plane.add_network(&network)?;
//! plane.attach(&network, &endpoint, &container)?;
//! plane.add_ports(&[PortMap {
//!     transport: Transport::Tcp,
//!     at: None,
//!     port: 8080,
//!     to: "192.168.100.2:80".parse()?,
//! }])?;
//! # Ok(())
//! # }
//! ```

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
pub use links::{Address, Bridge, BridgePort, Counters, EgressLimit, Link, Links, Route, Veth};
pub use model::{Endpoint, Kind, Network, Outbound, PortMap, Transport};
pub use names::{Instance, LinkName, Mac};
pub use netns::Netns;
pub use plane::{Change, Fence, Plane, TableState, Wanted};

/// Addresses with the length of their network's prefix; from the crate `ipnet`.
pub use ipnet;
