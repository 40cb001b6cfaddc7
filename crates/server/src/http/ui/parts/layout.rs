//! The frame of every page: head, navigation, banner, title, and the bare frame of sign-in.
//!
//! On a wide screen the navigation stands at the left; on a narrow one it is a popover behind the menu
//! button. Both are the same element and neither needs a script.

use super::badge::Tone;
use super::form::{button_post, token};
use super::icon::{Icon, icon};
use crate::http::ui::assets;
use jiff::Timestamp;
use maud::{DOCTYPE, Markup, html};

/// Which colours a person chose.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Theme {
    /// As the operating system says.
    #[default]
    System,
    /// Dark text on light.
    Light,
    /// Light text on dark.
    Dark,
}

impl Theme {
    /// Every theme.
    pub const ALL: [Self; 3] = [Self::System, Self::Light, Self::Dark];

    /// The name kept in the cookie and in `data-theme`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// The theme of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|theme| theme.as_str() == name)
    }

    fn attribute(self) -> Option<&'static str> {
        (self != Self::System).then(|| self.as_str())
    }
}

/// Which entry of the navigation a page belongs to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "named as the entries are")]
pub enum Place {
    Sync,
    Logs,
    Incidents,
    Agreement,
    Plans,
    Alerts,
    People,
    Accounts,
    Opportunities,
    Mapping,
    Connect,
    Nowhere,
}

/// What every page knows besides its own content.
#[derive(Clone, Debug)]
pub struct Shell {
    /// The team's name.
    pub team: String,
    /// The signed-in person's e-mail address.
    pub user: String,
    /// The session's token, put into every form.
    pub csrf: String,
    /// The chosen colours.
    pub theme: Theme,
    /// The server's clock, for relative times.
    pub now: Timestamp,
    /// The main connector is cut off: a banner says so on every page.
    pub connection_lost: bool,
    /// Plans of the brake that wait for a person: a badge in the navigation.
    pub open_plans: usize,
    /// Told once on top, after something was done.
    pub notice: Option<Notice>,
}

/// One sentence about what was just done.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Notice {
    /// Good, or bad if it failed.
    pub tone: Tone,
    /// The sentence.
    pub text: String,
}

/// A page inside the frame.
pub struct Page<'a> {
    /// Its entry in the navigation.
    pub place: Place,
    /// The title, also of the browser's tab.
    pub title: &'a str,
    /// One line below the title, or nothing.
    pub lead: Markup,
    /// Buttons beside the title.
    pub actions: Markup,
    /// The content.
    pub body: Markup,
}

/// Draws a page inside the frame.
pub fn page(shell: &Shell, page: &Page<'_>) -> Markup {
    let body = html! {
        a class="skip" href="#main" { "Skip to the content" }
        (top_bar())
        div class="frame" {
            (navigation(shell, page.place))
            main id="main" tabindex="-1" {
                (banner(shell))
                p class="when-offline" role="status" { "Tandem does not answer right now; what you see is from before." }
                (notice(shell))
                header class="page-head" {
                    div {
                        h1 { (page.title) }
                        (page.lead)
                    }
                    div class="actions" { (page.actions) }
                }
                (page.body)
            }
        }
    };
    document(shell.theme, page.title, "app", &body)
}

/// Draws a page without navigation: set-up, sign-in, and errors before signing in.
pub fn bare(theme: Theme, title: &str, body: &Markup) -> Markup {
    let body = html! {
        main class="bare" id="main" {
            div class="brand" { (icon(Icon::Brand)) "Tandem" }
            section class="card" { (body) }
        }
    };
    document(theme, title, "bare-page", &body)
}

fn document(theme: Theme, title: &str, class: &str, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" data-theme=[theme.attribute()] {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="htmx-config" content="includeIndicatorCSS:false history:false";
                title { (title) " · Tandem" }
                link rel="icon" type="image/svg+xml" href=(assets::url("favicon.svg"));
                link rel="stylesheet" href=(assets::url("vendor/pico/pico.min.css"));
                link rel="stylesheet" href=(assets::url("app.css"));
                script defer src=(assets::url("vendor/htmx/htmx.min.js")) {}
                script defer src=(assets::url("app.js")) {}
            }
            body class=(class) { (body) }
        }
    }
}

fn top_bar() -> Markup {
    html! {
        header class="top-bar" {
            button type="button" class="icon-button" popovertarget="navigation" aria-label="Menu" {
                (icon(Icon::Menu))
            }
            a class="brand" href="/sync" { (icon(Icon::Brand)) "Tandem" }
        }
    }
}

type Entry = (Place, Icon, &'static str, &'static str);

