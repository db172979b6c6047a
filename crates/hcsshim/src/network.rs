//! What the compute side knows of networks: endpoints of containers that run, and the compartment of a thread.

use hcs_contract::{Error, Result};
use hcs_schema::compute::v1::ResourceModificationRequestResponse;
use hcs_schema::compute::{RequestType, ResourceType};

use crate::{Container, Host};

impl Container {
    /// Attaches an endpoint of a network, by its id, while it runs.
    ///
    /// Service call: `HcsModifyComputeSystem` with a schema 1 request (`Network`, `Add`).
    ///
    /// # Errors
    /// Not found, for an endpoint that is not there; not supported, by a host without networks; the service's own.
    pub fn attach_endpoint(&self, endpoint_id: &str) -> Result<()> {
        self.modify(&endpoint(endpoint_id, RequestType::ADD))
    }

    /// Takes an endpoint away.
    ///
    /// Service call: `HcsModifyComputeSystem` with a schema 1 request (`Network`, `Remove`).
    ///
    /// # Errors
    /// As [`Container::attach_endpoint`].
    pub fn detach_endpoint(&self, endpoint_id: &str) -> Result<()> {
        self.modify(&endpoint(endpoint_id, RequestType::REMOVE))
    }
}

fn endpoint(id: &str, request: RequestType) -> ResourceModificationRequestResponse {
    ResourceModificationRequestResponse {
        resource: ResourceType::NETWORK,
        data: id.into(),
        request,
        ..ResourceModificationRequestResponse::default()
    }
}

impl Host {
    /// Opens a container and attaches an endpoint to it ([`Container::attach_endpoint`]), unless it is attached already.
    ///
    /// Service calls: `HNSCall` (`GET /endpoints/{id}`), `HcsOpenComputeSystem`, `HcsModifyComputeSystem`,
    /// `HcsCloseComputeSystem`.
    ///
    /// # Errors
    /// Not found, for a container or an endpoint that is not there; those of [`Container::attach_endpoint`].
    #[doc(alias = "HotAttachEndpoint")]
    pub fn hot_attach_endpoint(&self, container_id: &str, endpoint_id: &str) -> Result<()> {
        if self.is_attached(container_id, endpoint_id)? == Some(true) {
            return Ok(());
        }
        self.open_container(container_id)?.attach_endpoint(endpoint_id)
    }

    /// Opens a container and takes an endpoint from it ([`Container::detach_endpoint`]), unless it is not attached.
    ///
    /// Service calls: `HNSCall` (`GET /endpoints/{id}`), `HcsOpenComputeSystem`, `HcsModifyComputeSystem`,
    /// `HcsCloseComputeSystem`.
    ///
    /// # Errors
    /// As [`Host::hot_attach_endpoint`].
    #[doc(alias = "HotDetachEndpoint")]
    pub fn hot_detach_endpoint(&self, container_id: &str, endpoint_id: &str) -> Result<()> {
        if self.is_attached(container_id, endpoint_id)? == Some(false) {
            return Ok(());
        }
        self.open_container(container_id)?.detach_endpoint(endpoint_id)
    }

    /// Whether the network service says that an endpoint is attached; none where there is none to ask.
    fn is_attached(&self, container_id: &str, endpoint_id: &str) -> Result<Option<bool>> {
        match self.hns() {
            Ok(hns) => hns.is_attached(endpoint_id, container_id).map(Some),
            Err(_) => Ok(None),
        }
    }

    /// Moves the calling thread, and no other, into a compartment: what it opens from then on (sockets) belongs to the
    /// network there. 1 is the host's own, others are those of containers ([`Host::compartment_id`]).
    ///
    /// The thread stays there until it is moved back; one of a pool, as async runtimes have, would take others' work
    /// along. On Linux a compartment is a network namespace, and it takes root's rights. No service call: on Windows it
    /// is `SetCurrentThreadCompartmentId` of iphlpapi.dll.
    ///
    /// # Errors
    /// Not found, for a number that no container of this host has; invalid argument for 0, which is none; access denied;
    /// not supported, by a host without compartments.
    #[doc(alias = "SetCurrentThreadCompartmentId")]
    pub fn set_current_thread_compartment_id(&self, id: u32) -> Result<()> {
        #[cfg(target_os = "linux")]
        if let Some(engine) = self.linux() {
            return engine.set_current_thread_compartment_id(id);
        }
        let _ = id;
        Err(no_compartments())
    }

    /// The compartment that the calling thread is in.
    ///
    /// # Errors
    /// Not supported, by a host without compartments; the operating system's.
    pub fn current_thread_compartment_id(&self) -> Result<u32> {
        #[cfg(target_os = "linux")]
        if let Some(engine) = self.linux() {
            return engine.current_thread_compartment_id();
        }
        Err(no_compartments())
    }

    /// The compartment of a container's programs.
    ///
    /// # Errors
    /// Not found; already stopped, for a container that has none any more; not supported, by a host without compartments.
    pub fn compartment_id(&self, container_id: &str) -> Result<u32> {
        #[cfg(target_os = "linux")]
        if let Some(engine) = self.linux() {
            return engine.compartment_id(container_id);
        }
        let _ = container_id;
        Err(no_compartments())
    }
}

fn no_compartments() -> Error {
    Error::not_supported("compartments", "this host gives threads no network of their own")
}
