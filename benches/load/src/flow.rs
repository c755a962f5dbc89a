//! Clients that always have so many messages under way: whoever's oldest has reached everybody
//! sends the next.

use std::io;
use std::time::{Duration, Instant};

use crate::crowd::{Crowd, Outbox};
use crate::figures::Sample;
use crate::message::Message;
use crate::order::{Arrival, REACH, Stream};
use crate::scenario::Terms;
use crate::server::Server;
use crate::watch::Watch;
use crate::{PATIENCE, unexpected};

/// How long a server may keep us from looking at the clock.
const LOOK: Duration = Duration::from_millis(10);

/// Who talks to whom, and how much.
#[derive(Clone, Copy)]
pub(crate) struct Flow {
    pub(crate) clients: usize,
    pub(crate) talk: Talk,
    pub(crate) size: usize,
    pub(crate) in_flight: usize,
}

#[derive(Clone, Copy)]
pub(crate) enum Talk {
    /// One client to a room of all others.
    One,
    /// Everybody to the others in rooms of this size.
    Rooms(usize),
    /// Everybody gets its own messages back, as events.
    Echo,
    /// Likewise, as acknowledgements.
    Ack,
}

impl Flow {
    /// Clients that get to hear each other.
    fn room(&self) -> usize {
        match self.talk {
            Talk::One => self.clients,
            Talk::Rooms(size) => size,
            Talk::Echo | Talk::Ack => 1,
        }
    }

    /// Senders that a client hears.
    fn senders(&self) -> usize {
        if matches!(self.talk, Talk::One) { 1 } else { self.room() }
    }

