//! Routes: `networking.md` §5.7.

use hcs_contract::{Hresult, NetworkObjectKind};
use serde_json::{Value, json};

use super::{Net, text};
use crate::check::{holds, same};
use crate::{Case, Failure};

const KIND: NetworkObjectKind = NetworkObjectKind::Route;

fn document(endpoints: &[&Value]) -> Value {
    json!({
        "HostComputeEndpoints": endpoints.iter().map(|endpoint| endpoint["ID"].clone()).collect::<Vec<_>>(),
        "Setting": [{"DestinationPrefix": "169.254.169.254/24", "NextHop": "127.10.0.34"}],
        "SchemaVersion": {"Major": 2, "Minor": 0},
    })
}

fn made(net: &Net) -> Result<(Value, Value, Value), Failure> {
    let network = net.nat()?;
    let endpoint = net.endpoint(&network)?;
    let route = net.create(KIND, &document(&[&endpoint]))?;
    Ok((network, endpoint, route))
}

pub(super) const CASES: &[Case] = &[
    Case::of_networks(
        "routes::create_delete",
        &["net §5.7 TestCreateDeleteRoute, TestGetRouteById, TestListRoutes, TestAddRoute"],
        |context| {
            let net = Net::new(context)?;
            let (.., route) = made(&net)?;
            let id = text(&route, "ID").to_owned();
            same("by id", &net.list(KIND, &json!({"ID": id}))?, &vec![id.clone()])?;
            holds(net.list(KIND, &Value::Null)?.contains(&id), "it is not listed")?;
            same("Setting", &route["Setting"], &document(&[])["Setting"])?;
            net.delete(KIND, &route)
        },
    ),
    Case::of_networks(
        "routes::made_again_with_its_id",
        &["net §5.7 TestRouteAddRemoveEndpoint"],
        |context| {
            let net = Net::new(context)?;
            let (network, first, route) = made(&net)?;
            let second = net.endpoint(&network)?;
            for endpoints in [vec![&first, &second], vec![&second]] {
                net.delete(KIND, &route)?;
                let mut whole = document(&endpoints);
                whole["ID"] = route["ID"].clone();
                let again = net.create(KIND, &whole)?;
                let count = again["HostComputeEndpoints"].as_array().map_or(0, Vec::len);
                same("endpoints", &count, &endpoints.len())?;
            }
            net.delete(KIND, &route)?;
            // With an endpoint left.
            net.delete(NetworkObjectKind::Network, &network)
        },
    ),
    Case::of_networks("routes::cannot_be_changed", &["net §2.6 SdnRoute: E_NOTIMPL"], |context| {
        let net = Net::new(context)?;
        let (.., route) = made(&net)?;
        let error = net.fails("modify it", net.open(KIND, &route)?.modify("{}"), Hresult::E_NOTIMPL)?;
        holds(error.is_not_implemented(), format!("what it is: {error}"))
    }),
];
