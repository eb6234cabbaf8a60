//! What a closed site says in one language: its own message, filled up with the built-in words.

use std::borrow::Cow;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::markup::{self, Fill};
use crate::message::Message;
use crate::response::rfc3339;
use crate::wording::{self, Wording};

/// A language that a site answers in.
#[derive(Debug)]
pub(crate) struct Voice {
    /// Its tag.
    pub tag: Cow<'static, str>,
    /// The words around the message, and instead of what it leaves out: those of the language if it is built in,
    /// else English ones.
    pub wording: &'static Wording,
    /// Whether the words are in another language than the message.
    pub is_foreign: bool,
}

/// Lets a list of voices be searched by tag.
impl AsRef<str> for Voice {
    fn as_ref(&self) -> &str {
        &self.tag
    }
}

/// What there is to say, whatever the language.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Facts<'a> {
    /// The site's name, or its domain.
    pub site: &'a str,
    /// All messages of the site.
    pub messages: &'a [Message],
    /// The end that is ahead.
    pub end_ahead: Option<Timestamp>,
    /// Whether an end was expected and has passed.
    pub is_overdue: bool,
    /// The zone of the times shown.
    pub zone: &'a TimeZone,
    /// When this is said; only whether a year is needed depends on it.
    pub now: Timestamp,
}

/// The words of one answer, placeholders filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Said {
    /// Tag of the language that most of it is in.
    pub language: String,
    /// Heading, plain.
    pub heading: String,
    /// When the site is expected back, as HTML; empty unless an end is ahead that an own text leaves out.
    pub until_html: String,
    /// The same, plain.
    pub until_text: String,
    /// Text as HTML.
    pub message_html: String,
    /// Text, plain.
    pub message_text: String,
    /// The end in words; empty unless one is ahead.
    pub end: String,
    /// The end as RFC 3339; empty unless one is ahead.
    pub end_iso: String,
    /// How to reach somebody, as HTML with its label; may be empty.
    pub contact_html: String,
    /// How to reach somebody, plain with its label; may be empty.
    pub contact_line: String,
    /// How to reach somebody, bare; may be empty.
    pub contact: String,
    /// Address and words of the extra link.
    pub link: Option<(String, String)>,
    /// ` lang="…" dir="…"` where the heading is in another language; else empty.
    pub heading_attributes: String,
    /// The same for the text.
    pub message_attributes: String,
    /// The same for the built-in words.
    pub words_attributes: String,
    /// The same for the extra link.
    pub link_attributes: String,
}

/// The languages of a site: those of its messages in their order, or all that are built in when no message has
/// words of its own.
pub(crate) fn voices(messages: &[Message]) -> Vec<Voice> {
    if messages.iter().any(Message::has_text) {
        return messages.iter().map(|message| Voice::of(message.language.clone())).collect();
    }
    wording::all()
        .iter()
        .map(|wording| Voice { tag: Cow::Borrowed(&wording.tag), wording, is_foreign: false })
        .collect()
}

impl Voice {
    fn of(tag: String) -> Self {
        let built_in = wording::of(&tag);
        let wording = built_in.unwrap_or_else(wording::english);
        Self { tag: Cow::Owned(tag), wording, is_foreign: built_in.is_none() }
    }

