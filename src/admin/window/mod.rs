//! Windows in the panel: the list of what runs, is ahead and is over, and the form of one window.
//!
//! [`typed`] is the form as text, [`read`] makes a window of it and says what is wrong, [`remarks`] what is odd,
//! [`view`] the page of all three. [`form`] takes it in, asks once what it would do, and saves; [`act`] holds the
//! buttons of the list.

mod act;
mod drawing;
mod entries;
mod form;
mod list;
mod owners;
mod read;
mod remarks;
mod save;
mod typed;
mod view;
mod words;

pub(super) use act::{end, extend, remove, skip};
pub(super) use form::{add_form, edit_form};
pub(super) use list::list;
pub(super) use save::{add, edit};
pub(super) use words::{named, repeats};
