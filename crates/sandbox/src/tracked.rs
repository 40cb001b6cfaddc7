//! A map that remembers which of its entries were touched since it was last asked, so that what changed can be
//! written down without looking at the rest.

use std::borrow::Borrow;
use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// See the module documentation. Every way to change an entry marks its key.
#[derive(Debug)]
pub(crate) struct Tracked<K, V> {
    map: BTreeMap<K, V>,
    touched: BTreeSet<K>,
}

/// How one entry is now; no value: it is gone.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Change<K, V> {
    pub(crate) key: K,
    pub(crate) value: Option<V>,
}

impl<K, V> Default for Tracked<K, V> {
    fn default() -> Self {
        Self {
            map: BTreeMap::new(),
            touched: BTreeSet::new(),
        }
    }
}

impl<K: Ord + Clone, V: Clone> Tracked<K, V> {
    pub(crate) fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.map.get(key)
    }

    pub(crate) fn get_mut<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        let (found, _) = self.map.get_key_value(key)?;
        self.touched.insert(found.clone());
        self.map.get_mut(key)
    }

    pub(crate) fn insert(&mut self, key: K, value: V) {
        self.touched.insert(key.clone());
        self.map.insert(key, value);
    }

    pub(crate) fn remove<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        let (key, value) = self.map.remove_entry(key)?;
        self.touched.insert(key);
        Some(value)
    }

    pub(crate) fn retain(&mut self, keep: impl Fn(&V) -> bool) {
        let touched = &mut self.touched;
        self.map.retain(|key, value| {
            let kept = keep(value);
            if !kept {
                touched.insert(key.clone());
            }
            kept
        });
    }

    pub(crate) fn clear(&mut self) {
        self.touched
            .extend(std::mem::take(&mut self.map).into_keys());
    }

    pub(crate) fn first(&self) -> Option<(&K, &V)> {
        self.map.first_key_value()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.map.iter()
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = &V> {
        self.map.values()
    }

    pub(crate) fn len(&self) -> usize {
        self.map.len()
    }

    /// Puts an entry back as a change says it was.
    pub(crate) fn apply(&mut self, change: Change<K, V>) {
        match change.value {
            Some(value) => self.insert(change.key, value),
            None => drop(self.remove(&change.key)),
        }
    }

    /// The entries touched since the last call, as they are now.
    pub(crate) fn take_changes(&mut self) -> Vec<Change<K, V>> {
        let touched = std::mem::take(&mut self.touched);
        let now = |key: K| Change {
            value: self.map.get(&key).cloned(),
            key,
        };
        touched.into_iter().map(now).collect()
    }

    /// Every entry, as a change.
    pub(crate) fn everything(&self) -> impl Iterator<Item = Change<K, V>> {
        self.map.iter().map(|(key, value)| Change {
            key: key.clone(),
            value: Some(value.clone()),
        })
    }

    pub(crate) fn forget_changes(&mut self) {
        self.touched.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_touched_is_told_once_as_it_is_now() {
        let mut map = Tracked::default();
        ["a", "b", "c"]
            .into_iter()
            .for_each(|key| map.insert(key, 1));
        map.forget_changes();
        map.retain(|_| true);
        map.get_mut("a").into_iter().for_each(|value| *value = 2);
        map.remove("b");
        map.insert("d", 4);
        map.remove("d");
        let told: Vec<_> = map
            .take_changes()
            .into_iter()
            .map(|c| (c.key, c.value))
            .collect();
        assert_eq!(told, [("a", Some(2)), ("b", None), ("d", None)]);
        assert!(map.take_changes().is_empty());
        map.clear();
        assert_eq!(map.take_changes().len(), 2);
    }
}
