//! The promise of every document that this host takes: each of its members is used, refused by name, or in the
//! short list of those that are only recorded (`docs/support/compute.md`).
//!
//! One row per member: where it stands, a value that is not its default, the document around it, and what becomes of
//! it. "Used" means that the plan differs from that of the document without the member.

use std::collections::BTreeSet;

use hcs_contract::{ErrorKind, ProcessStreams, Result};
use hcs_schema::compute::{v1, v2};
use hcs_schema::{Document, LinuxHost, Version};
use serde_json::{Value, json};

use super::{create, modify, process_doc};
use crate::record::GuestOs;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Used,
    Refused,
    Recorded,
}
use Fate::{Recorded, Refused, Used};

/// A member: the path from the document's root to its part (`X[]` for the first of a list), its name, a value, the
/// document to put it into, and its fate there.
struct Row(&'static str, &'static str, Value, Value, Fate);

/// A document with the row's member set, and with the part but without the member.
fn documents(row: &Row) -> (String, String) {
    let Row(part, name, value, base, _) = row;
    let mut with = base.clone();
    let mut at = &mut with;
    for step in part.split('.').filter(|step| !step.is_empty()) {
        let object = at.as_object_mut().expect("parts are objects");
        at = match step.strip_suffix("[]") {
            Some(list) => object
                .entry(list)
                .or_insert_with(|| json!([{}]))
                .get_mut(0)
                .expect("the list of a sample has an entry"),
            None => object.entry(step).or_insert_with(|| json!({})),
        };
    }
    let object = at.as_object_mut().expect("parts are objects");
    object.remove(*name);
    let without = {
        object.insert((*name).to_owned(), value.clone());
        let mut copy = with.clone();
        let mut at = &mut copy;
        for step in part.split('.').filter(|step| !step.is_empty()) {
            at = match step.strip_suffix("[]") {
                Some(list) => &mut at[list][0],
                None => &mut at[step],
            };
        }
        at.as_object_mut().expect("parts are objects").remove(*name);
        copy
    };
    (with.to_string(), without.to_string())
}

/// Checks every row, and that the rows of a part name every member of its type.
fn check<T: Document>(part: &str, rows: &[Row], plan: impl Fn(&str) -> Result<String>) {
    for row in rows.iter().filter(|row| row.0 == part) {
        let Row(_, name, _, _, fate) = row;
        let path = if part.is_empty() { (*name).to_owned() } else { format!("{part}.{name}") };
        let path = path.replace("[]", "[0]");
        let (with, without) = documents(row);
        match (plan(&with), fate) {
            (Ok(with_plan), Used) => {
                // A document that needs the member fails without it: that is use enough.
                assert_ne!(plan(&without).ok(), Some(with_plan), "{path} changes nothing: {with}");
            }
            (Ok(with_plan), Recorded) => assert_eq!(plan(&without).ok(), Some(with_plan), "{path}: {with}"),
            (Err(error), Refused) => match error.kind() {
                ErrorKind::NotSupported { field, .. } => {
                    let named = path.starts_with(&**field) || field.contains(*name);
                    assert!(named, "{path} is refused as {field}");
                }
                other => panic!("{path} is refused as {other:?}"),
            },
            (Ok(_), Refused) => panic!("{path} is not refused: {with}"),
            (Err(error), _) => panic!("{path}: {error}: {with}"),
        }
    }
    let named: BTreeSet<&str> = rows.iter().filter(|row| row.0 == part).map(|row| row.1).collect();
    for member in T::MEMBERS {
        assert!(named.contains(member.name), "no row for {part} {}", member.name);
    }
}

fn plan(text: &str) -> Result<String> {
    create::plan(text, &|path| path.starts_with("/base")).map(|plan| format!("{plan:?}"))
}

fn linux_1() -> Value {
    json!({ "SystemType": "Container", "ContainerType": "Linux", "VolumePath": "/root" })
}

/// The id of an endpoint, or of anything.
const ENDPOINT: &str = "5fbdb8ff-0000-4f52-9d19-57e9f4a8e8b2";

/// With an endpoint.
fn connected() -> Value {
    let mut document = linux_1();
    document["EndpointList"] = json!([ENDPOINT]);
    document
}

fn windows_1() -> Value {
    json!({ "SystemType": "Container" })
}

