//! Weighted lists, as `Accept` and `Accept-Language` carry them (RFC 9110, sections 5.6.1 and 12.4.2).
//!
//! Reads what a client sends without allocating and without refusing: an element that is not understood is
//! left out, the rest still counts. What an element *means* is left to [`crate::language`] and [`crate::response`].

/// Weight of an element without `q`: quality values are kept in thousandths.
pub(crate) const FULL_WEIGHT: u16 = 1000;

/// Elements read of one list; a browser sends fewer than ten.
pub(crate) const MAX_ITEMS: usize = 32;

/// One element of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Item<'a> {
    /// What stands before the first `;`, without blanks around it; never empty.
    pub value: &'a [u8],
    /// Whether it has parameters other than its weight, as `text/html;level=1` has.
    pub has_parameters: bool,
    /// Quality in thousandths, 0 to 1000; 0 means *not acceptable*.
    pub weight: u16,
}

/// The elements of a list in the order sent, at most [`MAX_ITEMS`]. Several header lines are one list.
pub(crate) fn items<'a>(lines: impl Iterator<Item = &'a [u8]>) -> impl Iterator<Item = Item<'a>> {
    let elements = lines.flat_map(|line| Split { rest: Some(line), at: b',' });
    elements.map(<[u8]>::trim_ascii).filter(|element| !element.is_empty()).take(MAX_ITEMS).filter_map(item)
}

/// Reads one element; `None` when it has no value or a weight that is no number.
fn item(element: &[u8]) -> Option<Item<'_>> {
    let mut parts = Split { rest: Some(element), at: b';' }.map(<[u8]>::trim_ascii);
    let value = parts.next().filter(|value| !value.is_empty())?;
    let mut item = Item { value, has_parameters: false, weight: FULL_WEIGHT };
    for part in parts {
        let equals = part.iter().position(|byte| *byte == b'=').unwrap_or(part.len());
        let (name, rest) = part.split_at(equals);
        if name.trim_ascii().eq_ignore_ascii_case(b"q") {
            item.weight = weight(rest.get(1..).unwrap_or_default().trim_ascii())?;
        } else if !part.is_empty() {
            item.has_parameters = true;
        }
    }
    Some(item)
}

/// A quality value in thousandths. More digits than the three of the standard are cut, more than one is one.
fn weight(text: &[u8]) -> Option<u16> {
    let point = text.iter().position(|byte| *byte == b'.').unwrap_or(text.len());
    let (whole, fraction) = (&text[..point], text.get(point + 1..).unwrap_or_default());
    let is_number = whole.iter().chain(fraction).all(u8::is_ascii_digit) && !(whole.is_empty() && fraction.is_empty());
    if !is_number {
        return None;
    }
    if whole.iter().any(|digit| *digit != b'0') {
        return Some(FULL_WEIGHT);
    }
    let digits = fraction.iter().copied().chain(std::iter::repeat(b'0'));
    Some(digits.take(3).fold(0, |sum, digit| sum * 10 + u16::from(digit - b'0')))
}

/// Cuts at a byte that does not stand inside a quoted string.
struct Split<'a> {
    rest: Option<&'a [u8]>,
    at: u8,
}

impl<'a> Iterator for Split<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let rest = self.rest?;
        // Hardly any list holds a quote, and without one a cut is a cut.
        match rest.iter().position(|byte| *byte == self.at || *byte == b'"') {
            None => {
                self.rest = None;
                return Some(rest);
            }
            Some(index) if rest[index] == self.at => {
                self.rest = Some(&rest[index + 1..]);
                return Some(&rest[..index]);
            }
            Some(_) => {}
        }
        let (mut quoted, mut escaped) = (false, false);
        for (index, byte) in rest.iter().enumerate() {
            match byte {
                _ if escaped => escaped = false,
                b'\\' if quoted => escaped = true,
                b'"' => quoted = !quoted,
                byte if *byte == self.at && !quoted => {
                    self.rest = Some(&rest[index + 1..]);
                    return Some(&rest[..index]);
                }
                _ => {}
            }
        }
        self.rest = None;
        Some(rest)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(lines: &[&str]) -> Vec<(String, u16)> {
        let lines = lines.iter().map(|line| line.as_bytes());
        items(lines).map(|item| (String::from_utf8_lossy(item.value).into_owned(), item.weight)).collect()
    }

    #[test]
    fn weights_are_read_in_thousandths() {
        let cases = [
            ("0", Some(0)),
            ("0.", Some(0)),
            ("0.5", Some(500)),
            ("0.123", Some(123)),
            ("0.1239", Some(123)),
            (".7", Some(700)),
            ("1", Some(1000)),
            ("1.000", Some(1000)),
            ("7.5", Some(1000)),
            ("", None),
            (".", None),
            ("-1", None),
            ("0,5", None),
            ("half", None),
            ("1e3", None),
        ];
        for (text, expected) in cases {
            assert_eq!(weight(text.as_bytes()), expected, "{text:?}");
        }
    }

    #[test]
    fn several_lines_are_one_list_and_empty_elements_do_not_count() {
        let expected = vec![("de".to_owned(), 1000), ("en".to_owned(), 800), ("fr".to_owned(), 0)];
        assert_eq!(read(&["de, ,en ; q=0.8,", ",fr;Q=0"]), expected);
    }

    #[test]
    fn a_comma_in_a_quoted_string_does_not_part_elements() {
        let line: &[u8] = br#"text/html;note="a,b;q=0\"";q=0.3, text/plain"#;
        let found: Vec<_> = items([line].into_iter()).collect();
        assert_eq!(found[0], Item { value: b"text/html", has_parameters: true, weight: 300 });
        assert_eq!(found[1], Item { value: b"text/plain", has_parameters: false, weight: 1000 });
    }

    #[test]
    fn an_element_with_a_bad_weight_is_left_out() {
        assert_eq!(read(&["de;q=nonsense, en"]), vec![("en".to_owned(), 1000)]);
    }

    #[test]
    fn elements_beyond_the_limit_are_not_read() {
        let long = vec!["a"; MAX_ITEMS + 10].join(",");
        assert_eq!(read(&[&long]).len(), MAX_ITEMS);
    }

    proptest! {
        #[test]
        fn a_list_is_cut_where_no_quote_is_open(text in r#"[a,";\\]{0,16}"#) {
            let (mut parts, mut is_quoted, mut is_escaped) = (vec![Vec::new()], false, false);
            for byte in text.bytes() {
                let is_cut = byte == b',' && !is_quoted;
                (is_quoted, is_escaped) = match byte {
                    _ if is_escaped => (is_quoted, false),
                    b'\\' => (is_quoted, is_quoted),
                    b'"' => (!is_quoted, false),
                    _ => (is_quoted, false),
                };
                if is_cut { parts.push(Vec::new()) } else { parts.last_mut().unwrap().push(byte) }
            }
            let cut: Vec<_> = Split { rest: Some(text.as_bytes()), at: b',' }.map(<[u8]>::to_vec).collect();
            prop_assert_eq!(cut, parts);
        }

        #[test]
        fn any_bytes_are_read_within_bounds(lines in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 0..4)) {
            let found: Vec<_> = items(lines.iter().map(Vec::as_slice)).collect();
            prop_assert!(found.len() <= MAX_ITEMS);
            prop_assert!(found.iter().all(|item| item.weight <= FULL_WEIGHT && !item.value.is_empty()));
        }
    }
}
