//! A frame that is taken in at once comes to what it comes to otherwise.

use proptest::prelude::*;

use super::*;
use crate::Parser;

/// What a client says, and what its application does.
#[derive(Clone, Copy, Debug)]
enum Step {
    Text(&'static [u8]),
    Binary(&'static [u8]),
    /// As the next, but not told of yet.
    Unheard(&'static [u8]),
    Accept(usize),
    Leave(usize),
    Upgrade,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let texts: Vec<&'static [u8]> = vec![
        br#"42["a",1]"#,
        br#"42["a","b"]"#,
        br#"42["a"]"#,
        br#"427["a",1]"#,
        br#"42/a,["a",1]"#,
        "42[\"gr\u{fc}\u{df}e\",\"\u{fc}\"]".as_bytes(),
        b"42[\"a\",\"\xff\"]",
        br#"42["connect",1]"#,
        br#"42["a longer name than it may have",1]"#,
        br#"42["a",[[[1]]]]"#,
        br#"42["a","longer than a payload may be, which is forty bytes"]"#,
        br#"451-["a",{"_placeholder":true,"num":0}]"#,
        b"40",
        b"40/a,",
        b"41",
        b"3",
        b"5",
        b"2probe",
        b"1",
    ];
    let step = prop_oneof![
        12 => prop::sample::select(texts.clone()).prop_map(Step::Text),
        6 => prop::sample::select(texts).prop_map(Step::Unheard),
        1 => Just(Step::Binary(b"1")),
        3 => (0..3usize).prop_map(Step::Accept),
        1 => (0..3usize).prop_map(Step::Leave),
        1 => Just(Step::Upgrade),
    ];
    prop::collection::vec(step, 0..12)
}

impl Rig {
    fn step(&mut self, step: Step, at_once: bool) -> Vec<String> {
        let frame = match step {
            Step::Text(text) | Step::Unheard(text) => Frame::Text(Bytes::from_static(text)),
            Step::Binary(bytes) => Frame::Binary(Bytes::from_static(bytes)),
            Step::Accept(number) if number < self.slots.len() => {
                let answered = self.connection.accept(self.slots[number].0);
                return vec![format!("{answered:?}")];
            }
            Step::Leave(number) if number < self.slots.len() => {
                self.connection.leave(self.slots[number].0);
                return Vec::new();
            }
            Step::Accept(_) | Step::Leave(_) => return Vec::new(),
            Step::Upgrade => return vec![self.connection.accept_upgrade(self.now).to_string()],
        };
        if matches!(step, Step::Unheard(_)) {
            self.connection.handle(self.now, Input::Frame(frame));
            return Vec::new();
        }
        let mut lines = Vec::new();
        if at_once {
            let text = if let Frame::Text(text) = &frame { &text[..] } else { b"" };
            let event = match self.connection.plain_event(text) {
                Some(event) => Some(event.into()),
                None => self.connection.receive(self.now, frame),
            };
            lines.extend(event.map(|event| self.show_event(event)));
        } else {
            self.connection.handle(self.now, Input::Frame(frame));
        }
        lines.extend(self.output());
        lines
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn a_frame_that_is_taken_in_at_once_is_what_it_is_otherwise(
        steps in steps(),
        parser in prop::sample::select(vec![Parser::Default, Parser::Default, Parser::Msgpack]),
        polling in prop::bool::weighted(0.2),
    ) {
        let config = Config::new().parser(parser).max_payload(40).max_event_name(20);
        let config = config.max_json_depth(3);
        let transport = if polling { Transport::Polling } else { Transport::WebSocket };
        let mut rigs = [true, false].map(|at_once| (Rig::new(&config, transport), at_once));
        // Most are in a namespace.
        let connect = match parser {
            Parser::Default => Step::Text(b"40"),
            Parser::Msgpack => Step::Binary(b"\x82\xa4type\x00\xa3nsp\xa1/"),
        };
        let joined = [connect, Step::Accept(0)];
        for step in joined.into_iter().chain(steps) {
            let [one, other] = rigs.each_mut().map(|(rig, at_once)| rig.step(step, *at_once));
            prop_assert_eq!(one, other, "{:?}", step);
        }
        let [one, other] = rigs.map(|(mut rig, _)| rig.output());
        prop_assert_eq!(one, other);
    }
}
