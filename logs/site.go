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
	shareSome share = iota
	shareNone
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
	for i := range n.first {
		first := valueOf(netip.AddrFrom4([4]byte{byte(i)}))
		last := addrValue{first.hi, first.lo | (1<<24 - 1)}
		r := n.at(first)
		switch {
		case r != nil && last.compare(r.last) <= 0:
			n.first[i] = shareAll
		case r == nil && n.at(last) == nil && !slices.ContainsFunc(merged, func(r addrRange) bool {
			return r.first.compare(first) > 0 && r.first.compare(last) < 0
		}):
			n.first[i] = shareNone
		}
	}
	return n
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
