//! The documents of the Host Network Service: HNS v1 ([`hns`]) and HCN v2 ([`hcn`]), and the map between them ([`map`]).
//!
//! Both say the same about the same objects; a host keeps v2 and answers in either. What v1 calls a policy list is a load
//! balancer or a route in v2.
//!
//! Policies stand as any JSON in both, as clients send types that no version knows; [`hcn::EndpointPolicy::setting`] and its
//! siblings read them as what they are. Texts of the service (types, actions, directions) differ in letter case from client
//! to client: a host goes by `known()` and echoes what came.
//!
//! Source: `networking.md` 1.4, 1.5, 2.3–2.6, 3.1–3.5 (internal/hns and hcn of the Go library, both versions). Where they
//! differ, members of both are here, and what is written is what the later one writes.

mod catalogue;
pub mod hcn;
pub mod hns;
pub mod map;

pub use catalogue::DOCUMENTS;
