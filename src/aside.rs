//! Files that only their owner may read, written aside and put under their name when they are whole.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

/// Why a file was not written. Nothing is left behind.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// The file is there.
    #[error("`{}` is there already; add --force to replace it", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// The file system refuses.
    #[error("`{}` cannot be written", path.display())]
    Refused {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Hands `work` an empty file with the rights 0600, and puts it under its name when it is complete and on the disk.
/// Returns what `work` returns, and the size of the file in bytes.
///
/// # Errors
/// [`FileError::Exists`] unless `replace`, [`FileError::Refused`], and what `work` returns.
pub(crate) fn write<T, E: From<FileError>>(
    file: &Path,
    replace: bool,
    work: impl FnOnce(&Path) -> Result<T, E>,
) -> Result<(T, u64), E> {
    let refused = |source: io::Error| FileError::Refused { path: file.to_owned(), source };
    if !replace && fs::symlink_metadata(file).is_ok() {
        return Err(FileError::Exists { path: file.to_owned() }.into());
    }
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let aside = folder.join(format!(".maintenance-{:016x}", rand::random::<u64>()));
    let _cleanup = RemoveOnDrop(&aside);
    create_private(&aside).map_err(refused)?;
    let made = work(&aside)?;
    let bytes = on_disk(&aside).map_err(refused)?;
    let placed = if replace { fs::rename(&aside, file) } else { fs::hard_link(&aside, file) };
    placed.map_err(|error| match error.kind() {
        // Somebody else was quicker.
        io::ErrorKind::AlreadyExists => FileError::Exists { path: file.to_owned() },
        _ => refused(error),
    })?;
    #[cfg(unix)]
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(refused)?;
    Ok((made, bytes))
}

fn on_disk(file: &Path) -> io::Result<u64> {
    let file = File::open(file)?;
    file.sync_all()?;
    Ok(file.metadata()?.len())
}

/// Makes an empty file that only its owner may read.
pub(crate) fn create_private(path: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

/// Removes a file that was written aside; it is gone already when it has taken its name.
struct RemoveOnDrop<'a>(&'a Path);

impl Drop for RemoveOnDrop<'_> {
    fn drop(&mut self) {
        drop(fs::remove_file(self.0));
    }
}
