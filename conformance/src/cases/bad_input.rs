//! What callers get wrong: each is an error with its place, and changes nothing.

use std::fmt::Write as _;

use hcs_contract::{ErrorKind, Hresult, ProcessStreams};
use serde_json::json;

use crate::check::{holds, names, predicates, same, same_text};
use crate::context::expect_error;
use crate::{Case, Failure, Pipes, Program, Schema};

const UNKNOWN_OPTION: &str = r#"{"NoSuchOption":true}"#;

pub(super) const CASES: &[Case] = &[
    Case::new("bad_input::text_that_is_no_document", &["§5.1 …010D invalid JSON"], |context| {
        for text in
            ["", " ", "nonsense", "[]", "7", "null", "\"Container\"", "{", "{}{}", "{\"SystemType\":}"]
        {
            context.create_fails(text, Hresult::HCS_E_INVALID_JSON)?;
        }
        Ok(())
    }),
    Case::new(
        "bad_input::broken_text_has_its_place",
        &["contract InvalidDocument with line and column"],
        |context| {
            let text = "{\n  \"SystemType\": \"Container\",\n  oops\n}";
            let error = context.create_fails(text, Hresult::HCS_E_INVALID_JSON)?;
            let ErrorKind::InvalidDocument(place) = error.kind() else {
                return Err(Failure::Broken(format!("not an invalid document: {error:?}")));
            };
            same("line, column", &(place.line, place.column), &(3, 3))?;
            names("broken text", &error, "line 3")
        },
    ),
    Case::new("bad_input::a_document_that_is_cut_off", &["§5.1 …010D invalid JSON"], |context| {
        let whole = context.document(Schema::Two, "x", |_| {});
        for end in [1, whole.len() / 2, whole.len() - 1] {
            let cut = whole.get(..end).unwrap_or("{");
            context.create_fails(cut, Hresult::HCS_E_INVALID_JSON)?;
        }
        Ok(())
    }),
    Case::new(
        "bad_input::a_document_of_great_depth",
        &["contract a document that does not parse is InvalidDocument"],
        |context| {
            let depth = 100_000;
            let mut text = String::from("{\"Container\":");
            text.extend(std::iter::repeat_n('[', depth));
            text.extend(std::iter::repeat_n(']', depth));
            text.push('}');
            // The text is not kept whole in a failure's report.
            let id = context.fresh_id();
            expect_error(
                "create from a deep document",
                context.try_create(&id, &text),
                Hresult::HCS_E_INVALID_JSON,
            )
            .map(drop)
        },
    ),
    Case::new("bad_input::no_id", &["contract an empty id is InvalidArgument"], |context| {
        let document = context.document(Schema::Two, "", |_| {});
        expect_error("create without an id", context.try_create("", &document), Hresult::E_INVALIDARG)
            .map(drop)
    }),
    Case::new("bad_input::open_without_an_id", &["§5.1 …010E"], |context| {
        holds(context.service().open_system("").is_err(), "there is a system without an id")
    }),
    Case::new("bad_input::ids_are_only_names", &["§1.1 CreateContainer(id)"], |context| {
        for odd in ["with space", "../../up", "sl/ash", "back\\slash", "ü-字", "%2e", "a\nb", "CON"] {
            // Unique, so that runs do not meet.
            let id = format!("{}-{odd}", context.fresh_id());
            context.clear_later(&id);
            let document = context.document(Schema::Two, &id, |_| {});
            let created = context.try_create(&id, &document);
            let system = created.map_err(|error| Failure::Call { step: format!("create {id:?}"), error })?;
            same("id", &system.id(), &id.as_str())?;
            same("id of another handle", &context.open(&id)?.id(), &id.as_str())?;
            same_text("Id", &context.property(&system, "Id")?, &id)?;
        }
        Ok(())
    }),
    Case::new("bad_input::a_long_id", &["§1.1 CreateContainer(id)"], |context| {
        let mut id = context.fresh_id();
        for number in 0..60 {
            let _ = write!(id, "-{number}");
        }
        context.clear_later(&id);
        let created = context.try_create(&id, &context.document(Schema::Two, &id, |_| {}));
        let system =
            created.map_err(|error| Failure::Call { step: "create with a long id".into(), error })?;
        same_text("Id", &context.property(&system, "Id")?, &id)
    }),
    Case::new(
        "bad_input::options_that_do_not_parse",
        &["contract a document that does not parse is InvalidDocument"],
        |context| {
            let system = context.create(Schema::Two)?;
            for text in ["{", "[]", "nonsense"] {
                context.fails(&system.start(text), Hresult::HCS_E_INVALID_JSON)?;
                context.fails(&system.terminate(text), Hresult::HCS_E_INVALID_JSON)?;
            }
            same_text("state", &context.state(&system)?, "Created")
        },
    ),
    Case::new(
        "bad_input::options_that_nobody_knows",
        &["contract nothing is silently ignored", "§5.4 NotSupported"],
        |context| {
            let system = context.create(Schema::Two)?;
            for operation in [system.start(UNKNOWN_OPTION), system.terminate(UNKNOWN_OPTION)] {
                match operation.wait(context.patience()) {
                    Ok(_) => return Err(Failure::Broken(format!("{operation:?} took an unknown option"))),
                    Err(error) => {
                        same("predicates", &predicates(&error), &vec!["not supported"])?;
                        names("an unknown option", &error, "NoSuchOption")?;
                    }
                }
            }
            same_text("state", &context.state(&system)?, "Created")
        },
    ),
    Case::new(
        "bad_input::unknown_members_of_changes",
        &["contract nothing is silently ignored"],
        |context| {
            let system = context.started(Schema::Two)?;
            let request = r#"{"ResourcePath":"Container/Memory/SizeInMB","Settings":512,"NoSuchMember":1}"#;
            names(
                "an unknown member",
                &context.fails(&system.modify(request), Hresult::HCS_E_INVALID_JSON)?,
                "NoSuchMember",
            )?;
            let created = context.spawn(&system, &Program::Hang, Pipes::ALL)?;
            let request = r#"{"Operation":"CloseHandle","CloseHandle":{"Handle":"StdIn","NoSuchMember":1}}"#;
            let error = context.fails(&created.process.modify(request), Hresult::HCS_E_INVALID_JSON)?;
            names("an unknown member", &error, "NoSuchMember")
        },
    ),
    Case::new(
        "bad_input::process_documents",
        &["contract a document that does not parse is InvalidDocument"],
        |context| {
            let system = context.started(Schema::Two)?;
            for text in ["", "{", "[]", "nonsense", r#"{"CommandLine":7}"#, r#"{"Environment":["A=b"]}"#] {
                let operation = system.create_process(text, ProcessStreams::default());
                context.fails(&operation, Hresult::HCS_E_INVALID_JSON)?;
            }
            same("exit code of the next", &context.run(&system, &Program::Exit(2))?.1, &2)
        },
    ),
    Case::new("bad_input::a_process_without_a_program", &["§6.4 ProcessParameters"], |context| {
        let system = context.started(Schema::Two)?;
        let operation = system.create_process("{}", ProcessStreams::default());
        context.fails(&operation, Hresult::HCS_E_INVALID_JSON).map(drop)
    }),
    Case::new(
        "bad_input::an_unknown_member_of_a_process",
        &["contract nothing is silently ignored"],
        |context| {
            let system = context.started(Schema::Two)?;
            let text = context.parameters(Schema::Two, &Program::Exit(0), Pipes::NONE, |document| {
                document["NoSuchMember"] = json!(true);
            });
            let operation = system.create_process(&text, ProcessStreams::default());
            names(
                "an unknown member",
                &context.fails(&operation, Hresult::HCS_E_INVALID_JSON)?,
                "NoSuchMember",
            )
        },
    ),
    Case::new(
        "bad_input::a_nul_character",
        &["§3.1 NUL inside any input string: no DLL call made"],
        |context| {
            let system = context.started(Schema::Two)?;
            let text = context.parameters(Schema::Two, &Program::Exit(0), Pipes::NONE, |document| {
                document["Environment"] = json!({"A": "b\u{0}c"});
            });
            let operation = system.create_process(&text, ProcessStreams::default());
            let created = operation.wait(context.patience());
            holds(created.is_err(), "a variable with a NUL character was passed on")?;
            same("exit code of the next", &context.run(&system, &Program::Exit(2))?.1, &2)
        },
    ),
    Case::new("bad_input::variables_that_can_not_be", &["§2.3 Environment: string -> string"], |context| {
        let system = context.started(Schema::Two)?;
        let text = context.parameters(Schema::Two, &Program::Exit(0), Pipes::NONE, |document| {
            document["Environment"] = json!({"": "x"});
        });
        let created = system.create_process(&text, ProcessStreams::default()).wait(context.patience());
        holds(created.is_err(), "a variable without a name was passed on")
    }),
    Case::new("bad_input::a_console_size_of_one_number", &["§6.4 ConsoleSize [height, width]"], |context| {
        let system = context.started(Schema::Two)?;
        let text = context.parameters(Schema::Two, &Program::Exit(0), Pipes::NONE, |document| {
            document["EmulateConsole"] = json!(true);
            document["ConsoleSize"] = json!([25]);
        });
        let operation = system.create_process(&text, ProcessStreams::default());
        context.fails(&operation, Hresult::HCS_E_INVALID_JSON).map(drop)
    }),
];
