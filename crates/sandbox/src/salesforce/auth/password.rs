//! Logging in with a password: one check for the log-in page, the password grant and SOAP `login`.
//!
//! Every user has the password of [`crate::Options`] until they are given one of their own; the security token may
//! follow it, as a client outside trusted networks sends it. After ten wrong passwords in a row the user is locked out for a quarter of an hour, which a
//! right password does not shorten (the vendor's defaults, from memory).

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Auth, later};
use crate::{
    salesforce::{
        Org,
        users::{self, Person},
    },
    world::SfId,
};

const MAX_WRONG_PASSWORDS: u32 = 10;
const MIN_PASSWORD_CHARS: usize = 8;
const MAX_PASSWORD_BYTES: usize = 16_000;
const LOCKOUT: SignedDuration = SignedDuration::from_mins(15);

/// Wrong passwords of one user since the last right one.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(crate) struct WrongPasswords {
    count: u32,
    last_at: Option<Timestamp>,
}

impl WrongPasswords {
    fn lock_out(self, now: Timestamp) -> bool {
        let locked_until = self.last_at.map(|last| later(last, LOCKOUT));
        self.count >= MAX_WRONG_PASSWORDS && locked_until.is_some_and(|until| now < until)
    }
}

/// Why nobody was logged in. Endpoints tell clients less than this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::salesforce) enum LoginRefused {
    /// No such user, or another password.
    Wrong,
    LockedOut,
    Inactive,
}

/// Gives a user a password of their own and forgets wrong ones.
///
/// # Errors
/// The rules of a new org (from memory): at least eight characters, with a letter and a digit among them.
pub(in crate::salesforce) fn set_password(
    org: &mut Org,
    user: SfId,
    password: &str,
) -> Result<(), &'static str> {
    let has = |wanted: fn(char) -> bool| password.chars().any(wanted);
    if password.chars().count() < MIN_PASSWORD_CHARS {
        return Err("Your password must be at least 8 characters long");
    }
    if password.len() > MAX_PASSWORD_BYTES {
        return Err("Your password is too long");
    }
    if !has(|c| c.is_ascii_digit()) || !has(char::is_alphabetic) {
        return Err("Your password must have a mix of letters and numbers");
    }
    org.auth.give_password(user, password.to_owned());
    Ok(())
}

/// Gives a user a password nobody chose, and tells it.
pub(in crate::salesforce) fn reset_password(org: &mut Org, user: SfId) -> String {
    // The secret alone might have no digit.
    let password = format!("{}1a", org.auth.secret(8));
    org.auth.give_password(user, password.clone());
    password
}

impl Auth {
    fn give_password(&mut self, user: SfId, password: String) {
        self.passwords.insert(user, password);
        self.wrong_passwords.remove(&user);
    }
}

/// The user with this name and password.
pub(in crate::salesforce) fn check_password(
    org: &mut Org,
    username: &str,
    password: &str,
) -> Result<Person, LoginRefused> {
    let now = org.world.now();
    let user = users::by_username(&org.world, username).ok_or(LoginRefused::Wrong)?;
    let auth = &mut org.auth;
    let wrong = auth
        .wrong_passwords
        .get(&user.id)
        .copied()
        .unwrap_or_default();
    if wrong.lock_out(now) {
        return Err(LoginRefused::LockedOut);
    }
    let known = auth.passwords.get(&user.id).unwrap_or(&auth.app.password);
    let right = password
        .strip_prefix(known.as_str())
        .is_some_and(|rest| rest.is_empty() || rest == auth.app.security_token);
    if !right {
        let count = wrong.count % MAX_WRONG_PASSWORDS + 1;
        let last_at = Some(now);
        auth.wrong_passwords
            .insert(user.id, WrongPasswords { count, last_at });
        return Err(LoginRefused::Wrong);
    }
    auth.wrong_passwords.remove(&user.id);
    if user.active {
        Ok(user)
    } else {
        Err(LoginRefused::Inactive)
    }
}
