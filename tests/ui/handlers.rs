//! Every shape that a handler may have.

use std::sync::Arc;

use bytes::Bytes;
use klatch::{
    Ack, Args, CloseReason, EmitError, EventError, JoinError, Payload, Server, Socket, SocketId,
};

async fn function(socket: Socket, text: String) -> Result<(), EmitError> {
    socket.emit("text", &text)
}

fn future(_: Socket, n: u32) -> impl Future<Output = u32> + Send {
    async move { n + 1 }
}

async fn connect(socket: Socket) -> Result<(), JoinError> {
    socket.join("room")
}

async fn event_middleware(_: Socket, _: String, args: Payload) -> Result<(), EventError> {
    let n: u32 = args.decode().map_err(|_| EventError::new("no number"))?;
    if n == 0 { Err(EventError::new("zero").with_data(&n)?) } else { Ok(()) }
}

async fn by_hand(_: Socket, n: u32, ack: Ack) -> Result<(), EmitError> {
    ack.send(&n)
}

#[derive(Clone)]
struct State {
    names: Arc<Vec<String>>,
}

impl State {
    async fn name(self, _: Socket, nth: usize) -> Option<String> {
        self.names.get(nth).cloned()
    }
}

fn main() {
    let server = Server::new();
    let chat = server.namespace("/");
    let state = State { names: Arc::new(vec!["a".to_owned()]) };

    chat.on_connect(connect);
    chat.on_connect(async |socket: Socket| println!("{}", socket.id()));
    chat.on_disconnecting(async |_: Socket, _: CloseReason| ());
    chat.on_disconnect(async |socket: Socket, reason: CloseReason| {
        socket.broadcast().emit("gone", &reason)
    });
    chat.on_error(|socket, event, error| println!("{} {event} {error}", socket.id()));
    chat.on_any(|socket, event, args| println!("{} {event} {args:?}", socket.id()));
    chat.on_any_outgoing(|_, event, _| println!("{event}"));
    chat.on_room_event(|namespace, event| println!("{namespace} {event:?}"));
    chat.on_fallback(async |_: Socket, event: String, _: Payload, ack: Ack| ack.send(&event));
    chat.event_middleware(
        async |_: Socket, event: String, args: Payload| {
            if args.is_empty() { Err(EventError::new(event)) } else { Ok(()) }
        },
    );
    chat.event_middleware(event_middleware);

    chat.on("function", function);
    chat.on("future", future);
    chat.on("by hand", by_hand);
    chat.on("nothing", async |_: Socket, (): ()| ());
    chat.on("whatever comes", async |socket: Socket, all: Payload| socket.emit("back", &all));
    chat.on("several", async |_: Socket, Args((a, b)): Args<(u32, Option<String>)>| Args((b, a)));
    chat.on("bytes", async |_: Socket, bytes: Bytes| bytes.len());
    chat.on("closure", |_: Socket, n: u32| async move { n });

    chat.on("rooms", async |socket: Socket, Args((room, rooms)): Args<(String, Vec<String>)>| {
        socket.join("a")?;
        socket.join(&room)?;
        socket.join(&rooms)?;
        socket.join(["b", "c"])?;
        socket.leave(rooms.iter().filter(|other| **other != room));
        let ids: Vec<SocketId> = socket
            .to(socket.id())
            .to(rooms)
            .except(room)
            .sockets()
            .iter()
            .map(Socket::id)
            .collect();
        socket.namespace().except(ids).sockets_join(vec!["d".to_owned()])
    });

    let names = state.names.clone();
    chat.on("captured", async move |_: Socket, nth: usize| names.get(nth).cloned());
    let names = state.names.clone();
    chat.on("awaits", async move |socket: Socket, (): ()| {
        let reply = socket.emit_with_ack::<usize>("which", &());
        let nth = reply.await.map_err(|error| error.to_string())?;
        names.get(nth).cloned().ok_or_else(|| "no such name".to_owned())
    });
    let names = state.names.clone();
    chat.on("captured by hand", async move |_: Socket, (): (), ack: Ack| ack.send(&*names));
    chat.on("method", move |socket: Socket, nth: usize| state.clone().name(socket, nth));
}
