//! Who looks at a page, and the frame that this person sees.

use crate::app::overview::SyncState;
use crate::app::{Actor, App, AppError};
use crate::http::auth::{Refusal, SignedIn};
use crate::http::problem::{self, Problem};
use crate::http::ui::parts::badge::Tone;
use crate::http::ui::parts::form::FieldError;
use crate::http::ui::parts::layout::{Notice, Shell, Theme};
use crate::http::ui::parts::text::{counted, sentence};
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum_extra::extract::cookie::CookieJar;

/// The cookie with the chosen colours.
pub(super) const THEME_COOKIE: &str = "theme";

/// A signed-in person at a browser.
pub(super) struct Visitor {
    pub(super) actor: Actor,
    theme: Theme,
    notice: Option<Notice>,
}

impl FromRequestParts<App> for Visitor {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refusal> {
        let SignedIn(actor) = SignedIn::from_request_parts(parts, app).await?;
        let theme = theme(&parts.headers);
        let notice = parts.uri.query().and_then(notice);
        Ok(Self {
            actor,
            theme,
            notice,
        })
    }
}

impl Visitor {
    /// The frame around this person's page.
    pub(super) async fn shell(&self, app: &App) -> Result<Shell, Problem> {
        let state = app.sync_state(&self.actor).await?;
        let lost = matches!(state, SyncState::ConnectionLost { .. });
        self.shell_in(app, lost).await
    }

    /// The frame, where the state of the connection is known already.
    pub(super) async fn shell_in(
        &self,
        app: &App,
        connection_lost: bool,
    ) -> Result<Shell, Problem> {
        Ok(Shell {
            team: self.actor.team_name.clone(),
            user: self.actor.email.clone(),
            csrf: self.actor.form_token.clone(),
            theme: self.theme,
            now: app.now(),
            connection_lost,
            open_plans: app.open_plans(&self.actor).await?,
            notice: self.notice.clone(),
        })
    }
}

/// The colours chosen in this browser.
pub(super) fn theme(headers: &HeaderMap) -> Theme {
    let jar = CookieJar::from_headers(headers);
    let chosen = jar
        .get(THEME_COOKIE)
        .and_then(|cookie| Theme::parse(cookie.value()));
    chosen.unwrap_or_default()
}

/// What `?done=` stands for. The address only names it, so nobody can put words into a page of ours.
fn notice(query: &str) -> Option<Notice> {
    let mut done = None;
    let mut count = 0;
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        match &*name {
            "done" => done = Some(value.into_owned()),
            "n" => count = value.parse().unwrap_or(0),
            _ => {}
        }
    }
    let text = match done.as_deref()? {
        "enabled" => "CRM Sync is on.".to_owned(),
        "disabled" => "CRM Sync is off. Edits wait until it is on again.".to_owned(),
        "tested" => "A test was sent on every configured way. Look whether it arrives.".to_owned(),
        "saved" => "Saved.".to_owned(),
        "approved" => "Approved. The held records are carried out now.".to_owned(),
        "kept" => "Declined. The held records stay as they are.".to_owned(),
        "edited" => "Saved. Mapped fields go to the CRM at once.".to_owned(),
        "comparing" => "Both sides are being compared; the result appears here.".to_owned(),
        "rehearsing" => "The first run is being rehearsed; what it finds appears here.".to_owned(),
        "reading" => "Every object is read from the CRM now.".to_owned(),
        "reading-again" => "The chosen objects are read from the beginning.".to_owned(),
        "retried" => format!(
            "Tried again: {}. The log tells how it ends.",
            counted(count, "record")
        ),
        "trying" => "One record is tried. If the CRM takes it, the others follow.".to_owned(),
        "skipped" => "These records are left alone until their value changes.".to_owned(),
        "gone" => "Nothing waits for it any more.".to_owned(),
        "tried" => format!(
            "One record of each incident is tried. If the CRM takes it, the others follow: {}.",
            counted(count, "record")
        ),
        "undone" => format!(
            "Put back: {}. Mapped fields go to the CRM like any edit.",
            counted(count, "change")
        ),
        "resolved" => "Settled. Both sides get this value.".to_owned(),
        "published" => "Published. The records of this mapping are looked at again.".to_owned(),
        "unchanged" => "Nothing was changed.".to_owned(),
        "disconnected" => "Disconnected. Links, mappings and the queue stay.".to_owned(),
        _ => return None,
    };
    Some(Notice {
        tone: Tone::Good,
        text,
    })
}

/// An address with `done` in it.
pub(super) fn done(path: &str, what: &str) -> String {
    let separator = if path.contains('?') { '&' } else { '?' };
    format!("{path}{separator}done={what}")
}

/// An error that a form can show: its status, and the message at its field. Others are pages of their own.
///
/// # Errors
/// The problem, where no input of the form could be the cause.
pub(super) fn shown_in_form(error: AppError) -> Result<(StatusCode, FieldError), Problem> {
    let status = problem::status(&error);
    let message = sentence(&error.to_string());
    let field = match error {
        AppError::Invalid { field, .. } => field,
        AppError::Conflict(_) | AppError::Unavailable(_) | AppError::TooManyTries { .. } => {
            String::new()
        }
        other => return Err(other.into()),
    };
    Ok((status, FieldError { field, message }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_never_holds_words_of_the_address() {
        assert_eq!(notice("done=<b>hello</b>"), None);
        assert_eq!(notice("q=done"), None);
        let told = notice("n=2&done=retried").expect("a notice");
        assert!(told.text.contains("2 records"));
    }

    #[test]
    fn done_is_added_to_any_path() {
        assert_eq!(done("/sync", "saved"), "/sync?done=saved");
        assert_eq!(done("/logs?q=a", "saved"), "/logs?q=a&done=saved");
    }
}
