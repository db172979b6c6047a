//! What the service can do, by its version (`networking.md` 2.8).

use hcs_contract::{Error, HnsEnvelope, Result};
use hcs_schema::network::hcn::Version;

use super::Hcn;

/// The version of the network service.
#[doc(alias = "HNSGlobals")]
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Globals {
    /// Its version: 15.4 has every feature of [`Feature`].
    pub version: Version,
}

macro_rules! features {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $ranges:expr;)*) => {
        /// Something that the service can do since a version of it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Feature {
            $($(#[$doc])* $variant,)*
        }

        impl Feature {
            /// Every feature.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// Its name, as the Go library's documents and errors have it.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The versions that have it: from the first of a pair to the last, with both; none as the last means every
            /// later one.
            const fn ranges(self) -> &'static [Range] {
                match self { $(Self::$variant => $ranges,)* }
            }
        }
    };
}

/// From a version to the last of its first number, or to the last that there is.
type Range = (u32, u32, Through);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Through {
    /// Versions with the same first number.
    Major,
    /// Every later version.
    All,
}

features! {
    /// Addresses, port ranges and ids in rules of the filter.
    #[doc(alias = "HNSVersion1803")]
    Acl = "ACL", &[(7, 2, Through::All)];
    /// HCN v2.
    #[doc(alias = "V2ApiSupport")]
    V2Api = "V2 Api/Schema", &[(9, 2, Through::All)];
    /// Subnets of other hosts.
    #[doc(alias = "RemoteSubnetVersion")]
    RemoteSubnet = "Remote Subnet", &[(9, 2, Through::All)];
    /// Routes of the host to a network.
    #[doc(alias = "HostRouteVersion")]
    HostRoute = "Host Route", &[(9, 2, Through::All)];
    /// Load balancers whose answers go straight to the client.
    #[doc(alias = "DSRVersion")]
    Dsr = "Direct Server Return (DSR)", &[(9, 3, Through::Major), (10, 2, Through::All)];
    /// Endpoints whose prefix is 32 bits long.
    Slash32EndpointPrefixes = "Slash 32 Endpoint prefixes", &[(9, 3, Through::Major), (10, 4, Through::All)];
    /// Rules of the filter for protocol 252.
    AclSupportForProtocol252 = "HNS ACL Policies to support protocol 252", &[(11, 0, Through::All)];
    /// Load balancers that keep a client to its endpoint.
    SessionAffinity = "Session Affinity", &[(12, 0, Through::All)];
    /// Endpoints with addresses of both families.
    IPv6DualStack = "IPv6 DualStack", &[(11, 10, Through::All)];
    /// Sets of addresses.
    SetPolicy = "SetPolicy", &[(13, 0, Through::All)];
    /// Another port of the tunnels.
    VxlanPort = "VXLAN port configuration", &[(10, 3, Through::All)];
    /// Proxies for what goes out.
    L4Proxy = "L4ProxyPolicy",
        &[(9, 5, Through::Major), (10, 5, Through::Major), (11, 11, Through::Major), (12, 1, Through::Major),
          (13, 1, Through::All)];
    /// Proxies in both directions.
    L4WfpProxy = "L4WfpProxyPolicy", &[(13, 2, Through::All)];
    /// Rules of the filter in tiers.
    TierAcl = "TierAcl", &[(14, 0, Through::All)];
    /// Rules of the filter for a whole network.
    NetworkAcl = "NetworkACL", &[(15, 0, Through::All)];
    /// Sets of sets.
    NestedIpSet = "NestedIpSet", &[(15, 0, Through::All)];
    /// Networks that the host itself is not on.
    DisableHostPort = "DisableHostPort", &[(15, 1, Through::All)];
    /// Changes of load balancers.
    ModifyLoadBalancer = "Modify Loadbalancer", &[(15, 4, Through::All)];
    /// Accelerated networking.
    Accelnet = "Accelnet", &[(15, 4, Through::All)];
}

impl Feature {
    /// Whether a version of the service has it.
    pub fn is_in(self, version: &Version) -> bool {
        let given = (version.major, version.minor);
        self.ranges().iter().any(|(major, minor, through)| {
            given >= (*major, *minor) && (*through == Through::All || version.major == *major)
        })
    }
}

/// What rules of the filter can be.
#[doc(alias = "HNSAclFeatures")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct AclFeatures {
    /// Lists of addresses.
    pub acl_address_lists: bool,
    /// Rules of the host without a priority.
    #[doc(alias = "AclHostRulePriority")]
    pub acl_no_host_rule_priority: bool,
    /// Ranges of ports.
    pub acl_port_ranges: bool,
    /// Ids of rules.
    pub acl_rule_id: bool,
}

/// Which generations there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ApiSupport {
    /// HNS v1.
    pub v1: bool,
    /// HCN v2.
    pub v2: bool,
}

/// What the service can do.
#[doc(alias = "HNSSupportedFeatures")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
#[expect(missing_docs, reason = "each is the feature of its name")]
pub struct SupportedFeatures {
    pub acl: AclFeatures,
    pub api: ApiSupport,
    pub remote_subnet: bool,
    pub host_route: bool,
    pub dsr: bool,
    pub slash32_endpoint_prefixes: bool,
    pub acl_support_for_protocol_252: bool,
    pub session_affinity: bool,
    pub ipv6_dual_stack: bool,
    pub set_policy: bool,
    pub vxlan_port: bool,
    pub l4_proxy: bool,
    pub l4_wfp_proxy: bool,
    pub tier_acl: bool,
    pub network_acl: bool,
    pub nested_ip_set: bool,
    pub disable_host_port: bool,
    pub modify_load_balancer: bool,
    pub accelnet: bool,
}

