// Package ecs maps the columns of the logs to fields of the Elastic Common Schema,
// with the names that Elastic's own Zeek integration gives them.
//
// What a column of a log becomes is in table.go. A column without an entry there
// is kept as it is, under zeek.LOG: a new log needs no entry to be written.
package ecs

import (
	"slices"
	"strings"

	"github.com/wirelog/wirelog/schemas"
)

// Version is that of the schema.
const Version = "8.17.0"

// Target is a field that a column becomes, one of perhaps several.
type Target struct {
	Field string
	Form  Form
	// Names has other texts for values, by their text without quotes, "" for all
	// those that it does not have. Without such a one they are left out, and so are those
	// whose text is "". For a field of Lists a text may be several, with blanks between.
	Names map[string]string
	// Rest says that values without a text in Names stay as they are.
	Rest bool
	// Unset is what stands for a column that is unset; without it nothing does.
	Unset string
	// Part is the kind of attribute that Attribute is about.
	Part string
}

// A Derived field is made of several columns, if all of them are set: what Names has
// for their texts with blanks between, if it has it; or the texts with Join between; or
// the sum of the numbers.
type Derived struct {
	Field string
	// Columns are their names, Of their places in the schema.
	Columns []string
	Of      []int
	Names   map[string]string
	Join    string
}

// A Constant is a field with the same values in every row of a log.
type Constant struct {
	Field string
	// Values are one, or several as an array.
	Values []string
	// Array says that even one value is an array.
	Array bool
}

// A Mapping is what a log becomes.
type Mapping struct {
	Constants []Constant
	// Columns has the targets of each column of the schema.
	Columns [][]Target
	Derived []Derived
}

// lists are the fields that are arrays, of what constants and columns give.
var lists = []string{
	"dns.header_flags", "dns.resolved_ip", "event.category", "event.type", "file.x509.alternative_names", "host.ip",
	"related.hash", "related.ip", "related.user",
}

// Lists returns the fields that are arrays of what the constant and all columns that become
// them have. It must not be changed.
func Lists() []string { return lists }

// Map returns what the columns of s become, which may be those of a log as an output
// writes it: columns that the output has named otherwise, or added, keep their names.
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
		{Field: "ecs.version", Values: []string{Version}},
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

// targets are those of a column, which may be kept under the name kept.
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
