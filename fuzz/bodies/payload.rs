//! The body of a POST, read by a polling session and echoed to it.

use bytes::Bytes;
use klatch_core::engine::{
    Event, Input, Message, RequestId, Segment, Session, Transmit, Transport,
};
use klatch_core::{CloseReason, Config, ENTROPY_BYTES, Limit, Sid, Timestamp};

const HANDSHAKE: RequestId = RequestId::new(0);
const POST: RequestId = RequestId::new(1);
const POLL: RequestId = RequestId::new(2);
const MAX_PACKETS: usize = 32;

pub(crate) fn run(body: &[u8]) {
    let config = Config::new().max_packets(MAX_PACKETS);
    let sid = Sid::from_entropy([0; ENTROPY_BYTES]);
    let now = Timestamp::ZERO;
    let mut session = Session::new(&config, sid, Transport::Polling, now);
    session.handle(now, Input::Get(HANDSHAKE));
    assert_eq!(answer(&mut session).map(|(id, status, _)| (id, status)), Some((HANDSHAKE, 200)));

    session.handle(now, Input::PostHead(POST));
    session.handle(now, Input::PostBody(POST, Bytes::copy_from_slice(body)));
    let (mut echo, mut closed, mut too_many) = (Vec::new(), None, false);
    while let Some(event) = session.poll_event() {
        assert_eq!(closed, None, "nothing follows the end");
        match event {
            Event::Message(Message::Text(text)) => echo.push(Segment::text(&text)),
            Event::Message(Message::Binary(bytes)) => echo.push(Segment::binary(bytes)),
            Event::Limit(Limit::Packets) => too_many = true,
            Event::Closed(reason) => closed = Some(reason),
            event => panic!("{event:?} during a POST"),
        }
    }
    assert_eq!(session.is_open(), closed.is_none());
    let malformed = closed == Some(CloseReason::ParseError);
    let (id, status, _) = answer(&mut session).expect("a POST is answered at once");
    assert_eq!((id, status), (POST, if malformed { 400 } else { 200 }));
    assert_eq!(answer(&mut session), None, "once");

    // Every message of the body that stands before what ended the session, as it stands there.
    let segments: Vec<&[u8]> = body.split(|byte| *byte == 0x1e).collect();
    assert!(malformed || segments.len() <= MAX_PACKETS || closed.is_some());
    assert!(!too_many || (malformed && segments.len() > MAX_PACKETS));
    let mut messages =
        segments.iter().filter(|segment| matches!(segment.first(), Some(b'4' | b'b')));
    let heard: Vec<&[u8]> = messages.by_ref().take(echo.len()).copied().collect();
    assert_eq!(heard.len(), echo.len(), "nothing is heard that was not said");
    if closed.is_none() {
        assert_eq!(messages.next(), None, "nothing that was said is lost");
    }
    assert_eq!(echoed(&config, &echo), heard.join(&0x1e));
}

/// What a session sends to a client that polls when these wait for it.
fn echoed(config: &Config, segments: &[Segment]) -> Bytes {
    let now = Timestamp::ZERO;
    let sid = Sid::from_entropy([0; ENTROPY_BYTES]);
    let mut session = Session::new(config, sid, Transport::Polling, now);
    session.handle(now, Input::Get(HANDSHAKE));
    assert!(answer(&mut session).is_some());
    for segment in segments {
        session.send(segment.clone());
    }
    session.handle(now, Input::Get(POLL));
    let answer = answer(&mut session);
    assert_eq!(answer.is_some(), !segments.is_empty(), "a poll waits until there is something");
    answer.map(|(_, _, body)| body).unwrap_or_default()
}

fn answer(session: &mut Session) -> Option<(RequestId, u16, Bytes)> {
    match session.poll_transmit()? {
        Transmit::Respond(id, response) => Some((id, response.status, response.body)),
        transmit => panic!("{transmit:?} while polling"),
    }
}