const SYNC: [Entry; 6] = [
    (Place::Sync, Icon::Sync, "Sync Management", "/sync"),
    (Place::Logs, Icon::Log, "Sync Logs", "/logs"),
    (Place::Incidents, Icon::Cross, "Incidents", "/incidents"),
    (Place::Agreement, Icon::Check, "Agreement", "/agreement"),
    (Place::Plans, Icon::Pause, "Held plans", "/plans"),
    (Place::Alerts, Icon::Alert, "Alerts", "/alerts"),
];

const WORKSPACE: [Entry; 3] = [
    (Place::People, Icon::People, "People", "/people"),
    (Place::Accounts, Icon::Accounts, "Accounts", "/accounts"),
    (
        Place::Opportunities,
        Icon::Opportunities,
        "Opportunities",
        "/opportunities",
    ),
];

const SETTINGS: [Entry; 2] = [
    (Place::Mapping, Icon::Mapping, "Field mapping", "/mapping"),
    (Place::Connect, Icon::Connect, "CRM connection", "/connect"),
];

fn navigation(shell: &Shell, place: Place) -> Markup {
    html! {
        div class="sidebar" id="navigation" popover {
            a class="brand" href="/sync" { (icon(Icon::Brand)) "Tandem" }
            nav aria-label="Main" {
                (entries(shell, "Sync", &SYNC, place))
                (entries(shell, "Workspace", &WORKSPACE, place))
                (entries(shell, "Settings", &SETTINGS, place))
            }
            (account_menu(shell))
        }
    }
}

fn entries(shell: &Shell, heading: &str, entries: &[Entry], place: Place) -> Markup {
    html! {
        p class="nav-heading" { (heading) }
        ul {
            @for (entry, mark, label, href) in entries {
                li {
                    a href=(href) aria-current=[(*entry == place).then_some("page")] {
                        (icon(*mark)) (label)
                        @if *entry == Place::Plans && shell.open_plans > 0 {
                            span class="badge warn" { (shell.open_plans) }
                        }
                    }
                }
            }
        }
    }
}

fn account_menu(shell: &Shell) -> Markup {
    html! {
        div class="account" {
            p class="account-name" {
                (icon(Icon::User))
                span { strong title=(shell.team) { (shell.team) } span title=(shell.user) { (shell.user) } }
            }
            form class="theme" method="post" action="/theme" role="group" aria-label="Colours" {
                (token(&shell.csrf))
                @for theme in Theme::ALL {
                    button type="submit" name="theme" value=(theme.as_str())
                        aria-pressed=(theme == shell.theme) {
                        @match theme { Theme::System => "Auto", Theme::Light => "Light", Theme::Dark => "Dark" }
                    }
                }
            }
            (button_post("/sign-out", &shell.csrf, &html! {
                button type="submit" class="plain" { (icon(Icon::SignOut)) "Sign out" }
            }))
        }
    }
}

fn banner(shell: &Shell) -> Markup {
    html! {
        @if shell.connection_lost {
            div class="banner bad" role="alert" {
                (icon(Icon::Alert))
                p {
                    strong { "Connection lost for Main CRM Connector." }
                    " Sync is paused; every change waits in the queue."
                }
                a class="button small" href="/sync?edit=connector" { "Open the settings" }
            }
        }
    }
}

fn notice(shell: &Shell) -> Markup {
    html! {
        @if let Some(notice) = &shell.notice {
            div role="status" { (callout(notice.tone, &html! { (notice.text) })) }
        }
    }
}

/// A box that tells something in place: icon, colour, words.
pub fn callout(tone: Tone, body: &Markup) -> Markup {
    html! {
        div class={ "callout " (tone.class()) } { (icon(tone.icon())) div { (body) } }
    }
}

/// What stands where a list has nothing to show: why, and what to do.
pub fn empty(title: &str, body: &Markup) -> Markup {
    html! {
        div class="empty" { (icon(Icon::Empty)) h3 { (title) } p { (body) } }
    }
}

/// A heading, a line of explanation and content, as one card.
pub fn card(title: &str, actions: &Markup, body: &Markup) -> Markup {
    html! {
        section class="card" {
            header class="card-head" { h2 { (title) } div class="actions" { (actions) } }
            (body)
        }
    }
}

/// A dialog that the server opened: it works as a page of its own, and a script makes it modal.
/// `close` is where its closing leads.
pub fn dialog(title: &str, close: &str, body: &Markup) -> Markup {
    html! {
        dialog open aria-labelledby="dialog-title" data-close=(close) {
            div class="dialog-box" {
                header {
                    h2 id="dialog-title" { (title) }
                    a class="icon-button" href=(close) aria-label="Close" { (icon(Icon::Close)) }
                }
                (body)
            }
        }
    }
}
