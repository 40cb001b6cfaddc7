//! Whatever is sent to SOAP and to OAuth, the org answers.

use bytes::Bytes;
use http::Request;
use proptest::prelude::*;
use quick_xml::{Reader, events::Event};

use crate::{client::Client, soap::PARTNER};

const NAMES: [&str; 30] = [
    "create",
    "update",
    "upsert",
    "delete",
    "undelete",
    "retrieve",
    "merge",
    "convertLead",
    "query",
    "queryMore",
    "search",
    "describeSObjects",
    "getDeleted",
    "emptyRecycleBin",
    "sObjects",
    "ids",
    "request",
    "masterRecord",
    "recordToMergeIds",
    "leadConverts",
    "leadId",
    "accountId",
    "type",
    "Id",
    "fieldsToNull",
    "LastName",
    "Account",
    "queryString",
    "sObjectType",
    "externalIDFieldName",
];
const TEXTS: [&str; 12] = [
    "Contact",
    "Lead",
    "Account",
    "true",
    "Id",
    "LastName",
    "ExtId__c",
    "003Td0000000001",
    "00QTd0000000001AAA",
    "SELECT Id, Account.Name FROM Contact",
    "2026-03-10T12:00:00Z",
    "a,b",
];

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        5 => prop::sample::select(&TEXTS[..]).prop_map(str::to_owned),
        1 => "\\PC{0,8}".prop_map(|text| quick_xml::escape::escape(text).into_owned()),
    ]
}

fn element() -> impl Strategy<Value = String> {
    let name = || prop::sample::select(&NAMES[..]);
    let leaf = (name(), text(), any::<bool>()).prop_map(|(name, text, nil)| {
        if nil && text.len() % 3 == 0 {
            return format!("<{name} xsi:nil=\"true\"/>");
        }
        format!("<u:{name}>{text}</u:{name}>")
    });
    leaf.prop_recursive(4, 24, 6, move |inner| {
        let parts = prop::collection::vec(inner, 0..6);
        (name(), parts).prop_map(|(name, parts)| format!("<{name}>{}</{name}>", parts.concat()))
    })
}

/// Reads all of a document; false when it is not well formed.
fn is_xml(text: &str) -> bool {
    let mut reader = Reader::from_str(text);
    loop {
        match reader.read_event() {
            Ok(Event::Eof) => return true,
            Ok(_) => {}
            Err(_) => return false,
        }
    }
}

fn post(client: &Client, path: &str, body: impl Into<Bytes>) -> (u16, String) {
    let request = Request::post(path).header("soapaction", "x");
    let got = client.send(request.body(body.into()).expect("a request"));
    (got.status.as_u16(), got.text)
}

#[test]
fn every_envelope_gets_an_answer_or_a_fault() {
    let client = Client::empty();
    client.contact("Kinsella");
    let cut = (
        any::<prop::sample::Index>(),
        any::<u8>(),
        prop::bool::weighted(0.3),
    );
    proptest!(ProptestConfig::with_cases(300), |(operation in element(), (at, byte, damage) in cut)| {
        let mut envelope = format!(
            "<e:Envelope xmlns:xsi='x'><e:Header><SessionHeader><sessionId>{}</sessionId></SessionHeader><AllOrNoneHeader>\
             <allOrNone>{}</allOrNone></AllOrNoneHeader></e:Header><e:Body>{operation}</e:Body></e:Envelope>",
            client.token,
            byte % 2,
        )
        .into_bytes();
        if damage {
            let at = at.index(envelope.len());
            envelope[at] = byte;
        }
        let (status, text) = post(&client, PARTNER, envelope);
        prop_assert!(status == 200 || status == 500, "{operation}: {status}");
        prop_assert!(text.starts_with("<?xml") && is_xml(&text), "{operation}: {text}");
        prop_assert!(!text.contains("UNKNOWN_EXCEPTION"), "{operation}: {text}");
    });
}

const KEYS: [&str; 14] = [
    "grant_type",
    "response_type",
    "client_id",
    "client_secret",
    "redirect_uri",
    "scope",
    "state",
    "code",
    "token",
    "assertion",
    "username",
    "password",
    "prompt",
    "decision",
];
const VALUES: [&str; 14] = [
    "authorization_code",
    "refresh_token",
    "urn:ietf:params:oauth:grant-type:jwt-bearer",
    "password",
    "client_credentials",
    "code",
    "3MVG9sandboxConnectedApp",
    "sandbox-client-secret",
    "http://localhost:7777/callback",
    "api openid",
    "connector@haldenrobotics.example",
    "sandbox-password-1",
    "eyJhbGciOiJSUzI1NiJ9.e30.AA",
    "allow",
];
const PATHS: [&str; 8] = [
    "/services/oauth2/authorize",
    "/services/oauth2/token",
    "/services/oauth2/revoke",
    "/services/oauth2/introspect",
    "/services/oauth2/userinfo",
    "/id/keys",
    "/id/x/y",
    "/.well-known/openid-configuration",
];

#[test]
fn every_form_of_oauth_gets_an_answer() {
    let client = Client::empty();
    let value = || prop_oneof![6 => prop::sample::select(&VALUES[..]).prop_map(str::to_owned), 1 => "\\PC{0,12}"];
    let pairs = prop::collection::hash_map(prop::sample::select(&KEYS[..]), value(), 0..9);
    let path = prop::sample::select(&PATHS[..]);
    proptest!(ProptestConfig::with_cases(500), |(path in path, pairs in pairs, posts in any::<bool>())| {
        let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&pairs).finish();
        let request = if posts {
            Request::post(path).body(Bytes::from(form))
        } else {
            Request::get(format!("{path}?{form}")).body(Bytes::new())
        };
        let got = client.send(request.expect("a request"));
        prop_assert!(got.status.as_u16() < 500, "{path} {pairs:?}: {}", got.status);
        prop_assert!(!got.text.contains("<script"));
    });
}
