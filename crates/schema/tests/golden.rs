//! Whole documents, byte for byte: those that clients send as the Go library writes them; results, which only hosts
//! write, as ours do (docs/decisions.md, 22).

use hcs_schema::compute::{
    CacheMode, ExitType, OsType, ProcessStatus, PropertyType, RequestType, ResourceType, State, SystemType,
    v1, v2,
};
use hcs_schema::network::{hcn, hns};
use hcs_schema::{Document, LinuxHost, UserNamespace, Version};

/// `text` is what `document` is written as, and what it is read from.
#[track_caller]
fn check<D: Document>(document: &D, text: &str) {
    assert_eq!(document.to_json(), text);
    assert_eq!(D::from_json(text).expect("our own text"), *document);
}

#[test]
fn empty_documents_hold_what_is_always_written() {
    check(
        &v1::ContainerConfig::default(),
        r#"{"SystemType":"","Name":"","Layers":null,"HvPartition":false}"#,
    );
    check(&v1::Layer::default(), r#"{"ID":"","Path":""}"#);
    check(
        &v1::MappedDir::default(),
        r#"{"HostPath":"","ContainerPath":"","ReadOnly":false,"BandwidthMaximum":0,"IOPSMaximum":0,"CreateInUtilityVM":false}"#,
    );
    check(&v1::MappedPipe::default(), r#"{"HostPath":"","ContainerPipeName":""}"#);
    check(&v1::MappedVirtualDisk::default(), r#"{"ContainerPath":"","AttachOnly":false}"#);
    check(&v1::ProcessConfig::default(), r#"{"ConsoleSize":[0,0]}"#);
    check(&v1::ComputeSystemQuery::default(), "{}");
    check(&v1::PropertyQuery::default(), "{}");
    check(&v1::ResourceModificationRequestResponse::default(), r#"{"ResourceType":"","Settings":null}"#);
    check(
        &v1::ContainerProperties::default(),
        r#"{"Id":"","State":"","Name":"","SystemType":"","Owner":""}"#,
    );
    check(
        &v1::Statistics::default(),
        r#"{"Timestamp":"0001-01-01T00:00:00Z","ContainerStartTime":"0001-01-01T00:00:00Z","Memory":{},"Processor":{},"Storage":{}}"#,
    );
    check(&ProcessStatus::default(), r#"{"ProcessId":0,"Exited":false,"ExitCode":0,"LastWaitResult":0}"#);
    check(&v2::ComputeSystem::default(), "{}");
    check(&v2::Container::default(), "{}");
    check(&v2::ProcessParameters::default(), "{}");
    check(&v2::ModifySettingRequest::default(), "{}");
    check(&v2::Properties::default(), "{}");
    check(&LinuxHost::default(), "{}");
}

#[test]
fn a_schema_1_container() {
    let config = v1::ContainerConfig {
        system_type: SystemType::CONTAINER,
        name: "web".into(),
        owner: "docker".into(),
        ignore_flushes_during_boot: true,
        layer_folder_path: r"C:\ProgramData\docker\windowsfilter\web".into(),
        layers: vec![v1::Layer {
            id: "6c2e1a1c-0b5f-5a7b-8e0c-0f1f0a0b0c0d".into(),
            path: r"C:\layers\base".into(),
            ..v1::Layer::default()
        }],
        processor_count: 2,
        processor_weight: 500,
        processor_maximum: 10000,
        storage_iops_maximum: 100,
        storage_bandwidth_maximum: 1 << 33,
        storage_sandbox_size: 21_474_836_480,
        memory_maximum_in_mb: 1024,
        host_name: "web".into(),
        mapped_directories: vec![v1::MappedDir {
            host_path: r"C:\data".into(),
            container_path: r"C:\in".into(),
            read_only: true,
            linux_metadata: true,
            ..v1::MappedDir::default()
        }],
        mapped_pipes: vec![v1::MappedPipe {
            host_path: r"\\.\pipe\docker_engine".into(),
            container_pipe_name: "docker_engine".into(),
            ..v1::MappedPipe::default()
        }],
        endpoint_list: vec!["b7b3c5a0-9a77-4d3a-a0c5-3f1d0a0b0c0d".into()],
        allow_unqualified_dns_query: true,
        dns_search_list: "a.test,b.test".into(),
        terminate_on_last_handle_closed: true,
        mapped_virtual_disks: vec![v1::MappedVirtualDisk {
            host_path: r"C:\d.vhdx".into(),
            container_path: r"C:\d".into(),
            cache: CacheMode::PRIVATE_ALLOW_SHARING,
            ..v1::MappedVirtualDisk::default()
        }],
        assigned_devices: vec![v1::AssignedDevice {
            interface_class_guid: "5b45201d-f2f2-4f3b-85bb-30ff1f953599".into(),
            ..v1::AssignedDevice::default()
        }],
        ..v1::ContainerConfig::default()
    };
    check(
        &config,
        concat!(
            r#"{"SystemType":"Container","Name":"web","Owner":"docker","IgnoreFlushesDuringBoot":true,"#,
            r#""LayerFolderPath":"C:\\ProgramData\\docker\\windowsfilter\\web","#,
            r#""Layers":[{"ID":"6c2e1a1c-0b5f-5a7b-8e0c-0f1f0a0b0c0d","Path":"C:\\layers\\base"}],"#,
            r#""ProcessorCount":2,"ProcessorWeight":500,"ProcessorMaximum":10000,"StorageIOPSMaximum":100,"#,
            r#""StorageBandwidthMaximum":8589934592,"StorageSandboxSize":21474836480,"MemoryMaximumInMB":1024,"#,
            r#""HostName":"web","MappedDirectories":[{"HostPath":"C:\\data","ContainerPath":"C:\\in","ReadOnly":true,"#,
            r#""BandwidthMaximum":0,"IOPSMaximum":0,"CreateInUtilityVM":false,"LinuxMetadata":true}],"#,
            r#""MappedPipes":[{"HostPath":"\\\\.\\pipe\\docker_engine","ContainerPipeName":"docker_engine"}],"#,
            r#""HvPartition":false,"EndpointList":["b7b3c5a0-9a77-4d3a-a0c5-3f1d0a0b0c0d"],"#,
            r#""AllowUnqualifiedDNSQuery":true,"DNSSearchList":"a.test,b.test","TerminateOnLastHandleClosed":true,"#,
            r#""MappedVirtualDisks":[{"HostPath":"C:\\d.vhdx","ContainerPath":"C:\\d","#,
            r#""Cache":"PrivateAllowSharing","AttachOnly":false}],"#,
            r#""AssignedDevices":[{"InterfaceClassGuid":"5b45201d-f2f2-4f3b-85bb-30ff1f953599"}]}"#,
        ),
    );
}

#[test]
fn a_schema_1_linux_container_in_a_virtual_machine() {
    check(
        &v1::ContainerConfig {
            system_type: SystemType::CONTAINER,
            name: "lcow".into(),
            hv_partition: true,
            hv_runtime: Some(v1::HvRuntime {
                image_path: r"C:\Program Files\Linux Containers".into(),
                skip_template: true,
                linux_initrd_file: "initrd.img".into(),
                linux_kernel_file: "kernel".into(),
                linux_boot_parameters: "quiet".into(),
                boot_source: v1::BootSource::VHD,
                writable_boot_source: true,
                ..v1::HvRuntime::default()
            }),
            servicing: true,
            container_type: OsType::LINUX,
            ..v1::ContainerConfig::default()
        },
        concat!(
            r#"{"SystemType":"Container","Name":"lcow","Layers":null,"HvPartition":true,"#,
            r#""HvRuntime":{"ImagePath":"C:\\Program Files\\Linux Containers","SkipTemplate":true,"#,
            r#""LinuxInitrdFile":"initrd.img","LinuxKernelFile":"kernel","LinuxBootParameters":"quiet","#,
            r#""BootSource":"Vhd","WritableBootSource":true},"Servicing":true,"ContainerType":"Linux"}"#,
        ),
    );
}

#[test]
fn a_schema_1_process() {
    check(
        &v1::ProcessConfig {
            command_line: "cmd /c ver".into(),
            working_directory: r"C:\".into(),
            environment: [("b", "2"), ("A", "1"), ("a", "3")].map(|(k, v)| (k.into(), v.into())).into(),
            emulate_console: true,
            create_std_in_pipe: true,
            create_std_out_pipe: true,
            console_size: [50, 80],
            create_in_utility_vm: true,
            oci_specification: serde_json::json!({"ociVersion": "1.0.1"}),
            ..v1::ProcessConfig::default()
        },
        concat!(
            r#"{"CommandLine":"cmd /c ver","WorkingDirectory":"C:\\","Environment":{"A":"1","a":"3","b":"2"},"#,
            r#""EmulateConsole":true,"CreateStdInPipe":true,"CreateStdOutPipe":true,"ConsoleSize":[50,80],"#,
            r#""CreateInUtilityVm":true,"OCISpecification":{"ociVersion":"1.0.1"}}"#,
        ),
    );
}

#[test]
fn schema_1_properties() {
    let text = concat!(
        r#"{"Id":"web","State":"Running","Name":"web","SystemType":"Container","Owner":"docker","#,
        r#""SiloGuid":"s","RuntimeId":"r","RuntimeOsType":"Windows","Stopped":true,"ExitType":"GracefulExit","#,
        r#""Statistics":{"Timestamp":"2019-01-24T10:20:30.1234567Z","ContainerStartTime":"2019-01-24T10:20:00Z","#,
        r#""Uptime100ns":301234567,"Memory":{"MemoryUsageCommitBytes":5368709120},"#,
        r#""Processor":{"TotalRuntime100ns":3,"RuntimeUser100ns":1,"RuntimeKernel100ns":2},"#,
        r#""Storage":{"ReadCountNormalized":1,"ReadSizeBytes":2,"WriteCountNormalized":3,"WriteSizeBytes":4},"#,
        r#""Network":[{"BytesReceived":1,"EndpointId":"e"}]},"#,
        r#""ProcessList":[{"CreateTimestamp":"2019-01-24T10:20:01Z","ImageName":"smss.exe","ProcessId":4294967295}],"#,
        r#""MappedVirtualDiskControllers":{"0":{"MappedVirtualDisks":{"2":{"ContainerPath":"C:\\d","AttachOnly":true},"#,
        r#""10":{"ContainerPath":"","AttachOnly":false}}}},"#,
        r#""GuestConnectionInfo":{"SupportedSchemaVersions":[{"Major":1},{"Major":2,"Minor":1}],"ProtocolVersion":4,"#,
        r#""GuestDefinedCapabilities":{"NamespaceAddRequestSupported":true,"SignalProcessSupported":true}}}"#,
    );
    let properties = v1::ContainerProperties::from_json(text).unwrap();
    assert_eq!(properties.state, State::RUNNING);
    assert_eq!(properties.exit_type, ExitType::GRACEFUL_EXIT);
    let statistics = properties.statistics.as_ref().unwrap();
    assert_eq!(statistics.memory.usage_commit_bytes, 5 << 30, "beyond 32 bits");
    assert_eq!(properties.process_list[0].process_id, u32::MAX);
    assert!(properties.mapped_virtual_disk_controllers[&0].mapped_virtual_disks[&2].attach_only);
    check(&properties, text);
}

#[test]
fn a_schema_1_modification_has_its_own_order() {
    check(
        &v1::ResourceModificationRequestResponse {
            resource: ResourceType::NETWORK,
            data: "b7b3c5a0".into(),
            request: RequestType::ADD,
            ..v1::ResourceModificationRequestResponse::default()
        },
        r#"{"ResourceType":"Network","Settings":"b7b3c5a0","RequestType":"Add"}"#,
    );
    check(
        &v1::PropertyQuery {
            property_types: vec![PropertyType::STATISTICS, PropertyType::MAPPED_VIRTUAL_DISK],
            ..v1::PropertyQuery::default()
        },
        r#"{"PropertyTypes":["Statistics","MappedVirtualDisk"]}"#,
    );
}

#[test]
fn a_schema_2_container() {
    let text = concat!(
        r#"{"Owner":"containerd","SchemaVersion":{"Major":2,"Minor":1},"Container":{"GuestOs":{"HostName":"web"},"#,
        r#""Storage":{"Layers":[{"Id":"6c2e1a1c-0b5f-5a7b-8e0c-0f1f0a0b0c0d","Path":"C:\\l","PathType":"AbsolutePath","#,
        r#""Cache":"Enabled"}],"Path":"\\\\?\\Volume{1}","QoS":{"IopsMaximum":5,"BandwidthMaximum":4294967296}},"#,
        r#""MappedDirectories":[{"HostPath":"C:\\d","HostPathType":"AbsolutePath","ContainerPath":"C:\\e","ReadOnly":true}],"#,
        r#""MappedPipes":[{"ContainerPipeName":"p","HostPath":"\\\\.\\pipe\\p","HostPathType":"VirtualSmbPipeName"}],"#,
        r#""Memory":{"SizeInMB":512},"Processor":{"Count":2,"Maximum":5000,"Weight":100},"#,
        r#""Networking":{"AllowUnqualifiedDnsQuery":true,"DnsSearchList":"a.test","NetworkSharedContainerName":"pause","#,
        r#""Namespace":"n","NetworkAdapters":["e"]},"#,
        r#""HvSocket":{"Config":{"DefaultBindSecurityDescriptor":"D:P(A;;FA;;;SY)","ServiceTable":{"g":{"AllowWildcardBinds":true}}},"#,
        r#""EnablePowerShellDirect":true},"#,
        r#""ContainerCredentialGuard":{"Cookie":"c","RpcEndpoint":"r","Transport":"LRPC","CredentialSpec":"{}"},"#,
        r#""RegistryChanges":{"AddValues":[{"Key":{"Hive":"System","Name":"ControlSet001\\X","Volatile":true},"#,
        r#""Name":"v","Type":"QWord","QWordValue":4294967296}],"DeleteKeys":[{"Hive":"Software","Name":"Y"}]},"#,
        r#""AssignedDevices":[{"Type":"ClassGuid","InterfaceClassGuid":"i"}],"IsolationType":"HostProcess"},"#,
        r#""ShouldTerminateOnLastHandleClosed":true,"#,
        r#""LinuxHost":{"Labels":{"a":"1","b":"2"},"OsVersion":"10.0.17763.0","TimeZone":"Europe/Paris","#,
        r#""UserNamespace":"Auto","SeccompProfile":"Unconfined","KeepAfterExit":true}}"#,
    );
    let system = v2::ComputeSystem::from_json(text).unwrap();
    assert_eq!(system.schema_version, Some(Version::v2_1()));
    assert_eq!(system.linux_host.as_ref().unwrap().user_namespace, UserNamespace::AUTO);
    assert!(system.virtual_machine.is_null());
    assert_eq!(system.unknown_paths(), Vec::<String>::new());
    check(&system, text);
}

#[test]
fn a_virtual_machine_is_carried_as_it_is() {
    let text = concat!(
        r#"{"SchemaVersion":{"Major":2,"Minor":1},"VirtualMachine":{"Z":1,"A":{"b":[18446744073709551615,-1,1.5]}},"#,
        r#""ShouldTerminateOnLastHandleClosed":true}"#,
    );
    check(&v2::ComputeSystem::from_json(text).unwrap(), text);
}

#[test]
fn a_schema_2_modification() {
    check(
        &v2::ModifySettingRequest {
            resource_path: v2::resource_path::MEMORY_SIZE_IN_MB.into(),
            request_type: RequestType::UPDATE,
            settings: 2048.into(),
            ..v2::ModifySettingRequest::default()
        },
        r#"{"ResourcePath":"Container/Memory/SizeInMB","RequestType":"Update","Settings":2048}"#,
    );
}

#[test]
fn a_container_in_a_virtual_machine() {
    let text = concat!(
        r#"{"Owner":"containerd","SchemaVersion":{"Major":2,"Minor":1},"HostingSystemId":"vm","#,
        r#""HostedSystem":{"SchemaVersion":{"Major":2,"Minor":1},"Container":{"Storage":{"Layers":[{"Id":"l","Path":"C:\\l"}],"#,
        r#""Path":"C:\\c"}}},"ShouldTerminateOnLastHandleClosed":true}"#,
    );
    let system = v2::ComputeSystem::from_json(text).unwrap();
    let hosted = system.hosted_system.as_ref().unwrap().container.as_ref().unwrap();
    assert_eq!(hosted.storage.as_ref().unwrap().path, r"C:\c");
    check(&system, text);
    // A Linux guest's has members that no type of ours knows.
    let linux = r#"{"HostedSystem":{"SchemaVersion":{"Major":2,"Minor":1},"OciBundlePath":"/run/c","OciSpecification":{"process":{"args":["a"]}}}}"#;
    check(&v2::ComputeSystem::from_json(linux).unwrap(), linux);
}

#[test]
fn changes_within_a_guest() {
    let disk = v2::LcowMappedVirtualDisk {
        mount_path: "/run/d".into(),
        lun: 1,
        read_only: true,
        ..v2::LcowMappedVirtualDisk::default()
    };
    let request = v2::GuestModificationRequest {
        request_type: RequestType::ADD,
        resource_type: ResourceType::MAPPED_VIRTUAL_DISK,
        settings: serde_json::to_value(&disk).unwrap(),
        ..v2::GuestModificationRequest::default()
    };
    check(
        &v2::ModifySettingRequest {
            resource_path: "VirtualMachine/Devices/Scsi/0/Attachments/1".into(),
            request_type: RequestType::ADD,
            settings: serde_json::json!({"Type": "VirtualDisk", "Path": r"C:\d.vhdx"}),
            guest_request: serde_json::to_value(&request).unwrap(),
            ..v2::ModifySettingRequest::default()
        },
        concat!(
            r#"{"ResourcePath":"VirtualMachine/Devices/Scsi/0/Attachments/1","RequestType":"Add","#,
            r#""Settings":{"Type":"VirtualDisk","Path":"C:\\d.vhdx"},"#,
            r#""GuestRequest":{"RequestType":"Add","ResourceType":"MappedVirtualDisk","#,
            r#""Settings":{"MountPath":"/run/d","Lun":1,"ReadOnly":true}}}"#,
        ),
    );
    let adapter = concat!(
        r#"{"NamespaceID":"n","ID":"a","MacAddress":"00-15-5d-00-00-01","IPAddress":"10.0.0.2","PrefixLength":24,"#,
        r#""GatewayAddress":"10.0.0.1","DNSSuffix":"a.test","DNSServerList":"10.0.0.1","EnableLowMetric":true,"#,
        r#""EncapOverhead":50}"#,
    );
    assert!(v2::LcowNetworkAdapter::from_json(adapter).unwrap().unknown.is_empty());
    check(&v2::LcowNetworkAdapter::from_json(adapter).unwrap(), adapter);
    let group = r#"{"Operation":"CreateGroup","OperationDetails":{"GroupId":"g","LogicalProcessorCount":2,"LogicalProcessors":[0,1]}}"#;
    check(&v2::HostProcessorModificationRequest::from_json(group).unwrap(), group);
}

/// The Go library leaves out no struct, so these objects stand in each document of its clients (`networking.md` 0.12).
#[test]
fn empty_network_documents_hold_what_is_always_written() {
    check(
        &hcn::HostComputeNetwork::default(),
        r#"{"MacPool":{},"Dns":{},"Health":{"Extra":{}},"SchemaVersion":{"Major":0,"Minor":0}}"#,
    );
    check(
        &hcn::HostComputeEndpoint::default(),
        r#"{"Dns":{},"Health":{"Extra":{}},"SchemaVersion":{"Major":0,"Minor":0}}"#,
    );
    check(&hcn::HostComputeNamespace::default(), r#"{"SchemaVersion":{"Major":0,"Minor":0}}"#);
    check(&hcn::HostComputeLoadBalancer::default(), r#"{"SchemaVersion":{"Major":0,"Minor":0}}"#);
    check(&hcn::HostComputeRoute::default(), r#"{"SchemaVersion":{"Major":0,"Minor":0}}"#);
    check(&hcn::EndpointPolicy::default(), r#"{"Type":""}"#);
    check(&hcn::AclPolicySetting::default(), r#"{"Action":"","Direction":""}"#);
    check(
        &hcn::RemoteSubnetRoutePolicySetting::default(),
        r#"{"DestinationPrefix":"","IsolationId":0,"ProviderAddress":"","DistributedRouterMacAddress":""}"#,
    );
    check(&hns::Network::default(), "{}");
    check(&hns::Endpoint::default(), "{}");
    check(&hns::PolicyList::default(), "{}");
    check(&hns::Namespace::default(), r#"{"ID":""}"#);
    check(&hns::ElbPolicy::default(), r#"{"Type":"","InternalPort":0,"ExternalPort":0}"#);
}

#[test]
fn a_query_for_what_has_a_name() {
    check(
        &hcn::HostComputeQuery::filtered("Name", "my \"net\""),
        r#"{"SchemaVersion":{"Major":2,"Minor":0},"Filter":"{\"Name\":\"my \\\"net\\\"\"}"}"#,
    );
    check(&hcn::HostComputeQuery::all(), r#"{"SchemaVersion":{"Major":2,"Minor":0}}"#);
}

/// A NAT network of the Go library's tests (`networking.md` 5.1), and an endpoint on it with policies.
#[test]
fn a_nat_network_and_its_endpoint() {
    let network = hcn::HostComputeNetwork {
        name: "GoTestNat".into(),
        network_type: hcn::NetworkType::NAT,
        mac_pool: hcn::MacPool {
            ranges: vec![hcn::MacRange {
                start_mac_address: "00-15-5D-52-C0-00".into(),
                end_mac_address: "00-15-5D-52-CF-FF".into(),
                ..hcn::MacRange::default()
            }],
            ..hcn::MacPool::default()
        },
        ipams: vec![hcn::Ipam {
            ipam_type: "Static".into(),
            subnets: vec![hcn::Subnet {
                ip_address_prefix: "192.168.100.0/24".into(),
                routes: vec![hcn::Route {
                    next_hop: "192.168.100.1".into(),
                    destination_prefix: "0.0.0.0/0".into(),
                    ..hcn::Route::default()
                }],
                ..hcn::Subnet::default()
            }],
            ..hcn::Ipam::default()
        }],
        schema_version: hcn::Version::v2_0(),
        ..hcn::HostComputeNetwork::default()
    };
    check(
        &network,
        concat!(
            r#"{"Name":"GoTestNat","Type":"NAT","MacPool":{"Ranges":[{"StartMacAddress":"00-15-5D-52-C0-00","#,
            r#""EndMacAddress":"00-15-5D-52-CF-FF"}]},"Dns":{},"Ipams":[{"Type":"Static","Subnets":["#,
            r#"{"IpAddressPrefix":"192.168.100.0/24","Routes":[{"NextHop":"192.168.100.1","#,
            r#""DestinationPrefix":"0.0.0.0/0"}]}]}],"Health":{"Extra":{}},"SchemaVersion":{"Major":2,"Minor":0}}"#,
        ),
    );
    let setting = hcn::EndpointPolicySetting::PortMapping(hcn::PortMappingPolicySetting {
        protocol: 6,
        internal_port: 80,
        external_port: 8080,
        ..hcn::PortMappingPolicySetting::default()
    });
    let endpoint = hcn::HostComputeEndpoint {
        name: "web".into(),
        host_compute_network: "n".into(),
        policies: Option::from(setting.clone()).into_iter().collect(),
        flags: hcn::EndpointFlags::REMOTE_ENDPOINT,
        schema_version: hcn::Version::v2_0(),
        ..hcn::HostComputeEndpoint::default()
    };
    check(
        &endpoint,
        concat!(
            r#"{"Name":"web","HostComputeNetwork":"n","Policies":[{"Type":"PortMapping","#,
            r#""Settings":{"Protocol":6,"InternalPort":80,"ExternalPort":8080}}],"Dns":{},"Flags":1,"#,
            r#""Health":{"Extra":{}},"SchemaVersion":{"Major":2,"Minor":0}}"#,
        ),
    );
    assert_eq!(endpoint.policies[0].setting().unwrap(), setting);
}

#[test]
fn a_policy_is_read_by_its_type_in_any_letter_case_and_names_what_is_wrong() {
    let policy = |text: &str| hcn::EndpointPolicy::from_json(text).unwrap().setting();
    let sdn = r#"{"Type":"SDNROUTE","Settings":{"NextHop":"10.0.0.1"}}"#;
    assert!(
        matches!(policy(sdn), Ok(hcn::EndpointPolicySetting::SdnRoute(route)) if route.next_hop == "10.0.0.1")
    );
    let data = r#"{"Type":"portname","Data":{"Name":"p"}}"#;
    assert!(matches!(policy(data), Ok(hcn::EndpointPolicySetting::PortName(name)) if name.name == "p"));
    assert_eq!(policy(r#"{"Type":"Unheard","Settings":7}"#).unwrap(), hcn::EndpointPolicySetting::Other);
    let wrong = r#"{"Type":"PortMapping","Settings":{"ExternalPort":65536}}"#;
    assert_eq!(policy(wrong).unwrap_err().path, "Settings.ExternalPort");
    let wrong = r#"{"Type":"ACL","Settings":"x"}"#;
    assert_eq!(policy(wrong).unwrap_err().path, "Settings");
    let flat = serde_json::json!({"Type": "nat", "Protocol": 6});
    assert_eq!(hns::PolicySetting::read(&flat).unwrap_err().path, "Protocol");
}
