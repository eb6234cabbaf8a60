//! The templates of the maintenance page: the built-in one and the operator's own, loaded and checked together.
//!
//! An own page stands, the first that is there wins, in `sites/<domain>/503.html`, in the file of the
//! `MAINTENANCE_503_TEMPLATE` setting, or in `503.html`, under the folder of own templates. It is a
//! [Tera](https://keats.github.io/tera/) template, may include and extend others of that folder, and may extend
//! `"built-in/503.html"`. These names are filled in:
//!
//! | name | what |
//! |---|---|
//! | `site`, `domain` | the site's name (its domain, if it has none) and its domain |
//! | `heading` | heading, plain |
//! | `until` | a sentence with the end as HTML; empty unless an end is ahead that the site's own text leaves out |
//! | `message`, `message_text` | the text as HTML with paragraphs and links, and as plain text |
//! | `end`, `end_iso` | the end in words with its zone, and as RFC 3339; empty unless an end is ahead |
//! | `language`, `dir` | tag of the language, and `ltr` or `rtl` |
//! | `contact`, `contact_text` | how to reach somebody, as HTML with its label, and the bare text; may be empty |
//! | `link` | `link.url` and `link.label` of the extra link, or nothing |
//! | `status`, `reason` | `503` and `Service Unavailable` |
//! | `unsent` | says that what was sent did not arrive; empty unless something was sent |
//! | `retries`, `script` | whether the page may open the site by itself, and whether to put in the script for it |
//! | `words` | built-in words: `words.try_again`, `words.by_itself` |
//! | `heading_attributes`, `message_attributes`, `words_attributes`, `link_attributes` | ` lang="…" dir="…"` where that part is in another language than the page |
//! | `request_path` | path of the request |
//! | `retry_after` | seconds of the `Retry-After` header |
//!
//! Everything is escaped unless it is HTML already. A page is rendered once per change; one that mentions
//! `request_path` or `retry_after` is rendered for each request, within [`TIME_PER_REQUEST`]. The policy sent with
//! an own page lets inline scripts run that are the same for every request, and scripts of the same origin.
//!
//! A template that cannot be read or has an error is reported by [`PageTemplates::errors`], and the built-in page
//! takes its place. Nothing here is fatal.

use std::collections::HashMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use regex::Regex;
use rust_embed::RustEmbed;
use tera::{Context, Tera};

/// Longest time to render a page once per change; far more than any sensible page takes on a busy machine.
pub const TIME_PER_CHANGE: Duration = Duration::from_secs(1);

/// Longest time to render a page for one request.
pub const TIME_PER_REQUEST: Duration = Duration::from_millis(50);

/// Largest template file and largest rendered page, in bytes.
pub const MAX_SIZE: usize = 1 << 20;

/// Files that one page may be put together from.
const MAX_FILES: usize = 100;

/// Name of the built-in page, for own pages to extend.
pub const BUILT_IN: &str = "built-in/503.html";

/// Names that make a page one per request; the last is Tera's dump of all names.
const LIVE_NAMES: [&str; 3] = ["request_path", "retry_after", "__tera_context"];

/// Finds the files that a template is put together from.
static REFERENCE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"\b(?:extends|include)\s+["'`]([^"'`]+)["'`]"#).expect("the expression is fixed and tested")
});

static BUILT_IN_SOURCE: LazyLock<String> = LazyLock::new(|| {
    let file = Files::get("503.html").expect("templates/maintenance/503.html is part of the crate");
    let source = std::str::from_utf8(&file.data).expect("the built-in page is UTF-8");
    compact(source)
});

static BUILT_IN_TEMPLATE: LazyLock<Arc<PageTemplate>> = LazyLock::new(|| {
    let template = PageTemplate::compile(BUILT_IN.to_owned(), Vec::new());
    Arc::new(template.expect("the built-in page compiles, a test renders it"))
});

#[derive(RustEmbed)]
#[folder = "templates/maintenance"]
struct Files;

/// Why a template cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{template}: {text}")]
pub struct TemplateError {
    /// Which one: its name under the folder of own templates, or the path of the setting.
    pub template: String,
    /// What is wrong, as the template engine or the system says it; may have several lines.
    pub text: String,
}

/// One page, compiled with all it is put together from.
#[derive(Debug)]
pub(crate) struct PageTemplate {
    name: String,
    tera: Tera,
    is_live: bool,
}

type Loaded = Result<Arc<PageTemplate>, TemplateError>;

