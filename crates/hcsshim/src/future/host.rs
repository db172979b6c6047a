//! [`crate::Host`] with futures.

use std::borrow::Cow;

use hcs_contract::{Object, OperationKind, Result};
use hcs_schema::compute::{ComputeSystemQuery, v1, v2};

use super::Container;
use super::apart::apart;
use crate::ContainerDocument;

/// A host of containers: [`crate::Host`], whose calls are awaited.
#[derive(Clone, Debug)]
pub struct Host(crate::Host);

impl From<crate::Host> for Host {
    fn from(host: crate::Host) -> Self {
        Self(host)
    }
}

impl Host {
    /// The same host, whose calls wait.
    pub fn blocking(&self) -> &crate::Host {
        &self.0
    }

    /// As [`crate::Host::create_container`].
    ///
    /// # Errors
    /// As there.
    pub async fn create_container(
        &self,
        id: &str,
        document: &(impl ContainerDocument + ?Sized),
    ) -> Result<Container> {
        let (host, json, guest) = (self.0.clone(), document.json().into_owned(), document.guest());
        let deadlines = self.0.deadlines();
        // When it takes too long, what has been made is ended before the failure is told.
        let limit = deadlines.create.saturating_add(deadlines.terminate);
        let owned = id.to_owned();
        let create = move || host.create_container_from(&owned, Cow::Owned(json), guest);
        apart(OperationKind::Create, Object::system(id), Some(limit), create).await.map(Container::from)
    }

    /// As [`crate::Host::open_container`].
    ///
    /// # Errors
    /// As there.
    pub async fn open_container(&self, id: &str) -> Result<Container> {
        let (host, owned) = (self.0.clone(), id.to_owned());
        let limit = self.0.deadlines().open;
        let open = move || host.open_container(&owned);
        apart(OperationKind::OpenSystem, Object::system(id), Some(limit), open).await.map(Container::from)
    }

    /// As [`crate::Host::containers`].
    ///
    /// # Errors
    /// As there.
    pub async fn containers(&self, query: &ComputeSystemQuery) -> Result<Vec<v1::ContainerProperties>> {
        let (host, query) = (self.0.clone(), query.clone());
        let limit = self.0.deadlines().enumerate;
        let list = move || host.containers(&query);
        apart(OperationKind::Enumerate, Object::service(), Some(limit), list).await
    }

    /// As [`crate::Host::service_properties`].
    ///
    /// # Errors
    /// As there.
    pub async fn service_properties(&self, query: &v2::PropertyQuery) -> Result<v2::ServiceProperties> {
        let (host, query) = (self.0.clone(), query.clone());
        let limit = self.0.deadlines().enumerate;
        let ask = move || host.service_properties(&query);
        apart(OperationKind::GetServiceProperties, Object::service(), Some(limit), ask).await
    }
}
