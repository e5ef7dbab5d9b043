//! What is typed where the deployment's Redis is one of Debian's further servers (`redis-server@NAME.service`, with a file of
//! its own): the texts name the usual one's unit and file.

use crate::case::Case;
use crate::check::{Category, Check, Fix};
use crate::fact::{Fact, FactKey, UnitTarget, Vantage};

/// How the texts name them.
const FILE: &str = "/etc/redis/redis.conf";
const UNIT: &str = "redis-server";

/// A further server's unit and file.
pub(super) struct Instance<'a> {
    unit: &'a str,
    file: &'a str,
}

/// The one that a fix is about.
pub(super) fn of<'a>(case: &'a Case, check: &Check, fix: &Fix) -> Option<Instance<'a>> {
    let server = case.snapshot(Vantage::Server).filter(|_| check.category == Category::Redis)?;
    let Fact::RedisConf(conf) = server.fact(&FactKey::RedisConf)? else { return None };
    let Fact::Unit(unit) = server.fact(&FactKey::Unit(UnitTarget::Redis))? else { return None };
    let unit = unit.name.strip_suffix(".service").filter(|name| name.starts_with("redis-server@"))?;
    (fix.on == Some(Vantage::Server)).then_some(Instance { unit, file: &conf.path })
}

/// A fix in its names.
pub(super) fn translated(fix: Fix, instance: &Instance<'_>) -> Fix {
    let own = |text: &str| {
        let text = text.replace(FILE, instance.file).replace(UNIT, instance.unit);
        let here = "redis-cli -h {server} -p {redis_port} ";
        text.replace(here, "redis-cli ").replace("redis-cli ", here)
    };
    Fix { say: own(&fix.say), run: fix.run.iter().map(|line| own(line)).collect(), know: own(&fix.know), ..fix }
}
