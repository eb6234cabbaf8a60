//! The panel's own files: one style sheet, one script, one icon, and the sample site's style sheet.
//!
//! The sources are one plain file per behaviour in `static/js`; they are joined in the order of their names, each in a
//! function of its own, so that a browser makes one request. Style sheets lose their comments and indentation. The
//! version in the address is a hash of every byte, so that the files can be cached for ever.

use std::fmt::Write;
use std::sync::LazyLock;

use bytes::Bytes;
use rust_embed::RustEmbed;
use sha2::{Digest, Sha256};

#[derive(RustEmbed)]
#[folder = "static/"]
struct Sources;

/// One file as it is sent.
#[derive(Debug, Clone)]
pub struct Asset {
    /// File name in the address: `admin.css`, `admin.js`, `sample.css`, `icon.svg`.
    pub name: &'static str,
    /// Media type with charset.
    pub content_type: &'static str,
    /// The file.
    pub body: Bytes,
}

/// Every file the panel and the sample site link to.
#[derive(Debug, Clone)]
pub struct Assets {
    version: String,
    files: Vec<Asset>,
}

impl Assets {
    /// The files, joined at their first use and shared by all workers.
    pub fn shared() -> &'static Self {
        static SHARED: LazyLock<Assets> = LazyLock::new(Assets::load);
        &SHARED
    }

    /// Joins the embedded sources. Call once at start.
    pub fn load() -> Self {
        const CSS: &str = "text/css; charset=utf-8";
        let files = vec![
            Asset { name: "admin.css", content_type: CSS, body: squeezed("css/admin.css") },
            Asset { name: "admin.js", content_type: "text/javascript; charset=utf-8", body: script() },
            Asset { name: "sample.css", content_type: CSS, body: squeezed("css/sample.css") },
            Asset { name: "icon.svg", content_type: "image/svg+xml", body: source("icon.svg") },
        ];
        let mut hash = Sha256::new();
        for file in &files {
            hash.update(&file.body);
        }
        let version = hash.finalize()[..6].iter().fold(String::new(), |mut text, byte| {
            write!(text, "{byte:02x}").expect("writing to a String cannot fail");
            text
        });
        Self { version, files }
    }

    /// Twelve hexadecimal digits that change with any byte of any file.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Where the files live under a panel base such as `/admin/`: `/admin/static/0123456789ab/`.
    pub fn prefix(&self, base: &str) -> String {
        format!("{base}static/{}/", self.version)
    }

    /// The file of this name, if there is one.
    pub fn get(&self, name: &str) -> Option<&Asset> {
        self.files.iter().find(|file| file.name == name)
    }
}

/// Each source in a function of its own, because two files may use the same names, without indentation and the comments
/// that stand alone.
///
/// Knows no strings: a source may not hold one that goes over several lines.
fn script() -> Bytes {
    let mut names: Vec<_> = Sources::iter().filter(|name| name.starts_with("js/")).collect();
    names.sort();
    let mut joined = String::from("'use strict';\n");
    for name in names {
        let text = source(&name);
        let text = String::from_utf8_lossy(&text);
        joined.push_str("(() => {\n");
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//")) {
            joined.push_str(line);
            joined.push('\n');
        }
        joined.push_str("})();\n");
    }
    joined.into()
}

/// A style sheet without its comments and the space that only people need.
///
/// Knows no strings: a source may not hold `/*` or two spaces inside quotes.
fn squeezed(name: &str) -> Bytes {
    let text = source(name);
    let mut rest = &*String::from_utf8_lossy(&text);
    let mut bare = String::with_capacity(rest.len());
    while let Some((before, comment)) = rest.split_once("/*") {
        bare.push_str(before);
        rest = comment.split_once("*/").map_or("", |(_, after)| after);
    }
    bare.push_str(rest);
    let mut words = bare.split_whitespace();
    let mut squeezed = words.next().unwrap_or_default().to_owned();
    for word in words {
        // Beside these a space says nothing; elsewhere it may be a descendant or part of a value.
        if !squeezed.ends_with(['{', '}', ';', ':', ',', '>']) && !word.starts_with(['{', '}', '>', '!']) {
            squeezed.push(' ');
        }
        if word.starts_with('}') && squeezed.ends_with(';') {
            squeezed.pop();
        }
        squeezed.push_str(word);
    }
    squeezed.into()
}

fn source(name: &str) -> Bytes {
    Sources::get(name).expect("every name used here is in static/").data.into_owned().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn style_sheet_and_script_stay_within_their_budgets() {
        let assets = Assets::load();
        for name in ["admin.css", "admin.js"] {
            let size = assets.get(name).expect("is loaded").body.len();
            assert!(size <= 12 * 1024, "{name} has {size} bytes; the budget is 12 KB: make it smaller");
        }
    }

    #[test]
    fn the_address_changes_with_the_content_only() {
        let (one, two) = (Assets::load(), Assets::load());
        assert_eq!(one.version(), two.version());
        assert_eq!(one.prefix("/admin/"), format!("/admin/static/{}/", one.version()));
        assert_eq!(one.version().len(), 12);
    }

    #[test]
    fn squeezing_keeps_what_a_browser_reads() {
        let css = Assets::load().get("admin.css").expect("is loaded").body.clone();
        let css = String::from_utf8_lossy(&css);
        assert!(!css.contains("/*") && !css.contains('\n') && !css.contains(";}"));
        assert!(css.contains("*,::before{box-sizing:border-box}"), "{css}");
        assert!(css.contains("header>div"), "{css}");
        assert!(css.contains(".sites tbody th"), "a space between selectors stays");
    }

    #[test]
    fn an_unknown_file_is_not_there() {
        assert!(Assets::load().get("../Cargo.toml").is_none());
    }
}
