//! The network part of the contract: the service (HNS v1 and HCN v2) and its objects.
//!
//! Rules for every method, beside those of the crate's header; `networking.md` 0–4 is where they come from:
//! - These calls block until what they ask for is done, as those of the service's DLLs do. A host ends a call that
//!   can take long (it waits for another process's change, for the kernel, for a connection) by the limit of
//!   [`crate::Deadlines::network`], with [`crate::ErrorKind::Timeout`].
//! - Both generations see the same objects: what [`NetworkService::hns_call`] makes, [`NetworkService::open`] finds.
//! - An id is the text of a GUID: 36 characters with dashes, without braces, in any case. Any other text is
//!   [`Hresult::HCN_E_GUID_CONVERSION_FAILURE`]. Ids compare without regard to case; an object keeps one text of its
//!   id, and every answer has that text: as it was given, otherwise lower case.
//! - A document that does not parse is [`crate::ErrorKind::InvalidDocument`] ([`Hresult::HCN_E_INVALID_JSON`]).
//!   Unknown members are kept and echoed. A known one that the host can't honour is
//!   [`crate::ErrorKind::NotSupported`] with its path.
//! - `settings` are a document of HCN v2, or of HNS v1 where its members say so (`Subnets`, `VirtualNetwork`, …);
//!   answers of handles follow the query's schema version, which is 2 when it says nothing. An empty `query` is the
//!   empty document.
//! - [`NetworkService::open`] and [`NetworkService::delete`] of an id that nobody has, of any kind, fail with
//!   [`Hresult::ERROR_NOT_FOUND`]. References within documents have the codes of their kind
//!   ([`Hresult::HCN_E_NETWORK_NOT_FOUND`], [`Hresult::HCN_E_ENDPOINT_NOT_FOUND`]).
//! - What fails leaves nothing behind: no object, address, port or id.
//! - Open handles never keep an object from being deleted. What is asked of one whose object is gone fails as
//!   [`NetworkService::open`] does.

mod envelope;
mod event;
mod record;

use std::fmt;
use std::sync::Arc;

use crate::{Error, Guid, Hresult, Object, ObjectKind, OperationKind, Result, Subscription};

pub use envelope::HnsEnvelope;
pub use event::{NetworkCallback, NetworkEvent, NetworkEventKind};
pub use record::ErrorRecord;

/// A host's networks: makes, finds, lists and deletes network objects.
#[doc(alias = "HNSCall")]
pub trait NetworkService: fmt::Debug + Send + Sync {
    /// One request of HNS v1, such as `GET`, `/networks/` and an empty `object`. The answer is the text of an
    /// [`HnsEnvelope`]: failures of the request stand in it.
    ///
    /// # Errors
    /// Only what makes the call itself fail, so that there is no envelope: the service is not there, its connection
    /// is lost, a deadline passed.
    fn hns_call(&self, method: &str, path: &str, object: &str) -> Result<String>;

    /// Lists the objects of one kind that `query` (`HostComputeQuery`) matches: a JSON array of their ids in the
    /// order in which they were made, `[]` for none.
    ///
    /// # Errors
    /// An invalid query; a filter that names no member.
    fn enumerate(&self, kind: NetworkObjectKind, query: &str) -> Result<String>;

    /// Makes a network, namespace, load balancer or route. Its id is `id`, or the `ID` of `settings`, or a random one.
    ///
    /// # Errors
    /// - An id in use: [`Hresult::HCN_E_NETWORK_ALREADY_EXISTS`] for a network, [`Hresult::ERROR_ALREADY_EXISTS`]
    ///   for the others. An address range that another network has: [`Hresult::HCN_E_NETWORK_ALREADY_EXISTS`].
    /// - An endpoint named in `settings` that nobody has: [`Hresult::HCN_E_ENDPOINT_NOT_FOUND`].
    /// - [`Hresult::HCN_E_INVALID_NETWORK_TYPE`], [`Hresult::HCN_E_INVALID_POLICY_TYPE`],
    ///   [`Hresult::HCN_E_INVALID_POLICY`], [`Hresult::HCN_E_INVALID_PREFIX`] and so on, by what is wrong.
    /// - [`NetworkObjectKind::Endpoint`] is [`Hresult::E_INVALIDARG`]: see [`NetworkService::create_endpoint`].
    fn create(
        &self,
        kind: NetworkObjectKind,
        id: Option<&str>,
        settings: &str,
    ) -> Result<Arc<dyn NetworkObject>>;

    /// Makes an endpoint on the network with the id `network`. Its id is found as [`NetworkService::create`] finds it.
    ///
    /// What `settings` leaves open is filled in: MAC and addresses by the lowest that is free, routes and DNS by the
    /// network.
    ///
    /// # Errors
    /// - No such network: [`Hresult::HCN_E_NETWORK_NOT_FOUND`]. An id in use: [`Hresult::ERROR_ALREADY_EXISTS`].
    /// - A published port that is taken, by another endpoint or another program:
    ///   [`Hresult::HCN_E_PORT_ALREADY_EXISTS`].
    /// - An address that is taken or reserved, or none that is free: [`Hresult::HCN_E_ADDR_INVALID_OR_RESERVED`];
    ///   one outside of every subnet: [`Hresult::HCN_E_SUBNET_NOT_FOUND`].
    /// - Policies as for [`NetworkService::create`].
    fn create_endpoint(
        &self,
        network: &str,
        id: Option<&str>,
        settings: &str,
    ) -> Result<Arc<dyn NetworkObject>>;

