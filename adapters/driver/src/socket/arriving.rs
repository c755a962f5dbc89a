//! A socket before it is connected: what middlewares see of it, and what they decide.

use std::sync::Arc;

use klatch_core::{ConnectError, JoinError, SocketKey};

use super::{Life, Socket};
use crate::handler::Middleware;
use crate::link::InFlight;
use crate::start::{begin_boxed, start};
use crate::sync::atomic::Ordering;

impl Socket {
    /// Asks the middlewares, one after the other. What they decide is for
    /// [`take_verdict`](Self::take_verdict); the task is told.
    pub(crate) fn pass(&self, middlewares: Arc<[Middleware]>) {
        let socket = self.clone();
        let asked = async move {
            let verdict = socket.ask(&middlewares).await;
            socket.judge(verdict);
        };
        let link = &self.0.link;
        let goes_on = || {
            let socket = self.clone();
            (InFlight::new(link), move || socket.judge_panicked())
        };
        if start(&link.hub, || begin_boxed(asked), goes_on).is_err() {
            self.judge_panicked();
        }
    }

    async fn ask(&self, middlewares: &[Middleware]) -> Result<(), ConnectError> {
        for middleware in middlewares {
            if !self.is_arriving() {
                // The client is gone: nobody reads the verdict.
                break;
            }
            middleware(self.clone()).await?;
        }
        Ok(())
    }

    fn judge_panicked(&self) {
        tracing::error!(namespace = self.namespace_name(), socket = %self.0.id, "a middleware panicked");
        self.judge(Err(ConnectError::internal()));
    }

    fn judge(&self, verdict: Result<(), ConnectError>) {
        {
            let mut life = self.0.life.lock();
            let Life::Arriving(rooms) = &mut *life else { return };
            *life = Life::Judged(std::mem::take(rooms), verdict);
        }
        self.0.link.mailbox.nudge();
    }

    /// It is let in, but not now: [`take_verdict`](Self::take_verdict) says so again.
    pub(crate) fn postpone(&self) {
        let mut life = self.0.life.lock();
        if let Life::Arriving(rooms) = &mut *life {
            *life = Life::Judged(std::mem::take(rooms), Ok(()));
        }
    }

    /// What the middlewares have decided, once.
    pub(crate) fn take_verdict(&self) -> Option<Result<(), ConnectError>> {
        let mut life = self.0.life.lock();
        match std::mem::replace(&mut *life, Life::Disconnected) {
            Life::Judged(rooms, verdict) => {
                *life = Life::Arriving(rooms);
                Some(verdict)
            }
            other => {
                *life = other;
                None
            }
        }
    }

    pub(super) fn is_arriving(&self) -> bool {
        matches!(*self.0.life.lock(), Life::Arriving(_) | Life::Judged(..))
    }

    /// The rooms that it is to be in, from when it is connected.
    pub(crate) fn promised_rooms(&self) -> Option<Vec<Box<str>>> {
        match &*self.0.life.lock() {
            Life::Arriving(rooms) | Life::Judged(rooms, _) => Some(rooms.clone()),
            Life::Connecting { .. } | Life::Connected | Life::Disconnected => None,
        }
    }

    /// Is promised rooms; `None` if it is connected, and joins them at once.
    pub(super) fn promise_rooms(&self, rooms: &[&str]) -> Option<Result<(), JoinError>> {
        self.promised_rooms()?;
        let check = |namespace: &mut klatch_core::Namespace| {
            rooms.iter().try_for_each(|room| namespace.check_room(room))
        };
        // Not under the lock of its life: who admits it takes these two the other way round.
        if let Err(error) = self.0.namespace.rooms(check) {
            return Some(Err(error));
        }
        let limit = self.0.link.hub.limits.namespace.max_rooms();
        match &mut *self.0.life.lock() {
            Life::Arriving(promised) | Life::Judged(promised, _) => {
                let before = promised.len();
                for room in rooms {
                    if !promised.iter().any(|name| **name == **room) {
                        promised.push((*room).into());
                    }
                }
                if promised.len() > limit {
                    promised.truncate(before);
                    return Some(Err(JoinError::TooManyRooms { limit }));
                }
                Some(Ok(()))
            }
            Life::Connecting { .. } | Life::Connected | Life::Disconnected => None,
        }
    }

    /// Forgets some of the promised rooms; false if it is connected.
    pub(super) fn forgo_rooms(&self, is_left: impl Fn(&str) -> bool) -> bool {
        match &mut *self.0.life.lock() {
            Life::Arriving(promised) | Life::Judged(promised, _) => {
                promised.retain(|room| !is_left(room));
                true
            }
            Life::Connecting { .. } | Life::Connected | Life::Disconnected => false,
        }
    }

    /// It is let in: from here on it can be ended.
    pub(crate) fn arrive(&self) -> Vec<Box<str>> {
        let mut life = self.0.life.lock();
        let before = std::mem::replace(&mut *life, Life::Connecting { end: None });
        self.0.connected.store(true, Ordering::Release);
        match before {
            Life::Arriving(rooms) | Life::Judged(rooms, _) => rooms,
            Life::Connecting { .. } | Life::Connected | Life::Disconnected => Vec::new(),
        }
    }

    /// It is a member of its namespace.
    pub(crate) fn enter(&self, key: SocketKey) {
        let fresh = self.0.key.set(key);
        debug_assert!(fresh.is_ok(), "a socket connects once");
    }
}
