//! A container as listings show it.

use std::collections::BTreeMap;

use hcsshim::schema::compute::v1::ContainerProperties;
use hcsshim::schema::host::Record;

use crate::args::values::Filter;

/// What any host says in its list.
pub(crate) fn of_properties(properties: &ContainerProperties) -> Record {
    let exit = properties.exit_type.as_str();
    Record {
        id: properties.id.clone(),
        name: properties.name.clone(),
        owner: properties.owner.clone(),
        guest: if properties.runtime_os_type.as_str() == "Linux" { "Linux" } else { "Windows" }.into(),
        state: properties.state.as_str().into(),
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
pub(crate) fn is_stopped(record: &Record) -> bool {
    record.state == "Stopped"
}

/// Whether every kind of filter lets it through: of owners and states one of them, of labels all.
pub(crate) fn passes(record: &Record, filters: &[Filter]) -> bool {
    let any = |wanted: &dyn Fn(&Filter) -> Option<bool>| {
        let mut verdicts = filters.iter().filter_map(wanted).peekable();
        verdicts.peek().is_none() || verdicts.any(|verdict| verdict)
    };
    any(&|filter| match filter {
        Filter::Owner(owner) => Some(record.owner == *owner),
        _ => None,
    }) && any(&|filter| match filter {
        Filter::State(state) => Some(record.state == state.as_str()),
        _ => None,
    }) && filters.iter().all(|filter| match filter {
        Filter::Label { key, value: None } => record.labels.contains_key(key),
        Filter::Label { key, value: Some(value) } => record.labels.get(key) == Some(value),
        Filter::Owner(_) | Filter::State(_) => true,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::values::filter;

    #[test]
    fn filters_of_a_kind_add_up_and_kinds_narrow() {
        let record = Record {
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
            passes(&record, &filters)
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
