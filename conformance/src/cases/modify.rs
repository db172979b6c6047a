//! Changes of a running system, by the documents of both schemas.

use hcs_contract::Hresult;
use serde_json::json;

use crate::check::{holds, predicates, same, same_text};
use crate::{Case, Failure, Schema};

const MEMORY: &str = r#"{"ResourcePath":"Container/Memory/SizeInMB","RequestType":"Update","Settings":512}"#;

pub(super) const CASES: &[Case] = &[
    Case::new("modify::memory", &["§6.5 Container/Memory/SizeInMB: Update number"], |context| {
        let system = context.started(Schema::Two)?;
        context.may_refuse(&system.modify(MEMORY))?;
        same_text("state", &context.state(&system)?, "Running")
    }),
    Case::new("modify::processor", &["§6.5 Container/Processor"], |context| {
        let system = context.started(Schema::Two)?;
        let request = json!({
            "ResourcePath": "Container/Processor", "RequestType": "Update", "Settings": {"Maximum": 5000},
        });
        context.may_refuse(&system.modify(&request.to_string()))?;
        same_text("state", &context.state(&system)?, "Running")
    }),
    Case::new("modify::names_in_any_case", &["§2.4 key match is case-insensitive"], |context| {
        let system = context.started(Schema::Two)?;
        context.may_refuse(&system.modify(&super::lower_case_members(MEMORY)?)).map(drop)
    }),
    Case::new("modify::by_a_schema_1_system", &["§7.1 Running: modify"], |context| {
        let system = context.started(Schema::One)?;
        context.may_refuse(&system.modify(MEMORY)).map(drop)
    }),
    Case::new(
        "modify::network_of_schema_1",
        &["§1.1 Network: only resource type named for schema 1 Modify"],
        |context| {
            let system = context.started(Schema::One)?;
            let request = r#"{"ResourceType":"Network","Settings":null,"RequestType":"Add"}"#;
            context.may_refuse(&system.modify(request)).map(drop)
        },
    ),
    Case::new("modify::an_unknown_resource", &["§5.4 NotSupported"], |context| {
        let system = context.started(Schema::Two)?;
        let request = r#"{"ResourcePath":"Container/NoSuchThing","RequestType":"Update","Settings":1}"#;
        match system.modify(request).wait(context.patience()) {
            Ok(text) => Err(Failure::Broken(format!("an unknown resource was changed: {text}"))),
            Err(error) => {
                same("predicates", &predicates(&error), &vec!["not supported"])?;
                holds(
                    error.to_string().contains("NoSuchThing"),
                    format!("the resource is not named: {error}"),
                )
            }
        }
    }),
    Case::new("modify::an_unknown_type_of_schema_1", &["§5.4 NotSupported"], |context| {
        let system = context.started(Schema::One)?;
        let request = r#"{"ResourceType":"NoSuchThing","Settings":null,"RequestType":"Add"}"#;
        match system.modify(request).wait(context.patience()) {
            Ok(text) => Err(Failure::Broken(format!("an unknown resource was changed: {text}"))),
            Err(error) => same("predicates", &predicates(&error), &vec!["not supported"]),
        }
    }),
    Case::new(
        "modify::broken_requests",
        &["contract a document that does not parse is InvalidDocument"],
        |context| {
            let system = context.started(Schema::Two)?;
            for request in ["", "nonsense", "[]", "{", r#"{"ResourcePath":7}"#, r#"{"ResourceType":7}"#] {
                let error = context.fails(&system.modify(request), Hresult::HCS_E_INVALID_JSON)?;
                same("predicates", &predicates(&error), &vec!["not supported"])?;
            }
            same_text("state", &context.state(&system)?, "Running")
        },
    ),
    Case::new("modify::settings_of_the_wrong_type", &["§6.5 Update number"], |context| {
        let system = context.started(Schema::Two)?;
        context.may_refuse(&system.modify(MEMORY))?;
        for settings in [json!("much"), json!({}), json!(-1), json!(null)] {
            let request = json!({
                "ResourcePath": "Container/Memory/SizeInMB", "RequestType": "Update", "Settings": settings,
            });
            context.fails(&system.modify(&request.to_string()), Hresult::HCS_E_INVALID_JSON)?;
        }
        Ok(())
    }),
    Case::new("modify::a_stopped_system", &["§7.1 Stopped: properties, close"], |context| {
        let system = context.stopped(Schema::Two)?;
        let error = context.fails(&system.modify(MEMORY), Hresult::HCS_E_SYSTEM_ALREADY_STOPPED)?;
        same("predicates", &predicates(&error), &vec!["already stopped"])
    }),
    Case::new("modify::the_failure_keeps_its_request", &["§1.2 Modify: Extra = request JSON"], |context| {
        let system = context.started(Schema::Two)?;
        let request =
            r#"{"ResourcePath":"Container/NoSuchThing","Settings":{"Password":"hush-hush","x":"find me"}}"#;
        let Err(error) = system.modify(request).wait(context.patience()) else {
            return Err(Failure::Broken("an unknown resource was changed".into()));
        };
        let kept = error.document().unwrap_or_default();
        holds(kept.contains("find me"), format!("the error does not keep the request: {kept:?}"))?;
        holds(!format!("{error:?}").contains("hush-hush"), "the error shows a password")
    }),
];
