//! Where the flag file of a site lies, and the names of the files beside it.
//!
//! `docs/FILES.md` is the reference.

use std::path::{Component, Path, PathBuf};

use super::directory::make_root;
use super::error::FolderError;
use crate::response::RETRY_AFTER_STEPS;
use crate::site::{Domain, SiteId};

/// Stands for the domain of a site in `MAINTENANCE_FILE`.
const DOMAIN: &str = "{domain}";

/// Stands for the key of a site in `MAINTENANCE_FILE`.
const ID: &str = "{id}";

/// Where flag files lie: the value of `MAINTENANCE_FILE`, checked.
///
/// An absolute path without `.` and `..`. `{domain}` stands for a whole folder name, `{id}` for any part of a name; with
/// neither of them the path is that of the default site alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlagPath {
    text: String,
    root: PathBuf,
}

/// Why a text is not a place for flag files. The words are meant for the operator.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FlagPathError {
    /// It does not begin with `/`.
    #[error("it is an absolute path, such as /var/lib/maintenance/{{domain}}/on")]
    NotAbsolute,
    /// It has a part that leads elsewhere, or a character that no path should have.
    #[error("it holds no empty part, no `.`, no `..` and no control character")]
    NotPlain,
    /// It names the folder of everything.
    #[error("it needs a folder of its own, such as /var/lib/maintenance/{{domain}}/on")]
    NoFolder,
    /// A brace that begins no placeholder that is known.
    #[error("it knows the placeholders {{domain}} and {{id}} and no other brace")]
    UnknownPlaceholder,
    /// The domain is not a folder of its own, so that files of two sites could have one name.
    #[error("{{domain}} is the name of a whole folder, as in /var/lib/maintenance/{{domain}}/on")]
    DomainNotAFolder,
    /// A name that files beside the flags have: the list, the lock, the mirror of an agent.
    #[error("its folder holds the files {} of this program: take another name", OWN.join(", "))]
    OwnName,
}

/// What lies beside the flags: the list, its lock, and the mirror of an agent.
const OWN: [&str; 3] = [".maintenance-files", ".maintenance-files.lock", ".maintenance-mirror"];

impl FlagPath {
    /// Reads the value of `MAINTENANCE_FILE`.
    ///
    /// # Errors
    /// See [`FlagPathError`].
    ///
    /// # Examples
    /// ```
    /// use maintenance_mode::flagfile::FlagPath;
    ///
    /// let path = FlagPath::parse("/var/lib/maintenance/{domain}/on")?;
    /// assert_eq!(path.root().to_str(), Some("/var/lib/maintenance"));
    /// assert!(FlagPath::parse("/var/lib/../{domain}/on").is_err());
    /// # Ok::<(), maintenance_mode::flagfile::FlagPathError>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self, FlagPathError> {
        let inner = text.strip_prefix('/').ok_or(FlagPathError::NotAbsolute)?;
        let parts: Vec<&str> = inner.split('/').collect();
        if parts.iter().any(|part| matches!(*part, "" | "." | "..")) || text.chars().any(char::is_control) {
            return Err(FlagPathError::NotPlain);
        }
        if text.replace(DOMAIN, "").replace(ID, "").contains(['{', '}']) {
            return Err(FlagPathError::UnknownPlaceholder);
        }
        let (_, folders) = parts.split_last().ok_or(FlagPathError::NoFolder)?;
        if parts.iter().any(|part| part.contains(DOMAIN) && *part != DOMAIN) || parts.last() == Some(&DOMAIN) {
            return Err(FlagPathError::DomainNotAFolder);
        }
        let fixed = folders.iter().take_while(|part| !part.contains(DOMAIN) && !part.contains(ID));
        let root: PathBuf = std::iter::once("/").chain(fixed.copied()).collect();
        if root.parent().is_none() {
            return Err(FlagPathError::NoFolder);
        }
        if parts.iter().skip(root.components().count() - 1).any(|part| OWN.contains(part)) {
            return Err(FlagPathError::OwnName);
        }
        Ok(Self { text: text.to_owned(), root })
    }

    /// The folder that belongs to whoever writes the files: what stands before the first placeholder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Makes the folder that [`FlagPath::root`] names, so that everybody may read what lies in it.
    ///
    /// # Errors
    /// It cannot be made, or is no folder.
    pub fn make_root(&self) -> Result<(), FolderError> {
        make_root(&self.root)
    }

    /// Whether each site has a place of its own; else the path is that of the default site.
    pub fn has_placeholder(&self) -> bool {
        self.text.contains(DOMAIN) || self.text.contains(ID)
    }

    /// The place of a site. `None` when its domain could lead out of the folder, which no valid domain does.
    pub fn of(&self, id: SiteId, domain: &Domain) -> Option<Layout> {
        let domain = domain.as_str();
        let is_one_name = !domain.contains(['/', '\0']) && !matches!(domain, "" | "." | "..");
        let flag = PathBuf::from(self.text.replace(DOMAIN, domain).replace(ID, &id.to_string()));
        let below = flag.strip_prefix(&self.root).ok()?;
        let is_plain = below.components().all(|part| matches!(part, Component::Normal(_)));
        (is_one_name && is_plain).then_some(Layout { flag })
    }
}

