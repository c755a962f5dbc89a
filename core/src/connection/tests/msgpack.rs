//! Packets in MessagePack, over both transports.

use super::*;
use crate::Parser;
use crate::msgpack::tests::hex;

/// {type: 0, nsp: "/"}
const CONNECT: &str = "82a47479706500a36e7370a12f";
/// {type: 2, nsp: "/", data: ["hey", 1]}
const EVENT: &str = "83a47479706502a36e7370a12fa46461746192a368657901";

struct Speaker(Rig);

impl Speaker {
    fn new(transport: Transport) -> Self {
        Self(Rig::new(&Config::new().parser(Parser::Msgpack), transport))
    }

    fn joined() -> Self {
        let mut speaker = Self::new(Transport::WebSocket);
        assert_eq!(speaker.0.output().len(), 1);
        assert_eq!(speaker.say(CONNECT), ["#0 connect / []"]);
        assert_eq!(speaker.accept(0).len(), 1);
        speaker
    }

    fn say(&mut self, message: &str) -> Vec<String> {
        self.0.binary(&hex(message))
    }

    fn accept(&mut self, number: usize) -> Vec<String> {
        let (slot, namespace) = self.0.slots[number].clone();
        assert_eq!(self.0.connection.accept(slot), Ok(()));
        let id = SocketId::from_entropy([0; ENTROPY_BYTES]);
        self.0.send(Parser::Msgpack.connect(&namespace, &id, None))
    }
}

fn frame(message: &str) -> String {
    format!("frame {:?}", &hex(message)[..])
}

#[test]
fn a_client_joins_speaks_and_is_spoken_to() {
    let mut speaker = Speaker::joined();
    assert_eq!(speaker.say(EVENT), ["#0 event hey [1]"]);
    // {type: 2, nsp: "/", id: 3, data: ["up", <01 02>]}
    assert_eq!(
        speaker.say("84a47479706502a36e7370a12fa2696403a46461746192a27570c4020102"),
        [r#"#0 event up [{"_placeholder":true,"num":0}] [1, 2] ack 3"#]
    );
    // {type: 3, nsp: "/", id: 7, data: [null]}
    assert_eq!(
        speaker.say("84a47479706503a36e7370a12fa2696407a46461746191c0"),
        ["#0 ack 7 [null]"]
    );
    let event = Parser::Msgpack.event("/", "hey", &1, None).expect("it has a JSON form");
    assert_eq!(speaker.0.send(event.clone()), [frame(EVENT)]);
    assert_eq!(
        speaker.0.connection.transmit(event).map(show_transmit),
        Some(frame(EVENT)),
        "what can leave at once is not queued"
    );
    // {type: 1, nsp: "/"}
    assert_eq!(speaker.say("82a47479706501a36e7370a12f"), ["#0 disconnect"]);
}

#[test]
fn messages_are_base64_over_polling() {
    let mut speaker = Speaker::new(Transport::Polling);
    assert_eq!(speaker.0.get(0).len(), 1);
    assert_eq!(speaker.0.post("bgqR0eXBlAKNuc3ChLw=="), ["#0 connect / []", "respond 1000 200 ok"]);
    assert_eq!(speaker.accept(0), NOTHING);
    let event = Parser::Msgpack.event("/", "hey", &1, None).expect("it has a JSON form");
    assert_eq!(speaker.0.send(event), NOTHING);
    assert_eq!(
        speaker.0.get(1),
        ["respond 1 200 bg6R0eXBlAKNuc3ChL6RkYXRhgaNzaWS0QUFBQUFBQUFBQUFBQUFBQUFBQUE=␞\
          bg6R0eXBlAqNuc3ChL6RkYXRhkqNoZXkB"]
    );
    assert_eq!(
        speaker.0.post("bg6R0eXBlAqNuc3ChL6RkYXRhkqNoZXkB␞bg6R0eXBlAqNuc3ChL6RkYXRhkqNoZXkB"),
        ["#0 event hey [1]", "#0 event hey [1]", "respond 1001 200 ok"]
    );
}

#[test]
fn who_speaks_the_other_parser_is_closed() {
    for text in ["40", "42[\"hey\"]", "451-[\"up\",{\"_placeholder\":true,\"num\":0}]", "4"] {
        let mut speaker = Speaker::joined();
        assert_eq!(speaker.0.text(text), FORCED, "{text}");
        assert_eq!(speaker.say(EVENT), NOTHING);
    }
    for message in [CONNECT, EVENT] {
        let mut rig = Rig::joined();
        assert_eq!(rig.binary(&hex(message)), FORCED);
    }
}

#[test]
fn who_sends_what_is_no_packet_is_closed() {
    for message in ["", "c1", "82a47479706501a36e7370a12fc0", "82a47479706509a36e7370a12f", "90"] {
        let mut speaker = Speaker::joined();
        assert_eq!(speaker.say(message), FORCED, "{message}");
    }
}

#[test]
fn one_namespace_too_many_is_refused_in_the_same_language() {
    let mut speaker =
        Speaker(Rig::websocket_with(&Config::new().parser(Parser::Msgpack).max_namespaces(1)));
    assert_eq!(speaker.say(CONNECT), ["#0 connect / []"]);
    assert_eq!(speaker.accept(0).len(), 1);
    let error = ConnectError::new("Too many namespaces");
    let refusal = Parser::Msgpack.connect_error("/a", &error);
    let refusal = format!("frame {:?}", &refusal.attachments()[0].bytes()[..]);
    let said = speaker.say("82a47479706500a36e7370a22f61");
    assert_eq!(said, ["limit namespaces".to_owned(), refusal]);
}

#[test]
fn the_limits_are_those_of_the_configuration() {
    for (name_limit, outcome) in
        [(3, vec!["#0 event hey [1]".to_owned()]), (2, forced_at("event_name").into())]
    {
        let config = Config::new().parser(Parser::Msgpack).max_event_name(name_limit);
        let mut speaker = Speaker(Rig::websocket_with(&config));
        assert_eq!(speaker.say(CONNECT), ["#0 connect / []"]);
        assert_eq!(speaker.accept(0).len(), 1);
        assert_eq!(speaker.say(EVENT), outcome);
    }
}

#[test]
fn a_connection_has_room_for_the_choice() {
    // It would be as large if there was nothing to choose.
    assert_eq!(size_of::<Connection>(), 376);
    assert_eq!(size_of::<Outgoing>(), 48);
}
