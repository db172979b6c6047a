//! What the commands do.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use hcs_layers::tar;
use hcs_layers::{Change, Summary, diff, inspect};
use hcsshim::{Host, Options};
use serde_json::{Value, json};

use crate::args::{Cli, Command, Export, Format, Import, Layers};
use crate::failure::Failure;
use crate::output::Output;
use crate::printer;
use crate::progress::Display;

pub(crate) fn run(cli: &Cli) -> Result<(), Failure> {
    let json = cli.format == Format::Json;
    match &cli.command {
        Command::Create { layers, .. } | Command::Mount { layers, .. } if layers.layers.is_empty() => {
            Err(Failure::NoLayers)
        }
        Command::Create { layers, size, layer } => create(layers, *size, layer),
        Command::Mount { layers, scratch, target } => mount(layers, scratch, target.as_deref(), json),
        Command::Unmount { layer, target } => unmount(layer, target.as_deref()),
        Command::MakeBaseLayer { layer } => Ok(host()?.layers()?.convert_to_base(absolute(layer)?)?),
        Command::GrantVmGroupAccess { path } => {
            Ok(host()?.layers()?.service().grant_vm_access("", &path.to_string_lossy())?)
        }
        Command::Diff { first, second } => show_diff(first, second, json),
        Command::Export(export) => run_export(export, cli.progress, json),
        Command::Import(import) => run_import(import, cli.progress, json),
        Command::Remove { layer } => Ok(host()?.layers()?.destroy(absolute(layer)?)?),
        Command::Inspect { layer } => show(&inspect(layer, false).map_err(layer_failure(layer))?, json),
        Command::Verify { layer } => show(&inspect(layer, true).map_err(layer_failure(layer))?, json),
    }
}

fn layer_failure(layer: &Path) -> impl FnOnce(tar::TarLayerError) -> Failure {
    let layer = layer.display().to_string();
    move |source| Failure::Layer { layer, source }
}

/// This machine's engine, with its folders as the environment names them.
fn host() -> Result<Host, Failure> {
    Ok(Host::open(Options::from_env()?)?)
}

fn absolute(path: &Path) -> Result<PathBuf, Failure> {
    std::path::absolute(path).map_err(|source| Failure::Open { source })
}

fn absolutes(layers: &Layers) -> Result<Vec<PathBuf>, Failure> {
    layers.layers.iter().map(|layer| absolute(layer)).collect()
}

fn create(layers: &Layers, size: Option<u64>, layer: &Path) -> Result<(), Failure> {
    let (parents, layer) = (absolutes(layers)?, absolute(layer)?);
    let layers = host()?.layers()?;
    layers.create_scratch(&layer, &parents)?;
    let Some(size) = size else { return Ok(()) };
    layers.expand_scratch(&layer, size).map_err(|error| {
        // Nobody asked for one without that size.
        let _ = layers.destroy(&layer);
        error.into()
    })
}

/// Prints the folder where the layer is seen. The volume's own name is for documents, and for programs that ask in JSON.
fn mount(layers: &Layers, scratch: &Path, target: Option<&Path>, json: bool) -> Result<(), Failure> {
    let (parents, scratch) = (absolutes(layers)?, absolute(scratch)?);
    let host = host()?;
    let layers = host.layers()?;
    let linux = linux(&host)?;
    let volume = layers.mount(&scratch, &parents)?;
    let shown = || {
        let Some(target) = target else { return linux.volume_path(&volume) };
        linux.add_mount_point(&scratch.to_string_lossy(), target)?;
        Ok(target.to_owned())
    };
    let folder = shown().inspect_err(|_| {
        let _ = layers.unmount(&scratch);
    })?;
    if json {
        return printer::json(&json!({ "Path": folder, "Volume": volume }));
    }
    printer::line(&folder.display().to_string())
}

fn unmount(layer: &Path, target: Option<&Path>) -> Result<(), Failure> {
    let host = host()?;
    let layers = host.layers()?;
    let layer = absolute(layer)?;
    if let Some(target) = target {
        linux(&host)?.remove_mount_point(&layer.to_string_lossy(), target)?;
    }
    // As in the original: only the second one counts.
    if let Err(error) = layers.unprepare(&layer) {
        printer::note(&format!("wclayer: {error}"));
    }
    Ok(layers.deactivate(&layer)?)
}

fn linux(host: &Host) -> Result<&hcsshim::linux::LinuxHost, Failure> {
    let refused = || hcsshim::Error::not_supported("HCS_HOST", "layers of another host have no folder here");
    Ok(host.linux().map(AsRef::as_ref).ok_or_else(refused)?)
}

fn show_diff(first: &Path, second: &Path, json: bool) -> Result<(), Failure> {
    let changes = diff(first, second).map_err(|error| {
        let layer = format!("{} and {}", first.display(), second.display());
        Failure::Layer { layer, source: error.into() }
    })?;
    let word = |change: &Change| match change {
        Change::Added => "added",
        Change::Removed => "removed",
        _ => "modified",
    };
    if json {
        let list = changes.iter().map(|(path, change)| json!({ "Path": path, "Change": word(change) }));
        printer::json(&list.collect())?;
    } else {
        for (path, change) in &changes {
            printer::line(&format!("{:<8} {path}", word(change)))?;
        }
    }
    if changes.is_empty() { Ok(()) } else { Err(Failure::Differ { count: changes.len() }) }
}

