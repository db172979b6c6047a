//! What this host refuses of the suite, each with the reason. A new refusal fails, and so does a stale one.

use hcs_conformance::Refusal;

/// With Linux containers.
pub(crate) const LINUX: &[Refusal] = &[
    refusal("documents_v1::hyper_v_isolation", NO_MACHINE),
    refusal("documents_v2::a_virtual_machine", NO_MACHINE),
    refusal("lifecycle::save_without_a_place_to", NO_SAVE),
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
const NO_SAVE: &str = "the state of processes can't be saved without a virtual machine around them";

const fn refusal(case: &'static str, reason: &'static str) -> Refusal {
    Refusal { case, reason }
}
