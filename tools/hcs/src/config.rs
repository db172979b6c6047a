//! `--config`: the user's document goes out as it is, but for its fate, which the command decides.
//!
//! A document that says the opposite of the command is refused by name: whichever of the two were followed, somebody
//! would find a container gone, or left, that should not be.

use std::io::{self, Read as _};
use std::path::Path;

use hcsshim::schema::compute::v1::ContainerConfig;
use hcsshim::schema::compute::v2::ComputeSystem;
use hcsshim::schema::compute::{OsType, SystemType};
use hcsshim::schema::from_json;
use serde_json::{Map, Value};

use crate::document::Fate;
use crate::failure::Failure;

/// A document as it goes out.
#[derive(Debug)]
pub(crate) struct Config {
    pub(crate) text: String,
    /// It is a Windows container's and names no base.
    #[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "only the engine on Linux has bases"))]
    pub(crate) on_default_base: bool,
}

impl Config {
    /// Reads the document of a container with this fate.
    pub(crate) fn read(path: &Path, fate: Fate) -> Result<Self, Failure> {
        let failed = |source| Failure::Config { path: path.into(), source };
        let text = if path == Path::new("-") {
            let mut text = String::new();
            io::stdin().read_to_string(&mut text).map_err(failed)?;
            text
        } else {
            fs_err::read_to_string(path).map_err(failed)?
        };
        Self::parse(&text, fate)
    }

    fn parse(text: &str, fate: Fate) -> Result<Self, Failure> {
        let mut document: Map<String, Value> = read(text)?;
        // Names come in any case, and each schema has its own.
        let schema_2 = ["Container", "HostedSystem", "VirtualMachine", "SchemaVersion"];
        let is_2 = schema_2.iter().any(|name| member(&document, name).is_some());
        // Also for the place of a mistake: what goes out has the lines of the text no more.
        let on_default_base = if is_2 { is_bare_2(&read(text)?) } else { is_bare_1(&read(text)?) };

        let last_handle =
            if is_2 { "ShouldTerminateOnLastHandleClosed" } else { "TerminateOnLastHandleClosed" };
        decide(&mut document, "", last_handle, Some(fate.ends_with_last_handle()), fate)?;
        let mut host = match member(&document, "LinuxHost") {
            Some(Value::Object(host)) => host.clone(),
            _ => Map::new(),
        };
        decide(&mut host, "LinuxHost.", "KeepAfterExit", Some(fate.keeps_record()), fate)?;
        if !fate.keeps_record() {
            decide(&mut host, "LinuxHost.", "KeepScratch", Some(false), fate)?;
        }
        decide(&mut host, "LinuxHost.", "EndWithFirstProcess", fate.ends_with_program(), fate)?;
        if !host.is_empty() {
            set(&mut document, "LinuxHost", host.into());
        }
        Ok(Self { text: Value::Object(document).to_string(), on_default_base })
    }
}

fn read<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, Failure> {
    from_json(text).map_err(|error| {
        Failure::Hcs(hcsshim::Error::from(error).with_hint("correct the document that --config names"))
    })
}

fn is_bare_1(document: &ContainerConfig) -> bool {
    document.system_type == SystemType::CONTAINER
        && document.container_type != OsType::LINUX
        && document.layers.is_empty()
}

/// Schema 2 does not say what runs inside; its storage does.
fn is_bare_2(document: &ComputeSystem) -> bool {
    document.container.as_ref().is_some_and(|container| {
        container.storage.as_ref().is_none_or(|storage| storage.layers.is_empty() && storage.path.is_empty())
    })
}

/// Gives a member the value that the command needs, unless the document has another. `None`: the document decides.
fn decide(
    object: &mut Map<String, Value>,
    place: &str,
    name: &str,
    needed: Option<bool>,
    fate: Fate,
) -> Result<(), Failure> {
    let Some(needed) = needed else { return Ok(()) };
    match member(object, name) {
        Some(Value::Bool(value)) if *value != needed => Err(Failure::Usage {
            problem: format!(
                "the document's {place}{name} is {value}, and {} needs {needed}",
                fate.command()
            ),
            hint: "leave the member out of the document: the command and its options (--rm, -d) decide it"
                .into(),
        }),
        // False is what is meant when nothing is said.
        None if !needed => Ok(()),
        _ => {
            set(object, name, needed.into());
            Ok(())
        }
    }
}

/// The member with this name in any case; of several the last counts.
fn member<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    object.iter().rev().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

