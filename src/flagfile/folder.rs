//! The folder that the files lie in, as its one owner writes it.
//!
//! Each file is written aside, with rights by which everybody may read it, and renamed when it is on the disk. A list of
//! the files that are ours (`.maintenance-files`) is written ahead of them, so that whatever is left behind can be
//! removed later and nothing else ever is. The list also says which database the folder belongs to and how files are named
//! in it; a lock beside it, which process writes.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::fs::{self, File, TryLockError};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use super::directory::{Directory, has_folder_mode, make_root};
use super::error::FolderError;
use super::layout::FlagPath;
use super::list::{LIST, Listed, Owner};
use super::stamp::Stamp;

/// Held by the process that writes.
const LOCK: &str = ".maintenance-files.lock";

/// Rights of a file: the web server is somebody else.
pub(super) const FILE_MODE: u32 = 0o644;

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
        let flag = Path::new(&owner.layout);
        if !path.has_placeholder() && fs::read_dir(flag).is_ok_and(|mut found| found.next().is_some()) {
            return Err(FolderError::NotAFile { path: flag.to_owned() });
        }
        let path = root.join(LOCK);
        let opened = Directory::open(root).and_then(|root| private(&root, LOCK.as_ref()));
        let lock = opened.map_err(FolderError::io(&path))?;
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
            if let Ok(Some(found)) = folder.find(path) {
                found.remove(&aside(path)).ok();
            }
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
                    self.tidy(&path);
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
        let Some(folder) = self.find(path)? else { return Ok(false) };
        let removed = folder.remove(name(path)).and_then(|was_there| {
            if was_there {
                folder.sync()?;
            }
            Ok(was_there)
        });
        removed.map_err(|source| FolderError::Remove { path: path.to_owned(), source })
    }

    /// Puts files under their names, all written to the disk before the first is renamed. Returns their stamps, in order.
    pub(super) fn write(&self, files: &[(&PathBuf, &[u8])]) -> Result<Vec<Stamp>, FolderError> {
        let mut folders = BTreeMap::new();
        for (path, _) in files {
            if let Entry::Vacant(folder) = folders.entry(path.parent()) {
                folder.insert(self.make(path)?);
            }
        }
        let mut written = Aside::default();
        for (path, bytes) in files {
            written.add(&folders[&path.parent()], path, bytes).map_err(FolderError::io(path))?;
        }
        for ((path, _), file) in files.iter().zip(&written.files) {
            file.handle.sync_all().map_err(FolderError::io(path))?;
        }
        let mut stamps = Vec::with_capacity(files.len());
        for ((path, bytes), file) in files.iter().zip(&written.files) {
            file.folder.rename(&file.name, name(path)).map_err(FolderError::io(path))?;
            stamps.push(Stamp::of(&file.handle, bytes).map_err(FolderError::io(path))?);
        }
        drop(written);
        for (path, folder) in &folders {
            folder.sync().map_err(FolderError::io(path.unwrap_or(&self.root)))?;
        }
        Ok(stamps)
    }

    /// The folder of a file, made with what is missing on the way below the root, with rights that let the web server in.
    fn make(&self, path: &Path) -> Result<Directory, FolderError> {
        let mut at = Directory::open(&self.root).map_err(FolderError::io(&self.root))?;
        for folder in self.folders_of(path) {
            let opened = match at.below(name(&folder)) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => at.make(name(&folder)),
                opened => opened.and_then(|opened| opened.open_up().map(|()| opened)),
            };
            at = opened.map_err(FolderError::no_folder(folder))?;
        }
        Ok(at)
    }

    /// Makes the folders of a file that are missing, and gives all of them the rights that they lack.
    pub(super) fn mend(&self, path: &Path) -> Result<(), FolderError> {
        self.make(path).map(drop)
    }

    /// The folders of a file that lack rights.
    pub(super) fn shut(&self, path: &Path) -> Vec<PathBuf> {
        let is_shut = |folder: &PathBuf| fs::symlink_metadata(folder).is_ok_and(|found| !has_folder_mode(&found));
        self.folders_of(path).into_iter().filter(is_shut).collect()
    }

    /// The folder of a file; `None` when it, or one on the way to it, is missing. One that may not be written is opened.
    fn find(&self, path: &Path) -> Result<Option<Directory>, FolderError> {
        let mut at = match Directory::open(&self.root) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened.map_err(FolderError::io(&self.root))?,
        };
        for folder in self.folders_of(path) {
            at = match at.below(name(&folder)) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
                opened => opened.map_err(FolderError::no_folder(folder))?,
            };
            // If that is not ours to do, what comes next says so.
            at.open_up().ok();
        }
        Ok(Some(at))
    }

    /// The folders between the root and a file, the outermost first.
    fn folders_of(&self, path: &Path) -> Vec<PathBuf> {
        let ours = |folder: &&Path| folder.starts_with(&self.root) && *folder != self.root;
        let mut folders: Vec<_> = path.ancestors().skip(1).filter(ours).map(Path::to_owned).collect();
        folders.reverse();
        folders
    }

    /// Removes what a write that was cut off has left, and the folders of a file that are empty.
    fn tidy(&self, path: &Path) {
        if let Ok(Some(folder)) = self.find(path) {
            folder.remove(&aside(path)).ok();
        }
        for folder in self.folders_of(path).iter().rev() {
            // One that is not empty stays.
            if let Ok(Some(above)) = self.find(folder) {
                above.remove_empty(name(folder)).ok();
            }
        }
    }

    fn write_list(&mut self, names: BTreeSet<PathBuf>) -> Result<(), FolderError> {
        let path = self.root.join(LIST);
        let text = self.owner.list(&self.root, &names);
        let replaced = || -> io::Result<()> {
            let (root, aside) = (Directory::open(&self.root)?, aside(&path));
            let mut file = root.create_anew(&aside)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            root.rename(&aside, LIST.as_ref())?;
            root.sync()
        };
        replaced().map_err(FolderError::io(&path))?;
        self.listed = Listed { names, is_whole: true };
        Ok(())
    }
}

