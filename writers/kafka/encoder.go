package kafka

import (
	"encoding/binary"
	"net/netip"
	"strconv"

	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/value"
	"github.com/wirelog/wirelog/writers"
	"github.com/wirelog/wirelog/writers/internal/text"
	"github.com/wirelog/wirelog/writers/json"
)

// A row is the key and the value of a message: the length of the key plus 1 as a varint,
// or 0 for no key; the key; the value.

// rowEncoder encodes the rows of one log.
type rowEncoder struct {
	json *json.Encoder
	// before and after enclose the object of a tagged message.
	before, after string
	key           *keySink
	scratch       []byte
}

var _ writers.Clocked = (*rowEncoder)(nil)

func newRowEncoder(c *Config, info *writers.StreamInfo) *rowEncoder {
	e := &rowEncoder{json: c.Format.New(info.Schema, info.Groups), key: newKeySink(c.key, info)}
	if c.Tagged {
		e.before, e.after = `{"`+info.Log+`": `, "}"
	}
	return e
}

// SetClock implements writers.Clocked.
func (e *rowEncoder) SetClock(now *value.Time) { e.json.SetClock(now) }

// Append implements writers.RowEncoder.
func (e *rowEncoder) Append(dst []byte, rec schemas.Record) []byte {
	if key, ok := e.key.of(rec, e.scratch[:0]); ok {
		dst = append(binary.AppendUvarint(dst, uint64(len(key))+1), key...)
		e.scratch = key
	} else {
		dst = append(dst, 0)
	}
	dst = e.json.Append(append(dst, e.before...), rec)
	return append(dst[:len(dst)-1], e.after...)
}

// splitRow splits a row that Append has made. A nil key means no key.
func splitRow(row []byte) (key, value []byte) {
	size, n := binary.Uvarint(row)
	row = row[n:]
	if size == 0 {
		return nil, row
	}
	return row[: size-1 : size-1], row[size-1:]
}

// A keySink collects the columns of a key.
type keySink struct {
	template template
	groups   schemas.Groups
	// want is indexed by column: 1 plus the index of its text in values, or 0.
	want   []int
	values [][]byte
	set    []bool
	// parts is indexed by piece of the template: the index in values.
	parts []int
	col   int
	// nested is true inside a set or vector; taken, once its first element was used.
	nested, taken bool
	into          int
}

// newKeySink returns nil if rows of the log have no key: there is no template, or it
// names a column that the log lacks.
func newKeySink(t template, info *writers.StreamInfo) *keySink {
	t = t.with(map[string]string{"log": info.Log, "sensor": info.Sensor})
	if len(t) == 0 {
		return nil
	}
	fields := info.Schema.With(info.Groups).Fields
	k := &keySink{template: t, groups: info.Groups, want: make([]int, len(fields)), parts: make([]int, len(t))}
	for i, p := range t {
		if !p.name {
			continue
		}
		found := false
		for col, f := range fields {
			if f.Name != p.text {
				continue
			}
			if k.want[col] == 0 {
				k.values, k.set = append(k.values, nil), append(k.set, false)
				k.want[col] = len(k.values)
			}
			k.parts[i], found = k.want[col]-1, true
		}
		if !found {
			return nil
		}
	}
	return k
}

// of appends the key of rec to dst. A record with an unset key column has no key.
func (k *keySink) of(rec schemas.Record, dst []byte) (key []byte, ok bool) {
	if k == nil {
		return nil, false
	}
	clear(k.set)
	if k.col = 0; len(k.values) > 0 {
		rec.Encode(k)
	}
	for i, p := range k.template {
		if !p.name {
			dst = append(dst, p.text...)
			continue
		}
		v := k.parts[i]
		if !k.set[v] {
			return nil, false
		}
		dst = append(dst, k.values[v]...)
	}
	return dst, true
}

// next moves to the next value. It returns where to append the value's text, or nil if
// it is not wanted. A set or vector is represented by its first element.
func (k *keySink) next() *[]byte {
	if !k.nested {
		k.into = k.want[k.col]
		k.col++
	} else if k.taken {
		return nil
	}
	if k.into == 0 {
		return nil
	}
	k.taken = true
	v := &k.values[k.into-1]
	*v = (*v)[:0]
	k.set[k.into-1] = true
	return v
}

// Groups, like the methods below, implements schemas.Sink.
func (k *keySink) Groups() schemas.Groups { return k.groups }

func (k *keySink) Unset() {
	if !k.nested {
		k.col++
	}
}

func (k *keySink) Bool(v bool) {
	if to := k.next(); to != nil {
		*to = strconv.AppendBool(*to, v)
	}
}

func (k *keySink) Count(v uint64) {
	if to := k.next(); to != nil {
		*to = strconv.AppendUint(*to, v, 10)
	}
}

func (k *keySink) Int(v int64) {
	if to := k.next(); to != nil {
		*to = strconv.AppendInt(*to, v, 10)
	}
}

func (k *keySink) Double(v float64) {
	if to := k.next(); to != nil {
		*to = text.AppendJSONDouble(*to, v)
	}
}

func (k *keySink) Interval(v float64) { k.Double(v) }

func (k *keySink) Time(v value.Time) {
	if to := k.next(); to != nil {
		*to = text.AppendTime(*to, v)
	}
}

func (k *keySink) String(v string) {
	if to := k.next(); to != nil {
		*to = append(*to, v...)
	}
}

func (k *keySink) Enum(v string) { k.String(v) }

func (k *keySink) Addr(v netip.Addr) {
	if to := k.next(); to != nil {
		*to = text.AppendAddr(*to, v)
	}
}

func (k *keySink) Subnet(v netip.Prefix) {
	if to := k.next(); to != nil {
		*to = text.AppendSubnet(*to, v)
	}
}

func (k *keySink) Port(v uint16) { k.Count(uint64(v)) }

func (k *keySink) Begin(schemas.Container, int) {
	k.into = k.want[k.col]
	k.col++
	k.nested, k.taken = true, false
}

func (k *keySink) End() { k.nested = false }
