//! Who the container says it is: host name, user, Windows version. Process 1 passes it to `wineboot.exe` in
//! environment variables of ours, since that program runs before any message can be sent.

use hcs_guest_protocol::identity::{DEFAULT_HOST_NAME, DEFAULT_USER, HOST_NAME, OS_VERSION, USER};

/// Variables that carry the identity; hidden from the container's programs.
pub const VARIABLES: [&str; 3] = [HOST_NAME, USER, OS_VERSION];

/// A Windows version, as `ver` prints it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version {
    /// 10 for all that run containers.
    pub major: u32,
    /// 0 for all that run containers.
    pub minor: u32,
    /// Such as 17763.
    pub build: u32,
}

impl Version {
    /// From `major.minor.build`, with or without a revision behind.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.').map(str::parse);
        let version =
            Self { major: parts.next()?.ok()?, minor: parts.next()?.ok()?, build: parts.next()?.ok()? };
        match (parts.next(), parts.next()) {
            (None | Some(Ok(_)), None) => Some(version),
            _ => None,
        }
    }
}

/// Who the container says it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    host_name: String,
    /// The user's name.
    pub user: String,
    /// `None`: the base's own.
    pub version: Option<Version>,
}

impl Identity {
    /// From `NAME=value` entries; what is missing or empty has its default.
    pub fn from_environment<'a>(entries: impl IntoIterator<Item = &'a str>) -> Self {
        let mut identity =
            Self { host_name: DEFAULT_HOST_NAME.to_owned(), user: DEFAULT_USER.to_owned(), version: None };
        for entry in entries {
            let Some((name, value)) = entry.split_once('=') else { continue };
            if value.is_empty() {
                continue;
            }
            match VARIABLES.iter().position(|v| v.eq_ignore_ascii_case(name)) {
                Some(0) => value.clone_into(&mut identity.host_name),
                Some(1) => value.clone_into(&mut identity.user),
                Some(2) => identity.version = Version::parse(value),
                _ => {}
            }
        }
        identity
    }

    /// The first part of the host name.
    pub fn host(&self) -> &str {
        self.host_name.split('.').next().unwrap_or_default()
    }

    /// What follows the first dot of the host name; empty without one.
    pub fn domain(&self) -> &str {
        self.host_name.split_once('.').map_or("", |(_, domain)| domain)
    }

    /// The NetBIOS name: upper case, at most 15 characters.
    pub fn computer_name(&self) -> String {
        self.host().to_uppercase().chars().take(15).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_stand_until_a_variable_says_otherwise() {
        let none = Identity::from_environment(["PATH=x", "HCS_USER=", "junk"]);
        assert_eq!((none.host(), none.user.as_str(), none.version), ("container", DEFAULT_USER, None));
        let all = Identity::from_environment([
            "hcs_hostname=a-rather-long-name.example.org",
            "HCS_USER=ContainerUser",
            "HCS_OS_VERSION=10.0.20348.2700",
        ]);
        assert_eq!(all.computer_name(), "A-RATHER-LONG-N");
        assert_eq!((all.host(), all.domain()), ("a-rather-long-name", "example.org"));
        assert_eq!(all.version, Some(Version { major: 10, minor: 0, build: 20348 }));
    }

    #[test]
    fn a_version_has_three_or_four_numbers() {
        for bad in ["", "10", "10.0", "10.0.x", "10.0.1.2.3", "10.0.1.x", "10.0.-1"] {
            assert_eq!(Version::parse(bad), None, "{bad:?}");
        }
    }
}
