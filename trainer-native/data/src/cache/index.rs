//! The index: which shard holds a key, and in which row. A SQLite file that the Python package
//! reads and writes too.

use super::key::WindowCacheKey;
use super::record::{Shard, ShardFormat, WindowCacheRecord};
use crate::sha256::hex;
use genolewm_core::{Error, ErrorCode, Result};
use rusqlite::config::DbConfig;
use rusqlite::types::Value;
use rusqlite::{
    Connection, ErrorCode as Sqlite, OpenFlags, OptionalExtension, Statement, TransactionBehavior,
    params_from_iter,
};
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The columns of the Python package's next version; which of them are its primary key is not known.
const TABLE: &str = "CREATE TABLE IF NOT EXISTS window_index (
            window_hash TEXT NOT NULL,
            encoder_hash TEXT NOT NULL,
            state_layer INTEGER NOT NULL,
            pool_type TEXT NOT NULL,
            pool_radius INTEGER NOT NULL,
            center_token INTEGER NOT NULL,
            dtype TEXT NOT NULL,
            cache_schema_version TEXT NOT NULL,
            physical_encoding TEXT NOT NULL,
            shard_path TEXT NOT NULL,
            row_offset INTEGER NOT NULL,
            created_at INTEGER NOT NULL,
            PRIMARY KEY (window_hash, encoder_hash, state_layer, pool_type, pool_radius,
                center_token, dtype, cache_schema_version, physical_encoding)
        )";
const BY_SHARD: &str = "CREATE INDEX IF NOT EXISTS idx_shard_path ON window_index(shard_path)";
const FIND: &str = "SELECT shard_path, row_offset FROM window_index
    WHERE window_hash = ? AND encoder_hash = ? AND state_layer = ?
        AND pool_type = ? AND pool_radius = ? AND center_token = ? AND dtype = ?
        AND cache_schema_version = ? AND physical_encoding = ?";
const INSERT: &str = "INSERT INTO window_index (window_hash, encoder_hash, state_layer, pool_type,
    pool_radius, center_token, dtype, cache_schema_version, physical_encoding, shard_path,
    row_offset, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
/// The table of layout 1.0.0, whose shards are not read any more.
const NO_CENTER: &str =
    "PRIMARY KEY (window_hash, encoder_hash, state_layer, pool_type, pool_radius, dtype)";

/// How long a writer of the Python package may hold the file.
const PATIENCE: Duration = Duration::from_secs(60);

/// An open index.
#[derive(Debug)]
pub(super) struct Index {
    connection: Connection,
    path: PathBuf,
}

/// Where a key's row is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// Below the cache's root, with `/`. The file may say anything here.
    pub(super) shard: String,
    /// Row of the shard, from 0; likewise.
    pub(super) row: i64,
}

