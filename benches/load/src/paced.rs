//! One client that sends at a steady pace to a room of all others, whatever becomes of it.

use std::io;
use std::time::{Duration, Instant};

use crate::crowd::Crowd;
use crate::figures::Sample;
use crate::message::Message;
use crate::order::{Arrival, Stream};
use crate::scenario::Terms;
use crate::server::Server;
use crate::watch::Watch;
use crate::{PATIENCE, unexpected};

pub(crate) fn run(
    server: &Server,
    clients: usize,
    per_second: u32,
    terms: Terms,
) -> io::Result<Sample> {
    let mut crowd = Crowd::open(server.address, clients)?;
    crowd.join(clients, |_| "room 0".to_owned())?;
    let mut watch = Watch::new(server, terms.measured());
    let mut message = Message::new(r#"42["msg",""#, r#"42["msg",""#, 64);
    let mut sent: Vec<Instant> = Vec::new();
    let mut streams = vec![Stream::default(); clients];
    let mut latencies: Vec<Duration> = Vec::new();
    let mut awaited = 0;

    let interval = Duration::from_secs(1) / per_second;
    let mut due = Instant::now();
    let mut sample = None;
    loop {
        let now = Instant::now();
        if sample.is_none() && watch.is_over(now) {
            sample = Some(watch.sample()?);
            due = now + PATIENCE;
        } else if now >= due && sample.is_some() {
            return Err(io::Error::other(format!("{awaited} deliveries have not come")));
        } else if now >= due {
            // The pace is the schedule's; how long it takes is counted from when it was sent.
            crowd.outbox.send(0, message.frame(0, sent.len() as u64));
            sent.push(now);
            crowd.flush()?;
            awaited += clients - 1;
            due += interval;
        }
        if sample.is_some() && awaited == 0 {
            // Nothing else is to come.
            break;
        }
        crowd.turn(due.saturating_duration_since(Instant::now()), |client, text, _| {
            let (_, number) = message.read(text)?;
            let sent = sent.get(number as usize).filter(|_| client != 0);
            let latency = sent.ok_or_else(|| unexpected(text))?.elapsed();
            let late = match streams[client].take(number) {
                Arrival::InOrder => false,
                Arrival::Early if terms.any_order => false,
                Arrival::Late if terms.any_order => true,
                arrival => {
                    return Err(io::Error::other(format!("client {client}: {arrival:?}")));
                }
            };
            awaited -= 1;
            if sample.is_none() {
                watch.delivered(late)?;
                if watch.counts() {
                    latencies.push(latency);
                }
            }
            Ok(())
        })?;
    }
    latencies.sort_unstable();
    let (p50, p99) = (percentile(&latencies, 50), percentile(&latencies, 99));
    Ok(Sample { p50_millis: p50, p99_millis: p99, ..sample.unwrap_or_default() })
}

/// So many milliseconds were enough for so many in a hundred.
fn percentile(sorted: &[Duration], percent: usize) -> f64 {
    let at = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
    sorted.get(at).map_or(0.0, |latency| latency.as_secs_f64() * 1e3)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::percentile;

    #[test]
    #[expect(clippy::float_cmp, reason = "milliseconds are whole here")]
    fn percentiles_are_of_what_was_measured() {
        let sorted: Vec<_> = (1..=200).map(Duration::from_millis).collect();
        assert_eq!(percentile(&sorted, 50), 101.0);
        assert_eq!(percentile(&sorted, 99), 199.0);
        assert_eq!(percentile(&sorted[..1], 99), 1.0);
        assert_eq!(percentile(&[], 50), 0.0);
    }
}
