//! Reads a mirror: where each site's last line lies, and what the last seal says.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom};
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use serde::de::IgnoredAny;

use super::MirrorError;
use super::line::{self, Header, Line, LineError, Sum, VERSION};
use crate::change::Revision;
use crate::record::SiteRecord;
use crate::site::SiteId;
use crate::window::Window;

/// Where a line lies, and its checksum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) offset: u64,
    /// In bytes, with the line's end.
    pub(super) length: u64,
    pub(super) sum: Sum,
}

/// What a mirror holds, but for the records themselves.
#[derive(Debug, Default)]
pub(super) struct Contents {
    pub(super) sites: HashMap<SiteId, Place>,
    pub(super) secret: Option<String>,
    pub(super) clock_offset: i64,
    /// The windows of all sites.
    pub(super) windows: Arc<[Window]>,
    pub(super) revision: Revision,
    pub(super) sealed_at: Timestamp,
    /// Lines up to the last seal.
    pub(super) lines: u64,
    /// Bytes up to the last seal; what follows does not count.
    pub(super) length: u64,
    /// Why what follows the last seal cannot be used, when that is more than a last line that was torn.
    pub(super) damage: Option<String>,
}

/// What stands after the last seal.
#[derive(Default)]
struct Unsealed {
    sites: Vec<(SiteId, Option<Place>)>,
    secret: Option<String>,
    clock_offset: Option<i64>,
    windows: Option<Vec<Window>>,
}

impl Contents {
    /// Reads a mirror of this database.
    ///
    /// # Errors
    /// The file cannot be read, is none of ours, belongs to another database, or has no complete state in it.
    pub(super) fn read(file: &mut File, path: &Path, database: &str) -> Result<Self, MirrorError> {
        file.seek(SeekFrom::Start(0)).map_err(|error| MirrorError::io(path, error))?;
        let mut lines = Lines { file: BufReader::new(file), line: Vec::new(), offset: 0, number: 0 };
        let mut contents = Self::default();
        let mut unsealed = Unsealed::default();
        loop {
            match lines.next(path)? {
                Read::End => break,
                Read::Damaged { is_last: true, .. } if lines.number > 1 => break,
                Read::Damaged { reason, .. } if lines.number == 1 => {
                    return Err(MirrorError::NotAMirror { path: path.to_owned(), reason });
                }
                Read::Damaged { reason, .. } => {
                    contents.damage = Some(format!("line {} cannot be used: {reason}", lines.number));
                    break;
                }
                Read::Line(place, Line::Mirror(header)) if place.offset == 0 => header.check(path, database)?,
                Read::Line(place, _) if place.offset == 0 => {
                    let reason = "it does not begin as one".to_owned();
                    return Err(MirrorError::NotAMirror { path: path.to_owned(), reason });
                }
                Read::Line(place, line) => {
                    if !contents.take(&mut unsealed, place, line, lines.number) {
                        contents.damage = Some(format!("lines before line {} are missing", lines.number));
                        break;
                    }
                }
            }
        }
        if contents.lines == 0 {
            return Err(MirrorError::Empty { path: path.to_owned() });
        }
        Ok(contents)
    }

    /// Takes in a line; `false` when the seal does not fit what stands before it.
    fn take(&mut self, unsealed: &mut Unsealed, place: Place, line: Line<IgnoredAny>, number: u64) -> bool {
        match line {
            Line::Mirror(_) => return false,
            Line::Site { id, record } => unsealed.sites.push((id, record.map(|_| place))),
            Line::Secret(secret) => unsealed.secret = Some(secret),
            Line::ClockOffset(offset) => unsealed.clock_offset = Some(offset),
            Line::Windows(windows) => unsealed.windows = Some(windows),
            Line::Seal { revision, at, lines } => {
                if lines != number {
                    return false;
                }
                for (id, place) in unsealed.sites.drain(..) {
                    match place {
                        Some(place) => self.sites.insert(id, place),
                        None => self.sites.remove(&id),
                    };
                }
                self.secret = unsealed.secret.take().or(self.secret.take());
                self.clock_offset = unsealed.clock_offset.take().unwrap_or(self.clock_offset);
                if let Some(windows) = unsealed.windows.take() {
                    self.windows = windows.into();
                }
                (self.revision, self.sealed_at, self.lines) = (revision, at, lines);
                self.length = place.offset + place.length;
            }
        }
        true
    }

