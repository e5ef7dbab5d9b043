//! No secret of the environment reaches any output: every shape of URL in which a password can hide, right or wrong.

use std::process::Stdio;

use clipcheck::read::variable::setting;
use proptest::prelude::*;

use crate::{at_loopback, closed_port, here, program, said};

/// `{S}` stands for the secret, `{P}` for a closed port on loopback. (A scheme, a host, a port and a database's name
/// are shown: they are what goes wrong, and no secrets.)
const SHAPES: &[&str] = &[
    "postgresql://u:{S}@127.0.0.1:{P}/x",
    "postgresql+psycopg2://u:{S}@127.0.0.1:{P}/x",
    "postgres://u:{S}@127.0.0.1:{P}/x?sslmode=require",
    "POSTGRESQL://u:{S}@127.0.0.1:{P}/x",
    "redis://:{S}@127.0.0.1:{P}/0",
    "rediss://u:{S}@127.0.0.1:{P}/0",
    "redis://{S}@127.0.0.1:{P}/0",
    "postgresql://{S}@127.0.0.1:{P}/x",
    "redis://:x{S}%40y@127.0.0.1:{P}/0",
    "redis://:x@{S}@127.0.0.1:{P}/0",
    "redis://:x/{S}@127.0.0.1:{P}/0",
    "redis://:{S}/x@127.0.0.1:{P}/0",
    "redis://:x#{S}@127.0.0.1:{P}/0",
    "redis://:{S}#x@127.0.0.1:{P}/0",
    "redis://:x?{S}@127.0.0.1:{P}/0",
    "redis://:{S}?x@127.0.0.1:{P}/0",
    "redis://:x:{S}@127.0.0.1:{P}/0",
    "redis://:x {S}@127.0.0.1:{P}/0",
    "redis://:[{S}@127.0.0.1:{P}/0",
    "redis://:x%{S}@127.0.0.1:{P}/0",
    "redis://:x\\{S}@127.0.0.1:{P}/0",
    "postgresql://u:x/{S}@127.0.0.1:{P}/x",
    "postgresql://u:x#{S}@127.0.0.1:{P}/x",
    "postgresql://u:{S}@127.0.0.1:notaport/x",
    "postgresql://127.0.0.1:{P}/x?user=u&password={S}",
    "postgresql://127.0.0.1:{P}/x?user=u&PASSWORD={S}",
    "redis://127.0.0.1:{P}/0?password={S}",
    "redis://127.0.0.1:{P}/0#{S}",
    "redis:/{S}@127.0.0.1:{P}/0",
    "redis:{S}@127.0.0.1:{P}/0",
    "//u:{S}@127.0.0.1:{P}/0",
    "u:{S}@127.0.0.1:{P}/0",
    ":{S}@127.0.0.1",
    "{S}",
    "\"redis://:{S}@127.0.0.1:{P}/0\"",
    "'postgresql://u:{S}@127.0.0.1:{P}/x'",
    "  redis://:{S}@127.0.0.1:{P}/0  ",
    "redis://:{S}@127.0.0.1:{P}/0 # a comment",
    "redis://:{S}@127.0.0.1:{P}/0\nredis://:{S}@127.0.0.1:{P}/1",
    "amqp://u:{S}@127.0.0.1:{P}//",
    "mysql://u:{S}@127.0.0.1:{P}/x",
    "sqlite://u:{S}@/x",
    "redis://:{S}@",
    "redis://:{S}@/0",
    "redis://:{S}@localhost:{P}/0",
    "redis://:<{S}>@127.0.0.1:{P}/0",
    "sentinel://:{S}@127.0.0.1:{P}/0;sentinel://:{S}@127.0.0.1:{P}/1",
];

const VARIABLES: &[&str] =
    &["DATABASE_URL", "DEV_DATABASE_URL", "CELERY_BROKER_URL", "CELERY_RESULT_BACKEND", "REDIS_URL"];

/// Variables that are none of the program's business.
const OTHERS: &[&str] =
    &["SECRET_KEY", "POSTGRES_PASSWORD", "REDIS_PASSWORD", "PGPASSWORD", "HTTP_PROXY", "TMDB_TOKEN"];

const SECRET: &str = "cAnArY7f3a";

#[test]
fn no_secret_of_the_environment_is_printed() {
    let port = closed_port();
    let here = here(port);
    let commands: [&[&str]; 3] = [&["snapshot"], &["all", "--verbose"], &["all", "--format", "json"]];
    let mut wrong = Vec::new();
    for shape in SHAPES {
        let value = shape.replace("{P}", &port.to_string()).replace("{S}", SECRET);
        // All at once: a run mostly waits.
        let runs = commands.map(|command| {
            program(&[])
                .envs(VARIABLES.iter().map(|name| (name, &value)))
                .envs(OTHERS.iter().map(|name| (name, SECRET)))
                .args(at_loopback(command, &here))
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .expect("clipcheck runs")
        });
        for (run, command) in runs.into_iter().zip(commands) {
            let said = said(&run.wait_with_output().expect("it ends"));
            assert!((0..=3).contains(&said.code) && said.code != 2, "{command:?} {shape}: {said:?}");
            assert!(said.out.contains("DATABASE_URL"), "{shape}: the variables were not looked at: {said:?}");
            let lines = said.out.lines().chain(said.err.lines());
            let shown = lines.filter(|line| line.to_lowercase().contains(&SECRET.to_lowercase()));
            wrong.extend(shown.map(|line| format!("{shape}: {command:?}: {line}")));
        }
    }
    assert!(wrong.is_empty(), "secrets are printed:\n{}", wrong.join("\n"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4096, failure_persistence: None, ..ProptestConfig::default() })]

    /// The same for any password that can be typed, encoded or not: what is kept of a URL does not hold it.
    #[test]
    fn no_password_is_kept_of_a_url(before in "[ -~]{0,5}", after in "[ -~]{0,5}", form in 0_usize..6) {
        let password = format!("{before}{SECRET}{after}");
        let url = [
            "postgresql://clippy:{}@10.8.0.1:5432/clippy_front",
            "postgresql://clippy:{}@10.8.0.1/clippy_front?sslmode=require",
            "redis://:{}@10.8.0.1:6379/0",
            "rediss://worker:{}@10.8.0.1:6379/0",
            "redis://{}@10.8.0.1",
            "postgresql://10.8.0.1/clippy_front?password={}",
        ][form].replace("{}", &password);
        for variable in ["DATABASE_URL", "CELERY_BROKER_URL"] {
            let kept = setting(None, variable, &url);
            let shown = format!("{kept} {kept:?} {}", serde_json::to_string(&kept).expect("JSON")).to_lowercase();
            prop_assert!(!shown.contains(&SECRET.to_lowercase()), "{url}: {shown}");
        }
    }
}
