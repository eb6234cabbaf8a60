//! The file of a mirror, as its one owner writes it.
//!
//! Changes are appended and synced. When what no longer counts outgrows the rest, the file is written anew beside
//! itself, line by line, and renamed.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufWriter, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use jiff::Timestamp;

use super::MirrorError;
use super::line::{self, Header, Line, VERSION};
use super::read::{Contents, Place};
use super::update::Update;
use crate::aside::create_private;
use crate::record::SiteRecord;
use crate::site::SiteId;

/// Bytes that may go to waste before the file is written anew.
const WASTE: u64 = 64 * 1024;

/// A mirror that nobody else writes.
pub(super) struct MirrorFile {
    path: PathBuf,
    database: String,
    file: File,
    contents: Contents,
    /// Bytes that count: the lines of the sites there are.
    live: u64,
    /// Whether a failed writing may have left something behind the last seal.
    is_torn: bool,
    /// Held for as long as the file is ours. A file of its own, because the mirror itself is replaced at times.
    _lock: File,
}

impl MirrorFile {
    /// Takes the mirror of a database; makes it when there is none, or none of this database.
    ///
    /// # Errors
    /// Another process has it, or it cannot be written.
    pub(super) fn open(path: &Path, database: &str) -> Result<Self, MirrorError> {
        let failed = |error| MirrorError::io(path, error);
        let lock = private(&beside(path, ".lock")).map_err(failed)?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => MirrorError::Locked { path: path.to_owned() },
            TryLockError::Error(error) => MirrorError::io(path, error),
        })?;
        let mut file = private(path).map_err(failed)?;
        let contents = Contents::read(&mut file, path, database);
        let mut mirror = Self {
            path: path.to_owned(),
            database: database.to_owned(),
            file,
            contents: Contents::default(),
            live: 0,
            is_torn: true,
            _lock: lock,
        };
        match contents {
            Ok(contents) => {
                mirror.live = contents.sites.values().map(|place| place.length).sum();
                mirror.contents = contents;
            }
            Err(MirrorError::Io { path, source }) => return Err(MirrorError::Io { path, source }),
            // Of another database or format, or not whole: it begins anew.
            Err(_) => mirror.rewrite().map_err(failed)?,
        }
        Ok(mirror)
    }

    /// Appends what is new, so that it survives a crash. Nothing is written when nothing differs.
    pub(super) fn write(&mut self, update: &Update, now: Timestamp) -> io::Result<()> {
        let mut draft = Draft { lines: 0, sites: Vec::new(), buffer: Vec::new(), at: self.contents.length };
        if self.is_torn {
            // It would damage what is appended.
            self.file.set_len(self.contents.length)?;
        }
        self.is_torn = true;
        self.file.seek(SeekFrom::Start(self.contents.length))?;
        self.append(update, now, &mut draft)?;
        self.is_torn = false;
        let waste = self.contents.length.saturating_sub(self.live);
        if waste > self.live.max(WASTE) {
            self.rewrite()?;
        }
        Ok(())
    }

    fn append(&mut self, update: &Update, now: Timestamp, draft: &mut Draft) -> io::Result<()> {
        if let Some(all) = &update.all {
            let mut gone = self.contents.sites.clone();
            for record in all {
                let known = gone.remove(&record.site.id);
                draft.site(&mut self.file, record.site.id, Some(record), known)?;
            }
            for (id, known) in gone {
                draft.site(&mut self.file, id, None, Some(known))?;
            }
        }
        for (id, record) in &update.sites {
            let known = self.contents.sites.get(id).copied().filter(|_| update.all.is_none());
            draft.site(&mut self.file, *id, record.as_ref(), known)?;
        }
        let secret = update.secret.as_ref().filter(|secret| self.contents.secret.as_ref() != Some(secret));
        if let Some(secret) = secret {
            draft.line(&Line::Secret(secret.clone()));
        }
        let offset = update.clock_offset.filter(|offset| *offset != self.contents.clock_offset);
        if let Some(offset) = offset {
            draft.line(&Line::ClockOffset(offset));
        }
        // They hang on every record, so one has them all.
        let windows = update.all.as_ref().map(|all| all.first().map(|record| &*record.shared).unwrap_or_default());
        let windows = windows.filter(|windows| **windows != *self.contents.windows);
        if let Some(windows) = windows {
            draft.line(&Line::Windows(windows.to_vec()));
        }
        let revision = update.revision.unwrap_or(self.contents.revision);
        if draft.lines == 0 && revision == self.contents.revision {
            return Ok(());
        }
        let lines = self.contents.lines + draft.lines + 1;
        draft.line(&Line::Seal { revision, at: now, lines });
        draft.flush(&mut self.file)?;
        self.file.sync_data()?;

        for (id, place) in draft.sites.drain(..) {
            let old = match place {
                Some(place) => self.contents.sites.insert(id, place),
                None => self.contents.sites.remove(&id),
            };
            self.live = self.live + place.map_or(0, |place| place.length) - old.map_or(0, |place| place.length);
        }
        self.contents.secret = secret.cloned().or(self.contents.secret.take());
        self.contents.clock_offset = offset.unwrap_or(self.contents.clock_offset);
        if let Some(windows) = windows {
            self.contents.windows = windows.into();
        }
        (self.contents.revision, self.contents.sealed_at, self.contents.lines) = (revision, now, lines);
        self.contents.length = draft.at;
        Ok(())
    }

    /// Writes the file anew beside itself with what counts, and puts it in place.
    fn rewrite(&mut self) -> io::Result<()> {
        let aside = beside(&self.path, ".new");
        if let Err(error) = fs::remove_file(&aside)
            && error.kind() != io::ErrorKind::NotFound
        {
            return Err(error);
        }
        create_private(&aside)?;
        let (contents, live) = self.copy_to(&aside).inspect_err(|_| drop(fs::remove_file(&aside)))?;
        fs::rename(&aside, &self.path)?;
        #[cfg(unix)]
        File::open(folder_of(&self.path))?.sync_all()?;
        self.file = private(&self.path)?;
        (self.contents, self.live, self.is_torn) = (contents, live, false);
        Ok(())
    }

    fn copy_to(&mut self, aside: &Path) -> io::Result<(Contents, u64)> {
        let mut new = BufWriter::new(OpenOptions::new().write(true).open(aside)?);
        let mut next = Contents {
            secret: self.contents.secret.clone(),
            clock_offset: self.contents.clock_offset,
            windows: Arc::clone(&self.contents.windows),
            revision: self.contents.revision,
            sealed_at: self.contents.sealed_at,
            ..Contents::default()
        };
        let mut buffer = Vec::new();
        let header = Header { format: VERSION, database: self.database.clone() };
        let is_complete = self.contents.lines > 0;
        let secret = next.secret.clone().map(Line::Secret);
        let offset = Line::ClockOffset(next.clock_offset);
        let windows = Line::Windows(next.windows.to_vec());
        for line in [Some(Line::Mirror(header)), secret, Some(offset), Some(windows)].into_iter().flatten() {
            line::encode(&line, &mut buffer);
            next.lines += 1;
        }
        new.write_all(&buffer)?;
        let (mut at, mut live) = (buffer.len() as u64, 0);
        self.contents.each_line(&mut self.file, |id, line| {
            let place = self.contents.sites[&id];
            new.write_all(line)?;
            next.sites.insert(id, Place { offset: at, ..place });
            next.lines += 1;
            at += place.length;
            live += place.length;
            Ok(())
        })?;
        buffer.clear();
        // A file that has nothing complete in it yet must not look as if it had.
        if is_complete {
            next.lines += 1;
            line::encode(&Line::Seal { revision: next.revision, at: next.sealed_at, lines: next.lines }, &mut buffer);
            new.write_all(&buffer)?;
        }
        next.length = at + buffer.len() as u64;
        let file = new.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.sync_all()?;
        Ok((next, live))
    }

    /// Notes that the file agreed with the database at that time. One that was removed meanwhile is put back.
    pub(super) fn agreed(&mut self, at: Timestamp) -> io::Result<()> {
        if !self.path.try_exists()? {
            self.rewrite()?;
        }
        self.file.set_modified(SystemTime::from(at))
    }
}

