package logs

import (
	"encoding/binary"

	"github.com/dchest/siphash"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/value"
)

// The key under which Zeek hashes the indexes of its tables is random in every process,
// unless seeds are given. These are the last 16 bytes of the seeds of Zeek's own tests
// (testing/btest/random.seed).
const (
	tableKey0 = 1462428821
	tableKey1 = 32767<<32 | 2278350848
)

// A tableOrder sorts connections in the order in which Zeek walks a table indexed by
// conn_id: the order of the rows of files.log when several connections carried one file. The
// table is Zeek's Dictionary, a hash table with buckets of neighbouring slots. It doubles
// when it is full and then moves its entries a few at a time, from the end.
//
// A tableOrder may be reused; it keeps its memory.
type tableOrder struct {
	slots []tableSlot
	bits  int
	used  int
	// Entries at or below unmoved may still be in the bucket of the smaller table; -1 if
	// none are.
	unmoved int
}

// A tableSlot is empty if conn is 0.
type tableSlot struct {
	conn     int // index in the input, from 1
	hash     uint64
	distance int // from the first slot of the bucket
}

// Constants of Zeek's Dict.h.
const (
	tableMoves    = 16 // entries moved with an insertion
	tableFullBits = 3  // tables of up to this many bits are filled up
	tableLoad     = 75 // percent of larger ones
)

// order calls visit with the index in conns of each connection. The connections must differ.
func (t *tableOrder) order(conns []event.FileConn, visit func(int)) {
	t.bits, t.used, t.unmoved = 0, 0, -1
	t.slots = append(t.slots[:0], tableSlot{})
	for i := range conns {
		t.insert(tableSlot{conn: i + 1, hash: connHash(&conns[i].ID)})
	}
	for i := range t.slots {
		if n := t.slots[i].conn; n != 0 {
			visit(n - 1)
		}
	}
}

// transportBits are the bits of Zeek's ports above the 16 of the number (Val.h).
var transportBits = map[value.Proto]uint64{value.ProtoTCP: 1 << 16, value.ProtoUDP: 2 << 16, value.ProtoICMP: 3 << 16}

// connHash hashes id as Zeek's CompositeHash writes a conn_id: addresses in 16 bytes, ports
// with the bits of their protocol, and a byte before each field that may be unset.
func connHash(id *event.ConnID) uint64 {
	var b [65]byte
	transport := transportBits[id.Proto]
	orig, resp := id.OrigH.As16(), id.RespH.As16()
	copy(b[0:], orig[:])
	binary.LittleEndian.PutUint64(b[16:], uint64(id.OrigP)|transport)
	copy(b[24:], resp[:])
	binary.LittleEndian.PutUint64(b[40:], uint64(id.RespP)|transport)
	b[48] = 1 // proto is set
	binary.LittleEndian.PutUint64(b[56:], uint64(id.IPProto))
	b[64] = 1 // ctx is set, and is empty
	// The dictionary keeps 32 bits and spreads them by the golden ratio.
	return siphash.Hash(tableKey0, tableKey1, b[:]) & 0xffffffff * 11400714819323198485
}

func (t *tableOrder) bucket(hash uint64) int { return int(hash & (1<<t.bits - 1)) }

// own returns the bucket of the entry in slot i, which is not empty.
func (t *tableOrder) own(i int) int { return i - t.slots[i].distance }

// end returns the slot after the last one of a bucket.
func (t *tableOrder) end(bucket int) int {
	i := bucket
	for i < len(t.slots) && t.slots[i].conn != 0 && t.own(i) <= bucket {
		i++
	}
	return i
}

func (t *tableOrder) insert(s tableSlot) {
	bucket := t.bucket(s.hash)
	at := t.end(bucket)
	s.distance = at - bucket
	if last := t.place(s, at); at <= t.unmoved && t.unmoved < last {
		t.unmoved = last
	}
	t.used++
	full := len(t.slots)
	if t.bits > tableFullBits {
		full = full * tableLoad / 100
	}
	if t.used > full {
		t.grow()
	}
	for left := tableMoves; t.unmoved >= 0 && left > 0; {
		if t.slots[t.unmoved].conn != 0 && t.move(t.unmoved) {
			left--
		} else {
			t.unmoved--
		}
	}
}

// place puts s into slot at. The entry that is displaced goes to the end of its own bucket,
// and so on until a slot is empty; place returns that slot.
func (t *tableOrder) place(s tableSlot, at int) int {
	for {
		if at == len(t.slots) {
			t.grow()
		}
		there := t.slots[at]
		t.slots[at] = s
		if there.conn == 0 {
			return at
		}
		next := at + 1
		for next < len(t.slots) && t.slots[next].conn != 0 && t.own(next) == at-there.distance {
			next++
		}
		there.distance += next - at
		s, at = there, next
	}
}

// grow doubles the buckets. Some slots follow the last bucket, for entries that overflow.
func (t *tableOrder) grow() {
	t.unmoved = len(t.slots)
	t.bits++
	for len(t.slots) < 1<<t.bits+t.bits {
		t.slots = append(t.slots, tableSlot{})
	}
}

// move puts the entry in slot at into its bucket in the current table, and reports whether
// that was another one.
func (t *tableOrder) move(at int) bool {
	s := t.slots[at]
	bucket := t.bucket(s.hash)
	if t.own(at) == bucket {
		return false
	}
	t.take(at)
	to := t.end(bucket)
	s.distance = to - bucket
	t.place(s, to)
	return true
}

// take empties slot at; entries that overflowed move up.
func (t *tableOrder) take(at int) {
	for at+1 < len(t.slots) && t.slots[at+1].conn != 0 && t.slots[at+1].distance != 0 {
		bucket, next := t.own(at+1), at+1
		for next+1 < len(t.slots) && t.slots[next+1].conn != 0 && t.own(next+1) == bucket {
			next++
		}
		t.slots[at] = t.slots[next]
		t.slots[at].distance -= next - at
		at = next
	}
	t.slots[at] = tableSlot{}
}
