//! Objects by id, listed in the order in which they were added.

use std::collections::{BTreeMap, HashMap};

use super::Id;

/// A table of objects. Access by id and removal cost the same however many there are.
#[derive(Clone, Debug)]
pub(crate) struct Table<T> {
    rows: BTreeMap<u64, (Id, T)>,
    serials: HashMap<Id, u64>,
    next: u64,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { rows: BTreeMap::new(), serials: HashMap::new(), next: 0 }
    }
}

impl<T> Table<T> {
    /// Number of objects.
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Adds an object at the end; one with the same id is replaced.
    pub(crate) fn insert(&mut self, id: Id, object: T) {
        if let Some(serial) = self.serials.insert(id.clone(), self.next) {
            self.rows.remove(&serial);
        }
        self.rows.insert(self.next, (id, object));
        self.next += 1;
    }

    /// The object with an id.
    pub(crate) fn get(&self, id: &str) -> Option<&T> {
        let serial = self.serials.get(id)?;
        self.rows.get(serial).map(|(_, object)| object)
    }

    /// The object with an id, to be changed.
    pub(crate) fn get_mut(&mut self, id: &str) -> Option<&mut T> {
        let serial = self.serials.get(id)?;
        self.rows.get_mut(serial).map(|(_, object)| object)
    }

    /// Whether there is an object with an id.
    pub(crate) fn contains(&self, id: &str) -> bool {
        self.serials.contains_key(id)
    }

    /// Takes an object out.
    pub(crate) fn remove(&mut self, id: &str) -> Option<T> {
        let serial = self.serials.remove(id)?;
        self.rows.remove(&serial).map(|(_, object)| object)
    }

    /// All objects, oldest first.
    pub(crate) fn values(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.rows.values().map(|(_, object)| object)
    }

    /// All objects, oldest first, to be changed.
    pub(crate) fn values_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.rows.values_mut().map(|(_, object)| object)
    }

    /// All objects with their serial numbers, from a number on. A listing that is cut into pages goes on from the
    /// number after that of its last object, whatever was removed meanwhile.
    pub(crate) fn starting_at(&self, serial: u64) -> impl Iterator<Item = (u64, &T)> {
        self.rows.range(serial..).map(|(serial, (_, object))| (*serial, object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_is_that_of_addition() {
        let mut table = Table::default();
        for name in ["c", "a", "b"] {
            table.insert(name.into(), name);
        }
        assert_eq!(table.remove("a"), Some("a"));
        table.insert("a".into(), "again");
        assert_eq!(table.values().copied().collect::<Vec<_>>(), ["c", "b", "again"]);
        assert_eq!(table.get("a"), Some(&"again"));
        assert_eq!(table.starting_at(2).map(|(serial, _)| serial).collect::<Vec<_>>(), [2, 3]);
        assert!(table.len() == 3 && table.contains("b") && !table.contains("d"));
    }
}
