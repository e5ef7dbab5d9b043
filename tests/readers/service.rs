//! Readers of Redis', PostgreSQL's and systemd's files and answers, and of what Celery keeps in Redis.

use clipcheck::fact::Fact;
use clipcheck::fact::dial::Endpoint;
use clipcheck::fact::postgres::hba::{HbaLine, HbaSaid, PgHba};
use clipcheck::fact::redis::rights::Rights;
use clipcheck::read::journal::step::{self, Hook};
use clipcheck::read::journal::{self, condition};
use clipcheck::read::libpq;
use clipcheck::read::named_line;
use clipcheck::read::pg_hba::{line, token};
use clipcheck::read::pg_refusal::Refusal;
use clipcheck::read::quoted::{Secrets, answered, quoted};
use clipcheck::read::redis_conf::{self, Settings};
use clipcheck::read::systemctl::told;
use clipcheck::read::{
    Says, celery, celery_log, dbus, encoding, plugin, postgresql_conf, published, raised, redis_acl, redis_acl_log,
    redis_command, redis_info, redis_reply, ssh_error, systemctl, unit_file, unit_shuts, worker_api,
};
use clipcheck::read::{last_words, unit_ends};

use super::{Kept, Reader, lines, many, within};

const REDIS: &str = "bind 127.0.0.1 10.8.0.1\nport 6379\nprotected-mode yes\nrequirepass \"s\\\"3 cret\"\nrename-command CONFIG x\ninclude /etc/redis/*.conf\ndir /var/lib/redis\nsave ''\n";
const ACL: &str =
    "user default on >s3cret ~* +@all\nuser worker on #abc resetpass -@all\naclfile /etc/redis/users.acl\n";
const INFO: &str = "# Server\r\nredis_version:7.0.15\r\nrun_id:0123456789012345678901234567890123456789\r\nuptime_in_seconds:5\r\nconnected_clients:3\r\nused_memory:1024\r\nrole:slave\r\nmaster_host:10.8.0.9\r\nmaster_port:6379\r\n";
const CLIENTS: &str = "id=3 addr=10.8.0.2:41778 name= age=9 idle=0 flags=b db=0 sub=0 psub=0 cmd=brpop\nid=4 addr=10.8.0.2:41782 age=9 idle=1 flags=P db=0 sub=0 psub=1 cmd=psubscribe\n";
const MESSAGE: &str = "{\"body\": \"eyJob3N0bmFtZSI6ICJhIiwgInBpZCI6IDcsICJzd192ZXIiOiAiNSJ9\", \"headers\": {\"task\": \"a.b\", \"origin\": \"gen7@web\"}}";
const PG: &str = "listen_addresses = 'localhost,10.8.0.1'\t# what\nport 5433\ninclude_dir = 'conf.d'\na = 'it''s\\n'\n";
const HBA: &str = "local all postgres peer\nhostssl \"a\"\"b\",all +g,@x 10.8.0.0/24 scram-sha-256 map=x\nhost all all 10.8 \\\n 255.255.0.255 ldap ldapbasedn=a ldapport=3\ninclude_if_exists b\n";
const SHOW: &str = "Id=redis.service\nLoadState=loaded\nActiveState=failed\nAfter=a \"b\\\\x2d.slice\"\nActiveEnterTimestamp=Thu 1970-01-01 00:01:01 UTC\nIPAddressDeny=::/0\nConditionResult=no\nConditionTimestamp=x\nFragmentPath=/a\n\nId=b\n";
const UNIT: &str = "[Unit]\nConditionPathExists = /etc/key\n[Service]\nExecStart=/usr/bin/redis-server /etc/redis/redis.conf \\\n  --bind 'a b' --port 6380\nIPAddressDeny=any\n";
const JOURNAL: &str = "Starting WireGuard via wg-quick(8) for wg0...\n[#] ip link add wg0 type wireguard\nLine unrecognized: `a=b'\n[#] iptables -I INPUT\n[#] ip link delete dev wg0\nLOG:  syntax error in file \"/etc/a\" line 60, near token \"s\"\nx was skipped because of an unmet condition check (ConditionPathExists=/etc/key).\n";

