package json

import (
	"bytes"
	"math"
	"net/netip"
	"slices"
	"strings"

	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/schemas/ecs"
	"github.com/wirelog/wirelog/value"
	"github.com/wirelog/wirelog/writers/internal/text"
)

// ecsEncoder encodes records in the Elastic Common Schema, with flat dotted keys.
type ecsEncoder struct {
	sink ecsSink
	// before is the beginning of every object.
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
	for _, targets := range m.Columns {
		e.sink.columns = append(e.sink.columns, e.targets(targets, lists))
	}
	for _, c := range m.Constants {
		values := e.texts(c.Values)
		if i := slices.Index(lists, c.Field); i >= 0 && e.adds(i) {
			e.sink.lists[i].always = "," + values
			continue
		}
		if c.Array {
			values = "[" + values + "]"
		}
		e.before = append(append(e.before, key(c.Field)...), values...)
	}
	if f.System != "" {
		e.before = append(append(e.before, key("observer.name")...), e.texts([]string{f.System})...)
	}
	e.before[0] = '{'
	e.sink.parts = make([]part, len(m.Columns))
	for _, d := range m.Derived {
		for _, i := range d.Of {
			e.sink.parts[i].wanted = true
		}
		join := ""
		if d.Join != "" {
			join = e.texts([]string{d.Join})
			join = join[1 : len(join)-1]
		}
		e.sink.derived = append(e.sink.derived, derived{key: key(d.Field), of: d.Of, join: join, names: e.names(d.Names)})
	}
	return e
}

// texts returns texts as JSON, separated by commas.
func (e *ecsEncoder) texts(list []string) string {
	var b []byte
	for i, v := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = e.sink.value.appendString(b, v)
	}
	return string(b)
}

// names returns a table from texts to their names in JSON, or "" for no name.
func (e *ecsEncoder) names(m map[string]string) map[string]string {
	if m == nil {
		return nil
	}
	names := make(map[string]string)
	for from, to := range m {
		names[from] = ""
		if to != "" {
			names[from] = e.texts([]string{to})
		}
	}
	return names
}

func (e *ecsEncoder) targets(targets []ecs.Target, lists []string) []target {
	column := make([]target, len(targets))
	for i := range targets {
		t := &targets[i]
		column[i] = target{Target: t, key: key(t.Field), list: slices.Index(lists, t.Field), names: e.names(t.Names)}
		if t.Unset != "" {
			column[i].unset = e.texts([]string{t.Unset})
		}
		if column[i].list >= 0 {
			for from, to := range t.Names {
				column[i].names[from] = e.texts(strings.Fields(to))
			}
		}
	}
	return column
}

// adds reports whether a column adds to an array.
func (e *ecsEncoder) adds(list int) bool {
	return slices.ContainsFunc(e.sink.columns, func(c []target) bool {
		return slices.ContainsFunc(c, func(t target) bool { return t.list == list })
	})
}

func key(name string) string { return `,"` + name + `":` }

func (e *ecsEncoder) append(dst []byte, rec schemas.Record) []byte {
	s := &e.sink
	s.buf, s.col = append(dst, e.before...), 0
	for i := range s.lists {
		s.lists[i].values = append(s.lists[i].values[:0], s.lists[i].always...)
	}
	for i := range s.parts {
		s.parts[i].value = s.parts[i].value[:0]
	}
	rec.Encode(s)
	for i := range s.derived {
		s.derive(&s.derived[i])
	}
	for i := range s.lists {
		if l := &s.lists[i]; len(l.values) > 0 {
			s.buf = append(append(s.buf, l.key...), l.values[1:]...)
			s.buf = append(s.buf, ']')
		}
	}
	dst, s.buf = s.buf, nil
	return append(dst, '}', '\n')
}

// A target is a field that a column is written to.
type target struct {
	*ecs.Target
	key string
	// names and unset are the target's, as JSON.
	names map[string]string
	unset string
	list  int // index of the array that it adds to, or -1
}

// A list collects the values of an array, each with a comma before it.
type list struct {
	key    string // with the opening bracket
	always string // values that are in it in every record
	values []byte
}

// A part is the value of a column that a field is derived from, as JSON.
type part struct {
	wanted bool
	value  []byte // empty if unset
}

// A derived field is computed from several columns.
type derived struct {
	key   string
	of    []int
	names map[string]string
	join  string
}

// ecsSink encodes each value as for Zeek's names, and then writes it to its targets.
type ecsSink struct {
	buf     []byte
	groups  schemas.Groups
	columns [][]target
	col     int
	value   sink
	lists   []list
	parts   []part
	derived []derived
	scratch []byte
}

