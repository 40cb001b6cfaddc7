//! People who tidy up in the CRM: they merge what is there twice, delete records, and bring some back.
//!
//! Whom they take away they remember, so that nobody edits it there any more and somebody may bring it back. Whoever is cut
//! off in the middle forgets the record until people look again, as it may be here or there. What a merge writes into the
//! survivor is entered in the book like any text.

use super::book::Side;
use super::people::{People, field_of, type_into};
use crate::org::Org;
use anyhow::{Context as _, Result};
use serde_json::{Value, json};

/// What is tidied up, as often as it stands here.
const TIDIED: [&str; 6] = ["Lead", "Lead", "Lead", "Contact", "Contact", "Account"];
/// So many records of an object stay.
const KEPT: usize = 8;
/// Percent of the merges that write a text of their own into the survivor.
const WRITTEN_PERCENT: usize = 50;

/// How often they did what.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(super) struct Tidied {
    pub(super) merged: u64,
    pub(super) deleted: u64,
    pub(super) brought_back: u64,
}

impl People {
    /// Somebody tidies up, if there is anything to.
    ///
    /// # Errors
    /// The org does not answer, or refuses for another reason than a locked row.
    pub(super) async fn tidy_up(&mut self, org: &Org) -> Result<()> {
        let object = *self.dice.pick(&TIDIED).context("an object")?;
        match self.dice.below(3) {
            0 => self.merge(org, object).await,
            // What hangs on an account would go with it.
            1 if object != "Account" => self.delete(org, object).await,
            _ => self.bring_back(org).await,
        }
    }

    async fn merge(&mut self, org: &Org, object: &'static str) -> Result<()> {
        let Some(loser) = self.take_there(object) else {
            return Ok(());
        };
        let survivor = self.one_there(object).context("some are kept")?;
        let path = format!("/control/records/{object}/{survivor}");
        let field = field_of(&mut self.dice, object).filter(|_| self.dice.percent(WRITTEN_PERCENT));
        let typed = field.map(|field| {
            let (text, entry) = type_into(&mut self.book, Side::Crm, path.clone(), field);
            (json!({ field: text }), entry)
        });
        let fields = typed
            .as_ref()
            .map_or_else(|| json!({}), |(fields, _)| fields.clone());
        let body = json!({"losers": [loser], "fields": fields});
        let merged = done(org, "POST", &format!("{path}/merge"), &body).await?;
        if let Some((_, entry)) = typed.filter(|_| merged) {
            self.book.told(entry);
        }
        self.tidied.merged += u64::from(merged);
        self.taken(object, loser, merged);
        Ok(())
    }

    async fn delete(&mut self, org: &Org, object: &'static str) -> Result<()> {
        let Some(id) = self.take_there(object) else {
            return Ok(());
        };
        let path = format!("/control/records/{object}/{id}");
        let deleted = done(org, "DELETE", &path, &Value::Null).await?;
        self.tidied.deleted += u64::from(deleted);
        self.taken(object, id, deleted);
        Ok(())
    }

    async fn bring_back(&mut self, org: &Org) -> Result<()> {
        if self.binned.is_empty() {
            return Ok(());
        }
        let at = self.dice.below(self.binned.len());
        let (object, id) = self.binned.swap_remove(at);
        let path = format!("/control/records/{object}/{id}/undelete");
        let back = done(org, "POST", &path, &json!({})).await?;
        self.tidied.brought_back += u64::from(back);
        self.taken(object, id, !back);
        Ok(())
    }

    /// Takes somebody off the list of those who are there, unless few are left.
    fn take_there(&mut self, object: &'static str) -> Option<String> {
        let places = self.places(object);
        if places.len() <= KEPT {
            return None;
        }
        let at = *self.dice.pick(&places)?;
        Some(self.there.remove(at).1)
    }

    fn one_there(&mut self, object: &'static str) -> Option<String> {
        let places = self.places(object);
        let at = *self.dice.pick(&places)?;
        Some(self.there[at].1.clone())
    }

    fn places(&self, object: &'static str) -> Vec<usize> {
        let there = self.there.iter().enumerate();
        let of_object = there.filter(|(_, record)| record.0 == object);
        of_object.map(|(at, _)| at).collect()
    }

    /// Whoever was taken off the list is in the bin, or is there after all.
    fn taken(&mut self, object: &'static str, id: String, gone: bool) {
        let list = if gone {
            &mut self.binned
        } else {
            &mut self.there
        };
        list.push((object, id));
    }
}

/// Whether the org did it; people meet locked rows, and are told.
async fn done(org: &Org, method: &str, path: &str, body: &Value) -> Result<bool> {
    match org.steer(method, path, body).await {
        Ok(_) => Ok(true),
        Err(error) if format!("{error}").contains("UNABLE_TO_LOCK_ROW") => Ok(false),
        Err(error) => Err(error),
    }
}
