//! What the commands do.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use hcs_layers::tar;
use hcs_layers::{Summary, destroy, inspect};
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
        Command::Create { .. } => Err(Failure::NotHere { command: "create", what: "scratch layers" }),
        Command::Mount { .. } => Err(Failure::NotHere { command: "mount", what: "scratch layers" }),
        Command::Unmount { .. } => Err(Failure::NotHere { command: "unmount", what: "scratch layers" }),
        Command::MakeBaseLayer { .. } => {
            Err(Failure::NotHere { command: "makebaselayer", what: "registry hives" })
        }
        Command::Export(export) => run_export(export, cli.progress, json),
        Command::Import(import) => run_import(import, cli.progress, json),
        Command::Remove { layer } => destroy(layer).map_err(|error| layer_failure(layer)(error.into())),
        Command::Inspect { layer } => show(&inspect(layer, false).map_err(layer_failure(layer))?, json),
        Command::Verify { layer } => show(&inspect(layer, true).map_err(layer_failure(layer))?, json),
    }
}

fn layer_failure(layer: &Path) -> impl FnOnce(tar::TarLayerError) -> Failure {
    let layer = layer.display().to_string();
    move |source| Failure::Layer { layer, source }
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
    // None of them is needed, but a wrong path is a mistake all the same.
    parents(&export.layers)?;
    let path = export.output.as_deref().filter(|path| path.as_os_str() != "-");
    let mut display = Display::new(progress, None);
    let export_layer = tar::Export::new().canonical(export.canonical);
    let failed = layer_failure(&export.layer);
    let mut output = Output::create(path, export.gzip, export.zstd)?;
    let run = export_layer.run(&export.layer, &mut output, |progress| display.show(progress));
    let report = run.map_err(failed)?;
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
