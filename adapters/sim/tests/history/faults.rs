//! What the network does to clients, and they to themselves.

use klatch_driver::Runtime as _;
use klatch_sim::{Host, Transport};

use super::person::{Person, Stage};
use super::server::MS;
use super::trouble::Trouble;

/// Something happens to somebody who is connected.
pub(crate) fn befall(person: &mut Person, stage: &mut Stage<'_>) {
    let Some(seat) = person.seats.first() else { return };
    let client = seat.client.clone();
    let now = stage.sim.now();
    stage.tally.faults += 1;
    let note = |trouble| stage.ledger.lock().befall(person.life, trouble);
    match stage.sim.runtime().below(16) {
        0..5 => {
            note(Trouble::Reset);
            stage.sim.reset(&client);
        }
        5..8 => {
            stage.sim.vanish(&client);
            stage.ledger.lock().vanish(person.life, now);
            drop(client);
            // Some are back before they are missed.
            person.go(stage, 8_000);
        }
        8..10 => {
            note(Trouble::Cut);
            stage.sim.partition(&client);
            person.cut_until = Some(now + stage.below(7_000) as u32 * MS);
        }
        10..12 => {
            note(Trouble::Stalled);
            client.stall();
            person.stalled_until = Some(now + stage.below(7_000) as u32 * MS);
        }
        12..14 => {
            note(Trouble::Torn);
            stage.sim.reset_newest(&client);
        }
        _ => {
            drop(client);
            person.go(stage, 2_000);
        }
    }
}

/// Whoever has just come may lose its upgrade: the probe, its answer, the last word, or the WebSocket
/// right behind it.
pub(crate) fn tear_upgrade(person: &Person, stage: &mut Stage<'_>) {
    if person.transport != Transport::Upgrade || !stage.one_in(3) {
        return;
    }
    let Some(seat) = person.seats.first() else { return };
    stage.ledger.lock().befall(person.life, Trouble::Torn);
    stage.tally.faults += 1;
    let host: Host = seat.client.as_ref().clone();
    let (runtime, after) = (stage.sim.runtime(), stage.below(60) as u32 * MS);
    stage.sim.runtime().spawn(async move {
        runtime.sleep(after).await;
        host.reset_newest();
    });
}

/// What has lasted long enough ends.
pub(crate) fn relieve(person: &mut Person, stage: &Stage<'_>) {
    let now = stage.sim.now();
    let is_cut_no_more = person.cut_until.take_if(|until| *until <= now).is_some();
    let reads_on = person.stalled_until.take_if(|until| *until <= now).is_some();
    let Some(seat) = person.seats.first() else { return };
    if is_cut_no_more {
        stage.sim.heal(&seat.client);
    }
    if reads_on {
        seat.client.resume();
    }
}

/// Everybody is lost at once, and comes back at once.
pub(crate) fn storm(people: &mut [Person], stage: &mut Stage<'_>) {
    for person in people {
        stage.tally.faults += 1;
        if let Some(seat) = person.seats.first() {
            stage.ledger.lock().befall(person.life, Trouble::Reset);
            stage.sim.reset(&seat.client);
            person.go(stage, 50);
        } else {
            person.back_at = stage.sim.now() + stage.below(50) as u32 * MS;
        }
    }
}
