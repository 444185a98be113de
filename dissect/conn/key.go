package conn

import (
	"math/bits"

	"github.com/wirelog/wirelog/dissect/link/packet"
	"github.com/wirelog/wirelog/value"
)

// Key is the canonical identity of a connection: both directions of a flow have
// the same Key. For ICMP the ports are the type and its counterpart's type.
type Key struct {
	a, b   packet.Addr
	pa, pb uint16
	proto  uint8
	domain Domain
}

// Domain identifies the pair of hosts between which the outermost tunnel around a
// packet runs; it is 0 outside tunnels. The shard of a packet depends on that pair. So
// a flow that moves from one pair to another is two connections, or the output would
// depend on the number of shards.
type Domain uint32

// MakeDomain returns the domain of the tunnels between two hosts.
func MakeDomain(a, b *[16]byte, s *Seed) Domain {
	k, _ := MakeKey(packet.AddrFrom16(a), packet.AddrFrom16(b), 0, 0, 0, 0, false)
	return Domain(k.hash(s)) | 1
}

// MakeKey returns the key of a packet. A key with oneWay set is not made canonical, so
// that it matches packets of this direction only (ICMP types without a counterpart).
// srcIsA reports whether the packet's source is the key's first side.
func MakeKey(src, dst packet.Addr, sport, dport uint16, proto uint8, domain Domain, oneWay bool) (k Key, srcIsA bool) {
	srcIsA = k.set(src, dst, sport, dport, proto, domain, oneWay)
	return k, srcIsA
}

// set is MakeKey in place. Copying a key that was just written field by field would
// stall the processor.
func (k *Key) set(src, dst packet.Addr, sport, dport uint16, proto uint8, domain Domain, oneWay bool) (srcIsA bool) {
	srcIsA = oneWay || src.Less(dst) || src == dst && sport < dport
	if !srcIsA {
		src, dst, sport, dport = dst, src, dport, sport
	}
	k.a, k.b, k.pa, k.pb, k.proto, k.domain = src, dst, sport, dport, proto, domain
	return srcIsA
}

// Seed keys hashes of connections.
type Seed [6]uint64

// equal is ==, written out so that it is inlined.
func (k *Key) equal(o *Key) bool {
	return (k.a.Lo^o.a.Lo)|(k.b.Lo^o.b.Lo)|(k.a.Hi^o.a.Hi)|(k.b.Hi^o.b.Hi) == 0 &&
		k.pa == o.pa && k.pb == o.pb && k.proto == o.proto && k.domain == o.domain
}

// mum folds the 128-bit product of its operands, the mixing step of the
// multiply-based hash family (wyhash and others).
func mum(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return hi ^ lo
}

// hash is keyed, so that nobody who does not know the key can choose colliding
// addresses.
func (k *Key) hash(s *Seed) uint64 {
	ports := uint64(k.pa)<<24 | uint64(k.pb)<<8 | uint64(k.proto) ^ uint64(k.domain)<<32
	h := mum(k.a.Hi^s[0], k.b.Hi^s[1]) ^ mum(k.a.Lo^s[2], k.b.Lo^s[3])
	return mum(h^s[4], ports^s[5])
}

// UID returns the unique identifier of the connection with this key that began at start
// with packet number first.
func (k *Key) UID(s *Seed, start value.Time, first uint64) value.UID {
	hi, lo := k.id(s, int64(start), first)
	return value.MakeUID('C', hi, lo)
}

// id returns 96 bits that identify the connection with this key that began at start
// with packet number first. The uid is made of them.
func (k *Key) id(s *Seed, start int64, first uint64) (hi, lo uint64) {
	h := k.hash(s)
	lo = mum(h^s[1], uint64(start)^s[3])
	lo = mum(lo^s[5], first^s[0])
	hi = mum(lo^s[2], h^s[4]^first)
	return hi, lo
}
