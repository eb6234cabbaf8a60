//! The folder that the files lie in, as its one owner writes it.
//!
//! Each file is written aside, with rights by which everybody may read it, and renamed when it is on the disk. A list of
//! the files that are ours (`.maintenance-files`) is written ahead of them, so that whatever is left behind can be
//! removed later and nothing else ever is. The list also says which database the folder belongs to and how files are named
//! in it; a lock beside it, which process writes.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::os::unix::fs::{
    DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, fchown, lchown,
};
use std::path::{Path, PathBuf};

use super::layout::FlagPath;
use super::list::{LIST, Listed, Owner};
use super::stamp::Stamp;

/// Held by the process that writes.
const LOCK: &str = ".maintenance-files.lock";

/// Rights of a file: the web server is somebody else.
pub(super) const FILE_MODE: u32 = 0o644;

/// Rights of a folder.
const FOLDER_MODE: u32 = 0o755;

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
    /// The list is something else.
    #[error("`{}` is not a list of this program's files; remove it when nobody needs it", path.display())]
    NotAList { path: PathBuf },
    /// The files belong to another database.
    #[error(
        "the files in `{}` belong to the database {database}: choose another folder, or remove `{LIST}` there when that \
         database does not write any more", root.display()
    )]
    OtherDatabase { root: PathBuf, database: String },
    /// The files are named otherwise, and a web server may go by those names.
    #[error(
        "the files in `{}` are laid out as `{layout}`: set MAINTENANCE_FILE so or choose another folder, or remove \
         `{LIST}` there when nobody writes or reads files of these names any more", root.display()
    )]
    OtherLayout { root: PathBuf, layout: String },
    /// Another process writes the files of the same database.
    #[error("another process writes the files in `{}`", root.display())]
    Locked { root: PathBuf },
}

impl FolderError {
    fn io(path: &Path) -> impl FnOnce(io::Error) -> Self + use<'_> {
        |source| Self::Io { path: path.to_owned(), source }
    }
}

/// A folder that nobody else writes.
#[derive(Debug)]
pub(super) struct Folder {
    root: PathBuf,
    owner: Owner,
    lock: File,
    /// What the list on the disk says.
    listed: Listed,
}

impl Folder {
    /// Takes the folder for a database; makes it when it is missing.
    ///
    /// # Errors
    /// Somebody else has it, or it cannot be written.
    pub(super) fn take(path: &FlagPath, database: &str) -> Result<Self, FolderError> {
        let owner = Owner { database: database.to_owned(), layout: path.to_string() };
        let root = path.root();
        make_root(root)?;
        let path = root.join(LOCK);
        let lock = private(&path).map_err(FolderError::io(&path))?;
        let locked = match lock.try_lock() {
            Ok(()) => true,
            Err(TryLockError::WouldBlock) => false,
            Err(TryLockError::Error(source)) => return Err(FolderError::Io { path, source }),
        };
        // First: of another database or layout is refused, whoever writes at the moment.
        let listed = Listed::read(root, &owner)?;
        if !locked {
            return Err(FolderError::Locked { root: root.to_owned() });
        }
        let folder = Self { root: root.to_owned(), owner, lock, listed };
        // What a process that was killed has left.
        for path in &folder.listed.names {
            fs::remove_file(aside(path)).ok();
        }
        Ok(folder)
    }

    /// Whether the lock still keeps others out: not when its file was removed.
    pub(super) fn is_ours(&self) -> bool {
        let same = |held: fs::Metadata, found: fs::Metadata| (held.dev(), held.ino()) == (found.dev(), found.ino());
        let found = fs::symlink_metadata(self.root.join(LOCK));
        self.lock.metadata().ok().zip(found.ok()).is_some_and(|(held, found)| same(held, found))
    }

    /// Enters names into the list, so that it is known of files before they are there.
    pub(super) fn list(&mut self, names: &BTreeSet<PathBuf>) -> Result<(), FolderError> {
        if self.listed.is_whole && names.is_subset(&self.listed.names) && self.root.join(LIST).exists() {
            return Ok(());
        }
        let all = self.listed.names.union(names).cloned().collect();
        self.write_list(all)
    }

