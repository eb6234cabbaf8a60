//! The history as a file: read and sent a piece at a time, however long it is.

use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web::{Bytes, Data, Query};
use futures_util::stream;

use super::filter::Asked;
use crate::admin::error::PanelError;
use crate::admin::own::Operator;
use crate::admin::panel::Panel;
use crate::change::Change;
use crate::export::{CSV_HEADER, csv_line, json_line};
use crate::storage::ChangeFilter;

/// Entries read at once.
const PIECE: i64 = 500;

/// The entries as comma-separated values, newest first.
pub(in crate::admin) async fn export_csv(
    panel: Data<Panel>,
    operator: Operator,
    asked: Option<Query<Asked>>,
) -> Result<HttpResponse, PanelError> {
    let form = Form { name: "csv", content_type: "text/csv; charset=utf-8; header=present", line: csv_line };
    send(panel, &operator, asked, form, CSV_HEADER).await
}

/// The entries as JSON objects, one a line, newest first.
pub(in crate::admin) async fn export_jsonl(
    panel: Data<Panel>,
    operator: Operator,
    asked: Option<Query<Asked>>,
) -> Result<HttpResponse, PanelError> {
    let form = Form { name: "jsonl", content_type: "application/jsonl; charset=utf-8", line: json_line };
    send(panel, &operator, asked, form, "").await
}

/// How entries are written.
struct Form {
    name: &'static str,
    content_type: &'static str,
    line: fn(&Change) -> String,
}

async fn send(
    panel: Data<Panel>,
    operator: &Operator,
    asked: Option<Query<Asked>>,
    form: Form,
    header: &str,
) -> Result<HttpResponse, PanelError> {
    let asked = asked.map(Query::into_inner).unwrap_or_default().cleaned(operator.rights());
    let filter = asked.filter(operator.rights(), &panel.maintenance.snapshot());
    // The first piece is read before the answer begins, so that a database that does not answer is told as a page.
    let (first, rest) = piece(&panel, filter, form.line).await?;
    let first = Bytes::from(format!("{header}{first}"));
    let later = stream::unfold(rest, move |rest| {
        let panel = panel.clone();
        async move {
            match piece(&panel, rest?, form.line).await {
                Ok((text, rest)) => Some((Ok(Bytes::from(text)), rest)),
                Err(error) => {
                    log::error!("An export of the history ends early: {error}");
                    // An error cuts the connection, so that nobody takes the part for the whole.
                    Some((Err(error), None))
                }
            }
        }
    });
    let whole = stream::StreamExt::chain(stream::iter([Ok(first)]), later);
    let file = format!("attachment; filename=\"maintenance-history.{}\"", form.name);
    Ok(HttpResponse::Ok()
        .content_type(form.content_type)
        .insert_header((header::CONTENT_DISPOSITION, file))
        .streaming(whole))
}

/// The next entries as text, and where to go on; `None` at the end.
async fn piece(
    panel: &Panel,
    filter: ChangeFilter,
    line: fn(&Change) -> String,
) -> Result<(String, Option<ChangeFilter>), PanelError> {
    let next = filter.clone();
    let changes = panel.read(move |reader| reader.change_list(&filter, PIECE)).await?;
    let is_full = changes.len() as i64 == PIECE;
    let last = changes.last().map(|change| change.revision).filter(|_| is_full);
    let text = changes.iter().map(line).collect();
    Ok((text, last.map(|before| ChangeFilter { before: Some(before), ..next })))
}
