//! Load balancers and routes.

use hcs_contract::{Error, Hresult, NetworkObjectKind, Object, ObjectKind, Result};
use hcs_schema::network::hcn::{HostComputeLoadBalancer, HostComputeRoute, Version};

use super::endpoints::no_endpoint;
use super::invalid;
use super::store::State;

impl State {
    /// The endpoints' own texts of these ids.
    fn endpoints_of(&self, ids: &[String]) -> Result<Vec<String>> {
        let own = |id: &String| self.endpoints.get(id).map(|endpoint| endpoint.document.id.clone());
        ids.iter().map(|id| own(id).ok_or_else(|| no_endpoint(id))).collect()
    }

    /// A load balancer as it can be kept.
    fn checked(&self, mut balancer: HostComputeLoadBalancer) -> Result<HostComputeLoadBalancer> {
        balancer.host_compute_endpoints = self.endpoints_of(&balancer.host_compute_endpoints)?;
        if balancer.schema_version.major < 2 {
            balancer.schema_version = Version::v2_0();
        }
        let fronts = |balancer: &HostComputeLoadBalancer| -> Vec<(String, u32, u16)> {
            let ports = balancer.port_mappings.iter();
            ports
                .flat_map(|port| {
                    let vips = balancer.frontend_vips.iter();
                    vips.map(|vip| (vip.clone(), port.protocol, port.external_port))
                })
                .collect()
        };
        let wanted = fronts(&balancer);
        for other in self.load_balancers.values().filter(|other| other.id != balancer.id) {
            if let Some((vip, protocol, port)) =
                fronts(other).into_iter().find(|front| wanted.contains(front))
            {
                let front = format!("protocol {protocol}, port {port} of {vip}");
                return Err(Error::already_exists(Object::new(ObjectKind::Policy, front)));
            }
        }
        Ok(balancer)
    }

    /// Makes a load balancer; its id.
    pub(super) fn create_load_balancer(
        &mut self,
        id: Option<&str>,
        mut balancer: HostComputeLoadBalancer,
    ) -> Result<String> {
        let id = self.choose_id(NetworkObjectKind::LoadBalancer, id, &balancer.id)?;
        balancer.id.clone_from(&id);
        let balancer = self.checked(balancer)?;
        self.load_balancers.insert(&id, balancer);
        Ok(id)
    }

    /// Replaces a load balancer by another of its id.
    pub(super) fn replace_load_balancer(
        &mut self,
        id: &str,
        mut balancer: HostComputeLoadBalancer,
    ) -> Result<()> {
        if !balancer.id.is_empty() && !balancer.id.eq_ignore_ascii_case(id) {
            return Err(invalid(Hresult::E_INVALIDARG, "ID", "it is another's"));
        }
        id.clone_into(&mut balancer.id);
        let balancer = self.checked(balancer)?;
        if let Some(present) = self.load_balancers.get_mut(id) {
            *present = balancer;
        }
        Ok(())
    }

    pub(super) fn delete_load_balancer(&mut self, id: &str) -> Result<()> {
        let removed = self.load_balancers.remove(id);
        removed.map(drop).ok_or_else(|| NetworkObjectKind::LoadBalancer.not_found(id))
    }

    /// Makes a route; its id.
    pub(super) fn create_route(&mut self, id: Option<&str>, mut route: HostComputeRoute) -> Result<String> {
        let id = self.choose_id(NetworkObjectKind::Route, id, &route.id)?;
        route.id.clone_from(&id);
        route.host_compute_endpoints = self.endpoints_of(&route.host_compute_endpoints)?;
        if route.schema_version.major < 2 {
            route.schema_version = Version::v2_0();
        }
        self.routes.insert(&id, route);
        Ok(id)
    }

    pub(super) fn delete_route(&mut self, id: &str) -> Result<()> {
        let removed = self.routes.remove(id);
        removed.map(drop).ok_or_else(|| NetworkObjectKind::Route.not_found(id))
    }
}
