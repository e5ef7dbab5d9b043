//! What `--dry-run` prints is declared beside the code that does it. In the lab strace tells whether that is true
//! (`tests/lab.d/dry-run`); here every path and every program that stands in the code of a probe must be declared.

use clipcheck::catalog::built_in;
use clipcheck::fact::touch::{Act, Touch, meaning};
use clipcheck::fact::{FactKey, PluginOf, Vantage};
use clipcheck::plan;
use clipcheck::probe::{self, Plugins, application, host, inside, recipe, ssh, vantage};

use super::source::code;
use crate::{files_named, none, read};

/// What is compared with and never opened: inside a container, what a shell handed over, where sockets usually are.
const COMPARED: [&str; 4] = ["/run/secrets/", "/proc/self/fd", "/var/run/postgresql", "/run/postgresql"];

fn all() -> Vec<Touch> {
    let checks = built_in().expect("the checks");
    let plugins = Plugins::new();
    let seats = Vantage::ALL.into_iter().flat_map(|vantage| {
        let keys = plan::looks(&checks, vantage).into_iter().chain([FactKey::Plugin(PluginOf("x".to_owned()))]);
        let plugins = &plugins;
        keys.flat_map(move |key| probe::touches(&key, vantage, plugins)).collect::<Vec<_>>()
    });
    let rest = [host::touches(), vantage::touches(), inside::touches(), ssh::touches(), application::touches()];
    seats.chain(rest.concat()).chain(recipe::touches()).collect()
}

#[test]
fn every_name_in_a_plan_has_a_meaning() {
    let touches = all();
    assert!(touches.len() > 200, "{}", touches.len());
    let unknown = touches.iter().flat_map(Touch::names).filter(|name| meaning(name).is_none());
    none("a name that nothing is said of", unknown);
}

#[test]
fn every_path_and_program_of_a_probe_is_declared() {
    let touches = all();
    let of = |act: Act| touches.iter().filter(move |touch| touch.act == act).map(|touch| touch.what.as_str());
    let known: Vec<&str> = of(Act::Read).chain(of(Act::Connect)).collect();
    let mut wrong = Vec::new();
    for file in files_named("src/probe", ".rs") {
        let text = read(&file);
        let own = code(text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default());
        for literal in own.split('"').skip(1).step_by(2) {
            let path =
                ["/etc/", "/run/", "/var/", "/proc/", "/sys/", "/home/"].iter().any(|top| literal.starts_with(top));
            let word = literal.split(['{', ' ', ',']).next().unwrap_or_default().trim_end_matches('/');
            if path && !COMPARED.contains(&literal) && !known.iter().any(|known| known.contains(word)) {
                wrong.push(format!("{file}: {literal}"));
            }
        }
        for start in own.split("run(\"").skip(1).chain(own.split("run_given(\"").skip(1)) {
            let program = start.split('"').next().unwrap_or_default();
            // The plan is Linux's: elsewhere the flag answers with an error.
            let of_windows = file == "src/probe/windows.rs";
            if !of(Act::Run).any(|line| line.split(' ').next() == Some(program)) && !of_windows {
                wrong.push(format!("{file}: the program {program}"));
            }
        }
    }
    none("a probe does what no plan has (`touches` beside it)", wrong);
}
