//! Mappings against what the connected user sees of the CRM.

use crate::notation::field_type;
use crate::table::{check, expect};
use tandem_core::ids::CrmObject;
use tandem_core::mapping::{
    Direction, FieldMapping, MappingProblem, ObjectMapping, PairRules, Winner, compile,
};
use tandem_core::schema::{FieldSchema, FieldType, ObjectSchema};
use tandem_core::workspace::Kind;

/// A field of the CRM whose rights are written like `cue`: create, update, external id, formula (f).
fn crm_field(name: &str, ty: FieldType, rights: &str) -> FieldSchema {
    FieldSchema {
        name: name.into(),
        label: name.into(),
        ty,
        createable: rights.contains('c'),
        updateable: rights.contains('u'),
        required: false,
        calculated: rights.contains('f'),
        external_id: rights.contains('e'),
        custom: name.ends_with("__c"),
    }
}

fn row(workspace: &str, crm: &str, direction: &str) -> FieldMapping {
    FieldMapping {
        workspace: workspace.into(),
        crm: crm.into(),
        direction: match direction {
            "in" => Direction::CrmToWorkspace,
            "out" => Direction::WorkspaceToCrm,
            _ => Direction::Both,
        },
        winner: Winner::Crm,
        blank_never_erases: false,
        value_map: Default::default(),
    }
}

fn compiled(
    kind: Kind,
    rows: Vec<FieldMapping>,
    fields: Vec<FieldSchema>,
) -> (PairRules, Vec<MappingProblem>) {
    let object = CrmObject::new("Thing");
    let mapping = ObjectMapping {
        kind,
        object: object.clone(),
        version: 4,
        import: true,
        create_in_crm: false,
        fields: rows,
    };
    let schema = ObjectSchema {
        name: object,
        label: "Thing".into(),
        createable: true,
        updateable: true,
        fields,
        tag: None,
    };
    compile(&mapping, &schema)
}

#[test]
fn one_row_of_a_mapping() {
    let table = include_str!("../tables/compile.txt");
    check(
        "compile.txt",
        table,
        |[ours, direction, theirs, rights, wanted]| {
            let (kind, field) = ours.split_once('.').expect("kind.field");
            let kind = Kind::parse(kind).expect("a kind");
            let visible = match theirs {
                "-" => Vec::new(),
                ty => vec![crm_field("X", crm_type(ty), rights)],
            };
            let (rules, problems) = compiled(kind, vec![row(field, "X", direction)], visible);
            let reason = problems.first().map_or("fine", |problem| &problem.reason);
            expect(&wanted, &reason)?;
            expect(&(reason == "fine"), &(rules.fields.len() == 1))
        },
    );
}

/// As in the other tables; a reference names its objects.
fn crm_type(cell: &str) -> FieldType {
    match cell.strip_prefix("ref to ") {
        Some(objects) => FieldType::Reference {
            to: objects.split(' ').map(CrmObject::new).collect(),
        },
        None => field_type(cell),
    }
}

#[test]
fn a_rule_holds_what_both_sides_say() {
    let fields = vec![crm_field("T", field_type("long"), "c")];
    let (rules, problems) = compiled(Kind::Person, vec![row("title", "T", "out")], fields);
    assert_eq!(problems, []);
    assert_eq!(
        (rules.version, rules.import, rules.create_in_crm),
        (4, true, false)
    );
    let rule = rules.by_workspace("title").unwrap();
    assert_eq!(rules.by_crm("T"), Some(rule));
    assert_eq!(rules.crm_fields(), ["T"]);
    assert!(rule.createable && !rule.updateable);
    assert_eq!(rule.crm_type, field_type("long"));
    assert_eq!(rule.workspace_type, field_type("text"));
}

#[test]
fn no_field_of_either_side_is_mapped_twice() {
    let fields = || ["T", "U"].map(|name| crm_field(name, field_type("text"), "cu"));
    for second in [row("title", "U", "in"), row("city", "T", "in")] {
        let name = second.workspace.clone();
        let rows = vec![row("title", "T", "both"), second];
        let (rules, problems) = compiled(Kind::Person, rows, fields().into());
        assert_eq!(rules.fields.len(), 1, "the first row stays");
        assert_eq!(problems.len(), 1);
        assert_eq!(problems[0].field, name);
        assert_eq!(
            problems[0].reason,
            "the field is mapped twice; keep one row"
        );
    }
}

#[test]
fn a_bad_row_does_not_stop_the_good_ones() {
    let rows = vec![row("nonsense", "T", "in"), row("title", "T", "in")];
    let fields = vec![crm_field("T", field_type("text"), "")];
    let (rules, problems) = compiled(Kind::Person, rows, fields);
    assert_eq!(rules.fields.len(), 1);
    assert_eq!(
        problems[0].to_string(),
        "nonsense: the workspace has no such field"
    );
}

#[test]
fn our_key_needs_a_text_field_that_is_an_external_id_and_may_be_set() {
    let key = |name: &str, ty: &str, rights: &str| {
        let fields = vec![crm_field(name, field_type(ty), rights)];
        compiled(Kind::Person, vec![], fields).0.external_id
    };
    assert_eq!(key("TandemId__c", "text", "ce"), Some("TandemId__c".into()));
    assert_eq!(key("ExtId__c", "text", "cue"), Some("ExtId__c".into()));
    assert_eq!(key("Other__c", "text", "ce"), None);
    assert_eq!(key("TandemId__c", "text", "c"), None, "no external id");
    assert_eq!(key("TandemId__c", "text", "ue"), None, "may not be set");
    assert_eq!(
        key("TandemId__c", "number", "ce"),
        None,
        "a number can't hold our key"
    );
}
