//! The network service: cases of `networking.md` §2–5, each of the Go library's own tests among them.
//!
//! They run on hosts whose fixture has a network service. "net §" counts the sections of `networking.md`.

mod endpoints;
mod errors;
mod load_balancers;
mod namespaces;
mod networks;
mod old;
mod routes;
mod rules;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hcs_contract::{
    Error, HnsEnvelope, Hresult, NetworkObject, NetworkObjectKind, NetworkService, Result as HostResult,
};
use serde_json::{Value, json};

use crate::check::{coded, differs};
use crate::context::parse;
use crate::{Case, Context, Failure};

pub(super) fn cases() -> Vec<Case> {
    [
        endpoints::CASES,
        errors::CASES,
        load_balancers::CASES,
        namespaces::CASES,
        networks::CASES,
        old::CASES,
        routes::CASES,
        rules::CASES,
    ]
    .concat()
}

/// An id that no object has.
const NOBODY: &str = "7e1f0a5c-9c1d-4e44-8d5a-0c0ffee00001";
const PREFIX: &str = "192.168.100.0/24";
const GATEWAY: &str = "192.168.100.1";

/// The host's networks, and what a case has made there: it is removed in the end, the last first.
struct Net {
    context: Context,
    service: Arc<dyn NetworkService>,
    made: Mutex<Vec<(NetworkObjectKind, String)>>,
    /// Given up behind what was made.
    _turn: MutexGuard<'static, ()>,
}

/// Networks, addresses and ports are a host's own, so these cases take turns also where others run side by side.
static TURN: Mutex<()> = Mutex::new(());

impl Drop for Net {
    fn drop(&mut self) {
        let made = std::mem::take(&mut *self.made.lock().unwrap_or_else(PoisonError::into_inner));
        for (kind, id) in made.into_iter().rev() {
            // Most are gone already, with their network or by the case itself.
            let _ = self.service.delete(kind, &id);
        }
    }
}

/// What a host said instead of what was due: a refusal where it says so itself.
fn failed(step: &str, error: Error) -> Failure {
    if error.hresult() == Hresult::ERROR_NOT_SUPPORTED {
        Failure::Refused { step: step.to_owned(), error }
    } else {
        Failure::Call { step: step.to_owned(), error }
    }
}

impl Net {
    fn new(context: &Context) -> Result<Self, Failure> {
        let service = context.fixture().networks();
        let service = service.ok_or_else(|| Failure::Broken("the fixture has no network service".into()))?;
        context.step("its turn");
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(Self { context: context.clone(), service, made: Mutex::default(), _turn: turn })
    }

    /// The result of a call that must succeed, or that the host refuses as a whole.
    fn done<T>(&self, step: &str, result: HostResult<T>) -> Result<T, Failure> {
        self.context.step(step);
        result.map_err(|error| failed(step, error))
    }

    /// The error of a call that must fail with this code.
    fn fails<T>(&self, step: &str, result: HostResult<T>, code: Hresult) -> Result<Error, Failure> {
        self.context.step(step);
        match result {
            Ok(_) => Err(Failure::NoError {
                step: step.to_owned(),
                result: "success".into(),
                expected: code.to_string(),
            }),
            Err(error) if error.hresult() == Hresult::ERROR_NOT_SUPPORTED && code != error.hresult() => {
                Err(failed(step, error))
            }
            Err(error) => coded(step, &error, code).map(|()| error),
        }
    }

    fn later(&self, kind: NetworkObjectKind, id: &str) {
        self.made.lock().unwrap_or_else(PoisonError::into_inner).push((kind, id.to_owned()));
    }

    /// Makes an object; its properties. Its handle is left open, as clients do on some paths.
    fn create(&self, kind: NetworkObjectKind, document: &Value) -> Result<Value, Failure> {
        let made = self.service.create(kind, None, &document.to_string());
        self.made(&self.done(&format!("create {kind}"), made)?)
    }

    fn made(&self, object: &Arc<dyn NetworkObject>) -> Result<Value, Failure> {
        self.later(object.kind(), object.id());
        self.properties_of(&**object)
    }

    fn properties_of(&self, object: &dyn NetworkObject) -> Result<Value, Failure> {
        let kind = object.kind();
        let text = self.done(&format!("properties of the {kind}"), object.properties(""))?;
        parse(&text)
    }

    /// A network of this type with the addresses of the Go library's tests.
    fn network_of(&self, kind: &str, change: impl FnOnce(&mut Value)) -> Result<Value, Failure> {
        let mut document = json!({
            "Name": format!("conformance-{kind}"), "Type": kind,
            "MacPool": {"Ranges": [
                {"StartMacAddress": "00-15-5D-52-C0-00", "EndMacAddress": "00-15-5D-52-CF-FF"},
            ]},
            "Dns": {},
            "Ipams": [{"Type": "Static", "Subnets": [{
                "IpAddressPrefix": PREFIX,
                "Routes": [{"NextHop": GATEWAY, "DestinationPrefix": "0.0.0.0/0"}],
            }]}],
            "Health": {"Extra": {}},
            "SchemaVersion": {"Major": 2, "Minor": 0},
        });
        change(&mut document);
        self.create(NetworkObjectKind::Network, &document)
    }

    fn nat(&self) -> Result<Value, Failure> {
        self.network_of("NAT", |_| {})
    }

    /// A network across hosts.
    fn overlay(&self) -> Result<Value, Failure> {
        self.network_of("Overlay", |document| {
            document["Flags"] = 8.into();
            document["Ipams"][0]["Subnets"][0]["Policies"] =
                json!([{"Type": "VSID", "Settings": {"IsolationId": 5000}}]);
        })
    }

