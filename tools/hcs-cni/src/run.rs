//! One call: variables and configuration in, an answer out.

use hcsshim::{Error, Host, Options};
use serde_json::{Value, json};

use crate::attachment;
use crate::config::{self, Config, VERSIONS};
use crate::environment::{self, Command};
use crate::failure::Failure;

/// How long a configuration may be.
pub(crate) const MOST_BYTES: u64 = 1 << 20;

type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Does what is asked for. `Ok(None)`: done, and nothing to be said. `Err`: what failed, as a runtime reads it.
pub(crate) fn run(lookup: Lookup<'_>, input: std::io::Result<String>) -> Result<Option<Value>, Value> {
    let newest = VERSIONS[VERSIONS.len() - 1];
    let value = match read(input) {
        Ok(value) => value,
        Err(failure) => return Err(failure.to_json(newest)),
    };
    let version = config::version(&value).unwrap_or(newest).to_owned();
    call(lookup, value).map_err(|failure| failure.to_json(&version))
}

fn read(input: std::io::Result<String>) -> Result<Value, Failure> {
    let text = input.map_err(|error| Failure::io(format!("standard input: {error}")))?;
    if text.len() as u64 > MOST_BYTES {
        return Err(Failure::decode(format!("the network configuration has over {MOST_BYTES} bytes")));
    }
    serde_json::from_str(&text)
        .map_err(|error| Failure::decode(format!("the network configuration is no JSON: {error}")))
}

fn call(lookup: Lookup<'_>, value: Value) -> Result<Option<Value>, Failure> {
    let command = environment::command(lookup)?;
    if command == Command::Version {
        let asked = value.get("cniVersion").and_then(Value::as_str).unwrap_or("1.1.0");
        return Ok(Some(json!({ "cniVersion": asked, "supportedVersions": VERSIONS })));
    }
    let version = config::version(&value)?;
    if matches!(command, Command::Gc | Command::Status) && version != "1.1.0" {
        return Err(Failure::version(format!(
            "cniVersion {version} has no such command, 1.1.0 has it first"
        )));
    }
    let config = Config::read(value)?;
    let open = || -> Result<Host, Error> { Host::open(Options::from_env()?) };
    match command {
        Command::Add => {
            let link = environment::link(lookup)?;
            let netns = environment::netns(lookup)?;
            return attachment::add(&open()?, &config, &link, &netns).map(Some);
        }
        // Without the namespace, too: it is gone with its link, and what is left is to be freed.
        Command::Del => attachment::del(&open()?, &config, &environment::link(lookup)?)?,
        Command::Check => {
            let link = environment::link(lookup)?;
            attachment::check(&open()?, &config, &link, &environment::netns(lookup)?)?;
        }
        Command::Gc => attachment::gc(&open()?, &config)?,
        Command::Status => attachment::status(open(), &config)?,
        Command::Version => {}
    }
    Ok(None)
}
