//! The org the tables ask: five accounts, six contacts and one in the recycle bin, five opportunities, three leads, three
//! tasks, three users in three time zones. It is 2026-05-13T11:00:00Z, a Wednesday.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};
use tandem_sandbox::world::{Actor, DmlOptions, World, WorldOptions};

/// The org, and the ids of its records by their labels.
pub(super) struct Org {
    pub(super) world: World,
    pub(super) ids: BTreeMap<String, String>,
}

impl Org {
    pub(super) fn new() -> Org {
        let world = World::new(&WorldOptions {
            now: "2026-05-12T20:00:00Z".parse().expect("a time"),
            org_name: "Brindle Works".to_owned(),
            admin_username: "admin@brindle.example".to_owned(),
            external_ids: true,
        });
        let mut org = Org {
            world,
            ids: BTreeMap::new(),
        };
        let topics = json!({
            "name": "Topics__c", "label": "Topics", "type": "multipicklist", "values": ["Sales", "IT", "HR"],
        });
        let topics = serde_json::from_value(topics).expect("a field");
        org.world.add_field("Contact", topics).expect("a new field");
        let admin = org.world.admin_id().to_string();
        org.ids.insert("admin".to_owned(), admin);
        org.user("lena", "America/Los_Angeles");
        org.user("kai", "Asia/Tokyo");
        org.accounts();
        org.at("2026-05-13T05:00:00Z");
        org.leads();
        org.contacts();
        org.at("2026-05-13T10:40:00Z");
        org.opportunities();
        org.tasks();
        org.at("2026-05-13T11:00:00Z");
        org
    }

    pub(super) fn actor(&self, label: &str) -> Actor {
        Actor::user(self.id(label).parse().expect("an id"))
    }

    pub(super) fn id(&self, label: &str) -> &str {
        self.ids
            .get(label)
            .map_or_else(|| panic!("no record @{label}"), String::as_str)
    }

    fn at(&mut self, now: &str) {
        self.world.set_now(now.parse().expect("a time"));
    }

    fn add(&mut self, object: &str, label: &str, fields: Json) {
        let admin = Actor::user(self.world.admin_id());
        let fields = fields.as_object().expect("fields");
        let id = self
            .world
            .create(&admin, object, fields, &DmlOptions::default());
        let id = id.unwrap_or_else(|errors| panic!("{label}: {errors:?}"));
        self.ids.insert(label.to_owned(), id.to_string());
    }

    fn user(&mut self, alias: &str, zone: &str) {
        let admin = Actor::user(self.world.admin_id());
        let found = self
            .world
            .retrieve(&admin, "User", self.id("admin"), Some(&["ProfileId"]), "")
            .expect("a field")
            .expect("the administrator");
        let mail = format!("{alias}@brindle.example");
        self.add(
            "User",
            alias,
            json!({
                "Username": mail, "Email": mail, "LastName": alias, "Alias": alias, "CommunityNickname": alias,
                "TimeZoneSidKey": zone, "LocaleSidKey": "en_US", "EmailEncodingKey": "UTF-8",
                "LanguageLocaleKey": "en_US", "ProfileId": found["ProfileId"],
            }),
        );
    }

    fn accounts(&mut self) {
        self.add(
            "Account",
            "acorn",
            json!({"Name": "Acorn", "Industry": "Banking", "AnnualRevenue": 900, "NumberOfEmployees": 12,
                "Rating": "Hot", "BillingCity": "Berlin", "ExtId__c": "A-1", "Type": "Prospect"}),
        );
        let acorn = self.id("acorn").to_owned();
        self.add(
            "Account",
            "birch",
            json!({"Name": "birch", "Industry": "Energy", "NumberOfEmployees": 40, "Rating": "Cold", "ParentId": acorn}),
        );
        let birch = self.id("birch").to_owned();
        self.add(
            "Account",
            "cedar",
            json!({"Name": "Cedar", "AnnualRevenue": 1500, "Rating": "Warm", "ParentId": birch, "BillingCity": "berlin"}),
        );
        let lena = self.id("lena").to_owned();
        self.add(
            "Account",
            "dogwood",
            json!({"Name": "Dogwood", "Industry": "Banking", "Description": "A long story.", "OwnerId": lena}),
        );
        self.add(
            "Account",
            "elan",
            json!({"Name": "Élan", "Industry": "Technology", "NumberOfEmployees": 40}),
        );
    }

