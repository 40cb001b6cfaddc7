//! Invented data that looks like a sales team's.
//!
//! [`staff`] gives the org its twelve users (the administrator, the connector and ten sellers); [`populate`] adds
//! records owned by the sellers, created and changed over the nine months before now. The same seed gives the same
//! records. Nothing is copied from anywhere: names are common, companies are made up, domains end in `.example`.

mod dice;
mod records;
mod words;

use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use serde_json::json;

use self::dice::Dice;
use crate::{
    salesforce::users,
    soql::QueryScope,
    world::{Actor, DmlError, DmlOptions, Fields, SfId, World},
};

/// First part of the connector's user name.
const CONNECTOR: &str = "connector";
const SELLERS: [(&str, &str, &str); 10] = [
    ("Hanna", "Ostberg", "VP Sales"),
    ("Victor", "Almeida", "Sales Manager"),
    ("Ruth", "Kinsella", "Sales Manager"),
    ("Daniel", "Achterberg", "Account Executive"),
    ("Imani", "Odhiambo", "Account Executive"),
    ("Petra", "Zelenka", "Account Executive"),
    ("Lorenzo", "Baldini", "Account Executive"),
    ("Sofie", "Thorsen", "Business Development Representative"),
    (
        "Nikhil",
        "Ramanathan",
        "Business Development Representative",
    ),
    ("Grace", "Tanaka", "Customer Success Manager"),
];

/// How many records to invent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SeedSize {
    /// Companies.
    pub accounts: usize,
    /// People at these companies; one in ten has no company.
    pub contacts: usize,
    /// People at other companies.
    pub leads: usize,
    /// Deals with the companies.
    pub opportunities: usize,
}

/// The org refused an invented record, for example because of a validation rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an invented {object} was refused: {}", .errors.iter().map(|e| e.message.as_str()).collect::<Vec<_>>().join("; "))]
pub struct SeedRefused {
    /// The object.
    pub object: &'static str,
    /// Why.
    pub errors: Vec<DmlError>,
}

/// The mail domain of a company: its letters and digits, then `.example`.
#[must_use]
pub fn domain(org_name: &str) -> String {
    let name: String = org_name
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .collect();
    let name = if name.is_empty() {
        "sandbox".to_owned()
    } else {
        name.to_ascii_lowercase()
    };
    format!("{name}.example")
}

/// Hires the connector user and ten sellers; gives the connector's id.
///
/// # Errors
/// The org refused a user.
pub fn staff(world: &mut World, domain: &str) -> Result<SfId, SeedRefused> {
    let profile = first_profile(world);
    let connector = hire(
        world,
        domain,
        profile,
        ("Tandem", "Connector", "Integration user"),
        CONNECTOR,
    )?;
    for seller in SELLERS {
        let name = format!("{}.{}", seller.0, seller.1).to_lowercase();
        hire(world, domain, profile, seller, &name)?;
    }
    Ok(connector)
}

/// Invents records.
///
/// # Errors
/// The org refused one; those before it stay.
pub fn populate(world: &mut World, size: SeedSize, seed: u64) -> Result<(), SeedRefused> {
    let mut inventor = Inventor {
        owners: owners(world),
        world,
        dice: Dice::new(seed),
        addresses: HashSet::new(),
    };
    let accounts = inventor.accounts(size.accounts)?;
    inventor.contacts(size.contacts, &accounts)?;
    inventor.leads(size.leads, size.accounts)?;
    inventor.opportunities(size.opportunities, &accounts)
}

/// An account as its contacts and deals need it.
type KnownAccount = (SfId, records::Company);

struct Inventor<'w> {
    world: &'w mut World,
    dice: Dice,
    /// Who owns records. Never empty.
    owners: Vec<SfId>,
    /// E-mail addresses in use.
    addresses: HashSet<String>,
}

