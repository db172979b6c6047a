//! Made from docs/symbols/*.tsv: see README.md there. Don't edit.

#[allow(unused_imports, reason = "that they resolve is the test")]
mod items {
    use hcsshim::Container as _;
    use hcsshim::DriverInfo as _;
    use hcsshim::ERROR_GEN_FAILURE as _;
    use hcsshim::ERROR_SHUTDOWN_IN_PROGRESS as _;
    use hcsshim::Error as _;
    use hcsshim::ErrorKind::AlreadyClosed as _;
    use hcsshim::ErrorKind::Disconnected as _;
    use hcsshim::ErrorKind::InvalidState as _;
    use hcsshim::ErrorKind::NotFound as _;
    use hcsshim::ErrorKind::NotSupported as _;
    use hcsshim::ErrorKind::Timeout as _;
    use hcsshim::ErrorKind::UnexpectedExit as _;
    use hcsshim::ErrorKind::UnexpectedValue as _;
    use hcsshim::Guid as _;
    use hcsshim::LayerDescriptor as _;
    use hcsshim::Process as _;
    use hcsshim::TIMEOUT_INFINITE as _;
    use hcsshim::WAIT_ERR_EXEC_FAILED as _;
    use hcsshim::WSAEINVAL as _;
    use hcsshim::hcn::AclFeatures as _;
    use hcsshim::hcn::ApiSupport as _;
    use hcsshim::hcn::Feature::Acl as _;
    use hcsshim::hcn::Feature::Dsr as _;
    use hcsshim::hcn::Feature::HostRoute as _;
    use hcsshim::hcn::Feature::RemoteSubnet as _;
    use hcsshim::hcn::Feature::V2Api as _;
    use hcsshim::hcn::Globals as _;
    use hcsshim::hcn::SupportedFeatures as _;
    use hcsshim::hcn::new_namespace as _;
    use hcsshim::linux::LayerReader as _;
    use hcsshim::linux::LayerWriter as _;
    use hcsshim::schema::compute::PropertyType as _;
    use hcsshim::schema::compute::RequestType as _;
    use hcsshim::schema::compute::ResourceType as _;
    use hcsshim::schema::compute::SystemType as _;
    use hcsshim::schema::compute::v1::AssignedDevice as _;
    use hcsshim::schema::compute::v1::ComputeSystemQuery as _;
    use hcsshim::schema::compute::v1::ContainerConfig as _;
    use hcsshim::schema::compute::v1::ContainerProperties as _;
    use hcsshim::schema::compute::v1::GuestConnectionInfo as _;
    use hcsshim::schema::compute::v1::GuestDefinedCapabilities as _;
    use hcsshim::schema::compute::v1::HvRuntime as _;
    use hcsshim::schema::compute::v1::Layer as _;
    use hcsshim::schema::compute::v1::MappedDir as _;
    use hcsshim::schema::compute::v1::MappedPipe as _;
    use hcsshim::schema::compute::v1::MappedVirtualDisk as _;
    use hcsshim::schema::compute::v1::MappedVirtualDiskController as _;
    use hcsshim::schema::compute::v1::MemoryStats as _;
    use hcsshim::schema::compute::v1::NetworkStats as _;
    use hcsshim::schema::compute::v1::ProcessConfig as _;
    use hcsshim::schema::compute::v1::ProcessListItem as _;
    use hcsshim::schema::compute::v1::ProcessorStats as _;
    use hcsshim::schema::compute::v1::PropertyQuery as _;
    use hcsshim::schema::compute::v1::ResourceModificationRequestResponse as _;
    use hcsshim::schema::compute::v1::Statistics as _;
    use hcsshim::schema::compute::v1::StorageStats as _;
    use hcsshim::schema::network::hcn::AclPolicySetting as _;
    use hcsshim::schema::network::hcn::ActionType as _;
    use hcsshim::schema::network::hcn::AutomaticDNSNetworkPolicySetting as _;
    use hcsshim::schema::network::hcn::DirectionType as _;
    use hcsshim::schema::network::hcn::Dns as _;
    use hcsshim::schema::network::hcn::DrMacAddressNetworkPolicySetting as _;
    use hcsshim::schema::network::hcn::EncapOverheadEndpointPolicySetting as _;
    use hcsshim::schema::network::hcn::EndpointFlags as _;
    use hcsshim::schema::network::hcn::EndpointPolicy as _;
    use hcsshim::schema::network::hcn::EndpointPolicyType as _;
    use hcsshim::schema::network::hcn::EndpointResourceType as _;
    use hcsshim::schema::network::hcn::HostComputeEndpoint as _;
    use hcsshim::schema::network::hcn::HostComputeLoadBalancer as _;
    use hcsshim::schema::network::hcn::HostComputeNamespace as _;
    use hcsshim::schema::network::hcn::HostComputeNetwork as _;
    use hcsshim::schema::network::hcn::HostComputeQuery as _;
    use hcsshim::schema::network::hcn::HostComputeQueryFlags as _;
    use hcsshim::schema::network::hcn::InterfaceConstraintPolicySetting as _;
    use hcsshim::schema::network::hcn::IpConfig as _;
    use hcsshim::schema::network::hcn::Ipam as _;
    use hcsshim::schema::network::hcn::L4ProxyPolicySetting as _;
    use hcsshim::schema::network::hcn::LoadBalancerFlags as _;
    use hcsshim::schema::network::hcn::LoadBalancerPortMapping as _;
    use hcsshim::schema::network::hcn::LoadBalancerPortMappingFlags as _;
    use hcsshim::schema::network::hcn::MacPool as _;
    use hcsshim::schema::network::hcn::MacRange as _;
    use hcsshim::schema::network::hcn::ModifyEndpointSettingRequest as _;
    use hcsshim::schema::network::hcn::ModifyNamespaceSettingRequest as _;
    use hcsshim::schema::network::hcn::ModifyNetworkSettingRequest as _;
    use hcsshim::schema::network::hcn::NamespaceResource as _;
    use hcsshim::schema::network::hcn::NamespaceResourceContainer as _;
    use hcsshim::schema::network::hcn::NamespaceResourceEndpoint as _;
    use hcsshim::schema::network::hcn::NamespaceResourceType as _;
    use hcsshim::schema::network::hcn::NamespaceType as _;
    use hcsshim::schema::network::hcn::NetAdapterNameNetworkPolicySetting as _;
    use hcsshim::schema::network::hcn::NetworkFlags as _;
    use hcsshim::schema::network::hcn::NetworkPolicy as _;
    use hcsshim::schema::network::hcn::NetworkPolicyType as _;
    use hcsshim::schema::network::hcn::NetworkResourceType as _;
    use hcsshim::schema::network::hcn::NetworkType as _;
    use hcsshim::schema::network::hcn::OutboundNatPolicySetting as _;
    use hcsshim::schema::network::hcn::PolicyEndpointRequest as _;
    use hcsshim::schema::network::hcn::PolicyNetworkRequest as _;
    use hcsshim::schema::network::hcn::PortMappingPolicySetting as _;
    use hcsshim::schema::network::hcn::PortnameEndpointPolicySetting as _;
    use hcsshim::schema::network::hcn::ProviderAddressEndpointPolicySetting as _;
    use hcsshim::schema::network::hcn::QosPolicySetting as _;
    use hcsshim::schema::network::hcn::RemoteSubnetRoutePolicySetting as _;
    use hcsshim::schema::network::hcn::RequestType as _;
    use hcsshim::schema::network::hcn::Route as _;
    use hcsshim::schema::network::hcn::RuleType as _;
    use hcsshim::schema::network::hcn::SDNRoutePolicySetting as _;
    use hcsshim::schema::network::hcn::SourceMacAddressNetworkPolicySetting as _;
    use hcsshim::schema::network::hcn::Subnet as _;
    use hcsshim::schema::network::hcn::SubnetPolicy as _;
    use hcsshim::schema::network::hcn::SubnetPolicyType as _;
    use hcsshim::schema::network::hcn::VSwitchExtensionNetworkPolicySetting as _;
    use hcsshim::schema::network::hcn::Version as _;
    use hcsshim::schema::network::hcn::VlanPolicySetting as _;
    use hcsshim::schema::network::hcn::VsidPolicySetting as _;
    use hcsshim::schema::network::hns::AclPolicy as _;
    use hcsshim::schema::network::hns::ActionType as _;
    use hcsshim::schema::network::hns::DirectionType as _;
    use hcsshim::schema::network::hns::ElbPolicy as _;
    use hcsshim::schema::network::hns::Endpoint as _;
    use hcsshim::schema::network::hns::EndpointAttachDetachRequest as _;
    use hcsshim::schema::network::hns::EndpointRequestResponse as _;
    use hcsshim::schema::network::hns::IsolationPolicy as _;
    use hcsshim::schema::network::hns::MacPool as _;
    use hcsshim::schema::network::hns::Namespace as _;
    use hcsshim::schema::network::hns::NamespaceResource as _;
    use hcsshim::schema::network::hns::NatPolicy as _;
    use hcsshim::schema::network::hns::Network as _;
    use hcsshim::schema::network::hns::OutboundNatPolicy as _;
    use hcsshim::schema::network::hns::PaPolicy as _;
    use hcsshim::schema::network::hns::Policy as _;
    use hcsshim::schema::network::hns::PolicyList as _;
    use hcsshim::schema::network::hns::PolicyType as _;
    use hcsshim::schema::network::hns::QosPolicy as _;
    use hcsshim::schema::network::hns::RoutePolicy as _;
    use hcsshim::schema::network::hns::RuleType as _;
    use hcsshim::schema::network::hns::Subnet as _;
    use hcsshim::schema::network::hns::VlanPolicy as _;
    use hcsshim::schema::network::hns::VsidPolicy as _;
}