impl Index {
    /// The index at `path`, made if it is not there.
    ///
    /// # Errors
    /// `RESOURCE.CACHE_CORRUPT` for a file that is no index, other `RESOURCE` codes where it cannot
    /// be read or written; so with every function here.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
        let index = Self::connect(path, flags)?;
        let made = format!("{TABLE};{BY_SHARD}");
        index
            .connection
            .execute_batch(&made)
            .map_err(failed(path))?;
        index.checked()
    }

    /// A new index in an empty file that nobody else knows yet, and that is synced by the caller.
    pub(super) fn build(path: &Path) -> Result<Self> {
        let index = Self::open(path)?;
        let hurry = "PRAGMA synchronous = OFF; PRAGMA journal_mode = MEMORY";
        index
            .connection
            .execute_batch(hurry)
            .map_err(failed(path))?;
        Ok(index)
    }

    /// The index for reading; `None` when there is none, or only an empty file.
    pub(super) fn open_existing(path: &Path) -> Result<Option<Self>> {
        if !path.exists() {
            return Ok(None);
        }
        // For writing too: what a writer left behind when it was killed is undone by the next who
        // opens the file. SQLite opens for reading only where no more is allowed.
        let index = Self::connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        let table = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'window_index'";
        let found = index.connection.query_row(table, [], |_| Ok(())).optional();
        let found = found.map_err(failed(path))?;
        found.map(|()| index.checked()).transpose()
    }

    /// Refuses a file with anything but the table and the index: a trigger, a view or a table with
    /// computed columns would run what it says at every query.
    fn checked(self) -> Result<Self> {
        let known = |sql: &str| {
            let words = |sql: &str| sql.split_whitespace().collect::<Vec<_>>().join(" ");
            let sql = words(sql);
            [TABLE, BY_SHARD]
                .iter()
                .any(|made| words(&made.replace("IF NOT EXISTS ", "")) == sql)
        };
        let read = || -> rusqlite::Result<Vec<String>> {
            let made = "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL LIMIT 8";
            let mut made = self.connection.prepare(made)?;
            made.query_map([], |row| row.get(0))?.collect()
        };
        let made = read().map_err(failed(&self.path))?;
        match made.iter().all(|sql| known(sql)) {
            true => Ok(self),
            false => {
                let old = made.iter().any(|sql| sql.contains(NO_CENTER));
                let (what, remedy) = match old {
                    true => (
                        "the index is of a cache of version 1.0.0, whose states do not say around \
                         which row they were pooled",
                        "run `genolewm cache-windows --repair`, which sets its shards aside, and encode \
                         the windows again with --build",
                    ),
                    false => (
                        "the index of the cache has another schema than ours",
                        "delete the index; the next build of the cache makes it anew",
                    ),
                };
                Err(Error::new(ErrorCode::ResourceCacheCorrupt, what)
                    .in_file(&self.path.display().to_string())
                    .with_remedy(remedy))
            }
        }
    }

    /// Waits until nobody writes the index at `path`, and undoes what a killed writer left. A file
    /// that is no index has nothing to undo.
    pub(super) fn settle(path: &Path) -> Result<()> {
        let Some(index) = Self::open_existing(path)? else {
            return Ok(());
        };
        let alone = "BEGIN EXCLUSIVE; ROLLBACK";
        index.connection.execute_batch(alone).map_err(failed(path))
    }

    fn connect(path: &Path, flags: OpenFlags) -> Result<Self> {
        let connect = || -> rusqlite::Result<Connection> {
            let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            let connection = Connection::open_with_flags(path, flags)?;
            // Nothing that stands in the file is run.
            for (config, on) in [
                (DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true),
                (DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false),
                (DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false),
                (DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false),
            ] {
                connection.set_db_config(config, on)?;
            }
            connection.busy_timeout(PATIENCE)?;
            Ok(connection)
        };
        let connection = connect();
        Ok(Self {
            connection: connection.map_err(failed(path))?,
            path: path.to_owned(),
        })
    }

    /// Closes the file, and says so if that fails.
    pub(super) fn close(self) -> Result<()> {
        let Self { connection, path } = self;
        connection
            .close()
            .map_err(|(_, error)| failure(&path, &error))
    }

    /// Where a key's row is, if it is cached.
    pub(super) fn find(&self, key: &WindowCacheKey, format: ShardFormat) -> Result<Option<Entry>> {
        let found = self
            .connection
            .prepare(FIND)
            .and_then(|mut find| entry(&mut find, key, format));
        found.map_err(failed(&self.path))
    }

    /// Every shard that has a row here.
    pub(super) fn shards(&self) -> Result<HashSet<String>> {
        let list = |connection: &Connection| -> rusqlite::Result<_> {
            let mut all = connection.prepare("SELECT DISTINCT shard_path FROM window_index")?;
            all.query_map([], |row| row.get(0))?
                .collect::<rusqlite::Result<HashSet<String>>>()
        };
        list(&self.connection).map_err(failed(&self.path))
    }

    /// Checks that no record's key is here, of the layout that is written.
    ///
    /// # Errors
    /// `RESOURCE.CACHE_CORRUPT`, with the shard that has the key.
    pub(super) fn check_free(&self, records: &[WindowCacheRecord]) -> Result<()> {
        for record in records {
            if let Some(entry) = self.find(&record.key, ShardFormat::V3)? {
                return Err(taken(&record.key, &entry.shard));
            }
        }
        Ok(())
    }

    /// Adds a shard's rows, all or none. Rows that are here already stay as they are.
    ///
    /// # Errors
    /// `RESOURCE.CACHE_CORRUPT` when another row has a key.
    pub(super) fn insert(&mut self, shard: &str, rows: &Shard) -> Result<()> {
        let failed = failed(&self.path);
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(failed)?;
        {
            let mut find = transaction.prepare(FIND).map_err(failed)?;
            let mut insert = transaction.prepare(INSERT).map_err(failed)?;
            for (row, record) in (0..).zip(&rows.records) {
                match entry(&mut find, &record.key, rows.format).map_err(failed)? {
                    None => add(&mut insert, record, rows.format, (shard, row)).map_err(failed)?,
                    Some(entry) if entry.shard == shard && entry.row == row => {}
                    Some(entry) => {
                        return Err(
                            taken(&record.key, &entry.shard).with_detail("new_shard_path", shard)
                        );
                    }
                }
            }
        }
        transaction.commit().map_err(failed)
    }

    /// Everything in the index, in order of shard and row.
    #[cfg(test)]
    pub(super) fn rows(&self) -> Vec<(String, String, i64, i64)> {
        let all = "SELECT window_hash, shard_path, row_offset, created_at FROM window_index
            ORDER BY shard_path, row_offset";
        let mut all = self.connection.prepare(all).unwrap();
        let rows = all.query_map([], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        });
        rows.unwrap().map(Result::unwrap).collect()
    }
}

