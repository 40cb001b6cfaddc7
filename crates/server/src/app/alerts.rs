//! Alerts: what is open, what is over, who is told, and whether telling works.
//!
//! What alerts are and when they are told is decided in [`tandem_core::alert`]; [`watch`] is the step that the
//! runtime takes; [`notify`] carries the messages.

mod watch;

use super::error::no_page;
use super::{Actor, App, AppError, AppResult, secret};
use crate::notify;
use serde::{Deserialize, Serialize};
use tandem_core::alert::{Alert, Channel};
use tandem_core::ids::TeamId;
use tandem_store::views::{Page, PageRequest};
use utoipa::ToSchema;

/// Under this name the store keeps [`Contact`].
const CONTACT: &str = "alert_contact";

/// Whom an administrator chose.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
struct Contact {
    /// An address; `None`: the connector's, whoever that is.
    address: Option<String>,
}

/// Who is told, and on which ways.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
pub struct AlertRouting {
    /// The address that an administrator chose; null: the connector's.
    pub chosen: Option<String>,
    /// Where mails go: the chosen address or the connector's; null if nobody is connected.
    pub contact: Option<String>,
    /// The mail server and sender that the operator configured; null: no mails are sent.
    pub mail: Option<MailRoute>,
    /// A webhook is configured. Its address is a secret.
    pub webhook: bool,
}

/// How mails are sent.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
pub struct MailRoute {
    /// Host and port of the mail server.
    pub server: String,
    /// The sender.
    pub from: String,
}

impl App {
    /// Alerts that are open, in the order in which they were opened.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn open_alerts(&self, actor: &Actor) -> AppResult<Vec<Alert>> {
        Ok(self.store().open_alerts(actor.team).await?)
    }

    /// A page of alerts that are over, newest first.
    ///
    /// # Errors
    /// `Invalid` with `cursor`.
    pub async fn past_alerts(&self, actor: &Actor, page: &PageRequest) -> AppResult<Page<Alert>> {
        let found = self.store().past_alerts(actor.team, page).await;
        found.map_err(|error| no_page(page, error))
    }

    /// Who is told, and on which ways.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn alert_routing(&self, actor: &Actor) -> AppResult<AlertRouting> {
        let mail = &self.config().mail;
        let by_mail = self.notifier().channels().any(|way| way == Channel::Mail);
        Ok(AlertRouting {
            chosen: self.chosen_contact(actor.team).await?,
            contact: self.alert_contact(actor.team).await?,
            mail: by_mail.then(|| MailRoute {
                server: format!("{}:{}", mail.host, mail.port),
                from: mail.from.clone(),
            }),
            webhook: self
                .notifier()
                .channels()
                .any(|way| way == Channel::Webhook),
        })
    }

    /// Chooses who is mailed; an empty address chooses the connector's.
    ///
    /// # Errors
    /// `Forbidden`; `Invalid` with `address`.
    pub async fn set_alert_contact(&self, actor: &Actor, address: &str) -> AppResult<()> {
        actor.must_be_admin()?;
        let address = Some(address.trim()).filter(|address| !address.is_empty());
        if let Some(address) = address.filter(|address| !notify::is_address(address)) {
            let text = format!("“{address}” is not an e-mail address, like ana@acme.example");
            return Err(AppError::invalid("address", text));
        }
        let contact = Contact {
            address: address.map(str::to_owned),
        };
        self.store()
            .put_setting(actor.team, CONTACT, &contact)
            .await?;
        let whom = address.unwrap_or("the connector’s address");
        let summary = format!("Set the alert contact to {whom}");
        self.act(actor, "alerts.contact", "alerts", summary).await
    }

    /// Sends a test on every configured way. Gives who took it.
    ///
    /// # Errors
    /// `Forbidden`; `Conflict` if no way is configured; `Unavailable` with what failed.
    pub async fn send_test_alert(&self, actor: &Actor) -> AppResult<Vec<String>> {
        actor.must_be_admin()?;
        let id = secret::hex(&secret::random_bytes::<8>()?);
        let place = (actor.team_name.as_str(), self.alerts_url());
        let note = notify::test_note(format!("test-{id}"), self.now(), (place.0, &place.1));
        let (mut taken, mut failed) = (Vec::new(), Vec::new());
        for channel in self.notifier().channels() {
            match self.carry(actor.team, channel, &note).await? {
                Ok(to) => taken.push(format!("{} to {to}", channel.label())),
                Err(error) => failed.push(format!("{}: {error}", channel.label())),
            }
        }
        if !failed.is_empty() {
            return Err(AppError::Unavailable(failed.join("; ")));
        }
        if taken.is_empty() {
            let text = "neither a mail server nor a webhook is configured; set mail.host or \
                        webhook.url in tandem.toml and restart";
            return Err(AppError::Conflict(text.into()));
        }
        let summary = format!("Sent a test of the alerts: {}", taken.join(", "));
        self.act(actor, "alerts.test", "alerts", summary).await?;
        Ok(taken)
    }
}

impl App {
    async fn chosen_contact(&self, team: TeamId) -> AppResult<Option<String>> {
        let contact: Option<Contact> = self.store().setting(team, CONTACT).await?;
        Ok(contact.unwrap_or_default().address)
    }

    /// The chosen address or the connector's.
    async fn alert_contact(&self, team: TeamId) -> AppResult<Option<String>> {
        if let Some(chosen) = self.chosen_contact(team).await? {
            return Ok(Some(chosen));
        }
        let connection = self.main_connection(team).await?;
        let email = connection.map(|connection| connection.details.identity.email);
        Ok(email.filter(|email| !email.is_empty()))
    }

    /// Carries a note on one way. The inner result is what became of it.
    async fn carry(
        &self,
        team: TeamId,
        channel: Channel,
        note: &notify::Note,
    ) -> AppResult<Result<String, String>> {
        let contact = match channel {
            Channel::Mail => self.alert_contact(team).await?,
            Channel::Webhook => Some(String::new()),
        };
        Ok(match contact {
            Some(contact) => self.notifier().send(channel, &contact, note).await,
            None => {
                Err("there is nobody to mail to; set an alert contact in Sync Management".into())
            }
        })
    }

    fn alerts_url(&self) -> String {
        format!("{}/alerts", self.config().public_url())
    }
}
