//! Clients with the msgpack parser.

use bytes::Bytes;
use klatch_core::{
    AckId, Args, Body, CloseReason, Config, ConnectError, DecoderLimits, Packet, Parser, Payload,
    SocketId,
};
use serde::Deserialize;

use crate::conformance::bed::{Address, Bed};
use crate::conformance::client::Client;
use crate::conformance::log::Gate;
use crate::conformance::wire::{head, open, post, request};
use crate::namespace::Namespace;
use crate::recovery::Recovery;
use crate::reply::Reply;
use crate::server::Server;
use crate::socket::Socket;

/// {type: 0, nsp: "/"}
const CONNECT: &[u8] = b"\x82\xa4type\x00\xa3nsp\xa1/";

/// {type: 1, nsp: "/"}
const DISCONNECT: &[u8] = b"\x82\xa4type\x01\xa3nsp\xa1/";

fn server(recovery: Option<Recovery>) -> (Server, Namespace) {
    let mut builder = Server::builder().config(Config::new().parser(Parser::Msgpack));
    if let Some(recovery) = recovery {
        builder = builder.recovery(recovery);
    }
    let server = builder.build().expect("it is valid");
    let namespace = server.namespace("/");
    (server, namespace)
}

/// A client that speaks so.
struct Speaker(Client);

/// What a client is told when it is let in.
#[derive(Deserialize)]
struct Welcome {
    sid: String,
    #[serde(default)]
    pid: String,
}

impl Speaker {
    async fn enter(address: Address<'_>, connect: &[u8]) -> (Self, Welcome) {
        let mut speaker = Self(Client::open(address).await);
        speaker.0.send_bytes(connect).await;
        let Body::Connect { auth } = speaker.next().await else { panic!("not let in") };
        (speaker, auth.decode().expect("an id"))
    }

    async fn next(&mut self) -> Body {
        let message = self.0.next_bytes().await.expect("the connection is open");
        let packet = Packet::from_msgpack(&message, &DecoderLimits::default());
        let Packet { namespace, body } = packet.expect("the server sends packets");
        assert_eq!(namespace, "/");
        body
    }

    /// Reads an event, for its name, its arguments and what it is to be answered with.
    async fn event(&mut self) -> (String, Payload, Option<AckId>) {
        match self.next().await {
            Body::Event { name, args, ack } => (name.as_str().to_owned(), args, ack),
            other => panic!("no event: {other:?}"),
        }
    }

    async fn send(&mut self, name: &str, args: &Payload, ack: Option<u64>) {
        let event = Parser::Msgpack.event("/", name, args, ack.map(AckId::new));
        let event = event.expect("it has a JSON form");
        self.0.send_bytes(event.attachments()[0].bytes()).await;
    }

    async fn answer(&mut self, id: AckId, args: &Payload) {
        let answer = Parser::Msgpack.ack("/", id, args).expect("it has a JSON form");
        self.0.send_bytes(answer.packet.attachments()[0].bytes()).await;
    }
}

fn args(value: &impl klatch_core::ToArgs) -> Payload {
    Payload::from_args(value).expect("it has a JSON form")
}

pub(crate) async fn clients_speak_and_are_spoken_to(bed: &Bed) {
    let (server, namespace) = server(None);
    let (pen, mut log) = bed.log();
    namespace.on("up", async |socket: Socket, Args((name, bytes)): Args<(String, Bytes)>| {
        socket.broadcast().emit("said", &Args((&name, &bytes, 1.5, -1)))?;
        Ok::<_, crate::error::EmitError>(Args((bytes, name)))
    });
    namespace.on_disconnect(async move |_: Socket, reason: CloseReason| {
        pen.write(reason.to_string());
    });
    let address = bed.serve(&server).await.address;
    let (mut alice, welcome) = Speaker::enter(address, CONNECT).await;
    let (mut bob, _) = Speaker::enter(address, CONNECT).await;

    let bytes = Bytes::from_static(&[0, 0xff]);
    alice.send("up", &args(&Args(("a", &bytes))), Some(3)).await;
    let (id, answer) = match alice.next().await {
        Body::Ack { id, args } => (id.get(), args),
        other => panic!("no answer: {other:?}"),
    };
    assert_eq!((id, answer), (3, args(&Args((&bytes, "a")))));
    let said = bob.event().await;
    assert_eq!(said, ("said".to_owned(), args(&Args(("a", &bytes, 1.5, -1))), None));

    // One message for all of them.
    namespace.emit("all", &[&bytes]).expect("it has a JSON form");
    let expected = ("all".to_owned(), args(&[&bytes]), None);
    assert_eq!(alice.event().await, expected);
    assert_eq!(bob.event().await, expected);

    let id = SocketId::parse(&welcome.sid).expect("an id");
    let socket = namespace.socket(id).expect("it is connected");
    let reply: Reply<Bytes> = socket.emit_with_ack("question", &());
    let (name, nothing, ack) = alice.event().await;
    assert_eq!((name.as_str(), nothing.is_empty()), ("question", true));
    alice.answer(ack.expect("an answer is asked for"), &args(&bytes)).await;
    assert_eq!(bed.soon("the answer", reply).await, Ok(bytes));

    socket.disconnect();
    assert_eq!(alice.0.next_bytes().await.as_deref(), Some(DISCONNECT));
    log.expect(&["server namespace disconnect"]).await;
    bob.0.send_bytes(DISCONNECT).await;
    log.expect(&["client namespace disconnect"]).await;
    bed.close(&server).await;
}

