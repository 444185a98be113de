// Package ecs maps the columns of the logs to fields of the Elastic Common Schema, under
// the names that Elastic's Zeek integration uses.
//
// The mapping is in table.go. A column without an entry there is kept under zeek.LOG, so
// a new log needs no entry.
package ecs

import (
	"slices"
	"strings"

	"github.com/wirelog/wirelog/schemas"
)

// version is the version of the schema.
const version = "8.17.0"

// Target is one field that a column is written to.
type Target struct {
	Field string
	Form  Form
	// Names maps values, as text without quotes, to other texts; "" stands for all
	// values not listed. Without it, values that are not listed are left out, and so are
	// those mapped to "". For a field of Lists, a text may consist of several values,
	// separated by spaces.
	Names map[string]string
	// Rest keeps values that Names does not list.
	Rest bool
	// Unset is the value for an unset column; if empty, the field is left out.
	Unset string
	// Part is the kind of attribute that the form Attribute extracts.
	Part string
}

// A Derived field is computed from several columns if all are set: from their texts,
// separated by spaces, with Names; or as their texts separated by Join; or as the sum of
// numbers.
type Derived struct {
	Field string
	// Columns are the columns' names, Of their positions in the schema.
	Columns []string
	Of      []int
	Names   map[string]string
	Join    string
}

// A Constant is a field with the same values in all rows of a log.
type Constant struct {
	Field string
	// Values is one value, or several for an array.
	Values []string
	// Array makes an array even for a single value.
	Array bool
}

// A Mapping is the mapping of one log.
type Mapping struct {
	Constants []Constant
	// Columns holds the targets of each column of the schema.
	Columns [][]Target
	Derived []Derived
}

// lists are the fields whose arrays collect the values of constants and columns.
var lists = []string{
	"dns.header_flags", "dns.resolved_ip", "event.category", "event.type", "file.x509.alternative_names", "host.ip",
	"related.hash", "related.ip", "related.user",
}

// Lists returns the fields whose arrays collect the values of constants and columns. The
// caller must not change it.
func Lists() []string { return lists }

// Map returns the mapping of s, which may be a log as an output writes it. Columns that
// the output has renamed or added keep their names.
func Map(s *schemas.Schema) Mapping {
	l := logs[s.Name]
	dataset := s.Name
	if l.dataset != "" {
		dataset = l.dataset
	}
	m := Mapping{Constants: l.constants(dataset), Columns: make([][]Target, len(s.Fields))}
	origin := schemas.Lookup(s.Name)
	for i := range s.Fields {
		name := s.Fields[i].Name
		m.Columns[i] = []Target{{Field: name}}
		if origin == nil || hasColumn(origin, name) {
			m.Columns[i] = l.targets(name, "zeek."+dataset+"."+name)
		}
	}
	if origin == nil {
		return m
	}
	for _, d := range l.derived {
		for _, name := range d.Columns {
			if i := slices.IndexFunc(s.Fields, func(f schemas.Field) bool { return f.Name == name }); i >= 0 {
				d.Of = append(d.Of, i)
			}
		}
		if len(d.Of) == len(d.Columns) {
			m.Derived = append(m.Derived, d)
		}
	}
	return m
}

func hasColumn(s *schemas.Schema, name string) bool {
	for i := range s.Fields {
		if s.Fields[i].Name == name {
			return true
		}
	}
	return false
}

func (l *log) constants(dataset string) []Constant {
	category, typ := l.category, l.typ
	if category == "" {
		category = "network"
	}
	if typ == "" {
		typ = "info"
	}
	list := []Constant{
		{Field: "ecs.version", Values: []string{version}},
		{Field: "event.kind", Values: []string{"event"}},
		{Field: "event.module", Values: []string{"zeek"}},
		{Field: "event.dataset", Values: []string{"zeek." + dataset}},
		{Field: "event.category", Values: strings.Fields(category), Array: true},
		{Field: "event.type", Values: strings.Fields(typ), Array: true},
	}
	if l.transport != "" {
		list = append(list, Constant{Field: "network.transport", Values: []string{l.transport}})
	}
	if l.protocol != "" {
		list = append(list, Constant{Field: "network.protocol", Values: []string{l.protocol}})
	}
	return list
}

// targets returns the targets of a column; kept is its name under zeek.LOG.
func (l *log) targets(name, kept string) []Target {
	entry, ok := l.columns[name]
	if !ok {
		if entry, ok = common[name]; !ok {
			return []Target{{Field: kept}}
		}
	}
	list := make([]Target, len(entry))
	for i, t := range entry {
		if t.Field == "" {
			t.Field = kept
		}
		list[i] = t
	}
	return list
}