/// Every page there is. Immutable: to take up changed files, load again and put the new one in its place.
#[derive(Debug, Default)]
pub struct PageTemplates {
    /// Of the setting, else of `503.html`.
    common: Option<Loaded>,
    /// By domain in lower case.
    sites: HashMap<String, Loaded>,
}

impl PageTemplates {
    /// Loads the own pages under `folder`, and the one of the `MAINTENANCE_503_TEMPLATE` setting: a path of its
    /// own, else under `folder`. Without either only the built-in page is used.
    pub fn load(folder: Option<&Path>, setting: Option<&Path>) -> Self {
        let mut templates = Self::default();
        if let Some(folder) = folder {
            let common = folder.join("503.html");
            templates.common = common.exists().then(|| load("503.html".to_owned(), &common, &[folder]));
            templates.sites = load_sites(folder);
        }
        if let Some(setting) = setting {
            let under = folder.map(|folder| folder.join(setting)).filter(|path| path.exists() && !setting.exists());
            let path = under.as_deref().unwrap_or(setting);
            let folders: Vec<&Path> = folder.into_iter().chain(path.parent()).collect();
            templates.common = Some(load(setting.display().to_string(), path, &folders));
        }
        templates
    }

    /// What is wrong with own templates; each is replaced by the built-in page. Sorted by name.
    pub fn errors(&self) -> Vec<&TemplateError> {
        let all = self.common.iter().chain(self.sites.values());
        let mut errors: Vec<_> = all.filter_map(|loaded| loaded.as_ref().err()).collect();
        errors.sort_by(|a, b| a.template.cmp(&b.template));
        errors
    }

    /// The page of a site: its own, else the common one; `None` when the built-in one is the site's.
    pub(crate) fn of(&self, domain: &str) -> Option<&Loaded> {
        self.sites.get(&domain.to_ascii_lowercase()).or(self.common.as_ref())
    }
}

/// The built-in page.
pub(crate) fn built_in() -> Arc<PageTemplate> {
    Arc::clone(&BUILT_IN_TEMPLATE)
}

/// The built-in page without what is there for those who read its file: indentation, comments in its script, and
/// the blanks around signs in its style and script.
fn compact(source: &str) -> String {
    const BLANKS: [(&str, &str); 12] = [
        (": ", ":"),
        ("; ", ";"),
        (", ", ","),
        (" {", "{"),
        ("{ ", "{"),
        (" }", "}"),
        (" = ", "="),
        (" => ", "=>"),
        (" + ", "+"),
        (" * ", "*"),
        (" - ", "-"),
        (" && ", "&&"),
    ];
    let mut compact = String::with_capacity(source.len());
    let mut is_code = false;
    for line in source.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//")) {
        is_code &= !line.starts_with("</");
        if is_code {
            compact.push_str(&BLANKS.iter().fold(line.to_owned(), |line, (long, short)| line.replace(long, short)));
        } else {
            compact.push_str(line);
        }
        compact.push('\n');
        is_code |= line.starts_with("<style>") || line.starts_with("<script");
    }
    compact.replace(";\n}", "}").replace(";\n", ";").replace("{\n", "{")
}

fn load_sites(folder: &Path) -> HashMap<String, Loaded> {
    let entries = fs::read_dir(folder.join("sites")).into_iter().flatten().flatten();
    let loaded = entries.filter_map(|entry| {
        let domain = entry.file_name().to_str()?.to_owned();
        let path = entry.path().join("503.html");
        let name = format!("sites/{domain}/503.html");
        path.exists().then(|| (domain.to_ascii_lowercase(), load(name, &path, &[folder])))
    });
    loaded.collect()
}

/// Reads a page and all that it mentions, and compiles them.
fn load(name: String, path: &Path, folders: &[&Path]) -> Loaded {
    let collected = read(path).map_err(|error| error.to_string()).and_then(|source| {
        let mut sources = vec![(name.clone(), source)];
        let mut next = 0;
        while next < sources.len() {
            for reference in references(&sources[next].1) {
                let is_new = reference != BUILT_IN && sources.iter().all(|(known, _)| *known != reference);
                if let Some(found) = find(&reference, folders).filter(|_| is_new) {
                    let source = read(&found).map_err(|error| format!("`{reference}`: {error}"))?;
                    sources.push((reference, source));
                }
            }
            if sources.len() > MAX_FILES {
                return Err(format!("it is put together from more than {MAX_FILES} files"));
            }
            next += 1;
        }
        Ok(sources)
    });
    let compiled = collected.and_then(|sources| PageTemplate::compile(name.clone(), sources));
    compiled.map(Arc::new).map_err(|text| TemplateError { template: name, text })
}

