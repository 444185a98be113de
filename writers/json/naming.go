package json

import (
	"bytes"
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/schemas/mapping"
	"github.com/wirelog/wirelog/value"
	"github.com/wirelog/wirelog/writers/internal/text"
)

// mapped encodes records under the names of another schema: with flat dotted keys, or with
// an object for each part of a name.
type mapped struct {
	sink mappedSink
	// before is the beginning of every object.
	before []byte
	// written and writtenSlot are where the time of writing goes, if clock is not nil.
	written     string
	writtenSlot int
	writtenForm mapping.Form
	// idAt and idKey say where RecordID puts the identity of a row.
	idAt  int
	idKey string
	root  *node // of nested objects, or nil
}

// A node is a member of an object: an object itself, or the value in a slot.
type node struct {
	key     string // with its colon
	name    string
	slot    int // or -1
	members []*node
}

func (f Format) newMapped(s *schemas.Schema, g schemas.Groups) *mapped {
	n := f.Naming
	e := &mapped{writtenSlot: -1, writtenForm: n.WrittenForm, idAt: 1, idKey: `"` + n.ID + `":`}
	if n.Nested {
		e.root = new(node)
		object, name, _ := strings.Cut(n.ID, ".")
		e.idAt, e.idKey = len(`{"`+object+`":{`), `"`+name+`":`
	}
	e.sink.groups = g
	e.sink.value.format = Format{Timestamps: ISO8601, Reversible: f.Reversible}
	e.sink.value.keys = []string{""}
	m := n.Map(s.With(g))
	adding := make([]bool, len(n.Lists))
	for _, targets := range m.Columns {
		for _, t := range targets {
			if i := slices.Index(n.Lists, t.Field); i >= 0 {
				adding[i] = true
			}
		}
	}
	e.sink.lists = make([]list, len(n.Lists))
	for _, c := range m.Constants {
		values := strings.Join(c.Values, ",")
		if !c.JSON {
			values = e.texts(c.Values)
		}
		if i := slices.Index(n.Lists, c.Field); i >= 0 && adding[i] {
			e.sink.lists[i].always = "," + values
			continue
		}
		if c.Array {
			values = "[" + values + "]"
		}
		e.constant(c.Field, values)
	}
	if f.System != "" {
		e.constant(n.Sensor, n.SensorBefore+e.texts([]string{f.System})+n.SensorAfter)
	}
	if f.Streaming {
		e.written = key(n.Written)
		e.writtenSlot = e.slot(n.Written)
	}
	for _, targets := range m.Columns {
		e.sink.columns = append(e.sink.columns, e.targets(targets, n.Lists))
	}
	for i, name := range n.Lists {
		e.sink.lists[i].key, e.sink.lists[i].slot = key(name), -1
		if adding[i] {
			e.sink.lists[i].slot = e.slot(name)
		}
	}
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
		var zip []string
		for _, name := range d.Zip {
			zip = append(zip, key(name)[1:])
		}
		e.sink.derived = append(e.sink.derived, derived{
			key: key(d.Field), slot: e.slot(d.Field), of: d.Of, join: join, names: e.names(d.Names, d.JSON), zip: zip,
			rest: make([][]byte, len(d.Of)),
		})
	}
	if e.root == nil {
		e.before[0] = '{'
	}
	return e
}

// constant adds a field that is the same in all rows.
func (e *mapped) constant(field, value string) {
	if e.root == nil {
		e.before = append(append(e.before, key(field)...), value...)
		return
	}
	e.sink.slots[e.slot(field)] = []byte(value)
	e.sink.fixed = len(e.sink.slots)
}

// slot returns the slot of a field in nested objects, or -1. Constants come first.
func (e *mapped) slot(field string) int {
	if e.root == nil || field == mapping.NoField {
		return -1
	}
	n, rest := e.root, field
	for rest != "" {
		name := rest
		rest = ""
		// The names below unmapped are those of columns, which may have dots.
		if first, after, ok := strings.Cut(name, "."); ok && n.name != mapping.Unmapped {
			name, rest = first, after
		}
		i := slices.IndexFunc(n.members, func(m *node) bool { return m.name == name })
		if i < 0 {
			i = len(n.members)
			n.members = append(n.members, &node{key: key(name)[1:], name: name, slot: -1})
		}
		n = n.members[i]
	}
	if n.slot < 0 {
		n.slot = len(e.sink.slots)
		e.sink.slots = append(e.sink.slots, nil)
	}
	return n.slot
}

