//! People and their roles, for superusers.

mod delete;
mod edit;
mod form;
mod list;

pub(super) use delete::{delete, delete_form};
pub(super) use edit::{add, add_form, edit, edit_form};
pub(super) use list::list;
