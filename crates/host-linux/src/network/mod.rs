//! The network part of the contract: networks, endpoints and namespaces, made by `hcs_dataplane` of what a database
//! says there is to be. [How it works](../../../docs/network.md).

mod acl;
mod check;
mod documents;
mod endpoint_plan;
mod endpoints;
mod engine;
mod errors;
mod given;
mod hns;
mod ids;
mod namespaces;
mod netns;
mod network_plan;
mod networks;
mod policies;
mod pools;
mod query;
mod service;
mod store;
mod systems;

pub use check::{EndpointReport, NetworkReport};
pub(crate) use engine::Networks;
pub(crate) use systems::{MARK, Prepared, SystemNetwork};
