//! The one call that is made of systemd's bus: to read properties of a unit (D-Bus Specification, "Message Protocol",
//! "org.freedesktop.DBus.Properties").

const OWN_ORDER: u8 = if cfg!(target_endian = "big") { b'B' } else { b'l' };
const METHOD_CALL: u8 = 1;
const VERSION: u8 = 1;
const PROPERTIES: &str = "org.freedesktop.DBus.Properties";
/// The fields of the header, and their types.
const PATH: (u8, u8) = (1, b'o');
const INTERFACE: (u8, u8) = (2, b's');
const MEMBER: (u8, u8) = (3, b's');
const SIGNATURE: (u8, u8) = (8, b'g');

/// To get one property that a unit has by an interface, or all of them.
pub(super) fn get(number: u32, unit: &str, interface: &str, property: Option<&str>) -> Option<Vec<u8>> {
    let (member, types) = if property.is_some() { ("Get", "ss") } else { ("GetAll", "s") };
    let mut fields = Vec::new();
    field(&mut fields, PATH, &path(unit))?;
    field(&mut fields, INTERFACE, PROPERTIES)?;
    field(&mut fields, MEMBER, member)?;
    field(&mut fields, SIGNATURE, types)?;
    let mut body = Vec::new();
    for word in [Some(interface), property].into_iter().flatten() {
        text(&mut body, word)?;
    }
    let size = |bytes: &Vec<u8>| u32::try_from(bytes.len()).ok();
    let start = [OWN_ORDER, METHOD_CALL, 0, VERSION];
    let mut call =
        [&start[..], &size(&body)?.to_ne_bytes(), &number.to_ne_bytes(), &size(&fields)?.to_ne_bytes()].concat();
    call.extend(fields);
    align(&mut call, 8);
    call.extend(body);
    Some(call)
}

/// Where systemd has a unit: what is no letter and no digit is written in hexadecimal, and a digit in the first place too.
fn path(unit: &str) -> String {
    let plain = |at: usize, byte: u8| byte.is_ascii_alphabetic() || (at > 0 && byte.is_ascii_digit());
    let written = |(at, byte)| if plain(at, byte) { char::from(byte).to_string() } else { format!("_{byte:02x}") };
    let name: String = unit.bytes().enumerate().map(written).collect();
    format!("/org/freedesktop/systemd1/unit/{name}")
}

fn align(bytes: &mut Vec<u8>, to: usize) {
    bytes.resize(bytes.len().next_multiple_of(to), 0);
}

fn text(bytes: &mut Vec<u8>, text: &str) -> Option<()> {
    align(bytes, 4);
    bytes.extend(u32::try_from(text.len()).ok()?.to_ne_bytes());
    bytes.extend(text.bytes().chain([0]));
    Some(())
}

/// A field of the header: its number, and a value with its type.
fn field(bytes: &mut Vec<u8>, (number, kind): (u8, u8), value: &str) -> Option<()> {
    align(bytes, 8);
    bytes.extend([number, 1, kind, 0]);
    if kind == b'g' {
        bytes.push(u8::try_from(value.len()).ok()?);
        bytes.extend(value.bytes().chain([0]));
        return Some(());
    }
    text(bytes, value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::dbus::{self, Message};

    #[test]
    fn a_call_is_a_whole_message() {
        for property in [None, Some("Result")] {
            let call = get(1, "wg-quick@wg0.service", "org.freedesktop.systemd1.Service", property).expect("a call");
            assert!(dbus::length(&call) == Some(call.len()) && dbus::message(&call) == Some(Message::Other));
        }
    }

    #[test]
    fn a_unit_has_a_path() {
        assert_eq!(path("wg-quick@wg0.service"), "/org/freedesktop/systemd1/unit/wg_2dquick_40wg0_2eservice");
        assert_eq!(path("2.slice"), "/org/freedesktop/systemd1/unit/_32_2eslice");
    }
}
