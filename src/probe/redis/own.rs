//! The log-in of the host's own administrator: where no URL of the app is on it, `requirepass` of redis.conf lets root ask
//! Redis about itself.

use std::fmt::Write as _;

use super::conf_files;
use crate::fact::touch::{Touch, only};
use crate::fact::{FactKey, Observation, Unseen, Vantage};
use crate::probe::{Login, ProbeContext};
use crate::read::url;

/// What [`login`] does besides.
pub(super) fn touches(vantage: Vantage) -> Vec<Touch> {
    if vantage == Vantage::Server {
        only("where nothing of the app is on this host", conf_files::touches())
    } else {
        Vec::new()
    }
}

/// The URL's log-in where there is one; else, on a host of the server role without any of the app, redis.conf's.
pub(super) fn login(context: &ProbeContext) -> Option<Login> {
    if context.keyring.redis.is_some() {
        return context.keyring.redis.clone();
    }
    let env = context.seen.get(&FactKey::Env).map(|observed| &observed.observation);
    let none = matches!(env, Some(Observation::Unseen(Unseen::NotKnown(_))));
    if context.vantage != Vantage::Server || !none {
        return None;
    }
    let texts = conf_files::texts(context);
    let mut lines = texts.iter().rev().flat_map(|(_, text)| crate::read::redis_conf::lines(text).into_iter().rev());
    let password = lines.find(|line| line.name == "requirepass")?.arguments.into_iter().next()?;
    let addresses = context.addresses().ok()?;
    let port = addresses.redis_port.value;
    let mut encoded = String::new();
    for byte in password.bytes() {
        let _ = write!(encoded, "%{byte:02X}");
    }
    let text = format!("redis://:{encoded}@127.0.0.1:{port}/0");
    let read = url::read(&text).ok().filter(|read| read.password.is_some())?;
    Some(Login {
        variable: "requirepass".to_owned(),
        text: text.into(),
        url: read.url,
        user: read.user,
        password: read.password,
        root: None,
        options: None,
    })
}
