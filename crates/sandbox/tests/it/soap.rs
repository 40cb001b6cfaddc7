//! The SOAP services.

use bytes::Bytes;
use http::{Method, Request};
use tandem_sandbox::Options;

use crate::client::{Client, Got};

pub(crate) const PARTNER: &str = "/services/Soap/u/62.0";

/// Calls an operation of the partner service with the client's session and further header elements.
pub(crate) fn call_with(client: &Client, header: &str, operation: &str) -> Got {
    let session = format!(
        "<u:SessionHeader><u:sessionId>{}</u:sessionId></u:SessionHeader>",
        client.token
    );
    send(client, PARTNER, &format!("{session}{header}"), operation)
}

pub(crate) fn call(client: &Client, operation: &str) -> Got {
    call_with(client, "", operation)
}

fn send(client: &Client, path: &str, header: &str, operation: &str) -> Got {
    let envelope = format!(
        "<?xml version=\"1.0\"?><s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\" \
         xmlns:u=\"urn:partner.soap.sforce.com\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\">\
         <s:Header>{header}</s:Header><s:Body>{operation}</s:Body></s:Envelope>"
    );
    let request = Request::post(path)
        .header("host", "org.example:8443")
        .header("content-type", "text/xml; charset=UTF-8")
        .header("soapaction", "\"\"");
    client.send(request.body(Bytes::from(envelope)).expect("a request"))
}

fn login(client: &Client, path: &str, username: &str, password: &str) -> Got {
    let operation = format!(
        "<n1:login xmlns:n1=\"urn:partner.soap.sforce.com\"><n1:username>{username}</n1:username>\
         <n1:password>{password}</n1:password></n1:login>"
    );
    send(client, path, "", &operation)
}

/// The texts of all elements of this name, with its prefix.
fn all<'g>(got: &'g Got, tag: &str) -> Vec<&'g str> {
    let (open, close) = (format!("<{tag}>"), format!("</{tag}>"));
    let parts = got.text.split(open.as_str()).skip(1);
    parts
        .map(|part| part.split(close.as_str()).next().expect("text"))
        .collect()
}

#[track_caller]
pub(crate) fn first<'g>(got: &'g Got, tag: &str) -> &'g str {
    let found = all(got, tag);
    found
        .first()
        .unwrap_or_else(|| panic!("no {tag}: {}", got.text))
}

#[track_caller]
fn faulted(got: Got, code: &str) -> Got {
    let got = got.expect(500);
    assert_eq!(
        first(&got, "faultcode"),
        format!("sf:{code}"),
        "{}",
        got.text
    );
    assert_eq!(first(&got, "sf:exceptionCode"), code);
    assert!(first(&got, "faultstring").starts_with(&format!("{code}: ")));
    got
}

#[test]
fn login_gives_a_session_that_rest_takes_too() {
    let mut client = Client::empty();
    let known = client.sandbox.credentials("");
    for (path, letter) in [
        (PARTNER, "u"),
        ("/services/Soap/c/58.0/00DTd0000000001", "c"),
    ] {
        let password = format!("{}{}", known.password, known.security_token);
        let got = login(&client, path, &known.username, &password).expect(200);
        assert_eq!(got.header("content-type"), "text/xml;charset=UTF-8");
        let version = if letter == "u" { "62.0" } else { "58.0" };
        let url = format!(
            "http://org.example:8443/services/Soap/{letter}/{version}/{}",
            &known.org_id[..15]
        );
        assert_eq!(first(&got, "serverUrl"), url);
        assert_eq!(first(&got, "organizationId"), known.org_id);
        assert_eq!(first(&got, "userName"), known.username);
        assert_eq!(first(&got, "sessionSecondsValid"), "7200");
        client.token = first(&got, "sessionId").to_owned();
        client.get("/sobjects").expect(200);
    }
    let info = call(&client, "<u:getUserInfo/>").expect(200);
    assert_eq!(first(&info, "userFullName"), "Tandem Connector");
    assert_eq!(first(&info, "userTimeZone"), "Europe/London");
    call(&client, "<u:logout/>").expect(200);
    faulted(call(&client, "<u:getUserInfo/>"), "INVALID_SESSION_ID");
}

