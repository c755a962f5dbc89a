//! What is counted for the crate `metrics`: nothing unless the feature of that name is on.

#[cfg(feature = "metrics")]
mod counting;
#[cfg(not(feature = "metrics"))]
mod nothing;

#[cfg(feature = "metrics")]
pub(crate) use self::counting::Meter;
#[cfg(not(feature = "metrics"))]
pub(crate) use self::nothing::Meter;
