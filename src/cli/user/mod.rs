//! `maintenance user`: who may use the panel.

mod add;
mod createsuperuser;
mod edit;
mod list;
mod passwd;
mod password;
mod remove;
mod unlock;

use anyhow::anyhow;
use clap::{Args, Subcommand};
use jiff::Timestamp;
use serde::Serialize;

use super::directory::Directory;
use super::exit::Exit;
use super::{Context, text};
use crate::site::SiteId;
use crate::storage::Store;
use crate::user::{Rights, User, UserId, username_key};

const EXAMPLES: &str = "\
Examples:
  maintenance user createsuperuser
  maintenance user add --username bo --staff --site forum.example.com
  maintenance user list
";

/// Lists, adds, edits and removes the users of the panel
///
/// Superusers may everything and always see a closed site. Staff may use the panel and see closed sites, all or only
/// those that they are given.
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES, arg_required_else_help = true)]
pub struct UserCommand {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Createsuperuser(createsuperuser::CreateSuperuser),
    Add(add::Add),
    Passwd(passwd::Passwd),
    List(list::List),
    Edit(edit::Edit),
    Unlock(unlock::Unlock),
    Remove(remove::Remove),
}

pub fn run(context: &Context, args: &UserCommand) -> anyhow::Result<Exit> {
    match &args.command {
        Command::Createsuperuser(args) => createsuperuser::run(context, args),
        Command::Add(args) => add::run(context, args),
        Command::Passwd(args) => passwd::run(context, args),
        Command::List(args) => list::run(context, args),
        Command::Edit(args) => edit::run(context, args),
        Command::Unlock(args) => unlock::run(context, args),
        Command::Remove(args) => remove::run(context, args),
    }
}

/// A user, as `--json` shows one.
#[derive(Serialize)]
struct View<'a> {
    id: UserId,
    username: &'a str,
    is_active: bool,
    is_staff: bool,
    is_superuser: bool,
    /// Domains that staff rights are limited to; null for all sites.
    sites: Option<Vec<String>>,
    created_at: Timestamp,
    last_login_at: Option<Timestamp>,
}

impl<'a> View<'a> {
    fn of(user: &'a User, directory: &Directory) -> Self {
        let Rights { is_active, is_staff, is_superuser, .. } = user.rights;
        Self {
            id: user.id,
            username: &user.username,
            is_active,
            is_staff,
            is_superuser,
            sites: domains(user, directory),
            created_at: user.created_at,
            last_login_at: user.last_login_at,
        }
    }
}

/// The domains that a user's staff rights are limited to.
fn domains(user: &User, directory: &Directory) -> Option<Vec<String>> {
    let domain = |id: &SiteId| directory.get(*id).map_or_else(|| id.to_string(), |site| site.domain.to_string());
    user.rights.sites.as_ref().map(|sites| sites.iter().map(domain).collect())
}

/// What a user may do, in words: `superuser`, `staff of forum.example.com, inactive`.
fn rights(user: &User, directory: &Directory) -> String {
    let rights = &user.rights;
    let mut words = vec![match (rights.is_superuser, rights.is_staff, domains(user, directory)) {
        (true, ..) => "superuser".to_owned(),
        (false, true, None) => "staff of all sites".to_owned(),
        (false, true, Some(sites)) if sites.is_empty() => "staff of no site".to_owned(),
        (false, true, Some(sites)) => format!("staff of {}", text::list(&sites, 5)),
        (false, false, _) => "may not use the panel".to_owned(),
    }];
    if !rights.is_active {
        words.push("inactive".to_owned());
    }
    words.join(", ")
}

/// The user of this name, without regard to case.
pub fn find(store: &Store, username: &str) -> anyhow::Result<User> {
    let users = store.read(|reader| reader.user_list())?;
    let key = username_key(username);
    let names: Vec<String> = users.iter().map(|user| user.username.clone()).collect();
    users.into_iter().find(|user| username_key(&user.username) == key).ok_or_else(|| {
        let known = if names.is_empty() {
            "there are none yet".to_owned()
        } else {
            format!("there are: {}", text::list(&names, 10))
        };
        anyhow!("there is no user {}; {known}", text::plain(username))
    })
}

/// The ids of named sites.
fn site_ids(directory: &Directory, names: &[String]) -> anyhow::Result<Vec<SiteId>> {
    let mut ids = Vec::new();
    for name in names {
        let id = directory.one(Some(name), None)?.id;
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    Ok(ids)
}

/// Reads a user name as clap does.
fn username(text: &str) -> Result<String, String> {
    crate::user::check_username(text)
}

/// Refuses a name that is taken, before a password is asked for.
fn refuse_taken(store: &Store, username: &str) -> anyhow::Result<()> {
    match store.read(|reader| reader.user_by_name(username))? {
        Some(user) => Err(anyhow!(
            "there is a user {} already; `maintenance user passwd` sets a password",
            text::plain(&user.username)
        )),
        None => Ok(()),
    }
}
