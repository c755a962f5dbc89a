//! Answers, in both directions.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::StreamExt as _;
use futures::channel::mpsc;
use serde::{Serialize, Serializer};

use crate::ack::Ack;
use crate::conformance::bed::Bed;
use crate::conformance::client::Client;
use crate::error::{HandlerError, ReplyError};
use crate::reply::{Answers, Reply};
use crate::socket::Socket;

const SHORT: Duration = Duration::from_millis(20);

pub(crate) async fn an_error_is_the_answer_and_reaches_the_hook(bed: &Bed) {
    let (_server, namespace, running) = bed.serve_one().await;
    let (pen, mut log) = bed.log();
    namespace.on_error(move |_, event, error| {
        let HandlerError::Failed(what) = error else { panic!("{error}") };
        pen.write(format!("{event}: {error}, {}", what.as_json()));
    });
    namespace.on("fails", async |_: Socket, (): ()| Err::<(), _>("no such thing"));
    let mut client = Client::connected(running.address).await;
    client.send("420[\"fails\"]").await;
    client.send("42[\"fails\"]").await;
    client.expect(&["430[{\"error\":\"no such thing\"}]"]).await;
    log.expect(&["fails: the handler failed, \"no such thing\""; 2]).await;
}

pub(crate) async fn arguments_of_another_type_are_refused_and_reach_the_hook(bed: &Bed) {
    let (_server, namespace, running) = bed.serve_one().await;
    let (pen, mut log) = bed.log();
    let writer = pen.clone();
    namespace.on_error(move |_, event, _| writer.write(event));
    namespace.on("double", async move |_: Socket, n: u32| {
        pen.write("ran");
        n * 2
    });
    let mut client = Client::connected(running.address).await;
    client.send("420[\"double\",\"secret\"]").await;
    client.send("42[\"double\"]").await;
    client.send("421[\"double\",21]").await;
    client.expect(&["430[{\"error\":\"invalid arguments\"}]", "431[42]"]).await;
    log.expect(&["double", "double", "ran"]).await;
}

pub(crate) async fn an_ack_is_answered_elsewhere_and_later(bed: &Bed) {
    let (_server, namespace, running) = bed.serve_one().await;
    let (sender, mut receiver) = mpsc::unbounded();
    namespace.on("later", async move |_: Socket, n: u32, ack: Ack| {
        sender.unbounded_send((n, ack)).map_err(|_| "the test is over")
    });
    namespace.on("now", async |_: Socket, (): ()| ());
    let mut client = Client::connected(running.address).await;
    client.send("420[\"later\",1]").await;
    client.send("421[\"later\",2]").await;
    client.send("422[\"now\"]").await;
    client.expect(&["432[]"]).await;
    let first = bed.soon("the first", receiver.next()).await.expect("the handler sent it");
    let second = bed.soon("the second", receiver.next()).await.expect("the handler sent it");
    for (n, ack) in [second, first] {
        assert!(ack.is_wanted());
        ack.send(&n).expect("the client is there");
    }
    client.expect(&["431[2]", "430[1]"]).await;
}

pub(crate) async fn an_event_that_nobody_handles_is_never_answered(bed: &Bed) {
    let (_server, namespace, running) = bed.serve_one().await;
    namespace.on("known", async |_: Socket, (): ()| ());
    let mut client = Client::connected(running.address).await;
    client.send("420[\"unknown\"]").await;
    client.send("421[\"known\"]").await;
    client.expect(&["431[]"]).await;
}

