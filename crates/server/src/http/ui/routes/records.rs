//! People, accounts and opportunities: lists, pages, edits, and decisions about held fields.

use super::entrance::Nothing;
use super::visitor::{Visitor, done, shown_in_form};
use super::{PageResult, refused};
use crate::app::records::HoldChoice;
use crate::app::{App, AppError, AppResult};
use crate::http::csrf::{CheckedForm, FORM_TOKEN};
use crate::http::problem::Problem;
use crate::http::ui::pages;
use crate::http::ui::pages::record::{self, RecordView};
use crate::http::ui::pages::records::{self, ARCHIVED, RecordQuery, RecordsPage};
use crate::http::ui::parts::form::FieldError;
use crate::http::ui::parts::log_table::{plural, record_href};
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect};
use axum::routing::{get, post};
use serde::Deserialize;
use std::collections::BTreeMap;
use tandem_core::ids::RecordId;
use tandem_core::workspace::Kind;
use tandem_store::views::{LinkStatus, PageRequest, RecordFilter};

/// Records on one page.
const ROWS: usize = 50;
/// Longest search text, as on the page.
const SEARCH_CHARS_MAX: usize = 200;

/// Fields of a form, by name.
type Texts = BTreeMap<String, String>;

pub(super) fn routes() -> Router<App> {
    Kind::SYNCED
        .into_iter()
        .fold(Router::new(), |router, kind| {
            let Some(list) = plural(kind) else {
                return router;
            };
            router.merge(routes_of(kind, list))
        })
}

fn routes_of(kind: Kind, list: &str) -> Router<App> {
    let one = format!("/{list}/{{id}}");
    Router::new()
        .route(
            &format!("/{list}"),
            get(move |app, visitor, query| show_list(kind, app, visitor, query)),
        )
        .route(
            &one,
            get(move |app, visitor, id, query| show(kind, app, visitor, id, query))
                .post(move |app, visitor, id, form| save(kind, app, visitor, id, form)),
        )
        .route(
            &format!("{one}/why/{{field}}"),
            get(move |app, visitor, path| why(kind, app, visitor, path)),
        )
        .route(
            &format!("{one}/resolve"),
            post(move |app, visitor, id, form| resolve(kind, app, visitor, id, form)),
        )
        .route(
            &format!("{one}/retry"),
            post(move |app, id, form| retry(kind, app, id, form)),
        )
}

async fn show_list(
    kind: Kind,
    State(app): State<App>,
    visitor: Visitor,
    Query(query): Query<RecordQuery>,
) -> PageResult {
    let filter = filter(kind, &query)?;
    let request = PageRequest {
        cursor: (!query.cursor.is_empty()).then(|| query.cursor.clone()),
        limit: ROWS,
    };
    let rows = app.records(&visitor.actor, &filter, &request).await?;
    let counts = app.overview(&visitor.actor).await?.counts.kinds;
    let total = counts
        .iter()
        .find(|counts| counts.kind == kind)
        .map(|counts| counts.records);
    let view = RecordsPage {
        kind,
        query,
        total,
        rows,
    };
    Ok(records::page(&visitor.shell(&app).await?, &view).into_response())
}

