//! From the fields of a line to its rule, or to what is wrong with it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::options::{self, Given};
use crate::fact::postgres::hba::{HbaFrom, HbaKind, HbaName, HbaRule};

/// Reads the fields of one line. The error is what is wrong, without a word of the line.
pub fn read(fields: &[Vec<HbaName>]) -> Result<HbaRule, String> {
    let mut fields = fields.iter();
    let kind = one(fields.next(), "the kind of connection")?;
    let kind = HbaKind::read(&kind.text).ok_or_else(|| "this kind of connection does not exist".to_owned())?;
    let databases = fields.next().ok_or_else(|| ends("the databases"))?;
    let roles = fields.next().ok_or_else(|| ends("the roles"))?;
    let from = if kind == HbaKind::Local {
        None
    } else {
        Some(match from(one(fields.next(), "the address")?)? {
            Source::Whole(from) => from,
            Source::Bare(address) => {
                let mask = one(fields.next(), "the mask")?;
                let mask = numeric(&mask.text).ok_or_else(|| "the mask is not valid".to_owned())?;
                if mask.is_ipv4() != address.is_ipv4() {
                    return Err("the address and the mask are of different kinds".to_owned());
                }
                HbaFrom::Net { address, mask }
            }
        })
    };
    let method = one(fields.next(), "the method")?.text.clone();
    let given: Vec<Given> = fields.flatten().map(options::split).collect::<Result<_, _>>()?;
    let method = options::check(kind, method, &given)?;
    Ok(HbaRule { kind, databases: databases.clone(), roles: roles.clone(), from, method })
}

fn ends(before: &str) -> String {
    format!("the line ends before {before}")
}

fn one<'a>(field: Option<&'a Vec<HbaName>>, what: &str) -> Result<&'a HbaName, String> {
    match field.map(Vec::as_slice) {
        None | Some([]) => Err(ends(what)),
        Some([word]) => Ok(word),
        Some(_) => Err(format!("several words instead of one for {what}")),
    }
}

enum Source {
    /// With its mask, or without need of one.
    Whole(HbaFrom),
    /// The mask is the next field.
    Bare(IpAddr),
}

fn from(word: &HbaName) -> Result<Source, String> {
    for (keyword, from) in [("all", HbaFrom::All), ("samehost", HbaFrom::SameHost), ("samenet", HbaFrom::SameNet)] {
        if word.is_keyword(keyword) {
            return Ok(Source::Whole(from));
        }
    }
    let (text, length) = word.text.split_once('/').map_or((word.text.as_str(), None), |(text, it)| (text, Some(it)));
    match (numeric(text), length) {
        (Some(address), None) => Ok(Source::Bare(address)),
        (Some(address), Some(length)) => {
            let longest = if address.is_ipv4() { 32 } else { 128 };
            let length = number(length).filter(|length| (0..=longest).contains(length));
            let length = length.ok_or_else(|| "the length of the mask is not valid".to_owned())?;
            Ok(Source::Whole(HbaFrom::Net { address, mask: mask(address, u32::try_from(length).unwrap_or(0)) }))
        }
        (None, Some(_)) => Err("a host name with a mask, or an invalid address".to_owned()),
        (None, None) => Ok(Source::Whole(HbaFrom::Name(text.to_owned()))),
    }
}

/// As `strtol` reads it: white space and a sign may stand in front.
fn number(text: &str) -> Option<i64> {
    let text = text.trim_start_matches([' ', '\t', '\n', '\r', '\u{b}', '\u{c}']);
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

fn mask(address: IpAddr, length: u32) -> IpAddr {
    match address {
        IpAddr::V4(_) => Ipv4Addr::from(u32::MAX.checked_shl(32 - length).unwrap_or(0)).into(),
        IpAddr::V6(_) => Ipv6Addr::from(u128::MAX.checked_shl(128 - length).unwrap_or(0)).into(),
    }
}

/// An address as `getaddrinfo` reads it where no name is allowed: `10.8` is 10.0.0.8, `0x0a.010.0.1` is one as well.
fn numeric(text: &str) -> Option<IpAddr> {
    if text.contains(':') {
        // A zone is allowed, and is not compared.
        let (address, zone) = text.split_once('%').map_or((text, None), |(address, zone)| (address, Some(zone)));
        let address: Ipv6Addr = address.parse().ok()?;
        // glibc takes any number as a zone, and names for addresses of a link only.
        let known = zone.is_none_or(|zone| number(zone).is_some());
        return known.then_some(IpAddr::V6(address));
    }
    let parts: Vec<u32> = text.split('.').map(part).collect::<Option<_>>()?;
    let (last, front) = parts.split_last()?;
    if front.len() > 3 || front.iter().any(|part| *part > 255) {
        return None;
    }
    let bits = 32 - 8 * u32::try_from(front.len()).ok()?;
    if bits < 32 && *last >= 1 << bits {
        return None;
    }
    let front = front.iter().zip([24, 16, 8]).map(|(part, shift)| part << shift).sum::<u32>();
    Some(Ipv4Addr::from(front | last).into())
}

/// Decimal, octal with a leading 0, hexadecimal with 0x.
fn part(text: &str) -> Option<u32> {
    let (digits, radix) = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) => (digits, 16),
        None => text.strip_prefix('0').filter(|octal| !octal.is_empty()).map_or((text, 10), |octal| (octal, 8)),
    };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    u32::from_str_radix(digits, radix).ok()
}

#[cfg(test)]
mod tests {
    use super::super::token;
    use super::*;
    use crate::fact::postgres::hba::HbaSaid;

    fn said(text: &str) -> HbaSaid {
        let lines = token::lines(text, &mut |_| Err("no such file".to_owned()));
        match read(&lines[0].fields) {
            Ok(rule) => HbaSaid::Rule(rule),
            Err(why) => HbaSaid::Bad(why),
        }
    }

    #[test]
    fn lines_are_read_as_postgresql_reads_them() {
        for (text, shown) in [
            ("host all all 10.8.0.0/24 md5", "host all all 10.8.0.0/24 md5"),
            ("host  all\tall 10.8.0.1/24 scram-sha-256 # x", "host all all 10.8.0.1/24 scram-sha-256"),
            ("host \"all\",b all 10.8 255.255.0.255 md5", "host \"all\",b all 10.0.0.8 255.255.0.255 md5"),
            ("hostssl a , b u,\\\n+g ::/0 cert map=x", "hostssl a b u fails"),
            ("local all postgres peer map=x", "local all postgres peer"),
            ("local all all ident", "local all all peer"),
            ("host all all samenet password", "host all all samenet password"),
            ("host all all .example.org reject", "host all all .example.org reject"),
        ] {
            match said(text) {
                HbaSaid::Rule(rule) => assert_eq!(rule.to_string(), shown, "{text}"),
                HbaSaid::Bad(why) => assert!(shown.ends_with("fails"), "{text}: {why}"),
            }
        }
        for text in [
            "host all all 10.8.0.0/33 md5",
            "host all all 10.8.0.0 md5",
            "host all all 10.8.0.0/24 peer",
            "host all all 10.8.0.0/24",
            "host all all 10.8.0.0/24 scram",
            "host all all 10.8.0.0/24 md5 scram-sha-256",
            "host all all name/24 md5",
            "host all all fd00::/64 255.0.0.0 md5",
            "hosts all all all md5",
            "host all all all cert",
            "host all",
        ] {
            assert!(matches!(said(text), HbaSaid::Bad(_)), "{text}");
        }
    }
}
