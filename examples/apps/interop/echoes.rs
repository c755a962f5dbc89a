//! What comes back, how it is acknowledged, and what the server asks.

use std::time::Duration;

use bytes::Bytes;
use klatch::{Ack, Args, EmitError, Handlers, Payload, Reply, Socket, Value};
use serde::Serialize;

pub(super) fn register(handlers: &Handlers) {
    handlers.on("echo", async |socket: Socket, arguments: Payload, ack: Ack| {
        if ack.is_wanted() { ack.send(&arguments) } else { socket.emit("echo", &arguments) }
    });
    handlers.on("message", async |socket: Socket, arguments: Payload| {
        socket.emit("message", &arguments)
    });
    handlers.on("noack", async |_: Socket, _: Payload| ());
    handlers.on("types", async |_: Socket, (): ()| types());
    handlers.on("ack-binary", async |_: Socket, bytes: Bytes| Answer::to(&bytes));
    // The second answer that the app asks for cannot be written: an `Ack` is used up by the first.
    handlers.on("ack-twice", async |_: Socket, (): ()| "first");
    handlers.on("big", async |_: Socket, n: usize| "a".repeat(n));
    handlers.on("big-binary", async |_: Socket, n: usize| Bytes::from(vec![7; n]));
    handlers.on("sequence", async |socket: Socket, n: u32| {
        for i in 0..n {
            let byte = (i % 3 == 0).then(|| Bytes::from(vec![(i & 255) as u8]));
            socket.emit("seq", &Args((i, byte)))?;
        }
        Ok::<_, EmitError>(())
    });
    handlers.on("ask-me", async |socket: Socket, Args((question, millis)): Args<(Value, u64)>| {
        ask(&socket, &question, millis).await
    });
}

/// Each kind of JSON value.
fn types() -> Args<impl Serialize> {
    #[derive(Serialize)]
    struct Empty {}

    let nested = (1, (2, [3]));
    Args((None::<()>, true, false, 0, -1.5, 1e21, "", "é€😀\0", [(); 0], Empty {}, nested))
}

#[derive(Serialize)]
struct Answer {
    len: usize,
    nested: Nested,
}

#[derive(Serialize)]
struct Nested {
    list: [Bytes; 1],
}

impl Answer {
    fn to(bytes: &Bytes) -> Self {
        let reversed = bytes.iter().rev().copied().collect();
        Self { len: bytes.len(), nested: Nested { list: [reversed] } }
    }
}

#[derive(Serialize)]
struct Asked {
    ok: bool,
    answers: Vec<Value>,
}

async fn ask(socket: &Socket, question: &Value, millis: u64) -> Asked {
    let reply: Reply<Args<Vec<Value>>> = if millis == 0 {
        socket.emit_with_ack("question", question)
    } else {
        socket.timeout(Duration::from_millis(millis)).emit_with_ack("question", question)
    };
    match reply.await {
        Ok(Args(answers)) => Asked { ok: true, answers },
        Err(_) => Asked { ok: false, answers: Vec::new() },
    }
}