fn host_rows(base: fn() -> Value, windows: bool) -> Vec<Row> {
    let version = if windows { Used } else { Refused };
    let namespace = if windows { "Host" } else { "Auto" };
    vec![
        Row("LinuxHost", "Labels", json!({ "a": "b" }), base(), Used),
        Row("LinuxHost", "OsVersion", json!("10.0.17763"), base(), version),
        Row("LinuxHost", "TimeZone", json!("Europe/Paris"), base(), Used),
        Row("LinuxHost", "UserNamespace", json!(namespace), base(), Used),
        Row("LinuxHost", "SeccompProfile", json!("Unconfined"), base(), Used),
        Row("LinuxHost", "SeccompProfile", json!("/a/profile.json"), base(), Refused),
        Row("LinuxHost", "KeepAfterExit", json!(true), base(), Used),
        Row("LinuxHost", "EndWithFirstProcess", json!(true), base(), Used),
        Row("LinuxHost", "ProcessorAffinity", json!("0"), base(), Used),
        // The Linux ones here have a root folder.
        Row("LinuxHost", "KeepScratch", json!(true), base(), version),
        Row("LinuxHost", "Endpoints", json!([{ "HostComputeNetwork": ENDPOINT }]), base(), Used),
        Row("LinuxHost", "NetworkNamespace", json!(ENDPOINT), base(), Used),
    ]
}

