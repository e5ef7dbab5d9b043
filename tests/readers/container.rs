//! Readers of what makes a container: environment files, compose files, Docker's answers, Celery's command lines; and of
//! URLs.

use std::collections::BTreeMap;

use clipcheck::fact::limits::Budget;
use clipcheck::read::compose::{self, File, Project, Stack};
use clipcheck::read::envfile::{self, Line, Refused};
use clipcheck::read::quoted::Secrets;
use clipcheck::read::shell_env::{self, Step};
use clipcheck::read::variable::{app_version, setting};
use clipcheck::read::{celery_command, dotenv, hosts, inspect, last_line, library_error, recipe, url, worker_log};

use super::{Kept, Reader, Shape, lines, many, nested, within};

const URLS: &str = "redis://:pw@10.8.0.1:6379/0\npostgresql+psycopg2://u:p%40w@10.8.0.1/clippy?sslmode=require\n";
const ENV: &str = "# mine\nexport A='a b' # c\nREDIS_URL=redis://:pw@10.8.0.1:6379/0\nB=\"x\\n${A:-y}\"\nCELERY_BROKER_URL=${REDIS_URL}\nC\n";
const COMPOSE: &str = "x-a: &a\n  A: 1\nservices:\n  worker:\n    env_file: [me, {path: b, required: false}]\n    environment:\n      <<: *a\n      REDIS_URL: redis://:pw@${HOST:-10.8.0.1}/0\n    extra_hosts: [\"web:10.8.0.2\"]\n";
const INSPECT: &str = r#"[{"Name": "/w", "Created": "2026-11-22T17:30:14.5Z", "Image": "sha256:a", "Path": "celery", "Args": ["-A", "a", "worker"], "State": {"Status": "running", "Running": true}, "Config": {"Image": "i", "Env": ["A=b"], "Labels": {"a": "b"}}, "NetworkSettings": {"Networks": {"bridge": {}}, "Ports": {"1/tcp": [{"HostIp": "::", "HostPort": "1"}]}}, "HostConfig": {"ExtraHosts": ["web:10.8.0.2"]}}]"#;

const RECIPE: &str = r#"[{"Id": "0123", "Name": "/w", "Image": "sha256:a", "Mounts": [{"Type": "volume", "Name": "v", "Destination": "/d"}], "Config": {"Image": "i", "Env": ["A=redis://:pw@a/0", "B=c"], "Cmd": ["celery", "--broker=redis://:pw@a/0"], "Labels": {"a": "b"}, "Healthcheck": {"Test": ["CMD-SHELL", "true"], "Interval": 1}}, "NetworkSettings": {"Networks": {"bridge": {"Aliases": ["x"]}}}, "HostConfig": {"NetworkMode": "n", "Memory": 1, "NanoCpus": 15, "Binds": ["/a:/b"], "PortBindings": {"1/tcp": [{"HostIp": "::", "HostPort": "1"}]}, "DeviceRequests": [{"Count": -1, "Capabilities": [["gpu"]]}], "RestartPolicy": {"Name": "always"}, "Mounts": [{"Type": "bind", "Source": "/a", "Target": "/b"}]}}]"#;

const GROWING: &[Shape] = &[
    within("A0=xxxxxxxx\n", "A<n>=${A<m>}${A<m>}\n", ""),
    within("A=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n", "B=${A:+}${A}\n", ""),
    many("A<n>=${A<m>}x\n"),
    many("A<n>\nA=1\n"),
    many("A='\n"),
    many("A=\"\\\""),
    many("export A<n>=$a$b\n"),
    within("A=", "${a:${b:-", "\n"),
    nested("A=", "${A:-", "}", "\n"),
    many("A\u{2013}B=1\n"),
];

