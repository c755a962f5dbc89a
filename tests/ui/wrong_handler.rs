use klatch::{Server, Socket};

#[derive(Clone)]
struct NoAnswer;

fn main() {
    let server = Server::new();
    let chat = server.namespace("/");

    // Without a value.
    chat.on("one parameter", async |_: Socket| ());
    // The other way round.
    chat.on("order", async |_: u32, _: Socket| ());
    // What cannot be sent.
    chat.on("answer", async |_: Socket, (): ()| NoAnswer);
    // Not a future.
    chat.on("sync", |_: Socket, (): ()| ());
}
