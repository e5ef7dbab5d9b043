//! Answers on a D-Bus connection (D-Bus Specification, "Message Protocol" and "Type System"), in this machine's own byte order,
//! as whoever speaks on this machine sends them.

/// The part of a message whose length is known.
pub const START: usize = 16;

/// More than one answer takes.
const MOST: usize = 1 << 18;
/// More containers in one another than anybody sends.
const DEEP: usize = 16;
const OWN_ORDER: u8 = if cfg!(target_endian = "big") { b'B' } else { b'l' };
/// Kinds of messages.
const RETURN: u8 = 2;
const ERROR: u8 = 3;
/// Fields of the header: which call it answers, and the types of its body.
const REPLY_SERIAL: i128 = 5;
const SIGNATURE: i128 = 8;

/// A value; may be a secret.
#[derive(Clone, PartialEq, Eq)]
pub enum Value {
    /// A boolean.
    Truth(bool),
    /// A whole number of any size; of a floating point number its bits.
    Number(i128),
    /// A string, a path or a signature.
    Text(String),
    /// An array, a struct, or an entry of a dictionary: its key and its value.
    List(Vec<Value>),
}

/// What a message is to who has asked.
#[derive(Clone, PartialEq, Eq)]
pub enum Message {
    /// The answer to the call of this number.
    Answer(u32, Vec<Value>),
    /// The call of this number was refused.
    Refusal(u32),
    /// Nothing that was asked for.
    Other,
}

/// How long a message is that starts with these bytes. None where it is none, or too long.
pub fn length(start: &[u8]) -> Option<usize> {
    let number = |at: usize| usize::try_from(u32::from_ne_bytes(*start.get(at..)?.first_chunk()?)).ok();
    let fields = START.checked_add(number(12)?)?.checked_next_multiple_of(8)?;
    let length = fields.checked_add(number(4)?)?;
    (*start.first()? == OWN_ORDER && length <= MOST).then_some(length)
}

/// Reads a whole message.
pub fn message(bytes: &[u8]) -> Option<Message> {
    let kind = *bytes.get(1)?;
    let mut from = Bytes { bytes: bytes.get(..length(bytes)?)?, at: 12 };
    let Value::List(fields) = from.one(b"a(yv)", 0)? else { return None };
    let (mut to, mut types) = (None, String::new());
    for field in fields {
        match field {
            Value::List(field) => match field.as_slice() {
                [Value::Number(REPLY_SERIAL), Value::Number(number)] => to = u32::try_from(*number).ok(),
                [Value::Number(SIGNATURE), Value::Text(text)] => types.clone_from(text),
                _ => {}
            },
            Value::Truth(_) | Value::Number(_) | Value::Text(_) => {}
        }
    }
    from.align(8);
    match (kind, to) {
        (RETURN, Some(to)) => Some(Message::Answer(to, from.all(types.as_bytes(), 0)?)),
        (ERROR, Some(to)) => Some(Message::Refusal(to)),
        _ => Some(Message::Other),
    }
}

struct Bytes<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Bytes<'_> {
    fn align(&mut self, to: usize) {
        self.at = self.at.next_multiple_of(to);
    }

    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.align(N);
        let found = *self.bytes.get(self.at..)?.first_chunk()?;
        self.at += N;
        Some(found)
    }

    fn count(&mut self) -> Option<usize> {
        usize::try_from(u32::from_ne_bytes(self.take()?)).ok()
    }

    /// With the zero behind it.
    fn text(&mut self, length: usize) -> Option<String> {
        let text = self.bytes.get(self.at..self.at.checked_add(length)?)?;
        self.at += length + 1;
        String::from_utf8(text.to_vec()).ok()
    }

    fn all(&mut self, mut types: &[u8], depth: usize) -> Option<Vec<Value>> {
        let mut found = Vec::new();
        while !types.is_empty() {
            let (one, rest) = first(types)?;
            found.push(self.one(one, depth)?);
            types = rest;
        }
        Some(found)
    }

    /// A value of one type.
    fn one(&mut self, kind: &[u8], depth: usize) -> Option<Value> {
        let (kind, inner) = kind.split_first()?;
        let depth = Some(depth + 1).filter(|depth| *depth <= DEEP)?;
        Some(match kind {
            b'y' => Value::Number(u8::from_ne_bytes(self.take()?).into()),
            b'b' => Value::Truth(self.count()? != 0),
            b'n' => Value::Number(i16::from_ne_bytes(self.take()?).into()),
            b'q' => Value::Number(u16::from_ne_bytes(self.take()?).into()),
            b'i' => Value::Number(i32::from_ne_bytes(self.take()?).into()),
            b'u' | b'h' => Value::Number(u32::from_ne_bytes(self.take()?).into()),
            b'x' => Value::Number(i64::from_ne_bytes(self.take()?).into()),
            b't' | b'd' => Value::Number(u64::from_ne_bytes(self.take()?).into()),
            b's' | b'o' => {
                let length = self.count()?;
                Value::Text(self.text(length)?)
            }
            b'g' => Value::Text(self.signature()?),
            b'v' => {
                let kind = self.signature()?;
                let (one, rest) = first(kind.as_bytes())?;
                rest.is_empty().then_some(())?;
                self.one(one, depth)?
            }
            b'a' => Value::List(self.array(inner, depth)?),
            b'(' | b'{' => {
                self.align(8);
                Value::List(self.all(inner.split_last()?.1, depth)?)
            }
            _ => return None,
        })
    }

    fn signature(&mut self) -> Option<String> {
        let [length] = self.take()?;
        self.text(length.into())
    }

    fn array(&mut self, of: &[u8], depth: usize) -> Option<Vec<Value>> {
        let length = self.count()?;
        self.align(match of.first()? {
            b'y' | b'g' | b'v' => 1,
            b'n' | b'q' => 2,
            b'x' | b't' | b'd' | b'(' | b'{' => 8,
            _ => 4,
        });
        let end = self.at.checked_add(length).filter(|end| *end <= self.bytes.len())?;
        let mut found = Vec::new();
        while self.at < end {
            let before = self.at;
            found.push(self.one(of, depth)?);
            // A struct of nothing would have no end.
            (self.at > before).then_some(())?;
        }
        (self.at == end).then_some(found)
    }
}

