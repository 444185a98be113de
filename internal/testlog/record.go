package testlog

import (
	"net/netip"

	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/value"
)

// Conn returns a typical connection record.
func Conn() *schemas.Conn {
	return &schemas.Conn{
		TS:  1320329757771755000,
		UID: "CblCHNnmxeyuTZty7",
		ID: schemas.ID{
			OrigH: netip.MustParseAddr("10.0.2.15"), OrigP: 49287,
			RespH: netip.MustParseAddr("192.150.187.43"), RespP: 80,
		},
		Proto:       "tcp",
		Service:     value.Some("http"),
		Duration:    value.Some(value.Interval(15.161267042160034)),
		OrigBytes:   value.Some(uint64(900)),
		RespBytes:   value.Some(uint64(376)),
		ConnState:   value.Some("S2"),
		LocalOrig:   value.Some(true),
		LocalResp:   value.Some(false),
		History:     value.Some("ShADadF"),
		OrigPkts:    value.Some(uint64(8)),
		OrigIPBytes: value.Some(uint64(1240)),
		RespPkts:    value.Some(uint64(8)),
		RespIPBytes: value.Some(uint64(700)),
		IPProto:     value.Some(uint64(6)),
	}
}

// A Column is a column of a Record: its description, and a function that passes
// its value.
type Column struct {
	Field schemas.Field
	Pass  func(schemas.Sink)
}

// Record is a record made of columns, for column types that no log uses yet.
type Record []Column

// Schema returns the schema of a log "test" with these columns.
func (r Record) Schema() *schemas.Schema {
	s := &schemas.Schema{Name: "test"}
	for _, c := range r {
		s.Fields = append(s.Fields, c.Field)
	}
	return s
}

// Encode passes the columns to s.
func (r Record) Encode(s schemas.Sink) {
	for _, c := range r {
		if c.Field.Group&^s.Groups() == 0 {
			c.Pass(s)
		}
	}
}

// Strings returns a column whose value is the set of the strings v.
func Strings(name string, v []string) Column {
	return Column{
		schemas.Field{Name: name, Kind: schemas.KindString, Container: schemas.SetOf},
		func(s schemas.Sink) {
			s.Begin(schemas.SetOf, len(v))
			for _, e := range v {
				s.String(e)
			}
			s.End()
		},
	}
}

// String returns a string column.
func String(name, v string) Column {
	return Column{schemas.Field{Name: name, Kind: schemas.KindString}, func(s schemas.Sink) { s.String(v) }}
}

// Awkward are strings that could break a row apart.
var Awkward = []string{
	"", "-", "(empty)", "--", "(empty) ", "#fields\tts", "#", "a\tb", "a\nb", "a\r\nb", "\x00", "\x00\x01\x7f",
	"\x1b[31mred\x1b[0m", "\xff\xfe", "caf\u00e9", "caf\u00e9 \xe9", "\xc3", "\xe2\x82", "\\", "\\\\", "\\x09", "a\\tb",
	"\\x5c\\", "a,b", ",", ",,", "\"quoted\"", "{\"a\":1}", "\u2028", "\u0085", "\ue000", "\uffff", "\U0001f600",
	"\n#close\t2026-01-01-00-00-00\n", "\u00e9\\\xff,\u00e9\t\u00e9",
}