    /// Removes every listed file that is not one of these names, and folders that are empty then. Returns how many
    /// there were.
    ///
    /// # Errors
    /// The first file that cannot be removed; it stays listed, and the others are gone.
    pub(super) fn keep(&mut self, names: &BTreeSet<PathBuf>) -> Result<usize, FolderError> {
        let stale: Vec<PathBuf> = self.listed.names.difference(names).cloned().collect();
        if stale.is_empty() {
            return Ok(0);
        }
        let (mut removed, mut listed, mut failed) = (0, names.clone(), None);
        for path in stale {
            match self.remove(&path) {
                Ok(was_there) => {
                    removed += usize::from(was_there);
                    fs::remove_file(aside(&path)).ok();
                    self.remove_empty(&path);
                }
                Err(error) => {
                    failed = failed.or(Some(error));
                    listed.insert(path);
                }
            }
        }
        self.write_list(listed)?;
        failed.map_or(Ok(removed), Err)
    }

    /// Removes a file, or a link instead of one; whether there was any.
    pub(super) fn remove(&self, path: &Path) -> Result<bool, FolderError> {
        if !self.leads_only_through_folders(path)? {
            return Ok(false);
        }
        match fs::remove_file(path) {
            Ok(()) => {
                sync_folder(path)?;
                Ok(true)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(source) => Err(FolderError::Remove { path: path.to_owned(), source }),
        }
    }

    /// Puts files under their names, all written to the disk before the first is renamed. Returns their stamps, in order.
    pub(super) fn write(&self, files: &[(&PathBuf, &[u8])]) -> Result<Vec<Stamp>, FolderError> {
        let mut written = Aside::default();
        for (path, bytes) in files {
            self.make_folders(path)?;
            written.add(path, bytes).map_err(FolderError::io(path))?;
        }
        for (path, file) in &written.files {
            file.sync_all().map_err(FolderError::io(path))?;
        }
        let mut stamps = Vec::with_capacity(files.len());
        for ((path, bytes), (aside, file)) in files.iter().zip(&written.files) {
            fs::rename(aside, path).map_err(FolderError::io(path))?;
            stamps.push(Stamp::of(file, bytes).map_err(FolderError::io(path))?);
        }
        let folders: BTreeSet<_> = files.iter().filter_map(|(path, _)| path.parent()).collect();
        folders.into_iter().try_for_each(|folder| sync(folder).map_err(FolderError::io(folder)))?;
        Ok(stamps)
    }

    /// Makes the folders of a file below the root, with rights that let the web server in.
    fn make_folders(&self, path: &Path) -> Result<(), FolderError> {
        for folder in self.folders_of(path) {
            match fs::symlink_metadata(&folder) {
                Ok(found) if !found.is_dir() => return Err(FolderError::NotAFolder { path: folder }),
                Ok(found) if found.mode() & FOLDER_MODE != FOLDER_MODE => open_up(&folder)?,
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => make(&folder)?,
                Err(source) => return Err(FolderError::Io { path: folder, source }),
            }
        }
        Ok(())
    }

    /// Whether nothing on the way to a file leads out of the folder; `false` also when a folder is missing.
    fn leads_only_through_folders(&self, path: &Path) -> Result<bool, FolderError> {
        for folder in self.folders_of(path) {
            match fs::symlink_metadata(&folder) {
                Ok(found) if found.is_dir() => {}
                Ok(_) => return Err(FolderError::NotAFolder { path: folder }),
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
                Err(source) => return Err(FolderError::Io { path: folder, source }),
            }
        }
        Ok(true)
    }

    /// The folders between the root and a file, the outermost first.
    fn folders_of(&self, path: &Path) -> Vec<PathBuf> {
        let ours = |folder: &&Path| folder.starts_with(&self.root) && *folder != self.root;
        let mut folders: Vec<_> = path.ancestors().skip(1).filter(ours).map(Path::to_owned).collect();
        folders.reverse();
        folders
    }

    fn remove_empty(&self, path: &Path) {
        // One that is not empty stays.
        self.folders_of(path).iter().rev().for_each(|folder| drop(fs::remove_dir(folder)));
    }

    fn write_list(&mut self, names: BTreeSet<PathBuf>) -> Result<(), FolderError> {
        let path = self.root.join(LIST);
        let text = self.owner.list(&self.root, &names);
        let replaced = || -> io::Result<()> {
            let aside = aside(&path);
            remove_if_there(&aside)?;
            let mut file = create(&aside)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            fs::rename(&aside, &path)?;
            sync(&self.root)
        };
        replaced().map_err(FolderError::io(&path))?;
        self.listed = Listed { names, is_whole: true };
        Ok(())
    }
}

/// Files that are written but do not bear their names yet; removed when they never do.
#[derive(Default)]
struct Aside {
    files: Vec<(PathBuf, File)>,
}

impl Aside {
    fn add(&mut self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let aside = aside(path);
        remove_if_there(&aside)?;
        let mut file = create(&aside)?;
        self.files.push((aside, file.try_clone()?));
        file.write_all(bytes)?;
        // Whatever the umask says.
        file.set_permissions(fs::Permissions::from_mode(FILE_MODE))
    }
}

impl Drop for Aside {
    fn drop(&mut self) {
        // Those that have their names are not there any more.
        self.files.iter().for_each(|(path, _)| drop(fs::remove_file(path)));
    }
}

/// The name under which a file is written.
fn aside(path: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(".new");
    path.with_file_name(name)
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// The lock, which only its owner may open: whoever can open it could hold it.
fn private(path: &Path) -> io::Result<File> {
    match create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            OpenOptions::new().read(true).write(true).open(path)
        }
        made => made,
    }
}

