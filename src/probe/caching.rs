//! What caches may do with a maintenance answer, and whether one has given it out.

use super::answer::Answer;
use super::finding::Finding;
use super::quote::quoted;

/// Headers in which caches say whether they had the answer: that of RFC 9211, and those from before it.
const MARKS: [&str; 5] = ["cache-status", "x-cache", "x-cache-status", "x-proxy-cache", "cf-cache-status"];

/// What caches may do with the answer.
pub(super) fn findings(answer: &Answer) -> Vec<Finding> {
    let mut findings = vec![cache_control(answer)];
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

/// Headers for certain caches alone, which go before `Cache-Control` (RFC 9213; `Surrogate-Control` is older).
fn targeted(answer: &Answer) -> Option<Finding> {
    let is_targeted = |name: &str| name == "surrogate-control" || name.ends_with("cdn-cache-control");
    let is_kept = |value: &str| {
        let mut items = value.split(',').map(|item| item.trim().to_ascii_lowercase());
        let time = |item: &str| {
            let (name, time) = item.split_once('=')?;
            let is_long = time.trim_start_matches(['"', '0']).starts_with(|c: char| c.is_ascii_digit());
            Some(matches!(name.trim(), "max-age" | "s-maxage") && is_long)
        };
        !value.to_ascii_lowercase().contains("no-store") && items.any(|item| time(&item) == Some(true))
    };
    let (name, value) = answer.headers.iter().find(|(name, value)| is_targeted(name) && is_kept(value))?;
    let point = if name == "surrogate-control" { "Surrogate-Control" } else { "CDN-Cache-Control" };
    Some(Finding::warning(
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

/// Whether a cache says that it had the answer.
fn is_hit(name: &str, value: &str) -> bool {
    let value = value.to_ascii_lowercase();
    let mut words = value.split(|c: char| !c.is_ascii_alphanumeric() && c != '=');
    // In the header of RFC 9211 `fwd=stale` is why the cache asked.
    words.any(|word| word == "hit" || (word == "stale" && name != "cache-status"))
}