fn filter(kind: Kind, query: &RecordQuery) -> AppResult<RecordFilter> {
    if query.q.chars().count() > SEARCH_CHARS_MAX {
        let message = format!("search for at most {SEARCH_CHARS_MAX} characters");
        return Err(AppError::invalid("q", message));
    }
    let link = match query.link.as_str() {
        "" | ARCHIVED => None,
        name => Some(LinkStatus::parse(name).ok_or_else(|| {
            AppError::invalid(
                "link",
                format!("there is no link state “{name}” to filter by"),
            )
        })?),
    };
    let search = query.q.trim();
    Ok(RecordFilter {
        kind: Some(kind),
        search: (!search.is_empty()).then(|| search.to_owned()),
        link,
        archived: query.link == ARCHIVED,
    })
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ShowQuery {
    edit: String,
}

async fn show(
    kind: Kind,
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
    Query(query): Query<ShowQuery>,
) -> PageResult {
    let id = number(kind, &id)?;
    let editing = !query.edit.is_empty();
    drawn(&app, &visitor, (kind, id), editing, Refused::default()).await
}

/// What a form that was refused brings back.
#[derive(Default)]
struct Refused {
    status: StatusCode,
    typed: Texts,
    errors: Vec<FieldError>,
}

async fn drawn(
    app: &App,
    visitor: &Visitor,
    (kind, id): (Kind, RecordId),
    editing: bool,
    refusal: Refused,
) -> PageResult {
    let detail = app.record(&visitor.actor, kind, id).await?;
    let users = app.users(&visitor.actor).await?;
    let view = RecordView {
        detail,
        editing,
        typed: refusal.typed,
        errors: refusal.errors,
        users: users.into_iter().map(|user| (user.id, user.name)).collect(),
    };
    Ok(refused(
        refusal.status,
        record::page(&visitor.shell(app).await?, &view),
    ))
}

async fn save(
    kind: Kind,
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
    form: CheckedForm<Texts>,
) -> PageResult {
    let id = number(kind, &id)?;
    let mut texts = form.form;
    texts.remove(FORM_TOKEN);
    let Err(error) = app.edit_record(&visitor.actor, kind, id, &texts).await else {
        return Ok(Redirect::to(&done(&path(kind, id), "edited")).into_response());
    };
    let (status, error) = shown_in_form(error)?;
    let refusal = Refused {
        status,
        typed: texts,
        errors: vec![error],
    };
    drawn(&app, &visitor, (kind, id), true, refusal).await
}

async fn why(
    kind: Kind,
    State(app): State<App>,
    visitor: Visitor,
    Path((id, field)): Path<(String, String)>,
) -> PageResult {
    let id = number(kind, &id)?;
    let view = app.why(&visitor.actor, &id.to_string(), &field).await?;
    Ok(pages::why::page(&visitor.shell(&app).await?, &view).into_response())
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ResolveForm {
    field: String,
    seen_crm: String,
    choice: String,
    value: String,
}

async fn resolve(
    kind: Kind,
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
    form: CheckedForm<ResolveForm>,
) -> PageResult {
    let id = number(kind, &id)?;
    let form = form.form;
    let choice = match form.choice.as_str() {
        "crm" => HoldChoice::Crm,
        "workspace" => HoldChoice::Workspace,
        "value" => HoldChoice::Value(form.value.clone()),
        _ => return Err(AppError::invalid(form.field, "choose one of the values").into()),
    };
    let settled = app
        .resolve_hold(
            &visitor.actor,
            kind,
            id,
            &form.field,
            &form.seen_crm,
            choice,
        )
        .await;
    let Err(error) = settled else {
        return Ok(Redirect::to(&done(&path(kind, id), "resolved")).into_response());
    };
    let (status, error) = shown_in_form(error)?;
    let typed = Texts::from([(form.field, form.value)]);
    drawn(
        &app,
        &visitor,
        (kind, id),
        false,
        Refused {
            status,
            typed,
            errors: vec![error],
        },
    )
    .await
}

async fn retry(
    kind: Kind,
    State(app): State<App>,
    Path(id): Path<String>,
    form: CheckedForm<Nothing>,
) -> PageResult {
    let id = number(kind, &id)?;
    app.retry_record(&form.actor, kind, id).await?;
    Ok(Redirect::to(&format!("{}&n=1", done(&path(kind, id), "retried"))).into_response())
}

fn path(kind: Kind, id: RecordId) -> String {
    record_href(kind, id).unwrap_or_else(|| "/sync".to_owned())
}

fn number(kind: Kind, text: &str) -> Result<RecordId, Problem> {
    let nothing = || AppError::NotFound(format!("{kind} {text}"));
    Ok(text.parse().map(RecordId).map_err(|_| nothing())?)
}
