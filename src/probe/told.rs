//! What `/maintenance/status.json` tells of a site that this program looks after.
//!
//! It is believed only as a reason why a page that looks open is not. Whether visitors are held is seen at the page alone.

use serde_json::Value;

use super::answer::Seen;

/// The state of a site in its own words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// Visitors get the site.
    Open,
    /// Those at work may finish; nobody else gets in.
    Draining,
    /// Closed for writing only.
    ReadOnly,
    /// Closed for everybody.
    Closed,
}

impl Told {
    /// Reads an answer; `None` when it is not this program's.
    pub fn of(seen: &Seen) -> Option<Self> {
        let answer = seen.as_ref().ok().filter(|answer| answer.status == 200 && answer.is_json())?;
        let status: Value = serde_json::from_slice(&answer.body).ok()?;
        // Fields that are always there, the next times included.
        let is_ours = status.get("until").is_some() && status.get("notice").is_some() && status["next_check"].is_u64();
        match (is_ours, status["phase"].as_str()?, status["level"].as_str()) {
            (true, "open", _) => Some(Self::Open),
            (true, "draining", _) => Some(Self::Draining),
            (true, "maintenance", Some("read-only")) => Some(Self::ReadOnly),
            (true, "maintenance", _) => Some(Self::Closed),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::Answer;

    #[test]
    fn only_what_is_ours_is_believed() {
        let told = |status, media_type: &str, body: &str| {
            let headers = vec![("content-type".to_owned(), media_type.to_owned())];
            Told::of(&Ok(Answer { status, headers, body: body.as_bytes().to_vec(), ..Answer::default() }))
        };
        let ours = |fields: &str| format!(r#"{{{fields}, "until": null, "notice": null, "next_check": 30}}"#);
        for (fields, expected) in [
            (r#""phase": "open""#, Some(Told::Open)),
            (r#""phase": "draining", "level": "full""#, Some(Told::Draining)),
            (r#""phase": "maintenance", "level": "full""#, Some(Told::Closed)),
            (r#""phase": "maintenance", "level": "read-only""#, Some(Told::ReadOnly)),
            (r#""phase": "maintenance""#, Some(Told::Closed)),
            (r#""phase": "shut""#, None),
        ] {
            assert_eq!(told(200, "application/json", &ours(fields)), expected, "{fields}");
        }
        let closed = ours(r#""phase": "maintenance""#);
        assert_eq!(told(503, "application/json", &closed), None);
        assert_eq!(told(200, "text/html", &closed), None);
        assert_eq!(told(200, "application/json", r#"{"phase": "maintenance"}"#), None, "of another program");
        assert_eq!(told(200, "application/json", "<h1>"), None);
    }
}
