//! A failure in words: what failed, on which object, why, its code, what to do. For terminals, files and programs.

use std::error::Error as _;
use std::fmt;

use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme};
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::printer::{printable, printable_json};

/// What there is to say.
#[derive(Debug)]
struct Report {
    title: String,
    causes: Option<Box<Cause>>,
    code: Option<String>,
    hint: Option<String>,
}

/// A cause and its own cause.
#[derive(Debug)]
struct Cause {
    text: String,
    next: Option<Box<Cause>>,
}

/// For a terminal that shows colours.
pub(crate) fn graphical(failure: &Failure, width: usize) -> String {
    let report = Report::new(failure);
    let handler = GraphicalReportHandler::new_themed(GraphicalTheme::unicode()).with_width(width);
    let mut text = String::new();
    match handler.render_report(&mut text, &report) {
        Ok(()) => text,
        Err(fmt::Error) => plain(failure),
    }
}

/// For files and terminals without colours.
pub(crate) fn plain(failure: &Failure) -> String {
    let report = Report::new(failure);
    let mut lines = vec![format!("hcs: {}", report.title)];
    let mut cause = &report.causes;
    while let Some(this) = cause {
        lines.push(format!("  because: {}", this.text));
        cause = &this.next;
    }
    lines.extend(report.code.map(|code| format!("  code: {code}")));
    lines.extend(report.hint.map(|hint| format!("  hint: {hint}")));
    lines.join("\n")
}

/// For programs: one line of JSON.
pub(crate) fn json(failure: &Failure) -> String {
    let report = Report::new(failure);
    let mut causes = Vec::new();
    let mut cause = &report.causes;
    while let Some(this) = cause {
        causes.push(Value::from(this.text.as_str()));
        cause = &this.next;
    }
    let error = failure.error();
    let error = json!({ "Error": {
        "Message": report.title,
        "Causes": causes,
        "Code": error.map(hcsshim::Error::code),
        "Hresult": error.map(|error| format!("0x{:08X}", error.hresult().0)),
        "Operation": error.and_then(hcsshim::Error::operation).map(|operation| format!("{operation:?}")),
        "Object": error.and_then(hcsshim::Error::object).map(|object| object.id.clone()),
        "Document": error.and_then(hcsshim::Error::document),
        "Hint": report.hint,
        "ExitCode": failure.exit_code(),
    }});
    printable_json(error.to_string())
}

impl Report {
    fn new(failure: &Failure) -> Self {
        let mut causes = Vec::new();
        let (title, code) = if let Some(error) = failure.error() {
            let title = match (error.operation(), error.object()) {
                (Some(operation), Some(object)) => format!("cannot {operation} {object}: {}", error.kind()),
                (Some(operation), None) => format!("cannot {operation}: {}", error.kind()),
                (None, Some(object)) => format!("{object}: {}", error.kind()),
                (None, None) => error.kind().to_string(),
            };
            causes.extend(error.message().map(str::to_owned));
            causes.extend(error.events().iter().map(|event| event.message.clone()));
            let hresult = error.hresult();
            let code = match hresult.name() {
                Some(name) => format!("{} ({name} 0x{:08X})", error.code(), hresult.0),
                None => format!("{} (0x{:08X})", error.code(), hresult.0),
            };
            (title, Some(code))
        } else {
            (failure.to_string(), None)
        };
        let mut source = match failure.error() {
            Some(error) => error.source(),
            None => failure.source(),
        };
        while let Some(cause) = source {
            causes.push(cause.to_string());
            source = cause.source();
        }
        let chain = causes
            .into_iter()
            .rev()
            .fold(None, |next, text| Some(Box::new(Cause { text: printable(&text).into_owned(), next })));
        Self {
            title: printable(&title).into_owned(),
            causes: chain,
            code,
            hint: failure.hint().map(|hint| printable(hint).into_owned()),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.title)
    }
}

impl std::error::Error for Report {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.causes.as_deref().map(|cause| cause as _)
    }
}

impl Diagnostic for Report {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.code.as_ref().map(|code| Box::new(code) as _)
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.hint.as_ref().map(|hint| Box::new(hint) as _)
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for Cause {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.next.as_deref().map(|cause| cause as _)
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use hcsshim::{Error, Object};

    use super::*;

    fn failure() -> Failure {
        let error = Error::os("mount", "/srv/x\x1b[2J", io::Error::from_raw_os_error(13));
        Failure::Hcs(error.with_object(Object::system("web")).with_hint("look at its permissions"))
    }

    #[test]
    fn plain_text_says_all_and_no_control_character() {
        assert_eq!(
            plain(&failure()),
            "hcs: compute system web: cannot mount /srv/x\\u{1b}[2J\n  because: Permission denied (os error 13)\n  \
             code: os-failure (E_ACCESSDENIED 0x80070005)\n  hint: look at its permissions"
        );
        assert_eq!(
            plain(&Failure::NoTerminal),
            "hcs: -t needs a terminal, and standard input is none\n  hint: leave -t out, or start it from a terminal"
        );
    }

    #[test]
    fn programs_get_one_line() {
        let value: Value = serde_json::from_str(&json(&failure())).unwrap();
        let error = &value["Error"];
        assert_eq!(error["Code"], "os-failure");
        assert_eq!(error["Hresult"], "0x80070005");
        assert_eq!(error["Object"], "web");
        assert_eq!(error["Causes"][0], "Permission denied (os error 13)");
        assert_eq!(error["ExitCode"], 125);
    }

    #[test]
    fn terminals_get_everything_too() {
        let text = graphical(&failure(), 100);
        for part in ["cannot mount", "Permission denied", "os-failure", "look at its permissions"] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }
}
