//! Ignored patterns as they are asked: the rows beside what they compile to.

use super::{IgnoredPattern, PatternError, PatternSet};
use crate::path::RequestPath;

/// Ignored patterns with their compiled form.
#[derive(Debug, Default)]
pub struct IgnoredPatterns {
    rows: Vec<IgnoredPattern>,
    set: PatternSet,
}

impl IgnoredPatterns {
    /// Compiles rows.
    ///
    /// # Errors
    /// When a row does not compile, or all together cost too much.
    pub fn compile(rows: Vec<IgnoredPattern>) -> Result<Self, PatternError> {
        let set = PatternSet::compile(&rows)?;
        Ok(Self { rows, set })
    }

    /// Compiles the rows that can be, and says which cannot: those let nothing through.
    pub fn compile_valid(rows: Vec<IgnoredPattern>) -> (Self, Vec<(usize, PatternError)>) {
        let (set, left_out) = PatternSet::compile_valid(&rows);
        (Self { rows, set }, left_out)
    }

    /// The row that matches the path, if any.
    pub fn find(&self, path: &RequestPath<'_>) -> Option<&IgnoredPattern> {
        self.set.find(path).and_then(|row| self.rows.get(row))
    }

    /// The rows, in order.
    pub fn rows(&self) -> &[IgnoredPattern] {
        &self.rows
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}