    /// Says it in this language.
    pub(crate) fn say(&self, facts: &Facts<'_>) -> Said {
        let words = self.wording;
        let own = facts.messages.iter().find(|message| message.language == *self.tag);
        let own_heading = own.map(|message| message.heading.trim()).filter(|text| !text.is_empty());
        let own_body = own.map(|message| message.body.trim()).filter(|text| !text.is_empty());
        let is_own = own_heading.is_some() || own_body.is_some();
        let language = if is_own || !self.is_foreign { &*self.tag } else { &words.tag };

        let contact = with(own, facts.messages, |message| &message.contact).map_or("", |message| &*message.contact);
        let end_iso = facts.end_ahead.map(rfc3339);
        let end = facts.end_ahead.map(|end| match self.is_foreign && is_own {
            true => wording::time_in_figures(end, facts.zone),
            false => words.time(end, facts.zone, facts.now),
        });
        let fill =
            Fill { end: end.as_deref().unwrap_or(&words.soon), end_iso: end_iso.as_deref(), site: facts.site, contact };
        // Visitors are told when an end was given, whatever else they are told.
        let tells_end = [own_heading, own_body].into_iter().flatten().any(|text| text.contains("{end}"));
        let until = if own_body.is_some() && facts.end_ahead.is_some() && !tells_end { &*words.until } else { "" };
        let body = own_body.unwrap_or(match facts.end_ahead {
            Some(_) => &words.until,
            None if facts.is_overdue => &words.overdue,
            None => &words.unknown,
        });
        let linked = with(own, facts.messages, |message| &message.link_url);
        let label = |message: &Message| match message.link_label.trim() {
            "" => message.link_url.clone(),
            label => markup::plain(label, &fill),
        };
        let has_contact = !contact.is_empty();
        Said {
            heading: markup::plain(own_heading.unwrap_or(&words.heading), &fill),
            until_html: markup::inline_html(until, &fill),
            until_text: markup::plain(until, &fill),
            message_html: markup::html(body, &fill),
            message_text: markup::plain(body, &fill),
            contact_html: if has_contact { markup::inline_html(&words.contact, &fill) } else { String::new() },
            contact_line: if has_contact { markup::plain(&words.contact, &fill) } else { String::new() },
            contact: contact.to_owned(),
            link: linked.map(|message| (message.link_url.clone(), label(message))),
            heading_attributes: attributes(if own_heading.is_some() { &self.tag } else { self.words_tag() }, language),
            message_attributes: attributes(if own_body.is_some() { &self.tag } else { self.words_tag() }, language),
            words_attributes: attributes(self.words_tag(), language),
            link_attributes: linked.map_or_else(String::new, |message| attributes(&message.language, language)),
            end: end.unwrap_or_default(),
            end_iso: end_iso.unwrap_or_default(),
            language: language.to_owned(),
        }
    }

    /// The tag that the built-in words go under: `de` serves `de-CH` as if it were written for it.
    fn words_tag(&self) -> &str {
        if self.is_foreign { &self.wording.tag } else { &self.tag }
    }
}

/// The message that has this field filled in: the own one, else the first that has.
fn with<'a>(
    own: Option<&'a Message>,
    messages: &'a [Message],
    field: impl Fn(&Message) -> &String,
) -> Option<&'a Message> {
    own.into_iter().chain(messages).find(|message| !field(message).trim().is_empty())
}

/// HTML attributes of a part in one language within a page in another.
fn attributes(part: &str, page: &str) -> String {
    if part == page {
        return String::new();
    }
    format!(" lang=\"{}\" dir=\"{}\"", markup::escape(part), crate::language::direction(part).as_str())
}

impl Said {
    /// All on one line, for `text/plain`: site if any, heading, end, text, contact, link.
    pub(crate) fn line(&self, site: &str, wording: &Wording) -> String {
        let stop = match self.heading.chars().next_back() {
            Some('.' | '!' | '?' | '…' | ':') => " ",
            Some('。' | '！' | '？') => "",
            _ => &wording.full_stop,
        };
        let link =
            self.link.as_ref().map(|(url, label)| if url == label { url.clone() } else { format!("{label}: {url}") });
        let parts = [&self.until_text, &self.message_text, &self.contact_line, link.as_ref().unwrap_or(&self.contact)];
        let parts = if link.is_some() { &parts[..] } else { &parts[..3] };
        let rest = parts.iter().filter(|part| !part.is_empty()).map(|part| part.as_str()).collect::<Vec<_>>().join(" ");
        let colon = if site.is_empty() { "" } else { ": " };
        let line = format!("{site}{colon}{}{stop}{rest}", self.heading);
        line.split_whitespace().collect::<Vec<_>>().join(" ") + "\n"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static UTC: TimeZone = TimeZone::UTC;

    fn message(language: &str, heading: &str, body: &str) -> Message {
        let [language, heading, body] = [language, heading, body].map(str::to_owned);
        Message { language, heading, body, ..Message::default() }
    }

    fn facts(messages: &[Message]) -> Facts<'_> {
        let end = Some("2026-11-21T03:30:00Z".parse().unwrap());
        let now = "2026-11-21T03:00:00Z".parse().unwrap();
        Facts { site: "Shop", messages, end_ahead: end, is_overdue: false, zone: &UTC, now }
    }

    #[test]
    fn without_own_words_every_built_in_language_is_spoken() {
        let contact_only = Message { contact: "help@example.com".to_owned(), ..message("en", "", "") };
        for messages in [&[][..], &[contact_only]] {
            assert_eq!(voices(messages).len(), wording::all().len());
        }
        let own = [message("fi", "", "Takaisin {end}."), message("de", "", "")];
        assert_eq!(voices(&own).iter().map(|voice| &*voice.tag).collect::<Vec<_>>(), ["fi", "de"]);
    }