    fn try_endpoint(&self, network: &Value, document: &Value) -> HostResult<Arc<dyn NetworkObject>> {
        self.service.create_endpoint(text(network, "ID"), None, &document.to_string())
    }

    /// Makes an endpoint with these members.
    fn endpoint_with(&self, network: &Value, mut document: Value) -> Result<Value, Failure> {
        if document["Name"].is_null() {
            document["Name"] = "conformance".into();
        }
        document["HostComputeNetwork"] = network["ID"].clone();
        document["SchemaVersion"] = json!({"Major": 2, "Minor": 0});
        let made = self.try_endpoint(network, &document);
        self.made(&self.done("create endpoint", made)?)
    }

    fn endpoint(&self, network: &Value) -> Result<Value, Failure> {
        self.endpoint_with(network, json!({}))
    }

    fn namespace(&self, kind: &str) -> Result<Value, Failure> {
        self.create(
            NetworkObjectKind::Namespace,
            &json!({"Type": kind, "NamespaceId": 5, "SchemaVersion": {"Major": 2, "Minor": 0}}),
        )
    }

    fn open(&self, kind: NetworkObjectKind, object: &Value) -> Result<Arc<dyn NetworkObject>, Failure> {
        let opened = self.service.open(kind, text(object, "ID"));
        self.done(&format!("open {kind}"), opened)
    }

    /// An object's properties, by a handle of its own.
    fn properties(&self, kind: NetworkObjectKind, object: &Value) -> Result<Value, Failure> {
        let object = self.open(kind, object)?;
        let properties = self.properties_of(&*object);
        object.close();
        properties
    }

    fn modify(&self, kind: NetworkObjectKind, object: &Value, settings: &Value) -> Result<Value, Failure> {
        let object = self.open(kind, object)?;
        self.done(&format!("modify {kind}"), object.modify(&settings.to_string()))?;
        self.properties_of(&*object)
    }

    fn delete(&self, kind: NetworkObjectKind, object: &Value) -> Result<(), Failure> {
        let deleted = self.service.delete(kind, text(object, "ID"));
        self.done(&format!("delete {kind}"), deleted)
    }

    /// The ids of the objects of which these members have these values.
    fn list(&self, kind: NetworkObjectKind, filter: &Value) -> Result<Vec<String>, Failure> {
        let mut query = json!({"SchemaVersion": {"Major": 2, "Minor": 0}});
        if !filter.is_null() {
            query["Filter"] = filter.to_string().into();
        }
        let answer =
            self.done(&format!("enumerate {kind}s"), self.service.enumerate(kind, &query.to_string()))?;
        serde_json::from_str(&answer).map_err(|_| differs("a list of ids", &answer, &"a JSON array of texts"))
    }

    /// Attaches an endpoint to a namespace, or detaches it (`Add`, `Remove`).
    fn change_namespace(&self, namespace: &Value, request: &str, endpoint: &Value) -> Result<Value, Failure> {
        let settings = json!({
            "ResourceType": "Endpoint", "RequestType": request, "Settings": {"EndpointId": endpoint["ID"]},
        });
        self.modify(NetworkObjectKind::Namespace, namespace, &settings)
    }

    /// Adds, updates or removes policies of a network or endpoint.
    fn policies(
        &self,
        kind: NetworkObjectKind,
        object: &Value,
        request: &str,
        policies: &Value,
    ) -> Result<Value, Failure> {
        let settings =
            json!({"ResourceType": "Policy", "RequestType": request, "Settings": {"Policies": policies}});
        self.modify(kind, object, &settings)
    }

    /// A request of HNS v1: what it gives, or why it failed.
    fn request(
        &self,
        method: &str,
        path: &str,
        object: &Value,
    ) -> Result<HostResult<Option<Value>>, Failure> {
        let object = if object.is_null() { String::new() } else { object.to_string() };
        let step = format!("{method} {path}");
        let answer = self.done(&step, self.service.hns_call(method, path, &object))?;
        Ok(HnsEnvelope::parse(&answer).and_then(HnsEnvelope::into_output))
    }

    /// The same, where it must succeed.
    fn hns(&self, method: &str, path: &str, object: &Value) -> Result<Value, Failure> {
        let answer = self.request(method, path, object)?;
        answer.map(Option::unwrap_or_default).map_err(|error| failed(&format!("{method} {path}"), error))
    }
}

/// A member that is a text; empty where there is none.
fn text<'a>(object: &'a Value, member: &str) -> &'a str {
    object[member].as_str().unwrap_or_default()
}

/// The types of an object's policies.
fn types(object: &Value) -> Vec<&str> {
    let policies = object["Policies"].as_array().map(Vec::as_slice).unwrap_or_default();
    policies.iter().map(|policy| text(policy, "Type")).collect()
}

/// The rules of the Go library's tests: one in each direction.
fn acl_pair() -> Value {
    let rule = |direction| {
        json!({"Type": "ACL", "Settings": {
            "Protocols": "6", "Action": "Allow", "Direction": direction,
            "LocalAddresses": "192.168.100.0/24,10.0.0.21", "RemoteAddresses": "192.168.100.0/24,10.0.0.21",
            "LocalPorts": "80,8080", "RemotePorts": "80,8080", "RuleType": "Switch", "Priority": 200,
        }})
    };
    json!([rule("In"), rule("Out")])
}
