// Package tsv encodes records as Zeek's ASCII writer does: tab-separated values below
// header lines with the names and types of the columns.
//
// Control characters, backslashes, separators and invalid UTF-8 are escaped, so that a
// row is always one line with the right number of columns. Unescape reverses that.
package tsv

import (
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/value"
	"github.com/wirelog/wirelog/writers"
	"github.com/wirelog/wirelog/writers/internal/text"
)

// Placeholders in a row.
const (
	Unset = "-"
	Empty = "(empty)"
)

// timeLayout is the form of #open and #close, in local time.
const timeLayout = "2006-01-02-15-04-05"

// Format is the writers.Format of Zeek TSV.
type Format struct {
	// Exact writes a double that six decimals, as Zeek writes, do not hold in the shortest
	// form that reads back, such as 2.5e-10.
	Exact bool
}

// Name returns "tsv".
func (Format) Name() string { return "tsv" }

// Ext returns ".log".
func (Format) Ext() string { return ".log" }

// Encoder returns a new Encoder.
func (f Format) Encoder(s *schemas.Schema, g schemas.Groups) writers.Encoder {
	e := New(s, g)
	e.sink.exact = f.Exact
	return e
}

// Encoder encodes the records of one log.
type Encoder struct {
	sink   sink
	schema *schemas.Schema
}

var _ writers.Encoder = (*Encoder)(nil)

// New returns an encoder for records of s with the optional columns of g.
func New(s *schemas.Schema, g schemas.Groups) *Encoder {
	return &Encoder{sink: sink{groups: g, sep: '\t'}, schema: s.With(g)}
}

// Append appends rec as one line.
func (e *Encoder) Append(dst []byte, rec schemas.Record) []byte {
	start := len(dst)
	e.sink.buf = dst
	rec.Encode(&e.sink)
	dst, e.sink.buf = e.sink.buf, nil
	if len(dst) == start {
		return append(dst, '\n')
	}
	dst[len(dst)-1] = '\n'
	if dst[start] == '#' {
		// A leading # would make it a header line.
		dst = append(dst, "   "...)
		copy(dst[start+4:], dst[start+1:len(dst)-3])
		text.AppendByte(dst[:start], '#')
	}
	return dst
}

// AppendHeader appends the header lines of a file opened at t.
func (e *Encoder) AppendHeader(dst []byte, t time.Time) []byte {
	dst = append(dst, "#separator \\x09\n#set_separator\t,\n#empty_field\t"+Empty+"\n#unset_field\t"+Unset+"\n#path\t"...)
	dst = append(dst, e.schema.Name...)
	dst = append(dst, "\n#open\t"...)
	dst = t.Local().AppendFormat(dst, timeLayout)
	dst = append(dst, "\n#fields"...)
	for i := range e.schema.Fields {
		dst = append(append(dst, '\t'), e.schema.Fields[i].Name...)
	}
	dst = append(dst, "\n#types"...)
	for i := range e.schema.Fields {
		dst = append(append(dst, '\t'), e.schema.Fields[i].ZeekType()...)
	}
	return append(dst, '\n')
}

// AppendFooter appends the last line of a file closed at t.
func (e *Encoder) AppendFooter(dst []byte, t time.Time) []byte {
	dst = t.Local().AppendFormat(append(dst, "#close\t"...), timeLayout)
	return append(dst, '\n')
}

// A sink appends every value with its separator.
type sink struct {
	buf    []byte
	groups schemas.Groups
	// sep is a comma inside containers, otherwise a tab.
	sep   byte
	exact bool
}

func (s *sink) Groups() schemas.Groups { return s.groups }

func (s *sink) Unset() { s.buf = append(s.buf, '-', s.sep) }

func (s *sink) Bool(v bool) {
	c := byte('F')
	if v {
		c = 'T'
	}
	s.buf = append(s.buf, c, s.sep)
}

func (s *sink) Count(v uint64) {
	if v < 10 { // as most are
		s.buf = append(s.buf, '0'+byte(v), s.sep)
		return
	}
	s.buf = append(text.AppendUint(s.buf, v), s.sep)
}

func (s *sink) Int(v int64) { s.buf = append(strconv.AppendInt(s.buf, v, 10), s.sep) }

func (s *sink) Double(v float64) {
	n := len(s.buf)
	s.buf = text.AppendTSVDouble(s.buf, v)
	if s.exact {
		if back, err := strconv.ParseFloat(string(s.buf[n:]), 64); err != nil || back != v && v == v || len(s.buf)-n > 24 {
			s.buf = strconv.AppendFloat(s.buf[:n], v, 'g', -1, 64)
		}
	}
	s.buf = append(s.buf, s.sep)
}

func (s *sink) Time(v value.Time) { s.buf = append(text.AppendTime(s.buf, v), s.sep) }

func (s *sink) Interval(v float64) { s.buf = append(text.AppendFixed(s.buf, v), s.sep) }