/// Files that are written but do not bear their names yet; removed when they never do.
#[derive(Default)]
struct Aside<'a> {
    files: Vec<Draft<'a>>,
}

/// A file under the name at which it is written.
struct Draft<'a> {
    folder: &'a Directory,
    name: OsString,
    handle: File,
}

impl<'a> Aside<'a> {
    fn add(&mut self, folder: &'a Directory, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let name = aside(path);
        let mut file = folder.create_anew(&name)?;
        self.files.push(Draft { folder, name, handle: file.try_clone()? });
        file.write_all(bytes)?;
        // Whatever the umask says.
        file.set_permissions(fs::Permissions::from_mode(FILE_MODE))
    }
}

impl Drop for Aside<'_> {
    fn drop(&mut self) {
        // Those that have their names are not there any more.
        self.files.iter().for_each(|file| drop(file.folder.remove(&file.name)));
    }
}

/// The last part of a path below the root.
fn name(path: &Path) -> &OsStr {
    path.file_name().unwrap_or_default()
}

/// The name under which a file is written, in the folder of the file.
fn aside(path: &Path) -> OsString {
    let mut aside = OsString::from(".");
    aside.push(name(path));
    aside.push(".new");
    aside
}

/// The lock, which only its owner may open: whoever can open it could hold it.
fn private(folder: &Directory, name: &OsStr) -> io::Result<File> {
    match folder.create(name) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => folder.open_file(name),
        made => made,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::lchown;

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
    fn a_folder_is_no_place_for_the_flag_of_one_site() {
        let root = tempfile::tempdir().unwrap();
        let path = FlagPath::parse(&format!("{}/www", root.path().display())).unwrap();
        fs::create_dir(root.path().join("www")).unwrap();
        fs::write(root.path().join("www/index.html"), "theirs").unwrap();
        let error = Folder::take(&path, "database").unwrap_err().to_string();
        assert!(error.contains("www` is a folder: add a name to it"), "{error}");
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_cannot_be_removed_is_said_so() {
        let root = tempfile::tempdir().unwrap();
        let path = FlagPath::parse(&format!("{}/{{domain}}/on", root.path().display())).unwrap();
        let folder = Folder::take(&path, "database").unwrap();
        let flag = root.path().join("a.example/on");
        fs::create_dir_all(flag.join("theirs")).unwrap();
        let error = folder.remove(&flag).unwrap_err().to_string();
        assert!(error.contains("a.example/on` cannot be removed: "), "{error}");
    }
}
