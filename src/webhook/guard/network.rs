//! Blocks of addresses, and what each is for.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The addresses that share their first bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Network {
    address: IpAddr,
    prefix: u8,
}

impl Network {
    /// A prefix longer than the address is the whole address.
    pub(super) const fn new(address: IpAddr, prefix: u8) -> Self {
        Self { address, prefix }
    }

    pub(super) fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                let shift = 32_u32.saturating_sub(u32::from(self.prefix));
                // A shift by the whole width is no bits in common: a prefix of 0.
                (network.to_bits() ^ address.to_bits()).checked_shr(shift).unwrap_or(0) == 0
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                let shift = 128_u32.saturating_sub(u32::from(self.prefix));
                (network.to_bits() ^ address.to_bits()).checked_shr(shift).unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}

/// One row of a registry: the block, what it is for, and by which document.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) network: Network,
    pub(super) purpose: &'static str,
}

impl Block {
    /// The block and its length, as the registry writes it.
    pub(super) fn text(&self) -> String {
        format!("{}/{}", self.network.address, self.network.prefix)
    }
}

/// The block of a special purpose that `address` belongs to, the narrowest first.
pub(super) fn special(address: IpAddr) -> Option<&'static Block> {
    match address {
        IpAddr::V4(address) => {
            let bits = address.to_bits();
            let at = IPV4_MASKS.iter().position(|(first, mask)| bits & mask == *first)?;
            IPV4.get(at)
        }
        IpAddr::V6(_) => IPV6.iter().find(|block| block.network.contains(address)),
    }
}

/// Whether the address lies in the space that regional registries give out for IPv6, 2000::/3:
/// <https://www.iana.org/assignments/ipv6-unicast-address-assignments/>.
pub(super) fn is_global_unicast(address: Ipv6Addr) -> bool {
    address.segments()[0] >> 13 == 1
}

/// The IPv4 address inside an IPv6 address that stands for it: mapped and compatible (RFC 4291, 2.5.5), NAT64 with
/// the well-known prefix (RFC 6052), 6to4 (RFC 3056) and Teredo (RFC 4380, the client's, with its bits flipped).
pub(super) fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let bits = address.to_bits();
    let low = Ipv4Addr::from_bits((bits & 0xffff_ffff) as u32);
    match address.segments() {
        // `::` and `::1` are addresses of their own.
        [0, 0, 0, 0, 0, 0, _, _] => (bits > 1).then_some(low),
        [0, 0, 0, 0, 0, 0xffff, _, _] | [0x64, 0xff9b, 0, 0, 0, 0, _, _] => Some(low),
        [0x2002, high, low, ..] => Some(Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low))),
        [0x2001, 0, ..] => Some(Ipv4Addr::from_bits(!low.to_bits())),
        _ => None,
    }
}

/// Where clouds hand out credentials and settings to their own machines. One is not in a special block at all:
/// 168.63.129.16 is the same public address on every Azure machine. From the providers' documentation.
pub(super) fn is_metadata(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => METADATA_V4.contains(&address),
        IpAddr::V6(address) => METADATA_V6.contains(&address),
    }
}

const METADATA_V4: [Ipv4Addr; 8] = [
    Ipv4Addr::new(169, 254, 169, 254), // AWS, Azure, Google Cloud, DigitalOcean, Oracle, OpenStack, …
    Ipv4Addr::new(169, 254, 170, 2),   // AWS, tasks of ECS
    Ipv4Addr::new(169, 254, 170, 23),  // AWS, pods of EKS
    Ipv4Addr::new(169, 254, 42, 42),   // Scaleway
    Ipv4Addr::new(169, 254, 0, 23),    // Tencent Cloud
    Ipv4Addr::new(100, 100, 100, 200), // Alibaba Cloud
    Ipv4Addr::new(168, 63, 129, 16),   // Azure
    Ipv4Addr::new(192, 0, 0, 192),     // Oracle Cloud Classic
];

const METADATA_V6: [Ipv6Addr; 5] = [
    Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254),   // AWS
    Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23),    // AWS, pods of EKS
    Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254),    // Google Cloud
    Ipv6Addr::new(0xfd00, 0x42, 0, 0, 0, 0, 0, 0x42),     // Scaleway
    Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0xa9fe, 0xa9fe), // OpenStack
];

