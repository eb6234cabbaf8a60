//! Windows, those of one site and those of all, with what became of their times.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use diesel::prelude::*;
use jiff::Timestamp;

use super::record::{json, parsed, parsed_json};
use super::schema::{window_exceptions, windows};
use super::timestamp::UtcTime;
use super::{DbConnection, Reader, StoreError, Writer};
use crate::site::SiteId;
use crate::window::{Exception, SiteException, Window, WindowId};

#[derive(Queryable)]
struct WindowRow {
    id: i64,
    site_id: Option<i64>,
    name: String,
    schedule_json: String,
    notice_minutes: i32,
    level: String,
    messages_json: String,
    is_enabled: bool,
    drain_minutes: i32,
}

type ExceptionRow = (i64, Option<i64>, UtcTime, UtcTime);

/// Windows as they hang on sites.
pub(super) struct Windows {
    /// Those of one site, by site id.
    pub(super) own: HashMap<i64, Vec<Window>>,
    /// Those of all sites.
    pub(super) shared: Arc<[Window]>,
    /// What became on one site of times of windows of all sites, by site id.
    pub(super) exceptions: HashMap<i64, Vec<SiteException>>,
}

impl Windows {
    /// Loads those of some sites or of every site, and always those of all sites.
    pub(super) fn load(conn: &mut DbConnection, ids: Option<&[i64]>) -> Result<Self, StoreError> {
        let rows: Vec<WindowRow> = match ids {
            Some(ids) => windows::table
                .filter(windows::site_id.is_null().or(windows::site_id.eq_any(ids.iter().copied().map(Some))))
                .order(windows::id)
                .load(conn)?,
            None => windows::table.order(windows::id).load(conn)?,
        };
        let mut loaded = Self { own: HashMap::new(), shared: Arc::default(), exceptions: HashMap::new() };
        if rows.is_empty() {
            return Ok(loaded);
        }
        let mut changed = exceptions_of(conn, ids, &mut loaded.exceptions)?;
        let mut shared = Vec::new();
        for row in rows {
            let site = row.site_id;
            let exceptions = changed.remove(&row.id).unwrap_or_default();
            let window = window_of(row, exceptions)?;
            match site {
                Some(site) => loaded.own.entry(site).or_default().push(window),
                None => shared.push(window),
            }
        }
        loaded.shared = shared.into();
        Ok(loaded)
    }
}

/// The exceptions of windows, by window; those of one site go into `of_sites`.
fn exceptions_of(
    conn: &mut DbConnection,
    ids: Option<&[i64]>,
    of_sites: &mut HashMap<i64, Vec<SiteException>>,
) -> Result<HashMap<i64, BTreeMap<Timestamp, Exception>>, StoreError> {
    use window_exceptions::{ends_at, site_id, starts_at, window_id};
    let columns = (window_id, site_id, starts_at, ends_at);
    let query = window_exceptions::table.select(columns).order(window_exceptions::id);
    let rows: Vec<ExceptionRow> = match ids {
        Some(ids) => query.filter(site_id.is_null().or(site_id.eq_any(ids.iter().copied().map(Some)))).load(conn)?,
        None => query.load(conn)?,
    };
    let mut of_windows: HashMap<i64, BTreeMap<Timestamp, Exception>> = HashMap::new();
    for (window, site, starts, ends) in rows {
        match site {
            Some(site) => of_sites.entry(site).or_default().push(SiteException {
                window: WindowId(window),
                starts_at: starts.into(),
                ends_at: ends.into(),
            }),
            None => {
                of_windows.entry(window).or_default().insert(starts.into(), Exception { ends_at: ends.into() });
            }
        }
    }
    Ok(of_windows)
}

fn window_of(row: WindowRow, exceptions: BTreeMap<Timestamp, Exception>) -> Result<Window, StoreError> {
    Ok(Window {
        id: WindowId(row.id),
        name: row.name,
        schedule: parsed_json("schedule_json", &row.schedule_json)?,
        notice_minutes: u32::try_from(row.notice_minutes).unwrap_or_default(),
        drain_minutes: u32::try_from(row.drain_minutes).unwrap_or_default(),
        level: parsed("level", &row.level)?,
        messages: parsed_json("messages_json", &row.messages_json)?,
        is_enabled: row.is_enabled,
        exceptions,
    })
}

impl Reader<'_> {
    /// The windows of all sites, by id.
    pub fn window_shared(&mut self) -> Result<Arc<[Window]>, StoreError> {
        Ok(Windows::load(self.conn, Some(&[]))?.shared)
    }

    /// The site of a window; `None` when there is no such window, `Some(None)` when it is one of all sites.
    pub fn window_site(&mut self, id: WindowId) -> Result<Option<Option<SiteId>>, StoreError> {
        let site: Option<Option<i64>> =
            windows::table.find(id.0).select(windows::site_id).first(self.conn).optional()?;
        Ok(site.map(|site| site.map(SiteId)))
    }
}

