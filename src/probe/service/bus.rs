//! systemd, asked over its own socket: `systemctl show` prints what it says there, and to start that program takes 5 ms of the
//! processor. Where that socket is closed to us, or does not answer well, the program is asked: it says why.
#![expect(clippy::disallowed_methods, reason = "dialling is this probe's work")]

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::time::timeout;

use super::bus_call::get;
use crate::fact::Unseen;
use crate::fact::touch::{Touch, connects, only, runs};
use crate::probe::PROGRAM;
use crate::probe::host::{self, Said};
use crate::read::dbus::{self, Message, Value};
use crate::read::systemctl::told;

/// Where systemctl itself asks as root.
const SOCKET: &str = "/run/systemd/private";

/// It answers at once; what does not is left to systemctl, which waits.
const PATIENCE: Duration = Duration::from_secs(1);

/// A line of the greeting: `OK` and a number of 32 digits.
const LINE: u64 = 200;

/// What every unit has is told in one answer. The rest is asked for one by one: all that a service has would be read from its
/// control group for it.
const OF_ALL: &str = "org.freedesktop.systemd1.Unit";
const OF_ONE_KIND: [&str; 14] = [
    "Environment",
    "ExecMainStartTimestamp",
    "ExecMainStatus",
    "IPAddressAllow",
    "IPAddressDeny",
    "NRestarts",
    "PrivateNetwork",
    "Restart",
    "RestrictAddressFamilies",
    "RestrictNetworkInterfaces",
    "Result",
    "Slice",
    "TimeoutStartUSec",
    "Type",
];

/// What `systemctl show` prints of these units, a block for each, in their order.
pub(in crate::probe) async fn show(properties: &str, units: &[&str]) -> Result<Said, Unseen> {
    if let Ok(Some(out)) = timeout(PATIENCE, ask(SOCKET, properties, units)).await {
        return Ok(Said { ok: true, code: Some(0), out, ..Said::default() });
    }
    let mut args = vec!["show", "--no-pager", "-p", properties, "--"];
    args.extend(units);
    host::run("systemctl", &args, PROGRAM).await
}

/// What [`show`] does.
pub(in crate::probe) fn touches(properties: &str, units: &str) -> Vec<Touch> {
    let program = runs(&[&format!("systemctl show --no-pager -p {properties} -- {units}")]);
    [connects(&["unix /run/systemd/private"]), only("where that socket does not answer", program)].concat()
}

/// None where it is not said well.
async fn ask(socket: &str, properties: &str, units: &[&str]) -> Option<String> {
    let wanted: Vec<&str> = properties.split(',').map(str::trim).collect();
    let own: Vec<&str> = wanted.iter().filter(|name| OF_ONE_KIND.contains(name)).copied().collect();
    let mut calls = Vec::new();
    let mut number = 0;
    for unit in units {
        number += 1;
        calls.extend(get(number, unit, OF_ALL, None)?);
        for name in &own {
            number += 1;
            calls.extend(get(number, unit, &interface(unit)?, Some(name))?);
        }
    }
    let mut answers = talk(socket, &calls, number).await?;
    let (mut blocks, mut number) = (Vec::new(), 0);
    for _ in units {
        number += 1;
        let said = answers.remove(&number)?;
        let [Value::List(all)] = said.as_slice() else { return None };
        let mut lines = Vec::new();
        for property in all {
            let Value::List(pair) = property else { return None };
            let [Value::Text(name), value] = pair.as_slice() else { return None };
            if wanted.contains(&name.as_str()) {
                lines.extend(told::line(name, value));
            }
        }
        for name in &own {
            number += 1;
            // Units of another kind have no such property.
            let value = answers.remove(&number).and_then(|mut it| it.pop());
            lines.extend(value.and_then(|value| told::line(name, &value)));
        }
        blocks.push(lines.join("\n") + "\n");
    }
    Some(blocks.join("\n"))
}

/// What is told of a unit's kind: `org.freedesktop.systemd1.Service`.
fn interface(unit: &str) -> Option<String> {
    let mut kind = unit.rsplit_once('.')?.1.chars();
    Some(format!("org.freedesktop.systemd1.{}{}", kind.next()?.to_ascii_uppercase(), kind.as_str()))
}

/// The answers to so many calls, by the calls' numbers; what was refused is left out.
async fn talk(socket: &str, calls: &[u8], last: u32) -> Option<BTreeMap<u32, Vec<Value>>> {
    let mut stream = UnixStream::connect(socket).await.ok()?;
    // Who we are the socket tells; the user's number is sent in digits, and these in hexadecimal (D-Bus Specification,
    // "Authentication Protocol", EXTERNAL).
    let digits = rustix::process::getuid().as_raw().to_string();
    let user: String = digits.chars().flat_map(|digit| ['3', digit]).collect();
    let greeting = format!("\0AUTH EXTERNAL {user}\r\nBEGIN\r\n");
    stream.write_all(&[greeting.as_bytes(), calls].concat()).await.ok()?;
    let (mut heard, mut line) = (BufReader::new(stream), Vec::new());
    (&mut heard).take(LINE).read_until(b'\n', &mut line).await.ok()?;
    line.starts_with(b"OK ").then_some(())?;
    let (mut answers, mut open) = (BTreeMap::new(), last);
    while open > 0 {
        let mut message = vec![0; dbus::START];
        heard.read_exact(&mut message).await.ok()?;
        message.resize(dbus::length(&message)?, 0);
        heard.read_exact(message.get_mut(dbus::START..)?).await.ok()?;
        match dbus::message(&message)? {
            Message::Answer(to, values) => {
                answers.insert(to, values);
                open -= 1;
            }
            Message::Refusal(_) => open -= 1,
            // Everybody who listens there is told of jobs and units.
            Message::Other => {}
        }
    }
    Some(answers)
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::os::unix::net::UnixListener;

    use super::*;

    /// What is heard of somebody who answers this and closes.
    async fn heard(answer: &'static [u8]) -> Option<String> {
        let folder = tempfile::tempdir().expect("a folder");
        let socket = folder.path().join("private");
        let listener = UnixListener::bind(&socket).expect("a socket");
        let serves = std::thread::Builder::new().spawn(move || {
            let (mut stream, _) = listener.accept().expect("it is asked");
            let mut asked = [0; 4096];
            let count = stream.read(&mut asked).expect("a question");
            // Whoever has heard enough closes first.
            let _ = stream.write_all(answer);
            asked[..count].to_vec()
        });
        let said = ask(&socket.display().to_string(), "Id,Result", &["a.service"]).await;
        let asked = serves.expect("a thread").join().expect("it ends");
        assert!(asked.starts_with(b"\0AUTH EXTERNAL 3") && asked.windows(7).any(|it| it == b"\nBEGIN\r"));
        said
    }

    #[tokio::test]
    async fn who_is_not_systemd_is_not_heard() {
        for answer in [
            &b""[..],
            b"REJECTED EXTERNAL\r\n",
            b"OK 0\r\n",
            b"OK 0\r\nxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
            b"-ERR unknown\r\n",
        ] {
            assert_eq!(heard(answer).await, None);
        }
        assert_eq!(ask("/nowhere/private", "Id", &["a.service"]).await, None);
    }

    #[test]
    fn a_unit_tells_its_kind() {
        assert_eq!(interface("a.b.service").as_deref(), Some("org.freedesktop.systemd1.Service"));
        assert_eq!(interface("-.slice").as_deref(), Some("org.freedesktop.systemd1.Slice"));
        assert_eq!(interface("a"), None);
    }
}
