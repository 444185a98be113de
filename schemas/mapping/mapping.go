// Package mapping describes how the columns of the logs become fields of a schema of
// others. The schemas are packages beside it: ecs, ocsf, cim.
package mapping

import (
	"slices"

	"github.com/wirelog/wirelog/schemas"
)

// NoField is the field of a target that only gives the column's values a form, for a
// derived field.
const NoField = "-"

// Unmapped is the object of nested names whose members are columns, with their dots.
const Unmapped = "unmapped"

// A Naming is a schema of others.
type Naming struct {
	// Name is its name in options, and Title that in texts.
	Name, Title string
	// Version is the version of the schema that the tables were checked against.
	Version string
	// Nested makes objects of names with dots.
	Nested bool
	// Lists are the fields whose arrays collect the values of constants and columns.
	Lists []string
	// Sensor, Written and ID are the fields for the name of the sensor, the time of
	// writing, and the identity of the row. SensorBefore and SensorAfter enclose the name.
	Sensor, SensorBefore, SensorAfter, Written, ID string
	// WrittenForm is EpochMillis, or else the time is in ISO 8601.
	WrittenForm Form
	// Map returns the mapping of a log, which may be as an output writes it.
	Map func(s *schemas.Schema) Mapping
}

// Target is one field that a column is written to.
type Target struct {
	Field string
	Form  Form
	// Names maps values, as text without quotes, to other texts; "" stands for all
	// values not listed. Without it, values that are not listed are left out, and so are
	// those mapped to "". For a field of Lists, a text may be several, separated by
	// spaces.
	Names map[string]string
	// Rest keeps values that Names does not list.
	Rest bool
	// Unset is the value for an unset column; if empty, the field is left out.
	Unset string
	// Part is the kind of attribute that the form Attribute extracts.
	Part string
	// JSON means that the texts of Names and Unset are JSON: numbers, for example.
	JSON bool
	// Before and After, if not empty, enclose the value, as JSON: an object in an array.
	Before, After string
}

// Kept is the target that keeps a column, in addition to its others.
var Kept = Target{}

// To returns the targets of a column whose values need no change.
func To(fields ...string) []Target {
	var list []Target
	for _, f := range fields {
		list = append(list, Target{Field: f})
	}
	return list
}

// A NamePart is a field for a kind of attribute of a distinguished name, such as CN.
type NamePart struct{ Field, Kind string }

// ToName returns the targets of a distinguished name: whole, and the fields of its parts with
// prefix before their names.
func ToName(whole, prefix string, parts []NamePart) []Target {
	list := To(whole)
	for _, p := range parts {
		list = append(list, Target{Field: prefix + p.Field, Form: Attribute, Part: p.Kind})
	}
	return list
}

// A Derived field is computed from several columns if all are set. It is what Names maps
// their texts, separated by spaces, to; or their texts separated by Join; or an array of
// objects that have an element of each under the names in Zip; or the sum of numbers.
type Derived struct {
	Field string
	// Columns are the columns' names, Of their positions in the schema.
	Columns []string
	Of      []int
	Names   map[string]string
	JSON    bool // the texts of Names are JSON
	Join    string
	Zip     []string
}

// A Constant is a field with the same values in all rows of a log.
type Constant struct {
	Field string
	// Values is one value, or several for an array.
	Values []string
	// Array makes an array even of one value.
	Array bool
	// JSON means that the values are JSON: numbers, for example.
	JSON bool
}

// A Mapping is the mapping of one log.
type Mapping struct {
	Constants []Constant
	// Columns holds the targets of each column of the schema.
	Columns [][]Target
	Derived []Derived
}

// A Log is what a schema has for one log.
type Log struct {
	Constants []Constant
	// Columns has the targets of columns. Kept, a target without a field, keeps the column;
	// one without an entry is kept too.
	Columns map[string][]Target
	Derived []Derived
	// Kept and Added are prefixes of the names of columns that are kept, and of those that
	// an output has renamed or added.
	Kept, Added string
}

// Map returns the mapping of s, which may be a log as an output writes it. common has the
// targets of columns that mean the same in all logs.
func (l *Log) Map(s *schemas.Schema, common map[string][]Target) Mapping {
	m := Mapping{Constants: l.Constants, Columns: make([][]Target, len(s.Fields))}
	origin := schemas.Lookup(s.Name)
	for i := range s.Fields {
		name := s.Fields[i].Name
		if origin == nil || HasColumn(origin, name) {
			m.Columns[i] = l.targets(name, common)
		} else {
			m.Columns[i] = []Target{{Field: l.Added + name}}
		}
	}
	if origin == nil {
		return m
	}
	for _, d := range l.Derived {
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

// HasColumn reports whether s has a column with that name, optional or not.
func HasColumn(s *schemas.Schema, name string) bool {
	return slices.ContainsFunc(s.Fields, func(f schemas.Field) bool { return f.Name == name })
}

func (l *Log) targets(name string, common map[string][]Target) []Target {
	entry, ok := l.Columns[name]
	if !ok {
		if entry, ok = common[name]; !ok {
			return []Target{{Field: l.Kept + name}}
		}
	}
	list := make([]Target, len(entry))
	for i, t := range entry {
		if t.Field == "" {
			t.Field = l.Kept + name
		}
		list[i] = t
	}
	return list
}
