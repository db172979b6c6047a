//! Runs a shell command in a Linux container and prints what came of it.
//!
//! ```text
//! cargo build && sudo target/debug/examples/run_linux ROOTFS 'echo hello; exit 7'
//! ```

#![expect(clippy::print_stdout, reason = "an example prints")]

use std::time::Duration;

use hcsshim::schema::compute::v1::ContainerConfig;
use hcsshim::schema::compute::{OsType, SystemType};
use hcsshim::{Host, Options};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(rootfs), Some(script)) = (arguments.next(), arguments.next()) else {
        return Err("usage: run_linux ROOTFS SCRIPT".into());
    };
    let id = format!("run-linux-{}", std::process::id());
    let host = Host::open(Options::from_env()?)?;
    let container = host.create_container(
        &id,
        &ContainerConfig {
            system_type: SystemType::CONTAINER,
            name: id.clone(),
            owner: "example".into(),
            container_type: OsType::LINUX,
            volume_path: rootfs,
            memory_maximum_in_mb: 128,
            // So that nothing stays behind, whatever happens to this program.
            terminate_on_last_handle_closed: true,
            ..ContainerConfig::default()
        },
    )?;
    container.start()?;
    let output = container.command("/bin/sh").args(["-c", &script]).output()?;
    let exit = container.stop(Duration::from_secs(10))?;
    println!("{}", output.status);
    print!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    println!("the container ended: {}", exit.exit_type);
    Ok(())
}