/// Makes a file that was not there, which only its owner may open.
fn create(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(path)?;
    if let Some((user, group)) = heir(path)? {
        fchown(&file, Some(user), Some(group))?;
    }
    Ok(file)
}

/// User and group that get what root has made: those of the folder that it stands in, who may write it next.
fn heir(path: &Path) -> io::Result<Option<(u32, u32)>> {
    if !rustix::process::geteuid().is_root() {
        return Ok(None);
    }
    let Some(folder) = path.parent() else { return Ok(None) };
    let folder = fs::metadata(folder)?;
    Ok((folder.uid() != 0).then(|| (folder.uid(), folder.gid())))
}

/// Makes the root and what is missing above it.
pub(super) fn make_root(root: &Path) -> Result<(), FolderError> {
    let missing: Vec<&Path> = root.ancestors().take_while(|folder| !folder.exists()).collect();
    missing.into_iter().rev().try_for_each(make)?;
    if root.is_dir() { Ok(()) } else { Err(FolderError::NotAFolder { path: root.to_owned() }) }
}

fn make(folder: &Path) -> Result<(), FolderError> {
    match DirBuilder::new().mode(FOLDER_MODE).create(folder) {
        Ok(()) => {
            if let Some((user, group)) = heir(folder).map_err(FolderError::io(folder))? {
                lchown(folder, Some(user), Some(group)).map_err(FolderError::io(folder))?;
            }
            open_up(folder)
        }
        // Another process was first.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(source) => Err(FolderError::Io { path: folder.to_owned(), source }),
    }
}

fn open_up(folder: &Path) -> Result<(), FolderError> {
    fs::set_permissions(folder, fs::Permissions::from_mode(FOLDER_MODE)).map_err(FolderError::io(folder))
}

fn sync_folder(path: &Path) -> Result<(), FolderError> {
    path.parent().map_or(Ok(()), |folder| sync(folder).map_err(FolderError::io(folder)))
}

fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_root_writes_belongs_to_the_owner_of_the_folder() {
        const NOBODY: u32 = 65_534;
        if !rustix::process::geteuid().is_root() {
            // Nobody else can give files away.
            return;
        }
        let root = tempfile::tempdir().unwrap();
        lchown(root.path(), Some(NOBODY), Some(NOBODY)).unwrap();
        let path = FlagPath::parse(&format!("{}/{{domain}}/on", root.path().display())).unwrap();
        let mut folder = Folder::take(&path, "database").unwrap();
        let flag = root.path().join("a.example/on");
        folder.list(&BTreeSet::from([flag.clone()])).unwrap();
        folder.write(&[(&flag, b"".as_slice())]).unwrap();
        for path in [root.path().join(LIST), root.path().join(LOCK), root.path().join("a.example"), flag] {
            let found = fs::metadata(&path).unwrap();
            assert_eq!((found.uid(), found.gid()), (NOBODY, NOBODY), "{}", path.display());
        }
    }

    #[test]
    fn what_cannot_be_removed_is_said_so() {
        let root = tempfile::tempdir().unwrap();
        let path = FlagPath::parse(&format!("{}/{{domain}}/on", root.path().display())).unwrap();
        let folder = Folder::take(&path, "database").unwrap();
        let flag = root.path().join("a.example/on");
        fs::create_dir_all(&flag).unwrap();
        let error = folder.remove(&flag).unwrap_err().to_string();
        assert!(error.contains("a.example/on` cannot be removed: "), "{error}");
    }
}
