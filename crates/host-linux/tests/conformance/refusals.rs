//! What this host refuses of the suite, each with the reason. A new refusal fails, and so does a stale one.

use hcs_conformance::Refusal;

/// With Linux containers.
pub(crate) const LINUX: &[Refusal] = &[
    refusal("documents_v1::hyper_v_isolation", NO_MACHINE),
    refusal("documents_v2::a_virtual_machine", NO_MACHINE),
    refusal("lifecycle::save_without_a_place_to", NO_SAVE),
    refusal("endpoints::proxy_in_both_directions", NO_PROXY),
    refusal("endpoints::rules_in_tiers", NO_WIRE),
    refusal("load_balancers::create_delete", NO_BALANCER),
    refusal("load_balancers::replaced", NO_BALANCER),
    refusal("load_balancers::by_id_and_listed", NO_BALANCER),
    refusal("load_balancers::made_again_with_its_id", NO_BALANCER),
    refusal("load_balancers::flags", NO_BALANCER),
    refusal("load_balancers::a_deleted_endpoint_leaves_it", NO_BALANCER),
    refusal("networks::remote_subnet_route", NO_OVERLAY),
    refusal("networks::host_route", NO_OVERLAY),
    refusal("networks::l2_bridge", NO_WIRE),
    refusal("hns::accelerated_addresses", NO_ADAPTER),
    refusal("hns::a_balancer_and_a_route_are_policy_lists", NO_BALANCER),
    refusal("routes::create_delete", NO_BALANCER),
    refusal("routes::made_again_with_its_id", NO_BALANCER),
    refusal("routes::cannot_be_changed", NO_BALANCER),
    refusal("network_rules::what_happens_is_told", NO_NEWS),
];

/// With Windows containers.
pub(crate) const WINDOWS: &[Refusal] = &[
    refusal("documents_v1::hyper_v_isolation", NO_MACHINE),
    refusal("documents_v2::a_virtual_machine", NO_MACHINE),
    refusal("lifecycle::save_without_a_place_to", NO_SAVE),
    refusal("streams::given_output", NO_DESCRIPTORS),
];

const NO_DESCRIPTORS: &str = "a Windows program can't take a descriptor of the host";
const NO_MACHINE: &str = "containers share the host's kernel: there are no virtual machines";
const NO_ADAPTER: &str = "no adapter of a Linux host has a stack of Windows to be accelerated";
const NO_BALANCER: &str = "load balancers and routes come with a later version";
const NO_NEWS: &str = "what happens to networks is not told yet";
const NO_OVERLAY: &str = "Overlay networks come with a later version";
const NO_PROXY: &str = "proxies come with a later version";
const NO_WIRE: &str = "a network on the wire needs a link that is named";
const NO_SAVE: &str = "the state of processes can't be saved without a virtual machine around them";

const fn refusal(case: &'static str, reason: &'static str) -> Refusal {
    Refusal { case, reason }
}
