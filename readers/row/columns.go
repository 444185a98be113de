package row

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/schemas/columnar"
)

// A Column describes a column of a columnar file.
type Column struct {
	// Name includes the names of the enclosing structs, joined by dots.
	Name string
	// Type is Int64 for integers of any size.
	Type columnar.Type
	// Unsigned is true for unsigned integers.
	Unsigned bool
	List     bool
}

// errColumns is the error for a file without columns, or with two of the same name.
var errColumns = errors.New("the file has no columns, or two with one name")

// Schema returns the schema of a file's columns and, for each field, the index of its
// column. Columns listed in the file's metadata come first, with the types listed there.
// Other columns have the types of this build's log, or else those that their own type
// suggests. The log is the one that the metadata names, or else log.
func Schema(log string, meta map[string]string, columns []Column) (*schemas.Schema, []int, error) {
	named, listed := columnar.Described(meta)
	if named != "" {
		log = named
	}
	s := &schemas.Schema{Name: log}
	var at []int
	add := func(i int, f schemas.Field) {
		if !columns[i].holds(&f) {
			f.Kind, f.Container = columns[i].guess()
		}
		f.Unsettable, f.Group = true, 0
		s.Fields, at = append(s.Fields, f), append(at, i)
	}
	used := make(map[string]bool)
	for i := range columns {
		if used[columns[i].Name] {
			return nil, nil, fmt.Errorf("%w: %s", errColumns, columns[i].Name)
		}
		used[columns[i].Name] = true
	}
	if len(columns) == 0 {
		return nil, nil, errColumns
	}
	known := schemas.Lookup(log)
	for i := range columns {
		if name := Dotted(known, columns[i].Name); !used[name] {
			used[name], columns[i].Name = true, name
			for j := range listed {
				if Dotted(known, listed[j].Name) == name {
					listed[j].Name = name
				}
			}
		}
	}
	clear(used)
	if known == nil {
		known = &schemas.Schema{}
	}
	s.Doc = known.Doc
	for _, f := range listed {
		i := slices.IndexFunc(columns, func(c Column) bool { return c.Name == f.Name })
		if i < 0 || used[f.Name] {
			continue // the column was removed from the file
		}
		if j := fieldOf(known, f.Name); j >= 0 {
			f.Doc = known.Fields[j].Doc
		}
		used[f.Name] = true
		add(i, f)
	}
	for i := range columns {
		c := &columns[i]
		if used[c.Name] {
			continue
		}
		f := schemas.Field{Name: c.Name}
		f.Kind, f.Container = c.guess()
		if j := fieldOf(known, c.Name); j >= 0 {
			f = known.Fields[j]
		}
		add(i, f)
	}
	return s, at, nil
}

func fieldOf(s *schemas.Schema, name string) int {
	return slices.IndexFunc(s.Fields, func(f schemas.Field) bool { return f.Name == name })
}

// holds reports whether the column can hold values of the field.
func (c *Column) holds(f *schemas.Field) bool {
	if c.List != (f.Container != schemas.Scalar) {
		return false
	}
	switch want := columnar.TypeOf(f.Kind); want {
	case columnar.Int32, columnar.Int64:
		return c.Type == columnar.Int64
	case columnar.Double:
		return c.Type == columnar.Double || c.Type == columnar.Int64
	case columnar.Timestamp:
		return c.Type == columnar.Timestamp || c.Type == columnar.Double
	default:
		return c.Type == want
	}
}

// guess returns the field for a column of an unknown log.
func (c *Column) guess() (schemas.Kind, schemas.Container) {
	k := schemas.KindString
	switch c.Type {
	case columnar.Bool:
		k = schemas.KindBool
	case columnar.Int32, columnar.Int64:
		k = schemas.KindInt
		if c.Unsigned {
			k = schemas.KindCount
		}
	case columnar.Double:
		k = schemas.KindDouble
	case columnar.Timestamp:
		k = schemas.KindTime
	case columnar.String:
	}
	if c.List {
		return k, schemas.VectorOf
	}
	return GuessKind(c.Name, k), schemas.Scalar
}

