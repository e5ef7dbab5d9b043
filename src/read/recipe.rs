//! What `docker inspect` prints of a container and of its image → the options of `docker run` that create it again. What
//! the image has by itself is no option; what no option gives is told.

use serde_json::Value;

use super::variable;
use crate::fact::app::App;
use crate::fact::docker::recipe::{Choice, Given, Recipe, Word};
use crate::fact::environment::{self, Setting};
use hidden::Secrets;
use object::{Object, pairs, texts};

mod hidden;
mod limits;
mod mounts;
mod networks;
mod object;

/// A longer line of an env file is refused by Docker's client (bufio, `MaxScanTokenSize`).
const LINE: usize = 60_000;

/// What shows of an id as a host name.
const SHORT: usize = 12;

/// Reads what `docker inspect` prints of one container, and `docker image inspect` of its image and of what the image's name
/// means now. None where they are something else.
pub fn read(app: Option<&App>, container: &str, image: &str, named: Option<&str>) -> Option<Recipe> {
    let entry = first(container)?;
    let image = first(image)?;
    let (mut config, mut host) =
        (Object::of("Config", &entry["Config"]), Object::of("HostConfig", &entry["HostConfig"]));
    let of_image = &image["Config"];
    let id = entry["Id"].as_str()?.to_owned();
    let own = of_own(&config.texts("Env"), &texts(&of_image["Env"]));
    let secrets =
        Secrets::of(own.iter().filter(|(name, value)| shown(app, name, value).is_none()).map(|(_, value)| *value));
    let mut told = Told { options: Vec::new(), left: Vec::new(), secrets: &secrets };
    let (mode, networks) = networks::read(&mut told, &mut host, &mut config, &entry, of_image);
    told.of_image(&mut config, of_image);
    told.started(&mut host, &mut config, &mode);
    mounts::read(&mut told, &mut host, &mut config, &entry["Mounts"]);
    limits::read(&mut told, &mut host);
    let arguments = told.command(&mut config, of_image);
    told.health(&mut config, of_image);
    let (restart, is_temporary) = (told.restart(&mut host), host.is("AutoRemove"));
    config.asked(&["AttachStdin", "AttachStdout", "AttachStderr", "StdinOnce", "OnBuild", "ArgsEscaped", "Shell"]);
    let image_id = entry["Image"].as_str()?;
    let name = config.text("Image");
    let same = named.and_then(first).is_some_and(|named| named["Id"].as_str() == Some(image_id));
    // A template cannot ask for such a name, and a shell takes such an end away.
    let (typed, odd): (Vec<_>, Vec<_>) = own.iter().partition(|(name, value)| is_plain(name) && !value.ends_with('\n'));
    let odd = odd.into_iter().map(|(name, _)| format!("Config.Env {name}"));
    let left_out = told.left.into_iter().chain(config.left()).chain(host.left()).chain(odd).collect();
    Some(Recipe {
        name: entry["Name"].as_str()?.trim_start_matches('/').to_owned(),
        image: if same { name } else { image_id }.to_owned(),
        replaced: (!same && !name.starts_with("sha256:")).then(|| name.to_owned()),
        options: told.options,
        networks,
        arguments,
        variables: typed.into_iter().map(|(name, value)| given(app, name, value)).collect(),
        restart,
        is_temporary,
        left_out,
        id,
    })
}

fn first(json: &str) -> Option<Value> {
    let entries: Vec<Value> = serde_json::from_str(json.trim()).ok()?;
    entries.into_iter().next()
}

/// The variables that the image does not set so by itself.
fn of_own<'a>(all: &[&'a str], of_image: &[&str]) -> Vec<(&'a str, &'a str)> {
    let of_image: std::collections::BTreeSet<&str> = of_image.iter().copied().collect();
    all.iter().filter(|text| !of_image.contains(*text)).filter_map(|text| text.split_once('=')).collect()
}

/// A value that is a plain word of the app's.
fn shown(app: Option<&App>, name: &str, value: &str) -> Option<String> {
    let setting = variable::setting(app, name, value);
    if let (Setting::Word(word), true) = (setting, environment::variables(app).contains(&name)) {
        Some(word)
    } else {
        None
    }
}

