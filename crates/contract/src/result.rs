//! The result document: what the service says beside an HRESULT.
//!
//! Source: `hcs.md` 3.2. Every member is optional; text that is not such a document counts as none, because a
//! failed call must be reported even when its explanation can't be read.

use std::fmt;

use serde_json::Value;

use crate::Hresult;

/// What a failed (or pending) call said about itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResultDocument {
    /// The result code, when the document has one.
    pub error: Option<Hresult>,
    /// The code's text in the service's language.
    pub message: Option<String>,
    /// What happened, in order.
    pub events: Vec<ErrorEvent>,
}

/// One event behind a failure.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ErrorEvent {
    /// What happened, ready to print.
    pub message: String,
    /// Where in the service's code it happened.
    pub stack_trace: String,
    /// GUID of the event's provider.
    pub provider: String,
    /// The provider's number of the event.
    pub event_id: u16,
    /// The provider's flags.
    pub flags: u32,
    /// The component that reported it.
    pub source: String,
    /// The event's values, each as the service wrote it.
    pub data: Vec<Value>,
}

impl ResultDocument {
    /// Reads the service's text; whatever it lacks, or has in another shape, stays empty.
    pub fn parse(text: &str) -> Self {
        let Ok(Value::Object(document)) = serde_json::from_str(text) else { return Self::default() };
        let get = |name: &str| member(&document, name);
        Self {
            error: get("Error").and_then(Value::as_i64).and_then(code),
            message: get("ErrorMessage").and_then(Value::as_str).map(str::to_owned),
            events: get("ErrorEvents").and_then(Value::as_array).into_iter().flatten().map(event).collect(),
        }
    }

    /// The document as the service writes it: empty members left out.
    pub fn to_json(&self) -> String {
        let mut document = serde_json::Map::new();
        if let Some(error) = self.error {
            document.insert("Error".into(), error.to_i32().into());
        }
        if let Some(message) = &self.message {
            document.insert("ErrorMessage".into(), message.as_str().into());
        }
        if !self.events.is_empty() {
            document.insert("ErrorEvents".into(), self.events.iter().map(ErrorEvent::to_value).collect());
        }
        Value::Object(document).to_string()
    }
}

/// Codes come as signed decimals; an unsigned one means the same.
fn code(number: i64) -> Option<Hresult> {
    match (i32::try_from(number), u32::try_from(number)) {
        (Ok(signed), _) => Some(Hresult::from_i32(signed)),
        (_, Ok(unsigned)) => Some(Hresult(unsigned)),
        _ => None,
    }
}

fn member<'a>(object: &'a serde_json::Map<String, Value>, name: &str) -> Option<&'a Value> {
    object.get(name).or_else(|| object.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, v)| v))
}

fn event(value: &Value) -> ErrorEvent {
    let Value::Object(object) = value else {
        // Not an event, but perhaps the only explanation there is.
        return ErrorEvent { message: value.to_string(), ..ErrorEvent::default() };
    };
    let text = |name| member(object, name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let number = |name| member(object, name).and_then(Value::as_u64);
    ErrorEvent {
        message: text("Message"),
        stack_trace: text("StackTrace"),
        provider: text("Provider"),
        event_id: number("EventId").and_then(|n| n.try_into().ok()).unwrap_or_default(),
        flags: number("Flags").and_then(|n| n.try_into().ok()).unwrap_or_default(),
        source: text("Source"),
        data: member(object, "Data").and_then(Value::as_array).cloned().unwrap_or_default(),
    }
}

impl ErrorEvent {
    /// An event of ours: a message and the component that reports it.
    pub fn new(source: impl Into<String>, message: impl Into<String>) -> Self {
        Self { source: source.into(), message: message.into(), ..Self::default() }
    }

    fn to_value(&self) -> Value {
        let mut object = serde_json::Map::new();
        let mut put = |name: &str, value: Value, empty: bool| {
            if !empty {
                object.insert(name.to_owned(), value);
            }
        };
        put("Message", self.message.as_str().into(), self.message.is_empty());
        put("StackTrace", self.stack_trace.as_str().into(), self.stack_trace.is_empty());
        put("Provider", self.provider.as_str().into(), self.provider.is_empty());
        put("EventId", self.event_id.into(), self.event_id == 0);
        put("Flags", self.flags.into(), self.flags == 0);
        put("Source", self.source.as_str().into(), self.source.is_empty());
        put("Data", self.data.clone().into(), self.data.is_empty());
        Value::Object(object)
    }
}

/// `[Event Detail: M Stack Trace: S Provider: P EventID: n flags: n Source: S]`, empty parts left out: the text
/// form that clients of the Go library know.
impl fmt::Display for ErrorEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[Event Detail: {}", self.message)?;
        if !self.stack_trace.is_empty() {
            write!(f, " Stack Trace: {}", self.stack_trace)?;
        }
        if !self.provider.is_empty() {
            write!(f, " Provider: {}", self.provider)?;
        }
        if self.event_id != 0 {
            write!(f, " EventID: {}", self.event_id)?;
        }
        if self.flags != 0 {
            write!(f, " flags: {}", self.flags)?;
        }
        if !self.source.is_empty() {
            write!(f, " Source: {}", self.source)?;
        }
        f.write_str("]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_document_is_read_and_written() {
        let text = r#"{"Error":-2143878899,"ErrorMessage":"Invalid JSON","ErrorEvents":[{"Message":"at line 1",
            "StackTrace":"s","Provider":"17a2a8b8-be93-4c63-9a3e-3b0a1f8a1b0f","EventId":64027,"Flags":2,
            "Source":"vmcompute","Data":[{"Type":"String","Value":"x"}]},{"Message":"m"}]}"#;
        let parsed = ResultDocument::parse(text);
        assert_eq!(parsed.error, Some(Hresult::HCS_E_INVALID_JSON));
        assert_eq!(parsed.message.as_deref(), Some("Invalid JSON"));
        assert_eq!(
            parsed.events[0].to_string(),
            "[Event Detail: at line 1 Stack Trace: s Provider: 17a2a8b8-be93-4c63-9a3e-3b0a1f8a1b0f \
             EventID: 64027 flags: 2 Source: vmcompute]"
        );
        assert_eq!(parsed.events[1].to_string(), "[Event Detail: m]");
        assert_eq!(ResultDocument::parse(&parsed.to_json()), parsed);
    }

    #[test]
    fn whatever_is_not_a_result_document_counts_as_empty() {
        for text in ["", "nonsense", "[]", "null", "{\"Error\":\"x\",\"ErrorEvents\":7}", "{\"Error\":1e99}"]
        {
            assert_eq!(ResultDocument::parse(text), ResultDocument::default(), "{text}");
        }
        // Names in any case, unsigned codes, events of another shape.
        let parsed =
            ResultDocument::parse(r#"{"error":2151088397,"errorevents":["text",{"eventid":99999}]}"#);
        assert_eq!(parsed.error, Some(Hresult::HCS_E_INVALID_JSON));
        assert_eq!(parsed.events[0].message, "\"text\"");
        assert_eq!(parsed.events[1], ErrorEvent::default());
    }
}
