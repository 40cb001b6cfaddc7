//! The connector is cut off and its stand-by takes over: nothing is lost, everything is told. And no connection
//! ever leads to another org.

use crate::story::{Houses, houses};
use axum::http::{Method, StatusCode, header};
use serde_json::{Value, json};
use tandem_sandbox::soql::QueryScope;
use tandem_sandbox::world::{Actor, DmlOptions, SfId};

const CONNECTORS: &str = "/api/admin/connection/connectors";

impl Houses {
    /// The org's administrator, who can do anything there.
    fn second_user(&self) -> String {
        let soql = |id: SfId| format!("SELECT Username FROM User WHERE Id = '{id}'");
        let rows = self.org.sandbox().world(|world| {
            let actor = Actor::system(world.admin_id());
            let found = world.query(&actor, &soql(world.admin_id()), QueryScope::Live);
            world.render_rows(&found.expect("a query"), 0..1, "")
        });
        rows[0]["Username"].as_str().expect("a name").to_owned()
    }

    /// The connector's own user, active or not.
    fn activate(&self, active: bool) {
        let user = self.org.sandbox().connector_user().to_string();
        let done = self.org.sandbox().world(|world| {
            let admin = Actor::system(world.admin_id());
            let fields = json!({ "IsActive": active });
            let fields = fields.as_object().expect("an object");
            world.update(&admin, "User", &user, fields, &DmlOptions::default())
        });
        done.expect("a sound change");
    }

    async fn connectors(&self) -> Vec<Value> {
        let list = self.call(Method::GET, CONNECTORS, Value::Null).await;
        assert_eq!(list.status, StatusCode::OK, "{}", list.body);
        list.json()["choices"].as_array().expect("choices").clone()
    }

    /// Sign-in name and problem of who has a role.
    async fn who(&self, role: &str) -> Option<(String, Option<String>)> {
        let all = self.connectors().await;
        let found = all.into_iter().find(|one| one["role"] == role)?;
        let text = |name: &str| found[name].as_str().map(str::to_owned);
        Some((text("username")?, text("problem")))
    }

    /// Connected, synced and watched over by a second user; titles of leads go both ways.
    async fn with_standby() -> (Self, String, String) {
        let houses = houses().await;
        houses.connect().await;
        houses.turn_on().await;
        let both = json!({"version": 1, "rows": [
            {"workspace": "title", "direction": "both", "winner": "workspace"}]});
        houses.edit_mapping("Lead", both).await;
        houses.work().await;
        let first = houses.org.credentials().salesforce.username;
        let second = houses.second_user();
        let reply = houses.connect_as(&second).await;
        assert_eq!(reply.status, StatusCode::SEE_OTHER, "{}", reply.body);
        let place = reply.headers[header::LOCATION].to_str().expect("text");
        assert_eq!(place, "/connect?connected=standby");
        (houses, first, second)
    }

    async fn lead(&self) -> (i64, String) {
        let path = "/api/admin/records/person?limit=50";
        let people = self.call(Method::GET, path, Value::Null).await.json();
        let rows = people["rows"].as_array().expect("rows").clone();
        let lead = rows.into_iter().find(|row| row["object"] == "Lead");
        let lead = lead.expect("a lead");
        let id = lead["crm_id"].as_str().expect("an id").to_owned();
        (lead["id"].as_i64().expect("a number"), id)
    }

    fn title_there(&self, id: &str) -> Value {
        let soql = format!("SELECT Title FROM Lead WHERE Id = '{id}'");
        let rows = self.org.sandbox().world(|world| {
            let actor = Actor::system(world.admin_id());
            let found = world.query(&actor, &soql, QueryScope::Live);
            world.render_rows(&found.expect("a query"), 0..1, "")
        });
        rows[0]["Title"].clone()
    }

    async fn open_alerts(&self) -> Vec<Value> {
        let team = self.team().await;
        self.server.app.watch(team).await.expect("looks");
        let alerts = self.call(Method::GET, "/api/admin/alerts", Value::Null);
        let alerts = alerts.await.json();
        alerts.as_array().expect("alerts").clone()
    }