fn is_plain(name: &str) -> bool {
    name.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c))
}

fn given(app: Option<&App>, name: &str, value: &str) -> Given {
    let is_line = !value.contains(char::is_control) && name.len() + value.len() < LINE;
    Given { name: name.to_owned(), value: shown(app, name, value), is_line }
}

/// The options so far.
struct Told<'s> {
    options: Vec<Choice>,
    left: Vec<String>,
    secrets: &'s Secrets,
}

impl Told<'_> {
    fn flag(&mut self, option: &'static str) {
        self.options.push((option, None));
    }

    fn shown(&mut self, option: &'static str, value: impl Into<String>) {
        self.options.push((option, Some(Word::Shown(value.into()))));
    }

    fn number(&mut self, option: &'static str, number: i64) {
        self.shown(option, number.to_string());
    }

    /// A text that the container has at `place`, a template's.
    fn text(&mut self, option: &'static str, text: &str, place: &str) {
        self.options.push((option, Some(self.secrets.word(text, format!("{{{{{place}}}}}")))));
    }

    /// A text that is put together of several settings: left out where it may be a secret.
    fn made(&mut self, option: &'static str, text: String, place: &str) {
        if self.secrets.shows(&text) {
            self.options.push((option, Some(Word::Shown(text))));
        } else {
            self.left.push(place.to_owned());
        }
    }

    fn each(&mut self, option: &'static str, object: &mut Object<'_>, of: &str, field: &'static str) {
        for (index, text) in object.texts(field).into_iter().enumerate() {
            self.text(option, text, &format!("index .{of}.{field} {index}"));
        }
    }

    /// What is the image's unless it is told otherwise.
    fn of_image(&mut self, config: &mut Object<'_>, image: &Value) {
        for (field, option, usual) in [
            ("User", "--user", ""),
            ("WorkingDir", "--workdir", ""),
            ("StopSignal", "--stop-signal", ""),
            ("Domainname", "--domainname", ""),
            ("MacAddress", "--mac-address", ""),
        ] {
            let own = config.text(field);
            if own != image[field].as_str().unwrap_or(usual) {
                self.text(option, own, &format!(".Config.{field}"));
            }
        }
        for (name, value) in pairs(config.field("Labels")) {
            if image["Labels"][name].as_str() == Some(value) {
                continue;
            }
            let quoted = name.replace(['"', '\\', '{', '}'], "");
            let template = format!("{name}={{{{index .Config.Labels \"{name}\"}}}}");
            match self.secrets.word(&format!("{name}={value}"), template) {
                Word::Taken(_) if quoted != *name => self.left.push(format!("Config.Labels {quoted}")),
                word @ (Word::Shown(_) | Word::Taken(_)) => self.options.push(("--label", Some(word))),
            }
        }
        if let Some(seconds) = config.field("StopTimeout").as_i64() {
            self.number("--stop-timeout", seconds);
        }
    }

    /// How it is started and seen.
    fn started(&mut self, host: &mut Object<'_>, config: &mut Object<'_>, mode: &str) {
        for (field, option) in [("Tty", "--tty"), ("OpenStdin", "--interactive")] {
            if config.is(field) {
                self.flag(option);
            }
        }
        for (field, option) in [
            ("Privileged", "--privileged"),
            ("ReadonlyRootfs", "--read-only"),
            ("Init", "--init"),
            ("AutoRemove", "--rm"),
            ("PublishAllPorts", "--publish-all"),
        ] {
            if host.is(field) {
                self.flag(option);
            }
        }
        for (field, option, usual) in [
            ("PidMode", "--pid", ""),
            ("UTSMode", "--uts", ""),
            ("UsernsMode", "--userns", ""),
            ("IpcMode", "--ipc", "private"),
            ("CgroupnsMode", "--cgroupns", "private"),
            ("Runtime", "--runtime", "runc"),
            ("CgroupParent", "--cgroup-parent", ""),
            ("VolumeDriver", "--volume-driver", ""),
        ] {
            let own = host.text(field);
            // A container in another's network shares what that shares.
            if !own.is_empty() && own != usual {
                self.text(option, own, &format!(".HostConfig.{field}"));
            }
        }
        for (field, option) in [
            ("CapAdd", "--cap-add"),
            ("CapDrop", "--cap-drop"),
            ("GroupAdd", "--group-add"),
            ("SecurityOpt", "--security-opt"),
            ("DeviceCgroupRules", "--device-cgroup-rule"),
            ("VolumesFrom", "--volumes-from"),
        ] {
            self.each(option, host, "HostConfig", field);
        }
        // With another's network these are that container's.
        if !mode.starts_with("container:") {
            for (field, option) in [
                ("Dns", "--dns"),
                ("DnsOptions", "--dns-option"),
                ("DnsSearch", "--dns-search"),
                ("ExtraHosts", "--add-host"),
            ] {
                self.each(option, host, "HostConfig", field);
            }
        }
        host.asked(&["MaskedPaths", "ReadonlyPaths", "ConsoleSize", "ContainerIDFile", "Isolation"]);
        let log = host.field("LogConfig");
        let driver = log["Type"].as_str().unwrap_or_default();
        if !matches!(driver, "" | "json-file") {
            self.shown("--log-driver", driver);
        }
        for (name, value) in pairs(&log["Config"]) {
            self.made("--log-opt", format!("{name}={value}"), "HostConfig.LogConfig");
        }
    }

    fn restart(&mut self, host: &mut Object<'_>) -> Option<String> {
        let policy = host.field("RestartPolicy");
        let name = policy["Name"].as_str().filter(|name| !matches!(*name, "" | "no"))?;
        let policy = match policy["MaximumRetryCount"].as_i64() {
            Some(most) if most > 0 => format!("{name}:{most}"),
            _ => name.to_owned(),
        };
        self.shown("--restart", policy.as_str());
        Some(policy)
    }

    /// The program and its arguments, where they are not the image's. `--entrypoint` takes one word, and with it the image's
    /// command does not count any more.
    fn command(&mut self, config: &mut Object<'_>, image: &Value) -> Vec<Word> {
        let (entry, command) = (config.texts("Entrypoint"), config.texts("Cmd"));
        let other = entry != texts(&image["Entrypoint"]);
        let mut arguments = Vec::new();
        if other {
            match entry.split_first() {
                Some((program, rest)) => {
                    self.text("--entrypoint", program, "index .Config.Entrypoint 0");
                    arguments = self.secrets.words(rest, ".Config.Entrypoint", 1);
                }
                None => self.shown("--entrypoint", ""),
            }
        }
        if other || command != texts(&image["Cmd"]) {
            arguments.extend(self.secrets.words(&command, ".Config.Cmd", 0));
        }
        arguments
    }

    fn health(&mut self, config: &mut Object<'_>, image: &Value) {
        let health = config.field("Healthcheck");
        if *health == image["Healthcheck"] || health.is_null() {
            return;
        }
        match texts(&health["Test"]).as_slice() {
            ["NONE"] => return self.flag("--no-healthcheck"),
            ["CMD-SHELL", command] => self.text("--health-cmd", command, "index .Config.Healthcheck.Test 1"),
            test if *test == texts(&image["Healthcheck"]["Test"]) => {}
            _ => self.left.push("Config.Healthcheck.Test".to_owned()),
        }
        for (field, option) in [
            ("Interval", "--health-interval"),
            ("Timeout", "--health-timeout"),
            ("StartPeriod", "--health-start-period"),
            ("StartInterval", "--health-start-interval"),
        ] {
            if let Some(time) = health[field].as_i64().filter(|time| *time > 0) {
                self.shown(option, format!("{}ms", time / 1_000_000));
            }
        }
        if let Some(times) = health["Retries"].as_i64().filter(|times| *times > 0) {
            self.number("--health-retries", times);
        }
    }
}

#[cfg(test)]
mod tests;
