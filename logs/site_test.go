package logs

import (
	"math/rand/v2"
	"net/netip"
	"testing"
)

func TestNetworks(t *testing.T) {
	prefix := netip.MustParsePrefix
	for name, nets := range map[string][]netip.Prefix{
		"none":     nil,
		"one":      {prefix("10.0.0.0/8")},
		"nested":   {prefix("10.0.0.0/8"), prefix("10.1.0.0/16"), prefix("10.255.255.255/32")},
		"adjacent": {prefix("10.0.0.0/9"), prefix("10.128.0.0/9"), prefix("11.0.0.0/8")},
		"hosts":    {prefix("255.255.255.255/32"), prefix("0.0.0.0/32"), prefix("::/128"), prefix("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128")},
		"unmasked": {prefix("10.1.2.3/8"), prefix("fe80::1/10")},
		"mixed":    {prefix("192.168.0.0/16"), prefix("2001:db8::/32"), prefix("fd00::/63"), prefix("fd00:0:0:2::/64"), prefix("fd00:0:0:3::/65")},
		"all of 4": {prefix("0.0.0.0/0")},
		"invalid":  {{}},
	} {
		n := newNetworks(nets)
		check := func(a netip.Addr) {
			want := false
			for _, p := range nets {
				want = want || p.IsValid() && p.Contains(a)
			}
			if got := n.contains(a); got != want {
				t.Errorf("%s: contains %s is %v", name, a, got)
			}
		}
		r := rand.New(rand.NewPCG(1, 2))
		for range 2000 {
			check(netip.AddrFrom4([4]byte{byte(9 + r.IntN(4)), byte(r.Uint32()), byte(r.Uint32()), 1}))
		}
		for _, p := range nets {
			if !p.IsValid() {
				continue
			}
			first := p.Masked().Addr()
			b := first.AsSlice()
			for i := p.Bits(); i < len(b)*8; i++ {
				b[i/8] |= 0x80 >> (i % 8)
			}
			last, _ := netip.AddrFromSlice(b)
			for _, a := range []netip.Addr{first, last, first.Prev(), last.Next()} {
				if a.IsValid() {
					check(a)
				}
			}
		}
	}
	if !newNetworks([]netip.Prefix{prefix("::/0")}).contains(netip.MustParseAddr("10.0.0.1")) {
		t.Error("::/0 does not hold IPv4 addresses")
	}
}
