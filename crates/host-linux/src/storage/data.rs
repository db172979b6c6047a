//! The documents of computestorage: `LayerData`, export options, options of a base layer.

use hcs_contract::{Error, Guid, LayerDescriptor, Result};
use hcs_schema::ParseError;
use serde::Deserialize;
use serde::de::DeserializeOwned;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
struct LayerData {
    schema_version: Option<Version>,
    layers: Vec<Layer>,
    filter_type: String,
}

/// Which version is no matter: the members are the same in all.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
struct Version {
    major: u32,
    minor: u32,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
struct Layer {
    id: String,
    path: String,
    path_type: String,
    cache: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
struct ExportOptions {
    is_writable_layer: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
struct OsLayerOptions {
    r#type: String,
    disable_ci_cache_optimization: bool,
    skip_update_bcd_for_boot: bool,
}

/// The layers of a `LayerData` document.
pub(super) fn layers(text: &str) -> Result<Vec<LayerDescriptor>> {
    let LayerData { schema_version, layers, filter_type } = parse(text)?;
    let Version { major, minor } = schema_version.unwrap_or_default();
    if major > 2 {
        let message = format!("schema {major}.{minor} is newer than what this host knows");
        return Err(Error::invalid_document("SchemaVersion", message));
    }
    if !matches!(filter_type.as_str(), "" | "UnionFS" | "WCIFS") {
        return Err(Error::invalid_document(
            "FilterType",
            format!("{filter_type:?} is neither \"UnionFS\" nor \"WCIFS\""),
        ));
    }
    let one = |(number, layer): (usize, Layer)| {
        let Layer { id, path, path_type, cache } = layer;
        let field = |name: &str| format!("Layers[{number}].{name}");
        if !matches!(path_type.as_str(), "" | "AbsolutePath") {
            return Err(Error::not_supported(field("PathType"), "layers lie in folders of this host"));
        }
        if !matches!(cache.as_str(), "" | "Enabled") {
            return Err(Error::not_supported(
                field("Cache"),
                "Linux caches every file, and one copy for all",
            ));
        }
        let id = if id.is_empty() { Ok(Guid::default()) } else { id.parse::<Guid>() };
        let id = id.map_err(|error| Error::invalid_document(field("Id"), error.to_string()))?;
        Ok(LayerDescriptor { id, flags: 0, path })
    };
    layers.into_iter().enumerate().map(one).collect()
}

/// Checks export options: whether a layer is writable the layer says itself.
pub(super) fn export_options(text: &str) -> Result<()> {
    let ExportOptions { is_writable_layer: _ } = parse(text)?;
    Ok(())
}

/// Checks the options of a base layer, of which only containers' are made.
pub(super) fn os_layer(text: &str) -> Result<()> {
    let OsLayerOptions { r#type, disable_ci_cache_optimization, skip_update_bcd_for_boot } = parse(text)?;
    if r#type != "Container" {
        return Err(Error::not_supported(
            "Type",
            "only layers of containers are made here; there are no virtual machines",
        ));
    }
    for (name, set) in [
        ("DisableCiCacheOptimization", disable_ci_cache_optimization),
        ("SkipUpdateBcdForBoot", skip_update_bcd_for_boot),
    ] {
        if set {
            return Err(Error::not_supported(name, "nothing here checks signatures or boots"));
        }
    }
    Ok(())
}

fn parse<T: DeserializeOwned + Default>(text: &str) -> Result<T> {
    if text.trim().is_empty() {
        return Ok(T::default());
    }
    serde_json::from_str(text)
        .map_err(|error| Error::from(ParseError::at("", error.to_string())).with_document(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_s_layers_are_read_and_what_it_can_not_have_is_named() {
        let text = r#"{"SchemaVersion":{"Major":2,"Minor":1},"Layers":[{"Id":"00112233-4455-6677-8899-aabbccddeeff",
            "Path":"/a"},{"Path":"/b","PathType":"AbsolutePath","Cache":"Enabled"}],"FilterType":"WCIFS"}"#;
        let found = layers(text).unwrap();
        assert_eq!(found.iter().map(|layer| &*layer.path).collect::<Vec<_>>(), ["/a", "/b"]);
        assert_eq!(found[0].id.to_string(), "00112233-4455-6677-8899-aabbccddeeff");
        assert_eq!(layers("").unwrap(), []);
        for (text, part) in [
            (r#"{"Layers":[{"Path":"/a","PathType":"VirtualSmb"}]}"#, "Layers[0].PathType"),
            (r#"{"Layers":[{"Path":"/a","Cache":"Private"}]}"#, "Layers[0].Cache"),
            (r#"{"Layers":[{"Id":"x","Path":"/a"}]}"#, "Layers[0].Id"),
            (r#"{"FilterType":"Cim"}"#, "FilterType"),
            (r#"{"SchemaVersion":{"Major":3}}"#, "SchemaVersion"),
            (r#"{"Layer":[]}"#, "Layer"),
            ("{", "EOF"),
        ] {
            let error = layers(text).unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
        for (text, part) in [
            (r#"{"Type":"Vm"}"#, "Type"),
            (r#"{"Type":"Container","SkipUpdateBcdForBoot":true}"#, "SkipUpdateBcdForBoot"),
        ] {
            assert!(os_layer(text).unwrap_err().to_string().contains(part), "{text}");
        }
        os_layer(r#"{"Type":"Container"}"#).unwrap();
    }
}
