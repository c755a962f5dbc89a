//! For socket.io-client's own tests, in place of the server that they bring.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use klatch::{
    Ack, Args, CloseReason, Config, ConnectError, EmitError, Namespace, Payload, Recovery, Server,
    Socket, SocketId, Value,
};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use crate::handshake::{Shown, owned};
use crate::run::{Either, Place, port};

/// The tests let connections time out at once: the server must not be quicker.
const HANDSHAKE: Duration = Duration::from_millis(10);

pub(crate) fn servers() -> Vec<Place> {
    vec![Place { port: port("PORT", 4210), server: Either::Socket(server()) }]
}

fn server() -> Server {
    let server = Server::builder()
        .config(Config::new().ping_interval(Duration::from_secs(2)))
        .recovery(Recovery::new().skip_middlewares(true))
        .allow_request(async |_, _| {
            // It runs on any executor.
            smol::Timer::after(HANDSHAKE).await;
            Ok(())
        })
        .build()
        .expect("it is valid");
    main_namespace(&server.namespace("/"));
    others(&server);
    server
}

fn others(server: &Server) {
    for name in ["/timeout_socket", "/valid", "/asd"] {
        server.namespace(name);
    }
    server.namespace("/foo").on("getId", async |socket: Socket, (): ()| socket.id().to_string());
    server
        .namespace("/abc")
        .on_connect(async |socket: Socket| socket.emit("handshake", &WithHeaders::of(&socket)));
    server
        .namespace("/no")
        .middleware(async |_| Err(ConnectError::new("Auth failed (custom namespace)")));
}

fn main_namespace(namespace: &Namespace) {
    namespace.middleware(async |socket: Socket| match socket.handshake().query_value("fail") {
        Some(fail) if !fail.is_empty() => Err(ConnectError::new("Auth failed (main namespace)")),
        _ => Ok(()),
    });
    namespace.on("hi", async |socket: Socket, (): ()| socket.emit("hi", &()));
    namespace.on("getId", async |socket: Socket, (): ()| socket.id().to_string());
    namespace.on("getHandshake", async |socket: Socket, (): ()| WithHeaders::of(&socket));
    namespace.on("false", async |socket: Socket, (): ()| socket.emit("false", &false));
    acks(namespace);
    texts(namespace);
    binary(namespace);
}

fn acks(namespace: &Namespace) {
    #[derive(Deserialize)]
    struct Tested {
        test: bool,
    }

    namespace.on("echo", async |_: Socket, value: Payload, ack: Ack| ack.send(&value));
    // What the client itself asks for is never answered.
    namespace.on("ack", async |socket: Socket, (): (), _never: Ack| {
        match socket.emit_with_ack::<Args<(f64, Tested)>>("ack", &()).await {
            Ok(Args((5.0, Tested { test: true }))) => socket.emit("got it", &()),
            _ => Ok(()),
        }
    });
    namespace.on("getAckDate", async |_: Socket, _: Payload| now());
}

fn texts(namespace: &Namespace) {
    #[derive(Serialize)]
    struct Dated {
        date: String,
    }

    namespace.on("getDate", async |socket: Socket, (): ()| socket.emit("takeDate", &now()));
    namespace.on("getDateObj", async |socket: Socket, (): ()| {
        socket.emit("takeDateObj", &Dated { date: now() })
    });
    namespace.on("getUtf8", async |socket: Socket, (): ()| {
        for text in ["てすと", "Я Б Г Д Ж Й", "Ä ä Ü ü ß", "utf8 — string", "utf8 — string"]
        {
            socket.emit("takeUtf8", text)?;
        }
        Ok::<_, EmitError>(())
    });
}

fn binary(namespace: &Namespace) {
    const BYTES: Bytes = Bytes::from_static(b"asdfasdf");

    namespace.on("doge", async |socket: Socket, (): ()| socket.emit("doge", &BYTES));
    namespace.on("getbin", async |socket: Socket, (): ()| socket.emit("takebin", &BYTES));
    namespace.on("buffa", async |socket: Socket, value: Value| match value {
        Value::Binary(_) => socket.emit("buffack", &()),
        _ => Ok(()),
    });
    namespace.on(
        "jsonbuff",
        async |socket: Socket, Mixed { hello, message, goodbye }: Mixed| match (
            &*hello, message, &*goodbye,
        ) {
            ("lol", Value::Binary(_), "gotcha") => socket.emit("jsonbuff-ack", &()),
            _ => Ok(()),
        },
    );

    // Who has sent `abuff1`.
    let sent = Arc::new(Mutex::new(Vec::<SocketId>::new()));
    let of = sent.clone();
    namespace.on("abuff1", async move |socket: Socket, value: Value| {
        if matches!(value, Value::Binary(_)) {
            of.lock().push(socket.id());
        }
    });
    let of = sent.clone();
    namespace.on("abuff2", async move |socket: Socket, _: String| {
        let in_order = of.lock().contains(&socket.id());
        if in_order { socket.emit("abuff2-ack", &()) } else { Ok(()) }
    });
    namespace.on_disconnect(async move |socket: Socket, _: CloseReason| {
        sent.lock().retain(|id| *id != socket.id());
    });
}

#[derive(Serialize)]
struct WithHeaders {
    headers: BTreeMap<String, String>,
    #[serde(flatten)]
    shown: Shown,
}

impl WithHeaders {
    fn of(socket: &Socket) -> Self {
        Self { headers: owned(socket.handshake().headers()), shown: Shown::to(socket) }
    }
}

/// A value that is binary in part.
#[derive(Deserialize)]
struct Mixed {
    hello: String,
    message: Value,
    goodbye: String,
}

/// The time as ISO 8601 has it, and JavaScript.
fn now() -> String {
    humantime::format_rfc3339_millis(SystemTime::now()).to_string()
}
