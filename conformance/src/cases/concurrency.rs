//! Calls on one object from several threads at once: each has its answer, and the state is that of one order of them.

use std::sync::Arc;

use hcs_contract::{ComputeSystem, Hresult, Operation, Result as HostResult};

use crate::check::{coded, holds, same, same_text};
use crate::{Case, Context, Failure, Pipes, Program, Schema};

/// Threads that call at once.
const CALLERS: usize = 4;

pub(super) const CASES: &[Case] = &[
    Case::new("concurrency::creates_of_one_id", &["§7.1 Existing id: 0xC037010F"], |context| {
        let id = context.fresh_id();
        let document = context.document(Schema::Two, &id, |_| {});
        let results = at_once(|| context.try_create(&id, &document))?;
        let mut made = 0;
        for result in &results {
            match result {
                Ok(_) => made += 1,
                Err(error) => coded("the create that lost", error, Hresult::HCS_E_SYSTEM_ALREADY_EXISTS)?,
            }
        }
        same("systems that were made", &made, &1)
    }),
    Case::new("concurrency::starts", &["§7.1 Created: start", "§5.1 …0105"], |context| {
        let system = context.create(Schema::Two)?;
        let results = at_once(|| finish(context, &system.start("")))?;
        same("starts that succeeded", &results.iter().filter(|result| result.is_ok()).count(), &1)?;
        for error in results.iter().filter_map(|result| result.as_ref().err()) {
            coded("the start that lost", error, Hresult::HCS_E_INVALID_STATE)?;
        }
        same_text("state", &context.state(&system)?, "Running")
    }),
    Case::new("concurrency::terminates", &["§1.2 Terminate", "§7.1 Stopped"], |context| {
        let system = context.started(Schema::Two)?;
        let results = at_once(|| finish(context, &system.terminate("")))?;
        holds(results.iter().any(Result::is_ok), "none of several terminates succeeded")?;
        for error in results.iter().filter_map(|result| result.as_ref().err()) {
            coded("the terminate that lost", error, Hresult::HCS_E_SYSTEM_ALREADY_STOPPED)?;
        }
        context.done(&system.wait_exit())?;
        same_text("state", &context.state(&system)?, "Stopped")
    }),
    Case::new(
        "concurrency::processes",
        &["§1.2 CreateProcess", "§12 two concurrent calls on one object"],
        |context| {
            let system = context.started(Schema::Two)?;
            let results = at_once(|| context.run(&system, &Program::Print { out: "own", err: "" }))?;
            for result in results {
                let (out, code) = result?;
                same("what each wrote, and its exit code", &(out.trim_end(), code), &("own", 0))?;
            }
            Ok(())
        },
    ),
    Case::new("concurrency::kills", &["§7.2 Kill twice", "§1.3 Kill"], |context| {
        let system = context.started(Schema::Two)?;
        let created = context.spawn(&system, &Program::Hang, Pipes::NONE)?;
        let results = at_once(|| finish(context, &created.process.terminate("")))?;
        holds(results.iter().any(Result::is_ok), "none of several kills succeeded")?;
        for error in results.iter().filter_map(|result| result.as_ref().err()) {
            holds(error.is_already_stopped(), format!("the kill that lost: {error}"))?;
        }
        context.exit_code(&*created.process).map(drop)
    }),
    Case::new("concurrency::closes", &["§1.2 Close: no-op on a closed handle"], |context| {
        let system = context.started(Schema::Two)?;
        let keeper = context.open(system.id())?;
        at_once(|| system.close())?;
        same_text("state", &context.state(&keeper)?, "Running")
    }),
    Case::new("concurrency::a_close_during_calls", &["§7.1 Close while another call runs"], |context| {
        let system = context.started(Schema::Two)?;
        let keeper: Arc<dyn ComputeSystem> = context.open(system.id())?;
        let operations: Vec<_> = (0..20).map(|_| system.properties("")).collect();
        system.close();
        for operation in &operations {
            // Answered before it, or ended by it.
            if let Err(error) = finish(context, operation) {
                holds(error.is_already_closed(), format!("a call that a close ended: {error}"))?;
            }
        }
        same_text("state", &context.state(&keeper)?, "Running")
    }),
    Case::new(
        "concurrency::lists_while_systems_come_and_go",
        &["§5.1 enumerating while a silo dies"],
        |context| {
            let stays = context.create(Schema::Two)?;
            let listing = || {
                for _ in 0..5 {
                    let text = context.done(&context.service().enumerate_systems(""))?;
                    holds(text.contains(stays.id()), "a system that stays is not listed")?;
                }
                Ok(())
            };
            std::thread::scope(|scope| {
                let lister = scope.spawn(listing);
                let made = (0..3).try_for_each(|_| context.stopped(Schema::Two).map(drop));
                made.and(lister.join().unwrap_or_else(|_| Err(Failure::Broken("listing panicked".into()))))
            })
        },
    ),
];

fn finish(context: &Context, operation: &Operation) -> HostResult<String> {
    operation.wait(context.patience())
}

/// Does the same on several threads, which begin together.
fn at_once<T: Send>(act: impl Fn() -> T + Sync) -> Result<Vec<T>, Failure> {
    let start = std::sync::Barrier::new(CALLERS);
    std::thread::scope(|scope| {
        let callers: Vec<_> = (0..CALLERS)
            .map(|_| {
                scope.spawn(|| {
                    start.wait();
                    act()
                })
            })
            .collect();
        let results = callers.into_iter().map(std::thread::ScopedJoinHandle::join);
        results
            .map(|result| result.map_err(|_| Failure::Broken("a calling thread panicked".into())))
            .collect()
    })
}
