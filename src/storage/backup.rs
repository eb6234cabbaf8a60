//! A copy of the database while it is in use: of one moment, whole, readable by its owner only.

use std::io;
use std::path::{Path, PathBuf};

#[cfg(feature = "sqlite")]
use diesel::{RunQueryDsl as _, sql_types::Text};

use super::connection::DbConnection;
use super::{Store, StoreError};
use crate::aside::{self, FileError};

/// Why no copy was made. Nothing is left behind.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackupError {
    /// The file is the database itself.
    #[error("`{}` is the database itself", path.display())]
    Itself {
        /// The file.
        path: PathBuf,
    },
    /// The engine has a tool of its own.
    #[error("a PostgreSQL database is copied with `pg_dump`; `maintenance export FILE` writes the configuration alone")]
    NotSqlite,
    /// The file cannot be written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The database refuses.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Store {
    /// Copies the database into a file, also while others use it. The copy appears under its name when it is
    /// complete and on the disk, with the rights 0600. Returns its size in bytes.
    ///
    /// # Errors
    /// See [`BackupError`]; a file that is there is refused unless `replace`.
    pub fn backup(&self, file: &Path, replace: bool) -> Result<u64, BackupError> {
        let Some(database) = self.url().sqlite_path() else { return Err(BackupError::NotSqlite) };
        if is_same_file(database, file) {
            return Err(BackupError::Itself { path: file.to_owned() });
        }
        let ((), bytes) = aside::write(file, replace, |aside| self.vacuum_into(aside))?;
        Ok(bytes)
    }

    /// Writes a copy into an empty file. SQLite reads one state of the database for all of it
    /// (<https://sqlite.org/lang_vacuum.html>).
    #[cfg_attr(not(feature = "sqlite"), allow(unused_variables, reason = "no engine is there that copies"))]
    fn vacuum_into(&self, file: &Path) -> Result<(), BackupError> {
        let name = file.to_str().ok_or_else(|| FileError::Refused {
            path: file.to_owned(),
            source: io::Error::new(io::ErrorKind::InvalidInput, "the name is not UTF-8"),
        })?;
        let mut lent = self.pool.lend(|_| Ok(()))?;
        match &mut *lent {
            #[cfg(feature = "sqlite")]
            DbConnection::Sqlite(conn) => {
                diesel::sql_query("VACUUM INTO ?").bind::<Text, _>(name).execute(conn).map_err(StoreError::from)?;
                Ok(())
            }
            #[cfg(feature = "postgres")]
            DbConnection::Postgres(_) => Err(BackupError::NotSqlite),
        }
    }
}

fn is_same_file(a: &Path, b: &Path) -> bool {
    matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b)
}

#[cfg(all(test, feature = "sqlite"))]
mod tests {
    use std::fs;

    use super::super::DatabaseUrl;
    use super::*;

    fn a_store(folder: &Path) -> Store {
        let url = DatabaseUrl::parse(folder.join("state.sqlite3").to_str().unwrap()).unwrap();
        Store::open(&url, super::super::Open::Migrate).unwrap()
    }

    #[test]
    fn a_copy_opens_and_only_its_owner_may_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let store = a_store(folder.path());
        let file = folder.path().join("copy.sqlite3");
        let bytes = store.backup(&file, false).unwrap();
        assert_eq!(fs::metadata(&file).unwrap().len(), bytes);
        #[cfg(unix)]
        assert_eq!(std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&file).unwrap().permissions()) & 0o777, 0o600);
        Store::open(&DatabaseUrl::parse(file.to_str().unwrap()).unwrap(), super::super::Open::Existing).unwrap();
        let left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert!(!left.iter().any(|name| name.to_string_lossy().starts_with(".maintenance")), "{left:?}");
    }

    #[test]
    fn a_file_that_is_there_is_replaced_only_when_that_is_meant_and_the_database_never() {
        let folder = tempfile::tempdir().unwrap();
        let store = a_store(folder.path());
        let file = folder.path().join("copy.sqlite3");
        fs::write(&file, "precious").unwrap();
        assert!(matches!(store.backup(&file, false), Err(BackupError::File(FileError::Exists { .. }))));
        assert_eq!(fs::read(&file).unwrap(), b"precious");
        store.backup(&file, true).unwrap();
        assert!(fs::read(&file).unwrap().starts_with(b"SQLite format 3"));
        assert!(matches!(store.backup(&folder.path().join("state.sqlite3"), true), Err(BackupError::Itself { .. })));
        assert!(matches!(
            store.backup(Path::new("/nonexistent/copy"), false),
            Err(BackupError::File(FileError::Refused { .. }))
        ));
    }
}
