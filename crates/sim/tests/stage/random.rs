//! Stories that nobody wrote.

use super::Stage;
use std::collections::BTreeMap;

impl Stage {
    /// Lines that only do things, each of which the org lets happen.
    pub(crate) fn random_story(&mut self) -> Vec<String> {
        let mut lines = vec![match self.dice.below(4) {
            0 => "switch".to_owned(),
            1 => "switch merges".to_owned(),
            2 => "switch deletions".to_owned(),
            _ => "switch merges deletions".to_owned(),
        }];
        for object in ["account", "contact", "lead"] {
            for number in 1..=4 {
                lines.push(format!("crm {object} {object}{number}"));
            }
        }
        lines.push("sync".to_owned());
        let mut live: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for object in ["account", "contact", "lead"] {
            let names = (1..=4).map(|number| format!("{object}{number}"));
            live.insert(object, names.collect());
        }
        let mut binned: Vec<(&str, String)> = Vec::new();
        for step in 0..12 {
            let object = *self.dice.pick(&["account", "contact", "lead"]).unwrap();
            let names = live.get_mut(object).unwrap();
            match self.dice.below(6) {
                0 | 1 if names.len() > 1 => {
                    let loser = names.remove(self.dice.below(names.len()));
                    let master = self.dice.pick(names).unwrap();
                    lines.push(format!("merge {master} <- {loser}"));
                    binned.push((object, loser));
                }
                2 if object != "account" && !names.is_empty() => {
                    let name = names.remove(self.dice.below(names.len()));
                    lines.push(format!("delete {name}"));
                    binned.push((object, name));
                }
                3 if !binned.is_empty() => {
                    let (object, name) = binned.remove(self.dice.below(binned.len()));
                    lines.push(format!("undelete {name}"));
                    live.get_mut(object).unwrap().push(name);
                }
                4 if object == "lead" && !names.is_empty() => {
                    let lead = names.remove(self.dice.below(names.len()));
                    let contact = format!("converted{step}");
                    lines.push(format!("convert {lead} -> {contact}"));
                    live.get_mut("contact").unwrap().push(contact);
                }
                _ => lines.push("sync".to_owned()),
            }
        }
        lines
    }
}
