//! The document that a process is started from.

use std::collections::BTreeMap;

use serde_json::Value;

document! {
    /// A process to start, schema 1.
    pub struct ProcessConfig {
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
        /// Give it a console. It then has one output: `CreateStdErrPipe` is ignored.
        pub emulate_console: bool = "EmulateConsole" omit,
        /// Make a pipe for its input.
        pub create_std_in_pipe: bool = "CreateStdInPipe" omit,
        /// Make a pipe for its output.
        pub create_std_out_pipe: bool = "CreateStdOutPipe" omit,
        /// Make a pipe for its error output.
        pub create_std_err_pipe: bool = "CreateStdErrPipe" omit,
        /// Rows and columns of the console; without one it says nothing. Go never takes a fixed array for empty.
        pub console_size: [u32; 2] = "ConsoleSize" always,
        /// Run it in the virtual machine instead of the container.
        pub create_in_utility_vm: bool = "CreateInUtilityVm" omit,
        /// The OCI specification of a Linux container's first process.
        pub oci_specification: Value = "OCISpecification" omit,
    }
}
