//! Pages that load something by themselves after a time: by `<meta http-equiv=refresh>`, or by the header of that name.

/// What a page does by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refresh {
    /// After how many whole seconds.
    pub seconds: u64,
    /// The address that is loaded, as it is written; `None` for the page itself.
    pub target: Option<String>,
}

impl Refresh {
    /// Reads `3`, `0; url=/down` or `0,'/down'` (HTML, section 4.2.5.3); `None` when browsers do nothing about it.
    pub(super) fn read(value: &str) -> Option<Self> {
        let value = value.trim_start();
        let end = value.find(|c: char| !c.is_ascii_digit()).unwrap_or(value.len());
        let (digits, rest) = value.split_at(end);
        if digits.is_empty() && !rest.starts_with('.') {
            return None;
        }
        let rest = rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.').trim_start();
        let rest = rest.strip_prefix([';', ',']).unwrap_or(rest).trim();
        let target = match rest.get(..3).filter(|word| word.eq_ignore_ascii_case("url")) {
            Some(_) => rest[3..].trim_start().strip_prefix('=').unwrap_or(rest).trim(),
            None => rest,
        };
        let target = target.trim_matches(['"', '\'']).trim();
        Some(Self { seconds: digits.parse().unwrap_or(0), target: (!target.is_empty()).then(|| target.to_owned()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_page_loads_by_itself_is_read() {
        for (value, seconds, target) in [
            ("30", 30, None),
            (" 0 ", 0, None),
            ("0.5", 0, None),
            ("5; url=https://status.example.com/", 5, Some("https://status.example.com/")),
            ("0;URL='/down'", 0, Some("/down")),
            ("3,/down", 3, Some("/down")),
            ("3; url", 3, Some("url")),
            ("1;url=", 1, None),
        ] {
            let expected = Refresh { seconds, target: target.map(str::to_owned) };
            assert_eq!(Refresh::read(value), Some(expected), "{value}");
        }
        for value in ["", "soon", "; url=/down", "é"] {
            assert_eq!(Refresh::read(value), None, "{value}");
        }
    }
}
