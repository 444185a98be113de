package logs

import (
	"cmp"
	"encoding/binary"
	"net/netip"
	"slices"
)

// networks is a set of addresses: disjoint ranges in ascending order. IPv4 addresses have
// their mapped form, as in Zeek.
type networks []addrRange

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
func newNetworks(nets []netip.Prefix) networks {
	var all networks
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
	return merged
}

func (n networks) contains(a netip.Addr) bool {
	v := valueOf(a)
	low, high := 0, len(n)
	for low < high {
		mid := int(uint(low+high) / 2)
		if n[mid].first.compare(v) <= 0 {
			low = mid + 1
		} else {
			high = mid
		}
	}
	return low > 0 && v.compare(n[low-1].last) <= 0
}
