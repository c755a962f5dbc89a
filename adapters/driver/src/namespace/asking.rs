//! Events that ask for answers, and where the answers go.

use std::collections::HashMap;
use std::sync::Arc;

use futures::channel::oneshot;
use klatch_core::{
    AckCause, AckError, AckId, EncodeError, Encoder, Limit, Luggage, NamespaceEvent, Payload,
    SocketId, SocketKey, Target, Timestamp, ToArgs,
};

use super::{Inner, Publish};
use crate::error::EmitError;
use crate::flags::Flags;
use crate::socket::Socket;
use crate::wakers::wake_after;

/// All answers to one event.
#[derive(Debug)]
pub(crate) struct Answers {
    pub(crate) received: Vec<(SocketId, Payload)>,
    pub(crate) missing: Vec<SocketId>,
    pub(crate) cause: AckCause,
}

/// Who waits for which answers.
#[derive(Debug, Default)]
pub(super) struct Asking {
    waiting: HashMap<AckId, oneshot::Sender<Answers>>,
}

impl Asking {
    /// Whether nobody waits.
    #[cfg(klatch_explore = "shuttle")]
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }
}

/// What happened in a namespace, to be told when the lock is released: telling wakes, and calls the
/// application.
#[must_use = "somebody waits for it"]
#[derive(Default)]
pub(super) struct Events {
    answers: Vec<(oneshot::Sender<Answers>, Answers)>,
    /// With what was kept for them: its end is the application's code.
    expired: Vec<(SocketId, Option<Luggage>)>,
    /// Whether something happened to rooms. What that is stays under the lock, in its order.
    has_news: bool,
    /// How many are not here any more, nor away.
    left: usize,
    /// When it is to be looked at again.
    deadline: Option<Timestamp>,
}

impl Events {
    /// Tells, too, of a socket that was lost and cannot come back any more.
    pub(super) fn expire(&mut self, id: SocketId, luggage: Option<Luggage>) {
        self.expired.push((id, luggage));
    }
}

impl Publish {
    pub(super) fn events(&mut self) -> Events {
        let mut events = Events::default();
        while let Some(event) = self.namespace.poll_event() {
            match event {
                NamespaceEvent::AcksDone { id, answers, missing, cause } => {
                    if let Some(waiting) = self.asking.waiting.remove(&id) {
                        let answers = Answers { received: answers, missing, cause };
                        events.answers.push((waiting, answers));
                    }
                }
                NamespaceEvent::Expired { id, luggage } => events.expired.push((id, luggage)),
                NamespaceEvent::Room(event) => {
                    self.news.add(event);
                    events.has_news = true;
                }
                _ => {}
            }
        }
        let present = self.namespace.len() + self.namespace.away();
        events.left = self.counted.saturating_sub(present);
        self.counted = present;
        events.deadline = self.namespace.poll_timeout();
        events
    }

    /// Awaits the answers of `keys`; whoever owes too many already is taken off the list.
    fn expect(
        &mut self,
        id: AckId,
        keys: &mut Vec<SocketKey>,
        deadline: Timestamp,
    ) -> Vec<SocketId> {
        let mut skipped = Vec::new();
        while let Err(error) = self.namespace.expect_acks(id, keys, deadline) {
            let AckError::TooManyPending { sockets } = error else {
                unreachable!("the id was given out for this call: {error}")
            };
            skipped.extend(sockets.iter().filter_map(|key| self.namespace.id(*key)));
            // They stand in the order of `keys`.
            let mut full = sockets.into_iter().peekable();
            keys.retain(|key| full.next_if_eq(key).is_none());
        }
        skipped
    }
}

impl Inner {
    /// Sends an event to one socket, and says where its answer will come.
    pub(crate) fn ask_one(
        &self,
        socket: &Socket,
        flags: Flags,
        event: &str,
        args: &(impl ToArgs + ?Sized),
    ) -> Result<oneshot::Receiver<Answers>, EmitError> {
        let Some(watchers) = self.handlers.outgoing() else {
            return self.ask_one_unwatched(socket, flags, event, args);
        };
        let args = Payload::from_args(args)?;
        let asked = self.ask_one_unwatched(socket, flags, event, &args)?;
        watchers.see(socket, event, &args);
        Ok(asked)
    }

