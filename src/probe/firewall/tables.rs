//! Which tables nftables has, as the kernel lists them. Where iptables shows all of them, nft would only repeat its rules.

use crate::fact::touch::{Touch, asks};
use crate::probe::kernel_dump;

/// `NFNL_SUBSYS_NFTABLES` and `NFT_MSG_GETTABLE`: linux/netfilter/nfnetlink.h, nf_tables.h.
const TABLES: u16 = 10 << 8 | 1;
/// `struct nfgenmsg`: the family (any), the version, a number.
const ANY: [u8; 4] = [0; 4];
/// `NFTA_TABLE_NAME`.
const NAME: u16 = 1;

/// Each with its family, as nft calls it. None where the kernel does not tell: then nft does, or says why not.
pub(super) fn look() -> Option<Vec<(String, String)>> {
    let told = kernel_dump::ask(kernel_dump::NETFILTER, TABLES, &ANY).ok()?;
    told.iter().map(|message| table(message)).collect()
}

/// None of what cannot be read, nor of a family without a name here.
fn table(message: &[u8]) -> Option<(String, String)> {
    let family = match *message.first()? {
        1 => "inet",
        2 => "ip",
        3 => "arp",
        5 => "netdev",
        7 => "bridge",
        10 => "ip6",
        _ => return None,
    };
    let mut rest = message.get(ANY.len()..)?;
    while let [low, high, kind, more, ..] = *rest {
        let length = usize::from(u16::from_ne_bytes([low, high]));
        if u16::from_ne_bytes([kind, more]) == NAME {
            let name = rest.get(4..length)?.split(|byte| *byte == 0).next()?;
            return Some((family.to_owned(), String::from_utf8(name.to_vec()).ok()?));
        }
        rest = rest.get(length.max(4).next_multiple_of(4)..)?;
    }
    None
}

/// What it does.
pub(super) fn touches() -> Vec<Touch> {
    asks(&["netlink netfilter"])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_has_a_family_and_a_name() {
        let attribute = |kind: u16, value: &[u8]| {
            let length = u16::try_from(4 + value.len()).expect("short");
            let mut bytes = [&length.to_ne_bytes()[..], &kind.to_ne_bytes(), value].concat();
            bytes.resize(bytes.len().next_multiple_of(4), 0);
            bytes
        };
        let message =
            |family: u8| [vec![family, 0, 0, 0], attribute(2, &[0; 4]), attribute(NAME, b"filter\0")].concat();
        assert_eq!(table(&message(2)), Some(("ip".to_owned(), "filter".to_owned())));
        assert_eq!(table(&message(1)), Some(("inet".to_owned(), "filter".to_owned())));
        assert_eq!(table(&message(99)), None);
        assert_eq!(table(&message(2)[..10]), None, "cut off");
        assert_eq!(table(&[2, 0, 0, 0, 0, 0, 0, 0]), None, "an attribute of no length");
    }
}