// texts returns texts as JSON, separated by commas.
func (e *mapped) texts(list []string) string {
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
func (e *mapped) names(m map[string]string, json bool) map[string]string {
	if m == nil {
		return nil
	}
	names := make(map[string]string)
	for from, to := range m {
		names[from] = to
		if to != "" && !json {
			names[from] = e.texts([]string{to})
		}
	}
	return names
}

func (e *mapped) targets(targets []mapping.Target, lists []string) []target {
	column := make([]target, len(targets))
	for i := range targets {
		t := &targets[i]
		column[i] = target{Target: t, key: key(t.Field), list: slices.Index(lists, t.Field), slot: -1, names: e.names(t.Names, t.JSON), unset: t.Unset}
		if t.Unset != "" && !t.JSON {
			column[i].unset = e.texts([]string{t.Unset})
		}
		if column[i].list < 0 {
			column[i].slot = e.slot(t.Field)
			continue
		}
		for from, to := range t.Names {
			column[i].names[from] = e.texts(strings.Fields(to))
		}
	}
	return column
}

func key(name string) string { return `,"` + name + `":` }

func (e *mapped) append(dst []byte, rec schemas.Record, now value.Time) []byte {
	s := &e.sink
	s.buf, s.col = append(dst, e.before...), 0
	for i := range s.lists {
		s.lists[i].values = append(s.lists[i].values[:0], s.lists[i].always...)
	}
	for i := range s.parts {
		s.parts[i].value = s.parts[i].value[:0]
	}
	for i := s.fixed; i < len(s.slots); i++ {
		s.slots[i] = s.slots[i][:0]
	}
	if e.written != "" {
		b := s.field(e.written, e.writtenSlot)
		if e.writtenForm == mapping.EpochMillis {
			*b = strconv.AppendInt(*b, millis(now), 10)
		} else {
			*b = s.value.appendTime(*b, now)
		}
	}
	rec.Encode(s)
	for i := range s.derived {
		s.derive(&s.derived[i])
	}
	for i := range s.lists {
		if l := &s.lists[i]; len(l.values) > 0 {
			b := s.field(l.key, l.slot)
			*b = append(append(append(*b, '['), l.values[1:]...), ']')
		}
	}
	if e.root != nil {
		s.object(e.root)
		s.buf = append(s.buf, '\n')
	} else {
		s.buf = append(s.buf, '}', '\n')
	}
	dst, s.buf = s.buf, nil
	return dst
}

// object writes the members of n that have a value. It reports whether there are any.
func (s *mappedSink) object(n *node) bool {
	s.buf = append(s.buf, '{')
	some := false
	for _, m := range n.members {
		if m.slot >= 0 && len(s.slots[m.slot]) == 0 {
			continue
		}
		start := len(s.buf)
		if some {
			s.buf = append(s.buf, ',')
		}
		s.buf = append(s.buf, m.key...)
		if m.slot >= 0 {
			s.buf = append(s.buf, s.slots[m.slot]...)
		} else if !s.object(m) {
			s.buf = s.buf[:start]
			continue
		}
		some = true
	}
	s.buf = append(s.buf, '}')
	return some
}

// field begins a field: it returns where its value is appended to.
func (s *mappedSink) field(key string, slot int) *[]byte {
	if slot >= 0 {
		s.slots[slot] = s.slots[slot][:0]
		return &s.slots[slot]
	}
	s.buf = append(s.buf, key...)
	return &s.buf
}

// A target is a field that a column is written to.
type target struct {
	*mapping.Target
	key  string
	slot int
	// names and unset are the target's, as JSON.
	names map[string]string
	unset string
	list  int // index of the array that it adds to, or -1
}

// A list collects the values of an array, each with a comma before it.
type list struct {
	key    string
	slot   int
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
	slot  int
	of    []int
	names map[string]string
	join  string
	zip   []string
	rest  [][]byte // scratch space of zip
}

// mappedSink encodes each value as for Zeek's names, and then writes it to its targets.
type mappedSink struct {
	buf     []byte
	groups  schemas.Groups
	columns [][]target
	col     int
	value   sink
	lists   []list
	parts   []part
	derived []derived
	scratch []byte
	// slots are the values of nested objects; the first fixed ones are constants.
	slots [][]byte
	fixed int
}

func (s *mappedSink) Groups() schemas.Groups { return s.groups }

// derive writes a field that is computed from several columns.
func (s *mappedSink) derive(d *derived) {
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
		case d.zip != nil:
		default:
			sum += number(p)
		}
	}
	s.scratch = v
	switch {
	case d.names != nil:
		if name := d.names[string(v)]; name != "" {
			b := s.field(d.key, d.slot)
			*b = append(*b, name...)
		}
	case d.join != "":
		b := s.field(d.key, d.slot)
		*b = append(append(append(*b, '"'), v...), '"')
	case d.zip != nil:
		s.zip(d)
	default:
		b := s.field(d.key, d.slot)
		*b = text.AppendUint(*b, sum)
	}
}

