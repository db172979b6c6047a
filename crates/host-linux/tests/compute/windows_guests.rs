//! Windows containers through the contract: what their documents say holds inside.

use std::sync::Arc;

use hcs_contract::{ComputeService, ComputeSystem, ProcessStreams};
use hcs_schema::Document;
use hcs_schema::compute::v2::{ProcessParameters, Properties};

use super::support::{Engine, code, done, exit_code, finish, spawn, state};
use super::windows;

/// A document over the base that all tests share; `more` goes into the container, `host` into `LinuxHost`.
pub(crate) fn document(more: &str, host: &str) -> String {
    let base = windows::base();
    format!(
        r#"{{"Owner":"tests","SchemaVersion":{{"Major":2,"Minor":1}},"LinuxHost":{{{host}}},
            "Container":{{"Storage":{{"Layers":[{{"Path":"{}"}}]}}{more}}}}}"#,
        base.path().display()
    )
}

/// The schema 1 document of such a container, with further members.
pub(crate) fn document_1(more: &str) -> String {
    let base = windows::base();
    format!(r#"{{"SystemType":"Container","Layers":[{{"Path":"{}"}}]{more}}}"#, base.path().display())
}

pub(crate) fn started(engine: &Engine, id: &str, document: &str) -> Arc<dyn ComputeSystem> {
    let system = engine.try_create(id, document).unwrap_or_else(|error| panic!("{error:?}"));
    done(&system.start(""));
    system
}

pub(crate) fn command(line: &str) -> String {
    parameters(line).to_json()
}

/// A program with pipes for all streams.
pub(crate) fn parameters(line: &str) -> ProcessParameters {
    ProcessParameters {
        command_line: line.into(),
        create_std_in_pipe: true,
        create_std_out_pipe: true,
        create_std_err_pipe: true,
        ..ProcessParameters::default()
    }
}

pub(crate) fn run(system: &Arc<dyn ComputeSystem>, line: &str) -> (String, u32) {
    let (out, errors, code) = finish(&spawn(system, &command(line)));
    assert_eq!(errors, "", "{line}");
    (out.replace("\r\n", "\n"), code)
}

#[test]
fn the_default_document_runs_a_program() {
    let engine = Engine::new();
    let system = started(&engine, "windows", &document("", ""));
    assert_eq!(run(&system, "cmd /c echo hello& exit 3010"), ("hello\n".into(), 3010));
    // What the test below deletes by its document.
    assert_eq!(run(&system, r"reg query HKLM\Software\Microsoft\Cryptography\OID").1, 0);
    let other = engine.other().open_system("windows").unwrap();
    assert_eq!(run(&other, "cmd /c exit 7").1, 7);
    let text = done(&system.properties(r#"{"PropertyTypes":["Statistics"]}"#));
    let properties = Properties::from_json(&text).unwrap();
    assert_eq!(properties.runtime_os_type.as_str(), "Windows");
    assert!(properties.statistics.unwrap().memory.unwrap().usage_commit_bytes > 0);
    done(&system.terminate(""));
}

#[test]
fn names_folders_registry_and_version_follow_the_document() {
    let engine = Engine::new();
    let folder = engine.path("mapped");
    fs_err::create_dir(&folder).unwrap();
    fs_err::write(folder.join("in.txt"), "from outside").unwrap();
    let mapped = format!(
        r#","GuestOs":{{"HostName":"winbox"}},"MappedDirectories":[
            {{"HostPath":"{0}","ContainerPath":"C:\\data"}},
            {{"HostPath":"{0}","ContainerPath":"c:\\Windows\\mapped","ReadOnly":true}}],
          "RegistryChanges":{{"AddValues":[
            {{"Key":{{"Hive":"Software","Name":"Hcs\\Test"}},"Name":"N","Type":"DWord","DWordValue":7}},
            {{"Key":{{"Hive":"Security","Name":"Hcs"}},"Name":"S","Type":"String","StringValue":"guarded"}},
            {{"Key":{{"Hive":"Sam","Name":"Hcs"}},"Name":"S","Type":"String","StringValue":"account"}}],
            "DeleteKeys":[{{"Hive":"Software","Name":"Microsoft\\Cryptography\\OID"}}]}}"#,
        folder.display()
    );
    let document = document(&mapped, r#""OsVersion":"10.0.20348.1","TimeZone":"Asia/Tokyo""#);
    let system = started(&engine, "follows", &document);
    assert_eq!(run(&system, r"cmd /c type C:\data\in.txt"), ("from outside".into(), 0));
    assert_eq!(run(&system, r"cmd /c type C:\windows\mapped\in.txt").0, "from outside");
    assert_eq!(run(&system, r"cmd /c echo out> C:\data\out.txt").1, 0);
    assert_eq!(fs_err::read_to_string(folder.join("out.txt")).unwrap(), "out\r\n");
    let (_, errors, _) = finish(&spawn(&system, &command(r"cmd /c echo x> C:\windows\mapped\no.txt")));
    assert!(!folder.join("no.txt").exists(), "{errors}");
    assert_eq!(run(&system, "cmd /c echo %COMPUTERNAME%").0, "WINBOX\n");
    let (version, _) = run(&system, "cmd /c ver");
    assert!(version.contains("10.0.20348"), "{version}");
    let (query, _) = run(&system, r"reg query HKLM\Software\Hcs\Test /v N");
    assert!(query.contains("0x7"), "{query}");
    for (hive, value) in [("SECURITY", "guarded"), ("SAM", "account")] {
        let (query, _) = run(&system, &format!(r"reg query HKLM\{hive}\Hcs /v S"));
        assert!(query.contains(value), "{query}");
    }
    let help = spawn(&system, &command(r"reg query HKLM\Software\Microsoft\Cryptography\OID"));
    assert_eq!(finish(&help).2, 1, "the key is deleted");
    done(&system.shutdown(""));
    let exit = done(&system.wait_exit());
    assert!(exit.contains("GracefulExit"), "{exit}");
    assert_eq!(state(&system), "Stopped");
}

#[test]
fn a_program_can_be_named_apart_from_its_command_line() {
    let engine = Engine::new();
    for document in [document_1(""), document("", "")] {
        let system = started(&engine, "named", &document);
        // The first word is the program's to look at; nothing of that name is there.
        let mut parameters = parameters("shell /c exit 5");
        parameters.application_name = r"C:\windows\system32\cmd.exe".into();
        assert_eq!(finish(&spawn(&system, &parameters.to_json())).2, 5);
        done(&system.terminate(""));
    }
}

#[test]
fn registry_values_of_every_type_are_there() {
    let engine = Engine::new();
    let changes = r#","RegistryChanges":{"AddValues":[
        {"Key":{"Hive":"Software","Name":"Hcs"},"Name":"S","Type":"String","StringValue":"text"},
        {"Key":{"Hive":"Software","Name":"Hcs"},"Name":"E","Type":"ExpandedString","StringValue":"%x%"},
        {"Key":{"Hive":"Software","Name":"Hcs"},"Name":"M","Type":"MultiString","StringValue":"a\u0000b"},
        {"Key":{"Hive":"Software","Name":"Hcs"},"Name":"B","Type":"Binary","BinaryValue":"qv8="},
        {"Key":{"Hive":"Software","Name":"Hcs"},"Name":"D","Type":"DWord","DWordValue":7},
        {"Key":{"Hive":"Software","Name":"Hcs"},"Name":"Q","Type":"QWord","QWordValue":1311768467463790320},
        {"Key":{"Hive":"Software","Name":"Hcs"},"Name":"C","Type":"CustomType","CustomType":9,"BinaryValue":"qQ=="},
        {"Key":{"Hive":"Software","Name":"Hcs"},"Name":"N","Type":"None"},
        {"Key":{"Hive":"Software","Name":"Hcs"},"Name":"Z","Type":"Binary"},
        {"Key":{"Hive":"System","Name":"Passing","Volatile":true},"Name":"V","Type":"String","StringValue":"x"}]}"#;
    let folder = engine.path("mapped");
    fs_err::create_dir(&folder).unwrap();
    let mapped =
        format!(r#","MappedDirectories":[{{"HostPath":"{}","ContainerPath":"C:\\data"}}]"#, folder.display());
    let system = started(&engine, "values", &document(&format!("{changes}{mapped}"), ""));
    // What `reg query` shows of some types is less than they hold.
    assert_eq!(run(&system, r"reg export HKLM\Software\Hcs C:\data\values.reg").1, 0);
    let bytes = fs_err::read(folder.join("values.reg")).unwrap();
    let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
    let values = String::from_utf16(&units).unwrap();
    for expected in [
        r#""S"="text""#,
        r#""E"=hex(2):25,00,78,00,25,00,00,00"#,
        r#""M"=hex(7):61,00,00,00,62,00,00,00,00,00"#,
        r#""B"=hex:aa,ff"#,
        r#""D"=dword:00000007"#,
        r#""Q"=hex(b):f0,de,bc,9a,78,56,34,12"#,
        r#""C"=hex(9):a9"#,
        r#""N"=hex(0):"#,
        r#""Z"=hex:"#,
    ] {
        assert!(values.lines().any(|value| value == expected), "{expected}: {values}");
    }
    // No lasting key can lie below one that goes with the container.
    let add = |key: &str| finish(&spawn(&system, &command(&format!(r"reg add HKLM\{key}\Below /f")))).2;
    assert_eq!((add(r"Software\Hcs"), add(r"System\Passing")), (0, 1));
    done(&system.terminate(""));
}

#[test]
fn programs_that_are_not_there_have_the_code_of_create_process() {
    let engine = Engine::new();
    let system = started(&engine, "absent", &document("", ""));
    let create = |line: &str| system.create_process(&command(line), ProcessStreams::default());
    assert_eq!(code(&create("nothing.exe")), 0x8007_0002);
    assert_eq!(code(&create(r"C:\nowhere\x.exe")), 0x8007_0003);
    let mut parameters = ProcessParameters::from_json(&command("cmd /c exit")).unwrap();
    parameters.working_directory = r"C:\nowhere".into();
    let operation = system.create_process(&parameters.to_json(), ProcessStreams::default());
    assert_eq!(code(&operation), 0x8007_010B);
    // Nothing of them is left, and the session goes on.
    assert_eq!(run(&system, "cmd /c exit 5").1, 5);
    done(&system.terminate(""));
}

#[test]
fn processes_are_listed_signalled_and_ended() {
    let engine = Engine::new();
    let system = started(&engine, "processes", &document("", ""));
    // Waits for a line that does not come.
    let waiting = spawn(&system, &command("cmd /c set /p x="));
    let text = done(&system.properties(r#"{"PropertyTypes":["ProcessList"]}"#));
    let properties = Properties::from_json(&text).unwrap();
    let row = properties.process_list.iter().find(|row| row.process_id == waiting.process.pid());
    assert_eq!(row.unwrap().image_name.to_lowercase(), "cmd.exe");
    let opened = system.open_process(waiting.process.pid()).unwrap();
    done(&opened.terminate(""));
    exit_code(&*waiting.process);
    assert_eq!(code(&opened.terminate("")), 0x8037_011F);
    assert_eq!(code(&opened.signal(r#"{"Signal":15}"#)), 0x8037_010D);
    done(&system.terminate(""));
}