pub(crate) async fn clients_are_turned_away_in_their_language(bed: &Bed) {
    let (server, namespace) = server(None);
    let error = || ConnectError::new("unauthorized").with_data(&401);
    namespace.middleware(async move |socket: Socket| {
        socket.auth::<Auth>().map(|auth| drop(auth.token)).or(Err(error()?))
    });
    let address = bed.serve(&server).await.address;
    let mut speaker = Speaker(Client::open(address).await);
    speaker.0.send_bytes(CONNECT).await;
    let refusal =
        b"\x83\xa4type\x04\xa3nsp\xa1/\xa4data\x82\xa7message\xacunauthorized\xa4data\xcd\x01\x91";
    assert_eq!(speaker.0.next_bytes().await.as_deref(), Some(&refusal[..]));
    // {type: 0, nsp: "/x"}
    speaker.0.send_bytes(b"\x82\xa4type\x00\xa3nsp\xa2/x").await;
    let unknown = Parser::Msgpack.connect_error("/x", &ConnectError::unknown_namespace());
    assert_eq!(speaker.0.next_bytes().await.as_ref(), Some(unknown.attachments()[0].bytes()));
    // {type: 0, data: {token: <01>}, nsp: "/"}
    let (_speaker, _) =
        Speaker::enter(address, b"\x83\xa4type\x00\xa4data\x81\xa5token\xc4\x01\x01\xa3nsp\xa1/")
            .await;
    bed.close(&server).await;
}

#[derive(Deserialize)]
struct Auth {
    token: Bytes,
}

pub(crate) async fn polling_carries_base64(bed: &Bed) {
    let (server, namespace) = server(None);
    namespace.on("hey", async |socket: Socket, n: u8| socket.emit("ho", &(n + 1)));
    let address = bed.serve(&server).await.address;
    let query = open(address).await;
    let answer = request(address, &post(&query, "bgqR0eXBlAKNuc3ChLw==")).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "ok"));
    let poll = head("GET", &query, &[]);
    let welcome = request(address, &poll).await.body;
    // {type: 0, nsp: "/", data: {sid: …
    assert!(welcome.starts_with("bg6R0eXBlAKNuc3ChL6RkYXRhgaNzaWS0"), "{welcome}");
    // {type: 2, nsp: "/", data: ["hey", 1]}, twice
    let hey = "bg6R0eXBlAqNuc3ChL6RkYXRhkqNoZXkB";
    let answer = request(address, &post(&query, &format!("{hey}\x1e{hey}"))).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "ok"));
    // {type: 2, nsp: "/", data: ["ho", 2]}
    let ho = "bg6R0eXBlAqNuc3ChL6RkYXRhkqJobwI=";
    assert_eq!(request(address, &poll).await.body, format!("{ho}\x1e{ho}"));
    bed.close(&server).await;
}

