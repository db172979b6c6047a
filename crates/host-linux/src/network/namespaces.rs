//! Namespaces: made, changed, removed.

use hcs_contract::reading::is_added;
use hcs_contract::{Error, Hresult, NetworkObjectKind, Object, ObjectKind, Result};
use hcs_schema::network::hcn::{
    HostComputeNamespace, ModifyNamespaceSettingRequest, NamespaceEndpointRequest, NamespaceResource,
    NamespaceResourceType, NamespaceType, Version,
};
use hcs_schema::{Document as _, from_json};

use super::engine::World;
use super::errors::invalid;
use super::store::{Holder, Kind, NamespaceRow, Phase, Tables};
use super::{given, ids, netns};

/// The number of the host's own compartment, as Windows has it.
const HOST: u32 = 1;

/// The namespace that every host has: its own. Made if there is none of this kind.
pub(super) fn keep_host_default(tables: &Tables<'_>) -> Result<()> {
    if tables.host_default()?.is_some() {
        return Ok(());
    }
    let id = ids::new()?;
    let document = HostComputeNamespace {
        id: id.clone(),
        namespace_id: HOST,
        namespace_type: NamespaceType::HOST_DEFAULT,
        schema_version: Version::v2_0(),
        ..HostComputeNamespace::default()
    };
    if let Some(number) = tables.add_namespace(&id, Kind::HostDefault, &document.to_json())? {
        tables.set_namespace_phase(number, Phase::There)?;
    }
    Ok(())
}

impl World<'_> {
    /// Makes a namespace of a document; its id.
    pub(super) fn create_namespace(
        &mut self,
        id: Option<&str>,
        mut document: HostComputeNamespace,
    ) -> Result<String> {
        let id = ids::choose(id, &document.id)?;
        document.id.clone_from(&id);
        if document.namespace_type.as_str().is_empty() {
            document.namespace_type = NamespaceType::HOST;
        }
        if document.schema_version.major < 2 {
            document.schema_version = Version::v2_0();
        }
        let resources = std::mem::take(&mut document.resources);
        let kind = match document.namespace_type.known() {
            Some(kind) if *kind == NamespaceType::HOST => Kind::Host,
            Some(kind) if *kind == NamespaceType::HOST_DEFAULT => Kind::HostDefault,
            Some(kind) if *kind == NamespaceType::GUEST => Kind::Guest,
            Some(kind) if *kind == NamespaceType::GUEST_DEFAULT => Kind::GuestDefault,
            _ => {
                let message = format!("{:?} is no kind of namespace", document.namespace_type.as_str());
                return Err(invalid(Hresult::E_INVALIDARG, "Type", message));
            }
        };
        let given = given::of_document(&document)?;
        let (kind, theirs) = match given {
            None => (kind, None),
            Some(given) if kind == Kind::Host => (Kind::Given, Some(self.engine.open_given(&given)?)),
            Some(_) => {
                let reason = "a network namespace that is there already is one of the type Host";
                return Err(Error::not_supported(given::MEMBER, reason));
            }
        };
        let row = self.intend(|tables| {
            let taken = || {
                let object = Object::new(ObjectKind::Namespace, id.clone());
                Error::already_exists(object).with_hresult(Hresult::ERROR_ALREADY_EXISTS)
            };
            let text = document.to_json();
            let number = tables.add_namespace(&id, kind, &text)?.ok_or_else(taken)?;
            Ok(NamespaceRow { number, id: id.clone(), kind, document: text })
        })?;
        match theirs {
            Some(theirs) => netns::name(&theirs, &self.engine.netns_path(&row.id))?,
            None => drop(self.engine.netns_of_namespace(&row, true)?),
        }
        self.settled(|tables| tables.set_namespace_phase(row.number, Phase::There))?;
        for (at, resource) in resources.iter().enumerate() {
            let attached = if resource.resource_type == NamespaceResourceType::ENDPOINT {
                self.attach_to_namespace(&id, resource.id())
            } else {
                Err(no_containers(&format!("Resources[{at}]")))
            };
            if let Err(error) = attached {
                // What fails leaves nothing behind.
                self.delete_namespace(&id)?;
                return Err(error);
            }
        }
        Ok(id)
    }

    /// Removes a namespace; its endpoints stay, attached to nothing.
    pub(super) fn delete_namespace(&mut self, id: &str) -> Result<()> {
        let row = self.namespace(id)?;
        let held = self.store.read(|tables| tables.endpoints_held(&Holder::Namespace(row.number)))?;
        self.intend(|tables| {
            for endpoint in &held {
                tables.let_go(endpoint.number)?;
            }
            tables.set_namespace_phase(row.number, Phase::Going)
        })?;
        self.take_all_off(&held)?;
        if matches!(row.kind, Kind::Host | Kind::Given) {
            netns::remove(&self.engine.netns_path(&row.id))?;
        }
        self.settled(|tables| {
            tables.remove_namespace(row.number)?;
            keep_host_default(tables)
        })
    }

    /// Attaches an endpoint to a namespace, or detaches it.
    pub(super) fn modify_namespace(&mut self, id: &str, settings: &str) -> Result<()> {
        let row = self.namespace(id)?;
        let ModifyNamespaceSettingRequest { resource_type, request_type, settings, unknown: _ } =
            from_json(settings)?;
        if resource_type == NamespaceResourceType::CONTAINER {
            return Err(no_containers("ResourceType"));
        }
        if resource_type != NamespaceResourceType::ENDPOINT {
            let message = "it must be Endpoint: endpoints are attached and detached";
            return Err(invalid(Hresult::E_INVALIDARG, "ResourceType", message));
        }
        let added = is_added(&request_type.as_str().into())?;
        let NamespaceEndpointRequest { endpoint_id, unknown: _ } =
            NamespaceEndpointRequest::from_json(&settings.to_string())?;
        if endpoint_id.is_empty() {
            return Err(invalid(Hresult::E_INVALIDARG, "Settings.EndpointId", "it must name an endpoint"));
        }
        if added {
            return self.attach_to_namespace(&row.id, &endpoint_id);
        }
        let endpoint = self.referred(&endpoint_id)?;
        self.detach(&endpoint, &Holder::Namespace(row.number))
    }

    fn namespace(&mut self, id: &str) -> Result<NamespaceRow> {
        let row = self.store.read(|tables| tables.namespace(id))?;
        row.ok_or_else(|| NetworkObjectKind::Namespace.not_found(id))
    }
}

fn no_containers(field: &str) -> Error {
    let reason = "a container enters a namespace by its own document (Container.Networking.Namespace)";
    Error::not_supported(field.to_owned(), reason)
}

/// The document of a namespace, with what is in it. `compartment`: the kernel's number of it.
pub(super) fn document(
    tables: &Tables<'_>,
    row: &NamespaceRow,
    compartment: Option<u32>,
) -> Result<HostComputeNamespace> {
    let mut document = HostComputeNamespace::from_json(&row.document)?;
    match row.kind {
        Kind::Host | Kind::Given => document.namespace_id = compartment.unwrap_or_default(),
        Kind::HostDefault => document.namespace_id = HOST,
        Kind::Guest | Kind::GuestDefault => {}
    }
    for endpoint in tables.endpoints_held(&Holder::Namespace(row.number))? {
        document.resources.push(NamespaceResource::endpoint(&endpoint.id));
    }
    Ok(document)
}
