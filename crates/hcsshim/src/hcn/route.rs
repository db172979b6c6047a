//! Routes, as objects.

use hcs_contract::{Error, NetworkObjectKind, OperationKind, Result};
use hcs_schema::network::hcn::{HostComputeQuery, HostComputeRoute, SDNRoutePolicySetting, Version};

use super::Hcn;

const KIND: NetworkObjectKind = NetworkObjectKind::Route;

impl Hcn {
    /// The routes that match a query; [`HostComputeQuery::all`] matches all.
    ///
    /// Service calls: `HcnEnumerateSdnRoutes`, then `HcnOpenSdnRoute`, `HcnQuerySdnRouteProperties` and
    /// `HcnCloseSdnRoute` for each.
    ///
    /// # Errors
    /// The service's own; unexpected value, when its answer can't be read.
    #[doc(alias = "ListRoutes")]
    #[doc(alias = "ListRoutesQuery")]
    pub fn routes(&self, query: &HostComputeQuery) -> Result<Vec<HostComputeRoute>> {
        self.list(KIND, query)
    }

    /// The route with this id.
    ///
    /// # Errors
    /// Not found ([`Error::is_not_exist`]); those of [`Hcn::routes`].
    #[doc(alias = "GetRouteByID")]
    pub fn route(&self, id: &str) -> Result<HostComputeRoute> {
        self.first(KIND, "ID", id)
    }

    /// Makes a route. Service calls: `HcnCreateSdnRoute`, `HcnQuerySdnRouteProperties`, `HcnCloseSdnRoute`.
    ///
    /// # Errors
    /// Not found, for an endpoint; already exists, for its id; not supported, by a host without routes; the service's own.
    #[doc(alias = "HostComputeRoute.Create")]
    pub fn create_route(&self, route: &HostComputeRoute) -> Result<HostComputeRoute> {
        self.create(KIND, route)
    }

    /// Makes a route of endpoints.
    ///
    /// # Errors
    /// Invalid argument, for no endpoint; those of [`Hcn::create_route`].
    #[doc(alias = "AddRoute")]
    pub fn add_route(
        &self,
        endpoint_ids: &[String],
        setting: SDNRoutePolicySetting,
    ) -> Result<HostComputeRoute> {
        if endpoint_ids.is_empty() {
            let error = Error::invalid_argument("endpoint_ids", "a route is of endpoints; there is none");
            return Err(error.with_operation(OperationKind::Create).with_object(KIND.object("")));
        }
        self.create_route(&HostComputeRoute {
            host_compute_endpoints: endpoint_ids.to_vec(),
            setting: vec![setting],
            schema_version: Version::v2_0(),
            ..HostComputeRoute::default()
        })
    }

    /// Deletes a route. Service call: `HcnDeleteSdnRoute`.
    ///
    /// # Errors
    /// Not found; the service's own.
    #[doc(alias = "HostComputeRoute.Delete")]
    pub fn delete_route(&self, id: &str) -> Result<()> {
        self.delete(KIND, id)
    }

    /// Gives an endpoint a route, which is deleted and made again with its id: the service has no change of routes.
    ///
    /// # Errors
    /// As [`Hcn::create_route`]. When making it again fails, it is gone.
    #[doc(alias = "HostComputeRoute.AddEndpoint")]
    pub fn add_route_endpoint(
        &self,
        route: &HostComputeRoute,
        endpoint_id: &str,
    ) -> Result<HostComputeRoute> {
        let mut route = route.clone();
        route.host_compute_endpoints.push(endpoint_id.to_owned());
        self.delete_route(&route.id)?;
        self.create_route(&route)
    }

    /// Takes a route from an endpoint, in the same way. An id that the route does not have changes nothing, where the Go
    /// library takes the first endpoint out.
    ///
    /// # Errors
    /// As [`Hcn::add_route_endpoint`].
    #[doc(alias = "HostComputeRoute.RemoveEndpoint")]
    pub fn remove_route_endpoint(
        &self,
        route: &HostComputeRoute,
        endpoint_id: &str,
    ) -> Result<HostComputeRoute> {
        let mut route = route.clone();
        route.host_compute_endpoints.retain(|id| !id.eq_ignore_ascii_case(endpoint_id));
        self.delete_route(&route.id)?;
        self.create_route(&route)
    }
}
