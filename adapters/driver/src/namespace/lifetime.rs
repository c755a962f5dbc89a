//! How a namespace begins and ends.

use std::sync::{Arc, Weak};

use klatch_core::{HashKey, NamespaceKey, SocketMap};

use super::{Asking, Inner, News, Publish};
use crate::directory::Directory;
use crate::entropy;
use crate::handler::Handlers;
use crate::housekeeper::Appointment;
use crate::parent::{self, Captures};
use crate::recovery::Recovery;
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::sync::{Event, Mutex};

/// What makes a namespace this one, and its way back to whoever keeps it.
pub(super) struct Origin {
    key: NamespaceKey,
    directory: Weak<Directory>,
    /// Whether a parent made it.
    is_child: bool,
    pub(super) captures: Option<Captures>,
}

/// The time from when a namespace can be found until the application has been told of it. Nobody is
/// let in before: what it registers is for all.
#[derive(Debug, Default)]
pub(crate) struct Opening {
    is_over: AtomicBool,
    ends: Event,
}

impl Opening {
    pub(crate) fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Acquire)
    }

    pub(crate) fn end(&self) {
        self.is_over.store(true, Ordering::Release);
        self.ends.notify(usize::MAX);
    }

    pub(crate) async fn over(&self) {
        while !self.is_over() {
            let ends = self.ends.listen();
            if !self.is_over() {
                ends.await;
            }
        }
    }
}

impl Inner {
    /// A namespace without a parent.
    pub(crate) fn new(directory: &Arc<Directory>, key: NamespaceKey, name: &str) -> Arc<Self> {
        let origin = Origin::new(directory, key, false, None);
        Self::with(directory, name, origin, Handlers::default())
    }

    /// A namespace with what its parent has at this moment.
    pub(crate) fn child(
        directory: &Arc<Directory>,
        key: NamespaceKey,
        name: &str,
        parent: &parent::Inner,
        captures: Option<Captures>,
    ) -> Arc<Self> {
        let origin = Origin::new(directory, key, true, captures);
        Self::with(directory, name, origin, parent.handlers.snapshot())
    }

    fn with(
        directory: &Arc<Directory>,
        name: &str,
        origin: Origin,
        handlers: Handlers,
    ) -> Arc<Self> {
        let recovery = directory.recovery.as_ref();
        let key = HashKey::from_entropy(entropy::bytes());
        let limits = directory.housekeeper.hub().limits.namespace.clone();
        let mut namespace = klatch_core::Namespace::with_limits(key, limits);
        if let Some(recovery) = recovery {
            namespace = namespace.with_recovery(recovery.limits());
        }
        let publish = Publish {
            namespace,
            members: SocketMap::new(),
            asking: Asking::default(),
            news: News::default(),
            selected: Vec::new(),
            heirs: Vec::new(),
            counted: 0,
            is_closed: false,
        };
        Arc::new_cyclic(|this| Self {
            name: name.into(),
            handlers,
            appointment: directory.housekeeper.appointment(this.clone()),
            parser: directory.housekeeper.parser(),
            housekeeper: directory.housekeeper.clone(),
            origin: Box::new(origin),
            opening: Opening::default(),
            recovers: recovery.is_some(),
            skips_middlewares: recovery.is_some_and(Recovery::skips_middlewares),
            publish: Mutex::new(publish),
        })
    }

    pub(crate) fn key(&self) -> NamespaceKey {
        self.origin.key
    }

    pub(crate) fn appointment(&self) -> &Appointment {
        &self.appointment
    }

    pub(crate) fn opening(&self) -> &Opening {
        &self.opening
    }

    pub(crate) fn directory(&self) -> Option<Arc<Directory>> {
        self.origin.directory.upgrade()
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.publish.lock().is_closed
    }

    /// So many who were here, or about to be, are gone.
    pub(crate) fn vacate(&self, visitors: usize) {
        if self.origin.is_child
            && visitors > 0
            && let Some(directory) = self.directory()
        {
            directory.leave(self.origin.key, visitors);
        }
    }

    /// Lets nobody in any more, and everybody go. Nobody can find it: the directory has seen to that.
    pub(crate) fn close(&self) {
        let mut publish = self.change();
        publish.is_closed = true;
        publish.namespace.forget_away();
        let members = publish.namespace.sockets().filter_map(|key| publish.members.get(key));
        let sockets: Vec<_> = members.map(|member| member.socket.clone()).collect();
        let (events, is_over) = (publish.events(), publish.is_over());
        drop(publish);
        self.tell(events);
        for socket in sockets {
            socket.disconnect();
        }
        if is_over {
            self.handlers.forget();
        }
    }
}

impl Origin {
    fn new(
        directory: &Arc<Directory>,
        key: NamespaceKey,
        is_child: bool,
        captures: Option<Captures>,
    ) -> Self {
        Self { key, directory: Arc::downgrade(directory), is_child, captures }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.housekeeper.cancel(&self.appointment);
    }
}