func (s *sink) String(v string) { s.buf = append(appendString(s.buf, v, s.sep == ','), s.sep) }

func (s *sink) Enum(v string) { s.String(v) }

func (s *sink) Addr(v netip.Addr) { s.buf = append(text.AppendAddr(s.buf, v), s.sep) }

func (s *sink) Subnet(v netip.Prefix) { s.buf = append(text.AppendSubnet(s.buf, v), s.sep) }

func (s *sink) Port(v uint16) { s.Count(uint64(v)) }

func (s *sink) Begin(_ schemas.Container, n int) {
	if n == 0 {
		// End replaces the last comma with a tab.
		s.buf = append(s.buf, Empty+","...)
	}
	s.sep = ','
}

func (s *sink) End() {
	s.buf[len(s.buf)-1] = '\t'
	s.sep = '\t'
}

// What a byte of a string may need.
const (
	special  = 1 << iota // escaping, or a check as UTF-8
	splitter             // escaping by itself
	comma                // escaping by itself inside containers
)

var classes = func() (t [256]uint8) {
	for c := range t {
		if c < ' ' || c > '~' {
			t[c] = special
		}
	}
	t['\\'] = special | splitter
	t['\t'] = special | splitter
	t[','] = comma
	return t
}()

func appendString(dst []byte, v string, nested bool) []byte {
	if v == "" {
		return append(dst, Empty...)
	}
	var odd uint64
	switch n := len(v); {
	case n >= 8:
		for rest := v; len(rest) > 8; rest = rest[8:] {
			odd |= oddBytes(rest, nested)
		}
		odd |= oddBytes(v[n-8:], nested)
	case n >= 4:
		odd = oddWord(uint64(four(v))|uint64(four(v[n-4:]))<<32, nested)
	default:
		const filler = 0x61616161_61000000
		odd = oddWord(filler|uint64(v[n-1])<<16|uint64(v[n>>1])<<8|uint64(v[0]), nested)
	}
	if odd != 0 {
		return appendEscaped(dst, v, nested)
	}
	if c := v[0]; (c == Unset[0] || c == Empty[0]) && (v == Unset || v == Empty) {
		dst = text.AppendByte(dst, c)
		v = v[1:]
	}
	return append(dst, v...)
}

// oddBytes is oddWord of the first eight bytes of v.
func oddBytes(v string, nested bool) uint64 {
	return oddWord(uint64(four(v))|uint64(four(v[4:]))<<32, nested)
}

// four returns the first four bytes of v.
func four(v string) uint32 {
	_ = v[3]
	return uint32(v[0]) | uint32(v[1])<<8 | uint32(v[2])<<16 | uint32(v[3])<<24
}

// oddWord returns a number that is 0 if appendString can copy eight bytes as they are. It
// looks at all of them at once: a calculation sets the highest bit of each byte that it
// looks for. A carry out of such a byte may set that of others, which does not matter.
func oddWord(w uint64, nested bool) uint64 {
	const each, high = 0x0101010101010101, 0x8080808080808080
	odd := w | (w - each*' ') | (w + each*(0x80-0x7f)) | (w ^ each*'\\' - each)
	if nested {
		odd |= w ^ each*',' - each
	}
	return odd & high
}

// appendEscaped escapes v in the chunks between splitters. In a chunk that is not clean,
// every byte that is not printable ASCII is escaped.
func appendEscaped(dst []byte, v string, nested bool) []byte {
	mask := uint8(splitter)
	if nested {
		mask |= comma
	}
	for v != "" {
		n := 0
		for n < len(v) && classes[v[n]]&mask == 0 {
			n++
		}
		chunk := v[:n]
		if text.Clean(chunk, noControl) {
			dst = append(dst, chunk...)
		} else {
			for i := range len(chunk) {
				if c := chunk[i]; classes[c]&special != 0 {
					dst = text.AppendByte(dst, c)
				} else {
					dst = append(dst, c)
				}
			}
		}
		if v = v[n:]; v == "" {
			break
		}
		if v[0] == '\\' {
			dst = append(dst, '\\', '\\')
		} else {
			dst = text.AppendByte(dst, v[0])
		}
		v = v[1:]
	}
	return dst
}

func noControl(byte) bool { return false }

// Unescape returns the string whose escaped form is v. It does not know unset and empty
// values: the caller must check for them first.
func Unescape(v string) string {
	if strings.IndexByte(v, '\\') < 0 {
		return v
	}
	out := make([]byte, 0, len(v))
	for i := 0; i < len(v); i++ {
		if v[i] == '\\' && i+1 < len(v) {
			if v[i+1] == '\\' {
				i++
			} else if v[i+1] == 'x' && i+3 < len(v) {
				if b, err := strconv.ParseUint(v[i+2:i+4], 16, 8); err == nil {
					out = append(out, byte(b))
					i += 3
					continue
				}
			}
		}
		out = append(out, v[i])
	}
	return string(out)
}
