//! A point in time as a column: UTC, whole microseconds, the same text width on SQLite so that it sorts.

use diesel::deserialize::FromSqlRow;
use diesel::deserialize::{self, FromSql};
use diesel::expression::AsExpression;
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::Timestamp as TimestampColumn;
use jiff::Timestamp;

use super::connection::MultiBackend;

/// A UTC time of a `TIMESTAMP` column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, AsExpression, FromSqlRow)]
#[diesel(sql_type = TimestampColumn)]
pub(super) struct UtcTime(pub(super) Timestamp);

impl From<Timestamp> for UtcTime {
    fn from(at: Timestamp) -> Self {
        Self(at)
    }
}

impl From<UtcTime> for Timestamp {
    fn from(at: UtcTime) -> Self {
        at.0
    }
}

#[cfg(feature = "sqlite")]
mod sqlite {
    use super::*;
    use diesel::sql_types::Text;
    use diesel::sqlite::Sqlite;
    use jiff::civil::DateTime;
    use jiff::tz::TimeZone;

    /// Fixed width: `2026-11-21 03:12:04.000000`. Text of varying width would not sort by time.
    const FORMAT: &str = "%Y-%m-%d %H:%M:%S%.6f";

    impl FromSql<TimestampColumn, Sqlite> for UtcTime {
        fn from_sql(value: <Sqlite as diesel::backend::Backend>::RawValue<'_>) -> deserialize::Result<Self> {
            let text = <String as FromSql<Text, Sqlite>>::from_sql(value)?;
            let at = DateTime::strptime("%Y-%m-%d %H:%M:%S%.f", &text)?;
            Ok(Self(at.to_zoned(TimeZone::UTC)?.timestamp()))
        }
    }

    impl ToSql<TimestampColumn, Sqlite> for UtcTime {
        fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
            out.set_value(self.0.strftime(FORMAT).to_string());
            Ok(IsNull::No)
        }
    }
}

#[cfg(feature = "postgres")]
mod postgres {
    use std::io::Write as _;

    use super::*;
    use diesel::pg::Pg;
    use diesel::pg::data_types::PgTimestamp;

    /// Microseconds from 1970 to 2000, the epoch of PostgreSQL's `timestamp`.
    const PG_EPOCH_MICROSECONDS: i64 = 946_684_800_000_000;

    impl FromSql<TimestampColumn, Pg> for UtcTime {
        fn from_sql(value: <Pg as diesel::backend::Backend>::RawValue<'_>) -> deserialize::Result<Self> {
            let PgTimestamp(since_2000) = FromSql::<TimestampColumn, Pg>::from_sql(value)?;
            Ok(Self(Timestamp::from_microsecond(since_2000 + PG_EPOCH_MICROSECONDS)?))
        }
    }

    impl ToSql<TimestampColumn, Pg> for UtcTime {
        fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
            let since_2000 = self.0.as_microsecond() - PG_EPOCH_MICROSECONDS;
            out.write_all(&since_2000.to_be_bytes())?;
            Ok(IsNull::No)
        }
    }
}

impl FromSql<TimestampColumn, MultiBackend> for UtcTime {
    fn from_sql(value: <MultiBackend as diesel::backend::Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        value.from_sql::<Self, TimestampColumn>()
    }
}

impl ToSql<TimestampColumn, MultiBackend> for UtcTime {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, MultiBackend>) -> serialize::Result {
        out.set_value((TimestampColumn, self));
        Ok(IsNull::No)
    }
}
