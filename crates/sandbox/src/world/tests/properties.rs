//! Whatever is done to a world, its indexes fit its rows, and a transaction that fails was never there.

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::{BASE, Bench};
use crate::soql::QueryScope;
use crate::world::{DmlOptions, SfId, World};

/// One thing done to the world; numbers pick records, modulo how many there are.
#[derive(Debug, Clone)]
enum Step {
    Account(u8),
    Contact { key: u8, parent: u8, boss: u8 },
    Change { contact: u8, key: u8, parent: u8 },
    Touch(u8),
    DeleteContact(u8),
    DeleteAccount(u8),
    Undelete(u8),
    Wait(u32),
}

fn step() -> impl Strategy<Value = Step> {
    let any = any::<u8>;
    prop_oneof![
        any().prop_map(Step::Account),
        (any(), any(), any()).prop_map(|(key, parent, boss)| Step::Contact { key, parent, boss }),
        (any(), any(), any()).prop_map(|(contact, key, parent)| Step::Change {
            contact,
            key,
            parent
        }),
        any().prop_map(Step::Touch),
        any().prop_map(Step::DeleteContact),
        any().prop_map(Step::DeleteAccount),
        any().prop_map(Step::Undelete),
        (0_u32..700_000).prop_map(Step::Wait),
    ]
}

/// All that can be seen of contacts and accounts, deleted ones included.
fn everything(world: &World) -> Vec<Json> {
    let actor = crate::world::Actor::user(world.admin_id());
    let all = ["Account", "Contact"].map(|object| {
        let soql = format!(
            "SELECT Id, Name, ExtId__c, OwnerId, IsDeleted, LastModifiedDate, SystemModstamp FROM {object}"
        );
        let found = world.query(&actor, &soql, QueryScope::All).unwrap();
        world.render_rows(&found, 0..found.row_count(), BASE)
    });
    all.concat()
}

struct Runner {
    accounts: Vec<SfId>,
    contacts: Vec<SfId>,
    late: bool,
}

impl Runner {
    fn pick(ids: &[SfId], number: u8) -> Json {
        let id = ids.get(usize::from(number) % ids.len().max(1));
        id.map_or(Json::Null, |id| json!(id.to_string()))
    }

    /// Does a step. Refusals are part of the game; what they leave behind is what is tested.
    fn run(&mut self, world: &mut World, step: &Step) {
        let actor = crate::world::Actor::user(world.admin_id());
        let visible_at = if self.late {
            world
                .now()
                .checked_add(jiff::SignedDuration::from_secs(90))
                .ok()
        } else {
            None
        };
        let options = DmlOptions {
            visible_at,
            ..DmlOptions::default()
        };
        let (account, contact) = (
            |n| Runner::pick(&self.accounts, n),
            |n| Runner::pick(&self.contacts, n),
        );
        let text = |id: Json| id.as_str().unwrap_or("none").to_owned();
        match *step {
            Step::Account(key) => {
                let fields =
                    json!({"Name": format!("A{key}"), "ExtId__c": format!("k{}", key % 8)});
                let created =
                    world.create(&actor, "Account", fields.as_object().unwrap(), &options);
                self.accounts.extend(created.ok());
            }
            Step::Contact { key, parent, boss } => {
                let key = format!("k{}", key % 8);
                let fields = json!({
                    "LastName": "Orme", "ExtId__c": key, "AccountId": account(parent), "ReportsToId": contact(boss),
                });
                let created =
                    world.create(&actor, "Contact", fields.as_object().unwrap(), &options);
                self.contacts.extend(created.ok());
            }
            Step::Change {
                contact: number,
                key,
                parent,
            } => {
                let fields =
                    json!({"ExtId__c": format!("K{}", key % 8), "AccountId": account(parent)});
                let _ = world.update(
                    &actor,
                    "Contact",
                    &text(contact(number)),
                    fields.as_object().unwrap(),
                    &options,
                );
            }
            Step::Touch(number) => drop(world.touch("Contact", &text(contact(number)))),
            Step::DeleteContact(number) => {
                drop(world.delete(&actor, "Contact", &text(contact(number)), &options))
            }
            Step::DeleteAccount(number) => {
                drop(world.delete(&actor, "Account", &text(account(number)), &options))
            }
            Step::Undelete(number) => {
                drop(world.undelete(&actor, "Account", &text(account(number))))
            }
            Step::Wait(seconds) => world.advance(jiff::SignedDuration::from_secs(seconds.into())),
        }
    }
}

proptest! {
    #[test]
    fn indexes_fit_the_rows(steps in prop::collection::vec((step(), prop::bool::weighted(0.2)), 1..40)) {
        let mut bench = Bench::new();
        let mut runner = Runner { accounts: Vec::new(), contacts: Vec::new(), late: false };
        for (step, late) in &steps {
            runner.late = *late;
            runner.run(&mut bench.world, step);
        }
        bench.world.assert_consistent();
        bench.later(100);
        bench.world.assert_consistent();
    }

    #[test]
    fn a_transaction_that_fails_was_never_there(
        before in prop::collection::vec(step(), 0..15),
        inside in prop::collection::vec(step(), 1..15),
    ) {
        let mut bench = Bench::new();
        let mut runner = Runner { accounts: Vec::new(), contacts: Vec::new(), late: false };
        before.iter().for_each(|step| runner.run(&mut bench.world, step));
        let was = everything(&bench.world);
        let outcome: Result<(), ()> = bench.world.transaction(|world| {
            let timeless = inside.iter().filter(|step| !matches!(step, Step::Wait(_)));
            timeless.for_each(|step| runner.run(world, step));
            Err(())
        });
        prop_assert_eq!(outcome, Err(()));
        prop_assert_eq!(everything(&bench.world), was);
        bench.world.assert_consistent();
    }
}
