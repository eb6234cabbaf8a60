//! Many regular expressions as one automaton that is tried from the start of a path, in both slash spellings.
//!
//! A lazy DFA: its states are made when a path first needs them, so that building is quick and a search costs a table
//! look-up a byte, whatever the number of expressions. Where it cannot go on (a Unicode word boundary beside a letter
//! that is not ASCII, or a cache that keeps overflowing) the NFA is simulated, also in linear time.
//!
//! `regex::Regex` and `regex_automata::meta::Regex` would also build the reverse automaton to find where a match
//! begins. Ours begin at 0, and leaving it out halves time and memory.

use std::panic::{RefUnwindSafe, UnwindSafe};

use regex_automata::hybrid::dfa::{Cache, Config, DFA};
use regex_automata::nfa::thompson::pikevm::{self, PikeVM};
use regex_automata::nfa::thompson::{self, NFA, WhichCaptures};
use regex_automata::util::pool::Pool;
use regex_automata::{Anchored, Input, MatchKind, PatternID, PatternSet};
use regex_syntax::hir::Hir;

use super::cost::{Cost, MAX_WIDTH_TOGETHER};
use crate::path::RequestPath;

/// Bytes that the automaton of one site may need.
const MAX_BYTES: usize = 48 << 20;

/// Bytes that the states made on the way may take, for each thread that searches at the same time.
const CACHE_BYTES: usize = 2 << 20;

/// The expressions need more memory or time than one site may ask for.
#[derive(Debug)]
pub(super) struct TooCostly;

/// Compiled expressions; a number counts them from 0 in the order given.
pub(super) struct Automaton {
    dfa: DFA,
    vm: PikeVM,
    caches: Pool<Caches, MakeCaches>,
    /// Whether any expression can match text that begins with this byte.
    starts: [bool; 256],
    /// The first expression that matches the path `/` without its slash, known beforehand.
    on_nothing: Option<usize>,
}

type MakeCaches = Box<dyn Fn() -> Caches + Send + Sync + UnwindSafe + RefUnwindSafe>;

/// What a search writes to.
struct Caches {
    dfa: Cache,
    vm: Option<pikevm::Cache>,
}

impl Automaton {
    /// Builds the automaton that [`Self::first`] searches with.
    pub(super) fn first_of(expressions: &[&Hir]) -> Result<Self, TooCostly> {
        Self::build(expressions, MatchKind::LeftmostFirst)
    }

    /// Builds the automaton that [`Self::each`] searches with.
    pub(super) fn all_of(expressions: &[&Hir]) -> Result<Self, TooCostly> {
        Self::build(expressions, MatchKind::All)
    }

    fn build(expressions: &[&Hir], kind: MatchKind) -> Result<Self, TooCostly> {
        let width = expressions.iter().fold(0_u64, |sum, hir| sum.saturating_add(Cost::of(hir).width));
        if width > MAX_WIDTH_TOGETHER {
            return Err(TooCostly);
        }
        let nfa = build_nfa(expressions, MAX_BYTES)?;
        let dfa = build_dfa(nfa.clone(), kind, CACHE_BYTES)?;
        let config = PikeVM::config().match_kind(kind);
        let vm = PikeVM::builder().configure(config).build_from_nfa(nfa).map_err(|_too_large| TooCostly)?;
        let starts = starts(&dfa);
        let source = dfa.clone();
        let caches: MakeCaches = Box::new(move || Caches { dfa: source.create_cache(), vm: None });
        let mut built = Self { dfa, vm, caches: Pool::new(caches), starts, on_nothing: None };
        built.on_nothing = built.search(&mut built.caches.get(), "");
        Ok(built)
    }

    /// The first expression, in order, that matches the path in either spelling.
    #[inline]
    pub(super) fn first(&self, path: &RequestPath<'_>) -> Option<usize> {
        let spellings = [path.as_str(), path.without_slash()];
        let possible = spellings.map(|text| Some(text).filter(|text| self.can_start(text)));
        let on_nothing = self.on_nothing.filter(|_| path.without_slash().is_empty());
        if possible == [None, None] {
            return on_nothing;
        }
        let mut caches = self.caches.get();
        let found = possible.map(|text| self.search(&mut caches, text?));
        found.into_iter().flatten().chain(on_nothing).min()
    }

