//! What web servers are told in their own words, one file per kind of server.
//!
//! Rows 4 and 5 of the decision (internal networks, ignored patterns) as rules beside the flag file, so that they hold
//! while nobody but the web server runs. The other rows need this program: who is signed in.

mod apache;
mod caddy;
mod emission;
mod haproxy;
mod nginx;
mod told;
mod value;

use ipnet::IpNet;

use crate::pattern::IgnoredPattern;
use crate::site::{Domain, SiteId};

pub use emission::{Emission, EmissionError, EmittedSite, Mode, Part, Server, Unreachable};
pub use told::LeftOut;
pub use value::{ConfigPath, Listen, Origin, ValueError};

/// Matches a target in origin form, as it was sent, of which every server reads the same path: only escapes that all
/// decode alike, and those beyond ASCII only when they are UTF-8. To be used together with [`UNCLEAN_TARGET`].
///
/// In what PCRE2 and RE2 share. Stricter than [`crate::path::RequestPath`]: an escaped dot is not clean either.
pub const CLEAN_TARGET: &str = concat!(
    r"\A/(?:[\x21\x24\x26-\x3B\x3D\x40-\x5A\x5B\x5D\x5F\x61-\x7A\x7E]",
    r"|%(?:2[0-46-9ACDacd]|[346][0-9A-Fa-f]|5[0-9ABD-Fabd-f]|7[0-9A-Ea-e]",
    r"|[Cc]2%[AaBb][0-9A-Fa-f]|(?:[Cc][3-9A-Fa-f]|[Dd][0-9A-Fa-f])%[89ABab][0-9A-Fa-f]",
    r"|[Ee](?:0%[AaBb]|[1-9A-Ca-cEeFf]%[89ABab]|[Dd]%[89])[0-9A-Fa-f]%[89ABab][0-9A-Fa-f]",
    r"|[Ff](?:0%[9ABab]|[1-3]%[89ABab]|4%8)[0-9A-Fa-f](?:%[89ABab][0-9A-Fa-f]){2}))*(?:\?|\z)",
);

/// Matches a target whose path is not clean although each of its escapes is: with an empty segment or one that may be
/// read as dots, with a slash or backslash of another width, or longer than [`crate::pattern::MAX_MATCHED_PATH_BYTES`].
///
/// See [`crate::path::RequestPath::is_clean`]. Stricter: whatever follows blanks behind dots. Counts go up to 1,000,
/// where RE2 ends.
pub const UNCLEAN_TARGET: &str = concat!(
    r"\A(?:[^?]*(?:/(?:/|",
    // Up to two dots, also in forms of another width, before what some server takes for the end of the name.
    r"(?:\.|%(?:[Ee]2%80%[Aa]4|[Ee][Ff]%(?:[Bb]9%92|[Bb][Cc]%8[Ee]))){0,2}(?:;|%3[Bb])",
    r"|(?:(?:\.|%(?:[Ee]2%80%[Aa]4|[Ee][Ff]%(?:[Bb]9%92|[Bb][Cc]%8[Ee]))){1,2}|%[Ee]2%80%[Aa]5)",
    r"(?:/|\?|\z|;|%(?:3[BbFf]|2[03]|[Cc]2%[Aa]0|[Ee]1%9[Aa]%80|[Ee]2%(?:80%(?:8[0-9Aa]|[Aa][89Ff])|81%9[Ff])|[Ee]3%80%80)))",
    r"|%[Ee][Ff]%(?:[Bb]9%[Aa]8|[Bb][Cc]%(?:8[Ff]|[Bb][Cc])))",
    r"|[^?]{1000}[^?]{1000}[^?]{1000}[^?]{1000}[^?]{97})",
);

/// Steps that PCRE2 may take for one expression: it goes back where our own engine does not, and visitors choose the
/// path. Beyond it the path is not ignored.
const MATCH_LIMIT: &str = "(*LIMIT_MATCH=100000)";

/// What one site's rules are made from.
#[derive(Debug, Clone)]
pub struct SiteRules<'r> {
    /// Key of the site, which is part of names.
    pub id: SiteId,
    /// Its domain, for comments.
    pub domain: &'r Domain,
    /// Paths that pass: those of the site, then those of the settings.
    pub ignored: Vec<&'r IgnoredPattern>,
    /// Networks that pass: those of the settings and of the site.
    pub networks: Vec<IpNet>,
    /// Seconds for `Retry-After` while no end is known.
    pub retry_after: u32,
}

/// A file of rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleFile {
    /// What follows the name of the flag file and a dot, see [`ENDINGS`].
    pub ending: &'static str,
    /// Its text.
    pub text: String,
}

/// The endings of all rule files, in the order in which [`SiteRules::files`] has them.
pub const ENDINGS: [&str; 5] = [nginx::ENDING, apache::ENDING, caddy::ENDING, haproxy::PATHS, haproxy::NETWORKS];

