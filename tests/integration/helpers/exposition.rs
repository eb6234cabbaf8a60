//! Reads the text format of Prometheus (OpenMetrics 1.0) as strictly as it is written down.

use std::collections::{BTreeMap, BTreeSet};

/// A sample's labels, sorted by name.
type Labels = BTreeMap<String, String>;

/// A text that was read.
#[derive(Debug, Default)]
pub struct Exposition {
    /// Type of each family.
    pub types: BTreeMap<String, String>,
    samples: BTreeMap<(String, Labels), f64>,
}

impl Exposition {
    /// Reads a text; fails loudly on what Prometheus would refuse.
    pub fn parse(text: &str) -> Self {
        let body = text.strip_suffix("# EOF\n").expect("the text ends in `# EOF` and a line end");
        let mut read = Self::default();
        let (mut family, mut told) = (String::new(), BTreeSet::new());
        for line in body.lines() {
            match line.strip_prefix("# ") {
                Some(meta) => {
                    let [keyword, name, value] = meta.splitn(3, ' ').collect::<Vec<_>>()[..] else {
                        panic!("`{line}` is no HELP, TYPE or UNIT")
                    };
                    if name != family {
                        assert!(told.iter().all(|(_, known)| known != name), "{name} comes in two places");
                        name.clone_into(&mut family);
                    }
                    assert!(told.insert((keyword.to_owned(), name.to_owned())), "`{line}` comes twice");
                    match keyword {
                        "HELP" => assert!(!value.is_empty() && !value.contains(['\\', '"']), "{line}"),
                        "UNIT" => assert!(name.ends_with(&format!("_{value}")), "{line}"),
                        "TYPE" => drop(read.types.insert(name.to_owned(), value.to_owned())),
                        _ => panic!("`{line}` is no HELP, TYPE or UNIT"),
                    }
                }
                None => read.sample(line, &family),
            }
        }
        let untold = |name: &&String| !told.contains(&("HELP".to_owned(), (*name).clone()));
        assert_eq!(read.types.keys().find(untold), None, "a family without help");
        read.check_histograms();
        read
    }

    /// The value of a sample; `None` when there is none with exactly these labels.
    pub fn find(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let labels = labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        self.samples.get(&(name.to_owned(), labels)).copied()
    }

    /// The value of a sample.
    pub fn value(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        self.find(name, labels).unwrap_or_else(|| panic!("there is no {name} {labels:?} in {:#?}", self.samples))
    }

    /// All samples of a name with their labels.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = (&'a Labels, f64)> {
        self.samples.iter().filter(move |((known, _), _)| known == name).map(|((_, labels), value)| (labels, *value))
    }

    fn sample(&mut self, line: &str, family: &str) {
        let end = line.find(['{', ' ']).unwrap_or_else(|| panic!("`{line}` has no value"));
        let (name, rest) = line.split_at(end);
        assert!(is_name(name), "`{name}` is no name");
        let kind = self.types.get(family).unwrap_or_else(|| panic!("`{line}` has no type")).as_str();
        let ending = name.strip_prefix(family).unwrap_or_else(|| panic!("`{line}` is not of the family {family}"));
        let endings: &[&str] = match kind {
            "counter" => &["_total"],
            "gauge" => &[""],
            "info" => &["_info"],
            "histogram" => &["_bucket", "_sum", "_count"],
            _ => panic!("{kind} is a type that is not used"),
        };
        assert!(endings.contains(&ending), "`{line}` in a {kind}");
        let (labels, value) = match rest.strip_prefix('{') {
            Some(rest) => labels(rest),
            None => (Labels::new(), rest),
        };
        let value = value.strip_prefix(' ').unwrap_or_else(|| panic!("`{line}`: a blank comes before the value"));
        let value: f64 = value.parse().unwrap_or_else(|_| panic!("`{line}`: {value} is no number"));
        assert!(kind == "gauge" || value >= 0.0, "`{line}` counts below nothing");
        assert!(self.samples.insert((name.to_owned(), labels), value).is_none(), "`{line}` comes twice");
    }

    /// Buckets grow, the last one is `+Inf` and holds what the count says.
    fn check_histograms(&self) {
        for name in self.types.iter().filter(|(_, kind)| *kind == "histogram").map(|(name, _)| name) {
            let bucket = format!("{name}_bucket");
            let mut buckets: Vec<(f64, f64)> = self
                .all(&bucket)
                .map(|(labels, value)| (labels["le"].replace("+Inf", "inf").parse().expect("`le` is a number"), value))
                .collect();
            buckets.sort_by(|one, other| one.0.total_cmp(&other.0));
            assert!(buckets.is_sorted_by(|one, other| one.1 <= other.1), "{name}: {buckets:?}");
            let count = self.value(&format!("{name}_count"), &[]);
            assert_eq!(buckets.last(), Some(&(f64::INFINITY, count)), "{name}");
        }
    }
}

/// Reads labels up to the closing brace; returns what comes behind it.
fn labels(mut rest: &str) -> (Labels, &str) {
    let mut labels = Labels::new();
    loop {
        let (name, behind) = rest.split_once("=\"").expect("a label has a value in quotes");
        assert!(is_name(name) && !name.contains(':'), "`{name}` is no name of a label");
        let (mut value, mut chars) = (String::new(), behind.char_indices());
        let end = loop {
            match chars.next().expect("a value ends in a quote") {
                (at, '"') => break at + 1,
                (_, '\\') => match chars.next().map(|(_, escaped)| escaped) {
                    Some('n') => value.push('\n'),
                    Some(escaped @ ('\\' | '"')) => value.push(escaped),
                    other => panic!("{other:?} is not escaped in a label"),
                },
                (_, other) => value.push(other),
            }
        };
        assert!(labels.insert(name.to_owned(), value).is_none(), "the label {name} comes twice");
        rest = &behind[end..];
        match rest.strip_prefix(',') {
            Some(next) => rest = next,
            None => return (labels, rest.strip_prefix('}').expect("labels end in a brace")),
        }
    }
}

fn is_name(text: &str) -> bool {
    let is_letter = |c: char| c.is_ascii_alphabetic() || c == '_' || c == ':';
    text.starts_with(is_letter) && text.chars().all(|c| is_letter(c) || c.is_ascii_digit())
}
