//! The exports, by what they are about. Each looks at its arguments, makes one request, and hands the result out.

mod elsewhere;
mod objects;
mod service;

use hcs_abi::TextOut;
use hcs_abi::computenetwork::Answer;
use hcs_bridge::{Generation, full_register};
use hcs_contract::{Hresult, Result};

const GENERATION: Generation = Generation::Network;

/// The compiler compares each export with the signature that callers know.
macro_rules! as_declared {
    ($($module:ident: $($name:ident)*;)*) => {
        $($(const _: hcs_abi::computenetwork::$name = $module::$name;)*)*
    };
}

as_declared! {
    objects: HcnEnumerateNetworks HcnCreateNetwork HcnOpenNetwork HcnModifyNetwork HcnQueryNetworkProperties
        HcnDeleteNetwork HcnCloseNetwork HcnEnumerateEndpoints HcnCreateEndpoint HcnOpenEndpoint HcnModifyEndpoint
        HcnQueryEndpointProperties HcnDeleteEndpoint HcnCloseEndpoint HcnQueryEndpointStats HcnEnumerateNamespaces
        HcnCreateNamespace HcnOpenNamespace HcnModifyNamespace HcnQueryNamespaceProperties HcnDeleteNamespace
        HcnCloseNamespace HcnEnumerateLoadBalancers HcnCreateLoadBalancer HcnOpenLoadBalancer
        HcnModifyLoadBalancer HcnQueryLoadBalancerProperties HcnDeleteLoadBalancer HcnCloseLoadBalancer
        HcnEnumerateSdnRoutes HcnCreateSdnRoute HcnOpenSdnRoute HcnModifySdnRoute HcnQuerySdnRouteProperties
        HcnDeleteSdnRoute HcnCloseSdnRoute;
    service: HcnOpenService HcnCloseService HcnRegisterServiceCallback HcnUnregisterServiceCallback;
    elsewhere: HcnQueryEndpointAddresses HcnCreateGuestNetworkService HcnModifyGuestNetworkService
        HcnDeleteGuestNetworkService HcnCloseGuestNetworkService HcnRegisterGuestNetworkServiceCallback
        HcnUnregisterGuestNetworkServiceCallback HcnReserveGuestNetworkServicePort
        HcnReserveGuestNetworkServicePortRange HcnReleaseGuestNetworkServicePortReservationHandle
        HcnEnumerateGuestNetworkPortReservations HcnFreeGuestNetworkPortReservations;
}

/// See [`hcs_bridge::answer`]; the record is null, or says why it failed.
///
/// # Safety
/// `record` is null, or may be written to.
#[expect(unsafe_code, reason = "passes a client's pointer on")]
unsafe fn answer(record: *mut TextOut, body: impl FnOnce() -> Result<Hresult>) -> Answer {
    // SAFETY: the same contract.
    full_register(unsafe { hcs_bridge::answer(GENERATION, record, body) })
}