impl Inventor<'_> {
    fn accounts(&mut self, count: usize) -> Result<Vec<KnownAccount>, SeedRefused> {
        let mut accounts = Vec::with_capacity(count);
        for number in 0..count {
            let company = records::company(number, &mut self.dice);
            let owner = *self.dice.pick(&self.owners);
            let fields = records::account(&mut self.dice, &company, owner);
            accounts.push((self.create("Account", owner, &fields)?, company));
        }
        Ok(accounts)
    }

    fn contacts(&mut self, count: usize, accounts: &[KnownAccount]) -> Result<(), SeedRefused> {
        for _ in 0..count {
            let employed = !accounts.is_empty() && self.dice.chance(90);
            let account = employed.then(|| self.dice.pick(accounts));
            let domain =
                account.map_or("freelance.example", |(_, company)| company.domain.as_str());
            let who = records::individual(&mut self.dice, domain, &mut self.addresses);
            let owner = *self.dice.pick(&self.owners);
            let fields = records::contact(&mut self.dice, &who, account.map(|(id, _)| *id), owner);
            self.create("Contact", owner, &fields)?;
        }
        Ok(())
    }

    /// Leads work at companies that are not accounts yet: their numbers begin where the accounts' end.
    fn leads(&mut self, count: usize, accounts: usize) -> Result<(), SeedRefused> {
        for number in 0..count {
            let company = records::company(accounts + number / 2, &mut self.dice);
            let who = records::individual(&mut self.dice, &company.domain, &mut self.addresses);
            let owner = *self.dice.pick(&self.owners);
            let fields = records::lead(&mut self.dice, &who, &company, owner);
            self.create("Lead", owner, &fields)?;
        }
        Ok(())
    }

    fn opportunities(
        &mut self,
        count: usize,
        accounts: &[KnownAccount],
    ) -> Result<(), SeedRefused> {
        for _ in 0..count {
            let account = (!accounts.is_empty()).then(|| self.dice.pick(accounts));
            let account = account.map(|(id, company)| (*id, company.name.as_str()));
            let owner = *self.dice.pick(&self.owners);
            let now = self.world.now();
            let fields = records::opportunity(&mut self.dice, account, owner, now);
            self.create("Opportunity", owner, &fields)?;
        }
        Ok(())
    }

    fn create(
        &mut self,
        object: &'static str,
        owner: SfId,
        fields: &Fields,
    ) -> Result<SfId, SeedRefused> {
        let audit = Some(self.dice.history(self.world.now()));
        let options = DmlOptions {
            audit,
            ..DmlOptions::default()
        };
        let created = self
            .world
            .create(&Actor::system(owner), object, fields, &options);
        created.map_err(|errors| SeedRefused { object, errors })
    }
}

/// The active users without the connector; the administrator when there is nobody else.
fn owners(world: &World) -> Vec<SfId> {
    let sells = |person: &users::Person| {
        person.active && person.id != world.admin_id() && !person.username.starts_with(CONNECTOR)
    };
    let owners: Vec<SfId> = users::all(world)
        .into_iter()
        .filter(sells)
        .map(|person| person.id)
        .collect();
    if owners.is_empty() {
        vec![world.admin_id()]
    } else {
        owners
    }
}

fn first_profile(world: &World) -> Option<SfId> {
    let actor = Actor::system(world.admin_id());
    let found = world
        .query(
            &actor,
            "SELECT Id FROM Profile ORDER BY Id LIMIT 1",
            QueryScope::Live,
        )
        .ok()?;
    world.render_rows(&found, 0..1, "").first()?["Id"]
        .as_str()?
        .parse()
        .ok()
}

fn hire(
    world: &mut World,
    domain: &str,
    profile: Option<SfId>,
    (first, last, title): (&str, &str, &str),
    name: &str,
) -> Result<SfId, SeedRefused> {
    let alias: String = name
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .take(8)
        .collect();
    let fields = json!({
        "FirstName": first,
        "LastName": last,
        "Title": title,
        "Username": format!("{name}@{domain}"),
        "Email": format!("{name}@{domain}"),
        "Alias": alias,
        "CommunityNickname": name,
        "IsActive": true,
        "ProfileId": profile,
        "TimeZoneSidKey": "Europe/London",
        "LocaleSidKey": "en_GB",
        "LanguageLocaleKey": "en_US",
        "EmailEncodingKey": "UTF-8",
    });
    let fields = fields.as_object().cloned().unwrap_or_default();
    let actor = Actor::system(world.admin_id());
    let created = world.create(&actor, "User", &fields, &DmlOptions::default());
    created.map_err(|errors| SeedRefused {
        object: "User",
        errors,
    })
}