    fn leads(&mut self) {
        self.add(
            "Lead",
            "liv",
            json!({"LastName": "Liv", "Company": "Pell", "LeadSource": "Web"}),
        );
        let source = "Phone Inquiry";
        self.add(
            "Lead",
            "max",
            json!({"LastName": "Max", "Company": "Pell", "LeadSource": source, "Rating": "Hot"}),
        );
        self.add(
            "Lead",
            "ned",
            json!({"LastName": "Ned", "Company": "Quill"}),
        );
    }

    /// A minute apart from 10:31 on; Cy and Di share theirs.
    fn contacts(&mut self) {
        let [acorn, birch, cedar, lena] =
            ["acorn", "birch", "cedar", "lena"].map(|label| self.id(label).to_owned());
        let mut contact = |minute: u32, label: &str, fields: Json| {
            self.at(&format!("2026-05-13T10:{minute}:00Z"));
            self.add("Contact", label, fields);
        };
        contact(
            31,
            "ada",
            json!({"FirstName": "Ada", "LastName": "Orme", "AccountId": acorn, "Title": "Cook", "Salutation": "Ms.",
                "Birthdate": "1980-02-29", "Topics__c": "Sales;IT", "Email": "ada@a.example"}),
        );
        contact(
            32,
            "bo",
            json!({"FirstName": "Bo", "LastName": "orme", "AccountId": acorn, "Title": "50% baker", "DoNotCall": true}),
        );
        contact(
            34,
            "cy",
            json!({"FirstName": "Cy", "LastName": "Zahn", "AccountId": birch, "Salutation": "Dr.", "ExtId__c": "Z-1",
                "Topics__c": "HR"}),
        );
        contact(
            34,
            "di",
            json!({"FirstName": "Di", "LastName": "Zahn", "Title": "cook_2", "OwnerId": lena}),
        );
        contact(
            35,
            "ed",
            json!({"FirstName": "Ed", "LastName": "Quist", "AccountId": cedar, "Title": "Cook",
            "Birthdate": "1990-12-31"}),
        );
        contact(
            36,
            "fay",
            json!({"FirstName": "Fay", "LastName": "Orme", "AccountId": cedar, "Title": "It's \\ odd",
                "Topics__c": "Sales;IT;HR"}),
        );
        contact(
            37,
            "gil",
            json!({"FirstName": "Gil", "LastName": "Gone", "AccountId": acorn, "Title": "Cook"}),
        );
        let admin = Actor::user(self.world.admin_id());
        let ada = self.id("ada").to_owned();
        let (ed, gil) = (self.id("ed").to_owned(), self.id("gil").to_owned());
        self.at("2026-05-13T10:35:00Z");
        let boss = json!({"ReportsToId": ada});
        let boss = boss.as_object().expect("fields");
        let reports = self
            .world
            .update(&admin, "Contact", &ed, boss, &DmlOptions::default());
        reports.expect("Ed reports to Ada");
        let deleted = self
            .world
            .delete(&admin, "Contact", &gil, &DmlOptions::default());
        deleted.expect("Gil goes");
    }

    fn opportunities(&mut self) {
        let [acorn, birch, cedar] =
            ["acorn", "birch", "cedar"].map(|label| self.id(label).to_owned());
        let rows = [
            (
                "Oven",
                json!(acorn),
                "Prospecting",
                json!(100),
                "2026-05-13",
                json!("Web"),
            ),
            (
                "Van",
                json!(acorn),
                "Closed Won",
                json!(null),
                "2026-06-20",
                json!(null),
            ),
            (
                "Mill",
                json!(birch),
                "Qualification",
                json!(7.5),
                "2025-12-31",
                json!("Other"),
            ),
            (
                "Saw",
                json!(cedar),
                "Closed Lost",
                json!(250.25),
                "2026-05-12",
                json!(null),
            ),
            (
                "Jar",
                json!(null),
                "Prospecting",
                json!(-5),
                "2026-07-01",
                json!("Web"),
            ),
        ];
        for (name, account, stage, amount, close, source) in rows {
            let fields = json!({
                "Name": name, "AccountId": account, "StageName": stage, "Amount": amount, "CloseDate": close,
                "LeadSource": source,
            });
            self.add("Opportunity", &name.to_lowercase(), fields);
        }
    }

    fn tasks(&mut self) {
        let [ada, acorn, liv, oven] =
            ["ada", "acorn", "liv", "oven"].map(|label| self.id(label).to_owned());
        self.add(
            "Task",
            "call",
            json!({"Subject": "Call", "WhoId": ada, "WhatId": acorn, "Priority": "High"}),
        );
        self.add(
            "Task",
            "mail",
            json!({"Subject": "Mail", "WhoId": liv, "Status": "Completed"}),
        );
        self.add("Task", "note", json!({"Subject": "Note", "WhatId": oven}));
    }
}
