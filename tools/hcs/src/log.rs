//! The log of what is done, on standard error, when it is asked for.
//!
//! Levels: `error` and `warn`, what went wrong or takes too long; `debug`, each call of the service with its time and
//! result. Nothing is said at `info` and `trace` as yet.

use std::io;

use tracing_subscriber::filter::LevelFilter;

use crate::args::{LogFormat, LogLevel};
use crate::terminal;

/// Starts the log. Called once.
pub(crate) fn start(level: LogLevel, format: LogFormat) {
    let level = match level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    };
    let builder = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(io::stderr)
        .with_ansi(terminal::has_colours(&io::stderr()));
    match format {
        LogFormat::Text => builder.init(),
        LogFormat::Json => builder.json().init(),
    }
}
