//! computenetwork.dll: networks, endpoints, namespaces, load balancers and routes (HCN v2).
//!
//! Every function with a `record` sets it to null, and after a failure to an error record, which the caller frees with
//! `CoTaskMemFree` as all texts of this DLL. Sources: the platform's header as windows-sys 0.61 has it, and for services
//! and routes, which are not in it, the declarations of the Go library.

use std::ffi::c_void;

use crate::{Handle, TextIn, TextOut, exports};

pub use crate::vmcompute::{CallbackHandle, NotificationCallback};

/// What a function returns: an `HRESULT` as an unsigned number, and zeros above it. Clients in Go read the whole
/// register; whoever calls a DLL that is not ours must look at the lower half alone.
pub type Answer = usize;

/// An id (`const GUID*`): 16 bytes in the order of Windows, at any address.
pub type IdIn = *const [u8; 16];

/// A network (`HCN_NETWORK`).
pub type NetworkHandle = *mut c_void;

/// An endpoint (`HCN_ENDPOINT`).
pub type EndpointHandle = *mut c_void;

/// A namespace (`HCN_NAMESPACE`).
pub type NamespaceHandle = *mut c_void;

/// A load balancer (`HCN_LOADBALANCER`).
pub type LoadBalancerHandle = *mut c_void;

/// A route (`HCN_SDNROUTE`).
pub type RouteHandle = *mut c_void;

/// The service (`HCN_SERVICE`).
pub type ServiceHandle = *mut c_void;

/// A guest network service (`HCN_GUESTNETWORKSERVICE`).
pub type GuestServiceHandle = *mut c_void;

