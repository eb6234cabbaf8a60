//! *How* a site closes, as forms ask it: at once, or after those at work have finished.

use jiff::SignedDuration;

use crate::admin::fields::Fields;
use crate::admin::page::Field;
use crate::admin::words::count;

/// Minutes that stand in a form at first.
const MINUTES: u32 = 15;

/// What is chosen, as text. Its fields are called `how` and `drain_minutes`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::admin) struct Mode {
    /// `drain`; anything else closes at once.
    how: String,
    /// How long at most; kept also when it is not asked for.
    minutes: String,
}

impl Default for Mode {
    fn default() -> Self {
        Self::of(0)
    }
}

impl Mode {
    /// The choice of a drain of so many minutes; of none, with minutes to begin with.
    pub(in crate::admin) fn of(minutes: u32) -> Self {
        match minutes {
            0 => Self { how: "close".to_owned(), minutes: MINUTES.to_string() },
            minutes => Self { how: "drain".to_owned(), minutes: minutes.to_string() },
        }
    }

    /// The choice as it was sent. A form without it closes at once.
    pub(in crate::admin) fn sent(fields: &Fields) -> Self {
        Self::typed(fields.get("how"), fields.get("drain_minutes"))
    }

    /// The same of the texts of its two fields; `None` where one was not sent.
    pub(in crate::admin) fn typed(how: Option<&str>, minutes: Option<&str>) -> Self {
        let known = Self::default();
        let text = |sent: Option<&str>, known: String| sent.map_or(known, |text| text.trim().to_owned());
        Self { how: text(how, known.how), minutes: text(minutes, known.minutes) }
    }

    /// Whether those at work may finish.
    pub(in crate::admin) fn is_drain(&self) -> bool {
        self.how == "drain"
    }

    /// For how many minutes they may at most; zero closes at once. More than `longest` is refused.
    ///
    /// # Errors
    /// A sentence for the field `drain_minutes`.
    pub(in crate::admin) fn read(&self, longest: SignedDuration) -> Result<u32, String> {
        if !self.is_drain() {
            return Ok(0);
        }
        match self.minutes.parse::<u32>() {
            Ok(0) => Err("A drain lasts at least one minute. Without one, choose that it closes at once.".to_owned()),
            Ok(minutes) if i64::from(minutes) > longest.as_mins() => {
                let days = usize::try_from(longest.as_hours() / 24).unwrap_or_default();
                Err(format!("A drain lasts at most {}.", count(days, "day")))
            }
            Ok(minutes) => Ok(minutes),
            Err(_) if self.minutes.is_empty() => Err("Write how many minutes those at work have at most.".to_owned()),
            Err(_) => {
                let shown: String = self.minutes.chars().take(40).collect();
                Err(format!("“{shown}” is not a number of minutes, such as 15."))
            }
        }
    }

    /// The two fields of the form, the second with what is wrong with it.
    pub(in crate::admin) fn fields(&self, fault: Option<&String>) -> [Field; 2] {
        let minutes = Field::new("drain_minutes", &self.minutes);
        let how = Field::new("how", if self.is_drain() { "drain" } else { "close" });
        [how, fault.map_or(minutes.clone(), |fault| minutes.refused(fault))]
    }

    /// In one word or two, for a comparison: `at once`, `at most 15 min`.
    pub(in crate::admin) fn in_words(&self) -> String {
        if self.is_drain() {
            format!("when those at work have finished, at most {} min", self.minutes)
        } else {
            "at once".to_owned()
        }
    }
}

/// What is asked of a drain that is longer than anybody begins without being asked.
pub(in crate::admin) fn long_drain(length: SignedDuration) -> String {
    format!("The drain may last {} h: nobody new can sign in for so long.", length.as_hours())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drain::LONGEST;

    fn read(text: &str) -> Result<u32, String> {
        Mode::sent(&Fields::read(text.as_bytes()).unwrap()).read(LONGEST)
    }

    #[test]
    fn minutes_count_only_where_a_drain_is_chosen_and_lie_between_one_and_a_week() {
        assert_eq!(read(""), Ok(0));
        assert_eq!(read("how=close&drain_minutes=x"), Ok(0));
        assert_eq!(read("how=drain"), Ok(15));
        assert_eq!(read("how=drain&drain_minutes=+90+"), Ok(90));
        assert_eq!(read("how=drain&drain_minutes=10080"), Ok(10_080));
        for (minutes, words) in [
            ("0", "at least one minute"),
            ("-5", "“-5” is not a number of minutes"),
            ("1.5", "“1.5” is not a number of minutes"),
            ("", "Write how many minutes"),
            ("10081", "at most 7 days"),
            ("99999999999", "is not a number"),
        ] {
            let error = read(&format!("how=drain&drain_minutes={minutes}")).unwrap_err();
            assert!(error.contains(words), "{minutes}: {error}");
        }
    }

    #[test]
    fn the_limit_that_is_told_is_the_one_in_force() {
        let longest = SignedDuration::from_hours(24);
        let read = |minutes| Mode::of(minutes).read(longest);
        assert_eq!((read(1_440), read(1_441)), (Ok(1_440), Err("A drain lasts at most 1 day.".to_owned())));
    }

    #[test]
    fn what_was_typed_stays_also_when_it_is_not_asked_for() {
        let sent = Mode::sent(&Fields::read(b"how=close&drain_minutes=40").unwrap());
        assert_eq!(sent.fields(None).map(|field| field.value), ["close", "40"]);
        assert_eq!(Mode::of(40).fields(None).map(|field| field.value), ["drain", "40"]);
    }
}