#[test]
fn members_and_methods_are_there() {
    let _ = hcsshim::Container::close;
    let _ = hcsshim::Container::has_pending_updates;
    let _ = hcsshim::Container::mapped_virtual_disks;
    let _ = hcsshim::Container::open_process;
    let _ = hcsshim::Container::pause;
    let _ = hcsshim::Container::process_list;
    let _ = hcsshim::Container::resume;
    let _ = hcsshim::Container::shutdown;
    let _ = hcsshim::Container::start;
    let _ = hcsshim::Container::statistics;
    let _ = hcsshim::Container::terminate;
    let _ = hcsshim::Container::wait;
    let _ = hcsshim::Container::wait_timeout;
    let _ = hcsshim::Error::document;
    let _ = hcsshim::Error::events;
    let _ = hcsshim::Error::hresult;
    let _ = hcsshim::Error::is_already_closed;
    let _ = hcsshim::Error::is_already_stopped;
    let _ = hcsshim::Error::is_not_exist;
    let _ = hcsshim::Error::is_not_supported;
    let _ = hcsshim::Error::is_pending;
    let _ = hcsshim::Error::is_timeout;
    let _ = hcsshim::Error::object_id;
    let _ = hcsshim::Error::operation;
    let _ = hcsshim::Error::to_string;
    let _ = hcsshim::Guid::of_source;
    let _ = hcsshim::Guid::to_string;
    let _ = hcsshim::Host::containers;
    let _ = hcsshim::Host::hot_attach_endpoint;
    let _ = hcsshim::Host::hot_detach_endpoint;
    let _ = hcsshim::Host::open_container;
    let _ = hcsshim::Host::set_current_thread_compartment_id;
    let _ = hcsshim::Hresult::ERROR_INVALID_DATA;
    let _ = hcsshim::Hresult::ERROR_NOT_FOUND;
    let _ = hcsshim::Hresult::ERROR_NOT_SUPPORTED;
    let _ = hcsshim::Hresult::ERROR_PROC_NOT_FOUND;
    let _ = hcsshim::Hresult::ERROR_VMCOMPUTE_INVALID_JSON;
    let _ = hcsshim::Hresult::ERROR_VMCOMPUTE_INVALID_STATE;
    let _ = hcsshim::Hresult::ERROR_VMCOMPUTE_OPERATION_PENDING;
    let _ = hcsshim::Hresult::ERROR_VMCOMPUTE_SYSTEM_ALREADY_STOPPED;
    let _ = hcsshim::Hresult::ERROR_VMCOMPUTE_SYSTEM_NOT_FOUND;
    let _ = hcsshim::Hresult::ERROR_VMCOMPUTE_UNKNOWN_MESSAGE;
    let _ = hcsshim::Hresult::E_ACCESSDENIED;
    let _ = hcsshim::Layers::name_to_guid;
    let _ = hcsshim::Layers::shared_base_images;
    let _ = hcsshim::Process::close;
    let _ = hcsshim::Process::close_stdin;
    let _ = hcsshim::Process::exit_code;
    let _ = hcsshim::Process::kill;
    let _ = hcsshim::Process::pid;
    let _ = hcsshim::Process::resize_console;
    let _ = hcsshim::Process::stdio;
    let _ = hcsshim::Process::wait;
    let _ = hcsshim::Process::wait_timeout;
    let _ = hcsshim::hcn::Hcn::add_load_balancer;
    let _ = hcsshim::hcn::Hcn::add_load_balancer_endpoint;
    let _ = hcsshim::hcn::Hcn::add_network_policies;
    let _ = hcsshim::hcn::Hcn::apply_endpoint_policies;
    let _ = hcsshim::hcn::Hcn::attach_endpoint;
    let _ = hcsshim::hcn::Hcn::create_endpoint;
    let _ = hcsshim::hcn::Hcn::create_endpoint_on;
    let _ = hcsshim::hcn::Hcn::create_load_balancer;
    let _ = hcsshim::hcn::Hcn::create_namespace;
    let _ = hcsshim::hcn::Hcn::create_network;
    let _ = hcsshim::hcn::Hcn::create_remote_endpoint;
    let _ = hcsshim::hcn::Hcn::delete_endpoint;
    let _ = hcsshim::hcn::Hcn::delete_load_balancer;
    let _ = hcsshim::hcn::Hcn::delete_namespace;
    let _ = hcsshim::hcn::Hcn::delete_network;
    let _ = hcsshim::hcn::Hcn::detach_endpoint;
    let _ = hcsshim::hcn::Hcn::endpoint;
    let _ = hcsshim::hcn::Hcn::endpoint_by_name;
    let _ = hcsshim::hcn::Hcn::endpoints;
    let _ = hcsshim::hcn::Hcn::endpoints_of_network;
    let _ = hcsshim::hcn::Hcn::globals;
    let _ = hcsshim::hcn::Hcn::load_balancer;
    let _ = hcsshim::hcn::Hcn::load_balancers;
    let _ = hcsshim::hcn::Hcn::modify_endpoint;
    let _ = hcsshim::hcn::Hcn::modify_namespace;
    let _ = hcsshim::hcn::Hcn::modify_network;
    let _ = hcsshim::hcn::Hcn::namespace;
    let _ = hcsshim::hcn::Hcn::namespace_container_ids;
    let _ = hcsshim::hcn::Hcn::namespace_endpoint_ids;
    let _ = hcsshim::hcn::Hcn::namespaces;
    let _ = hcsshim::hcn::Hcn::network;
    let _ = hcsshim::hcn::Hcn::network_by_name;
    let _ = hcsshim::hcn::Hcn::networks;
    let _ = hcsshim::hcn::Hcn::remove_load_balancer_endpoint;
    let _ = hcsshim::hcn::Hcn::remove_network_policies;
    let _ = hcsshim::hcn::Hcn::require;
    let _ = hcsshim::hcn::Hcn::supported_features;
    let _ = hcsshim::hns::Hns::add_load_balancer;
    let _ = hcsshim::hns::Hns::add_namespace_endpoint;
    let _ = hcsshim::hns::Hns::add_policy_list_endpoint;
    let _ = hcsshim::hns::Hns::add_route;
    let _ = hcsshim::hns::Hns::apply_acl_policies;
    let _ = hcsshim::hns::Hns::attach_to_container;
    let _ = hcsshim::hns::Hns::attach_to_host;
    let _ = hcsshim::hns::Hns::attach_to_virtual_machine;
    let _ = hcsshim::hns::Hns::create_endpoint;
    let _ = hcsshim::hns::Hns::create_endpoint_on;
    let _ = hcsshim::hns::Hns::create_namespace;
    let _ = hcsshim::hns::Hns::create_network;
    let _ = hcsshim::hns::Hns::create_policy_list;
    let _ = hcsshim::hns::Hns::create_remote_endpoint;
    let _ = hcsshim::hns::Hns::delete_endpoint;
    let _ = hcsshim::hns::Hns::delete_network;
    let _ = hcsshim::hns::Hns::delete_policy_list;
    let _ = hcsshim::hns::Hns::detach_from_container;
    let _ = hcsshim::hns::Hns::detach_from_host;
    let _ = hcsshim::hns::Hns::detach_from_virtual_machine;
    let _ = hcsshim::hns::Hns::endpoint;
    let _ = hcsshim::hns::Hns::endpoint_by_name;
    let _ = hcsshim::hns::Hns::endpoint_request;
    let _ = hcsshim::hns::Hns::endpoints;
    let _ = hcsshim::hns::Hns::namespace_endpoints;
    let _ = hcsshim::hns::Hns::network;
    let _ = hcsshim::hns::Hns::network_by_name;
    let _ = hcsshim::hns::Hns::network_list_request;
    let _ = hcsshim::hns::Hns::network_request;
    let _ = hcsshim::hns::Hns::new_endpoint;
    let _ = hcsshim::hns::Hns::policy_list;
    let _ = hcsshim::hns::Hns::policy_list_request;
    let _ = hcsshim::hns::Hns::policy_lists;
    let _ = hcsshim::hns::Hns::remove_namespace;
    let _ = hcsshim::hns::Hns::remove_namespace_endpoint;
    let _ = hcsshim::hns::Hns::remove_policy_list_endpoint;
    let _ = hcsshim::hns::Hns::update_endpoint;
    let _ = hcsshim::linux::LinuxHost::layer_reader;
    let _ = hcsshim::linux::LinuxHost::layer_writer;
    let _ = hcsshim::schema::compute::PropertyType::GUEST_CONNECTION;
    let _ = hcsshim::schema::compute::PropertyType::MAPPED_VIRTUAL_DISK;
    let _ = hcsshim::schema::compute::PropertyType::PROCESS_LIST;
    let _ = hcsshim::schema::compute::PropertyType::STATISTICS;
    let _ = hcsshim::schema::compute::RequestType::ADD;
    let _ = hcsshim::schema::compute::RequestType::REMOVE;
    let _ = hcsshim::schema::compute::ResourceType::NETWORK;
    let _ = hcsshim::schema::compute::SystemType::CONTAINER;
    let _ = hcsshim::schema::compute::SystemType::HOST;
    let _ = hcsshim::schema::compute::SystemType::VIRTUAL_MACHINE;
    let _ = hcsshim::schema::network::hcn::ActionType::ALLOW;
    let _ = hcsshim::schema::network::hcn::ActionType::BLOCK;
    let _ = hcsshim::schema::network::hcn::DirectionType::IN;
    let _ = hcsshim::schema::network::hcn::DirectionType::OUT;
    let _ = hcsshim::schema::network::hcn::EndpointFlags::NONE;
    let _ = hcsshim::schema::network::hcn::EndpointFlags::REMOTE_ENDPOINT;
    let _ = hcsshim::schema::network::hcn::EndpointPolicyType::ACL;
    let _ = hcsshim::schema::network::hcn::EndpointPolicyType::ENCAP_OVERHEAD;
    let _ = hcsshim::schema::network::hcn::EndpointPolicyType::INTERFACE_CONSTRAINT;
    let _ = hcsshim::schema::network::hcn::EndpointPolicyType::L2_DRIVER;
    let _ = hcsshim::schema::network::hcn::EndpointPolicyType::L4_PROXY;
    let _ = hcsshim::schema::network::hcn::EndpointPolicyType::OUT_BOUND_NAT;
    let _ = hcsshim::schema::network::hcn::EndpointPolicyType::PORT_MAPPING;
    let _ = hcsshim::schema::network::hcn::EndpointPolicyType::PORT_NAME;
    let _ = hcsshim::schema::network::hcn::EndpointPolicyType::PROVIDER_ADDRESS;
    let _ = hcsshim::schema::network::hcn::EndpointPolicyType::QOS;
    let _ = hcsshim::schema::network::hcn::EndpointPolicyType::SDN_ROUTE;
    let _ = hcsshim::schema::network::hcn::EndpointResourceType::POLICY;
    let _ = hcsshim::schema::network::hcn::EndpointResourceType::PORT;
    let _ = hcsshim::schema::network::hcn::HostComputeQueryFlags::DETAILED;
    let _ = hcsshim::schema::network::hcn::HostComputeQueryFlags::NONE;
    let _ = hcsshim::schema::network::hcn::LoadBalancerFlags::DSR;
    let _ = hcsshim::schema::network::hcn::LoadBalancerFlags::NONE;
    let _ = hcsshim::schema::network::hcn::LoadBalancerPortMappingFlags::ILB;
    let _ = hcsshim::schema::network::hcn::LoadBalancerPortMappingFlags::LOCAL_ROUTED_VIP;
    let _ = hcsshim::schema::network::hcn::LoadBalancerPortMappingFlags::NONE;
    let _ = hcsshim::schema::network::hcn::LoadBalancerPortMappingFlags::PRESERVE_DIP;
    let _ = hcsshim::schema::network::hcn::LoadBalancerPortMappingFlags::USE_MUX;
    let _ = hcsshim::schema::network::hcn::NamespaceResourceType::CONTAINER;
    let _ = hcsshim::schema::network::hcn::NamespaceResourceType::ENDPOINT;
    let _ = hcsshim::schema::network::hcn::NamespaceType::GUEST;
    let _ = hcsshim::schema::network::hcn::NamespaceType::GUEST_DEFAULT;
    let _ = hcsshim::schema::network::hcn::NamespaceType::HOST;
    let _ = hcsshim::schema::network::hcn::NamespaceType::HOST_DEFAULT;
    let _ = hcsshim::schema::network::hcn::NetworkFlags::ENABLE_NON_PERSISTENT;
    let _ = hcsshim::schema::network::hcn::NetworkFlags::NONE;
    let _ = hcsshim::schema::network::hcn::NetworkPolicyType::AUTOMATIC_DNS;
    let _ = hcsshim::schema::network::hcn::NetworkPolicyType::DR_MAC_ADDRESS;
    let _ = hcsshim::schema::network::hcn::NetworkPolicyType::HOST_ROUTE;
    let _ = hcsshim::schema::network::hcn::NetworkPolicyType::INTERFACE_CONSTRAINT;
    let _ = hcsshim::schema::network::hcn::NetworkPolicyType::NET_ADAPTER_NAME;
    let _ = hcsshim::schema::network::hcn::NetworkPolicyType::PROVIDER_ADDRESS;
    let _ = hcsshim::schema::network::hcn::NetworkPolicyType::REMOTE_SUBNET_ROUTE;
    let _ = hcsshim::schema::network::hcn::NetworkPolicyType::SOURCE_MAC_ADDRESS;
    let _ = hcsshim::schema::network::hcn::NetworkPolicyType::VSWITCH_EXTENSION;
    let _ = hcsshim::schema::network::hcn::NetworkResourceType::DNS;
    let _ = hcsshim::schema::network::hcn::NetworkResourceType::EXTENSION;
    let _ = hcsshim::schema::network::hcn::NetworkResourceType::POLICY;
    let _ = hcsshim::schema::network::hcn::NetworkType::ICS;
    let _ = hcsshim::schema::network::hcn::NetworkType::L2_BRIDGE;
    let _ = hcsshim::schema::network::hcn::NetworkType::L2_TUNNEL;
    let _ = hcsshim::schema::network::hcn::NetworkType::NAT;
    let _ = hcsshim::schema::network::hcn::NetworkType::OVERLAY;
    let _ = hcsshim::schema::network::hcn::NetworkType::PRIVATE;
    let _ = hcsshim::schema::network::hcn::NetworkType::TRANSPARENT;
    let _ = hcsshim::schema::network::hcn::RequestType::ADD;
    let _ = hcsshim::schema::network::hcn::RequestType::REFRESH;
    let _ = hcsshim::schema::network::hcn::RequestType::REMOVE;
    let _ = hcsshim::schema::network::hcn::RequestType::UPDATE;
    let _ = hcsshim::schema::network::hcn::RuleType::HOST;
    let _ = hcsshim::schema::network::hcn::RuleType::SWITCH;
    let _ = hcsshim::schema::network::hcn::SubnetPolicyType::VLAN;
    let _ = hcsshim::schema::network::hcn::SubnetPolicyType::VSID;
    let _ = hcsshim::schema::network::hcn::Version::v2_0;
    let _ = hcsshim::schema::network::hns::ActionType::ALLOW;
    let _ = hcsshim::schema::network::hns::ActionType::BLOCK;
    let _ = hcsshim::schema::network::hns::DirectionType::IN;
    let _ = hcsshim::schema::network::hns::DirectionType::OUT;
    let _ = hcsshim::schema::network::hns::PolicyType::ACL;
    let _ = hcsshim::schema::network::hns::PolicyType::EXTERNAL_LOAD_BALANCER;
    let _ = hcsshim::schema::network::hns::PolicyType::ISOLATION;
    let _ = hcsshim::schema::network::hns::PolicyType::L2_DRIVER;
    let _ = hcsshim::schema::network::hns::PolicyType::NAT;
    let _ = hcsshim::schema::network::hns::PolicyType::OUTBOUND_NAT;
    let _ = hcsshim::schema::network::hns::PolicyType::PA;
    let _ = hcsshim::schema::network::hns::PolicyType::QOS;
    let _ = hcsshim::schema::network::hns::PolicyType::ROUTE;
    let _ = hcsshim::schema::network::hns::PolicyType::VLAN;
    let _ = hcsshim::schema::network::hns::PolicyType::VNET;
    let _ = hcsshim::schema::network::hns::PolicyType::VSID;
    let _ = hcsshim::schema::network::hns::RuleType::HOST;
    let _ = hcsshim::schema::network::hns::RuleType::SWITCH;
    let _ = |it: &hcsshim::DriverInfo| {
        let _ = &it.flavour;
    };
    let _ = |it: &hcsshim::DriverInfo| {
        let _ = &it.home_dir;
    };
    let _ = |it: &hcsshim::hcn::AclFeatures| {
        let _ = &it.acl_address_lists;
    };
    let _ = |it: &hcsshim::hcn::AclFeatures| {
        let _ = &it.acl_no_host_rule_priority;
    };
    let _ = |it: &hcsshim::hcn::AclFeatures| {
        let _ = &it.acl_port_ranges;
    };
    let _ = |it: &hcsshim::hcn::AclFeatures| {
        let _ = &it.acl_rule_id;
    };
    let _ = |it: &hcsshim::hcn::ApiSupport| {
        let _ = &it.v1;
    };
    let _ = |it: &hcsshim::hcn::ApiSupport| {
        let _ = &it.v2;
    };
    let _ = |it: &hcsshim::hcn::Globals| {
        let _ = &it.version;
    };
    let _ = |it: &hcsshim::hcn::SupportedFeatures| {
        let _ = &it.acl;
    };
    let _ = |it: &hcsshim::hcn::SupportedFeatures| {
        let _ = &it.api;
    };
    let _ = |it: &hcsshim::hcn::SupportedFeatures| {
        let _ = &it.dsr;
    };
    let _ = |it: &hcsshim::hcn::SupportedFeatures| {
        let _ = &it.host_route;
    };
    let _ = |it: &hcsshim::hcn::SupportedFeatures| {
        let _ = &it.remote_subnet;
    };
    let _ = |it: &hcsshim::schema::compute::v1::AssignedDevice| {
        let _ = &it.interface_class_guid;
    };
    let _ = |it: &hcsshim::schema::compute::v1::ComputeSystemQuery| {
        let _ = &it.ids;
    };
    let _ = |it: &hcsshim::schema::compute::v1::ComputeSystemQuery| {
        let _ = &it.names;
    };
    let _ = |it: &hcsshim::schema::compute::v1::ComputeSystemQuery| {
        let _ = &it.owners;
    };
    let _ = |it: &hcsshim::schema::compute::v1::ComputeSystemQuery| {
        let _ = &it.types;
    };
    let _ = |it: &hcsshim::schema::compute::v1::ContainerConfig| {
        let _ = &it.allow_unqualified_dns_query;
    };
    let _ = |it: &hcsshim::schema::compute::v1::ContainerConfig| {
        let _ = &it.assigned_devices;
    };
    let _ = |it: &hcsshim::schema::compute::v1::ContainerConfig| {
        let _ = &it.container_type;
    };
    let _ = |it: &hcsshim::schema::compute::v1::ContainerConfig| {
        let _ = &it.credentials;
    };
    let _ = |it: &hcsshim::schema::compute::v1::ContainerConfig| {
        let _ = &it.dns_search_list;
    };
    let _ = |it: &hcsshim::schema::compute::v1::ContainerConfig| {
        let _ = &it.endpoint_list;
    };
    let _ = |it: &hcsshim::schema::compute::v1::ContainerConfig| {
        let _ = &it.host_name;
    };
    let _ = |it: &hcsshim::schema::compute::v1::ContainerConfig| {
        let _ = &it.hv_partition;
    };
    let _ = |it: &hcsshim::schema::compute::v1::ContainerConfig| {
        let _ = &it.hv_runtime;
    };
    let _ = |it: &hcsshim::schema::compute::v1::ContainerConfig| {
        let _ = &it.ignore_flushes_during_boot;
    };
    let _ = |it: &hcsshim::schema::compute::v1::ContainerConfig| {
        let _ = &it.layer_folder_path;
    };
    let _ = |it: &hcsshim::schema::compute::v1::ContainerConfig| {
        let _ = &it.layers;
    };
    let _ = |it: &hcsshim::schema::compute::v1::ContainerConfig| {
        let _ = &it.mapped_directories;
    };
    let _ = |it: &hcsshim::schema::compute::v1::ContainerConfig| {
        let _ = &it.mapped_pipes;
    };
    let _ = |it: &hcsshim::schema::compute::v1::ContainerConfig| {
        let _ = &it.mapped_virtual_disks;
    };
    let _ = |it: &hcsshim::schema::compute::v1::ContainerConfig| {
        let _ = &it.memory_maximum_in_mb;
    };
    let _ = |it: &hcsshim::schema::compute::v1::ContainerConfig| {
        let _ = &it.name;
    };
    let _ = |it: &hcsshim::schema::compute::v1::ContainerConfig| {
        let _ = &it.network_shared_container_name;
    };
    let _ = |it: &hcsshim::schema::compute::v1::ContainerConfig| {
        let _ = &it.owner;
    };
    let _ = |it: &hcsshim::schema::compute::v1::ContainerConfig| {
        let _ = &it.processor_count;
    };
    let _ = |it: &hcsshim::schema::compute::v1::ContainerConfig| {
        let _ = &it.processor_maximum;
    };
    let _ = |it: &hcsshim::schema::compute::v1::ContainerConfig| {
        let _ = &it.processor_weight;
    };
    let _ = |it: &hcsshim::schema::compute::v1::ContainerConfig| {
        let _ = &it.servicing;
    };
    let _ = |it: &hcsshim::schema::compute::v1::ContainerConfig| {
        let _ = &it.storage_bandwidth_maximum;
    };
    let _ = |it: &hcsshim::schema::compute::v1::ContainerConfig| {
        let _ = &it.storage_iops_maximum;
    };
    let _ = |it: &hcsshim::schema::compute::v1::ContainerConfig| {
        let _ = &it.storage_sandbox_size;
    };
    let _ = |it: &hcsshim::schema::compute::v1::ContainerConfig| {
        let _ = &it.system_type;
    };
    let _ = |it: &hcsshim::schema::compute::v1::ContainerConfig| {
        let _ = &it.terminate_on_last_handle_closed;
    };
    let _ = |it: &hcsshim::schema::compute::v1::ContainerConfig| {
        let _ = &it.volume_path;
    };
    let _ = |it: &hcsshim::schema::compute::v1::ContainerProperties| {
        let _ = &it.are_updates_pending;
    };
    let _ = |it: &hcsshim::schema::compute::v1::ContainerProperties| {
        let _ = &it.exit_type;
    };
    let _ = |it: &hcsshim::schema::compute::v1::ContainerProperties| {
        let _ = &it.guest_connection_info;
    };
    let _ = |it: &hcsshim::schema::compute::v1::ContainerProperties| {
        let _ = &it.id;
    };
    let _ = |it: &hcsshim::schema::compute::v1::ContainerProperties| {
        let _ = &it.is_runtime_template;
    };
    let _ = |it: &hcsshim::schema::compute::v1::ContainerProperties| {
        let _ = &it.mapped_virtual_disk_controllers;
    };
    let _ = |it: &hcsshim::schema::compute::v1::ContainerProperties| {
        let _ = &it.name;
    };
    let _ = |it: &hcsshim::schema::compute::v1::ContainerProperties| {
        let _ = &it.ob_root;
    };
    let _ = |it: &hcsshim::schema::compute::v1::ContainerProperties| {
        let _ = &it.owner;
    };
    let _ = |it: &hcsshim::schema::compute::v1::ContainerProperties| {
        let _ = &it.process_list;
    };
    let _ = |it: &hcsshim::schema::compute::v1::ContainerProperties| {
        let _ = &it.runtime_id;
    };
    let _ = |it: &hcsshim::schema::compute::v1::ContainerProperties| {
        let _ = &it.runtime_image_path;
    };
    let _ = |it: &hcsshim::schema::compute::v1::ContainerProperties| {
        let _ = &it.silo_guid;
    };
    let _ = |it: &hcsshim::schema::compute::v1::ContainerProperties| {
        let _ = &it.state;
    };
    let _ = |it: &hcsshim::schema::compute::v1::ContainerProperties| {
        let _ = &it.statistics;
    };
    let _ = |it: &hcsshim::schema::compute::v1::ContainerProperties| {
        let _ = &it.stopped;
    };
    let _ = |it: &hcsshim::schema::compute::v1::ContainerProperties| {
        let _ = &it.system_type;
    };
    let _ = |it: &hcsshim::schema::compute::v1::GuestConnectionInfo| {
        let _ = &it.guest_defined_capabilities;
    };
    let _ = |it: &hcsshim::schema::compute::v1::GuestConnectionInfo| {
        let _ = &it.protocol_version;
    };
    let _ = |it: &hcsshim::schema::compute::v1::GuestConnectionInfo| {
        let _ = &it.supported_schema_versions;
    };
    let _ = |it: &hcsshim::schema::compute::v1::GuestDefinedCapabilities| {
        let _ = &it.namespace_add_request_supported;
    };
    let _ = |it: &hcsshim::schema::compute::v1::GuestDefinedCapabilities| {
        let _ = &it.signal_process_supported;
    };
    let _ = |it: &hcsshim::schema::compute::v1::HvRuntime| {
        let _ = &it.boot_source;
    };
    let _ = |it: &hcsshim::schema::compute::v1::HvRuntime| {
        let _ = &it.image_path;
    };
    let _ = |it: &hcsshim::schema::compute::v1::HvRuntime| {
        let _ = &it.linux_boot_parameters;
    };
    let _ = |it: &hcsshim::schema::compute::v1::HvRuntime| {
        let _ = &it.linux_initrd_file;
    };
    let _ = |it: &hcsshim::schema::compute::v1::HvRuntime| {
        let _ = &it.linux_kernel_file;
    };
    let _ = |it: &hcsshim::schema::compute::v1::HvRuntime| {
        let _ = &it.skip_template;
    };
    let _ = |it: &hcsshim::schema::compute::v1::HvRuntime| {
        let _ = &it.writable_boot_source;
    };
    let _ = |it: &hcsshim::schema::compute::v1::Layer| {
        let _ = &it.id;
    };
    let _ = |it: &hcsshim::schema::compute::v1::Layer| {
        let _ = &it.path;
    };
    let _ = |it: &hcsshim::schema::compute::v1::MappedDir| {
        let _ = &it.bandwidth_maximum;
    };
    let _ = |it: &hcsshim::schema::compute::v1::MappedDir| {
        let _ = &it.container_path;
    };
    let _ = |it: &hcsshim::schema::compute::v1::MappedDir| {
        let _ = &it.create_in_utility_vm;
    };
    let _ = |it: &hcsshim::schema::compute::v1::MappedDir| {
        let _ = &it.host_path;
    };
    let _ = |it: &hcsshim::schema::compute::v1::MappedDir| {
        let _ = &it.iops_maximum;
    };
    let _ = |it: &hcsshim::schema::compute::v1::MappedDir| {
        let _ = &it.linux_metadata;
    };
    let _ = |it: &hcsshim::schema::compute::v1::MappedDir| {
        let _ = &it.read_only;
    };
    let _ = |it: &hcsshim::schema::compute::v1::MappedPipe| {
        let _ = &it.container_pipe_name;
    };
    let _ = |it: &hcsshim::schema::compute::v1::MappedPipe| {
        let _ = &it.host_path;
    };
    let _ = |it: &hcsshim::schema::compute::v1::MappedVirtualDisk| {
        let _ = &it.attach_only;
    };
    let _ = |it: &hcsshim::schema::compute::v1::MappedVirtualDisk| {
        let _ = &it.cache;
    };
    let _ = |it: &hcsshim::schema::compute::v1::MappedVirtualDisk| {
        let _ = &it.container_path;
    };
    let _ = |it: &hcsshim::schema::compute::v1::MappedVirtualDisk| {
        let _ = &it.create_in_utility_vm;
    };
    let _ = |it: &hcsshim::schema::compute::v1::MappedVirtualDisk| {
        let _ = &it.host_path;
    };
    let _ = |it: &hcsshim::schema::compute::v1::MappedVirtualDisk| {
        let _ = &it.read_only;
    };
    let _ = |it: &hcsshim::schema::compute::v1::MappedVirtualDiskController| {
        let _ = &it.mapped_virtual_disks;
    };
    let _ = |it: &hcsshim::schema::compute::v1::MemoryStats| {
        let _ = &it.usage_commit_bytes;
    };
    let _ = |it: &hcsshim::schema::compute::v1::MemoryStats| {
        let _ = &it.usage_commit_peak_bytes;
    };
    let _ = |it: &hcsshim::schema::compute::v1::MemoryStats| {
        let _ = &it.usage_private_working_set_bytes;
    };
    let _ = |it: &hcsshim::schema::compute::v1::NetworkStats| {
        let _ = &it.bytes_received;
    };
    let _ = |it: &hcsshim::schema::compute::v1::NetworkStats| {
        let _ = &it.bytes_sent;
    };
    let _ = |it: &hcsshim::schema::compute::v1::NetworkStats| {
        let _ = &it.dropped_packets_incoming;
    };
    let _ = |it: &hcsshim::schema::compute::v1::NetworkStats| {
        let _ = &it.dropped_packets_outgoing;
    };
    let _ = |it: &hcsshim::schema::compute::v1::NetworkStats| {
        let _ = &it.endpoint_id;
    };
    let _ = |it: &hcsshim::schema::compute::v1::NetworkStats| {
        let _ = &it.instance_id;
    };
    let _ = |it: &hcsshim::schema::compute::v1::NetworkStats| {
        let _ = &it.packets_received;
    };
    let _ = |it: &hcsshim::schema::compute::v1::NetworkStats| {
        let _ = &it.packets_sent;
    };
    let _ = |it: &hcsshim::schema::compute::v1::ProcessConfig| {
        let _ = &it.application_name;
    };
    let _ = |it: &hcsshim::schema::compute::v1::ProcessConfig| {
        let _ = &it.command_args;
    };
    let _ = |it: &hcsshim::schema::compute::v1::ProcessConfig| {
        let _ = &it.command_line;
    };
    let _ = |it: &hcsshim::schema::compute::v1::ProcessConfig| {
        let _ = &it.console_size;
    };
    let _ = |it: &hcsshim::schema::compute::v1::ProcessConfig| {
        let _ = &it.create_in_utility_vm;
    };
    let _ = |it: &hcsshim::schema::compute::v1::ProcessConfig| {
        let _ = &it.create_std_err_pipe;
    };
    let _ = |it: &hcsshim::schema::compute::v1::ProcessConfig| {
        let _ = &it.create_std_in_pipe;
    };
    let _ = |it: &hcsshim::schema::compute::v1::ProcessConfig| {
        let _ = &it.create_std_out_pipe;
    };
    let _ = |it: &hcsshim::schema::compute::v1::ProcessConfig| {
        let _ = &it.emulate_console;
    };
    let _ = |it: &hcsshim::schema::compute::v1::ProcessConfig| {
        let _ = &it.environment;
    };
    let _ = |it: &hcsshim::schema::compute::v1::ProcessConfig| {
        let _ = &it.oci_specification;
    };
    let _ = |it: &hcsshim::schema::compute::v1::ProcessConfig| {
        let _ = &it.user;
    };
    let _ = |it: &hcsshim::schema::compute::v1::ProcessConfig| {
        let _ = &it.working_directory;
    };
    let _ = |it: &hcsshim::schema::compute::v1::ProcessListItem| {
        let _ = &it.create_timestamp;
    };
    let _ = |it: &hcsshim::schema::compute::v1::ProcessListItem| {
        let _ = &it.image_name;
    };
    let _ = |it: &hcsshim::schema::compute::v1::ProcessListItem| {
        let _ = &it.kernel_time_100ns;
    };
    let _ = |it: &hcsshim::schema::compute::v1::ProcessListItem| {
        let _ = &it.memory_commit_bytes;
    };
    let _ = |it: &hcsshim::schema::compute::v1::ProcessListItem| {
        let _ = &it.memory_working_set_private_bytes;
    };
    let _ = |it: &hcsshim::schema::compute::v1::ProcessListItem| {
        let _ = &it.memory_working_set_shared_bytes;
    };
    let _ = |it: &hcsshim::schema::compute::v1::ProcessListItem| {
        let _ = &it.process_id;
    };
    let _ = |it: &hcsshim::schema::compute::v1::ProcessListItem| {
        let _ = &it.user_time_100ns;
    };
    let _ = |it: &hcsshim::schema::compute::v1::ProcessorStats| {
        let _ = &it.runtime_kernel_100ns;
    };
    let _ = |it: &hcsshim::schema::compute::v1::ProcessorStats| {
        let _ = &it.runtime_user_100ns;
    };
    let _ = |it: &hcsshim::schema::compute::v1::ProcessorStats| {
        let _ = &it.total_runtime_100ns;
    };
    let _ = |it: &hcsshim::schema::compute::v1::PropertyQuery| {
        let _ = &it.property_types;
    };
    let _ = |it: &hcsshim::schema::compute::v1::ResourceModificationRequestResponse| {
        let _ = &it.data;
    };
    let _ = |it: &hcsshim::schema::compute::v1::ResourceModificationRequestResponse| {
        let _ = &it.request;
    };
    let _ = |it: &hcsshim::schema::compute::v1::ResourceModificationRequestResponse| {
        let _ = &it.resource;
    };
    let _ = |it: &hcsshim::schema::compute::v1::Statistics| {
        let _ = &it.container_start_time;
    };
    let _ = |it: &hcsshim::schema::compute::v1::Statistics| {
        let _ = &it.memory;
    };
    let _ = |it: &hcsshim::schema::compute::v1::Statistics| {
        let _ = &it.network;
    };
    let _ = |it: &hcsshim::schema::compute::v1::Statistics| {
        let _ = &it.processor;
    };
    let _ = |it: &hcsshim::schema::compute::v1::Statistics| {
        let _ = &it.storage;
    };
    let _ = |it: &hcsshim::schema::compute::v1::Statistics| {
        let _ = &it.timestamp;
    };
    let _ = |it: &hcsshim::schema::compute::v1::Statistics| {
        let _ = &it.uptime_100ns;
    };
    let _ = |it: &hcsshim::schema::compute::v1::StorageStats| {
        let _ = &it.read_count_normalized;
    };
    let _ = |it: &hcsshim::schema::compute::v1::StorageStats| {
        let _ = &it.read_size_bytes;
    };
    let _ = |it: &hcsshim::schema::compute::v1::StorageStats| {
        let _ = &it.write_count_normalized;
    };
    let _ = |it: &hcsshim::schema::compute::v1::StorageStats| {
        let _ = &it.write_size_bytes;
    };
    let _ = |it: &hcsshim::schema::network::hcn::AclPolicySetting| {
        let _ = &it.action;
    };
    let _ = |it: &hcsshim::schema::network::hcn::AclPolicySetting| {
        let _ = &it.direction;
    };
    let _ = |it: &hcsshim::schema::network::hcn::AclPolicySetting| {
        let _ = &it.local_addresses;
    };
    let _ = |it: &hcsshim::schema::network::hcn::AclPolicySetting| {
        let _ = &it.local_ports;
    };
    let _ = |it: &hcsshim::schema::network::hcn::AclPolicySetting| {
        let _ = &it.priority;
    };
    let _ = |it: &hcsshim::schema::network::hcn::AclPolicySetting| {
        let _ = &it.protocols;
    };
    let _ = |it: &hcsshim::schema::network::hcn::AclPolicySetting| {
        let _ = &it.remote_addresses;
    };
    let _ = |it: &hcsshim::schema::network::hcn::AclPolicySetting| {
        let _ = &it.remote_ports;
    };
    let _ = |it: &hcsshim::schema::network::hcn::AclPolicySetting| {
        let _ = &it.rule_type;
    };
    let _ = |it: &hcsshim::schema::network::hcn::AutomaticDNSNetworkPolicySetting| {
        let _ = &it.enable;
    };
    let _ = |it: &hcsshim::schema::network::hcn::Dns| {
        let _ = &it.domain;
    };
    let _ = |it: &hcsshim::schema::network::hcn::Dns| {
        let _ = &it.options;
    };
    let _ = |it: &hcsshim::schema::network::hcn::Dns| {
        let _ = &it.search;
    };
    let _ = |it: &hcsshim::schema::network::hcn::Dns| {
        let _ = &it.server_list;
    };
    let _ = |it: &hcsshim::schema::network::hcn::DrMacAddressNetworkPolicySetting| {
        let _ = &it.address;
    };
    let _ = |it: &hcsshim::schema::network::hcn::EncapOverheadEndpointPolicySetting| {
        let _ = &it.overhead;
    };
    let _ = |it: &hcsshim::schema::network::hcn::EndpointPolicy| {
        let _ = &it.policy_type;
    };
    let _ = |it: &hcsshim::schema::network::hcn::EndpointPolicy| {
        let _ = &it.settings;
    };
    let _ = |it: &hcsshim::schema::network::hcn::HostComputeEndpoint| {
        let _ = &it.dns;
    };
    let _ = |it: &hcsshim::schema::network::hcn::HostComputeEndpoint| {
        let _ = &it.flags;
    };
    let _ = |it: &hcsshim::schema::network::hcn::HostComputeEndpoint| {
        let _ = &it.host_compute_namespace;
    };
    let _ = |it: &hcsshim::schema::network::hcn::HostComputeEndpoint| {
        let _ = &it.host_compute_network;
    };
    let _ = |it: &hcsshim::schema::network::hcn::HostComputeEndpoint| {
        let _ = &it.id;
    };
    let _ = |it: &hcsshim::schema::network::hcn::HostComputeEndpoint| {
        let _ = &it.ip_configurations;
    };
    let _ = |it: &hcsshim::schema::network::hcn::HostComputeEndpoint| {
        let _ = &it.mac_address;
    };
    let _ = |it: &hcsshim::schema::network::hcn::HostComputeEndpoint| {
        let _ = &it.name;
    };
    let _ = |it: &hcsshim::schema::network::hcn::HostComputeEndpoint| {
        let _ = &it.policies;
    };
    let _ = |it: &hcsshim::schema::network::hcn::HostComputeEndpoint| {
        let _ = &it.routes;
    };
    let _ = |it: &hcsshim::schema::network::hcn::HostComputeEndpoint| {
        let _ = &it.schema_version;
    };
    let _ = |it: &hcsshim::schema::network::hcn::HostComputeLoadBalancer| {
        let _ = &it.flags;
    };
    let _ = |it: &hcsshim::schema::network::hcn::HostComputeLoadBalancer| {
        let _ = &it.frontend_vips;
    };
    let _ = |it: &hcsshim::schema::network::hcn::HostComputeLoadBalancer| {
        let _ = &it.host_compute_endpoints;
    };
    let _ = |it: &hcsshim::schema::network::hcn::HostComputeLoadBalancer| {
        let _ = &it.id;
    };
    let _ = |it: &hcsshim::schema::network::hcn::HostComputeLoadBalancer| {
        let _ = &it.port_mappings;
    };
    let _ = |it: &hcsshim::schema::network::hcn::HostComputeLoadBalancer| {
        let _ = &it.schema_version;
    };
    let _ = |it: &hcsshim::schema::network::hcn::HostComputeLoadBalancer| {
        let _ = &it.source_vip;
    };
    let _ = |it: &hcsshim::schema::network::hcn::HostComputeNamespace| {
        let _ = &it.id;
    };
    let _ = |it: &hcsshim::schema::network::hcn::HostComputeNamespace| {
        let _ = &it.namespace_id;
    };
    let _ = |it: &hcsshim::schema::network::hcn::HostComputeNamespace| {
        let _ = &it.namespace_type;
    };
    let _ = |it: &hcsshim::schema::network::hcn::HostComputeNamespace| {
        let _ = &it.resources;
    };
    let _ = |it: &hcsshim::schema::network::hcn::HostComputeNamespace| {
        let _ = &it.schema_version;
    };
    let _ = |it: &hcsshim::schema::network::hcn::HostComputeNetwork| {
        let _ = &it.dns;
    };
    let _ = |it: &hcsshim::schema::network::hcn::HostComputeNetwork| {
        let _ = &it.flags;
    };
    let _ = |it: &hcsshim::schema::network::hcn::HostComputeNetwork| {
        let _ = &it.id;
    };
    let _ = |it: &hcsshim::schema::network::hcn::HostComputeNetwork| {
        let _ = &it.ipams;
    };
    let _ = |it: &hcsshim::schema::network::hcn::HostComputeNetwork| {
        let _ = &it.mac_pool;
    };
    let _ = |it: &hcsshim::schema::network::hcn::HostComputeNetwork| {
        let _ = &it.name;
    };
    let _ = |it: &hcsshim::schema::network::hcn::HostComputeNetwork| {
        let _ = &it.network_type;
    };
    let _ = |it: &hcsshim::schema::network::hcn::HostComputeNetwork| {
        let _ = &it.policies;
    };
    let _ = |it: &hcsshim::schema::network::hcn::HostComputeNetwork| {
        let _ = &it.schema_version;
    };
    let _ = |it: &hcsshim::schema::network::hcn::HostComputeQuery| {
        let _ = &it.filter;
    };
    let _ = |it: &hcsshim::schema::network::hcn::HostComputeQuery| {
        let _ = &it.flags;
    };
    let _ = |it: &hcsshim::schema::network::hcn::HostComputeQuery| {
        let _ = &it.schema_version;
    };
    let _ = |it: &hcsshim::schema::network::hcn::InterfaceConstraintPolicySetting| {
        let _ = &it.interface_alias;
    };
    let _ = |it: &hcsshim::schema::network::hcn::InterfaceConstraintPolicySetting| {
        let _ = &it.interface_description;
    };
    let _ = |it: &hcsshim::schema::network::hcn::InterfaceConstraintPolicySetting| {
        let _ = &it.interface_guid;
    };
    let _ = |it: &hcsshim::schema::network::hcn::InterfaceConstraintPolicySetting| {
        let _ = &it.interface_index;
    };
    let _ = |it: &hcsshim::schema::network::hcn::InterfaceConstraintPolicySetting| {
        let _ = &it.interface_luid;
    };
    let _ = |it: &hcsshim::schema::network::hcn::InterfaceConstraintPolicySetting| {
        let _ = &it.interface_media_type;
    };
    let _ = |it: &hcsshim::schema::network::hcn::IpConfig| {
        let _ = &it.ip_address;
    };
    let _ = |it: &hcsshim::schema::network::hcn::IpConfig| {
        let _ = &it.prefix_length;
    };
    let _ = |it: &hcsshim::schema::network::hcn::Ipam| {
        let _ = &it.ipam_type;
    };
    let _ = |it: &hcsshim::schema::network::hcn::Ipam| {
        let _ = &it.subnets;
    };
    let _ = |it: &hcsshim::schema::network::hcn::L4ProxyPolicySetting| {
        let _ = &it.destination;
    };
    let _ = |it: &hcsshim::schema::network::hcn::L4ProxyPolicySetting| {
        let _ = &it.exception_list;
    };
    let _ = |it: &hcsshim::schema::network::hcn::L4ProxyPolicySetting| {
        let _ = &it.ip;
    };
    let _ = |it: &hcsshim::schema::network::hcn::L4ProxyPolicySetting| {
        let _ = &it.outbound_nat;
    };
    let _ = |it: &hcsshim::schema::network::hcn::L4ProxyPolicySetting| {
        let _ = &it.port;
    };
    let _ = |it: &hcsshim::schema::network::hcn::L4ProxyPolicySetting| {
        let _ = &it.protocol;
    };
    let _ = |it: &hcsshim::schema::network::hcn::LoadBalancerPortMapping| {
        let _ = &it.external_port;
    };
    let _ = |it: &hcsshim::schema::network::hcn::LoadBalancerPortMapping| {
        let _ = &it.flags;
    };
    let _ = |it: &hcsshim::schema::network::hcn::LoadBalancerPortMapping| {
        let _ = &it.internal_port;
    };
    let _ = |it: &hcsshim::schema::network::hcn::LoadBalancerPortMapping| {
        let _ = &it.protocol;
    };
    let _ = |it: &hcsshim::schema::network::hcn::MacPool| {
        let _ = &it.ranges;
    };
    let _ = |it: &hcsshim::schema::network::hcn::MacRange| {
        let _ = &it.end_mac_address;
    };
    let _ = |it: &hcsshim::schema::network::hcn::MacRange| {
        let _ = &it.start_mac_address;
    };
    let _ = |it: &hcsshim::schema::network::hcn::ModifyEndpointSettingRequest| {
        let _ = &it.request_type;
    };
    let _ = |it: &hcsshim::schema::network::hcn::ModifyEndpointSettingRequest| {
        let _ = &it.resource_type;
    };
    let _ = |it: &hcsshim::schema::network::hcn::ModifyEndpointSettingRequest| {
        let _ = &it.settings;
    };
    let _ = |it: &hcsshim::schema::network::hcn::ModifyNamespaceSettingRequest| {
        let _ = &it.request_type;
    };
    let _ = |it: &hcsshim::schema::network::hcn::ModifyNamespaceSettingRequest| {
        let _ = &it.resource_type;
    };
    let _ = |it: &hcsshim::schema::network::hcn::ModifyNamespaceSettingRequest| {
        let _ = &it.settings;
    };
    let _ = |it: &hcsshim::schema::network::hcn::ModifyNetworkSettingRequest| {
        let _ = &it.request_type;
    };
    let _ = |it: &hcsshim::schema::network::hcn::ModifyNetworkSettingRequest| {
        let _ = &it.resource_type;
    };
    let _ = |it: &hcsshim::schema::network::hcn::ModifyNetworkSettingRequest| {
        let _ = &it.settings;
    };
    let _ = |it: &hcsshim::schema::network::hcn::NamespaceResource| {
        let _ = &it.data;
    };
    let _ = |it: &hcsshim::schema::network::hcn::NamespaceResource| {
        let _ = &it.resource_type;
    };
    let _ = |it: &hcsshim::schema::network::hcn::NamespaceResourceContainer| {
        let _ = &it.id;
    };
    let _ = |it: &hcsshim::schema::network::hcn::NamespaceResourceEndpoint| {
        let _ = &it.id;
    };
    let _ = |it: &hcsshim::schema::network::hcn::NetAdapterNameNetworkPolicySetting| {
        let _ = &it.network_adapter_name;
    };
    let _ = |it: &hcsshim::schema::network::hcn::NetworkPolicy| {
        let _ = &it.policy_type;
    };
    let _ = |it: &hcsshim::schema::network::hcn::NetworkPolicy| {
        let _ = &it.settings;
    };
    let _ = |it: &hcsshim::schema::network::hcn::OutboundNatPolicySetting| {
        let _ = &it.exceptions;
    };
    let _ = |it: &hcsshim::schema::network::hcn::OutboundNatPolicySetting| {
        let _ = &it.virtual_ip;
    };
    let _ = |it: &hcsshim::schema::network::hcn::PolicyEndpointRequest| {
        let _ = &it.policies;
    };
    let _ = |it: &hcsshim::schema::network::hcn::PolicyNetworkRequest| {
        let _ = &it.policies;
    };
    let _ = |it: &hcsshim::schema::network::hcn::PortMappingPolicySetting| {
        let _ = &it.external_port;
    };
    let _ = |it: &hcsshim::schema::network::hcn::PortMappingPolicySetting| {
        let _ = &it.internal_port;
    };
    let _ = |it: &hcsshim::schema::network::hcn::PortMappingPolicySetting| {
        let _ = &it.protocol;
    };
    let _ = |it: &hcsshim::schema::network::hcn::PortMappingPolicySetting| {
        let _ = &it.vip;
    };
    let _ = |it: &hcsshim::schema::network::hcn::PortnameEndpointPolicySetting| {
        let _ = &it.name;
    };
    let _ = |it: &hcsshim::schema::network::hcn::ProviderAddressEndpointPolicySetting| {
        let _ = &it.provider_address;
    };
    let _ = |it: &hcsshim::schema::network::hcn::QosPolicySetting| {
        let _ = &it.maximum_outgoing_bandwidth_in_bytes;
    };
    let _ = |it: &hcsshim::schema::network::hcn::RemoteSubnetRoutePolicySetting| {
        let _ = &it.destination_prefix;
    };
    let _ = |it: &hcsshim::schema::network::hcn::RemoteSubnetRoutePolicySetting| {
        let _ = &it.distributed_router_mac_address;
    };
    let _ = |it: &hcsshim::schema::network::hcn::RemoteSubnetRoutePolicySetting| {
        let _ = &it.isolation_id;
    };
    let _ = |it: &hcsshim::schema::network::hcn::RemoteSubnetRoutePolicySetting| {
        let _ = &it.provider_address;
    };
    let _ = |it: &hcsshim::schema::network::hcn::Route| {
        let _ = &it.destination_prefix;
    };
    let _ = |it: &hcsshim::schema::network::hcn::Route| {
        let _ = &it.metric;
    };
    let _ = |it: &hcsshim::schema::network::hcn::Route| {
        let _ = &it.next_hop;
    };
    let _ = |it: &hcsshim::schema::network::hcn::SDNRoutePolicySetting| {
        let _ = &it.destination_prefix;
    };
    let _ = |it: &hcsshim::schema::network::hcn::SDNRoutePolicySetting| {
        let _ = &it.need_encap;
    };
    let _ = |it: &hcsshim::schema::network::hcn::SDNRoutePolicySetting| {
        let _ = &it.next_hop;
    };
    let _ = |it: &hcsshim::schema::network::hcn::SourceMacAddressNetworkPolicySetting| {
        let _ = &it.source_mac_address;
    };
    let _ = |it: &hcsshim::schema::network::hcn::Subnet| {
        let _ = &it.ip_address_prefix;
    };
    let _ = |it: &hcsshim::schema::network::hcn::Subnet| {
        let _ = &it.policies;
    };
    let _ = |it: &hcsshim::schema::network::hcn::Subnet| {
        let _ = &it.routes;
    };
    let _ = |it: &hcsshim::schema::network::hcn::SubnetPolicy| {
        let _ = &it.policy_type;
    };
    let _ = |it: &hcsshim::schema::network::hcn::SubnetPolicy| {
        let _ = &it.settings;
    };
    let _ = |it: &hcsshim::schema::network::hcn::VSwitchExtensionNetworkPolicySetting| {
        let _ = &it.enable;
    };
    let _ = |it: &hcsshim::schema::network::hcn::VSwitchExtensionNetworkPolicySetting| {
        let _ = &it.extension_id;
    };
    let _ = |it: &hcsshim::schema::network::hcn::Version| {
        let _ = &it.major;
    };
    let _ = |it: &hcsshim::schema::network::hcn::Version| {
        let _ = &it.minor;
    };
    let _ = |it: &hcsshim::schema::network::hcn::VlanPolicySetting| {
        let _ = &it.isolation_id;
    };
    let _ = |it: &hcsshim::schema::network::hcn::VsidPolicySetting| {
        let _ = &it.isolation_id;
    };
    let _ = |it: &hcsshim::schema::network::hns::AclPolicy| {
        let _ = &it.action;
    };
    let _ = |it: &hcsshim::schema::network::hns::AclPolicy| {
        let _ = &it.direction;
    };
    let _ = |it: &hcsshim::schema::network::hns::AclPolicy| {
        let _ = &it.id;
    };
    let _ = |it: &hcsshim::schema::network::hns::AclPolicy| {
        let _ = &it.internal_port;
    };
    let _ = |it: &hcsshim::schema::network::hns::AclPolicy| {
        let _ = &it.local_addresses;
    };
    let _ = |it: &hcsshim::schema::network::hns::AclPolicy| {
        let _ = &it.local_port;
    };
    let _ = |it: &hcsshim::schema::network::hns::AclPolicy| {
        let _ = &it.local_ports;
    };
    let _ = |it: &hcsshim::schema::network::hns::AclPolicy| {
        let _ = &it.policy_type;
    };
    let _ = |it: &hcsshim::schema::network::hns::AclPolicy| {
        let _ = &it.priority;
    };
    let _ = |it: &hcsshim::schema::network::hns::AclPolicy| {
        let _ = &it.protocol;
    };
    let _ = |it: &hcsshim::schema::network::hns::AclPolicy| {
        let _ = &it.protocols;
    };
    let _ = |it: &hcsshim::schema::network::hns::AclPolicy| {
        let _ = &it.remote_addresses;
    };
    let _ = |it: &hcsshim::schema::network::hns::AclPolicy| {
        let _ = &it.remote_port;
    };
    let _ = |it: &hcsshim::schema::network::hns::AclPolicy| {
        let _ = &it.remote_ports;
    };
    let _ = |it: &hcsshim::schema::network::hns::AclPolicy| {
        let _ = &it.rule_type;
    };
    let _ = |it: &hcsshim::schema::network::hns::AclPolicy| {
        let _ = &it.service_name;
    };
    let _ = |it: &hcsshim::schema::network::hns::ElbPolicy| {
        let _ = &it.external_port;
    };
    let _ = |it: &hcsshim::schema::network::hns::ElbPolicy| {
        let _ = &it.ilb;
    };
    let _ = |it: &hcsshim::schema::network::hns::ElbPolicy| {
        let _ = &it.internal_port;
    };
    let _ = |it: &hcsshim::schema::network::hns::ElbPolicy| {
        let _ = &it.is_dsr;
    };
    let _ = |it: &hcsshim::schema::network::hns::ElbPolicy| {
        let _ = &it.protocol;
    };
    let _ = |it: &hcsshim::schema::network::hns::ElbPolicy| {
        let _ = &it.source_vip;
    };
    let _ = |it: &hcsshim::schema::network::hns::ElbPolicy| {
        let _ = &it.vips;
    };
    let _ = |it: &hcsshim::schema::network::hns::Endpoint| {
        let _ = &it.disable_icc;
    };
    let _ = |it: &hcsshim::schema::network::hns::Endpoint| {
        let _ = &it.dns_server_list;
    };
    let _ = |it: &hcsshim::schema::network::hns::Endpoint| {
        let _ = &it.dns_suffix;
    };
    let _ = |it: &hcsshim::schema::network::hns::Endpoint| {
        let _ = &it.enable_internal_dns;
    };
    let _ = |it: &hcsshim::schema::network::hns::Endpoint| {
        let _ = &it.enable_low_metric;
    };
    let _ = |it: &hcsshim::schema::network::hns::Endpoint| {
        let _ = &it.encap_overhead;
    };
    let _ = |it: &hcsshim::schema::network::hns::Endpoint| {
        let _ = &it.gateway_address;
    };
    let _ = |it: &hcsshim::schema::network::hns::Endpoint| {
        let _ = &it.id;
    };
    let _ = |it: &hcsshim::schema::network::hns::Endpoint| {
        let _ = &it.ip_address;
    };
    let _ = |it: &hcsshim::schema::network::hns::Endpoint| {
        let _ = &it.is_remote_endpoint;
    };
    let _ = |it: &hcsshim::schema::network::hns::Endpoint| {
        let _ = &it.mac_address;
    };
    let _ = |it: &hcsshim::schema::network::hns::Endpoint| {
        let _ = &it.name;
    };
    let _ = |it: &hcsshim::schema::network::hns::Endpoint| {
        let _ = &it.namespace;
    };
    let _ = |it: &hcsshim::schema::network::hns::Endpoint| {
        let _ = &it.policies;
    };
    let _ = |it: &hcsshim::schema::network::hns::Endpoint| {
        let _ = &it.prefix_length;
    };
    let _ = |it: &hcsshim::schema::network::hns::Endpoint| {
        let _ = &it.virtual_network;
    };
    let _ = |it: &hcsshim::schema::network::hns::Endpoint| {
        let _ = &it.virtual_network_name;
    };
    let _ = |it: &hcsshim::schema::network::hns::EndpointAttachDetachRequest| {
        let _ = &it.compartment_id;
    };
    let _ = |it: &hcsshim::schema::network::hns::EndpointAttachDetachRequest| {
        let _ = &it.container_id;
    };
    let _ = |it: &hcsshim::schema::network::hns::EndpointAttachDetachRequest| {
        let _ = &it.system_type;
    };
    let _ = |it: &hcsshim::schema::network::hns::EndpointAttachDetachRequest| {
        let _ = &it.virtual_nic_name;
    };
    let _ = |it: &hcsshim::schema::network::hns::EndpointRequestResponse| {
        let _ = &it.error;
    };
    let _ = |it: &hcsshim::schema::network::hns::EndpointRequestResponse| {
        let _ = &it.success;
    };
    let _ = |it: &hcsshim::schema::network::hns::IsolationPolicy| {
        let _ = &it.in_default_isolation;
    };
    let _ = |it: &hcsshim::schema::network::hns::IsolationPolicy| {
        let _ = &it.policy_type;
    };
    let _ = |it: &hcsshim::schema::network::hns::IsolationPolicy| {
        let _ = &it.vlan;
    };
    let _ = |it: &hcsshim::schema::network::hns::IsolationPolicy| {
        let _ = &it.vsid;
    };
    let _ = |it: &hcsshim::schema::network::hns::MacPool| {
        let _ = &it.end_mac_address;
    };
    let _ = |it: &hcsshim::schema::network::hns::MacPool| {
        let _ = &it.start_mac_address;
    };
    let _ = |it: &hcsshim::schema::network::hns::Namespace| {
        let _ = &it.id;
    };
    let _ = |it: &hcsshim::schema::network::hns::Namespace| {
        let _ = &it.is_default;
    };
    let _ = |it: &hcsshim::schema::network::hns::Namespace| {
        let _ = &it.resource_list;
    };
    let _ = |it: &hcsshim::schema::network::hns::NamespaceResource| {
        let _ = &it.data;
    };
    let _ = |it: &hcsshim::schema::network::hns::NamespaceResource| {
        let _ = &it.resource_type;
    };
    let _ = |it: &hcsshim::schema::network::hns::NatPolicy| {
        let _ = &it.external_port;
    };
    let _ = |it: &hcsshim::schema::network::hns::NatPolicy| {
        let _ = &it.internal_port;
    };
    let _ = |it: &hcsshim::schema::network::hns::NatPolicy| {
        let _ = &it.policy_type;
    };
    let _ = |it: &hcsshim::schema::network::hns::NatPolicy| {
        let _ = &it.protocol;
    };
    let _ = |it: &hcsshim::schema::network::hns::Network| {
        let _ = &it.automatic_dns;
    };
    let _ = |it: &hcsshim::schema::network::hns::Network| {
        let _ = &it.dns_server_compartment;
    };
    let _ = |it: &hcsshim::schema::network::hns::Network| {
        let _ = &it.dns_server_list;
    };
    let _ = |it: &hcsshim::schema::network::hns::Network| {
        let _ = &it.dns_suffix;
    };
    let _ = |it: &hcsshim::schema::network::hns::Network| {
        let _ = &it.id;
    };
    let _ = |it: &hcsshim::schema::network::hns::Network| {
        let _ = &it.mac_pools;
    };
    let _ = |it: &hcsshim::schema::network::hns::Network| {
        let _ = &it.management_ip;
    };
    let _ = |it: &hcsshim::schema::network::hns::Network| {
        let _ = &it.name;
    };
    let _ = |it: &hcsshim::schema::network::hns::Network| {
        let _ = &it.network_adapter_name;
    };
    let _ = |it: &hcsshim::schema::network::hns::Network| {
        let _ = &it.network_type;
    };
    let _ = |it: &hcsshim::schema::network::hns::Network| {
        let _ = &it.policies;
    };
    let _ = |it: &hcsshim::schema::network::hns::Network| {
        let _ = &it.source_mac;
    };
    let _ = |it: &hcsshim::schema::network::hns::Network| {
        let _ = &it.subnets;
    };
    let _ = |it: &hcsshim::schema::network::hns::OutboundNatPolicy| {
        let _ = &it.exception_list;
    };
    let _ = |it: &hcsshim::schema::network::hns::OutboundNatPolicy| {
        let _ = &it.vip;
    };
    let _ = |it: &hcsshim::schema::network::hns::PaPolicy| {
        let _ = &it.pa;
    };
    let _ = |it: &hcsshim::schema::network::hns::PaPolicy| {
        let _ = &it.policy_type;
    };
    let _ = |it: &hcsshim::schema::network::hns::Policy| {
        let _ = &it.policy_type;
    };
    let _ = |it: &hcsshim::schema::network::hns::PolicyList| {
        let _ = &it.id;
    };
    let _ = |it: &hcsshim::schema::network::hns::PolicyList| {
        let _ = &it.policies;
    };
    let _ = |it: &hcsshim::schema::network::hns::PolicyList| {
        let _ = &it.references;
    };
    let _ = |it: &hcsshim::schema::network::hns::QosPolicy| {
        let _ = &it.maximum_outgoing_bandwidth_in_bytes;
    };
    let _ = |it: &hcsshim::schema::network::hns::QosPolicy| {
        let _ = &it.policy_type;
    };
    let _ = |it: &hcsshim::schema::network::hns::RoutePolicy| {
        let _ = &it.destination_prefix;
    };
    let _ = |it: &hcsshim::schema::network::hns::RoutePolicy| {
        let _ = &it.need_encap;
    };
    let _ = |it: &hcsshim::schema::network::hns::RoutePolicy| {
        let _ = &it.next_hop;
    };
    let _ = |it: &hcsshim::schema::network::hns::Subnet| {
        let _ = &it.address_prefix;
    };
    let _ = |it: &hcsshim::schema::network::hns::Subnet| {
        let _ = &it.gateway_address;
    };
    let _ = |it: &hcsshim::schema::network::hns::Subnet| {
        let _ = &it.policies;
    };
    let _ = |it: &hcsshim::schema::network::hns::VlanPolicy| {
        let _ = &it.policy_type;
    };
    let _ = |it: &hcsshim::schema::network::hns::VlanPolicy| {
        let _ = &it.vlan;
    };
    let _ = |it: &hcsshim::schema::network::hns::VsidPolicy| {
        let _ = &it.policy_type;
    };
    let _ = |it: &hcsshim::schema::network::hns::VsidPolicy| {
        let _ = &it.vsid;
    };
}

/// Methods that take several types: called by hand in the test that includes this.
pub(crate) const CALLS: &[&str] = &[
    "hcsshim::Container::create_process(..)",
    "hcsshim::Container::modify(..)",
    "hcsshim::Host::create_container(..)",
    "hcsshim::Layers::activate(..)",
    "hcsshim::Layers::create(..)",
    "hcsshim::Layers::create_scratch(..)",
    "hcsshim::Layers::deactivate(..)",
    "hcsshim::Layers::destroy(..)",
    "hcsshim::Layers::exists(..)",
    "hcsshim::Layers::expand_scratch(..)",
    "hcsshim::Layers::export(..)",
    "hcsshim::Layers::import(..)",
    "hcsshim::Layers::mount_path(..)",
    "hcsshim::Layers::prepare(..)",
    "hcsshim::Layers::process_base(..)",
    "hcsshim::Layers::process_utility_vm_image(..)",
    "hcsshim::Layers::unprepare(..)",
];
