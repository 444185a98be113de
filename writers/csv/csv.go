// Package csv encodes records as comma-separated values (RFC 4180) below a line with the
// names of the columns, for spreadsheets and data frames.
//
// An unset value is an empty field and an empty string is "", in quotes. The elements of
// a set or vector are separated by a comma, in quotes, as they are in Zeek's TSV. Bytes
// that are not text are escaped as in Zeek's JSON.
package csv

import (
	"net/netip"
	"strconv"
	"time"

	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/value"
	"github.com/wirelog/wirelog/writers"
	"github.com/wirelog/wirelog/writers/internal/text"
	"github.com/wirelog/wirelog/writers/json"
)

// Format is the writers.Format of CSV.
type Format struct {
	// Timestamps is the form of times.
	Timestamps json.Timestamps
}

// Name returns "csv".
func (Format) Name() string { return "csv" }

// Ext returns ".csv".
func (Format) Ext() string { return ".csv" }

// Encoder returns an encoder for records of s with the optional columns of g.
func (f Format) Encoder(s *schemas.Schema, g schemas.Groups) writers.Encoder {
	return &encoder{sink: sink{groups: g, format: f}, schema: s.With(g)}
}

// An encoder encodes the records of one log.
type encoder struct {
	sink   sink
	schema *schemas.Schema
}

// Append appends rec as one record, which has several lines if a value has.
func (e *encoder) Append(dst []byte, rec schemas.Record) []byte {
	start := len(dst)
	e.sink.buf = dst
	rec.Encode(&e.sink)
	dst, e.sink.buf = e.sink.buf, nil
	if len(dst) == start {
		return append(dst, '\n')
	}
	if len(dst) == start+1 {
		// A line without anything would be no record.
		dst = append(dst[:start], `"",`...)
	}
	dst[len(dst)-1] = '\n'
	return dst
}

// AppendHeader appends the names of the columns.
func (e *encoder) AppendHeader(dst []byte, _ time.Time) []byte {
	for i := range e.schema.Fields {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendQuoted(dst, []byte(e.schema.Fields[i].Name))
	}
	return append(dst, '\n')
}

// AppendFooter returns dst: CSV files have no footer.
func (e *encoder) AppendFooter(dst []byte, _ time.Time) []byte { return dst }

// A sink appends every value with a comma.
type sink struct {
	buf    []byte
	list   []byte // the elements so far
	nested bool
	groups schemas.Groups
	format Format
	tmp    []byte
}

func (s *sink) Groups() schemas.Groups { return s.groups }

func (s *sink) Unset() {
	if s.nested {
		s.list = append(s.list, "-,"...)
		return
	}
	s.buf = append(s.buf, ',')
}

// put takes a value that needs no quotes.
func (s *sink) put(v []byte) {
	if s.nested {
		s.list = append(append(s.list, v...), ',')
		return
	}
	s.buf = append(append(s.buf, v...), ',')
}

func (s *sink) Bool(v bool) {
	s.tmp = strconv.AppendBool(s.tmp[:0], v)
	s.put(s.tmp)
}

func (s *sink) Count(v uint64) {
	s.tmp = text.AppendUint(s.tmp[:0], v)
	s.put(s.tmp)
}

func (s *sink) Int(v int64) {
	s.tmp = strconv.AppendInt(s.tmp[:0], v, 10)
	s.put(s.tmp)
}

// Double appends the shortest form that reads back as v.
func (s *sink) Double(v float64) {
	s.tmp = strconv.AppendFloat(s.tmp[:0], v, 'g', -1, 64)
	s.put(s.tmp)
}

func (s *sink) Interval(v float64) { s.Double(v) }

func (s *sink) Time(v value.Time) {
	s.tmp = s.format.Timestamps.Append(s.tmp[:0], v)
	s.put(s.tmp)
}

func (s *sink) String(v string) {
	s.tmp = text.AppendValue(s.tmp[:0], v)
	if !s.nested {
		s.buf = append(appendQuoted(s.buf, s.tmp), ',')
		return
	}
	switch {
	case len(s.tmp) == 0:
		s.list = append(s.list, "(empty)"...)
	case string(s.tmp) == "-" || string(s.tmp) == "(empty)":
		s.list = append(text.AppendByte(s.list, s.tmp[0]), s.tmp[1:]...)
	default:
		for _, c := range s.tmp {
			if c == ',' {
				s.list = text.AppendByte(s.list, c)
			} else {
				s.list = append(s.list, c)
			}
		}
	}
	s.list = append(s.list, ',')
}

func (s *sink) Enum(v string) { s.String(v) }

func (s *sink) Addr(v netip.Addr) {
	s.tmp = text.AppendAddr(s.tmp[:0], v)
	s.put(s.tmp)
}

func (s *sink) Subnet(v netip.Prefix) {
	s.tmp = text.AppendSubnet(s.tmp[:0], v)
	s.put(s.tmp)
}

func (s *sink) Port(v uint16) { s.Count(uint64(v)) }

func (s *sink) Begin(schemas.Container, int) { s.list, s.nested = s.list[:0], true }

func (s *sink) End() {
	s.nested = false
	if n := len(s.list); n > 0 {
		s.list = s.list[:n-1]
	}
	s.buf = append(appendQuoted(s.buf, s.list), ',')
}

// appendQuoted appends v, in quotes if it needs them or is empty.
func appendQuoted(dst, v []byte) []byte {
	quote := len(v) == 0
	for _, c := range v {
		quote = quote || c == ',' || c == '"' || c == '\n' || c == '\r' || c == ' ' || c == '\t'
	}
	if !quote {
		return append(dst, v...)
	}
	dst = append(dst, '"')
	for _, c := range v {
		if c == '"' {
			dst = append(dst, '"')
		}
		dst = append(dst, c)
	}
	return append(dst, '"')
}
