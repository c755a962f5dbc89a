//! Which namespaces exist, which may come to be, and when one of them ends.

mod name;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::sync::Arc;

pub use self::name::{InvalidNamespaceName, MAX_NAMESPACE_NAME, namespace_name};
use crate::HashKey;

/// One namespace of a directory, from its beginning to its end: a later one of the same name has
/// another key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NamespaceKey(u64);

/// One parent of a directory; never that of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ParentKey(u64);

/// The namespaces of a server, and what the caller keeps for each, a `T`.
///
/// Those that the caller [inserts](Self::insert) stay until they are removed. Beside them there may
/// be parents, with a `P` for each, that decide which other names a client may ask for: for such a
/// name a child is made, which stays as long as somebody is there. The caller counts nobody: it says
/// who comes ([`route`](Self::route), [`enter`](Self::enter)), and for each of them, once, who
/// [leaves](Self::leave).
///
/// A namespace that exists is found before any parent is asked; parents are asked in the order in
/// which they were inserted, and the first that says yes has the child.
pub struct Namespaces<T, P = ()> {
    by_name: HashMap<Arc<str>, NamespaceKey, HashKey>,
    /// In the order in which they came to be.
    entries: BTreeMap<NamespaceKey, Entry<T>>,
    /// In the order in which they are asked.
    parents: BTreeMap<ParentKey, Parent<P>>,
    /// How many keys were given out.
    keys: u64,
}

struct Entry<T> {
    name: Arc<str>,
    value: T,
    parent: Option<ParentKey>,
    /// How many are there; `None` if that does not matter, because the namespace stays.
    visitors: Option<usize>,
}

struct Parent<P> {
    value: P,
    children: BTreeSet<NamespaceKey>,
}

/// Where a client that asks for a namespace is sent.
#[derive(Debug)]
pub enum Route<'a, T, P> {
    /// Into this one, where it counts as a visitor from now on.
    Into(&'a T),
    /// To this parent. If it says yes, [`Namespaces::enter`]; if no, on with
    /// [`Namespaces::route`].
    Ask(ParentKey, &'a P),
    /// Away: there is no such namespace.
    Nowhere,
}

/// A namespace that was made, or was there already.
#[derive(Debug)]
pub struct Entered<'a, T> {
    /// What is kept for it.
    pub value: &'a T,
    /// Whether it was made by this call.
    pub is_new: bool,
}

impl<T, P> Namespaces<T, P> {
    /// A directory without a namespace, not even `"/"`.
    pub fn new(key: HashKey) -> Self {
        Self {
            by_name: HashMap::with_hasher(key),
            entries: BTreeMap::new(),
            parents: BTreeMap::new(),
            keys: 0,
        }
    }