#[test]
fn login_refuses_everything_alike_and_locks_out() {
    let client = Client::empty();
    let known = client.sandbox.credentials("");
    let fault = faulted(login(&client, PARTNER, "nobody", "x"), "INVALID_LOGIN");
    assert!(
        fault
            .text
            .contains("<sf:LoginFault xsi:type=\"sf:LoginFault\">")
    );
    for _ in 0..10 {
        login(&client, PARTNER, &known.username, "wrong").expect(500);
    }
    let right = || login(&client, PARTNER, &known.username, &known.password);
    faulted(right(), "INVALID_LOGIN");
    client.sandbox.advance(jiff::SignedDuration::from_mins(15));
    right().expect(200);
}

#[test]
fn a_user_can_have_a_password_of_their_own() {
    let client = Client::empty();
    let known = client.sandbox.credentials("");
    let id = client.sandbox.connector_user();
    let set = |password: &str| {
        let body = format!(
            "<u:setPassword><userId>{id}</userId><password>{password}</password></u:setPassword>"
        );
        call(&client, &body)
    };
    for weak in ["", "short1", "only-letters", "12345678"] {
        faulted(set(weak), "INVALID_NEW_PASSWORD");
    }
    set("correct-horse-1").expect(200);
    login(&client, PARTNER, &known.username, "correct-horse-1").expect(200);
    faulted(
        login(&client, PARTNER, &known.username, &known.password),
        "INVALID_LOGIN",
    );
    login(
        &client,
        PARTNER,
        "grace.tanaka@haldenrobotics.example",
        &known.password,
    )
    .expect(200);
    let reset = call(
        &client,
        &format!("<u:resetPassword><userId>{id}</userId></u:resetPassword>"),
    );
    let fresh = first(&reset.expect(200), "password").to_owned();
    login(&client, PARTNER, &known.username, &fresh).expect(200);
    faulted(
        call(
            &client,
            "<u:resetPassword><userId>x</userId></u:resetPassword>",
        ),
        "INVALID_ID_FIELD",
    );
}

#[test]
fn records_are_created_found_changed_and_deleted() {
    let client = Client::empty();
    let created = call(
        &client,
        "<u:create><u:sObjects><type>Contact</type><LastName>O'Neil &amp; Söhne</LastName><Title>x</Title></u:sObjects>\
         <u:sObjects><type>Contact</type><FirstName>Nobody</FirstName></u:sObjects></u:create>",
    )
    .expect(200);
    assert_eq!(all(&created, "success"), ["true", "false"]);
    assert_eq!(first(&created, "statusCode"), "REQUIRED_FIELD_MISSING");
    assert_eq!(first(&created, "fields"), "LastName");
    let id = first(&created, "id").to_owned();
    let updated = call(
        &client,
        &format!(
            "<u:update><u:sObjects><type>Contact</type><fieldsToNull>Title</fieldsToNull><Id>{id}</Id>\
             <HasOptedOutOfEmail>true</HasOptedOutOfEmail></u:sObjects></u:update>"
        ),
    );
    assert_eq!(first(&updated.expect(200), "success"), "true");
    let found = call(
        &client,
        "<u:query><u:queryString>SELECT Id, LastName, Title, CreatedDate FROM Contact</u:queryString></u:query>",
    )
    .expect(200);
    assert_eq!(
        all(&found, "sf:Id"),
        [id.as_str(), id.as_str()],
        "the type, the id, then the fields"
    );
    assert_eq!(first(&found, "sf:LastName"), "O&apos;Neil &amp; Söhne");
    assert!(
        found.text.contains("<sf:Title xsi:nil=\"true\"/>"),
        "{}",
        found.text
    );
    assert!(first(&found, "sf:CreatedDate").ends_with(":00.000Z"));
    assert_eq!(first(&found, "size"), "1");
    assert_eq!(
        first(&found, "current"),
        "3",
        "each call counts: {}",
        found.text
    );
    let deleted = call(
        &client,
        &format!("<u:delete><u:ids>{id}</u:ids><u:ids>no</u:ids></u:delete>"),
    );
    assert_eq!(all(&deleted.expect(200), "success"), ["true", "false"]);
    let restored = call(
        &client,
        &format!("<u:undelete><u:ids>{id}</u:ids></u:undelete>"),
    );
    assert_eq!(first(&restored.expect(200), "success"), "true");
    let again = call(
        &client,
        &format!("<u:undelete><u:ids>{id}</u:ids></u:undelete>"),
    );
    assert_eq!(first(&again.expect(200), "statusCode"), "UNDELETE_FAILED");
    let got = call(
        &client,
        &format!(
            "<u:retrieve><u:fieldList>LastName</u:fieldList><u:sObjectType>Contact</u:sObjectType><u:ids>{id}</u:ids>\
             <u:ids>003Td0000009999</u:ids></u:retrieve>"
        ),
    )
    .expect(200);
    assert!(got.text.contains("<result xsi:nil=\"true\"/>") && got.text.contains("<sf:LastName>"));
}

