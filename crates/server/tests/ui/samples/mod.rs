//! Invented data for every page: a friendly set, one whose every text attacks, and one whose connector
//! was cut off.

mod agreement;
mod alerts;
mod incidents;
mod logs;
mod plans;
mod records;
mod rehearsal;
mod settings;
mod sync;
mod undo;

use maud::Markup;
use tandem_core::Timestamp;
use tandem_core::value::Value;
use tandem_server::http::ui::pages::{problem, setup, sign_in};
use tandem_server::http::ui::parts::badge::Tone;
use tandem_server::http::ui::parts::form::FieldError;
use tandem_server::http::ui::parts::layout::{Notice, Shell, Theme};

/// What a CRM record may hold.
pub(crate) const HOSTILE: &str = "\"><script>alert(1)</script><img src=x onerror='alert(2)'>&";

/// A set of views.
pub(crate) struct Samples {
    hostile: bool,
    lost: bool,
}

impl Samples {
    pub(crate) fn friendly() -> Self {
        Self {
            hostile: false,
            lost: false,
        }
    }

    pub(crate) fn hostile() -> Self {
        Self {
            hostile: true,
            lost: false,
        }
    }

    pub(crate) fn lost() -> Self {
        Self {
            hostile: false,
            lost: true,
        }
    }

    /// The text, or an attack with the text behind it.
    fn say(&self, text: &str) -> String {
        if self.hostile {
            format!("{HOSTILE}{text}")
        } else {
            text.to_owned()
        }
    }

    fn value(&self, text: &str) -> Value {
        Value::text(self.say(text))
    }

    fn shell(&self) -> Shell {
        Shell {
            team: self.say("Northwind Instruments"),
            user: self.say("ada.keller@northwind.example"),
            csrf: "token-of-the-session".into(),
            theme: Theme::System,
            now: now(),
            connection_lost: self.lost,
            open_plans: 2,
            notice: None,
        }
    }

    fn told(&self, text: &str) -> Shell {
        let notice = Some(Notice {
            tone: Tone::Good,
            text: self.say(text),
        });
        Shell {
            notice,
            ..self.shell()
        }
    }

    /// Every page in every state, with its name.
    pub(crate) fn pages(&self) -> Vec<(String, String)> {
        let mut pages = self.entrance();
        pages.extend(self.sync_pages());
        pages.extend(self.settings_pages());
        pages.extend(self.log_pages());
        pages.extend(self.agreement_pages());
        pages.extend(self.rehearsal_pages());
        pages.extend(self.incident_pages());
        pages.extend(self.alert_pages());
        pages.extend(self.plan_pages());
        pages.extend(self.record_pages());
        pages.extend(self.undo_pages());
        pages.extend(self.problem_pages());
        pages
            .into_iter()
            .map(|(name, page)| (name.to_owned(), page.into_string()))
            .collect()
    }

    fn entrance(&self) -> Vec<(&'static str, Markup)> {
        let setup = setup::SetupPage {
            ..setup::SetupPage::default()
        };
        let refused = setup::SetupPage {
            team: self.say("Northwind Instruments"),
            email: self.say("ada.keller"),
            errors: vec![
                self.error(
                    "email",
                    "This is not an e-mail address; one looks like ada@northwind.example.",
                ),
                self.error("", "Nothing was saved."),
            ],
            ..setup.clone()
        };
        let sign_in = sign_in::SignInPage {
            next: "/logs".into(),
            notice: Some("You are signed out.".into()),
            ..sign_in::SignInPage::default()
        };
        let wrong = sign_in::SignInPage {
            email: self.say("ada.keller@northwind.example"),
            notice: None,
            errors: vec![self.error("password", "Address or password are wrong.")],
            ..sign_in.clone()
        };
        vec![
            ("setup", setup::page(&setup)),
            ("setup-refused", setup::page(&refused)),
            ("sign-in", sign_in::page(&sign_in)),
            ("sign-in-wrong", sign_in::page(&wrong)),
        ]
    }

    fn problem_pages(&self) -> Vec<(&'static str, Markup)> {
        let problem = |status: u16, title: &str, detail: &str| problem::Problem {
            status,
            title: title.to_owned(),
            detail: self.say(detail),
            request_id: Some("01JD9QZ4M8".to_owned()),
            theme: Theme::System,
        };
        let missing = problem(
            404,
            "Nothing here",
            "There is no person 4711; it may have been removed meanwhile.",
        );
        let forbidden = problem(
            403,
            "Not allowed",
            "Only an administrator can change the field mapping. Ask one of your team.",
        );
        let fault = problem(
            500,
            "Something went wrong",
            "Something went wrong inside Tandem; its log has the details.",
        );
        vec![
            ("problem-404", problem::page(&missing, Some(&self.shell()))),
            (
                "problem-403",
                problem::page(&forbidden, Some(&self.shell())),
            ),
            ("problem-500", problem::page(&fault, None)),
        ]
    }

    fn error(&self, field: &str, message: &str) -> FieldError {
        FieldError {
            field: field.to_owned(),
            message: self.say(message),
        }
    }
}

/// The moment of every page.
fn now() -> Timestamp {
    "2026-11-24T14:30:00Z".parse().expect("a time")
}

/// So many minutes before it.
fn minutes_ago(minutes: i64) -> Timestamp {
    Timestamp::from_second(now().as_second() - minutes * 60).expect("in range")
}
