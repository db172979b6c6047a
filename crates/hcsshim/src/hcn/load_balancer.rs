//! Load balancers.

use hcs_contract::{NetworkObjectKind, Result};
use hcs_schema::network::hcn::{
    HostComputeLoadBalancer, HostComputeQuery, LoadBalancerFlags, LoadBalancerPortMapping, Version,
};

use super::Hcn;

const KIND: NetworkObjectKind = NetworkObjectKind::LoadBalancer;

impl Hcn {
    /// The load balancers that match a query; [`HostComputeQuery::all`] matches all.
    ///
    /// Service calls: `HcnEnumerateLoadBalancers`, then `HcnOpenLoadBalancer`, `HcnQueryLoadBalancerProperties` and
    /// `HcnCloseLoadBalancer` for each.
    ///
    /// # Errors
    /// The service's own; unexpected value, when its answer can't be read.
    #[doc(alias = "ListLoadBalancers")]
    #[doc(alias = "ListLoadBalancersQuery")]
    pub fn load_balancers(&self, query: &HostComputeQuery) -> Result<Vec<HostComputeLoadBalancer>> {
        self.list(KIND, query)
    }

    /// The load balancer with this id.
    ///
    /// # Errors
    /// Not found ([`crate::Error::is_not_exist`]); those of [`Hcn::load_balancers`].
    #[doc(alias = "GetLoadBalancerByID")]
    pub fn load_balancer(&self, id: &str) -> Result<HostComputeLoadBalancer> {
        self.first(KIND, "ID", id)
    }

    /// Makes a load balancer.
    ///
    /// Service calls: `HcnCreateLoadBalancer`, `HcnQueryLoadBalancerProperties`, `HcnCloseLoadBalancer`.
    ///
    /// # Errors
    /// Not found, for an endpoint; already exists, for its id, or for an address and port that another has; not supported, by
    /// a host without load balancers; the service's own.
    #[doc(alias = "HostComputeLoadBalancer.Create")]
    pub fn create_load_balancer(
        &self,
        balancer: &HostComputeLoadBalancer,
    ) -> Result<HostComputeLoadBalancer> {
        self.create(KIND, balancer)
    }

    /// Makes a load balancer with one port in front of endpoints.
    ///
    /// # Errors
    /// As [`Hcn::create_load_balancer`].
    #[doc(alias = "AddLoadBalancer")]
    pub fn add_load_balancer(
        &self,
        endpoint_ids: &[String],
        flags: LoadBalancerFlags,
        source_vip: &str,
        frontend_vips: &[String],
        port: LoadBalancerPortMapping,
    ) -> Result<HostComputeLoadBalancer> {
        self.create_load_balancer(&HostComputeLoadBalancer {
            host_compute_endpoints: endpoint_ids.to_vec(),
            source_vip: source_vip.to_owned(),
            frontend_vips: frontend_vips.to_vec(),
            port_mappings: vec![port],
            schema_version: Version::v2_0(),
            flags,
            ..HostComputeLoadBalancer::default()
        })
    }

    /// Replaces a load balancer by another document. The service has this since its version 15.4.
    ///
    /// Service calls: `HcnOpenLoadBalancer`, `HcnModifyLoadBalancer`, `HcnQueryLoadBalancerProperties`,
    /// `HcnCloseLoadBalancer`.
    ///
    /// # Errors
    /// As [`Hcn::create_load_balancer`], and not found.
    #[doc(alias = "HostComputeLoadBalancer.Update")]
    pub fn update_load_balancer(
        &self,
        id: &str,
        balancer: &HostComputeLoadBalancer,
    ) -> Result<HostComputeLoadBalancer> {
        self.modify(KIND, id, balancer)
    }

    /// Deletes a load balancer. Service call: `HcnDeleteLoadBalancer`.
    ///
    /// # Errors
    /// Not found; the service's own.
    #[doc(alias = "HostComputeLoadBalancer.Delete")]
    pub fn delete_load_balancer(&self, id: &str) -> Result<()> {
        self.delete(KIND, id)
    }

    /// Puts an endpoint behind a load balancer, which is deleted and made again with its id, as the Go library does it:
    /// connections may break. [`Hcn::update_load_balancer`] breaks none.
    ///
    /// # Errors
    /// As [`Hcn::create_load_balancer`]. When making it again fails, it is gone.
    #[doc(alias = "HostComputeLoadBalancer.AddEndpoint")]
    pub fn add_load_balancer_endpoint(
        &self,
        balancer: &HostComputeLoadBalancer,
        endpoint_id: &str,
    ) -> Result<HostComputeLoadBalancer> {
        let mut balancer = balancer.clone();
        balancer.host_compute_endpoints.push(endpoint_id.to_owned());
        self.delete_load_balancer(&balancer.id)?;
        self.create_load_balancer(&balancer)
    }

    /// Takes an endpoint from behind a load balancer, in the same way.
    ///
    /// # Errors
    /// As [`Hcn::add_load_balancer_endpoint`].
    #[doc(alias = "HostComputeLoadBalancer.RemoveEndpoint")]
    pub fn remove_load_balancer_endpoint(
        &self,
        balancer: &HostComputeLoadBalancer,
        endpoint_id: &str,
    ) -> Result<HostComputeLoadBalancer> {
        let mut balancer = balancer.clone();
        balancer.host_compute_endpoints.retain(|id| !id.eq_ignore_ascii_case(endpoint_id));
        self.delete_load_balancer(&balancer.id)?;
        self.create_load_balancer(&balancer)
    }
}
