package ecs

import (
	"slices"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/schemas"
)

// The table names logs and columns that there are, and is as short as it can be.
func TestTableNamesColumns(t *testing.T) {
	for name, l := range logs {
		s := schemas.Lookup(name)
		if s == nil {
			t.Errorf("there is no log %s", name)
			continue
		}
		for column, targets := range l.columns {
			if !hasColumn(s, column) {
				t.Errorf("%s has no column %s", name, column)
			}
			if len(targets) == 0 || len(targets) == 1 && targets[0].Field == "" {
				t.Errorf("%s.%s would be kept without an entry", name, column)
			}
		}
	}
	for column := range common {
		if !slices.ContainsFunc(schemas.All(), func(s *schemas.Schema) bool { return hasColumn(s, column) }) {
			t.Errorf("no log has the column %s", column)
		}
	}
}

// categories and types are the values that the schema allows, as far as they are
// of use for network traffic.
var (
	categories = []string{"authentication", "database", "email", "file", "network", "session", "web"}
	types      = []string{"access", "change", "connection", "creation", "deletion", "denied", "end", "error", "info", "protocol", "start"}
	sets       = []string{
		"@timestamp", "destination", "dns", "ecs", "email", "error", "event", "file", "http", "network",
		"related", "rule", "source", "tls", "url", "user", "user_agent", "zeek",
	}
)

// Every column of every log becomes something, and nothing becomes the same field
// twice or a field inside a value.
func TestFields(t *testing.T) {
	for _, s := range schemas.All() {
		m := Map(s)
		var fields []string
		for _, c := range m.Constants {
			fields = append(fields, c.Field)
			allowed := c.Values
			switch c.Field {
			case "event.category":
				allowed = categories
			case "event.type":
				allowed = types
			}
			for _, v := range c.Values {
				if !slices.Contains(allowed, v) {
					t.Errorf("%s: %s cannot be %q", s.Name, c.Field, v)
				}
			}
		}
		for i, targets := range m.Columns {
			if len(targets) == 0 {
				t.Errorf("%s.%s is lost", s.Name, s.Fields[i].Name)
			}
			for _, target := range targets {
				if set, _, _ := strings.Cut(target.Field, "."); !slices.Contains(sets, set) {
					t.Errorf("%s.%s: %s is in no set of fields", s.Name, s.Fields[i].Name, target.Field)
				}
				if target.Form == Nanoseconds && s.Fields[i].Kind != schemas.KindInterval {
					t.Errorf("%s.%s is no interval", s.Name, s.Fields[i].Name)
				}
				if !slices.Contains(lists, target.Field) {
					fields = append(fields, target.Field)
				}
			}
		}
		for i, f := range fields {
			for j, g := range fields {
				if i != j && (f == g || strings.HasPrefix(g, f+".")) {
					t.Errorf("%s: %s and %s", s.Name, f, g)
				}
			}
		}
	}
}

func TestOutputsNames(t *testing.T) {
	m := Map(&schemas.Schema{Name: "conn", Fields: []schemas.Field{{Name: "uid"}, {Name: "client"}, {Name: "history"}}})
	for i, want := range [][]string{{"event.id", "zeek.session_id"}, {"client"}, {"zeek.connection.history"}} {
		var got []string
		for _, target := range m.Columns[i] {
			got = append(got, target.Field)
		}
		if !slices.Equal(got, want) {
			t.Errorf("column %d: %q, want %q", i, got, want)
		}
	}
}