#[test]
fn parents_upserts_and_all_or_none() {
    let client = Client::empty();
    let upsert = |all: &str, records: &str| {
        call_with(
            &client,
            &format!("<u:AllOrNoneHeader><u:allOrNone>{all}</u:allOrNone></u:AllOrNoneHeader>"),
            &format!("<u:upsert><u:externalIDFieldName>ExtId__c</u:externalIDFieldName>{records}</u:upsert>"),
        )
        .expect(200)
    };
    let account = "<u:sObjects><type>Account</type><ExtId__c>77</ExtId__c><Name>Fenwick Optics</Name></u:sObjects>";
    assert_eq!(first(&upsert("false", account), "created"), "true");
    assert_eq!(first(&upsert("false", account), "created"), "false");
    let nameless = "<u:sObjects><type>Account</type><ExtId__c>78</ExtId__c></u:sObjects>";
    let both = upsert(
        "true",
        &format!("{}{nameless}", account.replace("77", "79")),
    );
    assert_eq!(all(&both, "success"), ["false", "false"]);
    assert_eq!(client.sandbox.world(|world| world.count("Account")), 1);
    let contact = call(
        &client,
        "<u:create><u:sObjects><type>Contact</type><LastName>Orme</LastName><Account><type>Account</type>\
         <ExtId__c>77</ExtId__c></Account></u:sObjects></u:create>",
    );
    assert_eq!(first(&contact.expect(200), "success"), "true");
    let found = call(
        &client,
        "<u:query><u:queryString>SELECT LastName, Account.Name FROM Contact</u:queryString></u:query>",
    )
    .expect(200);
    assert!(
        found.text.contains("<sf:Account xsi:type=\"sf:sObject\"><sf:type>Account</sf:type><sf:Id xsi:nil=\"true\"/><sf:Name>Fenwick Optics</sf:Name></sf:Account>"),
        "{}",
        found.text
    );
}

#[test]
fn long_results_come_in_pages_and_describes_as_rest_has_them() {
    let client = Client::empty();
    for number in 0..201 {
        client.contact(&format!("Orme {number}"));
    }
    let options = "<u:QueryOptions><u:batchSize>200</u:batchSize></u:QueryOptions>";
    let query = "<u:query><u:queryString>SELECT Id FROM Contact</u:queryString></u:query>";
    let page = call_with(&client, options, query).expect(200);
    assert_eq!(
        (first(&page, "done"), first(&page, "size")),
        ("false", "201")
    );
    let locator = first(&page, "queryLocator");
    let more = format!("<u:queryMore><u:queryLocator>{locator}</u:queryLocator></u:queryMore>");
    let rest = call(&client, &more).expect(200);
    assert_eq!(
        (first(&rest, "done"), all(&rest, "sf:type").len()),
        ("true", 1)
    );
    let described = call(
        &client,
        "<u:describeSObject><u:sObjectType>contact</u:sObjectType></u:describeSObject>",
    );
    let described = described.expect(200);
    assert_eq!(first(&described, "keyPrefix"), "003");
    assert!(first(&described, "urlEdit").ends_with("/{ID}/e"));
    assert!(
        all(&described, "soapType").contains(&"tns:ID"),
        "{:?}",
        all(&described, "soapType")
    );
    let global = call(&client, "<u:describeGlobal/>").expect(200);
    assert!(all(&global, "name").contains(&"Contact"));
    let stamp = call(&client, "<u:getServerTimestamp/>").expect(200);
    let now = client
        .sandbox
        .now()
        .strftime("%Y-%m-%dT%H:%M:%S.000Z")
        .to_string();
    assert_eq!(first(&stamp, "timestamp"), now);
}

#[test]
fn deletions_are_replicated() {
    let client = Client::empty();
    let id = client.contact("Orme");
    client
        .delete(&format!("/sobjects/Contact/{id}"))
        .expect(204);
    let now = client.sandbox.now();
    let (start, end) = (
        now - jiff::SignedDuration::from_hours(1),
        now + jiff::SignedDuration::from_hours(1),
    );
    let got = call(
        &client,
        &format!(
            "<u:getDeleted><u:sObjectType>Contact</u:sObjectType><u:startDate>{start}</u:startDate>\
             <u:endDate>{end}</u:endDate></u:getDeleted>"
        ),
    )
    .expect(200);
    assert_eq!(first(&got, "id"), id);
    assert!(first(&got, "deletedDate").ends_with('Z'));
    faulted(
        call(
            &client,
            "<u:getUpdated><u:sObjectType>Nothing</u:sObjectType></u:getUpdated>",
        ),
        "INVALID_TYPE",
    );
}

