//! A container as listings show it.

use std::borrow::Cow;
use std::collections::BTreeMap;

use hcsshim::schema::compute::v1::ContainerProperties;
use serde::Serialize;

use crate::args::values::Filter;

/// What programs get of a container.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Row {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) owner: String,
    pub(crate) guest: Cow<'static, str>,
    pub(crate) state: Cow<'static, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) exit_type: Option<String>,
    pub(crate) created: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) started: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) exited: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) exit_code: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) oom_kills: Option<u64>,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) kept: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) init_pid: Option<u32>,
    pub(crate) schema: u32,
}

impl Row {
    /// What the engine knows.
    #[cfg(target_os = "linux")]
    pub(crate) fn new(info: &hcsshim::linux::SystemInfo) -> Self {
        Self {
            id: info.id.clone(),
            name: info.name.clone(),
            owner: info.owner.clone(),
            guest: info.guest.into(),
            state: info.state.into(),
            exit_type: info.exit_type.clone(),
            created: info.created.clone(),
            started: info.started.clone(),
            exited: info.exited.clone(),
            exit_code: info.exit_code,
            oom_kills: info.oom_kills,
            labels: info.labels.clone(),
            kept: info.kept,
            init_pid: info.init_pid,
            schema: info.schema,
        }
    }

    /// What any host says in its list.
    pub(crate) fn of_properties(properties: &ContainerProperties) -> Self {
        let exit = properties.exit_type.as_str();
        Self {
            id: properties.id.clone(),
            name: properties.name.clone(),
            owner: properties.owner.clone(),
            guest: if properties.runtime_os_type.as_str() == "Linux" { "Linux" } else { "Windows" }.into(),
            state: properties.state.as_str().to_owned().into(),
            exit_type: (!exit.is_empty()).then(|| exit.to_owned()),
            created: String::new(),
            started: None,
            exited: None,
            exit_code: None,
            oom_kills: None,
            labels: BTreeMap::new(),
            kept: false,
            init_pid: None,
            schema: 1,
        }
    }

    /// Whether it has stopped.
    pub(crate) fn is_stopped(&self) -> bool {
        self.state == "Stopped"
    }

    /// Whether every kind of filter lets it through: of owners and states one of them, of labels all.
    pub(crate) fn passes(&self, filters: &[Filter]) -> bool {
        let any = |wanted: &dyn Fn(&Filter) -> Option<bool>| {
            let mut verdicts = filters.iter().filter_map(wanted).peekable();
            verdicts.peek().is_none() || verdicts.any(|verdict| verdict)
        };
        any(&|filter| match filter {
            Filter::Owner(owner) => Some(self.owner == *owner),
            _ => None,
        }) && any(&|filter| match filter {
            Filter::State(state) => Some(self.state == state.as_str()),
            _ => None,
        }) && filters.iter().all(|filter| match filter {
            Filter::Label { key, value: None } => self.labels.contains_key(key),
            Filter::Label { key, value: Some(value) } => self.labels.get(key) == Some(value),
            Filter::Owner(_) | Filter::State(_) => true,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::values::filter;

    #[test]
    fn filters_of_a_kind_add_up_and_kinds_narrow() {
        let row = Row {
            id: "x".into(),
            name: "x".into(),
            owner: "me".into(),
            guest: "Linux".into(),
            state: "Running".into(),
            exit_type: None,
            created: String::new(),
            started: None,
            exited: None,
            exit_code: None,
            oom_kills: None,
            labels: BTreeMap::from([("team".into(), "a".into()), ("tier".into(), String::new())]),
            kept: false,
            init_pid: None,
            schema: 1,
        };
        let passes = |filters: &[&str]| {
            let filters: Vec<Filter> = filters.iter().map(|text| filter(text).unwrap()).collect();
            row.passes(&filters)
        };
        for good in [
            &[][..],
            &["owner=me"],
            &["owner=you", "owner=me"],
            &["state=running", "owner=me", "label=team"],
            &["label=team=a", "label=tier"],
        ] {
            assert!(passes(good), "{good:?}");
        }
        for bad in [
            &["owner=you"][..],
            &["owner=me", "state=stopped"],
            &["label=team=b"],
            &["label=team", "label=none"],
            &["label=tier=x"],
        ] {
            assert!(!passes(bad), "{bad:?}");
        }
    }
}
