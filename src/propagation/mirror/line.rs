//! The lines of a mirror: a checksum, a blank, and one JSON object.
//!
//! What a line says counts only once a *seal* follows it, so that a change is there whole or not at all. A seal tells
//! how many lines the file has up to it, which shows one that is missing.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::change::Revision;
use crate::record::SiteRecord;
use crate::site::SiteId;
use crate::window::Window;

/// Bytes of the checksum, twice as many hexadecimal digits.
const SUM_BYTES: usize = 8;

/// One line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Line<R> {
    /// The first one.
    Mirror(Header),
    /// A site as it is from the next seal on; `None` when it was removed.
    Site { id: SiteId, record: Option<R> },
    /// The master secret.
    Secret(String),
    /// How far the clock of the database is ahead of this machine's, in microseconds.
    ClockOffset(i64),
    /// The windows of all sites.
    Windows(Vec<Window>),
    /// What stands before is complete.
    Seal { revision: Revision, at: Timestamp, lines: u64 },
}

/// What the first line says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Header {
    /// [`VERSION`] of the program that wrote it.
    pub(super) format: u32,
    /// Address of the database without its password.
    pub(super) database: String,
}

/// The one format there is.
pub(super) const VERSION: u32 = 1;

/// The first bytes of SHA-256: against damage, not against malice.
pub(super) type Sum = [u8; SUM_BYTES];

/// A line that cannot be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum LineError {
    #[error("its checksum is wrong")]
    Damaged,
    #[error("it is not understood: {0}")]
    Json(#[from] serde_json::Error),
}

/// The checksum of a text.
pub(super) fn sum(json: &[u8]) -> Sum {
    let digest = Sha256::digest(json);
    std::array::from_fn(|at| digest[at])
}

/// Writes a line with its end; returns the checksum.
pub(super) fn encode(line: &Line<&SiteRecord>, into: &mut Vec<u8>) -> Sum {
    let json = serde_json::to_vec(line).expect("records, texts and numbers are always JSON");
    let sum = sum(&json);
    for byte in sum {
        into.extend_from_slice(format!("{byte:02x}").as_bytes());
    }
    into.push(b' ');
    into.extend_from_slice(&json);
    into.push(b'\n');
    sum
}

/// The JSON of a line without its end, and its checksum.
pub(super) fn check(line: &[u8]) -> Result<(Sum, &[u8]), LineError> {
    let (digits, rest) = line.split_at_checked(2 * SUM_BYTES).ok_or(LineError::Damaged)?;
    let json = rest.strip_prefix(b" ").ok_or(LineError::Damaged)?;
    let sum = sum(json);
    let is_right = digits.chunks(2).zip(sum).all(|(pair, byte)| pair == format!("{byte:02x}").as_bytes());
    if is_right { Ok((sum, json)) } else { Err(LineError::Damaged) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_reads_back_and_one_changed_bit_is_noticed() {
        let mut line = Vec::new();
        let written = encode(&Line::ClockOffset(-7), &mut line);
        assert_eq!(line.pop(), Some(b'\n'));
        let (read, json) = check(&line).unwrap();
        assert_eq!(read, written);
        assert!(matches!(serde_json::from_slice::<Line<SiteRecord>>(json).unwrap(), Line::ClockOffset(-7)));
        for place in 0..line.len() {
            line[place] ^= 1;
            assert!(check(&line).is_err(), "{place}");
            line[place] ^= 1;
        }
        assert!(check(b"").is_err() && check(&line[..10]).is_err());
    }
}
