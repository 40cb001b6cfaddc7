//! Connecting by OAuth and syncing, against the sandbox over loopback, one engine turn after another.

use crate::harness::{Reply, Server};
use axum::http::{Method, StatusCode, header};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::Arc;
use tandem_core::ids::TeamId;
use tandem_sandbox::Options;
use tandem_sandbox::seed::SeedSize;
use tandem_sandbox::shell::{self, Running, ServeOptions};
use tandem_sandbox::world::Actor;
use tandem_server::app::Clock;
use tandem_server::runtime::until_idle;

/// An org, a server that knows it, and its administrator's cookie.
pub(crate) struct Houses {
    pub(crate) org: Running,
    pub(crate) server: Server,
    cookie: String,
}

async fn org(seed: u64) -> Running {
    let records = SeedSize {
        leads: 6,
        contacts: 5,
        accounts: 3,
        opportunities: 2,
    };
    let org = Options {
        seed,
        records,
        now: tandem_core::Timestamp::now(),
        ..Options::default()
    };
    let options = ServeOptions {
        org,
        ..ServeOptions::default()
    };
    shell::serve(options).await.expect("a free port")
}

pub(crate) async fn houses() -> Houses {
    houses_with(Arc::new(tandem_core::Timestamp::now)).await
}

/// The same with a clock of the test's for the server.
pub(crate) async fn houses_with(clock: Clock) -> Houses {
    let org = org(1).await;
    let settings = settings(&org);
    let server = Server::with_clock(&settings, clock).await;
    let cookie = server.set_up().await;
    Houses {
        org,
        server,
        cookie,
    }
}

/// A server's settings for an org.
fn settings(org: &Running) -> String {
    let app = org.credentials().salesforce;
    format!(
        "[salesforce]\nclient_id = '{}'\nclient_secret = '{}'\nlogin_url = '{}'\n",
        app.client_id, app.client_secret, app.url
    )
}

impl Houses {
    pub(crate) async fn call(&self, method: Method, path: &str, body: Value) -> Reply {
        self.server.call(method, path, &self.cookie, body).await
    }

    /// Begins a flow and gives the parameters of the consent page's address.
    async fn begin(&self) -> HashMap<String, String> {
        let reply = self
            .call(Method::POST, "/api/admin/connection/start", Value::Null)
            .await;
        assert_eq!(reply.status, StatusCode::OK, "{}", reply.body);
        let url: url::Url = reply.json()["url"]
            .as_str()
            .expect("an address")
            .parse()
            .expect("valid");
        url.query_pairs().into_owned().collect()
    }

    /// What the browser brings back after the person logged in and chose.
    fn consent(&self, parameters: &HashMap<String, String>, decision: &str) -> String {
        let username = self.org.credentials().salesforce.username;
        self.consent_as(parameters, &username, decision)
    }

    /// The same as any user; the sandbox gives all the same password.
    fn consent_as(
        &self,
        parameters: &HashMap<String, String>,
        username: &str,
        decision: &str,
    ) -> String {
        let login = self.org.credentials().salesforce;
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(parameters)
            .append_pair("username", username)
            .append_pair("password", &login.password)
            .append_pair("decision", decision)
            .finish();
        let request = axum::http::Request::post("/services/oauth2/authorize")
            .header(header::HOST, login.url.trim_start_matches("http://"))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(body.into())
            .expect("a request");
        let reply = self.org.sandbox().handle(request);
        let location = &reply.response.headers()[header::LOCATION];
        let back = url::Url::parse(location.to_str().expect("text")).expect("an address");
        format!("{}?{}", back.path(), back.query().expect("a query"))
    }

    pub(crate) async fn connect_as(&self, username: &str) -> Reply {
        let parameters = self.begin().await;
        let callback = self.consent_as(&parameters, username, "allow");
        self.call(Method::GET, &callback, Value::Null).await
    }

    pub(crate) async fn connect(&self) -> Reply {
        let parameters = self.begin().await;
        let callback = self.consent(&parameters, "allow");
        self.call(Method::GET, &callback, Value::Null).await
    }

    pub(crate) async fn turn_on(&self) {
        let on = json!({"enabled": true});
        let reply = self.call(Method::PUT, "/api/admin/sync/enabled", on).await;
        assert_eq!(reply.status, StatusCode::NO_CONTENT, "{}", reply.body);
    }

