//! Which record is the one that was sent. Pure.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use tandem_core::connector::{CreateProbe, ProbeAnswer};
use tandem_core::ids::CrmId;
use tandem_core::record::CrmRecord;
use tandem_core::schema::FieldType;
use tandem_core::value::{Fields, Value, same};

/// Text as the platform stores it: trimmed, with one kind of line end.
const ANY_TEXT: FieldType = FieldType::LongText {
    max_chars: u32::MAX,
};

/// A key compares without case, as the platform matches external ids. A live record goes before a
/// deleted one with the same key: an upsert would have taken it.
pub(super) fn keyed_answer(probe: &CreateProbe, found: &[CrmRecord]) -> ProbeAnswer {
    let Some((field, key)) = &probe.key else {
        return ProbeAnswer::Absent;
    };
    let has_key = |record: &&CrmRecord| {
        let value = record.fields.get(field).and_then(Value::as_text);
        value.is_some_and(|value| value.to_lowercase() == key.to_lowercase())
    };
    let (deleted, live): (Vec<&CrmRecord>, Vec<&CrmRecord>) = found
        .iter()
        .filter(has_key)
        .partition(|record| record.deleted);
    let fits = if live.is_empty() { deleted } else { live };
    match fits.as_slice() {
        [] => ProbeAnswer::Absent,
        [one] => ProbeAnswer::Found((*one).clone()),
        several => ProbeAnswer::Several(several.iter().map(|one| (*one).clone()).collect()),
    }
}

/// Answers for creates without keys, by their place among the probes. The more was sent the surer is what fits it: a
/// create that says little takes what is left.
pub(super) fn bare_answers(
    probes: &[CreateProbe],
    bare: &[usize],
    created: &[CrmRecord],
) -> Vec<(usize, ProbeAnswer)> {
    let mut bare = bare.to_vec();
    bare.sort_by_key(|index| Reverse(identifying(&probes[*index].fields).count()));
    let mut taken: BTreeSet<&CrmId> = BTreeSet::new();
    let mut answers = Vec::with_capacity(bare.len());
    for (place, index) in bare.iter().enumerate() {
        let sent = &probes[*index].fields;
        let free = created.iter().filter(|record| !taken.contains(&record.id));
        let fits: Vec<&CrmRecord> = free
            .filter(|record| looks_like(sent, &record.fields))
            .collect();
        let twins = bare[place..]
            .iter()
            .filter(|other| alike(sent, &probes[**other].fields))
            .count();
        answers.push((
            *index,
            match fits.first() {
                None => ProbeAnswer::Absent,
                Some(first) if fits.len() <= twins => {
                    taken.insert(&first.id);
                    ProbeAnswer::Found((*first).clone())
                }
                Some(_) => ProbeAnswer::Several(fits.into_iter().cloned().collect()),
            },
        ));
    }
    answers
}

/// The values that tell a record from others: its texts, or everything where no text was sent.
pub(super) fn identifying(fields: &Fields) -> impl Iterator<Item = (&String, &Value)> {
    let has_text = fields.values().any(|value| matches!(value, Value::Text(_)));
    fields.iter().filter(move |(_, value)| {
        if has_text {
            matches!(value, Value::Text(_))
        } else {
            !value.is_null()
        }
    })
}

/// Whether `values` holds all that identifies `sent`, as the platform would store it.
fn looks_like(sent: &Fields, values: &Fields) -> bool {
    let mut identifying = identifying(sent).peekable();
    identifying.peek().is_some()
        && identifying.all(|(name, value)| {
            values
                .get(name)
                .is_some_and(|stored| same(value, stored, &ANY_TEXT))
        })
}

fn alike(a: &Fields, b: &Fields) -> bool {
    looks_like(a, b) && looks_like(b, a)
}
