//! Texts as people write them, and as they go wrong.

/// A small generator (xorshift64*, Marsaglia and Vigna), so that a run can be repeated.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        usize::try_from(self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33).unwrap_or(0) % sides
    }

    pub(crate) fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.roll(of.len())]
    }

    fn several(&mut self, most: usize, of: &[&str]) -> String {
        (0..=self.roll(most)).map(|_| self.one(of)).collect()
    }
}

const NAMES: [&str; 9] =
    ["DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL", "FLASK_ENV", "HOST", "A", "B", "EXPORTED", "UNSET"];

const PIECES: [&str; 34] = [
    "redis://",
    "postgresql://",
    ":",
    "@",
    "/0",
    "10.8.0.1",
    "secret",
    "a",
    "b c",
    " ",
    "  ",
    "#",
    " # note",
    "\\",
    "\\n",
    "\\t",
    "$",
    "$$",
    "$A",
    "${A}",
    "${B:-d}",
    "${UNSET}",
    "${UNSET:-x y}",
    "${EXPORTED}",
    "'",
    "\"",
    "=",
    "%40",
    "é",
    "\t",
    "${A-e}",
    "${HOST}",
    "1",
    "?x=y",
];

/// One line of an env file or of a `.env`.
fn line(dice: &mut Dice, pieces: &[&str]) -> String {
    let name = dice.one(&NAMES);
    let value = dice.several(4, pieces);
    let quoted = dice.one(&["", "", "", "\"", "'"]);
    let (before, sign) = (dice.one(&["", "", "", "", "export ", "  "]), dice.one(&["=", "=", "=", "=", " = ", "= "]));
    let after = dice.one(&["", "", "", " # note", " ", "#x"]);
    match dice.roll(24) {
        0 => format!("# {value}"),
        1 => String::new(),
        2 => name.to_owned(),
        3 => format!("{before}{name}"),
        _ => format!("{before}{name}{sign}{quoted}{value}{quoted}{after}"),
    }
}

fn lines(dice: &mut Dice, most: usize, pieces: &[&str]) -> String {
    let end = dice.one(&["\n", "\n", "\n", "\r\n"]);
    let count = 1 + dice.roll(most);
    let mut text: String = (0..count).map(|_| line(dice, pieces) + end).collect();
    if dice.roll(6) == 0 {
        text.truncate(text.trim_end().len());
    }
    if dice.roll(40) == 0 {
        text.insert(0, '\u{feff}');
    }
    text
}

/// A `.env` for python-dotenv, or a file for `docker run --env-file`.
pub(crate) fn env_file(dice: &mut Dice) -> String {
    lines(dice, 5, &PIECES)
}

/// What compose is given is sound most of the time: it refuses a whole project for one bad line.
const SOUND: [&str; 20] = [
    "redis://",
    ":",
    "@",
    "/0",
    "10.8.0.1",
    "secret",
    "a",
    "b c",
    " # note",
    "#",
    "$$",
    "$A",
    "${A}",
    "${B:-d}",
    "${UNSET}",
    "${UNSET:-x${A}y}",
    "${EXPORTED}",
    "${A:+z}",
    "%40",
    "${UNSET-e}",
];

/// The files of a compose project: `compose.yaml`, perhaps an override, `.env`, two env files, and sometimes a folder with
/// services to extend, and an included project with one service more.
pub(crate) fn stack(dice: &mut Dice, services: usize) -> Vec<(String, String)> {
    let mut yaml = "x-common: &common\n  FLASK_ENV: production\n  A: \"${A:-common}\"\n".to_owned();
    let mut files = vec![(".env".to_owned(), lines(dice, 4, &SOUND))];
    if dice.roll(3) == 0 {
        yaml.push_str(&include(dice));
        let own = dice.roll(8) == 0;
        files.push((
            "more/compose.yaml".to_owned(),
            services_of(dice, &[format!("s{}", if own { 0 } else { services })], &[]),
        ));
        files.push(("more/extra.yaml".to_owned(), services_of(dice, &[format!("s{services}")], &[])));
        for name in [".env", "one.env", "two.env"] {
            files.push((format!("more/{name}"), lines(dice, 3, &SOUND)));
        }
    }
    let bases = dice.roll(3) == 0;
    yaml.push_str("services:\n");
    for index in 0..services {
        let extends = match dice.roll(6) {
            at @ (0 | 1) if bases => format!("    extends:\n      file: base/base.yaml\n      service: base{at}\n"),
            2 if bases && index > 0 => format!("    extends: s{}\n", index - 1),
            _ => String::new(),
        };
        yaml.push_str(&service(dice, &format!("s{index}"), &format!("    image: x\n{extends}")));
    }
    files.push(("compose.yaml".to_owned(), yaml));
    if bases {
        files.push((
            "base/base.yaml".to_owned(),
            services_of(dice, &["base0".to_owned(), "base1".to_owned()], &["", "    extends:\n      service: base0\n"]),
        ));
        for name in [".env", "one.env", "two.env"] {
            files.push((format!("base/{name}"), lines(dice, 3, &SOUND)));
        }
    }
    if dice.roll(3) == 0 {
        let over: Vec<String> = (0..services).map(|index| format!("s{index}")).collect();
        files.push(("compose.override.yaml".to_owned(), services_of(dice, &over, &[])));
    }
    for name in ["one.env", "two.env"] {
        files.push((name.to_owned(), lines(dice, 4, &SOUND)));
    }
    files
}

