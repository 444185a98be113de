package logs

import (
	"cmp"
	"encoding/binary"
	"net/netip"
	"slices"
)

// networks is a set of addresses. IPv4 addresses have their mapped form, as in Zeek.
type networks struct {
	ranges []addrRange // disjoint, in ascending order
	// first says of the IPv4 addresses with the same first byte whether all or none of
	// them are in the set.
	first [256]share
}

// share is how much of something is in a set.
type share uint8

const (
	shareNone share = iota
	shareSome
	shareAll
)

type addrRange struct{ first, last addrValue }

// addrValue is an address as a 128-bit number.
type addrValue struct{ hi, lo uint64 }

func (a addrValue) compare(b addrValue) int {
	if a.hi != b.hi {
		return cmp.Compare(a.hi, b.hi)
	}
	return cmp.Compare(a.lo, b.lo)
}

// IPv4 addresses have this range in their mapped form.
var (
	firstIPv4 = addrValue{0, 0xffff << 32}
	lastIPv4  = addrValue{0, 1<<48 - 1}
)

func valueOf(a netip.Addr) addrValue {
	b := a.As16()
	return addrValue{binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:])}
}

// newNetworks returns the union of nets; invalid ones are left out.
func newNetworks(nets []netip.Prefix) *networks {
	var all []addrRange
	for _, p := range nets {
		if !p.IsValid() {
			continue
		}
		bits := p.Bits()
		if p.Addr().Is4() {
			bits += 96
		}
		first := valueOf(p.Masked().Addr())
		last := first
		if bits < 64 {
			last.hi |= ^uint64(0) >> bits
			last.lo = ^uint64(0)
		} else {
			last.lo |= ^uint64(0) >> (bits - 64)
		}
		all = append(all, addrRange{first, last})
	}
	slices.SortFunc(all, func(a, b addrRange) int { return a.first.compare(b.first) })
	merged := all[:0]
	for _, r := range all {
		if n := len(merged); n > 0 && r.first.compare(merged[n-1].last) <= 0 {
			if r.last.compare(merged[n-1].last) > 0 {
				merged[n-1].last = r.last
			}
			continue
		}
		merged = append(merged, r)
	}
	n := &networks{ranges: merged}
	for _, r := range merged {
		n.addFirst(r)
	}
	return n
}

// addFirst adds a range to first. Ranges that cover the addresses of a first byte only
// together leave it at some.
func (n *networks) addFirst(r addrRange) {
	if r.last.compare(firstIPv4) < 0 || r.first.compare(lastIPv4) > 0 {
		return
	}
	from, to := uint32(0), ^uint32(0)
	if r.first.compare(firstIPv4) > 0 {
		from = uint32(r.first.lo)
	}
	if r.last.compare(lastIPv4) < 0 {
		to = uint32(r.last.lo)
	}
	for i := from >> 24; i <= to>>24; i++ {
		n.first[i] = shareSome
		if from <= i<<24 && to >= i<<24|(1<<24-1) {
			n.first[i] = shareAll
		}
	}
}

func (n *networks) empty() bool { return len(n.ranges) == 0 }

func (n *networks) contains(a netip.Addr) bool {
	if a.Is4() {
		if t := n.first[a.As4()[0]]; t != shareSome {
			return t == shareAll
		}
	}
	return n.at(valueOf(a)) != nil
}

// at returns the range with v, or nil.
func (n *networks) at(v addrValue) *addrRange {
	low, high := 0, len(n.ranges)
	for low < high {
		mid := int(uint(low+high) / 2)
		if n.ranges[mid].first.compare(v) <= 0 {
			low = mid + 1
		} else {
			high = mid
		}
	}
	if low == 0 || v.compare(n.ranges[low-1].last) > 0 {
		return nil
	}
	return &n.ranges[low-1]
}
