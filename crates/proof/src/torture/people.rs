//! The people of a world: they edit and make records on both sides, and enter it in the book.

use super::book::{Book, Cell, Entry, Side};
use super::tidying::Tidied;
use crate::dice::Dice;
use crate::org::Org;
use anyhow::Result;
use http::Method;
use serde_json::{Value, json};
use tandem_server::demo::acts::{self, Listed};
use tandem_server::demo::browser::Browser;

/// Texts that may be typed into freely: the object, our field, the CRM's. The mapping of the demo moves each both ways,
/// with every kind of winner among them.
const FIELDS: [(&str, &str, &str); 11] = [
    ("Lead", "company", "Company"),
    ("Lead", "phone", "Phone"),
    ("Lead", "title", "Title"),
    ("Lead", "description", "Description"),
    ("Lead", "first_name", "FirstName"),
    ("Contact", "phone", "Phone"),
    ("Contact", "title", "Title"),
    ("Contact", "description", "Description"),
    ("Account", "phone", "Phone"),
    ("Account", "website", "Website"),
    ("Opportunity", "next_step", "NextStep"),
];

/// The objects, with the kind that they are here.
const OBJECTS: [(&str, &str); 4] = [
    ("Lead", "person"),
    ("Contact", "person"),
    ("Account", "account"),
    ("Opportunity", "opportunity"),
];

/// So many records of each object are edited again and again, so that both sides meet.
const POPULAR: usize = 5;

