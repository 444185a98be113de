// Package cim maps the columns of the logs to fields of Splunk's Common Information Model.
//
// The mapping is in table.go. A column without an entry there keeps its name, so a new log
// needs no entry.
package cim

import (
	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/schemas/mapping"
)

// Naming is the schema.
var Naming = mapping.Naming{
	Name: "cim", Title: "Splunk's Common Information Model", Version: "4.20.0",
	Lists: []string{"answer"}, Sensor: "dvc", Written: "write_ts", ID: "record_id",
	Map: mapLog,
}

func mapLog(s *schemas.Schema) mapping.Mapping {
	l := logs[s.Name]
	m := mapping.Log{
		Constants: []mapping.Constant{
			{Field: "log", Values: []string{s.Name}},
			{Field: "vendor_product", Values: []string{"wirelog"}},
		},
		Columns: l.columns, Derived: l.derived,
	}
	for _, c := range []struct{ field, value string }{{"app", l.app}, {"transport", l.transport}} {
		if c.value != "" {
			m.Constants = append(m.Constants, mapping.Constant{Field: c.field, Values: []string{c.value}})
		}
	}
	return m.Map(s, common)
}

// A Dataset is the dataset of a data model that the rows of a log belong to, once Splunk
// gives them its tags.
type Dataset struct {
	Model string
	Tags  []string
}

// DatasetOf returns the dataset of a log. It is empty for a log that no model describes.
func DatasetOf(log string) Dataset { return datasets[logs[log].model] }
