//! Schema 1 documents: members that are honoured, empty ones, and those that are refused by name.

use hcs_contract::Hresult;
use serde_json::{Value, json};

use crate::check::{holds, names, same_text};
use crate::{Case, Context, Failure, Program, Schema};

pub(super) const CASES: &[Case] = &[
    Case::new(
        "documents_v1::a_virtual_disk_that_is_not_there",
        &["§2.2 MappedVirtualDisk: HostPath is a VHD(X) file"],
        |context| {
            let (host, guest) = context.fixture().mapped_folder();
            let document = context.document(Schema::One, "x", |document| {
                document["MappedVirtualDisks"] =
                    json!([{"HostPath": format!("{host}-missing"), "ContainerPath": guest}]);
            });
            let Err(error) = context.try_create(&context.fresh_id(), &document) else {
                return Err(Failure::Broken("a disk that is not there was attached".into()));
            };
            holds(
                matches!(error.hresult(), Hresult::ERROR_PATH_NOT_FOUND | Hresult::ERROR_FILE_NOT_FOUND),
                format!("a disk that is not there: {error}"),
            )
        },
    ),
    Case::new("documents_v1::owner_and_name_are_echoed", &["§2.1 Name, Owner"], |context| {
        let system = context.create_with(Schema::One, |document| {
            document["Name"] = json!("a name");
            document["Owner"] = json!("an owner");
        })?;
        same_text("Name", &context.property(&system, "Name")?, "a name")?;
        same_text("Owner", &context.property(&system, "Owner")?, "an owner")
    }),
    Case::new("documents_v1::host_name", &["§2.1 HostName"], |context| {
        let system = context.started_with(Schema::One, |document| document["HostName"] = json!("boxone"))?;
        let (out, _) = context.run(&system, &Program::PrintHostName)?;
        same_text("the computer's name", &out.trim_end().to_ascii_lowercase(), "boxone")
    }),
    Case::new("documents_v1::mapped_folder", &["§2.2 MappedDir"], |context| {
        super::mapped_folder(context, Schema::One, false)
    }),
    Case::new(
        "documents_v1::mapped_folder_read_only",
        &["§2.2 MappedDir ReadOnly", "§11 read-only map"],
        |context| super::mapped_folder(context, Schema::One, true),
    ),
    Case::new("documents_v1::memory_limit", &["§2.1 MemoryMaximumInMB"], |context| {
        accepted(context, "MemoryMaximumInMB", &json!(512))
    }),
    Case::new("documents_v1::processor_count", &["§2.1 ProcessorCount"], |context| {
        accepted(context, "ProcessorCount", &json!(1))
    }),
    Case::new("documents_v1::processor_weight", &["§2.1 ProcessorWeight 1..10000"], |context| {
        accepted(context, "ProcessorWeight", &json!(5000))
    }),
    Case::new("documents_v1::processor_maximum", &["§2.1 ProcessorMaximum: percent × 100"], |context| {
        accepted(context, "ProcessorMaximum", &json!(5000))
    }),
    Case::new("documents_v1::boot_flushes", &["§2.1 IgnoreFlushesDuringBoot"], |context| {
        accepted(context, "IgnoreFlushesDuringBoot", &json!(true))
    }),
    Case::new("documents_v1::hyper_v_isolation", &["§2.1 HvPartition"], |context| {
        context.create_unless_refused(Schema::One, |document| document["HvPartition"] = json!(true)).map(drop)
    }),
    Case::new("documents_v1::endpoints", &["§2.1 EndpointList"], |context| {
        let nobody = json!(["5fbdb8ff-0000-4f52-9d19-57e9f4a8e8b2"]);
        let created =
            context.create_unless_refused(Schema::One, |document| document["EndpointList"] = nobody);
        match created {
            Err(Failure::Refused { step, error }) => {
                names(&step, &error, "EndpointList")?;
                Err(Failure::Refused { step, error })
            }
            Err(Failure::Call { .. }) => Ok(()),
            Err(other) => Err(other),
            Ok(_) => Err(Failure::Broken("an endpoint that is not there was attached".into())),
        }
    }),
    Case::new("documents_v1::empty_members_say_nothing", &["§2 omitted when empty"], |context| {
        let system = context.started_with(Schema::One, |document| {
            for member in ["HvPartition", "Servicing", "AllowUnqualifiedDNSQuery"] {
                document[member] = json!(false);
            }
            for member in ["EndpointList", "MappedPipes", "MappedVirtualDisks", "AssignedDevices"] {
                document[member] = json!([]);
            }
            for member in ["Credentials", "NetworkSharedContainerName", "DNSSearchList"] {
                document[member] = json!("");
            }
            for member in ["ProcessorCount", "ProcessorWeight", "StorageIOPSMaximum", "MemoryMaximumInMB"] {
                document[member] = json!(0);
            }
            document["HvRuntime"] = Value::Null;
        })?;
        same_text("state", &context.state(&system)?, "Running")
    }),
    Case::new("documents_v1::names_in_any_case", &["§2.4 key match is case-insensitive"], |context| {
        let id = context.fresh_id();
        let document = context.document(Schema::One, &id, |document| document["Owner"] = json!("Any Case"));
        let created = context.try_create(&id, &super::lower_case_members(&document)?);
        let system = created.map_err(|error| Failure::Call { step: "create".into(), error })?;
        same_text("Owner", &context.property(&system, "Owner")?, "Any Case")
    }),
    Case::new(
        "documents_v1::an_unknown_member",
        &["contract nothing is silently ignored", "§5.1 …010D"],
        |context| {
            let document = context.document(Schema::One, "x", |document| document["NoSuchMember"] = json!(1));
            let error = context.create_fails(&document, Hresult::HCS_E_INVALID_JSON)?;
            names("an unknown member", &error, "NoSuchMember")
        },
    ),
    Case::new(
        "documents_v1::an_unknown_member_of_a_part",
        &["contract nothing is silently ignored"],
        |context| {
            let (host, guest) = context.fixture().mapped_folder();
            let document = context.document(Schema::One, "x", |document| {
                let entry = json!({"HostPath": host, "ContainerPath": guest, "NoSuchMember": true});
                super::push(&mut document["MappedDirectories"], entry);
            });
            let error = context.create_fails(&document, Hresult::HCS_E_INVALID_JSON)?;
            names("an unknown member", &error, "NoSuchMember")
        },
    ),
    Case::new("documents_v1::a_member_of_the_wrong_type", &["§5.1 …010D"], |context| {
        for (member, value) in
            [("Owner", json!(7)), ("ProcessorCount", json!("two")), ("HvPartition", json!({}))]
        {
            let document = context.document(Schema::One, "x", |document| document[member] = value);
            let error = context.create_fails(&document, Hresult::HCS_E_INVALID_JSON)?;
            names("a member of the wrong type", &error, member)?;
        }
        Ok(())
    }),
    Case::new("documents_v1::without_a_system_type", &["§2.1 SystemType must be \"Container\""], |context| {
        let document = context.document(Schema::One, "x", |document| {
            document.as_object_mut().map(|members| members.remove("SystemType"));
        });
        context.create_fails(&document, Hresult::HCS_E_INVALID_JSON).map(drop)
    }),
    Case::new("documents_v1::a_folder_that_is_not_there", &["§2.2 MappedDir HostPath"], |context| {
        super::missing_folder(context, Schema::One)
    }),
];

/// A document with this member makes a system that runs.
fn accepted(context: &Context, member: &str, value: &Value) -> Result<(), Failure> {
    let system = context.create_unless_refused(Schema::One, |document| document[member] = value.clone())?;
    context.done(&system.start(""))?;
    crate::check::same("exit code", &context.run(&system, &Program::Exit(3))?.1, &3)
}
