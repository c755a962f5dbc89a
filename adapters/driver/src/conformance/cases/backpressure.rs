//! What waits for clients that do not read: they poll, so that nothing leaves before they do.

use klatch_core::{CloseReason, Config, Limit};

use crate::conformance::bed::{Address, Bed};
use crate::conformance::client::Client;
use crate::conformance::wire::{Wire, head, open, post, request};
use crate::error::EmitError;
use crate::namespace::Namespace;
use crate::server::Server;
use crate::socket::Socket;

/// What a packet counts for beyond its bytes.
const OVERHEAD: usize = 64;

/// A session in the namespace `/` that has read all there is, and its socket.
async fn joined(address: Address<'_>, namespace: &Namespace) -> (String, Socket) {
    let before = namespace.sockets();
    let query = open(address).await;
    assert_eq!(request(address, &post(&query, "40")).await.status, 200);
    assert!(poll(address, &query).await.starts_with("40{"), "it is let in");
    let mut sockets = namespace.sockets();
    sockets.retain(|socket| !before.contains(socket));
    (query, sockets.remove(0))
}

/// A client that has read its CONNECT is a moment ahead of the server's count.
async fn settled(bed: &Bed, server: &Server) {
    bed.until("the end of what was sent", || server.snapshot().queued_bytes == 0).await;
}

/// Takes what waits.
async fn poll(address: Address<'_>, query: &str) -> String {
    let answer = request(address, &head("GET", query, &[])).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.body
}

/// An event that counts for so many bytes: `42["large","xxx"]`.
fn emit(socket: &Socket, bytes: usize) -> Result<(), EmitError> {
    let frame = "42[\"large\",\"\"]".len() + OVERHEAD;
    socket.emit("large", &"x".repeat(bytes - frame))
}

pub(crate) async fn a_client_is_not_heard_until_it_reads(bed: &Bed) {
    let server = Server::builder().soft_mark(10_000).build().expect("it is valid");
    let namespace = server.namespace("/");
    let (pen, mut log) = bed.log();
    namespace.on("event", async move |_: Socket, n: u32| pen.write(n.to_string()));
    let address = bed.serve(&server).await.address;
    let (query, socket) = joined(address, &namespace).await;
    settled(bed, &server).await;

    emit(&socket, 10_000).expect("it fits");
    assert!(socket.is_writable(), "at the mark");
    bed.soon("room", socket.ready()).await.expect("it is connected");
    assert_eq!(request(address, &post(&query, "42[\"event\",1]")).await.body, "ok");
    log.expect(&["1"]).await;

    emit(&socket, 100).expect("it fits");
    assert!(!socket.is_writable(), "beyond it");
    let twice = "42[\"event\",2]\x1e42[\"event\",3]";
    assert_eq!(request(address, &post(&query, twice)).await.body, "ok");
    let (waiting, (pen, mut other_log)) = (socket.clone(), bed.log());
    let waits = bed.spawn(async move {
        let ready = waiting.ready().await;
        pen.write("ready");
        ready
    });
    // It is answered by the session, which would have started the handlers before.
    let (_, other) = joined(address, &namespace).await;
    assert!(other.is_writable(), "each client has a mailbox of its own");
    assert!(log.rest().is_empty() && other_log.rest().is_empty());
    assert_eq!(server.snapshot().limits_hit.get(Limit::SoftMark), 1);

    assert_eq!(poll(address, &query).await.len(), 10_000 - OVERHEAD + 1 + 100 - OVERHEAD);
    log.expect(&["2", "3"]).await;
    other_log.expect(&["ready"]).await;
    assert_eq!(bed.soon("room", waits).await, Ok(Ok(())));
    assert!(socket.is_writable());
}

pub(crate) async fn who_waits_for_room_hears_of_the_end(bed: &Bed) {
    let server = Server::builder().soft_mark(0).build().expect("it is valid");
    let namespace = server.namespace("/");
    let address = bed.serve(&server).await.address;
    let (_, lost) = joined(address, &namespace).await;
    let (_, put_out) = joined(address, &namespace).await;
    for socket in [&lost, &put_out] {
        socket.emit("large", &()).expect("it fits");
        assert!(!socket.is_writable());
    }
    let [lost_waits, put_out_waits] = [&lost, &put_out].map(|socket| {
        let socket = socket.clone();
        bed.spawn(async move { socket.ready().await })
    });
    lost.close_connection();
    put_out.disconnect();
    // What waits leaves before the connection ends: on another thread, there may be room first.
    let heard = bed.soon("the end", lost_waits).await;
    assert!(matches!(heard, Ok(Ok(()) | Err(EmitError::Closed))), "{heard:?}");
    assert_eq!(bed.soon("the end", put_out_waits).await, Ok(Err(EmitError::Closed)));
    assert!(!put_out.is_writable());
    assert_eq!(bed.soon("the refusal", put_out.ready()).await, Err(EmitError::Closed));
}