#[test]
fn of_schema_1_containers() {
    let layers =
        || json!({ "SystemType": "Container", "ContainerType": "Linux", "Layers": [{ "Path": "/lower" }] });
    let with_disk = || {
        let mut document = linux_1();
        document["MappedVirtualDisks"] = json!([{ "HostPath": "/d", "ContainerPath": "/c" }]);
        document
    };
    let mapped = |base: fn() -> Value| {
        let mut document = base();
        document["MappedDirectories"] = json!([{ "HostPath": "/h", "ContainerPath": "/c" }]);
        document
    };
    let piped = |base: fn() -> Value| {
        let mut document = base();
        document["MappedPipes"] = json!([{ "HostPath": "/p", "ContainerPipeName": "q" }]);
        document
    };
    let mut rows = vec![
        Row("", "SystemType", json!("Container"), linux_1(), Used),
        Row("", "SystemType", json!("VirtualMachine"), linux_1(), Refused),
        Row("", "Name", json!("n"), linux_1(), Used),
        Row("", "Owner", json!("o"), linux_1(), Used),
        Row("", "VolumePath", json!("/other"), linux_1(), Used),
        Row("", "VolumePath", json!("/other"), windows_1(), Refused),
        Row("", "IgnoreFlushesDuringBoot", json!(true), linux_1(), Recorded),
        Row("", "LayerFolderPath", json!("/scratch"), layers(), Used),
        Row("", "LayerFolderPath", json!("/scratch"), windows_1(), Refused),
        Row("", "Layers", json!([{ "Path": "/base" }]), windows_1(), Used),
        Row("", "Layers", json!([{ "Path": "/upper" }, { "Path": "/base" }]), windows_1(), Used),
        Row("", "Credentials", json!("{}"), linux_1(), Refused),
        Row("", "ProcessorCount", json!(2), linux_1(), Used),
        Row("", "ProcessorWeight", json!(100), linux_1(), Used),
        Row("", "ProcessorMaximum", json!(5000), linux_1(), Used),
        Row("", "StorageIOPSMaximum", json!(1), linux_1(), Used),
        Row("", "StorageBandwidthMaximum", json!(1), linux_1(), Used),
        Row("", "StorageSandboxSize", json!(1), linux_1(), Refused),
        Row("", "MemoryMaximumInMB", json!(64), linux_1(), Used),
        Row("", "HostName", json!("h"), linux_1(), Used),
        Row("", "MappedDirectories", json!([{ "HostPath": "/h", "ContainerPath": "/c" }]), linux_1(), Used),
        Row("", "MappedPipes", json!([{ "HostPath": "/p", "ContainerPipeName": "q" }]), windows_1(), Used),
        Row("", "MappedPipes", json!([{ "HostPath": "/p", "ContainerPipeName": "q" }]), linux_1(), Refused),
        Row("MappedPipes[]", "HostPath", json!("/other"), piped(windows_1), Used),
        Row("MappedPipes[]", "HostPath", json!(r"\\.\pipe\p"), piped(windows_1), Refused),
        Row("MappedPipes[]", "ContainerPipeName", json!("other"), piped(windows_1), Used),
        Row("", "HvPartition", json!(true), linux_1(), Refused),
        Row("", "NetworkSharedContainerName", json!("x"), linux_1(), Refused),
        Row("", "EndpointList", json!([ENDPOINT]), linux_1(), Used),
        Row("", "HvRuntime", json!({ "ImagePath": "x" }), linux_1(), Refused),
        Row("", "Servicing", json!(true), linux_1(), Refused),
        Row("", "AllowUnqualifiedDNSQuery", json!(true), linux_1(), Refused),
        Row("", "AllowUnqualifiedDNSQuery", json!(true), connected(), Recorded),
        Row("", "DNSSearchList", json!("x"), linux_1(), Refused),
        Row("", "DNSSearchList", json!("x"), connected(), Used),
        Row("", "ContainerType", json!("Linux"), linux_1(), Used),
        Row("", "TerminateOnLastHandleClosed", json!(true), linux_1(), Used),
        Row("", "MappedVirtualDisks", json!([{ "HostPath": "/d", "ContainerPath": "/c" }]), linux_1(), Used),
        Row("MappedVirtualDisks[]", "HostPath", json!("/other"), with_disk(), Used),
        Row("MappedVirtualDisks[]", "ContainerPath", json!("/other"), with_disk(), Used),
        Row("MappedVirtualDisks[]", "CreateInUtilityVM", json!(true), with_disk(), Refused),
        Row("MappedVirtualDisks[]", "ReadOnly", json!(true), with_disk(), Used),
        Row("MappedVirtualDisks[]", "Cache", json!("Disabled"), with_disk(), Refused),
        Row("MappedVirtualDisks[]", "Cache", json!("Enabled"), with_disk(), Recorded),
        Row("MappedVirtualDisks[]", "AttachOnly", json!(true), with_disk(), Refused),
        Row("", "AssignedDevices", json!([{ "InterfaceClassGuid": "x" }]), linux_1(), Refused),
        Row("", "LinuxHost", json!({ "KeepAfterExit": true }), linux_1(), Used),
        Row("Layers[]", "ID", json!("x"), layers(), Recorded),
        Row("Layers[]", "Path", json!("/other"), layers(), Used),
        Row("MappedDirectories[]", "HostPath", json!("/other"), mapped(linux_1), Used),
        Row("MappedDirectories[]", "ContainerPath", json!("/other"), mapped(linux_1), Used),
        Row("MappedDirectories[]", "ReadOnly", json!(true), mapped(linux_1), Used),
        Row("MappedDirectories[]", "BandwidthMaximum", json!(1), mapped(linux_1), Refused),
        Row("MappedDirectories[]", "IOPSMaximum", json!(1), mapped(linux_1), Refused),
        Row("MappedDirectories[]", "CreateInUtilityVM", json!(true), mapped(linux_1), Refused),
        // Linux always has its own metadata.
        Row("MappedDirectories[]", "LinuxMetadata", json!(true), mapped(linux_1), Recorded),
        Row("MappedDirectories[]", "LinuxMetadata", json!(true), mapped(windows_1), Refused),
    ];
    rows.extend(host_rows(linux_1, false));
    check::<v1::ContainerConfig>("", &rows, plan);
    check::<v1::Layer>("Layers[]", &rows, plan);
    check::<v1::MappedDir>("MappedDirectories[]", &rows, plan);
    check::<v1::MappedPipe>("MappedPipes[]", &rows, plan);
    check::<v1::MappedVirtualDisk>("MappedVirtualDisks[]", &rows, plan);
    check::<LinuxHost>("LinuxHost", &rows, plan);
    check::<LinuxHost>("LinuxHost", &host_rows(windows_1, true), plan);
}

fn linux_2() -> Value {
    json!({ "Container": { "Storage": { "Path": "/root" } } })
}

fn windows_2() -> Value {
    json!({ "Container": {} })
}

