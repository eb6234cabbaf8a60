//! What tells whether a file is still as it was written.

use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use sha2::{Digest as _, Sha256};

/// Rights that count, with the kind of file.
const MODE: u32 = 0o107_777;

/// The content of a file, and the marks by which any change of it shows without reading it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stamp {
    content: [u8; 32],
    marks: Marks,
}

/// The marks of a file as it is on the disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Marks {
    mode: u32,
    inode: u64,
    size: u64,
    /// Content, and rights or owner.
    changed: [(i64, i64); 2],
}

impl Marks {
    /// The marks of a file that is there; of a link, its own.
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        Ok(Self::new(&fs::symlink_metadata(path)?))
    }

    fn new(found: &Metadata) -> Self {
        Self {
            mode: found.mode(),
            inode: found.ino(),
            size: found.size(),
            changed: [(found.mtime(), found.mtime_nsec()), (found.ctime(), found.ctime_nsec())],
        }
    }
}

impl Stamp {
    /// The stamp of a file that was just written and has its name, by the open file: under the name may be another one by
    /// now.
    pub(super) fn of(file: &File, content: &[u8]) -> io::Result<Self> {
        Ok(Self { content: Sha256::digest(content).into(), marks: Marks::new(&file.metadata()?) })
    }

    /// The stamp of a file that is there already, if it is what would be written: an ordinary file of that content with
    /// the rights `mode`.
    pub(super) fn found(path: &Path, content: &[u8], mode: u32) -> Option<Self> {
        let marks = Marks::of(path).ok()?;
        let is_alike = marks.mode & MODE == 0o100_000 | mode && marks.size == content.len() as u64;
        let is_same = is_alike && fs::read(path).is_ok_and(|found| found == content);
        is_same.then(|| Self { content: Sha256::digest(content).into(), marks })
    }

    /// Whether it is the stamp of this content.
    pub(super) fn is_of(&self, content: &[u8]) -> bool {
        self.content == <[u8; 32]>::from(Sha256::digest(content))
    }

    /// Whether the file is still what was written. One that was merely touched is read, and known by its new marks from
    /// then on.
    pub(super) fn holds(&mut self, path: &Path) -> bool {
        let Ok(marks) = Marks::of(path) else { return false };
        if marks == self.marks {
            return true;
        }
        let is_alike = marks.mode & MODE == self.marks.mode & MODE && marks.size == self.marks.size;
        let is_same = is_alike && fs::read(path).is_ok_and(|found| self.is_of(&found));
        if is_same {
            self.marks = marks;
        }
        is_same
    }
}
