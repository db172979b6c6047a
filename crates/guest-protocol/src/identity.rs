//! The environment variables by which a container's identity reaches `wineboot.exe`, which runs before the agent can be
//! asked for anything. The agent hides them from the container's programs.

/// DNS host name. Default: `container`.
pub const HOST_NAME: &str = "HCS_HOSTNAME";

/// The user's name. Default: [`DEFAULT_USER`].
pub const USER: &str = "HCS_USER";

/// Windows version, `major.minor.build`. Default: the base's own.
pub const OS_VERSION: &str = "HCS_OS_VERSION";

/// The user of a container whose document names none.
pub const DEFAULT_USER: &str = "ContainerAdministrator";

/// The host name of a container whose document names none.
pub const DEFAULT_HOST_NAME: &str = "container";