    pub(crate) async fn team(&self) -> TeamId {
        let teams = self.server.app.store().teams().await.expect("a team");
        teams[0].id
    }

    pub(crate) async fn work(&self) {
        let team = self.team().await;
        let work = until_idle(&self.server.app, team, |_| ())
            .await
            .expect("works");
        assert_eq!(work.refused, None);
    }

    /// Records here, by kind.
    async fn counts(&self) -> HashMap<String, u64> {
        let state = self.state().await;
        let kinds = state["records"].as_array().expect("kinds").iter();
        let count =
            |kind: &Value| (kind["kind"].as_str()?.to_owned(), kind["records"].as_u64()?).into();
        kinds.filter_map(count).collect()
    }

    pub(crate) async fn edit_mapping(&self, object: &str, edit: Value) {
        let path = format!("/api/admin/mappings/{object}");
        let reply = self.call(Method::PATCH, &path, edit).await;
        assert_eq!(reply.status, StatusCode::OK, "{}", reply.body);
    }

    pub(crate) fn title_rights(&self, read: bool) {
        let user = self.org.sandbox().connector_user();
        let rights = tandem_sandbox::world::FieldRights { read, edit: read };
        let set = |world: &mut tandem_sandbox::world::World| {
            world.set_field_rights(user, "Lead", "Title", rights)
        };
        self.org.sandbox().world(set).expect("a right");
    }

    /// Sends a form of a page, with the token that the page carries.
    pub(crate) async fn submit(&self, path: &str, page: &str, fields: &[(&str, String)]) -> Reply {
        let (_, rest) = page
            .split_once("name=\"form_token\" value=\"")
            .expect("a form");
        let token = rest.split('"').next().expect("its end");
        let body = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("form_token", token)
            .extend_pairs(fields)
            .finish();
        let request = axum::http::Request::post(path)
            .header(header::COOKIE, &self.cookie)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(body.into())
            .expect("a request");
        self.server.send(request).await
    }

    pub(crate) async fn state(&self) -> Value {
        self.call(Method::GET, "/api/admin/sync", Value::Null)
            .await
            .json()
    }
}

#[tokio::test]
async fn connecting_maps_the_standard_fields_inbound_and_imports() {
    let houses = houses().await;
    let reply = houses.connect().await;
    assert_eq!(reply.status, StatusCode::SEE_OTHER, "{}", reply.body);
    assert_eq!(houses.state().await["sync"]["state"], "not_configured");
    let mappings = houses
        .call(Method::GET, "/api/admin/mappings", Value::Null)
        .await
        .json();
    let objects: Vec<_> = mappings
        .as_array()
        .expect("mappings")
        .iter()
        .map(|m| &m["object"])
        .collect();
    assert_eq!(objects, ["Account", "Contact", "Lead", "Opportunity"]);
    let rows = mappings[2]["rows"].as_array().expect("rows");
    assert!(rows.len() > 10);
    assert!(
        rows.iter()
            .all(|row| row["direction"] == "crm_to_workspace")
    );
    houses.turn_on().await;
    houses.work().await;
    let state = houses.state().await;
    assert_eq!(state["sync"]["state"], "enabled");
    let counts = houses.counts().await;
    assert_eq!(counts["person"], 11);
    assert_eq!(counts["account"], 3);
    assert_eq!(counts["opportunity"], 2);
}

