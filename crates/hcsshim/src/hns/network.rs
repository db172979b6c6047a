//! Networks.

use hcs_contract::{Error, Object, ObjectKind, Result};
use hcs_schema::network::hns::{Endpoint, Network};

use super::Hns;

const NETWORKS: &str = "networks";

impl Hns {
    /// Any request about one network: the path below `/networks/`.
    ///
    /// # Errors
    /// The request's own; unexpected value, when its answer can't be read.
    #[doc(alias = "HNSNetworkRequest")]
    pub fn network_request(&self, method: &str, path: &str, request: &str) -> Result<Network> {
        self.request(method, &format!("/{NETWORKS}/{path}"), request)
    }

    /// Any request that gives a list of networks.
    ///
    /// # Errors
    /// As [`Hns::network_request`].
    #[doc(alias = "HNSListNetworkRequest")]
    pub fn network_list_request(&self, method: &str, path: &str, request: &str) -> Result<Vec<Network>> {
        self.request(method, &format!("/{NETWORKS}/{path}"), request)
    }

    /// Every network. Service call: `HNSCall` (`GET /networks/`).
    ///
    /// # Errors
    /// As [`Hns::network_request`].
    pub fn networks(&self) -> Result<Vec<Network>> {
        self.network_list_request("GET", "", "")
    }

    /// The network with this id. Service call: `HNSCall` (`GET /networks/{id}`).
    ///
    /// # Errors
    /// Not found ([`Error::is_not_exist`]); those of [`Hns::network_request`].
    #[doc(alias = "GetHNSNetworkByID")]
    pub fn network(&self, id: &str) -> Result<Network> {
        self.by_id("GET", NETWORKS, id)
    }

    /// The first network with this name.
    ///
    /// # Errors
    /// As [`Hns::network`].
    #[doc(alias = "GetHNSNetworkByName")]
    pub fn network_by_name(&self, name: &str) -> Result<Network> {
        let found = self.networks()?.into_iter().find(|network| network.name == name);
        found.ok_or_else(|| Error::not_found(Object::new(ObjectKind::Network, name)))
    }

    /// Makes a network. Service call: `HNSCall` (`POST /networks/`).
    ///
    /// # Errors
    /// Invalid document, for a subnet without a gateway; already exists, for its id or its addresses; not supported, with
    /// the member by name; the service's own.
    #[doc(alias = "HNSNetwork.Create")]
    pub fn create_network(&self, network: &Network) -> Result<Network> {
        let lacks = |subnet: &hcs_schema::network::hns::Subnet| {
            !subnet.address_prefix.is_empty() && subnet.gateway_address.is_empty()
        };
        if let Some(at) = network.subnets.iter().position(lacks) {
            let path = format!("Subnets[{at}].GatewayAddress");
            return Err(Error::invalid_document(path, "the subnet has a prefix, so it must name a gateway"));
        }
        self.post(&format!("/{NETWORKS}/"), network)
    }

    /// Deletes a network and its endpoints. Service call: `HNSCall` (`DELETE /networks/{id}`).
    ///
    /// # Errors
    /// As [`Hns::network`].
    #[doc(alias = "HNSNetwork.Delete")]
    pub fn delete_network(&self, id: &str) -> Result<Network> {
        self.by_id("DELETE", NETWORKS, id)
    }

    /// The document of an endpoint of a network that is not made yet.
    #[doc(alias = "HNSNetwork.NewEndpoint")]
    pub fn new_endpoint(network: &Network, ip_address: &str, mac_address: &str) -> Endpoint {
        Endpoint {
            virtual_network: network.id.clone(),
            ip_address: ip_address.to_owned(),
            mac_address: mac_address.to_owned(),
            ..Endpoint::default()
        }
    }

    /// Makes an endpoint on a network.
    ///
    /// # Errors
    /// As [`Hns::create_endpoint`].
    #[doc(alias = "HNSNetwork.CreateEndpoint")]
    pub fn create_endpoint_on(&self, network_id: &str, endpoint: &Endpoint) -> Result<Endpoint> {
        self.create_endpoint(&Endpoint { virtual_network: network_id.to_owned(), ..endpoint.clone() })
    }

    /// Makes an endpoint that stands for one on another host.
    ///
    /// # Errors
    /// As [`Hns::create_endpoint`].
    #[doc(alias = "HNSNetwork.CreateRemoteEndpoint")]
    pub fn create_remote_endpoint(&self, network_id: &str, endpoint: &Endpoint) -> Result<Endpoint> {
        self.create_endpoint_on(network_id, &Endpoint { is_remote_endpoint: true, ..endpoint.clone() })
    }
}
