// Package ocsf maps the columns of the logs to attributes of the Open Cybersecurity Schema
// Framework, as nested objects.
//
// The mapping is in table.go. A column without an entry there is kept in the object
// unmapped, so a new log needs no entry.
package ocsf

import (
	"strconv"

	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/schemas/mapping"
)

const version = "1.8.0"

// Naming is the schema.
var Naming = mapping.Naming{
	Name: "ocsf", Title: "the Open Cybersecurity Schema Framework", Version: version, Nested: true,
	Lists:        []string{"answers", "codes", "command_responses", "file.hashes"},
	Sensor:       "metadata.loggers",
	SensorBefore: `[{"name":`, SensorAfter: "}]",
	Written: "metadata.logged_time", WrittenForm: mapping.EpochMillis,
	ID:  "metadata.uid",
	Map: mapLog,
}

func mapLog(s *schemas.Schema) mapping.Mapping {
	l, ok := logs[s.Name]
	if !ok {
		l = log{class: network, activity: traffic}
		if !mapping.HasColumn(s, "id.orig_h") {
			l.class = base
		}
	}
	c := classes[l.class]
	m := mapping.Log{
		Constants: l.constants(s.Name, &c), Columns: l.columns, Derived: l.derived,
		Kept: mapping.Unmapped + ".", Added: mapping.Unmapped + ".",
	}
	if l.activities != nil {
		m.Columns = make(map[string][]mapping.Target)
		for name, targets := range l.columns {
			m.Columns[name] = targets
		}
		own, ok := m.Columns[l.activityOf]
		if !ok {
			own = keep
		}
		m.Columns[l.activityOf] = append(l.activityTargets(), own...)
	}
	return m.Map(s, c.common)
}

// number is a constant of JSON.
func number(field string, n int) mapping.Constant {
	return mapping.Constant{Field: field, Values: []string{strconv.Itoa(n)}, JSON: true}
}

func text(field, value string) mapping.Constant {
	return mapping.Constant{Field: field, Values: []string{value}}
}

// typeID is the value of type_uid.
func typeID(class, activity int) int { return class*100 + activity }

func (l *log) constants(name string, c *class) []mapping.Constant {
	list := []mapping.Constant{
		text("metadata.version", version),
		text("metadata.product.name", "wirelog"),
		text("metadata.product.vendor_name", "wirelog"),
		text("metadata.log_name", name),
		number("category_uid", c.category), text("category_name", c.categoryName),
		number("class_uid", l.class), text("class_name", c.name),
		number("severity_id", 1), text("severity", "Informational"),
	}
	if l.activities == nil {
		list = append(list, number("activity_id", l.activity), number("type_uid", typeID(l.class, l.activity)))
	}
	return append(list, l.more...)
}

// activityTargets are the targets of the column that decides what the activity is.
func (l *log) activityTargets() []mapping.Target {
	activity := mapping.Target{Field: "activity_id", JSON: true, Names: map[string]string{"": strconv.Itoa(l.activity)}, Unset: strconv.Itoa(l.activity)}
	typ := mapping.Target{Field: "type_uid", JSON: true, Names: map[string]string{"": strconv.Itoa(typeID(l.class, l.activity))}, Unset: strconv.Itoa(typeID(l.class, l.activity))}
	for value, n := range l.activities {
		activity.Names[value], typ.Names[value] = strconv.Itoa(n), strconv.Itoa(typeID(l.class, n))
		if value == unset {
			activity.Unset, typ.Unset = activity.Names[value], typ.Names[value]
		}
	}
	delete(activity.Names, unset)
	delete(typ.Names, unset)
	return []mapping.Target{activity, typ}
}
