//! SQL forms of our types, and the mapping of SQLite's errors.

use rusqlite::ErrorCode;
use rusqlite::types::{FromSql, FromSqlResult, ToSql, ToSqlOutput, ValueRef};

use crate::base::{Audience, Error, Time};

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
