//! What is counted as it happens, and what is read from a snapshot. The names, and what they mean, are in
//! `docs/observability.md`.

use std::fmt;

use klatch_core::engine::Transport;
use klatch_core::{CloseReason, Limit};
use metrics::{Counter, Histogram, counter, gauge, histogram};

use crate::hub::Hub;
use crate::snapshot::Snapshot;
use crate::start::Rest;

/// Counters of the recorder that there was when the server was built. What is seldom asks for its own.
pub(crate) struct Meter {
    bytes_received: Counter,
    bytes_sent: Counter,
    packets_received: Counter,
    packets_sent: Counter,
    handler_seconds: Histogram,
}

impl fmt::Debug for Meter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Meter")
    }
}

impl Meter {
    pub(crate) fn new() -> Self {
        Self {
            bytes_received: counter!("klatch_bytes_received_total"),
            bytes_sent: counter!("klatch_bytes_sent_total"),
            packets_received: counter!("klatch_packets_received_total"),
            packets_sent: counter!("klatch_packets_sent_total"),
            handler_seconds: histogram!("klatch_handler_seconds"),
        }
    }

    pub(crate) fn opened(transport: Transport) {
        counter!("klatch_connections_opened_total", "transport" => transport.as_str()).increment(1);
    }

    pub(crate) fn received(&self, bytes: usize) {
        self.bytes_received.increment(bytes as u64);
    }

    pub(crate) fn sent(&self, bytes: usize) {
        self.bytes_sent.increment(bytes as u64);
    }

    pub(crate) fn packet_received(&self) {
        self.packets_received.increment(1);
    }

    pub(crate) fn packet_sent(&self) {
        self.packets_sent.increment(1);
    }

    pub(crate) fn disconnected(reason: CloseReason) {
        counter!("klatch_disconnects_total", "reason" => reason.as_str()).increment(1);
    }

    /// Begins a handler, and takes the time from here to its end.
    pub(crate) fn timed(hub: &Hub, handler: impl FnOnce() -> Rest) -> Rest {
        let Some(host) = hub.host() else { return handler() };
        let began = host.now();
        let Some(rest) = handler() else {
            hub.meter.handler_seconds.record((host.now() - began).as_secs_f64());
            return None;
        };
        let (host, seconds) = (host.clone(), hub.meter.handler_seconds.clone());
        Some(Box::pin(async move {
            rest.await;
            seconds.record((host.now() - began).as_secs_f64());
        }))
    }
}

impl Snapshot {
    /// Hands what it shows to the recorder of the crate `metrics`: as gauges, and as counters what was
    /// counted. For whoever is about to show what the recorder has.
    ///
    /// Only with the feature `metrics`. A process with several servers has the numbers of the last one
    /// that was recorded.
    #[expect(clippy::cast_precision_loss, reason = "there are no 2^53 of anything")]
    pub fn record(&self) {
        let sum = |of: fn(&crate::NamespaceSnapshot) -> usize| -> f64 {
            self.namespaces.iter().map(of).sum::<usize>() as f64
        };
        gauge!("klatch_connections").set(self.sessions as f64);
        gauge!("klatch_namespaces").set(self.namespaces.len() as f64);
        gauge!("klatch_sockets").set(sum(|namespace| namespace.sockets));
        gauge!("klatch_rooms").set(sum(|namespace| namespace.rooms));
        gauge!("klatch_queued_bytes").set(self.queued_bytes as f64);
        gauge!("klatch_handlers").set(self.handlers as f64);
        for (limit, times) in self.limits_hit.iter() {
            counter!("klatch_limits_hit_total", "limit" => limit.as_str()).absolute(times);
        }
        let dropped = self.limits_hit.get(Limit::Volatile);
        counter!("klatch_packets_dropped_total", "reason" => "volatile").absolute(dropped);
    }
}
