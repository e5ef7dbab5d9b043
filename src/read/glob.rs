//! Patterns with `*` and `?`, as glob(3), Redis and ssh have them in common.

/// Whether a text fits a pattern. Only the last `*` ever takes more than it has: what fits behind an earlier one fits still.
pub fn fits(pattern: &str, text: &str) -> bool {
    let (mut pattern, mut text) = (pattern.chars(), text.chars());
    // Behind the last `*`, and the text from which that was tried.
    let mut star = None;
    loop {
        let mut next = text.clone();
        match (pattern.next(), next.next()) {
            (Some('*'), _) => star = Some((pattern.clone(), text.clone())),
            (None, None) => return true,
            (Some(one), Some(other)) if one == other || one == '?' => text = next,
            (_, other) => {
                // If the text ends here, it ends whatever the `*` takes.
                let (Some((behind, tried)), Some(_)) = (&mut star, other) else { return false };
                tried.next();
                (pattern, text) = (behind.clone(), tried.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_fit() {
        for (pattern, text) in [
            ("*.conf", "tunnel.conf"),
            ("a?c", "abc"),
            ("*", ""),
            ("**", "x"),
            ("10.8.0.*", "10.8.0.1"),
            ("a*b*c", "a-b-b-c"),
            ("*ab", "aab"),
            ("a*", "a"),
            ("?*", "\u{2013}"),
        ] {
            assert!(fits(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in
            [("*.conf", "tunnel.conf~"), ("a?c", "ac"), ("10.8.0.?", "10.8.0.10"), ("", "a"), ("?", ""), ("*a", "ab")]
        {
            assert!(!fits(pattern, text), "{pattern} {text}");
        }
        let many = "a*".repeat(2000);
        assert!(!fits(&format!("{many}b"), &"a".repeat(4000)));
    }
}
