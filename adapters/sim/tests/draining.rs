//! How a server ends: who is told when, who gets what waited, and what is reported.

use std::sync::Arc;
use std::time::Duration;

use klatch_core::CloseReason;
use klatch_driver::{Drain, DrainReport, Namespace, Runtime as _, Server, Socket};
use klatch_sim::{Client, DisconnectReason, Link, Sim, Transport};
use parking_lot::Mutex;

const SECOND: Duration = Duration::from_secs(1);
const TRANSPORTS: [Transport; 3] = [Transport::Polling, Transport::WebSocket, Transport::Upgrade];

/// A server on a simulation, and why its sockets end.
struct House {
    sim: Sim,
    server: Server,
    chat: Namespace,
    reasons: Arc<Mutex<Vec<CloseReason>>>,
}

impl House {
    fn new(seed: u64) -> Self {
        let (sim, server) = (Sim::new(seed), Server::new());
        let chat = server.namespace("/");
        let reasons = Arc::new(Mutex::new(Vec::new()));
        let ended = reasons.clone();
        chat.on_disconnect(async move |_: Socket, reason: CloseReason| ended.lock().push(reason));
        sim.serve(&server);
        Self { sim, server, chat, reasons }
    }

    /// So many clients, by all transports in turn.
    fn clients(&self, count: usize) -> Vec<Client> {
        let connect = |transport| self.sim.client().transport(transport).connect("/");
        let clients = TRANSPORTS.into_iter().cycle().take(count).map(connect).collect();
        self.sim.advance(SECOND);
        clients
    }

    /// A client by whose link little passes that it does not read.
    fn narrow(&self, transport: Transport) -> Client {
        self.sim.client().transport(transport).link(Link::new().buffer(1000)).connect("/")
    }

    /// Begins to end; what is returned is there when it has.
    fn shut_down(&self, drain: Drain) -> Arc<Mutex<Option<DrainReport>>> {
        let report: Arc<Mutex<Option<DrainReport>>> = Arc::default();
        let (server, told) = (self.server.clone(), Arc::clone(&report));
        self.sim.runtime().spawn(async move {
            let report = server.shutdown(drain).await;
            *told.lock() = Some(report);
        });
        self.sim.advance(Duration::ZERO);
        report
    }
}

fn counts(report: DrainReport) -> [usize; 4] {
    [report.told, report.flushed, report.gone, report.cut]
}

#[test]
fn clients_are_told_batch_by_batch_and_the_others_go_on() {
    let house = House::new(1);
    let clients = house.clients(25);
    let report = house.shut_down(Drain::new().batch(10));
    for (round, heard) in [15, 5, 0].into_iter().enumerate() {
        house.sim.advance(SECOND);
        house.chat.emit("still here", &round).expect("it is a number");
        assert_eq!(house.chat.len(), heard, "round {round}");
        house.sim.advance(SECOND);
    }
    let report = report.lock().expect("all are gone");
    assert_eq!(counts(report), [25, 25, 0, 0]);
    assert!((4 * SECOND..4 * SECOND + SECOND / 2).contains(&report.took), "{report}");
    for (nth, client) in clients.iter().enumerate() {
        // The oldest are told first.
        for round in 0..nth / 10 {
            assert_eq!(client.expect::<usize>("still here"), round);
        }
        assert_eq!(client.expect_disconnect(), DisconnectReason::TransportClose);
    }
    assert_eq!(*house.reasons.lock(), [CloseReason::ServerShuttingDown; 25]);
}

#[test]
fn the_last_batch_has_half_of_the_time() {
    let house = House::new(2);
    let _clients = house.clients(30);
    // At 0, 2 and 4 seconds.
    let report = house.shut_down(Drain::new().batch(1));
    for left in [20, 10, 0] {
        house.sim.advance(SECOND);
        assert_eq!(house.chat.len(), left);
        house.sim.advance(SECOND);
    }
    assert_eq!(counts(report.lock().expect("all are gone")), [30, 30, 0, 0]);
}

#[test]
fn all_are_told_at_once_where_no_time_passes_between() {
    for drain in [Drain::new().interval(Duration::ZERO), Drain::new().deadline(SECOND)] {
        let house = House::new(3);
        let _clients = house.clients(12);
        let report = house.shut_down(drain.batch(1));
        house.sim.advance(SECOND);
        let report = report.lock().expect("all are gone");
        assert_eq!(counts(report), [12, 12, 0, 0]);
        assert!(report.took < SECOND / 2, "{report}");
    }
}

#[test]
fn who_reads_before_the_deadline_has_all_and_who_does_not_is_cut_off() {
    // A client that goes between two polls is not missed before the deadline.
    for (transport, expected) in
        [(Transport::Polling, [5, 2, 0, 3]), (Transport::WebSocket, [4, 2, 1, 1])]
    {
        let house = House::new(4);
        let [late, stalled, leaver, gone] = [(); 4].map(|()| house.narrow(transport));
        house.sim.advance(SECOND);
        for client in [&late, &stalled, &leaver, &gone] {
            client.stall();
        }
        for n in 0..20 {
            house.chat.emit("event", &(n, "x".repeat(10_000))).expect("it is JSON");
        }
        let reader = house.sim.client().transport(transport).connect("/");
        drop(gone);
        house.sim.advance(SECOND);
        let began = house.sim.now();
        let report = house.shut_down(Drain::new());
        house.sim.advance(SECOND);
        assert_eq!(reader.expect_disconnect(), DisconnectReason::TransportClose);
        drop(leaver);
        house.sim.advance(7 * SECOND);
        late.resume();
        for n in 0..20 {
            let (nth, _): (u32, String) = late.expect("event");
            assert_eq!(nth, n, "{transport:?}");
        }
        assert_eq!(late.expect_disconnect(), DisconnectReason::TransportClose);
        house.sim.advance(began + 10 * SECOND - house.sim.now());
        house.sim.advance(Duration::ZERO);
        let report = report.lock().expect("it is the deadline");
        assert_eq!(counts(report), expected, "{transport:?}");
        assert_eq!(report.took, 10 * SECOND, "{transport:?}");
        assert_eq!((house.server.clients_count(), house.chat.len()), (0, 0));
        assert_eq!(house.reasons.lock().len(), 5);
    }
}

#[test]
fn whoever_asks_gets_the_same_report_and_may_lose_patience() {
    let house = House::new(5);
    let stalled = house.narrow(Transport::WebSocket);
    stalled.stall();
    house.chat.emit("event", &"x".repeat(100_000)).expect("it is text");
    let (server, runtime) = (house.server.clone(), house.sim.runtime());
    let began = house.sim.now();
    house.sim.block_on(async {
        let patience = runtime.timer(runtime.now() + SECOND);
        let ending = std::pin::pin!(server.shutdown(Drain::new().deadline(5 * SECOND)));
        let _ = futures::future::select(ending, patience).await;
    });
    assert_eq!(house.sim.now() - began, SECOND);
    let first = house.shut_down(Drain::new());
    let report = house.sim.block_on(house.server.shutdown(Drain::new()));
    assert_eq!((counts(report), report.took), ([1, 0, 0, 1], 5 * SECOND));
    house.sim.advance(Duration::ZERO);
    assert_eq!(*first.lock(), Some(report));
}

#[test]
fn a_server_that_was_never_served_ends_at_once() {
    let sim = Sim::new(6);
    let server = Server::new();
    assert_eq!(sim.block_on(server.shutdown(Drain::new())), DrainReport::default());
    sim.block_on(sim.bind().serve(server)).expect("it ends well");
}
