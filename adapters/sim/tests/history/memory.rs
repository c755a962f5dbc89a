//! What is left in memory of those who are gone: nothing.

use allocation_counter::measure;

use crate::history;

/// With a history goes all that it took: its servers, whether they were closed or killed, and everybody.
#[test]
fn nothing_is_left_of_a_history() {
    // What is made once in a process is made by then, and as large as it gets.
    for seed in 0..4 {
        history::run_short(seed);
    }
    for seed in 0..4 {
        let left = measure(|| {
            history::run_short(seed);
        });
        assert_eq!(left.bytes_current, 0, "seed {seed}: {left:?}");
    }
}

/// A server whose clients come in waves, are failed and go has as much after the fortieth wave as after the
/// twentieth: by then its tables are as large as such waves need.
#[test]
fn a_server_takes_no_more_after_many_waves_of_clients_than_after_a_few() {
    let mut left = Vec::new();
    history::waves(1, 40, |wave| left.push(measure(wave).bytes_current));
    let grown: i64 = left[20..].iter().sum();
    assert!(grown <= 4096, "{grown} bytes: {left:?}");
}
