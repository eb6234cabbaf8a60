//! The name of a cause: `box`, `window-12`, `lease-3`.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::lease::LeaseId;
use crate::window::WindowId;

/// Name of a cause within its site.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CauseId {
    /// The *in maintenance* box.
    Box,
    /// A lease.
    Lease(LeaseId),
    /// A window.
    Window(WindowId),
}

/// A text that names no cause.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a cause is box, window-NUMBER or lease-NUMBER; `maintenance status --json` lists those that are open")]
pub struct NoCauseId;

impl fmt::Display for CauseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Box => f.write_str("box"),
            Self::Lease(id) => write!(f, "lease-{id}"),
            Self::Window(id) => write!(f, "window-{id}"),
        }
    }
}

impl FromStr for CauseId {
    type Err = NoCauseId;

    fn from_str(text: &str) -> Result<Self, NoCauseId> {
        let number = |text: &str| text.parse::<i64>().ok().filter(|number| *number > 0).ok_or(NoCauseId);
        match text.split_once('-') {
            None if text == "box" => Ok(Self::Box),
            Some(("lease", id)) => Ok(Self::Lease(LeaseId(number(id)?))),
            Some(("window", id)) => Ok(Self::Window(WindowId(number(id)?))),
            _ => Err(NoCauseId),
        }
    }
}

impl Serialize for CauseId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for CauseId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_named_by_its_kind_and_number() {
        for id in ["box", "window-12", "lease-3"] {
            assert_eq!(id.parse::<CauseId>().unwrap().to_string(), id);
        }
        for wrong in ["", "Box", "window", "window-", "window-0", "lease--1", "task-1", "window-12x"] {
            assert!(wrong.parse::<CauseId>().is_err(), "{wrong}");
        }
    }
}