fn entry(
    find: &mut Statement<'_>,
    key: &WindowCacheKey,
    format: ShardFormat,
) -> rusqlite::Result<Option<Entry>> {
    let entry = find.query_row(params_from_iter(columns(key, format)), |row| {
        Ok(Entry {
            shard: row.get(0)?,
            row: row.get(1)?,
        })
    });
    entry.optional()
}

fn add(
    insert: &mut Statement<'_>,
    record: &WindowCacheRecord,
    format: ShardFormat,
    (shard, row): (&str, i64),
) -> rusqlite::Result<()> {
    let rest: [Value; 3] = [
        shard.to_owned().into(),
        row.into(),
        record.created_at.into(),
    ];
    let values = columns(&record.key, format).into_iter().chain(rest);
    insert.execute(params_from_iter(values)).map(drop)
}

/// A key and a layout as the columns of the table that find it, in their order.
fn columns(key: &WindowCacheKey, format: ShardFormat) -> [Value; 9] {
    [
        hex(&key.window_hash).into(),
        hex(&key.encoder_hash).into(),
        i64::from(key.state_layer).into(),
        key.pool_type.to_string().into(),
        i64::from(key.pool_radius).into(),
        key.center_token.map_or(-1, i64::from).into(),
        key.dtype.to_string().into(),
        format.version().to_owned().into(),
        format.encoding().to_owned().into(),
    ]
}

fn taken(key: &WindowCacheKey, shard: &str) -> Error {
    Error::new(
        ErrorCode::ResourceCacheCorrupt,
        "another shard of the cache has this key",
    )
    .with_detail("window_hash", hex(&key.window_hash))
    .with_detail("existing_shard_path", shard)
    .with_remedy(
        "leave out windows that are cached; where the shards are there already, run \
         `genolewm cache-windows --repair`: it keeps the first",
    )
}

/// What SQLite says, as the program reports it.
fn failed(path: &Path) -> impl Fn(rusqlite::Error) -> Error + Copy {
    move |error| failure(path, &error)
}

