//! What waits, in order.

use std::collections::VecDeque;

/// What waits, in order. Mostly that is one thing, which is in place: whoever puts it there or takes it need not
/// look elsewhere.
#[derive(Debug)]
pub(super) struct Row<T> {
    /// Nothing waits if this does not.
    first: Option<T>,
    rest: VecDeque<T>,
}

impl<T> Row<T> {
    pub(super) const fn new() -> Self {
        Self { first: None, rest: VecDeque::new() }
    }

    #[inline]
    pub(super) const fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    #[inline]
    pub(super) fn push(&mut self, item: T) {
        if self.first.is_none() {
            self.first = Some(item);
        } else {
            self.rest.push_back(item);
        }
    }

    /// Takes all: the first, and what is behind it to where there is nothing yet.
    #[inline]
    pub(super) fn take(&mut self, rest: &mut VecDeque<T>) -> Option<T> {
        if !self.rest.is_empty() {
            std::mem::swap(&mut self.rest, rest);
        }
        self.first.take()
    }

    /// Gives back the memory that is for more than waits.
    pub(super) fn shrink_to_fit(&mut self) {
        self.rest.shrink_to_fit();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_is_taken_in_order_and_the_memory_for_it_is_lent() {
        let (mut row, mut rest) = (Row::new(), VecDeque::new());
        assert!(row.is_empty() && row.take(&mut rest).is_none());
        for many in [1, 3, 2, 1] {
            (0..many).for_each(|item| row.push(item));
            assert!(!row.is_empty());
            let taken: Vec<_> = row.take(&mut rest).into_iter().chain(rest.drain(..)).collect();
            assert!(taken.into_iter().eq(0..many));
            assert!(row.is_empty());
        }
    }

    #[test]
    fn one_thing_takes_no_memory() {
        let mut row = Row::new();
        row.push(1);
        assert_eq!(row.rest.capacity(), 0);
        row.push(2);
        assert_eq!(row.take(&mut VecDeque::new()), Some(1));
        row.shrink_to_fit();
        assert_eq!(row.rest.capacity(), 0);
    }
}
