//! How far ids, arguments and variables may go: what is accepted comes back as it was, what is not says why.

use hcs_contract::{ComputeService, Hresult, ProcessStreams};
use hcs_schema::Document;
use hcs_schema::compute::v2::ProcessParameters;

use super::support::{Engine, PATIENCE, done, finish, spawn};
use super::windows_guests;

/// Ids that are folders, devices, control sequences or nothing to some system or other.
fn ids() -> Vec<String> {
    let given = [
        "a/b/c",
        "/",
        "/etc/passwd",
        "..",
        ".",
        "...",
        "../..",
        ".hidden",
        "a.",
        "a..",
        "a ",
        " a",
        " ",
        "a. .",
        "CON",
        "con",
        "NUL.txt",
        "COM1",
        "LPT9",
        "aux",
        "a:b",
        "C:\\x",
        r"\\?\x",
        "a\\b",
        "*?<>|\"",
        "%",
        "%%",
        "%2f",
        "%252f",
        "\0",
        "a\0",
        "a\nb",
        "\x1b[2J",
        "\u{7f}",
        "ü",
        "u\u{308}",
        "Ü",
        "ß",
        "ẞ",
        "İ",
        "🐳",
        "👩‍👩‍👧‍👦",
        "\u{202e}abc",
        "\u{feff}",
        "{}",
        "\"",
        "'",
        "$(x)",
        "-",
        "--help",
        "meta.json",
        "control.sock",
        "lock",
    ];
    let long = [180, 184, 255, 256, 300, 65_535];
    let long = long.into_iter().flat_map(|length| [("x", length), ("/", length), ("🐳", length / 4)]);
    given.into_iter().map(str::to_owned).chain(long.map(|(text, length)| text.repeat(length))).collect()
}

#[test]
fn every_id_is_one_system_of_its_own() {
    let engine = Engine::new();
    let ids = ids();
    let outside = fs_err::read_dir(engine.path("")).unwrap().count();
    // All at the same time, so that two with one name would meet.
    let systems: Vec<_> = ids.iter().map(|id| engine.create(id, "")).collect();
    let listed: serde_json::Value = serde_json::from_str(&done(&engine.host.enumerate_systems(""))).unwrap();
    let mut found: Vec<&str> =
        listed.as_array().unwrap().iter().map(|entry| entry["Id"].as_str().unwrap()).collect();
    let mut expected: Vec<&str> = ids.iter().map(String::as_str).collect();
    found.sort_unstable();
    expected.sort_unstable();
    assert!(found == expected, "{} of {} are listed", found.len(), expected.len());
    for (id, system) in ids.iter().zip(&systems) {
        assert_eq!(engine.host.open_system(id).unwrap().id(), id);
        let error = engine.try_create(id, &engine.document("")).unwrap_err();
        assert_eq!(error.hresult(), Hresult::HCS_E_SYSTEM_ALREADY_EXISTS, "{id:?}");
        let properties: serde_json::Value = serde_json::from_str(&done(&system.properties(""))).unwrap();
        assert_eq!(properties["Id"], id.as_str());
    }
    // Nothing has got out of the engine's folders.
    assert_eq!(fs_err::read_dir(engine.path("")).unwrap().count(), outside);
    for system in systems {
        done(&system.terminate(""));
    }
}

#[test]
fn ids_that_are_none_say_why() {
    let engine = Engine::new();
    for (id, why) in [(String::new(), "empty"), ("x".repeat(65_536), "65536 bytes, at most 65535")] {
        let error = engine.try_create(&id, &engine.document("")).unwrap_err();
        assert_eq!(error.hresult(), Hresult::E_INVALIDARG);
        assert!(error.to_string().contains(why), "{error}");
        assert_eq!(engine.host.open_system(&id).map(drop).unwrap_err().hresult(), Hresult::E_INVALIDARG);
    }
    assert_eq!(engine.host.systems().unwrap(), []);
}

fn parameters(arguments: Vec<String>, environment: &[(&str, String)]) -> ProcessParameters {
    ProcessParameters {
        command_args: arguments,
        environment: environment.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
        create_std_out_pipe: true,
        create_std_err_pipe: true,
        ..ProcessParameters::default()
    }
}

fn shell(script: &str, more: impl IntoIterator<Item = String>) -> Vec<String> {
    ["/bin/sh", "-c", script, "sh"].into_iter().map(str::to_owned).chain(more).collect()
}

