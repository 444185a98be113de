package parquet

import (
	"fmt"
	"strings"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/format"

	"github.com/wirelog/wirelog/readers/row"
	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/schemas/columnar"
)

// A leaf is a column with values.
type leaf struct {
	row.Column
	// field is the index of the column in a row, kind the kind of its values.
	field int
	kind  schemas.Kind
	// set is the definition level of a set value. For a list, empty is the level of one
	// without elements, and higher levels belong to elements.
	set, empty int
	// unit is the unit of times in nanoseconds.
	unit int64
	// flat means that the name of the column itself has a dot.
	flat bool
}

// leavesOf returns the leaf columns of a file's schema in order.
func leavesOf(root *parquet.Column) ([]*leaf, error) {
	var leaves []*leaf
	var walk func(in *parquet.Column, level int) error
	walk = func(in *parquet.Column, level int) error {
		for _, c := range in.Columns() {
			l, level := &leaf{}, level
			value := c
			switch {
			case c.Repeated(): // a list as written by old programs
				l.List, l.empty = true, level
			case isList(c):
				if c.Optional() {
					level++
				}
				l.List, l.empty = true, level
				if value = c.Columns()[0]; !value.Leaf() && len(value.Columns()) == 1 {
					value = value.Columns()[0]
				}
			case c.Optional():
				level++
			}
			if !value.Leaf() {
				if l.List {
					return fmt.Errorf("column %s: no log has lists of structs or of lists", name(c))
				}
				if err := walk(c, level); err != nil {
					return err
				}
				continue
			}
			l.Name, l.set, l.flat = name(c), value.MaxDefinitionLevel(), strings.Contains(c.Name(), ".")
			if err := l.setType(value.Type()); err != nil {
				return fmt.Errorf("column %s: %w", l.Name, err)
			}
			leaves = append(leaves, l)
		}
		return nil
	}
	return leaves, walk(root, 0)
}

func name(c *parquet.Column) string { return strings.Join(c.Path(), ".") }

// isList reports whether a group is a list, whose only member is repeated.
func isList(c *parquet.Column) bool {
	return !c.Leaf() && len(c.Columns()) == 1 && c.Columns()[0].Repeated()
}

// setType chooses how values of the type are read.
func (l *leaf) setType(t parquet.Type) error {
	l.Type = columnar.String
	if lt := t.LogicalType(); lt != nil {
		switch v := lt.Value.(type) {
		case *format.TimestampType:
			l.Type, l.unit = columnar.Timestamp, 1
			switch v.Unit.Value.(type) {
			case *format.MilliSeconds:
				l.unit = 1_000_000
			case *format.MicroSeconds:
				l.unit = 1000
			}
			return nil
		case *format.IntType:
			l.Unsigned = !v.IsSigned
		case *format.StringType, *format.EnumType, *format.JsonType:
		default:
			return fmt.Errorf("no log has values of type %s", t)
		}
	}
	switch t.Kind() {
	case parquet.Boolean:
		l.Type = columnar.Bool
	case parquet.Int32, parquet.Int64:
		l.Type = columnar.Int64
	case parquet.Int96:
		l.Type = columnar.Timestamp
	case parquet.Float, parquet.Double:
		l.Type = columnar.Double
	case parquet.ByteArray:
	default:
		return fmt.Errorf("no log has values of type %s", t)
	}
	return nil
}

// value converts the values of one row.
func (l *leaf) value(values []parquet.Value) (v row.Value, err error) {
	if !l.List {
		if len(values) > 1 {
			return v, fmt.Errorf("%w: %d values in a row", errDamaged, len(values))
		}
		return l.one(values[0])
	}
	level := values[0].DefinitionLevel()
	if level < l.empty {
		return v, nil
	}
	v.Set = true
	if level == l.empty {
		return v, nil
	}
	v.List = make([]row.Value, len(values))
	for i, e := range values {
		if v.List[i], err = l.one(e); err != nil {
			return v, err
		}
	}
	return v, nil
}

// one converts a single value.
func (l *leaf) one(v parquet.Value) (row.Value, error) {
	if v.IsNull() || v.DefinitionLevel() < l.set {
		return row.Value{}, nil
	}
	switch v.Kind() {
	case parquet.Boolean:
		return row.Bool(v.Boolean()), nil
	case parquet.Int32:
		if l.Unsigned {
			return row.Unsigned(l.kind, uint64(v.Uint32()))
		}
		return row.Integer(l.kind, int64(v.Int32()))
	case parquet.Int64:
		switch {
		case l.Type == columnar.Timestamp:
			return row.Time(v.Int64(), l.unit)
		case l.Unsigned:
			return row.Unsigned(l.kind, v.Uint64())
		}
		return row.Integer(l.kind, v.Int64())
	case parquet.Int96:
		return int96(v.Int96())
	case parquet.Float:
		return row.Double(l.kind, float64(v.Float()))
	case parquet.Double:
		return row.Double(l.kind, v.Double())
	default:
		return row.Text(l.kind, string(v.ByteArray()))
	}
}

// int96 converts a time of Spark and Impala: nanoseconds of the day, and the Julian day.
func int96(v deprecated.Int96) (row.Value, error) {
	const epoch, day = 2440588, 86400
	seconds := (int64(v[2]) - epoch) * day
	t, err := row.Time(seconds, 1_000_000_000)
	t.Number += uint64(v[1])<<32 | uint64(v[0])
	return t, err
}
