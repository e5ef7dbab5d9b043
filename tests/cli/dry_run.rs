//! `--dry-run`: the plan, and nothing of it is done.

use serde_json::Value;

use crate::run;

fn plan(args: &[&str]) -> Value {
    let said = run(args);
    assert_eq!((said.code, said.err.as_str()), (0, ""), "{args:?}");
    serde_json::from_str(&said.out).expect("JSON")
}

fn touches(plan: &Value, part: &str) -> Vec<String> {
    let parts = plan["parts"].as_array().expect("parts").iter().filter(|it| it["part"] == part);
    let looks = parts.flat_map(|part| part["looks"].as_array().expect("looks"));
    let touches = looks.flat_map(|look| look["touches"].as_array().expect("touches"));
    let text = |it: &Value, name: &str| it[name].as_str().expect("text").to_owned();
    touches.map(|it| format!("{} {}", text(it, "does"), text(it, "what"))).collect()
}

#[test]
fn one_vantage_or_all_of_them() {
    let parts = |plan: &Value| -> Vec<String> {
        plan["parts"]
            .as_array()
            .expect("parts")
            .iter()
            .map(|it| it["part"].as_str().expect("a name").to_owned())
            .collect()
    };
    assert_eq!(parts(&plan(&["all", "--dry-run=json", "--as", "server"])), ["start", "server"]);
    let all = ["start", "vantage", "server", "client", "container", "outside"];
    assert_eq!(parts(&plan(&["snapshot", "--dry-run=json"])), all);
    assert_eq!(parts(&plan(&["init", "--dry-run=json"])), ["start", "vantage", "init"]);
    let inside = plan(&["all", "--dry-run=json", "--as", "client", "--container", "w"]);
    assert_eq!(parts(&inside), ["start", "inside", "client", "container"]);
    assert!(touches(&inside, "client").contains(&"enter the network namespace of {worker}".to_owned()));
}

#[test]
fn what_was_told_stands_in_place_of_its_name() {
    let told = ["healthcheck", "--dry-run=json", "--as", "container", "--server", "10.9.0.1", "--redis-port", "6380"];
    let connects = touches(&plan(&told), "container");
    assert!(connects.contains(&"connect tcp 10.9.0.1:6380".to_owned()), "{connects:?}");
    assert!(connects.contains(&"connect tcp 10.9.0.1:{postgres-port}".to_owned()), "{connects:?}");
    assert!(!connects.iter().any(|it| it.contains("{server}") || it.contains("{redis-port}")));
}

#[test]
fn the_text_says_that_nothing_was_done_and_what_its_names_mean() {
    let said =
        run(&["all", "redis", "--dry-run", "--as", "client", "--output", "/nowhere/report", "--since", "/nowhere/x"]);
    assert_eq!((said.code, said.err.as_str()), (0, ""), "neither file is touched");
    assert!(said.out.starts_with("Nothing was done."), "{}", said.out);
    for line in [
        "    read     /nowhere/x\n",
        "    write    /nowhere/report\n",
        "    connect  tcp {server}:{redis-port}\n",
        "    {redis-port}: ",
    ] {
        assert!(said.out.contains(line), "{line}");
    }
    assert!(!said.out.contains("pg_hba"), "only what the checks of Redis need");
}

#[test]
fn a_mistake_is_told_all_the_same() {
    assert_eq!(run(&["all", "--dry-run", "no-such-check"]).code, 2);
    assert_eq!(run(&["all", "--dry-run=yaml"]).code, 2);
}