pub(super) const READERS: [Reader; 17] = [
    Reader {
        name: "app-version",
        read: |text| Box::new(app_version(text)),
        example: "__version__ = \"0.10.0\"\n",
        shapes: &[],
    },
    Reader {
        name: "celery-command",
        read: celery,
        example: "celery\n--broker=redis://:pw@a/0\n-A\na\nworker\n-Q\ngpu\n-n\na@%h",
        shapes: &[many("celery\n"), within("celery\n", "-ba\n", ""), within("celery\nworker\n", "-Q\na,", "")],
    },
    Reader { name: "compose", read: project, example: COMPOSE, shapes: YAML },
    Reader { name: "compose-env", read: of_compose, example: ENV, shapes: GROWING },
    Reader { name: "docker-env", read: of_docker, example: ENV, shapes: GROWING },
    Reader {
        name: "docker-image",
        read: |text| Box::new(inspect::image(text).map(|it| (it.id, it.created_at, it.variables.len()))),
        example: r#"[{"Id": "a", "Created": "", "Config": {"Env": ["A=b"]}}]"#,
        shapes: &[within("[{\"Id\": \"a\", \"Config\": {\"Env\": [\"\"", ",\"A=b\"", "]}}]")],
    },
    Reader {
        name: "docker-inspect",
        read: containers,
        example: INSPECT,
        shapes: &[
            within("[{}", ",{\"Name\": \"a<n>\", \"State\": {\"Status\": \"running\"}}", "]"),
            within("[{\"Config\": {\"Env\": [\"\"", ",\"A=b\"", "]}}]"),
            within("[{\"Name\": \"a\", \"State\": {\"Status\": \"exited\"}, \"Args\": [\"celery\"", ",\"-b\"", "]}]"),
        ],
    },
    Reader {
        name: "docker-recipe",
        read: |text| Box::new(recipe::read(None, text, text, Some(text))),
        example: RECIPE,
        shapes: &[
            within(
                "[{\"Id\": \"a\", \"Name\": \"a\", \"Image\": \"i\", \"Config\": {\"Env\": [\"\"",
                ",\"A<n>=bbbbbbb\"",
                "]}}]",
            ),
            within(
                "[{\"Id\": \"a\", \"Name\": \"a\", \"Image\": \"i\", \"Config\": {\"Cmd\": [\"\"",
                ",\"-b\"",
                "]}}]",
            ),
            within(
                "[{\"Id\": \"a\", \"Name\": \"a\", \"Image\": \"i\", \"HostConfig\": {\"Binds\": [\"\"",
                ",\"/a:/b\"",
                "]}}]",
            ),
        ],
    },
    Reader {
        name: "docker-log",
        read: |text| Box::new(worker_log::read(text)),
        example: "ModuleNotFoundError: No module named 'a.b'\nValueError: Port out of range\n",
        shapes: &[many("unknown command '"), many("no permissions to run the 'a' ")],
    },
    Reader {
        name: "library-error",
        read: |text| {
            let secrets = Secrets::of(["redis://:pass%40word@10.8.0.1:6379/0", "pass@word"]);
            Box::new(library_error::read(text, &secrets))
        },
        example: "OperationalError: connection to \"redis://:pass%40word@10.8.0.1:6379/0\" failed:\n pass@word is wrong\n",
        shapes: &[many("pass@word"), many("a\n")],
    },
    Reader {
        name: "docker-network",
        read: |text| Box::new(inspect::is_internal(text)),
        example: "[{\"Name\": \"a\", \"Internal\": true}]",
        shapes: &[],
    },
    Reader { name: "dotenv", read: of_python, example: ENV, shapes: GROWING },
    Reader { name: "extra-host", read: |text| Box::new(hosts::read(text)), example: "web:10.8.0.2", shapes: &[] },
    Reader {
        name: "last-line",
        read: |text| Box::new(last_line::read(text)),
        example: ".env.worker: line 3: pa55: command not found\nError: CLIPPY_INSTANCE_PATH not found: /app/instance\n",
        shapes: &[many("Error: line 1: \n"), many(": line 3: ")],
    },
    Reader {
        name: "shell-env",
        read: of_shell,
        example: "#!/bin/sh\nsource .env.worker\nexport A=\"${A:-redis://192.168.1.100:6379/0}\"\nB='x y' # c\nC=a$B\\$d\n",
        shapes: GROWING,
    },
    Reader {
        name: "url",
        read: urls,
        example: URLS,
        shapes: &[
            within("redis://", "@", "h/0"),
            within("postgresql://u:", "p@", "h/d"),
            within("redis://h/0?", "a=b&", ""),
            within("redis://:", "%41", "@10.8.0.1/0"),
            within("redis://[", "::", "]/0"),
        ],
    },
    Reader {
        name: "variable-list",
        read: |text| Box::new(text.lines().map(|it| setting(None, "CELERY_QUEUES", it)).collect::<Vec<_>>()),
        example: "gpu,cpu\n",
        shapes: &[],
    },
];

fn of_shell(text: &str) -> Kept {
    let steps = shell_env::read(text, &BTreeMap::from([("a".to_owned(), "b".to_owned())]));
    let kept = steps.map(|steps| {
        steps.into_iter().map(|step| match step {
            Step::Set(it) => (it.name, it.value.map(|value| value.len()), it.line),
            Step::Source(path) => (path.unwrap_or_default(), None, 0),
        })
    });
    Box::new(kept.map(Iterator::collect::<Vec<_>>))
}

