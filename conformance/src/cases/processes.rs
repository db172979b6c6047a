//! Processes: their numbers, exit codes, surroundings, and what can be done to one that runs or has gone.

use hcs_contract::{Hresult, ProcessStreams};
use serde_json::json;

use crate::check::{differs, holds, predicates, same, same_text};
use crate::context::{exit_type, expect_error, parse, process_status};
use crate::{Case, Context, Failure, GuestOs, Pipes, Program, Schema};

/// A number that no process has: not a multiple of four, as Windows has them, and above what Linux gives.
const NOBODY: u32 = 0x7FFF_FFF1;

pub(super) const CASES: &[Case] = &[
    Case::new(
        "processes::exit_codes_are_whole",
        &["§1.3 ExitCode as u32", "§2.3 ProcessConfig"],
        |context| {
            let system = context.started(Schema::Two)?;
            let codes: &[u32] = match context.guest() {
                GuestOs::Linux => &[0, 1, 7, 126, 255],
                GuestOs::Windows => &[0, 1, 255, 256, 3010, 0x7FFF_FFFF, 0x8000_0000, 0xC000_0005, u32::MAX],
            };
            for code in codes {
                same("exit code", &context.run(&system, &Program::Exit(*code))?.1, code)?;
            }
            Ok(())
        },
    ),
    Case::new("processes::schema_1_document", &["§2.3 ConsoleSize [0,0] is always sent"], |context| {
        let system = context.started(Schema::One)?;
        let program = Program::Print { out: "one", err: "" };
        let text = context.parameters(Schema::One, &program, Pipes::OUTPUT, |document| {
            document["ConsoleSize"] = json!([0, 0]);
        });
        let (out, code) = context.run_text(&system, &text)?;
        same("what it wrote, and its exit code", &(out.trim_end(), code), &("one", 0))
    }),
    Case::new("processes::schema_2_document", &["§6.4 ProcessParameters"], |context| {
        let system = context.started(Schema::Two)?;
        let (out, code) = context.run(&system, &Program::Print { out: "two", err: "" })?;
        same("what it wrote, and its exit code", &(out.trim_end(), code), &("two", 0))
    }),
    Case::new("processes::members_in_any_case", &["§2.4 key match is case-insensitive"], |context| {
        let system = context.started(Schema::Two)?;
        let text =
            context.parameters(Schema::Two, &Program::Print { out: "x", err: "" }, Pipes::OUTPUT, |_| {});
        let (out, code) = context.run_text(&system, &super::lower_case_members(&text)?)?;
        same("what it wrote, and its exit code", &(out.trim_end(), code), &("x", 0))
    }),
    Case::new("processes::status_while_it_runs", &["§6.4 ProcessStatus", "§1.3 Exited false"], |context| {
        let system = context.started(Schema::Two)?;
        let created = context.spawn(&system, &Program::Hang, Pipes::NONE)?;
        let status = process_status(&context.done(&created.process.properties())?)?;
        same("Exited", &status.exited, &false)?;
        same("ExitCode", &status.exit_code, &0)?;
        same("ProcessId", &status.process_id, &created.process.pid())
    }),
    Case::new(
        "processes::status_after_the_exit",
        &["§1.3 ExitCode works any time while the handle is open"],
        |context| {
            let system = context.started(Schema::Two)?;
            let created = context.spawn(&system, &Program::Exit(9), Pipes::NONE)?;
            context.done(&created.process.wait_exit())?;
            let text = context.done(&created.process.properties())?;
            let status = process_status(&text)?;
            same("Exited", &status.exited, &true)?;
            same("ExitCode", &status.exit_code, &9)?;
            same("ProcessId", &status.process_id, &created.process.pid())?;
            same("LastWaitResult", &parse(&text)?["LastWaitResult"].as_i64().unwrap_or(0), &0)
        },
    ),
    Case::new(
        "processes::the_wait_gives_the_status",
        &["contract wait_exit completes with the ProcessStatus"],
        |context| {
            let system = context.started(Schema::Two)?;
            let created = context.spawn(&system, &Program::Exit(9), Pipes::NONE)?;
            let status = process_status(&context.done(&created.process.wait_exit())?)?;
            same(
                "ProcessId, Exited, ExitCode",
                &(status.process_id, status.exited, status.exit_code),
                &(created.process.pid(), true, 9),
            )
        },
    ),
    Case::new(
        "processes::status_can_be_asked_for_again",
        &["§1.3 ExitCode works any time while the handle is open"],
        |context| {
            let system = context.started(Schema::Two)?;
            let created = context.spawn(&system, &Program::Exit(7), Pipes::NONE)?;
            context.exit_code(&*created.process)?;
            for _ in 0..3 {
                let status = process_status(&context.done(&created.process.properties())?)?;
                same("exited, exit code", &(status.exited, status.exit_code), &(true, 7))?;
            }
            Ok(())
        },
    ),
    Case::new("processes::numbers", &["§1.3 Pid", "§3.2 ProcessId"], |context| {
        let system = context.started(Schema::Two)?;
        let first = context.spawn(&system, &Program::Hang, Pipes::NONE)?;
        let second = context.spawn(&system, &Program::Hang, Pipes::NONE)?;
        holds(first.process.pid() != 0, "a process has number 0")?;
        holds(first.process.pid() != second.process.pid(), "two processes have one number")?;
        for created in [&first, &second] {
            same("number in its information", &created.information.pid(), &created.process.pid())?;
            let information = context.done(&created.process.info())?;
            same("number in asked information", &information.pid(), &created.process.pid())?;
        }
        Ok(())
    }),
    Case::new(
        "processes::wait_is_repeatable",
        &["§7.1 HEAD: wait is repeatable", "§12 latch the exit"],
        |context| {
            let system = context.started(Schema::Two)?;
            let created = context.spawn(&system, &Program::Exit(4), Pipes::NONE)?;
            let early = created.process.wait_exit();
            let first = context.done(&early)?;
            for wait in [&early, &created.process.wait_exit(), &created.process.wait_exit()] {
                same_text("the exit's document", &context.done(wait)?, &first)?;
            }
            Ok(())
        },
    ),
    Case::new(
        "processes::an_exit_before_the_wait",
        &["§7.2 the exit may come before registration"],
        |context| {
            let system = context.started(Schema::Two)?;
            let created = context.spawn(&system, &Program::Exit(3), Pipes::OUTPUT)?;
            // The end of its output is the sign that it has gone, without a wait.
            let output = crate::io::Output::of(context, created.information.take_stdout(), "output")?;
            same_text("output", &output.rest()?, "")?;
            same("exit code", &context.exit_code(&*created.process)?, &3)
        },
    ),
    Case::new("processes::kill", &["§1.3 Kill", "§7.2 Kill: wait for the exit"], |context| {
        let system = context.started(Schema::Two)?;
        let (created, _output) = context.spawn_ready(&system, &Program::Hang)?;
        let exit = created.process.wait_exit();
        holds(!exit.is_done(), "the wait for the exit ended before the kill")?;
        context.done(&created.process.terminate(""))?;
        let status = process_status(&context.done(&exit)?)?;
        holds(status.exited && status.exit_code != 0, format!("after a kill the status is {status:?}"))?;
        same_text("state of the system", &context.state(&system)?, "Running")
    }),
    Case::new(
        "processes::kill_of_one_that_has_gone",
        &["§1.3 Kill: process gone", "§5.4 AlreadyStopped"],
        |context| {
            let system = context.started(Schema::Two)?;
            let created = context.spawn(&system, &Program::Exit(0), Pipes::NONE)?;
            context.exit_code(&*created.process)?;
            gone(context, &created.process.terminate(""))
        },
    ),
    Case::new("processes::kill_twice", &["§7.2 Kill twice: the second fails"], |context| {
        let system = context.started(Schema::Two)?;
        let created = context.spawn(&system, &Program::Hang, Pipes::NONE)?;
        context.done(&created.process.terminate(""))?;
        let first = context.exit_code(&*created.process)?;
        gone(context, &created.process.terminate(""))?;
        same("exit code after the second kill", &context.exit_code(&*created.process)?, &first)
    }),
    Case::new("processes::kill_by_another_handle", &["§7.2 Open", "§7.2 Kill"], |context| {
        let system = context.started(Schema::Two)?;
        let created = context.spawn(&system, &Program::Hang, Pipes::NONE)?;
        let opened = context.open_process(&system, created.process.pid())?;
        context.done(&opened.terminate(""))?;
        let code = context.exit_code(&*created.process)?;
        same("exit code by the other handle", &context.exit_code(&*opened)?, &code)
    }),
    Case::new("processes::open", &["§1.2 OpenProcess", "§7.2 Open: pid must be running"], |context| {
        let system = context.started(Schema::Two)?;
        let created = context.spawn(&system, &Program::Copy, Pipes::ALL)?;
        let opened = context.open_process(&system, created.process.pid())?;
        same("number", &opened.pid(), &created.process.pid())?;
        context.done(&opened.modify(super::CLOSE_STDIN))?;
        drop(created.information.take_stdin());
        same("exit code by the opened handle", &context.exit_code(&*opened)?, &0)?;
        same("exit code by the first handle", &context.exit_code(&*created.process)?, &0)
    }),
    Case::new("processes::open_by_another_client", &["§1.2 OpenProcess", "§7.2 Open"], |context| {
        let system = context.started(Schema::Two)?;
        let created = context.spawn(&system, &Program::Hang, Pipes::NONE)?;
        let other = context.open_elsewhere(system.id())?;
        let opened = context.open_process(&other, created.process.pid())?;
        context.done(&opened.terminate(""))?;
        context.exit_code(&*created.process)?;
        context.exit_code(&*opened).map(drop)
    }),
    Case::new(
        "processes::open_of_an_unknown_number",
        &["§7.2 Open: else 0x490", "§5.4 NotExist, AlreadyStopped"],
        |context| {
            let system = context.started(Schema::Two)?;
            for pid in [NOBODY, u32::MAX] {
                let opened = system.open_process(pid);
                let error =
                    expect_error("open a process that is not there", opened, Hresult::ERROR_NOT_FOUND)?;
                same("predicates", &predicates(&error), &vec!["not exist", "already stopped"])?;
            }
            Ok(())
        },
    ),
    Case::new(
        "processes::open_after_the_exit",
        &["contract open_process: NotFound for one that does not run"],
        |context| {
            let system = context.started(Schema::Two)?;
            let created = context.spawn(&system, &Program::Exit(0), Pipes::NONE)?;
            let pid = created.process.pid();
            context.exit_code(&*created.process)?;
            created.process.close();
            drop(created);
            let opened = system.open_process(pid);
            expect_error("open a process that has gone", opened, Hresult::ERROR_NOT_FOUND).map(drop)
        },
    ),
    Case::new("processes::open_in_a_stopped_system", &["§7.1 Stopped: properties, close"], |context| {
        let system = context.started(Schema::Two)?;
        let created = context.spawn(&system, &Program::Hang, Pipes::NONE)?;
        let pid = created.process.pid();
        context.end(&system)?;
        let Err(error) = system.open_process(pid) else {
            return Err(Failure::Broken("a process of a stopped system could be opened".into()));
        };
        holds(error.is_already_stopped(), format!("open a process of a stopped system: {error}"))
    }),
    Case::new(
        "processes::the_last_exit_does_not_end_the_system",
        &["§7.1 Running until exit notification"],
        |context| {
            let system = context.started(Schema::Two)?;
            let exit = system.wait_exit();
            for code in [0, 1] {
                same("exit code", &context.run(&system, &Program::Exit(code))?.1, &code)?;
            }
            same_text("state", &context.state(&system)?, "Running")?;
            holds(!exit.is_done(), "the system ended with its programs")?;
            context.done(&system.terminate(""))?;
            same_text("exit type", &exit_type(&context.done(&exit)?)?, "ForcedExit")
        },
    ),
    Case::new(
        "processes::many_at_once_have_their_own_ends",
        &["§1.2 CreateProcess", "§1.3 Wait, ExitCode"],
        |context| {
            let system = context.started(Schema::Two)?;
            let created: Result<Vec<_>, _> =
                (0..8).map(|code| context.spawn(&system, &Program::Exit(code), Pipes::NONE)).collect();
            // The last first, so that a wait can't be satisfied by another's exit.
            for (code, created) in (0..8).zip(created?).rev() {
                same("exit code", &context.exit_code(&*created.process)?, &code)?;
            }
            Ok(())
        },
    ),
    Case::new(
        "processes::waits_of_one_are_not_of_another",
        &["§4.2 one queue per type per handle"],
        |context| {
            let system = context.started(Schema::Two)?;
            let stays = context.spawn(&system, &Program::Hang, Pipes::NONE)?;
            let exit = stays.process.wait_exit();
            same("exit code of another", &context.run(&system, &Program::Exit(2))?.1, &2)?;
            holds(!exit.is_done(), "a wait ended with another process's exit")?;
            let status = process_status(&context.done(&stays.process.properties())?)?;
            holds(!status.exited, "a process ended with another")
        },
    ),
    Case::new(
        "processes::a_program_that_is_not_there",
        &["§1.2 CreateProcess: HRESULT failure"],
        |context| {
            let system = context.started(Schema::Two)?;
            let text = context.parameters(Schema::Two, &Program::Missing, Pipes::NONE, |_| {});
            let operation = system.create_process(&text, ProcessStreams::default());
            let error = context.fails(&operation, Hresult::ERROR_FILE_NOT_FOUND)?;
            same("predicates", &predicates(&error), &vec![])?;
            same("exit code of one that is there", &context.run(&system, &Program::Exit(5))?.1, &5)
        },
    ),
    Case::new(
        "processes::the_failure_keeps_its_document",
        &["§1.2 Extra = the process document"],
        |context| {
            let system = context.started(Schema::Two)?;
            let text = context.parameters(Schema::Two, &Program::Missing, Pipes::NONE, |document| {
                document["Environment"] = json!({"MARK": "find me", "PASSWORD": "hush-hush"});
            });
            let operation = system.create_process(&text, ProcessStreams::default());
            let error = context.fails(&operation, Hresult::ERROR_FILE_NOT_FOUND)?;
            let kept = error.document().unwrap_or_default();
            holds(kept.contains("find me"), format!("the error does not keep the document: {kept:?}"))?;
            holds(!format!("{error:?}").contains("hush-hush"), "the error shows a password")
        },
    ),
    Case::new("processes::working_directory", &["§2.3 WorkingDirectory"], |context| {
        let system = context.started(Schema::Two)?;
        let folder = context.fixture().guest_folder();
        let text = context.parameters(Schema::Two, &Program::PrintFolder, Pipes::OUTPUT, |document| {
            document["WorkingDirectory"] = json!(folder);
        });
        let (out, _) = context.run_text(&system, &text)?;
        holds(out.trim_end().eq_ignore_ascii_case(&folder), format!("it ran in {out:?}, not in {folder:?}"))?;
        let (elsewhere, _) = context.run(&system, &Program::PrintFolder)?;
        holds(!elsewhere.trim_end().eq_ignore_ascii_case(&folder), "the default folder proves nothing")
    }),
    Case::new("processes::a_working_directory_that_is_not_there", &["§2.3 WorkingDirectory"], |context| {
        let system = context.started(Schema::Two)?;
        let text = context.parameters(Schema::Two, &Program::Exit(0), Pipes::NONE, |document| {
            document["WorkingDirectory"] = json!(format!("{}/no/where", context.fixture().guest_folder()));
        });
        let operation = system.create_process(&text, ProcessStreams::default());
        context.fails(&operation, Hresult::ERROR_DIRECTORY).map(drop)
    }),
    Case::new("processes::environment", &["§2.3 Environment"], |context| {
        for schema in Schema::BOTH {
            let system = context.started(schema)?;
            let program = Program::PrintEnvironment("HCS_CASE");
            let text = context.parameters(schema, &program, Pipes::OUTPUT, |document| {
                document["Environment"] = json!({"HCS_CASE": "b  c=d", "OTHER": "x"});
            });
            same_text("variable", context.run_text(&system, &text)?.0.trim_end(), "HCS_CASE=b  c=d")?;
        }
        Ok(())
    }),
    Case::new("processes::the_environment_is_of_one_process", &["§2.3 Environment"], |context| {
        let system = context.started(Schema::Two)?;
        let program = Program::PrintEnvironment("HCS_CASE");
        let text = context.parameters(Schema::Two, &program, Pipes::OUTPUT, |document| {
            document["Environment"] = json!({"HCS_CASE": "first"});
        });
        same_text("variable", context.run_text(&system, &text)?.0.trim_end(), "HCS_CASE=first")?;
        let (out, _) = context.run(&system, &program)?;
        holds(!out.contains("first"), format!("another process's variable: {out:?}"))
    }),
    Case::new(
        "processes::ended_by_the_system_s_shutdown",
        &["§7.2 own ProcessExited", "§1.2 Shutdown"],
        |context| {
            let system = context.started(Schema::Two)?;
            let (created, _output) = context.spawn_ready(&system, &Program::EndWhenAsked)?;
            let exit = created.process.wait_exit();
            context.done(&system.shutdown(""))?;
            let status = process_status(&context.done(&exit)?)?;
            same("Exited, ExitCode", &(status.exited, status.exit_code), &(true, 0))
        },
    ),
    Case::new(
        "processes::the_code_is_kept_when_the_system_ends",
        &["§1.3 ExitCode", "§7.2 Wait, then ExitCode"],
        |context| {
            let system = context.started(Schema::Two)?;
            let created = context.spawn(&system, &Program::Exit(11), Pipes::NONE)?;
            same("exit code", &context.exit_code(&*created.process)?, &11)?;
            context.end(&system)?;
            same("exit code after the system's end", &context.exit_code(&*created.process)?, &11)
        },
    ),
];

/// A call on a process that has gone: one of the two codes for it.
fn gone(context: &Context, operation: &hcs_contract::Operation) -> Result<(), Failure> {
    let error = match operation.wait(context.patience()) {
        Ok(result) => return Err(differs("a call on a process that has gone", &result, &"an error")),
        Err(error) => error,
    };
    let code = error.hresult().to_v2();
    holds(
        matches!(code, Hresult::ERROR_NOT_FOUND | Hresult::HCS_E_PROCESS_ALREADY_STOPPED),
        format!("a call on a process that has gone: {error}"),
    )?;
    holds(error.is_already_stopped(), format!("not \"already stopped\": {error}"))
}
