// Package json encodes records as Zeek's JSON writer does: one compact object per line,
// without unset columns.
package json

import (
	"fmt"
	"net/netip"
	"strconv"
	"time"

	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/schemas/mapping"
	"github.com/wirelog/wirelog/value"
	"github.com/wirelog/wirelog/writers"
	"github.com/wirelog/wirelog/writers/internal/text"
)

// Timestamps is the form of times.
type Timestamps uint8

// The forms of times.
const (
	epoch   Timestamps = iota // seconds as a double: 1320329757.771755
	Millis                    // milliseconds as an integer, truncated
	ISO8601                   // "2011-11-03T14:15:57.771755Z"
)

var timestampNames = []string{"epoch", "millis", "iso8601"}

// ParseTimestamps returns the form with that name: epoch, millis or iso8601.
func ParseTimestamps(name string) (Timestamps, error) {
	for i, n := range timestampNames {
		if n == name {
			return Timestamps(i), nil
		}
	}
	return 0, fmt.Errorf("unknown form of timestamps %q (known: epoch, millis, iso8601)", name)
}

// String returns the form's name.
func (t Timestamps) String() string { return timestampNames[t] }

// Format is the writers.Format of Zeek JSON. Its zero value is Zeek's default.
type Format struct {
	Timestamps Timestamps
	// Reversible doubles the backslashes of a value, so that the byte 0 and the four
	// characters \x00 differ. Zeek prints both alike.
	Reversible bool
	// Streaming begins every object with _path, the log's name; _system_name, which is
	// System; and _write_ts, the clock when the record was emitted.
	Streaming bool
	System    string
	// Naming, if not nil, writes columns under the names and in the forms of another
	// schema, with System. Streaming then adds the clock alone.
	Naming *mapping.Naming
}

// Name returns "json".
func (Format) Name() string { return "json" }

// Ext returns ".log", as Zeek names its JSON logs.
func (Format) Ext() string { return ".log" }

// Encoder returns a new Encoder.
func (f Format) Encoder(s *schemas.Schema, g schemas.Groups) writers.Encoder { return f.New(s, g) }

// Encoder encodes the records of one log.
type Encoder struct {
	sink sink
	// before is the beginning of every object of the streaming form, up to the time,
	// which now points to.
	before []byte
	now    *value.Time
	// mapped, if not nil, encodes instead.
	mapped *mapped
}

var _ writers.Encoder = (*Encoder)(nil)

// New returns an encoder for records of s with the optional columns of g.
func (f Format) New(s *schemas.Schema, g schemas.Groups) *Encoder {
	e := &Encoder{sink: sink{groups: g, format: f}, now: new(value.Time)}
	if f.Naming != nil {
		e.mapped = f.newMapped(s, g)
		return e
	}
	for _, field := range s.With(g).Fields {
		e.sink.keys = append(e.sink.keys, `,"`+field.Name+`":`)
	}
	if f.Streaming {
		e.before = e.sink.appendString([]byte(`{"_path":`), s.Name)
		if f.System != "" {
			e.before = e.sink.appendString(append(e.before, `,"_system_name":`...), f.System)
		}
		e.before = append(e.before, `,"_write_ts":`...)
	}
	return e
}

// RecordID says where an identity of the row may be put into what Append appends: at at,
// with the key before it and a comma after it.
func (e *Encoder) RecordID() (at int, key string) {
	if e.mapped != nil {
		return e.mapped.idAt, e.mapped.idKey
	}
	return 1, `"_record_id":`
}

// AppendTime appends a time in ISO 8601, as a JSON string.
func AppendTime(dst []byte, t value.Time) []byte { return append(appendISO(append(dst, '"'), t), '"') }

// SetClock implements writers.Clocked.
func (e *Encoder) SetClock(now *value.Time) { e.now = now }

// Append appends rec as one line.
func (e *Encoder) Append(dst []byte, rec schemas.Record) []byte {
	if e.mapped != nil {
		return e.mapped.append(dst, rec, *e.now)
	}
	start := len(dst)
	if e.before != nil {
		dst = e.sink.appendTime(append(dst, e.before...), *e.now)
	}
	e.sink.buf, e.sink.col = dst, 0
	rec.Encode(&e.sink)
	dst, e.sink.buf = e.sink.buf, nil
	if len(dst) == start {
		return append(dst, "{}\n"...)
	}
	dst[start] = '{'
	return append(dst, '}', '\n')
}

// AppendHeader returns dst: JSON files have no header.
func (e *Encoder) AppendHeader(dst []byte, _ time.Time) []byte { return dst }

