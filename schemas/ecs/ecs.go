// Package ecs maps the columns of the logs to fields of the Elastic Common Schema,
// with the names that Elastic's own Zeek integration gives them.
//
// What a column of a log becomes is in table.go. A column without an entry there
// is kept as it is, under zeek.LOG: a new log needs no entry to be written.
package ecs

import (
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
	// those that it does not have. Without such a one they are left out.
	Names map[string]string
}

// Form is how a value is written.
type Form uint8

// The forms of values.
const (
	Same        Form = iota // as in JSON with Zeek's names; times in ISO 8601
	Text                    // a number as a string
	Nanoseconds             // an interval as an integer of nanoseconds
	MAC                     // a link-layer address as 00-00-5E-00-53-23
)

var formNames = [...]string{Same: "", Text: "as text", Nanoseconds: "in nanoseconds", MAC: "as 00-00-5E-00-53-23"}

// String describes the form in a word; Same is "".
func (f Form) String() string { return formNames[f] }

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
}

// lists are the fields that several columns have values of: they are arrays.
var lists = []string{"dns.header_flags", "file.x509.alternative_names", "related.hash", "related.ip", "related.user"}

// Lists returns the fields that are arrays of what all columns that become them
// have. It must not be changed.
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
	kind, category, typ := "event", l.category, l.typ
	if l.kind != "" {
		kind = l.kind
	}
	if category == "" {
		category = "network"
	}
	if typ == "" {
		typ = "info"
	}
	list := []Constant{
		{Field: "ecs.version", Values: []string{Version}},
		{Field: "event.kind", Values: []string{kind}},
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
