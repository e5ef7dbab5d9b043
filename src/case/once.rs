//! What a judge makes of one machine alone: once, with however many clients that machine is judged.

use std::any::Any;
use std::cell::RefCell;
use std::collections::BTreeMap;

use super::Seat;

/// What it is, and the tunnel's interface.
type Key = (&'static str, String);

/// What judges made of a machine.
#[derive(Debug, Default)]
pub(super) struct Once(RefCell<BTreeMap<Key, Box<dyn Any>>>);

impl Seat<'_> {
    /// What a judge makes of facts of this machine and its tunnel's interface, and of nothing else.
    pub(crate) fn once<T: Clone + 'static>(&self, what: &'static str, judge: impl FnOnce() -> T) -> T {
        let key = (what, self.addresses.interface.value.clone());
        let known = &self.member.once.0;
        if let Some(known) = known.borrow().get(&key).and_then(|known| known.downcast_ref::<T>()) {
            return known.clone();
        }
        let said = judge();
        known.borrow_mut().insert(key, Box::new(said.clone()));
        said
    }
}
