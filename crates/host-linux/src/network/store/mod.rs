//! What networks there are to be, in a database: `$HCS_ROOT/network.db`.
//!
//! Several processes use it at once. Who changes something holds the lock of [`super::engine`], so there is one writer;
//! readers see the last commit. An object that is being made or removed is in a [`Phase`] that no reader sees, and the
//! database says that the kernel may differ from it ([`Store::is_unsettled`]) from before the first step in the kernel
//! until after the last: whoever finds that with the lock in hand is looking at what somebody left who was killed.

mod endpoints;
mod namespaces;
mod networks;
mod ports;
mod runs;

use std::path::Path;

use hcs_contract::{Error, Hresult, Result};
use hcs_fault::Point;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, Transaction, TransactionBehavior, params};

pub(super) use endpoints::{EndpointRow, Holder};
pub(super) use namespaces::{Kind, NamespaceRow};
pub(super) use networks::NetworkRow;
pub(super) use runs::Runs;

/// Version of the tables. A newer engine reads this one and the one before.
const VERSION: i64 = 1;

/// How long a statement waits for another process: one that holds the database holds it for a few milliseconds.
const BUSY: std::time::Duration = std::time::Duration::from_secs(10);

/// `number` is an object's own for good, in the order of creation. `document` is what a query answers.
const TABLES: &str = "
    CREATE TABLE state (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE networks (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE COLLATE NOCASE,
        name TEXT NOT NULL,
        volatile INTEGER NOT NULL,
        document TEXT NOT NULL,
        phase INTEGER NOT NULL
    );
    CREATE INDEX networks_by_name ON networks (name);
    CREATE TABLE prefixes (
        network INTEGER NOT NULL REFERENCES networks ON DELETE CASCADE,
        first BLOB NOT NULL,
        last BLOB NOT NULL,
        PRIMARY KEY (first, last, network)
    ) WITHOUT ROWID;
    CREATE TABLE namespaces (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE COLLATE NOCASE,
        kind INTEGER NOT NULL,
        document TEXT NOT NULL,
        phase INTEGER NOT NULL
    );
    CREATE TABLE endpoints (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE COLLATE NOCASE,
        name TEXT NOT NULL,
        network INTEGER NOT NULL REFERENCES networks ON DELETE CASCADE,
        namespace INTEGER REFERENCES namespaces ON DELETE SET NULL,
        system TEXT,
        slot INTEGER NOT NULL DEFAULT 0,
        owned INTEGER NOT NULL,
        document TEXT NOT NULL,
        phase INTEGER NOT NULL
    );
    CREATE INDEX endpoints_by_name ON endpoints (name);
    CREATE INDEX endpoints_by_network ON endpoints (network);
    CREATE INDEX endpoints_by_namespace ON endpoints (namespace) WHERE namespace IS NOT NULL;
    CREATE INDEX endpoints_by_system ON endpoints (system) WHERE system IS NOT NULL;
    CREATE TABLE ports (
        space TEXT NOT NULL,
        port INTEGER NOT NULL,
        at TEXT NOT NULL,
        inside TEXT NOT NULL,
        endpoint INTEGER NOT NULL REFERENCES endpoints ON DELETE CASCADE,
        PRIMARY KEY (space, port, at)
    ) WITHOUT ROWID;
    CREATE INDEX ports_by_endpoint ON ports (endpoint);
    CREATE TABLE runs (
        pool TEXT NOT NULL,
        first BLOB NOT NULL,
        last BLOB NOT NULL,
        PRIMARY KEY (pool, first)
    ) WITHOUT ROWID;
";

/// How far an object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// It is there.
    There = 0,
    /// It is being made: to be undone by whoever finds it so.
    Making = 1,
    /// It is being removed: to be removed by whoever finds it so.
    Going = 2,
}

/// The database, open.
#[derive(Debug)]
pub(super) struct Store {
    connection: Connection,
    path: String,
}

impl Store {
    /// Opens the database, and makes it if it is not there.
    ///
    /// # Errors
    /// Invalid data for a database of a newer engine, and for a file that is no database; the operating system's.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let name = path.display().to_string();
        let failed = |error| database_error("open", &name, error);
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut connection = Connection::open_with_flags(path, flags).map_err(failed)?;
        let set_up = |connection: &mut Connection| -> rusqlite::Result<i64> {
            connection.busy_timeout(BUSY)?;
            connection.pragma_update(None, "journal_mode", "WAL")?;
            // A loss of power may take the last changes back, whole ones; then the kernel's side is lost as well.
            connection.pragma_update(None, "synchronous", "NORMAL")?;
            connection.pragma_update(None, "foreign_keys", true)?;
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let found: i64 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
            if found == 0 {
                transaction.execute_batch(TABLES)?;
                transaction.pragma_update(None, "user_version", VERSION)?;
            }
            transaction.commit()?;
            Ok(found)
        };
        let found = set_up(&mut connection).map_err(failed)?;
        if found > VERSION {
            let what = format!("{name} has version {found}, this engine knows versions up to {VERSION}");
            return Err(Error::unexpected_value(what)
                .with_hresult(Hresult::ERROR_INVALID_DATA)
                .with_hint("a newer version of the tools made it: use that one"));
        }
        Ok(Self { connection, path: name })
    }

    /// Runs `f` as one transaction: all of it or nothing.
    pub(super) fn transact<T>(&mut self, f: impl FnOnce(&Tables<'_>) -> Result<T>) -> Result<T> {
        let failed = |error| database_error("change", &self.path, error);
        let transaction =
            self.connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
        let tables = Tables { connection: &transaction, path: &self.path };
        let result = f(&tables)?;
        commit(transaction).map_err(failed)?;
        Ok(result)
    }

    /// Reads, all of it from one commit.
    pub(super) fn read<T>(&mut self, f: impl FnOnce(&Tables<'_>) -> Result<T>) -> Result<T> {
        let failed = |error| database_error("read", &self.path, error);
        let transaction = self.connection.transaction().map_err(failed)?;
        f(&Tables { connection: &transaction, path: &self.path })
    }
}

fn commit(transaction: Transaction<'_>) -> rusqlite::Result<()> {
    hcs_fault::call(Point::CommitNetworks).map_err(|errno| {
        let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_FULL);
        rusqlite::Error::SqliteFailure(code, Some(std::io::Error::from(errno).to_string()))
    })?;
    transaction.commit()
}

