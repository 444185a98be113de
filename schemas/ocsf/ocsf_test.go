package ocsf

import (
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/schemas/mapping"
)

// An attribute is a line of testdata/attributes.txt.
type attribute struct {
	typ, requirement, profiles string
	ids                        []string
}

// public reads testdata/attributes.txt: attributes by class or object.
func public(t *testing.T) map[string]map[string]attribute {
	t.Helper()
	b, err := os.ReadFile("testdata/attributes.txt")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]map[string]attribute{}
	for line := range strings.Lines(string(b)) {
		f := strings.Fields(line)
		if f[0] == "version" {
			if f[1] != version {
				t.Errorf("the table says version %s, the attributes are of %s", version, f[1])
			}
			continue
		}
		a := attribute{typ: f[3], requirement: f[4], profiles: f[5]}
		if len(f) > 6 {
			a.ids = strings.Split(f[6], ",")
		}
		if all[f[1]] == nil {
			all[f[1]] = map[string]attribute{}
		}
		all[f[1]][f[2]] = a
	}
	return all
}

// find follows a field through the objects of a class.
func find(all map[string]map[string]attribute, class, field string) (attribute, bool) {
	owner := class
	for {
		name, rest, more := strings.Cut(field, ".")
		a, ok := all[owner][name]
		if !ok || a.profiles != "-" || !more {
			return a, ok && a.profiles == "-"
		}
		owner, field = strings.TrimPrefix(a.typ, "object:"), rest
	}
}

// The logs of the table and their columns exist.
func TestTableNamesColumns(t *testing.T) {
	for name, l := range logs {
		s := schemas.Lookup(name)
		if s == nil {
			t.Errorf("there is no log %s", name)
			continue
		}
		for column := range l.columns {
			if !mapping.HasColumn(s, column) {
				t.Errorf("%s has no column %s", name, column)
			}
		}
		if l.activities != nil && !mapping.HasColumn(s, l.activityOf) {
			t.Errorf("%s has no column %s", name, l.activityOf)
		}
		if len(l.derived) != len(Naming.Map(s).Derived) {
			t.Errorf("%s: a derived field has no column", name)
		}
	}
}

// Every field is an attribute of the class of its log, of a type that holds the column;
// numbers are among those that the schema gives names to; required attributes are there.
func TestAttributes(t *testing.T) {
	all := public(t)
	for _, s := range schemas.All() {
		m := Naming.Map(s)
		var class string
		set := map[string]bool{}
		for _, c := range m.Constants {
			if c.Field == "class_uid" {
				class = c.Values[0]
			}
		}
		check := func(field string, numeric bool, values []string) {
			set[field] = true
			if strings.HasPrefix(field, mapping.Unmapped+".") || field == mapping.NoField {
				return
			}
			a, ok := find(all, class, field)
			if !ok {
				t.Errorf("%s: class %s has no attribute %s", s.Name, class, field)
				return
			}
			typ := strings.TrimSuffix(a.typ, "[]")
			if number := slices.Contains([]string{"integer_t", "long_t", "port_t", "timestamp_t"}, typ); number != numeric && !strings.HasPrefix(typ, "object:") {
				t.Errorf("%s: %s is %s", s.Name, field, a.typ)
			}
			for _, v := range values {
				if a.ids != nil && !slices.Contains(a.ids, v) {
					t.Errorf("%s: %s cannot be %s", s.Name, field, v)
				}
			}
		}
		for _, c := range m.Constants {
			check(c.Field, c.JSON, c.Values)
		}
		for i, targets := range m.Columns {
			kind := s.Fields[i].Kind
			for _, target := range targets {
				numeric := target.JSON
				switch {
				case target.JSON || target.Names != nil || target.Form == mapping.Text:
				case kind == schemas.KindTime || kind == schemas.KindInterval:
					numeric = target.Form == mapping.EpochMillis || target.Form == mapping.Milliseconds
				case kind == schemas.KindCount || kind == schemas.KindInt || kind == schemas.KindPort:
					numeric = true
				}
				var values []string
				for _, v := range target.Names {
					values = append(values, v)
				}
				if target.Unset != "" {
					values = append(values, target.Unset)
				}
				if target.Names == nil {
					values = nil
				}
				check(target.Field, numeric, values)
			}
		}
		for _, d := range m.Derived {
			var values []string
			for _, v := range d.Names {
				values = append(values, v)
			}
			check(d.Field, d.JSON || d.Names == nil && d.Zip == nil && d.Join == "", values)
		}
		for name, a := range all[class] {
			if a.requirement == "required" && a.profiles == "-" && !slices.ContainsFunc(slices.Collect(keys(set)), func(f string) bool {
				return f == name || strings.HasPrefix(f, name+".")
			}) {
				t.Errorf("%s: class %s requires %s", s.Name, class, name)
			}
		}
	}
}

func keys(m map[string]bool) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// type_uid is made of class and activity, in every row.
func TestTypes(t *testing.T) {
	for _, s := range schemas.All() {
		m := Naming.Map(s)
		var class, activity, typ int
		for _, c := range m.Constants {
			n, _ := strconv.Atoi(c.Values[0])
			switch c.Field {
			case "class_uid":
				class = n
			case "activity_id":
				activity = n
			case "type_uid":
				typ = n
			}
		}
		for i, targets := range m.Columns {
			for j, target := range targets {
				if target.Field != "activity_id" {
					continue
				}
				other := targets[j+1]
				if other.Field != "type_uid" || len(other.Names) != len(target.Names) {
					t.Fatalf("%s.%s: %+v", s.Name, s.Fields[i].Name, targets)
				}
				for from, to := range target.Names {
					a, _ := strconv.Atoi(to)
					if other.Names[from] != strconv.Itoa(typeID(class, a)) {
						t.Errorf("%s: %s is %s and %s", s.Name, from, to, other.Names[from])
					}
				}
				activity, typ = 0, typeID(class, 0)
			}
		}
		if typ != typeID(class, activity) {
			t.Errorf("%s: class %d, activity %d, type %d", s.Name, class, activity, typ)
		}
	}
}
