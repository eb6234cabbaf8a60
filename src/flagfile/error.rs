//! Why files for a web server cannot be written.

use std::io;
use std::path::{Path, PathBuf};

/// Why files cannot be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FolderError {
    /// The file system refuses.
    #[error("`{}` cannot be written: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
    /// A file that should not be there cannot be taken away; a flag keeps its site closed.
    #[error("`{}` cannot be removed: {source}", path.display())]
    Remove { path: PathBuf, source: io::Error },
    /// Something else is where one of our folders should be, such as a link that leads elsewhere.
    #[error("`{}` is not a folder", path.display())]
    NotAFolder { path: PathBuf },
    /// The flag file of the only site is a folder.
    #[error("MAINTENANCE_FILE names a file, and `{}` is a folder: add a name to it", path.display())]
    NotAFile { path: PathBuf },
    /// The list is something else.
    #[error("`{}` is not a list of this program's files; remove it when nobody needs it", path.display())]
    NotAList { path: PathBuf },
    /// The files belong to another database.
    #[error(
        "the files in `{}` belong to the database {database}: choose another folder, or remove `.maintenance-files` there when that \
         database does not write any more", root.display()
    )]
    OtherDatabase { root: PathBuf, database: String },
    /// The files are named otherwise, and a web server may go by those names.
    #[error(
        "the files in `{}` are laid out as `{layout}`: set MAINTENANCE_FILE so or choose another folder, or remove \
         `.maintenance-files` there when nobody writes or reads files of these names any more", root.display()
    )]
    OtherLayout { root: PathBuf, layout: String },
    /// Another process writes the files of the same database.
    #[error("another process writes the files in `{}`", root.display())]
    Locked { root: PathBuf },
}

impl FolderError {
    pub(super) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self + use<'_> {
        |source| Self::Io { path: path.to_owned(), source }
    }

    /// What it means that a folder cannot be opened or made.
    pub(super) fn no_folder(path: PathBuf) -> impl FnOnce(io::Error) -> Self {
        |source| match source.kind() {
            io::ErrorKind::NotADirectory => Self::NotAFolder { path },
            _ => Self::Io { path, source },
        }
    }
}