fn include(dice: &mut Dice) -> String {
    match dice.roll(4) {
        0 => "include:\n  - more/compose.yaml\n".to_owned(),
        1 => "include:\n  - path: ./more/compose.yaml\n    env_file: one.env\n".to_owned(),
        2 => "include:\n  - path: [more/compose.yaml, more/extra.yaml]\n    project_directory: .\n".to_owned(),
        _ => "include:\n  - path: more/extra.yaml\n    env_file: [one.env, more/.env]\n".to_owned(),
    }
}

fn services_of(dice: &mut Dice, names: &[String], extends: &[&str]) -> String {
    let mut yaml = "x-common: &common\n  FLASK_ENV: production\nservices:\n".to_owned();
    for (at, name) in names.iter().enumerate() {
        let extends = extends.get(at).copied().unwrap_or_default();
        yaml.push_str(&service(dice, name, &format!("    image: x\n{extends}")));
    }
    yaml
}

fn service(dice: &mut Dice, name: &str, first: &str) -> String {
    let mut out = vec![format!("  {name}:\n{first}")];
    match dice.roll(5) {
        0 => out.push("    env_file: one.env\n".to_owned()),
        1 => out.push("    env_file: [one.env, ./two.env]\n".to_owned()),
        2 => out
            .push("    env_file:\n      - path: two.env\n      - path: none.env\n        required: false\n".to_owned()),
        _ => {}
    }
    let mut names: Vec<&str> = Vec::new();
    for _ in 0..=dice.roll(3) {
        let name = dice.one(&NAMES);
        if !names.contains(&name) {
            names.push(name);
        }
    }
    out.push("    environment:\n".to_owned());
    if dice.roll(2) == 0 {
        for name in names {
            let value = dice.several(3, &SOUND);
            match dice.roll(6) {
                0 => out.push(format!("      - {name}\n")),
                1 => out.push(format!("      - '{name}={value}'\n")),
                _ => out.push(format!("      - \"{name}={value}\"\n")),
            }
        }
    } else {
        if first.is_empty() {
            out.push("      Z: z\n".to_owned());
        } else {
            out.push("      <<: *common\n".to_owned());
        }
        for name in names {
            let value = dice.several(3, &SOUND);
            match dice.roll(8) {
                0 => out.push(format!("      {name}:\n")),
                1 => out.push(format!("      {name}: {}\n", dice.one(&["true", "True", "12", "off", "~", "plain"]))),
                2 => out.push(format!("      {name}: '{value}'\n")),
                _ => out.push(format!("      {name}: \"{value}\"\n")),
            }
        }
    }
    out.concat()
}

/// A URL, sound or not, and where it was meant to lead.
pub(crate) struct Url {
    pub(crate) text: String,
    pub(crate) host: String,
    pub(crate) database: String,
}

/// Makes one.
pub(crate) fn url(dice: &mut Dice) -> Url {
    let redis = dice.roll(2) == 0;
    let scheme = if redis {
        dice.one(&["redis://", "redis://", "redis://", "rediss://"])
    } else {
        dice.one(&["postgresql://", "postgresql://", "postgresql+psycopg2://"])
    };
    let special = ["@", "/", "#", "?", ":", "%40", "%2F", "%", "%zz", "$", "!", "é", "[", "&", "+", "a"];
    let word = |dice: &mut Dice| {
        let mut word = dice.one(&["secret", "pw1", "x"]).to_owned();
        if dice.roll(2) == 0 {
            word.push_str(dice.one(&special));
            word.push_str(dice.one(&["tail", "9", ""]));
        }
        word
    };
    let login = match dice.roll(6) {
        0 => String::new(),
        1 => format!("{}@", word(dice)),
        2 | 3 if redis => format!(":{}@", word(dice)),
        _ => format!("{}:{}@", dice.one(&["clippy", "clippy_front", "us%20er"]), word(dice)),
    };
    let host = dice.one(&[
        "10.8.0.1",
        "10.8.0.1",
        "localhost",
        "redis",
        "[fd00::1]",
        "server.internal",
        "host.docker.internal",
    ]);
    let port = dice.one(&["", "", ":6379", ":5432", ":6380", ":", ":port"]);
    let path = if redis {
        dice.one(&["/0", "/0", "/1", "/15", "", "/", "/x", "/0 ", "/0\r", "/00"])
    } else {
        dice.one(&[
            "/clippy_front",
            "/clippy_front",
            "/clippy-front",
            "",
            "/",
            "/clippy_front?sslmode=require",
            "/clippy_front?connect_timeout=5",
        ])
    };
    let whole = format!("{scheme}{login}{host}{port}{path}");
    let text = match dice.roll(30) {
        0 => format!("\"{whole}\""),
        1 => whole.replacen("://", ":/", 1),
        // Behind a port or a query SQLAlchemy passes it over.
        2 if path.len() > 1 && !path.contains('?') => whole + "\n",
        3 => format!(" {whole}"),
        // Behind an index redis-py passes it over; the image's own command line then breaks on it.
        4 if !redis && !path.contains('?') => whole + " # note",
        _ => whole,
    };
    let database = path.trim_start_matches('/').split('?').next().unwrap_or_default().trim();
    Url { text, host: host.trim_matches(['[', ']']).to_owned(), database: database.to_owned() }
}
