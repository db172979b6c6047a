//! Exports that are about objects: for each kind the same seven.
#![expect(unsafe_code, reason = "exports: a client's pointers")]

use std::ffi::c_void;
use std::ptr::null_mut;
use std::sync::Arc;

use hcs_abi::computenetwork::{Answer, EndpointHandle, IdIn, NetworkHandle};
use hcs_abi::{TextIn, TextOut};
use hcs_bridge::{Out, host, text, text_or_empty};
use hcs_contract::{
    Error, Guid, HnsEnvelope, Hresult, NetworkObject, NetworkObjectKind, NetworkService as _, Result,
};

use super::{GENERATION, answer};
use crate::objects::Object;

/// The text of an id.
///
/// # Safety
/// `id` is null, or an id may be read there.
unsafe fn id_at(id: IdIn) -> Result<Guid> {
    if id.is_null() {
        return Err(Error::invalid_argument("id", "it is null"));
    }
    // SAFETY: not null, and by this function's contract to be read from.
    Ok(Guid(unsafe { id.read_unaligned() }))
}

/// Gives the client a text that `ask` makes of its query.
///
/// # Safety
/// By the API's contract texts end with a NUL, and places may be written to; each may be null. So it is for all
/// functions and exports of this file.
unsafe fn give(
    query: TextIn,
    place: *mut TextOut,
    record: *mut TextOut,
    ask: impl FnOnce(&str) -> Result<String>,
) -> Answer {
    let give = || {
        // SAFETY: the client's promise.
        let place = unsafe { Out::new(place, null_mut())? };
        // SAFETY: as above.
        let query = unsafe { text_or_empty("query", query)? };
        place.give(GENERATION, &ask(&query)?)?;
        Ok(Hresult::S_OK)
    };
    // SAFETY: the client's promise.
    unsafe { answer(record, give) }
}

/// Makes an object by `make`, which gets the id that is wanted, if any, and the settings.
///
/// # Safety
/// As for [`give`].
unsafe fn create(
    kind: NetworkObjectKind,
    id: IdIn,
    settings: TextIn,
    place: *mut *mut c_void,
    record: *mut TextOut,
    make: impl FnOnce(Option<&str>, &str) -> Result<Arc<dyn NetworkObject>>,
) -> Answer {
    let create = || {
        // SAFETY: the client's promise.
        let place = unsafe { Out::new(place, null_mut())? };
        // SAFETY: as above.
        let (id, settings) = unsafe { (id_at(id)?, text("settings", settings)?) };
        // Clients of the Go library always hand in zeros: they want the settings' id, or any.
        let id = (id != Guid::default()).then(|| id.to_string());
        place.set(Object::insert(kind, make(id.as_deref(), &settings)?));
        Ok(Hresult::S_OK)
    };
    // SAFETY: the client's promise.
    unsafe { answer(record, create) }
}

macro_rules! families {
    ($($kind:ident: $enumerate:ident $open:ident $modify:ident $query:ident $delete:ident $close:ident;)*) => {
        $(
            /// # Safety
            /// As for [`give`].
            #[unsafe(no_mangle)]
            pub(super) unsafe extern "system" fn $enumerate(
                query: TextIn,
                list: *mut TextOut,
                record: *mut TextOut,
            ) -> Answer {
                // SAFETY: the client's promise.
                unsafe { give(query, list, record, |query| host()?.enumerate(NetworkObjectKind::$kind, query)) }
            }

            /// # Safety
            /// As for [`give`].
            #[unsafe(no_mangle)]
            pub(super) unsafe extern "system" fn $open(
                id: IdIn,
                object: *mut *mut c_void,
                record: *mut TextOut,
            ) -> Answer {
                let open = || {
                    // SAFETY: the client's promise.
                    let place = unsafe { Out::new(object, null_mut())? };
                    // SAFETY: as above.
                    let id = unsafe { id_at(id)? }.to_string();
                    let object = host()?.open(NetworkObjectKind::$kind, &id)?;
                    place.set(Object::insert(NetworkObjectKind::$kind, object));
                    Ok(Hresult::S_OK)
                };
                // SAFETY: the client's promise.
                unsafe { answer(record, open) }
            }

            /// # Safety
            /// As for [`give`].
            #[unsafe(no_mangle)]
            pub(super) unsafe extern "system" fn $modify(
                object: *mut c_void,
                settings: TextIn,
                record: *mut TextOut,
            ) -> Answer {
                let modify = || {
                    let object = Object::get(NetworkObjectKind::$kind, object)?;
                    // SAFETY: the client's promise.
                    object.modify(&unsafe { text("settings", settings)? })?;
                    Ok(Hresult::S_OK)
                };
                // SAFETY: the client's promise.
                unsafe { answer(record, modify) }
            }

            /// # Safety
            /// As for [`give`].
            #[unsafe(no_mangle)]
            pub(super) unsafe extern "system" fn $query(
                object: *mut c_void,
                query: TextIn,
                properties: *mut TextOut,
                record: *mut TextOut,
            ) -> Answer {
                let ask = |query: &str| Object::get(NetworkObjectKind::$kind, object)?.properties(query);
                // SAFETY: the client's promise.
                unsafe { give(query, properties, record, ask) }
            }

            /// # Safety
            /// As for [`give`].
            #[unsafe(no_mangle)]
            pub(super) unsafe extern "system" fn $delete(id: IdIn, record: *mut TextOut) -> Answer {
                let delete = || {
                    // SAFETY: the client's promise.
                    let id = unsafe { id_at(id)? }.to_string();
                    host()?.delete(NetworkObjectKind::$kind, &id)?;
                    Ok(Hresult::S_OK)
                };
                // SAFETY: the client's promise.
                unsafe { answer(record, delete) }
            }

            /// # Safety
            /// Any handle may be given.
            #[unsafe(no_mangle)]
            pub(super) unsafe extern "system" fn $close(object: *mut c_void) -> Answer {
                let close = || Object::close(NetworkObjectKind::$kind, object).map(|()| Hresult::S_OK);
                // SAFETY: null may not be written to.
                unsafe { answer(null_mut(), close) }
            }
        )*
    };
}