#[test]
fn of_schema_2_containers() {
    const CONTAINER: &str = "Container";
    const STORAGE: &str = "Container.Storage";
    const LAYER: &str = "Container.Storage.Layers[]";
    const MAPPED: &str = "Container.MappedDirectories[]";
    const PIPES: &str = "Container.MappedPipes[]";
    const PROCESSOR: &str = "Container.Processor";
    const CHANGES: &str = "Container.RegistryChanges";
    const VALUE: &str = "Container.RegistryChanges.AddValues[]";
    const KEY: &str = "Container.RegistryChanges.AddValues[].Key";
    let layers = || json!({ "Container": { "Storage": { "Layers": [{ "Path": "/lower" }] } } });
    let mapped = || {
        let mut document = linux_2();
        document["Container"]["MappedDirectories"] = json!([{ "HostPath": "/h", "ContainerPath": "/c" }]);
        document
    };
    let piped = || {
        let mut document = windows_2();
        document["Container"]["MappedPipes"] = json!([{ "HostPath": "/p", "ContainerPipeName": "q" }]);
        document
    };
    let value = || {
        let key = json!({ "Hive": "Software", "Name": "K" });
        json!({ "Container": { "RegistryChanges": { "AddValues": [{ "Key": key, "Name": "N", "Type": "String" }] } } })
    };
    let of_type = |kind: &str| {
        let mut document = value();
        document["Container"]["RegistryChanges"]["AddValues"][0]["Type"] = json!(kind);
        document
    };
    let rows = [
        Row("", "Owner", json!("o"), linux_2(), Used),
        Row("", "SchemaVersion", json!({ "Major": 2, "Minor": 1 }), linux_2(), Recorded),
        Row("", "SchemaVersion", json!({ "Major": 3 }), linux_2(), Refused),
        Row("", "HostingSystemId", json!("x"), linux_2(), Refused),
        Row("", "HostedSystem", json!({ "Container": { "Memory": { "SizeInMB": 1 } } }), linux_2(), Refused),
        Row("", "Container", json!({}), json!({ "Owner": "o", "SchemaVersion": { "Major": 2 } }), Used),
        Row("", "VirtualMachine", json!({ "x": 1 }), linux_2(), Refused),
        Row("", "ShouldTerminateOnLastHandleClosed", json!(true), linux_2(), Used),
        Row("", "LinuxHost", json!({ "KeepAfterExit": true }), linux_2(), Used),
        Row("HostedSystem", "SchemaVersion", json!({ "Major": 2 }), linux_2(), Refused),
        Row("HostedSystem", "Container", json!({}), linux_2(), Refused),
        Row("SchemaVersion", "Major", json!(2), linux_2(), Used),
        Row(
            "SchemaVersion",
            "Minor",
            json!(9),
            json!({ "SchemaVersion": { "Major": 2 }, "Container": {} }),
            Refused,
        ),
        Row(CONTAINER, "GuestOs", json!({ "HostName": "h" }), linux_2(), Used),
        Row(CONTAINER, "Storage", json!({ "Path": "/other" }), linux_2(), Used),
        Row(
            CONTAINER,
            "MappedDirectories",
            json!([{ "HostPath": "/h", "ContainerPath": "/c" }]),
            linux_2(),
            Used,
        ),
        Row(
            CONTAINER,
            "MappedPipes",
            json!([{ "HostPath": "/p", "ContainerPipeName": "q" }]),
            windows_2(),
            Used,
        ),
        Row(
            CONTAINER,
            "MappedPipes",
            json!([{ "HostPath": "/p", "ContainerPipeName": "q" }]),
            linux_2(),
            Refused,
        ),
        Row(PIPES, "HostPath", json!("/other"), piped(), Used),
        Row(PIPES, "ContainerPipeName", json!("other"), piped(), Used),
        Row(PIPES, "HostPathType", json!("VirtualSmbPipeName"), piped(), Refused),
        Row(CONTAINER, "Memory", json!({ "SizeInMB": 64 }), linux_2(), Used),
        Row(CONTAINER, "Processor", json!({ "Count": 1 }), linux_2(), Used),
        Row(CONTAINER, "Networking", json!({ "Namespace": ENDPOINT }), linux_2(), Used),
        Row(CONTAINER, "HvSocket", json!({ "EnablePowerShellDirect": true }), linux_2(), Refused),
        Row(CONTAINER, "ContainerCredentialGuard", json!({ "Cookie": "x" }), linux_2(), Refused),
        Row(
            CONTAINER,
            "RegistryChanges",
            json!({ "DeleteKeys": [{ "Hive": "System", "Name": "x" }] }),
            windows_2(),
            Used,
        ),
        Row(
            CONTAINER,
            "RegistryChanges",
            json!({ "DeleteKeys": [{ "Hive": "System", "Name": "x" }] }),
            linux_2(),
            Refused,
        ),
        Row(CONTAINER, "AssignedDevices", json!([{ "InterfaceClassGuid": "x" }]), linux_2(), Refused),
        Row(CONTAINER, "AdditionalDeviceNamespace", json!({ "x": 1 }), linux_2(), Refused),
        Row(CONTAINER, "IsolationType", json!("HostProcess"), linux_2(), Refused),
        Row("Container.GuestOs", "HostName", json!("h"), linux_2(), Used),
        Row("Container.Memory", "SizeInMB", json!(64), linux_2(), Used),
        Row(PROCESSOR, "Count", json!(1), linux_2(), Used),
        Row(PROCESSOR, "Maximum", json!(1), linux_2(), Used),
        Row(PROCESSOR, "Weight", json!(1), linux_2(), Used),
        Row(STORAGE, "Layers", json!([{ "Path": "/lower" }]), windows_2(), Used),
        Row(STORAGE, "Layers", json!([{ "Path": "/lower" }, { "Path": "/base" }]), windows_2(), Used),
        Row(STORAGE, "Path", json!("/root"), windows_2(), Used),
        Row(STORAGE, "Path", json!("/scratch"), layers(), Used),
        Row(STORAGE, "QoS", json!({ "IopsMaximum": 1 }), linux_2(), Used),
        Row(STORAGE, "PrivilegedContainerRootPath", json!("/x"), linux_2(), Refused),
        Row("Container.Storage.QoS", "IopsMaximum", json!(1), linux_2(), Used),
        Row("Container.Storage.QoS", "BandwidthMaximum", json!(1), linux_2(), Used),
        Row(LAYER, "Id", json!("x"), layers(), Recorded),
        Row(LAYER, "Path", json!("/other"), layers(), Used),
        Row(LAYER, "PathType", json!("VirtualSmbShareName"), layers(), Refused),
        Row(LAYER, "Cache", json!("Enabled"), layers(), Recorded),
        Row(LAYER, "Cache", json!("Disabled"), layers(), Refused),
        Row(MAPPED, "HostPath", json!("/other"), mapped(), Used),
        Row(MAPPED, "HostPathType", json!("VirtualSmbShareName"), mapped(), Refused),
        Row(MAPPED, "ContainerPath", json!("/other"), mapped(), Used),
        Row(MAPPED, "ReadOnly", json!(true), mapped(), Used),
        Row(
            CHANGES,
            "AddValues",
            value()["Container"]["RegistryChanges"]["AddValues"].clone(),
            windows_2(),
            Used,
        ),
        Row(CHANGES, "DeleteKeys", json!([{ "Hive": "System", "Name": "x" }]), windows_2(), Used),
        Row(KEY, "Hive", json!("System"), value(), Used),
        Row(KEY, "Name", json!("x"), value(), Used),
        Row(KEY, "Volatile", json!(true), value(), Used),
        Row(VALUE, "Key", json!({ "Hive": "System", "Name": "x" }), value(), Used),
        Row(VALUE, "Name", json!("x"), value(), Used),
        Row(VALUE, "Type", json!("ExpandedString"), value(), Used),
        Row(VALUE, "StringValue", json!("x"), value(), Used),
        Row(VALUE, "BinaryValue", json!("AQ=="), of_type("Binary"), Used),
        Row(VALUE, "DWordValue", json!(1), of_type("DWord"), Used),
        Row(VALUE, "QWordValue", json!(1), of_type("QWord"), Used),
        Row(VALUE, "CustomType", json!(1), of_type("CustomType"), Used),
    ];
    check::<v2::ComputeSystem>("", &rows, plan);
    check::<v2::HostedSystem>("HostedSystem", &rows, plan);
    check::<Version>("SchemaVersion", &rows, plan);
    check::<v2::Container>(CONTAINER, &rows, plan);
    check::<v2::GuestOs>("Container.GuestOs", &rows, plan);
    check::<v2::Memory>("Container.Memory", &rows, plan);
    check::<v2::Processor>(PROCESSOR, &rows, plan);
    check::<v2::Storage>(STORAGE, &rows, plan);
    check::<v2::StorageQoS>("Container.Storage.QoS", &rows, plan);
    check::<v2::Layer>(LAYER, &rows, plan);
    check::<v2::MappedDirectory>(MAPPED, &rows, plan);
    check::<v2::MappedPipe>(PIPES, &rows, plan);
    check::<v2::RegistryChanges>(CHANGES, &rows, plan);
    check::<v2::RegistryKey>(KEY, &rows, plan);
    check::<v2::RegistryValue>(VALUE, &rows, plan);
    let mut connected = linux_2();
    connected["Container"]["Networking"] = json!({ "NetworkAdapters": [ENDPOINT] });
    let networking = "Container.Networking";
    let rows = [
        Row(networking, "AllowUnqualifiedDnsQuery", json!(true), connected.clone(), Recorded),
        Row(networking, "AllowUnqualifiedDnsQuery", json!(true), linux_2(), Refused),
        Row(networking, "DnsSearchList", json!("x"), connected, Used),
        Row(networking, "NetworkSharedContainerName", json!("x"), linux_2(), Refused),
        Row(networking, "Namespace", json!(ENDPOINT), linux_2(), Used),
        Row(networking, "NetworkAdapters", json!([ENDPOINT]), linux_2(), Used),
    ];
    check::<v2::Networking>(networking, &rows, plan);
    check::<LinuxHost>("LinuxHost", &host_rows(linux_2, false), plan);
    check::<LinuxHost>("LinuxHost", &host_rows(windows_2, true), plan);
}