exports! {
    /// Lists networks: a `HostComputeQuery` in, an array of ids out.
    fn HcnEnumerateNetworks(query: TextIn, list: *mut TextOut, record: *mut TextOut) -> Answer;
    /// Makes a network. An id of zeros: that of the settings, or a random one.
    fn HcnCreateNetwork(
        id: IdIn,
        settings: TextIn,
        network: *mut NetworkHandle,
        record: *mut TextOut,
    ) -> Answer;
    /// Opens a further handle of a network.
    fn HcnOpenNetwork(id: IdIn, network: *mut NetworkHandle, record: *mut TextOut) -> Answer;
    /// Changes it.
    fn HcnModifyNetwork(network: NetworkHandle, settings: TextIn, record: *mut TextOut) -> Answer;
    /// Its document: a `HostComputeQuery` in.
    fn HcnQueryNetworkProperties(
        network: NetworkHandle,
        query: TextIn,
        properties: *mut TextOut,
        record: *mut TextOut,
    ) -> Answer;
    /// Deletes a network, whoever has handles of it.
    fn HcnDeleteNetwork(id: IdIn, record: *mut TextOut) -> Answer;
    /// Closes a handle.
    fn HcnCloseNetwork(network: NetworkHandle) -> Answer;
    /// Lists endpoints: a `HostComputeQuery` in, an array of ids out.
    fn HcnEnumerateEndpoints(query: TextIn, list: *mut TextOut, record: *mut TextOut) -> Answer;
    /// Makes an endpoint. An id of zeros: that of the settings, or a random one.
    fn HcnCreateEndpoint(
        network: NetworkHandle,
        id: IdIn,
        settings: TextIn,
        endpoint: *mut EndpointHandle,
        record: *mut TextOut,
    ) -> Answer;
    /// Opens a further handle of an endpoint.
    fn HcnOpenEndpoint(id: IdIn, endpoint: *mut EndpointHandle, record: *mut TextOut) -> Answer;
    /// Changes it.
    fn HcnModifyEndpoint(endpoint: EndpointHandle, settings: TextIn, record: *mut TextOut) -> Answer;
    /// Its document: a `HostComputeQuery` in.
    fn HcnQueryEndpointProperties(
        endpoint: EndpointHandle,
        query: TextIn,
        properties: *mut TextOut,
        record: *mut TextOut,
    ) -> Answer;
    /// Deletes an endpoint, whoever has handles of it.
    fn HcnDeleteEndpoint(id: IdIn, record: *mut TextOut) -> Answer;
    /// Closes a handle.
    fn HcnCloseEndpoint(endpoint: EndpointHandle) -> Answer;
    /// Lists namespaces: a `HostComputeQuery` in, an array of ids out.
    fn HcnEnumerateNamespaces(query: TextIn, list: *mut TextOut, record: *mut TextOut) -> Answer;
    /// Makes a namespace. An id of zeros: that of the settings, or a random one.
    fn HcnCreateNamespace(
        id: IdIn,
        settings: TextIn,
        namespace: *mut NamespaceHandle,
        record: *mut TextOut,
    ) -> Answer;
    /// Opens a further handle of a namespace.
    fn HcnOpenNamespace(id: IdIn, namespace: *mut NamespaceHandle, record: *mut TextOut) -> Answer;
    /// Changes it.
    fn HcnModifyNamespace(namespace: NamespaceHandle, settings: TextIn, record: *mut TextOut) -> Answer;
    /// Its document: a `HostComputeQuery` in.
    fn HcnQueryNamespaceProperties(
        namespace: NamespaceHandle,
        query: TextIn,
        properties: *mut TextOut,
        record: *mut TextOut,
    ) -> Answer;
    /// Deletes a namespace, whoever has handles of it.
    fn HcnDeleteNamespace(id: IdIn, record: *mut TextOut) -> Answer;
    /// Closes a handle.
    fn HcnCloseNamespace(namespace: NamespaceHandle) -> Answer;
    /// Lists load balancers: a `HostComputeQuery` in, an array of ids out.
    fn HcnEnumerateLoadBalancers(query: TextIn, list: *mut TextOut, record: *mut TextOut) -> Answer;
    /// Makes a load balancer. An id of zeros: that of the settings, or a random one.
    fn HcnCreateLoadBalancer(
        id: IdIn,
        settings: TextIn,
        balancer: *mut LoadBalancerHandle,
        record: *mut TextOut,
    ) -> Answer;
    /// Opens a further handle of a load balancer.
    fn HcnOpenLoadBalancer(id: IdIn, balancer: *mut LoadBalancerHandle, record: *mut TextOut) -> Answer;
    /// Changes it.
    fn HcnModifyLoadBalancer(balancer: LoadBalancerHandle, settings: TextIn, record: *mut TextOut) -> Answer;
    /// Its document: a `HostComputeQuery` in.
    fn HcnQueryLoadBalancerProperties(
        balancer: LoadBalancerHandle,
        query: TextIn,
        properties: *mut TextOut,
        record: *mut TextOut,
    ) -> Answer;
    /// Deletes a load balancer, whoever has handles of it.
    fn HcnDeleteLoadBalancer(id: IdIn, record: *mut TextOut) -> Answer;
    /// Closes a handle.
    fn HcnCloseLoadBalancer(balancer: LoadBalancerHandle) -> Answer;
    /// Lists routes: a `HostComputeQuery` in, an array of ids out.
    fn HcnEnumerateSdnRoutes(query: TextIn, list: *mut TextOut, record: *mut TextOut) -> Answer;
    /// Makes a route. An id of zeros: that of the settings, or a random one.
    fn HcnCreateSdnRoute(id: IdIn, settings: TextIn, route: *mut RouteHandle, record: *mut TextOut) -> Answer;
    /// Opens a further handle of a route.
    fn HcnOpenSdnRoute(id: IdIn, route: *mut RouteHandle, record: *mut TextOut) -> Answer;
    /// Changes it.
    fn HcnModifySdnRoute(route: RouteHandle, settings: TextIn, record: *mut TextOut) -> Answer;
    /// Its document: a `HostComputeQuery` in.
    fn HcnQuerySdnRouteProperties(
        route: RouteHandle,
        query: TextIn,
        properties: *mut TextOut,
        record: *mut TextOut,
    ) -> Answer;
    /// Deletes a route, whoever has handles of it.
    fn HcnDeleteSdnRoute(id: IdIn, record: *mut TextOut) -> Answer;
    /// Closes a handle.
    fn HcnCloseSdnRoute(route: RouteHandle) -> Answer;
    /// What went through an endpoint.
    fn HcnQueryEndpointStats(
        endpoint: EndpointHandle,
        query: TextIn,
        statistics: *mut TextOut,
        record: *mut TextOut,
    ) -> Answer;
    /// The addresses of an endpoint.
    fn HcnQueryEndpointAddresses(
        endpoint: EndpointHandle,
        query: TextIn,
        addresses: *mut TextOut,
        record: *mut TextOut,
    ) -> Answer;
    /// Opens the service.
    fn HcnOpenService(service: *mut ServiceHandle, record: *mut TextOut) -> Answer;
    /// Closes a handle.
    fn HcnCloseService(service: ServiceHandle) -> Answer;
    /// Registers for what happens to the objects of the host: numbers of `hcs_contract::NetworkEventKind`.
    fn HcnRegisterServiceCallback(
        callback: Option<NotificationCallback>,
        context: *mut c_void,
        registration: *mut CallbackHandle,
    ) -> Answer;
    /// Ends a registration; returns when running callbacks have returned.
    fn HcnUnregisterServiceCallback(registration: CallbackHandle) -> Answer;
    /// Makes a guest network service.
    fn HcnCreateGuestNetworkService(
        id: IdIn,
        settings: TextIn,
        service: *mut GuestServiceHandle,
        record: *mut TextOut,
    ) -> Answer;
    /// Changes it.
    fn HcnModifyGuestNetworkService(
        service: GuestServiceHandle,
        settings: TextIn,
        record: *mut TextOut,
    ) -> Answer;
    /// Deletes it.
    fn HcnDeleteGuestNetworkService(id: IdIn, record: *mut TextOut) -> Answer;
    /// Closes a handle.
    fn HcnCloseGuestNetworkService(service: GuestServiceHandle) -> Answer;
    /// Registers for what happens to a guest network service.
    fn HcnRegisterGuestNetworkServiceCallback(
        service: GuestServiceHandle,
        callback: Option<NotificationCallback>,
        context: *mut c_void,
        registration: *mut CallbackHandle,
    ) -> Answer;
    /// Ends a registration.
    fn HcnUnregisterGuestNetworkServiceCallback(registration: CallbackHandle) -> Answer;
    /// Reserves a port for a guest.
    fn HcnReserveGuestNetworkServicePort(
        service: GuestServiceHandle,
        protocol: i32,
        access: i32,
        port: u16,
        reservation: *mut Handle,
    ) -> Answer;
    /// Reserves ports for a guest; the range is two numbers of 16 bits.
    fn HcnReserveGuestNetworkServicePortRange(
        service: GuestServiceHandle,
        count: u16,
        range: *mut [u16; 2],
        reservation: *mut Handle,
    ) -> Answer;
    /// Gives a reservation back.
    fn HcnReleaseGuestNetworkServicePortReservationHandle(reservation: Handle) -> Answer;
    /// Lists the reservations.
    fn HcnEnumerateGuestNetworkPortReservations(count: *mut u32, entries: *mut *mut c_void) -> Answer;
    /// Frees such a list.
    fn HcnFreeGuestNetworkPortReservations(entries: *mut c_void);
}
