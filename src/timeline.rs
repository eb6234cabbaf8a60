//! When a site is closed, by what, and until when: all its closures laid over each other once, and then only looked up.
//!
//! A closure is one uninterrupted time for which one cause holds a site closed. Where closures overlap or touch, the
//! site stays closed; [`Timeline`] cuts that into segments within which nothing changes.

use jiff::Timestamp;

/// One uninterrupted time for which one cause holds the site closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Closure {
    /// Which cause, as its owner counts them.
    pub cause: usize,
    /// When it begins.
    pub starts_at: Timestamp,
    /// Since when the cause holds, its drain included; `None` when that was not noted.
    pub since: Option<Timestamp>,
    /// When it ends by itself; `None` when somebody must end it.
    pub ends_at: Option<Timestamp>,
    /// When it is expected to be over; that of one that ends by itself is its end.
    pub expected: Option<Timestamp>,
    /// Whether those at work may still finish.
    pub drains: bool,
}

impl Closure {
    /// This closure with the part before `until` as a drain: two that follow each other, or one when there is only one.
    pub fn drained(self, until: Option<Timestamp>) -> impl Iterator<Item = Self> {
        let until = until.filter(|until| *until > self.starts_at);
        let drains_until = until.map(|until| self.ends_at.map_or(until, |end| end.min(until)));
        let drain = drains_until.map(|until| Self { ends_at: Some(until), drains: true, ..self });
        let closed_from = drains_until.unwrap_or(self.starts_at);
        let rest = self.ends_at.is_none_or(|end| end > closed_from).then_some(Self { starts_at: closed_from, ..self });
        drain.into_iter().chain(rest)
    }

    fn told(&self) -> Option<Timestamp> {
        self.ends_at.or(self.expected)
    }
}

/// A time within which the same causes hold the site closed: from `starts_at` on, and not at `ends_at` any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// When it begins.
    pub starts_at: Timestamp,
    /// When something changes; `None` when nothing does by itself.
    pub ends_at: Option<Timestamp>,
    /// The causes, in the order in which they were given.
    pub causes: Vec<usize>,
    /// Since when the oldest of them has held the site closed; `None` when that was not noted.
    pub since: Option<Timestamp>,
    /// When the site is expected to open; later than the end of this segment where another follows at once. `None`
    /// while one of the causes has no end.
    pub opens_at: Option<Timestamp>,
    /// While all of its causes let those at work finish.
    pub draining: Option<Draining>,
}

/// That those at work on a site may finish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Draining {
    /// Since when nobody new comes in.
    pub since: Timestamp,
    /// When the site closes at the latest.
    pub closes_at: Timestamp,
}

/// All segments of a site, in order, without those that are over.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Timeline {
    segments: Vec<Segment>,
}

impl Timeline {
    /// Lays closures over each other. Those that last no time are left out.
    pub fn of(closures: &[Closure]) -> Self {
        let mut edges: Vec<(Timestamp, bool, usize)> = Vec::with_capacity(closures.len() * 2);
        for (index, closure) in closures.iter().enumerate() {
            if closure.ends_at.is_none_or(|end| end > closure.starts_at) {
                edges.push((closure.starts_at, true, index));
                edges.extend(closure.ends_at.map(|end| (end, false, index)));
            }
        }
        edges.sort_unstable();
        let mut segments: Vec<Segment> = Vec::new();
        let mut open: Vec<usize> = Vec::new();
        let mut edges = edges.into_iter().peekable();
        while let Some((at, begins, index)) = edges.next() {
            match open.binary_search(&index) {
                Err(place) if begins => open.insert(place, index),
                Ok(place) if !begins => drop(open.remove(place)),
                _ => unreachable!("each closure begins once and then ends at most once"),
            }
            if edges.peek().is_some_and(|(next, ..)| *next == at) {
                continue;
            }
            if !open.is_empty() {
                segments.push(Segment {
                    starts_at: at,
                    ends_at: edges.peek().map(|(next, ..)| *next),
                    opens_at: latest_end(closures, &open),
                    causes: causes_of(closures, &open),
                    since: open.iter().map(|index| closures[*index].since).min().flatten(),
                    draining: draining(closures, &open),
                });
            }
        }
        let mut timeline = Self { segments };
        timeline.follow_on();
        timeline
    }

    /// Moves the expected opening of a segment to that of the one that holds the site closed at that moment.
    fn follow_on(&mut self) {
        for index in (0..self.segments.len()).rev() {
            let Some(opens_at) = self.segments[index].opens_at else { continue };
            // Within the same segment: it is expected to be over, but nothing ends it.
            if let Some(holding) = self.index_at(opens_at).filter(|holding| *holding > index) {
                // One that will be overdue by then does not take back what is expected now.
                self.segments[index].opens_at = self.segments[holding].opens_at.map(|later| later.max(opens_at));
            }
        }
    }

