//! Emits as a client asks for them: to whom, from whom, how.

use std::time::Duration;

use klatch::{Args, Broadcast, EmitError, Namespace, Socket, Value};
use serde::{Deserialize, Serialize};

/// To whom, from whom, how; every part can be left out.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Spec {
    from: From,
    to: Vec<String>,
    r#in: Vec<String>,
    except: Vec<String>,
    flags: Vec<Flag>,
    timeout: Option<u64>,
}

#[derive(Default, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum From {
    #[default]
    Socket,
    Io,
}

#[derive(Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Flag {
    Broadcast,
    Local,
    Volatile,
    NoCompress,
}

#[derive(Serialize)]
struct Outcome {
    ok: bool,
    responses: Vec<Value>,
}

impl Spec {
    /// `None` if the socket itself is meant.
    fn broadcast(&self, socket: &Socket) -> Option<Broadcast> {
        let narrowed = self.flags.contains(&Flag::Broadcast)
            || [&self.to, &self.r#in, &self.except].iter().any(|rooms| !rooms.is_empty());
        let mut broadcast = match self.from {
            From::Io => socket.namespace().everybody(),
            From::Socket if narrowed => socket.broadcast(),
            From::Socket => return None,
        };
        let rooms = || self.to.iter().chain(&self.r#in);
        if rooms().next().is_some() {
            broadcast = broadcast.to(rooms());
        }
        broadcast = broadcast.except(&self.except);
        if self.flags.contains(&Flag::Local) {
            broadcast = broadcast.local();
        }
        if self.flags.contains(&Flag::Volatile) {
            broadcast = broadcast.volatile();
        }
        if let Some(timeout) = self.timeout {
            broadcast = broadcast.timeout(Duration::from_millis(timeout));
        }
        Some(broadcast)
    }

    fn emit(
        &self,
        socket: &Socket,
        event: &str,
        arguments: &Args<Vec<Value>>,
    ) -> Result<(), EmitError> {
        match self.broadcast(socket) {
            Some(broadcast) => broadcast.emit(event, arguments),
            None if self.flags.contains(&Flag::Volatile) => {
                socket.volatile().emit(event, arguments)
            }
            None => socket.emit(event, arguments),
        }
    }
}

pub(crate) fn register(namespace: &Namespace) {
    namespace.on(
        "emit",
        async |socket: Socket, Args((spec, event, arguments)): Args<(Spec, String, Vec<Value>)>| {
            spec.emit(&socket, &event, &Args(arguments))
        },
    );
    namespace.on(
        "broadcast-ack",
        async |socket: Socket, Args((spec, event, arguments)): Args<(Spec, String, Vec<Value>)>| {
            let Some(broadcast) = spec.broadcast(&socket) else {
                return Outcome { ok: false, responses: Vec::new() };
            };
            match broadcast.emit_with_ack::<Value>(&event, &Args(arguments)).await {
                Ok(answers) => Outcome {
                    ok: answers.is_complete(),
                    responses: answers
                        .answers
                        .into_iter()
                        .filter_map(|(_, answer)| answer.ok())
                        .collect(),
                },
                Err(_) => Outcome { ok: false, responses: Vec::new() },
            }
        },
    );
}
