//! The directives of `Cache-Control` and of the headers that are like it.

/// Directives of all lines of a header, as one list (RFC 9111, section 5.2).
#[derive(Debug, Default)]
pub(super) struct Directives(Vec<(String, Option<String>)>);

impl Directives {
    /// Reads the lines. Names are told in lower case; commas in quotes end nothing.
    pub(super) fn read<'a>(lines: impl Iterator<Item = &'a str>) -> Self {
        let mut is_quoted = false;
        let is_end = |c: char| {
            is_quoted ^= c == '"';
            c == ',' && !is_quoted
        };
        let text = lines.collect::<Vec<_>>().join(",");
        let items = text.split(is_end).map(str::trim).filter(|item| !item.is_empty());
        Self(items.map(one).collect())
    }

    /// Whether there is none.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a directive is there, with or without an argument.
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(known, _)| known == name)
    }

    /// Whether a directive is there without an argument: `no-cache` and `private` with one are about single headers.
    pub(super) fn is_bare(&self, name: &str) -> bool {
        self.0.iter().any(|(known, argument)| known == name && argument.is_none())
    }

    /// The seconds of a directive, the longest of several; none at all for what is no number.
    pub(super) fn seconds(&self, name: &str) -> Option<u64> {
        let named = self.0.iter().filter(|(known, _)| known == name);
        named.map(|(_, argument)| seconds(argument.as_deref().unwrap_or_default())).max()
    }
}

/// A name with its argument, which may be quoted.
fn one(item: &str) -> (String, Option<String>) {
    let (name, argument) = match item.split_once('=') {
        Some((name, argument)) => (name, Some(argument.trim().trim_matches('"').to_owned())),
        None => (item, None),
    };
    (name.trim().to_ascii_lowercase(), argument)
}

/// A number of seconds as far as it can be read; the largest there is when it is larger (RFC 9111, section 1.2.2).
fn seconds(argument: &str) -> u64 {
    let digits = argument.find(|c: char| !c.is_ascii_digit()).map_or(argument, |end| &argument[..end]);
    if digits.is_empty() { 0 } else { digits.parse().unwrap_or(u64::MAX) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directives_are_read_over_lines_and_quotes() {
        let directives = Directives::read(
            [r#"Private="Set-Cookie, X-Foo", max-age=0604800"#, r#"S-MaxAge="60", max-age=5, no-cache,,"#].into_iter(),
        );
        assert!(directives.has("private") && !directives.is_bare("private") && directives.is_bare("no-cache"));
        assert!(!directives.has("x-foo\"") && !directives.is_empty());
        assert_eq!((directives.seconds("max-age"), directives.seconds("s-maxage")), (Some(604_800), Some(60)));
        assert_eq!(directives.seconds("stale-while-revalidate"), None);
    }

    #[test]
    fn seconds_are_read_as_far_as_they_go() {
        for (argument, read) in
            [("60", 60), ("3600+60", 3600), ("", 0), ("soon", 0), ("-1", 0), ("99999999999999999999", u64::MAX)]
        {
            assert_eq!(seconds(argument), read, "{argument}");
        }
        assert!(Directives::read(["", " , "].into_iter()).is_empty());
    }
}