    /// Number of the segment that holds the site closed at `at`.
    #[inline]
    pub fn index_at(&self, at: Timestamp) -> Option<usize> {
        let index = self.segments.partition_point(|segment| segment.starts_at <= at).checked_sub(1)?;
        self.segments[index].ends_at.is_none_or(|end| at < end).then_some(index)
    }

    /// The segment that holds the site closed at `at`; `None` while it is open.
    pub fn at(&self, at: Timestamp) -> Option<&Segment> {
        self.index_at(at).map(|index| &self.segments[index])
    }

    /// The first segment that begins after `at`: the next change of an open site.
    pub fn next(&self, at: Timestamp) -> Option<&Segment> {
        self.segments.get(self.segments.partition_point(|segment| segment.starts_at <= at))
    }

    /// All segments, in order.
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }
}

/// The latest of the ends; `None` when one has none.
fn latest_end(closures: &[Closure], open: &[usize]) -> Option<Timestamp> {
    open.iter().map(|index| closures[*index].told()).try_fold(Timestamp::MIN, |latest, told| Some(latest.max(told?)))
}

/// The drain of closures that are all draining; the site closes when the first of them does.
fn draining(closures: &[Closure], open: &[usize]) -> Option<Draining> {
    let open = open.iter().map(|index| closures[*index]);
    let drains = open.map(|it| it.ends_at.filter(|_| it.drains).map(|end| (it.starts_at, end)));
    let first = |one: Draining, (since, closes_at): (Timestamp, Timestamp)| Draining {
        since: one.since.min(since),
        closes_at: one.closes_at.min(closes_at),
    };
    let none = Draining { since: Timestamp::MAX, closes_at: Timestamp::MAX };
    drains.into_iter().try_fold(none, |all, drain| Some(first(all, drain?)))
}

