//! The names of one room, or of several.

/// One room or several: `"a"`, a `String`, or whatever else is as a `str`; `["a", "b"]`, a `Vec`, or
/// whatever else iterates over such.
#[diagnostic::on_unimplemented(
    message = "`{Self}` names no room",
    label = "a room is `\"a\"`, several are `[\"a\", \"b\"]`"
)]
pub trait Rooms<Given> {
    /// Hands the names over. What gives them is the application's code, which may ask for rooms
    /// itself: it is done with before `then` is called, which may take locks.
    #[doc(hidden)]
    fn with<T>(self, then: impl FnOnce(&[&str]) -> T) -> T;
}

impl<R: AsRef<str>> Rooms<fn(&str)> for R {
    fn with<T>(self, then: impl FnOnce(&[&str]) -> T) -> T {
        then(&[self.as_ref()])
    }
}

impl<I: IntoIterator<Item: AsRef<str>>> Rooms<fn(&[&str])> for I {
    fn with<T>(self, then: impl FnOnce(&[&str]) -> T) -> T {
        let rooms: Vec<_> = self.into_iter().collect();
        let rooms: Vec<_> = rooms.iter().map(AsRef::as_ref).collect();
        then(&rooms)
    }
}
