//! Values of options that are more than a text, and how they are written.

use std::net::IpAddr;
use std::path::PathBuf;

use hcsshim::SystemEventKind;

/// `KEY=VALUE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pair {
    pub(crate) key: String,
    pub(crate) value: String,
}

/// A label: `KEY=VALUE`, or `KEY` for an empty value.
pub(crate) fn label(text: &str) -> Result<Pair, String> {
    let (key, value) = text.split_once('=').unwrap_or((text, ""));
    pair(key, value)
}

/// A variable: `NAME=VALUE`, or `NAME` for the value that it has here.
pub(crate) fn variable(text: &str) -> Result<Pair, String> {
    if let Some((key, value)) = text.split_once('=') {
        return pair(key, value);
    }
    match std::env::var(text) {
        Ok(value) => pair(text, &value),
        Err(std::env::VarError::NotPresent) => {
            Err(format!("{text} is not set here: give a value (-e {text}=…) or set it"))
        }
        Err(std::env::VarError::NotUnicode(_)) => Err(format!("{text} is set to bytes that are not UTF-8")),
    }
}

fn pair(key: &str, value: &str) -> Result<Pair, String> {
    if key.is_empty() {
        return Err("the name before '=' is empty".into());
    }
    if key.contains('\0') || value.contains('\0') {
        return Err("NUL characters are not possible here".into());
    }
    Ok(Pair { key: key.into(), value: value.into() })
}

/// A folder of the host that appears in the container: `HOST:CONTAINER[:ro|:rw]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Volume {
    pub(crate) host: PathBuf,
    pub(crate) container: String,
    pub(crate) read_only: bool,
}

/// Reads `HOST:CONTAINER[:ro|:rw]`; the container's path may be a Windows path with its own colon.
pub(crate) fn volume(text: &str) -> Result<Volume, String> {
    const FORM: &str = "expected HOST:CONTAINER[:ro], such as /srv/data:/data or /srv/data:C:\\data:ro";
    let (rest, read_only) = match text.rsplit_once(':') {
        Some((rest, "ro")) => (rest, true),
        Some((rest, "rw")) => (rest, false),
        _ => (text, false),
    };
    let (host, container) = rest.split_once(':').ok_or(FORM)?;
    if host.is_empty() || container.is_empty() {
        return Err(FORM.into());
    }
    if !is_absolute_inside(container) {
        return Err(format!("the container's path {container:?} is not absolute: {FORM}"));
    }
    let host = std::path::absolute(host).map_err(|error| format!("{host:?}: {error}"))?;
    Ok(Volume { host, container: container.into(), read_only })
}

/// A named pipe that leads to a socket of the host: `SOCKET:NAME`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NamedPipe {
    pub(crate) host: PathBuf,
    pub(crate) name: String,
}

/// Reads `SOCKET:NAME`; the name with or without `\\.\pipe\`.
pub(crate) fn pipe(text: &str) -> Result<NamedPipe, String> {
    const FORM: &str = "expected SOCKET:NAME, such as /run/server.sock:server";
    let (host, name) = text.split_once(':').ok_or(FORM)?;
    let name = pipe_name(name);
    if host.is_empty() || name.is_empty() {
        return Err(FORM.into());
    }
    let host = std::path::absolute(host).map_err(|error| format!("{host:?}: {error}"))?;
    Ok(NamedPipe { host, name: name.into() })
}

/// What follows `\\.\pipe\`.
pub(crate) fn pipe_name(name: &str) -> &str {
    name.strip_prefix(r"\\.\pipe\").unwrap_or(name)
}

/// `/x`, `C:\x` or `C:/x`.
fn is_absolute_inside(path: &str) -> bool {
    let bytes = path.as_bytes();
    matches!(bytes, [b'/', ..])
        || matches!(bytes, [drive, b':', b'\\' | b'/', ..] if drive.is_ascii_alphabetic())
}

/// Which systems a listing shows: `label=KEY`, `label=KEY=VALUE`, `owner=NAME`, `state=STATE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Filter {
    Label { key: String, value: Option<String> },
    Owner(String),
    State(String),
}

/// Reads a [`Filter`].
pub(crate) fn filter(text: &str) -> Result<Filter, String> {
    match text.split_once('=') {
        Some((_, "")) | None => Err("expected label=KEY[=VALUE], owner=NAME or state=STATE".into()),
        Some(("label", label)) => Ok(match label.split_once('=') {
            Some((key, value)) => Filter::Label { key: key.into(), value: Some(value.into()) },
            None => Filter::Label { key: label.into(), value: None },
        }),
        Some(("owner", owner)) => Ok(Filter::Owner(owner.into())),
        Some(("state", state)) => {
            const STATES: [&str; 4] = ["Created", "Running", "Paused", "Stopped"];
            match STATES.into_iter().find(|known| known.eq_ignore_ascii_case(state)) {
                Some(known) => Ok(Filter::State(known.into())),
                None => Err(format!("unknown state {state:?}: expected one of {}", STATES.join(", "))),
            }
        }
        Some((name, _)) => Err(format!("unknown filter {name:?}: expected label, owner or state")),
    }
}

/// Which events are shown: `id=NAME`, `type=TYPE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum EventFilter {
    Id(String),
    Type(&'static str),
}

/// Reads an [`EventFilter`].
pub(crate) fn event_filter(text: &str) -> Result<EventFilter, String> {
    match text.split_once('=') {
        Some((_, "")) | None => Err("expected id=NAME or type=TYPE".into()),
        Some(("id", id)) => Ok(EventFilter::Id(id.into())),
        Some(("type", kind)) => {
            let known = SystemEventKind::NAMES.into_iter().find(|known| known.eq_ignore_ascii_case(kind));
            known.map(EventFilter::Type).ok_or_else(|| {
                format!("unknown type {kind:?}: expected one of {}", SystemEventKind::NAMES.join(", "))
            })
        }
        Some((name, _)) => Err(format!("unknown filter {name:?}: expected id or type")),
    }
}

