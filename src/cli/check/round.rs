//! Several questions at a time, and an end to them when nobody answers.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::probe::{Question, Seen};

/// Questions that are under way at the same time, at most. A browser opens six connections to a host; a limit of the web
/// server that lets visitors in lets these in, too.
const AT_ONCE: usize = 4;

/// Questions waited for in vain after which no more are asked.
const MAX_SILENCES: usize = 3;

/// What came back to each question, in the order of the questions, and how many were not asked any more.
pub fn ask_all(
    questions: Vec<Question>,
    ask: impl Fn(usize, &Question) -> Seen + Sync,
) -> (Vec<(Question, Seen)>, usize) {
    let (next, silences) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let answers = Mutex::new(Vec::with_capacity(questions.len()));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE.min(questions.len()) {
            scope.spawn(|| {
                while silences.load(Ordering::Relaxed) < MAX_SILENCES {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(question) = questions.get(at) else { return };
                    let seen = ask(at, question);
                    let is_late = seen.as_ref().is_err_and(|silence| silence.is_late);
                    silences.fetch_add(usize::from(is_late), Ordering::Relaxed);
                    answers.lock().expect("no thread panics while it adds an answer").push((at, seen));
                }
            });
        }
    });
    let mut answers = answers.into_inner().expect("no thread panics while it adds an answer");
    answers.sort_by_key(|(at, _)| *at);
    let unasked = questions.len() - answers.len();
    (answers.into_iter().map(|(at, seen)| (questions[at].clone(), seen)).collect(), unasked)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::{Answer, Silence};

    #[test]
    fn answers_come_in_the_order_of_the_questions() {
        let questions = vec![Question::Head, Question::Json, Question::Fresh, Question::Again, Question::Panel];
        let (answers, unasked) = ask_all(questions.clone(), |at, _| {
            let status = u16::try_from(at).unwrap();
            Ok(Answer { status, ..Answer::default() })
        });
        let statuses: Vec<_> = answers.iter().map(|(_, seen)| seen.as_ref().unwrap().status).collect();
        let asked: Vec<_> = answers.iter().map(|(question, _)| question.clone()).collect();
        assert_eq!((statuses, asked, unasked), (vec![0, 1, 2, 3, 4], questions, 0));
    }

    #[test]
    fn who_never_answers_is_given_up() {
        let silence = || Err(Silence { is_late: true, ..Silence::new("late", "Look") });
        let (answers, unasked) = ask_all(vec![Question::Head; 40], |_, _| silence());
        assert!((MAX_SILENCES..MAX_SILENCES + AT_ONCE).contains(&answers.len()), "{}", answers.len());
        assert_eq!(unasked, 40 - answers.len());
        let (_, unasked) =
            ask_all(vec![Question::Head; 9], |at, _| if at < 2 { silence() } else { Ok(Answer::default()) });
        assert_eq!(unasked, 0, "two are no reason to stop");
        let (_, unasked) = ask_all(vec![Question::Head; 9], |_, _| Err(Silence::new("cut", "Look")));
        assert_eq!(unasked, 0, "what is cut takes no time");
    }
}
