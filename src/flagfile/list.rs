//! The list of the files that are ours, which lies in their folder and says whose they are.
//!
//! A line for the format, one for the database, one for the layout, then one for each file, below the folder. A list of
//! an older program has no layout; its third line is a file, which never begins with `/`.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use super::error::FolderError;

/// Its name. Only its owner may read it: it names the database.
pub(super) const LIST: &str = ".maintenance-files";

/// The first line of a list.
const FORMAT: &str = "maintenance-files 1";

/// Whose files they are, and how they are named.
#[derive(Debug, Clone)]
pub(super) struct Owner {
    /// Address of the database, without secrets.
    pub(super) database: String,
    /// The value of `MAINTENANCE_FILE`.
    pub(super) layout: String,
}

/// What the list on the disk says.
#[derive(Debug, Default)]
pub(super) struct Listed {
    /// The files, with the folder in front.
    pub(super) names: BTreeSet<PathBuf>,
    /// Whether there is a list, and it says how the files are named.
    pub(super) is_whole: bool,
}

impl Listed {
    /// Reads the list of a folder. Nothing when there is none.
    ///
    /// # Errors
    /// It belongs to somebody else, is something else, or cannot be read.
    pub(super) fn read(root: &Path, owner: &Owner) -> Result<Self, FolderError> {
        let path = root.join(LIST);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(source) => return Err(FolderError::Io { path, source }),
        };
        let mut lines = text.lines();
        let (Some(FORMAT), Some(database)) = (lines.next(), lines.next()) else {
            return Err(FolderError::NotAList { path });
        };
        if database != owner.database {
            return Err(FolderError::OtherDatabase { root: root.to_owned(), database: database.to_owned() });
        }
        let layout = lines.clone().next().filter(|line| line.starts_with('/'));
        if let Some(layout) = layout.filter(|layout| *layout != owner.layout) {
            return Err(FolderError::OtherLayout { root: root.to_owned(), layout: layout.to_owned() });
        }
        // A line that leads elsewhere is none of ours, and the layout is no file.
        let is_below = |name: &&str| Path::new(name).components().all(|part| matches!(part, Component::Normal(_)));
        let names = lines.filter(is_below).filter(|name| !name.is_empty()).map(|name| root.join(name)).collect();
        Ok(Self { names, is_whole: layout.is_some() })
    }
}

impl Owner {
    /// The text of a list of these files.
    pub(super) fn list(&self, root: &Path, names: &BTreeSet<PathBuf>) -> String {
        let mut text = format!("{FORMAT}\n{}\n{}\n", self.database, self.layout);
        for name in names.iter().filter_map(|name| name.strip_prefix(root).ok()?.to_str()) {
            text.push_str(name);
            text.push('\n');
        }
        text
    }
}