const INSPECT: &str = "[{\"Name\": \"/redis\", \"Path\": \"redis-server\", \"Args\": [\"/etc/redis.conf\"], \"State\": {\"Status\": \"exited\", \"ExitCode\": 128, \"Error\": \"listen tcp4 10.8.0.1:6379\"}, \"Config\": {\"Env\": [\"POSTGRES_USER=u\"]}, \"HostConfig\": {\"NetworkMode\": \"default\", \"PortBindings\": {\"6379/tcp\": [{\"HostIp\": \"10.8.0.1\", \"HostPort\": \"6379\"}]}}, \"Mounts\": [{\"Source\": \"/srv\", \"Destination\": \"/etc\"}]}]";
const LOG: &str = "Starting x...\n2026-11-27 11:42:27 UTC [280] LOG:  could not open file \"/a\": No\n2026-11-27 11:42:27 UTC [280] FATAL:  could not load pg_hba.conf\nDETAIL:  Near \"s\".\n229:M 27 Nov 2026 11:42:26.695 # Can't handle RDB format\nRTNETLINK answers: File exists\na,b,c,d,e,f,g,h,i,j,k,FATAL,m,\"a \"\"b\"\"\",n\n{\"error_severity\": \"FATAL\", \"message\": \"m\"}\n";

