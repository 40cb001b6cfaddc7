//! Sessions: `login`, `logout`, who one is (`getUserInfo`), and passwords.
//!
//! A session of SOAP is one of the org: its id is an access token for REST as well. `login` refuses a wrong password,
//! a locked-out and an inactive user alike, as the vendor does, so that nobody learns which it was.

use super::{
    Element, Writer,
    envelope::{Fault, Service},
};
use crate::{
    salesforce::{
        Org, auth,
        users::{self, Person},
    },
    world::SfId,
};

/// What `getUserInfo` and `login` tell of a user.
struct UserInfo {
    person: Person,
    org_id: SfId,
    org_name: String,
    session_seconds: i64,
}

pub(super) fn login(
    org: &mut Org,
    operation: &Element,
    (service, version): (Service, u32),
    origin: &str,
) -> Result<Writer, Fault> {
    let username = operation.value("username").unwrap_or_default();
    let password = operation.value("password").unwrap_or_default();
    let person = auth::check_password(org, username, password).map_err(|_| Fault::login())?;
    let session_id = org.auth.log_in(person.id, org.world.now());
    let url = |letter: &str| {
        let org_id = org.world.org_id().short();
        format!("{origin}/services/Soap/{letter}/{version}.0/{org_id}")
    };
    let (server_url, metadata_url) = (url(service.letter()), url("m"));
    let info = info(org, person.id)?;
    let mut results = Writer::default();
    results.element("result", "", |xml| {
        xml.leaf("metadataServerUrl", metadata_url);
        xml.flag("passwordExpired", false);
        xml.flag("sandbox", false);
        xml.leaf("serverUrl", server_url);
        xml.leaf("sessionId", session_id);
        xml.leaf("userId", info.person.id.to_string());
        xml.element("userInfo", "", |xml| info.write(xml));
    });
    Ok(results)
}

/// Ends the session that calls.
pub(super) fn logout(org: &mut Org, session_id: &str) -> Writer {
    org.auth.revoke(session_id);
    Writer::default()
}

/// Gives a user a new password; the org does not ask who may.
pub(super) fn set_password(org: &mut Org, operation: &Element) -> Result<Writer, Fault> {
    let user = user_named(org, operation)?;
    let password = operation.value("password").unwrap_or_default();
    auth::set_password(org, user, password)
        .map_err(|sentence| Fault::new("INVALID_NEW_PASSWORD", sentence))?;
    let mut results = Writer::default();
    results.element("result", "", |_| {});
    Ok(results)
}

pub(super) fn reset_password(org: &mut Org, operation: &Element) -> Result<Writer, Fault> {
    let user = user_named(org, operation)?;
    let password = auth::reset_password(org, user);
    let mut results = Writer::default();
    results.element("result", "", |xml| xml.leaf("password", password));
    Ok(results)
}

fn user_named(org: &Org, operation: &Element) -> Result<SfId, Fault> {
    let id = operation.value("userId").unwrap_or_default().parse().ok();
    let person = id.and_then(|id| users::by_id(&org.world, id));
    let unknown = || Fault::new("INVALID_ID_FIELD", "userId is not the id of a user");
    person.map(|person| person.id).ok_or_else(unknown)
}

pub(super) fn user_info(org: &Org, user: SfId) -> Result<Writer, Fault> {
    let info = info(org, user)?;
    let mut results = Writer::default();
    results.element("result", "", |xml| info.write(xml));
    Ok(results)
}

fn info(org: &Org, user: SfId) -> Result<UserInfo, Fault> {
    let person = users::by_id(&org.world, user).ok_or_else(Fault::session)?;
    Ok(UserInfo {
        person,
        org_id: org.world.org_id(),
        org_name: users::org_name(&org.world),
        session_seconds: org.auth.app.session_life.as_secs(),
    })
}

impl UserInfo {
    /// In the order of the WSDL. The org has one currency and no person accounts.
    fn write(&self, xml: &mut Writer) {
        let person = &self.person;
        xml.flag("accessibilityMode", false);
        xml.flag("chatterExternal", false);
        xml.leaf("currencySymbol", "$");
        xml.leaf("orgAttachmentFileSizeLimit", "5242880");
        xml.leaf("orgDefaultCurrencyIsoCode", "USD");
        xml.leaf("orgDefaultCurrencyLocale", "en_US");
        xml.flag("orgDisallowHtmlAttachments", false);
        xml.flag("orgHasPersonAccounts", false);
        xml.leaf("organizationId", self.org_id.to_string());
        xml.flag("organizationMultiCurrency", false);
        xml.leaf("organizationName", &self.org_name);
        xml.optional("profileId", person.profile_id.as_ref());
        xml.optional("roleId", person.role_id.as_ref());
        xml.leaf("sessionSecondsValid", self.session_seconds.to_string());
        xml.nil("userDefaultCurrencyIsoCode");
        xml.leaf("userEmail", &person.email);
        xml.leaf("userFullName", &person.name);
        xml.leaf("userId", person.id.to_string());
        xml.leaf("userLanguage", &person.language);
        xml.leaf("userLocale", &person.locale);
        xml.leaf("userName", &person.username);
        xml.leaf("userTimeZone", &person.time_zone);
        xml.leaf("userType", "Standard");
        xml.leaf("userUiSkin", "Theme3");
    }
}