impl SupportedFeatures {
    /// What this version of the service can do.
    pub fn of(version: &Version) -> Self {
        let has = |feature: Feature| feature.is_in(version);
        let acl = has(Feature::Acl);
        Self {
            acl: AclFeatures {
                acl_address_lists: acl,
                acl_no_host_rule_priority: acl,
                acl_port_ranges: acl,
                acl_rule_id: acl,
            },
            api: ApiSupport { v1: true, v2: has(Feature::V2Api) },
            remote_subnet: has(Feature::RemoteSubnet),
            host_route: has(Feature::HostRoute),
            dsr: has(Feature::Dsr),
            slash32_endpoint_prefixes: has(Feature::Slash32EndpointPrefixes),
            acl_support_for_protocol_252: has(Feature::AclSupportForProtocol252),
            session_affinity: has(Feature::SessionAffinity),
            ipv6_dual_stack: has(Feature::IPv6DualStack),
            set_policy: has(Feature::SetPolicy),
            vxlan_port: has(Feature::VxlanPort),
            l4_proxy: has(Feature::L4Proxy),
            l4_wfp_proxy: has(Feature::L4WfpProxy),
            tier_acl: has(Feature::TierAcl),
            network_acl: has(Feature::NetworkAcl),
            nested_ip_set: has(Feature::NestedIpSet),
            disable_host_port: has(Feature::DisableHostPort),
            modify_load_balancer: has(Feature::ModifyLoadBalancer),
            accelnet: has(Feature::Accelnet),
        }
    }
}

impl Hcn {
    /// The service's version. Service call: `HNSCall` (`GET /globals/version`).
    ///
    /// # Errors
    /// The service's own; unexpected value, when its answer can't be read.
    #[doc(alias = "GetGlobals")]
    #[doc(alias = "GetHNSGlobals")]
    pub fn globals(&self) -> Result<Globals> {
        let answer = self.service.hns_call("GET", "/globals/version", "")?;
        let output = HnsEnvelope::parse(&answer)?.into_output()?.unwrap_or_default();
        let version: Version = serde_json::from_value(output)
            .map_err(|error| Error::unexpected_value(format!("the network service's version: {error}")))?;
        Ok(Globals { version })
    }

    /// What the service can do; asked anew each time.
    ///
    /// # Errors
    /// As [`Hcn::globals`].
    #[doc(alias = "GetCachedSupportedFeatures")]
    #[doc(alias = "GetHNSSupportedFeatures")]
    #[doc(alias = "GetSupportedFeatures")]
    pub fn supported_features(&self) -> Result<SupportedFeatures> {
        Ok(SupportedFeatures::of(&self.globals()?.version))
    }

    /// That the service has a feature.
    ///
    /// # Errors
    /// Not supported, with the feature's name; those of [`Hcn::globals`].
    #[doc(alias = "DSRSupported")]
    #[doc(alias = "HostRouteSupported")]
    #[doc(alias = "RemoteSubnetSupported")]
    #[doc(alias = "V2ApiSupported")]
    pub fn require(&self, feature: Feature) -> Result<()> {
        let Globals { version } = self.globals()?;
        if feature.is_in(&version) {
            return Ok(());
        }
        Err(Error::not_supported(
            feature.name(),
            format!("version {version} of the network service has it not"),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rows of the Go library's own test, `TestIsFeatureSupported`, and of each check.
    #[test]
    fn versions_have_features() {
        let rows = [
            (Feature::Acl, (7, 1), false),
            (Feature::Acl, (7, 2), true),
            (Feature::Acl, (7, 3), true),
            (Feature::Acl, (8, 0), true),
            (Feature::Slash32EndpointPrefixes, (9, 2), false),
            (Feature::Slash32EndpointPrefixes, (9, 3), true),
            (Feature::Slash32EndpointPrefixes, (9, 372), true),
            (Feature::Slash32EndpointPrefixes, (10, 0), false),
            (Feature::Slash32EndpointPrefixes, (10, 3), false),
            (Feature::Slash32EndpointPrefixes, (10, 4), true),
            (Feature::Slash32EndpointPrefixes, (11, 2), true),
            (Feature::Slash32EndpointPrefixes, (255, 2), true),
            (Feature::L4Proxy, (11, 10), false),
            (Feature::L4Proxy, (12, 0), false),
            (Feature::L4Proxy, (13, 0), false),
            (Feature::L4Proxy, (13, 1), true),
            (Feature::Dsr, (10, 1), false),
        ];
        for (feature, (major, minor), has) in rows {
            assert_eq!(feature.is_in(&Version::new(major, minor)), has, "{feature:?} {major}.{minor}");
        }
        let all = Version::new(15, 4);
        assert!(Feature::ALL.iter().all(|feature| feature.is_in(&all)));
        assert!(
            SupportedFeatures::of(&all).accelnet && !SupportedFeatures::of(&Version::new(15, 3)).accelnet
        );
    }
}
