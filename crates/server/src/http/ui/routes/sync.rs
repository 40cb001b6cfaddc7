//! Sync Management and its dialogs.

use super::visitor::{Visitor, done, shown_in_form};
use super::{PageResult, entrance::Nothing, refused};
use crate::app::connectors::{ConnectorList, ConnectorRole};
use crate::app::mirroring::{DeletionChoice, Mirroring};
use crate::app::overview::{Overview, SyncState};
use crate::app::settings::FrequencyQuote;
use crate::app::{App, AppError, AppResult};
use crate::http::csrf::{CheckedForm, FORM_TOKEN};
use crate::http::problem::Problem;
use crate::http::ui::pages::sync::{SyncPage, page};
use crate::http::ui::pages::sync_contact::{ContactEdit, ContactView};
use crate::http::ui::pages::sync_dialogs::{
    ConnectorDialog, Dialog, FrequencyDialog, OTHER_CONNECTOR, ReadAgainDialog, ThresholdDialog,
};
use crate::http::ui::parts::form::FieldError;
use axum::Router;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use std::collections::BTreeMap;
use tandem_core::ids::{ConnectionId, CrmObject};
use tandem_core::settings::FREQUENCY_CHOICES_SECONDS;
use tandem_store::views::{LogFilter, PageRequest};

/// Log entries on the page.
const RECENT_ROWS: usize = 8;

/// Pairs of an address or a form, by name.
type Pairs = BTreeMap<String, String>;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/sync", get(show))
        .route("/sync/connector", post(set_connector))
        .route("/sync/frequency", post(set_frequency))
        .route("/sync/threshold", post(set_threshold))
        .route("/sync/alert-contact", post(set_alert_contact))
        .route("/sync/mirroring", post(set_mirroring))
        .route("/sync/now", post(sync_now))
        .route("/sync/read-again", post(read_again))
}

async fn show(State(app): State<App>, visitor: Visitor, Query(query): Query<Pairs>) -> PageResult {
    let overview = app.overview(&visitor.actor).await?;
    let dialog = match query.get("edit").map(String::as_str) {
        Some("connector") => {
            let list = app.connectors(&visitor.actor).await?;
            Some(connector_dialog(&overview, list))
        }
        Some("frequency") => Some(frequency_dialog(&app, &visitor, &query).await?),
        Some("threshold") => Some(threshold_dialog(&overview)),
        Some("read-again") => Some(read_again_dialog(&overview)),
        _ => None,
    };
    let mut view = sync_page(&app, &visitor, overview, dialog).await?;
    if query
        .get("edit")
        .is_some_and(|edit| edit == "alert-contact")
    {
        let chosen = view.contact.routing.chosen.clone().unwrap_or_default();
        view.contact.edit = Some(contact_edit(&app, &visitor, chosen).await?);
    }
    drawn(&app, &visitor, &view, StatusCode::OK).await
}

async fn sync_page(
    app: &App,
    visitor: &Visitor,
    overview: Overview,
    dialog: Option<Dialog>,
) -> Result<SyncPage, Problem> {
    let recent = app
        .log(
            &visitor.actor,
            &LogFilter::default(),
            &PageRequest::first(RECENT_ROWS),
        )
        .await?;
    let contact = ContactView {
        routing: app.alert_routing(&visitor.actor).await?,
        edit: None,
    };
    Ok(SyncPage {
        overview,
        recent: recent.rows,
        contact,
        mirroring: app.mirroring(&visitor.actor).await?,
        dialog,
    })
}

async fn drawn(app: &App, visitor: &Visitor, view: &SyncPage, status: StatusCode) -> PageResult {
    let lost = matches!(view.overview.state, SyncState::ConnectionLost { .. });
    Ok(refused(
        status,
        page(&visitor.shell_in(app, lost).await?, view),
    ))
}

/// The page with its dialog open again and the reason in it.
async fn again(
    app: &App,
    visitor: &Visitor,
    error: AppError,
    dialog: impl FnOnce(&Overview, FieldError) -> Dialog,
) -> PageResult {
    let (status, error) = shown_in_form(error)?;
    let overview = app.overview(&visitor.actor).await?;
    let dialog = dialog(&overview, error);
    let view = sync_page(app, visitor, overview, Some(dialog)).await?;
    drawn(app, visitor, &view, status).await
}

fn connector_dialog(overview: &Overview, list: ConnectorList) -> Dialog {
    Dialog::Connector(ConnectorDialog {
        enabled: overview.enabled,
        connector: overview
            .connector
            .as_ref()
            .map(|connector| connector.username.clone()),
        lost: matches!(overview.state, SyncState::ConnectionLost { .. }),
        list,
        errors: Vec::new(),
    })
}