families! {
    Network: HcnEnumerateNetworks HcnOpenNetwork HcnModifyNetwork HcnQueryNetworkProperties HcnDeleteNetwork
        HcnCloseNetwork;
    Endpoint: HcnEnumerateEndpoints HcnOpenEndpoint HcnModifyEndpoint HcnQueryEndpointProperties HcnDeleteEndpoint
        HcnCloseEndpoint;
    Namespace: HcnEnumerateNamespaces HcnOpenNamespace HcnModifyNamespace HcnQueryNamespaceProperties
        HcnDeleteNamespace HcnCloseNamespace;
    LoadBalancer: HcnEnumerateLoadBalancers HcnOpenLoadBalancer HcnModifyLoadBalancer
        HcnQueryLoadBalancerProperties HcnDeleteLoadBalancer HcnCloseLoadBalancer;
    Route: HcnEnumerateSdnRoutes HcnOpenSdnRoute HcnModifySdnRoute HcnQuerySdnRouteProperties HcnDeleteSdnRoute
        HcnCloseSdnRoute;
}

macro_rules! creates {
    ($($kind:ident: $create:ident;)*) => {
        $(
            /// # Safety
            /// As for [`give`].
            #[unsafe(no_mangle)]
            pub(super) unsafe extern "system" fn $create(
                id: IdIn,
                settings: TextIn,
                object: *mut *mut c_void,
                record: *mut TextOut,
            ) -> Answer {
                let kind = NetworkObjectKind::$kind;
                let make = |id: Option<&str>, settings: &str| host()?.create(kind, id, settings);
                // SAFETY: the client's promise.
                unsafe { create(kind, id, settings, object, record, make) }
            }
        )*
    };
}

creates! {
    Network: HcnCreateNetwork;
    Namespace: HcnCreateNamespace;
    LoadBalancer: HcnCreateLoadBalancer;
    Route: HcnCreateSdnRoute;
}

/// # Safety
/// As for [`give`].
#[unsafe(no_mangle)]
pub(super) unsafe extern "system" fn HcnCreateEndpoint(
    network: NetworkHandle,
    id: IdIn,
    settings: TextIn,
    endpoint: *mut EndpointHandle,
    record: *mut TextOut,
) -> Answer {
    let make = |id: Option<&str>, settings: &str| {
        let network = Object::get(NetworkObjectKind::Network, network)?;
        host()?.create_endpoint(network.id(), id, settings)
    };
    // SAFETY: the client's promise.
    unsafe { create(NetworkObjectKind::Endpoint, id, settings, endpoint, record, make) }
}

/// What HNS v1 says of the same endpoint: the contract has no other way to it.
///
/// # Safety
/// As for [`give`].
#[unsafe(no_mangle)]
pub(super) unsafe extern "system" fn HcnQueryEndpointStats(
    endpoint: EndpointHandle,
    query: TextIn,
    statistics: *mut TextOut,
    record: *mut TextOut,
) -> Answer {
    let ask = |query: &str| {
        let endpoint = Object::get(NetworkObjectKind::Endpoint, endpoint)?;
        if !matches!(query.trim(), "" | "{}") {
            return Err(Error::not_supported(
                "query",
                "there is one document, and nothing to choose from it",
            ));
        }
        let envelope = host()?.hns_call("GET", &format!("/endpointstats/{}", endpoint.id()), "")?;
        let output = HnsEnvelope::parse(&envelope)?.into_output()?;
        let output = output.ok_or_else(|| Error::unexpected_value("no statistics in HNS's answer"))?;
        Ok(output.to_string())
    };
    // SAFETY: the client's promise.
    unsafe { give(query, statistics, record, ask) }
}
