//! Changes of a running system, by the documents of both schemas.

use std::sync::Arc;

use hcs_contract::{ComputeSystem, Hresult};
use serde_json::{Value, json};

use crate::check::{holds, predicates, same, same_text};
use crate::{Case, Context, Failure, GuestOs, Program, Schema};

const MEMORY: &str = r#"{"ResourcePath":"Container/Memory/SizeInMB","RequestType":"Update","Settings":512}"#;

/// A request about a mapped folder.
fn request(request_type: &str, settings: &Value) -> String {
    let request = json!({
        "ResourcePath": "Container/MappedDirectories", "RequestType": request_type, "Settings": settings,
    });
    request.to_string()
}

/// A folder of the host with a file in it.
struct Mapped {
    host: String,
    guest: String,
    /// The file, as the guest has it.
    file: String,
}

impl Mapped {
    const TEXT: &str = "from outside";

    fn new(context: &Context) -> Result<Self, Failure> {
        let (host, guest) = context.fixture().mapped_folder();
        let separator = match context.guest() {
            GuestOs::Linux => '/',
            GuestOs::Windows => '\\',
        };
        let file = format!("{guest}{separator}file.txt");
        let this = Self { host, guest, file };
        // Only programs write files here, so a container writes this one.
        let writer = this.writer(context)?;
        context.run(&writer, &Program::WriteFile { path: this.file.clone(), text: Self::TEXT })?;
        context.end(&writer)?;
        Ok(this)
    }

    /// A system that has it by its document.
    fn writer(&self, context: &Context) -> Result<Arc<dyn ComputeSystem>, Failure> {
        context.started_with(Schema::Two, |document| {
            let entry = json!({"HostPath": self.host, "ContainerPath": self.guest});
            super::push(super::mapped(Schema::Two, document), entry);
        })
    }

    fn request(&self, request_type: &str, read_only: bool) -> String {
        let settings = json!({"HostPath": self.host, "ContainerPath": self.guest, "ReadOnly": read_only});
        request(request_type, &settings)
    }