impl Writer<'_> {
    /// Adds a window of one site or of all; its own id is ignored.
    pub fn window_insert(&mut self, site: Option<SiteId>, window: &Window) -> Result<WindowId, StoreError> {
        let values = (windows::site_id.eq(site.map(|site| site.0)), columns(window));
        let id: i64 =
            diesel::insert_into(windows::table).values(values).returning(windows::id).get_result(self.conn)?;
        self.exception_replace(WindowId(id), &window.exceptions)?;
        Ok(WindowId(id))
    }

    /// Writes windows that differ: those that are new (under the id that they have), changed, or gone.
    pub(super) fn window_update(
        &mut self,
        site: Option<SiteId>,
        before: &[Window],
        after: &[Window],
    ) -> Result<(), StoreError> {
        for gone in before.iter().filter(|window| !after.iter().any(|other| other.id == window.id)) {
            diesel::delete(windows::table.find(gone.id.0)).execute(self.conn)?;
        }
        for window in after {
            let was = before.iter().find(|other| other.id == window.id);
            if was == Some(window) {
                continue;
            }
            let changed = diesel::update(windows::table.find(window.id.0)).set(columns(window)).execute(self.conn)?;
            if changed == 0 {
                let site = windows::site_id.eq(site.map(|site| site.0));
                diesel::insert_into(windows::table)
                    .values((windows::id.eq(window.id.0), site, columns(window)))
                    .execute(self.conn)?;
            }
            if was.map(|was| &was.exceptions) != Some(&window.exceptions) {
                self.exception_replace(window.id, &window.exceptions)?;
            }
        }
        Ok(())
    }

    /// Writes the windows of all sites that differ.
    pub fn window_update_shared(&mut self, before: &[Window], after: &[Window]) -> Result<(), StoreError> {
        self.window_update(None, before, after)
    }

    fn exception_replace(
        &mut self,
        window: WindowId,
        exceptions: &BTreeMap<Timestamp, Exception>,
    ) -> Result<(), StoreError> {
        let own = window_exceptions::table
            .filter(window_exceptions::window_id.eq(window.0))
            .filter(window_exceptions::site_id.is_null());
        diesel::delete(own).execute(self.conn)?;
        for (starts_at, exception) in exceptions {
            self.exception_insert(window, None, *starts_at, exception.ends_at)?;
        }
        Ok(())
    }

    /// Writes what became of times of windows of all sites on one site, in place of what was there.
    pub(super) fn site_exception_replace(
        &mut self,
        site: SiteId,
        exceptions: &[SiteException],
    ) -> Result<(), StoreError> {
        let own = window_exceptions::table.filter(window_exceptions::site_id.eq(site.0));
        diesel::delete(own).execute(self.conn)?;
        for exception in exceptions {
            self.exception_insert(exception.window, Some(site), exception.starts_at, exception.ends_at)?;
        }
        Ok(())
    }

    fn exception_insert(
        &mut self,
        window: WindowId,
        site: Option<SiteId>,
        starts_at: Timestamp,
        ends_at: Timestamp,
    ) -> Result<(), StoreError> {
        diesel::insert_into(window_exceptions::table)
            .values((
                window_exceptions::window_id.eq(window.0),
                window_exceptions::site_id.eq(site.map(|site| site.0)),
                window_exceptions::starts_at.eq(UtcTime(starts_at)),
                window_exceptions::ends_at.eq(UtcTime(ends_at)),
            ))
            .execute(self.conn)?;
        Ok(())
    }
}

/// The columns of a window but for its id and its site.
type Columns<'w> = (
    diesel::dsl::Eq<windows::name, &'w str>,
    diesel::dsl::Eq<windows::schedule_json, String>,
    diesel::dsl::Eq<windows::notice_minutes, i32>,
    diesel::dsl::Eq<windows::level, &'static str>,
    diesel::dsl::Eq<windows::messages_json, String>,
    diesel::dsl::Eq<windows::is_enabled, bool>,
    diesel::dsl::Eq<windows::drain_minutes, i32>,
);

fn columns(window: &Window) -> Columns<'_> {
    (
        windows::name.eq(window.name.as_str()),
        windows::schedule_json.eq(json(&window.schedule)),
        windows::notice_minutes.eq(i32::try_from(window.notice_minutes).unwrap_or(i32::MAX)),
        windows::level.eq(window.level.as_str()),
        windows::messages_json.eq(json(&window.messages)),
        windows::is_enabled.eq(window.is_enabled),
        windows::drain_minutes.eq(i32::try_from(window.drain_minutes).unwrap_or(i32::MAX)),
    )
}
