//! What systemd says of a property on its own bus, put as `systemctl show` prints it, so that both have one reader.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::read::dbus::Value;

const SECOND: i128 = 1_000_000;
/// What stands for "never" and "without end".
const NEVER: i128 = u64::MAX as i128;

/// The property's line. May hold secrets. None where it is none that systemctl would print.
pub fn line(name: &str, value: &Value) -> Option<String> {
    let printed = match value {
        Value::Truth(true) => "yes".to_owned(),
        Value::Truth(false) => "no".to_owned(),
        Value::Number(0 | NEVER) if name.ends_with("Timestamp") => String::new(),
        // As `--timestamp=unix` has it.
        Value::Number(micros) if name.ends_with("Timestamp") => format!("@{}", micros / SECOND),
        Value::Number(NEVER) if name.ends_with("USec") => "infinity".to_owned(),
        Value::Number(micros) if name.ends_with("USec") && micros % SECOND == 0 => format!("{}s", micros / SECOND),
        Value::Number(micros) if name.ends_with("USec") => format!("{micros}us"),
        Value::Number(number) => number.to_string(),
        Value::Text(text) => text.clone(),
        // What is listed is allowed, or it alone is not.
        Value::List(both) => match both.as_slice() {
            [Value::Truth(true), Value::List(names)] => joined(names, word)?,
            [Value::Truth(false), Value::List(names)] => format!("~{}", joined(names, word)?),
            all if name.starts_with("IPAddress") => joined(all, net)?,
            all if name == "Environment" => joined(all, |it| word(it).map(|it| quoted(&it)))?,
            all => joined(all, word)?,
        },
    };
    // Another line would be another property.
    (!printed.contains('\n')).then(|| format!("{name}={printed}"))
}

fn joined(all: &[Value], print: impl Fn(&Value) -> Option<String>) -> Option<String> {
    let words: Option<Vec<String>> = all.iter().map(print).collect();
    Some(words?.join(" "))
}

fn word(value: &Value) -> Option<String> {
    if let Value::Text(text) = value { Some(text.clone()) } else { None }
}

/// `"A=b c"`, with what stands for itself behind a backslash.
fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for c in text.chars() {
        match c {
            '\n' => quoted.push_str("\\n"),
            '"' | '\\' => quoted.extend(['\\', c]),
            c => quoted.push(c),
        }
    }
    quoted + "\""
}

/// A family, an address, and how much of it counts.
fn net(value: &Value) -> Option<String> {
    let Value::List(parts) = value else { return None };
    let [_, Value::List(bytes), Value::Number(length)] = parts.as_slice() else { return None };
    let byte = |it: &Value| if let Value::Number(byte) = it { u8::try_from(*byte).ok() } else { None };
    let bytes: Option<Vec<u8>> = bytes.iter().map(byte).collect();
    let bytes = bytes?;
    let four = <[u8; 4]>::try_from(bytes.as_slice()).map(|it| IpAddr::V4(Ipv4Addr::from(it)));
    let six = <[u8; 16]>::try_from(bytes.as_slice()).map(|it| IpAddr::V6(Ipv6Addr::from(it)));
    Some(format!("{}/{length}", four.or(six).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::systemctl;

    fn text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    fn list(all: &[&str]) -> Value {
        Value::List(all.iter().map(|it| text(it)).collect())
    }

    #[test]
    fn a_property_is_printed_as_systemctl_does() {
        let is = |name: &str, value: Value, expected: &str| assert_eq!(line(name, &value).as_deref(), Some(expected));
        is("ConditionResult", Value::Truth(true), "ConditionResult=yes");
        is("ActiveEnterTimestamp", Value::Number(61_500_000), "ActiveEnterTimestamp=@61");
        is("ActiveEnterTimestamp", Value::Number(0), "ActiveEnterTimestamp=");
        is("TimeoutStartUSec", Value::Number(90 * SECOND), "TimeoutStartUSec=90s");
        is("TimeoutStartUSec", Value::Number(NEVER), "TimeoutStartUSec=infinity");
        is("After", list(&["a.service", "b.slice"]), "After=a.service b.slice");
        let families = |allows| Value::List(vec![Value::Truth(allows), list(&["AF_UNIX"])]);
        is("RestrictAddressFamilies", families(true), "RestrictAddressFamilies=AF_UNIX");
        is("RestrictAddressFamilies", families(false), "RestrictAddressFamilies=~AF_UNIX");
        let bytes = |bytes: &[u8]| Value::List(bytes.iter().map(|it| Value::Number((*it).into())).collect());
        let net = |at: &[u8], length| Value::List(vec![Value::Number(2), bytes(at), Value::Number(length)]);
        let nets = Value::List(vec![net(&[10, 8, 0, 0], 24), net(&[0; 16], 0)]);
        is("IPAddressDeny", nets, "IPAddressDeny=10.8.0.0/24 ::/0");
        assert_eq!(line("Environment", &Value::List(vec![Value::Number(1)])), None);
        assert_eq!(line("Id", &text("a\nLoadState=loaded")), None, "one line is one property");
    }

    #[test]
    fn variables_come_back_as_they_are() {
        let told = line("Environment", &list(&["A=1", r#"B=x "y" \z"#, "C=a  b"])).expect("a line");
        let read = systemctl::environment(&told).expect("variables");
        let expected = [("A", "1"), ("B", r#"x "y" \z"#), ("C", "a  b")];
        assert!(read.iter().map(|(name, value)| (name.as_str(), value.as_str())).eq(expected), "{told}");
    }
}
