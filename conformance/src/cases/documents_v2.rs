//! Schema 2 documents: versions, members that are honoured, empty ones, and those that are refused by name.

use hcs_contract::Hresult;
use serde_json::{Value, json};

use crate::check::{holds, names, predicates, same, same_text};
use crate::{Case, Context, Failure, Program, Schema};

pub(super) const CASES: &[Case] = &[
    Case::new("documents_v2::owner_is_echoed", &["§6.2 Owner"], |context| {
        let system = context.create_with(Schema::Two, |document| document["Owner"] = json!("an owner"))?;
        same_text("Owner", &context.property(&system, "Owner")?, "an owner")
    }),
    Case::new(
        "documents_v2::text_of_every_kind_is_echoed",
        &["§2 the encoder escapes", "contract documents cross as JSON text"],
        |context| {
            let owner = "ü 字 \u{1F980} <&> \" \\ / \u{2028} tab\t";
            let system = context.create_with(Schema::Two, |document| document["Owner"] = json!(owner))?;
            same_text("Owner", &context.property(&system, "Owner")?, owner)
        },
    ),
    Case::new("documents_v2::versions", &["§6.1 Version support"], |context| {
        for version in [json!({"Major": 2, "Minor": 0}), json!({"Major": 2}), json!({"Major": 2, "Minor": 1})]
        {
            let system = context.create_with(Schema::Two, |document| document["SchemaVersion"] = version)?;
            same_text("state", &context.state(&system)?, "Created")?;
        }
        Ok(())
    }),
    Case::new("documents_v2::versions_of_nobody", &["§6.1 other: error naming the version"], |context| {
        for version in [json!({"Major": 3}), json!({"Major": 2, "Minor": 99})] {
            let id = context.fresh_id();
            let document =
                context.document(Schema::Two, &id, |document| document["SchemaVersion"] = version.clone());
            match context.try_create(&id, &document) {
                Ok(_) => return Err(Failure::Broken(format!("schema {version} made a system"))),
                Err(error) => same("predicates", &predicates(&error), &vec!["not supported"])?,
            }
        }
        Ok(())
    }),
    Case::new("documents_v2::host_name", &["§6.2 GuestOs{HostName}"], |context| {
        let system = context.started_with(Schema::Two, |document| {
            document["Container"]["GuestOs"] = json!({"HostName": "boxtwo"});
        })?;
        let (out, _) = context.run(&system, &Program::PrintHostName)?;
        same_text("the computer's name", &out.trim_end().to_ascii_lowercase(), "boxtwo")
    }),
    Case::new("documents_v2::mapped_folder", &["§6.2 MappedDirectory"], |context| {
        super::mapped_folder(context, Schema::Two, false)
    }),
    Case::new(
        "documents_v2::mapped_folder_read_only",
        &["§6.2 MappedDirectory ReadOnly", "§11 read-only map"],
        |context| super::mapped_folder(context, Schema::Two, true),
    ),
    Case::new("documents_v2::memory_limit", &["§6.2 Memory SizeInMB"], |context| {
        accepted(context, "Memory", &json!({"SizeInMB": 512}))
    }),
    Case::new("documents_v2::processor_count", &["§6.2 Processor Count"], |context| {
        accepted(context, "Processor", &json!({"Count": 1}))
    }),
    Case::new("documents_v2::processor_weight", &["§6.2 Processor Weight 0..10000"], |context| {
        accepted(context, "Processor", &json!({"Weight": 5000}))
    }),
    Case::new("documents_v2::processor_maximum", &["§6.2 Processor Maximum"], |context| {
        accepted(context, "Processor", &json!({"Maximum": 5000}))
    }),
    Case::new(
        "documents_v2::processor_limits_exclude_each_other",
        &["§6.2 Processor: mutually exclusive"],
        |context| {
            let id = context.fresh_id();
            let document = context.document(Schema::Two, &id, |document| {
                document["Container"]["Processor"] = json!({"Count": 1, "Maximum": 5000});
            });
            holds(
                context.try_create(&id, &document).is_err(),
                "two limits that exclude each other made a system",
            )
        },
    ),
    Case::new("documents_v2::empty_parts_say_nothing", &["§6 omitted when empty"], |context| {
        let system = context.started_with(Schema::Two, |document| {
            let container = &mut document["Container"];
            for part in ["GuestOs", "Memory", "Processor", "Networking"] {
                container[part] = json!({});
            }
            for list in ["MappedPipes", "AssignedDevices"] {
                container[list] = json!([]);
            }
            container["HvSocket"] = Value::Null;
            document["HostingSystemId"] = json!("");
            document["ShouldTerminateOnLastHandleClosed"] = json!(false);
        })?;
        same_text("state", &context.state(&system)?, "Running")
    }),
    Case::new("documents_v2::names_in_any_case", &["§2.4 key match is case-insensitive"], |context| {
        let id = context.fresh_id();
        let document = context.document(Schema::Two, &id, |document| document["Owner"] = json!("Any Case"));
        let created = context.try_create(&id, &super::lower_case_members(&document)?);
        let system = created.map_err(|error| Failure::Call { step: "create".into(), error })?;
        same_text("Owner", &context.property(&system, "Owner")?, "Any Case")
    }),
    Case::new(
        "documents_v2::an_unknown_member",
        &["contract nothing is silently ignored", "§5.1 …010D"],
        |context| {
            let document = context.document(Schema::Two, "x", |document| document["NoSuchMember"] = json!(1));
            let error = context.create_fails(&document, Hresult::HCS_E_INVALID_JSON)?;
            names("an unknown member", &error, "NoSuchMember")
        },
    ),
    Case::new(
        "documents_v2::an_unknown_member_of_a_part",
        &["contract nothing is silently ignored"],
        |context| {
            let document = context.document(Schema::Two, "x", |document| {
                document["Container"]["Storage"]["NoSuchMember"] = json!({"deep": 1});
            });
            let error = context.create_fails(&document, Hresult::HCS_E_INVALID_JSON)?;
            names("an unknown member", &error, "Container.Storage.NoSuchMember")
        },
    ),
    Case::new("documents_v2::a_member_of_the_wrong_type", &["§5.1 …010D"], |context| {
        for (path, value) in [
            ("Container.GuestOs", json!({"GuestOs": 7})),
            ("Container.Memory.SizeInMB", json!({"Memory": {"SizeInMB": "much"}})),
            ("Container.MappedDirectories[0].HostPath", json!({"MappedDirectories": [{"HostPath": 7}]})),
        ] {
            let document = context.document(Schema::Two, "x", |document| document["Container"] = value);
            let error = context.create_fails(&document, Hresult::HCS_E_INVALID_JSON)?;
            names("a member of the wrong type", &error, path)?;
        }
        Ok(())
    }),
    Case::new(
        "documents_v2::without_what_to_make",
        &["§6.2 Exactly one of HostedSystem, Container, VirtualMachine"],
        |context| {
            let document = json!({"Owner": "conformance", "SchemaVersion": {"Major": 2, "Minor": 1}});
            context.create_fails(&document.to_string(), Hresult::HCS_E_INVALID_JSON).map(drop)
        },
    ),
    Case::new(
        "documents_v2::two_things_to_make",
        &["§6.2 Exactly one of HostedSystem, Container, VirtualMachine"],
        |context| {
            let id = context.fresh_id();
            let document = context.document(Schema::Two, &id, |document| {
                document["VirtualMachine"] = json!({"StopOnReset": true});
            });
            holds(
                context.try_create(&id, &document).is_err(),
                "a container and a machine at once made a system",
            )
        },
    ),
    Case::new("documents_v2::a_virtual_machine", &["§6.3 VirtualMachine"], |context| {
        let id = context.fresh_id();
        let document = json!({
            "Owner": "conformance", "SchemaVersion": {"Major": 2, "Minor": 1},
            "VirtualMachine": {"ComputeTopology": {"Memory": {"SizeInMB": 64}, "Processor": {"Count": 1}}},
        });
        match context.try_create(&id, &document.to_string()) {
            Ok(system) => same_text("state", &context.state(&system)?, "Created"),
            Err(error) if error.hresult() == Hresult::ERROR_NOT_SUPPORTED => {
                names("a virtual machine", &error, "VirtualMachine")?;
                Err(Failure::Refused { step: format!("create {id}"), error })
            }
            Err(error) => Err(Failure::Call { step: format!("create {id}"), error }),
        }
    }),
    Case::new("documents_v2::a_folder_that_is_not_there", &["§6.2 MappedDirectory HostPath"], |context| {
        super::missing_folder(context, Schema::Two)
    }),
];

/// A document with this part makes a system that runs.
fn accepted(context: &Context, part: &str, value: &Value) -> Result<(), Failure> {
    let system =
        context.create_unless_refused(Schema::Two, |document| document["Container"][part] = value.clone())?;
    context.done(&system.start(""))?;
    same("exit code", &context.run(&system, &Program::Exit(3))?.1, &3)
}
