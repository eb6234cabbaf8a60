//! What a maintenance may have left behind on a site that is open again.

use super::Visits;
use super::answer::{Answer, status_text};
use super::finding::Finding;
use super::guise::tells_of_maintenance;
use super::html::forbids_index;
use super::question::Question;
use super::quote::quoted;
use super::trail::Trail;
use crate::response::X_MAINTENANCE;

/// Headers that belong to a maintenance, and what crawlers are told.
pub(super) fn findings(visits: &Visits) -> Vec<Finding> {
    let trail = &visits.trail;
    let robots = visits.seen(&Question::Robots).and_then(|seen| seen.as_ref().ok());
    [headers(trail), index(trail), robots.and_then(crawlers)].into_iter().flatten().collect()
}

fn headers(trail: &Trail) -> Option<Finding> {
    const MEND: &str = "Leave the header out once the site is open";
    let answers = [&trail.site().seen, &trail.last().seen];
    let header = |name| answers.iter().find_map(|seen| seen.as_ref().ok()?.header(name));
    if let Some(value) = header(X_MAINTENANCE.as_str()) {
        let says = format!("`{}` on an open site: monitors take it for closed", quoted(value));
        return Some(Finding::fault("X-Maintenance", says, MEND));
    }
    let last = trail.last().seen.as_ref().ok()?;
    last.header("retry-after")?;
    match last.status {
        200 => Some(Finding::fault(
            "Retry-After",
            "there on a 200: left behind on an open site, or this is the page of a maintenance with the wrong status",
            "Leave the header out once the site is open; send the page of a maintenance with 503",
        )),
        // Who is to come back to something begun, or asks too much, is told when.
        202 | 413 | 429 => None,
        _ => Some(Finding::warning("Retry-After", "there on an open site", MEND)),
    }
}

/// A header that keeps the page out of search engines. One in the page itself is the page's own affair.
fn index(trail: &Trail) -> Option<Finding> {
    let last = trail.last().seen.as_ref().ok().filter(|last| last.status < 300)?;
    let value = last.lines("x-robots-tag").find(|value| forbids_index(value))?;
    Some(Finding::warning(
        "X-Robots-Tag",
        format!("`{}`: search engines drop the page", quoted(value)),
        "Leave the header out if it was meant for the time of the maintenance",
    ))
}

/// What `robots.txt` tells crawlers (RFC 9309).
fn crawlers(answer: &Answer) -> Option<Finding> {
    const POINT: &str = "robots.txt";
    if answer.status >= 500 {
        let says = format!("{}: crawlers stay away from the whole site (RFC 9309)", status_text(answer.status));
        return Some(Finding::warning(POINT, says, "Answer 200 or 404 once the site is open"));
    }
    let is_shut = answer.status == 200 && forbids_all(&String::from_utf8_lossy(&answer.body));
    is_shut.then(|| {
        let mend = "Let them in if that was meant for the time of the maintenance";
        Finding::warning(POINT, "`Disallow: /` for every crawler: search engines stay away from the whole site", mend)
    })
}

/// Whether every crawler is kept from every path.
fn forbids_all(robots: &str) -> bool {
    let mut is_for_all = false;
    let mut was_agent = false;
    for line in robots.lines() {
        let line = line.split('#').next().unwrap_or_default();
        let Some((name, value)) = line.split_once(':') else { continue };
        let value = value.trim();
        match name.trim().to_ascii_lowercase().as_str() {
            // Lines of agents that follow each other are one group.
            "user-agent" => {
                is_for_all = value == "*" || was_agent && is_for_all;
                was_agent = true;
            }
            "disallow" if is_for_all && value == "/" => return true,
            _ => was_agent = false,
        }
    }
    false
}

/// A part of the open page, or the page that it loads by itself: only whether it is held.
pub(super) fn still_held(question: &Question, answer: &Answer) -> Option<Finding> {
    let point = question.point();
    let status = status_text(answer.status);
    match question {
        Question::Part(url) if answer.status == 503 || answer.is_marked() => {
            let says =
                format!("{}: {status}: held, although the page is open, which is shown without it", quoted(url.path()));
            Some(Finding::fault(
                point,
                says,
                "End the maintenance for what the page needs, too; empty caches of its parts",
            ))
        }
        Question::Onward(url) => {
            let page = answer.page().filter(|page| page.is_built_in || page.speaks_of_maintenance());
            let is_held = answer.status == 503 && tells_of_maintenance(answer) || answer.is_marked();
            (is_held || page.is_some()).then(|| {
                let says = format!("the page sends visitors on to {}: the page of a maintenance", quoted(url.as_str()));
                Finding::fault(point, says, "End the maintenance; answer 503 with the page the next time")
            })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crawlers_that_are_all_kept_out_are_told_from_some() {
        for (robots, expected) in [
            ("User-agent: *\nDisallow: /\n", true),
            ("user-agent: Bingbot\nUser-Agent: *\n\nDISALLOW: / # for now\n", true),
            ("User-agent: *\nDisallow:\n", false),
            ("User-agent: *\nDisallow: /admin/\n", false),
            ("User-agent: BadBot\nDisallow: /\n\nUser-agent: *\nDisallow: /admin/\n", false),
            ("User-agent: *\nDisallow: /admin/\nUser-agent: BadBot\nDisallow: /\n", false),
            ("<title>no such page</title>", false),
        ] {
            assert_eq!(forbids_all(robots), expected, "{robots}");
        }
    }
}
