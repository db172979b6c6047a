//! Strings with known values.

open_enum! {
    /// How a network's endpoints reach each other, the host and the outside.
    pub enum NetworkType {
        /// A network within the host, whose way out is translated.
        NAT = "NAT",
        /// Endpoints are on the physical network, with addresses of their own.
        TRANSPARENT = "Transparent",
        /// The same with the host's address on the wire.
        L2_BRIDGE = "L2Bridge",
        /// The same, and local traffic takes the way through the fabric too.
        L2_TUNNEL = "L2Tunnel",
        /// As NAT, by the host's connection sharing.
        ICS = "ICS",
        /// Endpoints reach each other and the host. Seen in clients, not in the Go library.
        INTERNAL = "Internal",
        /// Endpoints reach each other alone.
        PRIVATE = "Private",
        /// A network across hosts, in tunnels.
        OVERLAY = "Overlay",
    }

    /// What an endpoint's policy is about.
    pub enum EndpointPolicyType {
        /// A published port.
        PORT_MAPPING = "PortMapping",
        /// A rule of the filter.
        ACL = "ACL",
        /// A limit of bandwidth.
        QOS = "QOS",
        /// A forwarding extension of Windows.
        L2_DRIVER = "L2Driver",
        /// Translation of what goes out.
        OUT_BOUND_NAT = "OutBoundNAT",
        /// A route.
        SDN_ROUTE = "SDNRoute",
        /// A proxy for what goes out.
        L4_PROXY = "L4Proxy",
        /// A proxy in both directions.
        L4_WFP_PROXY = "L4WFPPROXY",
        /// The name of the switch's port.
        PORT_NAME = "PortName",
        /// Bytes that encapsulation takes from each packet.
        ENCAP_OVERHEAD = "EncapOverhead",
        /// Direct access to the adapter's hardware.
        IOV = "Iov",
        /// The host's address in the provider's network.
        #[doc(alias = "NetworkProviderAddress")]
        PROVIDER_ADDRESS = "ProviderAddress",
        /// Which adapter of the host to use.
        #[doc(alias = "NetworkInterfaceConstraint")]
        INTERFACE_CONSTRAINT = "InterfaceConstraint",
        /// Rules of the filter in tiers.
        TIER_ACL = "TierAcl",
    }

    /// What a network's policy is about.
    pub enum NetworkPolicyType {
        /// The MAC address on the wire.
        SOURCE_MAC_ADDRESS = "SourceMacAddress",
        /// The host's adapter, by name.
        NET_ADAPTER_NAME = "NetAdapterName",
        /// An extension of the switch.
        VSWITCH_EXTENSION = "VSwitchExtension",
        /// The distributed router's MAC address.
        DR_MAC_ADDRESS = "DrMacAddress",
        /// DNS as the host has it.
        AUTOMATIC_DNS = "AutomaticDNS",
        /// Which adapter of the host to use.
        #[doc(alias = "NetworkInterfaceConstraint")]
        INTERFACE_CONSTRAINT = "InterfaceConstraint",
        /// The host's address in the provider's network.
        #[doc(alias = "NetworkProviderAddress")]
        PROVIDER_ADDRESS = "ProviderAddress",
        /// A subnet of another host.
        REMOTE_SUBNET_ROUTE = "RemoteSubnetRoute",
        /// The port of the tunnels.
        VXLAN_PORT = "VxlanPort",
        /// The host reaches the network.
        HOST_ROUTE = "HostRoute",
        /// A named set of addresses.
        SET_POLICY = "SetPolicy",
        /// A proxy for what goes out of every endpoint.
        NETWORK_L4_PROXY = "L4Proxy",
        /// The layer that the network stands on.
        LAYER_CONSTRAINT = "LayerConstraint",
        /// A rule of the filter for all endpoints.
        NETWORK_ACL = "NetworkACL",
    }

    /// What a subnet's policy is about.
    pub enum SubnetPolicyType {
        /// Its VLAN.
        VLAN = "VLAN",
        /// Its virtual subnet: the number of the tunnel's network.
        VSID = "VSID",
    }

    /// What a rule of the filter does.
    pub enum ActionType {
        /// Let it through.
        #[doc(alias = "Allow")]
        #[doc(alias = "ActionTypeAllow")]
        ALLOW = "Allow",
        /// Drop it.
        #[doc(alias = "Block")]
        #[doc(alias = "ActionTypeBlock")]
        BLOCK = "Block",
        /// Let the next tier decide; `TierAcl` only.
        PASS = "Pass",
    }

    /// Which way a rule of the filter looks.
    pub enum DirectionType {
        /// Towards the endpoint.
        #[doc(alias = "In")]
        #[doc(alias = "DirectionTypeIn")]
        IN = "In",
        /// From the endpoint.
        #[doc(alias = "Out")]
        #[doc(alias = "DirectionTypeOut")]
        OUT = "Out",
    }

    /// Where a rule of the filter applies.
    pub enum RuleType {
        /// In the endpoint's own network stack.
        #[doc(alias = "Host")]
        #[doc(alias = "RuleTypeHost")]
        HOST = "Host",
        /// At the switch's port.
        #[doc(alias = "Switch")]
        #[doc(alias = "RuleTypeSwitch")]
        SWITCH = "Switch",
    }

    /// What a set holds.
    pub enum SetPolicyType {
        /// Addresses.
        IPSET = "IPSET",
        /// Other sets.
        NESTED_IPSET = "NESTEDIPSET",
    }

    /// Where a namespace is.
    pub enum NamespaceType {
        /// On the host, for the containers there.
        #[doc(alias = "NamespaceTypeHost")]
        HOST = "Host",
        /// The host's own.
        #[doc(alias = "NamespaceTypeHostDefault")]
        HOST_DEFAULT = "HostDefault",
        /// In a virtual machine.
        #[doc(alias = "NamespaceTypeGuest")]
        GUEST = "Guest",
        /// A virtual machine's own.
        #[doc(alias = "NamespaceTypeGuestDefault")]
        GUEST_DEFAULT = "GuestDefault",
    }

    /// What is in a namespace.
    pub enum NamespaceResourceType {
        /// A container.
        #[doc(alias = "NamespaceResourceTypeContainer")]
        CONTAINER = "Container",
        /// An endpoint.
        #[doc(alias = "NamespaceResourceTypeEndpoint")]
        ENDPOINT = "Endpoint",
    }

    /// What to do with a resource.
    pub enum RequestType {
        /// Add it.
        #[doc(alias = "RequestTypeAdd")]
        ADD = "Add",
        /// Remove it.
        #[doc(alias = "RequestTypeRemove")]
        REMOVE = "Remove",
        /// Replace it.
        #[doc(alias = "RequestTypeUpdate")]
        UPDATE = "Update",
        /// Apply it anew.
        #[doc(alias = "RequestTypeRefresh")]
        REFRESH = "Refresh",
    }

    /// What of a network is changed.
    pub enum NetworkResourceType {
        /// Its policies.
        #[doc(alias = "NetworkResourceTypePolicy")]
        POLICY = "Policy",
        /// Its DNS.
        #[doc(alias = "NetworkResourceTypeDNS")]
        DNS = "DNS",
        /// An extension of its switch.
        #[doc(alias = "NetworkResourceTypeExtension")]
        EXTENSION = "Extension",
    }

    /// What of an endpoint is changed.
    pub enum EndpointResourceType {
        /// Its policies.
        #[doc(alias = "EndpointResourceTypePolicy")]
        POLICY = "Policy",
        /// Its port at the switch.
        #[doc(alias = "EndpointResourceTypePort")]
        PORT = "Port",
    }
}
