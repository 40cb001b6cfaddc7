//! Errors of the pages' addresses as pages: inside the frame for somebody who is signed in.

use super::visitor::{Visitor, theme};
use crate::app::App;
use crate::http::ui::pages::problem as drawn;
use crate::http::ui::parts::text::sentence;
use axum::body::to_bytes;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

/// A problem is a few sentences; what is longer is not ours.
const PROBLEM_BODY_MAX_BYTES: usize = 64 * 1024;

/// What a page shows of a [`Problem`](crate::http::problem::Problem).
#[derive(Deserialize)]
struct Told {
    detail: String,
}

/// Draws what a handler or an extractor answered as `application/problem+json`, and what axum itself
/// refused in plain text.
pub async fn as_pages(State(app): State<App>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let kept = parts.clone();
    let response = next.run(Request::from_parts(parts, body)).await;
    let status = response.status();
    if !(status.is_client_error() || status.is_server_error()) || is_page(&response) {
        return response;
    }
    page(&app, kept, response).await
}

fn is_page(response: &Response) -> bool {
    let kind = response.headers().get(header::CONTENT_TYPE);
    kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"))
}

async fn page(app: &App, mut request: Parts, response: Response) -> Response {
    let (head, body) = response.into_parts();
    let body = to_bytes(body, PROBLEM_BODY_MAX_BYTES)
        .await
        .unwrap_or_default();
    let told = serde_json::from_slice::<Told>(&body);
    let detail = told.map_or_else(|_| plain(head.status), |told| told.detail);
    let id = request
        .headers
        .get("x-request-id")
        .and_then(|id| id.to_str().ok());
    let problem = drawn::Problem {
        status: head.status.as_u16(),
        title: title(head.status).to_owned(),
        detail: sentence(&detail),
        request_id: id.map(str::to_owned),
        theme: theme(&request.headers),
    };
    let shell = match Visitor::from_request_parts(&mut request, app).await {
        Ok(visitor) => visitor.shell(app).await.ok(),
        Err(_) => None,
    };
    let mut answer = (head.status, drawn::page(&problem, shell.as_ref())).into_response();
    for name in [header::RETRY_AFTER, header::ALLOW] {
        if let Some(value) = head.headers.get(&name) {
            let value: HeaderValue = value.clone();
            answer.headers_mut().insert(name, value);
        }
    }
    answer
}

fn title(status: StatusCode) -> &'static str {
    match status.as_u16() {
        403 => "Not allowed",
        404 => "Nothing here",
        405 => "This address can’t be used like that",
        409 => "Not possible now",
        413 => "That was too much at once",
        400 | 415 | 422 => "This could not be understood",
        429 => "Too many tries",
        503 => "Not available now",
        _ if status.is_server_error() => "Something went wrong",
        _ => "This was refused",
    }
}

fn plain(status: StatusCode) -> String {
    let reason = status.canonical_reason().unwrap_or("no reason given");
    format!("The request was refused ({reason}). Go back, load the page again and repeat.")
}
