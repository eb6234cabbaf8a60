//! What a server does when its database answers for the first time, at the start or after it: bring the tables up to
//! date, make the first site, check `SITE_ID`, learn the secret of the cookies.

use std::path::PathBuf;

use super::mirror;
use crate::actions::{ActionError, Actions, Actor};
use crate::auth::{Keys, master_secret};
use crate::change::Revision;
use crate::config::Settings;
use crate::record::SiteRecord;
use crate::site::{Domain, Site, SiteId};
use crate::storage::{Open, Store, StoreError};

/// Makes the first contact with a database.
pub(crate) struct Contact {
    store: Store,
    site_id: Option<SiteId>,
    time_zone: String,
    /// Who is given the secret of the cookies; nobody when a setting has given it, or there are no cookies.
    keys: Option<Keys>,
    open: Open,
    mirror: Option<PathBuf>,
}

/// Why a database is not the one that this server can go on with.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ContactError {
    /// The database fails.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// `SITE_ID` names no site.
    #[error("SITE_ID is {id}, but there is no such site; there are: {known}")]
    NoSuchSite { id: SiteId, known: String },
    /// The file is not there, but there was one.
    #[error(
        "the database file `{}` is gone, and with an empty one closed sites would open: put the file back, or remove \
         the mirror `{}` to begin anew", path.display(), mirror.display()
    )]
    Gone { path: PathBuf, mirror: PathBuf },
    /// The database has nothing in it, but it had.
    #[error(
        "the database is empty, but it was not, and with an empty one closed sites would open: put its content back, \
         or remove the mirror `{}` to begin anew", mirror.display()
    )]
    Emptied { mirror: PathBuf },
    /// It was made anew since this process began with it.
    #[error(
        "the database is not the one that this server began with, and closed sites might be open in it: put that one \
         back, or start the server again to go on with this one"
    )]
    Another,
}

impl ContactError {
    /// What kind of failure this is, as a word that may be shown to strangers.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Store(error) => error.kind().unwrap_or("refused"),
            Self::NoSuchSite { .. } => "no-such-site",
            Self::Gone { .. } => "gone",
            Self::Emptied { .. } => "emptied",
            Self::Another => "another",
        }
    }

    /// Whether a server can start nevertheless, and go on trying.
    pub(crate) fn is_passing(&self) -> bool {
        match self {
            Self::Store(error) => error.is_passing(),
            Self::NoSuchSite { .. } => false,
            Self::Gone { .. } | Self::Emptied { .. } | Self::Another => true,
        }
    }
}

impl Contact {
    /// Contact by these settings. `keys` are given the secret, `mirror` is the file of the last known state.
    pub(crate) fn new(store: &Store, settings: &Settings, keys: &Keys, mirror: Option<PathBuf>) -> Self {
        Self {
            store: store.clone(),
            site_id: settings.gate.site_id,
            time_zone: settings.gate.time_zone.clone(),
            keys: settings.server.secret_key.is_none().then(|| keys.clone()),
            open: Open::Migrate,
            mirror,
        }
    }

    /// Contact by somebody who only reads: no database is made or brought up to date, and no secret is learnt.
    #[cfg(feature = "cli")]
    pub(crate) fn reading(store: &Store, gate: &crate::config::GateSettings, mirror: Option<PathBuf>) -> Self {
        let (site_id, time_zone) = (gate.site_id, gate.time_zone.clone());
        Self { store: store.clone(), site_id, time_zone, keys: None, open: Open::Existing, mirror }
    }

    /// The database.
    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    /// The file of the last known state.
    pub(crate) fn mirror(&self) -> Option<&PathBuf> {
        self.mirror.as_ref()
    }

    /// Makes the first contact; to be called again when it failed. Returns in bounded time, unless another server migrates:
    /// see [`Store::prepare`].
    ///
    /// # Errors
    /// Why the database cannot be used, or must not be.
    pub(crate) fn make(&self) -> Result<(), ContactError> {
        if let Some(path) = self.store.url().sqlite_path().filter(|path| !path.exists())
            && let Some(mirror) = self.witness(Revision(0))
        {
            return Err(ContactError::Gone { path: path.to_owned(), mirror });
        }
        self.store.prepare(self.open)?;
        let (sites, revision) =
            self.ask(|store| store.read(|reader| Ok((reader.site_count()?, reader.change_last()?))))?;
        if sites == 0 {
            if let Some(mirror) = self.witness(revision) {
                return Err(ContactError::Emptied { mirror });
            }
            if self.open == Open::Migrate {
                let site = first_site(&self.time_zone);
                self.ask(move |store| add(store, &site))?;
            }
        }
        self.check_site_id()
    }

    /// Learns the secret of the cookies from the database, unless a setting gives it; returns it, for the mirror.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) fn learn_secret(&self) -> Result<Option<String>, StoreError> {
        let Some(keys) = &self.keys else { return Ok(None) };
        let secret = self.ask(master_secret)?;
        keys.set(&secret);
        Ok(Some(secret))
    }

    /// Takes the secret of the cookies from the mirror, unless a setting gives it.
    pub(crate) fn take_secret(&self, mirrored: &str) {
        if let Some(keys) = &self.keys {
            keys.set(mirrored);
        }
    }

    /// The mirror, when it speaks against a database without sites whose log ends at `revision`: it knows sites, or
    /// cannot be read but may have known some. All sites may have been removed on purpose: then the log is longer than
    /// what the mirror has seen of it.
    fn witness(&self, revision: Revision) -> Option<PathBuf> {
        let path = self.mirror.as_ref()?;
        let speaks_against = match mirror::read(path, self.store.url()) {
            Ok(mirrored) => !mirrored.records.is_empty() && revision < mirrored.revision,
            Err(error) => error.may_hold_sites(),
        };
        speaks_against.then(|| path.clone())
    }

    fn check_site_id(&self) -> Result<(), ContactError> {
        let Some(id) = self.site_id else { return Ok(()) };
        if self.ask(move |store| store.read(|reader| reader.record(id)))?.is_some() {
            return Ok(());
        }
        let known = self.ask(|store| store.read(|reader| reader.site_list()))?;
        let known: Vec<String> = known.iter().take(10).map(|site| format!("{} ({})", site.id, site.domain)).collect();
        Err(ContactError::NoSuchSite { id, known: known.join(", ") })
    }

    /// Asks the database in bounded time.
    fn ask<T, E>(&self, work: impl FnOnce(&Store) -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let store = self.store.clone();
        self.store.apart_blocking(move || work(&store))
    }
}

/// The site of a new database: the record that a new user's first click is about.
fn first_site(time_zone: &str) -> SiteRecord {
    SiteRecord::new(Site {
        id: SiteId(0),
        domain: Domain::parse("localhost").expect("localhost is a domain"),
        name: "My site".to_owned(),
        aliases: Vec::new(),
        is_default: true,
        is_protected: false,
        time_zone: time_zone.to_owned(),
    })
}

fn add(store: &Store, site: &SiteRecord) -> Result<(), StoreError> {
    let actor = Actor::system();
    match Actions::new(store.clone(), || {}).site_add(&actor, site) {
        // The second: another server that started at the same moment was first.
        Ok(_) | Err(ActionError::Invalid(_)) => Ok(()),
        Err(ActionError::Store(error)) => Err(error),
        Err(other) => unreachable!("the system may add a site: {other}"),
    }
}