// zip writes an array of objects that have an element of each column.
func (s *mappedSink) zip(d *derived) {
	b := s.field(d.key, d.slot)
	*b = append(*b, '[')
	for i, column := range d.of {
		array := s.parts[column].value
		d.rest[i] = array[1 : len(array)-1]
	}
	for first := true; ; first = false {
		some := false
		for i := range d.rest {
			if len(d.rest[i]) == 0 {
				continue
			}
			var v []byte
			v, d.rest[i] = element(d.rest[i])
			switch {
			case some:
				*b = append(*b, ',')
			case first:
				*b = append(*b, '{')
			default:
				*b = append(*b, ',', '{')
			}
			some = true
			*b = append(append(*b, d.zip[i]...), v...)
		}
		if !some {
			break
		}
		*b = append(*b, '}')
	}
	*b = append(*b, ']')
}

// element splits the first of the elements of a JSON array of scalars off.
func element(b []byte) (first, rest []byte) {
	end := 0
	if b[0] == '"' {
		for end = 1; b[end] != '"'; end++ {
			if b[end] == '\\' {
				end++
			}
		}
	}
	for end < len(b) && b[end] != ',' {
		end++
	}
	return b[:end], b[min(end+1, len(b)):]
}

// number parses a count.
func number(b []byte) (n uint64) {
	for _, c := range b {
		n = n*10 + uint64(c-'0')
	}
	return n
}

// put writes the value just encoded to its targets, unless it is an element.
func (s *mappedSink) put() {
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
func (s *mappedSink) next() {
	s.col++
	s.value.buf, s.value.col = s.value.buf[:0], 0
}

// putTo writes v to the target t.
func (s *mappedSink) putTo(t *target, v []byte) {
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
			l.values = append(append(append(append(l.values, ','), t.Before...), v...), t.After...)
		}
		return
	}
	if t.Field == mapping.NoField {
		return
	}
	b := s.field(t.key, t.slot)
	switch t.Form {
	case mapping.Text:
		*b = append(append(append(*b, '"'), v...), '"')
	case mapping.MAC:
		start := len(*b)
		*b = append(*b, v...)
		for i, c := range (*b)[start:] {
			switch {
			case c == ':':
				(*b)[start+i] = '-'
			case c >= 'a' && c <= 'f':
				(*b)[start+i] = c - 'a' + 'A'
			}
		}
	case mapping.Outcome:
		if number(v) < 400 {
			*b = append(*b, `"success"`...)
		} else {
			*b = append(*b, `"failure"`...)
		}
	default: // Interval and Time have handled targets with a unit
		*b = append(append(append(*b, t.Before...), v...), t.After...)
	}
}

// putJSON writes v, which is JSON, or adds it to an array.
func (s *mappedSink) putJSON(t *target, v string) {
	if t.list >= 0 {
		l := &s.lists[t.list]
		l.values = append(append(l.values, ','), v...)
		return
	}
	b := s.field(t.key, t.slot)
	*b = append(*b, v...)
}

// putTexts writes a text to the targets.
func (s *mappedSink) putTexts(v string) {
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
		case t.Form == mapping.Attribute:
			b := s.field(t.key, t.slot)
			*b = append(append(append(*b, '['), s.scratch[1:]...), ']')
		default:
			b := s.field(t.key, t.slot)
			*b = append(*b, s.scratch[1:]...)
		}
	}
}

func (s *mappedSink) Unset() {
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

func (s *mappedSink) Bool(v bool) {
	s.value.Bool(v)
	s.put()
}

func (s *mappedSink) Count(v uint64) {
	s.value.Count(v)
	s.put()
}

func (s *mappedSink) Int(v int64) {
	s.value.Int(v)
	s.put()
}

func (s *mappedSink) Double(v float64) {
	s.value.Double(v)
	s.put()
}

func (s *mappedSink) Time(v value.Time) {
	if !s.value.nested && s.columns[s.col][0].Form == mapping.EpochMillis {
		s.value.Int(millis(v))
	} else {
		s.value.Time(v)
	}
	s.put()
}

// millis is a time in milliseconds since 1970.
func millis(v value.Time) int64 {
	ms := int64(v) / 1e6
	if int64(v) < ms*1e6 {
		ms--
	}
	return ms
}

func (s *mappedSink) Interval(v float64) {
	unit := 0.0
	switch s.columns[s.col][0].Form {
	case mapping.Nanoseconds:
		unit = 1e9
	case mapping.Milliseconds:
		unit = 1e3
	case mapping.Seconds:
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

func (s *mappedSink) String(v string) {
	s.putTexts(v)
	s.value.String(v)
	s.put()
}

func (s *mappedSink) Enum(v string) {
	s.value.Enum(v)
	s.put()
}

func (s *mappedSink) Addr(v netip.Addr) {
	s.value.Addr(v)
	s.put()
}

func (s *mappedSink) Subnet(v netip.Prefix) {
	s.value.Subnet(v)
	s.put()
}

func (s *mappedSink) Port(v uint16) {
	s.value.Port(v)
	s.put()
}

func (s *mappedSink) Begin(c schemas.Container, n int) { s.value.Begin(c, n) }

func (s *mappedSink) End() {
	s.value.End()
	s.put()
}