pub(crate) async fn a_lost_client_is_back_with_what_it_missed(bed: &Bed) {
    let (server, namespace) = server(Some(Recovery::new()));
    let (pen, mut log) = bed.log();
    namespace.on_disconnect(async move |_: Socket, reason: CloseReason| {
        pen.write(reason.to_string());
    });
    let address = bed.serve(&server).await.address;
    let (mut alice, welcome) = Speaker::enter(address, CONNECT).await;
    let bytes = Bytes::from_static(b"blob");
    namespace.emit("said", &bytes).expect("it has a JSON form");
    let (_, said, _) = alice.event().await;
    let Args((heard, offset)): Args<(Bytes, String)> = said.decode().expect("an offset");
    assert_eq!(heard, bytes);
    drop(alice);
    log.expect(&["transport close"]).await;

    namespace.emit("said", "missed").expect("it has a JSON form");
    namespace.to(&welcome.sid).emit("said", &bytes).expect("it has a JSON form");
    let claim = [
        b"\x83\xa4type\x00\xa3nsp\xa1/\xa4data\x82\xa3pid\xb4",
        welcome.pid.as_bytes(),
        b"\xa6offset\xa8",
        offset.as_bytes(),
    ];
    let (mut alice, again) = Speaker::enter(address, &claim.concat()).await;
    assert_eq!((&again.sid, &again.pid), (&welcome.sid, &welcome.pid));
    let (_, missed, _) = alice.event().await;
    let Args((missed, second)): Args<(String, String)> = missed.decode().expect("an offset");
    assert_eq!(missed, "missed");
    let (_, missed, _) = alice.event().await;
    let Args((missed, third)): Args<(Bytes, String)> = missed.decode().expect("an offset");
    assert_eq!(missed, bytes);
    assert!(offset < second && second < third, "{offset}, {second}, {third}");
    bed.close(&server).await;
}

pub(crate) async fn who_speaks_another_parser_is_closed(bed: &Bed) {
    let (server, namespace) = server(None);
    let (pen, mut log) = bed.log();
    let writer = pen.clone();
    namespace.on_disconnect(async move |_: Socket, reason: CloseReason| {
        writer.write(reason.to_string());
    });
    let address = bed.serve(&server).await.address;
    let mut stranger = Client::open(address).await;
    stranger.send("40").await;
    assert_eq!(stranger.next_bytes().await, None);
    let (mut speaker, _) = Speaker::enter(address, CONNECT).await;
    speaker.0.send(r#"42["hey"]"#).await;
    assert_eq!(speaker.0.next_bytes().await, None);
    log.expect(&["forced close"]).await;
    bed.close(&server).await;

    let (server, namespace, running) = bed.serve_one().await;
    namespace.on_disconnect(async move |_: Socket, reason: CloseReason| {
        pen.write(reason.to_string());
    });
    let mut stranger = Client::open(running.address).await;
    stranger.send_bytes(CONNECT).await;
    assert_eq!(stranger.next_if_open().await, None);
    let mut client = Client::connected(running.address).await;
    client.send_bytes(CONNECT).await;
    assert_eq!(client.next_if_open().await, None);
    log.expect(&["forced close"]).await;
    bed.close(&server).await;
}

pub(crate) async fn what_waits_does_not_keep_the_message_it_came_in(bed: &Bed) {
    let config = Config::new().parser(Parser::Msgpack);
    let server = Server::builder().config(config).max_handlers(1).build().expect("it is valid");
    let namespace = server.namespace("/");
    let ((pen, mut log), gate) = (bed.log(), Gate::default());
    let (writer, passing) = (pen.clone(), gate.clone());
    namespace.on("hold", async move |_: Socket, (): ()| {
        writer.write("held");
        passing.passed().await;
    });
    namespace.on("look", async move |_: Socket, args: Payload| {
        let alone = args.attachments().iter().map(|attachment| attachment.bytes().is_unique());
        pen.write(format!("{:?}", alone.collect::<Vec<_>>()));
    });
    let address = bed.serve(&server).await.address;
    let (mut alice, _) = Speaker::enter(address, CONNECT).await;
    let two = args(&Args((Bytes::from_static(&[1]), Bytes::from_static(&[2]))));
    alice.send("look", &two, None).await;
    log.expect(&["[false, false]"]).await;
    alice.send("hold", &Payload::default(), None).await;
    log.expect(&["held"]).await;
    let socket = namespace.sockets().pop().expect("it is connected");
    let reply: Reply<()> = socket.emit_with_ack("are you done?", &());
    let (_, _, question) = alice.event().await;
    alice.send("look", &two, None).await;
    // Answers do not wait: once this one is there, the event before it is, too.
    alice.answer(question.expect("it is asked"), &Payload::default()).await;
    bed.soon("the answer", reply).await.expect("it was sent");
    gate.open();
    log.expect(&["[true, true]"]).await;
}
