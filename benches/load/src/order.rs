//! What one client gets from one sender: every message once, and in which order.

/// The messages that have come, from number 0 on.
#[derive(Clone, Default)]
pub(crate) struct Stream {
    /// All before this one have come.
    next: u64,
    /// Of those behind it: bit 0 stands for `next + 1`.
    ahead: u64,
}

/// How a message came.
#[derive(Debug, PartialEq)]
pub(crate) enum Arrival {
    InOrder,
    /// Before one that was sent earlier.
    Early,
    /// After one that was sent later.
    Late,
    /// For the second time, or further ahead than anything can be under way.
    Impossible,
}

/// How many messages of one sender can be under way at once.
pub(crate) const REACH: usize = 64;

impl Stream {
    pub(crate) fn take(&mut self, number: u64) -> Arrival {
        if number == self.next && self.ahead == 0 {
            self.next += 1;
            return Arrival::InOrder;
        }
        match number.checked_sub(self.next) {
            Some(0) => {
                let run = self.ahead.trailing_ones();
                self.next += 1 + u64::from(run);
                self.ahead = self.ahead.checked_shr(run + 1).unwrap_or(0);
                Arrival::Late
            }
            Some(distance @ 1..=64) if self.ahead & (1 << (distance - 1)) == 0 => {
                // A later one may have come before this one already.
                let late = self.ahead >> (distance - 1) != 0;
                self.ahead |= 1 << (distance - 1);
                if late { Arrival::Late } else { Arrival::Early }
            }
            _ => Arrival::Impossible,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Arrival::{Early, Impossible, InOrder, Late};
    use super::{REACH, Stream};

    #[test]
    fn late_is_what_came_after_a_later_one() {
        let mut stream = Stream::default();
        let arrivals = [0, 3, 2, 1, 4, 6, 5, 7].map(|number| stream.take(number));
        assert_eq!(arrivals, [InOrder, Early, Late, Late, InOrder, Early, Late, InOrder]);
    }

    #[test]
    fn nothing_comes_twice() {
        let mut stream = Stream::default();
        let arrivals = [0, 0, 2, 2, 1, 1, 2, 3].map(|number| stream.take(number));
        let expected = [InOrder, Impossible, Early, Impossible, Late, Impossible, Impossible];
        assert_eq!(arrivals[..7], expected);
        assert_eq!(arrivals[7], InOrder);
    }

    #[test]
    fn all_that_can_be_under_way_may_overtake_the_first() {
        let mut stream = Stream::default();
        for number in 1..=REACH as u64 {
            assert_eq!(stream.take(number), Early);
        }
        assert_eq!(stream.take(REACH as u64 + 1), Impossible);
        assert_eq!(stream.take(0), Late);
        assert_eq!(stream.take(REACH as u64 + 1), InOrder);
    }
}
