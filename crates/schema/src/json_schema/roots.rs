//! Which documents have a schema file of their own: what a call takes or gives as a whole, and what stands as any JSON
//! within another document.

use std::fmt;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value};

use crate::compute::{
    ComputeSystemQuery, ProcessModifyRequest, ProcessStatus, SignalProcessOptions, SystemExitStatus, v1, v2,
};
use crate::network::{hcn, hns};

/// What a document is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Role {
    /// A client sends it.
    Request,
    /// A host answers with it.
    Result,
    /// It stands within another document, in a member that takes any JSON, so that no other schema leads to it.
    Within,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Request => "request",
            Self::Result => "result",
            Self::Within => "within",
        })
    }
}

/// A document with a schema of its own.
#[derive(Clone, Copy, Debug)]
pub struct Root {
    /// The Rust path below [`crate::compute`] or [`crate::network`], such as `v1::ContainerConfig`; a list of them ends with `List`.
    pub name: &'static str,
    /// What it is there for.
    pub role: Role,
    make: fn(SchemaGenerator) -> Schema,
}

impl Root {
    /// The published file, below `docs/schema`.
    pub fn file(&self) -> String {
        format!("{}.json", self.name.replace("::", "/"))
    }

    /// The schema, whole: all that it refers to stands in its `$defs`.
    pub fn schema(&self) -> Value {
        let made = (self.make)(SchemaSettings::draft2020_12().into_generator()).to_value();
        let Value::Object(made) = made else { return made };
        let title = self.name.rsplit_once("::").map_or(self.name, |(_, name)| name);
        // What it is stands first.
        let mut schema = Map::new();
        schema.extend(made.get_key_value("$schema").map(|(key, value)| (key.clone(), value.clone())));
        schema.insert("title".to_owned(), title.into());
        schema.extend(made.into_iter().filter(|(key, _)| key != "title" && key != "$schema"));
        Value::Object(schema)
    }

    /// The text of the published file.
    pub fn text(&self) -> String {
        format!("{:#}\n", self.schema())
    }
}

const fn root<T: JsonSchema>(name: &'static str, role: Role) -> Root {
    Root { name, role, make: SchemaGenerator::into_root_schema_for::<T> }
}

macro_rules! roots {
    ($($role:ident $type:path $(, as $list:literal)?;)*) => {
        &[$(roots!(@one $role $type $(, $list)?),)*]
    };
    (@one $role:ident $type:path) => { root::<$type>(stringify!($type), Role::$role) };
    (@one $role:ident $type:path, $list:literal) => { root::<Vec<$type>>($list, Role::$role) };
}

/// Every document that has a schema of its own; together they hold every type of [`crate::documents`].
pub const ROOTS: &[Root] = roots![
    Request ComputeSystemQuery;
    Request ProcessModifyRequest;
    Request SignalProcessOptions;
    Result ProcessStatus;
    Result SystemExitStatus;
    Request v1::ContainerConfig;
    Request v1::ProcessConfig;
    Request v1::ResourceModificationRequestResponse;
    Request v1::PropertyQuery;
    Result v1::ContainerProperties;
    Result v1::ContainerProperties, as "v1::ContainerPropertiesList";
    Request v2::ComputeSystem;
    Request v2::ProcessParameters;
    Request v2::ModifySettingRequest;
    Request v2::PropertyQuery;
    Request v2::ServiceModificationRequest;
    Result v2::Properties;
    Result v2::ServiceProperties;
    Within v2::MappedDirectory;
    Within v2::MappedPipe;
    Within v2::Processor;
    Within v2::GuestModificationRequest;
    Within v2::CombinedLayers;
    Within v2::LcowMappedVirtualDisk;
    Within v2::WcowMappedVirtualDisk;
    Within v2::LcowMappedDirectory;
    Within v2::LcowMappedVPMemDevice;
    Within v2::LcowNetworkAdapter;
    Within v2::NetworkModifyRequest;
    Within v2::HostProcessorModificationRequest;
    Request hns::Network;
    Request hns::Endpoint;
    Request hns::EndpointAttachDetachRequest;
    Request hns::Namespace;
    Request hns::NamespaceResource;
    Request hns::PolicyList;
    Request hns::MacList;
    Result hns::EndpointRequestResponse;
    Result hns::EndpointStats;
    Within hns::NamespaceEndpointRequest;
    Within hns::Policy;
    Within hns::NatPolicy;
    Within hns::AclPolicy;
    Within hns::PaPolicy;
    Within hns::VlanPolicy;
    Within hns::VsidPolicy;
    Within hns::IsolationPolicy;
    Within hns::QosPolicy;
    Within hns::OutboundNatPolicy;
    Within hns::ElbPolicy;
    Within hns::RoutePolicy;
    Within hns::ProxyPolicy;
    Request hcn::HostComputeNetwork;
    Request hcn::HostComputeEndpoint;
    Request hcn::HostComputeNamespace;
    Request hcn::HostComputeLoadBalancer;
    Request hcn::HostComputeRoute;
    Request hcn::HostComputeQuery;
    Request hcn::ModifyNetworkSettingRequest;
    Request hcn::ModifyEndpointSettingRequest;
    Request hcn::ModifyNamespaceSettingRequest;
    Result hcn::Version;
    Within hcn::NamespaceResourceEndpoint;
    Within hcn::NamespaceResourceContainer;
    Within hcn::PolicyNetworkRequest;
    Within hcn::PolicyEndpointRequest;
    Within hcn::NamespaceEndpointRequest;
    Within hcn::NamespaceContainerRequest;
    Within hcn::VmEndpointRequest;
    Within hcn::PortMappingPolicySetting;
    Within hcn::AclPolicySetting;
    Within hcn::QosPolicySetting;
    Within hcn::OutboundNatPolicySetting;
    Within hcn::L4ProxyPolicySetting;
    Within hcn::L4WfpProxyPolicySetting;
    Within hcn::PortnameEndpointPolicySetting;
    Within hcn::EncapOverheadEndpointPolicySetting;
    Within hcn::IovPolicySetting;
    Within hcn::ProviderAddressEndpointPolicySetting;
    Within hcn::InterfaceConstraintPolicySetting;
    Within hcn::TierAclPolicySetting;
    Within hcn::SourceMacAddressNetworkPolicySetting;
    Within hcn::NetAdapterNameNetworkPolicySetting;
    Within hcn::VSwitchExtensionNetworkPolicySetting;
    Within hcn::DrMacAddressNetworkPolicySetting;
    Within hcn::AutomaticDNSNetworkPolicySetting;
    Within hcn::LayerConstraintNetworkPolicySetting;
    Within hcn::RemoteSubnetRoutePolicySetting;
    Within hcn::VxlanPortPolicySetting;
    Within hcn::SetPolicySetting;
    Within hcn::VlanPolicySetting;
    Within hcn::VsidPolicySetting;
];
