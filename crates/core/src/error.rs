//! The closed list of failures: what each one means, what the engine does about it, and what an
//! operator should do. One table; every vendor error maps to one row of it.

use serde::{Deserialize, Serialize};

/// What the engine does about a failure, without asking anybody.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Directive {
    /// Try again with back-off; the work is fine.
    Retry,
    /// The answer was lost: read the record again, then decide again.
    Resolve,
    /// Refresh the access token once and repeat; if that fails the connection is lost.
    Reauthorise,
    /// Stop talking to the CRM until a person acts; keep the queue.
    PauseConnection,
    /// Stop spending calls until the window frees.
    PauseBudget,
    /// Set the refused fields aside and let the rest of the record go.
    ParkField,
    /// Set the record aside until its data or its cause changes.
    ParkRecord,
    /// Read the schema again and compile the mapping anew, then retry.
    Redescribe,
    /// The CRM record is gone: look for the proof, then unlink.
    CheckDeletion,
    /// The CRM already has this record: adopt it.
    Adopt,
}

macro_rules! classes {
    ($($variant:ident, $code:literal, $directive:ident, $title:literal, $hint:literal;)*) => {
        /// A class of failure. The code is stable: it names the help page and stands in logs.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum ErrorClass {
            $(#[doc = $title] $variant,)*
        }

        impl ErrorClass {
            /// Every class, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The stable code: the name of the help page.
            pub fn code(self) -> &'static str {
                match self { $(Self::$variant => $code,)* }
            }

            /// What the engine does about it.
            pub fn directive(self) -> Directive {
                match self { $(Self::$variant => Directive::$directive,)* }
            }

            /// What happened, in a few words.
            pub fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)* }
            }

            /// What to do about it, for the person who runs Tandem or the CRM.
            pub fn hint(self) -> &'static str {
                match self { $(Self::$variant => $hint,)* }
            }
        }
    };
}

classes! {
    SessionExpired, "session-expired", Reauthorise, "The CRM session expired",
        "Nothing to do: Tandem renews it by itself.";
    ConnectionRevoked, "connection-revoked", PauseConnection, "The CRM connection was revoked",
        "Reconnect on the Sync Management page. Everything waits in the queue meanwhile.";
    ApiDisabled, "api-disabled", PauseConnection, "The CRM does not allow API access",
        "Enable API access for the org's edition and for the connected user, then reconnect.";
    WrongOrg, "wrong-org", PauseConnection, "The connection belongs to another CRM org",
        "Connect with a user of the org that this team is linked to.";
    ApiLimit, "api-limit", PauseBudget, "The daily API allowance is used up",
        "Sync resumes by itself when the CRM's 24-hour window frees calls. Lower the frequency or raise the allowance if it happens often.";
    Busy, "busy", Retry, "The CRM refuses more requests right now",
        "Nothing to do: Tandem waits and tries again.";
    Unavailable, "unavailable", Retry, "The CRM is unavailable",
        "Nothing to do: Tandem tries again. See the CRM's status page if it lasts.";
    Maintenance, "maintenance", Retry, "The CRM is under maintenance",
        "Nothing to do: writes wait until the maintenance ends.";
    NotSent, "not-sent", Retry, "The CRM could not be reached",
        "Check that this machine can reach the CRM's address. Tandem tries again by itself.";
    AnswerLost, "answer-lost", Resolve, "The CRM's answer was lost",
        "Nothing to do: Tandem reads the record again before it decides what to send.";
    GarbledAnswer, "garbled-answer", Resolve, "The CRM's answer could not be understood",
        "A proxy or maintenance page may stand between Tandem and the CRM. Tandem tries again; nothing was changed here.";
    RowLocked, "row-locked", Retry, "The record is locked by another change",
        "Nothing to do: Tandem tries again shortly.";
    TimedOut, "timed-out", Retry, "The CRM took too long",
        "Nothing to do: Tandem tries again with less at a time.";
    CursorGone, "cursor-gone", Retry, "The CRM forgot a list that was being read",
        "Nothing to do: Tandem reads it again from its last safe point.";
    SchemaChanged, "schema-changed", Redescribe, "A mapped field is no longer visible",
        "A field was removed, renamed or hidden from the connected user. Check the field mapping and the user's field permissions.";
    FieldNotWritable, "field-not-writable", ParkField, "A field may not be written",
        "Give the connected user edit access to the field, or map it CRM → workspace. Then retry.";
    PicklistRefused, "picklist-refused", ParkField, "A picklist does not allow the value",
        "Add the value to the picklist in the CRM, or change it in the workspace. Then retry.";
    TooLong, "too-long", ParkField, "A text is longer than the CRM field allows",
        "Shorten the text or make the CRM field longer. Then retry.";
    InvalidEmail, "invalid-email", ParkField, "The CRM does not accept the e-mail address",
        "Correct the address in the workspace; it goes out by itself.";
    InvalidValue, "invalid-value", ParkField, "The CRM field can't hold the value",
        "Correct the value in the workspace, or map the field to one of a fitting type.";
    ReferenceRefused, "reference-refused", ParkField, "The record referred to can't be used",
        "It may be deleted, inactive or not visible to the connected user. Choose another, or grant access; then retry.";
    Bouncing, "bouncing", ParkField, "A value goes to and fro between both sides",
        "Find the two programs that change it back and forth, stop one of them, then retry. A person's edit in the workspace ends it, too.";
    OwnerInactive, "owner-inactive", ParkField, "The owner is inactive in the CRM",
        "Choose an active owner, or reactivate the user in the CRM; then retry.";
    RequiredMissing, "required-missing", ParkRecord, "A field that the CRM requires is empty",
        "Fill the field in the workspace, or map it; the record goes out by itself.";
    ValidationRule, "validation-rule", ParkRecord, "A validation rule of the CRM refused the record",
        "The rule's own text says what it wants. Change the record or the rule; then retry.";
    DuplicateSuspected, "duplicate-suspected", ParkRecord, "The CRM's duplicate rule refused the record",
        "Link the workspace record to the one that the CRM already has, or relax the rule; then retry.";
    DuplicateKey, "duplicate-key", Adopt, "The CRM already has a record with this key",
        "Nothing to do: Tandem links to it.";
    RecordGone, "record-gone", CheckDeletion, "The CRM record can't be found",
        "It was deleted, or the connected user lost access to it. Tandem looks for proof before it unlinks.";
    RecordLocked, "record-locked", ParkRecord, "The record is locked in the CRM",
        "An approval process holds it. Retry when it is unlocked.";
    Converted, "converted", ParkRecord, "The lead was converted",
        "A converted lead can't be changed. Link the person to the contact it became.";
    Forbidden, "forbidden", ParkRecord, "The connected user may not do this",
        "Grant the right to the connected user in the CRM; then retry.";
    CannotMatch, "cannot-match", ParkRecord, "Several records match",
        "Open the record and choose the one it belongs to.";
    Refused, "refused", ParkRecord, "The CRM refused the record",
        "The CRM's own words are in the log entry. Change what they name, then retry.";
    OurFault, "our-fault", ParkRecord, "Tandem sent something that the CRM does not understand",
        "Please report it with the log entry's text; other records are not affected.";
}
