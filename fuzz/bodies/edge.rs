//! HTTP requests to a whole server on the simulated runtime, answered one beside the other.
//!
//! An input is requests with a form feed between them: a line with method and query, a line for each
//! header, an empty line, and the body; what comes over a WebSocket is the body of the request for it.
//! A `@` in a query stands for the id of the newest session.

#[path = "edge/answers.rs"]
mod answers;
#[path = "edge/wire.rs"]
mod wire;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request, header};
use klatch_core::Config;
use klatch_driver::{Cookie, Cors, Endpoint, Forbidden, Runtime as _, SameSite, Server, Socket};
use klatch_sim::Sim;
use parking_lot::Mutex;

use answers::Asked;
use wire::Wire;

/// Whose pages may speak to the server.
pub(crate) const FRIEND: &str = "https://friend.example";
/// The header by which a client is refused.
pub(crate) const UNWANTED: &str = "x-unwanted";
pub(crate) const MAX_SESSIONS: usize = 3;
const MAX_PAYLOAD: usize = 200;
/// Requests of an input: one more costs time, and shows nothing that these did not.
const MAX_REQUESTS: usize = 24;

pub(crate) fn run(input: &[u8]) {
    let visit = Visit::new();
    for text in input.split(|byte| *byte == 0x0c).take(MAX_REQUESTS) {
        visit.ask(text);
    }
    visit.end();
}

struct Visit {
    sim: Sim,
    server: Server,
    endpoint: Endpoint,
    asked: Arc<Mutex<Vec<Asked>>>,
    wires: Mutex<Vec<Wire>>,
}

pub(crate) fn config() -> Config {
    Config::new().max_payload(MAX_PAYLOAD).max_packets(8)
}

impl Visit {
    fn new() -> Self {
        let cors = Cors::list([FRIEND]).credentials(true).max_age(Duration::from_mins(1));
        let server = Server::builder()
            .config(config())
            .cors(cors.exposed_headers([header::DATE]))
            .cookie(Cookie::new().same_site(Some(SameSite::Strict)))
            .http_compression(Some(64))
            .max_sessions(MAX_SESSIONS)
            .server_budget(1 << 20)
            .allow_request(async |head, _| match head.headers.get(UNWANTED) {
                Some(why) => Err(Forbidden::new().message(String::from_utf8_lossy(why.as_bytes()))),
                None => Ok(()),
            })
            .connection_error(|error| assert!(error.code() <= 5))
            .initial_headers(|headers, _| drop(headers.insert("x-first", HeaderValue::from(1))))
            .build()
            .expect("it is valid");
        server
            .namespace("/")
            .on("say", async |socket: Socket, text: String| socket.namespace().emit("said", &text));
        let sim = Sim::new(1);
        let endpoint = Endpoint::new(sim.runtime(), server.clone());
        Self { sim, server, endpoint, asked: Arc::default(), wires: Mutex::default() }
    }

    /// Hands a request over, and lets a moment pass.
    fn ask(&self, text: &[u8]) {
        let sid = answers::newest_sid(&self.asked.lock());
        let Some(request) = read(text, sid.as_deref()) else { return };
        let nth = {
            let mut asked = self.asked.lock();
            asked.push(Asked::new(&request, self.server.clients_count()));
            asked.len() - 1
        };
        let (endpoint, asked) = (self.endpoint.clone(), self.asked.clone());
        if Endpoint::is_websocket(request.headers()) && *request.method() == Method::GET {
            let (answer, websocket) = self.sim.block_on(endpoint.upgrade(&request, None));
            assert_eq!(websocket.is_some(), answer.status() == 101);
            asked.lock()[nth].answer(answer);
            if let Some(websocket) = websocket {
                let wire = Wire::new(request.into_body());
                websocket.accept_stream(wire.clone(), &[]);
                self.wires.lock().push(wire);
            }
        } else {
            self.sim.runtime().spawn(async move {
                let answer = endpoint.answer(request, None).await;
                asked.lock()[nth].answer(answer);
            });
        }
        self.sim.advance(Duration::from_millis(20));
    }

    /// All are silent from here on: every request is answered, and every session ends.
    fn end(&self) {
        self.sim.advance(Duration::from_mins(3));
        for asked in &*self.asked.lock() {
            asked.check();
        }
        for wire in &*self.wires.lock() {
            wire.check();
        }
        let snapshot = self.server.snapshot();
        assert_eq!((snapshot.sessions, snapshot.queued_bytes, snapshot.handlers), (0, 0, 0));
    }
}

/// A request, unless a client could not send it so.
fn read(text: &[u8], sid: Option<&str>) -> Option<Request<Bytes>> {
    let (head, body) = match text.windows(2).position(|two| two == b"\n\n") {
        Some(at) => (&text[..at], &text[at + 2..]),
        None => (text, &[][..]),
    };
    let mut lines = head.split(|byte| *byte == b'\n');
    let first = std::str::from_utf8(lines.next()?).ok()?;
    let (method, query) = first.split_once(' ').unwrap_or((first, ""));
    let query = query.replace('@', sid.unwrap_or("nobody"));
    let mut request = Request::new(Bytes::copy_from_slice(body));
    *request.method_mut() = method.parse().ok()?;
    *request.uri_mut() = format!("/socket.io/?{query}").parse().ok()?;
    for line in lines {
        let mut parts = line.splitn(2, |byte| *byte == b':');
        let (name, value) = (parts.next()?, parts.next().unwrap_or_default().trim_ascii());
        if let (Ok(name), Ok(value)) =
            (HeaderName::from_bytes(name), HeaderValue::from_bytes(value))
        {
            request.headers_mut().append(name, value);
        }
    }
    Some(request)
}
