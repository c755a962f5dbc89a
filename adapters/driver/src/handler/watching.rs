//! Hooks that see all events, and all that happens to rooms.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use klatch_core::{Payload, RoomEvent};

use super::Handlers;
use crate::socket::Socket;
use crate::sync::atomic::Ordering;

type Hook = Arc<dyn Fn(&Socket, &str, &Payload) + Send + Sync>;

pub(super) type OnRoomEvent = Arc<dyn Fn(&str, &RoomEvent) + Send + Sync>;

/// Hooks that are called one after the other.
#[derive(Clone)]
pub(crate) struct Watchers(Arc<[Hook]>);

impl Watchers {
    /// These with one more, behind them.
    fn then(before: Option<&Self>, hook: Hook) -> Self {
        Self(before.iter().flat_map(|before| before.0.iter().cloned()).chain([hook]).collect())
    }

    /// These with one more, before them.
    fn after(hook: Hook, before: Option<&Self>) -> Self {
        let rest = before.iter().flat_map(|before| before.0.iter().cloned());
        Self([hook].into_iter().chain(rest).collect())
    }

    /// Shows them an event.
    pub(crate) fn see(&self, socket: &Socket, event: &str, args: &Payload) {
        for hook in &*self.0 {
            // It may run in the connection's own task, which has other namespaces to care for.
            if catch_unwind(AssertUnwindSafe(|| hook(socket, event, args))).is_err() {
                let namespace = socket.namespace_name();
                tracing::error!(namespace, event, "a hook that sees all events panicked");
            }
        }
    }
}

impl Handlers {
    /// Calls `hook` with every event that arrives, whether or not somebody handles it: before its
    /// [middlewares](Self::event_middleware) and its handler, and behind the hooks that were added
    /// before. It may not block. A panic is logged, and nothing else.
    ///
    /// Answers, connects and disconnects are no events.
    pub fn on_any(&self, hook: impl Fn(&Socket, &str, &Payload) + Send + Sync + 'static) {
        let hook: Hook = Arc::new(hook);
        drop(self.replace(|table| {
            let all = Watchers::then(table.any.as_ref(), hook);
            table.any.replace(all)
        }));
    }

    /// As [`on_any`](Self::on_any), but before the hooks that were added before.
    pub fn prepend_any(&self, hook: impl Fn(&Socket, &str, &Payload) + Send + Sync + 'static) {
        let hook: Hook = Arc::new(hook);
        drop(self.replace(|table| {
            let all = Watchers::after(hook, table.any.as_ref());
            table.any.replace(all)
        }));
    }

    /// Removes all hooks of [`on_any`](Self::on_any).
    pub fn off_any(&self) {
        drop(self.replace(|table| table.any.take()));
    }

    /// Calls `hook` with every event that is sent, with the socket that it is for: once for each that
    /// a broadcast reaches. It is called by whoever sends, when the event is queued, and behind the
    /// hooks that were added before. It may not block. A panic is logged, and nothing else. What it
    /// sends itself is shown to it, too: without a condition, that has no end.
    ///
    /// What is not queued is not seen: a volatile event that is dropped, or one for a client that is
    /// gone. Nor is what a client is sent again because it was
    /// [lost](crate::Builder::recovery) meanwhile. If several threads send at the same time, the order
    /// of these calls may be another than that of the packets.
    pub fn on_any_outgoing(&self, hook: impl Fn(&Socket, &str, &Payload) + Send + Sync + 'static) {
        let hook: Hook = Arc::new(hook);
        drop(self.replace(|table| {
            let all = Watchers::then(table.outgoing.as_ref(), hook);
            table.outgoing.replace(all)
        }));
    }

    /// As [`on_any_outgoing`](Self::on_any_outgoing), but before the hooks that were added before.
    pub fn prepend_any_outgoing(
        &self,
        hook: impl Fn(&Socket, &str, &Payload) + Send + Sync + 'static,
    ) {
        let hook: Hook = Arc::new(hook);
        drop(self.replace(|table| {
            let all = Watchers::after(hook, table.outgoing.as_ref());
            table.outgoing.replace(all)
        }));
    }

    /// Removes all hooks of [`on_any_outgoing`](Self::on_any_outgoing).
    pub fn off_any_outgoing(&self) {
        drop(self.replace(|table| table.outgoing.take()));
    }

    /// Who sees what is sent; `None` if nobody does.
    pub(crate) fn outgoing(&self) -> Option<Watchers> {
        // Most namespaces have none, and would share a lock among all who send for nothing.
        self.is_watched.load(Ordering::Acquire).then_some(())?;
        self.table.read().outgoing.clone()
    }
}

impl Handlers {
    /// Calls `hook` with the namespace's name and with whatever happens to its rooms from now on: a
    /// room is created before the first joins it, and deleted after the last has left. The rooms named by
    /// sockets' ids are among them: created and joined when one connects, left and deleted when it
    /// disconnects. Only what changes something is told. Replaces the one before.
    ///
    /// It is told in the order in which it happens, whoever does it, and before the change's caller
    /// goes on, unless another thread is telling at that moment: that one goes on with it then, and
    /// with what the hook itself does. It may not block: what happens meanwhile waits in memory. A panic is
    /// logged, and nothing else.
    pub fn on_room_event(&self, hook: impl Fn(&str, &RoomEvent) + Send + Sync + 'static) {
        let hook: OnRoomEvent = Arc::new(hook);
        drop(self.replace(|table| table.room_event.replace(hook)));
    }

    /// Removes the hook of [`on_room_event`](Self::on_room_event).
    pub fn off_room_event(&self) {
        drop(self.replace(|table| table.room_event.take()));
    }

    /// Whether somebody wants to know what happens to rooms.
    pub(crate) fn are_rooms_watched(&self) -> bool {
        self.are_rooms_watched.load(Ordering::Acquire)
    }

    pub(crate) fn room_event(&self, namespace: &str, event: &RoomEvent) {
        let hook = self.table.read().room_event.clone();
        let Some(hook) = hook else { return };
        if catch_unwind(AssertUnwindSafe(|| hook(namespace, event))).is_err() {
            tracing::error!(namespace, "the hook for rooms panicked");
        }
    }
}