fn process(guest: GuestOs, schema: u32) -> impl Fn(&str) -> Result<String> {
    move |text| {
        process_doc::request(text, ProcessStreams::default(), guest, schema)
            .map(|request| format!("{:?} {:?}", request.process, request.pipes))
    }
}

#[test]
fn of_processes() {
    let linux = || json!({ "CommandArgs": ["a"] });
    let windows = || json!({ "CommandLine": "a" });
    let console = || json!({ "CommandArgs": ["a"], "CommandLine": "", "EmulateConsole": true });
    let common = |args: Fate, line: Fate, base: fn() -> Value| {
        vec![
            Row("", "CommandLine", json!("b"), json!({}), line),
            Row("", "CommandArgs", json!(["b"]), if args == Used { json!({}) } else { base() }, args),
            Row("", "User", json!("u"), base(), Used),
            Row("", "WorkingDirectory", json!("/w"), base(), Used),
            Row("", "Environment", json!({ "A": "b" }), base(), Used),
            Row("", "EmulateConsole", json!(true), base(), Used),
            Row("", "CreateStdInPipe", json!(true), base(), Used),
            Row("", "CreateStdOutPipe", json!(true), base(), Used),
            Row("", "CreateStdErrPipe", json!(true), base(), Used),
        ]
    };
    let v1_only = |base: fn() -> Value| {
        [
            Row("", "CreateInUtilityVm", json!(true), base(), Refused),
            Row("", "OCISpecification", json!({ "x": 1 }), base(), Refused),
        ]
    };
    let v2_only = |base: fn() -> Value| {
        [
            Row("", "RestrictedToken", json!(true), base(), Refused),
            Row("", "UseExistingLogin", json!(true), base(), Refused),
            Row("", "UseLegacyConsole", json!(true), base(), Refused),
        ]
    };
    let mut rows = common(Used, Used, linux);
    rows.push(Row("", "ApplicationName", json!("x"), linux(), Refused));
    rows.push(Row("", "ConsoleSize", json!([7, 9]), console(), Used));
    let size = |fate: Fate| Row("", "ConsoleSize", json!([7, 9]), linux(), fate);
    let mut one: Vec<Row> = rows.into_iter().chain(v1_only(linux)).collect();
    one.push(size(Recorded));
    check::<v1::ProcessConfig>("", &one, process(GuestOs::Linux, 1));
    one.pop();
    let two: Vec<Row> = one.into_iter().chain(v2_only(linux)).chain([size(Refused)]).collect();
    check::<v2::ProcessParameters>("", &two, process(GuestOs::Linux, 2));

    let mut rows = common(Refused, Used, windows);
    rows.push(Row("", "ApplicationName", json!("x"), windows(), Used));
    let sized = json!({ "CommandLine": "a", "EmulateConsole": true });
    rows.push(Row("", "ConsoleSize", json!([7, 9]), sized, Used));
    let two: Vec<Row> = rows.into_iter().chain(v1_only(windows)).chain(v2_only(windows)).collect();
    check::<v2::ProcessParameters>("", &two, process(GuestOs::Windows, 2));
}

#[test]
fn of_changes() {
    let memory = || json!({ "ResourcePath": "Container/Memory/SizeInMB", "Settings": 64 });
    let rows = [
        Row("", "ResourcePath", json!("Container/Memory/SizeInMB"), memory(), Used),
        Row("", "RequestType", json!("Remove"), memory(), Refused),
        Row("", "Settings", json!(65), memory(), Used),
        Row("", "GuestRequest", json!({ "x": 1 }), memory(), Refused),
    ];
    let change = |text: &str| modify::asked(text, GuestOs::Windows).map(|change| format!("{change:?}"));
    check::<v2::ModifySettingRequest>("", &rows, change);
}