#[test]
fn what_is_wrong_is_a_fault() {
    let client = Client::empty();
    let query = |soql: &str| {
        call(
            &client,
            &format!("<u:query><u:queryString>{soql}</u:queryString></u:query>"),
        )
    };
    let bad = faulted(query("SELECT FROM Contact"), "MALFORMED_QUERY");
    assert!(
        bad.text.contains("sf:MalformedQueryFault") && bad.text.contains("<sf:row>"),
        "{}",
        bad.text
    );
    faulted(query("SELECT Nothing FROM Contact"), "INVALID_FIELD");
    faulted(query("SELECT Id FROM Nothing"), "INVALID_TYPE");
    faulted(
        call(
            &client,
            "<u:queryMore><u:queryLocator>x</u:queryLocator></u:queryMore>",
        ),
        "INVALID_QUERY_LOCATOR",
    );
    faulted(
        call(
            &client,
            "<u:create><u:sObjects><type>Nothing</type></u:sObjects></u:create>",
        ),
        "INVALID_TYPE",
    );
    faulted(
        call(
            &client,
            "<u:create><u:sObjects><LastName>x</LastName></u:sObjects></u:create>",
        ),
        "INVALID_TYPE",
    );
    let unknown = call(&client, "<u:makeCoffee/>").expect(500);
    assert!(first(&unknown, "faultstring").contains("No operation available"));
    faulted(
        send(&client, "/services/Soap/u/9.0", "", "<u:login/>"),
        "UNSUPPORTED_API_VERSION",
    );
    faulted(
        send(&client, PARTNER, "", "<u:getUserInfo/>"),
        "INVALID_SESSION_ID",
    );
}

#[test]
fn what_is_no_envelope_is_a_fault_too() {
    let client = Client::empty();
    for body in [
        "",
        "<a/>",
        "<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a>&x;</a>",
        "{}",
    ] {
        let request = Request::post(PARTNER).header("soapaction", "x");
        let got = client
            .send(request.body(Bytes::from(body)).expect("a request"))
            .expect(500);
        assert_eq!(first(&got, "faultcode"), "soapenv:Client", "{}", got.text);
    }
    let silent = Request::post(PARTNER)
        .body(Bytes::new())
        .expect("a request");
    assert!(
        client
            .send(silent)
            .expect(500)
            .text
            .contains("SOAPAction HTTP header missing")
    );
    let get = Request::builder().method(Method::GET).uri(PARTNER);
    client
        .send(get.body(Bytes::new()).expect("a request"))
        .expect(405);
}

#[test]
fn an_assignment_rule_runs_only_when_asked_and_the_meter_knows_the_client() {
    let client = Client::empty();
    let owner = client.sandbox.user("grace.tanaka@haldenrobotics.example");
    client.sandbox.set_lead_assignee(owner);
    let create = "<u:create><u:sObjects><type>Lead</type><LastName>Orme</LastName><Company>F</Company></u:sObjects></u:create>";
    let owner_of = |got: Got| client.field("Lead", first(&got.expect(200), "id"), "OwnerId");
    let own = owner_of(call(&client, create));
    assert_eq!(own, client.sandbox.connector_user().to_string());
    let header = "<u:AssignmentRuleHeader><u:useDefaultRule>true</u:useDefaultRule></u:AssignmentRuleHeader>\
                  <u:CallOptions><u:client>importer/1</u:client></u:CallOptions>";
    let assigned = owner_of(call_with(&client, header, create));
    assert_eq!(assigned, owner.expect("a user").to_string());
    let meter = client.sandbox.meter();
    assert_eq!(
        (meter.by_kind["soap"], meter.by_client["importer/1"]),
        (2, 1)
    );
}

#[test]
fn a_call_beyond_the_allowance_is_refused() {
    let client = Client::new(Options {
        call_limit_24h: 1,
        ..crate::client::options()
    });
    call(&client, "<u:getServerTimestamp/>").expect(200);
    faulted(
        call(&client, "<u:getServerTimestamp/>"),
        "REQUEST_LIMIT_EXCEEDED",
    );
}
