//! The document that a process is started from.

use std::collections::BTreeMap;

document! {
    /// A process to start, schema 2.
    pub struct ProcessParameters {
        /// The program; empty: the command line names it.
        pub application_name: String = "ApplicationName" omit,
        /// The command line of a Windows program.
        pub command_line: String = "CommandLine" omit,
        /// The arguments of a Linux program, the program first.
        pub command_args: Vec<String> = "CommandArgs" omit,
        /// Who it runs as.
        pub user: String = "User" omit,
        /// The folder that it starts in.
        pub working_directory: String = "WorkingDirectory" omit,
        /// Its environment variables.
        pub environment: BTreeMap<String, String> = "Environment" omit,
        /// Run it with few privileges.
        pub restricted_token: bool = "RestrictedToken" omit,
        /// Give it a console. It then has one output: no pipe for errors.
        pub emulate_console: bool = "EmulateConsole" omit,
        /// Make a pipe for its input.
        pub create_std_in_pipe: bool = "CreateStdInPipe" omit,
        /// Make a pipe for its output.
        pub create_std_out_pipe: bool = "CreateStdOutPipe" omit,
        /// Make a pipe for its error output.
        pub create_std_err_pipe: bool = "CreateStdErrPipe" omit,
        /// Rows and columns of the console.
        pub console_size: Vec<u32> = "ConsoleSize" omit,
        /// Run it in a session that is logged on.
        pub use_existing_login: bool = "UseExistingLogin" omit,
        /// Give it the console of older Windows versions.
        pub use_legacy_console: bool = "UseLegacyConsole" omit,
    }
}