/// Everybody who works in a world.
pub(super) struct People {
    pub(super) dice: Dice,
    pub(super) book: Book,
    /// Addresses end in this, so that those of two worlds are never the same.
    domain: String,
    known: Vec<Listed>,
    /// Records of the org, before they are known here.
    pub(super) there: Vec<(&'static str, String)>,
    /// Records that somebody deleted or merged into others.
    pub(super) binned: Vec<(&'static str, String)>,
    pub(super) tidied: Tidied,
}

impl People {
    pub(super) fn new(dice: Dice, world: u64) -> Self {
        Self {
            dice,
            book: Book::default(),
            domain: format!("world{world}.example"),
            known: Vec::new(),
            there: Vec::new(),
            binned: Vec::new(),
            tidied: Tidied::default(),
        }
    }

    /// Looks at what there is in the org.
    ///
    /// # Errors
    /// It does not answer.
    pub(super) async fn look_there(&mut self, org: &Org) -> Result<()> {
        self.there.clear();
        for (object, _) in OBJECTS {
            let dump = org.dump(object).await?;
            let ids = dump.iter().filter_map(|record| record["Id"].as_str());
            self.there.extend(ids.map(|id| (object, id.to_owned())));
        }
        Ok(())
    }

    /// Looks at what there is here.
    ///
    /// # Errors
    /// Tandem does not answer.
    pub(super) async fn look_here(&mut self, browser: &Browser) -> Result<()> {
        let mut known = Vec::new();
        for (object, kind) in OBJECTS {
            known.extend(acts::list(browser, kind, object, "linked").await?);
        }
        self.known = known;
        Ok(())
    }

    /// Whether they know records here.
    pub(super) fn know_records(&self) -> bool {
        !self.known.is_empty()
    }

    /// Somebody does something on one side or the other. What is not answered stays untold in the book.
    ///
    /// # Errors
    /// The org does not answer.
    pub(super) async fn act(&mut self, org: &Org, browser: &Browser) -> Result<()> {
        if self.dice.percent(45) {
            return self.act_there(org).await;
        }
        self.act_here(browser).await;
        Ok(())
    }

    /// Somebody does something in the workspace.
    pub(super) async fn act_here(&mut self, browser: &Browser) {
        let (entry, method, path, body) = match self.dice.below(100) {
            0..12 => self.newcomer_here(),
            12..15 => {
                // It may meet a value that just changed: then another time.
                let _later = acts::decide_all(browser).await;
                return;
            }
            _ => match self.edit_here() {
                Some(edit) => edit,
                None => return,
            },
        };
        if browser.call(method, &path, &body).await.is_ok() {
            self.book.told(entry);
        }
    }

    fn newcomer_here(&mut self) -> (Entry, Method, String, Value) {
        let word = self.book.word(Side::Workspace);
        let email = format!("{word}@{}", self.domain);
        let body = json!({"create_as": "Lead", "fields": {
            "first_name": "Wes", "last_name": format!("Made {word}"),
            "company": format!("Company {word}"), "email": email,
        }});
        let entry = self.book.making(Side::Workspace, &email);
        (
            entry,
            Method::POST,
            "/api/admin/records/person".into(),
            body,
        )
    }

    fn edit_here(&mut self) -> Option<(Entry, Method, String, Value)> {
        let (object, field, _) = *self.dice.pick(&FIELDS)?;
        let of_object: Vec<&Listed> = self.known.iter().filter(|r| r.object == object).collect();
        let at = popular(&mut self.dice, of_object.len());
        let record = of_object.get(at)?;
        let path = format!("/api/admin/records/{}/{}", record.kind, record.id);
        let (text, entry) = type_into(&mut self.book, Side::Workspace, path.clone(), field);
        let body = json!({"fields": {field: text}});
        Some((entry, Method::PATCH, path, body))
    }

    /// Somebody does something in the CRM.
    ///
    /// # Errors
    /// The org does not answer.
    pub(super) async fn act_there(&mut self, org: &Org) -> Result<()> {
        let (entry, method, path, fields) = match self.dice.below(100) {
            0..12 => self.newcomer_there(),
            12..20 => return self.tidy_up(org).await,
            _ => match self.edit_there() {
                Some(edit) => edit,
                None => return Ok(()),
            },
        };
        let body = json!({ "fields": fields });
        match org.steer(method, &path, &body).await {
            Ok(answer) => {
                self.book.told(entry);
                if answer["modified_at"] == answer["modified_before"] && method == "PATCH" {
                    self.book.shares_its_stamp(entry);
                }
            }
            // People meet locked rows, too; and they are told.
            Err(error) if format!("{error}").contains("UNABLE_TO_LOCK_ROW") => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    fn newcomer_there(&mut self) -> (Entry, &'static str, String, Value) {
        let word = self.book.word(Side::Crm);
        let email = format!("{word}@{}", self.domain);
        let object = if self.dice.percent(70) {
            "Lead"
        } else {
            "Contact"
        };
        let mut fields =
            json!({"FirstName": "Nova", "LastName": format!("Made {word}"), "Email": email});
        if object == "Lead" {
            fields["Company"] = format!("Company {word}").into();
        }
        let entry = self.book.making(Side::Crm, &email);
        (entry, "POST", format!("/control/records/{object}"), fields)
    }

    fn edit_there(&mut self) -> Option<(Entry, &'static str, String, Value)> {
        let (object, _, field) = *self.dice.pick(&FIELDS)?;
        let ids: Vec<&String> = self
            .there
            .iter()
            .filter(|record| record.0 == object)
            .map(|record| &record.1)
            .collect();
        let at = popular(&mut self.dice, ids.len());
        let path = format!("/control/records/{object}/{}", ids.get(at)?);
        let (text, entry) = type_into(&mut self.book, Side::Crm, path.clone(), field);
        Some((entry, "PATCH", path, json!({field: text})))
    }
}

/// One of the fields that may be typed into, as the CRM calls it.
pub(super) fn field_of(dice: &mut Dice, object: &str) -> Option<&'static str> {
    let fields = FIELDS.iter().filter(|field| field.0 == object);
    let fields: Vec<&'static str> = fields.map(|field| field.2).collect();
    dice.pick(&fields).copied()
}

pub(super) fn type_into(
    book: &mut Book,
    side: Side,
    record: String,
    field: &'static str,
) -> (String, Entry) {
    let word = book.word(side);
    let text = match field {
        "website" | "Website" => format!("https://{word}.example"),
        _ => format!("Typed {word}"),
    };
    let cell = Cell {
        side,
        record,
        field,
    };
    let entry = book.typing(cell, &text);
    (text, entry)
}

/// One of so many; now and then one of the few that everybody edits.
fn popular(dice: &mut Dice, of: usize) -> usize {
    match dice.percent(30) {
        true => dice.below(of.min(POPULAR)),
        false => dice.below(of),
    }
}