    fn message(&self) -> Message {
        match self.talk {
            Talk::One | Talk::Rooms(_) => Message::new(r#"42["msg",""#, r#"42["msg",""#, self.size),
            Talk::Echo => Message::new(r#"42["echo",""#, r#"42["echo",""#, self.size),
            Talk::Ack => Message::new(r#"420["ack",""#, r#"430[""#, self.size),
        }
    }

    pub(crate) fn run(&self, server: &Server, terms: Terms) -> io::Result<Sample> {
        let mut crowd = Crowd::open(server.address, self.clients)?;
        if self.room() > 1 {
            crowd.join(self.clients, |client| format!("room {}", client / self.room()))?;
        }
        self.measure(server, &mut crowd, terms)
    }

    /// Has clients talk that are in their rooms; the crowd may have others behind them.
    pub(crate) fn measure(
        &self,
        server: &Server,
        crowd: &mut Crowd,
        terms: Terms,
    ) -> io::Result<Sample> {
        let mut watch = Watch::new(server, terms.measured());
        let mut exchange = Exchange::new(*self);
        exchange.begin(crowd)?;
        while !watch.is_over(Instant::now()) {
            crowd.turn(LOOK, |client, text, outbox| {
                let late = exchange.delivered(client, text, outbox, terms.any_order)?;
                watch.delivered(late)
            })?;
        }
        let sample = watch.sample()?;
        exchange.finish(crowd, terms.any_order)?;
        Ok(sample)
    }
}

/// The messages of one sender that are under way.
struct Window {
    oldest: u64,
    next: u64,
    /// By their numbers, for how many clients each is.
    awaited: Vec<u16>,
}

/// All that is under way, and what has come.
struct Exchange {
    room: usize,
    senders: usize,
    message: Message,
    /// By sender.
    windows: Vec<Window>,
    /// By client, and the sender's place in the client's room.
    streams: Vec<Stream>,
    /// Clients that a message is for.
    recipients: u16,
    under_way: usize,
    sending: bool,
}

impl Exchange {
    fn new(flow: Flow) -> Self {
        assert!(flow.in_flight <= REACH, "more than a stream can tell apart");
        let speakers = if matches!(flow.talk, Talk::One) { 1 } else { flow.clients };
        let recipients = (flow.room() - 1).max(1) as u16;
        let window = || Window { oldest: 0, next: 0, awaited: vec![0; flow.in_flight] };
        Self {
            room: flow.room(),
            senders: flow.senders(),
            message: flow.message(),
            windows: (0..speakers).map(|_| window()).collect(),
            streams: vec![Stream::default(); flow.clients * flow.senders()],
            recipients,
            under_way: 0,
            sending: true,
        }
    }

    fn begin(&mut self, crowd: &mut Crowd) -> io::Result<()> {
        for sender in 0..self.windows.len() {
            self.refill(sender, &mut crowd.outbox);
        }
        crowd.flush()
    }

    /// Sends until the sender's window is full.
    fn refill(&mut self, sender: usize, outbox: &mut Outbox) {
        let window = &mut self.windows[sender];
        let length = window.awaited.len() as u64;
        while self.sending && window.next < window.oldest + length {
            outbox.send(sender, self.message.frame(sender, window.next));
            window.awaited[(window.next % length) as usize] = self.recipients;
            window.next += 1;
            self.under_way += 1;
        }
    }

    /// A message has come; says whether it came late.
    fn delivered(
        &mut self,
        client: usize,
        text: &[u8],
        outbox: &mut Outbox,
        any_order: bool,
    ) -> io::Result<bool> {
        let (sender, number) = self.message.read(text)?;
        let neighbours = sender / self.room == client / self.room;
        let window = self.windows.get_mut(sender).filter(|_| neighbours);
        let window = window.filter(|window| (window.oldest..window.next).contains(&number));
        let own = sender == client && self.room > 1;
        let Some(window) = window.filter(|_| !own) else {
            return Err(unexpected(text));
        };
        let stream = &mut self.streams[client * self.senders + sender % self.senders];
        let late = match stream.take(number) {
            Arrival::InOrder => false,
            Arrival::Early if any_order => false,
            Arrival::Late if any_order => true,
            arrival => {
                let why = format!("client {client} got {number} of {sender}: {arrival:?}");
                return Err(io::Error::other(why));
            }
        };
        let length = window.awaited.len() as u64;
        window.awaited[(number % length) as usize] -= 1;
        if number == window.oldest {
            while window.oldest < window.next
                && window.awaited[(window.oldest % length) as usize] == 0
            {
                window.oldest += 1;
                self.under_way -= 1;
            }
            self.refill(sender, outbox);
        }
        Ok(late)
    }

    /// Sends no more, and waits until all that was sent has reached everybody.
    fn finish(&mut self, crowd: &mut Crowd, any_order: bool) -> io::Result<()> {
        self.sending = false;
        crowd.run(Instant::now() + PATIENCE, |client, text, outbox| {
            self.delivered(client, text, outbox, any_order).map(|_| self.under_way == 0)
        })?;
        if self.under_way == 0 {
            return Ok(());
        }
        let lost = self.under_way;
        Err(io::Error::other(format!("{lost} messages have not reached everybody")))
    }
}

#[cfg(test)]
mod tests {
    use super::{Exchange, Flow, Talk};
    use crate::crowd::Outbox;

    fn exchange(talk: Talk, in_flight: usize) -> (Exchange, Outbox) {
        let mut exchange = Exchange::new(Flow { clients: 6, talk, size: 14, in_flight });
        let mut outbox = Outbox::with_queues(6);
        for sender in 0..exchange.windows.len() {
            exchange.refill(sender, &mut outbox);
        }
        (exchange, outbox)
    }

    fn msg(sender: usize, number: u64) -> Vec<u8> {
        format!(r#"42["msg","{sender:04}{number:010}"]"#).into_bytes()
    }

    #[test]
    fn the_next_is_sent_when_the_oldest_has_reached_everybody() {
        let (mut exchange, mut outbox) = exchange(Talk::Rooms(3), 2);
        assert_eq!(exchange.under_way, 12);
        let mut get = |client, text: &[u8]| {
            exchange.delivered(client, text, &mut outbox, false).map(|_| exchange.windows[4].next)
        };
        assert_eq!(get(3, &msg(4, 0)).expect("the first"), 2);
        assert_eq!(get(3, &msg(4, 1)).expect("the second"), 2);
        assert_eq!(get(5, &msg(4, 0)).expect("the last to get it"), 3);
        assert_eq!(get(5, &msg(4, 1)).expect("the last to get it"), 4);
    }

    #[test]
    fn what_is_not_for_a_client_is_an_error() {
        let (mut exchange, mut outbox) = exchange(Talk::Rooms(3), 2);
        let mut get = |client, text: &[u8]| exchange.delivered(client, text, &mut outbox, true);
        assert!(get(4, &msg(4, 0)).is_err(), "its own");
        assert!(get(2, &msg(4, 0)).is_err(), "of another room");
        assert!(get(3, &msg(4, 2)).is_err(), "never sent");
        assert!(get(3, &msg(9, 0)).is_err(), "of nobody");
        assert!(!get(3, &msg(4, 1)).expect("early"));
        assert!(get(3, &msg(4, 0)).expect("late"));
        assert!(get(3, &msg(4, 0)).is_err(), "twice");
    }

    #[test]
    fn order_is_held_where_it_is_promised() {
        let (mut exchange, mut outbox) = exchange(Talk::One, 2);
        assert!(exchange.delivered(1, &msg(0, 1), &mut outbox, false).is_err());
    }
}