#[test]
fn long_and_many_arguments_and_variables_arrive_whole() {
    let engine = Engine::new();
    let system = engine.started("a", "");
    let long: String = ('a'..='z').cycle().take(10_000).collect();
    let longest = "ü".repeat(65_000);
    let odd = "'\"\\ $x `y` \t\n* ✓ 😀";
    for (script, more, value, expected) in [
        ("printf %s \"$1\"", vec![long.clone()], String::new(), long.clone()),
        ("printf %s \"$1\"", vec![longest.clone()], String::new(), longest.clone()),
        (
            "printf %s \"$2|$1|$3\"",
            vec![odd.into(), String::new(), odd.into()],
            String::new(),
            format!("|{odd}|{odd}"),
        ),
        ("echo $#", vec!["x".into(); 10_000], String::new(), "10000\n".into()),
        ("printf %s \"$V\"", vec![], longest.clone(), longest.clone()),
        ("printf %s \"$V\"", vec![], odd.into(), odd.into()),
    ] {
        let created = spawn(&system, &parameters(shell(script, more), &[("V", value)]).to_json());
        let (output, errors, code) = finish(&created);
        assert_eq!((errors.as_str(), code), ("", 0));
        assert!(output == expected, "{script}: {} bytes of {}", output.len(), expected.len());
    }
    done(&system.terminate(""));
}

#[test]
fn what_no_program_can_be_given_is_refused_by_name() {
    let engine = Engine::new();
    let system = engine.started("a", "");
    let args = |more: Vec<String>| parameters(shell("exit 0", more), &[]);
    let variable = |name: &str, value: String| parameters(shell("exit 0", []), &[(name, value)]);
    let invalid = Hresult::HCS_E_INVALID_JSON;
    for (document, code, texts) in [
        (args(vec!["x".repeat(1 << 20)]), invalid, ["CommandArgs[4]", "1048576 bytes"]),
        (args(vec!["x".repeat(100_000); 400]), invalid, ["CommandArgs", "together"]),
        (variable("V", "x".repeat(1 << 20)), invalid, ["Environment.V", "1048578 bytes"]),
        (variable("", "x".into()), invalid, ["Environment.", "empty"]),
        (variable("A=B", "x".into()), invalid, ["Environment.A=B", "hold \"=\""]),
        (variable("A\0B", "x".into()), invalid, ["Environment.A", "NUL"]),
        // Less than the kernel's largest, more than what it takes with this stack: it says so itself.
        (args(vec!["x".repeat(100_000); 50]), Hresult::ERROR_FILENAME_EXCED_RANGE, ["/bin/sh", "run"]),
    ] {
        let operation = system.create_process(&document.to_json(), ProcessStreams::default());
        let error = operation.wait(PATIENCE).map(drop).unwrap_err();
        assert_eq!(error.hresult(), code, "{error}");
        for text in texts {
            assert!(error.to_string().contains(text), "{text}: {error}");
        }
    }
    done(&system.terminate(""));
}

#[test]
fn a_windows_program_gets_as_much_as_windows_allows_and_no_more() {
    const MOST: usize = 32_766;
    let engine = Engine::new();
    let system = windows_guests::started(&engine, "a", &windows_guests::document("", ""));
    let padded = |line: &str, length: usize| format!("{line}{}", " ".repeat(length - line.len()));
    // The shell itself stops at 8 KiB of what it prints.
    let long: String = ('a'..='z').cycle().take(7000).collect();
    let echoed = windows_guests::run(&system, &format!("cmd /c echo {long}"));
    assert_eq!(echoed, (format!("{long}\n"), 0));
    // Which Wine's shell does not survive; other programs do.
    let query = r"reg query HKLM\Software";
    let plain = windows_guests::run(&system, query);
    assert_eq!(windows_guests::run(&system, &padded(query, MOST)), plain);
    assert_eq!(plain.1, 0);
    let with = |name: &str, value: &str| {
        let mut parameters = windows_guests::parameters("cmd /c echo %V%& exit 9");
        parameters.environment.insert(name.into(), value.into());
        parameters.to_json()
    };
    let (output, _, code) = finish(&spawn(&system, &with("V", &long)));
    assert_eq!((output, code), (format!("{long}\r\n"), 9));
    let (_, _, code) = finish(&spawn(&system, &with("W", &"x".repeat(MOST - 2))));
    assert_eq!(code, 9);
    for (document, text) in [
        (windows_guests::command(&padded(query, MOST + 1)), "CommandLine: 32767 UTF-16 units"),
        (with("W", &"x".repeat(MOST - 1)), "Environment.W: 32767 UTF-16 units"),
        (with("", "x"), "Environment."),
        (with("=C:", "x"), "Environment.=C:"),
    ] {
        let operation = system.create_process(&document, ProcessStreams::default());
        let error = operation.wait(PATIENCE).map(drop).unwrap_err();
        assert_eq!(error.hresult(), Hresult::HCS_E_INVALID_JSON, "{error}");
        assert!(error.to_string().contains(text), "{error}");
    }
    done(&system.terminate(""));
}
