//! Where in documents there are paths of the host's, and their translation.
//!
//! Paths that a container sees (working folders, programs, mount points) are none of the host's. What has no path that
//! must change goes on byte for byte, so that a newer document passes unharmed.

use hcs_contract::{Error, Result};
use serde_json::Value;

/// The kinds of documents that hold paths of the host's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Document {
    /// What a system is created from, of either schema.
    System,
    /// A change of a system, of either schema.
    Modify,
    /// Options of a save.
    Save,
}

/// The members, by their path; `*` is every element of a list and every member of a map. What only virtual machines
/// have is left out: the engine refuses them as a whole.
const SYSTEM: &[&[&str]] = &[
    &["VolumePath"],
    &["LayerFolderPath"],
    &["Layers", "*", "Path"],
    &["MappedDirectories", "*", "HostPath"],
    &["MappedPipes", "*", "HostPath"],
    &["MappedVirtualDisks", "*", "HostPath"],
    &["Container", "Storage", "Path"],
    &["Container", "Storage", "Layers", "*", "Path"],
    &["Container", "MappedDirectories", "*", "HostPath"],
    &["Container", "MappedPipes", "*", "HostPath"],
    &["HostedSystem", "Container", "Storage", "Path"],
    &["HostedSystem", "Container", "Storage", "Layers", "*", "Path"],
    &["HostedSystem", "Container", "MappedDirectories", "*", "HostPath"],
    &["HostedSystem", "Container", "MappedPipes", "*", "HostPath"],
];

const MODIFY: &[&[&str]] = &[&["Settings", "HostPath"]];

const SAVE: &[&[&str]] = &[&["SaveStateFilePath"]];

impl Document {
    /// The document with its paths replaced. `translate` gives the host's path for one that must be replaced, `None`
    /// for one that is to stay. A text that is no document stays as it is: the host says what is wrong with it.
    ///
    /// # Errors
    /// What `translate` fails with, with the member's path.
    pub fn translated(
        self,
        text: String,
        translate: &dyn Fn(&str) -> Result<Option<String>>,
    ) -> Result<String> {
        let Ok(mut document) = serde_json::from_str::<Value>(&text) else { return Ok(text) };
        let members = match self {
            Self::System => SYSTEM,
            Self::Modify => MODIFY,
            Self::Save => SAVE,
        };
        let mut changed = false;
        for member in members {
            visit(&mut document, member, &mut |path| {
                if let Some(host) = translate(path)? {
                    *path = host;
                    changed = true;
                }
                Ok(())
            })
            .map_err(|error: Error| error.with_hint(format!("the member is {}", member.join("."))))?;
        }
        Ok(if changed { document.to_string() } else { text })
    }
}

/// Calls `change` for each string at `path`. Names of members count whatever their case, as readers of documents have it.
fn visit(value: &mut Value, path: &[&str], change: &mut dyn FnMut(&mut String) -> Result<()>) -> Result<()> {
    match (path, value) {
        ([], Value::String(text)) => change(text),
        (["*", rest @ ..], Value::Array(list)) => {
            list.iter_mut().try_for_each(|each| visit(each, rest, change))
        }
        (["*", rest @ ..], Value::Object(map)) => {
            map.iter_mut().try_for_each(|(_, each)| visit(each, rest, change))
        }
        ([name, rest @ ..], Value::Object(map)) => map
            .iter_mut()
            .filter(|(key, _)| key.eq_ignore_ascii_case(name))
            .try_for_each(|(_, member)| visit(member, rest, change)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `C:\x` is `/c/x`, `Q:` leads nowhere, the rest stays.
    fn translate(path: &str) -> Result<Option<String>> {
        match path.strip_prefix(r"C:\") {
            Some(rest) => Ok(Some(format!("/c/{}", rest.replace('\\', "/")))),
            None if path.starts_with("Q:") => {
                Err(Error::invalid_argument("path", format!("{path} leads nowhere")))
            }
            None => Ok(None),
        }
    }

    fn translated(document: Document, text: &str) -> String {
        document.translated(text.to_owned(), &translate).unwrap()
    }

    #[test]
    fn paths_of_the_host_are_replaced_and_nothing_else() {
        let text = r#"{"Container":{"Storage":{"Path":"C:\\root","Layers":[{"Id":"a","Path":"C:\\l\\1"}]},
            "MappedDirectories":[{"HostPath":"C:\\data","ContainerPath":"C:\\inside"},{"hostpath":"/srv"}],
            "GuestOs":{"HostName":"C:\\x"}},"Newer":{"HostPath":"C:\\y"}}"#;
        let changed: Value = serde_json::from_str(&translated(Document::System, text)).unwrap();
        let mut expected: Value = serde_json::from_str(text).unwrap();
        expected["Container"]["Storage"]["Path"] = "/c/root".into();
        expected["Container"]["Storage"]["Layers"][0]["Path"] = "/c/l/1".into();
        expected["Container"]["MappedDirectories"][0]["HostPath"] = "/c/data".into();
        assert_eq!(changed, expected);
        let first = r#"{"VolumePath":"C:\\root","MappedDirectories":[{"HostPath":"C:\\d"}]}"#;
        assert_eq!(
            translated(Document::System, first),
            r#"{"VolumePath":"/c/root","MappedDirectories":[{"HostPath":"/c/d"}]}"#
        );
        let modify =
            r#"{"ResourceType":"MappedDirectory","Settings":{"HostPath":"C:\\d","ContainerPath":"C:\\e"}}"#;
        assert!(
            translated(Document::Modify, modify).contains(r#""HostPath":"/c/d","ContainerPath":"C:\\e""#)
        );
        assert_eq!(
            translated(Document::Save, r#"{"SaveStateFilePath":"C:\\s"}"#),
            r#"{"SaveStateFilePath":"/c/s"}"#
        );
    }

    #[test]
    fn what_has_no_such_path_stays_as_it_is() {
        for text in
            ["", "not json", "[1]", r#"{ "VolumePath" : "/srv",  "A":1e400 }"#, r#"{"VolumePath":  7}"#]
        {
            assert_eq!(translated(Document::System, text), text);
        }
    }

    #[test]
    fn a_path_that_leads_nowhere_is_an_error_that_names_its_member() {
        let error = Document::System.translated(r#"{"VolumePath":"Q:\\x"}"#.into(), &translate).unwrap_err();
        assert!(
            error.to_string().contains("Q:") && error.hint() == Some("the member is VolumePath"),
            "{error}"
        );
    }
}
