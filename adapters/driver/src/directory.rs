//! The namespaces of a server: how they come to be, and how they end.

mod search;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;

use klatch_core::{HashKey, NamespaceKey, Namespaces, ParentKey, Route};

pub(crate) use self::search::{Search, Searching};
use crate::entropy;
use crate::housekeeper::Housekeeper;
use crate::namespace::{self, Namespace};
use crate::parent::{self, Captures};
use crate::recovery::Recovery;
use crate::sync::RwLock;

type OnNew = Arc<dyn Fn(&Namespace) + Send + Sync>;

/// The namespaces of a server, and the parents of those that come and go.
///
/// Its lock is held for a few moves at a time. All that is taken under it is a parent's handlers, to be
/// shared with a child.
pub(crate) struct Directory {
    pub(crate) housekeeper: Arc<Housekeeper>,
    pub(crate) recovery: Option<Recovery>,
    /// Whether children end with the last who was there.
    frees_children: bool,
    namespaces: RwLock<Namespaces<Arc<namespace::Inner>, Arc<parent::Inner>>>,
    on_new: RwLock<Option<OnNew>>,
}

/// Where a client that asks for a namespace finds it.
pub(crate) enum Found {
    Here(Visit),
    Nowhere,
    /// It takes a [`Search`].
    Somewhere,
}

impl Directory {
    pub(crate) fn new(
        housekeeper: Arc<Housekeeper>,
        recovery: Option<Recovery>,
        frees_children: bool,
    ) -> Self {
        let namespaces = Namespaces::new(HashKey::from_entropy(entropy::bytes()));
        Self {
            housekeeper,
            recovery,
            frees_children,
            namespaces: RwLock::new(namespaces),
            on_new: RwLock::new(None),
        }
    }

    /// The namespace of this name, which stays from now on.
    ///
    /// # Panics
    ///
    /// If it cannot be one, or what is told of new ones panics.
    pub(crate) fn insert(self: &Arc<Self>, name: &str) -> Arc<namespace::Inner> {
        let name = match klatch_core::namespace_name(name) {
            Ok(name) => name,
            Err(error) => panic!("{name:?} cannot name a namespace: {error}"),
        };
        let (namespace, is_new) = {
            let mut namespaces = self.namespaces.write();
            let matching =
                |(key, parent): (_, &Arc<parent::Inner>)| Some((key, parent.matches(&name)?));
            let parent = namespaces.parents().find_map(matching);
            let entered = if let Some((parent, captures)) = parent {
                let make = |key, parent: &Arc<parent::Inner>| {
                    namespace::Inner::child(self, key, &name, parent, Some(captures))
                };
                namespaces.insert_child(parent, &name, make).map(|it| it.expect("it was found"))
            } else {
                namespaces.insert(&name, |key| namespace::Inner::new(self, key, &name))
            };
            let entered = entered.expect("the name was checked");
            (entered.value.clone(), entered.is_new)
        };
        if is_new && let Err(panic) = self.tell_of(&namespace) {
            resume_unwind(panic);
        }
        namespace
    }

    pub(crate) fn get(&self, name: &str) -> Option<Arc<namespace::Inner>> {
        let name = klatch_core::namespace_name(name).ok()?;
        self.namespaces.read().get(&name).cloned()
    }

    /// All namespaces, in the order in which they came to be.
    pub(crate) fn all(&self) -> Vec<Arc<namespace::Inner>> {
        self.namespaces.read().iter().cloned().collect()
    }

    pub(crate) fn add_parent(
        &self,
        make: impl FnOnce(ParentKey) -> Arc<parent::Inner>,
    ) -> Arc<parent::Inner> {
        let mut namespaces = self.namespaces.write();
        let key = namespaces.insert_parent(make);
        namespaces.parent(key).cloned().expect("it was just inserted")
    }

    pub(crate) fn children(&self, parent: ParentKey) -> Vec<Arc<namespace::Inner>> {
        self.namespaces.read().children(parent).cloned().collect()
    }

