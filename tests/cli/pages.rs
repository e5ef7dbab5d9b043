//! The formats that other programs fetch: Prometheus' metrics and alert rules, and the page for a browser. Each is read by
//! the program that it is for, where it is installed.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::process::{Command, Stdio};

use super::formats::{BREAKS, broken_by_words, judged};
use crate::{folder, json, path, recorded, run};

/// What promtool says of a text; none where there is no promtool.
fn promtool(args: &[&str], text: &str) -> Option<String> {
    let mut command = Command::new("promtool");
    command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let Ok(mut child) = command.spawn() else {
        println!("skipped: no promtool (Debian's package prometheus has it)");
        return None;
    };
    child.stdin.take().expect("its input").write_all(text.as_bytes()).expect("written");
    let output = child.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success(), "{said}\n{text}");
    Some(said)
}

/// The samples: each metric with its labels, and the value.
fn samples(text: &str) -> Vec<(&str, &str)> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| line.rsplit_once(' ').expect("a value")).collect()
}

#[test]
fn prometheus_reads_the_metrics() {
    let report = json(&judged("guide-to-the-letter", &["--json"]).out);
    for state in ["guide-to-the-letter", "healthy", "wg-keepalive-not-saved"] {
        let text = judged(state, &["--format", "prometheus"]).out;
        if let Some(said) = promtool(&["check", "metrics"], &text) {
            assert_eq!(said, "", "{state}");
        }
        let names: Vec<&str> = samples(&text).iter().map(|(name, _)| *name).collect();
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len(), "no two samples have the same labels");
    }
    let text = judged("guide-to-the-letter", &["--format", "prometheus"]).out;
    let count = |name: &str| samples(&text).iter().filter(|(it, value)| it.starts_with(name) && *value == "1").count();
    let counts = |name: &str| usize::try_from(report["counts"][name].as_u64().expect("a count")).expect("small");
    assert_eq!(count("clipcheck_root_cause{"), counts("roots"));
    assert_eq!(count("clipcheck_warning{"), counts("warnings"));
    assert_eq!(count("clipcheck_check_failed{"), counts("roots") + counts("explained"));
    assert!(samples(&text).contains(&("clipcheck_exit_code", "1")), "{text}");
    assert!(text.contains("code=\"redis-answers/denied\""), "{text}");
}

/// Several clients of one server have answers of their own there.
#[test]
fn the_metrics_of_several_clients_are_all_different() {
    let files = folder(&[]);
    let mut args = vec!["judge".to_owned(), recorded::path("healthy", "server")];
    for (number, state) in ["healthy", "wg-keepalive-not-saved"].iter().enumerate() {
        let text = std::fs::read_to_string(recorded::path(state, "client")).expect("a snapshot");
        let file = path(&files, &format!("client-{number}.json"));
        std::fs::write(&file, text.replace("10.8.0.2", &format!("10.8.0.{}", number + 2))).expect("written");
        args.push(file);
    }
    args.extend(["--format", "prometheus"].map(str::to_owned));
    let said = run(&args.iter().map(String::as_str).collect::<Vec<_>>());
    let names: Vec<&str> = samples(&said.out).iter().map(|(name, _)| *name).collect();
    assert!(!names.is_empty(), "{said:?}");
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
    promtool(&["check", "metrics"], &said.out);
}

#[test]
fn hostile_labels_stay_values() {
    let check = "title = \"It\"\nguide = \"beyond\"\nlooks = { container = [\"tcp 127.0.0.1:9\"] }\nexpect = [\"open\"]\n\
                 [cause.\"x\\\"} 1\\nforged{y=\\\"\\\\\"]\nsays = \"it\"\nfix.say = \"it\"\nfix.know = \"it\"\n";
    let checks = folder(&[("own-x.toml", check)]);
    // The name of a cause is one of the look's words, and no other.
    let said = run(&["all", "own-x", "--as", "container", "--checks", &path(&checks, ""), "--format", "prometheus"]);
    assert!(said.code == 2 && said.out.is_empty() && said.err.contains("own-x.toml:5:8: "), "{said:?}");
    promtool(&["check", "metrics"], &broken_by_words("prometheus"));
}

#[test]
fn prometheus_reads_the_alert_rules_and_they_name_metrics_that_there_are() {
    let rules = run(&["alert-rules"]);
    assert_eq!((rules.code, rules.err.as_str()), (0, ""));
    let files = folder(&[("rules.yml", &rules.out)]);
    if let Some(said) = promtool(&["check", "rules", &path(&files, "rules.yml")], "") {
        assert!(said.contains("4 rules found"), "{said}");
    }
    let metrics = judged("guide-to-the-letter", &["--format", "prometheus"]).out;
    let words = rules.out.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|it| it.starts_with("clipcheck_"));
    let words: BTreeSet<&str> = words.collect();
    assert!(words.len() >= 4, "{words:?}");
    for word in words {
        assert!(metrics.contains(&format!("# TYPE {word} gauge\n")), "{word}");
    }
}

