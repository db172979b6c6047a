//! Policy lists: load balancers and routes.

use hcs_contract::Result;
use hcs_schema::network::hns::{ElbPolicy, PolicyList, PolicyType, RoutePolicy};
use hcs_schema::network::map::{endpoint_reference, referenced_endpoint};

use super::Hns;

const POLICY_LISTS: &str = "policylists";

impl Hns {
    /// Any request about one policy list: the path below `/policylists/`.
    ///
    /// # Errors
    /// The request's own; unexpected value, when its answer can't be read.
    #[doc(alias = "HNSPolicyListRequest")]
    #[doc(alias = "PolicyListRequest")]
    pub fn policy_list_request(&self, method: &str, path: &str, request: &str) -> Result<PolicyList> {
        self.request(method, &format!("/{POLICY_LISTS}/{path}"), request)
    }

    /// Every policy list. Service call: `HNSCall` (`GET /policylists/`).
    ///
    /// # Errors
    /// As [`Hns::policy_list_request`].
    #[doc(alias = "HNSListPolicyListRequest")]
    pub fn policy_lists(&self) -> Result<Vec<PolicyList>> {
        self.request("GET", &format!("/{POLICY_LISTS}/"), "")
    }

    /// The policy list with this id. Service call: `HNSCall` (`GET /policylists/{id}`).
    ///
    /// # Errors
    /// Not found ([`hcs_contract::Error::is_not_exist`]); those of [`Hns::policy_list_request`].
    #[doc(alias = "GetPolicyListByID")]
    pub fn policy_list(&self, id: &str) -> Result<PolicyList> {
        self.by_id("GET", POLICY_LISTS, id)
    }

    /// Makes a policy list. Service call: `HNSCall` (`POST /policylists/`).
    ///
    /// # Errors
    /// Not found, for an endpoint; not supported, by a host without load balancers and routes; the service's own.
    #[doc(alias = "PolicyList.Create")]
    pub fn create_policy_list(&self, list: &PolicyList) -> Result<PolicyList> {
        self.post(&format!("/{POLICY_LISTS}/"), list)
    }

    /// Deletes a policy list. Service call: `HNSCall` (`DELETE /policylists/{id}`).
    ///
    /// # Errors
    /// As [`Hns::policy_list`].
    #[doc(alias = "PolicyList.Delete")]
    pub fn delete_policy_list(&self, id: &str) -> Result<PolicyList> {
        self.by_id("DELETE", POLICY_LISTS, id)
    }

    /// Adds an endpoint to a policy list, which is deleted and made again with its id.
    ///
    /// # Errors
    /// As [`Hns::create_policy_list`]. When making it again fails, it is gone.
    #[doc(alias = "PolicyList.AddEndpoint")]
    pub fn add_policy_list_endpoint(&self, list: &PolicyList, endpoint_id: &str) -> Result<PolicyList> {
        let mut list = list.clone();
        list.references.push(endpoint_reference(endpoint_id));
        self.delete_policy_list(&list.id)?;
        self.create_policy_list(&list)
    }

    /// Takes an endpoint out of a policy list, in the same way.
    ///
    /// # Errors
    /// As [`Hns::add_policy_list_endpoint`].
    #[doc(alias = "PolicyList.RemoveEndpoint")]
    pub fn remove_policy_list_endpoint(&self, list: &PolicyList, endpoint_id: &str) -> Result<PolicyList> {
        let mut list = list.clone();
        list.references.retain(|reference| {
            !referenced_endpoint(reference).is_some_and(|id| id.eq_ignore_ascii_case(endpoint_id))
        });
        self.delete_policy_list(&list.id)?;
        self.create_policy_list(&list)
    }

    /// Makes a load balancer for endpoints: `policy` says all but its type.
    ///
    /// # Errors
    /// As [`Hns::create_policy_list`].
    #[doc(alias = "AddLoadBalancer")]
    pub fn add_load_balancer(&self, endpoint_ids: &[String], policy: &ElbPolicy) -> Result<PolicyList> {
        let policy = ElbPolicy { policy_type: PolicyType::EXTERNAL_LOAD_BALANCER, ..policy.clone() };
        self.create_policy_list(&of(endpoint_ids, crate::json(&policy)))
    }

    /// Makes a route for endpoints: `policy` says all but its type.
    ///
    /// # Errors
    /// As [`Hns::create_policy_list`].
    #[doc(alias = "AddRoute")]
    pub fn add_route(&self, endpoint_ids: &[String], policy: &RoutePolicy) -> Result<PolicyList> {
        let policy = RoutePolicy { policy_type: PolicyType::ROUTE, ..policy.clone() };
        self.create_policy_list(&of(endpoint_ids, crate::json(&policy)))
    }
}

fn of(endpoint_ids: &[String], policy: serde_json::Value) -> PolicyList {
    PolicyList {
        references: endpoint_ids.iter().map(|id| endpoint_reference(id)).collect(),
        policies: vec![policy],
        ..PolicyList::default()
    }
}
