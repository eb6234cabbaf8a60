//! What caches may do with a maintenance answer, and whether one has given it out.

use jiff::Timestamp;

use super::answer::Answer;
use super::directives::Directives;
use super::finding::Finding;
use super::quote::quoted;
use super::retry;

/// Headers in which caches say whether they had the answer: that of RFC 9211, and those from before it.
const MARKS: [&str; 5] = ["cache-status", "x-cache", "x-cache-status", "x-proxy-cache", "cf-cache-status"];

/// What caches may do with the answer, which was asked for at this time.
pub(super) fn findings(answer: &Answer, asked_at: Timestamp) -> Vec<Finding> {
    let mut findings = vec![cache_control(answer, asked_at)];
    findings.extend(targeted(answer));
    findings.extend(given_out(answer));
    let validators = ["etag", "last-modified"].into_iter().find(|name| answer.header(name).is_some());
    if let Some(name) = validators {
        findings.push(Finding::warning(
            "validators",
            format!("{name} is there: a browser that kept the page may be told later that it has not changed"),
            "Send neither ETag nor Last-Modified with the maintenance answer (nginx: `etag off; if_modified_since off;`)",
        ));
    }
    findings
}

fn cache_control(answer: &Answer, asked_at: Timestamp) -> Finding {
    const POINT: &str = "Cache-Control";
    const MEND: &str = "Send Cache-Control: no-store";
    let directives = Directives::read(answer.lines("cache-control"));
    let value = quoted(&answer.lines("cache-control").collect::<Vec<_>>().join(", "));
    let expires = expires(answer, asked_at);
    let kept = lifetime(&directives, expires);
    if directives.has("no-store") {
        return match kept {
            None => Finding::good(POINT, value),
            Some(_) => Finding::warning(
                POINT,
                format!("`{value}`: no-store wins, but a cache that goes by the rest keeps the page"),
                "Send Cache-Control: no-store alone, once",
            ),
        };
    }
    if let Some(seconds) = kept {
        let by = if directives.is_empty() { "Expires".to_owned() } else { format!("`{value}`") };
        let says = format!("{by}: caches and browsers keep the page for {seconds} s, also after the end");
        return Finding::fault(POINT, says, MEND);
    }
    let is_bounded = directives.is_bare("no-cache")
        || directives.is_bare("private")
        || ["max-age", "s-maxage", "must-revalidate"].iter().any(|name| directives.has(name))
        || expires.is_some();
    match () {
        // Whatever a status says of itself, this lets caches guess for how long (RFC 9111, section 4.2.2).
        () if directives.has("public") && !is_bounded => {
            Finding::fault(POINT, format!("`{value}`: caches keep the page for as long as they like"), MEND)
        }
        () if is_bounded && directives.is_empty() => {
            Finding::warning(POINT, "missing; Expires has passed, which does not forbid to keep the page", MEND)
        }
        () if is_bounded => Finding::warning(POINT, format!("`{value}` does not forbid to keep the page"), MEND),
        // By itself nothing keeps a 503 (RFC 9110, section 15.1), but caches that are told to keep errors do.
        () if directives.is_empty() => Finding::fault(
            POINT,
            "missing: caches that are set to keep errors, as many content networks are, give out the page after the end",
            MEND,
        ),
        () => Finding::fault(
            POINT,
            format!(
                "`{value}` says nothing about keeping: caches that are set to keep errors give out the page after the end"
            ),
            MEND,
        ),
    }
}

/// For how many seconds somebody may show the answer without asking, if at all (RFC 9111, section 4.2.1).
fn lifetime(directives: &Directives, expires: Option<u64>) -> Option<u64> {
    if directives.is_bare("no-cache") {
        return None;
    }
    let own = directives.seconds("max-age").or(expires);
    let shared = directives.seconds("s-maxage").or(own).filter(|_| !directives.is_bare("private"));
    // A cache that asks while it still gives out the old answer (RFC 5861).
    let stale = directives.seconds("stale-while-revalidate");
    own.max(shared).max(stale).filter(|seconds| *seconds > 0)
}

/// Seconds until `Expires`; none at all when it has passed, or is no date (RFC 9111, section 5.3).
fn expires(answer: &Answer, asked_at: Timestamp) -> Option<u64> {
    let value = answer.header("expires")?;
    let left = retry::http_date(value).map(|at| at.duration_since(retry::clock_of(answer, asked_at)).as_secs());
    Some(left.and_then(|left| u64::try_from(left).ok()).unwrap_or(0))
}