/// The first whole type, and the rest: an array is one with what it holds, and a struct with its end.
fn first(types: &[u8]) -> Option<(&[u8], &[u8])> {
    let (mut at, mut open) = (0, 0_usize);
    loop {
        let kind = *types.get(at)?;
        match kind {
            b'(' | b'{' => open += 1,
            b')' | b'}' => open = open.checked_sub(1)?,
            _ => {}
        }
        at += 1;
        if open == 0 && kind != b'a' {
            return types.split_at_checked(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An answer to call 7 with this body.
    fn answer(kind: u8, types: &str, body: &[u8]) -> Vec<u8> {
        let number = |number: usize| u32::try_from(number).expect("short").to_ne_bytes();
        let mut fields = [&[5, 1, b'u', 0][..], &number(7)].concat();
        fields.extend([8, 1, b'g', 0, u8::try_from(types.len()).expect("short")]);
        fields.extend(types.bytes().chain([0]));
        let start = [&[OWN_ORDER, kind, 0, 1][..], &number(body.len()), &number(1), &number(fields.len())].concat();
        let mut message = [start, fields].concat();
        message.resize(message.len().next_multiple_of(8), 0);
        [message, body.to_vec()].concat()
    }

    fn text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    #[test]
    fn an_answer_is_read_with_what_it_holds() {
        // a{sv}: "A" is true, and "B" is the list of "x".
        let mut body = vec![36, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, b'A', 0, 1, b'b', 0, 0, 0, 0, 1, 0, 0, 0];
        body.extend([1, 0, 0, 0, b'B', 0, 2, b'a', b's', 0, 0, 0, 6, 0, 0, 0, 1, 0, 0, 0, b'x', 0]);
        body[0] = u8::try_from(body.len() - 8).expect("short");
        if cfg!(target_endian = "little") {
            let pair = |name: &str, value: Value| Value::List(vec![text(name), value]);
            let all = vec![pair("A", Value::Truth(true)), pair("B", Value::List(vec![text("x")]))];
            let whole = answer(RETURN, "a{sv}", &body);
            assert!(message(&whole) == Some(Message::Answer(7, vec![Value::List(all)])));
            assert!(length(&whole) == Some(whole.len()));
            for end in 0..whole.len() {
                assert!(message(&whole[..end]).is_none(), "cut at {end}");
            }
        }
        assert!(message(&answer(ERROR, "", &[])) == Some(Message::Refusal(7)));
        assert!(message(&answer(4, "", &[])) == Some(Message::Other), "a signal");
    }

    #[test]
    fn what_is_no_message_is_none() {
        let none = |types: &str, body: &[u8]| message(&answer(RETURN, types, body)).is_none();
        assert!(none("a()", &[8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]), "structs of nothing");
        assert!(none("s", &[255, 255, 255, 255, b'x', 0]), "a length that is a lie");
        assert!(none("(s", &[0; 8]) && none("s)", &[0; 8]) && none("a", &[0; 8]) && none("Z", &[0; 8]), "no type");
        assert!(none(&"a".repeat(200), &[4, 0, 0, 0, 0, 0, 0, 0]), "too deep");
        assert!(length(&[0; START]).is_none() && length(&[OWN_ORDER; 16]).is_none());
    }
}
