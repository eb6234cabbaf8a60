//! Whether every address of the site's name is in the same state.

use super::Visits;
use super::answer::{Answer, status_text};
use super::finding::Finding;
use super::question::Question;

/// One finding for each other address that answered. One that nobody reaches from here is not the site's affair: many
/// networks have no IPv6.
pub(super) fn findings(visits: &Visits) -> Vec<Finding> {
    let Ok(page) = &visits.trail.site().seen else { return Vec::new() };
    let first = page.from.map_or_else(|| "the first".to_owned(), |address| address.to_string());
    let answers = visits.others.iter().filter_map(|(question, seen)| match (question, seen) {
        (Question::At(address), Ok(answer)) => Some((address, answer)),
        _ => None,
    });
    let judged = answers.map(|(address, answer)| {
        let says = format!("{address}: {}", status_text(answer.status));
        match is_same(page, answer) {
            true => Finding::good(Question::At(*address).point(), says),
            false => Finding::fault(
                Question::At(*address).point(),
                format!("{says}, but {first} answered {}, and visitors come to either", page.status_text()),
                "See that the servers at every address of the name are in the same state",
            ),
        }
    });
    judged.collect()
}

/// Whether two answers are of one state: both held alike, or both of a site that works.
fn is_same(page: &Answer, other: &Answer) -> bool {
    page.is_like(other) || page.status < 500 && other.status < 500 && page.is_marked() == other.is_marked()
}