impl std::fmt::Display for FlagPath {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(&self.text)
    }
}

/// The files of one site, all beside its flag file `F`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    flag: PathBuf,
}

/// Which of a site's files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SiteFile<'l> {
    /// `F`, there exactly while the site is in maintenance for every method.
    Flag,
    /// `F.read-only`, there instead of `F` while the site is closed for writing only.
    ReadOnlyFlag,
    /// `F.html` in the fallback language, or `F.TAG.html`.
    Page(Option<&'l str>),
    /// `F.unsent.html` or `F.unsent.TAG.html`: the page for methods other than GET and HEAD, which does not come back by
    /// itself and says that nothing was sent.
    UnsentPage(Option<&'l str>),
    /// `F.json`, `application/problem+json` in the fallback language.
    Problem,
    /// `F.txt`, `text/plain` in the fallback language.
    Text,
    /// `F.retry-after`: seconds in digits, without a line end.
    RetryAfter,
    /// `F.retry-after-SECONDS`, empty, one of [`RETRY_AFTER_STEPS`].
    RetryAfterStep(u32),
    /// A file of rules for a web server, by its ending.
    Rules(&'static str),
}

impl Layout {
    /// The flag file.
    pub fn flag(&self) -> &Path {
        &self.flag
    }

    /// The path of one of the files.
    pub fn path(&self, file: SiteFile<'_>) -> PathBuf {
        let ending = match file {
            SiteFile::Flag => String::new(),
            SiteFile::ReadOnlyFlag => ".read-only".to_owned(),
            SiteFile::Page(None) => ".html".to_owned(),
            SiteFile::Page(Some(tag)) => format!(".{tag}.html"),
            SiteFile::UnsentPage(None) => ".unsent.html".to_owned(),
            SiteFile::UnsentPage(Some(tag)) => format!(".unsent.{tag}.html"),
            SiteFile::Problem => ".json".to_owned(),
            SiteFile::Text => ".txt".to_owned(),
            SiteFile::RetryAfter => ".retry-after".to_owned(),
            SiteFile::RetryAfterStep(seconds) => format!(".retry-after-{seconds}"),
            SiteFile::Rules(ending) => format!(".{ending}"),
        };
        let mut path = self.flag.clone().into_os_string();
        path.push(ending);
        PathBuf::from(path)
    }
}

/// The marker for so many seconds that are left: the longest that does not keep anybody away from a site that is open
/// again. Who comes back too early is told a shorter one.
pub fn retry_after_step(seconds: u64) -> u32 {
    let fits = RETRY_AFTER_STEPS.into_iter().rev().find(|step| u64::from(*step) <= seconds);
    fits.unwrap_or(RETRY_AFTER_STEPS[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(template: &str, id: i64, domain: &str) -> Option<PathBuf> {
        let layout = FlagPath::parse(template).unwrap().of(SiteId(id), &Domain::parse(domain).unwrap());
        layout.map(|layout| layout.flag().to_owned())
    }

    #[test]
    fn placeholders_stand_for_the_site() {
        for (template, root, path) in [
            ("/srv/m/{domain}/on", "/srv/m", "/srv/m/shop.example.com/on"),
            ("/srv/m/{id}", "/srv/m", "/srv/m/7"),
            ("/srv/m/site-{id}/{domain}/on", "/srv/m", "/srv/m/site-7/shop.example.com/on"),
            ("/srv/m/on", "/srv/m", "/srv/m/on"),
        ] {
            assert_eq!(FlagPath::parse(template).unwrap().root(), Path::new(root), "{template}");
            assert_eq!(place(template, 7, "Shop.Example.com"), Some(PathBuf::from(path)), "{template}");
        }
        assert_eq!(place("/srv/{domain}/on", 1, "[::1]"), Some(PathBuf::from("/srv/[::1]/on")));
        assert!(FlagPath::parse("/srv/on").is_ok_and(|path| !path.has_placeholder()));
    }

    #[test]
    fn what_could_lead_elsewhere_is_refused() {
        for (text, error) in [
            ("", FlagPathError::NotAbsolute),
            ("var/{domain}/on", FlagPathError::NotAbsolute),
            ("{domain}/on", FlagPathError::NotAbsolute),
            ("/srv/../{domain}/on", FlagPathError::NotPlain),
            ("/srv/./{domain}/on", FlagPathError::NotPlain),
            ("/srv//{domain}/on", FlagPathError::NotPlain),
            ("/srv/{domain}/", FlagPathError::NotPlain),
            ("/srv/{domain}/o\nn", FlagPathError::NotPlain),
            ("/srv/{domain}/o\0n", FlagPathError::NotPlain),
            ("/srv/{site}/on", FlagPathError::UnknownPlaceholder),
            ("/srv/{{domain}}/on", FlagPathError::UnknownPlaceholder),
            ("/srv/{domain", FlagPathError::UnknownPlaceholder),
            ("/srv/.maintenance-files", FlagPathError::OwnName),
            ("/srv/{domain}/.maintenance-mirror", FlagPathError::OwnName),
            ("/srv/{domain}", FlagPathError::DomainNotAFolder),
            ("/srv/{domain}.on", FlagPathError::DomainNotAFolder),
            ("/srv/a-{domain}/on", FlagPathError::DomainNotAFolder),
            ("/{domain}/on", FlagPathError::NoFolder),
            ("/on", FlagPathError::NoFolder),
        ] {
            assert_eq!(FlagPath::parse(text), Err(error), "{text:?}");
        }
    }

    #[test]
    fn a_file_is_named_after_the_flag() {
        let layout = FlagPath::parse("/srv/{domain}/on").unwrap().of(SiteId(1), &Domain::parse("a.example").unwrap());
        let layout = layout.unwrap();
        for (file, name) in [
            (SiteFile::Flag, "on"),
            (SiteFile::ReadOnlyFlag, "on.read-only"),
            (SiteFile::Page(None), "on.html"),
            (SiteFile::Page(Some("pt-BR")), "on.pt-BR.html"),
            (SiteFile::UnsentPage(None), "on.unsent.html"),
            (SiteFile::UnsentPage(Some("de")), "on.unsent.de.html"),
            (SiteFile::Problem, "on.json"),
            (SiteFile::Text, "on.txt"),
            (SiteFile::RetryAfter, "on.retry-after"),
            (SiteFile::RetryAfterStep(600), "on.retry-after-600"),
            (SiteFile::Rules("nginx.conf"), "on.nginx.conf"),
        ] {
            assert_eq!(layout.path(file), Path::new("/srv/a.example").join(name));
        }
    }

    #[test]
    fn the_step_is_never_longer_than_the_time_left_but_at_the_very_end() {
        for (left, step) in [(1, 10), (10, 10), (19, 10), (20, 20), (61, 60), (3599, 2700), (3600, 3600), (9999, 3600)]
        {
            assert_eq!(retry_after_step(left), step, "{left}");
        }
    }
}
