//! What this host refuses of the suite, each with the reason. A new refusal fails, and so does a stale one.

use hcs_conformance::Refusal;

/// With Linux containers.
pub(crate) const LINUX: &[Refusal] = &[refusal("lifecycle::save_without_a_place_to", NO_SAVE)];

/// With Windows containers.
pub(crate) const WINDOWS: &[Refusal] = &[refusal("lifecycle::save_without_a_place_to", NO_SAVE)];

const NO_SAVE: &str = "the state of processes can't be saved: there is no virtual machine around them";

const fn refusal(case: &'static str, reason: &'static str) -> Refusal {
    Refusal { case, reason }
}
