//! What is looked for in a unit's own files.

/// The line of the last `IPAddressDeny=` of a unit's file that names a network.
pub fn deny_line(text: &str) -> Option<u32> {
    let names = |line: &str| {
        let pair = line.split_once('=');
        pair.is_some_and(|(key, value)| key.trim() == "IPAddressDeny" && !value.trim().is_empty())
    };
    (1..).zip(text.lines()).filter(|(_, line)| names(line)).map(|(number, _)| number).last()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_that_denies_is_the_last_that_names_anything() {
        assert_eq!(deny_line("[Service]\nIPAddressDeny=any\nIPAddressAllow=localhost\n"), Some(2));
        assert_eq!(deny_line("[Service]\nIPAddressDeny=any\n# IPAddressDeny=any\nIPAddressDeny =\n"), Some(2));
        assert_eq!(deny_line("[Service]\nExecStart=/bin/true\n"), None);
    }
}
