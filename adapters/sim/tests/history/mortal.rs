//! A runtime whose tasks can die all at once, as those of a process that is killed.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::time::SystemTime;

use futures::future::{AbortHandle, abortable};
use klatch_core::Timestamp;
use klatch_sim::{Runtime, Timer};
use parking_lot::Mutex;

#[derive(Clone)]
pub(crate) struct Mortal {
    runtime: Runtime,
    tasks: Arc<Mutex<Tasks>>,
}

/// Those that are not done, by number.
#[derive(Default)]
struct Tasks {
    spawned: u64,
    living: BTreeMap<u64, AbortHandle>,
}

impl Mortal {
    pub(crate) fn new(runtime: Runtime) -> Self {
        Self { runtime, tasks: Arc::default() }
    }

    /// No task runs on; each is dropped where it is.
    pub(crate) fn kill(&self) {
        let living = std::mem::take(&mut self.tasks.lock().living);
        for task in living.into_values() {
            task.abort();
        }
    }
}

impl klatch_driver::Runtime for Mortal {
    type Timer = Timer;

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let (task, handle) = abortable(task);
        let number = {
            let mut tasks = self.tasks.lock();
            tasks.spawned += 1;
            let number = tasks.spawned;
            tasks.living.insert(number, handle);
            number
        };
        let tasks = self.tasks.clone();
        self.runtime.spawn(async move {
            // Done or killed: it is over.
            let _ = task.await;
            tasks.lock().living.remove(&number);
        });
    }

    fn now(&self) -> Timestamp {
        self.runtime.now()
    }

    fn timer(&self, deadline: Timestamp) -> Timer {
        self.runtime.timer(deadline)
    }

    fn entropy(&self, bytes: &mut [u8]) {
        self.runtime.entropy(bytes);
    }

    fn time_of_day(&self) -> SystemTime {
        self.runtime.time_of_day()
    }
}
