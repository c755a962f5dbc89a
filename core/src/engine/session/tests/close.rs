use super::super::WebSocketFault;
use super::*;

#[test]
fn a_client_closes_over_polling_by_posting_it() {
    let mut rig = Rig::polling();
    assert_eq!(rig.get(1), NOTHING);
    assert_eq!(
        rig.post(2, "4a␞1␞4b␞x"),
        ["event text a", "event closed transport close", "respond 1 200 6", "respond 2 200 ok"]
    );
    assert_eq!(rig.timeout(), None);
    assert!(rig.is_finished());

    let mut rig = Rig::polling();
    assert_eq!(rig.post(1, "1"), ["event closed transport close", "respond 1 200 ok"]);
}

#[test]
fn a_client_closes_over_websocket_at_once() {
    let mut rig = Rig::websocket();
    assert_eq!(rig.text("1"), ["event closed transport close", "close"]);
    assert_eq!(rig.timeout(), None);
    assert!(rig.is_finished());
}

#[test]
fn a_client_closing_over_polling_takes_its_probe_along() {
    let mut rig = Rig::probing();
    assert_eq!(rig.post(1, "1"), ["event closed transport close", "close", "respond 1 200 ok"]);
}

#[test]
fn the_server_closes_a_websocket_after_what_is_queued() {
    let mut rig = Rig::websocket();
    rig.queue("a");
    rig.queue("b");
    assert_eq!(
        rig.close(CloseReason::ServerShuttingDown),
        ["event closed server shutting down", "frame 4a", "frame 4b", "close"]
    );
    assert_eq!(rig.timeout(), None);
    assert!(rig.is_finished());
}

#[test]
fn the_server_closes_polling_through_the_get_that_is_pending() {
    let mut rig = Rig::polling();
    assert_eq!(rig.get(1), NOTHING);
    assert_eq!(rig.post_head(2), NOTHING);
    rig.queue("a");
    assert_eq!(
        rig.close(CloseReason::ForcedServerClose),
        ["event closed forced server close", "respond 1 200 4a"]
    );
    assert_eq!(rig.get(3), ["respond 3 200 1", "respond 2 400"]);
    assert_eq!(rig.post_body(2, "4a"), NOTHING);
    assert_eq!(rig.timeout(), None);
    assert!(rig.is_finished());
}

#[test]
fn the_next_get_hears_that_the_server_has_closed() {
    let mut rig = Rig::polling();
    assert_eq!(rig.wait(1_000), NOTHING);
    assert_eq!(rig.send("a"), NOTHING);
    assert_eq!(rig.close(CloseReason::ForcedClose), ["event closed forced close"]);
    assert_eq!(rig.timeout(), Some(31_000));
    assert!(!rig.session.is_open() && !rig.is_finished());
    assert_eq!(rig.wait(29_999), NOTHING, "no ping any more");
    assert_eq!(rig.get(0), ["respond 0 200 4a"]);
    assert_eq!(rig.get(1), ["respond 1 200 1"]);
    assert_eq!(rig.timeout(), None);
    assert!(rig.is_finished());
    assert_eq!(rig.get(2), [format!("respond 2 400 {UNKNOWN_SID}")]);
}

#[test]
fn a_closed_session_waits_30_seconds_for_its_last_get() {
    let mut rig = Rig::polling();
    assert_eq!(rig.close(CloseReason::ForcedClose), ["event closed forced close"]);
    assert_eq!(rig.wait(29_999), NOTHING);
    assert!(!rig.is_finished());
    assert_eq!(rig.wait(1), NOTHING);
    assert!(rig.is_finished());
    assert_eq!(rig.timeout(), None);
    assert_eq!(rig.get(1), [format!("respond 1 400 {UNKNOWN_SID}")]);
}

#[test]
fn a_post_is_answered_though_the_last_get_never_came() {
    let mut rig = Rig::polling();
    assert_eq!(rig.post_head(1), NOTHING);
    assert_eq!(rig.close(CloseReason::ForcedClose), ["event closed forced close"]);
    assert_eq!(rig.wait(30_000), ["respond 1 400"]);
    assert!(rig.is_finished());
}

#[test]
fn a_post_from_before_the_upgrade_is_answered_when_the_server_closes() {
    let mut rig = Rig::probing();
    assert_eq!(rig.post_head(1), NOTHING);
    assert_eq!(rig.text("5"), ["event upgraded"]);
    rig.queue("a");
    assert_eq!(
        rig.close(CloseReason::ForcedClose),
        ["event closed forced close", "respond 1 400", "frame 4a", "close"]
    );
    assert!(rig.is_finished());
}

#[test]
fn what_a_client_posts_while_the_session_closes_goes_nowhere() {
    let mut rig = Rig::polling();
    assert_eq!(rig.close(CloseReason::ForcedClose).len(), 1);
    assert_eq!(rig.post(1, "4a␞3"), ["respond 1 200 ok"]);
    assert_eq!(rig.post(2, "garbage"), ["respond 2 200 ok"]);
    assert_eq!(rig.post(3, "1"), ["respond 3 200 ok"]);
    assert_eq!(rig.post_head(4), NOTHING);
    assert_eq!(rig.post_head(5), ["respond 5 400"]);
    assert_eq!(rig.post_failed(4, PostFault::TooSlow), ["respond 4 408"]);
    assert_eq!(rig.post_head(6), NOTHING);
    assert_eq!(rig.lost(6), NOTHING);
    assert!(!rig.offer());
    assert_eq!(rig.send("b"), NOTHING);
    assert_eq!(rig.timeout(), Some(30_000));
    assert_eq!(rig.get(7), ["respond 7 200 1"]);
}

