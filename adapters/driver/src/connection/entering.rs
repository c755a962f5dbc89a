//! A client's way into a namespace: finding it, passing the middlewares, being let in.

use klatch_core::{CloseReason, ConnectError, Payload, Slot, Text, Timestamp};

use super::SocketIo;
use crate::directory::{Found, Search, Visit};
use crate::socket::{Farewell, Socket};

impl SocketIo {
    fn is_ending(&self) -> bool {
        self.closing.is_some() || self.machine.session().is_closed()
    }

    pub(super) fn on_connect(&mut self, now: Timestamp, slot: Slot, name: Text, auth: Payload) {
        if self.is_ending() {
            return;
        }
        let directory = &self.server.directory;
        match directory.find(&name) {
            Found::Here(visit) => self.knock(now, slot, visit, auth),
            Found::Nowhere => self.refuse(now, slot, &name, &ConnectError::unknown_namespace()),
            Found::Somewhere => {
                let search = Search::start(directory.clone(), &self.link, slot, name, auth);
                self.searching.get_or_insert_default().add(search);
                // Most are over at once.
                self.follow(now);
            }
        }
    }

    /// Goes on with those searches that are over.
    pub(super) fn follow(&mut self, now: Timestamp) {
        while let Some(searching) = &mut self.searching {
            let Some((search, found)) = searching.take() else { return };
            if searching.is_empty() {
                self.searching = None;
            }
            if self.is_ending() {
                continue;
            }
            let (slot, auth) = (search.slot, search.auth.clone());
            match found {
                Some(visit) => self.knock(now, slot, visit, auth),
                None => self.refuse(now, slot, &search.name, &ConnectError::unknown_namespace()),
            }
        }
    }

    /// A client asks to be let into a namespace that there is.
    fn knock(&mut self, now: Timestamp, slot: Slot, visit: Visit, auth: Payload) {
        // The socket says goodbye for it from here on.
        let namespace = visit.hand_over();
        let arrival = namespace.arrival(slot, &self.link, auth);
        let Some(middlewares) = namespace.handlers.middlewares() else {
            self.admit(now, slot, &arrival);
            return;
        };
        if namespace.skips_middlewares()
            && let Some(back) = namespace.readmit(&arrival)
        {
            let _ = self.machine.accept(slot);
            self.begin(slot, &back);
            return;
        }
        self.arriving += 1;
        self.keep(slot, arrival.clone());
        arrival.pass(middlewares);
        // Most decide at once.
        self.judge(now);
    }

    /// Lets in whom the middlewares have let pass, and keeps the others out.
    pub(super) fn judge(&mut self, now: Timestamp) {
        for index in 0..if self.arriving > 0 { self.sockets.len() } else { 0 } {
            let Some(arrival) = &self.sockets[index] else { continue };
            let Some(verdict) = arrival.take_verdict() else { continue };
            let arrival = arrival.clone();
            self.arriving -= 1;
            match verdict {
                Ok(()) => self.admit(now, arrival.slot(), &arrival),
                Err(error) => self.turn_away(now, &arrival, &error),
            }
        }
    }

    fn turn_away(&mut self, now: Timestamp, arrival: &Socket, error: &ConnectError) {
        let name = arrival.namespace_name();
        self.forget(arrival);
        self.refuse(now, arrival.slot(), name, error);
    }

    fn refuse(&mut self, now: Timestamp, slot: Slot, name: &str, error: &ConnectError) {
        tracing::debug!(namespace = name, message = error.message(), "turned away");
        self.tell(name, error);
        // Too late to refuse is too late to be told.
        let _ = self.machine.reject(now, slot);
    }

    fn tell(&mut self, name: &str, error: &ConnectError) {
        let parser = self.server.hub.config.packet_parser();
        self.machine.send(parser.connect_error(name, error));
    }

    /// Whoever does not arrive is heard of no more.
    fn forget(&mut self, arrival: &Socket) {
        if self.socket(arrival.slot()).is_some() {
            self.sockets[arrival.slot().index()] = None;
        }
        arrival.end(CloseReason::ServerNamespaceDisconnect, Farewell::Untold);
    }

    fn admit(&mut self, now: Timestamp, slot: Slot, arrival: &Socket) {
        let namespace = arrival.inner_namespace().clone();
        if namespace.is_closed() {
            self.turn_away(now, arrival, &ConnectError::unknown_namespace());
        } else if namespace.is_ending(arrival) {
            arrival.postpone();
            self.arriving += 1;
            self.keep(slot, arrival.clone());
        } else if self.machine.accept(slot).is_err() {
            self.forget(arrival);
        } else if let Some(back) = namespace.readmit(arrival) {
            self.begin(slot, &back);
        } else if namespace.admit(arrival) {
            self.begin(slot, arrival);
        } else {
            // It was closed at this very moment. Too late to reject is not too late to be told.
            let error = ConnectError::unknown_namespace();
            self.tell(namespace.name(), &error);
            self.machine.leave(slot);
            self.forget(arrival);
        }
    }

    fn begin(&mut self, slot: Slot, socket: &Socket) {
        tracing::debug!(namespace = socket.namespace_name(), socket = %socket.id(), "connected");
        self.keep(slot, socket.clone());
        socket.begin();
    }

    fn keep(&mut self, slot: Slot, socket: Socket) {
        if self.sockets.len() <= slot.index() {
            self.sockets.resize(slot.index() + 1, None);
        }
        self.sockets[slot.index()] = Some(socket);
    }
}
