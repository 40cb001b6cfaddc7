//! The values of one record, by the number of their field. Fields without a value take one bit.
//!
//! Invariant: `values` holds one value for every bit that is set in `filled`, in the order of the fields, and none of
//! them is null.

use super::schema::FieldNo;
use super::value::Value;

static NULL: Value = Value::Null;

/// See the module documentation.
#[derive(Debug, Clone, Default)]
pub(crate) struct Columns {
    /// Bit `n % 64` of word `n / 64` stands for field `n`; words at the end may be missing.
    filled: Box<[u64]>,
    values: Vec<Value>,
}

impl Columns {
    /// The value of a field; null when there is none.
    pub(crate) fn get(&self, no: FieldNo) -> &Value {
        self.position(no)
            .map_or(&NULL, |position| &self.values[position])
    }

    /// Stores a value; null, and false of a checkbox, take no room.
    pub(crate) fn set(&mut self, no: FieldNo, value: Value) {
        let nothing = matches!(value, Value::Null | Value::Bool(false));
        match self.position(no) {
            Ok(position) if nothing => {
                self.values.remove(position);
                self.flip(no);
            }
            Ok(position) => self.values[position] = value,
            Err(_) if nothing => {}
            Err(position) => {
                self.values.insert(position, value);
                self.flip(no);
            }
        }
    }

    /// The fields that have a value, in their order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (FieldNo, &Value)> {
        let words = self.filled.iter().zip((0..).step_by(64));
        let numbers = words.flat_map(|(word, first)| bits(*word).map(move |bit| first + bit));
        numbers.map(FieldNo).zip(&self.values)
    }

    /// Gives back spare memory.
    pub(crate) fn shrink(&mut self) {
        self.values.shrink_to_fit();
    }

    /// Where the value of a field is, or where it would be.
    fn position(&self, no: FieldNo) -> Result<usize, usize> {
        let (word, bit) = place(no);
        let Some(own) = self.filled.get(word) else {
            return Err(self.values.len());
        };
        let words = self.filled[..word].iter().copied();
        let before: u32 = words.chain([own & (bit - 1)]).map(u64::count_ones).sum();
        if own & bit == 0 {
            Err(before as usize)
        } else {
            Ok(before as usize)
        }
    }

    fn flip(&mut self, no: FieldNo) {
        let (word, bit) = place(no);
        if word >= self.filled.len() {
            let mut words = std::mem::take(&mut self.filled).into_vec();
            words.resize(word + 1, 0);
            self.filled = words.into();
        }
        self.filled[word] ^= bit;
    }
}

fn place(no: FieldNo) -> (usize, u64) {
    (usize::from(no.0 / 64), 1 << (no.0 % 64))
}

/// The numbers of the bits that are set, ascending.
fn bits(mut word: u64) -> impl Iterator<Item = u16> {
    std::iter::from_fn(move || {
        let bit = (word != 0).then(|| word.trailing_zeros() as u16)?;
        word &= word - 1;
        Some(bit)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn value() -> impl Strategy<Value = Value> {
        prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::Bool),
            "[a-z]{1,30}".prop_map(|text| Value::text(&text)),
        ]
    }

    proptest! {
        /// It does what a map would that keeps neither null nor false.
        #[test]
        fn columns_are_a_map(steps in prop::collection::vec((0_u16..300, value()), 0..80)) {
            let (mut columns, mut map) = (Columns::default(), BTreeMap::new());
            for (no, value) in steps {
                columns.set(FieldNo(no), value.clone());
                map.insert(FieldNo(no), value);
            }
            map.retain(|_, value| !matches!(value, Value::Null | Value::Bool(false)));
            for no in (0..310).map(FieldNo) {
                prop_assert_eq!(columns.get(no), map.get(&no).unwrap_or(&Value::Null));
            }
            let told: Vec<_> = columns.iter().map(|(no, value)| (no, value.clone())).collect();
            prop_assert_eq!(told, map.into_iter().collect::<Vec<_>>());
        }
    }
}
