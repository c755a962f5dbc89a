//! A client that asks for a namespace which somebody has to decide on.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::task::Poll;

use futures::FutureExt as _;
use klatch_core::{ParentKey, Payload, Route, Slot, Text};

use super::{Directory, Visit};
use crate::link::{InFlight, Link};
use crate::parent::{self, Answer};
use crate::start::{begin_boxed, start};
use crate::sync::Mutex;

/// A client that asks for a namespace, until it is known whether there is one for it.
pub(crate) struct Search {
    pub(crate) slot: Slot,
    pub(crate) name: Text,
    pub(crate) auth: Payload,
    outcome: Mutex<Outcome>,
}

enum Outcome {
    Open,
    Found(Option<Visit>),
    /// The client is gone.
    GivenUp,
}

/// Where the next step of a search leads.
enum Step {
    Into(Visit),
    Ask(ParentKey, Arc<parent::Inner>),
    Nowhere,
}

impl Search {
    /// Asks the parents, one after the other. What comes of it is for [`take`](Self::take); the
    /// connection's task is told.
    pub(crate) fn start(
        directory: Arc<Directory>,
        link: &Arc<Link>,
        slot: Slot,
        name: Text,
        auth: Payload,
    ) -> Arc<Self> {
        let search = Arc::new(Self { slot, name, auth, outcome: Mutex::new(Outcome::Open) });
        let asking = {
            let (search, link) = (search.clone(), link.clone());
            async move {
                let found = directory.search(&search).await;
                search.settle(found, &link);
            }
        };
        let goes_on = || {
            let (search, failed) = (search.clone(), link.clone());
            (InFlight::new(link), move || search.settle(None, &failed))
        };
        if start(&link.hub, || begin_boxed(asking), goes_on).is_err() {
            search.settle(None, link);
        }
        search
    }

    fn settle(&self, found: Option<Visit>, link: &Link) {
        let mut outcome = self.outcome.lock();
        if !matches!(*outcome, Outcome::Open) {
            drop(outcome);
            // Here, with the lock released: a namespace may end with it.
            drop(found);
            return;
        }
        *outcome = Outcome::Found(found);
        drop(outcome);
        link.mailbox.nudge();
    }

    /// What came of it, once: nothing if there is no such namespace.
    fn take(&self) -> Poll<Option<Visit>> {
        let mut outcome = self.outcome.lock();
        match std::mem::replace(&mut *outcome, Outcome::GivenUp) {
            Outcome::Found(found) => Poll::Ready(found),
            other => {
                *outcome = other;
                Poll::Pending
            }
        }
    }

    fn is_given_up(&self) -> bool {
        matches!(*self.outcome.lock(), Outcome::GivenUp)
    }

    /// The client is gone: what is found now is left at once.
    fn give_up(&self) {
        let before = std::mem::replace(&mut *self.outcome.lock(), Outcome::GivenUp);
        drop(before);
    }
}

/// The searches of one connection. They are given up when it is dropped.
#[derive(Default)]
pub(crate) struct Searching(Vec<Arc<Search>>);

impl Searching {
    pub(crate) fn add(&mut self, search: Arc<Search>) {
        self.0.push(search);
    }

    /// One that is over, and what came of it.
    pub(crate) fn take(&mut self) -> Option<(Arc<Search>, Option<Visit>)> {
        let mut searches = self.0.iter().enumerate();
        let (at, found) = searches.find_map(|(at, search)| match search.take() {
            Poll::Ready(found) => Some((at, found)),
            Poll::Pending => None,
        })?;
        Some((self.0.remove(at), found))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Drop for Searching {
    fn drop(&mut self) {
        for search in &self.0 {
            search.give_up();
        }
    }
}

impl Directory {
    /// Looks for the namespace; `None` if there is none, or nobody wants it any more.
    async fn search(self: Arc<Self>, search: &Search) -> Option<Visit> {
        let mut refused_by = None;
        loop {
            let visit = match self.step(&search.name, refused_by) {
                Step::Into(visit) => visit,
                Step::Nowhere => return None,
                Step::Ask(key, parent) => {
                    let answer = ask(&parent, search).await;
                    if search.is_given_up() {
                        return None;
                    }
                    let entered = match answer {
                        Answer::Yes(captures) => self.enter(key, &search.name, captures),
                        Answer::No => None,
                    };
                    let Some(visit) = entered else {
                        refused_by = Some(key);
                        continue;
                    };
                    visit
                }
            };
            // Its middlewares may be about to be registered.
            visit.namespace.opening().over().await;
            return Some(visit);
        }
    }

    fn step(&self, name: &str, refused_by: Option<ParentKey>) -> Step {
        match self.namespaces.write().route(name, refused_by) {
            Route::Into(namespace) => Step::Into(Visit::to(namespace.clone())),
            Route::Ask(key, parent) => Step::Ask(key, parent.clone()),
            Route::Nowhere => Step::Nowhere,
        }
    }
}

/// A panic is a no.
async fn ask(parent: &parent::Inner, search: &Search) -> Answer {
    let asked = parent.admits(&search.name, &search.auth);
    AssertUnwindSafe(asked).catch_unwind().await.unwrap_or_else(|_| {
        tracing::error!(namespace = &*search.name, "the predicate for a namespace panicked");
        Answer::No
    })
}
