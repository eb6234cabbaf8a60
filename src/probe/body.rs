//! The body of a maintenance answer, as a browser takes it, and the headers that decide what it does with it.

use super::answer::Answer;
use super::finding::Finding;
use super::quote::{address, quoted};
use super::refresh::Refresh;
use super::state::State;

/// Largest page that is no burden while everybody tries again, in bytes.
const LARGE: usize = 64 * 1024;

/// Shortest time after which a page may load itself again, in seconds: it may not be read in less.
const SOON: u64 = 10;

/// The rest of the headers, and the body.
pub(super) fn findings(answer: &Answer, state: State) -> Vec<Finding> {
    let mut findings = Vec::new();
    if answer.header("set-cookie").is_some() {
        findings.push(Finding::warning(
            "Set-Cookie",
            "a cookie is set: the application was asked, or visitors are marked for nothing",
            "Set no cookie with the maintenance answer",
        ));
    }
    if state == State::Redirected {
        return findings;
    }
    findings.extend(encoding(answer));
    findings.extend(shown(answer));
    findings.extend(refreshed(answer));
    findings.push(size(answer));
    findings
}

fn encoding(answer: &Answer) -> Option<Finding> {
    answer.is_encoded().then(|| {
        Finding::warning(
            "Content-Encoding",
            format!(
                "`{}`, although nothing but identity was asked for: who cannot decode it sees no page",
                quoted(answer.header("content-encoding").unwrap_or_default())
            ),
            "Compress only where Accept-Encoding asks for it (RFC 9110, section 12.5.3)",
        )
    })
}

/// Whether a browser shows the body.
fn shown(answer: &Answer) -> Option<Finding> {
    const POINT: &str = "Content-Type";
    const MEND: &str = "Send it as text/html with a charset, or as text/plain, and without Content-Disposition";
    let disposition = answer.header("content-disposition").unwrap_or_default();
    if disposition.trim_start().get(..10).is_some_and(|word| word.eq_ignore_ascii_case("attachment")) {
        let says = format!("`{}` in Content-Disposition: browsers save the page and show nothing", quoted(disposition));
        return Some(Finding::fault(POINT, says, MEND));
    }
    let media_type = answer.media_type();
    match media_type.as_str() {
        _ if answer.body.is_empty() => None,
        "text/html" | "application/xhtml+xml" | "text/plain" => None,
        "" => Some(Finding::warning(POINT, "missing: browsers guess what the page is", MEND)),
        _ if answer.is_json() || media_type.ends_with("xml") || media_type.starts_with("text/") => {
            let says = format!("`{}`: people see the source of something for programs", quoted(&media_type));
            Some(Finding::warning(POINT, says, MEND))
        }
        _ => {
            let says = format!("`{}`: browsers save the page and show nothing", quoted(&media_type));
            Some(Finding::fault(POINT, says, MEND))
        }
    }
}

/// A page that loads something by itself.
fn refreshed(answer: &Answer) -> Option<Finding> {
    const POINT: &str = "Refresh";
    let by_header = || Refresh::read(answer.header("refresh")?);
    let Refresh { seconds, target } = answer.page().and_then(|page| page.refresh).or_else(by_header)?;
    if let Some(target) = target {
        return Some(Finding::warning(
            POINT,
            format!(
                "visitors are sent on to {} after {seconds} s, and lose the address that they asked for",
                address(&target)
            ),
            "Say in the page what happens; name the other address as a link",
        ));
    }
    const MEND: &str = "Load it again after a minute, at random times, or leave that to the visitor";
    match seconds {
        0 => Some(Finding::fault(POINT, "the page loads itself again at once, all the time, for every visitor", MEND)),
        1..SOON => Some(Finding::warning(POINT, format!("the page loads itself again every {seconds} s"), MEND)),
        _ => None,
    }
}

fn size(answer: &Answer) -> Finding {
    const POINT: &str = "page";
    let size = answer.body.len();
    match size {
        _ if answer.is_longer => Finding::fault(
            POINT,
            format!(
                "longer than its Content-Length of {size}: browsers show a part of it, and what follows breaks the next answer"
            ),
            "See who changes the page after its length was counted",
        ),
        _ if answer.is_cut => {
            Finding::warning(POINT, format!("more than {size} bytes, for everybody who tries again"), "Make it smaller")
        }
        0 => Finding::fault(
            POINT,
            "empty: people see a blank page, or an error of their browser",
            "Say in it what happens, and until when",
        ),
        LARGE.. => Finding::warning(POINT, format!("{size} bytes, for everybody who tries again"), "Make it smaller"),
        _ => Finding::good(POINT, format!("{size} bytes of {}", answer.media_type_in_words())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::Grade::{self, Fault, Good, Warning};

    /// The grade of a point of a page with these headers.
    fn grade(point: &str, headers: &[&str], body: &str) -> Option<Grade> {
        let headers = headers.iter().map(|line| line.split_once(": ").unwrap());
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let answer = Answer { status: 503, headers, body: body.as_bytes().to_vec(), ..Answer::default() };
        findings(&answer, State::Closed).into_iter().find(|finding| finding.point == point).map(|finding| finding.grade)
    }

    #[test]
    fn a_page_that_browsers_save_or_cannot_read_is_told() {
        for (headers, expected) in [
            (&["content-type: text/html; charset=utf-8"][..], None),
            (&["content-type: text/plain"], None),
            (&["content-type: text/html", "content-disposition: inline"], None),
            (&["content-type: text/html", "content-disposition: Attachment; filename=x.html"], Some(Fault)),
            (&["content-type: application/octet-stream"], Some(Fault)),
            (&["content-type: application/json"], Some(Warning)),
            (&["content-type: application/xml"], Some(Warning)),
            (&[], Some(Warning)),
        ] {
            assert_eq!(grade("Content-Type", headers, "<p>Back soon"), expected, "{headers:?}");
        }
        assert_eq!(grade("page", &["content-type: text/html"], ""), Some(Fault));
        assert_eq!(grade("page", &["content-type: text/html"], "Back soon"), Some(Good));
    }

    #[test]
    fn a_page_that_loads_itself_all_the_time_is_told() {
        for (header, body, expected) in [
            ("refresh: 0", "", Some(Fault)),
            ("refresh: 5", "", Some(Warning)),
            ("refresh: 60", "", None),
            ("x: y", "<meta http-equiv=refresh content=0>", Some(Fault)),
            ("x: y", "<meta http-equiv=refresh content='60'>", None),
            ("x: y", "<meta http-equiv=refresh content='60; url=https://status.example.com/'>", Some(Warning)),
        ] {
            assert_eq!(grade("Refresh", &["content-type: text/html", header], body), expected, "{header} {body}");
        }
    }
}
