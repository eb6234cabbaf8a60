//! What a maintenance page makes a browser fetch with it.

use url::Url;

use super::answer::{Answer, status_text};
use super::finding::Finding;
use super::question;
use super::quote::quoted;

/// The parts that were not looked at: beyond the first ones, and of other hosts.
pub(super) fn not_asked_for(page: &Answer, url: &Url) -> Vec<Finding> {
    [left_out(page, url), foreign(page, url)].into_iter().flatten().collect()
}

/// What of the page was not looked at.
fn left_out(page: &Answer, url: &Url) -> Option<Finding> {
    let number = question::left_out(page, url);
    (number > 0).then(|| {
        Finding::warning(
            "page's parts",
            format!("{number} more parts were not asked for; whoever tries again fetches them all"),
            "Put style and pictures into the page",
        )
    })
}

/// Parts of the page that other hosts have, which are theirs to give.
fn foreign(page: &Answer, url: &Url) -> Option<Finding> {
    let hosts: Vec<String> = question::foreign_hosts(page, url).iter().map(|host| quoted(host)).collect();
    let says = format!("those of other hosts were not asked for: {}", hosts.join(", "));
    (!hosts.is_empty()).then(|| Finding::good("page's parts", says))
}

/// Something that the page needs.
pub(super) fn finding(path: &str, answer: &Answer) -> Finding {
    let path = quoted(path);
    let status = status_text(answer.status);
    let point = "page's parts";
    match answer.status {
        200..=299 | 304 => Finding::good(point, format!("{path}: {status}")),
        503 => Finding::fault(
            point,
            format!("{path}: {status}: the page's own part is held, too, so the page is shown without it"),
            "Put style and pictures into the page, or let their paths through",
        ),
        300..=399 => Finding::warning(
            point,
            format!("{path}: {status}: the page may be shown without it"),
            "Put style and pictures into the page, or let their paths through",
        ),
        _ => Finding::warning(
            point,
            format!("{path}: {status}: the page is shown without it"),
            "Put style and pictures into the page",
        ),
    }
}