// The blocks below are the IANA special-purpose address registries, the state of 2025:
// <https://www.iana.org/assignments/iana-ipv4-special-registry/>,
// <https://www.iana.org/assignments/iana-ipv6-special-registry/>; and multicast, which has registries of its own.
// Blocks that the registries call globally reachable are among them: they are anycast or translation, which answer
// from the nearest network, and that may be the host's own. No receiver of callbacks lives there.

const IPV4: [Block; 19] = [
    block4([255, 255, 255, 255], 32, "limited broadcast (RFC 8190)"),
    block4([0, 0, 0, 0], 8, "this network (RFC 791)"),
    block4([10, 0, 0, 0], 8, "private use (RFC 1918)"),
    block4([100, 64, 0, 0], 10, "shared by carriers (RFC 6598)"),
    block4([127, 0, 0, 0], 8, "loopback (RFC 1122)"),
    block4([169, 254, 0, 0], 16, "link-local use (RFC 3927)"),
    block4([172, 16, 0, 0], 12, "private use (RFC 1918)"),
    block4([192, 0, 0, 0], 24, "protocol assignments (RFC 6890)"),
    block4([192, 0, 2, 0], 24, "documentation (RFC 5737)"),
    block4([192, 31, 196, 0], 24, "AS112 anycast (RFC 7535)"),
    block4([192, 52, 193, 0], 24, "AMT anycast (RFC 7450)"),
    block4([192, 88, 99, 0], 24, "6to4 relay anycast (RFC 7526)"),
    block4([192, 168, 0, 0], 16, "private use (RFC 1918)"),
    block4([192, 175, 48, 0], 24, "AS112 anycast (RFC 7534)"),
    block4([198, 18, 0, 0], 15, "benchmarking (RFC 2544)"),
    block4([198, 51, 100, 0], 24, "documentation (RFC 5737)"),
    block4([203, 0, 113, 0], 24, "documentation (RFC 5737)"),
    block4([224, 0, 0, 0], 4, "multicast (RFC 5771)"),
    block4([240, 0, 0, 0], 4, "reserved (RFC 1112)"),
];

/// The first address and the mask of each block of [`IPV4`]: every attempt to send something asks, and these are side by side.
const IPV4_MASKS: [(u32, u32); IPV4.len()] = {
    let mut masks = [(0, 0); IPV4.len()];
    let mut at = 0;
    while at < IPV4.len() {
        let Network { address, prefix } = IPV4[at].network;
        if let IpAddr::V4(first) = address {
            // No block has a prefix of 0.
            masks[at] = (first.to_bits(), u32::MAX << (32 - prefix as u32));
        }
        at += 1;
    }
    masks
};