// AppendFooter returns dst: JSON files have no footer.
func (e *Encoder) AppendFooter(dst []byte, _ time.Time) []byte { return dst }

type sink struct {
	buf []byte
	// keys are the columns' names with the comma before and the colon after them.
	keys   []string
	col    int
	nested bool
	groups schemas.Groups
	format Format
}

func (s *sink) Groups() schemas.Groups { return s.groups }

// key appends the text before the next value.
func (s *sink) key() []byte {
	if s.nested {
		if s.buf[len(s.buf)-1] == '[' {
			return s.buf
		}
		return append(s.buf, ',')
	}
	s.col++
	return append(s.buf, s.keys[s.col-1]...)
}

func (s *sink) Unset() {
	if s.nested {
		s.buf = append(s.key(), "null"...)
		return
	}
	s.col++
}

func (s *sink) Bool(v bool) { s.buf = strconv.AppendBool(s.key(), v) }

func (s *sink) Count(v uint64) { s.buf = text.AppendUint(s.key(), v) }

func (s *sink) Int(v int64) { s.buf = strconv.AppendInt(s.key(), v, 10) }

func (s *sink) Double(v float64) { s.buf = text.AppendJSONDouble(s.key(), v) }

func (s *sink) Interval(v float64) { s.buf = text.AppendJSONDouble(s.key(), v) }

func (s *sink) Time(v value.Time) { s.buf = s.appendTime(s.key(), v) }

func (s *sink) appendTime(dst []byte, v value.Time) []byte {
	if s.format.Timestamps == ISO8601 {
		return append(ISO8601.Append(append(dst, '"'), v), '"')
	}
	return s.format.Timestamps.Append(dst, v)
}

// Append appends a time in the form, without quotes.
func (t Timestamps) Append(dst []byte, v value.Time) []byte {
	switch t {
	case Millis:
		return strconv.AppendInt(dst, int64(v.Seconds()*1000), 10)
	case ISO8601:
		return appendISO(dst, v)
	default:
		return text.AppendJSONDouble(dst, v.Seconds())
	}
}

func appendISO(dst []byte, v value.Time) []byte {
	us := int64(v) / 1000
	sec := us / 1e6
	if us -= sec * 1e6; us < 0 {
		sec, us = sec-1, us+1e6
	}
	dst = time.Unix(sec, 0).UTC().AppendFormat(dst, "2006-01-02T15:04:05.")
	return append(text.AppendMicros(dst, uint64(us)), 'Z')
}

func (s *sink) String(v string) { s.buf = s.appendString(s.key(), v) }

func (s *sink) Enum(v string) { s.buf = s.appendString(s.key(), v) }

func (s *sink) Addr(v netip.Addr) {
	s.buf = append(text.AppendAddr(append(s.key(), '"'), v), '"')
}

func (s *sink) Subnet(v netip.Prefix) {
	s.buf = append(text.AppendSubnet(append(s.key(), '"'), v), '"')
}

func (s *sink) Port(v uint16) { s.Count(uint64(v)) }

func (s *sink) Begin(schemas.Container, int) {
	s.buf = append(s.key(), '[')
	s.nested = true
}

func (s *sink) End() {
	s.buf = append(s.buf, ']')
	s.nested = false
}

// plain tells which bytes need no escape in a JSON string.
var plain = func() (t [256]bool) {
	for c := ' '; c <= '~'; c++ {
		t[c] = c != '"' && c != '\\'
	}
	return t
}()

func (s *sink) appendString(dst []byte, v string) []byte {
	dst = append(dst, '"')
	n := 0
	for n < len(v) && plain[v[n]] {
		n++
	}
	dst = append(dst, v[:n]...)
	if n < len(v) {
		dst = s.appendEscaped(dst, v[n:], text.Clean(v[n:], text.HasJSONEscape))
	}
	return append(dst, '"')
}

// appendEscaped escapes v. Unless v is clean, bytes outside ASCII and control characters
// without a short escape become \xhh.
func (s *sink) appendEscaped(dst []byte, v string, clean bool) []byte {
	for i := range len(v) {
		switch c := v[i]; {
		case plain[c]:
			dst = append(dst, c)
		case c == '"':
			dst = append(dst, '\\', '"')
		case c == '\\':
			dst = append(dst, '\\', '\\')
			if s.format.Reversible {
				dst = append(dst, '\\', '\\')
			}
		case text.HasJSONEscape(c):
			dst = append(dst, '\\', "btn_fr"[c-'\b'])
		case clean:
			dst = append(dst, c)
		default:
			dst = text.AppendByte(append(dst, '\\'), c)
		}
	}
	return dst
}
