//! Queues that mostly hold nothing, and one thing at a time otherwise.

use std::collections::VecDeque;
use std::collections::vec_deque::Iter;

/// A queue in which mostly nothing is: it takes as much as an address then, and whoever asks whether there
/// is something need not look elsewhere.
#[derive(Debug)]
#[expect(clippy::box_collection, reason = "what is mostly empty is to be small then")]
pub(crate) struct Queue<T>(Option<Box<VecDeque<T>>>);

impl<T> Queue<T> {
    pub(crate) const fn new() -> Self {
        Self(None)
    }

    #[inline]
    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Puts something at the end. The first to come takes room for itself alone: a queue's own choice
    /// is room for four, of which an idle connection never needs the rest.
    pub(crate) fn push(&mut self, item: T) {
        let queue = self.0.get_or_insert_with(|| Box::new(VecDeque::with_capacity(1)));
        queue.push_back(item);
    }

    /// Takes what is first; with the last, all memory goes.
    #[inline]
    pub(crate) fn pop(&mut self) -> Option<T> {
        let queue = self.0.as_mut()?;
        let item = queue.pop_front();
        if queue.is_empty() {
            self.0 = None;
        }
        item
    }

    /// All that it holds, from the first on.
    pub(crate) fn iter(&self) -> Iter<'_, T> {
        self.0.as_ref().map_or_else(Iter::default, |queue| queue.iter())
    }

    /// Forgets all that it holds, and gives back its memory.
    pub(crate) fn clear(&mut self) {
        self.0 = None;
    }

    /// How much it has room for.
    #[cfg(test)]
    pub(crate) fn capacity(&self) -> usize {
        self.0.as_ref().map_or(0, |queue| queue.capacity())
    }

    /// Gives back the memory that is for more than it holds.
    pub(crate) fn shrink_to_fit(&mut self) {
        if let Some(queue) = &mut self.0 {
            queue.shrink_to_fit();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_gives_things_back_in_order_and_then_its_memory() {
        let mut queue = Queue::new();
        assert!(queue.is_empty());
        assert_eq!(queue.pop(), None);
        for item in 1..=5 {
            queue.push(item);
        }
        assert_eq!((queue.pop(), queue.pop()), (Some(1), Some(2)));
        queue.shrink_to_fit();
        assert_eq!(queue.capacity(), 3);
        assert_eq!([queue.pop(), queue.pop()], [3, 4].map(Some));
        assert!(!queue.is_empty());
        assert_eq!((queue.pop(), queue.capacity()), (Some(5), 0));
        assert!(queue.is_empty());
    }

    #[test]
    fn one_thing_takes_the_room_of_one() {
        let mut queue = Queue::new();
        queue.push([0_u8; 100]);
        assert_eq!(queue.capacity(), 1);
        queue.push([1; 100]);
        assert!(queue.iter().eq(&[[0; 100], [1; 100]]));
        queue.clear();
        assert_eq!((queue.iter().count(), queue.capacity()), (0, 0));
    }
}
