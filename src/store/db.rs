//! Opening the database, and the two ways in: [`Store::read`] for one snapshot, [`Store::write`] for one act.
//! Nothing outside `store/` sees a connection or writes SQL.

use std::fs::{self, File, TryLockError};
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use r2d2::Pool;
use r2d2_sqlite::SqliteConnectionManager;
use rusqlite::types::{FromSql, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::migrations;
use super::writer::{Bell, Ticket, Writer};
use crate::base::{Audience, Clock, Error, Result, Time};

/// Connections for reading: each costs half a megabyte of cache, and two cores rarely use more.
const READERS: u32 = 3;
/// How long a reader waits for a connection before the caller hears "busy".
const READER_WAIT: Duration = Duration::from_secs(10);
/// SQLite's page cache per connection, in KiB.
const CACHE_KIB: i64 = 512;
/// Statements each connection keeps compiled.
const STATEMENTS: usize = 96;

/// The database and the data folder it lives in. Cheap to clone; the last clone closes both.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    readers: Pool<SqliteConnectionManager>,
    writer: Writer,
    clock: Clock,
    folder: PathBuf,
    /// Held while we are open: there is never a second writer.
    _lock: File,
}

/// One snapshot of the database, and the moment it was asked for.
pub struct Read<'c> {
    pub(super) conn: &'c Connection,
    /// The time of this act: the same for all it reads and writes.
    pub now: Time,
}

/// One act that may change the database: everything it does is kept, or nothing.
pub struct Write<'c> {
    read: Read<'c>,
}

impl<'c> Write<'c> {
    pub(super) fn new(conn: &'c Connection, now: Time) -> Self {
        Self { read: Read { conn, now } }
    }
}

impl<'c> Deref for Write<'c> {
    type Target = Read<'c>;

    fn deref(&self) -> &Read<'c> {
        &self.read
    }
}

impl Store {
    /// Opens the database in `folder`, making or upgrading it as needed, and starts the writer thread.
    /// Conflict when another process has the folder open.
    pub fn open(folder: &Path, clock: Clock) -> Result<Self> {
        let lock = lock(folder)?;
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
            .max_size(READERS)
            .min_idle(Some(0))
            .test_on_check_out(false)
            .connection_timeout(READER_WAIT)
            .build(manager)
            .map_err(Error::internal)?;
        let writer = Writer::start(conn, clock.clone())?;
        Ok(Self { inner: Arc::new(Inner { readers, writer, clock, folder: folder.to_owned(), _lock: lock }) })
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
        let snapshot = Snapshot::begin(&conn)?;
        look(&Read { conn: snapshot.conn, now: self.inner.clock.now() })
    }

    /// Hands `act` to the writer thread and returns once its changes are on the disk. An Err from `act` undoes all it
    /// did. It must not wait for anything: every other writer waits for it.
    pub fn write<T: Send + 'static>(&self, act: impl FnOnce(&Write<'_>) -> Result<T> + Send + 'static) -> Result<T> {
        self.inner.writer.submit(act).wait()
    }

    /// Like [`Store::write`], without waiting: acts submitted together share one commit.
    pub fn submit<T: Send + 'static>(&self, act: impl FnOnce(&Write<'_>) -> Result<T> + Send + 'static) -> Ticket<T> {
        self.inner.writer.submit(act)
    }

    /// Rings after every commit that changed rows.
    pub fn bell(&self) -> &Bell {
        self.inner.writer.bell()
    }
}

/// A read transaction that ends when it is dropped, panics included.
struct Snapshot<'c> {
    conn: &'c Connection,
}

impl<'c> Snapshot<'c> {
    fn begin(conn: &'c Connection) -> Result<Self> {
        conn.execute_batch("BEGIN DEFERRED")?;
        Ok(Self { conn })
    }
}

impl Drop for Snapshot<'_> {
    fn drop(&mut self) {
        if let Err(error) = self.conn.execute_batch("ROLLBACK") {
            tracing::warn!(%error, "a read could not be closed");
        }
    }
}

/// Takes the folder's lock, making the folder (mode 0700) when it is not there.
fn lock(folder: &Path) -> Result<File> {
    private_dir(folder)?;
    let file = File::options().create(true).truncate(false).write(true).open(folder.join("hytte.lock"))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            Err(Error::Conflict(format!("{} is in use by another hytte", folder.display())))
        }
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}

/// Makes a folder that only its owner can look into.
pub(super) fn private_dir(folder: &Path) -> Result<()> {
    use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
    if !folder.is_dir() {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    let mode = fs::metadata(folder)?.permissions().mode();
    if mode & 0o077 != 0 {
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
    }
    Ok(())
}

fn set_up(conn: &Connection) -> rusqlite::Result<()> {
    conn.set_prepared_statement_cache_capacity(STATEMENTS);
    conn.busy_timeout(Duration::from_secs(5))?;
    conn.pragma_update(None, "cache_size", -CACHE_KIB)?;
    conn.pragma_update(None, "foreign_keys", true)?;
    if !conn.is_readonly("main")? {
        conn.pragma_update(None, "journal_mode", "WAL")?;
        conn.pragma_update(None, "journal_size_limit", 16 << 20)?;
    }
    Ok(())
}

impl From<rusqlite::Error> for Error {
    fn from(source: rusqlite::Error) -> Self {
        match source {
            rusqlite::Error::QueryReturnedNoRows => Self::NotFound,
            rusqlite::Error::SqliteFailure(e, ref text) if e.code == ErrorCode::ConstraintViolation => {
                Self::Conflict(text.clone().unwrap_or_else(|| "it is there already".to_owned()))
            }
            other => Self::internal(other),
        }
    }
}

impl ToSql for Time {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.ms().into())
    }
}

impl FromSql for Time {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        i64::column_result(value).map(Self::from_ms)
    }
}

impl ToSql for Audience {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.rank().into())
    }
}

impl FromSql for Audience {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        i64::column_result(value).map(Self::from_rank)
    }
}
