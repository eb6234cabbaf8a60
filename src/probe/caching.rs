//! What caches may do with a maintenance answer, and whether one has given it out.

use super::answer::Answer;
use super::finding::Finding;
use super::quote::quoted;

/// What caches may do with the answer.
pub(super) fn findings(answer: &Answer) -> Vec<Finding> {
    let mut findings = vec![cache_control(answer)];
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

fn cache_control(answer: &Answer) -> Finding {
    const POINT: &str = "Cache-Control";
    const MEND: &str = "Send Cache-Control: no-store";
    let value = answer.header("cache-control").unwrap_or_default();
    if answer.lists("cache-control", "no-store") {
        return Finding::good(POINT, quoted(value));
    }
    let is_kept = ["public", "max-age", "s-maxage"].iter().any(|word| answer.lists("cache-control", word))
        && !["max-age=0", "private", "no-cache"].iter().any(|word| value.contains(word));
    match value {
        "" if answer.header("expires").is_some() => {
            Finding::fault(POINT, "missing, but Expires is there: caches may go on with the page", MEND)
        }
        "" => Finding::fault(POINT, "missing: caches may keep the page and go on with it after the end", MEND),
        _ if is_kept => Finding::fault(POINT, format!("`{}`: caches keep the page after the end", quoted(value)), MEND),
        _ => Finding::warning(POINT, format!("`{}` does not forbid to keep the page", quoted(value)), MEND),
    }
}

/// An answer that comes out of a cache (RFC 9111, section 5.1).
pub(super) fn given_out(answer: &Answer) -> Option<Finding> {
    let age = answer.header("age")?;
    Some(Finding::fault(
        "Age",
        format!("a cache gives out an answer {} s old: it will do so after the end, too", quoted(age)),
        "Send Cache-Control: no-store, and keep errors out of the cache in front",
    ))
}
