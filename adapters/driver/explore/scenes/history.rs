//! What was done and what was heard, in the order in which it was, and what must hold of it.
//!
//! Only one thread goes on at a time, so that there is such an order; and what is written down here is no
//! step that the explorer could put something before.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use klatch_core::SocketId;

/// The room that everybody in the namespace is in.
pub(super) const NAMESPACE: &str = "";

#[derive(Clone, Debug, Default)]
pub(super) struct History(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    moment: AtomicUsize,
    acts: Mutex<Vec<Act>>,
    heard: Mutex<BTreeMap<SocketId, Heard>>,
}

#[derive(Debug)]
struct Act {
    what: What,
    began: usize,
    /// `usize::MAX` as long as it goes on.
    ended: usize,
}

#[derive(Clone, Debug)]
pub(super) enum What {
    Enter(SocketId, &'static str),
    Leave(SocketId, &'static str),
    Emit(String, Audience),
}

/// Whom a message is for.
#[derive(Clone, Debug, Default)]
pub(super) struct Audience {
    pub(super) rooms: Vec<&'static str>,
    pub(super) except: Option<&'static str>,
    pub(super) without: Option<SocketId>,
    pub(super) only: Option<SocketId>,
}

/// What a socket heard.
#[derive(Debug, Default)]
struct Heard {
    messages: Vec<String>,
    /// It was the server that ended it: it may have missed the end.
    is_cut: bool,
}

/// Whether somebody was in a room while something was sent there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Was {
    In,
    Out,
    /// It came or went meanwhile.
    Moving,
}

impl History {
    /// Does something, and notes when it began and ended.
    pub(super) fn during<T>(&self, what: What, act: impl FnOnce() -> T) -> T {
        let nth = self.begin(what);
        let outcome = act();
        self.end(nth);
        outcome
    }

    pub(super) fn begin(&self, what: What) -> usize {
        let began = self.tick();
        let mut acts = self.acts();
        acts.push(Act { what, began, ended: usize::MAX });
        acts.len() - 1
    }

    pub(super) fn end(&self, nth: usize) {
        let now = self.tick();
        self.acts()[nth].ended = now;
    }

    /// This moment.
    pub(super) fn now(&self) -> usize {
        self.tick()
    }

    /// A socket has heard that it is in, which it wanted to be since then, and with that in these rooms.
    pub(super) fn came(&self, socket: SocketId, since: usize, rooms: &[&'static str]) {
        self.heard().entry(socket).or_default();
        let ended = self.tick();
        let entries = rooms.iter().map(|room| {
            let what = What::Enter(socket, room);
            Act { what, began: since, ended }
        });
        self.acts().extend(entries);
    }

    /// Something was said, from that moment until now.
    pub(super) fn said(&self, text: &str, audience: Audience, began: usize) {
        let ended = self.tick();
        let what = What::Emit(text.to_owned(), audience);
        self.acts().push(Act { what, began, ended });
    }

    pub(super) fn hears(&self, socket: SocketId, message: &str) {
        self.heard().entry(socket).or_default().messages.push(message.to_owned());
    }

    pub(super) fn is_cut(&self, socket: SocketId) {
        self.heard().entry(socket).or_default().is_cut = true;
    }

    pub(super) fn sockets(&self) -> usize {
        self.heard().len()
    }

    /// Each heard what it was to hear, once, and nothing else; all in the same order, which is that in
    /// which it was said.
    pub(super) fn check(&self) {
        let (acts, heard) = (self.acts(), self.heard());
        for (socket, heard) in &*heard {
            heard.is_all_said_once(&acts, *socket);
            for act in &*acts {
                if let What::Emit(text, audience) = &act.what {
                    heard.has_what_is_meant_for_it(&acts, *socket, act, text, audience);
                    heard.is_in_order(&acts, *socket, act, text);
                }
            }
        }
        for (one, ours) in &*heard {
            for (other, theirs) in &*heard {
                let (ours, theirs) = (ours.shared_with(theirs), theirs.shared_with(ours));
                assert_eq!(ours, theirs, "{one} and {other} do not agree on the order");
            }
        }
    }

    fn tick(&self) -> usize {
        self.0.moment.fetch_add(1, Ordering::SeqCst)
    }

    fn acts(&self) -> MutexGuard<'_, Vec<Act>> {
        self.0.acts.lock().expect("nobody panics with it")
    }

    fn heard(&self) -> MutexGuard<'_, BTreeMap<SocketId, Heard>> {
        self.0.heard.lock().expect("nobody panics with it")
    }
}

impl Heard {
    fn position(&self, text: &str) -> Option<usize> {
        self.messages.iter().position(|message| message == text)
    }