    async fn is_told(&self, what: &str) -> bool {
        let path = "/api/admin/log?type=system";
        let log = self.call(Method::GET, path, Value::Null).await.json();
        let rows = log["rows"].as_array().expect("rows").clone();
        let said = |row: &Value| {
            row["summary"]
                .as_str()
                .is_some_and(|text| text.contains(what))
        };
        rows.iter().any(said)
    }
}

/// Pain 24: the user was deactivated. What people type meanwhile goes out through the stand-by.
#[tokio::test]
async fn the_stand_by_takes_over_and_nothing_is_lost() {
    let (houses, first, second) = Houses::with_standby().await;
    assert_eq!(houses.who("main").await, Some((first.clone(), None)));
    assert_eq!(houses.who("standby").await, Some((second.clone(), None)));
    let (here, there) = houses.lead().await;
    houses.activate(false);
    let edit = json!({"fields": {"title": "Chief Bridge Builder"}});
    let path = format!("/api/admin/records/person/{here}");
    let edited = houses.call(Method::PATCH, &path, edit).await;
    assert_eq!(edited.status, StatusCode::NO_CONTENT, "{}", edited.body);
    houses.work().await;
    houses
        .call(Method::POST, "/api/admin/sync/now", Value::Null)
        .await;
    houses.work().await;
    assert_eq!(houses.title_there(&there), "Chief Bridge Builder");
    let state = houses.state().await;
    assert_eq!(state["sync"]["state"], "enabled");
    assert_eq!(state["sync"]["using"], json!(second));
    let spent = state["api"]["ours"].as_u64();
    assert_eq!(spent, Some(houses.org.sandbox().meter().total_calls));
    assert_eq!(houses.who("main").await, Some((second.clone(), None)));
    assert_eq!(houses.who("standby").await, None);
    let (former, problem) = houses.who("spare").await.expect("the former one");
    assert_eq!(former, first);
    assert!(problem.is_some_and(|text| text.contains("was lost")));
    let told = format!("{second} took over as the connector from {first}");
    assert!(houses.is_told(&told).await);
    let alerts = houses.open_alerts().await;
    let kinds: Vec<_> = alerts.iter().map(|one| one["kind"].clone()).collect();
    assert_eq!(kinds, ["standby_took_over"]);

    houses.activate(true);
    let place = houses.connect().await;
    let place = place.headers[header::LOCATION]
        .to_str()
        .expect("text")
        .to_owned();
    assert_eq!(
        place, "/connect?connected=standby",
        "it does not go back by itself"
    );
    assert_eq!(houses.open_alerts().await, [] as [Value; 0]);
    let page = houses.call(Method::GET, "/connect", Value::Null).await.body;
    assert!(page.contains("Connector and stand-by"), "{page}");
}

#[tokio::test]
async fn without_a_stand_by_that_works_everything_waits() {
    let (houses, first, _) = Houses::with_standby().await;
    let revoke = tandem_sandbox::faults::FaultAction::RevokeRefreshTokens;
    houses.org.sandbox().strike(&revoke).expect("strikes");
    houses
        .call(Method::POST, "/api/admin/sync/now", Value::Null)
        .await;
    houses.work().await;
    houses.work().await;
    assert_eq!(houses.state().await["sync"]["state"], "connection_lost");
    assert!(houses.is_told("can’t take over as the connector").await);
    let calls = houses.org.sandbox().meter().total_calls;
    houses.work().await;
    assert_eq!(
        houses.org.sandbox().meter().total_calls,
        calls,
        "nobody is asked again"
    );
    houses.connect().await;
    assert_eq!(houses.who("main").await, Some((first, None)));
    assert_eq!(houses.state().await["sync"]["state"], "enabled");
    houses.work().await;
}

