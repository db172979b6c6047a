//! Networks.

use hcs_contract::{Error, Hresult, NetworkObjectKind, OperationKind, Result};
use hcs_schema::network::hcn::{
    HostComputeNetwork, HostComputeQuery, ModifyNetworkSettingRequest, NetworkResourceType,
    PolicyNetworkRequest, RequestType,
};

use super::Hcn;

const KIND: NetworkObjectKind = NetworkObjectKind::Network;

impl Hcn {
    /// The networks that match a query; [`HostComputeQuery::all`] matches all.
    ///
    /// Service calls: `HcnEnumerateNetworks`, then `HcnOpenNetwork`, `HcnQueryNetworkProperties` and `HcnCloseNetwork`
    /// for each.
    ///
    /// # Errors
    /// The service's own; unexpected value, when its answer can't be read.
    #[doc(alias = "ListNetworks")]
    #[doc(alias = "ListNetworksQuery")]
    pub fn networks(&self, query: &HostComputeQuery) -> Result<Vec<HostComputeNetwork>> {
        self.list(KIND, query)
    }

    /// The network with this id.
    ///
    /// # Errors
    /// Not found ([`Error::is_not_exist`]); those of [`Hcn::networks`].
    #[doc(alias = "GetNetworkByID")]
    pub fn network(&self, id: &str) -> Result<HostComputeNetwork> {
        self.first(KIND, "ID", id)
    }

    /// The first network with this name.
    ///
    /// # Errors
    /// As [`Hcn::network`].
    #[doc(alias = "GetNetworkByName")]
    pub fn network_by_name(&self, name: &str) -> Result<HostComputeNetwork> {
        self.first(KIND, "Name", name)
    }

    /// Makes a network; what the service chose stands in what comes back.
    ///
    /// Service calls: `HcnCreateNetwork`, `HcnQueryNetworkProperties`, `HcnCloseNetwork`.
    ///
    /// # Errors
    /// Invalid document, for a subnet whose routes lack a gateway or a default route; already exists, for its id or its
    /// addresses; not supported, with the member by name; the service's own.
    #[doc(alias = "HostComputeNetwork.Create")]
    pub fn create_network(&self, network: &HostComputeNetwork) -> Result<HostComputeNetwork> {
        check_routes(network).map_err(|error| {
            error.with_operation(OperationKind::Create).with_object(KIND.object(&network.id))
        })?;
        self.create(KIND, network)
    }

    /// Deletes a network and its endpoints. Service call: `HcnDeleteNetwork`.
    ///
    /// # Errors
    /// Not found; the service's own.
    #[doc(alias = "HostComputeNetwork.Delete")]
    pub fn delete_network(&self, id: &str) -> Result<()> {
        self.delete(KIND, id)
    }

    /// Changes a network.
    ///
    /// Service calls: `HcnOpenNetwork`, `HcnModifyNetwork`, `HcnQueryNetworkProperties`, `HcnCloseNetwork`.
    ///
    /// # Errors
    /// Not found, for the network or a policy to remove; not supported, with the member by name; the service's own.
    #[doc(alias = "HostComputeNetwork.ModifyNetworkSettings")]
    pub fn modify_network(
        &self,
        id: &str,
        request: &ModifyNetworkSettingRequest,
    ) -> Result<HostComputeNetwork> {
        self.modify(KIND, id, request)
    }

    /// Adds policies to a network.
    ///
    /// # Errors
    /// As [`Hcn::modify_network`].
    #[doc(alias = "HostComputeNetwork.AddPolicy")]
    pub fn add_network_policies(
        &self,
        id: &str,
        policies: &PolicyNetworkRequest,
    ) -> Result<HostComputeNetwork> {
        self.modify_network(id, &request(RequestType::ADD, policies))
    }

    /// Takes policies from a network.
    ///
    /// # Errors
    /// As [`Hcn::modify_network`].
    #[doc(alias = "HostComputeNetwork.RemovePolicy")]
    pub fn remove_network_policies(
        &self,
        id: &str,
        policies: &PolicyNetworkRequest,
    ) -> Result<HostComputeNetwork> {
        self.modify_network(id, &request(RequestType::REMOVE, policies))
    }
}

fn request(request_type: RequestType, policies: &PolicyNetworkRequest) -> ModifyNetworkSettingRequest {
    ModifyNetworkSettingRequest {
        resource_type: NetworkResourceType::POLICY,
        request_type,
        settings: crate::json(policies),
        ..ModifyNetworkSettingRequest::default()
    }
}

/// What later versions of the Go library check before they ask the service. A subnet without routes is let pass: the service
/// chooses its gateway.
fn check_routes(network: &HostComputeNetwork) -> Result<()> {
    for (at, ipam) in network.ipams.iter().enumerate() {
        for (index, subnet) in ipam.subnets.iter().enumerate() {
            if subnet.ip_address_prefix.is_empty() || subnet.routes.is_empty() {
                continue;
            }
            let path = format!("Ipams[{at}].Subnets[{index}].Routes");
            let invalid = |path: String, message: &str| {
                Err(Error::invalid_document(path, message).with_hresult(Hresult::HCN_E_INVALID_SUBNET))
            };
            if let Some(route) = subnet.routes.iter().position(|route| route.next_hop.is_empty()) {
                return invalid(
                    format!("{path}[{route}].NextHop"),
                    "the subnet has a prefix, so it must name a gateway",
                );
            }
            let default = ["0.0.0.0/0", "::/0", "0.0.0.0", "::"];
            if !subnet.routes.iter().any(|route| default.contains(&route.destination_prefix.as_str())) {
                return invalid(path, "none of them is the default one (0.0.0.0/0 or ::/0)");
            }
        }
    }
    Ok(())
}
