//! Runs a Windows command line in a container, with this program's own streams.
//!
//! On Linux the program runs on Wine; the first container makes the Wine base, which takes a few seconds.
//!
//! ```text
//! cargo build && sudo target/debug/examples/run_windows 'ver& exit 3010'
//! ```

#![expect(clippy::print_stdout, reason = "an example prints")]

use hcsshim::schema::compute::v2::{ComputeSystem, Container, Memory};
use hcsshim::schema::{LinuxHost, Version};
use hcsshim::{Host, Options, Stdio};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let line = std::env::args().nth(1).ok_or("usage: run_windows COMMAND-LINE")?;
    let id = format!("run-windows-{}", std::process::id());
    let host = Host::open(Options::from_env()?)?;
    // The document of schema 2, as it would be sent to Windows; LinuxHost is for this host alone.
    let document = ComputeSystem {
        owner: "example".into(),
        schema_version: Some(Version::v2_1()),
        container: Some(Container {
            memory: Some(Memory { size_in_mb: 512, ..Memory::default() }),
            ..Container::default()
        }),
        should_terminate_on_last_handle_closed: true,
        linux_host: Some(LinuxHost { end_with_first_process: true, ..LinuxHost::default() }),
        ..ComputeSystem::default()
    };
    let container = host.create_container(&id, &document)?;
    container.start()?;
    let command = container.command("cmd").args(["/c", &line]);
    // A Windows program can't get a descriptor of Linux; the library carries the bytes.
    let status =
        command.stdin(Stdio::Inherit).stdout(Stdio::Inherit).stderr(Stdio::Inherit).spawn()?.wait()?;
    println!("{status}");
    container.wait()?;
    Ok(())
}
