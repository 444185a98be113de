package kafka

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"time"

	"github.com/segmentio/kafka-go/compress"
)

// A message becomes one record of a topic.
type message struct {
	key, value []byte // a nil key means no key
	// headers are encoded as in records, without their number.
	headers  []byte
	nHeaders int
	// time is in milliseconds since the epoch.
	time int64
}

// A batch holds records of one partition that are sent together, in version 2 of the
// format (https://kafka.apache.org/documentation/#recordbatch). It is encoded by hand
// because the library's encoder passes over each record several times.
type batch struct {
	records []byte
	rows    []rowOf
	// base is the time that record times are relative to, max the latest time.
	base, max int64
	begun     time.Time
	// tried is when the batch was first sent, or zero.
	tried time.Time
	// held is how many bytes Place.hold has counted for the batch.
	held int
	// mark is the number of Marks before it.
	mark uint64
}

// A rowOf is one record of a batch: its end in records, and the stream that counts it.
type rowOf struct {
	end    int
	stream *stream
	// segment is the spool segment that the record was read from, or nil.
	segment *segment
}

// headerSize is the number of bytes before the records of a batch.
const headerSize = 61

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// add appends m.
func (b *batch) add(s *stream, seg *segment, m *message) {
	if len(b.rows) == 0 {
		b.base, b.max = m.time, m.time
	}
	b.max = max(b.max, m.time)
	delta, offset := m.time-b.base, int64(len(b.rows))
	keySize := int64(len(m.key))
	if m.key == nil {
		keySize = -1
	}
	size := 1 + varintSize(delta) + varintSize(offset) + varintSize(keySize) + len(m.key) +
		varintSize(int64(len(m.value))) + len(m.value) + varintSize(int64(m.nHeaders)) + len(m.headers)
	r := binary.AppendVarint(b.records, int64(size))
	r = append(r, 0) // attributes
	r = binary.AppendVarint(r, delta)
	r = binary.AppendVarint(r, offset)
	r = append(binary.AppendVarint(r, keySize), m.key...)
	r = append(binary.AppendVarint(r, int64(len(m.value))), m.value...)
	r = append(binary.AppendVarint(r, int64(m.nHeaders)), m.headers...)
	b.records = r
	b.rows = append(b.rows, rowOf{len(r), s, seg})
}

// recordSize returns an upper bound of what add appends for m.
func recordSize(m *message) int {
	return len(m.key) + len(m.value) + len(m.headers) + 36
}

func varintSize(v int64) int {
	u := uint64(v)<<1 ^ uint64(v>>63)
	n := 1
	for ; u >= 0x80; u >>= 7 {
		n++
	}
	return n
}

// size returns the number of bytes of record i.
func (b *batch) size(i int) int {
	if i == 0 {
		return b.rows[0].end
	}
	return b.rows[i].end - b.rows[i-1].end
}

// message returns record i. Its slices belong to b.
func (b *batch) message(i int) message {
	r := b.records[b.rows[i].end-b.size(i) : b.rows[i].end]
	next := func() int64 {
		v, n := binary.Varint(r)
		r = r[n:]
		return v
	}
	var m message
	next()
	r = r[1:]
	m.time = b.base + next()
	next()
	if n := next(); n >= 0 {
		m.key, r = r[:n:n], r[n:]
	}
	n := next()
	m.value, r = r[:n:n], r[n:]
	m.nHeaders = int(next())
	m.headers = r
	return m
}

// addOf appends the records of from that pick selects.
func (b *batch) addOf(from *batch, pick func(i int) bool) {
	for i, r := range from.rows {
		if pick(i) {
			m := from.message(i)
			b.add(r.stream, r.segment, &m)
		}
	}
}

// eachStream calls f for each stream in b with its number of records and bytes.
func (b *batch) eachStream(f func(s *stream, rows, size int)) {
	for i := 0; i < len(b.rows); {
		s, start := b.rows[i].stream, i
		size := 0
		for ; i < len(b.rows) && b.rows[i].stream == s; i++ {
			size += b.size(i)
		}
		f(s, i-start, size)
	}
}

// settle tells the spool that the records of b need not be kept any longer.
func (b *batch) settle() {
	for i := 0; i < len(b.rows); {
		seg, start := b.rows[i].segment, i
		for ; i < len(b.rows) && b.rows[i].segment == seg; i++ {
		}
		seg.settle(i - start)
	}
}

// appendHeader appends a header of a record.
func appendHeader(dst []byte, name string, value []byte) []byte {
	dst = append(binary.AppendVarint(dst, int64(len(name))), name...)
	return append(binary.AppendVarint(dst, int64(len(value))), value...)
}

// appendTo appends the batch as in a request, preceded by its size.
func (b *batch) appendTo(dst []byte, c compress.Compression) ([]byte, error) {
	start := len(dst)
	dst = append(dst, make([]byte, 4+headerSize)...)
	if c == compress.None {
		dst = append(dst, b.records...)
	} else {
		out := bytes.NewBuffer(dst)
		w := c.Codec().NewWriter(out)
		if _, err := w.Write(b.records); err != nil {
			return dst[:start], err
		}
		if err := w.Close(); err != nil {
			return dst[:start], err
		}
		dst = out.Bytes()
	}
	h := dst[start+4:]
	be := binary.BigEndian
	be.PutUint32(dst[start:], uint32(len(h)))
	be.PutUint32(h[8:], uint32(len(h)-12))      // length of what follows
	be.PutUint32(h[12:], ^uint32(0))            // partition leader epoch
	h[16] = 2                                   // magic
	be.PutUint16(h[21:], uint16(c))             // attributes
	be.PutUint32(h[23:], uint32(len(b.rows)-1)) // last offset delta
	be.PutUint64(h[27:], uint64(b.base))        // base timestamp
	be.PutUint64(h[35:], uint64(b.max))         // max timestamp
	be.PutUint64(h[43:], ^uint64(0))            // producer id
	be.PutUint16(h[51:], ^uint16(0))            // producer epoch
	be.PutUint32(h[53:], ^uint32(0))            // base sequence
	be.PutUint32(h[57:], uint32(len(b.rows)))   // records
	be.PutUint32(h[17:], crc32.Checksum(h[21:], castagnoli))
	return dst, nil
}

func (b *batch) reset() {
	clear(b.rows)
	*b = batch{records: b.records[:0], rows: b.rows[:0]}
}
