//! Parents: what makes namespaces for names that clients choose.

mod broadcast;
mod pattern;

use std::fmt;
use std::future::Future;
use std::ops::Deref;
use std::sync::{Arc, Weak};

use futures::future::BoxFuture;
use klatch_core::{ParentKey, Payload, Target, ToArgs};

pub use self::broadcast::ParentBroadcast;
pub use self::pattern::InvalidPattern;
pub(crate) use self::pattern::{Captures, Pattern};
use crate::directory::Directory;
use crate::error::EmitError;
use crate::handler::Handlers;
use crate::namespace::{self, Namespace};
use crate::rooms::Rooms;

/// Namespaces that are made when a client asks for them, as children of this one:
/// [`Server::namespaces_matching`] and [`Server::namespaces_where`] say which. Cheap to clone.
///
/// Handlers are registered by the methods of [`Handlers`]. A child has those that its parent had when
/// it was made, and may be given more of its own, in
/// [`Server::on_new_namespace`] at the earliest.
///
/// A child ends with the last socket that was in it, unless
/// [the builder](crate::Builder::cleanup_empty_child_namespaces) says otherwise: sockets that are
/// about to connect count, and so do those that were lost and
/// [may come back](crate::Builder::recovery). The next client that asks for its name gets a new one.
///
/// [`Server::namespaces_matching`]: crate::Server::namespaces_matching
/// [`Server::namespaces_where`]: crate::Server::namespaces_where
/// [`Server::on_new_namespace`]: crate::Server::on_new_namespace
#[derive(Clone)]
pub struct ParentNamespace(pub(crate) Arc<Inner>);

type Predicate = Box<dyn Fn(String, Payload) -> BoxFuture<'static, bool> + Send + Sync>;

pub(crate) struct Inner {
    key: ParentKey,
    decides: Decides,
    pub(crate) handlers: Handlers,
    directory: Weak<Directory>,
}

/// What decides which children there may be.
enum Decides {
    Pattern(Pattern),
    Predicate(Predicate),
}

/// Whether a client may have a namespace.
pub(crate) enum Answer {
    /// It may: with what the pattern captured, if it was one that decided.
    Yes(Option<Captures>),
    No,
}

impl ParentNamespace {
    /// Its children, in the order in which they were made.
    pub fn children(&self) -> Vec<Namespace> {
        self.0.children().into_iter().map(Namespace).collect()
    }

    /// Sends an event to everybody in all its children; see [`ParentBroadcast::emit`].
    ///
    /// # Errors
    ///
    /// If the value cannot be encoded.
    pub fn emit(&self, event: &str, args: &(impl ToArgs + ?Sized)) -> Result<(), EmitError> {
        self.everybody().emit(event, args)
    }

    /// Everybody in all its children.
    pub fn everybody(&self) -> ParentBroadcast {
        ParentBroadcast::new(self.0.clone(), Target::all())
    }

    /// The members of a room, or of several, in whichever of the children.
    pub fn to<N>(&self, rooms: impl Rooms<N>) -> ParentBroadcast {
        self.everybody().to(rooms)
    }

    /// Everybody but the members of a room, or of several.
    pub fn except<N>(&self, rooms: impl Rooms<N>) -> ParentBroadcast {
        self.everybody().except(rooms)
    }

    /// [`ParentBroadcast::volatile`] for everybody.
    pub fn volatile(&self) -> ParentBroadcast {
        self.everybody().volatile()
    }

    /// [`ParentBroadcast::compress`] for everybody.
    pub fn compress(&self, compress: bool) -> ParentBroadcast {
        self.everybody().compress(compress)
    }

    /// [`ParentBroadcast::local`] for everybody.
    pub fn local(&self) -> ParentBroadcast {
        self.everybody().local()
    }

    /// Ends it and all its children: their sockets are disconnected, as [`Namespace::close`] does, and
    /// no child is made any more.
    pub fn close(&self) {
        if let Some(directory) = self.0.directory.upgrade() {
            directory.close_parent(self.0.key);
        }
    }
}

impl Deref for ParentNamespace {
    type Target = Handlers;

    fn deref(&self) -> &Handlers {
        &self.0.handlers
    }
}

impl fmt::Debug for ParentNamespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("ParentNamespace");
        if let Decides::Pattern(pattern) = &self.0.decides {
            shown.field("pattern", &pattern.as_str());
        }
        shown.finish_non_exhaustive()
    }
}

impl Inner {
    pub(crate) fn by_pattern(
        directory: &Arc<Directory>,
        key: ParentKey,
        pattern: Pattern,
    ) -> Arc<Self> {
        Self::new(directory, key, Decides::Pattern(pattern))
    }

    pub(crate) fn by_predicate<F, Fut>(
        directory: &Arc<Directory>,
        key: ParentKey,
        admits: F,
    ) -> Arc<Self>
    where
        F: FnOnce(String, Payload) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = bool> + Send + 'static,
    {
        let predicate: Predicate = Box::new(move |name, auth| {
            let admits = admits.clone();
            // Called when the future is polled, which is where a panic is caught.
            Box::pin(async move { admits(name, auth).await })
        });
        Self::new(directory, key, Decides::Predicate(predicate))
    }

    fn new(directory: &Arc<Directory>, key: ParentKey, decides: Decides) -> Arc<Self> {
        let directory = Arc::downgrade(directory);
        Arc::new(Self { key, decides, handlers: Handlers::default(), directory })
    }

    /// Whether a client may have a namespace of this name.
    pub(crate) async fn admits(&self, name: &str, auth: &Payload) -> Answer {
        let answer = match &self.decides {
            Decides::Pattern(pattern) => pattern.captures(name).map(Some),
            Decides::Predicate(admits) => {
                admits(name.to_owned(), auth.clone()).await.then_some(None)
            }
        };
        answer.map_or(Answer::No, Answer::Yes)
    }

    /// As [`admits`](Self::admits) for the application itself, of which no predicate is asked.
    pub(crate) fn matches(&self, name: &str) -> Option<Captures> {
        match &self.decides {
            Decides::Pattern(pattern) => pattern.captures(name),
            Decides::Predicate(_) => None,
        }
    }

    pub(crate) fn children(&self) -> Vec<Arc<namespace::Inner>> {
        let directory = self.directory.upgrade();
        directory.map_or_else(Vec::new, |directory| directory.children(self.key))
    }
}
