//! What every handler of the API takes and gives.

use crate::app::{AppError, AppResult};
use crate::http::problem::Problem;
use axum::Json;
use axum::extract::{FromRequest, FromRequestParts, Query, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tandem_store::views::PageRequest;
use utoipa::IntoParams;

/// What a handler gives.
pub(super) type Answer<T> = Result<Json<T>, Problem>;

/// Turns a result of [`crate::app`] into an answer.
pub(super) fn answer<T, U>(result: AppResult<T>, shape: impl FnOnce(T) -> U) -> Answer<U> {
    Ok(Json(shape(result?)))
}

/// A JSON body; what is wrong with it comes as a [`Problem`].
pub(super) struct Body<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let Json(body) = Json::<T>::from_request(request, state).await?;
        Ok(Self(body))
    }
}

/// The address's query; what is wrong with it comes as a [`Problem`].
pub(super) struct Asked<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Asked<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Query::<T>::from_request_parts(parts, state).await {
            Ok(Query(asked)) => Ok(Self(asked)),
            Err(rejection) => {
                let text = rejection.body_text();
                Err(Problem::new(StatusCode::BAD_REQUEST, "bad-query", text))
            }
        }
    }
}

/// Which page of a list.
#[derive(Deserialize, IntoParams)]
pub(super) struct Paging {
    /// `next` of the page before; without it the list starts at the newest.
    pub(super) cursor: Option<String>,
    /// Rows wanted, at most 200.
    #[serde(default = "usual_limit")]
    #[param(minimum = 1, maximum = 200)]
    pub(super) limit: u16,
}

fn usual_limit() -> u16 {
    50
}

impl Paging {
    pub(super) fn request(self) -> PageRequest {
        PageRequest {
            cursor: self.cursor,
            limit: self.limit.into(),
        }
    }
}

/// One of a fixed list of names.
///
/// # Errors
/// `Invalid` with the field's name and the names that there are.
pub(super) fn named<T>(
    field: &str,
    text: Option<&str>,
    parse: impl Fn(&str) -> Option<T>,
    known: &[&str],
) -> AppResult<Option<T>> {
    let Some(text) = text.filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    parse(text).map(Some).ok_or_else(|| {
        let message = format!("“{text}” is not one of {}", known.join(", "));
        AppError::invalid(field, message)
    })
}
