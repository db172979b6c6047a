//! Policy lists: a load balancer or a route.

use serde_json::Value;

use super::leftover::{keep, members, restore};
use crate::ParseError;
use crate::network::hcn::{
    HostComputeLoadBalancer, HostComputeRoute, LoadBalancerFlags, LoadBalancerPortMapping,
    LoadBalancerPortMappingFlags, SDNRoutePolicySetting, Version,
};
use crate::network::hns::{ElbPolicy, PolicyList, PolicySetting, PolicyType, RoutePolicy};

/// Members of a load balancer that v1 can say in part.
const V2: [&str; 4] = ["PortMappings", "FrontendVIPs", "SourceVIP", "Flags"];

const ENDPOINTS: &str = "/endpoints/";

/// What a policy list is in v2.
#[derive(Clone, Debug, PartialEq)]
pub enum Listed {
    /// Its policies are `ELB`.
    LoadBalancer(HostComputeLoadBalancer),
    /// Its policies are `ROUTE`.
    Route(HostComputeRoute),
}

/// The reference to an endpoint in a policy list: `/endpoints/{id}`.
pub fn endpoint_reference(id: &str) -> String {
    format!("{ENDPOINTS}{id}")
}

/// The id of the endpoint that is referred to; none for a reference to something else.
pub fn referenced_endpoint(reference: &str) -> Option<&str> {
    let (head, id) = reference.split_at_checked(ENDPOINTS.len())?;
    (head.eq_ignore_ascii_case(ENDPOINTS) && !id.is_empty() && !id.contains('/')).then_some(id)
}

/// The load balancer or route that says what this policy list says.
///
/// # Errors
/// A list without policies, or with policies of other or of several kinds; policies of one load balancer that differ in
/// what v2 says once for all of them; a reference to something else than an endpoint (its path is `References[…]`).
pub fn policy_list_to_v2(list: &PolicyList) -> Result<Listed, ParseError> {
    let PolicyList { id, references, policies, unknown } = list.clone();
    let mut endpoints = Vec::new();
    for (index, reference) in references.iter().enumerate() {
        let path = format!("References[{index}]");
        let endpoint = referenced_endpoint(reference)
            .ok_or_else(|| ParseError::at(path, format!("{reference:?} is not /endpoints/ and an id")))?;
        endpoints.push(endpoint.to_owned());
    }
    let mut balancer: Option<HostComputeLoadBalancer> = None;
    let mut routes = Vec::new();
    for (index, policy) in policies.iter().enumerate() {
        let path = format!("Policies[{index}]");
        let at = |ParseError { path: inner, message, .. }: ParseError| {
            ParseError::at(if inner.is_empty() { path.clone() } else { format!("{path}.{inner}") }, message)
        };
        match PolicySetting::read(policy).map_err(at)? {
            PolicySetting::Elb(elb) => {
                let next = balanced(elb);
                match &mut balancer {
                    None => balancer = Some(next),
                    Some(first) => {
                        let same = first.source_vip == next.source_vip
                            && first.frontend_vips == next.frontend_vips
                            && first.flags == next.flags;
                        if !same {
                            let message =
                                "SourceVIP, VIPs or IsDSR differ from those of the first ELB policy";
                            return Err(ParseError::at(path, message));
                        }
                        first.port_mappings.extend(next.port_mappings);
                    }
                }
            }
            PolicySetting::Route(RoutePolicy {
                policy_type: _,
                destination_prefix,
                next_hop,
                need_encap,
                unknown,
            }) => {
                routes.push(SDNRoutePolicySetting { destination_prefix, next_hop, need_encap, unknown });
            }
            _ => {
                return Err(ParseError::at(
                    format!("{path}.Type"),
                    "a policy list holds ELB or ROUTE policies",
                ));
            }
        }
    }
    match (balancer, routes.is_empty()) {
        (Some(balancer), true) => {
            let balancer = HostComputeLoadBalancer {
                id,
                host_compute_endpoints: endpoints,
                schema_version: Version::v2_0(),
                unknown,
                ..balancer
            };
            Ok(Listed::LoadBalancer(restore(balancer, |balancer| &mut balancer.unknown, &V2)))
        }
        (None, false) => Ok(Listed::Route(HostComputeRoute {
            id,
            host_compute_endpoints: endpoints,
            setting: routes,
            schema_version: Version::v2_0(),
            unknown,
        })),
        (Some(_), false) => Err(ParseError::at("Policies", "ELB and ROUTE policies are in one list")),
        (None, true) => Err(ParseError::at("Policies", "there is neither an ELB nor a ROUTE policy")),
    }
}

