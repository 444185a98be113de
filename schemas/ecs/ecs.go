// Package ecs maps the columns of the logs to fields of the Elastic Common Schema, under
// the names that Elastic's Zeek integration uses.
//
// The mapping is in table.go. A column without an entry there is kept under zeek.LOG, so
// a new log needs no entry.
package ecs

import (
	"strings"

	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/schemas/mapping"
)

const version = "8.17.0"

// Naming is the schema.
var Naming = mapping.Naming{
	Name: "ecs", Title: "the Elastic Common Schema", Version: version,
	Lists: []string{
		"dns.header_flags", "dns.resolved_ip", "event.category", "event.type", "file.x509.alternative_names", "host.ip",
		"related.hash", "related.ip", "related.user",
	},
	Sensor: "observer.name", Written: "event.created", ID: "wirelog.record_id",
	Map: mapLog,
}

func mapLog(s *schemas.Schema) mapping.Mapping {
	l := logs[s.Name]
	dataset := s.Name
	if l.dataset != "" {
		dataset = l.dataset
	}
	m := mapping.Log{Constants: l.constants(dataset), Columns: l.columns, Derived: l.derived, Kept: "zeek." + dataset + "."}
	return m.Map(s, common)
}

func (l *log) constants(dataset string) []mapping.Constant {
	category, typ := l.category, l.typ
	if category == "" {
		category = "network"
	}
	if typ == "" {
		typ = "info"
	}
	list := []mapping.Constant{
		{Field: "ecs.version", Values: []string{version}},
		{Field: "event.kind", Values: []string{"event"}},
		{Field: "event.module", Values: []string{"zeek"}},
		{Field: "event.dataset", Values: []string{"zeek." + dataset}},
		{Field: "event.category", Values: strings.Fields(category), Array: true},
		{Field: "event.type", Values: strings.Fields(typ), Array: true},
	}
	if l.transport != "" {
		list = append(list, mapping.Constant{Field: "network.transport", Values: []string{l.transport}})
	}
	if l.protocol != "" {
		list = append(list, mapping.Constant{Field: "network.protocol", Values: []string{l.protocol}})
	}
	return list
}
