//! Emits as a client asks for them: to whom, from whom, how.

use std::time::Duration;

use klatch::{Args, Broadcast, EmitError, Handlers, Socket, Unicast, Value};
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

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Flag {
    Broadcast,
    Local,
    Volatile,
    NoCompress,
}

/// Whom a spec means.
enum Operator {
    /// The socket itself, until something narrows it.
    One(Unicast),
    Many(Broadcast),
}

#[derive(Serialize)]
struct Outcome {
    ok: bool,
    responses: Vec<Value>,
}

type Emit = Args<(Spec, String, Vec<Value>)>;

pub(super) fn register(handlers: &Handlers) {
    handlers.on("emit", async |socket: Socket, Args((spec, event, arguments)): Emit| {
        spec.operator(&socket).emit(&event, &Args(arguments))
    });
    handlers.on("broadcast-ack", async |socket: Socket, Args((spec, event, arguments)): Emit| {
        spec.operator(&socket).ask(&event, &Args(arguments)).await
    });
}

impl Spec {
    fn operator(&self, socket: &Socket) -> Operator {
        // Half a minute is what is waited for an answer anyway.
        let timeout = self.timeout.map_or(Duration::from_secs(30), Duration::from_millis);
        let begun = match self.from {
            From::Socket => Operator::One(socket.timeout(timeout)),
            From::Io => Operator::Many(socket.namespace().timeout(timeout)),
        };
        let flagged = self.flags.iter().fold(begun, |operator, flag| operator.flag(*flag));
        let rooms = [&self.to, &self.r#in].into_iter().filter(|rooms| !rooms.is_empty());
        let addressed = rooms.fold(flagged, |operator, rooms| operator.to(rooms));
        if self.except.is_empty() { addressed } else { addressed.except(&self.except) }
    }
}

impl Operator {
    fn flag(self, flag: Flag) -> Self {
        match (self, flag) {
            (Self::One(one), Flag::Broadcast) => Self::Many(one.broadcast()),
            (Self::One(one), Flag::Local) => Self::One(one.local()),
            (Self::One(one), Flag::Volatile) => Self::One(one.volatile()),
            (Self::One(one), Flag::NoCompress) => Self::One(one.compress(false)),
            (Self::Many(many), Flag::Broadcast) => Self::Many(many),
            (Self::Many(many), Flag::Local) => Self::Many(many.local()),
            (Self::Many(many), Flag::Volatile) => Self::Many(many.volatile()),
            (Self::Many(many), Flag::NoCompress) => Self::Many(many.compress(false)),
        }
    }

    fn to(self, rooms: &[String]) -> Self {
        Self::Many(match self {
            Self::One(one) => one.to(rooms),
            Self::Many(many) => many.to(rooms),
        })
    }

    fn except(self, rooms: &[String]) -> Self {
        Self::Many(match self {
            Self::One(one) => one.except(rooms),
            Self::Many(many) => many.except(rooms),
        })
    }

    fn emit(&self, event: &str, arguments: &Args<Vec<Value>>) -> Result<(), EmitError> {
        match self {
            Self::One(one) => one.emit(event, arguments),
            Self::Many(many) => many.emit(event, arguments),
        }
    }

    async fn ask(&self, event: &str, arguments: &Args<Vec<Value>>) -> Outcome {
        let answered = match self {
            Self::One(one) => {
                let answer = one.emit_with_ack(event, arguments).await;
                answer.map(|answer| (true, vec![answer])).ok()
            }
            Self::Many(many) => {
                let answers = many.emit_with_ack(event, arguments).await;
                answers.ok().map(|answers| (answers.is_complete(), responses(answers.answers)))
            }
        };
        let (ok, responses) = answered.unwrap_or_default();
        Outcome { ok, responses }
    }
}

/// The first argument of each answer.
fn responses<I, E>(answers: Vec<(I, Result<Value, E>)>) -> Vec<Value> {
    answers.into_iter().filter_map(|(_, answer)| answer.ok()).collect()
}
