//! How many seeds a test tries.

/// As many as `SEEDS` says; `unless` it says nothing.
pub(crate) fn seeds(unless: u64) -> u64 {
    std::env::var("SEEDS").map_or(unless, |seeds| seeds.parse().expect("SEEDS is a number"))
}
