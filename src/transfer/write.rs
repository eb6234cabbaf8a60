//! Writes a document piece by piece, so that its size is no matter.

use std::io::{self, Write};

use serde::Serialize;

use super::{FORMAT, FORMAT_VERSION, Origin, UserRecord};
use crate::record::SiteRecord;
use crate::window::Window;

/// A document under way: all sites, the windows of all of them, then all users or none, then the end. One that was
/// never ended is refused when it is read.
pub struct Document<W> {
    out: W,
    is_first: bool,
}

impl<W: Write> Document<W> {
    /// Writes what stands above the sites.
    ///
    /// # Errors
    /// What `out` says.
    pub fn begin(mut out: W, origin: &Origin) -> io::Result<Self> {
        let Origin { exported_at, program_version, revision } = origin;
        write!(
            out,
            "{{\n\"format\": {},\n\"format_version\": {FORMAT_VERSION},\n\"exported_at\": {},\n\"program_version\": \
             {},\n\"revision\": {revision},\n\"sites\": [",
            json(FORMAT)?,
            json(exported_at)?,
            json(program_version)?,
        )?;
        Ok(Self { out, is_first: true })
    }

    /// Adds a site.
    ///
    /// # Errors
    /// What `out` says.
    pub fn site(&mut self, record: &SiteRecord) -> io::Result<()> {
        self.line(record)
    }

    /// Adds the windows of all sites, after the last site.
    ///
    /// # Errors
    /// What `out` says.
    pub fn windows(&mut self, windows: &[Window]) -> io::Result<()> {
        self.out.write_all(b"\n],\n\"windows\": [")?;
        self.is_first = true;
        windows.iter().try_for_each(|window| self.line(window))
    }

    /// Adds all users, after the windows.
    ///
    /// # Errors
    /// What `out` says.
    pub fn users(&mut self, users: &[UserRecord]) -> io::Result<()> {
        self.out.write_all(b"\n],\n\"users\": [")?;
        self.is_first = true;
        users.iter().try_for_each(|user| self.line(user))
    }

    /// Ends the document and returns what it was written to.
    ///
    /// # Errors
    /// What `out` says.
    pub fn end(mut self) -> io::Result<W> {
        self.out.write_all(b"\n]\n}\n")?;
        self.out.flush()?;
        Ok(self.out)
    }

    fn line(&mut self, row: &impl Serialize) -> io::Result<()> {
        self.out.write_all(if self.is_first { b"\n" } else { b",\n" })?;
        self.is_first = false;
        serde_json::to_writer(&mut self.out, row).map_err(io::Error::from)
    }
}

fn json<T: Serialize + ?Sized>(value: &T) -> io::Result<String> {
    serde_json::to_string(value).map_err(io::Error::from)
}
