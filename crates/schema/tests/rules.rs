//! How documents are read: as Go's `encoding/json` reads them, and what differs on purpose.

use hcs_schema::compute::{v1, v2};
use hcs_schema::{Document, documents, from_json};

#[test]
fn names_are_matched_in_any_case() {
    let config = v1::ContainerConfig::from_json(
        r#"{"systemtype":"Container","NAME":"web","lAyErS":[{"id":"1","PATH":"/l"}],"storageIopsMaximum":7}"#,
    )
    .unwrap();
    assert_eq!(config.system_type, "Container");
    assert_eq!(config.name, "web");
    assert_eq!(config.layers[0].path, "/l");
    assert_eq!(config.storage_iops_maximum, 7);
    assert!(config.unknown.is_empty());
}

#[test]
fn null_is_the_zero_value_everywhere() {
    for document in documents() {
        let members: Vec<_> = document.members.iter().map(|m| format!("\"{}\":null", m.name)).collect();
        let nulls = format!("{{{}}}", members.join(","));
        let rewritten = (document.rewrite)(&nulls).unwrap_or_else(|e| panic!("{}: {e}", document.name));
        assert_eq!(rewritten, (document.rewrite)("{}").unwrap(), "{}", document.name);
        assert_eq!((document.rewrite)("null").unwrap(), rewritten, "{}", document.name);
    }
    let config = v1::ContainerConfig::from_json(r#"{"Layers":[null],"EndpointList":[null,"e"]}"#).unwrap();
    assert_eq!(config.layers, [v1::Layer::default()]);
    assert_eq!(config.endpoint_list, ["", "e"]);
}

#[test]
fn the_last_of_two_equal_members_wins() {
    let config = v1::ContainerConfig::from_json(r#"{"Name":"a","name":"b","X":1,"X":2}"#).unwrap();
    assert_eq!(config.name, "b");
    assert_eq!(config.unknown["X"], 2);
}

#[test]
fn unknown_members_are_kept_at_every_level_and_found() {
    let text = concat!(
        r#"{"SystemType":"Container","Name":"web","Layers":[{"ID":"","Path":"","Cached":{"z":1,"a":[18446744073709551615]}}],"#,
        r#""HvPartition":false,"MappedVirtualDisks":[{"ContainerPath":"","AttachOnly":false,"Speed":null}],"Zeta":true,"alpha":"x"}"#,
    );
    let config = v1::ContainerConfig::from_json(text).unwrap();
    assert_eq!(config.to_json(), text);
    assert_eq!(config.unknown_paths(), ["Layers[0].Cached", "MappedVirtualDisks[0].Speed", "Zeta", "alpha"]);

    let system = r#"{"Container":{"HvSocket":{"Config":{"ServiceTable":{"g":{"New":1}}}}}}"#;
    let system = v2::ComputeSystem::from_json(system).unwrap();
    assert_eq!(system.unknown_paths(), ["Container.HvSocket.Config.ServiceTable.g.New"]);
    // Raw parts have no known members, so nothing in them is unknown.
    let machine = v2::ComputeSystem::from_json(r#"{"VirtualMachine":{"X":1}}"#).unwrap();
    assert!(machine.unknown_paths().is_empty());
}

/// Members of schema 2 that hold any JSON are those that the module's documentation lists: what is not typed is a
/// decision, and is kept as it came.
#[test]
fn what_has_no_type_is_listed_and_carried_as_it_is() {
    let page = include_str!("../src/compute/v2/mod.rs");
    let list = page.split_once("# What has no type yet").and_then(|(_, rest)| rest.split_once("Source:"));
    let (list, _) = list.expect("the list stands before the source");
    let json = r#"{"Z":1,"a":{"b":[18446744073709551615,-1,1.5,null,"",0,false]}}"#;
    let mut raw = Vec::new();
    for document in documents() {
        let Some(name) = document.name.strip_prefix("v2::") else { continue };
        for member in document.members {
            let value = match member.type_name {
                "Value" => json.to_owned(),
                "Vec<Value>" => format!("[{json},null,0]"),
                "BTreeMap<String, Value>" => format!(r#"{{"k":{json}}}"#),
                other => {
                    assert!(!other.contains("<Value>"), "{name}.{}: {other}", member.name);
                    continue;
                }
            };
            raw.push(format!("{name}.{}", member.name));
            let text = format!(r#"{{"{}":{value}}}"#, member.name);
            assert_eq!((document.rewrite)(&text).unwrap(), text, "{name}");
        }
    }
    let is_member = |word: &&str| {
        let mut parts = word.split('.');
        let name = |part: Option<&str>| {
            part.is_some_and(|p| p.starts_with(char::is_uppercase) && p.chars().all(char::is_alphanumeric))
        };
        name(parts.next()) && name(parts.next()) && parts.next().is_none()
    };
    let mut listed: Vec<_> =
        list.split('`').skip(1).step_by(2).filter(is_member).map(str::to_owned).collect();
    raw.sort();
    listed.sort();
    assert_eq!(listed, raw);
}

#[test]
fn a_wrong_type_names_its_place() {
    for (text, path, line, message) in [
        (r#"{"Name":5}"#, "Name", 1, "invalid type: integer `5`, expected a string"),
        (
            "{\n\"Layers\":[{},\n{\"Path\":[]}]}",
            "Layers[1].Path",
            3,
            "invalid type: sequence, expected a string",
        ),
        (r#"{"layers":{}}"#, "layers", 1, "invalid type: map, expected an array"),
        (r#"{"Layers":["x"]}"#, "Layers[0]", 1, r#"invalid type: string "x", expected an object (Layer)"#),
        (r#"{"HvRuntime":1}"#, "HvRuntime", 1, "invalid type: integer `1`, expected an object (HvRuntime)"),
        (r#"{"ProcessorCount":-1}"#, "ProcessorCount", 1, "invalid value: integer `-1`, expected u32"),
        (
            r#"{"ProcessorCount":4294967296}"#,
            "ProcessorCount",
            1,
            "invalid value: integer `4294967296`, expected u32",
        ),
        (
            r#"{"MemoryMaximumInMB":1.5}"#,
            "MemoryMaximumInMB",
            1,
            "invalid type: floating point `1.5`, expected i64",
        ),
        (r#"{"HvPartition":"true"}"#, "HvPartition", 1, r#"invalid type: string "true", expected a boolean"#),
        ("[]", "", 1, "invalid type: sequence, expected an object (ContainerConfig)"),
        ("{} x", "", 1, "trailing characters"),
        ("{\"Name\":", "Name", 1, "EOF while parsing a value"),
        ("", "", 1, "EOF while parsing a value"),
    ] {
        let error = v1::ContainerConfig::from_json(text).unwrap_err();
        assert_eq!(
            (error.path.as_str(), error.line, error.message.as_str()),
            (path, line, message),
            "{text}"
        );
    }
    let error = v1::ContainerProperties::from_json(
        r#"{"MappedVirtualDiskControllers":{"0":{"MappedVirtualDisks":{"1":{"ReadOnly":7}}}}}"#,
    )
    .unwrap_err();
    assert_eq!(error.path, "MappedVirtualDiskControllers.0.MappedVirtualDisks.1.ReadOnly");
    let error =
        v1::ContainerProperties::from_json(r#"{"MappedVirtualDiskControllers":{"x":{}}}"#).unwrap_err();
    assert!(error.path.starts_with("MappedVirtualDiskControllers"), "{error}");
    let error = v1::Statistics::from_json(r#"{"Timestamp":"yesterday"}"#).unwrap_err();
    assert_eq!(error.to_string(), "Timestamp (line 1, column 25): \"yesterday\" is not a time of RFC 3339");
    let error = v2::ComputeSystem::from_json(r#"{"Container":{"Memory":{"SizeInMB":"1"}}}"#).unwrap_err();
    assert_eq!(error.path, "Container.Memory.SizeInMB");
    let error = v2::ProcessParameters::from_json(r#"{"Environment":{"A":1}}"#).unwrap_err();
    assert_eq!(error.path, "Environment.A");
}

#[test]
fn a_console_size_may_be_short_but_not_long() {
    let size = |text: &str| {
        v1::ProcessConfig::from_json(&format!("{{\"ConsoleSize\":{text}}}")).map(|c| c.console_size)
    };
    assert_eq!(size("[24,80]").unwrap(), [24, 80]);
    assert_eq!(size("[24]").unwrap(), [24, 0]);
    assert_eq!(size("[]").unwrap(), [0, 0]);
    assert_eq!(size("[1,2,3]").unwrap_err().path, "ConsoleSize");
}

#[test]
fn a_list_of_documents_is_read_with_paths_too() {
    let list: Vec<v1::ContainerProperties> = from_json(r#"[{"Id":"a"},{"ID":"b"}]"#).unwrap();
    assert_eq!(list[1].id, "b");
    let error = from_json::<Vec<v1::ContainerProperties>>(r#"[{"Id":"a"},{"Id":1}]"#).unwrap_err();
    assert_eq!(error.path, "[1].Id");
}

#[test]
fn values_that_nobody_knows_pass_through() {
    let text = r#"{"Id":"a","State":"Hibernated","Name":"","SystemType":"","Owner":""}"#;
    let properties = v1::ContainerProperties::from_json(text).unwrap();
    assert!(!properties.state.is_known());
    assert_eq!(properties.state.as_str(), "Hibernated");
    assert_eq!(properties.to_json(), text);
}

#[test]
fn deep_nesting_is_an_error_and_no_overflow() {
    let text = format!("{{\"X\":{}1{}}}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(v1::ContainerConfig::from_json(&text).unwrap_err().message.contains("recursion limit"));
}

#[test]
fn no_document_has_two_members_of_one_name() {
    for document in documents() {
        let mut names: Vec<_> = document.members.iter().map(|m| m.name.to_ascii_lowercase()).collect();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), document.members.len(), "{}", document.name);
    }
}
