//! What happens to all systems, as a line.

use hcs_contract::{SystemEvent, SystemEventKind};
use hcs_schema::compute::ExitType;
use serde::{Deserialize, Serialize};

/// A [`SystemEvent`] on the wire.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct WireEvent {
    /// When, as documents write times.
    pub time: String,
    /// The system's id.
    pub id: String,
    /// [`SystemEventKind::name`].
    pub event: String,
    /// Of an exit: why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_type: Option<String>,
    /// Of an exit: the first program's code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<u32>,
}

impl From<&SystemEvent> for WireEvent {
    fn from(event: &SystemEvent) -> Self {
        let (exit_type, exit_code) = match &event.kind {
            SystemEventKind::Exited { exit_type, exit_code } => {
                (Some(exit_type.as_str().to_owned()), *exit_code)
            }
            _ => (None, None),
        };
        let SystemEvent { time, id, kind, .. } = event;
        Self { time: time.to_string(), id: id.clone(), event: kind.name().into(), exit_type, exit_code }
    }
}

impl WireEvent {
    /// The event; `None` for what a newer host tells of, or what is no event.
    pub fn into_event(self) -> Option<SystemEvent> {
        let Self { time, id, event, exit_type, exit_code } = self;
        let kind = match event.as_str() {
            "create" => SystemEventKind::Created,
            "start" => SystemEventKind::Started,
            "pause" => SystemEventKind::Paused,
            "resume" => SystemEventKind::Resumed,
            "modify" => SystemEventKind::Modified,
            "oom" => SystemEventKind::OutOfMemory,
            "missed" => SystemEventKind::Missed,
            "exit" => SystemEventKind::Exited {
                exit_type: ExitType::from(exit_type.unwrap_or_default()),
                exit_code,
            },
            _ => return None,
        };
        Some(SystemEvent::new(time.parse().ok()?, id, kind))
    }
}

#[cfg(test)]
mod tests {
    use hcs_schema::Time;

    use super::*;

    #[test]
    fn every_kind_of_event_comes_back_as_it_went() {
        let time: Time = "2026-01-02T03:04:05.0000001Z".parse().unwrap();
        let exited =
            SystemEventKind::Exited { exit_type: ExitType::GRACEFUL_EXIT, exit_code: Some(u32::MAX) };
        for kind in [
            SystemEventKind::Created,
            SystemEventKind::Started,
            SystemEventKind::Paused,
            SystemEventKind::Resumed,
            SystemEventKind::Modified,
            SystemEventKind::OutOfMemory,
            SystemEventKind::Missed,
            exited,
        ] {
            let event = SystemEvent::new(time, "a/ä", kind);
            let text = serde_json::to_string(&WireEvent::from(&event)).unwrap();
            let back: WireEvent = serde_json::from_str(&text).unwrap();
            assert_eq!(back.into_event(), Some(event), "{text}");
        }
    }
}
