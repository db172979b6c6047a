//! `hcs update`: changes what running containers may use, and what of the host they see.

use hcsshim::schema::Document as _;
use hcsshim::schema::compute::RequestType;
use hcsshim::schema::compute::v2::{
    MappedDirectory, MappedPipe, ModifySettingRequest, Processor, resource_path,
};
use serde_json::{Value, json};

use super::each;
use crate::args::change::Update;
use crate::args::values::{NamedPipe, Volume, pipe_name};
use crate::document::{Processors, processors, text};
use crate::failure::Failure;
use crate::host;
use crate::printer::Printer;

pub(crate) fn update(update: &Update, printer: Printer) -> Result<(), Failure> {
    let requests = requests(update, processors())?;
    let host = host::open()?;
    each(&update.ids, printer, |id| {
        let container = host.open_container(id)?;
        for request in &requests {
            container.modify(request)?;
        }
        Ok(())
    })
}

/// One request for each thing that is changed, as the service takes them.
fn requests(update: &Update, host_has: u64) -> Result<Vec<ModifySettingRequest>, Failure> {
    let of = |path: &str, request_type, settings: Value| ModifySettingRequest {
        resource_path: path.into(),
        request_type,
        settings,
        ..ModifySettingRequest::default()
    };
    let request = |path: &str, settings| of(path, RequestType::UPDATE, settings);
    let settings = |json: String| serde_json::from_str(&json).map_err(Failure::Json);
    let mut requests = Vec::new();
    for container_path in &update.rm_volume {
        let gone = MappedDirectory { container_path: container_path.clone(), ..MappedDirectory::default() };
        let settings = settings(gone.to_json())?;
        requests.push(of(resource_path::MAPPED_DIRECTORIES, RequestType::REMOVE, settings));
    }
    for Volume { host, container, read_only } in &update.add_volume {
        let new = MappedDirectory {
            host_path: text(host)?,
            container_path: container.clone(),
            read_only: *read_only,
            ..MappedDirectory::default()
        };
        requests.push(of(resource_path::MAPPED_DIRECTORIES, RequestType::ADD, settings(new.to_json())?));
    }
    for name in &update.rm_pipe {
        let gone = MappedPipe { container_pipe_name: pipe_name(name).into(), ..MappedPipe::default() };
        requests.push(of(resource_path::MAPPED_PIPES, RequestType::REMOVE, settings(gone.to_json())?));
    }
    for NamedPipe { host, name } in &update.add_pipe {
        let new =
            MappedPipe { container_pipe_name: name.clone(), host_path: text(host)?, ..MappedPipe::default() };
        requests.push(of(resource_path::MAPPED_PIPES, RequestType::ADD, settings(new.to_json())?));
    }
    requests.extend(update.memory.map(|size| request(resource_path::MEMORY_SIZE_IN_MB, json!(size.get()))));
    let mut processor = Processor {
        weight: update.cpu_weight.unwrap_or_default(),
        maximum: update.cpu_maximum.unwrap_or_default(),
        ..Processor::default()
    };
    if let Some(millicpus) = update.cpus {
        match Processors::new(millicpus.get(), host_has)? {
            Processors::Count(count) => processor.count = count,
            Processors::Parts(parts) => processor.maximum = parts,
        }
    }
    if processor != Processor::default() {
        requests.push(request(resource_path::PROCESSOR, settings(processor.to_json())?));
    }
    Ok(requests)
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::args::{Cli, Command};

    fn sent(arguments: &[&str]) -> Vec<String> {
        let all = ["hcs", "update"].iter().chain(arguments).chain(&["x"]);
        let Command::Update(update) = Cli::try_parse_from(all).unwrap().command else { panic!() };
        requests(&update, 4).unwrap().iter().map(hcsshim::schema::Document::to_json).collect()
    }

    #[test]
    fn each_change_is_a_request_of_the_service() {
        let processor = |settings: &str| {
            format!(
                r#"{{"ResourcePath":"Container/Processor","RequestType":"Update","Settings":{{{settings}}}}}"#
            )
        };
        let memory = r#"{"ResourcePath":"Container/Memory/SizeInMB","RequestType":"Update","Settings":1024}"#;
        assert_eq!(sent(&["--memory", "1g"]), [memory]);
        assert_eq!(sent(&["--cpus", "2"]), [processor(r#""Count":2"#)]);
        assert_eq!(sent(&["--cpus", "0.5"]), [processor(r#""Maximum":1250"#)]);
        assert_eq!(sent(&["--cpu-maximum", "10000"]), [processor(r#""Maximum":10000"#)]);
        let mapped = |what: &str, request: &str, settings: &str| {
            format!(
                r#"{{"ResourcePath":"Container/{what}","RequestType":"{request}","Settings":{{{settings}}}}}"#
            )
        };
        assert_eq!(
            sent(&["--add-volume", r"/d:C:\d:ro", "--rm-volume", "/e"]),
            [
                mapped("MappedDirectories", "Remove", r#""ContainerPath":"/e""#),
                mapped(
                    "MappedDirectories",
                    "Add",
                    r#""HostPath":"/d","ContainerPath":"C:\\d","ReadOnly":true"#
                ),
            ]
        );
        assert_eq!(
            sent(&["--add-pipe", "/s:p", "--rm-pipe", r"\\.\pipe\q"]),
            [
                mapped("MappedPipes", "Remove", r#""ContainerPipeName":"q""#),
                mapped("MappedPipes", "Add", r#""ContainerPipeName":"p","HostPath":"/s""#),
            ]
        );
        let both = sent(&["--cpu-weight", "1", "--memory", "1g"]);
        assert_eq!(both, [memory.to_owned(), processor(r#""Weight":1"#)]);
    }
}
