package json

import (
	"bytes"
	"math"
	"net/netip"
	"slices"
	"strconv"

	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/schemas/ecs"
)

// ecsEncoder encodes records by the Elastic Common Schema, with flat dotted keys.
type ecsEncoder struct {
	sink ecsSink
	// before begins every object.
	before []byte
}

func (f Format) newECS(s *schemas.Schema, g schemas.Groups) *ecsEncoder {
	e := new(ecsEncoder)
	e.sink.groups = g
	e.sink.value.format = Format{Timestamps: ISO8601, Reversible: f.Reversible}
	e.sink.value.keys = []string{""}
	lists := ecs.Lists()
	e.sink.lists = make([]list, len(lists))
	for i, name := range lists {
		e.sink.lists[i].key = key(name) + "["
	}
	m := ecs.Map(s.With(g))
	text := func(v string) []byte { return e.sink.value.appendString(nil, v) }
	for _, c := range m.Constants {
		e.before = append(e.before, key(c.Field)...)
		if !c.Array {
			e.before = append(e.before, text(c.Values[0])...)
			continue
		}
		var values [][]byte
		for _, v := range c.Values {
			values = append(values, text(v))
		}
		e.before = append(append(append(e.before, '['), bytes.Join(values, []byte(","))...), ']')
	}
	if f.System != "" {
		e.before = append(append(e.before, key("observer.name")...), text(f.System)...)
	}
	e.before[0] = '{'
	for _, targets := range m.Columns {
		column := make([]target, len(targets))
		for i, t := range targets {
			column[i] = target{key: key(t.Field), form: t.Form, list: slices.Index(lists, t.Field)}
			if t.Names != nil {
				column[i].names = make(map[string]string)
				for from, to := range t.Names {
					column[i].names[from] = string(text(to))
				}
			}
		}
		e.sink.columns = append(e.sink.columns, column)
	}
	return e
}

func key(name string) string { return `,"` + name + `":` }

func (e *ecsEncoder) append(dst []byte, rec schemas.Record) []byte {
	s := &e.sink
	s.buf, s.col = append(dst, e.before...), 0
	rec.Encode(s)
	for i := range s.lists {
		if l := &s.lists[i]; len(l.values) > 0 {
			s.buf = append(append(s.buf, l.key...), l.values[1:]...)
			s.buf = append(s.buf, ']')
			l.values = l.values[:0]
		}
	}
	dst, s.buf = s.buf, nil
	return append(dst, '}', '\n')
}

// A target is a field that a column becomes.
type target struct {
	key   string
	form  ecs.Form
	names map[string]string // of values as JSON, or nil
	list  int               // the index of the array that it is in, or -1
}

// A list gathers the values of an array, each after a comma.
type list struct {
	key    string // with the bracket
	values []byte
}

// ecsSink writes each value as with Zeek's names, and then where it belongs.
type ecsSink struct {
	buf     []byte
	groups  schemas.Groups
	columns [][]target
	col     int
	value   sink
	lists   []list
	scratch []byte
}

func (s *ecsSink) Groups() schemas.Groups { return s.groups }

// put passes on the value that was written, unless it is an element.
func (s *ecsSink) put() {
	if s.value.nested {
		return
	}
	for i := range s.columns[s.col] {
		s.putTo(&s.columns[s.col][i], s.value.buf)
	}
	s.next()
}

// next goes on to the next column.
func (s *ecsSink) next() {
	s.col++
	s.value.buf, s.value.col = s.value.buf[:0], 0
}

// putTo writes v where t says.
func (s *ecsSink) putTo(t *target, v []byte) {
	if t.names != nil {
		name, ok := t.names[string(bytes.Trim(v, `"`))]
		if !ok {
			name, ok = t.names[""]
		}
		if !ok {
			return
		}
		v = append(s.scratch[:0], name...)
		s.scratch = v
	}
	if t.list >= 0 {
		if v[0] == '[' {
			v = v[1 : len(v)-1]
		}
		if len(v) > 0 {
			l := &s.lists[t.list]
			l.values = append(append(l.values, ','), v...)
		}
		return
	}
	s.buf = append(s.buf, t.key...)
	switch t.form {
	case ecs.Text:
		s.buf = append(append(append(s.buf, '"'), v...), '"')
	case ecs.MAC:
		start := len(s.buf)
		s.buf = append(s.buf, v...)
		for i, c := range s.buf[start:] {
			switch {
			case c == ':':
				s.buf[start+i] = '-'
			case c >= 'a' && c <= 'f':
				s.buf[start+i] = c - 'a' + 'A'
			}
		}
	case ecs.Same, ecs.Nanoseconds: // Interval has written those
		s.buf = append(s.buf, v...)
	}
}

func (s *ecsSink) Unset() {
	if s.value.nested {
		s.value.Unset()
		return
	}
	s.next()
}

func (s *ecsSink) Bool(v bool) {
	s.value.Bool(v)
	s.put()
}

func (s *ecsSink) Count(v uint64) {
	s.value.Count(v)
	s.put()
}

func (s *ecsSink) Int(v int64) {
	s.value.Int(v)
	s.put()
}

func (s *ecsSink) Double(v float64) {
	s.value.Double(v)
	s.put()
}

func (s *ecsSink) Time(v schemas.Time) {
	s.value.Time(v)
	s.put()
}

func (s *ecsSink) Interval(v float64) {
	if ns := math.Round(v * 1e9); !s.value.nested && s.columns[s.col][0].form == ecs.Nanoseconds && math.Abs(ns) < math.MaxInt64 {
		s.value.buf = strconv.AppendInt(s.value.buf, int64(ns), 10)
	} else {
		s.value.Interval(v)
	}
	s.put()
}

func (s *ecsSink) String(v string) {
	s.value.String(v)
	s.put()
}

func (s *ecsSink) Enum(v string) {
	s.value.Enum(v)
	s.put()
}

func (s *ecsSink) Addr(v netip.Addr) {
	s.value.Addr(v)
	s.put()
}

func (s *ecsSink) Subnet(v netip.Prefix) {
	s.value.Subnet(v)
	s.put()
}

func (s *ecsSink) Port(v uint16) {
	s.value.Port(v)
	s.put()
}

func (s *ecsSink) Begin(c schemas.Container, n int) { s.value.Begin(c, n) }

func (s *ecsSink) End() {
	s.value.End()
	s.put()
}
