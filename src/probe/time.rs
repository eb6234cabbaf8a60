//! How long visitors wait for an answer.

use std::time::Duration;

use super::Visits;
use super::finding::Finding;

/// Longest time that people wait for a page without giving up.
const PATIENCE: Duration = Duration::from_secs(3);

/// What is wrong with the time that answers take.
pub(super) fn findings(visits: &Visits) -> Vec<Finding> {
    let is_answered = visits.trail.last().seen.is_ok();
    let slow = (is_answered && visits.took > PATIENCE).then(|| {
        Finding::warning(
            "time",
            format!(
                "the page took {:.1} s: people give up, and monitors take the site for broken",
                visits.took.as_secs_f64()
            ),
            "Look at what the web server waits for before it answers",
        )
    });
    let given_up = (visits.unasked > 0).then(|| {
        Finding::fault(
            "time",
            format!("given up, because too many answers did not come in time; not asked any more: {}", visits.unasked),
            "See what the web server does when several visitors ask at once",
        )
    });
    slow.into_iter().chain(given_up).collect()
}
