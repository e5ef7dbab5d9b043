//! Sorting. What the standard library makes of a sort is 4 KB for every type that is sorted, a thirtieth of the program; here
//! only places are sorted, by one function for all types. Like the standard one it keeps the order of equals.

use std::cmp::Ordering;

/// Lists that can be put in order.
pub(crate) trait InOrder<T> {
    /// By what says which of two comes first.
    fn in_order_by(&mut self, compare: impl Fn(&T, &T) -> Ordering);

    /// By themselves.
    fn in_order(&mut self)
    where
        T: Ord,
    {
        self.in_order_by(T::cmp);
    }

    /// By a key.
    fn in_order_of<K: Ord>(&mut self, key: impl Fn(&T) -> K) {
        self.in_order_by(|one, other| key(one).cmp(&key(other)));
    }
}

impl<T> InOrder<T> for Vec<T> {
    fn in_order_by(&mut self, compare: impl Fn(&T, &T) -> Ordering) {
        let mut places = places(self.len(), &|one, other| compare(&self[one], &self[other]));
        // Each round of those that take one another's place by itself, so that nothing is kept twice.
        for start in 0..places.len() {
            let mut place = start;
            while places[place] != start {
                let from = std::mem::replace(&mut places[place], place);
                self.swap(place, from);
                place = from;
            }
            places[place] = place;
        }
    }
}

fn places(count: usize, compare: &dyn Fn(usize, usize) -> Ordering) -> Vec<usize> {
    let mut places: Vec<usize> = (0..count).collect();
    places.sort_by(|one, other| compare(*one, *other));
    places
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_sorts_as_the_standard_library_does(pairs: Vec<(u8, String)>) {
            let (mut own, mut standard) = (pairs.clone(), pairs);
            own.in_order_of(|(number, _)| *number);
            standard.sort_by_key(|(number, _)| *number);
            prop_assert_eq!(&own, &standard);
            own.in_order();
            standard.sort();
            prop_assert_eq!(own, standard);
        }
    }
}