#[test]
fn closing_takes_the_probe_along() {
    let mut rig = Rig::probing();
    assert_eq!(rig.get(1), NOTHING);
    assert_eq!(
        rig.close(CloseReason::ForcedClose),
        ["event closed forced close", "close", "respond 1 200 1"]
    );
    assert_eq!(rig.text("5"), NOTHING);
    assert!(rig.is_finished());
}

#[test]
fn only_the_first_close_counts() {
    let mut rig = Rig::polling();
    assert_eq!(rig.close(CloseReason::SlowConsumer), ["event closed slow consumer"]);
    assert_eq!(rig.wait(10_000), NOTHING);
    assert_eq!(rig.close(CloseReason::ForcedClose), NOTHING);
    assert_eq!(rig.timeout(), Some(30_000));
}

#[test]
fn nothing_follows_the_end() {
    for mut rig in [Rig::websocket(), Rig::upgraded(), Rig::polling()] {
        assert_eq!(rig.get(1).len(), usize::from(rig.session.transport() == Transport::WebSocket));
        if rig.session.transport() == Transport::WebSocket {
            assert_eq!(rig.text("1").len(), 2);
        } else {
            assert_eq!(rig.post(2, "1").len(), 3);
        }
        for text in ["4a", "1", "2probe", "5", "x"] {
            assert_eq!(rig.text(text), NOTHING);
        }
        assert_eq!(rig.binary(&[1]), NOTHING);
        assert_eq!(rig.input(Input::WebSocketClosed), NOTHING);
        let fault = Input::WebSocketFailed(WebSocketFault::Protocol);
        assert_eq!(rig.input(fault), NOTHING);
        assert_eq!(rig.lost(1), NOTHING);
        assert_eq!(rig.send("a"), NOTHING);
        assert_eq!(rig.close(CloseReason::ForcedClose), NOTHING);
        assert_eq!(rig.wait(3_600_000), NOTHING);
        assert!(rig.is_finished());
    }
}

#[test]
fn a_session_has_parted_when_its_client_took_all() {
    let mut rig = Rig::websocket();
    rig.queue("a");
    rig.session.close(rig.now, CloseReason::ServerShuttingDown);
    assert!(rig.session.poll_transmit().is_some() && !rig.session.has_parted());
    assert_eq!(rig.session.poll_transmit(), Some(Transmit::CloseWebSocket(None)));
    assert!(rig.session.has_parted() && rig.session.is_closed());

    let mut rig = Rig::polling();
    rig.queue("a");
    assert_eq!(rig.close(CloseReason::ServerShuttingDown).len(), 1);
    assert_eq!(rig.get(0), ["respond 0 200 4a"]);
    assert!(!rig.session.has_parted(), "it may not have read that");
    assert_eq!(rig.get(1), ["respond 1 200 1"]);
    assert!(rig.session.has_parted());

    // Whoever goes, or fails, meanwhile has not.
    let mut rig = Rig::polling();
    assert_eq!(rig.close(CloseReason::ServerShuttingDown).len(), 1);
    assert_eq!(rig.wait(30_000), NOTHING);
    assert!(rig.session.is_closed() && !rig.session.has_parted());
    let mut rig = Rig::websocket();
    assert_eq!(rig.text("1").len(), 2);
    assert!(rig.session.is_closed() && !rig.session.has_parted());
}

#[test]
fn a_session_is_finished_when_nothing_is_left_in_it() {
    let mut rig = Rig::websocket();
    rig.session.handle(rig.now, Input::WebSocketClosed);
    assert!(!rig.is_finished(), "its end was not reported yet");
    assert_eq!(rig.output(), ["event closed transport close"]);
    assert!(rig.is_finished());

    let mut rig = Rig::websocket();
    rig.session.close(rig.now, CloseReason::ForcedClose);
    assert!(rig.session.poll_event().is_some());
    assert!(!rig.is_finished(), "the WebSocket was not closed yet");
    assert_eq!(rig.output(), ["close"]);
    assert!(rig.is_finished());
}

#[test]
fn a_session_is_closed_when_its_farewell_was_taken_or_not_awaited() {
    let mut rig = Rig::websocket();
    assert!(!rig.session.is_closed());
    rig.session.close(rig.now, CloseReason::ForcedClose);
    assert!(!rig.session.is_closed() && !rig.session.is_open());
    assert_eq!(rig.output(), ["event closed forced close", "close"]);
    assert!(rig.session.is_closed());

    let mut rig = Rig::websocket();
    rig.session.abort(CloseReason::ForcedClose);
    assert!(rig.session.is_closed());
}

#[test]
fn nothing_of_a_session_is_shown_that_its_client_alone_may_know() {
    let mut rig = Rig::websocket();
    rig.queue("secret");
    let shown = format!("{:?}", rig.session);
    assert!(shown.starts_with("Session { state: Open, transport: WebSocket"), "{shown}");
    assert!(shown.contains("queued: 1"), "{shown}");
    assert!(!shown.contains(sid().as_str()) && !shown.contains("secret"), "{shown}");
}

#[test]
fn a_session_gives_back_what_its_queues_took() {
    let mut rig = Rig::websocket();
    for _ in 0..100 {
        rig.queue("a");
    }
    for _ in 0..99 {
        assert!(rig.session.poll_transmit().is_some());
    }
    assert!(rig.session.queue.capacity() >= 100);
    rig.session.shrink_to_fit();
    assert_eq!(rig.session.queue.capacity(), 1);
    assert_eq!(rig.output().len(), 1);
    let session = &rig.session;
    let kept = [session.queue.capacity(), session.transmits.capacity(), session.events.capacity()];
    assert_eq!(kept, [0; 3], "an idle one keeps nothing");
}
