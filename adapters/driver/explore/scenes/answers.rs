//! What a handler says to its own client, beside what others do.

use std::sync::Arc;

use futures::channel::oneshot;
use shuttle::sync::atomic::{AtomicUsize, Ordering};
use shuttle::thread;

use super::client::{Client, Transport};
use super::stage::{Stage, texts, wait};
use crate::server::Server;
use crate::socket::Socket;

const ANSWERS: usize = 3;
const NEWS: usize = 3;

/// A client is answered by its handlers while another thread has news for all: it hears everything in
/// the order in which it was said, be it past the mailbox. What was sent before a handler
/// began, it hears before what that says; and what is sent when a handler has said something, after it.
///
/// # Panics
///
/// If it does not.
pub fn handlers_answer_while_another_thread_sends() {
    let stage = Stage::new(Server::builder());
    let namespace = stage.server.namespace("/");
    let (sent, said) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (before, counter) = (sent.clone(), said.clone());
    namespace.on("ask", async move |socket: Socket, (): ()| {
        let before = before.load(Ordering::SeqCst);
        socket.emit("answer", &before.to_string())?;
        counter.fetch_add(1, Ordering::SeqCst);
        // A second word goes the other way.
        socket.emit("and", &before.to_string())
    });
    let (endpoint, (tell, told)) = (stage.endpoint.clone(), oneshot::channel());
    let client = shuttle::future::spawn(async move {
        let mut client = Client::open(&endpoint, Transport::WebSocket).await.expect("a place");
        client.send("40").await;
        let welcome = client.next().await.expect("it is let in");
        assert!(welcome.starts_with("40{"), "{welcome}");
        tell.send(()).expect("somebody waits");
        for _ in 0..ANSWERS {
            client.send(r#"42["ask"]"#).await;
        }
        let mut heard = Heard::default();
        while heard.news < NEWS || heard.seconds < ANSWERS {
            heard.hear(&client.next().await.expect("there is more to come"));
        }
    });
    // Who is not in yet hears no news.
    wait(told).expect("it is let in");
    let sender = thread::spawn(move || {
        for _ in 0..NEWS {
            let before = said.load(Ordering::SeqCst);
            namespace.emit("news", &before.to_string()).expect("it has a JSON");
            sent.fetch_add(1, Ordering::SeqCst);
            thread::yield_now();
        }
    });
    sender.join().expect("no thread panics");
    wait(client).expect("no client panics");
    stage.close([]);
}

/// How much of each a client has heard.
#[derive(Debug, Default)]
struct Heard {
    answers: usize,
    seconds: usize,
    news: usize,
}

impl Heard {
    /// Each says how much of the other there was before it.
    fn hear(&mut self, packet: &str) {
        let name = packet.split('"').nth(1);
        let before: usize = texts(packet).expect("an event")[0].parse().expect("a number");
        match name {
            Some("answer") => {
                assert!(before <= self.news, "{packet} after {self:?}");
                assert_eq!(self.answers, self.seconds, "the second word came first");
                self.answers += 1;
            }
            Some("and") => {
                self.seconds += 1;
                assert_eq!(self.answers, self.seconds, "{packet} after {self:?}");
            }
            Some("news") => {
                assert!(before <= self.answers, "{packet} after {self:?}");
                self.news += 1;
            }
            _ => panic!("{packet}"),
        }
    }
}
