//! The fields of a form as they were sent: text under names, and nothing that can fail but its encoding.
//!
//! For forms with rows, which must survive whatever is missing, there twice or not known. A name that comes twice has
//! its last value; names are read as they stand, so that `patterns[3][pattern]` is a field of row 3.

use std::collections::BTreeMap;

use percent_encoding::percent_decode;

/// Fields by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Fields(BTreeMap<String, String>);

/// Bytes that are not UTF-8, once decoded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("it is not text in UTF-8")]
pub(super) struct NotText;

/// One row of fields, such as `patterns[3][…]`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Row<'f>(BTreeMap<&'f str, &'f str>);

impl Fields {
    /// Reads a body of type `application/x-www-form-urlencoded`, or a query.
    ///
    /// # Errors
    /// [`NotText`].
    pub(super) fn read(encoded: &[u8]) -> Result<Self, NotText> {
        let pairs = encoded.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty());
        let read = |pair: &[u8]| {
            let (name, value) = match pair.iter().position(|byte| *byte == b'=') {
                Some(at) => (&pair[..at], &pair[at + 1..]),
                None => (pair, &[][..]),
            };
            Ok((decode(name)?, decode(value)?))
        };
        pairs.map(read).collect::<Result<_, _>>().map(Self)
    }

    /// The value of a field; `None` when it was not sent.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// The value of a field; empty when it was not sent.
    pub(super) fn text(&self, name: &str) -> &str {
        self.get(name).unwrap_or_default()
    }

    /// Every field with its value, by name.
    pub(super) fn iter(&self) -> impl Iterator<Item = (String, String)> {
        self.0.iter().map(|(name, value)| (name.clone(), value.clone()))
    }

    /// Whether a box is ticked. What a script may send for a box that is not counts as not ticked.
    pub(super) fn is_ticked(&self, name: &str) -> bool {
        is_ticked(self.get(name))
    }

    /// The rows of a list by their numbers; names with another shape are no rows.
    pub(super) fn rows(&self, list: &str) -> BTreeMap<usize, Row<'_>> {
        let mut rows: BTreeMap<usize, Row<'_>> = BTreeMap::new();
        for (name, value) in &self.0 {
            if let Some((number, field)) = row_field(list, name) {
                rows.entry(number).or_default().0.insert(field, value);
            }
        }
        rows
    }
}

impl<'f> Row<'f> {
    /// The value of a field of the row; `None` when it was not sent.
    pub(super) fn get(&self, field: &str) -> Option<&'f str> {
        self.0.get(field).copied()
    }

    /// The value of a field of the row; empty when it was not sent.
    pub(super) fn text(&self, field: &str) -> String {
        self.get(field).unwrap_or_default().to_owned()
    }

    /// Whether a box of the row is ticked.
    pub(super) fn is_ticked(&self, field: &str) -> bool {
        is_ticked(self.get(field))
    }
}

fn is_ticked(value: Option<&str>) -> bool {
    value.is_some_and(|value| !matches!(value.trim().to_ascii_lowercase().as_str(), "" | "0" | "off" | "no" | "false"))
}

/// Number and field of `list[number][field]`.
fn row_field<'n>(list: &str, name: &'n str) -> Option<(usize, &'n str)> {
    let (number, field) = name.strip_prefix(list)?.strip_prefix('[')?.strip_suffix(']')?.split_once("][")?;
    let is_number = !number.is_empty() && number.len() <= 9 && number.bytes().all(|byte| byte.is_ascii_digit());
    Some((number.parse().ok().filter(|_| is_number)?, field))
}

fn decode(text: &[u8]) -> Result<String, NotText> {
    let spaced: Vec<u8> = text.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
    percent_decode(&spaced).decode_utf8().map(|text| text.into_owned()).map_err(|_| NotText)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fields(text: &str) -> Fields {
        Fields::read(text.as_bytes()).unwrap()
    }

    #[test]
    fn fields_are_decoded_and_the_last_of_two_counts() {
        let fields = fields("a=1&b=x+y%26z&a=2&c&=d&&%C3%A9=%E2%82%AC");
        assert_eq!((fields.text("a"), fields.text("b"), fields.text("é")), ("2", "x y&z", "€"));
        assert_eq!((fields.get("c"), fields.get("d")), (Some(""), None));
        assert_eq!(Fields::read(b"a=%ff"), Err(NotText));
    }

    #[test]
    fn rows_are_found_by_number_in_whatever_order_and_encoding() {
        let fields = fields(
            "p[10][x]=c&p%5B2%5D%5Bx%5D=b&p%5b0%5d%5bx%5d=a&p[2][y]=d&p[][x]=e&p[-1][x]=f&p[1]=g&p=h&p[a][x]=i&pp[3][x]=j",
        );
        let rows: Vec<_> = fields.rows("p").into_iter().map(|(number, row)| (number, row.text("x"))).collect();
        assert_eq!(rows, [(0, "a".to_owned()), (2, "b".to_owned()), (10, "c".to_owned())]);
        assert_eq!(fields.rows("p")[&2].get("y"), Some("d"));
    }

    #[test]
    fn a_box_is_ticked_unless_it_says_otherwise() {
        let fields = fields("a=on&b=1&c=true&d=off&e=0&f=&g=False");
        let ticked: Vec<_> = ["a", "b", "c", "d", "e", "f", "g", "h"].map(|name| fields.is_ticked(name)).to_vec();
        assert_eq!(ticked, [true, true, true, false, false, false, false, false]);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in any::<Vec<u8>>(), name in "[a-z\\[\\]0-9=&%]{0,30}") {
            if let Ok(fields) = Fields::read(&bytes) {
                fields.rows("p");
            }
            fields(&name.replace('%', "")).rows("p");
        }
    }
}
