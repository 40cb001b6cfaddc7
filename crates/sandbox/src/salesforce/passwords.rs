//! `/sobjects/User/{id}/password`: whether a user's password has expired, which it never does, and giving them another.
//! As over SOAP, the org does not ask who may. It is about log-ins, not records, so it is no part of a composite request.

use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::json;

use super::{
    Org,
    answer::{self, Answer},
    auth,
    error::ApiError,
    request::Call,
    users,
};
use crate::world::SfId;

/// A password somebody chose.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Chosen {
    new_password: String,
}

/// The user whose password the call is about, when it is about one.
pub(super) fn user_of(org: &Org, call: &Call) -> Option<SfId> {
    let [objects, object, id, password] = call.segments.as_slice() else {
        return None;
    };
    let here =
        objects == "sobjects" && object.eq_ignore_ascii_case("User") && password == "password";
    let id = id.parse().ok().filter(|_| here)?;
    users::by_id(&org.world, id).map(|person| person.id)
}

/// Serves the call with any method.
pub(super) fn serve(org: &mut Org, call: &Call, user: SfId) -> Result<Answer, ApiError> {
    match call.method {
        Method::GET => Ok(answer::ok(&json!({ "isExpired": false }))),
        Method::POST => {
            let Chosen { new_password } = call.json()?;
            auth::set_password(org, user, &new_password)
                .map_err(|sentence| ApiError::bad_request("INVALID_NEW_PASSWORD", sentence))?;
            Ok(answer::empty(StatusCode::NO_CONTENT))
        }
        Method::DELETE => {
            let password = auth::reset_password(org, user);
            Ok(answer::ok(&json!({ "NewPassword": password })))
        }
        _ => Err(ApiError::method_not_allowed(
            call.method.as_str(),
            "DELETE,GET,HEAD,POST",
        )),
    }
}