pub(crate) async fn t2_a_client_that_does_not_read_cannot_send_without_end(bed: &Bed) {
    let config = Config::new().max_payload(10_000);
    let server = Server::builder().config(config).soft_mark(0).build().expect("it is valid");
    let namespace = server.namespace("/");
    let (pen, mut log) = bed.log();
    let writer = pen.clone();
    namespace
        .on("event", async move |_: Socket, text: String| writer.write(text.len().to_string()));
    namespace.on_disconnect(async move |_: Socket, reason: CloseReason| {
        pen.write(reason.to_string());
    });
    let address = bed.serve(&server).await.address;
    let (query, socket) = joined(address, &namespace).await;
    socket.emit("unread", &()).expect("it fits");
    let event = format!("42[\"event\",\"{}\"]", "x".repeat(6_000));
    for _ in 0..2 {
        assert_eq!(request(address, &post(&query, &event)).await.body, "ok");
    }
    // More than `max_payload` waits: the next one is read, and not answered before the client reads.
    let mut third = Wire::open(address).await;
    third.write(&post(&query, &event)).await;
    assert_eq!(log.rest(), [""; 0]);
    assert_eq!(poll(address, &query).await, "42[\"unread\"]");
    assert_eq!(third.answer().await.body, "ok");
    log.expect(&["6000", "6000", "6000"]).await;
    let snapshot = server.snapshot();
    assert_eq!(snapshot.limits_hit.get(Limit::Parked), 0, "it is not closed for it");
    assert_eq!(snapshot.sessions, 1);
    settled(bed, &server).await;
}

pub(crate) async fn the_fullest_mailboxes_are_closed_first(bed: &Bed) {
    const CHUNK: usize = 16 << 10;
    let server = Server::builder().server_budget(16 * CHUNK).build().expect("it is valid");
    let namespace = server.namespace("/");
    let (pen, mut log) = bed.log();
    namespace.on_disconnect(async move |socket: Socket, reason: CloseReason| {
        pen.write(format!("{} {reason}", socket.id()));
    });
    let address = bed.serve(&server).await.address;
    let (_, full) = joined(address, &namespace).await;
    let (_, fullest) = joined(address, &namespace).await;
    let (query, small) = joined(address, &namespace).await;
    settled(bed, &server).await;
    // The first chunk of each is free, the others count.
    emit(&full, 7 * CHUNK).expect("it fits");
    emit(&fullest, 9 * CHUNK).expect("it fits");
    emit(&small, CHUNK).expect("it fits");
    emit(&small, 2 * CHUNK).expect("it fits");
    assert_eq!(server.snapshot().queued_bytes, 19 * CHUNK);
    assert_eq!(server.snapshot().limits_hit.get(Limit::Mailboxes), 0, "to the budget");
    emit(&full, CHUNK).expect("it fits");
    log.expect(&[&format!("{} slow consumer", fullest.id())]).await;
    assert_eq!(fullest.emit("late", &()), Err(EmitError::Closed));
    let snapshot = server.snapshot();
    assert_eq!(snapshot.limits_hit.get(Limit::Mailboxes), 1);
    assert_eq!((snapshot.queued_bytes, namespace.len()), (11 * CHUNK, 2));
    assert_eq!(poll(address, &query).await.len(), 3 * CHUNK - 2 * OVERHEAD + 1);
    assert!(full.is_connected() && small.is_connected());
}

pub(crate) async fn t1_a_reader_that_stops_costs_no_more_than_its_mailbox(bed: &Bed) {
    let config = Config::new().max_payload(10_000);
    let builder = Server::builder().config(config).mailbox_budget(20_000);
    let server = builder.build().expect("it is valid");
    let namespace = server.namespace("/");
    let (pen, mut log) = bed.log();
    namespace.on_disconnect(async move |_: Socket, reason: CloseReason| {
        pen.write(reason.to_string());
    });
    let address = bed.serve(&server).await.address;
    let (_, socket) = joined(address, &namespace).await;
    let mut quick = Client::connected(address).await;
    settled(bed, &server).await;
    emit(&socket, 10_000).expect("it fits");
    emit(&socket, 10_000).expect("it just fits");
    assert_eq!(server.snapshot().queued_bytes, 20_000);
    assert_eq!(emit(&socket, 100), Err(EmitError::SlowConsumer));
    log.expect(&["slow consumer"]).await;
    namespace.emit("news", &()).expect("a name is encoded");
    quick.expect(&["42[\"news\"]"]).await;
    let snapshot = server.snapshot();
    assert_eq!((snapshot.limits_hit.get(Limit::Mailbox), snapshot.namespaces[0].sockets), (1, 1));
    // Its task ends after its socket.
    bed.until("the end of its session", || server.snapshot().sessions == 1).await;
}

pub(crate) async fn all_that_waits_stays_within_the_budget_of_the_server(bed: &Bed) {
    const BUDGET: usize = 512 << 10;
    const CLIENTS: usize = 20;
    const PACKET: usize = 20_000;
    let server = Server::builder().server_budget(BUDGET).build().expect("it is valid");
    let namespace = server.namespace("/");
    let address = bed.serve(&server).await.address;
    for _ in 0..CLIENTS {
        joined(address, &namespace).await;
    }
    // Nobody reads, and nobody gets a turn: it is the one who sends that keeps to it.
    let mut most = 0;
    for socket in namespace.sockets().iter().cycle().take(50 * CLIENTS) {
        // Whoever is closed for it hears no more.
        let _ = emit(socket, PACKET);
        most = most.max(server.snapshot().queued_bytes);
    }
    let bound = BUDGET + CLIENTS * (16 << 10);
    assert!((BUDGET..=bound).contains(&most), "{most} of {bound}");
    let counted = || server.snapshot().limits_hit.get(Limit::Mailboxes) > 0;
    bed.until("the end of some", counted).await;
}
