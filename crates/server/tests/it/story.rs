//! Connecting by OAuth and syncing, against the sandbox over loopback, one engine turn after another.

use crate::harness::{Reply, Server};
use axum::http::{Method, StatusCode, header};
use serde_json::{Value, json};
use std::collections::HashMap;
use tandem_core::ids::TeamId;
use tandem_sandbox::Options;
use tandem_sandbox::seed::SeedSize;
use tandem_sandbox::shell::{self, Running, ServeOptions};
use tandem_sandbox::world::Actor;
use tandem_server::runtime::until_idle;

/// An org, a server that knows it, and its administrator's cookie.
struct Houses {
    org: Running,
    server: Server,
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

async fn houses() -> Houses {
    let org = org(1).await;
    let app = org.credentials().salesforce;
    let settings = format!(
        "[salesforce]\nclient_id = '{}'\nclient_secret = '{}'\nlogin_url = '{}'\n",
        app.client_id, app.client_secret, app.url
    );
    let server = Server::new(&settings).await;
    let cookie = server.set_up().await;
    Houses {
        org,
        server,
        cookie,
    }
}

impl Houses {
    async fn call(&self, method: Method, path: &str, body: Value) -> Reply {
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
        let login = self.org.credentials().salesforce;
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(parameters)
            .append_pair("username", &login.username)
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

    async fn connect(&self) -> Reply {
        let parameters = self.begin().await;
        let callback = self.consent(&parameters, "allow");
        self.call(Method::GET, &callback, Value::Null).await
    }

    async fn turn_on(&self) {
        let on = json!({"enabled": true});
        let reply = self.call(Method::PUT, "/api/admin/sync/enabled", on).await;
        assert_eq!(reply.status, StatusCode::NO_CONTENT, "{}", reply.body);
    }

    async fn work(&self) {
        let teams = self.server.app.store().teams().await.expect("a team");
        let team: TeamId = teams[0].id;
        let work = until_idle(&self.server.app, team, |_| ())
            .await
            .expect("works");
        assert_eq!(work.refused, None);
    }

    async fn state(&self) -> Value {
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
    let counts: HashMap<_, _> = state["records"]
        .as_array()
        .expect("kinds")
        .iter()
        .map(|kind| {
            (
                kind["kind"].as_str().expect("a name"),
                kind["records"].as_u64(),
            )
        })
        .collect();
    assert_eq!(counts["person"], Some(11));
    assert_eq!(counts["account"], Some(3));
    assert_eq!(counts["opportunity"], Some(2));
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
    let user = houses.org.sandbox().connector_user();
    let none = tandem_sandbox::world::FieldRights {
        read: false,
        edit: false,
    };
    houses.org.sandbox().world(|world| {
        world
            .set_field_rights(user, "Lead", "Title", none)
            .expect("a right");
    });
    assert_eq!(check().await, (json!(2), Some(6)), "all leads are due");
}