    /// The namespace of this name, normalised by [`namespace_name`], which stays from now on; made
    /// if there was none.
    ///
    /// # Errors
    ///
    /// If the name is not one; nothing is changed then.
    pub fn insert(
        &mut self,
        name: &str,
        make: impl FnOnce(NamespaceKey) -> T,
    ) -> Result<Entered<'_, T>, InvalidNamespaceName> {
        let name = namespace_name(name)?;
        if let Some(&key) = self.by_name.get(&*name) {
            return Ok(self.keep(key));
        }
        let key = self.next_key();
        let entry = Entry::new(&name, make(key), None, None);
        Ok(self.add(key, entry))
    }

    /// As [`insert`](Self::insert), for a namespace that is a child of this parent if it is made
    /// now. `None` if there is no such parent.
    ///
    /// # Errors
    ///
    /// If the name is not one; nothing is changed then.
    pub fn insert_child(
        &mut self,
        parent: ParentKey,
        name: &str,
        make: impl FnOnce(NamespaceKey, &P) -> T,
    ) -> Result<Option<Entered<'_, T>>, InvalidNamespaceName> {
        let name = namespace_name(name)?;
        if let Some(&key) = self.by_name.get(&*name) {
            return Ok(Some(self.keep(key)));
        }
        let key = self.next_key();
        let Some(value) = self.parent(parent).map(|parent| make(key, parent)) else {
            return Ok(None);
        };
        Ok(Some(self.add(key, Entry::new(&name, value, Some(parent), None))))
    }

    /// Where a client goes that asks for exactly this name: a missing slash is not put in.
    ///
    /// Begin without `refused_by`, and go on with whoever said no. A parent that was inserted
    /// meanwhile is asked, too, and one that was removed is not.
    pub fn route(&mut self, name: &str, refused_by: Option<ParentKey>) -> Route<'_, T, P> {
        if let Some(&key) = self.by_name.get(name) {
            return Route::Into(&self.visit(key).value);
        }
        let after = refused_by.map_or(0, |ParentKey(key)| key + 1);
        match self.parents.range(ParentKey(after)..).next() {
            // It could not be made: there is no use in asking.
            Some((key, parent)) if is_complete(name) => Route::Ask(*key, &parent.value),
            _ => Route::Nowhere,
        }
    }

    /// A parent said yes to a client that asks for this name: the client is a visitor from now on
    /// of the namespace that came to be meanwhile, or of a new child.
    ///
    /// `None` if the parent was removed meanwhile, or the name is not one.
    pub fn enter(
        &mut self,
        parent: ParentKey,
        name: &str,
        make: impl FnOnce(NamespaceKey, &P) -> T,
    ) -> Option<Entered<'_, T>> {
        if let Some(&key) = self.by_name.get(name) {
            return Some(Entered { value: &self.visit(key).value, is_new: false });
        }
        if !is_complete(name) {
            return None;
        }
        let key = self.next_key();
        let value = make(key, self.parent(parent)?);
        Some(self.add(key, Entry::new(name, value, Some(parent), Some(1))))
    }

    /// A visitor is gone. If it was the last, and the namespace is not one that stays, that ends:
    /// what was kept for it is returned. A stale key is none's.
    pub fn leave(&mut self, key: NamespaceKey) -> Option<T> {
        let visitors = self.entries.get_mut(&key)?.visitors.as_mut()?;
        *visitors = visitors.saturating_sub(1);
        if *visitors > 0 {
            return None;
        }
        self.remove(key)
    }

    /// Ends a namespace, whoever is there.
    pub fn remove(&mut self, key: NamespaceKey) -> Option<T> {
        let Entry { name, value, parent, .. } = self.entries.remove(&key)?;
        self.by_name.remove(&name);
        if self.by_name.len() < self.by_name.capacity() / 4 {
            // Names are the clients' to choose: many at one time are no reason to keep room for them.
            self.by_name.shrink_to(self.by_name.len() * 2);
        }
        if let Some(parent) = parent.and_then(|parent| self.parents.get_mut(&parent)) {
            parent.children.remove(&key);
        }
        Some(value)
    }

    /// A parent, that is asked behind those that there are.
    pub fn insert_parent(&mut self, make: impl FnOnce(ParentKey) -> P) -> ParentKey {
        self.keys += 1;
        let key = ParentKey(self.keys);
        self.parents.insert(key, Parent { value: make(key), children: BTreeSet::new() });
        key
    }

    /// What is kept for a parent.
    pub fn parent(&self, key: ParentKey) -> Option<&P> {
        Some(&self.parents.get(&key)?.value)
    }

    /// All parents, in the order in which they are asked.
    pub fn parents(&self) -> impl Iterator<Item = (ParentKey, &P)> {
        self.parents.iter().map(|(key, parent)| (*key, &parent.value))
    }

    /// The children of a parent, in the order in which they came to be.
    pub fn children(&self, key: ParentKey) -> impl Iterator<Item = &T> {
        let children = self.parents.get(&key).into_iter().flat_map(|parent| &parent.children);
        children.filter_map(|child| Some(&self.entries.get(child)?.value))
    }

    /// Ends a parent, and with it its children, whoever is there.
    pub fn remove_parent(&mut self, key: ParentKey) -> Option<(P, Vec<T>)> {
        let Parent { value, children } = self.parents.remove(&key)?;
        let children = children.into_iter().filter_map(|child| self.remove(child)).collect();
        Some((value, children))
    }

    /// What is kept for the namespace of exactly this name; a missing slash is not put in.
    pub fn get(&self, name: &str) -> Option<&T> {
        let key = self.by_name.get(name)?;
        Some(&self.entries.get(key)?.value)
    }

    /// As [`get`](Self::get), if it is a namespace that stays: whoever goes there need not be counted.
    pub fn get_lasting(&self, name: &str) -> Option<&T> {
        let entry = self.entries.get(self.by_name.get(name)?)?;
        entry.visitors.is_none().then_some(&entry.value)
    }

    /// What is kept for the namespace of exactly this name; a missing slash is not put in.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut T> {
        let key = self.by_name.get(name)?;
        Some(&mut self.entries.get_mut(key)?.value)
    }

    /// What is kept for each, in the order in which they came to be.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.entries.values().map(|entry| &entry.value)
    }

    /// The names, in the order in which the namespaces came to be.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.values().map(|entry| &*entry.name)
    }

    /// How many namespaces there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    fn next_key(&mut self) -> NamespaceKey {
        self.keys += 1;
        NamespaceKey(self.keys)
    }

    fn entry(&mut self, key: NamespaceKey) -> &mut Entry<T> {
        self.entries.get_mut(&key).expect("every name is that of an entry")
    }

    fn visit(&mut self, key: NamespaceKey) -> &Entry<T> {
        let entry = self.entry(key);
        if let Some(visitors) = &mut entry.visitors {
            *visitors += 1;
        }
        entry
    }

    fn keep(&mut self, key: NamespaceKey) -> Entered<'_, T> {
        let entry = self.entry(key);
        entry.visitors = None;
        Entered { value: &entry.value, is_new: false }
    }

    fn add(&mut self, key: NamespaceKey, entry: Entry<T>) -> Entered<'_, T> {
        if let Some(parent) = entry.parent.and_then(|parent| self.parents.get_mut(&parent)) {
            parent.children.insert(key);
        }
        self.by_name.insert(Arc::clone(&entry.name), key);
        Entered { value: &self.entries.entry(key).or_insert(entry).value, is_new: true }
    }
}

impl<T> Entry<T> {
    fn new(name: &str, value: T, parent: Option<ParentKey>, visitors: Option<usize>) -> Self {
        Self { name: name.into(), value, parent, visitors }
    }
}

/// Whether a name can be one as it stands.
fn is_complete(name: &str) -> bool {
    name.starts_with('/') && namespace_name(name).is_ok()
}

impl<T, P> fmt::Debug for Namespaces<T, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Namespaces ")?;
        f.debug_list().entries(self.names()).finish()
    }
}