pub(super) const READERS: [Reader; 33] = [
    Reader {
        name: "api-answer",
        read: |text| Box::new([401, 404, 500].map(|status| worker_api::read(status, text, text, true))),
        example: "{\"error\": \"Job not found\"}",
        shapes: &[],
    },
    Reader {
        name: "celery-clients",
        read: clients,
        example: CLIENTS,
        shapes: &[
            many("addr=10.8.0.2:1 age=9 idle=<n> flags=b db=0 psub=1 cmd=brpop\n"),
            many("addr=[fd00::<n>]:1 age=9 idle=1 flags=b db=0 psub=1 cmd=brpop\n"),
            within("addr=10.8.0.2:1", " a=b", " cmd=x\n"),
        ],
    },
    Reader {
        name: "celery-message",
        read: |text| Box::new((celery::oldest(text), celery::beat(text))),
        example: MESSAGE,
        shapes: &[within("{\"body\": \"", "eyJh", "\"}")],
    },
    Reader {
        name: "last_error",
        read: error,
        example: "1764280000.000001 s python3[9]: Traceback (most recent call last):\n1764280000.000002 s python3[9]:   File \"/a.py\", line 1\n\
            1764280000.000003 s python3[9]: ValueError: none\n[2026-11-27] [9] [ERROR] again\n",
        shapes: &[many("Traceback (most recent call last):\n"), many("1764280000.000001 s p[9]:  x\n")],
    },
    Reader {
        name: "last-words",
        read: words,
        example: LOG,
        shapes: &[
            many("FATAL:  a\n"),
            many("FATAL:  a\nDETAIL:  b\n"),
            many("FATAL:  role \"10.8.0.2\" <n>\n"),
            many("ERROR:  a\n"),
            many("a,\"b\",\"\"\""),
            many("a 'b' "),
            many("'a"),
            many("postgres://a@"),
            many("1:M # "),
            within("FATAL:  ", "`a' \"/b\" ", "\n"),
        ],
    },
    Reader {
        name: "libpq",
        read: |text| {
            let wanted = libpq::Wanted { host: "10.8.0.1", port: 5432, database: "d", role: "u" };
            Box::new((libpq::service(text, "clippy").map(|it| it.len()), libpq::password(text, wanted).is_some()))
        },
        example: "# x\n[clippy]\nhost=10.8.0.1\nuser = u\n10.8.0.1:*:d:u:a\\:b\n",
        shapes: &[many("[clippy]\n"), many("a=b\n"), many("*:"), many("\\"), within("[clippy]\n", "a=b\n", "")],
    },
    Reader {
        name: "pg-conf",
        read: |text| Box::new((postgresql_conf::lines(text), postgresql_conf::version_key(text))),
        example: PG,
        shapes: &[many("a = '"), within("a = '", "''", ""), many("1.")],
    },
    Reader {
        name: "pg-hba",
        read: hba,
        example: HBA,
        shapes: &[
            many("host @x all all md5\n"),
            many("a,\\\n"),
            many("\\\n"),
            within("host a", ",a", " all all md5\n"),
            within("host all all all ldap", " ldapport=1", "\n"),
            within("host all all all radius radiusports=1", ",1", "\n"),
            many("\"\""),
            many("1."),
        ],
    },
    Reader {
        name: "pg-refusal",
        read: refusal,
        example: "no pg_hba.conf entry for host \"10.8.0.2\", user \"u\"",
        shapes: &[within("pg_hba.conf", ":1.", "")],
    },
    Reader {
        name: "published-ports",
        read: |text| Box::new(published::read(text)),
        example: INSPECT,
        shapes: &[
            within(
                "[",
                "{\"Name\": \"a<n>\", \"State\": {\"Status\": \"dead\"}, \"HostConfig\": {\"NetworkMode\": \"host\"}},",
                "{}]",
            ),
            within("[{\"Args\": [\"/a\"", ", \"/b<n>\"", "]}]"),
        ],
    },
    Reader {
        name: "quoted",
        read: quotes,
        example: "FATAL: role \"x\" and password=y at redis://:pass@word@h/0, Authorization: Bearer z",
        shapes: &[many("pass@wo"), many("\"a' "), many("a=b://@ "), many("password : ")],
    },
    Reader {
        name: "redis-acl-log",
        read: acl_log,
        example: "reason auth\nobject AUTH\nusername default\nage-seconds 4.096\nclient-info id=3 addr=10.8.0.2:41778 name=x\n",
        shapes: &[within("reason auth\nusername a\nclient-info", " addr=1", "")],
    },
    Reader {
        name: "redis-acl",
        read: conf,
        example: ACL,
        shapes: &[within("user default", " >a", ""), many("user a<n> on\n")],
    },
    Reader {
        name: "redis-conf",
        read: conf,
        example: REDIS,
        shapes: &[
            within("dir /a\n", "dir a\n", ""),
            many("bind 1\n"),
            within("bind", " 1", ""),
            many("requirepass 'a"),
            within("requirepass \"", "\\\"", ""),
            many("rename-command a<n> b\n"),
        ],
    },
    Reader {
        name: "plugin",
        read: |text| {
            let words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
            let secrets = plugin::secrets(&words);
            Box::new((plugin::output(text, &secrets), plugin::complaint(text, &secrets)))
        },
        example: "DISK WARNING - free: / 8%|/=5GB;4;2;0;9 'a''b'=1%\nmore|c=1s\n",
        shapes: &[
            many("a=1 "),
            within("x|", "'a'=1;2;3 ", ""),
            within("x|", "'", ""),
            many("|a=1\n"),
            many("-p hunter2x "),
        ],
    },
    Reader { name: "unit-shuts", read: shuts, example: SHUTS, shapes: &[many("ReadOnlyPaths=/x\n")] },
    Reader { name: "redis-acl", read: acl, example: RULES, shapes: &[many("~k* ")] },
    Reader { name: "redis-log", read: redis_log, example: REDIS_LOG, shapes: &[many("1:C 1 # save\n")] },
    Reader { name: "redis-info", read: info, example: INFO, shapes: &[many("role:\n")] },
    Reader {
        name: "redis-reply",
        read: reply,
        example: "-NOAUTH Authentication required.\r\n",
        shapes: &[within("-ERR ", "max ", "")],
    },
    Reader {
        name: "redis-unit",
        read: redis_unit,
        example: UNIT,
        shapes: &[
            within("[Service]\nExecStart=/bin/redis-server", " \\\n --a<n> b", ""),
            within("[Service]\nExecStart=/bin/redis-server", " --a", ""),
            within("[Service]\n", "ExecStart=/bin/redis-server /a\n", ""),
            within("[Service]\nExecStart=", "\\\n", ""),
        ],
    },
    Reader {
        name: "step-hooks",
        read: hooks,
        example: "[Interface]\nPostUp = iptables -I INPUT\n",
        shapes: &[many("PostUp=%i\n")],
    },
    Reader {
        name: "step-journal",
        read: steps,
        example: JOURNAL,
        shapes: &[within("Starting a\n", "[#] ip link delete\n", ""), within("Stopping a\n", "[#] a<n>\n", "")],
    },
    Reader { name: "systemd-bus", read: bus, example: "v\n\u{2}as\0\n\0\0\0\u{6}\0\0\0a=\"x\"\0", shapes: &[] },
    Reader {
        name: "systemctl-show",
        read: |text| Box::new(systemctl::read(text)),
        example: SHOW,
        shapes: &[many("Id=a\n\n"), within("After=", "a ", ""), within("IPAddressDeny=", "::/0 ", "")],
    },
    Reader {
        name: "systemctl-unit",
        read: |text| {
            let environment = systemctl::environment(text).map_or(0, |all| all.len());
            Box::new((systemctl::sandbox(text), systemctl::slices(text), environment))
        },
        example: SHOW,
        shapes: &[
            within("Environment=", "A=b ", ""),
            within("Slice=", "a-", "a.slice"),
            within("IPAddressDeny=", "::/0 ", ""),
        ],
    },
    Reader {
        name: "encoding",
        read: |text| Box::new(encoding::of(text)),
        example: "\u{feff}A=1\n",
        shapes: &[many("\u{feff}"), many("A=1\n")],
    },
    Reader {
        name: "unit-condition",
        read: unmet,
        example: UNIT,
        shapes: &[many("ConditionA=b\n"), within("Condition=(", "Condition=b", ")\n")],
    },
    Reader {
        name: "unit-filter",
        read: |text| Box::new(unit_file::line_of(text, "IPAddressDeny")),
        example: UNIT,
        shapes: &[many("IPAddressDeny=a\n")],
    },
    Reader {
        name: "unit-journal",
        read: |text| Box::new(journal::reason(text)),
        example: JOURNAL,
        shapes: &[
            many("Line unrecognized: `"),
            many("syntax error in file \"/a\" line "),
            many("Error: invalid line 1 in /a:"),
            many("invalid value for parameter \""),
        ],
    },
    Reader {
        name: "unit-service",
        read: |text| {
            let settings = unit_file::service(text).into_iter();
            Box::new(settings.map(|it| (it.name, unit_file::program(&it.value).len(), it.line)).collect::<Vec<_>>())
        },
        example: UNIT,
        shapes: &[
            within("[Service]\n", "Environment=\"A=b c\" D=e\n", ""),
            within("[Service]\nExecStart=a ", "\\\n b", ""),
            within("[Service]\nEnvironment=", "\"a' ", ""),
        ],
    },
    Reader {
        name: "unit-variables",
        read: |text| {
            let lines = unit_file::variables(text).into_iter();
            Box::new(lines.map(|it| (it.name, it.value.len(), it.line)).collect::<Vec<_>>())
        },
        example: "# c\nA='b c'\nB=d # e\n",
        shapes: &[many("A='b'\n")],
    },
    Reader {
        name: "ssh-error",
        read: |text| Box::new(ssh_error::read(text)),
        example: "No ED25519 host key is known for srv and you have requested strict checking.\r\nHost key verification failed.\r\n",
        shapes: &[many("Host key for ")],
    },
];