const IPV6: [Block; 20] = [
    block6([0, 0, 0, 0, 0, 0, 0, 0], 128, "the unspecified address (RFC 4291)"),
    block6([0, 0, 0, 0, 0, 0, 0, 1], 128, "loopback (RFC 4291)"),
    block6([0, 0, 0, 0, 0, 0xffff, 0, 0], 96, "IPv4-mapped addresses (RFC 4291)"),
    block6([0, 0, 0, 0, 0, 0, 0, 0], 96, "IPv4-compatible addresses (RFC 4291)"),
    block6([0x64, 0xff9b, 0, 0, 0, 0, 0, 0], 96, "translation to IPv4 (RFC 6052)"),
    block6([0x64, 0xff9b, 1, 0, 0, 0, 0, 0], 48, "local translation to IPv4 (RFC 8215)"),
    block6([0x100, 0, 0, 0, 0, 0, 0, 0], 64, "discarding (RFC 6666)"),
    block6([0x100, 0, 0, 1, 0, 0, 0, 0], 64, "dummy addresses (RFC 9780)"),
    block6([0x2001, 0, 0, 0, 0, 0, 0, 0], 32, "Teredo (RFC 4380)"),
    block6([0x2001, 2, 0, 0, 0, 0, 0, 0], 48, "benchmarking (RFC 5180)"),
    block6([0x2001, 0, 0, 0, 0, 0, 0, 0], 23, "protocol assignments (RFC 2928)"),
    block6([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32, "documentation (RFC 3849)"),
    block6([0x2002, 0, 0, 0, 0, 0, 0, 0], 16, "6to4 (RFC 3056)"),
    block6([0x2620, 0x4f, 0x8000, 0, 0, 0, 0, 0], 48, "AS112 anycast (RFC 7534)"),
    block6([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20, "documentation (RFC 9637)"),
    block6([0x5f00, 0, 0, 0, 0, 0, 0, 0], 16, "segment routing (RFC 9602)"),
    block6([0xfc00, 0, 0, 0, 0, 0, 0, 0], 7, "unique local use (RFC 4193)"),
    block6([0xfe80, 0, 0, 0, 0, 0, 0, 0], 10, "link-local use (RFC 4291)"),
    block6([0xfec0, 0, 0, 0, 0, 0, 0, 0], 10, "site-local use (RFC 3879)"),
    block6([0xff00, 0, 0, 0, 0, 0, 0, 0], 8, "multicast (RFC 4291)"),
];

const fn block4([a, b, c, d]: [u8; 4], prefix: u8, purpose: &'static str) -> Block {
    Block { network: Network::new(IpAddr::V4(Ipv4Addr::new(a, b, c, d)), prefix), purpose }
}

const fn block6(s: [u16; 8], prefix: u8, purpose: &'static str) -> Block {
    let address = Ipv6Addr::new(s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7]);
    Block { network: Network::new(IpAddr::V6(address), prefix), purpose }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_network_holds_its_first_and_last_address_and_not_their_neighbours() {
        for (address, prefix, inside, outside) in [
            ("10.0.0.0", 8, ["10.0.0.0", "10.255.255.255"], ["9.255.255.255", "11.0.0.0"]),
            ("100.64.0.0", 10, ["100.64.0.0", "100.127.255.255"], ["100.63.255.255", "100.128.0.0"]),
            ("1.2.3.4", 32, ["1.2.3.4", "1.2.3.4"], ["1.2.3.3", "1.2.3.5"]),
            ("1.2.3.4", 200, ["1.2.3.4", "1.2.3.4"], ["1.2.3.3", "1.2.3.5"]),
            ("fc00::", 7, ["fc00::", "fdff:ffff::"], ["fbff::", "fe00::"]),
            ("2001:db8::1", 128, ["2001:db8::1", "2001:db8::1"], ["2001:db8::", "2001:db8::2"]),
        ] {
            let network = Network::new(ip(address), prefix);
            assert!(inside.iter().all(|text| network.contains(ip(text))), "{address}/{prefix}");
            assert!(!outside.iter().any(|text| network.contains(ip(text))), "{address}/{prefix}");
        }
        assert!(Network::new(ip("0.0.0.0"), 0).contains(ip("255.1.2.3")));
        assert!(Network::new(ip("::"), 0).contains(ip("ffff::1")));
        assert!(!Network::new(ip("0.0.0.0"), 0).contains(ip("::1")));
    }

    #[test]
    fn a_block_begins_at_the_first_address_of_its_prefix() {
        for block in IPV4.iter().chain(&IPV6) {
            let (bits, width) = match block.network.address {
                IpAddr::V4(address) => (u128::from(address.to_bits()), 32),
                IpAddr::V6(address) => (address.to_bits(), 128),
            };
            let free = width - u32::from(block.network.prefix);
            assert_eq!(bits & ((1_u128 << free) - 1), 0, "{}", block.text());
        }
    }

    #[test]
    fn every_block_is_found_from_its_first_address_to_its_last() {
        for block in &IPV4 {
            let IpAddr::V4(first) = block.network.address else { panic!() };
            let last = first.to_bits() | (u64::from(u32::MAX) >> block.network.prefix) as u32;
            for bits in [first.to_bits(), last, first.to_bits().wrapping_sub(1), last.wrapping_add(1)] {
                let address = IpAddr::V4(Ipv4Addr::from_bits(bits));
                let by_network = IPV4.iter().find(|block| block.network.contains(address));
                let purpose = |block: Option<&Block>| block.map(|block| block.purpose);
                assert_eq!(purpose(special(address)), purpose(by_network), "{address}");
            }
        }
    }

    #[test]
    fn the_ipv4_address_inside_is_found_in_each_form() {
        for text in [
            "::ffff:7f00:1",
            "::7f00:1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "2001:0:4136:e378:8000:63bf:80ff:fffe",
        ] {
            let IpAddr::V6(address) = ip(text) else { panic!() };
            assert_eq!(embedded(address), Some(Ipv4Addr::LOCALHOST), "{text}");
        }
        for text in ["::", "::1", "2606:4700::7f00:1", "fe80::7f00:1"] {
            assert_eq!(embedded(text.parse().unwrap()), None, "{text}");
        }
    }
}