/// The tables within a transaction.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tables<'a> {
    connection: &'a Connection,
    path: &'a str,
}

/// What the state table keeps.
#[derive(Debug, Clone, Copy)]
pub(super) enum State {
    /// The boot that the kernel's side was made in.
    Boot,
    /// The kernel may differ from what is recorded.
    Unsettled,
    /// The fence between the host's own links, see [`hcs_dataplane::Fence`].
    Fence,
}

impl State {
    fn key(self) -> &'static str {
        match self {
            Self::Boot => "boot",
            Self::Unsettled => "unsettled",
            Self::Fence => "fence",
        }
    }
}

impl Tables<'_> {
    fn failed(&self, error: rusqlite::Error) -> Error {
        database_error("use", self.path, error)
    }

    pub(super) fn state(&self, key: State) -> Result<Option<String>> {
        let query = || {
            self.connection
                .prepare_cached("SELECT value FROM state WHERE key = ?1")?
                .query_row(params![key.key()], |row| row.get(0))
                .optional()
        };
        query().map_err(|error| self.failed(error))
    }

    pub(super) fn set_state(&self, key: State, value: Option<&str>) -> Result<()> {
        match value {
            Some(value) => self.execute(
                "INSERT INTO state (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = ?2",
                params![key.key(), value],
            ),
            None => self.execute("DELETE FROM state WHERE key = ?1", params![key.key()]),
        }
        .map(drop)
    }

    /// The kernel may differ from what is recorded.
    pub(super) fn is_unsettled(&self) -> Result<bool> {
        Ok(self.state(State::Unsettled)?.is_some())
    }

    pub(super) fn set_unsettled(&self, unsettled: bool) -> Result<()> {
        self.set_state(State::Unsettled, unsettled.then_some("1"))
    }

    fn execute(&self, sql: &str, params: impl rusqlite::Params) -> Result<usize> {
        let run = || self.connection.prepare_cached(sql)?.execute(params);
        run().map_err(|error| self.failed(error))
    }

    fn all<T>(
        &self,
        sql: &str,
        params: impl rusqlite::Params,
        row: impl FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>> {
        let query = || -> rusqlite::Result<Vec<T>> {
            self.connection.prepare_cached(sql)?.query_map(params, row)?.collect()
        };
        query().map_err(|error| self.failed(error))
    }

    fn one<T>(
        &self,
        sql: &str,
        params: impl rusqlite::Params,
        row: impl FnOnce(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>> {
        let query = || self.connection.prepare_cached(sql)?.query_row(params, row).optional();
        query().map_err(|error| self.failed(error))
    }
}

fn database_error(step: &'static str, path: &str, error: rusqlite::Error) -> Error {
    use rusqlite::ErrorCode;
    let kind = match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => std::io::ErrorKind::StorageFull,
        Some(ErrorCode::ReadOnly) => std::io::ErrorKind::ReadOnlyFilesystem,
        Some(ErrorCode::PermissionDenied | ErrorCode::CannotOpen) => std::io::ErrorKind::PermissionDenied,
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => std::io::ErrorKind::InvalidData,
        _ => std::io::ErrorKind::Other,
    };
    let damaged = kind == std::io::ErrorKind::InvalidData;
    let error = Error::os(step, format!("the networks' database {path}"), std::io::Error::new(kind, error));
    if damaged {
        return error.with_hresult(Hresult::ERROR_INVALID_DATA).with_hint(
            "it is damaged: move it away (with its -wal and -shm), and what networks there were is to be made anew",
        );
    }
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_newer_engine_s_database_and_what_is_none_are_refused_by_name() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("network.db");
        Store::open(&path).unwrap();
        // A second time it is there.
        let store = Store::open(&path).unwrap();
        store.connection.pragma_update(None, "user_version", VERSION + 1).unwrap();
        drop(store);
        let error = Store::open(&path).unwrap_err();
        assert!(error.to_string().contains("network.db has version 2") && error.hint().is_some(), "{error}");
        let other = temp.path().join("other.db");
        fs_err::write(
            &other,
            "not a database, and long enough to be none: it has over a hundred bytes, and not one of \
            them is what a header begins with",
        )
        .unwrap();
        let error = Store::open(&other).unwrap_err();
        assert_eq!(error.hresult(), Hresult::ERROR_INVALID_DATA);
    }

    #[test]
    fn what_fails_half_way_leaves_nothing() {
        let temp = tempfile::tempdir().unwrap();
        let mut store = Store::open(&temp.path().join("network.db")).unwrap();
        let result: Result<()> = store.transact(|tables| {
            tables.set_unsettled(true)?;
            Err(Error::unexpected_value("half way"))
        });
        assert!(result.is_err());
        assert_eq!(store.read(|tables| tables.state(State::Unsettled)).unwrap(), None);
        store.transact(|tables| tables.set_unsettled(true)).unwrap();
        assert!(store.read(|tables| tables.state(State::Unsettled)).unwrap().is_some());
    }
}
