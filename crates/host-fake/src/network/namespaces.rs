//! Namespaces: made, changed and removed.

use hcs_contract::{Error, Hresult, NetworkEventKind, NetworkObjectKind, Result};
use hcs_schema::network::hcn::{
    HostComputeNamespace, ModifyNamespaceSettingRequest, NamespaceContainerRequest, NamespaceEndpointRequest,
    NamespaceResource, NamespaceResourceType, NamespaceType, RequestType, Version,
};

use super::policies::no_resource;
use super::store::{HOST_COMPARTMENT, Namespace, State};
use super::{invalid, read};

impl State {
    /// Makes a namespace; its id.
    pub(super) fn create_namespace(
        &mut self,
        id: Option<&str>,
        mut namespace: HostComputeNamespace,
    ) -> Result<String> {
        let id = self.choose_id(NetworkObjectKind::Namespace, id, &namespace.id)?;
        namespace.id.clone_from(&id);
        if namespace.namespace_type.as_str().is_empty() {
            namespace.namespace_type = NamespaceType::HOST;
        }
        match namespace.namespace_type.known() {
            Some(kind) if *kind == NamespaceType::HOST && namespace.namespace_id == 0 => {
                let used = self.namespaces.values().map(|other| other.document.namespace_id).max();
                namespace.namespace_id = used.unwrap_or(HOST_COMPARTMENT) + 1;
            }
            Some(_) => {}
            None => {
                let message = format!("{:?} is no type of namespace", namespace.namespace_type.as_str());
                return Err(invalid(Hresult::E_INVALIDARG, "Type", message));
            }
        }
        if namespace.schema_version.major < 2 {
            namespace.schema_version = Version::v2_0();
        }
        let resources = std::mem::take(&mut namespace.resources);
        self.namespaces.insert(&id, Namespace { document: namespace, containers: Vec::new() });
        for resource in &resources {
            if let Err(error) = self.change_namespace(&id, &resource.resource_type, resource.id(), true) {
                // What fails leaves nothing behind.
                self.delete_namespace(&id)?;
                self.events.clear();
                return Err(error);
            }
        }
        self.tell(NetworkEventKind::NAMESPACE_CREATE, &id);
        Ok(id)
    }

    /// The namespace with what is in it.
    pub(super) fn namespace_document(&self, id: &str) -> Option<HostComputeNamespace> {
        let Namespace { document, containers } = self.namespaces.get(id)?;
        let endpoints = self.endpoints.values().map(|endpoint| &endpoint.document);
        let mut document = document.clone();
        let in_it = endpoints.filter(|endpoint| endpoint.host_compute_namespace == document.id);
        document.resources = in_it
            .map(|endpoint| NamespaceResource::endpoint(&endpoint.id))
            .chain(containers.iter().map(|id| NamespaceResource::container(id)))
            .collect();
        Some(document)
    }

    /// Does what a request asks.
    pub(super) fn modify_namespace(
        &mut self,
        id: &str,
        request: &ModifyNamespaceSettingRequest,
    ) -> Result<()> {
        let ModifyNamespaceSettingRequest { resource_type, request_type, settings, unknown: _ } = request;
        let add = match request_type.known() {
            Some(kind) if *kind == RequestType::ADD => true,
            Some(kind) if *kind == RequestType::REMOVE => false,
            _ => {
                let reason = format!("{:?} is neither Add nor Remove", request_type.as_str());
                return Err(Error::not_supported("RequestType", reason));
            }
        };
        let settings = settings.to_string();
        let (path, resource) = match resource_type.known().map(NamespaceResourceType::as_str) {
            Some("Endpoint") => {
                ("Settings.EndpointId", read::<NamespaceEndpointRequest>(&settings)?.endpoint_id)
            }
            Some("Container") => {
                ("Settings.ContainerId", read::<NamespaceContainerRequest>(&settings)?.container_id)
            }
            _ => return Err(no_resource(NetworkObjectKind::Namespace, resource_type.as_str())),
        };
        if resource.is_empty() {
            return Err(invalid(Hresult::E_INVALIDARG, path, "it must name one"));
        }
        self.change_namespace(id, resource_type, &resource, add)
    }

    fn change_namespace(
        &mut self,
        id: &str,
        kind: &NamespaceResourceType,
        resource: &str,
        add: bool,
    ) -> Result<()> {
        if kind.known() == Some(&NamespaceResourceType::ENDPOINT) {
            return if add { self.attach(resource, id) } else { self.detach(resource, id) };
        }
        let namespace =
            self.namespaces.get_mut(id).ok_or_else(|| NetworkObjectKind::Namespace.not_found(id))?;
        let present = namespace.containers.iter().any(|container| container == resource);
        if add && !present {
            namespace.containers.push(resource.to_owned());
        } else if !add {
            namespace.containers.retain(|container| container != resource);
        }
        Ok(())
    }

    /// Removes a namespace; its endpoints stay, in none.
    pub(super) fn delete_namespace(&mut self, id: &str) -> Result<()> {
        let Some(document) = self.namespace_document(id) else {
            return Err(NetworkObjectKind::Namespace.not_found(id));
        };
        for resource in &document.resources {
            if resource.resource_type == NamespaceResourceType::ENDPOINT {
                self.detach(resource.id(), &document.id)?;
            }
        }
        self.namespaces.remove(id);
        self.tell(NetworkEventKind::NAMESPACE_DELETE, &document.id);
        Ok(())
    }
}
