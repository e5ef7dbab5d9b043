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
        let keys = [
            ["windows.says", "windows.fix.say", "windows.fix.know", "windows.fix.run"],
            ["native.says", "native.fix.say", "native.fix.know", "native.fix.run"],
            ["contained.says", "contained.fix.say", "contained.fix.know", "contained.fix.run"],
        ];
        for (other, [says, say, know, run]) in [&cause.windows, &cause.native, &cause.contained].into_iter().zip(keys) {
            let Some(other) = other else { continue };
            other.says.iter().for_each(|line| add(says, line));
            add(say, &other.fix.say);
            add(know, &other.fix.know);
            other.fix.run.iter().for_each(|line| add(run, line));
        }
    }
    found
}
