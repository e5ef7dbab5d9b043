//! Every sentence that a check's file has.

use clipcheck::check::Check;

/// Every sentence of a check: its cause, its key, its text.
pub(crate) fn sentences(check: &Check) -> Vec<(&str, &'static str, &str)> {
    let mut found = Vec::new();
    for (name, cause) in &check.causes {
        let mut add = |key, text| found.push((name.as_str(), key, text));
        add("says", cause.says.as_str());
        add("fix.say", &cause.fix.say);
        add("fix.know", &cause.fix.know);
        cause.fix.run.iter().for_each(|line| add("fix.run", line));
        cause.tell.iter().for_each(|line| add("tell", line));
        let Some(windows) = &cause.windows else { continue };
        windows.says.iter().for_each(|line| add("windows.says", line));
        add("windows.fix.say", &windows.fix.say);
        add("windows.fix.know", &windows.fix.know);
        windows.fix.run.iter().for_each(|line| add("windows.fix.run", line));
    }
    found
}
