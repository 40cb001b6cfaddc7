//! The org, the connection and the rules of a run, chosen by its seed.

use crate::clock::{Clock, Dice};
use crate::executor::block_on;
use crate::transport::Wire;
use std::sync::{Arc, OnceLock};
use tandem_connectors::oauth::OAuthApp;
use tandem_connectors::salesforce::{Salesforce, SalesforceConfig};
use tandem_connectors::vault::{Grant, MemoryVault};
use tandem_core::Timestamp;
use tandem_core::brake::{BrakeSettings, Limit};
use tandem_core::connector::Connector;
use tandem_core::ids::CrmObject;
use tandem_core::mapping::{Direction, FieldMapping, ObjectMapping, PairRules, Winner, compile};
use tandem_core::schema::ObjectSchema;
use tandem_core::settings::{OnDeletion, SyncSettings, TeamRules};
use tandem_core::value_map::{MappedValue, ValueMap};
use tandem_core::workspace::Kind;
use tandem_sandbox::seed::SeedSize;
use tandem_sandbox::world::ValidationRule;
use tandem_sandbox::{ClockMode, Options, Sandbox};

/// Runs, in percent, whose brake holds nearly everything.
const STRICT_BRAKE_PERCENT: usize = 12;

/// Where every run's clock starts.
pub const START: Timestamp = Timestamp::constant(1_780_000_000, 0);

/// The mapped text fields that people edit in a run, by kind: workspace name and CRM name.
pub const PERSON_FIELDS: [(&str, &str); 5] = [
    ("title", "Title"),
    ("phone", "Phone"),
    ("first_name", "FirstName"),
    ("city", "City"),
    ("description", "Description"),
];

/// Stages of opportunities: what the CRM calls them, and what people of the workspace may call them.
pub const STAGES: [(&str, &str); 3] = [
    ("Prospecting", "Early"),
    ("Qualification", "Middle"),
    ("Proposal/Price Quote", "Late"),
];

/// The mapped objects, parents before children.
const OBJECTS: [&str; 4] = ["Account", "Contact", "Lead", "Opportunity"];

/// What no phone number may hold in the CRM.
pub const REFUSED: &str = "refused";

/// An org with a handful of records, which refuses some values.
///
/// # Panics
/// If its rule is not understood.
pub fn sandbox(seed: u64, external_ids: bool, dice: &Dice) -> Arc<Sandbox> {
    let sandbox = Sandbox::new(Options {
        rotate_refresh_tokens: dice.percent(50),
        ..options(seed, external_ids)
    });
    for object in OBJECTS
        .into_iter()
        .filter(|object| *object != "Opportunity")
    {
        let rule = ValidationRule {
            name: format!("Phone_of_{object}"),
            object: object.to_owned(),
            refuse_when: format!("Phone LIKE '%{REFUSED}'"),
            message: "This is no phone number".into(),
            field: Some("Phone".into()),
        };
        let set = sandbox.world(|world| world.set_validation_rule(rule));
        set.expect("the rule is understood");
    }
    Arc::new(sandbox)
}

fn options(seed: u64, external_ids: bool) -> Options {
    Options {
        seed,
        now: START,
        clock: ClockMode::Virtual,
        external_ids,
        records: SeedSize {
            accounts: 2,
            contacts: 3,
            leads: 3,
            opportunities: 2,
        },
        limit_jitter_calls: 0,
        call_limit_24h: 1_000_000,
        ..Options::default()
    }
}

/// The stored grant of the run's connection, shared by its workers.
pub fn vault(sandbox: &Sandbox) -> Arc<MemoryVault> {
    let credentials = sandbox.credentials("http://127.0.0.1");
    Arc::new(MemoryVault::new(Grant {
        access_token: credentials.access_token.into(),
        refresh_token: credentials.refresh_token.into(),
        instance_url: "http://127.0.0.1".into(),
        version: 1,
    }))
}

/// The real connector on the run's wire. As in the server it knows from the start what the fields hold.
pub fn connector(
    sandbox: &Sandbox,
    wire: &Wire,
    vault: &Arc<MemoryVault>,
    conditional_most: usize,
    schemas: &[ObjectSchema],
) -> Arc<dyn Connector> {
    let credentials = sandbox.credentials("http://127.0.0.1");
    let secret = Some(credentials.client_secret.into());
    let app = OAuthApp::new("http://127.0.0.1", credentials.client_id, secret);
    let mut config = SalesforceConfig::new(app.expect("a loopback address is safe"));
    config.conditional_records_max = config.conditional_records_max.min(conditional_most);
    let salesforce = Salesforce::new(config, Arc::new(wire.clone()), vault.clone());
    Arc::new(salesforce.with_schemas(schemas))
}

/// What a new org has, described once for all runs: it depends on nothing but whether there are external ids.
///
/// # Panics
/// If the org can't be described: no run makes sense then.
pub fn schemas(external_ids: bool) -> &'static [ObjectSchema] {
    static DESCRIBED: [OnceLock<Vec<ObjectSchema>>; 2] = [OnceLock::new(), OnceLock::new()];
    DESCRIBED[usize::from(external_ids)].get_or_init(|| {
        let sandbox = Arc::new(Sandbox::new(options(0, external_ids)));
        let wire = Wire::new(sandbox.clone(), Dice::new(0));
        let vault = vault(&sandbox);
        let connector = connector(&sandbox, &wire, &vault, 0, &[]);
        let answer = block_on(connector.describe(&OBJECTS.map(CrmObject::new)));
        let schemas = answer.expect("the org can be described").value;
        let schema = |schema: Result<_, _>| schema.expect("the object is visible");
        schemas.into_iter().map(schema).collect()
    })
}

