//! What the README shows, as it stands there.

use std::time::Duration;

use hcsshim::schema::compute::{SystemType, v1::ContainerConfig};
use hcsshim::{Host, Options, Stdio};

fn main() -> Result<(), hcsshim::Error> {
    let host = Host::open(Options::from_env()?)?;
    let document = ContainerConfig {
        system_type: SystemType::CONTAINER,
        name: "example".into(),
        terminate_on_last_handle_closed: true,
        ..ContainerConfig::default()
    };
    let container = host.create_container("example", &document)?;
    container.start()?;
    let status = container.command("cmd").args(["/c", "ver"]).stdout(Stdio::Inherit).status()?;
    assert_eq!(status.code(), 0);
    container.stop(Duration::from_secs(10))?;
    Ok(())
}
