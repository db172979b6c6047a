//! Errors: the codes, what the Go library's predicates say of them, and what their texts name.

use hcs_contract::{Deadline, ErrorKind, Hresult, ObjectKind, OperationKind};
use serde_json::json;

use crate::check::{coded, holds, names, predicates, same};
use crate::context::expect_error;
use crate::{Case, Pipes, Program, Schema};

pub(super) const CASES: &[Case] = &[
    Case::new("errors::unknown_system", &["§5.1 …010E", "§5.4 NotExist"], |context| {
        let id = context.fresh_id();
        let opened = context.service().open_system(&id);
        let error = expect_error("open an unknown id", opened, Hresult::HCS_E_SYSTEM_NOT_FOUND)?;
        same("predicates", &predicates(&error), &vec!["not exist"])?;
        same("code", &error.code(), &"system-not-found")?;
        names("open an unknown id", &error, &id)
    }),
    Case::new("errors::existing_id", &["§7.1 Existing id: 0xC037010F", "§5.1 …010F"], |context| {
        for schema in Schema::BOTH {
            let system = context.create(schema)?;
            let again = context.try_create(system.id(), &context.document(schema, system.id(), |_| {}));
            let error = expect_error("create again", again, Hresult::HCS_E_SYSTEM_ALREADY_EXISTS)?;
            same("predicates", &predicates(&error), &vec!["already exists"])?;
            names("create again", &error, system.id())?;
            // The first is as it was.
            context.done(&system.start(""))?;
        }
        Ok(())
    }),
    Case::new("errors::a_failed_create_does_not_take_the_id", &["§7.1 (none): create"], |context| {
        let id = context.fresh_id();
        let broken = context.try_create(&id, "{");
        expect_error("create from a broken document", broken, Hresult::HCS_E_INVALID_JSON)?;
        let opened = context.service().open_system(&id);
        expect_error("open what was not made", opened, Hresult::HCS_E_SYSTEM_NOT_FOUND)?;
        let made = context.try_create(&id, &context.document(Schema::Two, &id, |_| {}));
        made.map(drop).map_err(|error| crate::Failure::Call { step: "create at last".into(), error })
    }),
    Case::new("errors::invalid_document", &["§5.1 …010D", "§5.4 NotSupported"], |context| {
        let error = context.create_fails("{ not JSON", Hresult::HCS_E_INVALID_JSON)?;
        same("predicates", &predicates(&error), &vec!["not supported"])?;
        same("code", &error.code(), &"invalid-document")
    }),
    Case::new(
        "errors::a_wait_that_ends_by_its_deadline",
        &["§1.2 WaitTimeout: ErrTimeout", "§5.4 Timeout"],
        |context| {
            let system = context.started(Schema::Two)?;
            let exit = system.wait_exit();
            let error = expect_error(
                "a wait without time",
                exit.wait(Deadline::now()),
                Hresult::HCS_E_OPERATION_TIMEOUT,
            )?;
            same("predicates", &predicates(&error), &vec!["timeout"])?;
            names("a wait without time", &error, system.id())
        },
    ),
    Case::new(
        "errors::a_process_s_wait_that_ends_by_its_deadline",
        &["§1.3 WaitTimeout: ErrTimeout"],
        |context| {
            let system = context.started(Schema::Two)?;
            let created = context.spawn(&system, &Program::Hang, Pipes::NONE)?;
            let exit = created.process.wait_exit();
            let error = expect_error(
                "a wait without time",
                exit.wait(Deadline::now()),
                Hresult::HCS_E_OPERATION_TIMEOUT,
            )?;
            same("predicates", &predicates(&error), &vec!["timeout"])
        },
    ),
    Case::new("errors::pending_is_no_error", &["§12 Pending as error: model as an outcome"], |context| {
        let system = context.started(Schema::Two)?;
        let operation = system.terminate("");
        if let Some(Err(error)) = operation.try_result() {
            return Err(crate::Failure::Call { step: "terminate".into(), error });
        }
        context.done(&operation)?;
        context.done(&system.wait_exit()).map(drop)
    }),
    Case::new(
        "errors::say_what_failed_on_which_object",
        &["§5.3 ContainerError: Container, Operation"],
        |context| {
            let system = context.started(Schema::Two)?;
            let error = context.fails(&system.start(""), Hresult::HCS_E_INVALID_STATE)?;
            same("operation", &error.operation(), &Some(OperationKind::Start))?;
            same("object", &error.object_id(), &system.id())?;
            names("start twice", &error, system.id())
        },
    ),
    Case::new("errors::say_which_process", &["§5.3 ProcessError: Process, Operation"], |context| {
        let system = context.started(Schema::Two)?;
        let created = context.spawn(&system, &Program::Exit(0), Pipes::NONE)?;
        context.exit_code(&*created.process)?;
        let Err(error) = created.process.terminate("").wait(context.patience()) else {
            return Err(crate::Failure::Broken("a process that has gone was terminated".into()));
        };
        same("operation", &error.operation(), &Some(OperationKind::TerminateProcess))?;
        same("kind of object", &error.object().map(|object| object.kind), &Some(ObjectKind::Process))?;
        names("terminate", &error, system.id())?;
        names("terminate", &error, &created.process.pid().to_string())
    }),
    Case::new("errors::closed_handles_have_a_kind_of_their_own", &["§5.2 ErrAlreadyClosed"], |context| {
        let system = context.started(Schema::Two)?;
        let _keeper = context.open(system.id())?;
        system.close();
        let error = context.fails(&system.start(""), Hresult::E_HANDLE)?;
        let of_system = matches!(error.kind(), ErrorKind::AlreadyClosed(ObjectKind::System));
        holds(of_system, format!("not an already closed system: {:?}", error.kind()))?;
        holds(
            !error.is_invalid_handle(),
            "a handle that we closed counts as one that the service does not know",
        )
    }),
    Case::new(
        "errors::the_document_is_kept_without_its_secrets",
        &["§1.1 Extra = the full document text"],
        |context| {
            let document = context.document(Schema::One, "secret", |document| {
                document["NoSuchMember"] = json!("find me");
                document["Credentials"] = json!("hush-hush");
            });
            let id = context.fresh_id();
            let Err(error) = context.try_create(&id, &document) else {
                return Err(crate::Failure::Broken("an unknown member was taken".into()));
            };
            let kept = error.document().unwrap_or_default();
            holds(kept.contains("find me"), format!("the error does not keep the document: {kept:?}"))?;
            holds(!format!("{error} {error:?}").contains("hush-hush"), "the error shows a secret")
        },
    ),
    Case::new(
        "errors::both_families_are_one",
        &["§5.1 accept both families", "§12 Two code families"],
        |context| {
            let system = context.stopped(Schema::Two)?;
            let error = context.fails(&system.start(""), Hresult::ERROR_VMCOMPUTE_SYSTEM_ALREADY_STOPPED)?;
            coded("start of a stopped system", &error, Hresult::HCS_E_SYSTEM_ALREADY_STOPPED)?;
            let both = [Hresult::ERROR_VMCOMPUTE_SYSTEM_ALREADY_STOPPED];
            holds(error.is_any(&both), "the code of the other family is not the same")
        },
    ),
];