fn read(path: &Path) -> io::Result<String> {
    let size = fs::metadata(path)?.len();
    if size > MAX_SIZE as u64 {
        return Err(io::Error::other(format!("the file has {size} bytes; at most {MAX_SIZE} are possible")));
    }
    fs::read_to_string(path)
}

fn references(source: &str) -> Vec<String> {
    REFERENCE.captures_iter(source).map(|found| found[1].to_owned()).collect()
}

/// The file of a name, which stays inside its folder.
fn find(name: &str, folders: &[&Path]) -> Option<PathBuf> {
    let is_inside = Path::new(name).components().all(|part| matches!(part, Component::Normal(_)));
    is_inside.then(|| folders.iter().map(|folder| folder.join(name)).find(|path| path.is_file())).flatten()
}

impl PageTemplate {
    /// Compiles a page, the first of the sources, with the others and the built-in page at hand.
    fn compile(name: String, sources: Vec<(String, String)>) -> Result<Self, String> {
        let mut tera = Tera::default();
        // Everything is HTML here, whatever a file is called.
        tera.autoescape_on([""]);
        let built_in = std::iter::once((BUILT_IN, BUILT_IN_SOURCE.as_str()));
        let own = sources.iter().map(|(name, source)| (name.as_str(), source.as_str()));
        tera.add_raw_templates(built_in.chain(own)).map_err(|error| chain(&error))?;
        let is_live = sources.iter().any(|(_, source)| LIVE_NAMES.iter().any(|name| source.contains(name)));
        Ok(Self { name, tera, is_live })
    }

    /// Its name, for people.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Whether it differs from request to request.
    pub(crate) fn is_live(&self) -> bool {
        self.is_live
    }

    /// Renders the page.
    ///
    /// # Errors
    ///
    /// The engine's text, or that it took too long or grew too large.
    pub(crate) fn render(&self, context: &Context, time: Duration) -> Result<String, RenderError> {
        let started = Instant::now();
        let mut page = Page { bytes: Vec::with_capacity(8192), started, time, is_late: false };
        let rendered = self.tera.render_to(&self.name, context, &mut page);
        if page.is_late || started.elapsed() > time {
            return Err(RenderError::Late(format!("rendering takes longer than {} ms", time.as_millis())));
        }
        if page.bytes.len() > MAX_SIZE {
            return Err(RenderError::Broken(format!("the page has more than {MAX_SIZE} bytes")));
        }
        rendered.map_err(|error| RenderError::Broken(chain(&error)))?;
        String::from_utf8(page.bytes).map_err(|error| RenderError::Broken(error.to_string()))
    }
}

/// Why a page could not be rendered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RenderError {
    /// It has an error.
    #[error("{0}")]
    Broken(String),
    /// It took too long, which a busy machine may be the reason for.
    #[error("{0}")]
    Late(String),
}

/// Takes what is rendered and stops it when it takes too long or grows too large.
struct Page {
    bytes: Vec<u8>,
    started: Instant,
    time: Duration,
    is_late: bool,
}

