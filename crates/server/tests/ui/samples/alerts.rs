//! Alerts, open and over, and the alert contact.

use super::{Samples, minutes_ago};
use maud::Markup;
use tandem_core::alert::{Alert, AlertKind, Channel, Condition, Ending, Message};
use tandem_core::ids::AlertId;
use tandem_server::app::alerts::{AlertRouting, MailRoute};
use tandem_server::http::ui::pages::alerts::{AlertsPage, page};
use tandem_server::http::ui::pages::sync_contact::{ContactEdit, ContactView};
use tandem_store::views::Page;

impl Samples {
    pub(super) fn alert_pages(&self) -> Vec<(&'static str, Markup)> {
        let shell = self.shell();
        let empty = AlertsPage {
            open: Vec::new(),
            past: Page {
                rows: Vec::new(),
                next: None,
            },
            routing: AlertRouting {
                chosen: None,
                contact: None,
                mail: None,
                webhook: false,
            },
            errors: Vec::new(),
        };
        let full = AlertsPage {
            open: vec![
                self.alert(AlertKind::ConnectorLost),
                self.unsent(AlertKind::PicklistValue),
                Alert {
                    gone_since: Some(minutes_ago(20)),
                    ..self.alert(AlertKind::ApiThreshold)
                },
            ],
            past: Page {
                rows: vec![self.over(Ending::Resolved), self.over(Ending::SyncOff)],
                next: Some("17".into()),
            },
            routing: self.routing(),
            errors: vec![self.error("", "E-mail: the mail server answered 535.")],
        };
        vec![
            ("alerts", page(&shell, &full)),
            ("alerts-none", page(&shell, &empty)),
        ]
    }

    pub(super) fn contact(&self, edited: bool) -> ContactView {
        let edit = ContactEdit {
            typed: self.say("ada"),
            users: vec![self.say("ada.keller@northwind.example")],
            error: Some(self.error("address", "“ada” is not an e-mail address.")),
        };
        ContactView {
            routing: self.routing(),
            edit: edited.then_some(edit),
        }
    }

    fn routing(&self) -> AlertRouting {
        AlertRouting {
            chosen: None,
            contact: Some(self.say("integration@northwind.example")),
            mail: Some(MailRoute {
                server: self.say("smtp.northwind.example:587"),
                from: self.say("Tandem <tandem@northwind.example>"),
            }),
            webhook: true,
        }
    }

    fn alert(&self, kind: AlertKind) -> Alert {
        let details = vec![
            self.say("Lead industry: 12 records, for example: bad value for restricted picklist"),
            self.say("Account type: 1 record, for example: bad value for restricted picklist"),
        ];
        let condition = Condition { kind, details };
        let mut alert = Alert::open(AlertId(18), condition, minutes_ago(190));
        let to = self.say("integration@northwind.example");
        alert.note(Channel::Mail, Message::Opened, Ok(to), minutes_ago(189));
        alert
    }

    fn unsent(&self, kind: AlertKind) -> Alert {
        let mut alert = self.alert(kind);
        let refused = Err(self.say("hooks.northwind.example answered 503 Service Unavailable"));
        alert.note(Channel::Webhook, Message::Opened, refused, minutes_ago(2));
        alert
    }

    fn over(&self, ending: Ending) -> Alert {
        Alert {
            ended: Some((minutes_ago(60), ending)),
            ..self.alert(AlertKind::PicklistField)
        }
    }
}
