//! For many real clients: one event per thing that they can see. At PORT by the default parser, at the
//! next port by the msgpack parser.

mod echoes;
mod emits;
mod events;
mod itself;
mod lives;
mod rooms;
mod sockets;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use klatch::{
    Config, ConnectError, Cors, EmitError, Handlers, Parser, Recovery, Server, Socket, Value,
};
use serde::{Deserialize, Serialize};

use self::lives::Watched;
use crate::run::{Either, Place, port};

pub(crate) fn servers() -> Vec<Place> {
    // What is seen of sockets that are gone is for all who ask, by whatever parser.
    let watched = Watched::default();
    let place = |port, parser| Place { port, server: Either::Socket(server(&watched, parser)) };
    let port = port("PORT", 4200);
    // 0 is for the system to choose, be it twice.
    let next = if port == 0 { 0 } else { port + 1 };
    vec![place(port, Parser::Default), place(next, Parser::Msgpack)]
}

fn server(watched: &Watched, parser: Parser) -> Server {
    let second = Duration::from_secs(1);
    let config = Config::new()
        .ping_interval(second)
        .ping_timeout(second)
        .connect_timeout(second)
        .max_payload(100_000)
        .parser(parser);
    let recovery = Recovery::new().max_disconnection(2 * second).skip_middlewares(true);
    let server = Server::builder()
        .config(config)
        .cors(Cors::any())
        .recovery(recovery)
        .build()
        .expect("it is valid");
    let main = server.namespace("/");
    main.middleware(async |socket: Socket| count_and_judge(&socket));
    let auth = server.namespace("/auth");
    auth.middleware(async |socket: Socket| let_in(&socket));
    auth.on_connect(async |socket: Socket| welcome(&socket));
    slow(&server.namespace("/slow"));
    let tenants = server.namespaces_matching(r"^/tenant-\d+$").expect("it is a pattern");
    tenants.on_connect(async |socket: Socket| socket.emit("tenant", socket.namespace().name()));
    register(&tenants, watched);
    for namespace in [main, server.namespace("/chat"), auth] {
        register(&namespace, watched);
    }
    server
}

/// The events that there are in almost every namespace.
fn register(handlers: &Handlers, watched: &Watched) {
    echoes::register(handlers);
    rooms::register(handlers);
    emits::register(handlers);
    itself::register(handlers);
    lives::register(handlers, watched);
    events::register(handlers);
    sockets::register(handlers);
}

/// What is kept with a socket: names and values, as the clients set them.
#[derive(Clone, Default, Serialize)]
struct Data(BTreeMap<String, Value>);

impl Data {
    /// Sets some of a socket's data.
    fn merge(socket: &Socket, more: impl IntoIterator<Item = (String, Value)>) {
        let mut data = socket.data::<Self>().unwrap_or_default();
        Arc::make_mut(&mut data).0.extend(more);
        socket.set_data(Self::clone(&data));
    }
}

fn count_and_judge(socket: &Socket) -> Result<(), ConnectError> {
    #[derive(Serialize)]
    struct By {
        by: &'static str,
    }

    let runs = match socket.data::<Data>().unwrap_or_default().0.get("runs") {
        Some(Value::Number(runs)) => runs.as_u64().unwrap_or_default(),
        _ => 0,
    };
    Data::merge(socket, [("runs".to_owned(), Value::Number((runs + 1).into()))]);
    if socket.handshake().query_value("reject").as_deref() == Some("1") {
        return Err(ConnectError::new("rejected").with_data(&By { by: "query" })?);
    }
    Ok(())
}

fn let_in(socket: &Socket) -> Result<(), ConnectError> {
    #[derive(Deserialize)]
    struct Auth {
        token: String,
        #[serde(default)]
        user: Option<Value>,
    }
    #[derive(Serialize)]
    struct Unauthorized {
        code: u16,
        hint: [&'static str; 1],
    }

    match socket.auth::<Auth>() {
        Ok(Auth { token, user }) if token == "letmein" => {
            Data::merge(socket, user.map(|user| ("user".to_owned(), user)));
            Ok(())
        }
        _ => {
            let data = Unauthorized { code: 401, hint: ["token"] };
            Err(ConnectError::new("unauthorized").with_data(&data)?)
        }
    }
}

fn welcome(socket: &Socket) -> Result<(), EmitError> {
    #[derive(Serialize)]
    struct Welcome {
        user: Option<Value>,
    }

    let data = socket.data::<Data>().unwrap_or_default();
    socket.emit("welcome", &Welcome { user: data.0.get("user").cloned() })
}

/// A namespace that takes its time.
fn slow(handlers: &Handlers) {
    #[derive(Serialize)]
    struct Order(Vec<&'static str>);

    handlers.middleware(async |socket: Socket| {
        socket.set_data(Order(vec!["a"]));
        // It runs on any executor.
        smol::Timer::after(Duration::from_millis(100)).await;
        Ok(())
    });
    handlers.middleware(async |socket: Socket| {
        let before = socket.data::<Order>();
        let before = before.iter().flat_map(|order| order.0.iter().copied());
        socket.set_data(Order(before.chain(["b"]).collect()));
        Ok(())
    });
    handlers.on_connect(async |socket: Socket| {
        let order = socket.data_payload()?;
        socket.emit("order", &order)
    });
}

/// Rooms given as one name or as a list.
#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl OneOrMany {
    fn into_list(self) -> Vec<String> {
        match self {
            Self::One(one) => vec![one],
            Self::Many(many) => many,
        }
    }
}
