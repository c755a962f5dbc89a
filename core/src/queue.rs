//! Queues that mostly hold one thing at a time.

use std::collections::VecDeque;

/// Puts something at the end. The first to come takes room for itself alone: a queue's own choice
/// is room for four, of which an idle connection never needs the rest.
pub(crate) fn push<T>(queue: &mut VecDeque<T>, item: T) {
    if queue.capacity() == 0 {
        queue.reserve_exact(1);
    }
    queue.push_back(item);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_thing_takes_the_room_of_one() {
        let mut queue = VecDeque::new();
        push(&mut queue, [0_u8; 100]);
        assert_eq!(queue.capacity(), 1);
        push(&mut queue, [1; 100]);
        assert_eq!(queue, [[0; 100], [1; 100]]);
    }
}
