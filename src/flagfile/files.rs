//! The files of all sites: which of them are due, and in which order they are written.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;

use super::content::{Contents, flag_in_force};
use super::error::FolderError;
use super::folder::{FILE_MODE, Folder};
use super::layout::{FlagPath, Layout, SiteFile};
use super::stamp::Stamp;
use crate::site::SiteId;
use crate::snapshot::{SiteSnapshot, Snapshot};

/// The files as they were written last.
pub(super) struct Files {
    path: FlagPath,
    folder: Folder,
    sites: BTreeMap<SiteId, SiteFiles>,
}

/// Those of one site.
struct SiteFiles {
    site: Arc<SiteSnapshot>,
    layout: Layout,
    stamps: HashMap<PathBuf, Stamp>,
    absent: Vec<PathBuf>,
    changes_at: Timestamp,
}

/// What was done in one go.
#[derive(Debug, Default)]
pub(super) struct Done {
    /// The first site whose files could not be written; the others are.
    pub(super) failed: Option<FolderError>,
}

impl Files {
    /// Takes the folder. Nothing is written yet.
    pub(super) fn take(path: &FlagPath, database: &str) -> Result<Self, FolderError> {
        Ok(Self { path: path.clone(), folder: Folder::take(path, database)?, sites: BTreeMap::new() })
    }

    /// Whether nobody else writes.
    pub(super) fn is_ours(&self) -> bool {
        self.folder.is_ours()
    }

    /// Makes the files what the snapshot says at `now`. With `look`, what is on the disk is looked at too; else only what
    /// has changed is written.
    pub(super) fn write(&mut self, snapshot: &Snapshot, now: Timestamp, look: bool) -> Result<Done, FolderError> {
        let mut done = Done::default();
        let places = places(&self.path, snapshot);
        let mut wrong = Vec::new();
        let due = places.iter().filter(|(site, layout)| self.is_due(site, layout, now, look.then_some(&mut wrong)));
        let due: Vec<_> = due.collect();
        let is_there = |id: &SiteId| places.binary_search_by_key(id, |(site, _)| site.id).is_ok();
        if due.is_empty() && self.sites.keys().all(is_there) {
            return Ok(done);
        }
        let due: Vec<_> = due
            .into_iter()
            .filter_map(|(site, layout)| Some((site, layout, Contents::of(snapshot, site, layout, now)?)))
            .collect();
        // First and whatever becomes of the rest: a site that has opened must not stay closed because a disk is full.
        let opened = due.iter().flat_map(|(_, _, contents)| &contents.absent);
        let failed: Vec<_> = opened.filter_map(|path| self.folder.remove(path).err()).collect();
        done.failed = failed.into_iter().next();
        let names = self.names(&places, due.iter().map(|(_, _, contents)| contents));
        self.folder.list(&names)?;
        let mut begun: Vec<_> = due
            .into_iter()
            .map(|(site, layout, contents)| {
                let known = self.sites.remove(&site.id).filter(|known| known.layout == *layout);
                (site, layout, contents, known.map(|known| known.stamps).unwrap_or_default())
            })
            .collect();
        // Closing waits for no page, and least of all for those of other sites.
        for (_, layout, contents, stamps) in &mut begun {
            if has_page(layout, stamps) {
                let failed = self.raise(layout, contents, stamps).err();
                done.failed = done.failed.take().or(failed);
            }
        }
        for (site, layout, contents, stamps) in begun {
            match self.write_site(site, layout, contents, stamps) {
                Ok(written) => drop(self.sites.insert(site.id, written)),
                Err(error) => done.failed = done.failed.take().or(Some(error)),
            }
        }
        self.sites.retain(|id, _| is_there(id));
        let removed = self.folder.keep(&names)?;
        if removed > 0 {
            log::info!("Files in `{}` that no site has any more were removed: {removed}.", self.path.root().display());
        }
        if !wrong.is_empty() && done.failed.is_none() {
            log::warn!("What somebody else had changed was put right: {}.", some_names(&wrong));
        }
        Ok(done)
    }

    /// The next moment at which some file changes by itself.
    pub(super) fn changes_at(&self) -> Timestamp {
        self.sites.values().map(|files| files.changes_at).min().unwrap_or(Timestamp::MAX)
    }

    /// Whether the files of a site have to be written; adds those that somebody else has changed to `wrong`, if they are
    /// to be looked at.
    fn is_due(
        &mut self,
        site: &Arc<SiteSnapshot>,
        layout: &Layout,
        now: Timestamp,
        wrong: Option<&mut Vec<PathBuf>>,
    ) -> bool {
        let Some(known) = self.sites.get_mut(&site.id) else { return true };
        let found = if wrong.is_some() { known.wrong(&self.folder) } else { Vec::new() };
        let is_wrong = !found.is_empty();
        wrong.into_iter().for_each(|wrong| wrong.extend_from_slice(&found));
        is_wrong || !Arc::ptr_eq(&known.site, site) || known.layout != *layout || now >= known.changes_at
    }