pub(crate) async fn one_socket_answers_or_is_too_late_or_gone(bed: &Bed) {
    let (_server, namespace, running) = bed.serve_one().await;
    let mut client = Client::connected(running.address).await;
    let socket = namespace.sockets().remove(0);

    let reply: Reply<u32> = socket.emit_with_ack("question", &1);
    client.expect(&["420[\"question\",1]"]).await;
    client.send("430[42]").await;
    assert_eq!(bed.soon("the answer", reply).await, Ok(42));

    let reply: Reply<u32> = socket.emit_with_ack("question", &2);
    client.expect(&["421[\"question\",2]"]).await;
    client.send("431[\"no number\"]").await;
    assert!(matches!(bed.soon("the answer", reply).await, Err(ReplyError::Decode(_))));

    let reply: Reply<u32> = socket.timeout(SHORT).emit_with_ack("question", &3);
    client.expect(&["422[\"question\",3]"]).await;
    assert_eq!(bed.soon("the deadline", reply).await, Err(ReplyError::TimedOut));
    client.send("432[42]").await;

    let reply: Reply<u32> = socket.emit_with_ack("question", &4);
    client.expect(&["423[\"question\",4]"]).await;
    drop(client);
    assert_eq!(bed.soon("the end", reply).await, Err(ReplyError::Disconnected));

    let reply: Reply<u32> = socket.emit_with_ack("question", &5);
    assert!(matches!(bed.soon("the refusal", reply).await, Err(ReplyError::Emit(_))));
}

pub(crate) async fn a_wait_without_an_end_holds_up_no_other(bed: &Bed) {
    let (_server, namespace, running) = bed.serve_one().await;
    let mut client = Client::connected(running.address).await;
    let socket = namespace.sockets().remove(0);
    let endless: Reply<u32> = socket.timeout(Duration::MAX).emit_with_ack("endless", &());
    client.expect(&["420[\"endless\"]"]).await;
    for _ in 0..2 {
        let short: Reply<u32> = socket.timeout(SHORT).emit_with_ack("short", &());
        client.next().await;
        assert_eq!(bed.soon("the deadline", short).await, Err(ReplyError::TimedOut));
    }
    client.send("430[1]").await;
    assert_eq!(bed.soon("the answer", endless).await, Ok(1));
}

pub(crate) async fn several_sockets_answer_all_or_some(bed: &Bed) {
    let (_server, namespace, running) = bed.serve_one().await;
    let (mut first, first_id) = Client::connected_as(running.address).await;
    let (mut second, second_id) = Client::connected_as(running.address).await;

    let replies = namespace.emit_with_ack("question", &());
    first.expect(&["420[\"question\"]"]).await;
    second.expect(&["420[\"question\"]"]).await;
    second.send("430[2]").await;
    let asked = bed.spawn(replies);
    first.send("430[1]").await;
    let answers: Answers<u32> =
        bed.soon("the answers", asked).await.expect("no panic").expect("it was sent");
    assert!(answers.is_complete());
    let mut from: Vec<_> = answers.answers.iter().map(|(id, n)| (id.as_str(), n.clone())).collect();
    from.sort_by_key(|(_, n)| n.clone().ok());
    assert_eq!(from, [(&*first_id, Ok(1)), (&*second_id, Ok(2))]);

    let replies = namespace.timeout(SHORT).emit_with_ack("question", &());
    first.expect(&["421[\"question\"]"]).await;
    second.expect(&["421[\"question\"]"]).await;
    first.send("431[1]").await;
    let answers: Answers<u32> = bed.soon("the deadline", replies).await.expect("it was sent");
    assert!(!answers.is_complete());
    // Under load the answer may come after the deadline: then both are missing.
    assert!(answers.missing.iter().any(|id| id.as_str() == second_id), "{answers:?}");

    let replies = namespace.emit_with_ack("question", &());
    first.expect(&["422[\"question\"]"]).await;
    first.send("432[1]").await;
    drop(second);
    let answers: Answers<u32> = bed.soon("the end of one", replies).await.expect("it was sent");
    assert_eq!(answers.answers.len(), 1);
    assert_eq!(answers.missing.len(), 1);
}

pub(crate) async fn an_answer_is_encoded_once(bed: &Bed) {
    #[derive(Clone, Default)]
    struct Large(Arc<AtomicUsize>);

    impl Serialize for Large {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            self.0.fetch_add(1, Ordering::Relaxed);
            serializer.serialize_str("large")
        }
    }

    let (_server, namespace, running) = bed.serve_one().await;
    let large = Large::default();
    let encoded = large.0.clone();
    namespace.on("event", async move |_: Socket, (): ()| large.clone());
    let mut client = Client::connected(running.address).await;
    client.send("420[\"event\"]").await;
    client.expect(&["430[\"large\"]"]).await;
    assert_eq!(encoded.load(Ordering::Relaxed), 1);
}
