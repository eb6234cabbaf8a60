//! Secrets that several servers share: made once, kept here unless a setting gives them.

use diesel::prelude::*;

use super::schema::secrets;
use super::{Reader, StoreError, Writer};

impl Reader<'_> {
    /// A secret by name.
    pub fn secret(&mut self, name: &str) -> Result<Option<String>, StoreError> {
        Ok(secrets::table.find(name).select(secrets::value).first(self.conn).optional()?)
    }
}

impl Writer<'_> {
    /// The secret of that name, made by `make` when there is none yet.
    pub fn secret_or_insert(&mut self, name: &str, make: impl FnOnce() -> String) -> Result<String, StoreError> {
        if let Some(value) = self.secret(name)? {
            return Ok(value);
        }
        let value = make();
        diesel::insert_into(secrets::table)
            .values((secrets::name.eq(name), secrets::value.eq(&value)))
            .execute(self.conn)?;
        Ok(value)
    }

    /// Sets a secret, or removes it with `None`.
    pub fn secret_set(&mut self, name: &str, value: Option<&str>) -> Result<(), StoreError> {
        diesel::delete(secrets::table.find(name)).execute(self.conn)?;
        if let Some(value) = value {
            diesel::insert_into(secrets::table)
                .values((secrets::name.eq(name), secrets::value.eq(value)))
                .execute(self.conn)?;
        }
        Ok(())
    }
}