    /// Calls `found` for every expression that matches the path in either spelling, perhaps twice.
    pub(super) fn each(&self, path: &RequestPath<'_>, mut found: impl FnMut(usize)) {
        let mut matched = PatternSet::new(self.dfa.pattern_len());
        let mut caches = self.caches.get();
        for text in [path.as_str(), path.without_slash()] {
            let input = Input::new(text).anchored(Anchored::Yes);
            matched.clear();
            if self.dfa.try_which_overlapping_matches(&mut caches.dfa, &input, &mut matched).is_err() {
                self.each_by_itself(&mut caches, input, &mut matched);
            }
            matched.iter().map(|id| id.as_usize()).for_each(&mut found);
        }
    }

    /// Asks the simulation about one expression after the other. (Its own `which_overlapping_matches` forgets that the
    /// search is anchored: regex-automata 0.4.18.)
    fn each_by_itself(&self, caches: &mut Caches, input: Input<'_>, matched: &mut PatternSet) {
        let vm_cache = self.vm_cache(&mut caches.vm);
        matched.clear();
        for expression in (0..self.dfa.pattern_len()).filter_map(|number| PatternID::new(number).ok()) {
            let input = input.clone().anchored(Anchored::Pattern(expression));
            if self.vm.search_slots(vm_cache, &input, &mut []).is_some() {
                matched.insert(expression);
            }
        }
    }

    /// Whether the first byte leaves any expression possible; most requests need no more. `false` for empty text,
    /// which has its answer ready.
    #[inline]
    fn can_start(&self, text: &str) -> bool {
        text.as_bytes().first().is_some_and(|byte| self.starts[usize::from(*byte)])
    }

    fn search(&self, caches: &mut Caches, text: &str) -> Option<usize> {
        let input = Input::new(text).anchored(Anchored::Yes);
        let found = match self.dfa.try_search_fwd(&mut caches.dfa, &input) {
            Ok(found) => found.map(|half| half.pattern()),
            Err(_gave_up) => self.vm.search_slots(self.vm_cache(&mut caches.vm), &input, &mut []),
        };
        found.map(|id| id.as_usize())
    }

    fn vm_cache<'c>(&self, cache: &'c mut Option<pikevm::Cache>) -> &'c mut pikevm::Cache {
        cache.get_or_insert_with(|| self.vm.create_cache())
    }
}

impl std::fmt::Debug for Automaton {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Automaton").field("expressions", &self.dfa.pattern_len()).finish_non_exhaustive()
    }
}

/// The NFA of expressions, no larger than `bytes`.
pub(super) fn build_nfa(expressions: &[&Hir], bytes: usize) -> Result<NFA, TooCostly> {
    // Every match begins at 0, so none can split a character and the check for it is left out.
    let config = thompson::Config::new().which_captures(WhichCaptures::None).utf8(false).nfa_size_limit(Some(bytes));
    let built = thompson::Compiler::new().configure(config).build_many_from_hir(expressions);
    built.map_err(|_too_large| TooCostly)
}

/// The lazy DFA of an NFA.
pub(super) fn build_dfa(nfa: NFA, kind: MatchKind, cache_bytes: usize) -> Result<DFA, TooCostly> {
    let config = Config::new()
        .match_kind(kind)
        .unicode_word_boundary(true)
        .cache_capacity(cache_bytes)
        .skip_cache_capacity_check(true)
        .minimum_cache_clear_count(Some(3))
        .minimum_bytes_per_state(Some(10));
    DFA::builder().configure(config).build_from_nfa(nfa).map_err(|_too_large| TooCostly)
}

/// Asks the DFA about every first byte.
fn starts(dfa: &DFA) -> [bool; 256] {
    let mut cache = dfa.create_cache();
    let input = Input::new("").anchored(Anchored::Yes);
    std::array::from_fn(|byte| {
        let byte = u8::try_from(byte).expect("the array has 256 places");
        // The start is asked for each time, because a small cache may be cleared in between.
        let start = dfa.start_state_forward(&mut cache, &input);
        let next = start.ok().and_then(|start| dfa.next_state(&mut cache, start, byte).ok());
        next.is_none_or(|next| !next.is_dead())
    })
}