impl SiteRules<'_> {
    /// The rules for every web server, and the patterns that could not be said to some of them.
    pub fn files(&self) -> (Vec<RuleFile>, Vec<LeftOut>) {
        let told = told::Told::of(self);
        let texts = [
            nginx::rules(self, &told.pcre),
            apache::rules(self, &told.pcre),
            caddy::rules(self, &told.re2),
            haproxy::paths(self, &told.pcre),
            haproxy::networks(self),
        ];
        let files = ENDINGS.into_iter().zip(texts).map(|(ending, text)| RuleFile { ending, text }).collect();
        (files, told.left_out)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use regex::Regex;

    use super::*;
    use crate::path::RequestPath;
    use crate::pattern::{MAX_MATCHED_PATH_BYTES, PatternKind};

    fn is_clean(target: &str) -> bool {
        let [clean, unclean] = [CLEAN_TARGET, UNCLEAN_TARGET].map(|text| Regex::new(text).unwrap());
        clean.is_match(target) && !unclean.is_match(target)
    }

    #[test]
    fn a_target_is_clean_where_all_servers_read_the_same_path() {
        for target in [
            "/",
            "/a/b.c/",
            "/.well-known/x",
            "/...",
            "/caf%C3%A9?x=//..",
            "/a%20b",
            "/a;v=1",
            "/%F0%9F%98%80",
            "/.a%20/",
        ] {
            assert!(is_clean(target), "{target}");
        }
        for target in [
            "",
            "*",
            "http://a/",
            "//",
            "/a//b",
            "/./a",
            "/a/..",
            "/a/../b",
            "/a/..;/b",
            "/a/.%3b",
            "/;x",
            "/%2e%2e/a",
            "/a%2fb",
            "/a%25",
            "/a%2Bb",
            "/a%5Cb",
            "/a\\b",
            "/a%00",
            "/a%7f",
            "/%FF",
            "/%C3",
            "/%C0%AF",
            "/%ED%A0%80",
            "/%C2%80",
            "/a b",
            "/a#b",
            "/%",
            "/%2",
            "/a\n",
            "/é",
            "/a/..%20/b",
            "/a/..%23/b",
            "/a/.%3Fx/b",
            "/a/..%C2%A0",
            "/a/..%e3%80%80/b",
            "/a/%EF%BC%8E%EF%BC%8E/b",
            "/a/.%E2%80%A4/b",
            "/a/%ef%b9%92;/b",
            "/a/%E2%80%A5",
            "/a%EF%BC%8Fb",
            "/a%EF%B9%A8b",
            "/a%ef%bc%bcb",
        ] {
            assert!(!is_clean(target), "{target}");
        }
        let long = |bytes: usize| format!("/{}?{}", "a".repeat(bytes - 1), "b".repeat(9000));
        assert!(is_clean(&long(MAX_MATCHED_PATH_BYTES)) && !is_clean(&long(MAX_MATCHED_PATH_BYTES + 1)));
    }

    #[test]
    fn each_file_says_what_it_leaves_out() {
        let rows = ["^a$", "b*^c", r"\bd", r"^\w+/"].map(|pattern| IgnoredPattern {
            kind: PatternKind::Regex,
            pattern: pattern.to_owned(),
            description: String::new(),
        });
        let rules = SiteRules {
            id: SiteId(7),
            domain: &Domain::parse("shop.example.com").unwrap(),
            ignored: rows.iter().collect(),
            networks: vec!["10.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap(), "10.0.0.0/8".parse().unwrap()],
            retry_after: 90,
        };
        let (files, left_out) = rules.files();
        assert_eq!(files.iter().map(|file| file.ending).collect::<Vec<_>>(), ENDINGS);
        for file in &files {
            assert!(file.text.contains("shop.example.com"), "{}", file.text);
            let paths = file.ending != haproxy::NETWORKS;
            assert_eq!(file.text.contains("# Left out: `b*^c`:"), paths, "{}", file.text);
            assert_eq!(file.text.contains("# Only for ASCII: `^\\w+/`"), paths, "{}", file.text);
            assert_eq!(file.text.contains("# Left out: `\\bd`:"), file.ending == caddy::ENDING, "{}", file.text);
            let networks = file.text.matches("10.0.0.0/8").count();
            assert_eq!(networks, usize::from(file.ending != haproxy::PATHS), "{}", file.text);
        }
        assert_eq!(left_out.iter().map(|left| left.pattern.as_str()).collect::<Vec<_>>(), ["b*^c", r"\bd"]);
    }

    #[test]
    fn caddy_finds_no_variable_of_the_environment_in_a_pattern() {
        let rows = [(PatternKind::Prefix, "/price{$a"), (PatternKind::Regex, "b}{$HOME}*^c")]
            .map(|(kind, pattern)| IgnoredPattern { kind, pattern: pattern.to_owned(), description: String::new() });
        let rules = SiteRules {
            id: SiteId(7),
            domain: &Domain::parse("shop.example.com").unwrap(),
            ignored: rows.iter().collect(),
            networks: Vec::new(),
            retry_after: 90,
        };
        let (files, _) = rules.files();
        let caddy = files.iter().find(|file| file.ending == caddy::ENDING).unwrap();
        assert!(!caddy.text.contains("{$"), "{}", caddy.text);
        assert!(caddy.text.contains(r"price\x{7B}\x{24}a"), "{}", caddy.text);
    }

    proptest! {
        #[test]
        fn what_counts_as_clean_here_is_clean_for_the_gate(target in prop_oneof![
            any::<String>(),
            "/([a-z./;?]|%[0-9A-Fa-f]{2}|%C3%A9){0,12}",
            "(/|\\.|;|%2e|%2F|%3b|a|\\?){0,10}",
            "/((/|\\.|%E2%80%A4|%E2%80%A5|%EF%B9%92|%EF%BC%8E|%20|%23|%3f|%c2%a0|%E2%80%[89Aa][0-9Aa]|%EF%BC%8F|a){0,4}/){1,3}",
        ]) {
            prop_assert!(!is_clean(&target) || RequestPath::of_target(&target).is_clean());
        }

        #[test]
        fn ordinary_paths_are_clean_here(target in "(/[a-z0-9_-]{1,5}(\\.[a-z]{1,3})?){1,4}/?(\\?[a-z=&]*)?") {
            prop_assert!(is_clean(&target));
        }
    }
}