/// Headers for certain caches alone, which go before `Cache-Control` (RFC 9213; `Surrogate-Control` is older).
fn targeted(answer: &Answer) -> Option<Finding> {
    let is_targeted = |name: &str| name == "surrogate-control" || name.ends_with("cdn-cache-control");
    let is_kept = |value: &str| {
        let directives = Directives::read([value].into_iter());
        !directives.has("no-store") && lifetime(&directives, None).is_some()
    };
    let (name, value) = answer.headers.iter().find(|(name, value)| is_targeted(name) && is_kept(value))?;
    let point = if name == "surrogate-control" { "Surrogate-Control" } else { "CDN-Cache-Control" };
    Some(Finding::fault(
        point,
        format!(
            "`{}` in {}: caches that obey it keep the page after the end, whatever Cache-Control says",
            quoted(value),
            quoted(name)
        ),
        "Leave it out of the maintenance answer, or send no-store in it, too (RFC 9213)",
    ))
}

/// An answer that comes out of a cache: by its age (RFC 9111, section 5.1), or by what the cache says.
pub(super) fn given_out(answer: &Answer) -> Option<Finding> {
    const MEND: &str = "Send Cache-Control: no-store, and keep errors out of the cache in front";
    let age = answer.header("age").map(str::trim).unwrap_or_default();
    if !age.is_empty() && !age.bytes().all(|byte| byte.is_ascii_digit()) {
        let says = format!("`{}` is no number of seconds: caches cannot tell how old the answer is", quoted(age));
        return Some(Finding::warning("Age", says, "Send whole seconds, or leave it to the caches"));
    }
    // A cache that has just fetched the answer, and keeps it for nobody, may say 0.
    if age.bytes().any(|byte| byte != b'0') {
        let says = format!("a cache gives out an answer {} s old: it will do so after the end, too", quoted(age));
        return Some(Finding::fault("Age", says, MEND));
    }
    let (name, value) =
        answer.headers.iter().find(|(name, value)| MARKS.contains(&name.as_str()) && is_hit(name, value))?;
    let says = format!("`{}` in {name}: a cache gave this answer, and may do so after the end, too", quoted(value));
    Some(Finding::warning("X-Cache", says, MEND))
}

/// Why an address with a query that is new answers otherwise than the one without, for a sentence: a cache is to blame for
/// certain only where it says so.
pub(super) fn blamed(page: &Answer) -> &'static str {
    match given_out(page) {
        Some(_) => "so a cache still gives out what was before",
        None => {
            "so a cache gives out what was before, a rule looks at the query, or not all servers are in the same state"
        }
    }
}

/// Whether a cache says that it had the answer.
fn is_hit(name: &str, value: &str) -> bool {
    let value = value.to_ascii_lowercase();
    let mut words = value.split(|c: char| !c.is_ascii_alphanumeric() && c != '=');
    // In the header of RFC 9211 `fwd=stale` is why the cache asked.
    words.any(|word| word == "hit" || (word == "stale" && name != "cache-status"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::Grade::{self, Fault, Good, Warning};

    fn grade(value: &str, expires: Option<&str>) -> Grade {
        let mut headers = vec![("date".to_owned(), "Sat, 21 Nov 2026 03:00:00 GMT".to_owned())];
        headers.extend((!value.is_empty()).then(|| ("cache-control".to_owned(), value.to_owned())));
        headers.extend(expires.map(|expires| ("expires".to_owned(), expires.to_owned())));
        // The clock of who asks is an hour off.
        cache_control(&Answer { status: 503, headers, ..Answer::default() }, "2026-11-21T04:00:00Z".parse().unwrap())
            .grade
    }

    #[test]
    fn what_lets_caches_go_on_with_the_page_is_a_fault() {
        let (past, ahead) = ("Sun, 19 Nov 1978 05:00:00 GMT", "Sat, 21 Nov 2026 03:30:00 GMT");
        for (value, expires, expected) in [
            ("no-store", None, Good),
            ("private, max-age=0, no-store, no-cache, must-revalidate, post-check=0", Some(past), Good),
            ("no-store, public, max-age=86400", None, Warning),
            ("no-store, max-age=0", Some(ahead), Good),
            ("no-cache, private", None, Warning),
            ("no-cache, must-revalidate, max-age=0", Some(past), Warning),
            ("max-age=0", Some(ahead), Warning),
            ("must-revalidate", Some(past), Warning),
            ("private", None, Warning),
            ("no-cache, stale-while-revalidate=60", None, Warning),
            ("private, s-maxage=600", None, Warning),
            ("", Some(past), Warning),
            ("", Some("0"), Warning),
            ("", None, Fault),
            ("", Some(ahead), Fault),
            ("must-revalidate", Some(ahead), Fault),
            ("max-age=0, s-maxage=600", None, Fault),
            ("public, max-age=0604800", None, Fault),
            ("public, max-age=86400, no-cache=\"Set-Cookie\"", None, Fault),
            ("public, s-maxage=86400, private=\"X-Foo\"", None, Fault),
            ("private, max-age=86400", None, Fault),
            ("max-age=0, stale-while-revalidate=60", None, Fault),
            ("public", None, Fault),
            ("immutable", None, Fault),
            ("nostore", None, Fault),
        ] {
            assert_eq!(grade(value, expires), expected, "`{value}` with Expires {expires:?}");
        }
    }
}
