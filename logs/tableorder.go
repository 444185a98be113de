package logs

import (
	"encoding/binary"

	"github.com/wirelog/wirelog/value"

	"github.com/dchest/siphash"

	"github.com/wirelog/wirelog/dissect/event"
)

// The key under which Zeek hashes the indexes of its tables is random in every process,
// unless seeds are given. These are the last 16 bytes of the seeds that Zeek's own tests
// are run with (testing/btest/random.seed).
const (
	tableKey0 = 1462428821
	tableKey1 = 32767<<32 | 2278350848
)

// A tableOrder puts connections into the order in which Zeek walks a table that is indexed
// by conn_id: that of the rows of files.log when several connections carried one file. The
// table is Zeek's Dictionary: hashing with buckets of neighbouring slots, which doubles
// when it is full and moves what it holds a few entries at a time, from the end.
//
// A tableOrder may be used again; it keeps its memory.
type tableOrder struct {
	slots []tableSlot
	bits  int
	used  int
	// What lies at or below unmoved may still be in the bucket of a smaller table; -1: nothing.
	unmoved int
}

// A tableSlot is empty if conn is 0.
type tableSlot struct {
	conn     int // its place in the input, from 1
	hash     uint64
	distance int // from the slot that is the bucket's own
}

// Zeek's Dict.h.
const (
	tableMoves    = 16 // entries moved with an insertion
	tableFullBits = 3  // tables of up to this many bits are filled up
	tableLoad     = 75 // percent of larger ones
)

// order calls visit with the place in conns of each connection. The connections differ.
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

// transportBits are what Zeek's ports have above their 16 bits (Val.h).
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

// own is the bucket of what lies in slot i, which is not empty.
func (t *tableOrder) own(i int) int { return i - t.slots[i].distance }

// end is the slot behind the last one of a bucket.
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

// place puts s into slot at. The first entry of the bucket that lies there goes behind the
// last of it, and so on until a slot is empty, which is returned.
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

// grow doubles the buckets. Some slots follow the last bucket, for what is not in its own.
func (t *tableOrder) grow() {
	t.unmoved = len(t.slots)
	t.bits++
	for len(t.slots) < 1<<t.bits+t.bits {
		t.slots = append(t.slots, tableSlot{})
	}
}

// move brings the entry in slot at to the bucket that it has in the table of today, and
// says whether that was another.
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

// take empties slot at; entries that are not in their own slot move up.
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
