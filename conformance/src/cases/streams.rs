//! Standard streams: pipes as the document asks for them, streams that are given, and their ends.

use hcs_contract::{Hresult, ProcessStreams, Stream, StreamSource};

use crate::check::{holds, same, same_text};
use crate::io::{self, Output};
use crate::{Case, Failure, Pipes, Program, Schema};

pub(super) const CASES: &[Case] = &[
    Case::new("streams::none_unless_asked_for", &["§1.3 Stdio: missing pipe = nil stream"], |context| {
        let system = context.started(Schema::Two)?;
        let created = context.spawn(&system, &Program::Print { out: "x", err: "y" }, Pipes::NONE)?;
        same("streams", &taken(&created.information), &[false; 3])?;
        same("exit code", &context.exit_code(&*created.process)?, &0)
    }),
    Case::new("streams::only_those_asked_for", &["§3.2 0 = pipe not requested"], |context| {
        let system = context.started(Schema::Two)?;
        for wanted in [[true, false, false], [false, true, false], [false, false, true], [true, true, true]] {
            let [stdin, stdout, stderr] = wanted;
            let created = context.spawn(&system, &Program::Hang, Pipes { stdin, stdout, stderr })?;
            same("streams", &taken(&created.information), &wanted)?;
        }
        Ok(())
    }),
    Case::new(
        "streams::each_is_taken_once",
        &["§1.3 Stdio: the first hands out the cached ones"],
        |context| {
            let system = context.started(Schema::Two)?;
            let created = context.spawn(&system, &Program::Hang, Pipes::ALL)?;
            same("streams", &taken(&created.information), &[true; 3])?;
            same("streams, once taken", &taken(&created.information), &[false; 3])
        },
    ),
    Case::new(
        "streams::output_and_errors_are_apart",
        &["§2.3 CreateStdOutPipe, CreateStdErrPipe"],
        |context| {
            for schema in Schema::BOTH {
                let system = context.started(schema)?;
                let program = Program::Print { out: "to out", err: "to err" };
                let text = context.parameters(schema, &program, Pipes::OUTPUT, |_| {});
                let created = context.spawn_text(&system, &text)?;
                let out = Output::of(context, created.information.take_stdout(), "output")?;
                let err = Output::of(context, created.information.take_stderr(), "error output")?;
                same_text("output", out.rest()?.trim_end(), "to out")?;
                same_text("error output", err.rest()?.trim_end(), "to err")?;
            }
            Ok(())
        },
    ),
    Case::new(
        "streams::input_is_copied_to_output",
        &["§2.3 CreateStdInPipe", "§1.3 CloseStdin"],
        |context| {
            for schema in Schema::BOTH {
                let system = context.started(schema)?;
                let text = context.parameters(schema, &Program::Copy, Pipes::ALL, |_| {});
                let created = context.spawn_text(&system, &text)?;
                let out = Output::of(context, created.information.take_stdout(), "output")?;
                let input = io::there(created.information.take_stdin(), "input")?;
                let input = io::write(context, input, b"some text")?;
                context.done(&created.process.modify(super::CLOSE_STDIN))?;
                drop(input);
                same_text("copy", &out.rest()?, "some text")?;
                same("exit code", &context.exit_code(&*created.process)?, &0)?;
            }
            Ok(())
        },
    ),
    Case::new("streams::every_byte_passes", &["§1.3 Streams", "§11 process echo over stdio"], |context| {
        let system = context.started(Schema::Two)?;
        let bytes: Vec<u8> = (0..=255).chain((0..=255).rev()).collect();
        same("copy", &copy(context, &system, &bytes)?, &bytes)
    }),
    Case::new(
        "streams::more_than_a_pipe_holds",
        &["§1.3 Streams", "§11 process echo over stdio"],
        |context| {
            let system = context.started(Schema::Two)?;
            let bytes: Vec<u8> = (0..1_u32 << 18).flat_map(u32::to_le_bytes).collect();
            let copied = copy(context, &system, &bytes)?;
            same("length of the copy", &copied.len(), &bytes.len())?;
            holds(copied == bytes, "the copy has other bytes, or another order")
        },
    ),
    Case::new("streams::an_empty_input_ends", &["§1.3 CloseStdin"], |context| {
        let system = context.started(Schema::Two)?;
        same("copy of nothing", &copy(context, &system, b"")?, &Vec::new())
    }),
    Case::new(
        "streams::closed_locally_first",
        &["§7.2 CloseStdin: then close the local stream"],
        |context| {
            let system = context.started(Schema::Two)?;
            let created = context.spawn(&system, &Program::Copy, Pipes::ALL)?;
            drop(created.information.take_stdin());
            context.done(&created.process.modify(super::CLOSE_STDIN))?;
            same("exit code", &context.exit_code(&*created.process)?, &0)
        },
    ),
    Case::new(
        "streams::close_stdin_of_one_that_has_gone",
        &["§1.3 CloseStdin after exit: the service fails this call"],
        |context| {
            let system = context.started(Schema::Two)?;
            let created = context.spawn(&system, &Program::Exit(0), Pipes::ALL)?;
            context.exit_code(&*created.process)?;
            match created.process.modify(super::CLOSE_STDIN).wait(context.patience()) {
                Ok(_) => Err(Failure::Broken("the input of a process that has gone could be closed".into())),
                Err(error) => holds(error.is_already_stopped(), format!("not \"already stopped\": {error}")),
            }
        },
    ),
    Case::new("streams::each_can_be_closed", &["§6.4 CloseHandle: StdIn, StdOut, StdErr, All"], |context| {
        let system = context.started(Schema::Two)?;
        for handle in ["StdIn", "StdOut", "StdErr", "All"] {
            let created = context.spawn(&system, &Program::Hang, Pipes::ALL)?;
            let request = format!(r#"{{"Operation":"CloseHandle","CloseHandle":{{"Handle":"{handle}"}}}}"#);
            context.done(&created.process.modify(&request))?;
            let status = crate::context::process_status(&context.done(&created.process.properties())?)?;
            holds(!status.exited, format!("closing {handle} ended the process"))?;
        }
        Ok(())
    }),
    Case::new(
        "streams::output_after_the_exit",
        &["§11 Wait, ExitCode, then Stdio and read all output"],
        |context| {
            let system = context.started(Schema::Two)?;
            let created =
                context.spawn(&system, &Program::Print { out: "early", err: "bird" }, Pipes::ALL)?;
            same("exit code", &context.exit_code(&*created.process)?, &0)?;
            let out = Output::of(context, created.information.take_stdout(), "output")?;
            let err = Output::of(context, created.information.take_stderr(), "error output")?;
            same_text("output", out.rest()?.trim_end(), "early")?;
            same_text("error output", err.rest()?.trim_end(), "bird")
        },
    ),
    Case::new(
        "streams::ten_programs_and_their_outputs",
        &["§11 10 commands with stdin+stdout+stderr pipes"],
        |context| {
            let system = context.started(Schema::Two)?;
            for _ in 0..10 {
                let created = context.spawn(&system, &Program::Print { out: "line", err: "" }, Pipes::ALL)?;
                context.exit_code(&*created.process)?;
                let out = Output::of(context, created.information.take_stdout(), "output")?;
                same_text("output", out.rest()?.trim_end(), "line")?;
            }
            Ok(())
        },
    ),
    Case::new("streams::outputs_end_with_a_kill", &["§1.3 Kill", "§1.3 Streams"], |context| {
        let system = context.started(Schema::Two)?;
        let (created, output) = context.spawn_ready(&system, &Program::Hang)?;
        let errors = Output::of(context, created.information.take_stderr(), "error output")?;
        context.done(&created.process.terminate(""))?;
        same_text("rest of the output", &output.rest()?, "")?;
        same_text("error output", &errors.rest()?, "")
    }),
    Case::new("streams::outputs_end_with_the_system", &["§1.2 Terminate", "§1.3 Streams"], |context| {
        let system = context.started(Schema::Two)?;
        let (_created, output) = context.spawn_ready(&system, &Program::Hang)?;
        context.end(&system)?;
        same_text("rest of the output", &output.rest()?, "")
    }),
    Case::new("streams::had_again", &["§1.3 Stdio: each call hands out fresh handles"], |context| {
        let system = context.started(Schema::Two)?;
        let created = context.spawn(&system, &Program::Copy, Pipes::ALL)?;
        drop((created.information.take_stdin(), created.information.take_stdout()));
        drop(context.done(&created.process.info())?);
        let information = context.done(&created.process.info())?;
        let input = io::there(information.take_stdin(), "input")?;
        let mut output = Output::of(context, information.take_stdout(), "output")?;
        drop(io::write(context, input, b"again\n")?);
        same_text("copy", &output.line()?, "again")
    }),
    Case::new(
        "streams::had_by_another_handle",
        &["§3.1 HcsGetProcessInfo", "§1.2 OpenProcess"],
        |context| {
            let system = context.started(Schema::Two)?;
            let created = context.spawn(&system, &Program::Copy, Pipes::ALL)?;
            drop(created.information.take_stdin());
            let mut output = Output::of(context, created.information.take_stdout(), "output")?;
            let opened = context.open_process(&system, created.process.pid())?;
            let information = context.done(&opened.info())?;
            let input = io::there(information.take_stdin(), "input")?;
            drop(io::write(context, input, b"from another\n")?);
            same_text("copy", &output.line()?, "from another")
        },
    ),
    Case::new(
        "streams::information_has_only_what_there_is",
        &["§3.2 0 = pipe not requested", "§3.1 HcsGetProcessInfo"],
        |context| {
            let system = context.started(Schema::Two)?;
            let pipes = Pipes { stdin: false, stdout: true, stderr: false };
            let created = context.spawn(&system, &Program::Hang, pipes)?;
            let information = context.done(&created.process.info())?;
            same("streams", &taken(&information), &[false, true, false])
        },
    ),
    Case::new("streams::given_output", &["contract a given stream becomes the process's own"], |context| {
        let system = context.started(Schema::Two)?;
        let file = Scratch::new(context)?;
        let streams =
            ProcessStreams { stdout: StreamSource::Given(file.stream()?), ..ProcessStreams::default() };
        let pipes = Pipes { stderr: true, ..Pipes::NONE };
        let program = Program::Print { out: "straight", err: "aside" };
        let text = context.parameters(Schema::Two, &program, pipes, |_| {});
        let created = context.may_refuse(&system.create_process(&text, streams))?;
        holds(created.information.take_stdout().is_none(), "a given stream was handed out as a pipe")?;
        let errors = Output::of(context, created.information.take_stderr(), "error output")?;
        same_text("error output", errors.rest()?.trim_end(), "aside")?;
        same("exit code", &context.exit_code(&*created.process)?, &0)?;
        same_text("what is in the file", file.text()?.trim_end(), "straight")
    }),
    Case::new("streams::given_and_asked_for", &["contract the document's member must be false"], |context| {
        let system = context.started(Schema::Two)?;
        let file = Scratch::new(context)?;
        let streams =
            ProcessStreams { stdout: StreamSource::Given(file.stream()?), ..ProcessStreams::default() };
        let text = context.parameters(Schema::Two, &Program::Exit(0), Pipes::OUTPUT, |_| {});
        context.fails(&system.create_process(&text, streams), Hresult::E_INVALIDARG).map(drop)
    }),
];

/// Which streams there were to take.
fn taken(information: &hcs_contract::ProcessInformation) -> [bool; 3] {
    [information.take_stdin(), information.take_stdout(), information.take_stderr()].map(|end| end.is_some())
}

/// What [`Program::Copy`] makes of these bytes.
fn copy(
    context: &crate::Context,
    system: &std::sync::Arc<dyn hcs_contract::ComputeSystem>,
    bytes: &[u8],
) -> Result<Vec<u8>, Failure> {
    let created = context.spawn(system, &Program::Copy, Pipes::ALL)?;
    let out = Output::of(context, created.information.take_stdout(), "output")?;
    let input = io::write(context, io::there(created.information.take_stdin(), "input")?, bytes)?;
    context.done(&created.process.modify(super::CLOSE_STDIN))?;
    drop(input);
    let copied = out.bytes()?;
    same("exit code", &context.exit_code(&*created.process)?, &0)?;
    Ok(copied)
}

/// A file of the case's own, gone with it.
struct Scratch(std::path::PathBuf);

impl Scratch {
    fn new(context: &crate::Context) -> Result<Self, Failure> {
        let path = std::env::temp_dir().join(context.fixture().fresh_id());
        fs_err::write(&path, "").map_err(|error| Failure::Stream { step: "make a file".into(), error })?;
        Ok(Self(path))
    }

    fn stream(&self) -> Result<Stream, Failure> {
        let file = fs_err::OpenOptions::new().write(true).open(&self.0);
        let file = file.map_err(|error| Failure::Stream { step: "open a file".into(), error })?;
        Ok(Stream::from(file.into_parts().0))
    }

    fn text(&self) -> Result<String, Failure> {
        let text = fs_err::read_to_string(&self.0);
        text.map_err(|error| Failure::Stream { step: "read a file".into(), error })
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // A file that stays in the folder for such files is no failure of the host's.
        let _ = fs_err::remove_file(&self.0);
    }
}
