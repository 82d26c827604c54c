//! Networks as operators write them: `192.0.2.0/24`, `2001:db8::/32`, or one address alone.

use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// Bits of an IPv6 address that name one customer's network; the rest its machines choose freely.
const IPV6_SOURCE_BITS: u8 = 64;

/// A network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Net(IpNet);

impl Net {
    /// What counts as one source: an IPv4 address, or the 64 leading bits of an IPv6 one. An IPv4
    /// address in IPv6's clothes is the IPv4 address.
    pub fn source(address: IpAddr) -> Self {
        let address = address.to_canonical();
        let bits = if address.is_ipv4() {
            32
        } else {
            IPV6_SOURCE_BITS
        };
        Self(IpNet::new(address, bits).map_or_else(|_| IpNet::from(address), |net| net.trunc()))
    }

    /// Whether the address is in it.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(&address.to_canonical())
    }

    /// Whether one of them lies in the other.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.0.contains(&other.0) || other.0.contains(&self.0)
    }
}

impl fmt::Display for Net {
    /// One address alone is written without its length.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.prefix_len() == self.0.max_prefix_len() {
            self.0.addr().fmt(f)
        } else {
            self.0.fmt(f)
        }
    }
}

impl FromStr for Net {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if let Ok(address) = text.parse::<IpAddr>() {
            return Ok(Self(IpNet::from(address.to_canonical())));
        }
        let net: IpNet = text.parse().map_err(|_| {
            format!(
                "{text:?} is no network: write 192.0.2.0/24, 2001:db8::/32, or an address alone"
            )
        })?;
        if net.trunc() != net {
            return Err(format!(
                "{text:?} has bits set beyond its length: did you mean {}?",
                net.trunc()
            ));
        }
        Ok(Self(net))
    }
}

impl TryFrom<String> for Net {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Net> for String {
    fn from(net: Net) -> Self {
        net.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn net(text: &str) -> Net {
        text.parse().unwrap()
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn networks_hold_their_addresses_and_no_other() {
        assert!(net("192.0.2.0/24").contains(ip("192.0.2.255")));
        assert!(net("192.0.2.0/24").contains(ip("::ffff:192.0.2.7")));
        assert!(!net("192.0.2.0/24").contains(ip("192.0.3.0")));
        assert!(net("2001:db8::/32").contains(ip("2001:db8:1::1")));
        assert!(!net("0.0.0.0/0").contains(ip("::1")));
        assert!(net("::ffff:192.0.2.7").contains(ip("192.0.2.7")));
    }

    #[test]
    fn a_source_is_an_ipv4_address_or_an_ipv6_network() {
        assert_eq!(Net::source(ip("192.0.2.7")).to_string(), "192.0.2.7");
        assert_eq!(Net::source(ip("::ffff:192.0.2.7")).to_string(), "192.0.2.7");
        let source = Net::source(ip("2001:db8:1:2:3:4:5:6"));
        assert_eq!(source.to_string(), "2001:db8:1:2::/64");
        assert_eq!(source, Net::source(ip("2001:db8:1:2::ffff")));
    }

    #[test]
    fn what_is_no_network_is_said_with_what_to_write() {
        for bad in [
            "",
            "all",
            "192.0.2.0/33",
            "192.0.2",
            "192.0.2.0/24/8",
            "1.2.3.4/",
        ] {
            assert!(
                bad.parse::<Net>().unwrap_err().contains("write 192"),
                "{bad}"
            );
        }
        let beyond = "192.0.2.7/24".parse::<Net>().unwrap_err();
        assert!(beyond.contains("192.0.2.0/24"), "{beyond}");
    }

    #[test]
    fn overlaps_either_way() {
        assert!(net("10.0.0.0/8").overlaps(&net("10.1.2.3")));
        assert!(net("10.1.2.3").overlaps(&net("10.0.0.0/8")));
        assert!(!net("10.1.2.3").overlaps(&net("10.1.2.4")));
        assert!(!net("0.0.0.0/0").overlaps(&net("::/0")));
    }
}