#[derive(Deserialize)]
struct ConnectorForm {
    enabled: Option<String>,
    #[serde(default)]
    connector: String,
}

/// A connector that is cut off can't be turned on: choosing it means to connect it again. Another connection takes its
/// place before the toggle is set; who stood by goes on to, unless it is the one that was chosen.
async fn set_connector(
    State(app): State<App>,
    visitor: Visitor,
    form: CheckedForm<ConnectorForm>,
) -> PageResult {
    let enabled = form.form.enabled.is_some();
    let state = app.sync_state(&visitor.actor).await?;
    let lost = matches!(state, SyncState::ConnectionLost { .. });
    let connect = form.form.connector == OTHER_CONNECTOR || (lost && enabled);
    let chosen = form.form.connector.parse().ok().map(ConnectionId);
    let next = match chosen {
        Some(chosen) => choose(&app, &visitor, chosen, enabled).await,
        None if connect => app.start_connect(&visitor.actor).await,
        None => toggle(&app, &visitor, enabled).await,
    };
    let list = app.connectors(&visitor.actor).await?;
    match next {
        Ok(next) => Ok(Redirect::to(&next).into_response()),
        Err(error) => {
            again(
                &app,
                &visitor,
                error,
                |overview, error| match connector_dialog(overview, list) {
                    Dialog::Connector(view) => Dialog::Connector(ConnectorDialog {
                        enabled,
                        errors: vec![FieldError {
                            field: String::new(),
                            ..error
                        }],
                        ..view
                    }),
                    other => other,
                },
            )
            .await
        }
    }
}

async fn toggle(app: &App, visitor: &Visitor, enabled: bool) -> AppResult<String> {
    let what = if enabled { "enabled" } else { "disabled" };
    app.set_enabled(&visitor.actor, enabled).await?;
    Ok(done("/sync", what))
}

async fn choose(
    app: &App,
    visitor: &Visitor,
    main: ConnectionId,
    enabled: bool,
) -> AppResult<String> {
    let list = app.connectors(&visitor.actor).await?;
    let standby = list
        .choices
        .iter()
        .find(|one| one.role == ConnectorRole::Standby);
    let standby = standby.map(|one| one.id).filter(|id| *id != main);
    app.choose_connectors(&visitor.actor, main, standby).await?;
    toggle(app, visitor, enabled).await
}

/// The choice stands in the address while it is being made, so that its cost can be asked for.
async fn frequency_dialog(app: &App, visitor: &Visitor, query: &Pairs) -> Result<Dialog, Problem> {
    let mut chosen = app.frequencies(&visitor.actor).await?;
    for (object, seconds) in &mut chosen {
        let wish = query
            .get(object.as_str())
            .and_then(|text| text.parse().ok());
        *seconds = wish
            .filter(|wish| FREQUENCY_CHOICES_SECONDS.contains(wish))
            .unwrap_or(*seconds);
    }
    let mut uniform = Vec::new();
    for seconds in FREQUENCY_CHOICES_SECONDS {
        let alike = chosen
            .keys()
            .map(|object| (object.clone(), seconds))
            .collect();
        uniform.push((
            seconds,
            app.quote_frequencies(&visitor.actor, &alike).await?,
        ));
    }
    let quote: FrequencyQuote = app.quote_frequencies(&visitor.actor, &chosen).await?;
    Ok(Dialog::Frequency(FrequencyDialog {
        rows: chosen.into_iter().collect(),
        uniform,
        quote: Some(quote),
        errors: Vec::new(),
    }))
}

async fn set_frequency(
    State(app): State<App>,
    visitor: Visitor,
    form: CheckedForm<Pairs>,
) -> PageResult {
    let set = match frequencies_of(&form.form) {
        Ok(choice) => app.set_frequencies(&visitor.actor, &choice).await,
        Err(error) => Err(error),
    };
    let Err(error) = set else {
        return Ok(Redirect::to(&done("/sync", "saved")).into_response());
    };
    let dialog = frequency_dialog(&app, &visitor, &form.form).await?;
    again(&app, &visitor, error, |_, error| match dialog {
        Dialog::Frequency(view) => Dialog::Frequency(FrequencyDialog {
            errors: vec![FieldError {
                field: String::new(),
                ..error
            }],
            ..view
        }),
        other => other,
    })
    .await
}