const YAML: &[Shape] = &[
    within("services:\n  worker:\n    environment:\n", "      A<n>: $A<m>x\n", ""),
    within("services:\n  worker:\n    environment:\n", "      - A=1\n", ""),
    within("services:\n  worker:\n    env_file:\n", "      - f<n>\n", ""),
    within("services:\n  worker:\n    env_file:\n", "      - me\n", ""),
    within("include:\n", "  - me\n", "services: {worker: {}}\n"),
    within("services:\n  worker: {extends: s1}\n", "  s<m>: {extends: s<n>}\n", ""),
    within("services:\n  worker: {extends: worker}\n", "  a<n>:\n", ""),
    within("services:\n  worker:\n    extra_hosts:\n", "      - a<n>:10.8.0.1\n", ""),
    within("a0: &a0 [xxxxxxxx]\n", "a<n>: &a<n> [*a<m>, *a<m>]\n", ""),
    within("a: &a {b: c}\n", "a<n>: &a<n> {<<: *a, b<n>: c}\n", ""),
    within("a0: &a0 {b: c}\n", "a<n>: &a<n> {<<: *a<m>, b<n>: c}\n", ""),
    within("a: {<<: [", "{a<n>: 1},", "]}\n"),
    nested("x: ", "- ", "", "\n"),
    nested("x: ", "[", "]", "\n"),
    nested("x: ", "{a: ", "}", "\n"),
    nested("x: ", "&a<n> [", "]", "\n"),
    many("? a\n: b\n"),
    within("x: |\n", "  a\n", ""),
    within("x: \"", "\\u0041\\\n", "\""),
    within("services: {worker: {environment: {A: \"", "${A:-", "\"}}}"),
    many("%TAG ! !\n"),
    many("--- a\n"),
    many("a<n>: !t &b *c #\n"),
];

fn celery(text: &str) -> Kept {
    let words = lines(text);
    let told = celery_command::told(&words.iter().map(String::as_str).collect::<Vec<_>>());
    let urls = |it: celery_command::Command| {
        it.urls.iter().map(|(name, value)| setting(None, name, value)).collect::<Vec<_>>()
    };
    let shell = ["sh".to_owned(), "-c".to_owned(), text.to_owned()];
    Box::new((told, celery_command::read(&words).map(urls), celery_command::read(&shell).map(|it| it.program)))
}

fn urls(text: &str) -> Kept {
    let settings = text.lines().map(|line| setting(None, "REDIS_URL", line));
    Box::new((url::read(text).map(|it| (it.url.to_string(), it)), settings.collect::<Vec<_>>()))
}

fn shown(lines: Result<Vec<Line>, Refused>) -> Kept {
    let shown = |it: Line| (setting(None, &it.name, &it.value), it.names, it.blank, it.line);
    Box::new(lines.map(|lines| lines.into_iter().map(shown).collect::<Vec<_>>()))
}

fn of_compose(text: &str) -> Kept {
    shown(envfile::compose(text, &|name| (name == "HOST").then_some("h"), &|_| None, &mut Budget::default()))
}

fn of_docker(text: &str) -> Kept {
    shown(envfile::docker(text, &|name| (name == "C").then_some("c"), &mut Budget::default()))
}

fn of_python(text: &str) -> Kept {
    let read = dotenv::read(text, &BTreeMap::from([("HOST".to_owned(), "h".to_owned())]));
    let shown = |it: dotenv::Binding| (it.value.map(|value| setting(None, &it.name, &value)), it.line);
    Box::new(read.map(|all| all.into_iter().map(shown).collect::<Vec<_>>()))
}

/// A project whose files named `me` are its own compose file again.
fn project(text: &str) -> Kept {
    let file = |path: &str| File { path: path.to_owned(), text: text.to_owned() };
    let shell = BTreeMap::from([("HOST".to_owned(), "h".to_owned())]);
    let open = |path: &str| path.ends_with("me").then(|| text.to_owned());
    let project = Project { files: &[file("/p/compose.yaml")], dotenv: &[], folder: "/p", shell: &shell, open: &open };
    let shown = |it: Stack| {
        let given = it.given.into_iter().map(|(name, all)| {
            let one =
                |it: &compose::Given| (it.origin.clone(), it.value.as_ref().map(|value| setting(None, &name, value)));
            all.iter().map(one).collect::<Vec<_>>()
        });
        (
            it.place,
            it.command,
            given.collect::<Vec<_>>(),
            it.hosts,
            it.unread.len(),
            it.others.len(),
            it.env_files.len(),
        )
    };
    Box::new(compose::read(&project, "worker").map(shown))
}

fn containers(text: &str) -> Kept {
    let workers =
        |it: Vec<inspect::Container>| it.iter().filter_map(|it| inspect::worker(it, None, None)).collect::<Vec<_>>();
    Box::new(inspect::read(text).map(workers))
}
