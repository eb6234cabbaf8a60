//! Sites: the list, starting and ending maintenance on one, and the settings of a site.

mod delete;
mod edit;
mod find;
mod form;
mod list;
mod meanwhile;
mod switch;
mod told;

pub(super) use delete::{delete, delete_form};
pub(super) use edit::{add, add_form, settings, settings_form};
pub(super) use find::{PAGE_SIZE, address};
pub(super) use form::read_zone;
pub(super) use list::list;
pub(super) use meanwhile::ago;
pub(super) use switch::{end, end_cause, refused_domain, start, start_form};
pub(super) use told::Told;