#[tokio::test]
async fn an_edit_here_arrives_there_and_the_calls_are_counted_exactly() {
    let houses = houses().await;
    houses.connect().await;
    houses.turn_on().await;
    houses.work().await;
    let edit = json!({"version": 1, "rows": [{"workspace": "title", "direction": "both", "winner": "workspace"}]});
    let reply = houses
        .call(Method::PATCH, "/api/admin/mappings/Lead", edit.clone())
        .await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.body);
    let outdated = houses
        .call(Method::PATCH, "/api/admin/mappings/Lead", edit)
        .await;
    assert_eq!(outdated.status, StatusCode::CONFLICT);
    let people = houses
        .call(Method::GET, "/api/admin/records/person", Value::Null)
        .await
        .json();
    let rows = people["rows"].as_array().expect("rows");
    let lead = rows
        .iter()
        .find(|row| row["object"] == "Lead")
        .expect("a lead");
    let path = format!("/api/admin/records/person/{}", lead["id"]);
    let locked = houses
        .call(Method::PATCH, &path, json!({"fields": {"company": "x"}}))
        .await;
    assert_eq!(locked.json()["field"], "company");
    let edited = houses
        .call(
            Method::PATCH,
            &path,
            json!({"fields": {"title": "Chief Bridge Builder"}}),
        )
        .await;
    assert_eq!(edited.status, StatusCode::NO_CONTENT, "{}", edited.body);
    houses.work().await;
    let soql = format!(
        "SELECT Title FROM Lead WHERE Id = '{}'",
        lead["crm_id"].as_str().expect("an id")
    );
    let found = houses.org.sandbox().world(|world| {
        let actor = Actor::system(world.admin_id());
        let scope = tandem_sandbox::soql::QueryScope::Live;
        let found = world.query(&actor, &soql, scope).expect("a query");
        world.render_rows(&found, 0..1, "")
    });
    assert_eq!(found[0]["Title"], "Chief Bridge Builder");
    let ours = houses.state().await["api"]["ours"].as_u64();
    assert_eq!(ours, Some(houses.org.sandbox().meter().total_calls));
}

#[tokio::test]
async fn a_flow_can_only_be_finished_as_it_was_begun() {
    let houses = houses().await;
    let parameters = houses.begin().await;
    let declined = houses
        .call(
            Method::GET,
            &houses.consent(&parameters, "deny"),
            Value::Null,
        )
        .await;
    assert_eq!(declined.status, StatusCode::CONFLICT);
    assert!(declined.body.contains("declined"), "{}", declined.body);
    let callback = houses.consent(&parameters, "allow");
    let spent = houses.call(Method::GET, &callback, Value::Null).await;
    assert_eq!(spent.status, StatusCode::CONFLICT, "a state is good once");
    let nobody = houses
        .server
        .call(Method::GET, &callback, "", Value::Null)
        .await;
    assert_eq!(nobody.status, StatusCode::SEE_OTHER, "sent to the sign-in");
    let foreign = "/oauth/salesforce/callback?code=x&state=guessed";
    let foreign = houses.call(Method::GET, foreign, Value::Null).await;
    assert_eq!(foreign.status, StatusCode::CONFLICT);
    assert_eq!(houses.state().await["sync"]["state"], "not_connected");
}

#[tokio::test]
async fn disconnecting_ends_the_grant_and_stops_the_sync() {
    let houses = houses().await;
    houses.connect().await;
    houses.turn_on().await;
    let reply = houses
        .call(Method::DELETE, "/api/admin/connection", Value::Null)
        .await;
    assert_eq!(reply.status, StatusCode::NO_CONTENT, "{}", reply.body);
    let state = houses.state().await;
    assert_eq!(state["sync"]["state"], "not_connected");
    assert_eq!(state["enabled"], false);
    assert_eq!(houses.connect().await.status, StatusCode::SEE_OTHER);
    assert_eq!(houses.state().await["sync"]["state"], "not_configured");
}

#[tokio::test]
async fn a_revoked_grant_is_told_and_connecting_again_repairs_it() {
    let houses = houses().await;
    houses.connect().await;
    houses.turn_on().await;
    let strike = |action| houses.org.sandbox().strike(&action).expect("strikes");
    strike(tandem_sandbox::faults::FaultAction::RevokeRefreshTokens);
    let check = houses
        .call(Method::POST, "/api/admin/connection/check", Value::Null)
        .await;
    assert_eq!(check.status, StatusCode::CONFLICT, "{}", check.body);
    let state = houses.state().await;
    assert_eq!(state["sync"]["state"], "connection_lost");
    assert_eq!(state["sync"]["code"], "connection-revoked");
    assert_eq!(state["enabled"], true, "the toggle stays");
    assert_eq!(houses.connect().await.status, StatusCode::SEE_OTHER);
    assert_eq!(houses.state().await["sync"]["state"], "enabled");
    houses.work().await;
}