impl Write for Page {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes.extend_from_slice(bytes);
        self.is_late = self.started.elapsed() > self.time;
        if self.is_late || self.bytes.len() > MAX_SIZE {
            return Err(io::Error::other("stopped"));
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// An error with all that led to it.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder of own templates.
    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, source) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, source).unwrap();
        }
        folder
    }

    fn rendered(templates: &PageTemplates, domain: &str) -> String {
        let template = templates.of(domain).unwrap().as_ref().unwrap();
        template.render(&tera::context! { site => "<Ann>" }, TIME_PER_CHANGE).unwrap()
    }

    #[test]
    fn without_own_templates_the_built_in_page_is_used() {
        let templates = PageTemplates::load(None, None);
        assert!(templates.of("example.com").is_none());
        assert!(templates.errors().is_empty());
        assert!(PageTemplates::load(Some(Path::new("/no/such/folder")), None).of("a").is_none());
    }

    #[test]
    fn a_site_goes_before_the_setting_and_the_setting_before_the_common_page() {
        let folder =
            folder(&[("503.html", "common"), ("own.html", "setting"), ("sites/Shop.example/503.html", "shop")]);
        let templates = PageTemplates::load(Some(folder.path()), None);
        assert_eq!(rendered(&templates, "example.com"), "common");
        assert_eq!(rendered(&templates, "shop.example"), "shop");
        for setting in [folder.path().join("own.html"), PathBuf::from("own.html")] {
            let templates = PageTemplates::load(Some(folder.path()), Some(&setting));
            assert_eq!(rendered(&templates, "example.com"), "setting");
            assert_eq!(rendered(&templates, "shop.example"), "shop");
        }
        assert_eq!(rendered(&PageTemplates::load(None, Some(&folder.path().join("own.html"))), "a"), "setting");
    }

    #[test]
    fn pages_are_put_together_and_everything_is_escaped() {
        let folder = folder(&[
            (
                "503.html",
                "{% extends 'base.html' %}{% block body %}{{ site }}{% include \"parts/foot.txt\" %}{% endblock %}",
            ),
            ("base.html", "<{% block body %}{% endblock %}>"),
            ("parts/foot.txt", "/{{ site }}"),
        ]);
        let templates = PageTemplates::load(Some(folder.path()), None);
        assert_eq!(rendered(&templates, "a"), "<&lt;Ann&gt;/&lt;Ann&gt;>");
    }

    #[test]
    fn a_page_is_live_when_anything_it_is_put_together_from_is() {
        let folder = folder(&[
            ("503.html", "{% include 'part.html' %}"),
            ("part.html", "{{ request_path }}"),
            ("sites/a/503.html", "plain"),
            ("sites/b/503.html", "{{ retry_after }}"),
            ("sites/c/503.html", "{% extends 'built-in/503.html' %}"),
        ]);
        let templates = PageTemplates::load(Some(folder.path()), None);
        assert!(templates.errors().is_empty(), "{:?}", templates.errors());
        for (domain, expected) in [("other", true), ("a", false), ("b", true), ("c", false)] {
            assert_eq!(templates.of(domain).unwrap().as_ref().unwrap().is_live(), expected, "{domain}");
        }
    }

    #[test]
    fn a_bad_template_is_reported_with_its_place_and_spoils_no_other() {
        let folder = folder(&[
            ("503.html", "fine"),
            ("sites/a/503.html", "one\n{% if %}"),
            ("sites/b/503.html", "{{ site | nonsense }}"),
            ("sites/c/503.html", "{% include 'absent.html' %}"),
            ("sites/d/503.html", "{% extends '../../503.html' %}"),
            ("sites/e/503.html", "{% include 'loop.html' %}"),
            ("loop.html", "{% include 'loop.html' %}"),
        ]);
        fs::create_dir_all(folder.path().join("sites/f")).unwrap();
        fs::write(folder.path().join("sites/f/503.html"), b"\xff").unwrap();
        fs::create_dir_all(folder.path().join("sites/g")).unwrap();
        fs::write(folder.path().join("sites/g/503.html"), vec![b'a'; MAX_SIZE + 1]).unwrap();
        let templates = PageTemplates::load(Some(folder.path()), None);
        assert_eq!(rendered(&templates, "other"), "fine");
        let errors = templates.errors();
        let names: Vec<_> = errors.iter().map(|error| error.template.as_str()).collect();
        let expected: Vec<_> = "abcdefg".chars().map(|site| format!("sites/{site}/503.html")).collect();
        assert_eq!(names, expected);
        for (error, text) in errors.iter().zip([
            "a/503.html:2",
            "nonsense",
            "absent.html",
            "../../503.html",
            "loop.html",
            "UTF-8",
            "1048577",
        ]) {
            assert!(error.text.contains(text), "{error}");
        }
    }

    #[test]
    fn a_missing_file_of_the_setting_is_reported() {
        let templates = PageTemplates::load(None, Some(Path::new("/no/such/503.html")));
        assert_eq!(templates.errors()[0].template, "/no/such/503.html");
        assert!(templates.of("a").unwrap().is_err());
    }

    #[test]
    fn rendering_ends_in_time_and_within_a_size() {
        let folder = folder(&[
            ("503.html", "{% for a in range(end=9000) %}{% for b in range(end=9000) %}x{% endfor %}{% endfor %}"),
            ("sites/a/503.html", "{{ missing.name.first }}"),
        ]);
        let templates = PageTemplates::load(Some(folder.path()), None);
        let endless = templates.of("b").unwrap().as_ref().unwrap();
        let late = endless.render(&Context::new(), Duration::ZERO).unwrap_err();
        assert_eq!(late, RenderError::Late("rendering takes longer than 0 ms".to_owned()));
        let large = endless.render(&Context::new(), Duration::from_secs(600)).unwrap_err();
        assert_eq!(large, RenderError::Broken("the page has more than 1048576 bytes".to_owned()));
        let broken = templates.of("a").unwrap().as_ref().unwrap();
        assert!(broken.render(&Context::new(), TIME_PER_CHANGE).unwrap_err().to_string().contains("missing"));
    }
}
