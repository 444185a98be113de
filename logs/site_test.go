package logs

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
)

func TestNetworks(t *testing.T) {
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
