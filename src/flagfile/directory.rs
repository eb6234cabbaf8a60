//! A folder by its handle: what is made, renamed or removed in it is in that very folder, whatever stands under its name
//! by then.
//!
//! Root may write where somebody else may rename: had each step gone by a path, a link put there in between would lead
//! root elsewhere.

use std::ffi::OsStr;
use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, fchown};
use std::path::Path;

use rustix::fs::{AtFlags, Mode, OFlags};
use rustix::io::Errno;

use super::error::FolderError;

/// Rights of a folder: the web server is somebody else.
const FOLDER_MODE: u32 = 0o755;

/// Rights of a file that was just made: its owner's, until it is whole.
const NEW_FILE: Mode = Mode::RUSR.union(Mode::WUSR);

/// An open folder.
#[derive(Debug)]
pub(super) struct Directory {
    handle: File,
}

impl Directory {
    /// Opens the folder of a path, wherever its links lead: who named it may have meant that.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(Self { handle: File::from(rustix::fs::open(path, flags, Mode::empty())?) })
    }

    /// Opens a folder in this one.
    ///
    /// # Errors
    /// [`io::ErrorKind::NotADirectory`] for anything else, such as a link, even to a folder.
    pub(super) fn below(&self, name: &OsStr) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        match rustix::fs::openat(&self.handle, name, flags, Mode::empty()) {
            Ok(handle) => Ok(Self { handle: File::from(handle) }),
            Err(Errno::LOOP | Errno::MLINK) => Err(io::ErrorKind::NotADirectory.into()),
            Err(error) => Err(error.into()),
        }
    }

    /// Makes a folder in this one, into which everybody may look; goes on with one that another process made first.
    pub(super) fn make(&self, name: &OsStr) -> io::Result<Self> {
        match rustix::fs::mkdirat(&self.handle, name, Mode::from_raw_mode(FOLDER_MODE)) {
            Err(Errno::EXIST) => self.below(name),
            Err(error) => Err(error.into()),
            Ok(()) => {
                let made = self.below(name)?;
                self.bequeath(&made.handle)?;
                made.open_up()?;
                Ok(made)
            }
        }
    }

    /// Gives the folder the rights that it lacks, whatever the umask was or somebody else did. It may have more.
    pub(super) fn open_up(&self) -> io::Result<()> {
        if has_folder_mode(&self.handle.metadata()?) {
            return Ok(());
        }
        self.handle.set_permissions(fs::Permissions::from_mode(FOLDER_MODE))
    }

    /// Makes a file that was not there, which only its owner may open.
    pub(super) fn create(&self, name: &OsStr) -> io::Result<File> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = File::from(rustix::fs::openat(&self.handle, name, flags, NEW_FILE)?);
        self.bequeath(&file)?;
        Ok(file)
    }

    /// Makes a file in place of what has that name, if anything.
    pub(super) fn create_anew(&self, name: &OsStr) -> io::Result<File> {
        self.remove(name)?;
        self.create(name)
    }

    /// Opens a file that is there, to read and to lock; not through a link.
    pub(super) fn open_file(&self, name: &OsStr) -> io::Result<File> {
        let flags = OFlags::RDWR | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        Ok(File::from(rustix::fs::openat(&self.handle, name, flags, Mode::empty())?))
    }

    /// Gives a file of this folder another name in it, in place of what had that one: a file, or an empty folder.
    pub(super) fn rename(&self, from: &OsStr, to: &OsStr) -> io::Result<()> {
        let rename = || rustix::fs::renameat(&self.handle, from, &self.handle, to);
        match rename() {
            Err(Errno::ISDIR) => {
                self.remove_empty(to)?;
                Ok(rename()?)
            }
            done => Ok(done?),
        }
    }

    /// Removes a file, or a link or an empty folder instead of one; whether there was any.
    pub(super) fn remove(&self, name: &OsStr) -> io::Result<bool> {
        match rustix::fs::unlinkat(&self.handle, name, AtFlags::empty()) {
            Ok(()) => Ok(true),
            Err(Errno::NOENT) => Ok(false),
            // The second outside of Linux.
            Err(error @ (Errno::ISDIR | Errno::PERM)) => {
                self.remove_empty(name).map(|()| true).map_err(|_| error.into())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Removes a folder that is empty.
    pub(super) fn remove_empty(&self, name: &OsStr) -> io::Result<()> {
        Ok(rustix::fs::unlinkat(&self.handle, name, AtFlags::REMOVEDIR)?)
    }

    /// Brings the names to the disk.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.handle.sync_all()
    }

    /// Gives what root has made to the user and the group of this folder, who may write it next.
    fn bequeath(&self, made: &File) -> io::Result<()> {
        if !rustix::process::geteuid().is_root() {
            return Ok(());
        }
        let folder = self.handle.metadata()?;
        if folder.uid() == 0 { Ok(()) } else { fchown(made, Some(folder.uid()), Some(folder.gid())) }
    }
}

/// Makes the root and what is missing above it.
pub(super) fn make_root(root: &Path) -> Result<(), FolderError> {
    let missing: Vec<&Path> = root.ancestors().take_while(|folder| !folder.exists()).collect();
    for folder in missing.into_iter().rev() {
        let above = folder.parent().unwrap_or(folder);
        let above = Directory::open(above).map_err(FolderError::io(above))?;
        above.make(folder.file_name().unwrap_or_default()).map_err(FolderError::no_folder(folder.to_owned()))?;
    }
    if root.is_dir() { Ok(()) } else { Err(FolderError::NotAFolder { path: root.to_owned() }) }
}

/// Whether a folder has all rights that ours have.
pub(super) fn has_folder_mode(found: &Metadata) -> bool {
    found.mode() & FOLDER_MODE == FOLDER_MODE
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    /// A folder with `inside`, and next to it `outside` with rights of its own.
    fn folders() -> (tempfile::TempDir, Directory) {
        let root = tempfile::tempdir().unwrap();
        for name in ["inside", "outside"] {
            fs::create_dir(root.path().join(name)).unwrap();
        }
        fs::set_permissions(root.path().join("outside"), fs::Permissions::from_mode(0o700)).unwrap();
        let inside = Directory::open(&root.path().join("inside")).unwrap();
        (root, inside)
    }

    #[test]
    fn a_link_is_no_folder_even_when_it_leads_to_one() {
        let (root, inside) = folders();
        symlink(root.path().join("outside"), root.path().join("inside/link")).unwrap();
        for opened in [inside.below("link".as_ref()), inside.make("link".as_ref())] {
            assert_eq!(opened.unwrap_err().kind(), io::ErrorKind::NotADirectory);
        }
        assert!(inside.open_file("link".as_ref()).is_err());
    }

    #[test]
    fn what_is_done_stays_in_the_folder_when_a_link_takes_its_name() {
        let (root, inside) = folders();
        let site = inside.make("site".as_ref()).unwrap();
        let moved = root.path().join("inside/moved");
        fs::rename(root.path().join("inside/site"), &moved).unwrap();
        symlink(root.path().join("outside"), root.path().join("inside/site")).unwrap();
        fs::set_permissions(&moved, fs::Permissions::from_mode(0o700)).unwrap();

        site.open_up().unwrap();
        site.create("new".as_ref()).unwrap();
        site.rename("new".as_ref(), "on".as_ref()).unwrap();

        assert_eq!(fs::metadata(root.path().join("outside")).unwrap().mode() & 0o777, 0o700);
        assert_eq!(fs::read_dir(root.path().join("outside")).unwrap().count(), 0);
        assert_eq!(fs::metadata(&moved).unwrap().mode() & 0o777, 0o755);
        assert!(moved.join("on").exists());
    }

    #[test]
    fn an_empty_folder_gives_way_to_a_file_and_a_full_one_does_not() {
        let (root, inside) = folders();
        let names = ["empty", "full"].map(|name| root.path().join("inside").join(name));
        names.iter().for_each(|folder| fs::create_dir(folder).unwrap());
        fs::write(names[1].join("theirs"), "").unwrap();
        inside.create(".new".as_ref()).unwrap();
        assert!(inside.rename(".new".as_ref(), "full".as_ref()).is_err() && inside.remove("full".as_ref()).is_err());
        assert!(inside.remove("empty".as_ref()).unwrap());
        fs::create_dir(&names[0]).unwrap();
        inside.rename(".new".as_ref(), "empty".as_ref()).unwrap();
        assert!(names[0].is_file() && names[1].join("theirs").exists());
    }

    #[test]
    fn a_file_that_is_there_is_not_opened_as_a_new_one() {
        let (root, inside) = folders();
        let victim = root.path().join("outside/victim");
        fs::write(&victim, "theirs").unwrap();
        symlink(&victim, root.path().join("inside/.on.new")).unwrap();
        assert_eq!(inside.create(".on.new".as_ref()).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        inside.create_anew(".on.new".as_ref()).unwrap();
        assert_eq!(fs::read_to_string(&victim).unwrap(), "theirs");
    }
}
