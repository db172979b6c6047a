//! The documents that clients send to this host, each with what must stand in it so that only the member in question can
//! be wrong. Read by the unit tests of the parsers and by the tests of whole systems.

#[allow(dead_code, reason = "each of its users has no need of a part of it")]
#[path = "../../../schema/tests/bad_values/generate.rs"]
pub(crate) mod generate;

use generate::Place;
use hcs_schema::compute::DOCUMENTS;

/// What a document is sent for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(dead_code, reason = "the tests of whole systems run none on Windows")]
pub(crate) enum Call {
    Create,
    /// In a Windows container or a Linux one, of a system of this schema.
    Process {
        windows: bool,
        schema: u32,
    },
    Modify,
    /// Of a system of this schema.
    Properties {
        schema: u32,
    },
    ServiceProperties,
    Enumerate,
    ModifyProcess,
    Signal {
        windows: bool,
    },
}

/// A document of a client's.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Client {
    pub(crate) call: Call,
    pub(crate) document: &'static str,
    /// By path of the part: further members, with a comma at the end.
    siblings: &'static [(&'static str, &'static str)],
    /// Members that contradict those siblings, and are sent by another client.
    without: &'static [&'static str],
    /// Nothing of this kind is honoured: whatever else is wrong, this member may be named.
    #[allow(dead_code, reason = "values of a wrong type are refused before that")]
    pub(crate) refused: &'static str,
}

const CLIENT: Client = Client { call: Call::Create, document: "", siblings: &[], without: &[], refused: "" };

impl Client {
    /// Every member at any depth.
    pub(crate) fn places(&self) -> Vec<Place> {
        let document = DOCUMENTS.iter().find(|document| document.name == self.document);
        let document = document.unwrap_or_else(|| panic!("no document {}", self.document));
        let at = |path: &str| self.siblings.iter().find(|(at, _)| *at == path).map_or("", |found| found.1);
        let mut places = generate::places(document, &|path| at(path).to_owned());
        places.retain(|place| !self.without.iter().any(|path| place.path.starts_with(path)));
        places
    }
}

const LINUX_1: &str = r#""SystemType":"Container","ContainerType":"Linux","VolumePath":"/r","#;
const MAPPED: &str = r#""HostPath":"/h","ContainerPath":"/c","#;
const MAPPED_ON_C: &str = r#""HostPath":"/h","ContainerPath":"C:\\c","#;
const KEY: &str = r#""Hive":"System","Name":"k","#;

/// All of them.
pub(crate) const CLIENTS: &[Client] = &[
    Client {
        call: Call::Create,
        document: "v1::ContainerConfig",
        siblings: &[("", LINUX_1), ("MappedDirectories[0]", MAPPED), ("MappedVirtualDisks[0]", MAPPED)],
        without: &["Layers"],
        ..CLIENT
    },
    Client {
        call: Call::Create,
        document: "v1::ContainerConfig",
        siblings: &[
            ("", r#""SystemType":"Container","ContainerType":"Linux","Layers":[{"Path":"/l"}],"#),
            ("MappedVirtualDisks[0]", MAPPED),
            ("Layers[0]", r#""Path":"/l","#),
        ],
        without: &["MappedDirectories"],
        ..CLIENT
    },
    Client {
        call: Call::Create,
        document: "v1::ContainerConfig",
        siblings: &[
            ("", r#""SystemType":"Container","#),
            ("MappedDirectories[0]", MAPPED_ON_C),
            ("MappedVirtualDisks[0]", MAPPED_ON_C),
            ("Layers[0]", r#""Path":"/base","#),
        ],
        ..CLIENT
    },
    Client {
        call: Call::Create,
        document: "v2::ComputeSystem",
        siblings: &[
            ("", r#""Container":{},"#),
            ("Container.MappedDirectories[0]", MAPPED_ON_C),
            ("Container.Storage.Layers[0]", r#""Path":"/l","#),
            (
                "Container.RegistryChanges.AddValues[0]",
                r#""Key":{"Hive":"System","Name":"k"},"Type":"String","#,
            ),
            ("Container.RegistryChanges.AddValues[0].Key", KEY),
            ("Container.RegistryChanges.DeleteKeys[0]", KEY),
        ],
        ..CLIENT
    },
    Client {
        call: Call::Create,
        document: "v2::ComputeSystem",
        siblings: &[
            ("", r#""Container":{"Storage":{"Path":"/r"}},"#),
            ("Container", r#""Storage":{"Path":"/r"},"#),
            ("Container.Storage.Layers[0]", r#""Path":"/l","#),
            ("Container.MappedDirectories[0]", MAPPED),
        ],
        ..CLIENT
    },
    Client {
        call: Call::Process { windows: false, schema: 1 },
        document: "v1::ProcessConfig",
        siblings: &[("", r#""CreateInUtilityVm":false,"CommandArgs":["a"],"#)],
        ..CLIENT
    },
    Client {
        call: Call::Process { windows: true, schema: 1 },
        document: "v1::ProcessConfig",
        siblings: &[("", r#""CreateInUtilityVm":false,"CommandLine":"a","#)],
        ..CLIENT
    },
    Client {
        call: Call::Process { windows: false, schema: 2 },
        document: "v2::ProcessParameters",
        siblings: &[("", r#""CommandArgs":["a"],"#)],
        ..CLIENT
    },
    Client {
        call: Call::Process { windows: true, schema: 2 },
        document: "v2::ProcessParameters",
        siblings: &[("", r#""CommandLine":"a","#)],
        ..CLIENT
    },
    Client {
        call: Call::Process { windows: false, schema: 2 },
        document: "v2::ProcessParameters",
        siblings: &[("", r#""CommandLine":"a","#)],
        without: &["CommandArgs"],
        ..CLIENT
    },
    Client {
        call: Call::Modify,
        document: "v2::ModifySettingRequest",
        siblings: &[("", r#""ResourcePath":"Container/Memory/SizeInMB","Settings":64,"#)],
        ..CLIENT
    },
    Client {
        call: Call::Modify,
        document: "v1::ResourceModificationRequestResponse",
        siblings: &[("", r#""ResourceType":"Network","Settings":"5fbdb8ff-0000-4f52-9d19-57e9f4a8e8b2","#)],
        refused: "ResourceType",
        ..CLIENT
    },
    Client { call: Call::Properties { schema: 1 }, document: "v1::PropertyQuery", siblings: &[], ..CLIENT },
    Client { call: Call::Properties { schema: 2 }, document: "v2::PropertyQuery", siblings: &[], ..CLIENT },
    Client { call: Call::ServiceProperties, document: "v2::PropertyQuery", siblings: &[], ..CLIENT },
    Client { call: Call::Enumerate, document: "ComputeSystemQuery", siblings: &[], ..CLIENT },
    Client {
        call: Call::ModifyProcess,
        document: "ProcessModifyRequest",
        siblings: &[
            ("", r#""Operation":"ConsoleSize","ConsoleSize":{"Height":1,"Width":1},"#),
            ("ConsoleSize", r#""Height":1,"Width":1,"#),
        ],
        ..CLIENT
    },
    Client {
        call: Call::ModifyProcess,
        document: "ProcessModifyRequest",
        siblings: &[("", r#""Operation":"CloseHandle","CloseHandle":{"Handle":"StdIn"},"#)],
        ..CLIENT
    },
    Client {
        call: Call::Signal { windows: false },
        document: "SignalProcessOptions",
        siblings: &[],
        ..CLIENT
    },
    Client {
        call: Call::Signal { windows: true },
        document: "SignalProcessOptions",
        siblings: &[],
        ..CLIENT
    },
];