fn failure(path: &Path, error: &rusqlite::Error) -> Error {
    let (code, remedy) = match error.sqlite_error_code() {
        Some(Sqlite::DiskFull) => (
            ErrorCode::ResourceDiskFull,
            "free some space; the index is as it was",
        ),
        Some(Sqlite::NotADatabase | Sqlite::DatabaseCorrupt | Sqlite::Unknown) | None => (
            ErrorCode::ResourceCacheCorrupt,
            "run `genolewm cache-windows --reindex`: it builds the index again from the shards",
        ),
        Some(_) => (
            ErrorCode::ResourceGeneric,
            "check that the index may be read and written, and that no other program holds it",
        ),
    };
    let message = format!("the cache's index failed: {error}");
    Error::new(code, message)
        .with_detail("index_path", path.display())
        .with_remedy(remedy)
}

#[cfg(test)]
mod tests {
    use super::super::record::tests::record;
    use super::*;

    #[test]
    fn rows_are_found_and_keys_stay_where_they_are() {
        let dir = tempfile::tempdir().unwrap();
        let mut index = Index::open(&dir.path().join("index.sqlite")).unwrap();
        let rows = [record(1), record(2)];
        let shard = |rows: &[WindowCacheRecord]| Shard {
            format: ShardFormat::V3,
            records: rows.to_vec(),
        };
        assert_eq!(index.check_free(&rows), Ok(()));
        index.insert("embeddings/a.parquet", &shard(&rows)).unwrap();
        index.insert("embeddings/a.parquet", &shard(&rows)).unwrap();
        let second = index.find(&rows[1].key, ShardFormat::V3).unwrap();
        let want = Entry {
            shard: "embeddings/a.parquet".to_owned(),
            row: 1,
        };
        assert_eq!(second, Some(want));
        assert_eq!(index.find(&record(3).key, ShardFormat::V3), Ok(None));
        assert_eq!(index.find(&rows[1].key, ShardFormat::V2), Ok(None));
        let corrupt = Err(ErrorCode::ResourceCacheCorrupt);
        let code = |result: Result<()>| result.map_err(|error| error.code());
        assert_eq!(code(index.check_free(&[record(3), record(2)])), corrupt);
        // All or none: row 3 is not added where row 2 cannot be.
        assert_eq!(
            code(index.insert("embeddings/b.parquet", &shard(&[record(3), record(2)]))),
            corrupt
        );
        assert_eq!(index.rows().len(), 2);
        assert_eq!(index.shards().unwrap().len(), 1);
    }

    #[test]
    fn a_file_that_is_no_index_is_corrupt_and_an_empty_one_is_none() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("index.sqlite");
        assert!(Index::open_existing(&path).unwrap().is_none());
        std::fs::write(&path, "").unwrap();
        assert!(Index::open_existing(&path).unwrap().is_none());
        std::fs::write(&path, "not a database at all".repeat(100)).unwrap();
        let error = Index::open_existing(&path).unwrap_err();
        assert_eq!(error.code(), ErrorCode::ResourceCacheCorrupt);
        assert!(error.remedy().unwrap().contains("--reindex"));
    }

    /// A trigger ran at every row that was added, and need not have ended.
    #[test]
    fn what_stands_in_an_index_was_run() {
        let folder = tempfile::tempdir().unwrap();
        for made in [
            "CREATE TRIGGER t AFTER INSERT ON window_index BEGIN DELETE FROM window_index; END",
            "CREATE VIEW v AS SELECT 1",
            "ALTER TABLE window_index ADD COLUMN x INTEGER DEFAULT 7",
        ] {
            let path = folder.path().join(format!("{}.sqlite", made.len()));
            drop(Index::open(&path).unwrap());
            assert!(Index::open_existing(&path).unwrap().is_some());
            let other = Connection::open(&path).unwrap();
            other.execute_batch(made).unwrap();
            let opened = [
                Index::open(&path).map(drop),
                Index::open_existing(&path).map(drop),
            ];
            for refused in opened {
                let error = refused.unwrap_err();
                assert_eq!(error.code(), ErrorCode::ResourceCacheCorrupt, "{made}");
            }
        }
    }
}
