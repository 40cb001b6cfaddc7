//! Stories that nobody wrote.

use super::Stage;
use crate::clock::Dice;
use std::collections::BTreeMap;

/// The objects of a random story, and how many records of each there are at its beginning.
const OBJECTS: [&str; 3] = ["account", "contact", "lead"];
const EACH: usize = 4;
/// Acts of a random story, looks at the CRM by Tandem among them.
const ACTS: usize = 12;

/// Who is where, by the story's names.
struct Cast {
    live: BTreeMap<&'static str, Vec<String>>,
    binned: Vec<(&'static str, String)>,
}

impl Stage {
    /// Lines that only do things, each of which the org lets happen.
    pub(super) fn random_story(&self) -> Vec<String> {
        let switches = ["", " merges", " deletions", " merges deletions"];
        let on = self.dice.pick(&switches).copied().unwrap_or_default();
        let mut lines = vec![format!("switch{on}")];
        let names = |object| (1..=EACH).map(move |number| format!("{object}{number}"));
        for object in OBJECTS {
            lines.extend(names(object).map(|name| format!("crm {object} {name}")));
        }
        lines.push("sync".to_owned());
        let mut cast = Cast {
            live: OBJECTS
                .map(|object| (object, names(object).collect()))
                .into(),
            binned: Vec::new(),
        };
        lines.extend((0..ACTS).map(|step| cast.act(&self.dice, step)));
        lines
    }
}

impl Cast {
    fn act(&mut self, dice: &Dice, step: usize) -> String {
        let object = OBJECTS[dice.below(OBJECTS.len())];
        let act = match dice.below(6) {
            0 | 1 => self.merge(dice, object),
            2 if object != "account" => self.delete(dice, object),
            3 => self.undelete(dice),
            4 if object == "lead" => self.convert(dice, step),
            _ => None,
        };
        act.unwrap_or_else(|| "sync".to_owned())
    }

    fn live(&mut self, object: &'static str) -> &mut Vec<String> {
        self.live.entry(object).or_default()
    }

    /// Takes somebody off the stage.
    fn take(&mut self, dice: &Dice, object: &'static str) -> Option<String> {
        let names = self.live(object);
        let at = dice.below(names.len());
        (at < names.len()).then(|| names.remove(at))
    }

    fn merge(&mut self, dice: &Dice, object: &'static str) -> Option<String> {
        if self.live(object).len() < 2 {
            return None;
        }
        let loser = self.take(dice, object)?;
        let line = format!("merge {} <- {loser}", dice.pick(self.live(object))?);
        self.binned.push((object, loser));
        Some(line)
    }

    fn delete(&mut self, dice: &Dice, object: &'static str) -> Option<String> {
        let name = self.take(dice, object)?;
        let line = format!("delete {name}");
        self.binned.push((object, name));
        Some(line)
    }

    fn undelete(&mut self, dice: &Dice) -> Option<String> {
        let at = dice.below(self.binned.len());
        if at >= self.binned.len() {
            return None;
        }
        let (object, name) = self.binned.remove(at);
        let line = format!("undelete {name}");
        self.live(object).push(name);
        Some(line)
    }

    fn convert(&mut self, dice: &Dice, step: usize) -> Option<String> {
        let lead = self.take(dice, "lead")?;
        let contact = format!("converted{step}");
        let line = format!("convert {lead} -> {contact}");
        self.live("contact").push(contact);
        Some(line)
    }
}
