package logs

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
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

// TestNetworksMapped has addresses of IPv4 in prefixes of IPv6, and of every first byte.
func TestNetworksMapped(t *testing.T) {
	for _, text := range []string{
		"", "10.0.0.0/8", "10.0.0.0/9,10.128.0.0/9", "10.0.0.0/9,10.192.0.0/10", "0.0.0.0/0", "8.0.0.0/6", "::ffff:0:0/96", "::/0", "::/80",
		"10.1.0.0/16,10.0.0.0/8", "255.255.255.255/32", "2001:db8::/32,fe80::/10,192.168.0.0/16", "::ffff:0:0/97", "::fffe:0:0/95",
	} {
		var nets []netip.Prefix
		for _, s := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' }) {
			nets = append(nets, netip.MustParsePrefix(s))
		}
		n := newNetworks(nets)
		if n.empty() != (text == "") {
			t.Errorf("%q: empty is %t", text, n.empty())
		}
		random := rand.New(rand.NewPCG(1, 2))
		addrs := []netip.Addr{netip.MustParseAddr("0.0.0.0"), netip.MustParseAddr("255.255.255.255"), netip.MustParseAddr("::"), netip.MustParseAddr("::1:0:0:0")}
		for _, p := range nets {
			addrs = append(addrs, p.Addr(), p.Addr().Next(), p.Addr().Prev())
		}
		for i := range 1 << 12 {
			addrs = append(addrs, netip.AddrFrom4([4]byte{byte(i), byte(random.Uint32()), byte(random.Uint32()), 1}))
		}
		for _, a := range addrs {
			if !a.IsValid() {
				continue
			}
			// Prefixes of IPv6 may cover addresses of IPv4 in their mapped form.
			want := slices.ContainsFunc(nets, func(p netip.Prefix) bool {
				if p.Addr().Is4() {
					return p.Contains(a.Unmap())
				}
				mapped, err := netip.AddrFrom16(a.As16()).Prefix(p.Bits())
				return err == nil && mapped.Addr().As16() == p.Masked().Addr().As16()
			})
			if got := n.contains(a); got != want {
				t.Fatalf("%q: %s is in it: %t, want %t", text, a, got, want)
			}
		}
	}
}
