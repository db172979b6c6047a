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
    let _ = |it: &hcsshim::DriverInfo| {
        let _ = &it.flavour;
    };
    let _ = |it: &hcsshim::DriverInfo| {
        let _ = &it.home_dir;
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
