//! Options of the commands about networks: network, endpoint, namespace, and what run and create take of them.

use std::net::IpAddr;

use clap::{ArgAction, Args, Subcommand};

use super::values::{self, Published};

// What of networks a container gets.
#[derive(Args, Debug, Default)]
#[command(next_help_heading = "Network")]
pub(crate) struct Connection {
    /// Network that the container is on, by name or id; none (the default), or host for the host's own
    ///
    /// The network "nat" is made when it is asked for and not there, by this option or by one of those below.
    #[arg(long, value_name = "NETWORK")]
    pub(crate) network: Option<String>,
    /// Address on the network; one of each IP version at most
    #[arg(long, value_name = "ADDRESS", action = ArgAction::Append)]
    pub(crate) ip: Vec<IpAddr>,
    /// Hardware address, such as 00-15-5D-52-C0-01
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) mac: Option<String>,
    /// Server that names are resolved with, in place of the network's
    #[arg(long, value_name = "ADDRESS", action = ArgAction::Append)]
    pub(crate) dns: Vec<IpAddr>,
    /// Publish a port of the container at the host; without HOST one that is free is chosen
    #[arg(short, long, value_name = "[[ADDRESS:]HOST:]PORT[/udp]", action = ArgAction::Append, value_parser = values::published)]
    pub(crate) publish: Vec<Published>,
}

impl Connection {
    /// The network that is asked for, by one option or another; `None`: none is.
    pub(crate) fn network(&self) -> Option<&str> {
        let others =
            !self.ip.is_empty() || self.mac.is_some() || !self.dns.is_empty() || !self.publish.is_empty();
        match self.network.as_deref() {
            None if others => Some(crate::network::DEFAULT),
            network => network,
        }
    }
}

/// Make, list and remove networks
#[derive(Debug, Subcommand)]
#[command(
    after_help = "Examples:\n  hcs network create --subnet 192.168.100.0/24 web\n  hcs network check --repair"
)]
pub(crate) enum Network {
    Create(Box<Create>),
    /// List networks
    #[command(visible_alias = "list")]
    Ls,
    /// Show the documents of networks, as HCN has them
    Inspect(Ids),
    /// Remove networks, with their endpoints
    Rm(Ids),
    Check(Check),
}

/// Make a network
///
/// Prints its id.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  hcs network create web\n  hcs network create --type L2Bridge --adapter eth1 --subnet 10.1.0.0/16 --gateway 10.1.0.1 wire"
)]
pub(crate) struct Create {
    /// Name of the network
    #[arg(value_name = "NAME")]
    pub(crate) name: String,
    /// NAT, Internal, Private, Transparent, L2Bridge or L2Tunnel
    #[arg(long = "type", value_name = "TYPE", default_value = "NAT")]
    pub(crate) kind: String,
    /// Prefix that addresses are of; without one a private prefix is chosen
    #[arg(long, value_name = "PREFIX", action = ArgAction::Append)]
    pub(crate) subnet: Vec<String>,
    /// Gateway of the subnet that it is in; without one the subnet's first address, where the host is the gateway
    #[arg(long, value_name = "ADDRESS", action = ArgAction::Append)]
    pub(crate) gateway: Vec<IpAddr>,
    /// Server that endpoints resolve names with; without one the host's
    #[arg(long, value_name = "ADDRESS", action = ArgAction::Append)]
    pub(crate) dns: Vec<IpAddr>,
    /// Link of the host's, without addresses, that the network is on (Transparent, L2Bridge, L2Tunnel)
    #[arg(long, value_name = "LINK")]
    pub(crate) adapter: Option<String>,
}

/// Compare what the kernel has with what is recorded
///
/// Prints what differs. Ends with 1 if something does and it is not mended.
#[derive(Args, Debug)]
pub(crate) struct Check {
    /// Mend it
    #[arg(long)]
    pub(crate) repair: bool,
}

/// Make, list and remove endpoints: what connects a container to a network
#[derive(Debug, Subcommand)]
pub(crate) enum Endpoint {
    Create(Box<CreateEndpoint>),
    /// List endpoints
    #[command(visible_alias = "list")]
    Ls,
    /// Show the documents of endpoints, as HCN has them
    Inspect(Ids),
    /// Remove endpoints, wherever they are attached
    Rm(Ids),
}

/// Make an endpoint
///
/// Prints its id.
#[derive(Args, Debug)]
pub(crate) struct CreateEndpoint {
    /// Name of the endpoint
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    #[command(flatten)]
    pub(crate) connection: Connection,
}

/// Make, list and remove network namespaces, and attach endpoints to them
#[derive(Debug, Subcommand)]
pub(crate) enum Namespace {
    /// Make a network namespace, and print its id
    Create,
    /// List namespaces
    #[command(visible_alias = "list")]
    Ls,
    /// Show the documents of namespaces, as HCN has them
    Inspect(Ids),
    /// Remove namespaces; their endpoints stay
    Rm(Ids),
    /// Attach an endpoint
    Attach(Attach),
    /// Detach an endpoint
    Detach(Attach),
}

/// A namespace and an endpoint.
#[derive(Args, Debug)]
pub(crate) struct Attach {
    /// Id of the namespace
    #[arg(value_name = "NAMESPACE")]
    pub(crate) namespace: String,
    /// Id or name of the endpoint
    #[arg(value_name = "ENDPOINT")]
    pub(crate) endpoint: String,
}

/// Objects.
#[derive(Args, Debug)]
pub(crate) struct Ids {
    /// Ids or names
    #[arg(value_name = "ID", required = true)]
    pub(crate) ids: Vec<String>,
}