fn frequencies_of(form: &Pairs) -> AppResult<BTreeMap<CrmObject, u32>> {
    let objects = form.iter().filter(|(name, _)| *name != FORM_TOKEN);
    objects
        .map(|(object, text)| match text.parse() {
            Ok(seconds) => Ok((CrmObject::new(object), seconds)),
            Err(_) => Err(AppError::invalid(
                object,
                format!("“{text}” is not a number of seconds"),
            )),
        })
        .collect()
}

fn threshold_dialog(overview: &Overview) -> Dialog {
    Dialog::Threshold(ThresholdDialog {
        percent: overview.api.threshold_percent.to_string(),
        allowance: overview.api.org_max,
        errors: Vec::new(),
    })
}

#[derive(Deserialize)]
struct ThresholdForm {
    threshold_percent: String,
}

async fn set_threshold(
    State(app): State<App>,
    visitor: Visitor,
    form: CheckedForm<ThresholdForm>,
) -> PageResult {
    let typed = form.form.threshold_percent;
    let set = match typed.trim().parse() {
        Ok(percent) => app.set_threshold(&visitor.actor, percent).await,
        Err(_) => Err(AppError::invalid(
            "threshold_percent",
            "give a whole number from 1 to 100",
        )),
    };
    let Err(error) = set else {
        return Ok(Redirect::to(&done("/sync", "saved")).into_response());
    };
    again(&app, &visitor, error, |overview, error| {
        Dialog::Threshold(ThresholdDialog {
            percent: typed,
            allowance: overview.api.org_max,
            errors: vec![error],
        })
    })
    .await
}

/// The form of the alert contact, with the users to choose from.
async fn contact_edit(app: &App, visitor: &Visitor, typed: String) -> Result<ContactEdit, Problem> {
    let users = app.users(&visitor.actor).await?.into_iter();
    Ok(ContactEdit {
        typed,
        users: users
            .filter(|user| user.active)
            .map(|user| user.email)
            .collect(),
        error: None,
    })
}

#[derive(Deserialize)]
struct ContactForm {
    address: String,
}

async fn set_alert_contact(
    State(app): State<App>,
    visitor: Visitor,
    form: CheckedForm<ContactForm>,
) -> PageResult {
    let typed = form.form.address;
    let Err(error) = app.set_alert_contact(&visitor.actor, &typed).await else {
        return Ok(Redirect::to(&done("/sync", "saved")).into_response());
    };
    let (status, error) = shown_in_form(error)?;
    let overview = app.overview(&visitor.actor).await?;
    let mut view = sync_page(&app, &visitor, overview, None).await?;
    view.contact.edit = Some(ContactEdit {
        error: Some(error),
        ..contact_edit(&app, &visitor, typed).await?
    });
    drawn(&app, &visitor, &view, status).await
}

#[derive(Deserialize)]
struct MirroringForm {
    recognize_merges: Option<String>,
    recognize_deletions: Option<String>,
    on_deletion: DeletionChoice,
}

async fn set_mirroring(
    State(app): State<App>,
    visitor: Visitor,
    form: CheckedForm<MirroringForm>,
) -> PageResult {
    let choice = Mirroring {
        recognize_merges: form.form.recognize_merges.is_some(),
        recognize_deletions: form.form.recognize_deletions.is_some(),
        on_deletion: form.form.on_deletion,
    };
    app.set_mirroring(&visitor.actor, choice).await?;
    Ok(Redirect::to(&done("/sync", "saved")).into_response())
}

fn read_again_dialog(overview: &Overview) -> Dialog {
    let rows = overview.objects.iter();
    Dialog::ReadAgain(ReadAgainDialog {
        rows: rows.map(|row| (row.object.clone(), row.linked)).collect(),
        errors: Vec::new(),
    })
}

/// Each ticked box is a name of the form.
async fn read_again(
    State(app): State<App>,
    visitor: Visitor,
    form: CheckedForm<Pairs>,
) -> PageResult {
    let named = form.form.keys().filter(|name| *name != FORM_TOKEN);
    let objects: Vec<_> = named.map(CrmObject::new).collect();
    let Err(error) = app.read_again(&visitor.actor, &objects).await else {
        return Ok(Redirect::to(&done("/sync", "reading-again")).into_response());
    };
    again(
        &app,
        &visitor,
        error,
        |overview, error| match read_again_dialog(overview) {
            Dialog::ReadAgain(view) => Dialog::ReadAgain(ReadAgainDialog {
                errors: vec![FieldError {
                    field: String::new(),
                    ..error
                }],
                ..view
            }),
            other => other,
        },
    )
    .await
}

async fn sync_now(State(app): State<App>, form: CheckedForm<Nothing>) -> Result<Response, Problem> {
    app.sync_now(&form.actor).await?;
    Ok(Redirect::to(&done("/sync", "reading")).into_response())
}