    /// The places of all sites in the order of the file, so that it is read in one go.
    pub(super) fn in_order(&self) -> Vec<(SiteId, Place)> {
        let mut places: Vec<_> = self.sites.iter().map(|(id, place)| (*id, *place)).collect();
        places.sort_unstable_by_key(|(_, place)| place.offset);
        places
    }

    /// Hands each site's line, with its end, to `each`.
    pub(super) fn each_line(
        &self,
        file: &mut File,
        mut each: impl FnMut(SiteId, &[u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut file = BufReader::new(file);
        file.seek(SeekFrom::Start(0))?;
        let (mut at, mut line) = (0_u64, Vec::new());
        for (id, place) in self.in_order() {
            let skip = i64::try_from(place.offset - at).map_err(io::Error::other)?;
            file.seek_relative(skip)?;
            line.resize(usize::try_from(place.length).map_err(io::Error::other)?, 0);
            file.read_exact(&mut line)?;
            at = place.offset + place.length;
            each(id, &line)?;
        }
        Ok(())
    }

    /// All records, in the order of the file.
    pub(super) fn records(&self, file: &mut File, path: &Path) -> Result<Vec<SiteRecord>, MirrorError> {
        let mut records = Vec::with_capacity(self.sites.len());
        let read = self.each_line(file, |_, line| {
            let line = line.strip_suffix(b"\n").unwrap_or(line);
            let (_, json) = line::check(line).map_err(io::Error::other)?;
            match serde_json::from_slice(json).map_err(io::Error::other)? {
                Line::Site { record: Some(record), .. } => {
                    records.push(SiteRecord { shared: Arc::clone(&self.windows), ..record });
                }
                _ => return Err(io::Error::other("a line changed while it was read")),
            }
            Ok(())
        });
        read.map_err(|error| MirrorError::NotAMirror { path: path.to_owned(), reason: error.to_string() })?;
        Ok(records)
    }
}

impl Header {
    fn check(&self, path: &Path, database: &str) -> Result<(), MirrorError> {
        let path = path.to_owned();
        if self.format != VERSION {
            return Err(MirrorError::OtherFormat { path, found: self.format });
        }
        if self.database != database {
            return Err(MirrorError::OtherDatabase { path, database: self.database.clone() });
        }
        Ok(())
    }
}

/// The lines of a file, one after the other.
struct Lines<'f> {
    file: BufReader<&'f mut File>,
    line: Vec<u8>,
    offset: u64,
    number: u64,
}

/// What was read.
enum Read {
    End,
    Line(Place, Line<IgnoredAny>),
    Damaged { reason: String, is_last: bool },
}

impl Lines<'_> {
    fn next(&mut self, path: &Path) -> Result<Read, MirrorError> {
        self.line.clear();
        let length = self.file.read_until(b'\n', &mut self.line).map_err(|error| MirrorError::io(path, error))?;
        if length == 0 {
            return Ok(Read::End);
        }
        self.number += 1;
        let (offset, length) = (self.offset, length as u64);
        self.offset += length;
        match parse(&self.line) {
            Ok((sum, line)) => Ok(Read::Line(Place { offset, length, sum }, line)),
            Err(error) => {
                let rest = self.file.fill_buf().map_err(|error| MirrorError::io(path, error))?;
                Ok(Read::Damaged { reason: error.to_string(), is_last: rest.is_empty() })
            }
        }
    }
}

fn parse(line: &[u8]) -> Result<(Sum, Line<IgnoredAny>), LineError> {
    // Without its end it was torn, even if the rest is whole.
    let line = line.strip_suffix(b"\n").ok_or(LineError::Damaged)?;
    let (sum, json) = line::check(line)?;
    Ok((sum, serde_json::from_slice(json)?))
}
