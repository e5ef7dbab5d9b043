//! Text that many have in common: it is nearly always clean, and then stays shared.

use std::borrow::Cow;
use std::rc::Rc;

use super::{Texts, clean};
use crate::report::{Lines, Seen};

impl Texts for Rc<str> {
    fn clean(&mut self) {
        if let Cow::Owned(cleaned) = clean(self) {
            *self = cleaned.into();
        }
    }
}

impl Texts for Lines {
    fn clean(&mut self) {
        for Seen { seat, source, lines } in &mut self.0 {
            seat.clean();
            source.clean();
            if lines.iter().any(|line| matches!(clean(line), Cow::Owned(_))) {
                *lines = lines.iter().map(|line| Rc::from(clean(line))).collect();
            }
        }
    }
}
