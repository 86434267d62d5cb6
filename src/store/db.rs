//! Opens the database. Two ways in: [`Store::read`] for one snapshot, [`Store::write`] for one write.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use r2d2::Pool;
use r2d2_sqlite::SqliteConnectionManager;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::events::EventDemand;
use super::transaction::{Read, Write};
use super::writer::{CommitNotifier, PendingWrite, Writer};
use super::{folder, migrations};
use crate::base::{Clock, Error, Result};

/// Connections for reading: each costs half a megabyte of cache, and two cores rarely use more.
const READ_CONNECTIONS: u32 = 3;
/// How long a reader waits for a connection before the caller gets Busy.
const READ_CONNECTION_TIMEOUT: Duration = Duration::from_secs(10);
/// SQLite's page cache per connection, in KiB.
const PAGE_CACHE_KIB: i64 = 512;
/// Statements each connection keeps compiled.
const CACHED_STATEMENTS: usize = 96;

/// The database and the data folder it lives in. Cheap to clone; the last clone closes both.
#[derive(Clone)]
pub struct Store {
    inner: Arc<StoreInner>,
}

struct StoreInner {
    readers: Pool<SqliteConnectionManager>,
    writer: Writer,
    clock: Clock,
    folder: PathBuf,
    /// Held while we are open: there is never a second writer.
    _lock: File,
}

impl Store {
    /// Opens the database in `folder`, creating or migrating it as needed, and starts the writer thread. Conflict when
    /// another process has the folder open.
    pub fn open(folder: &Path, clock: Clock) -> Result<Self> {
        let lock = folder::lock(folder)?;
        let path = folder.join("hytte.db");
        let mut conn = Connection::open(&path)?;
        // The keys are in it. Its -wal and -shm take the same mode.
        fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
        set_up(&conn)?;
        conn.pragma_update(None, "synchronous", "FULL")?;
        migrations::run(&mut conn, folder)?;
        let manager = SqliteConnectionManager::file(&path)
            .with_flags(OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)
            .with_init(|c| set_up(c));
        let readers = Pool::builder()
            .max_size(READ_CONNECTIONS)
            .min_idle(Some(0))
            .test_on_check_out(false)
            .connection_timeout(READ_CONNECTION_TIMEOUT)
            .build(manager)
            .map_err(Error::internal)?;
        let writer = Writer::start(conn, clock.clone())?;
        Ok(Self { inner: Arc::new(StoreInner { readers, writer, clock, folder: folder.to_owned(), _lock: lock }) })
    }

    /// The data folder.
    pub fn folder(&self) -> &Path {
        &self.inner.folder
    }

    /// The clock acts take their time from.
    pub fn clock(&self) -> &Clock {
        &self.inner.clock
    }

    /// Runs `look` on one snapshot. It cannot write, and must not wait for the network.
    pub fn read<T>(&self, look: impl FnOnce(&Read<'_>) -> Result<T>) -> Result<T> {
        let conn = self.inner.readers.get().map_err(|_| Error::Busy)?;
        let rung = self.commit_notifier().generation();
        let snapshot = ReadTransaction::begin(&conn)?;
        look(&Read::new(snapshot.conn, self.inner.clock.now(), Some(rung)))
    }

    /// Runs `act` on the writer thread and returns once its changes are on disk. An Err from `act` undoes everything it
    /// did. It must not wait for anything: all other writers wait for it.
    pub fn write<T: Send + 'static>(&self, act: impl FnOnce(&Write<'_>) -> Result<T> + Send + 'static) -> Result<T> {
        self.inner.writer.submit(act).wait()
    }

    /// Like [`Store::write`], without waiting: acts submitted together share one commit.
    pub fn submit<T: Send + 'static>(
        &self,
        act: impl FnOnce(&Write<'_>) -> Result<T> + Send + 'static,
    ) -> PendingWrite<T> {
        self.inner.writer.submit(act)
    }

    /// Rings after every commit that changed rows.
    pub fn commit_notifier(&self) -> &CommitNotifier {
        self.inner.writer.commit_notifier()
    }

    /// Which events are wanted by streaming clients.
    pub fn event_demand(&self) -> &EventDemand {
        self.inner.writer.event_demand()
    }
}

/// A read transaction that ends when it is dropped, also by a panic.
struct ReadTransaction<'c> {
    conn: &'c Connection,
}

impl<'c> ReadTransaction<'c> {
    fn begin(conn: &'c Connection) -> Result<Self> {
        conn.execute_batch("BEGIN DEFERRED")?;
        Ok(Self { conn })
    }
}

impl Drop for ReadTransaction<'_> {
    fn drop(&mut self) {
        if let Err(error) = self.conn.execute_batch("ROLLBACK") {
            tracing::warn!(%error, "a read could not be closed");
        }
    }
}

fn set_up(conn: &Connection) -> rusqlite::Result<()> {
    conn.set_prepared_statement_cache_capacity(CACHED_STATEMENTS);
    // Query plans are stable: they depend on the SQL text only, whatever is stored and whatever the parameters are, and
    // tests check them. `ANALYZE` is never run, because statistics of a new server mislead an old one.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    conn.busy_timeout(Duration::from_secs(5))?;
    conn.pragma_update(None, "cache_size", -PAGE_CACHE_KIB)?;
    conn.pragma_update(None, "foreign_keys", true)?;
    if !conn.is_readonly("main")? {
        // Has an effect on a new database only, before its first table. Freed pages can then be returned in small steps.
        conn.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
        conn.pragma_update(None, "journal_mode", "WAL")?;
        conn.pragma_update(None, "journal_size_limit", 16 << 20)?;
    }
    Ok(())
}
