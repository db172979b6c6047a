//! What only the engine on Linux has: its options, and through [`crate::Host::linux`] the records and logs of ended
//! containers, Wine bases, reading and making layers entry by entry, and clearing away after crashes; and what makes clients of the service run in a Wine prefix.

#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing {
    //! The parser of log lines, for the fuzz targets.

    /// A line of a log's file, without its end.
    pub fn log_line(line: &[u8]) -> Option<super::LogLine> {
        super::LogLine::parse(line)
    }
}
mod log;

#[doc(inline)]
pub use hcs_host_linux::layers::{LayerReader, LayerWriter};
pub use hcs_host_linux::wine::{Base, BaseInfo, Progress, Step};
pub use hcs_host_linux::{
    EndpointReport, Garbage, GcReport, IdPool, LinuxHost, MappedFolder, MappedNow, MappedSocket, Options,
    Written, install_client, uninstall_client,
};
pub use log::{LogLine, LogReader, LogStream, LogWatch};
