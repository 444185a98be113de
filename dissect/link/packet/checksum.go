package packet

import (
	"encoding/binary"
	"math/bits"
)

// sumBlocksFrom is the length in bytes from which using the processor's wide
// registers pays off.
const sumBlocksFrom = 256

// sum returns the ones' complement sum of b, as 64 bits in the byte order of
// little endian words, plus init. An odd last byte is padded with zero (RFC
// 1071 section 4.1). Byte order affects only the byte order of the result
// (section 2B), so words are added in the order that is fastest to read.
func sum(b []byte, init uint64) uint64 {
	if hasSumBlocks && len(b) >= sumBlocksFrom {
		n := len(b) &^ 63
		s, c := bits.Add64(init, sumBlocks(&b[0], n), 0)
		return sumWords(b[n:], s+c)
	}
	return sumWords(b, init)
}

// sumWords is sum on every processor.
func sumWords(b []byte, init uint64) uint64 {
	s := init
	var c uint64
	for len(b) >= 64 {
		x := b[:64:64]
		s, c = bits.Add64(s, binary.LittleEndian.Uint64(x[0:]), c)
		s, c = bits.Add64(s, binary.LittleEndian.Uint64(x[8:]), c)
		s, c = bits.Add64(s, binary.LittleEndian.Uint64(x[16:]), c)
		s, c = bits.Add64(s, binary.LittleEndian.Uint64(x[24:]), c)
		s, c = bits.Add64(s, binary.LittleEndian.Uint64(x[32:]), c)
		s, c = bits.Add64(s, binary.LittleEndian.Uint64(x[40:]), c)
		s, c = bits.Add64(s, binary.LittleEndian.Uint64(x[48:]), c)
		s, c = bits.Add64(s, binary.LittleEndian.Uint64(x[56:]), c)
		b = b[64:]
	}
	if len(b) >= 32 {
		x := b[:32:32]
		s, c = bits.Add64(s, binary.LittleEndian.Uint64(x[0:]), c)
		s, c = bits.Add64(s, binary.LittleEndian.Uint64(x[8:]), c)
		s, c = bits.Add64(s, binary.LittleEndian.Uint64(x[16:]), c)
		s, c = bits.Add64(s, binary.LittleEndian.Uint64(x[24:]), c)
		b = b[32:]
	}
	if len(b) >= 16 {
		x := b[:16:16]
		s, c = bits.Add64(s, binary.LittleEndian.Uint64(x[0:]), c)
		s, c = bits.Add64(s, binary.LittleEndian.Uint64(x[8:]), c)
		b = b[16:]
	}
	if len(b) >= 8 {
		s, c = bits.Add64(s, binary.LittleEndian.Uint64(b), c)
		b = b[8:]
	}
	// Up to 7 bytes are left: at most one piece each of 32, 16 and 8 bits.
	var last uint64
	if len(b) >= 4 {
		last = uint64(binary.LittleEndian.Uint32(b))
		b = b[4:]
	}
	if len(b) >= 2 {
		last += uint64(binary.LittleEndian.Uint16(b))
		b = b[2:]
	}
	if len(b) == 1 {
		last += uint64(b[0])
	}
	s, c = bits.Add64(s, last, c)
	return s + c
}

// fold reduces a sum to 16 bits, still in little endian. A half that is added to the other
// carries into it.
func fold(s uint64) uint16 {
	s += bits.RotateLeft64(s, 32)
	x := uint32(s >> 32)
	x += bits.RotateLeft32(x, 16)
	return uint16(x >> 16)
}

// Checksum returns the internet checksum of b (RFC 1071), as written to a
// header whose checksum field was zero. It is 0 for bytes that include their
// correct checksum.
func Checksum(b []byte) uint16 {
	return ^bits.ReverseBytes16(fold(sum(b, 0)))
}

// headerOK reports whether an IPv4 header includes its correct checksum.
func headerOK(b []byte) bool {
	if len(b) != ipv4HdrLen { // has options
		return Checksum(b) == 0
	}
	s, c := bits.Add64(binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:]), 0)
	s, c = bits.Add64(s, uint64(binary.LittleEndian.Uint32(b[16:])), c)
	return fold(s+c) == 0xffff
}

// pseudoChecksum returns the internet checksum of b with the pseudo header of
// the IP version (RFC 9293 section 3.1, RFC 8200 section 8.1) before it. Src and dst are
// mapped addresses for IPv4. The length in the pseudo header is len(b). It is 0
// for bytes that include their correct checksum.
func pseudoChecksum(src, dst *[16]byte, version, proto uint8, b []byte) uint16 {
	return ^bits.ReverseBytes16(fold(sum(b, pseudoSum(src, dst, version, proto, len(b)))))
}

// pseudoSum is the sum of a pseudo header with n as its length.
func pseudoSum(src, dst *[16]byte, version, proto uint8, n int) uint64 {
	var s uint64
	if version == 4 {
		s = uint64(binary.LittleEndian.Uint32(src[12:])) + uint64(binary.LittleEndian.Uint32(dst[12:]))
		// The length has 16 bits in this pseudo header.
		s += uint64(bits.ReverseBytes16(uint16(n)))
	} else {
		s = sum(src[:], uint64(bits.ReverseBytes32(uint32(n))))
		s = sum(dst[:], s)
	}
	// In a word of its own, the protocol is the low byte in network order.
	s, c := bits.Add64(s, uint64(proto)<<8, 0)
	return s + c
}

// ChecksumOK reports whether the checksum of a TCP, UDP or ICMPv6 datagram is
// right, or that of ICMP over IPv4, which has no pseudo header (RFC 792). The
// payload must be complete: len(Payload) == PayloadLen. The caller must handle
// UDP checksums of 0, which mean none (RFC 768).
func (ip *IP) ChecksumOK() bool {
	if ip.Proto == ProtoICMP {
		return Checksum(ip.Payload) == 0
	}
	return pseudoChecksum(&ip.Src, &ip.Dst, ip.Version, ip.Proto, ip.Payload) == 0
}

// PartialChecksum reports whether the checksum of a TCP or UDP datagram, which
// ChecksumOK has found wrong, is what a host leaves there that has its network card
// compute it: the sum of the pseudo header alone (Linux, Windows), the same with a
// length of 0 (Windows with large send offload), or 0. Such datagrams show in
// captures that the sending host has made.
func (ip *IP) PartialChecksum() bool {
	at := 16
	switch {
	case ip.Proto == ProtoUDP:
		at = 6
	case ip.Proto != ProtoTCP:
		return false
	}
	if len(ip.Payload) < at+2 {
		return false
	}
	switch got := binary.LittleEndian.Uint16(ip.Payload[at:]); got {
	case 0, fold(pseudoSum(&ip.Src, &ip.Dst, ip.Version, ip.Proto, len(ip.Payload))),
		fold(pseudoSum(&ip.Src, &ip.Dst, ip.Version, ip.Proto, 0)):
		return true
	}
	return false
}

// mobilityChecksumOK verifies the checksum of the mobility header that ends the
// chain (RFC 6275 section 6.1.1), with the header's length as Zeek computes it, in 8 bits.
func (ip *IP) mobilityChecksumOK(w *Weirds) bool {
	chain := ip.raw[:ip.HdrLen]
	off := ipv6HdrLen
	for typ := ip.raw[6]; typ != protoMobility; {
		n := extHeaderLen(typ, chain[off:])
		typ = chain[off]
		off += n
	}
	mh := chain[off:]
	n := int(uint8(len(mh)))
	return pseudoChecksum(&ip.Src, &ip.Dst, 6, protoMobility, mh[:n]) == 0
}
