//! The HTML of the log-in and consent page, in the look of the console. It works in any browser, without scripts, and
//! for programs that read forms.

use maud::{DOCTYPE, Markup, html};
use url::form_urlencoded;

use super::has_scope;
use crate::{
    salesforce::users::{self, Person},
    world::World,
};

/// Nothing is loaded but the style sheet; where the form leads in the end is the application's address.
pub(super) const POLICY: &str =
    "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'";

pub(super) const WRONG: &str = "Please check your username and password. If you still can't log in, contact your administrator.";
pub(super) const LOCKED_OUT: &str =
    "Too many wrong passwords: this user is locked out for some minutes. Try again later.";

/// Parameters the form carries from the authorize request to its own POST.
const CARRIED: [&str; 11] = [
    "response_type",
    "client_id",
    "redirect_uri",
    "scope",
    "state",
    "code_challenge",
    "code_challenge_method",
    "login_hint",
    "display",
    "nonce",
    "prompt",
];

/// What each scope means to a person; the others mean little to them.
const MEANINGS: [(&[&str], &str); 3] = [
    (
        &["api", "full"],
        "Read and change the records that you may read and change",
    ),
    (
        &["refresh_token", "offline_access"],
        "Do so at any time, also when you are not here, until you revoke it",
    ),
    (
        &["id", "openid", "profile", "email", "full"],
        "Know your name, your user name and your e-mail address",
    ),
];

/// The page that asks who somebody is, where that is not known, and for consent.
pub(super) struct LoginPage<'a> {
    /// Of the authorize request.
    pub(super) parameters: &'a [(String, String)],
    pub(super) scope: &'a str,
    /// Where the application is: scheme, host and port.
    pub(super) application: &'a str,
    pub(super) person: Option<&'a Person>,
    pub(super) problem: Option<&'a str>,
}

impl LoginPage<'_> {
    pub(super) fn render(&self, world: &World) -> String {
        let title = if self.person.is_some() {
            "Allow access?"
        } else {
            "Log in and allow access"
        };
        let allow = if self.person.is_some() {
            "Allow"
        } else {
            "Log in and allow"
        };
        let body = html! {
            h1 { (title) }
            @if let Some(problem) = self.problem { p class="notice bad" role="alert" { (problem) } }
            form method="post" action="/services/oauth2/authorize" {
                @for (name, value) in self.carried() {
                    input type="hidden" name=(name) value=(value);
                }
                (self.who())
                p { "The application at " strong { (self.application) } " asks to:" }
                ul {
                    @for (scopes, meaning) in MEANINGS {
                        @if has_scope(self.scope, scopes) { li { (meaning) } }
                    }
                }
                p class="buttons" {
                    button name="decision" id="allow" value="allow" { (allow) }
                    button name="decision" id="deny" value="deny" class="plain" formnovalidate { "Deny" }
                }
            }
        };
        page(world, title, &body)
    }

    /// The parameters of the request; asking to log in again is answered by a form with a password.
    fn carried(&self) -> impl Iterator<Item = &(String, String)> {
        let parameters = self.parameters.iter();
        parameters.filter(|(name, _)| CARRIED.contains(&name.as_str()))
    }

    fn who(&self) -> Markup {
        let Some(person) = self.person else {
            let hint = self
                .parameters
                .iter()
                .find(|(name, _)| name == "login_hint");
            let hint = hint.map_or("", |(_, hint)| hint.as_str());
            return html! {
                p class="field" {
                    label for="username" { "Username" }
                    input name="username" id="username" value=(hint) autocomplete="username" required
                        autofocus[hint.is_empty()];
                }
                p class="field" {
                    label for="password" { "Password" }
                    input name="password" id="password" type="password" autocomplete="current-password" required
                        autofocus[!hint.is_empty()];
                }
            };
        };
        html! {
            p { "You are " strong { (person.name) } " (" (person.username) "). "
                a href=(self.as_somebody_else()) { "Log in as somebody else" } }
        }
    }

    /// The address of this very request that asks for a log-in.
    fn as_somebody_else(&self) -> String {
        let kept = self.carried().filter(|(name, _)| name != "prompt");
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(kept)
            .append_pair("prompt", "login")
            .finish();
        format!("/services/oauth2/authorize?{query}")
    }
}

/// The page shown when the request cannot be sent back to the application.
pub(super) fn refusal(world: &World, error: &str, description: &str) -> String {
    let title = "We can't authorize you";
    let body = html! {
        h1 { (title) }
        p { "The application asked in a way this org does not allow." }
        p class="notice bad" { code { "error=" (error) } br; code { "error_description=" (description) } }
    };
    page(world, title, &body)
}

fn page(world: &World, title: &str, body: &Markup) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " · Sandbox" }
                link rel="stylesheet" href="/console.css";
            }
            body class="log-in" {
                p class="stripe" { strong { "Sandbox" } " An emulator with invented data. Not a real Salesforce org." }
                main {
                    p class="org" { (users::org_name(world)) }
                    section { (body) }
                }
            }
        }
    };
    page.into_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_from_the_request_becomes_markup() {
        let hostile = vec![
            ("state".to_owned(), "\"><script>".to_owned()),
            ("evil".to_owned(), "x".to_owned()),
        ];
        let page = LoginPage {
            parameters: &hostile,
            scope: "api",
            application: "http://<b>",
            person: Some(&Person::nameless("005Td0000000001".parse().expect("an id"))),
            problem: Some("<b>no</b>"),
        };
        let world = &crate::world::tests::world();
        let page = page.render(world) + &refusal(world, "<i>", "<i>");
        assert!(!page.contains("<script>") && !page.contains("<b>") && !page.contains("<i>"));
        assert!(!page.contains("evil"));
        assert!(
            page.contains("value=\"&quot;&gt;&lt;script&gt;\""),
            "{page}"
        );
    }
}
