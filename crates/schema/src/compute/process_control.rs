//! What is sent to a running process: changes and signals.

use std::fmt;

use serde::de::{Deserializer, Visitor};
use serde::ser::Serializer;

use super::{ProcessOperation, StdHandle};
use crate::MemberType;

document! {
    /// A change of a process.
    pub struct ProcessModifyRequest {
        /// Which change; the member of that name has the rest.
        pub operation: ProcessOperation = "Operation" omit,
        /// The console's new size.
        pub console_size: Option<ConsoleSize> = "ConsoleSize" omit,
        /// The stream to close.
        pub close_handle: Option<CloseHandle> = "CloseHandle" omit,
    }

    /// The size of a console.
    pub struct ConsoleSize {
        /// Rows.
        pub height: u16 = "Height" always,
        /// Columns.
        pub width: u16 = "Width" always,
    }

    /// A standard stream.
    pub struct CloseHandle {
        /// Which one.
        pub handle: StdHandle = "Handle" omit,
    }

    /// A signal for a process.
    pub struct SignalProcessOptions {
        /// The signal; none ends the process.
        pub signal: Option<Signal> = "Signal" omit,
    }
}

/// A signal: a number (of Linux, or of a console control event), or the name of a console control event.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Signal {
    /// By number.
    Number(u32),
    /// By name: see [`super::WindowsSignal`].
    Name(String),
}

impl Default for Signal {
    fn default() -> Self {
        Self::Number(0)
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Name(name) => f.write_str(name),
        }
    }
}

impl MemberType for Signal {
    /// Never: number 0 is Ctrl+C.
    fn is_empty(&self) -> bool {
        false
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SignalVisitor)
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Number(number) => serializer.serialize_u32(*number),
            Self::Name(name) => serializer.serialize_str(name),
        }
    }
}

struct SignalVisitor;

impl Visitor<'_> for SignalVisitor {
    type Value = Signal;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a signal's number or name")
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Signal, E> {
        u32::try_from(number)
            .map(Signal::Number)
            .map_err(|_| E::custom(format_args!("{number} is no signal's number")))
    }

    fn visit_str<E>(self, name: &str) -> Result<Signal, E> {
        Ok(Signal::Name(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Document;

    #[test]
    fn a_signal_is_a_number_a_name_or_absent_and_0_is_sent() {
        for (text, signal) in [
            (r#"{"Signal":15}"#, Some(Signal::Number(15))),
            (r#"{"Signal":0}"#, Some(Signal::Number(0))),
            (r#"{"Signal":"CtrlShutdown"}"#, Some(Signal::Name("CtrlShutdown".into()))),
            ("{}", None),
        ] {
            let options = SignalProcessOptions::from_json(text).unwrap();
            assert_eq!(options.signal, signal);
            assert_eq!(options.to_json(), text);
        }
        assert_eq!(SignalProcessOptions::from_json(r#"{"Signal":null}"#).unwrap().signal, None);
        for text in [r#"{"Signal":-1}"#, r#"{"Signal":4294967296}"#, r#"{"Signal":1.5}"#, r#"{"Signal":[]}"#]
        {
            assert_eq!(SignalProcessOptions::from_json(text).unwrap_err().path, "Signal", "{text}");
        }
    }

    #[test]
    fn a_resize_to_zero_is_written_out() {
        let request = ProcessModifyRequest {
            operation: ProcessOperation::CONSOLE_SIZE,
            console_size: Some(ConsoleSize::default()),
            ..ProcessModifyRequest::default()
        };
        assert_eq!(request.to_json(), r#"{"Operation":"ConsoleSize","ConsoleSize":{"Height":0,"Width":0}}"#);
        let close = r#"{"Operation":"CloseHandle","CloseHandle":{"Handle":"StdIn"}}"#;
        let request = ProcessModifyRequest::from_json(close).unwrap();
        assert_eq!(request.close_handle.as_ref().unwrap().handle, StdHandle::STD_IN);
        assert_eq!(request.to_json(), close);
    }
}
