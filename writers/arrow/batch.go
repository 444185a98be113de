package arrow

import (
	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"

	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/schemas/columnar"
	"github.com/wirelog/wirelog/writers/internal/columns"
	"github.com/wirelog/wirelog/writers/row"
)

// batch collects rows by column. It is the columns.Values of from, into which rows are
// replayed.
type batch struct {
	schema *arrow.Schema
	tree   []*columnar.Node
	fields []column // in the order of the schema
	field  int
	nested bool
	rows   int64
	// size is about how many bytes the columns take.
	size int
	from *columns.Sink
}

// A column has the builders of its values and, if it is a list, of its lists.
type column struct {
	whole  array.Builder
	list   *array.ListBuilder
	values array.Builder
	bools  *array.BooleanBuilder
	int32s *array.Int32Builder
	int64s *array.Int64Builder
	double *array.Float64Builder
	times  *array.TimestampBuilder
	texts  *array.StringBuilder
}

func typeOf(k schemas.Kind) arrow.DataType {
	switch columnar.TypeOf(k) {
	case columnar.Bool:
		return arrow.FixedWidthTypes.Boolean
	case columnar.Int32:
		return arrow.PrimitiveTypes.Int32
	case columnar.Int64:
		return arrow.PrimitiveTypes.Int64
	case columnar.Double:
		return arrow.PrimitiveTypes.Float64
	case columnar.Timestamp:
		return arrow.FixedWidthTypes.Timestamp_us
	default:
		return arrow.BinaryTypes.String
	}
}

// newBatch returns a batch for records of s. Dotted names become structs unless flat is
// true.
func newBatch(s *schemas.Schema, flat bool, meta []columnar.Pair, mem memory.Allocator) *batch {
	b := &batch{tree: columnar.Of(s, flat)}
	b.from = columns.NewSink(b)
	for i := range s.Fields {
		b.fields = append(b.fields, newColumn(&s.Fields[i], mem))
	}
	var keys, values []string
	for _, p := range meta {
		keys, values = append(keys, p.Key), append(values, p.Value)
	}
	m := arrow.NewMetadata(keys, values)
	b.schema = arrow.NewSchema(fieldsOf(b.tree), &m)
	return b
}

func fieldsOf(nodes []*columnar.Node) []arrow.Field {
	var list []arrow.Field
	for _, n := range nodes {
		if n.Field == nil {
			list = append(list, arrow.Field{Name: n.Name, Type: arrow.StructOf(fieldsOf(n.Fields)...)})
			continue
		}
		t := typeOf(n.Field.Kind)
		if n.Field.Container != schemas.Scalar {
			t = arrow.ListOfField(arrow.Field{Name: columnar.Element, Type: t, Nullable: true})
		}
		list = append(list, arrow.Field{Name: n.Name, Type: t, Nullable: true})
	}
	return list
}

func newColumn(f *schemas.Field, mem memory.Allocator) (c column) {
	t := typeOf(f.Kind)
	if f.Container != schemas.Scalar {
		c.list = array.NewListBuilderWithField(mem, arrow.Field{Name: columnar.Element, Type: t, Nullable: true})
		c.whole, c.values = c.list, c.list.ValueBuilder()
	} else {
		c.whole = array.NewBuilder(mem, t)
		c.values = c.whole
	}
	switch v := c.values.(type) {
	case *array.BooleanBuilder:
		c.bools = v
	case *array.Int32Builder:
		c.int32s = v
	case *array.Int64Builder:
		c.int64s = v
	case *array.Float64Builder:
		c.double = v
	case *array.TimestampBuilder:
		c.times = v
	case *array.StringBuilder:
		c.texts = v
	}
	return c
}

// add adds a row. After a malformed row, the batch cannot be used.
func (b *batch) add(data []byte) error {
	b.field = 0
	b.rows++
	b.from.Reuse()
	return row.Replay(data, b.from)
}

// take returns the collected rows and starts over. The caller must release the record.
func (b *batch) take() arrow.Record {
	arrays := make([]arrow.Array, len(b.fields))
	for i := range b.fields {
		arrays[i] = b.fields[i].whole.NewArray()
	}
	list := assemble(b.tree, arrays)
	rec := array.NewRecord(b.schema, list, b.rows)
	for _, a := range list {
		a.Release() // the record has its own reference
	}
	b.rows, b.size, b.field, b.nested = 0, 0, 0, false
	return rec
}

// assemble puts columns into structs.
func assemble(nodes []*columnar.Node, arrays []arrow.Array) []arrow.Array {
	list := make([]arrow.Array, len(nodes))
	for i, n := range nodes {
		if n.Field != nil {
			list[i] = arrays[n.Index]
			continue
		}
		parts := assemble(n.Fields, arrays)
		data := make([]arrow.ArrayData, len(parts))
		for j, p := range parts {
			data[j] = p.Data()
		}
		d := array.NewData(arrow.StructOf(fieldsOf(n.Fields)...), parts[0].Len(), []*memory.Buffer{nil}, data, 0, 0)
		list[i] = array.NewStructData(d)
		d.Release()
		for _, p := range parts {
			p.Release()
		}
	}
	return list
}

// next returns the column of the next value, which takes n bytes.
func (b *batch) next(n int) *column {
	c := &b.fields[b.field]
	if !b.nested {
		b.field++
	}
	b.size += n
	return c
}

// Null, like the methods below, implements columns.Values.
func (b *batch) Null() {
	nested := b.nested
	c := b.next(8)
	if nested {
		c.values.AppendNull()
	} else {
		c.whole.AppendNull()
	}
}

func (b *batch) Bool(v bool) { b.next(1).bools.Append(v) }

func (b *batch) Int32(v int32) { b.next(4).int32s.Append(v) }

func (b *batch) Int64(v int64) { b.next(8).int64s.Append(v) }

func (b *batch) Double(v float64) { b.next(8).double.Append(v) }

func (b *batch) Timestamp(v int64) { b.next(8).times.Append(arrow.Timestamp(v)) }

func (b *batch) String(v string) { b.next(len(v) + 4).texts.Append(v) }

func (b *batch) Begin(int) {
	b.fields[b.field].list.Append(true)
	b.nested = true
}

func (b *batch) End() {
	b.nested = false
	b.next(4)
}
