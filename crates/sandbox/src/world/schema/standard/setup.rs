//! Objects an administrator keeps: User, Profile, UserRole, Organization. Reduced to what a sync looks at.

use super::{address, audit, fill, identity};
use crate::world::schema::field::{
    boolean, datetime, email, int, phone, picklist, reference, text,
};
use crate::world::schema::{FieldDef, ObjectDef};
use crate::world::value::Value;

const TIME_ZONES: [&str; 6] = [
    "GMT",
    "America/New_York",
    "America/Los_Angeles",
    "Europe/Berlin",
    "Europe/London",
    "Asia/Tokyo",
];
const LOCALES: [&str; 5] = ["en_US", "en_GB", "de_DE", "fr_FR", "ja_JP"];
const LANGUAGES: [&str; 4] = ["en_US", "de", "fr", "ja"];
const ENCODINGS: [&str; 2] = ["UTF-8", "ISO-8859-1"];
const USER_TYPES: [&str; 3] = ["Standard", "Guest", "AutomatedProcess"];
const ORGANIZATION_TYPES: [&str; 5] = [
    "Team Edition",
    "Professional Edition",
    "Enterprise Edition",
    "Developer Edition",
    "Unlimited Edition",
];
const ACCESS_LEVELS: [&str; 4] = ["None", "Read", "Edit", "ReadEditTransfer"];

/// The user. Never deleted, only made inactive.
pub(super) fn user() -> ObjectDef {
    let mut object = ObjectDef::new("User", "User", "People", *b"005");
    (object.deletable, object.undeletable) = (false, false);
    let [id, _] = identity("User");
    fill(
        object,
        [
            vec![id, text("Username", "Username", 80).required().id_lookup()],
            vec![
                text("LastName", "Last Name", 80)
                    .required()
                    .part_of("Name")
                    .info("personname"),
                text("FirstName", "First Name", 40)
                    .not_permissionable()
                    .part_of("Name")
                    .info("personname"),
                text("Name", "Full Name", 121)
                    .required()
                    .read_only()
                    .record_name()
                    .info("personname"),
                text("CompanyName", "Company Name", 80),
                text("Division", "Division", 80),
                text("Department", "Department", 80),
                text("Title", "Title", 80),
            ],
            address(""),
            vec![
                email("Email", "Email", 128).required().id_lookup(),
                phone("Phone", "Phone"),
                phone("MobilePhone", "Mobile"),
                text("Alias", "Alias", 8).required(),
                text("CommunityNickname", "Nickname", 40).required(),
            ],
            account_settings(),
            audit().into(),
            vec![datetime("LastLoginDate", "Last Login").read_only()],
        ],
    )
}

fn account_settings() -> Vec<FieldDef> {
    let setting =
        |name, label, values: &[&str]| picklist(name, label, 40, values).restricted().required();
    vec![
        boolean("IsActive", "Active")
            .defaulted(Value::Bool(true))
            .not_permissionable(),
        setting("TimeZoneSidKey", "Time Zone", &TIME_ZONES),
        setting("LocaleSidKey", "Locale", &LOCALES),
        setting("EmailEncodingKey", "Email Encoding", &ENCODINGS),
        setting("LanguageLocaleKey", "Language", &LANGUAGES),
        reference("ProfileId", "Profile ID", &["Profile"], "Profile").required(),
        reference("UserRoleId", "Role ID", &["UserRole"], "UserRole").not_permissionable(),
        picklist("UserType", "User Type", 40, &USER_TYPES)
            .restricted()
            .defaulted(Value::text("Standard"))
            .read_only(),
        reference("ManagerId", "Manager ID", &["User"], "Manager").not_permissionable(),
        text("EmployeeNumber", "Employee Number", 20),
        text("FederationIdentifier", "SAML Federation ID", 512).not_permissionable(),
        boolean("ForecastEnabled", "Allow Forecasting").not_permissionable(),
    ]
}

pub(super) fn profile() -> ObjectDef {
    let object = read_only(ObjectDef::new("Profile", "Profile", "Profiles", *b"00e"));
    let [id, _] = identity("Profile");
    fill(
        object,
        [
            vec![
                id,
                text("Name", "Name", 255).required().record_name(),
                picklist("UserType", "User Type", 40, &USER_TYPES)
                    .restricted()
                    .read_only(),
                text("Description", "Description", 255).not_permissionable(),
            ],
            audit().into(),
        ],
    )
}

pub(super) fn user_role() -> ObjectDef {
    let mut object = ObjectDef::new("UserRole", "Role", "Role", *b"00E");
    object.undeletable = false;
    let [id, _] = identity("Role");
    fill(
        object,
        [
            vec![
                id,
                text("Name", "Name", 80).required().record_name(),
                reference("ParentRoleId", "Parent Role ID", &["UserRole"], "").not_permissionable(),
                text("DeveloperName", "Developer Name", 80).required(),
            ],
            audit().into_iter().skip(2).collect(),
        ],
    )
}

pub(super) fn organization() -> ObjectDef {
    let object = read_only(ObjectDef::new(
        "Organization",
        "Organization",
        "Organizations",
        *b"00D",
    ));
    let [id, _] = identity("Organization");
    let access = |name: &str, label| {
        picklist(name, label, 40, &ACCESS_LEVELS)
            .restricted()
            .read_only()
    };
    fill(
        object,
        [
            vec![id, text("Name", "Name", 80).required().record_name()],
            address(""),
            vec![
                phone("Phone", "Phone"),
                text("PrimaryContact", "Primary Contact", 80),
                picklist("DefaultLocaleSidKey", "Locale", 40, &LOCALES)
                    .restricted()
                    .required(),
                picklist("TimeZoneSidKey", "Time Zone", 40, &TIME_ZONES)
                    .restricted()
                    .required(),
                picklist("LanguageLocaleKey", "Language", 40, &LANGUAGES)
                    .restricted()
                    .required(),
                int("FiscalYearStartMonth", "Fiscal Year Starts In").read_only(),
                access("DefaultAccountAccess", "Default Account Access"),
                access("DefaultContactAccess", "Default Contact Access"),
                access("DefaultOpportunityAccess", "Default Opportunity Access"),
                access("DefaultLeadAccess", "Default Lead Access"),
                picklist("OrganizationType", "Edition", 40, &ORGANIZATION_TYPES)
                    .restricted()
                    .read_only(),
                text("NamespacePrefix", "Namespace Prefix", 15).read_only(),
                text("InstanceName", "Instance Name", 5).read_only(),
                boolean("IsSandbox", "Is Sandbox").read_only(),
                boolean("IsReadOnly", "Is Read Only").read_only(),
                datetime("TrialExpirationDate", "Trial Expiration Date").read_only(),
            ],
            audit().into(),
        ],
    )
}

fn read_only(mut object: ObjectDef) -> ObjectDef {
    (
        object.createable,
        object.updateable,
        object.deletable,
        object.undeletable,
    ) = (false, false, false, false);
    object.replicateable = false;
    object
}