    #[test]
    fn an_empty_text_falls_back_to_the_words_of_its_language() {
        let messages = [message("en", "Closed", "Back {end}."), message("de-CH", "", "")];
        let said = voices(&messages)[1].say(&facts(&messages));
        assert_eq!(said.heading, "Diese Website ist leider gerade nicht verfügbar");
        assert_eq!(said.message_text, "Sie können sie ab Samstag, 21. November, 03:30 Uhr UTC wieder nutzen.");
        assert_eq!((said.language.as_str(), said.words_attributes.as_str()), ("de-CH", ""));
    }

    #[test]
    fn a_language_that_is_not_built_in_marks_the_english_words_around_it() {
        let messages = [message("fi", "", "Takaisin {end}.")];
        let said = voices(&messages)[0].say(&facts(&messages));
        assert_eq!(said.message_text, "Takaisin 2026-11-21 03:30 UTC.");
        assert_eq!((said.language.as_str(), said.message_attributes.as_str()), ("fi", ""));
        assert_eq!(said.heading_attributes, " lang=\"en\" dir=\"ltr\"");
        assert_eq!(said.words_attributes, " lang=\"en\" dir=\"ltr\"");
    }

    #[test]
    fn the_text_is_honest_about_the_end() {
        let words = &voices(&[])[wording::all().iter().position(|words| words.tag == "en").unwrap()];
        let ahead = facts(&[]);
        let unknown = Facts { end_ahead: None, ..ahead };
        let overdue = Facts { is_overdue: true, ..unknown };
        assert_eq!(
            words.say(&ahead).message_text,
            "You will be able to use it again from 03:30 UTC on Saturday 21 November."
        );
        assert_eq!(words.say(&unknown).message_text, "It will be back soon.");
        assert!(words.say(&overdue).message_text.starts_with("The work is taking longer than planned."));
        assert_eq!((words.say(&overdue).end, words.say(&overdue).end_iso), (String::new(), String::new()));
        let own = [message("en", "", "Back {end}.")];
        assert_eq!(voices(&own)[0].say(&Facts { messages: &own, ..overdue }).message_text, "Back soon.");
    }

    #[test]
    fn an_end_that_an_own_text_leaves_out_is_told_beside_it() {
        let until = "You will be able to use it again from 03:30 UTC on Saturday 21 November.";
        for (heading, body, expected) in [
            ("", "We are replacing a disk.", until),
            ("Closed", "Nothing is lost.", until),
            ("Closed until {end}", "Nothing is lost.", ""),
            ("", "Back {end}.", ""),
            ("Closed", "", ""),
        ] {
            let messages = [message("en", heading, body)];
            let said = voices(&messages)[0].say(&facts(&messages));
            assert_eq!(said.until_text, expected, "{heading} {body}");
            assert_eq!(said.until_html.contains("<time datetime=\"2026-11-21T03:30:00Z\">"), !expected.is_empty());
            let unknown = Facts { end_ahead: None, ..facts(&messages) };
            assert_eq!(voices(&messages)[0].say(&unknown).until_text, "");
        }
    }

    #[test]
    fn contact_and_link_of_the_first_message_serve_every_language() {
        let mut english = message("en", "Closed", "");
        english.contact = "help@example.com".to_owned();
        english.link_url = "https://status.example.com".to_owned();
        english.link_label = "Status of {site}".to_owned();
        let messages = [english, message("ar", "", "نص")];
        let said = voices(&messages)[1].say(&facts(&messages));
        let link = "<a href=\"mailto:help@example.com\" rel=\"nofollow noopener\">help@example.com</a>";
        assert_eq!(said.contact_html, format!("للتواصل: \u{2068}{link}\u{2069}"));
        assert_eq!(said.link, Some(("https://status.example.com".to_owned(), "Status of Shop".to_owned())));
        assert_eq!(said.link_attributes, " lang=\"en\" dir=\"ltr\"");
    }

    #[test]
    fn the_line_is_one_line() {
        let mut english = message("en", "Closed!", "One.\n\nTwo\nthree.");
        english.contact = "help@example.com".to_owned();
        english.link_url = "https://a.example".to_owned();
        let messages = [english, message("ja", "", "")];
        let voices = voices(&messages);
        let line = |voice: &Voice| voice.say(&facts(&messages)).line("Shop", voice.wording);
        let end = "You will be able to use it again from 03:30 UTC on Saturday 21 November.";
        let english = format!("Shop: Closed! {end} One. Two three. Contact: help@example.com https://a.example\n");
        assert_eq!(line(&voices[0]), english);
        let japanese = "Shop: 申し訳ありません。このサイトは現在ご利用いただけません。11月21日（土）03:30（UTC）以降、";
        assert!(line(&voices[1]).starts_with(japanese), "{}", line(&voices[1]));
    }
}