/// Rules drawn from the seed: every field gets a direction and a winner.
///
/// # Panics
/// If the mappings don't fit the org: no run makes sense then.
pub fn rules(schemas: &[ObjectSchema], dice: &Dice) -> TeamRules {
    let mappings = mappings(dice);
    let objects = OBJECTS.map(CrmObject::new);
    let pairs: Vec<PairRules> = mappings
        .iter()
        .zip(schemas)
        .map(|(mapping, schema)| {
            let (rules, problems) = compile(mapping, schema);
            assert!(problems.is_empty(), "{problems:?}");
            rules
        })
        .collect();
    let settings = SyncSettings {
        enabled: true,
        frequency_seconds: objects.into_iter().map(|object| (object, 60)).collect(),
        recognize_merges: dice.percent(60),
        recognize_deletions: dice.percent(50),
        on_deletion: if dice.percent(70) {
            OnDeletion::Archive
        } else {
            OnDeletion::Unlink
        },
        brake: brake(dice),
        ..SyncSettings::default()
    };
    TeamRules {
        settings,
        pairs,
        key_prefix: "sim".into(),
    }
}

/// In some runs a handful of records is far more than normal: then plans are made, and decided, all the time.
fn brake(dice: &Dice) -> BrakeSettings {
    if !dice.percent(STRICT_BRAKE_PERCENT) {
        return BrakeSettings::default();
    }
    let limit = Limit {
        records: 3,
        percent: 0,
    };
    BrakeSettings {
        enabled: true,
        times_normal: 1,
        delete: limit,
        unlink: limit,
        blank: limit,
        owner: limit,
        change: limit,
    }
}

fn mappings(dice: &Dice) -> Vec<ObjectMapping> {
    let both = |workspace: &str, crm: &str| row(workspace, crm, Direction::Both, Winner::Crm);
    let mapping = |kind, object: &str, fields| ObjectMapping {
        kind,
        object: CrmObject::new(object),
        version: 1,
        import: true,
        create_in_crm: true,
        fields,
    };
    let drawn = |fields: &[(&str, &str)]| -> Vec<FieldMapping> {
        fields
            .iter()
            .map(|(workspace, crm)| draw(workspace, crm, dice))
            .collect()
    };
    let mut lead = vec![
        both("last_name", "LastName"),
        both("email", "Email"),
        both("company", "Company"),
        row("status", "Status", Direction::CrmToWorkspace, Winner::Crm),
    ];
    lead.extend(drawn(&PERSON_FIELDS));
    let mut contact = vec![
        both("last_name", "LastName"),
        both("email", "Email"),
        both("account", "AccountId"),
    ];
    contact.extend(drawn(&PERSON_FIELDS[..3]));
    let mut account = vec![both("name", "Name"), both("website", "Website")];
    account.extend(drawn(&[("phone", "Phone"), ("city", "BillingCity")]));
    let mut opportunity = vec![
        both("name", "Name"),
        both("account", "AccountId"),
        FieldMapping {
            value_map: drawn_map(dice),
            ..both("stage", "StageName")
        },
        both("close_date", "CloseDate"),
    ];
    opportunity.extend(drawn(&[("amount", "Amount"), ("next_step", "NextStep")]));
    vec![
        mapping(Kind::Account, "Account", account),
        mapping(Kind::Person, "Contact", contact),
        mapping(Kind::Person, "Lead", lead),
        mapping(Kind::Opportunity, "Opportunity", opportunity),
    ]
}

fn row(workspace: &str, crm: &str, direction: Direction, winner: Winner) -> FieldMapping {
    FieldMapping {
        workspace: workspace.into(),
        crm: crm.into(),
        direction,
        winner,
        blank_never_erases: false,
        value_map: Default::default(),
    }
}

fn draw(workspace: &str, crm: &str, dice: &Dice) -> FieldMapping {
    let direction = match dice.below(10) {
        0 => Direction::CrmToWorkspace,
        1 => Direction::WorkspaceToCrm,
        _ => Direction::Both,
    };
    let winners = [
        Winner::Crm,
        Winner::Workspace,
        Winner::MostRecent,
        Winner::Hold,
    ];
    let winner = winners[dice.below(winners.len())];
    FieldMapping {
        blank_never_erases: dice.percent(10),
        ..row(workspace, crm, direction, winner)
    }
}

/// Some of the stages have another name in the workspace; now and then two have changed places.
fn drawn_map(dice: &Dice) -> ValueMap {
    let row = |crm: &str, workspace: &str| MappedValue {
        crm: crm.into(),
        workspace: workspace.into(),
    };
    if dice.percent(20) {
        let [(one, _), (other, _), _] = STAGES;
        return ValueMap(vec![row(one, other), row(other, one)]);
    }
    let some = STAGES.iter().filter(|_| dice.percent(60));
    ValueMap(some.map(|(crm, workspace)| row(crm, workspace)).collect())
}

/// Keeps the org's clock with the run's.
pub fn tell_time(sandbox: &Sandbox, clock: &Clock) {
    sandbox.set_now(clock.right());
}
