//! The network service of the fake: its faults, and the service going away.

use std::sync::{Arc, Mutex};

use hcs_contract::{
    HnsEnvelope, Hresult, NetworkEvent, NetworkEventKind, NetworkObject, NetworkObjectKind, NetworkService,
    OperationKind,
};
use hcs_host_fake::{FakeHost, Fault};

const NAT: &str = r#"{"Type":"NAT","SchemaVersion":{"Major":2,"Minor":0}}"#;

fn network(host: &FakeHost) -> Arc<dyn NetworkObject> {
    host.create(NetworkObjectKind::Network, None, NAT).unwrap()
}

#[test]
fn calls_fail_where_they_were_told() {
    let host = FakeHost::new();
    let first = network(&host);
    let code = Hresult::HCN_E_MANAGER_STOPPED;
    for call in [
        OperationKind::Create,
        OperationKind::OpenNetworkObject,
        OperationKind::Delete,
        OperationKind::Enumerate,
        OperationKind::HnsCall,
        OperationKind::Modify,
        OperationKind::GetProperties,
    ] {
        host.faults().add(Fault::on(call).fail(code));
    }
    let kind = NetworkObjectKind::Network;
    let failures = [
        host.create(kind, None, NAT).map(drop),
        host.open(kind, first.id()).map(drop),
        host.delete(kind, first.id()),
        host.enumerate(kind, "").map(drop),
        host.hns_call("GET", "/networks/", "").map(drop),
        first.modify("{}"),
        first.properties("").map(drop),
    ];
    for failure in failures {
        let error = failure.unwrap_err();
        assert_eq!(error.hresult(), code, "{error}");
        assert!(error.is_service_unavailable(), "{error}");
    }
    host.faults().clear();
    // What failed has changed nothing.
    assert_eq!(host.enumerate(kind, "").unwrap(), format!("[\"{}\"]", first.id()));
}

#[test]
fn a_fault_of_one_object_leaves_the_others() {
    let host = FakeHost::new();
    let (first, second) = (network(&host), network(&host));
    host.faults().add(Fault::on(OperationKind::Delete).of(first.id()).deny());
    assert!(host.delete(NetworkObjectKind::Network, first.id()).unwrap_err().is_access_denied());
    host.delete(NetworkObjectKind::Network, second.id()).unwrap();
}

#[test]
fn when_the_service_goes_away_handles_are_dead_and_objects_live_on() {
    let host = FakeHost::new();
    let seen: Arc<Mutex<Vec<NetworkEventKind>>> = Arc::default();
    let record = Arc::clone(&seen);
    let _subscription = host
        .subscribe(Arc::new(move |event: &NetworkEvent| record.lock().unwrap().push(event.kind)))
        .unwrap();
    let handle = network(&host);
    host.disconnect();
    assert_eq!(handle.properties("").unwrap_err().code(), "service-disconnected");
    assert!(host.open(NetworkObjectKind::Network, handle.id()).unwrap().properties("").is_ok());
    host.settle();
    assert_eq!(
        *seen.lock().unwrap(),
        [
            NetworkEventKind::NETWORK_PRE_CREATE,
            NetworkEventKind::NETWORK_CREATE,
            NetworkEventKind::SERVICE_DISCONNECT,
        ]
    );
}

#[test]
fn a_pool_that_is_empty_says_so_and_what_is_given_back_is_used_again() {
    let host = FakeHost::new();
    let document = r#"{"Type":"NAT","Ipams":[{"Subnets":[{"IpAddressPrefix":"10.0.0.0/30"}]}]}"#;
    let network = host.create(NetworkObjectKind::Network, None, document).unwrap();
    let endpoint = host.create_endpoint(network.id(), None, "{}").unwrap();
    let error = host.create_endpoint(network.id(), None, "{}").unwrap_err();
    assert_eq!(error.hresult(), Hresult::HCN_E_ADDR_INVALID_OR_RESERVED);
    host.delete(NetworkObjectKind::Endpoint, endpoint.id()).unwrap();
    let again = host.create_endpoint(network.id(), None, "{}").unwrap();
    assert!(again.properties("").unwrap().contains("10.0.0.2"), "10.0.0.1 is the gateway's");
}

#[test]
fn a_request_of_v1_that_fails_is_an_answer() {
    let host = FakeHost::new();
    for (method, path) in [("PUT", "/networks/"), ("GET", "/nonsense/"), ("GET", "/networks/x"), ("GET", "")]
    {
        let answer = host.hns_call(method, path, "").unwrap();
        assert!(HnsEnvelope::parse(&answer).unwrap().into_output().is_err(), "{method} {path}: {answer}");
    }
}
