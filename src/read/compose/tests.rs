//! Compose files, and where each value in them stands.

use super::*;

const COMPOSE: &str = "x-common: &common\n  FLASK_ENV: production\nservices:\n  worker:\n    env_file:\n      - worker.env\n\
    \x20     - {path: ./none.env, required: false}\n    environment:\n      <<: *common\n      DATABASE_URL: ${DATABASE_URL}\n\
    \x20     REDIS_URL: \"redis://${HOST:-10.8.0.1}:6379/0\"\n      PASSED:\n";

fn stack(dotenv: &str, env_file: &str) -> Stack {
    let file = |path: &str, text: &str| File { path: path.to_owned(), text: text.to_owned() };
    let project = Project {
        files: &[file("/srv/w/compose.yaml", COMPOSE)],
        dotenv: &[file("/srv/w/.env", dotenv)],
        folder: "/srv/w",
        shell: &BTreeMap::new(),
        open: &|path| (path == "/srv/w/worker.env").then(|| env_file.to_owned()),
    };
    read(&project, "worker").expect("reads")
}

#[test]
fn every_source_of_a_variable_is_found_with_its_line() {
    let stack = stack(
        "# mine\nDATABASE_URL=postgresql://a/b\nPASSED=1\n",
        "REDIS_URL=redis://x/0\nDATABASE_URL=postgresql://c/d\n",
    );
    let given = &stack.given["DATABASE_URL"];
    assert!(given[0].origin == Origin::Compose { path: "/srv/w/compose.yaml".to_owned(), line: 10 });
    assert!(given[0].value.as_deref() == Some("postgresql://a/b"));
    assert_eq!(given[0].via[0].at, Some(("/srv/w/.env".to_owned(), 2)));
    assert!(given[0].via[0].whole);
    assert!(given[1].origin == Origin::EnvFile { path: "/srv/w/worker.env".to_owned(), line: 2 });
    let redis = &stack.given["REDIS_URL"];
    assert!(redis[0].value.as_deref() == Some("redis://10.8.0.1:6379/0") && !redis[0].via[0].whole);
    assert!(stack.given["FLASK_ENV"][0].origin == Origin::Compose { path: "/srv/w/compose.yaml".to_owned(), line: 2 });
    assert!(stack.given["PASSED"][0].value.as_deref() == Some("1"));
    assert_eq!((stack.place.map(|(_, line)| line), stack.unread.len()), (Some(4), 0));
}

#[test]
fn a_bare_name_without_a_value_hides_the_env_file() {
    let stack = stack("", "PASSED=1\n");
    assert!(stack.given["PASSED"][0].value.is_none());
    assert!(stack.given["DATABASE_URL"][0].value.as_deref() == Some(""));
}

#[test]
fn a_line_of_an_env_file_sees_those_above_it_first() {
    let stack = stack("", "HOST=here\nHOST=${HOST}s\nA=${HOST}\nREDIS_URL=${FLASK_ENV}\n");
    assert!(stack.given["A"][0].value.as_deref() == Some("heres"));
    assert!(stack.given["REDIS_URL"][1].value.as_deref() == Some("production"), "`environment` goes before");
}

#[test]
fn what_is_extended_and_included_has_its_own_file_and_line() {
    let files = [
        (
            "/p/base.yaml",
            "services:\n  base:\n    environment:\n      - HOST=${FROM}\n      - A=base\n    env_file: b.env\n",
        ),
        ("/p/b.env", "B=base\n"),
        ("/p/gpu/compose.yaml", "services:\n  worker:\n    environment:\n      - C=${FROM}\n      - A=included\n"),
        ("/p/gpu/.env", "FROM=gpu\n"),
    ];
    let main = "include:\n  - gpu/compose.yaml\n  - lost.yaml\nservices:\n  worker:\n    extends:\n      file: base.yaml\n\
        \x20     service: base\n    environment: [D=own]\n  ring:\n    extends: ring\n";
    let project = Project {
        files: &[File { path: "/p/compose.yaml".to_owned(), text: main.to_owned() }],
        dotenv: &[],
        folder: "/p",
        shell: &BTreeMap::new(),
        open: &|path| files.iter().find(|(own, _)| *own == path).map(|(_, text)| (*text).to_owned()),
    };
    let stack = read(&project, "worker").expect("reads");
    let first = |name: &str| {
        let given = &stack.given[name][0];
        (given.origin.clone(), given.value.clone().unwrap_or_default())
    };
    let line = |path: &str, line| Origin::Compose { path: path.to_owned(), line };
    assert!(first("A") == (line("/p/gpu/compose.yaml", 5), "included".to_owned()), "an included file goes over a base");
    assert!(stack.given["A"][1].origin == line("/p/base.yaml", 5));
    assert!(first("C") == (line("/p/gpu/compose.yaml", 4), "gpu".to_owned()));
    assert_eq!(stack.given["C"][0].via[0].at, Some(("/p/gpu/.env".to_owned(), 1)));
    assert!(first("HOST") == (line("/p/base.yaml", 4), String::new()), "the included project's .env is its own");
    assert!(first("B").1 == "base" && first("D") == (line("/p/compose.yaml", 9), "own".to_owned()));
    assert_eq!(stack.unread, ["/p/lost.yaml"]);
    assert_eq!(stack.others, ["/p/base.yaml", "/p/gpu/.env", "/p/gpu/compose.yaml"]);
    assert!(read(&project, "ring").is_none(), "compose refuses a circle");
}

#[test]
fn paths_are_joined() {
    assert_eq!(absolute("/srv/w", "../a/./.env"), "/srv/a/.env");
    assert_eq!(absolute("/srv/w/", "/x"), "/x");
}