/// The rules fire for what they are for: promtool feeds them what a run wrote.
#[test]
fn the_alert_for_a_root_cause_fires() {
    let rules = run(&["alert-rules"]).out;
    let test = "rule_files: [rules.yml]\nevaluation_interval: 1m\ntests:\n  - interval: 1m\n    input_series:\n\
        \x20     - series: 'clipcheck_root_cause{code=\"redis-answers/denied\",seat=\"server\",host=\"box\"}'\n\
        \x20       values: '1+0x30'\n    alert_rule_test:\n      - eval_time: 15m\n        alertname: ClipcheckRootCause\n\
        \x20       exp_alerts:\n          - exp_labels: {severity: critical, code: redis-answers/denied, seat: server, host: box}\n\
        \x20           exp_annotations:\n\
        \x20             summary: 'clipcheck: redis-answers/denied on the server (box)'\n\
        \x20             description: 'Run `clipcheck all` on box for the evidence and the fix, or `clipcheck explain redis-answers/denied`.'\n";
    let files = folder(&[("rules.yml", &rules), ("test.yml", test)]);
    if let Some(said) = promtool(&["test", "rules", &path(&files, "test.yml")], "") {
        assert!(said.contains("SUCCESS"), "{said}");
    }
}

#[test]
fn the_page_needs_nothing_else_and_has_everything() {
    let report = json(&judged("guide-to-the-letter", &["--json"]).out);
    let page = judged("guide-to-the-letter", &["--format", "html"]).out;
    for outside in ["<script", "<link", "<img", "<iframe", "src=", "url(", "@import", "http://", "https://"] {
        assert!(!page.contains(outside), "{outside}");
    }
    assert_eq!(page.matches("<tr>").count(), report["checks"].as_array().expect("checks").len());
    assert_eq!(page.matches("<svg ").count(), 1);
    for root in report["roots"].as_array().expect("roots").iter().filter_map(serde_json::Value::as_str) {
        let code = root.rsplit(' ').next().expect("a code");
        assert!(page.contains(&format!("<code>{code}</code>")), "{code}");
    }
    // Each link leads to one place.
    let all = |before: &str| -> Vec<&str> {
        page.split(before).skip(1).map(|rest| rest.split('"').next().unwrap_or_default()).collect()
    };
    let ids: BTreeSet<&str> = all(" id=\"").into_iter().collect();
    assert_eq!(ids.len(), all(" id=\"").len());
    assert!(all(" href=\"").iter().all(|link| link.strip_prefix('#').is_some_and(|id| ids.contains(id))));
    let hostile = broken_by_words("html");
    assert!(!hostile.contains("<script") && hostile.matches("&lt;script&gt;").count() >= 4, "{hostile}");
    assert!(BREAKS.contains("<script>"));
}

/// What a browser makes of a page at a width: how wide it gets, what of it can run, what the picture's words need.
fn browsed(page: &str, width: u32) -> Option<serde_json::Value> {
    const ASK: &str =
        "<script>const box = r => [r.left, r.right]; const texts = [...document.querySelectorAll('svg text')];
        parent.postMessage(JSON.stringify({
            width: document.documentElement.scrollWidth, window: window.innerWidth,
            scripts: document.querySelectorAll('script,iframe,img,object,a[href^=javascript]').length,
            rows: document.querySelectorAll('tr').length,
            picture: box(document.querySelector('svg').getBoundingClientRect()),
            texts: texts.map(text => box(text.getBoundingClientRect())) }), '*')</script>";
    let names = ["chromium", "chromium-browser", "google-chrome"];
    // The policy of the page would keep the question from being asked.
    let (before, rest) = page.split_once("<meta http-equiv=\"Content-Security-Policy\"").expect("a policy");
    let rest = rest.split_once('>').expect("its end").1.replace("</body>", &format!("{ASK}</body>"));
    // A window of a browser is not as narrow as a telephone, a frame in it can be.
    let framed = format!("{before}{rest}").replace('&', "&amp;").replace('"', "&quot;");
    let outer = format!(
        "<!DOCTYPE html><title></title><script>onmessage = told => document.title = told.data</script>\
         <iframe style=\"border: 0; width: {width}px; height: 900px\" srcdoc=\"{framed}\"></iframe>"
    );
    let files = folder(&[("page.html", &outer)]);
    let run = |name: &&str| {
        let mut command = Command::new(name);
        command.args(["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--dump-dom"]);
        command
            .args(["--window-size=1400,1000", "--virtual-time-budget=5000"])
            .arg(format!("--user-data-dir={}", path(&files, "profile")));
        command.arg(format!("file://{}", path(&files, "page.html"))).output().ok()
    };
    let Some(output) = names.iter().find_map(run) else {
        println!("skipped: no Chromium");
        return None;
    };
    let dom = String::from_utf8_lossy(&output.stdout).into_owned();
    let title = dom.split_once("<title>").and_then(|(_, rest)| rest.split_once("</title>")).expect("a title").0;
    Some(serde_json::from_str(&title.replace("&quot;", "\"").replace("&amp;", "&")).expect("what was asked"))
}

#[test]
fn a_browser_shows_the_page_on_a_screen_and_on_a_telephone() {
    let page = judged("guide-to-the-letter", &["--format", "html"]).out;
    for (page, width) in [(&page, 1280), (&page, 400), (&broken_by_words("html"), 400)] {
        let Some(seen) = browsed(page, width) else { return };
        assert_eq!(seen["window"], width, "{seen}");
        assert!(seen["width"].as_u64().is_some_and(|needed| needed <= width.into()), "it is too wide: {seen}");
        // The one that asks.
        assert_eq!(seen["scripts"], 1, "{seen}");
        assert_eq!(seen["rows"].as_u64(), Some(page.matches("<tr>").count() as u64), "{seen}");
        let edge = |value: &serde_json::Value, at: usize| value[at].as_f64().expect("a place");
        for text in seen["texts"].as_array().expect("words") {
            let inside = edge(text, 0) >= edge(&seen["picture"], 0) && edge(text, 1) <= edge(&seen["picture"], 1);
            assert!(inside, "words leave the picture: {text} {seen}");
        }
    }
}
