package arrow

import (
	"fmt"
	"strings"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"

	"github.com/wirelog/wirelog/readers/row"
	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/schemas/columnar"
)

// A column is a column with values.
type column struct {
	row.Column
	kind schemas.Kind
	// path holds the indexes of the enclosing fields and of the column itself.
	path []int
	// values are the column's values in the current batch, structs the structs around
	// it.
	structs []*array.Struct
	values  arrow.Array
}

// columnsOf returns the columns of a schema, in their order.
func columnsOf(s *arrow.Schema) ([]*column, error) {
	var list []*column
	var walk func(fields []arrow.Field, names []string, path []int) error
	walk = func(fields []arrow.Field, names []string, path []int) error {
		for i, f := range fields {
			names := append(names[:len(names):len(names)], f.Name)
			path := append(path[:len(path):len(path)], i)
			if t, ok := f.Type.(*arrow.StructType); ok {
				if err := walk(t.Fields(), names, path); err != nil {
					return err
				}
				continue
			}
			c := &column{Column: row.Column{Name: strings.Join(names, ".")}, path: path}
			t := f.Type
			if l, ok := t.(arrow.ListLikeType); ok {
				c.List, t = true, l.Elem()
			}
			if err := c.setType(t); err != nil {
				return fmt.Errorf("column %s: %w", c.Name, err)
			}
			list = append(list, c)
		}
		return nil
	}
	return list, walk(s.Fields(), nil, nil)
}

// setType chooses how values of the type are read.
func (c *column) setType(t arrow.DataType) error {
	if d, ok := t.(*arrow.DictionaryType); ok {
		t = d.ValueType
	}
	switch t.ID() {
	case arrow.BOOL:
		c.Type = columnar.Bool
	case arrow.INT8, arrow.INT16, arrow.INT32, arrow.INT64:
		c.Type = columnar.Int64
	case arrow.UINT8, arrow.UINT16, arrow.UINT32, arrow.UINT64:
		c.Type, c.Unsigned = columnar.Int64, true
	case arrow.FLOAT32, arrow.FLOAT64, arrow.DURATION:
		c.Type = columnar.Double
	case arrow.TIMESTAMP:
		c.Type = columnar.Timestamp
	case arrow.STRING, arrow.LARGE_STRING, arrow.BINARY, arrow.LARGE_BINARY, arrow.NULL:
		c.Type = columnar.String
	default:
		return fmt.Errorf("no log has values of type %s", t)
	}
	return nil
}

// bind takes the column's values in a batch.
func (c *column) bind(rec arrow.Record) {
	c.structs = c.structs[:0]
	c.values = rec.Column(c.path[0])
	for _, i := range c.path[1:] {
		s := c.values.(*array.Struct)
		c.structs = append(c.structs, s)
		c.values = s.Field(i)
	}
}

// value returns the value in a row of the batch.
func (c *column) value(i int) (v row.Value, err error) {
	for _, s := range c.structs {
		if s.IsNull(i) {
			return v, nil
		}
	}
	l, ok := c.values.(array.ListLike)
	if !ok {
		return c.one(c.values, i)
	}
	if l.IsNull(i) {
		return v, nil
	}
	v.Set = true
	from, to := l.ValueOffsets(i)
	elements := l.ListValues()
	if from < 0 || to < from || to > int64(elements.Len()) {
		return v, fmt.Errorf("%w: a list from %d to %d of %d elements", errDamaged, from, to, elements.Len())
	}
	for j := from; j < to; j++ {
		e, err := c.one(elements, int(j))
		if err != nil {
			return v, err
		}
		v.List = append(v.List, e)
	}
	return v, nil
}

// one returns element i of an array as a value.
func (c *column) one(a arrow.Array, i int) (row.Value, error) {
	if a.IsNull(i) {
		return row.Value{}, nil
	}
	switch a := a.(type) {
	case *array.Boolean:
		return row.Bool(a.Value(i)), nil
	case *array.Int8:
		return row.Integer(c.kind, int64(a.Value(i)))
	case *array.Int16:
		return row.Integer(c.kind, int64(a.Value(i)))
	case *array.Int32:
		return row.Integer(c.kind, int64(a.Value(i)))
	case *array.Int64:
		return row.Integer(c.kind, a.Value(i))
	case *array.Uint8:
		return row.Unsigned(c.kind, uint64(a.Value(i)))
	case *array.Uint16:
		return row.Unsigned(c.kind, uint64(a.Value(i)))
	case *array.Uint32:
		return row.Unsigned(c.kind, uint64(a.Value(i)))
	case *array.Uint64:
		return row.Unsigned(c.kind, a.Value(i))
	case *array.Float32:
		return row.Double(c.kind, float64(a.Value(i)))
	case *array.Float64:
		return row.Double(c.kind, a.Value(i))
	case *array.Duration:
		unit := a.DataType().(*arrow.DurationType).Unit
		return row.Double(c.kind, float64(a.Value(i))*unit.Multiplier().Seconds())
	case *array.Timestamp:
		unit := a.DataType().(*arrow.TimestampType).Unit
		return row.Time(int64(a.Value(i)), int64(unit.Multiplier()))
	case *array.String:
		return row.Text(c.kind, a.Value(i))
	case *array.LargeString:
		return row.Text(c.kind, a.Value(i))
	case *array.Binary:
		return row.Text(c.kind, string(a.Value(i)))
	case *array.LargeBinary:
		return row.Text(c.kind, string(a.Value(i)))
	case *array.Dictionary:
		return c.one(a.Dictionary(), a.GetValueIndex(i))
	}
	return row.Value{}, fmt.Errorf("no log has values of type %s", a.DataType())
}