    /// Ends a namespace: nobody finds it any more, and who is there is disconnected.
    pub(crate) fn close(&self, namespace: &namespace::Inner) {
        let removed = self.namespaces.write().remove(namespace.key());
        namespace.close();
        // Here, with the lock released: its handlers are the application's.
        drop(removed);
    }

    /// Ends a parent and its children.
    pub(crate) fn close_parent(&self, key: ParentKey) {
        let removed = self.namespaces.write().remove_parent(key);
        let Some((parent, children)) = removed else { return };
        for child in children {
            child.close();
        }
        parent.handlers.forget();
    }

    /// So many who were in a child, or about to be, are gone.
    pub(crate) fn leave(&self, key: NamespaceKey, visitors: usize) {
        for _ in 0..visitors {
            let freed = self.namespaces.write().leave(key);
            if let Some(namespace) = freed {
                tracing::debug!(namespace = namespace.name(), "nobody is left: it ends");
                namespace.close();
            }
        }
    }

    pub(crate) fn on_new(&self, hook: impl Fn(&Namespace) + Send + Sync + 'static) {
        let replaced = self.on_new.write().replace(Arc::new(hook));
        drop(replaced);
    }

    /// Whoever asks for a name that there is, or cannot be.
    pub(crate) fn find(&self, name: &str) -> Found {
        let lasting = self.namespaces.read().get_lasting(name).cloned();
        let visit = match lasting {
            Some(namespace) => Visit::to(namespace),
            None => match self.namespaces.write().route(name, None) {
                Route::Into(namespace) => Visit::to(namespace.clone()),
                Route::Ask(..) => return Found::Somewhere,
                Route::Nowhere => return Found::Nowhere,
            },
        };
        if visit.namespace.opening().is_over() { Found::Here(visit) } else { Found::Somewhere }
    }

    /// A parent lets a client have a namespace of this name.
    fn enter(
        self: &Arc<Self>,
        parent: ParentKey,
        name: &str,
        captures: Option<Captures>,
    ) -> Option<Visit> {
        let (visit, is_new) = self.make_child(parent, name, captures)?;
        if is_new && self.tell_of(&visit.namespace).is_err() {
            return None;
        }
        Some(visit)
    }

    fn make_child(
        self: &Arc<Self>,
        parent: ParentKey,
        name: &str,
        captures: Option<Captures>,
    ) -> Option<(Visit, bool)> {
        let make = |key, parent: &Arc<parent::Inner>| {
            namespace::Inner::child(self, key, name, parent, captures)
        };
        let mut namespaces = self.namespaces.write();
        let entered = if self.frees_children {
            namespaces.enter(parent, name, make)
        } else {
            namespaces.insert_child(parent, name, make).ok().flatten()
        }?;
        Some((Visit::to(entered.value.clone()), entered.is_new))
    }

    /// Tells the application of a new namespace, before anybody is let in. If it panics, what it was
    /// to do there is half done: the namespace ends.
    fn tell_of(&self, namespace: &Arc<namespace::Inner>) -> std::thread::Result<()> {
        let hook = self.on_new.read().clone();
        let told = hook.map_or(Ok(()), |hook| {
            catch_unwind(AssertUnwindSafe(|| hook(&Namespace(namespace.clone()))))
        });
        if told.is_err() {
            tracing::error!(namespace = namespace.name(), "the hook for new namespaces panicked");
            self.close(namespace);
        }
        namespace.opening().end();
        told
    }
}

/// Somebody who found a namespace, and counts there until this is dropped or
/// [handed over](Self::hand_over).
#[must_use = "dropped, it is a goodbye"]
pub(crate) struct Visit {
    namespace: Arc<namespace::Inner>,
    counts: bool,
}

impl Visit {
    fn to(namespace: Arc<namespace::Inner>) -> Self {
        Self { namespace, counts: true }
    }

    /// From here on, whoever takes it says goodbye.
    pub(crate) fn hand_over(mut self) -> Arc<namespace::Inner> {
        self.counts = false;
        self.namespace.clone()
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        if self.counts {
            self.namespace.vacate(1);
        }
    }
}
