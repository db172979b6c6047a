//! What a host of this project says of itself and keeps of its systems, beside the service's documents: for tools that
//! manage it, here or by way of a server.
//!
//! These are results only, and ours: members that a newer host adds are passed over.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A system that lives, or the record of one that has ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Record {
    /// Its id.
    pub id: String,
    /// The document's name, or the id.
    pub name: String,
    /// The document's owner.
    pub owner: String,
    /// `Windows` or `Linux`.
    pub guest: String,
    /// Its state, as the service names it.
    pub state: String,
    /// How it ended, as the service names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_type: Option<String>,
    /// When it was created, UTC, RFC 3339, as all times here.
    pub created: String,
    /// When it was started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started: Option<String>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exited: Option<String>,
    /// What the first process that was started in it ended with, all 32 bits; `None` before its end, and when there
    /// was no process.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<u32>,
    /// How many processes the memory limit has ended in it; of a running system only known at its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oom_kills: Option<u64>,
    /// The document's labels.
    pub labels: BTreeMap<String, String>,
    /// Its record stays after its end.
    pub kept: bool,
    /// Process id of its process 1 on the host, while it lives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub init_pid: Option<u32>,
    /// Schema of its document: 1 or 2.
    pub schema: u32,
}

/// A system with what it was made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Inspection {
    /// What a list has of it.
    #[serde(flatten)]
    pub record: Record,
    /// The document that it was created from, as the client sent it.
    pub document: String,
    /// What of the host it sees now; `None` of one that has ended.
    pub mapped: Option<Mapped>,
}

/// What of the host a system sees.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Mapped {
    /// Folders and files, in the order in which they were mapped.
    pub directories: Vec<MappedDirectory>,
    /// Sockets, as named pipes of a Windows container.
    pub pipes: Vec<MappedPipe>,
}

/// A folder or file of the host, as a system sees it. Named as in documents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct MappedDirectory {
    /// Its path on the host.
    pub host_path: String,
    /// Its path inside, as the guest writes paths.
    pub container_path: String,
    /// No write reaches it.
    pub read_only: bool,
}

/// A socket of the host, as a named pipe. Named as in documents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct MappedPipe {
    /// Its path on the host.
    pub host_path: String,
    /// What follows `\\.\pipe\`.
    pub container_pipe_name: String,
}

/// Something that a host can do or can't.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Feature {
    /// A stable name, such as `guest-windows`.
    pub name: String,
    /// Whether it can.
    pub available: bool,
    /// What there is; of what is not available, why not.
    pub detail: String,
    /// What to do so that it can be had, where something can be done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl Feature {
    /// One that there is.
    pub fn there(name: &str, detail: impl Into<String>) -> Self {
        Self { name: name.into(), available: true, detail: detail.into(), hint: None }
    }

    /// One that there is not.
    pub fn not(name: &str, reason: impl Into<String>) -> Self {
        Self { available: false, ..Self::there(name, reason) }
    }

    /// With what to do about it.
    #[must_use]
    pub fn with_hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}

/// What a collection of garbage found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Collected {
    /// What was found, one phrase each.
    pub found: Vec<String>,
    /// What could not be looked at or freed, and why.
    pub failures: Vec<String>,
    /// Whether what was found was freed, or only looked at.
    pub freed: bool,
}
