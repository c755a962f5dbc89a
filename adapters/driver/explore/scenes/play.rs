//! How often a scene is played, and in which orders.

use std::env;
use std::path::PathBuf;
use std::str::FromStr;

use shuttle::scheduler::{PctScheduler, RandomScheduler, ReplayScheduler};
use shuttle::{Config, FailurePersistence, MaxSteps, Runner};

/// Orders that each scene is played in, unless `KLATCH_SCHEDULES` says how many.
const SCHEDULES: usize = 200;

/// Steps after which a scene does not end.
const STEPS: usize = 200_000;

/// How often a thread is stopped in favour of one that was behind it, in those orders that are few
/// switches away from one thread after the other: most mistakes take no more.
const SWITCHES: usize = 3;

/// Plays a scene in `KLATCH_SCHEDULES` orders that follow from `KLATCH_SEED`, or in the one that the file
/// `KLATCH_SCHEDULE` holds, which a failure leaves in the folder `KLATCH_FAILURES`.
///
/// # Panics
///
/// If something does not hold in one of them, or it comes to no end.
pub fn play(name: &str, scene: impl Fn() + Clone + Send + Sync + 'static) {
    if let Ok(file) = env::var("KLATCH_SCHEDULE") {
        let scheduler = ReplayScheduler::new_from_file(file).expect("a file with a schedule");
        Runner::new(scheduler, config()).run(scene);
        return;
    }
    let schedules = setting("KLATCH_SCHEDULES", SCHEDULES);
    let seed = setting("KLATCH_SEED", 0);
    println!("{name}: {schedules} schedules from seed {seed}");
    let few_switches = PctScheduler::new_from_seed(seed, SWITCHES, schedules / 2);
    Runner::new(few_switches, config()).run(scene.clone());
    let any = RandomScheduler::new_from_seed(seed, schedules - schedules / 2);
    Runner::new(any, config()).run(scene);
}

fn setting<T: FromStr>(name: &str, default: T) -> T {
    let Ok(text) = env::var(name) else { return default };
    text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}"))
}

fn config() -> Config {
    let mut config = Config::new();
    // Requests are answered on it.
    config.stack_size = 1 << 18;
    config.max_steps = MaxSteps::FailAfter(STEPS);
    config.failure_persistence = match env::var_os("KLATCH_FAILURES") {
        Some(folder) => FailurePersistence::File(Some(PathBuf::from(folder))),
        None => FailurePersistence::Print,
    };
    config
}
