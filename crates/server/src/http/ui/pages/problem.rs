//! When something can't be shown or done: what happened, what to do, and a number for the log.

use crate::http::ui::parts::icon::{Icon, icon};
use crate::http::ui::parts::layout::{Page, Place, Shell, Theme, bare, page as framed};
use maud::{Markup, html};

/// What went wrong.
#[derive(Clone, Debug, Default)]
pub struct Problem {
    /// HTTP status.
    pub status: u16,
    /// What happened, in a few words.
    pub title: String,
    /// Why, and what to do.
    pub detail: String,
    /// The request's id, to be found in the server's log.
    pub request_id: Option<String>,
    /// Colours, where there is no frame.
    pub theme: Theme,
}

/// Draws it inside the frame for somebody who is signed in, else without navigation.
pub fn page(problem: &Problem, shell: Option<&Shell>) -> Markup {
    let body = html! {
        div class="problem" {
            (icon(if problem.status == 404 { Icon::Search } else { Icon::Alert }))
            p class="lead" { (problem.detail) }
            @if let Some(id) = &problem.request_id {
                p { small { "Error " (problem.status) ", request " span class="code" { (id) } } }
            } @else {
                p { small { "Error " (problem.status) } }
            }
            p { a class="button secondary" href="/sync" { "Go to Sync Management" } }
        }
    };
    let Some(shell) = shell else {
        let body = html! { h1 { (problem.title) } (body) };
        return bare(problem.theme, &problem.title, &body);
    };
    let card = html! { section class="card" { (body) } };
    framed(
        shell,
        &Page {
            place: Place::Nowhere,
            title: &problem.title,
            lead: html! {},
            actions: html! {},
            body: card,
        },
    )
}