fn causes_of(closures: &[Closure], open: &[usize]) -> Vec<usize> {
    let mut causes: Vec<usize> = open.iter().map(|index| closures[*index].cause).collect();
    causes.sort_unstable();
    causes.dedup();
    causes
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn closure(cause: usize, from: i64, until: Option<i64>) -> Closure {
        let starts_at = at(from);
        Closure { cause, starts_at, since: Some(starts_at), ends_at: until.map(at), expected: None, drains: false }
    }

    /// `from-until causes opens`, for each segment.
    fn shown(closures: &[Closure]) -> Vec<String> {
        let second = |at: Option<Timestamp>| at.map_or("…".to_owned(), |at| at.as_second().to_string());
        let timeline = Timeline::of(closures);
        let line = |segment: &Segment| {
            let (from, until) = (second(Some(segment.starts_at)), second(segment.ends_at));
            format!("{from}-{until} {:?} {}", segment.causes, second(segment.opens_at))
        };
        timeline.segments().iter().map(line).collect()
    }

    #[test]
    fn closures_that_touch_nest_or_overlap_are_one_time_without_a_gap() {
        let touching = [closure(0, 10, Some(20)), closure(1, 20, Some(30))];
        assert_eq!(shown(&touching), ["10-20 [0] 30", "20-30 [1] 30"]);
        let nested = [closure(0, 10, Some(40)), closure(1, 20, Some(30))];
        assert_eq!(shown(&nested), ["10-20 [0] 40", "20-30 [0, 1] 40", "30-40 [0] 40"]);
        let overlapping = [closure(0, 10, Some(30)), closure(1, 20, Some(40))];
        assert_eq!(shown(&overlapping), ["10-20 [0] 40", "20-30 [0, 1] 40", "30-40 [1] 40"]);
        let apart = [closure(0, 10, Some(20)), closure(1, 30, Some(40))];
        assert_eq!(shown(&apart), ["10-20 [0] 20", "30-40 [1] 40"]);
        let the_same = [closure(0, 10, Some(20)), closure(1, 10, Some(20))];
        assert_eq!(shown(&the_same), ["10-20 [0, 1] 20"]);
        assert_eq!(shown(&[closure(0, 10, Some(10)), closure(1, 10, Some(5))]), [""; 0]);
    }

    #[test]
    fn while_one_has_no_end_nobody_can_say_when_the_site_opens() {
        let closures = [closure(0, 10, Some(20)), closure(1, 15, None)];
        assert_eq!(shown(&closures), ["10-15 [0] …", "15-20 [0, 1] …", "20-… [1] …"]);
    }

    #[test]
    fn an_expected_end_is_told_but_ends_nothing() {
        let expected = Closure { expected: Some(at(20)), ..closure(0, 10, None) };
        assert_eq!(shown(&[expected]), ["10-… [0] 20"]);
        // A window that covers the expected end puts the opening off.
        assert_eq!(shown(&[expected, closure(1, 15, Some(30))]), ["10-15 [0] 30", "15-30 [0, 1] 30", "30-… [0] 20"]);
    }

    #[test]
    fn a_moment_is_looked_up_to_the_second() {
        let timeline = Timeline::of(&[closure(0, 10, Some(20)), closure(1, 30, None)]);
        for (second, cause) in
            [(9, None), (10, Some(0)), (19, Some(0)), (20, None), (29, None), (30, Some(1)), (99, Some(1))]
        {
            assert_eq!(timeline.at(at(second)).map(|segment| segment.causes[0]), cause, "{second}");
        }
        assert_eq!(timeline.next(at(15)).unwrap().starts_at, at(30));
        assert_eq!(timeline.next(at(30)), None);
        assert_eq!(Timeline::default().at(at(0)), None);
    }

    /// `from-until since closes`, for each segment that drains, and `from-until` for the others.
    fn drains(closures: impl IntoIterator<Item = Closure>) -> Vec<String> {
        let closures: Vec<Closure> = closures.into_iter().collect();
        let line = |segment: &Segment| {
            let until = segment.ends_at.map_or("…".to_owned(), |end| end.as_second().to_string());
            let drain = segment.draining.map(|it| format!(" {} {}", it.since.as_second(), it.closes_at.as_second()));
            format!("{}-{until}{}", segment.starts_at.as_second(), drain.unwrap_or_default())
        };
        Timeline::of(&closures).segments().iter().map(line).collect()
    }

    #[test]
    fn a_site_drains_while_all_that_holds_it_does() {
        assert_eq!(drains(closure(0, 10, None).drained(Some(at(20)))), ["10-20 10 20", "20-…"]);
        // Opens again before it has closed.
        assert_eq!(drains(closure(0, 10, Some(15)).drained(Some(at(20)))), ["10-15 10 15"]);
        assert_eq!(drains(closure(0, 10, Some(15)).drained(Some(at(10)))), ["10-15"]);
        let two = closure(0, 10, None).drained(Some(at(30))).chain(closure(1, 15, Some(40)).drained(Some(at(20))));
        assert_eq!(drains(two), ["10-15 10 30", "15-20 10 20", "20-30", "30-40", "40-…"]);
        let one_closed = closure(0, 10, None).drained(Some(at(30))).chain([closure(1, 15, Some(20))]);
        assert_eq!(drains(one_closed), ["10-15 10 30", "15-20", "20-30 10 30", "30-…"]);
    }

    #[test]
    fn a_segment_is_told_since_its_oldest_cause_and_a_drain_is_part_of_its_cause() {
        let since = |closures: &[Closure]| -> Vec<Option<i64>> {
            let timeline = Timeline::of(closures);
            timeline.segments().iter().map(|segment| segment.since.map(Timestamp::as_second)).collect()
        };
        let nested = [closure(0, 20, Some(30)), closure(1, 10, Some(40))];
        assert_eq!(since(&nested), [Some(10), Some(10), Some(10)]);
        let overlapping = [closure(0, 10, Some(30)), closure(1, 20, Some(40))];
        assert_eq!(since(&overlapping), [Some(10), Some(10), Some(20)]);
        let drained: Vec<Closure> = closure(0, 10, None).drained(Some(at(20))).collect();
        assert_eq!(since(&drained), [Some(10), Some(10)]);
        let unknown = Closure { since: None, ..closure(1, 15, Some(20)) };
        assert_eq!(since(&[closure(0, 10, None), unknown]), [Some(10), None, Some(10)]);
    }

    proptest! {
        #[test]
        fn at_every_moment_it_says_what_the_closures_say(
            spans in prop::collection::vec((0i64..60, 0i64..20, any::<bool>(), prop::option::of(0i64..30)), 0..12),
        ) {
            let closures: Vec<Closure> = spans
                .iter()
                .enumerate()
                .flat_map(|(cause, (from, length, is_open, drain))| {
                    let closure = closure(cause, *from, (!is_open).then_some(from + length));
                    closure.drained(drain.map(|drain| at(from + drain)))
                })
                .collect();
            let timeline = Timeline::of(&closures);
            for second in 0..100 {
                let held: Vec<usize> = closures
                    .iter()
                    .filter(|closure| closure.starts_at <= at(second) && closure.ends_at.is_none_or(|end| at(second) < end))
                    .map(|closure| closure.cause)
                    .collect();
                let found = timeline.at(at(second));
                let all_drain = !held.is_empty() && closures
                    .iter()
                    .filter(|closure| closure.starts_at <= at(second) && closure.ends_at.is_none_or(|end| at(second) < end))
                    .all(|closure| closure.drains);
                prop_assert_eq!(found.is_some_and(|segment| segment.draining.is_some()), all_drain);
                prop_assert_eq!(found.map(|segment| segment.causes.clone()).unwrap_or_default(), held);
                // The site really opens at the told moment, and not before.
                if let Some(opens_at) = found.and_then(|segment| segment.opens_at) {
                    prop_assert!(timeline.at(opens_at).is_none());
                    for between in second..opens_at.as_second() {
                        prop_assert!(timeline.at(at(between)).is_some());
                    }
                }
            }
        }
    }
}
