//! What a runtime says by variables: what to do, for which container, where.

use std::path::PathBuf;

use crate::failure::Failure;

/// What a runtime asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Command {
    Add,
    Del,
    Check,
    Gc,
    Status,
    Version,
}

/// One link of one container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) container: String,
    pub(crate) interface: String,
}

type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Bytes of a link's name (IFNAMSIZ less its NUL).
const MOST_OF_A_NAME: usize = 15;

fn need(lookup: Lookup<'_>, name: &str) -> Result<String, Failure> {
    lookup(name).filter(|value| !value.is_empty()).ok_or_else(|| Failure::variable(name, "is not set"))
}

/// What to do.
pub(crate) fn command(lookup: Lookup<'_>) -> Result<Command, Failure> {
    Ok(match need(lookup, "CNI_COMMAND")?.as_str() {
        "ADD" => Command::Add,
        "DEL" => Command::Del,
        "CHECK" => Command::Check,
        "GC" => Command::Gc,
        "STATUS" => Command::Status,
        "VERSION" => Command::Version,
        other => return Err(Failure::variable("CNI_COMMAND", &format!("{other:?} is no command"))),
    })
}

/// The link that it is about. `CNI_ARGS` is refused unless it says that what is not known may be ignored.
pub(crate) fn link(lookup: Lookup<'_>) -> Result<Link, Failure> {
    let container = need(lookup, "CNI_CONTAINERID")?;
    if !is_name(&container) {
        return Err(Failure::variable("CNI_CONTAINERID", &format!("{container:?}: {NAME}")));
    }
    let interface = need(lookup, "CNI_IFNAME")?;
    let bad = |c: char| c == '/' || c == ':' || c.is_whitespace() || c.is_control();
    if interface.len() > MOST_OF_A_NAME || interface.contains(bad) || matches!(interface.as_str(), "." | "..")
    {
        return Err(Failure::variable("CNI_IFNAME", &format!("{interface:?} is no name of a link")));
    }
    arguments(&lookup("CNI_ARGS").unwrap_or_default())?;
    Ok(Link { container, interface })
}

fn arguments(text: &str) -> Result<(), Failure> {
    let pairs = || text.split(';').filter(|pair| !pair.is_empty());
    let name = |pair: &str| pair.split_once('=').map_or(pair, |(name, _)| name).to_owned();
    let ignored = pairs().any(|pair| {
        pair.split_once('=')
            .is_some_and(|(name, value)| name == "IgnoreUnknown" && matches!(value, "1" | "true"))
    });
    match pairs().map(name).find(|name| name != "IgnoreUnknown") {
        Some(unknown) if !ignored => {
            Err(Failure::variable("CNI_ARGS", &format!("has {unknown}, which can't be honoured here")))
        }
        _ => Ok(()),
    }
}

/// Where the network namespace is.
pub(crate) fn netns(lookup: Lookup<'_>) -> Result<PathBuf, Failure> {
    let path = PathBuf::from(need(lookup, "CNI_NETNS")?);
    if !path.is_absolute() {
        return Err(Failure::variable("CNI_NETNS", "is no absolute path"));
    }
    Ok(path)
}

/// What [`is_name`] asks for, in words.
pub(crate) const NAME: &str =
    "it must begin with a letter or digit, and have letters, digits, '_', '.' and '-' only";

/// Whether a text is a name of a network or a container, as the specification has them.
pub(crate) fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_that_nobody_knows_are_refused_unless_they_may_be_ignored() {
        for good in
            ["", "IgnoreUnknown=1", "IgnoreUnknown=true;K8S_POD_NAME=web;", "K8S_POD_NAME=a;IgnoreUnknown=1"]
        {
            assert!(arguments(good).is_ok(), "{good}");
        }
        for bad in ["IP=10.0.0.1", "IgnoreUnknown=0;MAC=x", "K8S_POD_NAME"] {
            assert!(arguments(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn names_have_no_path_in_them() {
        for good in ["a", "7-x_y.z", "0a"] {
            assert!(is_name(good), "{good}");
        }
        for bad in ["", ".", "..", "a/b", "-a", "a b", "ä"] {
            assert!(!is_name(bad), "{bad}");
        }
    }
}