    fn shared_with(&self, other: &Self) -> Vec<&String> {
        self.messages.iter().filter(|text| other.messages.contains(text)).collect()
    }

    fn is_all_said_once(&self, acts: &[Act], socket: SocketId) {
        for (nth, message) in self.messages.iter().enumerate() {
            assert!(!self.messages[..nth].contains(message), "{socket} heard {message} twice");
            let is_said = said(acts, message).is_some();
            assert!(is_said, "{socket} heard {message}, which nobody said");
        }
    }

    fn has_what_is_meant_for_it(
        &self,
        acts: &[Act],
        socket: SocketId,
        act: &Act,
        text: &str,
        audience: &Audience,
    ) {
        let Some(at) = self.position(text) else {
            if audience.reaches(acts, act.began, act.ended, socket) == Was::In {
                let last = self.messages.last().and_then(|last| said(acts, last));
                let is_later = last.is_some_and(|last| last.began > act.ended);
                assert!(self.is_cut && !is_later, "{socket} missed {text}");
            }
            return;
        };
        // It came behind others, and so was said after the last of them began.
        let before = self.messages[..at].iter().filter_map(|text| said(acts, text));
        let began = before.map(|act| act.began).fold(act.began, usize::max);
        let was = audience.reaches(acts, began, act.ended, socket);
        assert!(was != Was::Out, "{socket} heard {text}, which was not meant for it");
    }

    fn is_in_order(&self, acts: &[Act], socket: SocketId, act: &Act, text: &str) {
        let Some(at) = self.position(text) else { return };
        for later in acts.iter().filter(|later| act.ended < later.began) {
            if let What::Emit(after, _) = &later.what {
                let is_behind = self.position(after).is_none_or(|after| at < after);
                assert!(is_behind, "{socket} heard {after} before {text}");
            }
        }
    }
}

fn said<'a>(acts: &'a [Act], message: &str) -> Option<&'a Act> {
    acts.iter().find(|act| matches!(&act.what, What::Emit(text, _) if text == message))
}

impl Audience {
    /// Everybody.
    pub(super) fn everybody() -> Self {
        Self::room(NAMESPACE)
    }

    pub(super) fn room(room: &'static str) -> Self {
        Self { rooms: vec![room], ..Self::default() }
    }

    pub(super) fn only(socket: SocketId) -> Self {
        Self { only: Some(socket), ..Self::everybody() }
    }

    /// Whether a socket was among them from one moment to another.
    fn reaches(&self, acts: &[Act], began: usize, ended: usize, socket: SocketId) -> Was {
        if self.without == Some(socket) || self.only.is_some_and(|only| only != socket) {
            return Was::Out;
        }
        let was_in = |room: &str| whereabouts(acts, began, ended, socket, room);
        let mut states = vec![was_in(NAMESPACE)];
        states.extend(self.rooms.iter().map(|room| was_in(room)).reduce(Was::or));
        let excepted = self.except.map(was_in);
        states.extend(excepted.map(Was::not));
        states.into_iter().fold(Was::In, Was::and)
    }
}

impl Was {
    fn or(self, other: Self) -> Self {
        self.not().and(other.not()).not()
    }

    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Out, _) | (_, Self::Out) => Self::Out,
            (Self::In, Self::In) => Self::In,
            _ => Self::Moving,
        }
    }

    fn not(self) -> Self {
        match self {
            Self::In => Self::Out,
            Self::Out => Self::In,
            Self::Moving => Self::Moving,
        }
    }
}

/// Where a socket was from one moment to another, as far as that is certain: who joined before and has
/// not begun to leave when it is over is in, whatever the threads' order.
fn whereabouts(acts: &[Act], began: usize, ended: usize, socket: SocketId, room: &str) -> Was {
    let entries = acts
        .iter()
        .filter(|act| matches!(&act.what, What::Enter(who, to) if *who == socket && *to == room));
    let exits = acts.iter().filter(
        |act| matches!(&act.what, What::Leave(who, from) if *who == socket && *from == room),
    );
    let (entries, exits): (Vec<_>, Vec<_>) = (entries.collect(), exits.collect());
    // One of a kind is over before, with nothing of the other kind that could be later.
    let holds = |these: &[&Act], others: &[&Act]| {
        these.iter().any(|this| {
            let is_undone = |other: &&Act| other.ended > this.began && other.began < ended;
            this.ended < began && !others.iter().any(is_undone)
        })
    };
    if holds(&entries, &exits) {
        Was::In
    } else if holds(&exits, &entries) || !entries.iter().any(|act| act.began < ended) {
        Was::Out
    } else {
        Was::Moving
    }
}
