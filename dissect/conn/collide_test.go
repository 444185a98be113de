package conn

import (
	"math/rand/v2"
	"net/netip"
	"testing"

	"github.com/wirelog/wirelog/dissect/event"
)

// steps is how many slots a look-up of each connection visits, in all.
func (t *Table) steps() (n uint64) {
	for i := range t.slots {
		if s := &t.slots[i]; s.ref != 0 {
			n += (uint64(i)-t.at(s.ref-1).key.hash(&t.cfg.Seed))&t.mask + 1
		}
	}
	return n
}

func fill(seed Seed, keys []Key) *Table {
	cfg := Config{Seed: seed, Limits: DefaultLimits()}
	t := NewTable(cfg, new(event.Hooks), nil)
	for i := range keys {
		t.insert(&keys[i])
	}
	return t
}

// TestCollidingAddresses is case 9: addresses that are chosen to collide, by somebody who
// knows all but the seed, cost at most twice the steps of any others.
func TestCollidingAddresses(t *testing.T) {
	const n = 20_000
	rng := rand.New(rand.NewPCG(1, 9))
	random := func() Key {
		k, _ := MakeKey(Addr{0, v4Prefix | uint64(rng.Uint32())}, Addr{0, v4Prefix | uint64(rng.Uint32())},
			uint16(rng.Uint32()), uint16(rng.Uint32()), 6, 0, false)
		return k
	}
	known := Seed{1, 2, 3, 4, 5, 6}
	var any, chosen []Key
	for len(any) < n {
		any = append(any, random())
	}
	// The attacker's own table has them all in a sixteenth of its slots.
	for len(chosen) < n {
		if k := random(); k.hash(&known)&(1<<15-1) < 1<<11 {
			chosen = append(chosen, k)
		}
	}
	if bad, good := fill(known, chosen).steps(), fill(known, any).steps(); bad < 100*good {
		t.Fatalf("%d steps with the seed known, %d without: these addresses do not collide", bad, good)
	}
	// What differs in few bits, or has equal halves, collides in hashes that mix badly.
	addr := func(s string) Addr { return AddrFrom16((*[16]byte)(netip.MustParseAddr(s).AsSlice())) }
	net6 := addr("2001:db8::")
	patterns := map[string]func(i uint64) Key{
		"addresses in a row": func(i uint64) Key {
			return Key{a: Addr{0, v4Prefix | i}, b: Addr{0, v4Prefix | 0xc0000201}, pa: 1, pb: 2, proto: 6}
		},
		"addresses far apart": func(i uint64) Key {
			return Key{a: Addr{0, v4Prefix | i<<16}, b: Addr{0, v4Prefix | 0xc0000201}, pa: 1, pb: 2, proto: 6}
		},
		"both ends alike": func(i uint64) Key {
			return Key{a: Addr{0, v4Prefix | i}, b: Addr{0, v4Prefix | i}, pa: 1, pb: 2, proto: 6}
		},
		"sum of ends the same": func(i uint64) Key {
			return Key{a: Addr{0, v4Prefix | i}, b: Addr{0, v4Prefix | (1<<20 - i)}, pa: 1, pb: 2, proto: 6}
		},
		"ports": func(i uint64) Key {
			return Key{a: Addr{0, v4Prefix | 1}, b: Addr{0, v4Prefix | 2}, pa: uint16(i), pb: uint16(i >> 16), proto: 6}
		},
		"upper halves of IPv6": func(i uint64) Key { return Key{a: Addr{net6.Hi | i, 1}, b: Addr{net6.Hi, 1}, pa: 1, pb: 2, proto: 6} },
		"lower halves of IPv6": func(i uint64) Key {
			return Key{a: Addr{net6.Hi, i << 44}, b: Addr{net6.Hi, i << 44}, pa: 1, pb: 2, proto: 6}
		},
	}
	for range 5 {
		var seed Seed
		for i := range seed {
			seed[i] = rng.Uint64()
		}
		most := 2 * fill(seed, any).steps()
		if got := fill(seed, chosen).steps(); got > most {
			t.Errorf("colliding addresses: %d steps, %d at the most", got, most)
		}
		for name, key := range patterns {
			keys := make([]Key, n)
			for i := range keys {
				keys[i] = key(uint64(i))
			}
			if got := fill(seed, keys).steps(); got > most {
				t.Errorf("%s: %d steps, %d at the most", name, got, most)
			}
		}
	}
}