    fn ask_one_unwatched(
        &self,
        socket: &Socket,
        flags: Flags,
        event: &str,
        args: &(impl ToArgs + ?Sized),
    ) -> Result<oneshot::Receiver<Answers>, EmitError> {
        let id = self.rooms(klatch_core::Namespace::next_ack_id);
        let packet = self.parser.event(&self.name, event, args, Some(id))?;
        let packet = if flags.compress { packet } else { packet.uncompressed() };
        let deadline = self.housekeeper.deadline(flags.timeout);
        let (sender, receiver) = oneshot::channel();
        wake_after(|wakers| {
            let mut publish = self.publish.lock();
            if !publish.namespace.contains(socket.key()) {
                return Err(EmitError::Closed);
            }
            publish.namespace.expect_acks(id, &[socket.key()], deadline).inspect_err(|_| {
                self.housekeeper.hub().counts.hit(Limit::Acks);
            })?;
            let mailbox = &socket.link().mailbox;
            if let Err(refusal) = mailbox.push(Some(socket.slot()), packet.into(), wakers) {
                publish.namespace.cancel_acks(id);
                return Err(refusal.into());
            }
            publish.asking.waiting.insert(id, sender);
            Ok(())
        })?;
        self.expect(Some(deadline));
        Ok(receiver)
    }

    /// Sends an event to all who are meant, and says where their answers will come.
    pub(crate) fn ask_many(
        &self,
        target: &Target,
        flags: Flags,
        event: &str,
        args: &(impl ToArgs + ?Sized),
    ) -> Result<(oneshot::Receiver<Answers>, Vec<SocketId>), EmitError> {
        let Some(watchers) = self.handlers.outgoing() else {
            return self.ask_many_unwatched(target, flags, event, args, |_| {});
        };
        let args = Payload::from_args(args)?;
        let mut reached = Vec::new();
        let note = |socket: &Socket| reached.push(socket.clone());
        let asked = self.ask_many_unwatched(target, flags, event, &args, note)?;
        for socket in reached {
            watchers.see(&socket, event, &args);
        }
        Ok(asked)
    }

    fn ask_many_unwatched(
        &self,
        target: &Target,
        flags: Flags,
        event: &str,
        args: &(impl ToArgs + ?Sized),
        mut reached: impl FnMut(&Socket),
    ) -> Result<(oneshot::Receiver<Answers>, Vec<SocketId>), EmitError> {
        let id = self.rooms(klatch_core::Namespace::next_ack_id);
        let packet = self.parser.event(&self.name, event, args, Some(id))?;
        let packet = if flags.compress { packet } else { packet.uncompressed() };
        let deadline = self.housekeeper.deadline(flags.timeout);
        let (sender, receiver) = oneshot::channel();
        let packet = Arc::new(packet);
        let (skipped, events) = wake_after(|wakers| {
            let mut publish = self.publish.lock();
            let mut keys = Vec::new();
            publish.namespace.select(target, &mut keys);
            let skipped = publish.expect(id, &mut keys, deadline);
            publish.asking.waiting.insert(id, sender);
            for member in keys.iter().filter_map(|key| publish.members.get(*key)) {
                // Whoever has no room for it is closed for that, and then counts as missing.
                if member.link.mailbox.push(Some(member.slot), packet.clone(), wakers).is_ok() {
                    reached(&member.socket);
                }
            }
            (skipped, publish.events())
        });
        self.tell(events);
        self.housekeeper.hub().counts.add(Limit::Acks, skipped.len() as u64);
        Ok((receiver, skipped))
    }

    /// Tells what happened, with the lock released.
    pub(super) fn tell(&self, events: Events) {
        self.expect(events.deadline);
        for (waiting, answers) in events.answers {
            // Whoever asked may have lost interest.
            let _ = waiting.send(answers);
        }
        for (id, luggage) in events.expired {
            self.handlers.expired(id);
            drop(luggage);
        }
        if events.has_news {
            self.tell_news();
        }
        self.vacate(events.left);
    }

    /// Something is due at this moment, even if nothing else happens. It wakes: the lock is released.
    pub(super) fn expect(&self, deadline: Option<Timestamp>) {
        if let Some(deadline) = deadline {
            self.housekeeper.expect(&self.appointment, deadline);
        }
    }

    /// Encodes an answer to a client's event.
    pub(crate) fn encode_answer(
        &self,
        tray: &mut Encoder,
        id: AckId,
        args: &(impl ToArgs + ?Sized),
    ) -> Result<(), EncodeError> {
        tray.ack(self.parser, &self.name, id, args)
    }

    /// A socket answered.
    pub(crate) fn answered(&self, socket: &Socket, id: AckId, args: Payload) {
        let mut publish = self.publish.lock();
        publish.namespace.handle_ack(socket.key(), id, args);
        let events = publish.events();
        drop(publish);
        self.tell(events);
    }

    /// Ends the wait for answers, and for sockets, whose time is up.
    pub(crate) fn handle_timeout(&self, now: Timestamp) {
        let mut publish = self.publish.lock();
        publish.namespace.handle_timeout(now);
        let events = publish.events();
        drop(publish);
        self.tell(events);
    }
}
