//! Policy lists: load balancers and routes.

use serde_json::Value;

document! {
    /// Policies of several endpoints: a load balancer (`ELB`) or a route (`ROUTE`).
    pub struct PolicyList {
        /// A GUID.
        pub id: String = "ID" omit,
        /// The endpoints, as `/endpoints/{id}`.
        #[doc(alias = "EndpointReferences")]
        pub references: Vec<String> = "References" omit,
        /// The policies: see [`super::PolicySetting::read`].
        pub policies: Vec<Value> = "Policies" omit,
    }
}