#[tokio::test]
async fn nothing_secret_stands_in_the_data_directory() {
    let houses = houses().await;
    houses.connect().await;
    let database = houses.server.dir().join("data/tandem.db");
    let wal = houses.server.dir().join("data/tandem.db-wal");
    let bytes = [std::fs::read(database), std::fs::read(wal)]
        .map(Result::unwrap_or_default)
        .concat();
    assert!(bytes.len() > 10_000);
    // Every token of the org begins with its short id or with this.
    let short = &houses.org.credentials().salesforce.org_id[..15];
    for secret in [format!("{short}!AQ"), "5Aep861".to_owned()] {
        let found = bytes
            .windows(secret.len())
            .any(|window| window == secret.as_bytes());
        assert!(!found, "{secret} is readable");
    }
}

/// A right that comes or goes changes the compiled rules, not the mapping; its records must be looked
/// at all the same.
#[tokio::test]
async fn what_a_changed_right_makes_of_the_rules_is_a_new_version() {
    let houses = houses().await;
    houses.connect().await;
    houses.turn_on().await;
    houses.work().await;
    let check = async || {
        let path = "/api/admin/connection/check";
        let reply = houses.call(Method::POST, path, Value::Null).await;
        assert_eq!(reply.status, StatusCode::OK, "{}", reply.body);
        let mappings = houses
            .call(Method::GET, "/api/admin/mappings", Value::Null)
            .await
            .json();
        let due = houses.state().await["backlog"]["decisions"].as_u64();
        (mappings[2]["version"].clone(), due)
    };
    assert_eq!(check().await, (json!(1), Some(0)), "nothing changed");
    houses.title_rights(false);
    assert_eq!(check().await, (json!(2), Some(6)), "all leads are due");
}

/// Rows come again only when they change; so what was left out before is read once more is wanted.
#[tokio::test]
async fn what_was_left_out_comes_when_it_is_wanted() {
    let houses = houses().await;
    houses.connect().await;
    let check = async || {
        let path = "/api/admin/connection/check";
        let reply = houses.call(Method::POST, path, Value::Null).await;
        assert_eq!(reply.status, StatusCode::OK, "{}", reply.body);
    };
    houses.title_rights(false);
    check().await;
    let import = |version: u32, on: bool| json!({"version": version, "import": on, "rows": []});
    houses.edit_mapping("Lead", import(2, false)).await;
    houses.turn_on().await;
    houses.work().await;
    assert_eq!(houses.counts().await["person"], 5, "contacts only");
    houses.edit_mapping("Lead", import(3, true)).await;
    houses.work().await;
    assert_eq!(houses.counts().await["person"], 11);
    let titles = async || {
        let path = "/api/admin/records/person?limit=50";
        let people = houses.call(Method::GET, path, Value::Null).await.json();
        let people = people["rows"].as_array().expect("rows").clone();
        let leads = people.iter().filter(|row| row["object"] == "Lead");
        let mut titles = 0;
        for lead in leads {
            let path = format!("/api/admin/records/person/{}", lead["id"]);
            let record = houses.call(Method::GET, &path, Value::Null).await.json();
            let fields = record["fields"].as_array().expect("fields").clone();
            let title = fields.iter().find(|field| field["name"] == "title");
            titles += usize::from(title.is_some_and(|title| title["workspace"].is_string()));
        }
        titles
    };
    assert_eq!(titles().await, 0, "hidden");
    houses.title_rights(true);
    check().await;
    houses.work().await;
    assert!(titles().await > 3, "most leads have a title");
}

