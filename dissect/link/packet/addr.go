package packet

import (
	"encoding/binary"
	"net/netip"
)

// Addr is an IP address in 128 bits, IPv4 as ::ffff:a.b.c.d, as two big-endian words.
type Addr struct{ Hi, Lo uint64 }

// v4Prefix is the upper half of the lower word of an IPv4-mapped address.
const v4Prefix = 0xffff << 32

// AddrFrom16 converts an address in network byte order, IPv4 mapped.
func AddrFrom16(b *[16]byte) Addr {
	return Addr{binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:])}
}

// addrFrom4 converts an IPv4 address in host order.
func addrFrom4(v uint32) Addr { return Addr{Lo: v4Prefix | uint64(v)} }

// Netip returns a as a netip.Addr, IPv4 unmapped.
func (a Addr) Netip() netip.Addr {
	if a.Hi == 0 && a.Lo>>32 == v4Prefix>>32 {
		var b [4]byte
		binary.BigEndian.PutUint32(b[:], uint32(a.Lo))
		return netip.AddrFrom4(b)
	}
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], a.Hi)
	binary.BigEndian.PutUint64(b[8:], a.Lo)
	return netip.AddrFrom16(b)
}

// Less reports whether a comes before b, as numbers.
func (a Addr) Less(b Addr) bool { return a.Hi < b.Hi || a.Hi == b.Hi && a.Lo < b.Lo }

// IsBroadcast reports whether a is 255.255.255.255.
func (a Addr) IsBroadcast() bool { return a == addrFrom4(0xffffffff) }
