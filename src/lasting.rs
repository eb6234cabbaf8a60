//! Threads that must go on: a fault of ours in one of their rounds must not end the rest.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// A round that a fault of this program has ended. Its own words are in the log, or on standard error, above.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a fault of this program, see above")]
pub(crate) struct Fault;

/// Does one round of a thread's work. What the round was about to change may be half changed after a fault, so the caller
/// begins anew with what it can.
///
/// # Errors
/// [`Fault`] when the round panicked.
pub(crate) fn round<T>(work: impl FnOnce() -> T) -> Result<T, Fault> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|_| Fault)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_ends_its_round_only() {
        let rounds: Vec<_> = (0..3).map(|n| round(|| if n == 1 { panic!("the second") } else { n })).collect();
        assert_eq!(rounds, [Ok(0), Err(Fault), Ok(2)]);
        assert_eq!(Fault.to_string(), "a fault of this program, see above");
    }
}
