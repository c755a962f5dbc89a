//! The cases by the clock.

#![allow(missing_docs, reason = "criterion_group writes a function without docs")]

use std::cell::RefCell;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};

fn all(c: &mut Criterion) {
    for case in klatch_core_benches::cases() {
        let mut group = c.benchmark_group(case.group());
        group.throughput(Throughput::Elements(case.elements() as u64));
        group.bench_function(case.name(), |b| {
            let work = RefCell::new(case.work());
            b.iter_batched(
                || work.borrow_mut().prepare(),
                |()| work.borrow_mut().run(),
                // A run is prepared after the one before it. Runs are long enough for that.
                BatchSize::PerIteration,
            );
        });
        group.finish();
    }
}

criterion_group!(benches, all);
criterion_main!(benches);
