//! How process 1 of a container starts Wine's programs, and what says who the container is.

use std::path::{Path, PathBuf};

use hcs_guest_protocol::identity;

use super::WineError;

/// Where a container's prefix is mounted.
pub const PREFIX_INSIDE: &str = hcs_guest_protocol::PREFIX;

const AGENT: &str = r"C:\windows\system32\agent.exe";
const LAUNCHER: &str = r"C:\windows\system32\launcher.exe";

/// A Windows version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OsVersion {
    /// 10 for all that run containers.
    pub major: u32,
    /// 0 for all that run containers.
    pub minor: u32,
    /// Such as 17763.
    pub build: u32,
}

impl OsVersion {
    /// From `major.minor.build` or `major.minor.build.revision`; `None` for other text.
    pub fn parse(text: &str) -> Option<Self> {
        let numbers: Vec<u32> = text.split('.').map(|part| part.parse().ok()).collect::<Option<_>>()?;
        match numbers[..] {
            [major, minor, build] | [major, minor, build, _] => Some(Self { major, minor, build }),
            _ => None,
        }
    }
}

/// Who a Windows container says it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Identity {
    /// DNS name; its first label, in upper case and cut to 15 characters, is the computer name.
    pub host_name: String,
    /// Empty: `ContainerAdministrator`.
    pub user: String,
    /// `None`: the base's own, 10.0.17763.
    pub os_version: Option<OsVersion>,
}

/// A program for process 1 to start: arguments (the first is the program) and the whole environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaunchCommand {
    /// The program and its arguments.
    pub argv: Vec<String>,
    /// `NAME=value`
    pub env: Vec<String>,
}

/// Starts the agent. `loader` is the base's, [`super::BaseInfo::loader`]. Its standard input and output carry the guest protocol; standard error must be `/dev/null`.
///
/// The identity goes in the environment because Wine's boot, which writes it into the registry, runs before the agent
/// can be asked for anything. The agent hides these variables from the container's programs.
pub fn agent_command(loader: &Path, who: &Identity) -> LaunchCommand {
    let mut command = command(loader, AGENT);
    let mut set = |name: &str, value: &str| {
        if !value.is_empty() {
            command.env.push(format!("{name}={value}"));
        }
    };
    set(identity::HOST_NAME, &who.host_name);
    set(identity::USER, &who.user);
    set("USER", &who.user);
    if let Some(OsVersion { major, minor, build }) = who.os_version {
        set(identity::OS_VERSION, &format!("{major}.{minor}.{build}"));
    }
    command
}

/// Starts the launcher of one process with a console: on a pty as descriptors 0, 1 and 2, with the paths inside of two
/// FIFOs (requests in, answers out) appended to the arguments.
pub fn launcher_command(loader: &Path, who: &Identity) -> LaunchCommand {
    let mut command = agent_command(loader, who);
    LAUNCHER.clone_into(&mut command.argv[1]);
    command
}

fn command(loader: &Path, program: &str) -> LaunchCommand {
    LaunchCommand {
        argv: vec![loader.to_string_lossy().into_owned(), program.to_owned()],
        // Wine's unix side of every process has these, whatever environment a program gives to another; the agent hides
        // them from the programs. The last one keeps the loader from starting itself once more.
        env: ["HOME=/", "LC_CTYPE=C.UTF-8", "WINEDEBUG=-all", "WINEPREFIX=/prefix"]
            .map(String::from)
            .to_vec(),
    }
}

/// The file that makes a container's clock show the time zone `name` (`Europe/Berlin`): to be mounted over
/// `/etc/localtime` inside.
///
/// # Errors
/// [`WineError::NoTimeZone`]
pub fn time_zone_file(base_root: &Path, name: &str) -> Result<PathBuf, WineError> {
    let plain =
        !name.is_empty() && name.split('/').all(|part| !part.is_empty() && part != "." && part != "..");
    let path = base_root.join("usr/share/zoneinfo").join(name);
    if !plain || !path.is_file() {
        return Err(WineError::NoTimeZone { name: name.to_owned() });
    }
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_identity_travels_in_variables_and_defaults_stay_out() {
        let plain = agent_command(Path::new("/l"), &Identity::default());
        assert_eq!(plain.argv, ["/l", AGENT]);
        assert!(plain.env.iter().all(|entry| !entry.starts_with("HCS_") && !entry.starts_with("USER=")));
        let identity = Identity {
            host_name: "web.example".into(),
            user: "ContainerUser".into(),
            os_version: OsVersion::parse("10.0.20348.1"),
        };
        let command = launcher_command(Path::new("/l"), &identity);
        assert_eq!(command.argv, ["/l", LAUNCHER]);
        for entry in ["HCS_HOSTNAME=web.example", "USER=ContainerUser", "HCS_OS_VERSION=10.0.20348"] {
            assert!(command.env.iter().any(|have| have == entry), "{entry} in {:?}", command.env);
        }
    }

    #[test]
    fn a_zone_is_a_file_of_the_database_and_nothing_else() {
        let root = tempfile::tempdir().unwrap();
        let zone = root.path().join("usr/share/zoneinfo/Europe/Berlin");
        fs_err::create_dir_all(zone.parent().unwrap()).unwrap();
        fs_err::write(&zone, "TZif").unwrap();
        fs_err::write(root.path().join("usr/share/secret"), "").unwrap();
        assert_eq!(time_zone_file(root.path(), "Europe/Berlin").unwrap(), zone);
        for bad in ["", "Europe", "../secret", "/etc/passwd", "Europe//Berlin", "Mars/Base"] {
            assert!(time_zone_file(root.path(), bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_version_is_three_or_four_numbers() {
        assert_eq!(OsVersion::parse("10.0.17763"), Some(OsVersion { major: 10, minor: 0, build: 17763 }));
        for bad in ["", "10.0", "10.0.x", "1.2.3.4.5"] {
            assert_eq!(OsVersion::parse(bad), None);
        }
    }
}
