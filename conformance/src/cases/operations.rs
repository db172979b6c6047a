//! Operations: complete once, can be waited for again, watched and cancelled.

use std::collections::BTreeSet;
use std::sync::mpsc::channel;

use hcs_contract::{Deadline, ErrorKind, ObjectKind, OperationKind};

use crate::check::{holds, same, same_text};
use crate::context::exit_type;
use crate::{Case, Failure, Pipes, Program, Schema};

pub(super) const CASES: &[Case] = &[
    Case::new("operations::say_what_they_do_to_what", &["§3.3 HcsGetOperationType, Id"], |context| {
        let system = context.create(Schema::Two)?;
        let mut ids = BTreeSet::new();
        for (operation, kind) in [
            (system.start(""), OperationKind::Start),
            (system.properties(""), OperationKind::GetProperties),
            (system.wait_exit(), OperationKind::WaitSystemExit),
            (system.terminate(""), OperationKind::Terminate),
            (system.shutdown(""), OperationKind::Shutdown),
        ] {
            same("kind", &operation.kind(), &kind)?;
            same("object", &operation.object().id.as_str(), &system.id())?;
            holds(
                operation.id() != 0 && ids.insert(operation.id()),
                "an operation's number is 0, or not its own",
            )?;
            // What it gives is another case's question.
            let _ = operation.wait(context.patience());
        }
        Ok(())
    }),
    Case::new("operations::of_a_create", &["§3.1 the handle is valid even when pending"], |context| {
        let id = context.fresh_id();
        let document = context.document(Schema::Two, &id, |_| {});
        let created = context.service().create_system(&id, &document);
        let (system, operation) =
            created.map_err(|error| Failure::Call { step: format!("create {id}"), error })?;
        same("id before the create completed", &system.id(), &id.as_str())?;
        same("kind", &operation.kind(), &OperationKind::Create)?;
        same("object", &operation.object().id, &id)?;
        context.done(&operation)?;
        same_text("state", &context.state(&system)?, "Created")
    }),
    Case::new("operations::of_a_process", &["§3.3 HcsGetProcessFromOperation"], |context| {
        let system = context.started(Schema::Two)?;
        let created = context.spawn(&system, &Program::Exit(0), Pipes::NONE)?;
        for (operation, kind) in [
            (created.process.wait_exit(), OperationKind::WaitProcessExit),
            (created.process.properties(), OperationKind::GetProcessProperties),
            (created.process.terminate(""), OperationKind::TerminateProcess),
            (created.process.signal(""), OperationKind::SignalProcess),
        ] {
            same("kind", &operation.kind(), &kind)?;
            same("kind of object", &operation.object().kind, &ObjectKind::Process)?;
            let _ = operation.wait(context.patience());
        }
        Ok(())
    }),
    Case::new(
        "operations::the_result_can_be_had_again",
        &["contract completes exactly once", "§3.3 HcsGetOperationResult"],
        |context| {
            let system = context.started(Schema::Two)?;
            let operation = system.properties("");
            let first = context.done(&operation)?;
            same_text("result of a second wait", &context.done(&operation)?, &first)?;
            holds(operation.is_done(), "a complete operation is not done")?;
            let kept = operation.try_result().and_then(Result::ok);
            same("result without a wait", &kept, &Some(first))
        },
    ),
    Case::new(
        "operations::a_deadline_ends_the_wait_only",
        &["contract a deadline ends the wait, not the operation"],
        |context| {
            let system = context.started(Schema::Two)?;
            let exit = system.wait_exit();
            holds(exit.wait(Deadline::now()).is_err(), "a system that runs has exited")?;
            holds(!exit.is_done(), "a deadline that passed completed the operation")?;
            context.done(&system.terminate(""))?;
            same_text("exit type", &exit_type(&context.done(&exit)?)?, "ForcedExit")
        },
    ),
    Case::new("operations::a_wait_can_be_cancelled", &["§3.3 HcsCancelOperation"], |context| {
        let system = context.started(Schema::Two)?;
        let exit = system.wait_exit();
        holds(exit.cancel(), "a wait under way was not cancelled")?;
        holds(!exit.cancel(), "it was cancelled twice")?;
        let Some(Err(error)) = exit.try_result() else {
            return Err(Failure::Broken("a cancelled operation has no error".into()));
        };
        holds(matches!(error.kind(), ErrorKind::Cancelled), format!("not cancelled: {error}"))?;
        same_text("state", &context.state(&system)?, "Running")?;
        let again = system.wait_exit();
        context.done(&system.terminate(""))?;
        context.done(&again).map(drop)
    }),
    Case::new(
        "operations::cancelling_wakes_a_waiting_thread",
        &["§11 context done with cancel permission"],
        |context| {
            let system = context.started(Schema::Two)?;
            let exit = system.wait_exit();
            let result = std::thread::scope(|scope| {
                let waiter = scope.spawn(|| exit.wait(context.patience()));
                exit.cancel();
                waiter.join()
            });
            match result {
                Ok(Err(error)) => holds(matches!(error.kind(), ErrorKind::Cancelled), format!("{error}")),
                Ok(Ok(result)) => Err(Failure::Broken(format!("a cancelled wait gave {result}"))),
                Err(_) => Err(Failure::Broken("the waiting thread panicked".into())),
            }
        },
    ),
    Case::new("operations::one_wait_cancelled_leaves_the_others", &["§7.1 all get it"], |context| {
        let system = context.started(Schema::Two)?;
        let (first, second) = (system.wait_exit(), system.wait_exit());
        first.cancel();
        context.done(&system.terminate(""))?;
        same_text("exit type", &exit_type(&context.done(&second)?)?, "ForcedExit")
    }),
    Case::new("operations::are_watched", &["§3.3 Operation completion callback"], |context| {
        let system = context.started(Schema::Two)?;
        let (send, results) = channel();
        let exit = system.wait_exit();
        let early = send.clone();
        exit.on_complete(move |result| drop(early.send(result)));
        let _terminating = system.terminate("");
        let next = || {
            context.step("the watcher of a wait for an exit");
            let result = results.recv_timeout(context.patience());
            let result = result.map_err(|_| Failure::Nothing("the watcher of a wait for an exit".into()))?;
            result.map_err(|error| Failure::Call { step: "the wait that is watched".into(), error })
        };
        same_text("exit type", &exit_type(&next()?)?, "ForcedExit")?;
        exit.on_complete(move |result| drop(send.send(result)));
        same_text("exit type, told late", &exit_type(&next()?)?, "ForcedExit")?;
        holds(results.try_iter().next().is_none(), "a watcher was told twice")
    }),
    Case::new(
        "operations::forgotten_ones_do_their_work",
        &["§3.3 Shutdown, Terminate: fire and forget"],
        |context| {
            let system = context.started(Schema::Two)?;
            let exit = system.wait_exit();
            drop(system.terminate(""));
            same_text("exit type", &exit_type(&context.done(&exit)?)?, "ForcedExit")
        },
    ),
    Case::new("operations::many_at_once", &["contract handles are shared by threads"], |context| {
        let system = context.started(Schema::Two)?;
        let operations: Vec<_> = (0..20).map(|_| system.properties("")).collect();
        for operation in operations.iter().rev() {
            holds(context.done(operation)?.contains("Running"), "an answer that is another's")?;
        }
        Ok(())
    }),
];
