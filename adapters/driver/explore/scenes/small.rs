//! The parts that wake: few enough steps that an explorer can try all orders of them.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::{Arc, Weak};
use std::task::Poll;
use std::time::UNIX_EPOCH;

use klatch_core::engine::{Frame, Input, RequestId, Transport};
use klatch_core::{CloseReason, Config, Connection, Event, Sid, Slot, Timestamp};

use super::explorer::future::block_on;
use super::explorer::thread;
use crate::application::Application as _;
use crate::budget::Budget;
use crate::gate::Gate;
use crate::handshake::Handshake;
use crate::inbox::{Arrival, Inbox};
use crate::link::Link;
use crate::mailbox::{Mailbox, Order, Parcel, Readiness};
use crate::server::Server;
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::wakers::wake_after;

#[derive(Debug, PartialEq, Eq)]
struct Packet(usize);

impl Parcel for Packet {
    fn bytes(&self) -> usize {
        1
    }
}

/// A mailbox whose only namespace is open, and that namespace.
fn mailbox() -> (Arc<Mailbox<Packet>>, Slot) {
    let mailbox = Mailbox::new(Arc::new(Budget::new(1_000, 1_000, usize::MAX)));
    let slot = slot();
    mailbox.open(slot, Packet(0), &mut Vec::new());
    let (_, left) = mailbox.take(&mut VecDeque::new());
    assert!(left.is_empty());
    (Arc::new(mailbox), slot)
}

/// A slot as only a connection gives it out.
fn slot() -> Slot {
    let (config, now) = (Config::default(), Timestamp::ZERO);
    let sid = Sid::from_entropy([0; 15]);
    let mut machine = Connection::new(&config, sid, Transport::WebSocket, now);
    machine.handle(now, Input::Frame(Frame::Text("40".into())));
    match machine.poll_event() {
        Some(Event::Connect { slot, .. }) => slot,
        other => panic!("no CONNECT: {other:?}"),
    }
}

/// Turns of a task, each as `task.rs` has it, until one finds what it waits for. It is polled when
/// something woke it, and never otherwise.
fn turns(
    mailbox: &Mailbox<Packet>,
    mut look: impl FnMut(Option<Order>, &mut VecDeque<Packet>) -> bool,
) {
    let mut batch = VecDeque::new();
    block_on(poll_fn(|cx| {
        let order = if mailbox.begin_turn() { mailbox.take_orders().1 } else { None };
        let (first, _) = mailbox.take(&mut batch);
        first.into_iter().for_each(|first| batch.push_front(first));
        let passed_on = batch.iter().map(Mailbox::charge).sum();
        let is_found = look(order, &mut batch);
        batch.clear();
        if !mailbox.settle(passed_on, Readiness::Idle, cx.waker()).idle {
            cx.waker().wake_by_ref();
        }
        if is_found { Poll::Ready(()) } else { Poll::Pending }
    }));
}

/// Two threads push, and the task gets all of it, that of each in order, without being woken for
/// nothing else.
///
/// # Panics
///
/// If it does not.
pub fn pushes_meet_a_turn() {
    let (mailbox, slot) = mailbox();
    let push = move |mailbox: &Mailbox<Packet>, number| {
        wake_after(|wakers| mailbox.push(Some(slot), Packet(number), wakers)).expect("it fits");
    };
    let threads = [[1, 2], [11, 12]].map(|numbers| {
        let mailbox = mailbox.clone();
        thread::spawn(move || numbers.map(|number| push(&mailbox, number)))
    });
    let mut came = Vec::new();
    turns(&mailbox, |_, batch| {
        came.extend(batch.iter().map(|packet| packet.0));
        came.len() == 4
    });
    for range in [0..10_usize, 10..20] {
        let of_one: Vec<_> = came.iter().filter(|number| range.contains(*number)).collect();
        assert!(of_one.len() == 2 && of_one.is_sorted(), "{came:?}");
    }
    for thread in threads {
        thread.join().expect("no thread panics");
    }
}

/// A thread has something ready and says so, and the task, which is about to wait, sees it.
///
/// # Panics
///
/// If it does not.
pub fn a_nudge_meets_a_turn() {
    let (mailbox, _) = mailbox();
    let is_ready = Arc::new(AtomicBool::new(false));
    let nudger = {
        let (mailbox, is_ready) = (mailbox.clone(), is_ready.clone());
        thread::spawn(move || {
            is_ready.store(true, Ordering::Relaxed);
            mailbox.nudge();
        })
    };
    turns(&mailbox, |_, _| is_ready.load(Ordering::Relaxed));
    nudger.join().expect("no thread panics");
}

/// A thread pushes and orders the end: the task has both, in a turn that it takes for it.
///
/// # Panics
///
/// If it does not.
pub fn an_order_meets_a_turn() {
    let (mailbox, slot) = mailbox();
    let close = Order::Close(CloseReason::ForcedClose);
    let host = {
        let mailbox = mailbox.clone();
        thread::spawn(move || {
            wake_after(|wakers| mailbox.push(Some(slot), Packet(1), wakers)).expect("it fits");
            mailbox.command(close);
        })
    };
    let mut came = 0;
    turns(&mailbox, |order, batch| {
        came += batch.len();
        assert!(order.is_none() || came == 1, "the end comes before what was sent");
        order == Some(close)
    });
    host.join().expect("no thread panics");
}

/// An event is past its middlewares while the task looks whether the next has to wait.
///
/// # Panics
///
/// If the next one waits for ever.
pub fn a_gate_opens_while_somebody_looks() {
    let server = Server::new();
    let handshake = Handshake::new(&http::Request::new(()), None, false, UNIX_EPOCH, &[]);
    let link = Arc::new(Link::new(server.hub().clone(), handshake, Transport::WebSocket));
    let (gate, opener) = Gate::shut(&link);
    let handler = thread::spawn(move || drop(opener));
    if gate.is_awaited() {
        block_on(poll_fn(|cx| {
            if link.mailbox.begin_turn() {
                let _ = link.mailbox.take_orders();
            }
            let is_open = gate.is_open();
            if !link.mailbox.settle(0, Readiness::Idle, cx.waker()).idle {
                cx.waker().wake_by_ref();
            }
            if is_open { Poll::Ready(()) } else { Poll::Pending }
        }));
    }
    handler.join().expect("no thread panics");
}

/// A request arrives while the task is about to wait, with another waker than before.
///
/// # Panics
///
/// If the task does not see it.
pub fn an_arrival_meets_a_turn() {
    let inbox = Arc::new(Inbox::new(0, Weak::<Link>::new()));
    let client = {
        let inbox = inbox.clone();
        thread::spawn(move || inbox.push(Arrival::RequestLost(RequestId::new(7))))
    };
    let mut is_registered = false;
    block_on(poll_fn(|cx| {
        if !is_registered {
            inbox.register(cx.waker());
            is_registered = true;
        }
        let is_there = inbox.news().has_arrived() && !inbox.take().is_empty();
        if is_there { Poll::Ready(()) } else { Poll::Pending }
    }));
    assert!(client.join().expect("no thread panics").is_ok());
}
