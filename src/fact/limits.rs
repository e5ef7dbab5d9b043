//! How far other people's text is followed. What nests, repeats or names itself ends at these limits: whoever comes to one
//! says that nothing was read, and never goes on with a part. (JSON and TOML have limits of their own: 128 and 80 levels.)

/// Levels of what stands inside its like: `${A:-${B}}`, lists of lists. In life there are ten.
pub const DEPTH: usize = 64;

/// Bytes of what is put in the place of something else: values, anchors, files that other files name.
pub const EXPANDED: usize = 4 << 20;

/// Files that other files name.
pub const FILES: usize = 256;

/// What may still be followed in one reading. None of a method means: no further, and nothing of it counts.
#[derive(Debug)]
pub struct Budget {
    depth: usize,
    expanded: usize,
    files: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self { depth: DEPTH, expanded: EXPANDED, files: FILES }
    }
}

impl Budget {
    /// One level further in. Whoever gives up on the way need not come out again.
    #[must_use]
    pub fn enter(&mut self) -> Option<()> {
        take(&mut self.depth, 1)
    }

    /// Out of it again.
    pub fn leave(&mut self) {
        self.depth += 1;
    }

    /// So many bytes are put in the place of others.
    #[must_use]
    pub fn expand(&mut self, bytes: usize) -> Option<()> {
        take(&mut self.expanded, bytes)
    }

    /// A file is read because another one names it.
    #[must_use]
    pub fn file(&mut self, text: &str) -> Option<()> {
        take(&mut self.files, 1)?;
        self.expand(text.len())
    }
}

/// What was once too much stays too much, whatever smaller thing comes after.
fn take(left: &mut usize, count: usize) -> Option<()> {
    let rest = left.checked_sub(count);
    *left = rest.unwrap_or(0);
    rest.map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_used_up_stays_used_up() {
        let mut budget = Budget::default();
        assert!(budget.expand(EXPANDED - 1).is_some() && budget.expand(2).is_none() && budget.expand(1).is_none());
        assert!((0..FILES).all(|_| Budget::file(&mut budget, "").is_some()) && budget.file("").is_none());
        for _ in 0..DEPTH {
            assert!(budget.enter().is_some());
        }
        assert!(budget.enter().is_none());
        budget.leave();
        assert!(budget.enter().is_some());
    }
}