/// A port of the container that is published at the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Published {
    /// `None`: all addresses of the host.
    pub(crate) address: Option<IpAddr>,
    /// 0: one that is free.
    pub(crate) host: u16,
    pub(crate) container: u16,
    pub(crate) udp: bool,
}

/// Reads `[[ADDRESS:]HOST:]PORT[/tcp|/udp]`; an IPv6 address stands in brackets.
pub(crate) fn published(text: &str) -> Result<Published, String> {
    const FORM: &str =
        "expected [[ADDRESS:]HOST:]PORT[/udp], such as 8080:80, 127.0.0.1:8080:80 or [::]:53:53/udp";
    let (ports, udp) = match text.rsplit_once('/') {
        Some((ports, "udp")) => (ports, true),
        Some((ports, "tcp")) => (ports, false),
        Some(_) => return Err(FORM.into()),
        None => (text, false),
    };
    let port = |text: &str| text.parse::<u16>().ok().filter(|port| *port != 0).ok_or(FORM);
    let (rest, container) = match ports.rsplit_once(':') {
        Some((rest, container)) => (Some(rest), port(container)?),
        None => (None, port(ports)?),
    };
    let (address, host) = match rest.map(|rest| rest.rsplit_once(':').ok_or(rest)) {
        None => (None, 0),
        Some(Err(host)) => (None, port(host)?),
        Some(Ok((address, host))) => {
            let bare =
                address.strip_prefix('[').and_then(|address| address.strip_suffix(']')).unwrap_or(address);
            (Some(bare.parse::<IpAddr>().map_err(|_| FORM)?), if host.is_empty() { 0 } else { port(host)? })
        }
    };
    Ok(Published { address, host, container, udp })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn volumes() {
        let check = |text: &str, host: &str, container: &str, read_only| {
            let expected = Volume { host: host.into(), container: container.into(), read_only };
            assert_eq!(volume(text), Ok(expected), "{text}");
        };
        check("/a:/b", "/a", "/b", false);
        check("/a:/b:ro", "/a", "/b", true);
        check("/a:/b:rw", "/a", "/b", false);
        check(r"/a:C:\b", "/a", r"C:\b", false);
        check(r"/a:C:\b:ro", "/a", r"C:\b", true);
        check("/a:c:/b", "/a", "c:/b", false);
        check("/a:/b:c", "/a", "/b:c", false);
        let here = std::env::current_dir().unwrap();
        assert_eq!(volume("x:/b").unwrap().host, here.join("x"));
        for text in ["", "/a", "/a:", ":/b", "/a:b", "/a:ro", "/a:C:b", "/a:::ro"] {
            assert!(volume(text).is_err(), "{text}");
        }
    }

    #[test]
    fn pipes() {
        let expected = NamedPipe { host: "/run/s".into(), name: "p".into() };
        assert_eq!(pipe("/run/s:p"), Ok(expected.clone()));
        assert_eq!(pipe(r"/run/s:\\.\pipe\p"), Ok(expected));
        for text in ["", "/run/s", "/run/s:", ":p", r"/run/s:\\.\pipe\"] {
            assert!(pipe(text).is_err(), "{text}");
        }
    }

    #[test]
    fn variables_and_labels() {
        let pair = |key: &str, value: &str| Ok(Pair { key: key.into(), value: value.into() });
        assert_eq!(variable("A=b=c"), pair("A", "b=c"));
        assert_eq!(variable("A="), pair("A", ""));
        assert_eq!(variable("PATH"), pair("PATH", &std::env::var("PATH").unwrap()));
        assert!(variable("HCS_NOT_SET_ANYWHERE").unwrap_err().contains("not set here"));
        assert!(variable("=x").is_err() && variable("A=\0").is_err());
        assert_eq!(label("k=v"), pair("k", "v"));
        assert_eq!(label("k"), pair("k", ""));
        assert!(label("").is_err());
    }

    #[test]
    fn filters() {
        let labelled = |key: &str, value: Option<&str>| {
            Ok(Filter::Label { key: key.into(), value: value.map(str::to_owned) })
        };
        assert_eq!(filter("label=a"), labelled("a", None));
        assert_eq!(filter("label=a=b=c"), labelled("a", Some("b=c")));
        assert_eq!(filter("owner=hcs"), Ok(Filter::Owner("hcs".into())));
        assert_eq!(filter("state=running"), Ok(Filter::State("Running".into())));
        for text in ["", "label", "label=", "name=x", "state=gone"] {
            assert!(filter(text).is_err(), "{text}");
        }
    }

    #[test]
    fn ports_are_published_at_all_or_one_of_the_host_s_addresses() {
        let check = |text: &str, address: Option<&str>, host, container, udp| {
            let address = address.map(|address| address.parse().unwrap());
            assert_eq!(published(text), Ok(Published { address, host, container, udp }), "{text}");
        };
        check("8080:80", None, 8080, 80, false);
        check("80", None, 0, 80, false);
        check("53:53/udp", None, 53, 53, true);
        check("127.0.0.1:8080:80/tcp", Some("127.0.0.1"), 8080, 80, false);
        check("127.0.0.1::80", Some("127.0.0.1"), 0, 80, false);
        check("[fd00::1]:8080:80", Some("fd00::1"), 8080, 80, false);
        for text in ["", "0", "x", "80:", ":80", "80:80:80", "65536", "80/sctp", "::1:80:80:", "web:80:80"] {
            assert!(published(text).is_err(), "{text}");
        }
    }
}