fn endpoint() -> Endpoint {
    Endpoint { host: "10.8.0.1".to_owned(), port: 6379 }
}

fn clients(text: &str) -> Kept {
    Box::new((celery::consumers(text), celery::joined(text), celery::held_back(text)))
}

fn info(text: &str) -> Kept {
    Box::new((redis_info::state(endpoint(), text), redis_info::identity(text)))
}

fn reply(text: &str) -> Kept {
    let mut rights = Rights::default();
    redis_reply::dry_run(&mut rights, &["brpop".to_owned(), "gpu".to_owned()], text);
    let (code, detail) = text.split_once(' ').unwrap_or((text, ""));
    Box::new((
        redis_reply::first_line(text),
        redis_reply::refusal(code, detail),
        redis_reply::wants_no_user(code, detail),
        rights,
    ))
}

fn conf(text: &str) -> Kept {
    let mut settings = Settings::default();
    for line in redis_conf::lines(text) {
        settings.add("/etc/redis/redis.conf", &line);
    }
    Box::new(settings.finish("/etc/redis/redis.conf"))
}

fn redis_unit(text: &str) -> Kept {
    let mut settings = Settings::default();
    let read = redis_command::read(&[("/u".to_owned(), text.to_owned())]);
    if let Some(command) = &read {
        settings.add_command(command);
    }
    Box::new((read.map(|it| (it.file, it.path)), settings.finish("/u")))
}

/// Whatever it is, what is quoted is one short line that steers no terminal.
fn quotes(text: &str) -> Kept {
    let secrets = Secrets::of(["redis://:pass%40word@10.8.0.1:6379/0", "qK7z+Xw9"]);
    let kept = [quoted(text, &secrets, &["clippy"]), answered(text, &secrets)];
    assert!(kept.iter().all(|it| it.chars().count() <= 400 && !it.contains(char::is_control)), "{kept:?}");
    Box::new(kept)
}

const RULES: &str = "on >secret ~celery* resetchannels &x +@all -@dangerous +config|get";

const REDIS_LOG: &str =
    "7:M 27 Nov 2026 11:42:26.695 # Can't save in background: fork: Resource temporarily unavailable\n";

const SHUTS: &str = "[Service]\nProtectHome=true\nInaccessiblePaths=-/srv\n";

