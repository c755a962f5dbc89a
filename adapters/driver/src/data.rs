//! What an application keeps with a socket.

use std::any::Any;
use std::sync::Arc;

use klatch_core::{EncodeError, Payload};
use serde::Serialize;

/// A value of the application's, whatever its type.
pub(crate) trait Data: Any + Send + Sync {
    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync>;

    /// As it is shown to others.
    fn encode(&self) -> Result<Payload, EncodeError>;
}

impl<T: Serialize + Send + Sync + 'static> Data for T {
    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }

    fn encode(&self) -> Result<Payload, EncodeError> {
        Payload::from_args(self)
    }
}

/// The value, in a type that can travel as one.
#[derive(Clone)]
pub(crate) struct Kept(pub(crate) Arc<dyn Data>);

impl Kept {
    /// As the type that it was kept as; `None` if that was another.
    pub(crate) fn get<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        self.0.clone().into_any().downcast().ok()
    }
}
