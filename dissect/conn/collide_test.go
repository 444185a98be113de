package conn

import (
	"math/rand/v2"
	"net/netip"
	"testing"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/dissect/link/packet"
)

// steps is the number of slots visited when every connection is looked up once.
func (t *Table) steps() (n uint64) {
	for i := range t.slots {
		if s := &t.slots[i]; s.ref != 0 {
			n += (uint64(i)-t.at(s.ref-1).key.hash(&t.slotKey))&t.mask + 1
		}
	}
	return n
}

func fill(slotKey Seed, keys []Key) *Table {
	t := NewTable(DefaultOptions(), new(event.Hooks), nil)
	t.slotKey = slotKey
	for i := range keys {
		t.insert(&keys[i])
	}
	return t
}

// TestSlotKey checks that who knows the seed of the uids does not know the table's hash.
func TestSlotKey(t *testing.T) {
	cfg := DefaultOptions()
	cfg.Seed = Seed{1, 2, 3, 4, 5, 6}
	a, b := NewTable(cfg, new(event.Hooks), nil), NewTable(cfg, new(event.Hooks), nil)
	if a.slotKey == cfg.Seed || b.slotKey == cfg.Seed || a.slotKey == b.slotKey {
		t.Error("the key of the table's hash is not its own")
	}
	k, _ := MakeKey(packet.Addr{Lo: 1}, packet.Addr{Lo: 2}, 3, 4, 6, 0, false)
	if a.insert(&k).UID() != b.insert(&k).UID() {
		t.Error("equal seeds give different uids")
	}
}

// TestCollidingAddresses checks that addresses chosen to collide, by somebody who knows
// everything but the seed, cost at most twice the steps of random ones.
func TestCollidingAddresses(t *testing.T) {
	const n = 20_000
	v4 := func(a uint32) packet.Addr { return packet.Addr{Lo: 0xffff<<32 | uint64(a)} }
	rng := rand.New(rand.NewPCG(1, 9))
	random := func() Key {
		k, _ := MakeKey(v4(rng.Uint32()), v4(rng.Uint32()),
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
	// Keys that differ in few bits, or have equal halves, collide in weak hashes.
	addr := func(s string) packet.Addr { return packet.AddrFrom16((*[16]byte)(netip.MustParseAddr(s).AsSlice())) }
	net6 := addr("2001:db8::")
	patterns := map[string]func(i uint64) Key{
		"addresses in a row": func(i uint64) Key {
			return Key{a: v4(uint32(i)), b: v4(0xc0000201), pa: 1, pb: 2, proto: 6}
		},
		"addresses far apart": func(i uint64) Key {
			return Key{a: packet.Addr{Lo: 0xffff<<32 | i<<16}, b: v4(0xc0000201), pa: 1, pb: 2, proto: 6}
		},
		"both ends alike": func(i uint64) Key {
			return Key{a: v4(uint32(i)), b: v4(uint32(i)), pa: 1, pb: 2, proto: 6}
		},
		"sum of ends the same": func(i uint64) Key {
			return Key{a: v4(uint32(i)), b: v4(uint32(1<<20 - i)), pa: 1, pb: 2, proto: 6}
		},
		"ports": func(i uint64) Key {
			return Key{a: v4(1), b: v4(2), pa: uint16(i), pb: uint16(i >> 16), proto: 6}
		},
		"upper halves of IPv6": func(i uint64) Key {
			return Key{a: packet.Addr{Hi: net6.Hi | i, Lo: 1}, b: packet.Addr{Hi: net6.Hi, Lo: 1}, pa: 1, pb: 2, proto: 6}
		},
		"lower halves of IPv6": func(i uint64) Key {
			return Key{a: packet.Addr{Hi: net6.Hi, Lo: i << 44}, b: packet.Addr{Hi: net6.Hi, Lo: i << 44}, pa: 1, pb: 2, proto: 6}
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