/// The folders of the layers below, which have to be there.
fn parents(layers: &Layers) -> Result<Vec<PathBuf>, Failure> {
    for layer in &layers.layers {
        fs_err::read_dir(layer).map_err(|source| Failure::Open { source })?;
    }
    Ok(layers.layers.clone())
}

fn run_import(import: &Import, progress: bool, json: bool) -> Result<(), Failure> {
    let parents = parents(&import.layers)?;
    let input = import.input.as_deref().unwrap_or(Path::new("-"));
    let opened = tar::open(input).map_err(|source| Failure::Open { source })?;
    let mut display = Display::new(progress, opened.total);
    let (optional, folder) = (import.allow_missing_end, &import.layer);
    let show = |progress| display.show(progress);
    let run = if import.linux {
        tar::Unpack::new().end_is_optional(optional).run(opened.source, folder, show)
    } else {
        tar::Import::new().parents(parents).end_is_optional(optional).run(opened.source, folder, show)
    };
    let report = run.map_err(|source| Failure::Layer { layer: opened.name, source })?;
    drop(display);
    for warning in &report.warnings {
        printer::note(&format!("wclayer: warning: {warning}"));
    }
    if report.warning_count > report.warnings.len() as u64 {
        printer::note(&format!("wclayer: {} warnings in all", report.warning_count));
    }
    if !json {
        return Ok(());
    }
    printer::json(&json!({
        "Entries": report.entries,
        "Read": report.read,
        "Size": report.size,
        "Canonical": report.canonical,
        "Warnings": report.warnings,
    }))
}

fn run_export(export: &Export, progress: bool, json: bool) -> Result<(), Failure> {
    // Only a scratch needs them, but a wrong path is a mistake all the same.
    parents(&export.layers)?;
    if export.layer.join("sandbox.vhdx").exists() {
        return export_scratch(export, progress, json);
    }
    write_tar(export, progress, json, |tar, output, show| tar.run(&export.layer, output, show))
}

/// A writable layer is read above those that it stands on, and with its disk mounted.
fn export_scratch(export: &Export, progress: bool, json: bool) -> Result<(), Failure> {
    let (parents, layer) = (absolutes(&export.layers)?, absolute(&export.layer)?);
    if parents.is_empty() {
        return Err(Failure::NoLayers);
    }
    let host = host()?;
    let layers = host.layers()?;
    let mounted = !layers.mount_path(&layer)?.is_empty();
    layers.activate(&layer)?;
    let written = || {
        let descriptor = |path: &PathBuf| hcsshim::LayerDescriptor {
            path: path.to_string_lossy().into_owned(),
            ..hcsshim::LayerDescriptor::default()
        };
        let parents: Vec<_> = parents.iter().map(descriptor).collect();
        let reader = linux(&host)?.layer_reader(&layer.to_string_lossy(), &parents)?;
        write_tar(export, progress, json, |tar, output, show| tar.run_from(reader, output, show))
    };
    let result = written();
    if !mounted {
        // As in the original: what went wrong before is what counts.
        let _ = layers.deactivate(&layer);
    }
    result
}

fn write_tar(
    export: &Export,
    progress: bool,
    json: bool,
    run: impl FnOnce(
        tar::Export,
        &mut Output,
        &mut dyn FnMut(tar::Progress),
    ) -> Result<tar::ExportReport, tar::TarLayerError>,
) -> Result<(), Failure> {
    let path = export.output.as_deref().filter(|path| path.as_os_str() != "-");
    let mut display = Display::new(progress, None);
    let export_layer = tar::Export::new().canonical(export.canonical);
    let failed = layer_failure(&export.layer);
    let mut output = Output::create(path, export.gzip, export.zstd)?;
    let report = run(export_layer, &mut output, &mut |progress| display.show(progress)).map_err(failed)?;
    drop(display);
    output.flush().and_then(|()| output.finish()).map_err(|source| Failure::Output { source })?;
    // A result beside a tar on standard output would be part of it.
    if !json || path.is_none() {
        return Ok(());
    }
    printer::json(&json!({
        "Entries": (!report.recorded).then_some(report.entries),
        "Written": report.written,
        "Recorded": report.recorded,
    }))
}

fn show(summary: &Summary, json: bool) -> Result<(), Failure> {
    let rows: [(&str, Value); 8] = [
        ("Files", summary.files.into()),
        ("Folders", summary.folders.into()),
        ("HardLinks", summary.hard_links.into()),
        ("ReparsePoints", summary.reparse_points.into()),
        ("Tombstones", summary.tombstones.into()),
        ("Streams", summary.streams.into()),
        ("Size", summary.size.into()),
        ("Recorded", summary.recorded.into()),
    ];
    if json {
        let members = rows.into_iter().map(|(name, value)| (name.to_owned(), value));
        return printer::json(&Value::Object(members.collect()));
    }
    rows.iter().try_for_each(|(name, value)| printer::line(&format!("{name:<14} {value}")))
}
