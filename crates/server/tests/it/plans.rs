//! What the brake holds, against the sandbox over loopback: seen, told, decided, and looked at again.

use crate::story::{Houses, houses};
use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use tandem_sandbox::world::{Actor, DmlOptions};

const PLANS: &str = "/api/admin/plans";

impl Houses {
    /// Connected and synced; one value may be erased at once.
    async fn with_brake() -> Self {
        let houses = houses().await;
        houses.connect().await;
        houses.turn_on().await;
        houses.work().await;
        let mut brake = houses.shown("/api/admin/sync/brake").await;
        brake["blank"] = json!({"records": 1, "percent": 0});
        let reply = houses.call(Method::PUT, "/api/admin/sync/brake", brake);
        let reply = reply.await;
        assert_eq!(reply.status, StatusCode::NO_CONTENT, "{}", reply.body);
        houses
    }

    async fn shown(&self, path: &str) -> Value {
        let reply = self.call(Method::GET, path, Value::Null).await;
        assert_eq!(reply.status, StatusCode::OK, "{}", reply.body);
        reply.json()
    }

    async fn drawn(&self, path: &str) -> String {
        self.call(Method::GET, path, Value::Null).await.body
    }

    async fn asked(&self, path: &str) -> (StatusCode, Value) {
        let reply = self.call(Method::POST, path, Value::Null).await;
        let told = serde_json::from_str(&reply.body).unwrap_or(Value::Null);
        (reply.status, told)
    }

    /// Somebody gives every lead this city in the CRM, and it is read.
    async fn crm_sets_city(&self, city: Value) {
        self.org.sandbox().world(|world| {
            let admin = Actor::system(world.admin_id());
            let fields = json!({"City": city});
            let fields = fields.as_object().expect("fields");
            for id in world.ids(&admin, "Lead") {
                let id = id.to_string();
                let updated = world.update(&admin, "Lead", &id, fields, &DmlOptions::default());
                updated.expect("an update");
            }
        });
        self.read_now().await;
    }

    async fn read_now(&self) {
        let (status, told) = self.asked("/api/admin/sync/now").await;
        assert_eq!(status, StatusCode::ACCEPTED, "{told}");
        self.work().await;
    }

    /// Six leads lost their city at once: one passed, five are held.
    async fn held() -> (Self, Value) {
        let houses = Self::with_brake().await;
        houses.crm_sets_city(json!("Bergen")).await;
        houses.crm_sets_city(Value::Null).await;
        let plans = houses.shown(PLANS).await;
        assert_eq!(plans.as_array().map(Vec::len), Some(1), "{plans}");
        let plan = plans[0].clone();
        (houses, plan)
    }

    /// Leads here that have a city.
    async fn with_city(&self) -> usize {
        let people = self.shown("/api/admin/records/person").await;
        let mut found = 0;
        for row in people["rows"].as_array().expect("rows") {
            let path = format!("/api/admin/records/person/{}", row["id"]);
            let fields = self.shown(&path).await["fields"].clone();
            let city = |field: &Value| field["name"] == "city" && field["workspace"] == "Bergen";
            found += usize::from(fields.as_array().expect("fields").iter().any(city));
        }
        found
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_much_waits_for_an_administrator() {
    let (houses, plan) = Houses::held().await;
    assert_eq!(
        (&plan["effect"], &plan["side"]),
        (&json!("blank"), &json!("workspace"))
    );
    assert_eq!(
        (&plan["state"], &plan["records"]),
        (&json!("open"), &json!(5))
    );
    assert_eq!(houses.with_city().await, 5);
    let path = format!("{PLANS}/{}", plan["id"]);
    let page = houses.shown(&path).await;
    let change = &page["records"][0]["changes"][0];
    assert_eq!(
        (&change["field"], &change["before"]),
        (&json!("city"), &json!("Bergen"))
    );
    assert_eq!(change["after"], Value::Null);
    assert_eq!(page["records"].as_array().map(Vec::len), Some(5));
    let seen = houses.drawn("/plans").await;
    assert!(seen.contains("Erase values in the workspace"), "{seen}");
    let seen = houses.drawn(&format!("/plans/{}", plan["id"])).await;
    assert!(seen.contains("Keep these records as they are"), "{seen}");
    assert!(seen.contains("<strong>City</strong>"), "{seen}");
    let held = houses.shown("/api/admin/records/person?link=held").await;
    let seen = houses
        .drawn(&format!("/people/{}", held["rows"][0]["id"]))
        .await;
    assert!(
        seen.contains(&format!("href=\"/plans/{}\"", plan["id"])),
        "{seen}"
    );
    let seen = houses.drawn("/sync").await;
    assert!(seen.contains("Too much at once: 1 plan held"), "{seen}");
    let team = houses.team().await;
    houses.server.app.watch(team).await.expect("looks");
    let alerts = houses.shown("/api/admin/alerts").await;
    assert_eq!(alerts[0]["kind"], "brake_held", "{alerts}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approved_plan_is_carried_out_and_told() {
    let (houses, plan) = Houses::held().await;
    let path = format!("{PLANS}/{}", plan["id"]);
    let (status, approved) = houses.asked(&format!("{path}/approve")).await;
    assert_eq!(
        (status, &approved["state"]),
        (StatusCode::OK, &json!("approved"))
    );
    houses.work().await;
    assert_eq!(houses.with_city().await, 0);
    assert_eq!(houses.shown(&path).await["plan"]["records"], 0);
    let (status, _) = houses.asked(&format!("{path}/keep")).await;
    assert_eq!(status, StatusCode::CONFLICT, "it was decided");
    let audit = houses.shown("/api/admin/audit").await;
    assert_eq!(audit["rows"][0]["action"], "plan.approved", "{audit}");
    let (status, _) = houses.asked(&format!("{PLANS}/999/approve")).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_kept_stays_until_the_crm_shows_it_again() {
    let (houses, plan) = Houses::held().await;
    let path = format!("{PLANS}/{}", plan["id"]);
    let (status, kept) = houses.asked(&format!("{path}/keep")).await;
    assert_eq!((status, &kept["state"]), (StatusCode::OK, &json!("kept")));
    houses.read_now().await;
    assert_eq!(houses.with_city().await, 5);
    houses.crm_sets_city(json!("Bergen")).await;
    assert_eq!(houses.with_city().await, 6);
    assert_eq!(houses.shown(&path).await["plan"]["records"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_look_reads_everything_of_the_plan_again() {
    let (houses, plan) = Houses::held().await;
    let path = format!("{PLANS}/{}/look-again", plan["id"]);
    let (status, told) = houses.asked(&path).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{told}");
    houses.work().await;
    assert_eq!(
        houses.shown(PLANS).await[0]["records"],
        5,
        "the CRM stands by it"
    );
    let audit = houses.shown("/api/admin/audit").await;
    let told = audit["rows"][0]["summary"].as_str().expect("a summary");
    assert!(told.ends_with("of Lead"), "{told}");
    houses.crm_sets_city(json!("Bergen")).await;
    assert_eq!(houses.shown(PLANS).await[0]["state"], "dissolved");
    let (status, _) = houses.asked(&path).await;
    assert_eq!(status, StatusCode::CONFLICT, "nothing is left of it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_brake_that_stops_everything_is_refused() {
    let houses = Houses::with_brake().await;
    let mut brake = houses.shown("/api/admin/sync/brake").await;
    brake["owner"]["records"] = json!(0);
    let reply = houses.call(Method::PUT, "/api/admin/sync/brake", brake);
    let reply = reply.await;
    assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(reply.json()["field"], "owner");
}