    fn is_read_by(
        &self,
        context: &Context,
        system: &Arc<dyn ComputeSystem>,
        there: bool,
    ) -> Result<(), Failure> {
        let (text, _) = context.run(system, &Program::PrintFile(self.file.clone()))?;
        same_text("what is read", text.trim_end(), if there { Self::TEXT } else { "" })
    }
}

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
            // An endpoint that nobody has: a host with networks says so, one without refuses the whole.
            let request = r#"{"ResourceType":"Network","Settings":"5fbdb8ff-0000-4f52-9d19-57e9f4a8e8b2","RequestType":"Add"}"#;
            match context.may_refuse(&system.modify(request)) {
                Ok(text) => {
                    Err(Failure::Broken(format!("an endpoint that is not there was attached: {text}")))
                }
                Err(Failure::Call { .. }) => Ok(()),
                Err(other) => Err(other),
            }
        },
    ),
    Case::new(
        "modify::network_without_an_endpoint",
        &["§2.4 ResourceModificationRequestResponse: Settings", "§1.1 Network"],
        |context| {
            let system = context.started(Schema::One)?;
            for settings in [json!(null), json!(7), json!(""), json!("eth0"), json!({"Id": "x"})] {
                let request = json!({"ResourceType": "Network", "Settings": settings, "RequestType": "Add"})
                    .to_string();
                context.fails(&system.modify(&request), Hresult::HCS_E_INVALID_JSON)?;
            }
            Ok(())
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
    Case::new(
        "modify::a_folder_comes_and_goes",
        &["§6.5 Container/MappedDirectories", "§7.1 Running: modify"],
        |context| {
            let there = Mapped::new(context)?;
            let system = context.started(Schema::Two)?;
            there.is_read_by(context, &system, false)?;
            context.done(&system.modify(&there.request("Add", false)))?;
            there.is_read_by(context, &system, true)?;
            // Whoever has it open may take it away.
            let other = context.open_elsewhere(system.id())?;
            context.done(&other.modify(&there.request("Remove", false)))?;
            there.is_read_by(context, &system, false)?;
            context.done(&system.modify(&there.request("Add", false)))?;
            there.is_read_by(context, &system, true)
        },
    ),
    Case::new("modify::a_folder_of_the_document_goes", &["§6.5 Container/MappedDirectories"], |context| {
        let there = Mapped::new(context)?;
        let system = there.writer(context)?;
        there.is_read_by(context, &system, true)?;
        context.done(&system.modify(&there.request("Remove", false)))?;
        there.is_read_by(context, &system, false)
    }),
    Case::new(
        "modify::a_read_only_folder",
        &["§6.2 MappedDirectory: ReadOnly", "§11 read-only map"],
        |context| {
            let there = Mapped::new(context)?;
            let system = context.started(Schema::Two)?;
            context.done(&system.modify(&there.request("Add", true)))?;
            let write = Program::WriteFile { path: there.file.clone(), text: "overwritten" };
            context.run(&system, &write)?;
            there.is_read_by(context, &system, true)
        },
    ),
    Case::new(
        "modify::two_folders_for_one_place",
        &["contract ComputeSystem::modify: where something is already is refused"],
        |context| {
            let (there, other) = (Mapped::new(context)?, Mapped::new(context)?);
            let system = context.started(Schema::Two)?;
            context.done(&system.modify(&there.request("Add", false)))?;
            context.fails(&system.modify(&other.request("Add", false)), Hresult::ERROR_ALREADY_EXISTS)?;
            there.is_read_by(context, &system, true)
        },
    ),
    Case::new(
        "modify::a_folder_that_is_not_mapped",
        &["contract ComputeSystem::modify: the removal of what is not there is refused"],
        |context| {
            let there = Mapped::new(context)?;
            let system = context.started(Schema::Two)?;
            context.fails(&system.modify(&there.request("Remove", false)), Hresult::ERROR_NOT_FOUND)?;
            context.done(&system.modify(&there.request("Add", false)))?;
            // Another folder is mapped to that place.
            let other = json!({"HostPath": format!("{}-other", there.host), "ContainerPath": there.guest});
            let request = request("Remove", &other);
            context.fails(&system.modify(&request), Hresult::ERROR_NOT_FOUND).map(drop)
        },
    ),
    Case::new(
        "modify::a_folder_that_is_not_there",
        &["§6.2 MappedDirectory: HostPath", "§5.1 system codes"],
        |context| {
            let there = Mapped::new(context)?;
            let system = context.started(Schema::Two)?;
            let folder = json!({"HostPath": format!("{}-missing", there.host), "ContainerPath": there.guest});
            match system.modify(&request("Add", &folder)).wait(context.patience()) {
                Ok(_) => Err(Failure::Broken("a folder that is not there was mapped".into())),
                Err(error) => {
                    let codes = [Hresult::ERROR_PATH_NOT_FOUND, Hresult::ERROR_FILE_NOT_FOUND];
                    holds(codes.contains(&error.hresult()), format!("a folder that is not there: {error}"))
                }
            }
        },
    ),
    Case::new(
        "modify::folders_of_a_wrong_form",
        &["contract a document that does not parse is InvalidDocument"],
        |context| {
            let (host, guest) = context.fixture().mapped_folder();
            let system = context.started(Schema::Two)?;
            for settings in [
                json!(7),
                json!([]),
                json!({"HostPath": host}),
                json!({"ContainerPath": guest}),
                json!({"HostPath": host, "ContainerPath": guest, "ReadOnly": 1}),
                json!({"HostPath": host, "ContainerPath": guest, "Writable": true}),
            ] {
                context.fails(&system.modify(&request("Add", &settings)), Hresult::HCS_E_INVALID_JSON)?;
            }
            let settings = json!({"HostPath": host, "ContainerPath": guest});
            context.fails(&system.modify(&request("Update", &settings)), Hresult::ERROR_NOT_SUPPORTED)?;
            Ok(())
        },
    ),
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