fn set(object: &mut Map<String, Value>, name: &str, value: Value) {
    object.retain(|key, _| !key.eq_ignore_ascii_case(name));
    object.insert(name.into(), value);
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUN: Fate = Fate::Run { detached: false, rm: false };
    const RUN_RM: Fate = Fate::Run { detached: false, rm: true };
    const DETACHED: Fate = Fate::Run { detached: true, rm: false };
    const DETACHED_RM: Fate = Fate::Run { detached: true, rm: true };

    #[test]
    fn a_document_goes_out_as_it_is_but_for_its_fate() {
        let check = |text: &str, fate, expected: &str| {
            assert_eq!(Config::parse(text, fate).unwrap().text, expected, "{text} {fate:?}");
        };
        check(
            r#"{"New": [1], "name":"y"}"#,
            DETACHED_RM,
            r#"{"New":[1],"name":"y","LinuxHost":{"EndWithFirstProcess":true}}"#,
        );
        check(
            r#"{"Name":"y"}"#,
            RUN_RM,
            r#"{"Name":"y","TerminateOnLastHandleClosed":true,"LinuxHost":{"EndWithFirstProcess":true}}"#,
        );
        check(
            r#"{"container":{},"LinuxHost":null,"shouldterminateonlasthandleclosed":true}"#,
            RUN_RM,
            r#"{"container":{},"ShouldTerminateOnLastHandleClosed":true,"LinuxHost":{"EndWithFirstProcess":true}}"#,
        );
        check(
            r#"{"linuxhost":{"labels":{"a":"b"},"EndWithFirstProcess":true},"TerminateOnLastHandleClosed":false}"#,
            Fate::Create,
            r#"{"TerminateOnLastHandleClosed":false,"LinuxHost":{"labels":{"a":"b"},"EndWithFirstProcess":true,"KeepAfterExit":true}}"#,
        );
    }

    #[test]
    fn a_document_that_contradicts_the_command_is_refused_by_name() {
        let last_handle = "TerminateOnLastHandleClosed";
        for (text, fate, name, command) in [
            (r#"{"LinuxHost":{"KeepAfterExit":true}}"#, RUN_RM, "LinuxHost.KeepAfterExit", "run --rm"),
            (r#"{"linuxHOST":{"keepafterexit":false}}"#, RUN, "LinuxHost.KeepAfterExit", "run"),
            (r#"{"LinuxHost":{"KeepAfterExit":false}}"#, Fate::Create, "LinuxHost.KeepAfterExit", "create"),
            (r#"{"TerminateOnLastHandleClosed":true}"#, Fate::Create, last_handle, "create"),
            (r#"{"TerminateOnLastHandleClosed":true}"#, DETACHED, last_handle, "run -d"),
            (r#"{"TerminateOnLastHandleClosed":false}"#, RUN, last_handle, "run"),
            (
                r#"{"Container":{},"ShouldTerminateOnLastHandleClosed":true}"#,
                DETACHED_RM,
                "ShouldTerminateOnLastHandleClosed",
                "run -d --rm",
            ),
            (
                r#"{"LinuxHost":{"EndWithFirstProcess":false}}"#,
                DETACHED,
                "LinuxHost.EndWithFirstProcess",
                "run -d",
            ),
        ] {
            let failure = Config::parse(text, fate).unwrap_err();
            let problem = failure.to_string();
            assert!(problem.contains(&format!(" {name} ")), "{text} {fate:?}: {problem}");
            assert!(problem.contains(&format!(" hcs {command} needs ")), "{text} {fate:?}: {problem}");
            assert!(failure.hint().is_some() && failure.exit_code() == 125);
        }
        // The service's clients write it, and then it is what the command needs.
        Config::parse(r#"{"TerminateOnLastHandleClosed":true}"#, RUN).unwrap();
    }

    #[test]
    fn mistakes_have_the_place_in_the_users_text() {
        for (text, expected) in [
            ("{\"a\":\n 1,}", "line 2, column"),
            ("{\"SystemType\":\"Container\",\n\n\"HvPartition\":1}", "HvPartition (line 3, column"),
            (
                "{\"Container\":{\n\"MappedDirectories\":[7]}}",
                "Container.MappedDirectories[0] (line 2, column",
            ),
        ] {
            let failure = Config::parse(text, RUN).unwrap_err();
            assert!(failure.to_string().contains(expected), "{failure}");
        }
    }

    #[test]
    fn windows_containers_without_layers_stand_on_the_default_base() {
        for (text, expected) in [
            (r#"{"SystemType":"Container"}"#, true),
            (r#"{"systemtype":"Container","ContainerType":"Windows","Layers":null}"#, true),
            (r#"{"SystemType":"Container","Layers":[{"ID":"a","Path":"/b"}]}"#, false),
            (r#"{"SystemType":"Container","ContainerType":"Linux","VolumePath":"/r"}"#, false),
            (r#"{"SystemType":"VirtualMachine"}"#, false),
            (r#"{"Container":{}}"#, true),
            (r#"{"container":{"Storage":{}}}"#, true),
            (r#"{"Container":{"Storage":{"Path":"/r"}}}"#, false),
            (r#"{"Container":{"Storage":{"Layers":[{"Id":"a","Path":"/b"}]}}}"#, false),
            (r#"{"SchemaVersion":{"Major":2,"Minor":1},"VirtualMachine":{}}"#, false),
            ("{}", false),
        ] {
            assert_eq!(Config::parse(text, RUN).unwrap().on_default_base, expected, "{text}");
        }
    }
}
