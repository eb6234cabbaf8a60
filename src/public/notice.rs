//! `/maintenance/notice.js`: one line of HTML in any site, `<script src="/maintenance/notice.js" defer></script>`, and
//! its visitors are told beforehand.

use std::sync::LazyLock;

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;

use super::answer::{Shared, languages, send};
use crate::language;
use crate::middleware::InForce;
use crate::visits::Visits;
use crate::wording::{self, Wording};

/// Seconds for which the script may be kept; its words and its ways change with this program only.
const MAX_AGE: u64 = 3600;

/// The script, as it is kept in the sources.
const SOURCE: &str = include_str!("../../static/notice.js");

/// The script in each language, in the order of [`wording::all`].
static SCRIPTS: LazyLock<Vec<String>> = LazyLock::new(|| scripts(false));

/// The same that also says that its visitor is there.
static VISITING: LazyLock<Vec<String>> = LazyLock::new(|| scripts(true));

fn scripts(visit: bool) -> Vec<String> {
    let script = squeezed(SOURCE);
    wording::all().iter().map(|words| script.replacen("WORDS", &words_of(words, visit), 1)).collect()
}

/// The words that the script says.
#[derive(Serialize)]
struct Words<'a> {
    tag: &'a str,
    dir: &'static str,
    planned: &'a str,
    open: &'a str,
    dismiss: &'a str,
    /// Whether the script is to say that its visitor is there.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    visit: bool,
}

pub(super) async fn show(req: HttpRequest, state: Data<InForce>, visits: Data<Visits>) -> HttpResponse {
    let (all, rules) = (wording::all(), state.load().rules().clone());
    let by_setting = language::lookup(&rules.language, all).or_else(|| language::lookup("en", all));
    let chosen = language::choose(languages(&req).into_iter(), all, by_setting.unwrap_or(0));
    let scripts = if visits.meets_visitors() { &VISITING } else { &SCRIPTS };
    let body = scripts[chosen].clone();
    send(&req, Shared { content_type: "text/javascript; charset=utf-8", max_age: MAX_AGE, body })
}

fn words_of(words: &Wording, visit: bool) -> String {
    let words = Words {
        tag: &words.tag,
        dir: words.direction().as_str(),
        planned: &words.planned,
        open: &words.planned_open,
        dismiss: &words.dismiss,
        visit,
    };
    serde_json::to_string(&words).expect("texts are always JSON")
}

/// A script without its comments and the space that only people need.
///
/// Knows whole lines of comment only, strings without escaped quotes, and no regular expressions.
fn squeezed(source: &str) -> String {
    let lines = source.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//"));
    let text = lines.collect::<Vec<_>>().join("\n");
    let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$');
    let mut squeezed = String::with_capacity(text.len());
    let mut quote = None;
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let last = squeezed.chars().next_back().unwrap_or('\n');
        match quote {
            // A line that goes on within a text is a style sheet's.
            Some(_) if c == '\n' => continue,
            Some(open) => quote = Some(open).filter(|open| *open != c),
            None if matches!(c, '\'' | '"' | '`') => quote = Some(c),
            None if c == ' ' && !(is_word(last) && rest.peek().is_some_and(|next| is_word(*next))) => continue,
            None if c == '\n' && matches!(last, '{' | ';' | ',' | ':' | '(') => continue,
            None if c == '}' && last == ';' => drop(squeezed.pop()),
            None => {}
        }
        squeezed.push(c);
    }
    squeezed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_stays_within_3_kb_in_every_language() {
        let scripts = SCRIPTS.iter().zip(&*VISITING).flat_map(|(plain, visiting)| [plain, visiting]);
        for (words, script) in wording::all().iter().flat_map(|words| [words, words]).zip(scripts) {
            assert!(script.len() <= 3000, "{}: {} bytes; make static/notice.js smaller", words.tag, script.len());
            assert!(script.contains(&format!("\"tag\":\"{}\"", words.tag)) && !script.contains("WORDS"));
        }
    }

    #[test]
    fn only_where_it_is_asked_for_the_script_says_that_its_visitor_is_there() {
        assert!(VISITING.iter().all(|script| script.contains("\"visit\":true")));
        assert!(SCRIPTS.iter().all(|script| !script.contains("\"visit\"")));
    }

    #[test]
    fn squeezing_takes_what_only_people_need() {
        let source =
            "// A comment.\nconst a = () => {\n    return 'a  b; }' + `x ${c}\n        y`;\n};\n\nlet b\nb = a\n";
        assert_eq!(squeezed(source), "const a=()=>{return'a  b; }'+`x ${c}y`};let b\nb=a");
    }

    #[test]
    fn the_script_asks_nobody_else_and_needs_nothing_that_a_strict_policy_forbids() {
        for forbidden in ["innerHTML", "eval(", "http:", "https:", ".cssText", "setAttribute('style'", "import"] {
            assert!(!SOURCE.contains(forbidden), "{forbidden}");
        }
    }
}
