//! Properties of a system: the basic ones, those that are asked for, and what a query may look like.

use std::sync::Arc;

use hcs_contract::{ComputeSystem, Hresult};
use hcs_schema::compute::{MemoryStats, v1, v2};
use hcs_schema::{Document, MemberType};
use serde_json::Value;

use crate::check::{holds, names, predicates, same, same_text};
use crate::context::parse;
use crate::{Case, Context, Failure, GuestOs, Pipes, Program, Schema};

const STATISTICS: &str = r#"{"PropertyTypes":["Statistics"]}"#;
const PROCESS_LIST: &str = r#"{"PropertyTypes":["ProcessList"]}"#;

const BOTH: &str = r#"{"PropertyTypes":["ProcessList","Statistics"]}"#;

pub(super) const CASES: &[Case] = &[
    Case::new("properties::basic_ones_schema_1", &["§2.4 ContainerProperties"], |context| {
        let system = context.started(Schema::One)?;
        let properties = ask(context, &system, "")?;
        same("Id", &properties["Id"].as_str(), &Some(system.id()))?;
        same("Name", &properties["Name"].as_str(), &Some(system.id()))?;
        same("SystemType", &properties["SystemType"].as_str(), &Some("Container"))?;
        same("Owner", &properties["Owner"].as_str(), &Some("conformance"))?;
        same("State", &properties["State"].as_str(), &Some("Running"))
    }),
    Case::new("properties::basic_ones_schema_2", &["§6.5 Properties"], |context| {
        let system = context.started(Schema::Two)?;
        let properties = ask(context, &system, "")?;
        same("Id", &properties["Id"].as_str(), &Some(system.id()))?;
        same("SystemType", &properties["SystemType"].as_str(), &Some("Container"))?;
        same("Owner", &properties["Owner"].as_str(), &Some("conformance"))?;
        same("State", &properties["State"].as_str(), &Some("Running"))
    }),
    Case::new("properties::runtime_os_type", &["§2.4 RuntimeOsType \"Windows\" / \"Linux\""], |context| {
        let due = match context.guest() {
            GuestOs::Linux => "Linux",
            GuestOs::Windows => "Windows",
        };
        for schema in Schema::BOTH {
            let system = context.create(schema)?;
            same_text("RuntimeOsType", &context.property(&system, "RuntimeOsType")?, due)?;
        }
        Ok(())
    }),
    Case::new(
        "properties::stopped",
        &["§2.4 Stopped, ExitType", "§7.1 Stopped: properties (limited)"],
        |context| {
            for schema in Schema::BOTH {
                let system = context.started(schema)?;
                let before = ask(context, &system, "")?;
                holds(before["Stopped"] != true, "a system that runs is Stopped")?;
                context.end(&system)?;
                let after = ask(context, &system, "")?;
                same("Stopped", &after["Stopped"], &Value::Bool(true))?;
                same("State", &after["State"].as_str(), &Some("Stopped"))?;
                same("ExitType", &after["ExitType"].as_str(), &Some("ForcedExit"))?;
            }
            Ok(())
        },
    ),
    Case::new("properties::exit_type_of_a_graceful_end", &["§7.1 ExitType GracefulExit"], |context| {
        let system = context.started(Schema::Two)?;
        context.done(&system.shutdown(""))?;
        context.done(&system.wait_exit())?;
        same_text("ExitType", &context.property(&system, "ExitType")?, "GracefulExit")
    }),
    Case::new(
        "properties::an_empty_query_asks_for_the_basic_ones",
        &["§1.2 Properties(no types) sends {}"],
        |context| {
            let system = context.started(Schema::Two)?;
            let basic = ask(context, &system, "")?;
            for query in ["{}", r#"{"PropertyTypes":[]}"#, r#"{"PropertyTypes":null}"#] {
                same(query, &ask(context, &system, query)?, &basic)?;
            }
            Ok(())
        },
    ),
    Case::new("properties::others_only_when_asked_for", &["§1.2 returns basic fields only"], |context| {
        let system = context.started(Schema::Two)?;
        let _runs = context.spawn(&system, &Program::Hang, Pipes::NONE)?;
        let basic = ask(context, &system, "")?;
        for member in ["Statistics", "ProcessList", "Memory", "GuestConnectionInfo"] {
            holds(basic[member].is_null(), format!("{member} was not asked for: {basic}"))?;
        }
        let statistics = ask(context, &system, STATISTICS)?;
        holds(statistics["ProcessList"].is_null(), "ProcessList was not asked for, but Statistics")
    }),
    Case::new("properties::statistics_schema_1", &["§1.2 Statistics", "§2.4 Statistics"], |context| {
        let system = context.started(Schema::One)?;
        let _runs = context.spawn_ready(&system, &Program::Hang)?;
        let text = context.done(&system.properties(STATISTICS))?;
        let properties = v1::ContainerProperties::from_json(&text);
        let properties = properties.map_err(|error| Failure::Broken(format!("{text}: {error}")))?;
        let Some(statistics) = properties.statistics else {
            return Err(Failure::Broken(format!("no Statistics: {text}")));
        };
        holds(statistics.uptime_100ns > 0, format!("no uptime: {text}"))?;
        used(&statistics.memory, &text)?;
        holds(statistics.processor.total_runtime_100ns > 0, format!("no run time: {text}"))
    }),
    Case::new("properties::statistics_schema_2", &["§6.5 Statistics"], |context| {
        let system = context.started(Schema::Two)?;
        let _runs = context.spawn_ready(&system, &Program::Hang)?;
        let text = context.done(&system.properties(STATISTICS))?;
        let properties = v2::Properties::from_json(&text);
        let properties = properties.map_err(|error| Failure::Broken(format!("{text}: {error}")))?;
        let Some(statistics) = properties.statistics else {
            return Err(Failure::Broken(format!("no Statistics: {text}")));
        };
        holds(statistics.uptime_100ns > 0, format!("no uptime: {text}"))?;
        used(&statistics.memory.unwrap_or_default(), &text)?;
        let ran = statistics.processor.is_some_and(|processor| processor.total_runtime_100ns > 0);
        holds(ran, format!("no run time: {text}"))
    }),
    Case::new("properties::uptime_grows", &["§2.4 Uptime100ns"], |context| {
        let system = context.started(Schema::Two)?;
        let uptime = || {
            let properties = ask(context, &system, STATISTICS)?;
            Ok::<_, Failure>(properties["Statistics"]["Uptime100ns"].as_u64().unwrap_or_default())
        };
        let first = uptime()?;
        same("exit code", &context.run(&system, &Program::Exit(0))?.1, &0)?;
        let second = uptime()?;
        holds(second > first, format!("uptime was {first}, and is {second}"))
    }),
    Case::new("properties::start_time_stays", &["§2.4 Timestamp, ContainerStartTime: RFC 3339"], |context| {
        let system = context.started(Schema::Two)?;
        let times = || {
            let properties = ask(context, &system, STATISTICS)?;
            let time = |name: &str| properties["Statistics"][name].as_str().unwrap_or_default().to_owned();
            Ok::<_, Failure>((time("ContainerStartTime"), time("Timestamp")))
        };
        let ((started, first), (again, second)) = (times()?, times()?);
        same_text("ContainerStartTime", &again, &started)?;
        holds(started.len() > "2026-01-01T00:00:00".len(), format!("no time: {started:?}"))?;
        holds(!started.starts_with("0001"), "the start time is the zero time of a system that has started")?;
        // Of one zone and one day or more they compare as text does, but for the last digits' number.
        holds(second[..19] >= first[..19] && first[..19] >= started[..19], "time runs backwards")
    }),
    Case::new(
        "properties::shape_of_schema_1",
        &["§2.4 ContainerProperties", "contract the shape of the document"],
        |context| {
            let system = context.started(Schema::One)?;
            let _runs = context.spawn(&system, &Program::Hang, Pipes::NONE)?;
            let text = context.done(&system.properties(BOTH))?;
            shaped::<v1::ContainerProperties>(&text)
        },
    ),
    Case::new(
        "properties::shape_of_schema_2",
        &["§6.5 Properties", "contract the shape of the document"],
        |context| {
            let system = context.started(Schema::Two)?;
            let _runs = context.spawn(&system, &Program::Hang, Pipes::NONE)?;
            let text = context.done(&system.properties(BOTH))?;
            shaped::<v2::Properties>(&text)
        },
    ),
    Case::new("properties::process_list", &["§1.2 ProcessList", "§2.4 ProcessListItem"], |context| {
        for schema in Schema::BOTH {
            let system = context.started(schema)?;
            let created = context.spawn(&system, &Program::Hang, Pipes::NONE)?;
            let pid = created.process.pid();
            let listed = listed(context, &system, pid)?;
            let Some(row) = listed else {
                return Err(Failure::Broken(format!("process {pid} is not in the list")));
            };
            holds(row["ImageName"].as_str().is_some_and(|name| !name.is_empty()), format!("no name: {row}"))?;
            context.done(&created.process.terminate(""))?;
            context.exit_code(&*created.process)?;
            holds(self::listed(context, &system, pid)?.is_none(), "a process that has gone is in the list")?;
        }
        Ok(())
    }),
    Case::new("properties::several_types_at_once", &["§2.4 PropertyTypes"], |context| {
        let system = context.started(Schema::Two)?;
        let _runs = context.spawn(&system, &Program::Hang, Pipes::NONE)?;
        let both = ask(context, &system, BOTH)?;
        holds(
            both["Statistics"].is_object() && both["ProcessList"].is_array(),
            format!("one is missing: {both}"),
        )
    }),
    Case::new("properties::names_in_any_case", &["§2.4 key match is case-insensitive"], |context| {
        let system = context.started(Schema::Two)?;
        let properties = ask(context, &system, r#"{"propertytypes":["Statistics"]}"#)?;
        holds(properties["Statistics"].is_object(), format!("no Statistics: {properties}"))
    }),
    Case::new("properties::mapped_virtual_disks", &["§1.2 MappedVirtualDisks: schema 1 only"], |context| {
        let system = context.started(Schema::One)?;
        let text = context.may_refuse(&system.properties(r#"{"PropertyTypes":["MappedVirtualDisk"]}"#))?;
        let disks = &parse(&text)?["MappedVirtualDiskControllers"];
        holds(
            disks.as_object().is_none_or(serde_json::Map::is_empty),
            format!("disks out of nowhere: {text}"),
        )
    }),
    Case::new("properties::guest_connection", &["§11 protocol >= 4, SignalProcessSupported"], |context| {
        let system = context.started(Schema::Two)?;
        let text = context.may_refuse(&system.properties(r#"{"PropertyTypes":["GuestConnection"]}"#))?;
        let info = &parse(&text)?["GuestConnectionInfo"];
        holds(info["ProtocolVersion"].as_u64() >= Some(4), format!("protocol below 4: {text}"))?;
        let signals = &info["GuestDefinedCapabilities"]["SignalProcessSupported"];
        holds(signals == &Value::Bool(true), format!("no signals: {text}"))
    }),
    Case::new("properties::a_type_that_nobody_knows", &["§5.4 NotSupported"], |context| {
        let system = context.started(Schema::Two)?;
        match system.properties(r#"{"PropertyTypes":["NoSuchType"]}"#).wait(context.patience()) {
            Ok(text) => Err(Failure::Broken(format!("NoSuchType was answered: {text}"))),
            Err(error) => same("predicates", &predicates(&error), &vec!["not supported"]),
        }
    }),
    Case::new(
        "properties::an_unknown_member_of_a_query",
        &["contract nothing is silently ignored"],
        |context| {
            let system = context.started(Schema::Two)?;
            let query = r#"{"PropertyTypes":[],"NoSuchMember":1}"#;
            names(
                "an unknown member",
                &context.fails(&system.properties(query), Hresult::HCS_E_INVALID_JSON)?,
                "NoSuchMember",
            )
        },
    ),
    Case::new(
        "properties::broken_queries",
        &["contract a document that does not parse is InvalidDocument"],
        |context| {
            let system = context.started(Schema::Two)?;
            for query in ["{", "[]", "7", r#"{"PropertyTypes":"Statistics"}"#, r#"{"PropertyTypes":[7]}"#] {
                context.fails(&system.properties(query), Hresult::HCS_E_INVALID_JSON)?;
            }
            same_text("state", &context.state(&system)?, "Running")
        },
    ),
    Case::new("properties::of_a_paused_system", &["§7.1 Paused"], |context| {
        let system = context.started(Schema::Two)?;
        context.may_refuse(&system.pause(""))?;
        let properties = ask(context, &system, STATISTICS)?;
        same("State", &properties["State"].as_str(), &Some("Paused"))?;
        holds(properties["Statistics"].is_object(), format!("no Statistics: {properties}"))
    }),
    Case::new("properties::the_same_by_every_handle", &["§7.1 each open is an own handle"], |context| {
        let system = context.started(Schema::Two)?;
        let near = ask(context, &context.open(system.id())?, "")?;
        let far = ask(context, &context.open_elsewhere(system.id())?, "")?;
        same("by another handle", &near, &ask(context, &system, "")?)?;
        same("by another client", &far, &near)
    }),
    Case::new("properties::terminate_on_last_handle", &["§6.5 TerminateOnLastHandleClosed"], |context| {
        for ends in [true, false] {
            let system = context.create_with(Schema::Two, |document| {
                document["ShouldTerminateOnLastHandleClosed"] = Value::Bool(ends);
            })?;
            let query = r#"{"PropertyTypes":["TerminateOnLastHandleClosed"]}"#;
            let text = context.may_refuse(&system.properties(query))?;
            let said = parse(&text)?["TerminateOnLastHandleClosed"].as_bool().unwrap_or_default();
            same("TerminateOnLastHandleClosed", &said, &ends)?;
        }
        Ok(())
    }),
    Case::new(
        "properties::the_service_says_its_schemas",
        &["§6.1 \"x.y\" in SupportedSchemaVersions", "§6.5 ServiceProperties"],
        |context| {
            let operation = context.service().service_properties(r#"{"PropertyTypes":["Basic"]}"#);
            let answer = parse(&context.may_refuse(&operation)?)?;
            let versions = answer["Properties"][0]["SupportedSchemaVersions"].as_array().cloned();
            let majors: Vec<_> = versions.iter().flatten().map(|version| version["Major"].as_u64()).collect();
            holds(majors.contains(&Some(2)), format!("no schema 2 among the service's versions: {answer}"))
        },
    ),
    Case::new(
        "properties::the_service_has_no_such_property",
        &["§6.5 ServiceProperties: one per requested property", "§5.4 NotSupported"],
        |context| {
            let query = r#"{"PropertyTypes":["Basic","NoSuchProperty"]}"#;
            match context.service().service_properties(query).wait(context.patience()) {
                Ok(text) => Err(Failure::Broken(format!("NoSuchProperty was answered: {text}"))),
                Err(error) => same("predicates", &predicates(&error), &vec!["not supported"]),
            }
        },
    ),
    Case::new("properties::no_updates_are_pending", &["§1.2 HasPendingUpdates: always false"], |context| {
        let system = context.started(Schema::One)?;
        let properties = ask(context, &system, "")?;
        let pending = properties["AreUpdatesPending"].as_bool().unwrap_or_default();
        holds(!pending, format!("updates out of nowhere: {properties}"))
    }),
    Case::new(
        "properties::of_the_service",
        &["§6.5 ServiceProperties: one per requested property"],
        |context| {
            let operation = context.service().service_properties(r#"{"PropertyTypes":["Basic"]}"#);
            let text = context.may_refuse(&operation)?;
            let answer = parse(&text)?;
            same("number of answers", &answer["Properties"].as_array().map(Vec::len), &Some(1))
        },
    ),
];

fn ask(context: &Context, system: &Arc<dyn ComputeSystem>, query: &str) -> Result<Value, Failure> {
    parse(&context.done(&system.properties(query))?)
}

/// The row of a process in the list.
fn listed(context: &Context, system: &Arc<dyn ComputeSystem>, pid: u32) -> Result<Option<Value>, Failure> {
    let properties = ask(context, system, PROCESS_LIST)?;
    let rows = properties["ProcessList"].as_array().cloned().unwrap_or_default();
    Ok(rows.into_iter().find(|row| row["ProcessId"].as_u64() == Some(u64::from(pid))))
}

/// The answer is a document of this type, and nothing in it is unknown to the type.
fn shaped<T: Document + MemberType>(text: &str) -> Result<(), Failure> {
    let document = T::from_json(text).map_err(|error| Failure::Broken(format!("{text}: {error}")))?;
    let mut unknown = Vec::new();
    document.unknown_below("", &mut unknown);
    same("members of the other schema", &unknown, &Vec::new())
}

/// Some memory was used. The highest use says so: the present one may be counted with a lag.
fn used(memory: &MemoryStats, text: &str) -> Result<(), Failure> {
    let (now, most) = (memory.usage_commit_bytes, memory.usage_commit_peak_bytes);
    holds(most > 0, format!("no memory: {text}"))?;
    holds(now <= most, format!("more memory than ever: {text}"))
}