// GuessKind refines the kind of a column of an unknown log by its name, as Zeek names
// the columns of connections. For the kind 0 it returns what the name suggests, or 0.
func GuessKind(name string, k schemas.Kind) schemas.Kind {
	number := k == schemas.KindCount || k == schemas.KindInt || k == 0
	switch last := name[strings.LastIndexByte(name, '.')+1:]; {
	case name == "ts" && (k == schemas.KindDouble || k == 0):
		return schemas.KindTime
	case (last == "orig_p" || last == "resp_p") && number:
		return schemas.KindPort
	case (last == "orig_h" || last == "resp_h") && (k == schemas.KindString || k == 0):
		return schemas.KindAddr
	}
	return k
}

// endpoints are the dotted names of most logs.
var endpoints = []string{"id.orig_h", "id.orig_p", "id.resp_h", "id.resp_p"}

// Dotted returns the name of a column as Zeek has it, with dots where another program,
// or Zeek with another Log::default_scope_sep, has another separator, as in id_orig_h.
// The log is nil if it is none of this build.
func Dotted(log *schemas.Schema, name string) string {
	if log == nil {
		for _, dotted := range endpoints {
			if separated(name, dotted) {
				return dotted
			}
		}
		return name
	}
	found := ""
	for i := range log.Fields {
		switch dotted := log.Fields[i].Name; {
		case dotted == name:
			return name
		case separated(name, dotted):
			found = dotted
		}
	}
	if found == "" {
		return name
	}
	return found
}

// separated reports whether name is dotted with some punctuation for each dot.
func separated(name, dotted string) bool {
	if len(name) != len(dotted) || name == dotted || !strings.Contains(dotted, ".") {
		return false
	}
	var sep byte
	for i := range len(name) {
		c := name[i]
		switch {
		case dotted[i] != '.':
			if c != dotted[i] {
				return false
			}
		case sep != 0 && c != sep, c >= '0' && c <= '9', c|0x20 >= 'a' && c|0x20 <= 'z', c >= 0x80:
			return false
		default:
			sep = c
		}
	}
	return true
}

// Bool returns a Value for a bool.
func Bool(v bool) Value {
	if v {
		return Value{Set: true, Number: 1}
	}
	return Value{Set: true}
}

// Integer returns a Value of a kind that integer columns hold.
func Integer(k schemas.Kind, v int64) (Value, error) {
	switch {
	case k == schemas.KindDouble || k == schemas.KindInterval:
		return Value{Set: true, Double: float64(v)}, nil
	case k == schemas.KindPort && (v < 0 || v > math.MaxUint16), k == schemas.KindCount && v < 0:
		return Value{}, Wrong(k, fmt.Sprint(v))
	}
	return Value{Set: true, Number: uint64(v)}, nil
}

// Unsigned is Integer for values that may exceed a signed integer.
func Unsigned(k schemas.Kind, v uint64) (Value, error) {
	switch {
	case k == schemas.KindCount:
		return Value{Set: true, Number: v}, nil
	case v > math.MaxInt64:
		return Value{}, Wrong(k, fmt.Sprint(v))
	}
	return Integer(k, int64(v))
}

// Double returns a double, an interval, or a time in seconds since the epoch.
func Double(k schemas.Kind, v float64) (Value, error) {
	if k != schemas.KindTime {
		return Value{Set: true, Double: v}, nil
	}
	t, err := seconds(v)
	return Value{Set: true, Number: uint64(t)}, err
}

// Time returns a time of v units since the epoch, with the unit in nanoseconds.
func Time(v, unit int64) (Value, error) {
	if v > math.MaxInt64/unit || v < math.MinInt64/unit {
		return Value{}, fmt.Errorf("%d times %d ns is no time", v, unit)
	}
	return Value{Set: true, Number: uint64(v * unit)}, nil
}

// Text returns a Value of a kind that text columns hold.
func Text(k schemas.Kind, s string) (Value, error) {
	if k == schemas.KindString || k == schemas.KindEnum {
		return Value{Set: true, Text: Unescape(s)}, nil
	}
	return Parse(k, s)
}