/// A load balancer with what one policy says.
fn balanced(elb: ElbPolicy) -> HostComputeLoadBalancer {
    let ElbPolicy {
        policy_type: _,
        protocol,
        internal_port,
        external_port,
        source_vip,
        vips,
        ilb,
        is_dsr,
        unknown,
    } = elb;
    let mapping = LoadBalancerPortMapping {
        protocol: protocol.into(),
        internal_port,
        external_port,
        flags: if ilb { LoadBalancerPortMappingFlags::ILB } else { LoadBalancerPortMappingFlags::NONE },
        unknown,
        ..LoadBalancerPortMapping::default()
    };
    HostComputeLoadBalancer {
        source_vip,
        frontend_vips: vips,
        port_mappings: vec![mapping],
        flags: if is_dsr { LoadBalancerFlags::DSR } else { LoadBalancerFlags::NONE },
        ..HostComputeLoadBalancer::default()
    }
}

/// The policy list that says what this load balancer says: one `ELB` policy for each of its ports.
pub fn load_balancer_to_v1(v2: &HostComputeLoadBalancer) -> PolicyList {
    let HostComputeLoadBalancer {
        id,
        host_compute_endpoints,
        source_vip,
        frontend_vips,
        port_mappings,
        schema_version: _,
        flags,
        unknown,
    } = v2.clone();
    let elb = |mapping: LoadBalancerPortMapping| {
        let policy = ElbPolicy {
            policy_type: PolicyType::EXTERNAL_LOAD_BALANCER,
            protocol: u16::try_from(mapping.protocol).unwrap_or_default(),
            internal_port: mapping.internal_port,
            external_port: mapping.external_port,
            source_vip: source_vip.clone(),
            vips: frontend_vips.clone(),
            ilb: mapping.flags.contains(LoadBalancerPortMappingFlags::ILB),
            is_dsr: flags.contains(LoadBalancerFlags::DSR),
            unknown: mapping.unknown,
        };
        Value::Object(members(&policy))
    };
    let mut list = PolicyList {
        id,
        references: host_compute_endpoints.iter().map(|id| endpoint_reference(id)).collect(),
        policies: port_mappings.into_iter().map(elb).collect(),
        unknown,
    };
    let back = match policy_list_to_v2(&list) {
        Ok(Listed::LoadBalancer(balancer)) => balancer,
        // Without a port there is no policy.
        _ => HostComputeLoadBalancer::default(),
    };
    keep(v2, &back, &V2, &mut list.unknown);
    list
}

/// The policy list that says what this route says.
pub fn route_to_v1(v2: &HostComputeRoute) -> PolicyList {
    let HostComputeRoute { id, host_compute_endpoints, setting, schema_version: _, unknown } = v2.clone();
    let route = |SDNRoutePolicySetting { destination_prefix, next_hop, need_encap, unknown }| {
        let policy_type = PolicyType::ROUTE;
        Value::Object(members(&RoutePolicy {
            policy_type,
            destination_prefix,
            next_hop,
            need_encap,
            unknown,
        }))
    };
    PolicyList {
        id,
        references: host_compute_endpoints.iter().map(|id| endpoint_reference(id)).collect(),
        policies: setting.into_iter().map(route).collect(),
        unknown,
    }
}