#[tokio::test]
async fn an_administrator_chooses_among_what_works() {
    let (houses, first, second) = Houses::with_standby().await;
    let ids: Vec<(Value, Value)> = houses
        .connectors()
        .await
        .into_iter()
        .map(|one| (one["username"].clone(), one["id"].clone()))
        .collect();
    let id = |name: &str| {
        let found = ids.iter().find(|(username, _)| username == name);
        found.expect("a connection").1.clone()
    };
    let choose = async |main: Value, standby: Value| {
        let body = json!({"main": main, "standby": standby});
        houses.call(Method::PUT, CONNECTORS, body).await
    };
    let twice = choose(id(&first), id(&first)).await;
    assert_eq!(
        twice.status,
        StatusCode::UNPROCESSABLE_ENTITY,
        "{}",
        twice.body
    );
    assert_eq!(
        choose(id(&first), json!(99)).await.json()["field"],
        "standby"
    );
    let swapped = choose(id(&second), id(&first)).await;
    assert_eq!(swapped.status, StatusCode::NO_CONTENT, "{}", swapped.body);
    assert_eq!(houses.who("main").await, Some((second.clone(), None)));
    assert_eq!(houses.who("standby").await, Some((first.clone(), None)));
    houses.work().await;
    let path = |id: &Value| format!("{CONNECTORS}/{id}");
    let main = houses
        .call(Method::DELETE, &path(&id(&second)), Value::Null)
        .await;
    assert_eq!(main.status, StatusCode::CONFLICT, "{}", main.body);
    let gone = houses
        .call(Method::DELETE, &path(&id(&first)), Value::Null)
        .await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT, "{}", gone.body);
    assert_eq!(houses.connectors().await.len(), 1);
    let again = houses
        .call(Method::DELETE, &path(&id(&first)), Value::Null)
        .await;
    assert_eq!(again.status, StatusCode::NOT_FOUND);
}

/// The team is linked to one org; signing in to another one is refused by both names, and nothing changes. The
/// stand-by is held to it like the main connector.
#[tokio::test]
async fn another_org_is_refused_by_both_names() {
    let houses = houses().await;
    houses.connect().await;
    houses.turn_on().await;
    let (team, store) = (houses.team().await, houses.server.app.store());
    let known = store.connections(team).await.expect("one").remove(0);
    let mut bergen = known.details.clone();
    bergen.identity.org_id = "00D000000000099EAA".into();
    bergen.identity.org_name = "Bergen Works".into();
    let saved = store.save_connection(team, known.id, bergen).await;
    saved.expect("saved");
    for username in [known.details.identity.username, houses.second_user()] {
        let refused = houses.connect_as(&username).await;
        assert_eq!(refused.status, StatusCode::CONFLICT, "{}", refused.body);
        for name in ["Bergen Works", "Halden Robotics"] {
            assert!(refused.body.contains(name), "{}", refused.body);
        }
    }
    assert_eq!(houses.connectors().await.len(), 1, "nothing was kept");
    assert_eq!(houses.state().await["sync"]["state"], "enabled");
}

/// The dialog of Sync Management lists every connection; the chosen one carries the sync at once, and one that does not
/// work is named with its reason.
#[tokio::test(flavor = "multi_thread")]
async fn another_connection_is_chosen_in_the_dialog_of_sync_management() {
    let (houses, first, second) = Houses::with_standby().await;
    let all = houses.connectors().await;
    let of = |who: &str| {
        all.iter()
            .find(|one| one["username"] == who)
            .expect("listed")["id"]
            .clone()
    };
    let dialog = houses
        .call(Method::GET, "/sync?edit=connector", Value::Null)
        .await
        .body;
    let option = format!("<option value=\"{}\">{second}</option>", of(&second));
    assert!(dialog.contains(&option), "{dialog}");
    let reply = houses
        .submit(
            "/sync/connector",
            &dialog,
            &[
                ("enabled", "on".into()),
                ("connector", of(&second).to_string()),
            ],
        )
        .await;
    assert_eq!(reply.status, StatusCode::SEE_OTHER, "{}", reply.body);
    assert_eq!(houses.who("main").await, Some((second.clone(), None)));
    assert_eq!(houses.state().await["enabled"], true);
    houses.activate(false);
    let reply = houses
        .submit(
            "/sync/connector",
            &dialog,
            &[
                ("enabled", "on".into()),
                ("connector", of(&first).to_string()),
            ],
        )
        .await;
    assert_ne!(reply.status, StatusCode::SEE_OTHER, "it is tried first");
    assert!(
        reply.body.contains("role=\"alert\"") || reply.body.contains("callout"),
        "{}",
        reply.body
    );
    assert_eq!(
        houses.who("main").await,
        Some((second, None)),
        "nothing changed"
    );
}