    /// Opens another handle of an object that exists.
    ///
    /// # Errors
    /// [`Hresult::ERROR_NOT_FOUND`].
    fn open(&self, kind: NetworkObjectKind, id: &str) -> Result<Arc<dyn NetworkObject>>;

    /// Deletes an object, whoever has handles of it. A network takes its endpoints along, an endpoint leaves its
    /// namespace, a namespace detaches its endpoints.
    ///
    /// # Errors
    /// [`Hresult::ERROR_NOT_FOUND`].
    fn delete(&self, kind: NetworkObjectKind, id: &str) -> Result<()>;

    /// Registers for what happens to the objects of this host from now on, whoever makes it happen. Hosts without it
    /// leave this default, which refuses.
    ///
    /// # Errors
    /// [`crate::ErrorKind::NotSupported`]; the operating system's or the connection's.
    fn subscribe(&self, callback: NetworkCallback) -> Result<Subscription> {
        drop(callback);
        let refused = Error::not_supported("subscribe", "this host can't tell what happens to its networks");
        Err(refused.with_operation(OperationKind::Subscribe).with_object(Object::service()))
    }
}

/// A handle of one network object.
pub trait NetworkObject: fmt::Debug + Send + Sync {
    /// What it is.
    fn kind(&self) -> NetworkObjectKind;

    /// Its id, in the object's own text.
    fn id(&self) -> &str;

    /// Changes it: a `ModifyNetworkSettingRequest`, `ModifyEndpointSettingRequest` or `ModifyNamespaceSettingRequest`;
    /// for a load balancer the whole document that replaces it. Routes can't be changed ([`Hresult::E_NOTIMPL`]).
    ///
    /// # Errors
    /// - A policy to remove that is not there: [`Hresult::HCN_E_POLICY_NOT_FOUND`].
    /// - An endpoint to attach that nobody has: [`Hresult::HCN_E_ENDPOINT_NOT_FOUND`]; that is in another namespace:
    ///   [`Hresult::HCN_E_ENDPOINT_NAMESPACE_ALREADY_EXISTS`]; that is remote:
    ///   [`Hresult::HCN_E_INVALID_REMOTE_ENDPOINT_OPERATION`]. To its own namespace again: success.
    /// - As for creating.
    fn modify(&self, settings: &str) -> Result<()>;

    /// Its document, in the schema version of `query` (`HostComputeQuery`). A filter in the query has no meaning here
    /// and is let pass.
    ///
    /// # Errors
    /// An invalid query.
    fn properties(&self, query: &str) -> Result<String>;

    /// Closes this handle. The object goes on.
    fn close(&self);
}

/// A text that is the GUID of a network object, as it is. `what` says in the error which member or argument it was.
///
/// # Errors
/// [`Hresult::HCN_E_GUID_CONVERSION_FAILURE`].
pub fn check_network_id<'a>(what: &str, id: &'a str) -> Result<&'a str> {
    if id.parse::<Guid>().is_ok() {
        return Ok(id);
    }
    let reason = format!("{id:?} is no GUID: 32 hexadecimal digits and four dashes");
    Err(Error::invalid_argument(what.to_owned(), reason).with_hresult(Hresult::HCN_E_GUID_CONVERSION_FAILURE))
}

/// The kinds of network objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NetworkObjectKind {
    /// A network.
    Network,
    /// An endpoint of a network.
    Endpoint,
    /// A network namespace: where a container's endpoints are.
    Namespace,
    /// A load balancer; HNS v1 has it as a policy list with `ELB`.
    LoadBalancer,
    /// A route (`SdnRoute`); HNS v1 has it as a policy list with `ROUTE`.
    Route,
}

impl NetworkObjectKind {
    /// Every kind.
    pub const ALL: &'static [Self] =
        &[Self::Network, Self::Endpoint, Self::Namespace, Self::LoadBalancer, Self::Route];

    /// The kind as errors name it.
    pub const fn object_kind(self) -> ObjectKind {
        match self {
            Self::Network => ObjectKind::Network,
            Self::Endpoint => ObjectKind::Endpoint,
            Self::Namespace => ObjectKind::Namespace,
            Self::LoadBalancer => ObjectKind::LoadBalancer,
            Self::Route => ObjectKind::Route,
        }
    }

    /// The object `id` of this kind, as errors name it.
    pub fn object(self, id: impl Into<String>) -> Object {
        Object::new(self.object_kind(), id)
    }

    /// Opening or deleting `id` failed: nobody has it. The service says [`Hresult::ERROR_NOT_FOUND`] for every kind.
    pub fn not_found(self, id: impl Into<String>) -> Error {
        Error::not_found(self.object(id)).with_hresult(Hresult::ERROR_NOT_FOUND)
    }
}

impl fmt::Display for NetworkObjectKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.object_kind().fmt(f)
    }
}