/// Lines about to be appended.
struct Draft {
    lines: u64,
    sites: Vec<(SiteId, Option<Place>)>,
    buffer: Vec<u8>,
    /// Where the next line will lie.
    at: u64,
}

/// Bytes that are gathered before they are written.
const CHUNK: usize = 256 * 1024;

impl Draft {
    fn line(&mut self, line: &Line<&SiteRecord>) -> Place {
        let before = self.buffer.len();
        let sum = line::encode(line, &mut self.buffer);
        let place = Place { offset: self.at, length: (self.buffer.len() - before) as u64, sum };
        self.at += place.length;
        self.lines += 1;
        place
    }

    /// Adds a site's line, unless it is the one that is `known`.
    fn site(
        &mut self,
        file: &mut File,
        id: SiteId,
        record: Option<&SiteRecord>,
        known: Option<Place>,
    ) -> io::Result<()> {
        let (at, before) = (self.at, self.buffer.len());
        let place = self.line(&Line::Site { id, record });
        if known.is_some_and(|known| known.sum == place.sum) {
            self.buffer.truncate(before);
            self.lines -= 1;
            self.at = at;
            return Ok(());
        }
        self.sites.push((id, record.map(|_| place)));
        if self.buffer.len() >= CHUNK { self.flush(file) } else { Ok(()) }
    }

    fn flush(&mut self, file: &mut File) -> io::Result<()> {
        file.write_all(&self.buffer)?;
        self.buffer.clear();
        Ok(())
    }
}

/// A file for its owner alone, made when it is missing.
fn private(path: &Path) -> io::Result<File> {
    match create_private(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    OpenOptions::new().read(true).write(true).open(path)
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(ending);
    PathBuf::from(name)
}

#[cfg(unix)]
fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
