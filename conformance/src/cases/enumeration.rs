//! Lists of systems: who is in them, and what filters do.

use hcs_contract::{ComputeService, Hresult};
use serde_json::{Value, json};

use crate::check::{holds, names, same, same_text};
use crate::context::parse;
use crate::{Case, Context, Failure, Schema};

pub(super) const CASES: &[Case] = &[
    Case::new("enumeration::has_every_state", &["§1.1 GetContainers", "§7.1 State"], |context| {
        let created = context.create(Schema::Two)?;
        let running = context.started(Schema::One)?;
        let stopped = context.stopped(Schema::Two)?;
        for (system, state) in [(created, "Created"), (running, "Running"), (stopped, "Stopped")] {
            let row = row(context, &json!({}), system.id())?;
            same("State", &row["State"].as_str(), &Some(state))?;
        }
        Ok(())
    }),
    Case::new("enumeration::rows_are_the_basic_properties", &["§2.4 ContainerProperties"], |context| {
        for schema in Schema::BOTH {
            let system = context.started(schema)?;
            let row = row(context, &json!({"Ids": [system.id()]}), system.id())?;
            for (member, value) in
                [("SystemType", "Container"), ("Owner", "conformance"), ("State", "Running")]
            {
                same(member, &row[member].as_str(), &Some(value))?;
            }
            for member in ["Statistics", "ProcessList"] {
                holds(row[member].is_null(), format!("{member} was not asked for: {row}"))?;
            }
        }
        Ok(())
    }),
    Case::new("enumeration::an_empty_text_is_the_empty_query", &["§1.1 zero query is {}"], |context| {
        let system = context.create(Schema::Two)?;
        for query in ["", "{}", r#"{"Ids":[],"Types":null,"Names":[],"Owners":[]}"#] {
            let rows = list_text(context, context.service(), query)?;
            holds(has(&rows, system.id()), format!("{query:?} does not find {}", system.id()))?;
        }
        Ok(())
    }),
    Case::new("enumeration::by_id", &["§2.4 ComputeSystemQuery Ids"], |context| {
        let (first, second, third) =
            (context.create(Schema::Two)?, context.create(Schema::One)?, context.create(Schema::Two)?);
        let rows = list(context, &json!({"Ids": [first.id()]}))?;
        same("ids", &ids(&rows), &vec![first.id().to_owned()])?;
        let mut found = ids(&list(context, &json!({"Ids": [second.id(), first.id()]}))?);
        found.sort();
        let mut due = vec![first.id().to_owned(), second.id().to_owned()];
        due.sort();
        same("ids", &found, &due)?;
        holds(!found.iter().any(|id| id == third.id()), "one that was not asked for")
    }),
    Case::new("enumeration::by_an_unknown_id", &["§1.1 empty array gives empty slice"], |context| {
        let _other = context.create(Schema::Two)?;
        let query = json!({"Ids": [context.fresh_id()]}).to_string();
        let text = context.done(&context.service().enumerate_systems(&query))?;
        same_text("a list of nobody", text.trim(), "[]")
    }),
    Case::new("enumeration::by_name", &["§2.4 ComputeSystemQuery Names"], |context| {
        let name = context.fresh_id();
        let named = context.create_with(Schema::One, |document| document["Name"] = json!(name))?;
        let _other = context.create(Schema::One)?;
        let rows = list(context, &json!({"Names": [name]}))?;
        same("ids", &ids(&rows), &vec![named.id().to_owned()])?;
        same("Name", &rows[0]["Name"].as_str(), &Some(name.as_str()))
    }),
    Case::new("enumeration::by_owner", &["§2.1 Owner: GetContainers can filter on it"], |context| {
        for schema in Schema::BOTH {
            let owner = context.fresh_id();
            let owned = context.create_with(schema, |document| document["Owner"] = json!(owner))?;
            let _other = context.create(schema)?;
            let rows = list(context, &json!({"Owners": ["nobody at all", owner]}))?;
            same("ids", &ids(&rows), &vec![owned.id().to_owned()])?;
            same("Owner", &rows[0]["Owner"].as_str(), &Some(owner.as_str()))?;
        }
        Ok(())
    }),
    Case::new("enumeration::by_type", &["§1.1 SystemType", "§2.4 ComputeSystemQuery Types"], |context| {
        let system = context.create(Schema::Two)?;
        let containers = list(context, &json!({"Types": ["Container"]}))?;
        holds(has(&containers, system.id()), "a container is not in the list of containers")?;
        let machines = list(context, &json!({"Types": ["VirtualMachine"]}))?;
        holds(!has(&machines, system.id()), "a container is in the list of virtual machines")
    }),
    Case::new("enumeration::filters_must_all_match", &["§2.4 ComputeSystemQuery: filters"], |context| {
        let system = context.create(Schema::Two)?;
        let both = list(context, &json!({"Ids": [system.id()], "Owners": ["conformance"]}))?;
        holds(has(&both, system.id()), "two filters that match do not find it")?;
        for other in
            [json!({"Owners": ["somebody"]}), json!({"Types": ["VirtualMachine"]}), json!({"Names": ["x"]})]
        {
            let mut query = other;
            query["Ids"] = json!([system.id()]);
            same(&query.to_string(), &ids(&list(context, &query)?), &Vec::new())?;
        }
        Ok(())
    }),
    Case::new("enumeration::names_in_any_case", &["§2.4 key match is case-insensitive"], |context| {
        let system = context.create(Schema::Two)?;
        let _other = context.create(Schema::Two)?;
        let rows = list(context, &json!({"IDS": [system.id()]}))?;
        same("ids", &ids(&rows), &vec![system.id().to_owned()])
    }),
    Case::new("enumeration::by_another_client", &["§1.1 GetContainers"], |context| {
        let system = context.started(Schema::Two)?;
        let other = context.fixture().other_client();
        let rows = list_text(context, &*other, &json!({"Ids": [system.id()]}).to_string())?;
        same("State", &rows.first().and_then(|row| row["State"].as_str()), &Some("Running"))
    }),
    Case::new("enumeration::without_what_is_forgotten", &["§7.1 Stopped: close"], |context| {
        let system = context.stopped(Schema::Two)?;
        let id = system.id().to_owned();
        drop(system);
        holds(!has(&list(context, &json!({}))?, &id), "a system without handles that has stopped is listed")
    }),
    Case::new("enumeration::without_what_was_not_made", &["§7.1 (none): create"], |context| {
        let id = context.fresh_id();
        holds(context.try_create(&id, "{}").is_err(), "an empty document made a system")?;
        holds(!has(&list(context, &json!({}))?, &id), "a system that was not made is listed")
    }),
    Case::new(
        "enumeration::an_unknown_member_of_a_query",
        &["contract nothing is silently ignored"],
        |context| {
            let operation = context.service().enumerate_systems(r#"{"NoSuchMember":["x"]}"#);
            names(
                "an unknown member",
                &context.fails(&operation, Hresult::HCS_E_INVALID_JSON)?,
                "NoSuchMember",
            )
        },
    ),
    Case::new(
        "enumeration::broken_queries",
        &["contract a document that does not parse is InvalidDocument"],
        |context| {
            for query in ["{", "[]", r#"{"Ids":"x"}"#, r#"{"Ids":[7]}"#, "nonsense"] {
                context.fails(&context.service().enumerate_systems(query), Hresult::HCS_E_INVALID_JSON)?;
            }
            Ok(())
        },
    ),
];

fn list(context: &Context, query: &Value) -> Result<Vec<Value>, Failure> {
    list_text(context, context.service(), &query.to_string())
}

fn list_text(context: &Context, service: &dyn ComputeService, query: &str) -> Result<Vec<Value>, Failure> {
    let text = context.done(&service.enumerate_systems(query))?;
    match parse(&text)? {
        Value::Array(rows) => Ok(rows),
        _ => Err(Failure::Broken(format!("not an array: {text}"))),
    }
}

fn ids(rows: &[Value]) -> Vec<String> {
    rows.iter().map(|row| row["Id"].as_str().unwrap_or_default().to_owned()).collect()
}

fn has(rows: &[Value], id: &str) -> bool {
    rows.iter().any(|row| row["Id"] == id)
}

/// The only row of this id.
fn row(context: &Context, query: &Value, id: &str) -> Result<Value, Failure> {
    let rows = list(context, query)?;
    let mut own = rows.iter().filter(|row| row["Id"] == id);
    match (own.next(), own.next()) {
        (Some(row), None) => Ok(row.clone()),
        (None, _) => Err(Failure::Broken(format!("{id} is not in the list"))),
        (Some(_), Some(_)) => Err(Failure::Broken(format!("{id} is in the list twice"))),
    }
}