#[tokio::test]
async fn sync_now_ends_a_back_off_and_objects_are_read_again_on_request() {
    let houses = houses().await;
    houses.connect().await;
    houses.turn_on().await;
    houses.work().await;
    let sandbox = houses.org.sandbox();
    let calls = || sandbox.meter().total_calls;
    let failures = async || houses.state().await["objects"][0]["failures"].as_u64();
    let reject = serde_json::from_value(json!({
        "match": {"path": "/composite"}, "times": 1, "action": {"kind": "reject_html", "status": 503}
    }));
    let added = sandbox.add_fault(reject.expect("a rule"));
    added.expect("it is in order");
    houses.work().await;
    assert_eq!(failures().await, Some(1));
    houses.work().await;
    assert_eq!(failures().await, Some(1), "it waits");
    let page = houses.call(Method::GET, "/sync", Value::Null).await.body;
    assert!(page.contains("Can’t read Account, Contact"), "{page}");
    let now = houses
        .call(Method::POST, "/api/admin/sync/now", Value::Null)
        .await;
    assert_eq!(now.status, StatusCode::ACCEPTED, "{}", now.body);
    houses.work().await;
    assert_eq!(failures().await, Some(0));
    let before = calls();
    let again = async |objects: Value| {
        let body = json!({"objects": objects});
        let path = "/api/admin/sync/read-again";
        houses.call(Method::POST, path, body).await
    };
    assert_eq!(again(json!(["Case"])).await.json()["field"], "objects");
    assert_eq!(again(json!([])).await.json()["field"], "objects");
    assert_eq!(again(json!(["Lead"])).await.status, StatusCode::ACCEPTED);
    houses.work().await;
    assert_eq!(calls() - before, 1, "six leads fit one call");
    let backlog = houses.state().await["backlog"]["decisions"].as_u64();
    assert_eq!(backlog, Some(0), "nothing changed");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_read_from_the_beginning_is_shown_object_by_object() {
    let houses = houses().await;
    houses.connect().await;
    houses.turn_on().await;
    houses.work().await;
    let oldest = |object: &str| {
        let soql =
            format!("SELECT LastModifiedDate FROM {object} ORDER BY LastModifiedDate LIMIT 1");
        let rows = houses.rows(&soql);
        let text = rows[0]["LastModifiedDate"]
            .as_str()
            .expect("a stamp")
            .replace("+0000", "Z");
        text.parse::<tandem_core::Timestamp>().expect("a time")
    };
    let read = |state: &Value, object: &str| {
        let objects = state["objects"].as_array().expect("objects");
        let found = objects
            .iter()
            .find(|one| one["object"] == object)
            .expect("mapped");
        let from = found["read_from"].as_str().expect("a stamp").parse();
        (found["rows_read"].clone(), from.expect("a time"))
    };
    let state = houses.state().await;
    for (object, rows) in [
        ("Lead", 6),
        ("Contact", 5),
        ("Account", 3),
        ("Opportunity", 2),
    ] {
        assert_eq!(
            read(&state, object),
            (json!(rows), oldest(object)),
            "{object}"
        );
    }
    let page = houses.call(Method::GET, "/sync", Value::Null).await.body;
    assert!(page.contains("6 rows") && page.contains("No start date leaves anything out"));
}

/// A record that is gone has no page in the CRM to lead to, and the archive is a choice of the list.
#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_record_leads_nowhere_and_the_archive_is_listed() {
    let houses = houses().await;
    houses.connect().await;
    houses.turn_on().await;
    houses.work().await;
    let people = "/api/admin/records/person?link=linked";
    let rows = houses.call(Method::GET, people, Value::Null).await.json();
    let of_lead = |row: &&Value| row["object"] == "Lead";
    let lead = rows["rows"]
        .as_array()
        .expect("rows")
        .iter()
        .find(of_lead)
        .expect("a lead")
        .clone();
    let path = format!("/api/admin/records/person/{}", lead["id"]);
    let shown = houses.call(Method::GET, &path, Value::Null).await.json();
    assert!(shown["crm_url"].is_string(), "{shown}");
    let id = lead["crm_id"].as_str().expect("an id").to_owned();
    let deleted = houses.org.sandbox().world(|world| {
        let admin = Actor::system(world.admin_id());
        world.delete(
            &admin,
            "Lead",
            &id,
            &tandem_sandbox::world::DmlOptions::default(),
        )
    });
    deleted.expect("deleted");
    let now = houses
        .call(Method::POST, "/api/admin/sync/now", Value::Null)
        .await;
    assert_eq!(now.status, StatusCode::ACCEPTED, "{}", now.body);
    houses.work().await;
    let shown = houses.call(Method::GET, &path, Value::Null).await.json();
    assert_eq!(shown["crm_url"], Value::Null, "{shown}");
    let archive = houses
        .call(
            Method::GET,
            "/api/admin/records/person?link=archived",
            Value::Null,
        )
        .await;
    assert_eq!(archive.status, StatusCode::OK, "{}", archive.body);
    let wrong = houses
        .call(
            Method::GET,
            "/api/admin/records/person?link=lost",
            Value::Null,
        )
        .await;
    assert!(wrong.body.contains("archived"), "{}", wrong.body);
}
