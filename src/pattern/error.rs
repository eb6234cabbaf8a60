//! Why a pattern is refused, in the words of its field.

/// Why a pattern is refused.
///
/// The text is whole sentences, because it stands beside a field; positions count characters from 1. [`Self::code`]
/// is what scripts rely on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PatternError {
    /// Nothing but space.
    #[error("A pattern must not be empty.")]
    Empty,
    /// Longer than [`super::MAX_PATTERN_CHARS`].
    #[error("It has {length} characters; at most {max} are possible.")]
    TooLong {
        /// Characters given.
        length: usize,
        /// Characters possible.
        max: usize,
    },
    /// A character that no path holds, such as a line break.
    #[error("Character {position} is a control character ({shown}), which no path holds.", shown = character.escape_unicode())]
    ControlCharacter {
        /// Where, in characters from 1.
        position: usize,
        /// Which.
        character: char,
    },
    /// Not a valid regular expression.
    #[error("{problem}")]
    Syntax {
        /// Where, in characters from 1.
        position: usize,
        /// What is wrong there, and what to write instead.
        problem: String,
    },
    /// Look-around or a back-reference, which matching in linear time cannot do.
    #[error("{problem}")]
    NotSupported {
        /// Where, in characters from 1.
        position: usize,
        /// What is not supported.
        problem: String,
    },
    /// It would need too much memory or time.
    #[error(
        "It is too costly: repeat counts multiply each other or the characters they repeat. Use “+” or “*” instead of large counts."
    )]
    TooCostly,
    /// Each pattern is fine, but all together need too much memory or time.
    #[error("Together these patterns are too costly. Use fewer of them, or simpler ones.")]
    TogetherTooCostly,
    /// An exact path or a prefix that no path can be.
    #[error("{problem}")]
    NotAPath {
        /// Where, in characters from 1.
        position: usize,
        /// What is wrong there.
        problem: String,
    },
    /// More than [`super::MAX_PATTERNS_PER_SITE`].
    #[error("{count} patterns are too many; at most {max} are possible for one site.")]
    TooMany {
        /// Patterns given.
        count: usize,
        /// Patterns possible.
        max: usize,
    },
}

impl PatternError {
    /// Where the fault is, in characters from 1; `None` when it is the whole pattern.
    pub fn position(&self) -> Option<usize> {
        match self {
            Self::ControlCharacter { position, .. }
            | Self::Syntax { position, .. }
            | Self::NotSupported { position, .. }
            | Self::NotAPath { position, .. } => Some(*position),
            Self::Empty | Self::TooLong { .. } | Self::TooCostly | Self::TogetherTooCostly | Self::TooMany { .. } => {
                None
            }
        }
    }

    /// A word that never changes, for the API and scripts.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Empty => "pattern_empty",
            Self::TooLong { .. } => "pattern_too_long",
            Self::ControlCharacter { .. } => "pattern_control_character",
            Self::Syntax { .. } => "pattern_syntax",
            Self::NotSupported { .. } => "pattern_not_supported",
            Self::TooCostly => "pattern_too_costly",
            Self::TogetherTooCostly => "patterns_too_costly",
            Self::NotAPath { .. } => "pattern_not_a_path",
            Self::TooMany { .. } => "patterns_too_many",
        }
    }
}