func (s *ecsSink) Groups() schemas.Groups { return s.groups }

// derive writes a field that is computed from several columns.
func (s *ecsSink) derive(d *derived) {
	v := s.scratch[:0]
	var sum uint64
	for i, column := range d.of {
		p := s.parts[column].value
		if len(p) == 0 {
			return
		}
		switch {
		case d.names != nil:
			if i > 0 {
				v = append(v, ' ')
			}
			v = append(v, p...)
		case d.join != "":
			if i > 0 {
				v = append(v, d.join...)
			}
			v = append(v, p[1:len(p)-1]...)
		default:
			sum += number(p)
		}
	}
	s.scratch = v
	switch {
	case d.names != nil:
		if name := d.names[string(v)]; name != "" {
			s.buf = append(append(s.buf, d.key...), name...)
		}
	case d.join != "":
		s.buf = append(append(append(append(s.buf, d.key...), '"'), v...), '"')
	default:
		s.buf = text.AppendUint(append(s.buf, d.key...), sum)
	}
}

// number parses a count.
func number(b []byte) (n uint64) {
	for _, c := range b {
		n = n*10 + uint64(c-'0')
	}
	return n
}

// put writes the value just encoded to its targets, unless it is an element.
func (s *ecsSink) put() {
	if s.value.nested {
		return
	}
	for i := range s.columns[s.col] {
		s.putTo(&s.columns[s.col][i], s.value.buf)
	}
	if p := &s.parts[s.col]; p.wanted {
		p.value = append(p.value, s.value.buf...)
	}
	s.next()
}

// next moves to the next column.
func (s *ecsSink) next() {
	s.col++
	s.value.buf, s.value.col = s.value.buf[:0], 0
}

// putTo writes v to the target t.
func (s *ecsSink) putTo(t *target, v []byte) {
	if t.Form.Texts() {
		return // String has handled it
	}
	if t.names != nil {
		name, ok := t.names[string(bytes.Trim(v, `"`))]
		if !ok {
			name, ok = t.names[""]
		}
		switch {
		case ok && name == "", !ok && !t.Rest:
			return
		case ok:
			s.putJSON(t, name)
			return
		}
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
	switch t.Form {
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
	case ecs.Outcome:
		if number(v) < 400 {
			s.buf = append(s.buf, `"success"`...)
		} else {
			s.buf = append(s.buf, `"failure"`...)
		}
	default: // Interval has handled targets with a unit
		s.buf = append(s.buf, v...)
	}
}

// putJSON writes v, which is JSON, or adds it to an array.
func (s *ecsSink) putJSON(t *target, v string) {
	if t.list >= 0 {
		l := &s.lists[t.list]
		l.values = append(append(l.values, ','), v...)
		return
	}
	s.buf = append(append(s.buf, t.key...), v...)
}

// putTexts writes a text to the targets.
func (s *ecsSink) putTexts(v string) {
	for i := range s.columns[s.col] {
		t := &s.columns[s.col][i]
		if !t.Form.Texts() {
			continue
		}
		s.scratch = s.scratch[:0]
		t.Each(v, func(made string) { s.scratch = s.value.appendString(append(s.scratch, ','), made) })
		switch {
		case len(s.scratch) == 0:
		case t.list >= 0:
			s.lists[t.list].values = append(s.lists[t.list].values, s.scratch...)
		case t.Form == ecs.Attribute:
			s.buf = append(append(append(append(s.buf, t.key...), '['), s.scratch[1:]...), ']')
		default:
			s.buf = append(append(s.buf, t.key...), s.scratch[1:]...)
		}
	}
}

func (s *ecsSink) Unset() {
	if s.value.nested {
		s.value.Unset()
		return
	}
	for i := range s.columns[s.col] {
		if t := &s.columns[s.col][i]; t.unset != "" {
			s.putJSON(t, t.unset)
		}
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

func (s *ecsSink) Time(v value.Time) {
	s.value.Time(v)
	s.put()
}

func (s *ecsSink) Interval(v float64) {
	unit := 0.0
	switch s.columns[s.col][0].Form {
	case ecs.Nanoseconds:
		unit = 1e9
	case ecs.Seconds:
		unit = 1
	default:
	}
	if n := math.Round(v * unit); unit != 0 && math.Abs(n) < math.MaxInt64 {
		s.value.Int(int64(n))
	} else {
		s.value.Interval(v)
	}
	s.put()
}

func (s *ecsSink) String(v string) {
	s.putTexts(v)
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