    /// Every name that may belong to a site now.
    fn names<'c>(
        &self,
        places: &[(Arc<SiteSnapshot>, Layout)],
        due: impl Iterator<Item = &'c Contents>,
    ) -> BTreeSet<PathBuf> {
        let mut names: BTreeSet<PathBuf> = due.flat_map(Contents::names).cloned().collect();
        for (site, layout) in places {
            // Those that are due are known by what is written next, but for languages that may be gone.
            let known =
                self.sites.get(&site.id).filter(|known| known.layout == *layout && Arc::ptr_eq(&known.site, site));
            names.extend(known.iter().flat_map(|known| known.stamps.keys().chain(&known.absent)).cloned());
        }
        names
    }

    /// Puts the flag in force on the disk, if any.
    fn raise(
        &self,
        layout: &Layout,
        contents: &Contents,
        stamps: &mut HashMap<PathBuf, Stamp>,
    ) -> Result<(), FolderError> {
        self.folder.mend(layout.flag())?;
        let nothing = Bytes::new();
        let flag: Vec<_> = contents.flag.iter().map(|path| (path, &nothing)).collect();
        self.bring(&flag, stamps).map(drop)
    }

    fn write_site(
        &self,
        site: &Arc<SiteSnapshot>,
        layout: &Layout,
        contents: Contents,
        mut stamps: HashMap<PathBuf, Stamp>,
    ) -> Result<SiteFiles, FolderError> {
        self.folder.mend(layout.flag())?;
        if let Err(error) = self.bring(&contents.others.iter().collect::<Vec<_>>(), &mut stamps) {
            // A bare 503 is better than an open site; a flag takes no room on the disk.
            self.raise(layout, &contents, &mut stamps)?;
            return Err(error);
        }
        if self.bring(&contents.rules.iter().collect::<Vec<_>>(), &mut stamps)? > 0 {
            for left in &contents.left_out {
                log::warn!(
                    "The ignored pattern `{}` of {} is not told to {}: {}. While the web server decides by itself, its paths \
                     are held.",
                    left.pattern,
                    site.domain,
                    left.servers,
                    left.reason
                );
            }
        }
        self.raise(layout, &contents, &mut stamps)?;
        let Contents { absent, changes_at, .. } = &contents;
        let is_wanted = |path: &PathBuf| {
            contents.flag.as_ref() == Some(path)
                || contents.rules.contains_key(path)
                || contents.others.contains_key(path)
        };
        stamps.retain(|path, _| is_wanted(path));
        Ok(SiteFiles {
            site: Arc::clone(site),
            layout: layout.clone(),
            stamps,
            absent: absent.clone(),
            changes_at: *changes_at,
        })
    }

    /// Writes those files that are not on the disk as they should be; how many.
    fn bring(&self, files: &[(&PathBuf, &Bytes)], stamps: &mut HashMap<PathBuf, Stamp>) -> Result<usize, FolderError> {
        let mut new: Vec<(&PathBuf, &[u8])> = Vec::new();
        for (path, content) in files {
            let is_there = match stamps.get_mut(*path) {
                Some(stamp) => stamp.is_of(content) && stamp.holds(path),
                None => {
                    Stamp::found(path, content, FILE_MODE).map(|found| stamps.insert((*path).clone(), found)).is_some()
                }
            };
            if !is_there {
                new.push((path, content));
            }
        }
        if new.is_empty() {
            return Ok(0);
        }
        let written = self.folder.write(&new)?;
        for ((path, _), stamp) in new.iter().zip(written) {
            stamps.insert((*path).clone(), stamp);
        }
        Ok(new.len())
    }
}

impl SiteFiles {
    /// Files that are not as they were written, files that should not be there, and folders that lack rights.
    fn wrong(&mut self, folder: &Folder) -> Vec<PathBuf> {
        let is_there = |path: &&PathBuf| fs::symlink_metadata(path).is_ok();
        let added = self.absent.iter().filter(is_there).cloned().collect::<Vec<_>>();
        let changed = self.stamps.iter_mut().filter_map(|(path, stamp)| (!stamp.holds(path)).then(|| path.clone()));
        changed.chain(added).chain(folder.shut(self.layout.flag())).collect()
    }
}

/// Whether there is a page already that a flag can lead to.
fn has_page(layout: &Layout, stamps: &HashMap<PathBuf, Stamp>) -> bool {
    let page = layout.path(SiteFile::Page(None));
    stamps.contains_key(&page) || page.exists()
}

/// Whether the flags on the disk are those of this state, whoever wrote them.
pub(super) fn has_flags_of(path: &FlagPath, snapshot: &Snapshot, now: Timestamp) -> bool {
    places(path, snapshot).iter().all(|(site, layout)| {
        let in_force = flag_in_force(site, now);
        [SiteFile::Flag, SiteFile::ReadOnlyFlag]
            .into_iter()
            .all(|flag| fs::symlink_metadata(layout.path(flag)).is_ok() == (in_force == Some(flag)))
    })
}

/// The sites that have files, with their places: all of them, or the default site when the path has no placeholder.
pub(super) fn places(path: &FlagPath, snapshot: &Snapshot) -> Vec<(Arc<SiteSnapshot>, Layout)> {
    let is_meant = |site: &&Arc<SiteSnapshot>| {
        path.has_placeholder() || snapshot.default_site().is_some_and(|default| default.id == site.id)
    };
    let place = |site: &Arc<SiteSnapshot>| Some((Arc::clone(site), path.of(site.id, &site.domain)?));
    let mut places: Vec<_> = snapshot.sites().filter(is_meant).filter_map(place).collect();
    places.sort_unstable_by_key(|(site, _)| site.id);
    places
}

/// The names of files for a line of the log, the first few of them.
fn some_names(paths: &[PathBuf]) -> String {
    const SHOWN: usize = 3;
    let names: Vec<String> = paths.iter().take(SHOWN).map(|path| shown(path)).collect();
    let more = paths.len().saturating_sub(SHOWN);
    if more == 0 { names.join(", ") } else { format!("{} and {more} more", names.join(", ")) }
}

fn shown(path: &Path) -> String {
    format!("`{}`", path.display())
}