fn shuts(text: &str) -> Kept {
    let files = [("/u".to_owned(), text.to_owned())];
    Box::new((unit_shuts::find("no /home/x/y: gone", &files), unit_shuts::find(text, &files)))
}

/// No password is among what is kept.
fn acl(text: &str) -> Kept {
    let line = redis_acl::line_of(&[format!("user x {text}")], "x").map(redis_acl::rights);
    let kept = redis_acl::rights(text.split_whitespace());
    assert!(kept.iter().all(|rule| !rule.starts_with(['>', '<', '#', '!'])), "{kept:?}");
    Box::new((kept, line))
}

fn redis_log(text: &str) -> Kept {
    Box::new(clipcheck::read::redis_log::save_error(text).map(str::to_owned))
}

fn acl_log(text: &str) -> Kept {
    let pairs = text.lines().filter_map(|line| line.split_once(' '));
    let entry = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    Box::new(redis_acl_log::read(&entry, 1_700_000_000))
}

/// A file that is named holds two words.
fn hba(text: &str) -> Kept {
    let mut named = |_: &str| Ok(Vec::new());
    let lines = token::lines(text, &mut named).into_iter().map(|it| HbaLine {
        path: "/h".to_owned(),
        line: it.number,
        said: it.error.map_or_else(|| line::read(&it.fields).map_or_else(HbaSaid::Bad, HbaSaid::Rule), HbaSaid::Bad),
    });
    Box::new(
        Fact::PgHba(PgHba { path: "/h".to_owned(), container: None, changed_at: 0, lines: lines.collect() }).summary(),
    )
}

fn words(text: &str) -> Kept {
    let refused = last_words::refusals(text, &[], "10.8.0.2");
    Box::new((
        last_words::read(text),
        last_words::of_tunnel(text, "wg0"),
        quoted(text, &Secrets::default(), &[]).len(),
        refused,
        last_words::statements(text, "u", "d"),
        last_words::is_in_other_words(text, "u", "d"),
        last_words::not_found(text),
        last_words::recovery(text),
        unit_ends::read(text),
        named_line::find(text, &[("/a".to_owned(), text.to_owned())]),
    ))
}

fn error(text: &str) -> Kept {
    Box::new((raised::last(text, &Secrets::default()), celery_log::last(text, &Secrets::default())))
}

fn refusal(text: &str) -> Kept {
    let refusal = Refusal { code: "28000", routine: None, message: text };
    Box::new((refusal.read(), refusal.seen_as()))
}

fn hooks(text: &str) -> Kept {
    let all: Vec<(String, u32)> = (1..).zip(text.lines()).map(|(line, _)| ("PostUp".to_owned(), line)).collect();
    Box::new((Hook::all(&all, text, "wg0").len(), step::failed(JOURNAL, &Hook::all(&all, text, "wg0"))))
}

fn steps(text: &str) -> Kept {
    Box::new(step::failed(text, &Hook::all(&[("PostUp".to_owned(), 1)], "PostUp=iptables -I INPUT", "wg0")))
}

fn unmet(text: &str) -> Kept {
    let files = [("/u".to_owned(), text.to_owned())];
    Box::new((condition::unmet(text, &files), condition::unmet(JOURNAL, &files), lines(text).len()))
}

/// An answer of which the first line has the types, and the rest is the body.
fn bus(text: &str) -> Kept {
    let (types, body) = text.split_once('\n').unwrap_or_default();
    let number = |number: usize| u32::try_from(number).unwrap_or(u32::MAX).to_ne_bytes();
    let mut fields = [&[5, 1, b'u', 0][..], &number(7), &[8, 1, b'g', 0]].concat();
    fields.push(u8::try_from(types.len()).unwrap_or(u8::MAX));
    fields.extend(types.bytes().chain([0]));
    let order = if cfg!(target_endian = "big") { b'B' } else { b'l' };
    let start = [&[order, 2, 0, 1][..], &number(body.len()), &number(1), &number(fields.len())].concat();
    let mut message = [start, fields].concat();
    message.resize(message.len().next_multiple_of(8), 0);
    message.extend(body.bytes());
    let _ = dbus::message(text.as_bytes());
    let Some(dbus::Message::Answer(_, values)) = dbus::message(&message) else { return Box::new(()) };
    let names = ["IPAddressDeny", "Environment", "ATimestamp", "AUSec", "After"];
    let lines = values.iter().flat_map(|value| names.map(|name| told::line(name, value).map(|line| line.len())));
    Box::new(lines.collect::<Vec<_>>())
}
